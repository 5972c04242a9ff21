/* SPDX-License-Identifier: MIT */
/* Registers, legacy and modern; see virtio_transport.h. */
#include "hba_sim/miniports/virtio_transport.h"

#include "hba_sim/miniports/virtio_ring.h"

#define LEGACY_HOST_FEATURES 0x00
#define LEGACY_GUEST_FEATURES 0x04
#define LEGACY_QUEUE_PFN 0x08
#define LEGACY_QUEUE_SIZE 0x0c
#define LEGACY_QUEUE_SELECT 0x0e
#define LEGACY_STATUS 0x12
#define LEGACY_CONFIG 0x14
#define LEGACY_CONFIG_VECTOR 0x14
#define LEGACY_QUEUE_VECTOR 0x16
#define LEGACY_CONFIG_BEHIND_VECTORS 0x18
#define LEGACY_BYTES 0x40

#define COMMON_DEVICE_FEATURE_SELECT 0x00
#define COMMON_DEVICE_FEATURE 0x04
#define COMMON_DRIVER_FEATURE_SELECT 0x08
#define COMMON_DRIVER_FEATURE 0x0c
#define COMMON_CONFIG_VECTOR 0x10
#define COMMON_STATUS 0x14
#define COMMON_QUEUE_SELECT 0x16
#define COMMON_QUEUE_SIZE 0x18
#define COMMON_QUEUE_VECTOR 0x1a
#define COMMON_QUEUE_ENABLE 0x1c
#define COMMON_QUEUE_DESC 0x20
#define COMMON_QUEUE_DRIVER 0x28
#define COMMON_QUEUE_DEVICE 0x30

#define CAPABILITY_COMMON 1
#define CAPABILITY_NOTIFY 2
#define CAPABILITY_ISR 3
#define CAPABILITY_DEVICE 4
#define MSIX_ENABLED 0x8000

#define BIT_ACKNOWLEDGE 1
#define BIT_DRIVER 2
#define BIT_DRIVER_OK 4
#define BIT_FEATURES_OK 8

typedef struct _VIRTIO_CAPABILITY {
	PCI_CAPABILITIES_HEADER Header;
	UCHAR Length;
	UCHAR Type;
	UCHAR Bar;
	UCHAR Id;
	UCHAR Padding[2];
	ULONG Offset;
	ULONG Bytes;
	ULONG Multiplier; /* CAPABILITY_NOTIFY */
} VIRTIO_CAPABILITY;

/* --- registers of either kind --- */

static VOID Put8(PVIRTIO_TRANSPORT Transport, ULONG Register, UCHAR Value)
{
	if (Transport->Modern)
		StorPortWriteRegisterUchar(Transport->Extension, Transport->Registers + Register, Value);
	else
		StorPortWritePortUchar(Transport->Extension, Transport->Registers + Register, Value);
}

static VOID Put16(PVIRTIO_TRANSPORT Transport, ULONG Register, USHORT Value)
{
	if (Transport->Modern)
		StorPortWriteRegisterUshort(Transport->Extension, (PUSHORT)(Transport->Registers + Register), Value);
	else
		StorPortWritePortUshort(Transport->Extension, (PUSHORT)(Transport->Registers + Register), Value);
}

static VOID Put32(PVIRTIO_TRANSPORT Transport, ULONG Register, ULONG Value)
{
	if (Transport->Modern)
		StorPortWriteRegisterUlong(Transport->Extension, (PULONG)(Transport->Registers + Register), Value);
	else
		StorPortWritePortUlong(Transport->Extension, (PULONG)(Transport->Registers + Register), Value);
}

static VOID Put64(PVIRTIO_TRANSPORT Transport, ULONG Register, ULONGLONG Value)
{
	Put32(Transport, Register, (ULONG)Value);
	Put32(Transport, Register + 4, (ULONG)(Value >> 32));
}

static UCHAR Get8(PVIRTIO_TRANSPORT Transport, ULONG Register)
{
	return Transport->Modern ? StorPortReadRegisterUchar(Transport->Extension, Transport->Registers + Register) :
				   StorPortReadPortUchar(Transport->Extension, Transport->Registers + Register);
}

static USHORT Get16(PVIRTIO_TRANSPORT Transport, ULONG Register)
{
	return Transport->Modern ? StorPortReadRegisterUshort(Transport->Extension, (PUSHORT)(Transport->Registers + Register)) :
				   StorPortReadPortUshort(Transport->Extension, (PUSHORT)(Transport->Registers + Register));
}

static ULONG Get32(PVIRTIO_TRANSPORT Transport, ULONG Register)
{
	return Transport->Modern ? StorPortReadRegisterUlong(Transport->Extension, (PULONG)(Transport->Registers + Register)) :
				   StorPortReadPortUlong(Transport->Extension, (PULONG)(Transport->Registers + Register));
}

static ULONG Either(PVIRTIO_TRANSPORT Transport, ULONG Legacy, ULONG Modern)
{
	return Transport->Modern ? Modern : Legacy;
}

/* --- finding them --- */

/* The mapped address of something in a base address register; NULL when it is not there. */
static PUCHAR MapBar(PVIRTIO_TRANSPORT Transport, PPORT_CONFIGURATION_INFORMATION ConfigInfo, PPCI_COMMON_CONFIG Pci, ULONG Bar,
		     ULONG Offset, ULONG Bytes)
{
	ULONG Value = Bar < PCI_TYPE0_ADDRESSES ? Pci->u.type0.BaseAddresses[Bar] : 0;
	BOOLEAN InMemory = !(Value & PCI_ADDRESS_IO_SPACE);
	ULONG Base = Value & (InMemory ? PCI_ADDRESS_MEMORY_ADDRESS_MASK : PCI_ADDRESS_IO_ADDRESS_MASK);

	for (ULONG i = 0; i < ConfigInfo->NumberOfAccessRanges; i++) {
		ACCESS_RANGE *Range = &(*ConfigInfo->AccessRanges)[i];

		if (!Range->RangeLength || !Range->RangeInMemory != !InMemory || Range->RangeStart.QuadPart != Base)
			continue;
		if (Offset > Range->RangeLength || Bytes > Range->RangeLength - Offset)
			return NULL;
		Value = Range->RangeLength;
		Transport->Registers = StorPortGetDeviceBase(Transport->Extension, ConfigInfo->AdapterInterfaceType,
							     ConfigInfo->SystemIoBusNumber, Range->RangeStart, Value, !InMemory);
		return Transport->Registers ? Transport->Registers + Offset : NULL;
	}
	return NULL;
}

static VOID Remember(PVIRTIO_TRANSPORT Transport, const VIRTIO_CAPABILITY *Capability, PUCHAR Address, PUCHAR *Common)
{
	switch (Capability->Type) {
	case CAPABILITY_COMMON:
		*Common = Address;
		break;
	case CAPABILITY_NOTIFY:
		Transport->Notify = Address;
		Transport->NotifyMultiplier = Capability->Multiplier;
		break;
	case CAPABILITY_ISR:
		Transport->Isr = Address;
		break;
	case CAPABILITY_DEVICE:
		Transport->Config = Address;
		break;
	default:
		break;
	}
}

/* Walks the capabilities: where the modern structures are, and whether messages are enabled. */
static VOID ReadCapabilities(PVIRTIO_TRANSPORT Transport, PPORT_CONFIGURATION_INFORMATION ConfigInfo, PPCI_COMMON_CONFIG Pci)
{
	const UCHAR *Space = (const UCHAR *)Pci;
	ULONG At = Pci->Status & PCI_STATUS_CAPABILITIES_LIST ? Pci->u.type0.CapabilitiesPtr & ~3u : 0;
	PUCHAR Common = NULL;

	for (ULONG Steps = 0; At >= PCI_COMMON_HDR_LENGTH && Steps < sizeof(*Pci) / 4; Steps++) {
		VIRTIO_CAPABILITY Capability = { 0 };
		ULONG Left = (ULONG)sizeof(*Pci) - At;

		RtlCopyMemory(&Capability, Space + At, Left < sizeof(Capability) ? Left : sizeof(Capability));
		if (Capability.Header.CapabilityID == PCI_CAPABILITY_ID_MSIX)
			Transport->Messages = ((Capability.Length | Capability.Type << 8) & MSIX_ENABLED) != 0;
		else if (Capability.Header.CapabilityID == PCI_CAPABILITY_ID_VENDOR_SPECIFIC && Capability.Bytes)
			Remember(Transport, &Capability,
				 MapBar(Transport, ConfigInfo, Pci, Capability.Bar, Capability.Offset, Capability.Bytes), &Common);
		At = Capability.Header.Next & ~3u;
	}
	Transport->Registers = Common;
	Transport->Modern = Common && Transport->Notify && Transport->Isr && Transport->Config;
}

ULONG VirtioMap(PVIRTIO_TRANSPORT Transport, PVOID Extension, PPORT_CONFIGURATION_INFORMATION ConfigInfo)
{
	PCI_COMMON_CONFIG Pci;

	RtlZeroMemory(Transport, sizeof(*Transport));
	Transport->Extension = Extension;
	if (StorPortGetBusData(Extension, PCIConfiguration, ConfigInfo->SystemIoBusNumber, ConfigInfo->SlotNumber, &Pci, sizeof(Pci)) !=
	    sizeof(Pci))
		return SP_RETURN_ERROR;
	ReadCapabilities(Transport, ConfigInfo, &Pci);
	if (Transport->Modern)
		return SP_RETURN_FOUND;
	return MapBar(Transport, ConfigInfo, &Pci, 0, 0, LEGACY_BYTES) ? SP_RETURN_FOUND : SP_RETURN_BAD_CONFIG;
}

/* --- using them --- */

UCHAR VirtioStatus(PVIRTIO_TRANSPORT Transport)
{
	return Get8(Transport, Either(Transport, LEGACY_STATUS, COMMON_STATUS));
}

BOOLEAN VirtioReset(PVIRTIO_TRANSPORT Transport)
{
	Put8(Transport, Either(Transport, LEGACY_STATUS, COMMON_STATUS), 0);
	return VirtioStatus(Transport) == 0;
}

ULONGLONG VirtioFeatures(PVIRTIO_TRANSPORT Transport)
{
	ULONGLONG Features;

	if (!Transport->Modern)
		return Get32(Transport, LEGACY_HOST_FEATURES);
	Put32(Transport, COMMON_DEVICE_FEATURE_SELECT, 1);
	Features = (ULONGLONG)Get32(Transport, COMMON_DEVICE_FEATURE) << 32;
	Put32(Transport, COMMON_DEVICE_FEATURE_SELECT, 0);
	return Features | Get32(Transport, COMMON_DEVICE_FEATURE);
}

BOOLEAN VirtioAccept(PVIRTIO_TRANSPORT Transport, ULONGLONG Features)
{
	UCHAR Status = BIT_ACKNOWLEDGE | BIT_DRIVER;

	Put8(Transport, Either(Transport, LEGACY_STATUS, COMMON_STATUS), Status);
	if (!Transport->Modern) {
		Put32(Transport, LEGACY_GUEST_FEATURES, (ULONG)Features);
		return TRUE;
	}
	Put32(Transport, COMMON_DRIVER_FEATURE_SELECT, 0);
	Put32(Transport, COMMON_DRIVER_FEATURE, (ULONG)Features);
	Put32(Transport, COMMON_DRIVER_FEATURE_SELECT, 1);
	Put32(Transport, COMMON_DRIVER_FEATURE, (ULONG)(Features >> 32));
	Put8(Transport, COMMON_STATUS, Status | BIT_FEATURES_OK);
	return (Get8(Transport, COMMON_STATUS) & BIT_FEATURES_OK) != 0;
}

USHORT VirtioQueueSize(PVIRTIO_TRANSPORT Transport, USHORT Queue)
{
	Put16(Transport, Either(Transport, LEGACY_QUEUE_SELECT, COMMON_QUEUE_SELECT), Queue);
	return Get16(Transport, Either(Transport, LEGACY_QUEUE_SIZE, COMMON_QUEUE_SIZE));
}

/* A device that is short of vectors says so by another value. */
static BOOLEAN SetMessage(PVIRTIO_TRANSPORT Transport, ULONG Register, USHORT Message)
{
	if (!Transport->Messages)
		return TRUE;
	Put16(Transport, Register, Message);
	return Get16(Transport, Register) == Message;
}

BOOLEAN VirtioSetConfigMessage(PVIRTIO_TRANSPORT Transport, USHORT Message)
{
	return SetMessage(Transport, Either(Transport, LEGACY_CONFIG_VECTOR, COMMON_CONFIG_VECTOR), Message);
}

BOOLEAN VirtioStartQueue(PVIRTIO_TRANSPORT Transport, USHORT Queue, ULONGLONG Address, USHORT Message)
{
	USHORT Size = VirtioQueueSize(Transport, Queue);

	if (!Transport->Modern) {
		Put32(Transport, LEGACY_QUEUE_PFN, (ULONG)(Address >> PAGE_SHIFT));
		return SetMessage(Transport, LEGACY_QUEUE_VECTOR, Message);
	}
	if (!SetMessage(Transport, COMMON_QUEUE_VECTOR, Message))
		return FALSE;
	Put64(Transport, COMMON_QUEUE_DESC, Address);
	Put64(Transport, COMMON_QUEUE_DRIVER, Address + Size * sizeof(RING_DESC));
	Put64(Transport, COMMON_QUEUE_DEVICE, Address + RingUsedOffset(Size));
	Put16(Transport, COMMON_QUEUE_ENABLE, 1);
	return Get16(Transport, COMMON_QUEUE_ENABLE) == 1;
}

VOID VirtioReady(PVIRTIO_TRANSPORT Transport)
{
	Put8(Transport, Either(Transport, LEGACY_STATUS, COMMON_STATUS),
	     BIT_ACKNOWLEDGE | BIT_DRIVER | BIT_DRIVER_OK | (Transport->Modern ? BIT_FEATURES_OK : 0));
}

static PUCHAR LegacyConfig(PVIRTIO_TRANSPORT Transport)
{
	return Transport->Registers + (Transport->Messages ? LEGACY_CONFIG_BEHIND_VECTORS : LEGACY_CONFIG);
}

ULONG VirtioConfigUlong(PVIRTIO_TRANSPORT Transport, ULONG Offset)
{
	if (Transport->Modern)
		return StorPortReadRegisterUlong(Transport->Extension, (PULONG)(Transport->Config + Offset));
	return StorPortReadPortUlong(Transport->Extension, (PULONG)(LegacyConfig(Transport) + Offset));
}

USHORT VirtioConfigUshort(PVIRTIO_TRANSPORT Transport, ULONG Offset)
{
	if (Transport->Modern)
		return StorPortReadRegisterUshort(Transport->Extension, (PUSHORT)(Transport->Config + Offset));
	return StorPortReadPortUshort(Transport->Extension, (PUSHORT)(LegacyConfig(Transport) + Offset));
}
