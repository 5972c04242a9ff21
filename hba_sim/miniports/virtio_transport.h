/* SPDX-License-Identifier: MIT */
/*
 * A virtio device's registers, whichever interface it has: legacy ports, or the
 * structures in memory that its capabilities describe.  The latter when there are both.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.
 */
#ifndef STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_TRANSPORT_H
#define STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_TRANSPORT_H

#include "storport.h"

#define VIRTIO_FEATURE_INDIRECT (1ULL << 28)
#define VIRTIO_FEATURE_EVENT_INDEX (1ULL << 29)
#define VIRTIO_FEATURE_VERSION_1 (1ULL << 32)

#define VIRTIO_LEGACY_NOTIFY 0x10
#define VIRTIO_LEGACY_ISR 0x13

#define VIRTIO_NO_MESSAGE ((USHORT)0xffff)

typedef struct _VIRTIO_TRANSPORT {
	PVOID Extension;
	PUCHAR Registers; /* legacy: all of them; modern: the common structure */
	PUCHAR Notify;    /* this and the rest: modern only */
	PUCHAR Isr;
	PUCHAR Config;
	ULONG NotifyMultiplier;
	BOOLEAN Modern;
	BOOLEAN Messages; /* MSI-X is enabled */
} VIRTIO_TRANSPORT, *PVIRTIO_TRANSPORT;

/* From HwStorFindAdapter.  SP_RETURN_FOUND, SP_RETURN_BAD_CONFIG or SP_RETURN_ERROR. */
ULONG VirtioMap(PVIRTIO_TRANSPORT Transport, PVOID Extension, PPORT_CONFIGURATION_INFORMATION ConfigInfo);

#define VIRTIO_DEVICE_NEEDS_RESET 0x40

/* The device status register. */
UCHAR VirtioStatus(PVIRTIO_TRANSPORT Transport);

/* FALSE: it is not there any more. */
BOOLEAN VirtioReset(PVIRTIO_TRANSPORT Transport);

/* What the device offers. */
ULONGLONG VirtioFeatures(PVIRTIO_TRANSPORT Transport);

/* After a reset: accepts those.  FALSE when the device does not want them so. */
BOOLEAN VirtioAccept(PVIRTIO_TRANSPORT Transport, ULONGLONG Features);

/* Descriptors of a queue, 0 when there is none of that number. */
USHORT VirtioQueueSize(PVIRTIO_TRANSPORT Transport, USHORT Queue);

/* The queue lies in page-aligned memory at that address, laid out as virtio_ring.h has it; Message: VIRTIO_NO_MESSAGE for none. */
BOOLEAN VirtioStartQueue(PVIRTIO_TRANSPORT Transport, USHORT Queue, ULONGLONG Address, USHORT Message);

/* The message of changes of configuration and status.  FALSE: the device is short of vectors. */
BOOLEAN VirtioSetConfigMessage(PVIRTIO_TRANSPORT Transport, USHORT Message);

/* All queues are started. */
VOID VirtioReady(PVIRTIO_TRANSPORT Transport);

static inline VOID VirtioRingDoorbell(PVIRTIO_TRANSPORT Transport, USHORT Queue)
{
	/* queue_notify_off is the queue's number with every device that this drives */
	if (Transport->Modern)
		StorPortWriteRegisterUshort(Transport->Extension, (PUSHORT)(Transport->Notify + Transport->NotifyMultiplier * Queue), Queue);
	else
		StorPortWritePortUshort(Transport->Extension, (PUSHORT)(Transport->Registers + VIRTIO_LEGACY_NOTIFY), Queue);
}

#define VIRTIO_INTERRUPT_CONFIG 2

/* Takes the line down; 0 when it was not up, VIRTIO_INTERRUPT_CONFIG among others when the configuration or the status has changed. */
static inline UCHAR VirtioReadIsr(PVIRTIO_TRANSPORT Transport)
{
	if (Transport->Modern)
		return StorPortReadRegisterUchar(Transport->Extension, Transport->Isr);
	return StorPortReadPortUchar(Transport->Extension, Transport->Registers + VIRTIO_LEGACY_ISR);
}

/* Of the device's own configuration. */
ULONG VirtioConfigUlong(PVIRTIO_TRANSPORT Transport, ULONG Offset);
USHORT VirtioConfigUshort(PVIRTIO_TRANSPORT Transport, ULONG Offset);

#endif
