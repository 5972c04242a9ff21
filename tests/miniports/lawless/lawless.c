/* SPDX-License-Identifier: MIT */
/*
 * A miniport that breaks one rule of the StorPort interface, the one that its argument string names, and none when it names none.
 * Apart from that it drives a legacy virtio SCSI adapter as ring2012 does, whose ring it uses.
 *
 * Where a rule is broken the line says "breaks" and its name: that is the place at which it has to be reported.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.4.8 (legacy PCI interface) and 5.6 (SCSI host device).
 */
#include <ntddk.h>
#include <storport.h>

#include "Ring.h"

#define REGISTER_QUEUE_ADDRESS 0x08
#define REGISTER_QUEUE_SIZE 0x0c
#define REGISTER_QUEUE_SELECT 0x0e
#define REGISTER_QUEUE_NOTIFY 0x10
#define REGISTER_STATUS 0x12
#define REGISTER_INTERRUPT 0x13
#define REGISTER_QUEUE_MESSAGE 0x16 /* with messages only */
#define REGISTERS 0x40

#define STATUS_SEEN 1
#define STATUS_DRIVER 2
#define STATUS_READY 4

#define REQUESTS 2
#define PIECES_MAX 3
#define POOL_BYTES 64
#define LONG_US 200
/* What exceeds a limit in time only now and then may be the machine's doing. */
#define LIMIT_TIMES 16

#pragma pack(push, 1)
typedef struct _REQUEST {
	UCHAR Lun[8];
	ULONGLONG Tag;
	UCHAR Attribute, Priority, Crn;
	UCHAR Cdb[32];
} REQUEST;

typedef struct _RESPONSE {
	ULONG SenseLength;
	ULONG Residual;
	USHORT Qualifier;
	UCHAR Status;
	UCHAR Response;
	UCHAR Sense[96];
} RESPONSE;
#pragma pack(pop)

typedef struct _SRB_DATA {
	REQUEST Request;
	RESPONSE Response;
	PIECE Piece[PIECES_MAX];
	USHORT Pieces;
} SRB_DATA, *PSRB_DATA;

typedef struct _ADAPTER {
	PUCHAR Base;
	PVOID Memory;
	RING Ring;
	BOOLEAN Messages;
	CHAR Rule[32];
	LONG Times;
	PSCSI_REQUEST_BLOCK Late; /* to be reported after a reset */
	STOR_DPC Dpc, LateDpc;
	STOR_LOCK_HANDLE Leaked;
	ULONG Seed;
} ADAPTER, *PADAPTER;

static volatile ULONG Sink;

/* Whether the rule is the one to break, and it is time to. */
static BOOLEAN Breaks(PADAPTER Adapter, const CHAR *Rule)
{
	if (strcmp(Adapter->Rule, Rule) != 0)
		return FALSE;
	return (BOOLEAN)(InterlockedDecrement(&Adapter->Times) >= 0);
}

static BOOLEAN Nothing(IN PVOID DeviceExtension, IN PVOID Context)
{
	UNREFERENCED_PARAMETER(DeviceExtension);
	UNREFERENCED_PARAMETER(Context);
	return TRUE;
}

/* --- rules that are broken in HwStorBuildIo --- */

static VOID BreakLocks(PADAPTER Adapter)
{
	STOR_LOCK_HANDLE First, Second;

	RtlZeroMemory(&First, sizeof(First));
	if (Breaks(Adapter, "lock-recursive")) {
		StorPortAcquireSpinLock(Adapter, InterruptLock, NULL, &First);
		StorPortAcquireSpinLock(Adapter, InterruptLock, NULL, &Second); /* breaks lock-recursive */
		StorPortReleaseSpinLock(Adapter, &Second);
		StorPortReleaseSpinLock(Adapter, &First);
	}
	if (Breaks(Adapter, "lock-order")) {
		StorPortAcquireSpinLock(Adapter, InterruptLock, NULL, &First);
		StorPortAcquireSpinLock(Adapter, StartIoLock, NULL, &Second); /* breaks lock-order */
		StorPortReleaseSpinLock(Adapter, &Second);
		StorPortReleaseSpinLock(Adapter, &First);
	}
	if (Breaks(Adapter, "lock-not-held"))
		StorPortReleaseSpinLock(Adapter, &First); /* breaks lock-not-held */
	if (Breaks(Adapter, "lock-leaked"))
		StorPortAcquireSpinLock(Adapter, DpcLock, &Adapter->LateDpc, &Adapter->Leaked); /* breaks lock-leaked */
	if (Breaks(Adapter, "lock-too-long")) {
		StorPortAcquireSpinLock(Adapter, DpcLock, &Adapter->Dpc, &First); /* breaks lock-too-long */
		StorPortStallExecution(LONG_US);
		StorPortReleaseSpinLock(Adapter, &First);
	}
	Sink++;
}

static VOID BreakMessageLocks(PADAPTER Adapter)
{
	ULONG First, Second;

	if (Breaks(Adapter, "msi-lock-mode"))
		StorPortAcquireMSISpinLock(Adapter, 0, &First); /* breaks msi-lock-mode */
	if (Breaks(Adapter, "msi-lock-message"))
		StorPortAcquireMSISpinLock(Adapter, 99, &First); /* breaks msi-lock-message */
	if (Breaks(Adapter, "msi-lock-order")) {
		StorPortAcquireMSISpinLock(Adapter, 1, &First);
		StorPortAcquireMSISpinLock(Adapter, 0, &Second); /* breaks msi-lock-order */
		StorPortReleaseMSISpinLock(Adapter, 0, Second);
		StorPortReleaseMSISpinLock(Adapter, 1, First);
	}
	Sink++;
}

static VOID BreakPool(PADAPTER Adapter)
{
	volatile UCHAR *Bytes;
	PVOID Pool = NULL;

	if (StorPortAllocatePool(Adapter, POOL_BYTES, 'wLaw', &Pool) != STOR_STATUS_SUCCESS)
		return;
	Bytes = (volatile UCHAR *)Pool;
	if (Breaks(Adapter, "pool-overrun"))
		Bytes[POOL_BYTES] = 1; /* breaks pool-overrun */
	StorPortFreePool(Adapter, Pool);
	if (Breaks(Adapter, "pool-freed"))
		Bytes[0] = 1; /* breaks pool-freed */
	if (Breaks(Adapter, "pool-bad-free"))
		StorPortFreePool(Adapter, Pool); /* breaks pool-bad-free */
	Sink++;
}

/* Releases with an IRQL that is not the one that it acquired at. */
static BOOLEAN BreakIrql(PADAPTER Adapter)
{
	STOR_LOCK_HANDLE Handle;

	StorPortAcquireSpinLock(Adapter, DpcLock, &Adapter->Dpc, &Handle);
	if (Breaks(Adapter, "irql-changed"))
		Handle.Context.OldIrql = DISPATCH_LEVEL + 1;
	StorPortReleaseSpinLock(Adapter, &Handle);
	return TRUE;
}

static VOID BreakOthers(PADAPTER Adapter)
{
	if (Breaks(Adapter, "call-context"))
		StorPortGetBusData(Adapter, PCIConfiguration, 0, 0, &Adapter->Seed, sizeof(Adapter->Seed)); /* breaks call-context */
	if (Breaks(Adapter, "stall-too-long"))
		StorPortStallExecution(1000); /* breaks stall-too-long */
	Sink++;
}

/* --- the adapter --- */

static VOID LateDpcRoutine(PSTOR_DPC Dpc, PVOID DeviceExtension, PVOID First, PVOID Second)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	UNREFERENCED_PARAMETER(Dpc);
	while (Adapter->Late != NULL) {
		PSCSI_REQUEST_BLOCK Srb = Adapter->Late;

		Adapter->Late = Srb->NextSrb;
		StorPortNotification(RequestComplete, DeviceExtension, Srb); /* breaks srb-after-reset */
	}
}

static VOID StopDpcRoutine(PSTOR_DPC Dpc, PVOID DeviceExtension, PVOID First, PVOID Second) /* breaks dpc-after-stop */
{
	Sink++;
}

static BOOLEAN PassiveInitialize(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	StorPortInitializeDpc(DeviceExtension, &Adapter->Dpc, StopDpcRoutine);
	StorPortInitializeDpc(DeviceExtension, &Adapter->LateDpc, LateDpcRoutine);
	return TRUE;
}

static BOOLEAN StartDevice(PADAPTER Adapter)
{
	unsigned long Length;
	STOR_PHYSICAL_ADDRESS Address;

	RingReset(&Adapter->Ring, Adapter->Ring.Entries, Adapter->Memory);
	Address = StorPortGetPhysicalAddress(Adapter, NULL, Adapter->Memory, &Length);
	StorPortWritePortUchar(Adapter, Adapter->Base + REGISTER_STATUS, STATUS_SEEN | STATUS_DRIVER);
	StorPortWritePortUshort(Adapter, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_SELECT), REQUESTS);
	StorPortWritePortUlong(Adapter, (PULONG)(Adapter->Base + REGISTER_QUEUE_ADDRESS), (ULONG)(Address.QuadPart / RING_PAGE));
	if (Adapter->Messages)
		StorPortWritePortUshort(Adapter, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_MESSAGE), 0);
	StorPortWritePortUchar(Adapter, Adapter->Base + REGISTER_STATUS, STATUS_SEEN | STATUS_DRIVER | STATUS_READY);
	return TRUE;
}

static BOOLEAN Initialize(IN PVOID DeviceExtension)
{
	StartDevice((PADAPTER)DeviceExtension);
	return StorPortEnablePassiveInitialization(DeviceExtension, PassiveInitialize);
}

/* --- a request --- */

static VOID AddPiece(PSRB_DATA Data, LONGLONG Address, ULONG Length, BOOLEAN DeviceWrites)
{
	PPIECE Piece = &Data->Piece[Data->Pieces++];

	Piece->Address = (ULONGLONG)Address;
	Piece->Length = Length;
	Piece->DeviceWrites = DeviceWrites;
}

static VOID AddBuffer(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb, PSRB_DATA Data, ULONG Direction)
{
	PSTOR_SCATTER_GATHER_LIST List;

	if ((Srb->SrbFlags & (SRB_FLAGS_DATA_IN | SRB_FLAGS_DATA_OUT)) != Direction)
		return;
	List = StorPortGetScatterGatherList(DeviceExtension, Srb);
	if (List != NULL)
		AddPiece(Data, List->List[0].PhysicalAddress.QuadPart, List->List[0].Length, (BOOLEAN)(Direction == SRB_FLAGS_DATA_IN));
}

static VOID Prepare(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb)
{
	PSRB_DATA Data = (PSRB_DATA)Srb->SrbExtension;
	unsigned long Length;

	RtlZeroMemory(Data, sizeof(*Data));
	Data->Request.Lun[0] = 1;
	Data->Request.Lun[1] = Srb->TargetId;
	Data->Request.Lun[2] = 0x40;
	Data->Request.Lun[3] = Srb->Lun;
	Data->Request.Tag = (ULONG_PTR)Srb;
	RtlCopyMemory(Data->Request.Cdb, Srb->Cdb, Srb->CdbLength);
	AddPiece(Data, StorPortGetPhysicalAddress(DeviceExtension, NULL, &Data->Request, &Length).QuadPart, sizeof(REQUEST), FALSE);
	AddBuffer(DeviceExtension, Srb, Data, SRB_FLAGS_DATA_OUT);
	AddPiece(Data, StorPortGetPhysicalAddress(DeviceExtension, NULL, &Data->Response, &Length).QuadPart, sizeof(RESPONSE), TRUE);
	AddBuffer(DeviceExtension, Srb, Data, SRB_FLAGS_DATA_IN);
}

static BOOLEAN BuildIo(IN PVOID DeviceExtension, IN PSCSI_REQUEST_BLOCK Srb) /* breaks irql-changed */
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	if (Srb->Function != SRB_FUNCTION_EXECUTE_SCSI) {
		Srb->SrbStatus = SRB_STATUS_INVALID_REQUEST;
		StorPortNotification(RequestComplete, DeviceExtension, Srb);
		return FALSE;
	}
	Prepare(DeviceExtension, Srb);
	BreakLocks(Adapter);
	BreakMessageLocks(Adapter);
	BreakPool(Adapter);
	BreakOthers(Adapter);
	return BreakIrql(Adapter);
}

static BOOLEAN PostUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PSCSI_REQUEST_BLOCK Srb = (PSCSI_REQUEST_BLOCK)Context;
	PSRB_DATA Data = (PSRB_DATA)Srb->SrbExtension;

	if (Breaks(Adapter, "sync-nested"))
		StorPortSynchronizeAccess(DeviceExtension, Nothing, NULL); /* breaks sync-nested */
	if (!RingAdd(&Adapter->Ring, Data->Piece, Data->Pieces, Srb))
		return FALSE;
	StorPortWritePortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_NOTIFY), REQUESTS);
	return TRUE;
}

/* StartIo's lock is the port's here already, and no timer may have the DPC's. */
static VOID Timer(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	STOR_LOCK_HANDLE Handle;

	StorPortAcquireSpinLock(DeviceExtension, DpcLock, &Adapter->Dpc, &Handle); /* breaks lock-not-allowed */
	StorPortReleaseSpinLock(DeviceExtension, &Handle);
}

static BOOLEAN StartIo(IN PVOID DeviceExtension, IN PSCSI_REQUEST_BLOCK Srb) /* breaks srb-never-completed */
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	if (Breaks(Adapter, "stall-in-startio"))
		StorPortStallExecution(1); /* breaks stall-in-startio */
	if (Breaks(Adapter, "lock-not-allowed"))
		StorPortNotification(RequestTimerCall, DeviceExtension, Timer, (ULONG)100);
	if (Breaks(Adapter, "srb-never-completed"))
		return TRUE;
	if (!StorPortSynchronizeAccess(DeviceExtension, PostUnderLock, Srb)) { /* breaks sync-virtual */
		Srb->SrbStatus = SRB_STATUS_BUSY;
		StorPortNotification(RequestComplete, DeviceExtension, Srb);
	}
	return TRUE;
}

/* --- its completion --- */

static VOID Complete(PADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb)
{
	static SCSI_REQUEST_BLOCK Foreign;
	PSRB_DATA Data = (PSRB_DATA)Srb->SrbExtension;

	Srb->ScsiStatus = Data->Response.Status;
	Srb->SrbStatus = Data->Response.Response != 0 ? SRB_STATUS_NO_DEVICE :
			 Data->Response.Status == SCSISTAT_GOOD ? SRB_STATUS_SUCCESS : SRB_STATUS_ERROR;
	if (Breaks(Adapter, "srb-pending")) {
		Srb->SrbStatus = SRB_STATUS_PENDING;
		StorPortNotification(RequestComplete, Adapter, Srb); /* breaks srb-pending */
		return;
	}
	StorPortNotification(RequestComplete, Adapter, Srb); /* breaks srb-touched */
	if (Breaks(Adapter, "srb-touched"))
		Srb->TimeOutValue++;
	if (Breaks(Adapter, "srb-extension-freed"))
		Sink += *(volatile UCHAR *)&Data->Response.Status; /* breaks srb-extension-freed */
	if (Breaks(Adapter, "srb-completed-twice"))
		StorPortNotification(RequestComplete, Adapter, Srb); /* breaks srb-completed-twice */
	if (Breaks(Adapter, "srb-not-given"))
		StorPortNotification(RequestComplete, Adapter, &Foreign); /* breaks srb-not-given */
	Sink++;
}

static VOID Drain(PADAPTER Adapter)
{
	PSCSI_REQUEST_BLOCK Srb;
	PVOID Pool;

	while ((Srb = (PSCSI_REQUEST_BLOCK)RingNext(&Adapter->Ring)) != NULL)
		Complete(Adapter, Srb);
	if (Breaks(Adapter, "call-irql"))
		StorPortAllocatePool(Adapter, POOL_BYTES, 'wLaw', &Pool); /* breaks call-irql */
	if (Breaks(Adapter, "sync-in-isr"))
		StorPortSynchronizeAccess(Adapter, Nothing, NULL); /* breaks sync-in-isr */
	if (Breaks(Adapter, "isr-too-long"))
		StorPortStallExecution(LONG_US);
	Sink++;
}

static BOOLEAN Interrupt(IN PVOID DeviceExtension) /* breaks isr-too-long isr-not-claimed */
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	if (Breaks(Adapter, "isr-not-claimed"))
		return FALSE;
	if (StorPortReadPortUchar(DeviceExtension, Adapter->Base + REGISTER_INTERRUPT) == 0)
		return FALSE;
	Drain(Adapter);
	return TRUE;
}

static BOOLEAN MessageInterrupt(IN PVOID DeviceExtension, IN ULONG MessageId)
{
	if (MessageId == 0)
		Drain((PADAPTER)DeviceExtension);
	return TRUE;
}

/* --- the end, and other beginnings --- */

static BOOLEAN ResetUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	BOOLEAN IsLate = Breaks(Adapter, "srb-after-reset");
	ULONG i;

	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, 0);
	for (i = 0; i < Adapter->Ring.Entries; i++) {
		PSCSI_REQUEST_BLOCK Srb = (PSCSI_REQUEST_BLOCK)Adapter->Ring.Owner[i];

		if (Srb == NULL)
			continue;
		Srb->SrbStatus = SRB_STATUS_BUS_RESET;
		if (IsLate) {
			Srb->NextSrb = Adapter->Late;
			Adapter->Late = Srb;
		} else {
			StorPortNotification(RequestComplete, DeviceExtension, Srb);
		}
	}
	if (IsLate)
		StorPortIssueDpc(DeviceExtension, &Adapter->LateDpc, NULL, NULL);
	return StartDevice(Adapter);
}

static BOOLEAN ResetBus(IN PVOID DeviceExtension, IN ULONG PathId)
{
	UNREFERENCED_PARAMETER(PathId);
	return StorPortSynchronizeAccess(DeviceExtension, ResetUnderLock, NULL);
}

static SCSI_ADAPTER_CONTROL_STATUS Control(IN PVOID DeviceExtension, IN SCSI_ADAPTER_CONTROL_TYPE Type, IN PVOID Parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST List = (PSCSI_SUPPORTED_CONTROL_TYPE_LIST)Parameters;
	PADAPTER Adapter = (PADAPTER)DeviceExtension;

	if (Type == ScsiQuerySupportedControlTypes) {
		List->SupportedTypeList[ScsiQuerySupportedControlTypes] = TRUE;
		List->SupportedTypeList[ScsiStopAdapter] = TRUE;
		return ScsiAdapterControlSuccess;
	}
	if (Type != ScsiStopAdapter)
		return ScsiAdapterControlUnsuccessful;
	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, 0);
	if (Breaks(Adapter, "dpc-after-stop"))
		StorPortIssueDpc(DeviceExtension, &Adapter->Dpc, NULL, NULL);
	if (Breaks(Adapter, "timer-after-stop"))
		StorPortNotification(RequestTimerCall, DeviceExtension, Timer, (ULONG)10000000); /* breaks timer-after-stop */
	return ScsiAdapterControlSuccess;
}

static BOOLEAN HasMessages(PVOID DeviceExtension, PPORT_CONFIGURATION_INFORMATION Config)
{
	UCHAR Space[256];
	UCHAR At;

	if (StorPortGetBusData(DeviceExtension, PCIConfiguration, Config->SystemIoBusNumber, Config->SlotNumber, Space, 256) != 256)
		return FALSE;
	for (At = Space[0x34]; At >= 0x40; At = Space[At + 1])
		if (Space[At] == PCI_CAPABILITY_ID_MSIX)
			return (BOOLEAN)(Space[At + 3] >> 7);
	return FALSE;
}

static ULONG FindAdapter(IN PVOID DeviceExtension, IN PVOID HwContext, IN PVOID BusInformation, IN PCHAR ArgumentString,
			 IN OUT PPORT_CONFIGURATION_INFORMATION Config, OUT PBOOLEAN Again)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PACCESS_RANGE Range = *Config->AccessRanges;
	unsigned long Entries;

	*Again = FALSE;
	if (Range->RangeLength < REGISTERS || Range->RangeInMemory)
		return SP_RETURN_BAD_CONFIG;
	Adapter->Base = (PUCHAR)StorPortGetDeviceBase(DeviceExtension, Config->AdapterInterfaceType, Config->SystemIoBusNumber,
						      Range->RangeStart, Range->RangeLength, TRUE);
	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, 0);
	StorPortWritePortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_SELECT), REQUESTS);
	Entries = StorPortReadPortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_SIZE));
	if (Entries == 0 || Entries > RING_ENTRIES_MAX)
		return SP_RETURN_NOT_FOUND;
	Adapter->Memory = StorPortGetUncachedExtension(DeviceExtension, Config, RingSize(Entries));
	if (Adapter->Memory == NULL || strlen(ArgumentString) >= sizeof(Adapter->Rule))
		return SP_RETURN_ERROR;
	Adapter->Ring.Entries = Entries;
	strcpy(Adapter->Rule, ArgumentString);
	Adapter->Times = strstr(Adapter->Rule, "-too-long") != NULL ? LIMIT_TIMES : 1;
	Adapter->Messages = HasMessages(DeviceExtension, Config);
	if (Adapter->Messages) {
		Config->HwMSInterruptRoutine = MessageInterrupt;
		Config->InterruptSynchronizationMode = InterruptSynchronizePerMessage;
	}
	Config->NumberOfBuses = 1;
	Config->MaximumNumberOfTargets = 1;
	Config->MaximumNumberOfLogicalUnits = 8;
	Config->MaximumTransferLength = 0x00ffffff;
	Config->NumberOfPhysicalBreaks = 1;
	Config->SynchronizationModel = StorSynchronizeFullDuplex;
	return SP_RETURN_FOUND;
}

ULONG DriverEntry(IN PVOID DriverObject, IN PVOID RegistryPath)
{
	HW_INITIALIZATION_DATA Data;

	RtlZeroMemory(&Data, sizeof(Data));
	Data.HwInitializationDataSize = sizeof(HW_INITIALIZATION_DATA);
	Data.AdapterInterfaceType = PCIBus;
	Data.HwFindAdapter = FindAdapter;
	Data.HwInitialize = Initialize;
	Data.HwBuildIo = BuildIo;
	Data.HwStartIo = StartIo;
	Data.HwInterrupt = Interrupt;
	Data.HwResetBus = ResetBus;
	Data.HwAdapterControl = Control;
	Data.DeviceExtensionSize = sizeof(ADAPTER);
	Data.SrbExtensionSize = sizeof(SRB_DATA);
	Data.NumberOfAccessRanges = 1;
	Data.MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	Data.NeedPhysicalAddresses = TRUE;
	Data.TaggedQueuing = TRUE;
	Data.AutoRequestSense = TRUE;
	Data.MultipleRequestPerLu = TRUE;
#ifdef VIRTUAL
	/* One that says it has no interrupt must not ask for access against one. */
	Data.FeatureSupport = STOR_FEATURE_VIRTUAL_MINIPORT;
#endif
	return StorPortInitialize(DriverObject, RegistryPath, &Data, NULL);
}
