/* SPDX-License-Identifier: MIT */
/*
 * A virtio block miniport, written to storport.h as a driver author would: it is a
 * SCSI disk to the system above.  It turns reads, writes and flushes into the device's
 * own requests and answers the rest itself.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 5.2 (block device); SPC-4 and SBC-3 for the answers.
 */
#include "hba_sim/miniports/virtio_adapter.h"

#define FEATURE_BLOCK_SIZE (1ULL << 6)
#define FEATURE_FLUSH (1ULL << 9)
#define FEATURE_MULTI_QUEUE (1ULL << 12)

#define CONFIG_CAPACITY 0
#define CONFIG_BLOCK_SIZE 20
#define CONFIG_QUEUES 34

#define TYPE_IN 0
#define TYPE_OUT 1
#define TYPE_FLUSH 4
#define SECTOR_BYTES 512
#define STATUS_OK 0
#define STATUS_UNSUPPORTED 2
#define STATUS_NOBODYS 0xff

typedef struct _BLOCK_HEADER {
	ULONG Type;
	ULONG Reserved;
	ULONGLONG Sector;
} BLOCK_HEADER;

/* Lives with the SRB; the device reads Header and writes Status. */
typedef struct _SRB_EXTENSION {
	VIRTIO_REQUEST Virtio;
	BLOCK_HEADER Header;
	UCHAR Status;
	RING_DESC Table[VIRTIO_SEGMENTS];
} SRB_EXTENSION, *PSRB_EXTENSION;

typedef struct _DISK {
	VIRTIO_ADAPTER Adapter;
	ULONGLONG Sectors;
} DISK, *PDISK;

static VOID Report(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	UCHAR Status = ((PSRB_EXTENSION)Srb->SrbExtension)->Status;

	Srb->ScsiStatus = SCSISTAT_GOOD;
	Srb->SrbStatus = SRB_STATUS_SUCCESS;
	if (Status == STATUS_UNSUPPORTED)
		VirtioFail(Srb, SCSI_SENSE_ILLEGAL_REQUEST, SCSI_ADSENSE_ILLEGAL_COMMAND);
	else if (Status != STATUS_OK)
		VirtioFail(Srb, SCSI_SENSE_HARDWARE_ERROR, SCSI_ADSENSE_INTERNAL_TARGET_FAILURE);
}

static ULONG FindAdapter(PVOID Extension, PVOID HwContext, PVOID BusInformation, PCHAR ArgumentString,
			 PPORT_CONFIGURATION_INFORMATION ConfigInfo, PBOOLEAN Again)
{
	PDISK Disk = Extension;
	PVIRTIO_TRANSPORT Transport = &Disk->Adapter.Transport;
	ULONG Found = VirtioMap(Transport, Extension, ConfigInfo);
	ULONGLONG Features;

	*Again = FALSE;
	if (Found != SP_RETURN_FOUND)
		return Found;
	VirtioReset(Transport);
	Features = VirtioFeatures(Transport);
	if ((Features & FEATURE_BLOCK_SIZE) && VirtioConfigUlong(Transport, CONFIG_BLOCK_SIZE) != SECTOR_BYTES)
		return SP_RETURN_BAD_CONFIG;
	Disk->Sectors = VirtioConfigUlong(Transport, CONFIG_CAPACITY) | (ULONGLONG)VirtioConfigUlong(Transport, CONFIG_CAPACITY + 4) << 32;
	Disk->Adapter.Wanted = FEATURE_FLUSH | FEATURE_MULTI_QUEUE;
	Disk->Adapter.Report = Report;
	return VirtioFindQueues(&Disk->Adapter, ConfigInfo, ArgumentString,
				Features & FEATURE_MULTI_QUEUE ? VirtioConfigUshort(Transport, CONFIG_QUEUES) : 1);
}

/* --- what the device does --- */

static ULONGLONG BigEndian(const UCHAR *Bytes, ULONG Count)
{
	ULONGLONG Value = 0;

	for (ULONG i = 0; i < Count; i++)
		Value = Value << 8 | Bytes[i];
	return Value;
}

static VOID PutBigEndian(PUCHAR Bytes, ULONGLONG Value, ULONG Count)
{
	for (ULONG i = 0; i < Count; i++)
		Bytes[i] = (UCHAR)(Value >> 8 * (Count - 1 - i));
}

/* First block and number of blocks of a read or write. */
static VOID Extent(const UCHAR *Cdb, ULONGLONG *Lba, ULONG *Blocks)
{
	switch (Cdb[0] >> 5) {
	case 0:
		*Lba = BigEndian(Cdb + 1, 3) & 0x1fffff;
		*Blocks = Cdb[4] ? Cdb[4] : 256;
		break;
	case 4:
		*Lba = BigEndian(Cdb + 2, 8);
		*Blocks = (ULONG)BigEndian(Cdb + 10, 4);
		break;
	case 5:
		*Lba = BigEndian(Cdb + 2, 4);
		*Blocks = (ULONG)BigEndian(Cdb + 6, 4);
		break;
	default:
		*Lba = BigEndian(Cdb + 2, 4);
		*Blocks = (ULONG)BigEndian(Cdb + 7, 2);
		break;
	}
}

static VOID Build(PVIRTIO_ADAPTER Adapter, PSCSI_REQUEST_BLOCK Srb, ULONG Type, ULONGLONG Sector)
{
	PSRB_EXTENSION SrbExtension = Srb->SrbExtension;
	PSTOR_SCATTER_GATHER_LIST List = Type == TYPE_FLUSH ? NULL : StorPortGetScatterGatherList(Adapter, Srb);
	ULONG Address = VirtioPhysical(Adapter, SrbExtension);
	PRING_SEGMENT Segment = SrbExtension->Virtio.Segment;
	USHORT Count = 0;

	SrbExtension->Header = (BLOCK_HEADER){ .Type = Type, .Sector = Sector };
	SrbExtension->Status = STATUS_NOBODYS;
	Segment[Count++] = (RING_SEGMENT){ Address + FIELD_OFFSET(SRB_EXTENSION, Header), sizeof(BLOCK_HEADER), FALSE };
	if (List)
		Segment[Count++] = (RING_SEGMENT){ (ULONGLONG)List->List[0].PhysicalAddress.QuadPart, List->List[0].Length,
						   Type == TYPE_IN };
	Segment[Count++] = (RING_SEGMENT){ Address + FIELD_OFFSET(SRB_EXTENSION, Status), sizeof(UCHAR), TRUE };
	SrbExtension->Virtio.SegmentCount = Count;
	SrbExtension->Virtio.Table = SrbExtension->Table;
	VirtioPrepare(Adapter, &SrbExtension->Virtio);
}

/* FALSE: it is done with, the SRB says how. */
static BOOLEAN BuildTransfer(PDISK Disk, PSCSI_REQUEST_BLOCK Srb, ULONG Type)
{
	ULONGLONG Lba;
	ULONG Blocks;

	Extent(Srb->Cdb, &Lba, &Blocks);
	Srb->SrbStatus = SRB_STATUS_SUCCESS;
	if (Lba > Disk->Sectors || Blocks > Disk->Sectors - Lba)
		VirtioFail(Srb, SCSI_SENSE_ILLEGAL_REQUEST, SCSI_ADSENSE_ILLEGAL_BLOCK);
	else if (Srb->DataTransferLength != (ULONGLONG)Blocks * SECTOR_BYTES)
		Srb->SrbStatus = SRB_STATUS_INVALID_REQUEST;
	else if (Blocks)
		Srb->SrbStatus = SRB_STATUS_PENDING;
	if (Srb->SrbStatus != SRB_STATUS_PENDING)
		return FALSE;
	Build(&Disk->Adapter, Srb, Type, Lba);
	return TRUE;
}

/* --- what the miniport answers itself --- */

static VOID Answer(PSCSI_REQUEST_BLOCK Srb, const VOID *Data, ULONG Bytes, ULONG Allocated)
{
	if (Bytes > Allocated)
		Bytes = Allocated;
	if (Bytes > Srb->DataTransferLength)
		Bytes = Srb->DataTransferLength;
	RtlCopyMemory(Srb->DataBuffer, Data, Bytes);
	Srb->SrbStatus = Bytes < Srb->DataTransferLength ? SRB_STATUS_DATA_OVERRUN : SRB_STATUS_SUCCESS;
	Srb->DataTransferLength = Bytes;
}

static VOID Inquire(PSCSI_REQUEST_BLOCK Srb)
{
	ULONG Allocated = (ULONG)BigEndian(Srb->Cdb + 3, 2);
	const UCHAR Pages[] = { DIRECT_ACCESS_DEVICE, VPD_SUPPORTED_PAGES, 0, 1, VPD_SUPPORTED_PAGES };
	INQUIRYDATA Data = { .DeviceType = DIRECT_ACCESS_DEVICE, .Versions = 6, .ResponseDataFormat = 2,
			     .AdditionalLength = INQUIRYDATABUFFERSIZE - 5, .CommandQueue = 1 };

	RtlCopyMemory(Data.VendorId, "STORSYNC", 8);
	RtlCopyMemory(Data.ProductId, "VIRTIO DISK     ", 16);
	RtlCopyMemory(Data.ProductRevisionLevel, "0001", 4);
	if (!(Srb->Cdb[1] & 1))
		Answer(Srb, &Data, INQUIRYDATABUFFERSIZE, Allocated);
	else if (Srb->Cdb[2] == VPD_SUPPORTED_PAGES)
		Answer(Srb, Pages, sizeof(Pages), Allocated);
	else
		VirtioFail(Srb, SCSI_SENSE_ILLEGAL_REQUEST, SCSI_ADSENSE_INVALID_CDB);
}

static VOID ReadCapacity(PDISK Disk, PSCSI_REQUEST_BLOCK Srb)
{
	ULONGLONG Last = Disk->Sectors - 1;
	UCHAR Short[8] = { 0 };
	UCHAR Long[32] = { 0 };

	PutBigEndian(Short, Last > 0xffffffffu ? 0xffffffffu : Last, 4);
	PutBigEndian(Short + 4, SECTOR_BYTES, 4);
	PutBigEndian(Long, Last, 8);
	PutBigEndian(Long + 8, SECTOR_BYTES, 4);
	if (Srb->Cdb[0] == SCSIOP_READ_CAPACITY)
		Answer(Srb, Short, sizeof(Short), sizeof(Short));
	else if ((Srb->Cdb[1] & 0x1f) == SERVICE_ACTION_READ_CAPACITY16)
		Answer(Srb, Long, sizeof(Long), (ULONG)BigEndian(Srb->Cdb + 10, 4));
	else
		VirtioFail(Srb, SCSI_SENSE_ILLEGAL_REQUEST, SCSI_ADSENSE_INVALID_CDB);
}

/* No pages, only the header: there is nothing to set. */
static VOID ModeSense(PSCSI_REQUEST_BLOCK Srb)
{
	const UCHAR Short[4] = { sizeof(Short) - 1 };
	const UCHAR Long[8] = { 0, sizeof(Long) - 2 };

	if (Srb->Cdb[0] == SCSIOP_MODE_SENSE)
		Answer(Srb, Short, sizeof(Short), Srb->Cdb[4]);
	else
		Answer(Srb, Long, sizeof(Long), (ULONG)BigEndian(Srb->Cdb + 7, 2));
}

static VOID ReportLuns(PSCSI_REQUEST_BLOCK Srb)
{
	const UCHAR One[16] = { 0, 0, 0, 8 };

	Answer(Srb, One, sizeof(One), (ULONG)BigEndian(Srb->Cdb + 6, 4));
}

static VOID AnswerItself(PDISK Disk, PSCSI_REQUEST_BLOCK Srb)
{
	Srb->ScsiStatus = SCSISTAT_GOOD;
	switch (Srb->Cdb[0]) {
	case SCSIOP_TEST_UNIT_READY:
	case SCSIOP_START_STOP_UNIT:
	case SCSIOP_SYNCHRONIZE_CACHE: /* of a device that has none */
	case SCSIOP_SYNCHRONIZE_CACHE16:
		Srb->SrbStatus = SRB_STATUS_SUCCESS;
		break;
	case SCSIOP_INQUIRY:
		Inquire(Srb);
		break;
	case SCSIOP_READ_CAPACITY:
	case SCSIOP_READ_CAPACITY16:
		ReadCapacity(Disk, Srb);
		break;
	case SCSIOP_MODE_SENSE:
	case SCSIOP_MODE_SENSE10:
		ModeSense(Srb);
		break;
	case SCSIOP_REPORT_LUNS:
		ReportLuns(Srb);
		break;
	default:
		VirtioFail(Srb, SCSI_SENSE_ILLEGAL_REQUEST, SCSI_ADSENSE_ILLEGAL_COMMAND);
		break;
	}
}

/* TRUE: it goes to the device. */
static BOOLEAN Translate(PDISK Disk, PSCSI_REQUEST_BLOCK Srb)
{
	if (Srb->PathId || Srb->TargetId || Srb->Lun) {
		Srb->SrbStatus = SRB_STATUS_NO_DEVICE;
		return FALSE;
	}
	switch (Srb->Cdb[0]) {
	case SCSIOP_READ6:
	case SCSIOP_READ:
	case SCSIOP_READ12:
	case SCSIOP_READ16:
		return BuildTransfer(Disk, Srb, TYPE_IN);
	case SCSIOP_WRITE6:
	case SCSIOP_WRITE:
	case SCSIOP_WRITE12:
	case SCSIOP_WRITE16:
		return BuildTransfer(Disk, Srb, TYPE_OUT);
	case SCSIOP_SYNCHRONIZE_CACHE:
	case SCSIOP_SYNCHRONIZE_CACHE16:
		if (Disk->Adapter.Features & FEATURE_FLUSH) {
			Build(&Disk->Adapter, Srb, TYPE_FLUSH, 0);
			return TRUE;
		}
		break;
	default:
		break;
	}
	AnswerItself(Disk, Srb);
	return FALSE;
}

static BOOLEAN BuildIo(PVOID Extension, PSCSI_REQUEST_BLOCK Srb)
{
	if (Srb->Function != SRB_FUNCTION_EXECUTE_SCSI) {
		VirtioCompleteOther(Extension, Srb);
		return FALSE;
	}
	if (Translate(Extension, Srb))
		return TRUE;
	StorPortNotification(RequestComplete, Extension, Srb);
	return FALSE;
}

ULONG VirtioBlkDriverEntry(PVOID DriverObject, PVOID RegistryPath);

ULONG VirtioBlkDriverEntry(PVOID DriverObject, PVOID RegistryPath)
{
	return VirtioDriverEntry(DriverObject, RegistryPath, FindAdapter, BuildIo, sizeof(DISK), sizeof(SRB_EXTENSION));
}
