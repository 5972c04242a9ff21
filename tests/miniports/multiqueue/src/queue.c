/* SPDX-License-Identifier: MIT */
/* A split virtqueue; see Virtio.h. */
#include <ntddk.h>
#include <storport.h>
#include "Virtio.h"

#define DESCRIPTOR_BYTES(Size) (sizeof(DESCRIPTOR) * (Size))
#define AVAILABLE_BYTES(Size) (sizeof(USHORT) * (3UL + (Size)))
#define USED_BYTES(Size) (sizeof(USHORT) * 3UL + sizeof(USED_ELEMENT) * (Size))
#define ALIGN_UP_4(Bytes) (((Bytes) + 3UL) & ~3UL)

ULONG QueueBytes(USHORT Size)
{
	return (ULONG)ROUND_TO_PAGES(ALIGN_UP_4(DESCRIPTOR_BYTES(Size) + AVAILABLE_BYTES(Size)) + USED_BYTES(Size));
}

VOID QueueInitialize(PVIRTQUEUE Queue, PVOID Memory)
{
	PUCHAR Bytes = (PUCHAR)Memory;
	USHORT i;

	RtlZeroMemory(Memory, QueueBytes(Queue->Size));
	Queue->Descriptor = (PDESCRIPTOR)Bytes;
	Queue->Available = (PAVAILABLE)(Bytes + DESCRIPTOR_BYTES(Queue->Size));
	Queue->Used = (PUSED)(Bytes + ALIGN_UP_4(DESCRIPTOR_BYTES(Queue->Size) + AVAILABLE_BYTES(Queue->Size)));
	for (i = 0; i < Queue->Size; i++) {
		Queue->Descriptor[i].Next = (USHORT)(i + 1);
		Queue->Owner[i] = NULL;
	}
	Queue->FirstFree = 0;
	Queue->Free = Queue->Size;
	Queue->Seen = 0;
}

static VOID Publish(PVIRTQUEUE Queue, USHORT Head)
{
	Queue->Available->Head[Queue->Available->Index & (Queue->Size - 1)] = Head;
	/* The device sees the chain before it sees that there is one more. */
	KeMemoryBarrier();
	Queue->Available->Index++;
	KeMemoryBarrier();
}

BOOLEAN QueueAdd(PVIRTQUEUE Queue, PREQUEST Request, ULONGLONG Table, PVOID Owner)
{
	USHORT Needed = Table ? 1 : (USHORT)Request->Segments;
	USHORT Head = Queue->FirstFree, Last = Head, i;

	if (Queue->Free < Needed)
		return FALSE;
	for (i = 0; i < Needed; i++) {
		PDESCRIPTOR Descriptor = &Queue->Descriptor[Queue->FirstFree];
		USHORT Next = Descriptor->Next;

		Last = Queue->FirstFree;
		if (Table) {
			Descriptor->Address = Table;
			Descriptor->Length = (ULONG)(Request->Segments * sizeof(DESCRIPTOR));
			Descriptor->Flags = DESCRIPTOR_INDIRECT;
		} else {
			*Descriptor = Request->Segment[i];
			Descriptor->Next = Next;
		}
		Queue->FirstFree = Next;
	}
	Queue->Descriptor[Last].Flags &= ~DESCRIPTOR_NEXT;
	Queue->Free = (USHORT)(Queue->Free - Needed);
	Queue->Owner[Head] = Owner;
	Publish(Queue, Head);
	return TRUE;
}

BOOLEAN QueueWantsDoorbell(PVIRTQUEUE Queue)
{
	return (BOOLEAN)((Queue->Used->Flags & USED_NO_NOTIFY) == 0);
}

PVOID QueueTake(PVIRTQUEUE Queue)
{
	USHORT Head, Last, Count = 1;
	PVOID Owner;

	if (Queue->Used->Index == Queue->Seen)
		return NULL;
	KeMemoryBarrier();
	Head = Last = (USHORT)Queue->Used->Element[Queue->Seen & (Queue->Size - 1)].Head;
	Queue->Seen++;
	Owner = Queue->Owner[Head];
	Queue->Owner[Head] = NULL;
	while (Queue->Descriptor[Last].Flags & DESCRIPTOR_NEXT) {
		Last = Queue->Descriptor[Last].Next;
		Count++;
	}
	Queue->Descriptor[Last].Next = Queue->FirstFree;
	Queue->FirstFree = Head;
	Queue->Free = (USHORT)(Queue->Free + Count);
	return Owner;
}

VOID QueueDisableInterrupts(PVIRTQUEUE Queue)
{
	Queue->Available->Flags |= AVAILABLE_NO_INTERRUPT;
}

BOOLEAN QueueEnableInterrupts(PVIRTQUEUE Queue)
{
	Queue->Available->Flags &= ~AVAILABLE_NO_INTERRUPT;
	KeMemoryBarrier();
	return (BOOLEAN)(Queue->Used->Index == Queue->Seen);
}
