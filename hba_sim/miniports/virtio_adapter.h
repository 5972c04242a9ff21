/* SPDX-License-Identifier: MIT */
/*
 * What the virtio miniports share: queues, posting, the interrupt, the reset.
 *
 * Of several queues a request goes to that of its channel, which is its CPU's number.  Every SRB is posted under
 * StorPortSynchronizeAccess: ring and doorbell.  Options in the argument string:
 *   completion=isr   reported from the ISR, under the interrupt lock
 *   completion=dpc   the ISR drains a ring to a list and issues a DPC, which
 *                    drops and retakes the interrupt lock around every report
 *   messages=all     with messages: one lock for all of them
 *   messages=each    a lock for each; DPCs take that of their queue's
 *   perf=dpc-redirection   asks the port driver for that
 */
#ifndef STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_ADAPTER_H
#define STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_ADAPTER_H

#include "storport.h"

#include "hba_sim/miniports/virtio_ring.h"
#include "hba_sim/miniports/virtio_transport.h"

#define VIRTIO_SEGMENTS 3
#define VIRTIO_QUEUES 8
#define VIRTIO_QUEUE_SIZE_MAX 1024

/* What comes first in a miniport's SRB extension. */
typedef struct _VIRTIO_REQUEST {
	RING_SEGMENT Segment[VIRTIO_SEGMENTS];
	USHORT SegmentCount;
	USHORT Queue;
	PRING_DESC Table; /* VIRTIO_SEGMENTS of them, also in the SRB extension */
} VIRTIO_REQUEST, *PVIRTIO_REQUEST;

struct _VIRTIO_ADAPTER;

typedef struct _VIRTIO_QUEUE {
	struct _VIRTIO_ADAPTER *Adapter;
	RING Ring;
	USHORT Message;
	PVOID RingMemory;
	STOR_DPC Dpc;
	PSCSI_REQUEST_BLOCK Drained; /* completion=dpc: taken off the ring and not yet reported, first in first */
	PSCSI_REQUEST_BLOCK DrainedLast;
} VIRTIO_QUEUE, *PVIRTIO_QUEUE;

typedef struct _VIRTIO_ADAPTER {
	VIRTIO_TRANSPORT Transport;
	USHORT FirstQueue;  /* the device's number of the first request queue */
	USHORT QueueCount;
	USHORT Messages;
	USHORT ConfigMessage; /* the one behind those of the queues, VIRTIO_NO_MESSAGE where there is none */
	BOOLEAN CompleteInDpc;
	BOOLEAN LockEachMessage;
	BOOLEAN RedirectDpcs;
	BOOLEAN Indirect;
	BOOLEAN PlainRings; /* neither indirect descriptors nor the event index */
	BOOLEAN Gone;       /* there is no device any more, or none that can be started */
	STOR_DPC RecoveryDpc;
	ULONGLONG Wanted;   /* features of the kind */
	ULONGLONG Features; /* accepted */
	VOID (*Report)(PVOID Extension, PSCSI_REQUEST_BLOCK Srb); /* fills in the SRB's status from the device's */
	VIRTIO_QUEUE Queue[VIRTIO_QUEUES];
	PVOID Cookie[VIRTIO_QUEUES][VIRTIO_QUEUE_SIZE_MAX];
} VIRTIO_ADAPTER, *PVIRTIO_ADAPTER; /* first in a device extension */

/*
 * HwStorFindAdapter's part after VirtioMap: `QueueCount` request queues, as the device has
 * them.  The other members of the adapter are set by then.
 */
ULONG VirtioFindQueues(PVIRTIO_ADAPTER Adapter, PPORT_CONFIGURATION_INFORMATION ConfigInfo, PCHAR ArgumentString, USHORT QueueCount);

/* The physical address of what the device sees. */
static inline ULONG VirtioPhysical(PVIRTIO_ADAPTER Adapter, PVOID Address)
{
	ULONG Length;

	return StorPortGetPhysicalAddress(Adapter->Transport.Extension, NULL, Address, &Length).LowPart;
}

/* At the end of BuildIo, the segments being there. */
static inline VOID VirtioPrepare(PVIRTIO_ADAPTER Adapter, PVIRTIO_REQUEST Request)
{
	Request->Queue = 0;
	if (Adapter->Indirect)
		RingFillTable(Request->Table, Request->Segment, Request->SegmentCount);
}

/* An SRB that carries no CDB. */
VOID VirtioCompleteOther(PVOID Extension, PSCSI_REQUEST_BLOCK Srb);

/* Sense data in the fixed format, and the status that goes with it. */
VOID VirtioFail(PSCSI_REQUEST_BLOCK Srb, UCHAR SenseKey, UCHAR AdditionalSenseCode);

/* Registers the miniport with these and the routines that all share. */
ULONG VirtioDriverEntry(PVOID DriverObject, PVOID RegistryPath, PHW_FIND_ADAPTER FindAdapter, PHW_BUILDIO BuildIo,
			ULONG DeviceExtensionSize, ULONG SrbExtensionSize);

#endif
