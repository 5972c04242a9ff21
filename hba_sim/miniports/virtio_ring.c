/* SPDX-License-Identifier: MIT */
/* The virtio miniports' ring; see virtio_ring.h. */
#include "hba_sim/miniports/virtio_ring.h"

#define RING_ALIGN 4096u

ULONG RingUsedOffset(USHORT Size)
{
	ULONG End = Size * (ULONG)sizeof(RING_DESC) + (ULONG)sizeof(USHORT) * (3u + Size);

	return (End + RING_ALIGN - 1) & ~(RING_ALIGN - 1);
}

ULONG RingBytes(USHORT Size)
{
	return RingUsedOffset(Size) + (ULONG)sizeof(USHORT) * 3u + Size * (ULONG)sizeof(RING_USED_ELEMENT);
}

VOID RingInitialize(PRING Ring, USHORT Size, PVOID Memory, PVOID *Cookie)
{
	Ring->Size = Size;
	Ring->Desc = Memory;
	Ring->Available = (PRING_AVAILABLE)((PUCHAR)Memory + Size * sizeof(RING_DESC));
	Ring->Used = (PRING_USED)((PUCHAR)Memory + RingUsedOffset(Size));
	Ring->Cookie = Cookie;
	Ring->UsedIndex = 0;
	Ring->Notified = 0;
	Ring->EventIndex = FALSE;
	Ring->FreeHead = 0;
	Ring->FreeCount = Size;
	for (USHORT i = 0; i < Size; i++)
		Ring->Desc[i].Next = (USHORT)(i + 1);
	Ring->Desc[Size - 1].Next = RING_NONE;
}

/* A chain that is filled in becomes the device's. */
static inline VOID Offer(PRING Ring, USHORT Head, PVOID Cookie)
{
	USHORT Index = Ring->Available->Index;

	Ring->Cookie[Head] = Cookie;
	Ring->Available->Ring[Index & (Ring->Size - 1)] = Head;
	/* The device must see the chain before the index that offers it. */
	KeMemoryBarrier();
	*(volatile USHORT *)&Ring->Available->Index = (USHORT)(Index + 1);
}

BOOLEAN RingPost(PRING Ring, PRING_SEGMENT Segment, USHORT Count, PVOID Cookie)
{
	/* Locals, as what is stored below may be a member of the ring for all that the compiler knows. */
	PRING_DESC First = Ring->Desc;
	USHORT Size = Ring->Size;
	USHORT Head = Ring->FreeHead;
	PRING_SEGMENT Last = Segment + Count - 1;
	PRING_DESC Desc;

	if (Ring->FreeCount < Count || Head >= Size)
		return FALSE;
	for (Desc = &First[Head]; Segment != Last; Segment++) {
		Desc->Address = Segment->Address;
		Desc->Length = Segment->Length;
		Desc->Flags = Segment->DeviceWrites ? RING_DESC_WRITE | RING_DESC_NEXT : RING_DESC_NEXT;
		if (Desc->Next >= Size)
			return FALSE;
		Desc = &First[Desc->Next];
	}
	Desc->Address = Segment->Address;
	Desc->Length = Segment->Length;
	Desc->Flags = Segment->DeviceWrites ? RING_DESC_WRITE : 0;
	Ring->FreeHead = Desc->Next;
	Ring->FreeCount = (USHORT)(Ring->FreeCount - Count);
	Offer(Ring, Head, Cookie);
	return TRUE;
}

VOID RingFillTable(PRING_DESC Table, PRING_SEGMENT Segment, USHORT Count)
{
	for (USHORT i = 0; i < Count; i++) {
		Table[i].Address = Segment[i].Address;
		Table[i].Length = Segment[i].Length;
		Table[i].Flags = (USHORT)((Segment[i].DeviceWrites ? RING_DESC_WRITE : 0) |
					  (i + 1 < Count ? RING_DESC_NEXT : 0));
		Table[i].Next = (USHORT)(i + 1);
	}
}

BOOLEAN RingPostTable(PRING Ring, ULONGLONG TableAddress, USHORT Count, PVOID Cookie)
{
	USHORT Head = Ring->FreeHead;
	PRING_DESC Desc;

	if (!Ring->FreeCount || Head >= Ring->Size)
		return FALSE;
	Desc = &Ring->Desc[Head];
	Desc->Address = TableAddress;
	Desc->Length = Count * (ULONG)sizeof(RING_DESC);
	Desc->Flags = RING_DESC_INDIRECT;
	Ring->FreeHead = Desc->Next;
	Ring->FreeCount--;
	Offer(Ring, Head, Cookie);
	return TRUE;
}

/* How far the device will have come when it wants a doorbell, behind the used ring. */
static USHORT AvailableEvent(PRING Ring)
{
	return *(volatile USHORT *)&Ring->Used->Ring[Ring->Size];
}

BOOLEAN RingWantsDoorbell(PRING Ring)
{
	USHORT New = Ring->Available->Index;
	USHORT Old = Ring->Notified;

	/* The device either sees the index, or has said before that it looks no more. */
	KeMemoryBarrier();
	Ring->Notified = New;
	return (USHORT)(New - AvailableEvent(Ring) - 1) < (USHORT)(New - Old);
}

BOOLEAN RingRearm(PRING Ring)
{
	*(volatile USHORT *)&Ring->Available->Ring[Ring->Size] = Ring->UsedIndex;
	/* The device either sees the event, or has published what is seen here. */
	KeMemoryBarrier();
	return RingHasUsed(Ring);
}

static VOID FreeChain(PRING Ring, USHORT Head)
{
	USHORT Last = Head;
	USHORT Count = 1;

	while ((Ring->Desc[Last].Flags & RING_DESC_NEXT) && Count < Ring->Size) {
		Last = Ring->Desc[Last].Next & (USHORT)(Ring->Size - 1);
		Count++;
	}
	Ring->Desc[Last].Next = Ring->FreeHead;
	Ring->FreeHead = Head;
	Ring->FreeCount = (USHORT)(Ring->FreeCount + Count);
}

PVOID RingTakeUsed(PRING Ring)
{
	PVOID Cookie;
	ULONG Id;

	/* The element must not be read before the index that announces it. */
	KeMemoryBarrier();
	Id = Ring->Used->Ring[Ring->UsedIndex & (Ring->Size - 1)].Id;
	Ring->UsedIndex++;
	if (Id >= Ring->Size)
		return NULL;
	Cookie = Ring->Cookie[Id];
	Ring->Cookie[Id] = NULL;
	if (Cookie)
		FreeChain(Ring, (USHORT)Id);
	return Cookie;
}

VOID RingClose(PRING Ring)
{
	Ring->FreeHead = RING_NONE;
	Ring->FreeCount = 0;
}
