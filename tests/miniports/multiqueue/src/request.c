/* SPDX-License-Identifier: MIT */
/* A request's way to the device and back; see Multiqueue.h. */
#include <ntddk.h>
#include <storport.h>
#include <srbhelper.h>
#include "MultiQueue.h"

/* Reported under a lock that others wait for. */
#define BATCH 4UL

static VOID AcquireQueueLock(PADAPTER Adapter, PQUEUE Queue, PQUEUE_LOCK Lock)
{
	if (Adapter->LockEachMessage)
		StorPortAcquireMSISpinLock(Adapter, Queue->Message, &Lock->OldIrql);
	else
		StorPortAcquireSpinLock(Adapter, InterruptLock, NULL, &Lock->Handle);
}

static VOID ReleaseQueueLock(PADAPTER Adapter, PQUEUE Queue, PQUEUE_LOCK Lock)
{
	if (Adapter->LockEachMessage)
		StorPortReleaseMSISpinLock(Adapter, Queue->Message, Lock->OldIrql);
	else
		StorPortReleaseSpinLock(Adapter, &Lock->Handle);
}

/* --- down --- */

static VOID AddSegment(PREQUEST Request, STOR_PHYSICAL_ADDRESS Address, ULONG Length, USHORT Flags)
{
	PDESCRIPTOR Segment = &Request->Segment[Request->Segments++];

	if (Request->Segments > 1)
		Segment[-1].Flags |= DESCRIPTOR_NEXT;
	Segment->Address = (ULONGLONG)Address.QuadPart;
	Segment->Length = Length;
	Segment->Flags = Flags;
	Segment->Next = (USHORT)Request->Segments;
}

static VOID AddOwn(PVOID Extension, PREQUEST Request, PVOID Part, ULONG Length, USHORT Flags)
{
	unsigned long Contiguous;

	AddSegment(Request, StorPortGetPhysicalAddress(Extension, NULL, Part, &Contiguous), Length, Flags);
}

static VOID AddData(PREQUEST Request, PSTOR_SCATTER_GATHER_LIST List, USHORT Flags)
{
	ULONG i;

	for (i = 0; List != NULL && i < List->NumberOfElements && Request->Segments < SEGMENTS_MAX - 1; i++)
		AddSegment(Request, List->List[i].PhysicalAddress, List->List[i].Length, Flags);
}

static VOID BuildCommand(PADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb, PREQUEST Request)
{
	ULONG Flags = SrbGetSrbFlags(Srb);
	PSTOR_SCATTER_GATHER_LIST List = NULL;

	if (Flags & (SRB_FLAGS_DATA_IN | SRB_FLAGS_DATA_OUT))
		List = StorPortGetScatterGatherList(Adapter, Srb);
	RtlZeroMemory(Request, sizeof(*Request));
	Request->Command.Lun[0] = 1;
	Request->Command.Lun[1] = SrbGetTargetId(Srb);
	Request->Command.Lun[2] = 0x40;
	Request->Command.Lun[3] = SrbGetLun(Srb);
	Request->Command.Tag = (ULONGLONG)(ULONG_PTR)Srb;
	RtlCopyMemory(Request->Command.Cdb, SrbGetCdb(Srb), SrbGetCdbLength(Srb));
	AddOwn(Adapter, Request, &Request->Command, sizeof(SCSI_COMMAND), 0);
	if (Flags & SRB_FLAGS_DATA_OUT)
		AddData(Request, List, 0);
	AddOwn(Adapter, Request, &Request->Answer, sizeof(SCSI_ANSWER), DESCRIPTOR_WRITE);
	if (Flags & SRB_FLAGS_DATA_IN)
		AddData(Request, List, DESCRIPTOR_WRITE);
}

BOOLEAN HwBuildIo(IN PVOID DeviceExtension, IN PSCSI_REQUEST_BLOCK Srb)
{
	switch (SrbGetSrbFunction(Srb)) {
	case SRB_FUNCTION_EXECUTE_SCSI:
		BuildCommand((PADAPTER)DeviceExtension, Srb, (PREQUEST)SrbGetMiniportContext(Srb));
		return TRUE;
	case SRB_FUNCTION_FLUSH:
	case SRB_FUNCTION_SHUTDOWN:
	case SRB_FUNCTION_PNP:
	case SRB_FUNCTION_POWER:
		SrbSetSrbStatus(Srb, SRB_STATUS_SUCCESS);
		break;
	default:
		SrbSetSrbStatus(Srb, SRB_STATUS_INVALID_REQUEST);
		break;
	}
	StorPortNotification(RequestComplete, DeviceExtension, Srb);
	return FALSE;
}

/* That of the message by which the completion should come; else that of the channel, or of the processor. */
static PQUEUE ChooseQueue(PADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb)
{
	STARTIO_PERFORMANCE_PARAMETERS Parameters;
	PROCESSOR_NUMBER Processor;

	RtlZeroMemory(&Parameters, sizeof(Parameters));
	Parameters.Version = 1;
	Parameters.Size = sizeof(Parameters);
	if ((Adapter->MessageRanges || Adapter->Channels) &&
	    StorPortGetStartIoPerfParams(Adapter, Srb, &Parameters) == STOR_STATUS_SUCCESS)
		return &Adapter->Queue[(Adapter->MessageRanges ? Parameters.MessageNumber : Parameters.ChannelNumber) % Adapter->Queues];
	if (StorPortGetCurrentProcessorNumber(Adapter, &Processor) == STOR_STATUS_SUCCESS)
		return &Adapter->Queue[Processor.Number % Adapter->Queues];
	return Adapter->Queue;
}

typedef struct _POST {
	PQUEUE Queue;
	PSCSI_REQUEST_BLOCK Srb;
} POST, *PPOST;

static BOOLEAN PostUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PPOST Post = (PPOST)Context;
	PVIRTQUEUE Ring = &Post->Queue->Ring;
	PREQUEST Request = (PREQUEST)SrbGetMiniportContext(Post->Srb);
	ULONGLONG Table = 0;
	unsigned long Contiguous;

	if (Adapter->Gone)
		return FALSE;
	if (Adapter->Indirect)
		Table = (ULONGLONG)StorPortGetPhysicalAddress(Adapter, NULL, Request->Segment, &Contiguous).QuadPart;
	if (!QueueAdd(Ring, Request, Table, Post->Srb))
		return FALSE;
	if (QueueWantsDoorbell(Ring))
		StorPortWriteRegisterUshort(Adapter, Ring->Doorbell, Ring->Number);
	return TRUE;
}

BOOLEAN HwStartIo(IN PVOID DeviceExtension, IN PSCSI_REQUEST_BLOCK Srb)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	POST Post = { ChooseQueue(Adapter, Srb), Srb };
	BOOLEAN Posted;
	ULONG OldIrql;

	if (Adapter->LockEachMessage) {
		StorPortAcquireMSISpinLock(Adapter, Post.Queue->Message, &OldIrql);
		Posted = PostUnderLock(Adapter, &Post);
		StorPortReleaseMSISpinLock(Adapter, Post.Queue->Message, OldIrql);
	} else {
		Posted = StorPortSynchronizeAccess(Adapter, PostUnderLock, &Post);
	}
	if (!Posted) {
		SrbSetSrbStatus(Srb, Adapter->Gone ? SRB_STATUS_NO_DEVICE : SRB_STATUS_BUSY);
		StorPortNotification(RequestComplete, Adapter, Srb);
	}
	return TRUE;
}

/* --- up --- */

static UCHAR StatusOf(PSCSI_REQUEST_BLOCK Srb, const SCSI_ANSWER *Answer)
{
	UCHAR Length = (UCHAR)min(Answer->SenseLength, (ULONG)SrbGetSenseInfoBufferLength(Srb));

	if (Answer->Response != 0)
		return SRB_STATUS_NO_DEVICE;
	switch (Answer->Status) {
	case SCSISTAT_GOOD:
		return SRB_STATUS_SUCCESS;
	case SCSISTAT_BUSY:
	case SCSISTAT_QUEUE_FULL:
		return SRB_STATUS_BUSY;
	}
	if (Answer->Status != SCSISTAT_CHECK_CONDITION || Length == 0 || SrbGetSenseInfoBuffer(Srb) == NULL)
		return SRB_STATUS_ERROR;
	RtlCopyMemory(SrbGetSenseInfoBuffer(Srb), Answer->Sense, Length);
	return SRB_STATUS_ERROR | SRB_STATUS_AUTOSENSE_VALID;
}

static VOID Complete(PADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb, UCHAR Status)
{
	SrbSetSrbStatus(Srb, Status);
	StorPortNotification(RequestComplete, Adapter, Srb);
}

BOOLEAN CompleteFinished(PADAPTER Adapter, PQUEUE Queue, ULONG Limit)
{
	while (Limit-- != 0) {
		PSCSI_REQUEST_BLOCK Srb = (PSCSI_REQUEST_BLOCK)QueueTake(&Queue->Ring);
		PREQUEST Request;

		if (Srb == NULL)
			return FALSE;
		Request = (PREQUEST)SrbGetMiniportContext(Srb);
		SrbSetScsiStatus(Srb, Request->Answer.Status);
		Complete(Adapter, Srb, StatusOf(Srb, &Request->Answer));
	}
	return TRUE;
}

VOID CompleteUnfinished(PADAPTER Adapter, PQUEUE Queue, UCHAR Status)
{
	USHORT i;

	for (i = 0; i < Queue->Ring.Size; i++) {
		PSCSI_REQUEST_BLOCK Srb = (PSCSI_REQUEST_BLOCK)Queue->Ring.Owner[i];

		Queue->Ring.Owner[i] = NULL;
		if (Srb != NULL)
			Complete(Adapter, Srb, Status);
	}
}

/* The queue's interrupt is off until there is nothing left to report. */
VOID QueueDpc(IN PSTOR_DPC Dpc, IN PVOID DeviceExtension, IN PVOID SystemArgument1, IN PVOID SystemArgument2)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PQUEUE Queue = (PQUEUE)SystemArgument1;
	QUEUE_LOCK Lock;
	BOOLEAN More;

	UNREFERENCED_PARAMETER(Dpc);
	UNREFERENCED_PARAMETER(SystemArgument2);
	do {
		AcquireQueueLock(Adapter, Queue, &Lock);
		More = (BOOLEAN)(!Adapter->Gone && (CompleteFinished(Adapter, Queue, BATCH) || !QueueEnableInterrupts(&Queue->Ring)));
		ReleaseQueueLock(Adapter, Queue, &Lock);
	} while (More);
}
