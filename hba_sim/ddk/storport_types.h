/* SPDX-License-Identifier: MIT */
/*
 * The structures and constants a StorPort miniport exchanges with the port
 * driver, apart from request blocks (srb.h, srbex.h) and its entry points
 * (storport_callbacks.h).
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_TYPES_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_TYPES_H

#include "hba_sim/ddk/ntkernel.h"
#include "hba_sim/ddk/winlist.h"
#include "hba_sim/ddk/wintypes.h"

typedef PHYSICAL_ADDRESS STOR_PHYSICAL_ADDRESS, *PSTOR_PHYSICAL_ADDRESS;

/* What HwStorFindAdapter returns */
#define SP_RETURN_NOT_FOUND 0
#define SP_RETURN_FOUND 1
#define SP_RETURN_ERROR 2
#define SP_RETURN_BAD_CONFIG 3

/* What the status-returning StorPort routines return */
#define STOR_STATUS_SUCCESS ((ULONG)0x00000000)
#define STOR_STATUS_UNSUCCESSFUL ((ULONG)0xC1000001)
#define STOR_STATUS_NOT_IMPLEMENTED ((ULONG)0xC1000002)
#define STOR_STATUS_INSUFFICIENT_RESOURCES ((ULONG)0xC1000003)
#define STOR_STATUS_BUFFER_TOO_SMALL ((ULONG)0xC1000004)
#define STOR_STATUS_ACCESS_DENIED ((ULONG)0xC1000005)
#define STOR_STATUS_INVALID_PARAMETER ((ULONG)0xC1000006)
#define STOR_STATUS_INVALID_DEVICE_REQUEST ((ULONG)0xC1000007)
#define STOR_STATUS_INVALID_IRQL ((ULONG)0xC1000008)
#define STOR_STATUS_INVALID_DEVICE_STATE ((ULONG)0xC1000009)
#define STOR_STATUS_INVALID_BUFFER_SIZE ((ULONG)0xC100000A)
#define STOR_STATUS_UNSUPPORTED_VERSION ((ULONG)0xC100000B)
#define STOR_STATUS_BUSY ((ULONG)0xC100000C)

/* ErrorCode of StorPortLogError */
#define SP_BUS_PARITY_ERROR 0x0001
#define SP_UNEXPECTED_DISCONNECT 0x0002
#define SP_INVALID_RESELECTION 0x0003
#define SP_BUS_TIME_OUT 0x0004
#define SP_PROTOCOL_ERROR 0x0005
#define SP_INTERNAL_ADAPTER_ERROR 0x0006
#define SP_REQUEST_TIMEOUT 0x0007
#define SP_IRQ_NOT_RESPONDING 0x0008
#define SP_BAD_FW_WARNING 0x0009
#define SP_BAD_FW_ERROR 0x000a

/* A field of PORT_CONFIGURATION_INFORMATION the port driver left open */
#define SP_UNINITIALIZED_VALUE ((ULONG)~0)

/* StorPortBusy, StorPortDeviceBusy: until everything outstanding is done */
#define STOR_ALL_REQUESTS 0xFFFFFFFFu

/* MapBuffers */
#define STOR_MAP_NO_BUFFERS 0
#define STOR_MAP_ALL_BUFFERS 1
#define STOR_MAP_NON_READ_WRITE_BUFFERS 2
#define STOR_MAP_ALL_BUFFERS_INCLUDING_READ_WRITE 3

/* Dma64BitAddresses */
#define SCSI_DMA64_MINIPORT_SUPPORTED 0x01
#define SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED 0x02
#define SCSI_DMA64_MINIPORT_FULL64BIT_NO_BOUNDARY_REQ_SUPPORTED 0x03
#define SCSI_DMA64_SYSTEM_SUPPORTED 0x80

/* DumpMode */
#define DUMP_MODE_CRASH 0x01
#define DUMP_MODE_HIBER 0x02
#define DUMP_MODE_MARK_MEMORY 0x03
#define DUMP_MODE_RESUME 0x04

/* Type of StorPortRegistryRead */
#define MINIPORT_REG_SZ 1
#define MINIPORT_REG_BINARY 3
#define MINIPORT_REG_DWORD 4

/* ChangedEntity of StorPortStateChangeDetected */
#define STATE_CHANGE_LUN 0x1
#define STATE_CHANGE_TARGET 0x2
#define STATE_CHANGE_BUS 0x4

/* Attributes of StorPortStateChangeDetected */
#define ATTRIBUTE_VM_PASSTHROUGH_LUN 0x1

typedef enum _STOR_SYNCHRONIZATION_MODEL {
	StorSynchronizeHalfDuplex,
	StorSynchronizeFullDuplex
} STOR_SYNCHRONIZATION_MODEL, *PSTOR_SYNCHRONIZATION_MODEL;

typedef enum _INTERRUPT_SYNCHRONIZATION_MODE {
	InterruptSupportNone,
	InterruptSynchronizeAll,
	InterruptSynchronizePerMessage
} INTERRUPT_SYNCHRONIZATION_MODE, *PINTERRUPT_SYNCHRONIZATION_MODE;

typedef enum _STOR_SPINLOCK {
	InvalidLock = 0,
	DpcLock = 1,
	StartIoLock,
	InterruptLock,
	ThreadedDpcLock,
	DpcLevelLock
} STOR_SPINLOCK, *PSTOR_SPINLOCK;

/* Drivers write Context.OldIrql themselves: its place is part of the DDI. */
typedef struct _STOR_LOCK_HANDLE {
	STOR_SPINLOCK Lock;
	struct {
		struct {
			PVOID Next;
			PVOID Lock;
		} LockQueue;
		KIRQL OldIrql;
	} Context;
} STOR_LOCK_HANDLE, *PSTOR_LOCK_HANDLE;

typedef struct _STOR_DPC STOR_DPC, *PSTOR_DPC;

/*
 * Runs on one simulated CPU at DISPATCH_LEVEL, never concurrently with itself;
 * the arguments are those of the StorPortIssueDpc that queued it.
 */
typedef VOID HW_DPC_ROUTINE(PSTOR_DPC Dpc, PVOID HwDeviceExtension,
			    PVOID SystemArgument1, PVOID SystemArgument2);
typedef HW_DPC_ROUTINE *PHW_DPC_ROUTINE;

/* The kernel's DPC object. A driver provides the memory and nothing else. */
typedef struct _STOR_KDPC {
	UCHAR Type;
	UCHAR Importance;
	USHORT Number;
	LIST_ENTRY DpcListEntry;
	PHW_DPC_ROUTINE DeferredRoutine;
	PVOID DeferredContext;
	PVOID SystemArgument1;
	PVOID SystemArgument2;
	PVOID DpcData;
} STOR_KDPC, *PSTOR_KDPC;

/* A DPC and the spin lock DpcLock takes; opaque to a driver. */
struct _STOR_DPC {
	STOR_KDPC Dpc;
	ULONG_PTR Lock;
};

typedef struct _ACCESS_RANGE {
	STOR_PHYSICAL_ADDRESS RangeStart;
	ULONG RangeLength;
	BOOLEAN RangeInMemory;
} ACCESS_RANGE, *PACCESS_RANGE;

typedef struct _MEMORY_REGION {
	PUCHAR VirtualBase;
	PHYSICAL_ADDRESS PhysicalBase;
	ULONG Length;
} MEMORY_REGION, *PMEMORY_REGION;

typedef struct _STOR_SCATTER_GATHER_ELEMENT {
	STOR_PHYSICAL_ADDRESS PhysicalAddress;
	ULONG Length;
	ULONG_PTR Reserved;
} STOR_SCATTER_GATHER_ELEMENT, *PSTOR_SCATTER_GATHER_ELEMENT;

typedef struct _STOR_SCATTER_GATHER_LIST {
	ULONG NumberOfElements;
	ULONG_PTR Reserved;
	STOR_SCATTER_GATHER_ELEMENT List[];
} STOR_SCATTER_GATHER_LIST, *PSTOR_SCATTER_GATHER_LIST;

typedef struct _MESSAGE_INTERRUPT_INFORMATION {
	ULONG MessageId;
	ULONG MessageData;
	STOR_PHYSICAL_ADDRESS MessageAddress;
	ULONG InterruptVector;
	ULONG InterruptLevel;
	KINTERRUPT_MODE InterruptMode;
} MESSAGE_INTERRUPT_INFORMATION, *PMESSAGE_INTERRUPT_INFORMATION;

/* Flags and version of PERF_CONFIGURATION_DATA */
#define STOR_PERF_DPC_REDIRECTION 0x00000001
#define STOR_PERF_CONCURRENT_CHANNELS 0x00000002
#define STOR_PERF_INTERRUPT_MESSAGE_RANGES 0x00000004
#define STOR_PERF_ADV_CONFIG_LOCALITY 0x00000008
#define STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO 0x00000010
#define STOR_PERF_DPC_REDIRECTION_CURRENT_CPU 0x00000020
#define STOR_PERF_NO_SGL 0x00000040
#define STOR_PERF_VERSION_2 0x00000002
#define STOR_PERF_VERSION_3 0x00000003
#define STOR_PERF_VERSION_4 0x00000004
#define STOR_PERF_VERSION_5 0x00000005
#define STOR_PERF_VERSION STOR_PERF_VERSION_5

typedef struct _PERF_CONFIGURATION_DATA {
	ULONG Version;
	ULONG Size;
	ULONG Flags;
	ULONG ConcurrentChannels;
	ULONG FirstRedirectionMessageNumber;
	union {
		ULONG LastRedirectionMessageNumber;
		ULONG lastRedirectionMessageNumber; /* as drivers spell it */
	};
	ULONG DeviceNode;
	ULONG Reserved;
	PGROUP_AFFINITY MessageTargets;
} PERF_CONFIGURATION_DATA, *PPERF_CONFIGURATION_DATA;

typedef struct _STARTIO_PERFORMANCE_PARAMETERS {
	ULONG Version;
	ULONG Size;
	ULONG MessageNumber;
	ULONG ChannelNumber;
} STARTIO_PERFORMANCE_PARAMETERS, *PSTARTIO_PERFORMANCE_PARAMETERS;

typedef struct _STOR_UNIT_ATTRIBUTES {
	ULONG DeviceAttentionSupported : 1;
	ULONG AsyncNotificationSupported : 1;
	ULONG D3ColdNotSupported : 1;
	ULONG BypassIOSupported : 1;
	ULONG Reserved : 28;
} STOR_UNIT_ATTRIBUTES, *PSTOR_UNIT_ATTRIBUTES;

#define STOR_CURRENT_LOG_INTERFACE_REVISION 0x00000100

typedef enum _STOR_EVENT_ASSOCIATION_ENUM {
	StorEventAdapterAssociation = 0,
	StorEventLunAssociation,
	StorEventTargetAssociation,
	StorEventInvalidAssociation
} STOR_EVENT_ASSOCIATION_ENUM;

typedef struct _STOR_LOG_EVENT_DETAILS {
	ULONG InterfaceRevision;
	ULONG Size;
	ULONG Flags;
	STOR_EVENT_ASSOCIATION_ENUM EventAssociation;
	ULONG PathId;
	ULONG TargetId;
	ULONG LunId;
	BOOLEAN StorportSpecificErrorCode;
	ULONG ErrorCode;
	ULONG UniqueId;
	ULONG DumpDataSize;
	PVOID DumpData;
	ULONG StringCount;
	PWSTR *StringList;
} STOR_LOG_EVENT_DETAILS, *PSTOR_LOG_EVENT_DETAILS;

C_ASSERT(sizeof(STOR_LOCK_HANDLE) == 32);
C_ASSERT(offsetof(STOR_LOCK_HANDLE, Context.OldIrql) == 24);
C_ASSERT(sizeof(((STOR_LOCK_HANDLE *)0)->Context.OldIrql) == 1);
C_ASSERT(sizeof(STOR_DPC) == 72 && offsetof(STOR_DPC, Lock) == 64);
C_ASSERT(sizeof(ACCESS_RANGE) == 16 && sizeof(MEMORY_REGION) == 24);
C_ASSERT(sizeof(STOR_SCATTER_GATHER_ELEMENT) == 24);
C_ASSERT(offsetof(STOR_SCATTER_GATHER_LIST, List) == 16);
C_ASSERT(sizeof(MESSAGE_INTERRUPT_INFORMATION) == 32);
C_ASSERT(sizeof(PERF_CONFIGURATION_DATA) == 40);
C_ASSERT(offsetof(PERF_CONFIGURATION_DATA, lastRedirectionMessageNumber) == 20);
C_ASSERT(sizeof(STARTIO_PERFORMANCE_PARAMETERS) == 16);
C_ASSERT(sizeof(STOR_UNIT_ATTRIBUTES) == 4);
C_ASSERT(sizeof(STOR_LOG_EVENT_DETAILS) == 72);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_TYPES_H */
