/* SPDX-License-Identifier: MIT */
/*
 * A miniport as they are written today: a request queue and a message for each CPU, extended request blocks, the ISR leaves
 * the work to a DPC, and what the system does not grant is done without.
 *
 * Its argument string: "messages=all" for one lock for all messages, "perf=off" for no performance options,
 * "srb=classic" for SCSI_REQUEST_BLOCK.
 */
#pragma once

#include "virtio.h"

#define POOL_TAG 'euQM'

typedef struct _QUEUE {
	VIRTQUEUE Ring;
	PVOID Memory;
	USHORT Message;
	STOR_DPC Dpc;
} QUEUE, *PQUEUE;

typedef struct _ADAPTER {
	TRANSPORT Transport;
	PQUEUE Queue;
	ULONG Queues;
	ULONG Messages;
	PVOID Timer;
	ULONG Changes;
	BOOLEAN LockEachMessage;
	BOOLEAN MessageRanges; /* the system says which message a request's completion should come by */
	BOOLEAN Channels;
	BOOLEAN Indirect;
	BOOLEAN PerfOff;
	BOOLEAN Gone;
	STOR_DPC RecoveryDpc;
} ADAPTER, *PADAPTER;

typedef struct _QUEUE_LOCK {
	STOR_LOCK_HANDLE Handle;
	ULONG OldIrql;
} QUEUE_LOCK, *PQUEUE_LOCK;

/* Request.c */
HW_BUILDIO HwBuildIo;
HW_STARTIO HwStartIo;
HW_DPC_ROUTINE QueueDpc;
/* All that the device has finished is reported, at most Limit of them; the queue's lock is held. TRUE: there may be more. */
BOOLEAN CompleteFinished(PADAPTER Adapter, PQUEUE Queue, ULONG Limit);
/* All that it has not is reported as Status. */
VOID CompleteUnfinished(PADAPTER Adapter, PQUEUE Queue, UCHAR Status);
