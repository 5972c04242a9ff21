/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a legacy split virtqueue, as the virtio SCSI miniport uses it.
 *
 * None of it synchronizes: the miniport calls it under the interrupt lock only.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7.
 */
#ifndef STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_SCSI_RING_H
#define STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_SCSI_RING_H

#include "storport.h"

#define RING_NONE ((USHORT)0xffff)
#define RING_DESC_NEXT 1
#define RING_DESC_WRITE 2

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
	PRING_DESC Desc;
	PRING_AVAILABLE Available;
	PRING_USED Used;
	PVOID *Cookie; /* by the head of a chain in flight */
} RING, *PRING;

ULONG RingBytes(USHORT Size);

/* Memory: RingBytes, zeroed and page-aligned; Cookie: one pointer a descriptor, zeroed. */
VOID RingInitialize(PRING Ring, USHORT Size, PVOID Memory, PVOID *Cookie);

/* Makes a chain available; FALSE, and nothing changed, when there are too few descriptors. */
BOOLEAN RingPost(PRING Ring, PRING_SEGMENT Segment, USHORT Count, PVOID Cookie);

/* The cookie of the next chain that the device is done with, freed again; NULL when there is none. */
PVOID RingTake(PRING Ring);

#endif
