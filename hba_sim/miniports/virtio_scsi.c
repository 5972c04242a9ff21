/* SPDX-License-Identifier: MIT */
/*
 * A virtio SCSI miniport, written to storport.h as a driver author would: CDBs go to the device as they are.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 5.6 (SCSI host device).
 */
#include "hba_sim/miniports/virtio_adapter.h"

#define REQUEST_QUEUE 2
#define CONFIG_QUEUES 0
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

/* Lives with the SRB; the device reads and writes Request and Response. */
typedef struct _SRB_EXTENSION {
	VIRTIO_REQUEST Virtio;
	COMMAND_REQUEST Request;
	COMMAND_RESPONSE Response;
	RING_DESC Table[VIRTIO_SEGMENTS];
} SRB_EXTENSION, *PSRB_EXTENSION;

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

static VOID Report(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	const COMMAND_RESPONSE *Response = &((PSRB_EXTENSION)Srb->SrbExtension)->Response;

	Srb->ScsiStatus = Response->Status;
	if (Response->Response != RESPONSE_OK) {
		Srb->SrbStatus = SRB_STATUS_NO_DEVICE;
	} else if (Response->Status == SCSISTAT_BUSY || Response->Status == SCSISTAT_QUEUE_FULL) {
		/* Not now: the port driver submits it again. */
		Srb->SrbStatus = SRB_STATUS_BUSY;
	} else if (Response->Status != SCSISTAT_GOOD) {
		Srb->SrbStatus = SRB_STATUS_ERROR;
		CopySense(Srb, Response);
	} else if (Response->Residual && Response->Residual <= Srb->DataTransferLength) {
		Srb->SrbStatus = SRB_STATUS_DATA_OVERRUN;
		Srb->DataTransferLength -= Response->Residual;
	} else {
		Srb->SrbStatus = SRB_STATUS_SUCCESS;
	}
}

static ULONG FindAdapter(PVOID Extension, PVOID HwContext, PVOID BusInformation, PCHAR ArgumentString,
			 PPORT_CONFIGURATION_INFORMATION ConfigInfo, PBOOLEAN Again)
{
	PVIRTIO_ADAPTER Adapter = Extension;
	ULONG Found = VirtioMap(&Adapter->Transport, Extension, ConfigInfo);
	ULONG Queues;

	*Again = FALSE;
	if (Found != SP_RETURN_FOUND)
		return Found;
	VirtioReset(&Adapter->Transport);
	Adapter->FirstQueue = REQUEST_QUEUE;
	Adapter->Report = Report;
	Queues = VirtioConfigUlong(&Adapter->Transport, CONFIG_QUEUES);
	return VirtioFindQueues(Adapter, ConfigInfo, ArgumentString, Queues < VIRTIO_QUEUES ? (USHORT)Queues : VIRTIO_QUEUES);
}

/* Request and response apart, data between where the direction wants it. */
static VOID BuildSegments(PVIRTIO_ADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb, PSRB_EXTENSION SrbExtension)
{
	PSTOR_SCATTER_GATHER_LIST List = NULL;
	ULONG Address = VirtioPhysical(Adapter, SrbExtension);
	PRING_SEGMENT Segment = SrbExtension->Virtio.Segment;
	USHORT Count = 0;

	if (Srb->SrbFlags & (SRB_FLAGS_DATA_IN | SRB_FLAGS_DATA_OUT))
		List = StorPortGetScatterGatherList(Adapter, Srb);
	Segment[Count++] = (RING_SEGMENT){ Address + FIELD_OFFSET(SRB_EXTENSION, Request), sizeof(COMMAND_REQUEST), FALSE };
	if (List && (Srb->SrbFlags & SRB_FLAGS_DATA_OUT))
		Segment[Count++] = (RING_SEGMENT){ (ULONGLONG)List->List[0].PhysicalAddress.QuadPart, List->List[0].Length, FALSE };
	Segment[Count++] = (RING_SEGMENT){ Address + FIELD_OFFSET(SRB_EXTENSION, Response), sizeof(COMMAND_RESPONSE), TRUE };
	if (List && !(Srb->SrbFlags & SRB_FLAGS_DATA_OUT))
		Segment[Count++] = (RING_SEGMENT){ (ULONGLONG)List->List[0].PhysicalAddress.QuadPart, List->List[0].Length, TRUE };
	SrbExtension->Virtio.SegmentCount = Count;
	SrbExtension->Virtio.Table = SrbExtension->Table;
}

static BOOLEAN BuildIo(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	PSRB_EXTENSION SrbExtension = Srb->SrbExtension;
	COMMAND_REQUEST *Request = &SrbExtension->Request;

	if (Srb->Function != SRB_FUNCTION_EXECUTE_SCSI) {
		VirtioCompleteOther(Extension, Srb);
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
	VirtioPrepare(Extension, &SrbExtension->Virtio);
	return TRUE;
}

ULONG VirtioScsiDriverEntry(PVOID DriverObject, PVOID RegistryPath);

ULONG VirtioScsiDriverEntry(PVOID DriverObject, PVOID RegistryPath)
{
	return VirtioDriverEntry(DriverObject, RegistryPath, FindAdapter, BuildIo, sizeof(VIRTIO_ADAPTER), sizeof(SRB_EXTENSION));
}
