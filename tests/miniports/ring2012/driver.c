/* SPDX-License-Identifier: MIT */
/*
 * A miniport in the style of 2012: full duplex, line-based interrupt, one ring for all CPUs. Every SRB is posted under
 * StorPortSynchronizeAccess; the ISR takes what has come back off the ring and completes it there.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.4.8 (legacy PCI interface) and 5.6 (SCSI host device).
 */
#include <ntddk.h>
#include <storport.h>

#include "Ring.h"
#include "driver.h"

#define REGISTER_QUEUE_ADDRESS 0x08
#define REGISTER_QUEUE_SIZE 0x0c
#define REGISTER_QUEUE_SELECT 0x0e
#define REGISTER_QUEUE_NOTIFY 0x10
#define REGISTER_STATUS 0x12
#define REGISTER_INTERRUPT 0x13
#define REGISTERS 0x40

#define STATUS_SEEN 1
#define STATUS_DRIVER 2
#define STATUS_READY 4

#define REQUESTS 2
#define PIECES_MAX 3

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
	BOOLEAN Faulty;
	RING Ring;
} ADAPTER, *PADAPTER;

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
	if (Adapter->Base == NULL)
		return SP_RETURN_ERROR;
	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, 0);
	StorPortWritePortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_SELECT), REQUESTS);
	Entries = StorPortReadPortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_SIZE));
	if (Entries == 0 || Entries > RING_ENTRIES_MAX)
		return SP_RETURN_NOT_FOUND;
	Adapter->Memory = StorPortGetUncachedExtension(DeviceExtension, Config, RingSize(Entries));
	if (Adapter->Memory == NULL)
		return SP_RETURN_ERROR;
	Adapter->Ring.Entries = Entries;
	Adapter->Faulty = ArgumentString != NULL && strstr(ArgumentString, "fault=startio") != NULL;
	Config->NumberOfBuses = 1;
	Config->MaximumNumberOfTargets = 1;
	Config->MaximumNumberOfLogicalUnits = 8;
	Config->MaximumTransferLength = 0x00ffffff;
	Config->NumberOfPhysicalBreaks = 1;
	Config->ScatterGather = TRUE;
	Config->Master = TRUE;
	Config->SynchronizationModel = StorSynchronizeFullDuplex;
	return SP_RETURN_FOUND;
}

static BOOLEAN Initialize(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	unsigned long Length;
	STOR_PHYSICAL_ADDRESS Address;

	RingReset(&Adapter->Ring, Adapter->Ring.Entries, Adapter->Memory);
	Address = StorPortGetPhysicalAddress(DeviceExtension, NULL, Adapter->Memory, &Length);
	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, STATUS_SEEN | STATUS_DRIVER);
	StorPortWritePortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_SELECT), REQUESTS);
	StorPortWritePortUlong(DeviceExtension, (PULONG)(Adapter->Base + REGISTER_QUEUE_ADDRESS), (ULONG)(Address.QuadPart / RING_PAGE));
	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, STATUS_SEEN | STATUS_DRIVER | STATUS_READY);
	return TRUE;
}

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

static BOOLEAN BuildIo(IN PVOID DeviceExtension, IN PSCSI_REQUEST_BLOCK Srb)
{
	PSRB_DATA Data = (PSRB_DATA)Srb->SrbExtension;
	unsigned long Length;

	RtlZeroMemory(Data, sizeof(*Data));
	if (Srb->Function != SRB_FUNCTION_EXECUTE_SCSI) {
		Srb->SrbStatus = SRB_STATUS_INVALID_REQUEST;
		StorPortNotification(RequestComplete, DeviceExtension, Srb);
		return FALSE;
	}
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
	return TRUE;
}

static BOOLEAN PostUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PSCSI_REQUEST_BLOCK Srb = (PSCSI_REQUEST_BLOCK)Context;
	PSRB_DATA Data = (PSRB_DATA)Srb->SrbExtension;

	if (!RingAdd(&Adapter->Ring, Data->Piece, Data->Pieces, Srb))
		return FALSE;
	StorPortWritePortUshort(DeviceExtension, (PUSHORT)(Adapter->Base + REGISTER_QUEUE_NOTIFY), REQUESTS);
	return TRUE;
}

static BOOLEAN StartIo(IN PVOID DeviceExtension, IN PSCSI_REQUEST_BLOCK Srb)
{
	if (((PADAPTER)DeviceExtension)->Faulty)
		*(volatile ULONG *)NULL = 0;
	if (!StorPortSynchronizeAccess(DeviceExtension, PostUnderLock, Srb)) {
		Srb->SrbStatus = SRB_STATUS_BUSY;
		StorPortNotification(RequestComplete, DeviceExtension, Srb);
	}
	return TRUE;
}

static VOID Complete(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb)
{
	const RESPONSE *Response = &((PSRB_DATA)Srb->SrbExtension)->Response;

	Srb->ScsiStatus = Response->Status;
	Srb->SrbStatus = Response->Response != 0 ? SRB_STATUS_NO_DEVICE :
			 Response->Status == SCSISTAT_GOOD ? SRB_STATUS_SUCCESS : SRB_STATUS_ERROR;
	StorPortNotification(RequestComplete, DeviceExtension, Srb);
}

static BOOLEAN Interrupt(IN PVOID DeviceExtension)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	PSCSI_REQUEST_BLOCK Srb;

	if (StorPortReadPortUchar(DeviceExtension, Adapter->Base + REGISTER_INTERRUPT) == 0)
		return FALSE;
	while ((Srb = (PSCSI_REQUEST_BLOCK)RingNext(&Adapter->Ring)) != NULL)
		Complete(DeviceExtension, Srb);
	return TRUE;
}

static BOOLEAN ResetUnderLock(IN PVOID DeviceExtension, IN PVOID Context)
{
	PADAPTER Adapter = (PADAPTER)DeviceExtension;
	ULONG i;

	StorPortWritePortUchar(DeviceExtension, Adapter->Base + REGISTER_STATUS, 0);
	for (i = 0; i < Adapter->Ring.Entries; i++) {
		PSCSI_REQUEST_BLOCK Srb = (PSCSI_REQUEST_BLOCK)Adapter->Ring.Owner[i];

		if (Srb == NULL)
			continue;
		Srb->SrbStatus = SRB_STATUS_BUS_RESET;
		StorPortNotification(RequestComplete, DeviceExtension, Srb);
	}
	return Initialize(DeviceExtension);
}

static BOOLEAN ResetBus(IN PVOID DeviceExtension, IN ULONG PathId)
{
	UNREFERENCED_PARAMETER(PathId);
	return StorPortSynchronizeAccess(DeviceExtension, ResetUnderLock, NULL);
}

ULONG RegisterDriver(PVOID DriverObject, PVOID RegistryPath)
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
	Data.DeviceExtensionSize = sizeof(ADAPTER);
	Data.SrbExtensionSize = sizeof(SRB_DATA);
	Data.NumberOfAccessRanges = 1;
	Data.MapBuffers = STOR_MAP_NON_READ_WRITE_BUFFERS;
	Data.NeedPhysicalAddresses = TRUE;
	Data.TaggedQueuing = TRUE;
	Data.AutoRequestSense = TRUE;
	Data.MultipleRequestPerLu = TRUE;
	return StorPortInitialize(DriverObject, RegistryPath, &Data, NULL);
}
