/* SPDX-License-Identifier: MIT */
/* Queues, posting, interrupts and reset of the virtio miniports; see virtio_adapter.h. */
#include "hba_sim/miniports/virtio_adapter.h"

/* "name=value" in the argument string, at its start or behind a separator. */
static BOOLEAN HasArgument(PCHAR Arguments, const CHAR *Wanted)
{
	return Arguments && strstr(Arguments, Wanted) != NULL;
}

/* --- the adapter is found and initialized --- */

static BOOLEAN Interrupt(PVOID Extension);
static BOOLEAN MessageInterrupt(PVOID Extension, ULONG MessageId);
static VOID CompletionDpcRoutine(PSTOR_DPC Dpc, PVOID Extension, PVOID Argument1, PVOID Argument2);
static VOID RecoveryDpcRoutine(PSTOR_DPC Dpc, PVOID Extension, PVOID Argument1, PVOID Argument2);

/* One piece of memory for all rings: there is one uncached extension. */
static BOOLEAN AllocateRings(PVIRTIO_ADAPTER Adapter, PPORT_CONFIGURATION_INFORMATION ConfigInfo)
{
	ULONG Bytes = 0;
	PUCHAR Memory;

	for (USHORT q = 0; q < Adapter->QueueCount; q++)
		Bytes += ROUND_TO_PAGES(RingBytes(Adapter->Queue[q].Ring.Size));
	Memory = StorPortGetUncachedExtension(Adapter->Transport.Extension, ConfigInfo, Bytes);
	for (USHORT q = 0; Memory && q < Adapter->QueueCount; q++) {
		Adapter->Queue[q].RingMemory = Memory;
		Memory += ROUND_TO_PAGES(RingBytes(Adapter->Queue[q].Ring.Size));
	}
	return Memory != NULL;
}

ULONG VirtioFindQueues(PVIRTIO_ADAPTER Adapter, PPORT_CONFIGURATION_INFORMATION ConfigInfo, PCHAR ArgumentString, USHORT QueueCount)
{
	Adapter->QueueCount = QueueCount < VIRTIO_QUEUES ? QueueCount : VIRTIO_QUEUES;
	for (USHORT q = 0; q < Adapter->QueueCount; q++) {
		USHORT Size = VirtioQueueSize(&Adapter->Transport, (USHORT)(Adapter->FirstQueue + q));

		if (!Size || Size > VIRTIO_QUEUE_SIZE_MAX)
			return SP_RETURN_NOT_FOUND;
		Adapter->Queue[q].Ring.Size = Size;
		Adapter->Queue[q].Adapter = Adapter;
	}
	if (!Adapter->QueueCount)
		return SP_RETURN_NOT_FOUND;
	if (!AllocateRings(Adapter, ConfigInfo))
		return SP_RETURN_ERROR;
	Adapter->LockEachMessage = Adapter->Transport.Messages && HasArgument(ArgumentString, "messages=each");

	ConfigInfo->NumberOfBuses = 1;
	ConfigInfo->MaximumNumberOfTargets = 1;
	ConfigInfo->MaximumNumberOfLogicalUnits = SCSI_MAXIMUM_LUNS_PER_TARGET;
	ConfigInfo->MaximumTransferLength = 16 * 1024 * 1024;
	ConfigInfo->NumberOfPhysicalBreaks = 1;
	ConfigInfo->ScatterGather = TRUE;
	ConfigInfo->Master = TRUE;
	ConfigInfo->CachesData = FALSE;
	ConfigInfo->MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	ConfigInfo->SynchronizationModel = StorSynchronizeFullDuplex;
	if (Adapter->Transport.Messages) {
		ConfigInfo->HwMSInterruptRoutine = MessageInterrupt;
		ConfigInfo->InterruptSynchronizationMode = Adapter->LockEachMessage ? InterruptSynchronizePerMessage :
										      InterruptSynchronizeAll;
	}
	Adapter->CompleteInDpc = HasArgument(ArgumentString, "completion=dpc");
	Adapter->RedirectDpcs = HasArgument(ArgumentString, "perf=dpc-redirection");
	return SP_RETURN_FOUND;
}

static BOOLEAN PassiveInitialize(PVOID Extension)
{
	PVIRTIO_ADAPTER Adapter = Extension;

	for (USHORT q = 0; q < Adapter->QueueCount; q++)
		StorPortInitializeDpc(Extension, &Adapter->Queue[q].Dpc, CompletionDpcRoutine);
	StorPortInitializeDpc(Extension, &Adapter->RecoveryDpc, RecoveryDpcRoutine);
	return TRUE;
}

/* StartIo may run on every CPU at once: all that it shares is posted under the interrupt lock. */
static VOID AskForPerformance(PVIRTIO_ADAPTER Adapter)
{
	PERF_CONFIGURATION_DATA Perf = { .Version = STOR_PERF_VERSION, .Size = sizeof(PERF_CONFIGURATION_DATA) };
	ULONG Wanted = STOR_PERF_CONCURRENT_CHANNELS | (Adapter->RedirectDpcs ? STOR_PERF_DPC_REDIRECTION : 0);

	if (StorPortInitializePerfOpts(Adapter, TRUE, &Perf) != STOR_STATUS_SUCCESS)
		return;
	Perf.Flags &= Wanted;
	if (Perf.Flags)
		StorPortInitializePerfOpts(Adapter, FALSE, &Perf);
}

/* Messages that were granted; a queue has that of its number, in turn when they are fewer.  The next one is for the configuration. */
static BOOLEAN CountMessages(PVIRTIO_ADAPTER Adapter)
{
	MESSAGE_INTERRUPT_INFORMATION Info;

	Adapter->Messages = 0;
	while (Adapter->Transport.Messages && Adapter->Messages <= VIRTIO_QUEUES &&
	       StorPortGetMSIInfo(Adapter->Transport.Extension, Adapter->Messages, &Info) == STOR_STATUS_SUCCESS)
		Adapter->Messages++;
	for (USHORT q = 0; q < Adapter->QueueCount; q++)
		Adapter->Queue[q].Message = Adapter->Messages ? (USHORT)(q % Adapter->Messages) : VIRTIO_NO_MESSAGE;
	Adapter->ConfigMessage = Adapter->Messages > Adapter->QueueCount ? Adapter->QueueCount : VIRTIO_NO_MESSAGE;
	return Adapter->Messages || !Adapter->Transport.Messages;
}

/* Empty rings, and the device told of them; under the interrupt lock. */
static BOOLEAN StartDevice(PVIRTIO_ADAPTER Adapter)
{
	ULONGLONG Features = Adapter->Wanted | VIRTIO_FEATURE_EVENT_INDEX | VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_VERSION_1;

	Adapter->Features = Features & VirtioFeatures(&Adapter->Transport);
	if (!VirtioAccept(&Adapter->Transport, Adapter->Features))
		return FALSE;
	Adapter->Indirect = (Adapter->Features & VIRTIO_FEATURE_INDIRECT) != 0;
	Adapter->PlainRings = !(Adapter->Features & (VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX));
	for (USHORT q = 0; q < Adapter->QueueCount; q++) {
		PVIRTIO_QUEUE Queue = &Adapter->Queue[q];

		RtlZeroMemory(Queue->RingMemory, RingBytes(Queue->Ring.Size));
		RingInitialize(&Queue->Ring, Queue->Ring.Size, Queue->RingMemory, Adapter->Cookie[q]);
		Queue->Ring.EventIndex = (Adapter->Features & VIRTIO_FEATURE_EVENT_INDEX) != 0;
		if (!VirtioStartQueue(&Adapter->Transport, (USHORT)(Adapter->FirstQueue + q), VirtioPhysical(Adapter, Queue->RingMemory),
				      Queue->Message))
			return FALSE;
	}
	if (!VirtioSetConfigMessage(&Adapter->Transport, Adapter->ConfigMessage))
		return FALSE;
	VirtioReady(&Adapter->Transport);
	return TRUE;
}

static BOOLEAN Initialize(PVOID Extension)
{
	PVIRTIO_ADAPTER Adapter = Extension;

	if (!CountMessages(Adapter) || !StartDevice(Adapter))
		return FALSE;
	AskForPerformance(Adapter);
	return StorPortEnablePassiveInitialization(Extension, PassiveInitialize);
}

/* --- a request --- */

VOID VirtioCompleteOther(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	Srb->SrbStatus = Srb->Function == SRB_FUNCTION_FLUSH || Srb->Function == SRB_FUNCTION_SHUTDOWN ? SRB_STATUS_SUCCESS :
											       SRB_STATUS_INVALID_REQUEST;
	StorPortNotification(RequestComplete, Extension, Srb);
}

VOID VirtioFail(PSCSI_REQUEST_BLOCK Srb, UCHAR SenseKey, UCHAR AdditionalSenseCode)
{
	SENSE_DATA Sense = { .ErrorCode = SCSI_SENSE_ERRORCODE_FIXED_CURRENT, .SenseKey = SenseKey,
			     .AdditionalSenseLength = SENSE_BUFFER_SIZE - 8, .AdditionalSenseCode = AdditionalSenseCode };
	ULONG Length = Srb->SenseInfoBufferLength < sizeof(Sense) ? Srb->SenseInfoBufferLength : (ULONG)sizeof(Sense);

	Srb->ScsiStatus = SCSISTAT_CHECK_CONDITION;
	Srb->SrbStatus = SRB_STATUS_ERROR;
	if (!Srb->SenseInfoBuffer || !Length)
		return;
	RtlCopyMemory(Srb->SenseInfoBuffer, &Sense, Length);
	Srb->SrbStatus |= SRB_STATUS_AUTOSENSE_VALID;
}

/* A ring that has features; apart, so that a plain one does not pay for them. */
static DECLSPEC_NOINLINE BOOLEAN PostByFeatures(PVIRTIO_ADAPTER Adapter, PRING Ring, PVIRTIO_REQUEST Request, PSCSI_REQUEST_BLOCK Srb)
{
	BOOLEAN Posted;

	if (Adapter->Indirect)
		Posted = RingPostTable(Ring, VirtioPhysical(Adapter, Request->Table), Request->SegmentCount, Srb);
	else
		Posted = RingPost(Ring, Request->Segment, Request->SegmentCount, Srb);
	if (Posted && (!Ring->EventIndex || RingWantsDoorbell(Ring)))
		VirtioRingDoorbell(&Adapter->Transport, (USHORT)(Adapter->FirstQueue + Request->Queue));
	return Posted;
}

/* Under the interrupt lock. */
static BOOLEAN PostSrb(PVOID Extension, PVOID Context)
{
	PVIRTIO_ADAPTER Adapter = Extension;
	PSCSI_REQUEST_BLOCK Srb = Context;
	PVIRTIO_REQUEST Request = Srb->SrbExtension;
	PRING Ring = &Adapter->Queue[Request->Queue].Ring;

	if (!Adapter->PlainRings)
		return PostByFeatures(Adapter, Ring, Request, Srb);
	if (!RingPost(Ring, Request->Segment, Request->SegmentCount, Srb))
		return FALSE;
	VirtioRingDoorbell(&Adapter->Transport, (USHORT)(Adapter->FirstQueue + Request->Queue));
	return TRUE;
}

/* A channel's requests share a queue. */
static USHORT ChooseQueue(PVIRTIO_ADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb)
{
	STARTIO_PERFORMANCE_PARAMETERS Parameters = { .Version = 1, .Size = sizeof(Parameters) };

	if (StorPortGetStartIoPerfParams(Adapter, Srb, &Parameters) != STOR_STATUS_SUCCESS)
		return 0;
	return (USHORT)(Parameters.ChannelNumber % Adapter->QueueCount);
}

static BOOLEAN StartIo(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	PVIRTIO_ADAPTER Adapter = Extension;

	if (Adapter->QueueCount > 1)
		((PVIRTIO_REQUEST)Srb->SrbExtension)->Queue = ChooseQueue(Adapter, Srb);
	if (!StorPortSynchronizeAccess(Extension, PostSrb, Srb)) {
		Srb->SrbStatus = Adapter->Gone ? SRB_STATUS_NO_DEVICE : SRB_STATUS_BUSY;
		StorPortNotification(RequestComplete, Extension, Srb);
	}
	return TRUE;
}

/* --- completions --- */

static inline VOID ReportCompletion(PVIRTIO_ADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb)
{
	Adapter->Report(Adapter, Srb);
	StorPortNotification(RequestComplete, Adapter, Srb);
}

/* Under the interrupt lock: keeps a completion for the DPC. */
static VOID AppendDrained(PVIRTIO_QUEUE Queue, PSCSI_REQUEST_BLOCK Srb)
{
	Srb->NextSrb = NULL;
	if (Queue->Drained)
		Queue->DrainedLast->NextSrb = Srb;
	else
		Queue->Drained = Srb;
	Queue->DrainedLast = Srb;
}

/* Under the lock of the queue's interrupt. */
static FORCEINLINE VOID DrainQueue(PVIRTIO_ADAPTER Adapter, PVIRTIO_QUEUE Queue)
{
	PSCSI_REQUEST_BLOCK Srb;

	do {
		while ((Srb = RingTake(&Queue->Ring)) != NULL) {
			if (Adapter->CompleteInDpc)
				AppendDrained(Queue, Srb);
			else
				ReportCompletion(Adapter, Srb);
		}
	} while (Queue->Ring.EventIndex && RingRearm(&Queue->Ring));
	if (Queue->Drained)
		StorPortIssueDpc(Adapter, &Queue->Dpc, Queue, NULL);
}

static BOOLEAN Interrupt(PVOID Extension)
{
	PVIRTIO_ADAPTER Adapter = Extension;
	/* Reading it takes the level-triggered line down; anything published later raises it again. */
	UCHAR Reasons = VirtioReadIsr(&Adapter->Transport);
	PVIRTIO_QUEUE End = &Adapter->Queue[Adapter->QueueCount];

	if (!Reasons)
		return FALSE;
	if (Reasons & VIRTIO_INTERRUPT_CONFIG)
		StorPortIssueDpc(Extension, &Adapter->RecoveryDpc, NULL, NULL);
	for (PVIRTIO_QUEUE Queue = Adapter->Queue; Queue != End; Queue++)
		DrainQueue(Adapter, Queue);
	return TRUE;
}

static BOOLEAN MessageInterrupt(PVOID Extension, ULONG MessageId)
{
	PVIRTIO_ADAPTER Adapter = Extension;
	BOOLEAN Ours = FALSE;

	for (USHORT q = 0; q < Adapter->QueueCount; q++) {
		if (Adapter->Queue[q].Message != MessageId)
			continue;
		DrainQueue(Adapter, &Adapter->Queue[q]);
		Ours = TRUE;
	}
	if (Ours || MessageId != Adapter->ConfigMessage)
		return Ours;
	StorPortIssueDpc(Extension, &Adapter->RecoveryDpc, NULL, NULL);
	return TRUE;
}

typedef struct _QUEUE_LOCK {
	STOR_LOCK_HANDLE Handle;
	ULONG OldIrql;
} QUEUE_LOCK;

static VOID AcquireQueueLock(PVIRTIO_QUEUE Queue, QUEUE_LOCK *Lock)
{
	if (Queue->Adapter->LockEachMessage)
		StorPortAcquireMSISpinLock(Queue->Adapter, Queue->Message, &Lock->OldIrql);
	else
		StorPortAcquireSpinLock(Queue->Adapter, InterruptLock, NULL, &Lock->Handle);
}

static VOID ReleaseQueueLock(PVIRTIO_QUEUE Queue, QUEUE_LOCK *Lock)
{
	if (Queue->Adapter->LockEachMessage)
		StorPortReleaseMSISpinLock(Queue->Adapter, Queue->Message, Lock->OldIrql);
	else
		StorPortReleaseSpinLock(Queue->Adapter, &Lock->Handle);
}

static VOID CompletionDpcRoutine(PSTOR_DPC Dpc, PVOID Extension, PVOID Argument1, PVOID Argument2)
{
	PVIRTIO_QUEUE Queue = Argument1;
	QUEUE_LOCK Lock;

	AcquireQueueLock(Queue, &Lock);
	while (Queue->Drained) {
		PSCSI_REQUEST_BLOCK Srb = Queue->Drained;

		Queue->Drained = Srb->NextSrb;
		ReleaseQueueLock(Queue, &Lock);
		ReportCompletion(Queue->Adapter, Srb);
		AcquireQueueLock(Queue, &Lock);
	}
	ReleaseQueueLock(Queue, &Lock);
}

/* --- the end, and other beginnings --- */

static VOID CompleteAllOfQueue(PVIRTIO_ADAPTER Adapter, USHORT q)
{
	USHORT Size = Adapter->Queue[q].Ring.Size;

	for (USHORT i = 0; i < Size; i++) {
		PSCSI_REQUEST_BLOCK Srb = Adapter->Cookie[q][i];

		Adapter->Cookie[q][i] = NULL;
		if (Srb) {
			Srb->SrbStatus = Adapter->Gone ? SRB_STATUS_NO_DEVICE : SRB_STATUS_BUS_RESET;
			StorPortNotification(RequestComplete, Adapter, Srb);
		}
	}
}

/* Nothing can be posted any more.  Under the interrupt lock. */
static BOOLEAN CompleteAllAsGone(PVOID Extension, PVOID Context)
{
	PVIRTIO_ADAPTER Adapter = Extension;

	Adapter->Gone = TRUE;
	for (USHORT q = 0; q < Adapter->QueueCount; q++) {
		CompleteAllOfQueue(Adapter, q);
		RingClose(&Adapter->Queue[q].Ring);
	}
	return TRUE;
}

static BOOLEAN CompleteAllAfterReset(PVOID Extension, PVOID Context)
{
	PVIRTIO_ADAPTER Adapter = Extension;

	/* What it has finished is finished, though nobody may have said so. */
	for (USHORT q = 0; q < Adapter->QueueCount; q++)
		DrainQueue(Adapter, &Adapter->Queue[q]);
	/* It forgets what it had besides; every request of that is reported as reset. */
	Adapter->Gone = !VirtioReset(&Adapter->Transport);
	for (USHORT q = 0; q < Adapter->QueueCount; q++)
		CompleteAllOfQueue(Adapter, q);
	if (!Adapter->Gone && StartDevice(Adapter))
		return TRUE;
	CompleteAllAsGone(Extension, Context);
	return FALSE;
}

/* The configuration changes only when something is wrong. */
static BOOLEAN RecoverIfNeeded(PVOID Extension, PVOID Context)
{
	PVIRTIO_ADAPTER Adapter = Extension;

	/* All ones, when it is gone, have this bit too. */
	if (Adapter->Gone || !(VirtioStatus(&Adapter->Transport) & VIRTIO_DEVICE_NEEDS_RESET))
		return FALSE;
	StorPortNotification(ResetDetected, Extension, 0);
	return CompleteAllAfterReset(Extension, NULL);
}

static VOID RecoveryDpcRoutine(PSTOR_DPC Dpc, PVOID Extension, PVOID Argument1, PVOID Argument2)
{
	StorPortSynchronizeAccess(Extension, RecoverIfNeeded, NULL);
}

static BOOLEAN ResetBus(PVOID Extension, ULONG PathId)
{
	return StorPortSynchronizeAccess(Extension, CompleteAllAfterReset, NULL);
}

static SCSI_ADAPTER_CONTROL_STATUS AdapterControl(PVOID Extension, SCSI_ADAPTER_CONTROL_TYPE ControlType, PVOID Parameters)
{
	PVIRTIO_ADAPTER Adapter = Extension;
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST List = Parameters;

	switch (ControlType) {
	case ScsiQuerySupportedControlTypes:
		for (ULONG i = 0; i < List->MaxControlType; i++)
			List->SupportedTypeList[i] = i == ScsiQuerySupportedControlTypes || i == ScsiStopAdapter ||
						     i == ScsiRestartAdapter || i == ScsiAdapterSurpriseRemoval;
		return ScsiAdapterControlSuccess;
	case ScsiStopAdapter:
		VirtioReset(&Adapter->Transport);
		return ScsiAdapterControlSuccess;
	case ScsiRestartAdapter:
		return StartDevice(Adapter) ? ScsiAdapterControlSuccess : ScsiAdapterControlUnsuccessful;
	case ScsiAdapterSurpriseRemoval:
		StorPortSynchronizeAccess(Extension, CompleteAllAsGone, NULL);
		return ScsiAdapterControlSuccess;
	default:
		return ScsiAdapterControlUnsuccessful;
	}
}

ULONG VirtioDriverEntry(PVOID DriverObject, PVOID RegistryPath, PHW_FIND_ADAPTER FindAdapter, PHW_BUILDIO BuildIo,
			ULONG DeviceExtensionSize, ULONG SrbExtensionSize)
{
	HW_INITIALIZATION_DATA Data;

	RtlZeroMemory(&Data, sizeof(Data));
	Data.HwInitializationDataSize = sizeof(Data);
	Data.AdapterInterfaceType = PCIBus;
	Data.HwFindAdapter = FindAdapter;
	Data.HwInitialize = Initialize;
	Data.HwBuildIo = BuildIo;
	Data.HwStartIo = StartIo;
	Data.HwInterrupt = Interrupt;
	Data.HwResetBus = ResetBus;
	Data.HwAdapterControl = AdapterControl;
	Data.DeviceExtensionSize = DeviceExtensionSize;
	Data.SrbExtensionSize = SrbExtensionSize;
	Data.NumberOfAccessRanges = PCI_TYPE0_ADDRESSES;
	Data.MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	Data.TaggedQueuing = TRUE;
	Data.AutoRequestSense = TRUE;
	Data.MultipleRequestPerLu = TRUE;
	Data.NeedPhysicalAddresses = TRUE;
	return StorPortInitialize(DriverObject, RegistryPath, &Data, NULL);
}
