/* SPDX-License-Identifier: MIT */
/* The adapter is found, started, interrupts, is reset, stopped and gone; see Multiqueue.h. */
#include <ntddk.h>
#include <storport.h>
#include <srbhelper.h>
#include <string.h>
#include "multiqueue.h"

#define ISR_CONFIG 2
#define WATCH_US 20000ULL

static HW_TIMER_EX Watch;
static HW_TIMER WatchOldStyle;

/* --- starting it --- */

static USHORT MessageOf(PADAPTER Adapter, ULONG Queue)
{
	return Adapter->Messages ? (USHORT)(Queue % Adapter->Messages) : VIRTIO_NO_MESSAGE;
}

/* Under the interrupt lock: empty rings, and the device is told of them. */
static BOOLEAN StartDevice(PADAPTER Adapter)
{
	ULONGLONG Features = VIRTIO_VERSION_1 | VIRTIO_INDIRECT;
	unsigned long Length;
	ULONG i;

	if (!TransportNegotiate(&Adapter->Transport, &Features))
		return FALSE;
	Adapter->Indirect = (BOOLEAN)((Features & VIRTIO_INDIRECT) != 0);
	if (Adapter->Messages)
		TransportSetConfigMessage(&Adapter->Transport, 0);
	for (i = 0; i < Adapter->Queues; i++) {
		PQUEUE Queue = &Adapter->Queue[i];
		STOR_PHYSICAL_ADDRESS Address = StorPortGetPhysicalAddress(Adapter, NULL, Queue->Memory, &Length);

		QueueInitialize(&Queue->Ring, Queue->Memory);
		Queue->Message = MessageOf(Adapter, i);
		if (!TransportStartQueue(&Adapter->Transport, &Queue->Ring, Address, Queue->Message))
			return FALSE;
	}
	TransportReady(&Adapter->Transport);
	return TRUE;
}

/* All that there is to be had, then less, then nothing. */
static VOID AskForPerfOpts(PADAPTER Adapter)
{
	const ULONG Wanted = STOR_PERF_DPC_REDIRECTION | STOR_PERF_CONCURRENT_CHANNELS | STOR_PERF_INTERRUPT_MESSAGE_RANGES |
			     STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO;
	PERF_CONFIGURATION_DATA Perf;
	ULONG Supported, Attempt;

	Adapter->Channels = Adapter->MessageRanges = FALSE;
	RtlZeroMemory(&Perf, sizeof(Perf));
	Perf.Version = STOR_PERF_VERSION;
	Perf.Size = sizeof(Perf);
	if (Adapter->PerfOff || StorPortInitializePerfOpts(Adapter, TRUE, &Perf) != STOR_STATUS_SUCCESS)
		return;
	Supported = Perf.Flags & Wanted;
	for (Attempt = 0; Attempt < 2; Attempt++) {
		Perf.Flags = Attempt == 0 ? Supported : Supported & STOR_PERF_CONCURRENT_CHANNELS;
		Perf.ConcurrentChannels = max(1UL, min(Perf.ConcurrentChannels, Adapter->Queues));
		Perf.FirstRedirectionMessageNumber = 0;
		Perf.LastRedirectionMessageNumber = Adapter->Messages ? min(Adapter->Messages, Adapter->Queues) - 1 : 0;
		if (Perf.Flags == 0 || StorPortInitializePerfOpts(Adapter, FALSE, &Perf) != STOR_STATUS_SUCCESS)
			continue;
		Adapter->Channels = (BOOLEAN)((Perf.Flags & STOR_PERF_CONCURRENT_CHANNELS) != 0);
		Adapter->MessageRanges = (BOOLEAN)((Perf.Flags & STOR_PERF_INTERRUPT_MESSAGE_RANGES) != 0);
		return;
	}
}

static VOID ArmWatch(PADAPTER Adapter)
{
	if (Adapter->Timer != NULL)
		StorPortRequestTimer(Adapter, Adapter->Timer, Watch, NULL, WATCH_US, 0);
	else
		StorPortNotification(RequestTimerCall, Adapter, WatchOldStyle, (ULONG)WATCH_US);
}

static VOID DisarmWatch(PADAPTER Adapter)
{
	if (Adapter->Timer != NULL)
		StorPortRequestTimer(Adapter, Adapter->Timer, Watch, NULL, 0, 0);
	else
		StorPortNotification(RequestTimerCall, Adapter, WatchOldStyle, (ULONG)0);
}

static VOID RecoveryDpcRoutine(IN PSTOR_DPC Dpc, IN PVOID DeviceExtension, IN PVOID SystemArgument1, IN PVOID SystemArgument2);

static BOOLEAN PassiveInitialize(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	ULONG i;

	for (i = 0; i < Adapter->Queues; i++)
		StorPortInitializeDpc(Adapter, &Adapter->Queue[i].Dpc, QueueDpc);
	StorPortInitializeDpc(Adapter, &Adapter->RecoveryDpc, RecoveryDpcRoutine);
	ArmWatch(Adapter);
	return TRUE;
}

static BOOLEAN HwInitialize(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	MESSAGE_INTERRUPT_INFORMATION Information;

	Adapter->Messages = 0;
	while (Adapter->Transport.Messages && Adapter->Messages < QUEUES_MAX &&
	       StorPortGetMSIInfo(Adapter, Adapter->Messages, &Information) == STOR_STATUS_SUCCESS)
		Adapter->Messages++;
	Adapter->LockEachMessage = (BOOLEAN)(Adapter->LockEachMessage && Adapter->Messages != 0);
	if (!StartDevice(Adapter))
		return FALSE;
	AskForPerfOpts(Adapter);
	return StorPortEnablePassiveInitialization(Adapter, PassiveInitialize);
}

/* --- interrupts --- */

static VOID Schedule(PADAPTER Adapter, PQUEUE Queue)
{
	QueueDisableInterrupts(&Queue->Ring);
	StorPortIssueDpc(Adapter, &Queue->Dpc, Queue, NULL);
}

static BOOLEAN HwInterrupt(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	UCHAR Reasons = TransportReadIsr(&Adapter->Transport);
	ULONG i;

	if (Reasons == 0)
		return FALSE;
	if (Reasons & ISR_CONFIG)
		StorPortIssueDpc(Adapter, &Adapter->RecoveryDpc, NULL, NULL);
	for (i = 0; i < Adapter->Queues; i++)
		Schedule(Adapter, &Adapter->Queue[i]);
	return TRUE;
}

/* The first one is the configuration's as well, and does not say which it is. */
static BOOLEAN HwMessageInterrupt(IN PVOID DeviceExtension, IN ULONG MessageId)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	BOOLEAN Found = FALSE;
	ULONG i;

	for (i = MessageId; i < Adapter->Queues; i += Adapter->Messages) {
		Found = (BOOLEAN)(Found || Adapter->Queue[i].Ring.Used->Index != Adapter->Queue[i].Ring.Seen);
		Schedule(Adapter, &Adapter->Queue[i]);
	}
	if (MessageId == 0 && !Found)
		StorPortIssueDpc(Adapter, &Adapter->RecoveryDpc, NULL, NULL);
	return TRUE;
}

/* An interrupt that never came holds up nobody for longer than this. StartIo's lock is held. */
static VOID Watch(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	ULONG i;

	UNREFERENCED_PARAMETER(Context);
	for (i = 0; i < Adapter->Queues && !Adapter->Gone; i++)
		StorPortIssueDpc(Adapter, &Adapter->Queue[i].Dpc, &Adapter->Queue[i], NULL);
	ArmWatch(Adapter);
}

static VOID WatchOldStyle(IN PVOID DeviceExtension)
{
	Watch(DeviceExtension, NULL);
}

/* --- reset --- */

/* What is finished is finished, whoever has been told; the rest is lost with the device's state. */
static BOOLEAN ResetUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	ULONG i;

	UNREFERENCED_PARAMETER(Context);
	for (i = 0; i < Adapter->Queues && !Adapter->Gone; i++)
		CompleteFinished(Adapter, &Adapter->Queue[i], ~0UL);
	Adapter->Gone = (BOOLEAN)!TransportReset(&Adapter->Transport);
	for (i = 0; i < Adapter->Queues; i++)
		CompleteUnfinished(Adapter, &Adapter->Queue[i], Adapter->Gone ? SRB_STATUS_NO_DEVICE : SRB_STATUS_BUS_RESET);
	if (!Adapter->Gone && !StartDevice(Adapter))
		Adapter->Gone = TRUE;
	return (BOOLEAN)!Adapter->Gone;
}

static BOOLEAN HwResetBus(IN PVOID DeviceExtension, IN ULONG PathId)
{
	UNREFERENCED_PARAMETER(PathId);
	return StorPortSynchronizeAccess(DeviceExtension, ResetUnderLock, NULL);
}

static VOID HwStateChange(IN PVOID DeviceExtension, IN PVOID Context, IN SHORT AddressType, IN PVOID Address, IN ULONG Status)
{
	((PADAPTER)DeviceExtension)->Changes += Status == STOR_STATUS_SUCCESS && AddressType == STOR_ADDRESS_TYPE_BTL8;
}

static BOOLEAN RecoverUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	/* One that is gone reads as all ones. */
	if (Adapter->Gone || !(TransportStatus(&Adapter->Transport) & VIRTIO_NEEDS_RESET))
		return FALSE;
	StorPortNotification(ResetDetected, Adapter, 0);
	ResetUnderLock(DeviceExtension, Context);
	return TRUE;
}

static VOID RecoveryDpcRoutine(IN PSTOR_DPC Dpc, IN PVOID DeviceExtension, IN PVOID SystemArgument1, IN PVOID SystemArgument2)
{
	STOR_ADDR_BTL8 Address = { STOR_ADDRESS_TYPE_BTL8, 0, STOR_ADDR_BTL8_ADDRESS_LENGTH };

	if (StorPortSynchronizeAccess(DeviceExtension, RecoverUnderLock, NULL))
		StorPortStateChangeDetected(DeviceExtension, STATE_CHANGE_LUN, (PSTOR_ADDRESS)&Address, 0, HwStateChange, NULL);
}

/* --- control --- */

static SCSI_ADAPTER_CONTROL_STATUS
HwAdapterControl(IN PVOID DeviceExtension, IN SCSI_ADAPTER_CONTROL_TYPE ControlType, IN PVOID Parameters)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST List = (PSCSI_SUPPORTED_CONTROL_TYPE_LIST)Parameters;

	switch (ControlType) {
	case ScsiQuerySupportedControlTypes:
		List->SupportedTypeList[ScsiQuerySupportedControlTypes] = TRUE;
		List->SupportedTypeList[ScsiStopAdapter] = TRUE;
		List->SupportedTypeList[ScsiRestartAdapter] = TRUE;
		if (List->MaxControlType > ScsiAdapterSurpriseRemoval)
			List->SupportedTypeList[ScsiAdapterSurpriseRemoval] = TRUE;
		return ScsiAdapterControlSuccess;
	case ScsiStopAdapter:
		DisarmWatch(Adapter);
		TransportReset(&Adapter->Transport);
		return ScsiAdapterControlSuccess;
	case ScsiRestartAdapter:
		if (!StartDevice(Adapter))
			return ScsiAdapterControlUnsuccessful;
		ArmWatch(Adapter);
		return ScsiAdapterControlSuccess;
	case ScsiAdapterSurpriseRemoval:
		DisarmWatch(Adapter);
		Adapter->Gone = TRUE;
		return ScsiAdapterControlSuccess;
	default:
		return ScsiAdapterControlUnsuccessful;
	}
}

static SCSI_UNIT_CONTROL_STATUS
HwUnitControl(IN PVOID DeviceExtension, IN SCSI_UNIT_CONTROL_TYPE ControlType, IN PVOID Parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST List = (PSCSI_SUPPORTED_CONTROL_TYPE_LIST)Parameters;

	if (ControlType == ScsiQuerySupportedUnitControlTypes)
		List->SupportedTypeList[ScsiUnitStart] = TRUE;
	else if (ControlType != ScsiUnitStart)
		return ScsiUnitControlUnsuccessful;
	return ScsiUnitControlSuccess;
}

/* --- finding it --- */

/* The registry may allow fewer than the device has. */
static ULONG QueueLimit(PADAPTER Adapter)
{
	ULONG Length = sizeof(ULONG), Limit = QUEUES_MAX;
	PUCHAR Buffer = StorPortAllocateRegistryBuffer(Adapter, &Length);

	if (Buffer == NULL)
		return Limit;
	if (StorPortRegistryRead(Adapter, (PUCHAR)"QueueLimit", 1, MINIPORT_REG_DWORD, Buffer, &Length) && Length == sizeof(ULONG))
		Limit = max(1UL, *(PULONG)Buffer);
	StorPortFreeRegistryBuffer(Adapter, Buffer);
	return Limit;
}

/* Rings in the uncached extension, of which there is one; the rest in pool. */
static BOOLEAN AllocateQueues(PADAPTER Adapter, PPORT_CONFIGURATION_INFORMATION Config)
{
	ULONG Bytes = 0, i;
	PUCHAR Memory;
	PVOID Pool;

	if (StorPortAllocatePool(Adapter, Adapter->Queues * sizeof(QUEUE), POOL_TAG, &Pool) != STOR_STATUS_SUCCESS)
		return FALSE;
	RtlZeroMemory(Pool, Adapter->Queues * sizeof(QUEUE));
	Adapter->Queue = (PQUEUE)Pool;
	for (i = 0; i < Adapter->Queues; i++) {
		PVIRTQUEUE Ring = &Adapter->Queue[i].Ring;

		Ring->Number = (USHORT)(FIRST_REQUEST_QUEUE + i);
		Ring->Size = TransportQueueSize(&Adapter->Transport, Ring->Number);
		if (Ring->Size == 0 || Ring->Size > QUEUE_SIZE_MAX)
			return FALSE;
		Bytes += QueueBytes(Ring->Size);
	}
	Memory = (PUCHAR)StorPortGetUncachedExtension(Adapter, Config, Bytes);
	for (i = 0; Memory != NULL && i < Adapter->Queues; i++) {
		Adapter->Queue[i].Memory = Memory;
		Memory += QueueBytes(Adapter->Queue[i].Ring.Size);
	}
	return (BOOLEAN)(Memory != NULL);
}

static BOOLEAN Says(PCHAR ArgumentString, const CHAR *What)
{
	return (BOOLEAN)(ArgumentString != NULL && strstr(ArgumentString, What) != NULL);
}

static VOID Configure(PADAPTER Adapter, PPORT_CONFIGURATION_INFORMATION Config, PCHAR ArgumentString)
{
	Config->NumberOfBuses = 1;
	Config->MaximumNumberOfTargets = 1;
	Config->MaximumNumberOfLogicalUnits = 8;
	Config->MaximumTransferLength = 1024 * 1024;
	Config->NumberOfPhysicalBreaks = SEGMENTS_MAX - 3;
	Config->AlignmentMask = 3;
	Config->SynchronizationModel = StorSynchronizeFullDuplex;
	Config->VirtualDevice = FALSE;
	Config->SrbType = Says(ArgumentString, "srb=classic") ? SRB_TYPE_SCSI_REQUEST_BLOCK : SRB_TYPE_STORAGE_REQUEST_BLOCK;
	Config->AddressType = STORAGE_ADDRESS_TYPE_BTL8;
	Adapter->PerfOff = Says(ArgumentString, "perf=off");
	if (!Adapter->Transport.Messages)
		return;
	Adapter->LockEachMessage = (BOOLEAN)!Says(ArgumentString, "messages=all");
	Config->HwMSInterruptRoutine = HwMessageInterrupt;
	Config->InterruptSynchronizationMode = Adapter->LockEachMessage ? InterruptSynchronizePerMessage : InterruptSynchronizeAll;
}

static ULONG HwFindAdapter(IN PVOID DeviceExtension, IN PVOID HwContext, IN PVOID BusInformation, IN PCHAR ArgumentString,
			   IN OUT PPORT_CONFIGURATION_INFORMATION Config, OUT PBOOLEAN Again)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	*Again = FALSE;
	if (!TransportMap(&Adapter->Transport, Adapter, Config))
		return SP_RETURN_BAD_CONFIG;
	if (!TransportReset(&Adapter->Transport))
		return SP_RETURN_ERROR;
	Adapter->Queues = min(TransportRequestQueues(&Adapter->Transport), QueueLimit(Adapter));
	if (!AllocateQueues(Adapter, Config))
		return SP_RETURN_ERROR;
	if (StorPortInitializeTimer(Adapter, &Adapter->Timer) != STOR_STATUS_SUCCESS)
		Adapter->Timer = NULL;
	Configure(Adapter, Config, ArgumentString);
	return SP_RETURN_FOUND;
}

ULONG
DriverEntry(
	IN PVOID DriverObject,
	IN PVOID RegistryPath
	)
{
	HW_INITIALIZATION_DATA Data = { 0 };

	Data.HwInitializationDataSize = sizeof(HW_INITIALIZATION_DATA);
	Data.AdapterInterfaceType = PCIBus;
	Data.HwFindAdapter = HwFindAdapter;
	Data.HwInitialize = HwInitialize;
	Data.HwBuildIo = HwBuildIo;
	Data.HwStartIo = HwStartIo;
	Data.HwInterrupt = HwInterrupt;
	Data.HwResetBus = HwResetBus;
	Data.HwAdapterControl = HwAdapterControl;
	Data.HwUnitControl = HwUnitControl;
	Data.DeviceExtensionSize = sizeof(ADAPTER);
	Data.SrbExtensionSize = sizeof(REQUEST);
	Data.NumberOfAccessRanges = PCI_TYPE0_ADDRESSES;
	Data.MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	Data.NeedPhysicalAddresses = TRUE;
	Data.TaggedQueuing = TRUE;
	Data.AutoRequestSense = TRUE;
	Data.MultipleRequestPerLu = TRUE;
	Data.SrbTypeFlags = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	Data.AddressTypeFlags = ADDRESS_TYPE_FLAG_BTL8;
	return StorPortInitialize(DriverObject, RegistryPath, &Data, NULL);
}
