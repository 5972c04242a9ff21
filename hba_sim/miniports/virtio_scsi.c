/* SPDX-License-Identifier: MIT */
/*
 * The virtio SCSI miniport; see virtio_scsi.h.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.4.8 (legacy PCI
 * interface) and 5.6 (SCSI host device).
 */
#include "hba_sim/miniports/virtio_scsi.h"

#include "hba_sim/miniports/virtio_scsi_ring.h"

#define REG_QUEUE_PFN 0x08
#define REG_QUEUE_SIZE 0x0c
#define REG_QUEUE_SELECT 0x0e
#define REG_QUEUE_NOTIFY 0x10
#define REG_STATUS 0x12
#define REG_ISR 0x13
#define REGISTER_BYTES 0x40

#define STATUS_ACKNOWLEDGE_BIT 1
#define STATUS_DRIVER_BIT 2
#define STATUS_DRIVER_OK_BIT 4

#define REQUEST_QUEUE 2
#define QUEUE_SIZE_MAX 1024
#define CDB_BYTES 32
#define SENSE_BYTES 96
#define RESPONSE_OK 0

#pragma pack(push, 1)
typedef struct _COMMAND_REQUEST {
	UCHAR Lun[8];
	ULONGLONG Tag;
	UCHAR TaskAttribute;
	UCHAR Priority;
	UCHAR Crn;
	UCHAR Cdb[CDB_BYTES];
} COMMAND_REQUEST;

typedef struct _COMMAND_RESPONSE {
	ULONG SenseLength;
	ULONG Residual;
	USHORT StatusQualifier;
	UCHAR Status;
	UCHAR Response;
	UCHAR Sense[SENSE_BYTES];
} COMMAND_RESPONSE;
#pragma pack(pop)

/* Lives with the SRB; the device reads and writes the first two. */
typedef struct _SRB_EXTENSION {
	COMMAND_REQUEST Request;
	COMMAND_RESPONSE Response;
	RING_SEGMENT Segment[3];
	USHORT SegmentCount;
} SRB_EXTENSION, *PSRB_EXTENSION;

typedef struct _DEVICE_EXTENSION {
	PUCHAR Registers;
	PVOID RingMemory;
	RING Ring;
	BOOLEAN CompleteInDpc;
	STOR_DPC CompletionDpc;
	PSCSI_REQUEST_BLOCK Drained; /* completion=dpc: taken off the ring and not yet reported, first in first */
	PSCSI_REQUEST_BLOCK DrainedLast;
	PVOID Cookie[QUEUE_SIZE_MAX];
} DEVICE_EXTENSION, *PDEVICE_EXTENSION;

static ULONG PhysicalLow(PVOID Extension, PVOID Address)
{
	ULONG Length;

	return StorPortGetPhysicalAddress(Extension, NULL, Address, &Length).LowPart;
}

/* "name=value" in the argument string, at its start or behind a separator. */
static BOOLEAN HasArgument(PCHAR Arguments, const CHAR *Wanted)
{
	return Arguments && strstr(Arguments, Wanted) != NULL;
}

static VOID CompletionDpcRoutine(PSTOR_DPC Dpc, PVOID Extension, PVOID Argument1, PVOID Argument2);

static ULONG FindAdapter(PVOID Extension, PVOID HwContext, PVOID BusInformation, PCHAR ArgumentString,
			 PPORT_CONFIGURATION_INFORMATION ConfigInfo, PBOOLEAN Again)
{
	PDEVICE_EXTENSION Device = Extension;
	ACCESS_RANGE *Range = &(*ConfigInfo->AccessRanges)[0];
	USHORT Size;

	*Again = FALSE;
	if (Range->RangeLength < REGISTER_BYTES)
		return SP_RETURN_BAD_CONFIG;
	Device->Registers = StorPortGetDeviceBase(Extension, ConfigInfo->AdapterInterfaceType, ConfigInfo->SystemIoBusNumber,
						  Range->RangeStart, Range->RangeLength, !Range->RangeInMemory);
	if (!Device->Registers)
		return SP_RETURN_ERROR;
	StorPortWritePortUchar(Extension, Device->Registers + REG_STATUS, 0);
	StorPortWritePortUshort(Extension, (PUSHORT)(Device->Registers + REG_QUEUE_SELECT), REQUEST_QUEUE);
	Size = StorPortReadPortUshort(Extension, (PUSHORT)(Device->Registers + REG_QUEUE_SIZE));
	if (!Size || Size > QUEUE_SIZE_MAX)
		return SP_RETURN_NOT_FOUND;
	Device->RingMemory = StorPortGetUncachedExtension(Extension, ConfigInfo, RingBytes(Size));
	if (!Device->RingMemory)
		return SP_RETURN_ERROR;
	Device->Ring.Size = Size;
	Device->CompleteInDpc = HasArgument(ArgumentString, "completion=dpc");

	ConfigInfo->NumberOfBuses = 1;
	ConfigInfo->MaximumNumberOfTargets = 1;
	ConfigInfo->MaximumNumberOfLogicalUnits = 1;
	ConfigInfo->MaximumTransferLength = 16 * 1024 * 1024;
	ConfigInfo->NumberOfPhysicalBreaks = 1;
	ConfigInfo->ScatterGather = TRUE;
	ConfigInfo->Master = TRUE;
	ConfigInfo->CachesData = FALSE;
	ConfigInfo->MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	ConfigInfo->SynchronizationModel = StorSynchronizeFullDuplex;
	return SP_RETURN_FOUND;
}

static BOOLEAN PassiveInitialize(PVOID Extension)
{
	PDEVICE_EXTENSION Device = Extension;

	StorPortInitializeDpc(Extension, &Device->CompletionDpc, CompletionDpcRoutine);
	return TRUE;
}

/* StartIo may run on every CPU at once: all that it shares is posted under the interrupt lock. */
static VOID AskForConcurrentChannels(PVOID Extension)
{
	PERF_CONFIGURATION_DATA Perf = { .Version = STOR_PERF_VERSION, .Size = sizeof(PERF_CONFIGURATION_DATA) };

	if (StorPortInitializePerfOpts(Extension, TRUE, &Perf) != STOR_STATUS_SUCCESS ||
	    !(Perf.Flags & STOR_PERF_CONCURRENT_CHANNELS))
		return;
	Perf.Flags = STOR_PERF_CONCURRENT_CHANNELS;
	StorPortInitializePerfOpts(Extension, FALSE, &Perf);
}

/* An empty ring, and the device told of it; under the interrupt lock. */
static VOID StartDevice(PVOID Extension)
{
	PDEVICE_EXTENSION Device = Extension;

	RingInitialize(&Device->Ring, Device->Ring.Size, Device->RingMemory, Device->Cookie);
	StorPortWritePortUchar(Extension, Device->Registers + REG_STATUS, STATUS_ACKNOWLEDGE_BIT | STATUS_DRIVER_BIT);
	StorPortWritePortUshort(Extension, (PUSHORT)(Device->Registers + REG_QUEUE_SELECT), REQUEST_QUEUE);
	StorPortWritePortUlong(Extension, (PULONG)(Device->Registers + REG_QUEUE_PFN),
			       PhysicalLow(Extension, Device->RingMemory) >> PAGE_SHIFT);
	StorPortWritePortUchar(Extension, Device->Registers + REG_STATUS,
			       STATUS_ACKNOWLEDGE_BIT | STATUS_DRIVER_BIT | STATUS_DRIVER_OK_BIT);
}

static BOOLEAN Initialize(PVOID Extension)
{
	PDEVICE_EXTENSION Device = Extension;

	StartDevice(Extension);
	AskForConcurrentChannels(Extension);
	if (Device->CompleteInDpc)
		return StorPortEnablePassiveInitialization(Extension, PassiveInitialize);
	return TRUE;
}

/* Request and response apart, data between where the direction wants it. */
static VOID BuildSegments(PVOID Extension, PSCSI_REQUEST_BLOCK Srb, PSRB_EXTENSION SrbExtension)
{
	PSTOR_SCATTER_GATHER_LIST List = NULL;
	ULONG Address = PhysicalLow(Extension, SrbExtension);
	PRING_SEGMENT Segment = SrbExtension->Segment;
	USHORT Count = 0;

	if (Srb->SrbFlags & (SRB_FLAGS_DATA_IN | SRB_FLAGS_DATA_OUT))
		List = StorPortGetScatterGatherList(Extension, Srb);
	Segment[Count++] = (RING_SEGMENT){ Address, sizeof(COMMAND_REQUEST), FALSE };
	if (List && (Srb->SrbFlags & SRB_FLAGS_DATA_OUT))
		Segment[Count++] = (RING_SEGMENT){ (ULONGLONG)List->List[0].PhysicalAddress.QuadPart, List->List[0].Length, FALSE };
	Segment[Count++] = (RING_SEGMENT){ Address + FIELD_OFFSET(SRB_EXTENSION, Response), sizeof(COMMAND_RESPONSE), TRUE };
	if (List && !(Srb->SrbFlags & SRB_FLAGS_DATA_OUT))
		Segment[Count++] = (RING_SEGMENT){ (ULONGLONG)List->List[0].PhysicalAddress.QuadPart, List->List[0].Length, TRUE };
	SrbExtension->SegmentCount = Count;
}

static BOOLEAN BuildIo(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	PSRB_EXTENSION SrbExtension = Srb->SrbExtension;
	COMMAND_REQUEST *Request = &SrbExtension->Request;

	if (Srb->Function != SRB_FUNCTION_EXECUTE_SCSI) {
		Srb->SrbStatus = Srb->Function == SRB_FUNCTION_FLUSH || Srb->Function == SRB_FUNCTION_SHUTDOWN ?
					 SRB_STATUS_SUCCESS : SRB_STATUS_INVALID_REQUEST;
		StorPortNotification(RequestComplete, Extension, Srb);
		return FALSE;
	}
	RtlZeroMemory(Request, sizeof(*Request));
	Request->Lun[0] = 1;
	Request->Lun[1] = Srb->TargetId;
	Request->Lun[2] = 0x40;
	Request->Lun[3] = Srb->Lun;
	Request->Tag = (ULONG_PTR)Srb;
	RtlCopyMemory(Request->Cdb, Srb->Cdb, sizeof(Srb->Cdb));
	BuildSegments(Extension, Srb, SrbExtension);
	return TRUE;
}

/* Under the interrupt lock. */
static BOOLEAN PostSrb(PVOID Extension, PVOID Context)
{
	PDEVICE_EXTENSION Device = Extension;
	PSCSI_REQUEST_BLOCK Srb = Context;
	PSRB_EXTENSION SrbExtension = Srb->SrbExtension;

	if (!RingPost(&Device->Ring, SrbExtension->Segment, SrbExtension->SegmentCount, Srb))
		return FALSE;
	StorPortWritePortUshort(Extension, (PUSHORT)(Device->Registers + REG_QUEUE_NOTIFY), REQUEST_QUEUE);
	return TRUE;
}

static BOOLEAN StartIo(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	if (!StorPortSynchronizeAccess(Extension, PostSrb, Srb)) {
		Srb->SrbStatus = SRB_STATUS_BUSY;
		StorPortNotification(RequestComplete, Extension, Srb);
	}
	return TRUE;
}

static VOID CopySense(PSCSI_REQUEST_BLOCK Srb, const COMMAND_RESPONSE *Response)
{
	ULONG Length = Response->SenseLength;

	if (!Srb->SenseInfoBuffer || !Length)
		return;
	if (Length > Srb->SenseInfoBufferLength)
		Length = Srb->SenseInfoBufferLength;
	if (Length > SENSE_BYTES)
		Length = SENSE_BYTES;
	RtlCopyMemory(Srb->SenseInfoBuffer, Response->Sense, Length);
	Srb->SrbStatus |= SRB_STATUS_AUTOSENSE_VALID;
}

static VOID ReportCompletion(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	const COMMAND_RESPONSE *Response = &((PSRB_EXTENSION)Srb->SrbExtension)->Response;

	Srb->ScsiStatus = Response->Status;
	if (Response->Response != RESPONSE_OK) {
		Srb->SrbStatus = SRB_STATUS_NO_DEVICE;
	} else if (Response->Status != SCSISTAT_GOOD) {
		Srb->SrbStatus = SRB_STATUS_ERROR;
		CopySense(Srb, Response);
	} else if (Response->Residual && Response->Residual <= Srb->DataTransferLength) {
		Srb->SrbStatus = SRB_STATUS_DATA_OVERRUN;
		Srb->DataTransferLength -= Response->Residual;
	} else {
		Srb->SrbStatus = SRB_STATUS_SUCCESS;
	}
	StorPortNotification(RequestComplete, Extension, Srb);
}

/* Under the interrupt lock: keeps a completion for the DPC. */
static VOID AppendDrained(PDEVICE_EXTENSION Device, PSCSI_REQUEST_BLOCK Srb)
{
	Srb->NextSrb = NULL;
	if (Device->Drained)
		Device->DrainedLast->NextSrb = Srb;
	else
		Device->Drained = Srb;
	Device->DrainedLast = Srb;
}

static BOOLEAN Interrupt(PVOID Extension)
{
	PDEVICE_EXTENSION Device = Extension;
	PSCSI_REQUEST_BLOCK Srb;

	/* Reading it takes the level-triggered line down; anything published later raises it again. */
	if (!StorPortReadPortUchar(Extension, Device->Registers + REG_ISR))
		return FALSE;
	while ((Srb = RingTake(&Device->Ring)) != NULL) {
		if (Device->CompleteInDpc)
			AppendDrained(Device, Srb);
		else
			ReportCompletion(Extension, Srb);
	}
	if (Device->Drained)
		StorPortIssueDpc(Extension, &Device->CompletionDpc, NULL, NULL);
	return TRUE;
}

static VOID CompletionDpcRoutine(PSTOR_DPC Dpc, PVOID Extension, PVOID Argument1, PVOID Argument2)
{
	PDEVICE_EXTENSION Device = Extension;
	STOR_LOCK_HANDLE Handle;

	StorPortAcquireSpinLock(Extension, InterruptLock, NULL, &Handle);
	while (Device->Drained) {
		PSCSI_REQUEST_BLOCK Srb = Device->Drained;

		Device->Drained = Srb->NextSrb;
		StorPortReleaseSpinLock(Extension, &Handle);
		ReportCompletion(Extension, Srb);
		StorPortAcquireSpinLock(Extension, InterruptLock, NULL, &Handle);
	}
	StorPortReleaseSpinLock(Extension, &Handle);
}

static BOOLEAN CompleteAllAfterReset(PVOID Extension, PVOID Context)
{
	PDEVICE_EXTENSION Device = Extension;
	USHORT Size = Device->Ring.Size;

	/* The device forgets what it had; every request that it had is reported as reset. */
	StorPortWritePortUchar(Extension, Device->Registers + REG_STATUS, 0);
	for (USHORT i = 0; i < Size; i++) {
		PSCSI_REQUEST_BLOCK Srb = Device->Cookie[i];

		Device->Cookie[i] = NULL;
		if (Srb) {
			Srb->SrbStatus = SRB_STATUS_BUS_RESET;
			StorPortNotification(RequestComplete, Extension, Srb);
		}
	}
	RtlZeroMemory(Device->RingMemory, RingBytes(Size));
	StartDevice(Extension);
	return TRUE;
}

static BOOLEAN ResetBus(PVOID Extension, ULONG PathId)
{
	return StorPortSynchronizeAccess(Extension, CompleteAllAfterReset, NULL);
}

static SCSI_ADAPTER_CONTROL_STATUS AdapterControl(PVOID Extension, SCSI_ADAPTER_CONTROL_TYPE ControlType, PVOID Parameters)
{
	PDEVICE_EXTENSION Device = Extension;
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST List = Parameters;

	switch (ControlType) {
	case ScsiQuerySupportedControlTypes:
		for (ULONG i = 0; i < List->MaxControlType; i++)
			List->SupportedTypeList[i] = i == ScsiQuerySupportedControlTypes || i == ScsiStopAdapter;
		return ScsiAdapterControlSuccess;
	case ScsiStopAdapter:
		StorPortWritePortUchar(Extension, Device->Registers + REG_STATUS, 0);
		return ScsiAdapterControlSuccess;
	default:
		return ScsiAdapterControlUnsuccessful;
	}
}

ULONG VirtioScsiDriverEntry(PVOID DriverObject, PVOID RegistryPath)
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
	Data.DeviceExtensionSize = sizeof(DEVICE_EXTENSION);
	Data.SrbExtensionSize = sizeof(SRB_EXTENSION);
	Data.NumberOfAccessRanges = 1;
	Data.MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	Data.TaggedQueuing = TRUE;
	Data.AutoRequestSense = TRUE;
	Data.MultipleRequestPerLu = TRUE;
	Data.NeedPhysicalAddresses = TRUE;
	return StorPortInitialize(DriverObject, RegistryPath, &Data, NULL);
}
