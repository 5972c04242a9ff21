/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space as a driver reads it: the 256 bytes that
 * StorPortGetBusData(PCIConfiguration) returns, and the capabilities in it.
 *
 * Source: Microsoft's public DDI reference, PCI_COMMON_CONFIG; layout from
 * the PCI Local Bus Specification 3.0.
 */
#ifndef STORSYNC_HBA_SIM_DDK_PCI_H
#define STORSYNC_HBA_SIM_DDK_PCI_H

#include "hba_sim/ddk/wintypes.h"

#define PCI_TYPE0_ADDRESSES 6
#define PCI_TYPE1_ADDRESSES 2
#define PCI_TYPE2_ADDRESSES 5

typedef struct _PCI_SLOT_NUMBER {
	union {
		struct {
			ULONG DeviceNumber : 5;
			ULONG FunctionNumber : 3;
			ULONG Reserved : 24;
		} bits;
		ULONG AsULONG;
	} u;
} PCI_SLOT_NUMBER, *PPCI_SLOT_NUMBER;

struct _PCI_HEADER_TYPE_0 {
	ULONG BaseAddresses[PCI_TYPE0_ADDRESSES];
	ULONG CIS;
	USHORT SubVendorID;
	USHORT SubSystemID;
	ULONG ROMBaseAddress;
	UCHAR CapabilitiesPtr;
	UCHAR Reserved1[3];
	ULONG Reserved2;
	UCHAR InterruptLine;
	UCHAR InterruptPin;
	UCHAR MinimumGrant;
	UCHAR MaximumLatency;
};

struct _PCI_HEADER_TYPE_1 {
	ULONG BaseAddresses[PCI_TYPE1_ADDRESSES];
	UCHAR PrimaryBus;
	UCHAR SecondaryBus;
	UCHAR SubordinateBus;
	UCHAR SecondaryLatency;
	UCHAR IOBase;
	UCHAR IOLimit;
	USHORT SecondaryStatus;
	USHORT MemoryBase;
	USHORT MemoryLimit;
	USHORT PrefetchBase;
	USHORT PrefetchLimit;
	ULONG PrefetchBaseUpper32;
	ULONG PrefetchLimitUpper32;
	USHORT IOBaseUpper16;
	USHORT IOLimitUpper16;
	UCHAR CapabilitiesPtr;
	UCHAR Reserved1[3];
	ULONG ROMBaseAddress;
	UCHAR InterruptLine;
	UCHAR InterruptPin;
	USHORT BridgeControl;
};

struct _PCI_HEADER_TYPE_2 {
	ULONG SocketRegistersBaseAddress;
	UCHAR CapabilitiesPtr;
	UCHAR Reserved;
	USHORT SecondaryStatus;
	UCHAR PrimaryBus;
	UCHAR SecondaryBus;
	UCHAR SubordinateBus;
	UCHAR SecondaryLatency;
	struct {
		ULONG Base;
		ULONG Limit;
	} Range[PCI_TYPE2_ADDRESSES - 1];
	UCHAR InterruptLine;
	UCHAR InterruptPin;
	USHORT BridgeControl;
};

/* The header is the configuration's first 64 bytes and the same by name. */
#define STORSYNC_PCI_HEADER_FIELDS				\
	USHORT VendorID;					\
	USHORT DeviceID;					\
	USHORT Command;						\
	USHORT Status;						\
	UCHAR RevisionID;					\
	UCHAR ProgIf;						\
	UCHAR SubClass;						\
	UCHAR BaseClass;					\
	UCHAR CacheLineSize;					\
	UCHAR LatencyTimer;					\
	UCHAR HeaderType;					\
	UCHAR BIST;						\
	union {							\
		struct _PCI_HEADER_TYPE_0 type0;		\
		struct _PCI_HEADER_TYPE_1 type1;		\
		struct _PCI_HEADER_TYPE_2 type2;		\
	} u

typedef struct _PCI_COMMON_HEADER {
	STORSYNC_PCI_HEADER_FIELDS;
} PCI_COMMON_HEADER, *PPCI_COMMON_HEADER;

typedef struct _PCI_COMMON_CONFIG {
	STORSYNC_PCI_HEADER_FIELDS;
	UCHAR DeviceSpecific[192];
} PCI_COMMON_CONFIG, *PPCI_COMMON_CONFIG;

#define PCI_COMMON_HDR_LENGTH FIELD_OFFSET(PCI_COMMON_CONFIG, DeviceSpecific)
#define PCI_INVALID_VENDORID 0xFFFF

/* Command */
#define PCI_ENABLE_IO_SPACE 0x0001
#define PCI_ENABLE_MEMORY_SPACE 0x0002
#define PCI_ENABLE_BUS_MASTER 0x0004
#define PCI_DISABLE_LEVEL_INTERRUPT 0x0400

/* Status */
#define PCI_STATUS_INTERRUPT_PENDING 0x0008
#define PCI_STATUS_CAPABILITIES_LIST 0x0010

/* HeaderType */
#define PCI_MULTIFUNCTION 0x80
#define PCI_DEVICE_TYPE 0x00
#define PCI_BRIDGE_TYPE 0x01
#define PCI_CARDBUS_BRIDGE_TYPE 0x02
#define PCI_CONFIGURATION_TYPE(config) \
	(((PPCI_COMMON_CONFIG)(config))->HeaderType & ~PCI_MULTIFUNCTION)
#define PCI_MULTIFUNCTION_DEVICE(config) \
	((((PPCI_COMMON_CONFIG)(config))->HeaderType & PCI_MULTIFUNCTION) != 0)

/* Base address registers */
#define PCI_ADDRESS_IO_SPACE 0x00000001
#define PCI_ADDRESS_MEMORY_TYPE_MASK 0x00000006
#define PCI_ADDRESS_MEMORY_PREFETCHABLE 0x00000008
#define PCI_ADDRESS_IO_ADDRESS_MASK 0xfffffffcu
#define PCI_ADDRESS_MEMORY_ADDRESS_MASK 0xfffffff0u
#define PCI_TYPE_32BIT 0
#define PCI_TYPE_20BIT 2
#define PCI_TYPE_64BIT 4

#define PCI_CLASS_MASS_STORAGE_CTLR 0x01
#define PCI_SUBCLASS_MSC_SCSI_BUS_CTLR 0x00

/* Common to all; the layouts behind it are left to drivers, as in Windows. */
typedef struct _PCI_CAPABILITIES_HEADER {
	UCHAR CapabilityID;
	UCHAR Next;
} PCI_CAPABILITIES_HEADER, *PPCI_CAPABILITIES_HEADER;

#define PCI_CAPABILITY_ID_POWER_MANAGEMENT 0x01
#define PCI_CAPABILITY_ID_MSI 0x05
#define PCI_CAPABILITY_ID_VENDOR_SPECIFIC 0x09
#define PCI_CAPABILITY_ID_PCI_EXPRESS 0x10
#define PCI_CAPABILITY_ID_MSIX 0x11

C_ASSERT(sizeof(PCI_SLOT_NUMBER) == 4);
C_ASSERT(sizeof(PCI_COMMON_HEADER) == 64);
C_ASSERT(sizeof(PCI_COMMON_CONFIG) == 256);
C_ASSERT(offsetof(PCI_COMMON_CONFIG, u.type0.SubVendorID) == 0x2c);
C_ASSERT(offsetof(PCI_COMMON_CONFIG, u.type0.CapabilitiesPtr) == 0x34);
C_ASSERT(offsetof(PCI_COMMON_CONFIG, u.type0.InterruptLine) == 0x3c);
C_ASSERT(offsetof(PCI_COMMON_CONFIG, u.type1.CapabilitiesPtr) == 0x34);
C_ASSERT(offsetof(PCI_COMMON_CONFIG, u.type2.CapabilitiesPtr) == 0x14);
C_ASSERT(sizeof(PCI_CAPABILITIES_HEADER) == 2);

#endif /* STORSYNC_HBA_SIM_DDK_PCI_H */
