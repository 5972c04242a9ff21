/* SPDX-License-Identifier: MIT */
/*
 * The two structures that set a miniport up: what it says about itself when it
 * registers, and what it and the port driver agree on about an adapter. Each
 * states its own size, in its first member, as its version.
 *
 * Source: Microsoft's public DDI reference, HW_INITIALIZATION_DATA and
 * PORT_CONFIGURATION_INFORMATION (storport.h), as of Windows 10.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_CONFIG_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_CONFIG_H

#include "hba_sim/ddk/storport_callbacks.h"
#include "hba_sim/ddk/storport_types.h"

/* FeatureSupport of HW_INITIALIZATION_DATA */
#define STOR_FEATURE_VIRTUAL_MINIPORT 0x00000001
#define STOR_FEATURE_ATA_PASS_THROUGH 0x00000002
#define STOR_FEATURE_FULL_PNP_DEVICE_CAPABILITIES 0x00000004
#define STOR_FEATURE_DUMP_POINTERS 0x00000008
#define STOR_FEATURE_DEVICE_NAME_NO_SUFFIX 0x00000010
#define STOR_FEATURE_DUMP_RESUME_CAPABLE 0x00000020
#define STOR_FEATURE_DEVICE_DESCRIPTOR_FROM_ATA_INFO_VPD 0x00000040
#define STOR_FEATURE_EXTRA_IO_INFORMATION 0x00000080
#define STOR_FEATURE_ADAPTER_CONTROL_PRE_FINDADAPTER 0x00000100
#define STOR_FEATURE_ADAPTER_NOT_REQUIRE_IO_PORT 0x00000200
#define STOR_FEATURE_DUMP_16_BYTE_ALIGNMENT 0x00000400
#define STOR_FEATURE_SET_ADAPTER_INTERFACE_TYPE 0x00000800

/* FeatureSupport of PORT_CONFIGURATION_INFORMATION; the simulator acts on none of them. */
#define STOR_ADAPTER_FEATURE_DEVICE_TELEMETRY 0x00000001
#define STOR_ADAPTER_FEATURE_STOP_UNIT_DURING_POWER_DOWN 0x00000002
#define STOR_ADAPTER_UNCACHED_EXTENSION_NUMA_NODE_PREFERRED 0x00000004
#define STOR_ADAPTER_DMA_V3_PREFERRED 0x00000008
#define STOR_ADAPTER_FEATURE_ABORT_COMMAND 0x00000010
#define STOR_ADAPTER_FEATURE_RICH_TEMPERATURE_THRESHOLD 0x00000020
#define STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED 0x00000040

/*
 * HwFindAdapter is PVOID in Windows' header, because a virtual miniport's has
 * another prototype. Those are not simulated, so the compiler may check it.
 */
typedef struct _HW_INITIALIZATION_DATA {
	ULONG HwInitializationDataSize;
	INTERFACE_TYPE AdapterInterfaceType;
	PHW_INITIALIZE HwInitialize;
	PHW_STARTIO HwStartIo;
	PHW_INTERRUPT HwInterrupt;
	PHW_FIND_ADAPTER HwFindAdapter;
	PHW_RESET_BUS HwResetBus;
	PHW_DMA_STARTED HwDmaStarted;
	PHW_ADAPTER_STATE HwAdapterState;
	ULONG DeviceExtensionSize;
	ULONG SpecificLuExtensionSize;
	ULONG SrbExtensionSize;
	ULONG NumberOfAccessRanges;
	PVOID Reserved;
	UCHAR MapBuffers;
	BOOLEAN NeedPhysicalAddresses;
	BOOLEAN TaggedQueuing;
	BOOLEAN AutoRequestSense;
	BOOLEAN MultipleRequestPerLu;
	BOOLEAN ReceiveEvent;
	USHORT VendorIdLength;
	PVOID VendorId;
	union {
		USHORT ReservedUshort;
		USHORT PortVersionFlags;
	};
	USHORT DeviceIdLength;
	PVOID DeviceId;
	PHW_ADAPTER_CONTROL HwAdapterControl;
	PHW_BUILDIO HwBuildIo;
	PHW_FREE_ADAPTER_RESOURCES HwFreeAdapterResources;
	PHW_PROCESS_SERVICE_REQUEST HwProcessServiceRequest;
	PHW_COMPLETE_SERVICE_IRP HwCompleteServiceIrp;
	PHW_INITIALIZE_TRACING HwInitializeTracing;
	PHW_CLEANUP_TRACING HwCleanupTracing;
	PHW_TRACING_ENABLED HwTracingEnabled;
	ULONG FeatureSupport;
	ULONG SrbTypeFlags;
	ULONG AddressTypeFlags;
	ULONG Reserved1;
	PHW_UNIT_CONTROL HwUnitControl;
} HW_INITIALIZATION_DATA, *PHW_INITIALIZATION_DATA;

typedef struct _PORT_CONFIGURATION_INFORMATION {
	ULONG Length;
	ULONG SystemIoBusNumber;
	INTERFACE_TYPE AdapterInterfaceType;
	ULONG BusInterruptLevel;
	ULONG BusInterruptVector;
	KINTERRUPT_MODE InterruptMode;
	ULONG MaximumTransferLength;
	ULONG NumberOfPhysicalBreaks;
	ULONG DmaChannel;
	ULONG DmaPort;
	DMA_WIDTH DmaWidth;
	DMA_SPEED DmaSpeed;
	ULONG AlignmentMask;
	ULONG NumberOfAccessRanges;
	ACCESS_RANGE (*AccessRanges)[];
	union {
		PVOID Reserved;
		PVOID MiniportDumpData;
	};
	UCHAR NumberOfBuses;
	CCHAR InitiatorBusId[8];
	BOOLEAN ScatterGather;
	BOOLEAN Master;
	BOOLEAN CachesData;
	BOOLEAN AdapterScansDown;
	BOOLEAN AtdiskPrimaryClaimed;
	BOOLEAN AtdiskSecondaryClaimed;
	BOOLEAN Dma32BitAddresses;
	BOOLEAN DemandMode;
	UCHAR MapBuffers;
	BOOLEAN NeedPhysicalAddresses;
	BOOLEAN TaggedQueuing;
	BOOLEAN AutoRequestSense;
	BOOLEAN MultipleRequestPerLu;
	BOOLEAN ReceiveEvent;
	BOOLEAN RealModeInitialized;
	BOOLEAN BufferAccessScsiPortControlled;
	UCHAR MaximumNumberOfTargets;
	union {
		struct {
			UCHAR SrbType;
			UCHAR AddressType;
		};
		UCHAR ReservedUchars[2];
	};
	ULONG SlotNumber;
	ULONG BusInterruptLevel2;
	ULONG BusInterruptVector2;
	KINTERRUPT_MODE InterruptMode2;
	ULONG DmaChannel2;
	ULONG DmaPort2;
	DMA_WIDTH DmaWidth2;
	DMA_SPEED DmaSpeed2;
	ULONG DeviceExtensionSize;
	ULONG SpecificLuExtensionSize;
	ULONG SrbExtensionSize;
	UCHAR Dma64BitAddresses;
	BOOLEAN ResetTargetSupported;
	UCHAR MaximumNumberOfLogicalUnits;
	BOOLEAN WmiDataProvider;
	STOR_SYNCHRONIZATION_MODEL SynchronizationModel;
	PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE HwMSInterruptRoutine;
	INTERRUPT_SYNCHRONIZATION_MODE InterruptSynchronizationMode;
	MEMORY_REGION DumpRegion;
	ULONG RequestedDumpBufferSize;
	BOOLEAN VirtualDevice;
	UCHAR DumpMode;
	UCHAR DmaAddressWidth;
	ULONG ExtendedFlags1;
	ULONG MaxNumberOfIO;
	ULONG MaxIOsPerLun;
	ULONG InitialLunQueueDepth;
	ULONG BusResetHoldTime;
	ULONG FeatureSupport;
} PORT_CONFIGURATION_INFORMATION, *PPORT_CONFIGURATION_INFORMATION;

#define PORT_CONFIGURATION_INFORMATION_SIZE \
	sizeof(PORT_CONFIGURATION_INFORMATION)

C_ASSERT(sizeof(HW_INITIALIZATION_DATA) == 208);
C_ASSERT(offsetof(HW_INITIALIZATION_DATA, DeviceExtensionSize) == 64);
C_ASSERT(offsetof(HW_INITIALIZATION_DATA, VendorIdLength) == 94);
C_ASSERT(offsetof(HW_INITIALIZATION_DATA, HwAdapterControl) == 120);
C_ASSERT(offsetof(HW_INITIALIZATION_DATA, HwBuildIo) == 128);
C_ASSERT(offsetof(HW_INITIALIZATION_DATA, HwUnitControl) == 200);
C_ASSERT(sizeof(PORT_CONFIGURATION_INFORMATION) == 224);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, AccessRanges) == 56);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, NumberOfBuses) == 72);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, SrbType) == 98);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, SlotNumber) == 100);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, Dma64BitAddresses) == 144);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, HwMSInterruptRoutine) == 152);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, DumpRegion) == 168);
C_ASSERT(offsetof(PORT_CONFIGURATION_INFORMATION, FeatureSupport) == 220);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_CONFIG_H */
