/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a split virtqueue with the legacy layout.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7 (split virtqueues) and 2.7.2 (legacy layout).
 */
#ifndef RING_H
#define RING_H

#define RING_PAGE 4096
#define RING_ENTRIES_MAX 1024

#define RING_NEXT 1
#define RING_DEVICE_WRITES 2

#pragma pack(push, 1)
typedef struct _RING_DESCRIPTOR {
	ULONGLONG Address;
	ULONG Length;
	USHORT Flags;
	USHORT Next;
} RING_DESCRIPTOR, *PRING_DESCRIPTOR;

typedef struct _RING_USED_ELEMENT {
	ULONG Head;
	ULONG Length;
} RING_USED_ELEMENT;

typedef struct _RING_AVAILABLE {
	USHORT Flags;
	USHORT Index;
	USHORT Head[1];
} RING_AVAILABLE, *PRING_AVAILABLE;

typedef struct _RING_USED {
	USHORT Flags;
	USHORT Index;
	RING_USED_ELEMENT Element[1];
} RING_USED, *PRING_USED;
#pragma pack(pop)

typedef struct _PIECE {
	ULONGLONG Address;
	unsigned long Length;
	BOOLEAN DeviceWrites;
} PIECE, *PPIECE;

typedef struct _RING {
	unsigned long Entries;
	PRING_DESCRIPTOR Descriptor;
	volatile RING_AVAILABLE *Available;
	volatile RING_USED *Used;
	USHORT FirstFree;
	USHORT Free;
	USHORT Seen;
	PVOID Owner[RING_ENTRIES_MAX];
} RING, *PRING;

unsigned long RingSize(unsigned long Entries);
VOID RingReset(PRING Ring, unsigned long Entries, PVOID Memory);
BOOLEAN RingAdd(PRING Ring, PPIECE Piece, USHORT Pieces, PVOID Owner);
PVOID RingNext(PRING Ring);

#endif
