/* SPDX-License-Identifier: MIT */
/*
 * The virtio device's structures, its registers in memory, and the driver's side of a split virtqueue.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7 (split virtqueues), 4.1.4 (PCI capabilities),
 * 5.6 (SCSI host device).
 */
#pragma once

#define VIRTIO_INDIRECT (1ULL << 28)
#define VIRTIO_VERSION_1 (1ULL << 32)

#define VIRTIO_NEEDS_RESET 0x40
#define VIRTIO_NO_MESSAGE 0xffff

#define QUEUE_SIZE_MAX 1024
#define QUEUES_MAX 64
/* The control and the event queue come before those for requests. */
#define FIRST_REQUEST_QUEUE 2

#define SEGMENTS_MAX 18

#pragma pack(push, 1)
typedef struct _DESCRIPTOR {
	ULONGLONG Address;
	ULONG Length;
	USHORT Flags;
	USHORT Next;
} DESCRIPTOR, *PDESCRIPTOR;

typedef struct _USED_ELEMENT {
	ULONG Head;
	ULONG Length;
} USED_ELEMENT;

typedef struct _AVAILABLE {
	USHORT Flags;
	USHORT Index;
	USHORT Head[1];
} AVAILABLE, *PAVAILABLE;

typedef struct _USED {
	USHORT Flags;
	USHORT Index;
	USED_ELEMENT Element[1];
} USED, *PUSED;

typedef struct _SCSI_COMMAND {
	UCHAR Lun[8];
	ULONGLONG Tag;
	UCHAR Attribute, Priority, Crn;
	UCHAR Cdb[32];
} SCSI_COMMAND, *PSCSI_COMMAND;

typedef struct _SCSI_ANSWER {
	ULONG SenseLength;
	ULONG Residual;
	USHORT Qualifier;
	UCHAR Status;
	UCHAR Response;
	UCHAR Sense[96];
} SCSI_ANSWER, *PSCSI_ANSWER;
#pragma pack(pop)

#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_WRITE 2
#define DESCRIPTOR_INDIRECT 4

#define AVAILABLE_NO_INTERRUPT 1
#define USED_NO_NOTIFY 1

/* Lies in the SRB's extension: the descriptors double as an indirect table. */
typedef struct _REQUEST {
	DESCRIPTOR Segment[SEGMENTS_MAX];
	SCSI_COMMAND Command;
	SCSI_ANSWER Answer;
	ULONG Segments;
} REQUEST, *PREQUEST;

typedef struct _VIRTQUEUE {
	USHORT Size;
	USHORT FirstFree;
	USHORT Free;
	USHORT Seen;
	PDESCRIPTOR Descriptor;
	volatile AVAILABLE *Available;
	volatile USED *Used;
	PUSHORT Doorbell;
	USHORT Number;
	PVOID Owner[QUEUE_SIZE_MAX];
} VIRTQUEUE, *PVIRTQUEUE;

typedef struct _TRANSPORT {
	PVOID Extension;
	PUCHAR Common;
	PUCHAR Notify;
	PUCHAR Isr;
	PUCHAR Config;
	unsigned long NotifyMultiplier;
	BOOLEAN Messages; /* MSI-X is enabled */
} TRANSPORT, *PTRANSPORT;

/* From HwStorFindAdapter; FALSE: no such registers. */
BOOLEAN TransportMap(PTRANSPORT Transport, PVOID Extension, PPORT_CONFIGURATION_INFORMATION Config);
UCHAR TransportStatus(PTRANSPORT Transport);
/* FALSE: the device is not there any more. */
BOOLEAN TransportReset(PTRANSPORT Transport);
/* After a reset.  Wanted becomes what was agreed upon. */
BOOLEAN TransportNegotiate(PTRANSPORT Transport, ULONGLONG *Wanted);
VOID TransportSetConfigMessage(PTRANSPORT Transport, USHORT Message);
USHORT TransportQueueSize(PTRANSPORT Transport, USHORT Number);
BOOLEAN TransportStartQueue(PTRANSPORT Transport, PVIRTQUEUE Queue, STOR_PHYSICAL_ADDRESS Address, USHORT Message);
VOID TransportReady(PTRANSPORT Transport);
/* How many request queues the device has; never 0. */
ULONG TransportRequestQueues(PTRANSPORT Transport);
/* Takes the line down. */
UCHAR TransportReadIsr(PTRANSPORT Transport);

/* All under the queue's lock. */
ULONG QueueBytes(USHORT Size);
VOID QueueInitialize(PVIRTQUEUE Queue, PVOID Memory);
/* One descriptor when Table, the request's own address, is given; FALSE: full. */
BOOLEAN QueueAdd(PVIRTQUEUE Queue, PREQUEST Request, ULONGLONG Table, PVOID Owner);
BOOLEAN QueueWantsDoorbell(PVIRTQUEUE Queue);
/* The owner of the next one that is done; NULL: none is. */
PVOID QueueTake(PVIRTQUEUE Queue);
VOID QueueDisableInterrupts(PVIRTQUEUE Queue);
/* FALSE: something was done meanwhile. */
BOOLEAN QueueEnableInterrupts(PVIRTQUEUE Queue);
