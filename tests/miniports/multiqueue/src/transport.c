/* SPDX-License-Identifier: MIT */
/* The registers, in memory behind PCI capabilities; see Virtio.h. */
#include <ntddk.h>
#include <storport.h>
#include "VIRTIO.H"

enum {
	COMMON_DEVICE_SELECT = 0x00, COMMON_DEVICE_FEATURES = 0x04, COMMON_DRIVER_SELECT = 0x08, COMMON_DRIVER_FEATURES = 0x0c,
	COMMON_CONFIG_MESSAGE = 0x10, COMMON_STATUS = 0x14, COMMON_QUEUE_SELECT = 0x16, COMMON_QUEUE_SIZE = 0x18,
	COMMON_QUEUE_MESSAGE = 0x1a, COMMON_QUEUE_ENABLE = 0x1c, COMMON_QUEUE_NOTIFY = 0x1e, COMMON_QUEUE_DESCRIPTORS = 0x20,
	COMMON_QUEUE_AVAILABLE = 0x28, COMMON_QUEUE_USED = 0x30
};

enum { STATUS_SEEN = 1, STATUS_DRIVER = 2, STATUS_READY = 4, STATUS_FEATURES = 8 };

enum { STRUCTURE_COMMON = 1, STRUCTURE_NOTIFY, STRUCTURE_ISR, STRUCTURE_CONFIG };

#pragma pack(push, 1)
typedef struct _STRUCTURE {
	UCHAR Id, Next, Length, Type, Bar, Reserved[3];
	unsigned long Offset;
	unsigned long Bytes;
	unsigned long Multiplier;
} STRUCTURE, *PSTRUCTURE;
#pragma pack(pop)

static USHORT Get16(PTRANSPORT Transport, ULONG Register)
{
	return StorPortReadRegisterUshort(Transport->Extension, (PUSHORT)(Transport->Common + Register));
}

static VOID Put16(PTRANSPORT Transport, ULONG Register, USHORT Value)
{
	StorPortWriteRegisterUshort(Transport->Extension, (PUSHORT)(Transport->Common + Register), Value);
}

static ULONG Get32(PTRANSPORT Transport, ULONG Register)
{
	return StorPortReadRegisterUlong(Transport->Extension, (PULONG)(Transport->Common + Register));
}

static VOID Put32(PTRANSPORT Transport, ULONG Register, ULONG Value)
{
	StorPortWriteRegisterUlong(Transport->Extension, (PULONG)(Transport->Common + Register), Value);
}

static VOID Put64(PTRANSPORT Transport, ULONG Register, ULONGLONG Value)
{
	Put32(Transport, Register, (ULONG)(Value & ~0UL));
	Put32(Transport, Register + 4, (ULONG)(Value >> 32));
}

static VOID PutStatus(PTRANSPORT Transport, UCHAR Value)
{
	StorPortWriteRegisterUchar(Transport->Extension, Transport->Common + COMMON_STATUS, Value);
}

/* Its access range is the one that begins where the base address register says. */
static PUCHAR
MapStructure(PTRANSPORT Transport, PPORT_CONFIGURATION_INFORMATION Config, PPCI_COMMON_CONFIG Pci, PSTRUCTURE Structure)
{
	ULONG Base, i;
	PUCHAR Mapped;

	if (Structure->Bar >= PCI_TYPE0_ADDRESSES)
		return NULL;
	Base = Pci->u.type0.BaseAddresses[Structure->Bar];
	for (i = 0; i < Config->NumberOfAccessRanges; i++) {
		PACCESS_RANGE Range = &(*Config->AccessRanges)[i];

		if (!Range->RangeLength || !Range->RangeInMemory || Range->RangeStart.LowPart != (Base & PCI_ADDRESS_MEMORY_ADDRESS_MASK))
			continue;
		if (Structure->Offset > Range->RangeLength || Structure->Bytes > Range->RangeLength - Structure->Offset)
			return NULL;
		Mapped = (PUCHAR)StorPortGetDeviceBase(Transport->Extension, Config->AdapterInterfaceType, Config->SystemIoBusNumber,
						       Range->RangeStart, Range->RangeLength, FALSE);
		return Mapped ? Mapped + Structure->Offset : NULL;
	}
	return NULL;
}

static VOID Note(PTRANSPORT Transport, PPORT_CONFIGURATION_INFORMATION Config, PPCI_COMMON_CONFIG Pci, PSTRUCTURE Structure)
{
	PUCHAR *Where;

	switch (Structure->Type) {
	case STRUCTURE_COMMON:
		Where = &Transport->Common;
		break;
	case STRUCTURE_NOTIFY:
		Where = &Transport->Notify;
		Transport->NotifyMultiplier = Structure->Multiplier;
		break;
	case STRUCTURE_ISR:
		Where = &Transport->Isr;
		break;
	case STRUCTURE_CONFIG:
		Where = &Transport->Config;
		break;
	default:
		return;
	}
	if (*Where == NULL)
		*Where = MapStructure(Transport, Config, Pci, Structure);
}

BOOLEAN TransportMap(PTRANSPORT Transport, PVOID Extension, PPORT_CONFIGURATION_INFORMATION Config)
{
	PCI_COMMON_CONFIG Pci;
	PUCHAR Space = (PUCHAR)&Pci;
	unsigned long Steps = 0;
	UCHAR At;

	RtlZeroMemory(Transport, sizeof(*Transport));
	Transport->Extension = Extension;
	if (StorPortGetBusData(Extension, PCIConfiguration, Config->SystemIoBusNumber, Config->SlotNumber, &Pci, sizeof(Pci)) !=
	    sizeof(Pci))
		return FALSE;
	if (!(Pci.Status & PCI_STATUS_CAPABILITIES_LIST))
		return FALSE;
	for (At = Pci.u.type0.CapabilitiesPtr; At >= PCI_COMMON_HDR_LENGTH && Steps++ < 48; At = Space[At + 1]) {
		STRUCTURE Structure;

		RtlZeroMemory(&Structure, sizeof(Structure));
		RtlCopyMemory(&Structure, Space + At, min(sizeof(Structure), sizeof(Pci) - At));
		if (Structure.Id == PCI_CAPABILITY_ID_MSIX)
			Transport->Messages = (BOOLEAN)(Structure.Type >> 7);
		else if (Structure.Id == PCI_CAPABILITY_ID_VENDOR_SPECIFIC)
			Note(Transport, Config, &Pci, &Structure);
	}
	return (BOOLEAN)(Transport->Common && Transport->Notify && Transport->Isr && Transport->Config);
}

UCHAR TransportStatus(PTRANSPORT Transport)
{
	return StorPortReadRegisterUchar(Transport->Extension, Transport->Common + COMMON_STATUS);
}

BOOLEAN TransportReset(PTRANSPORT Transport)
{
	PutStatus(Transport, 0);
	return (BOOLEAN)(TransportStatus(Transport) == 0);
}

BOOLEAN TransportNegotiate(PTRANSPORT Transport, ULONGLONG *Wanted)
{
	ULONG Half;

	PutStatus(Transport, STATUS_SEEN | STATUS_DRIVER);
	for (Half = 0; Half < 2; Half++) {
		ULONGLONG Offered;

		Put32(Transport, COMMON_DEVICE_SELECT, Half);
		Offered = (ULONGLONG)Get32(Transport, COMMON_DEVICE_FEATURES) << (32 * Half);
		*Wanted &= Offered | ~((ULONGLONG)~0UL << (32 * Half));
		Put32(Transport, COMMON_DRIVER_SELECT, Half);
		Put32(Transport, COMMON_DRIVER_FEATURES, (ULONG)(*Wanted >> (32 * Half)));
	}
	PutStatus(Transport, STATUS_SEEN | STATUS_DRIVER | STATUS_FEATURES);
	return (BOOLEAN)((TransportStatus(Transport) & STATUS_FEATURES) != 0 && (*Wanted & VIRTIO_VERSION_1) != 0);
}

VOID TransportSetConfigMessage(PTRANSPORT Transport, USHORT Message)
{
	Put16(Transport, COMMON_CONFIG_MESSAGE, Message);
}

USHORT TransportQueueSize(PTRANSPORT Transport, USHORT Number)
{
	Put16(Transport, COMMON_QUEUE_SELECT, Number);
	return Get16(Transport, COMMON_QUEUE_SIZE);
}

BOOLEAN TransportStartQueue(PTRANSPORT Transport, PVIRTQUEUE Queue, STOR_PHYSICAL_ADDRESS Address, USHORT Message)
{
	ULONGLONG Descriptors = (ULONGLONG)Address.QuadPart;

	if (TransportQueueSize(Transport, Queue->Number) < Queue->Size)
		return FALSE;
	Put16(Transport, COMMON_QUEUE_SIZE, Queue->Size);
	Put16(Transport, COMMON_QUEUE_MESSAGE, Message);
	/* A device that is short of messages says so here. */
	if (Get16(Transport, COMMON_QUEUE_MESSAGE) != Message)
		return FALSE;
	Put64(Transport, COMMON_QUEUE_DESCRIPTORS, Descriptors);
	Put64(Transport, COMMON_QUEUE_AVAILABLE, Descriptors + ((PUCHAR)Queue->Available - (PUCHAR)Queue->Descriptor));
	Put64(Transport, COMMON_QUEUE_USED, Descriptors + ((PUCHAR)Queue->Used - (PUCHAR)Queue->Descriptor));
	Queue->Doorbell = (PUSHORT)(Transport->Notify + Get16(Transport, COMMON_QUEUE_NOTIFY) * Transport->NotifyMultiplier);
	Put16(Transport, COMMON_QUEUE_ENABLE, 1);
	return TRUE;
}

VOID TransportReady(PTRANSPORT Transport)
{
	PutStatus(Transport, STATUS_SEEN | STATUS_DRIVER | STATUS_FEATURES | STATUS_READY);
}

ULONG TransportRequestQueues(PTRANSPORT Transport)
{
	ULONG Queues = StorPortReadRegisterUlong(Transport->Extension, (PULONG)Transport->Config);

	return Queues != 0 && Queues <= QUEUES_MAX ? Queues : 1;
}

UCHAR TransportReadIsr(PTRANSPORT Transport)
{
	return StorPortReadRegisterUchar(Transport->Extension, Transport->Isr);
}
