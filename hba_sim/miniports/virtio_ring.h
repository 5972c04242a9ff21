/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a split virtqueue, laid out as the legacy interface wants it.
 *
 * None of it synchronizes: the miniport calls it under the interrupt lock only.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7; indirect
 * descriptors: 2.7.5.3, event index: 2.7.7 and 2.7.10.
 */
#ifndef STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_RING_H
#define STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_RING_H

#include "storport.h"

#define RING_NONE ((USHORT)0xffff)
#define RING_DESC_NEXT 1
#define RING_DESC_WRITE 2
#define RING_DESC_INDIRECT 4

typedef struct _RING_DESC {
	ULONGLONG Address;
	ULONG Length;
	USHORT Flags;
	USHORT Next;
} RING_DESC, *PRING_DESC;

typedef struct _RING_AVAILABLE {
	USHORT Flags;
	USHORT Index;
	USHORT Ring[];
} RING_AVAILABLE, *PRING_AVAILABLE;

typedef struct _RING_USED_ELEMENT {
	ULONG Id;
	ULONG Length;
} RING_USED_ELEMENT;

typedef struct _RING_USED {
	USHORT Flags;
	USHORT Index;
	RING_USED_ELEMENT Ring[];
} RING_USED, *PRING_USED;

/* One piece of a request, in the order in which the device sees them. */
typedef struct _RING_SEGMENT {
	ULONGLONG Address;
	ULONG Length;
	BOOLEAN DeviceWrites;
} RING_SEGMENT, *PRING_SEGMENT;

typedef struct _RING {
	USHORT Size;
	USHORT FreeHead;  /* chained through Next */
	USHORT FreeCount;
	USHORT UsedIndex; /* how far the used ring has been drained */
	USHORT Notified;  /* available index at the last decision about a doorbell */
	BOOLEAN EventIndex; /* negotiated */
	PRING_DESC Desc;
	PRING_AVAILABLE Available;
	PRING_USED Used;
	PVOID *Cookie; /* by the head of a chain in flight */
} RING, *PRING;

ULONG RingBytes(USHORT Size);

/* Where in that memory the used ring begins; the available ring is behind the descriptors. */
ULONG RingUsedOffset(USHORT Size);

/* Memory: RingBytes, zeroed and page-aligned; Cookie: one pointer a descriptor, zeroed.  Without the event index. */
VOID RingInitialize(PRING Ring, USHORT Size, PVOID Memory, PVOID *Cookie);

/* Makes a chain of one segment or more available; FALSE, and nothing changed, when there are too few descriptors. */
BOOLEAN RingPost(PRING Ring, PRING_SEGMENT Segment, USHORT Count, PVOID Cookie);

/* Fills in a table of descriptors in the order of the segments. */
VOID RingFillTable(PRING_DESC Table, PRING_SEGMENT Segment, USHORT Count);

/* As RingPost, of a table at that physical address: one descriptor, however long the chain is. */
BOOLEAN RingPostTable(PRING Ring, ULONGLONG TableAddress, USHORT Count, PVOID Cookie);

/* After posting, with the event index: whether the device wants to be told.  Without it, it does. */
BOOLEAN RingWantsDoorbell(PRING Ring);

/*
 * After draining, with the event index: asks for an interrupt at the next chain, and
 * returns whether one has come meanwhile, for which there may be none.
 */
BOOLEAN RingRearm(PRING Ring);

/* Whether the device is done with a chain that has not been taken yet. */
static inline BOOLEAN RingHasUsed(PRING Ring)
{
	return Ring->UsedIndex != *(volatile USHORT *)&Ring->Used->Index;
}

/* As RingTake, when RingHasUsed. */
PVOID RingTakeUsed(PRING Ring);

/* The cookie of the next chain that the device is done with, freed again; NULL when there is none. */
static inline PVOID RingTake(PRING Ring)
{
	return RingHasUsed(Ring) ? RingTakeUsed(Ring) : NULL;
}

/* From here on nothing can be posted to it. */
VOID RingClose(PRING Ring);

#endif
