/* SPDX-License-Identifier: MIT */
/* A split virtqueue; see Ring.h.  Its user excludes everybody else. */
#include <ntddk.h>
#include <storport.h>

#include "ring.h"

#define ROUND_UP(Bytes) (((Bytes) + RING_PAGE - 1) & ~(RING_PAGE - 1UL))

unsigned long RingSize(unsigned long Entries)
{
	unsigned long Driver = sizeof(RING_DESCRIPTOR) * Entries + sizeof(USHORT) * (3 + Entries);

	return ROUND_UP(Driver) + ROUND_UP(sizeof(USHORT) * 3 + sizeof(RING_USED_ELEMENT) * Entries);
}

VOID RingReset(PRING Ring, unsigned long Entries, PVOID Memory)
{
	PUCHAR Bytes = (PUCHAR)Memory;
	USHORT i;

	RtlZeroMemory(Memory, RingSize(Entries));
	Ring->Entries = Entries;
	Ring->Descriptor = (PRING_DESCRIPTOR)Bytes;
	Ring->Available = (PRING_AVAILABLE)(Bytes + sizeof(RING_DESCRIPTOR) * Entries);
	Ring->Used = (PRING_USED)(Bytes + ROUND_UP(sizeof(RING_DESCRIPTOR) * Entries + sizeof(USHORT) * (3 + Entries)));
	Ring->FirstFree = 0;
	Ring->Free = (USHORT)Entries;
	Ring->Seen = 0;
	for (i = 0; i < Entries; i++) {
		Ring->Descriptor[i].Next = (USHORT)(i + 1);
		Ring->Owner[i] = NULL;
	}
}

BOOLEAN RingAdd(PRING Ring, PPIECE Piece, USHORT Pieces, PVOID Owner)
{
	USHORT Head = Ring->FirstFree, Last = Head, Slot;
	USHORT i;

	if (Ring->Free < Pieces)
		return FALSE;
	for (i = 0; i < Pieces; i++) {
		PRING_DESCRIPTOR Descriptor = &Ring->Descriptor[Ring->FirstFree];

		Last = Ring->FirstFree;
		Ring->FirstFree = Descriptor->Next;
		Descriptor->Address = Piece[i].Address;
		Descriptor->Length = Piece[i].Length;
		Descriptor->Flags = (USHORT)(RING_NEXT | (Piece[i].DeviceWrites ? RING_DEVICE_WRITES : 0));
	}
	Ring->Descriptor[Last].Flags &= ~RING_NEXT;
	Ring->Free = (USHORT)(Ring->Free - Pieces);
	Ring->Owner[Head] = Owner;
	Slot = (USHORT)(Ring->Available->Index % Ring->Entries);
	Ring->Available->Head[Slot] = Head;
	/* The device must see the chain before it sees that there is one more. */
	KeMemoryBarrier();
	Ring->Available->Index++;
	KeMemoryBarrier();
	return TRUE;
}

PVOID RingNext(PRING Ring)
{
	USHORT Head, Last, Pieces = 1;
	PVOID Owner;

	if (Ring->Used->Index == Ring->Seen)
		return NULL;
	KeMemoryBarrier();
	Head = Last = (USHORT)Ring->Used->Element[Ring->Seen % Ring->Entries].Head;
	Ring->Seen++;
	Owner = Ring->Owner[Head];
	Ring->Owner[Head] = NULL;
	while (Ring->Descriptor[Last].Flags & RING_NEXT) {
		Last = Ring->Descriptor[Last].Next;
		Pieces++;
	}
	Ring->Descriptor[Last].Next = Ring->FirstFree;
	Ring->FirstFree = Head;
	Ring->Free = (USHORT)(Ring->Free + Pieces);
	return Owner;
}
