/* SPDX-License-Identifier: MIT */
/* The virtio SCSI miniport's ring; see virtio_scsi_ring.h. */
#include "hba_sim/miniports/virtio_scsi_ring.h"

#define RING_ALIGN 4096u

static ULONG UsedOffset(USHORT Size)
{
	ULONG End = Size * (ULONG)sizeof(RING_DESC) + (ULONG)sizeof(USHORT) * (3u + Size);

	return (End + RING_ALIGN - 1) & ~(RING_ALIGN - 1);
}

ULONG RingBytes(USHORT Size)
{
	return UsedOffset(Size) + (ULONG)sizeof(USHORT) * 3u + Size * (ULONG)sizeof(RING_USED_ELEMENT);
}

VOID RingInitialize(PRING Ring, USHORT Size, PVOID Memory, PVOID *Cookie)
{
	Ring->Size = Size;
	Ring->Desc = Memory;
	Ring->Available = (PRING_AVAILABLE)((PUCHAR)Memory + Size * sizeof(RING_DESC));
	Ring->Used = (PRING_USED)((PUCHAR)Memory + UsedOffset(Size));
	Ring->Cookie = Cookie;
	Ring->UsedIndex = 0;
	Ring->FreeHead = 0;
	Ring->FreeCount = Size;
	for (USHORT i = 0; i < Size; i++)
		Ring->Desc[i].Next = (USHORT)(i + 1);
	Ring->Desc[Size - 1].Next = RING_NONE;
}

BOOLEAN RingPost(PRING Ring, PRING_SEGMENT Segment, USHORT Count, PVOID Cookie)
{
	USHORT Head = Ring->FreeHead;
	USHORT At = Head;
	USHORT Last = Head;
	USHORT Index = Ring->Available->Index;

	if (Ring->FreeCount < Count || Head >= Ring->Size)
		return FALSE;
	for (USHORT i = 0; i < Count; i++) {
		PRING_DESC Desc = &Ring->Desc[At];

		Desc->Address = Segment[i].Address;
		Desc->Length = Segment[i].Length;
		Desc->Flags = (USHORT)((Segment[i].DeviceWrites ? RING_DESC_WRITE : 0) |
				       (i + 1 < Count ? RING_DESC_NEXT : 0));
		Last = At;
		At = Desc->Next;
		if (At >= Ring->Size && i + 1 < Count)
			return FALSE;
	}
	Ring->FreeHead = Ring->Desc[Last].Next;
	Ring->FreeCount = (USHORT)(Ring->FreeCount - Count);
	Ring->Cookie[Head] = Cookie;
	Ring->Available->Ring[Index & (Ring->Size - 1)] = Head;
	/* The device must see the chain before the index that offers it. */
	KeMemoryBarrier();
	*(volatile USHORT *)&Ring->Available->Index = (USHORT)(Index + 1);
	return TRUE;
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

PVOID RingTake(PRING Ring)
{
	PVOID Cookie;
	ULONG Id;

	if (Ring->UsedIndex == *(volatile USHORT *)&Ring->Used->Index)
		return NULL;
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
