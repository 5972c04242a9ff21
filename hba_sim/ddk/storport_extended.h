/* SPDX-License-Identifier: MIT */
/*
 * What StorPort added for current drivers beside storport_routines.h: memory by
 * address, timers, processors, events, power. All answer a STOR_STATUS; the
 * conventions of storport_sync.h apply. What is not simulated answers as a
 * system that does not have it; docs/storport-surface.md says which.
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_EXTENDED_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_EXTENDED_H

#include "hba_sim/ddk/srbex.h"
#include "hba_sim/ddk/storport_callbacks.h"

typedef enum _MEMORY_CACHING_TYPE {
	MmNonCached,
	MmCached,
	MmWriteCombined,
	MmHardwareCoherentCached,
	MmNonCachedUnordered,
	MmUSWCCached,
	MmMaximumCacheType,
	MmNotMapped = -1
} MEMORY_CACHING_TYPE;

typedef ULONG NODE_REQUIREMENT;
#define MM_ANY_NODE_OK 0x80000000

/* Opaque: a buffer is not described by pages here. */
typedef struct _MDL MDL, *PMDL;

/* --- Memory. IRQL: <= DISPATCH_LEVEL --- */

/*
 * Zeroed, physically contiguous memory between two physical addresses, across
 * no multiple of `BoundaryAddressMultiple` unless that is 0. `BufferPointer`
 * gets it, or NULL. STOR_STATUS_SUCCESS or _INSUFFICIENT_RESOURCES.
 */
ULONG StorPortAllocateContiguousMemorySpecifyCacheNode(
	PVOID HwDeviceExtension, SIZE_T NumberOfBytes,
	PHYSICAL_ADDRESS LowestAcceptableAddress,
	PHYSICAL_ADDRESS HighestAcceptableAddress,
	PHYSICAL_ADDRESS BoundaryAddressMultiple,
	MEMORY_CACHING_TYPE CacheType, NODE_REQUIREMENT PreferredNode,
	PVOID *BufferPointer);

/* Give it back; the simulator does not use it again. */
ULONG StorPortFreeContiguousMemorySpecifyCache(PVOID HwDeviceExtension,
					       PVOID BaseAddress,
					       SIZE_T NumberOfBytes,
					       MEMORY_CACHING_TYPE CacheType);

/* The same, with the physical address. */
ULONG StorPortAllocateDmaMemory(PVOID HwDeviceExtension, SIZE_T NumberOfBytes,
				PHYSICAL_ADDRESS LowestAcceptableAddress,
				PHYSICAL_ADDRESS HighestAcceptableAddress,
				PHYSICAL_ADDRESS BoundaryAddressMultiple,
				MEMORY_CACHING_TYPE CacheType,
				NODE_REQUIREMENT PreferredNode,
				PVOID *BufferPointer,
				PPHYSICAL_ADDRESS PhysicalAddress);
ULONG StorPortFreeDmaMemory(PVOID HwDeviceExtension, PVOID BaseAddress,
			    SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType,
			    PHYSICAL_ADDRESS PhysicalAddress);

/*
 * Where a request's data are. Takes either form of request block.
 * STOR_STATUS_SUCCESS, _INVALID_PARAMETER if it has none, _INVALID_IRQL.
 */
ULONG StorPortGetSystemAddress(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb,
			       PVOID *SystemAddress);

/* Lists of pages. STOR_STATUS_INVALID_PARAMETER or _NOT_IMPLEMENTED. */
ULONG StorPortGetOriginalMdl(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb,
			     PVOID *Mdl);
ULONG StorPortAllocateMdl(PVOID HwDeviceExtension, PVOID BufferPointer,
			  ULONG NumberOfBytes, PVOID *Mdl);
ULONG StorPortBuildMdlForNonPagedPool(PVOID HwDeviceExtension, PVOID Mdl);
ULONG StorPortFreeMdl(PVOID HwDeviceExtension, PVOID Mdl);

/* Called with the list when it is built. DISPATCH_LEVEL. */
typedef VOID (*PpostScaterGatherExecute)(PVOID *DeviceObject, PVOID *Irp,
					 PSTOR_SCATTER_GATHER_LIST List,
					 PVOID Context);

ULONG StorPortBuildScatterGatherList(
	PVOID HwDeviceExtension, PVOID Mdl, PVOID CurrentVa, ULONG Length,
	PpostScaterGatherExecute ExecutionRoutine, PVOID Context,
	BOOLEAN WriteToDevice, PVOID ScatterGatherBuffer,
	ULONG ScatterGatherBufferLength);
ULONG StorPortPutScatterGatherList(PVOID HwDeviceExtension,
				   PSTOR_SCATTER_GATHER_LIST ScatterGatherList,
				   BOOLEAN WriteToDevice);

/* --- Timers, any number of them --- */

/* A timer is over. DISPATCH_LEVEL; locks as for HW_TIMER. */
typedef VOID HW_TIMER_EX(PVOID DeviceExtension, PVOID Context);
typedef HW_TIMER_EX *PHW_TIMER_EX;

/*
 * `TimerHandle` gets a new timer. IRQL: <= DISPATCH_LEVEL. STOR_STATUS_SUCCESS,
 * _INVALID_IRQL, _INVALID_PARAMETER or _INSUFFICIENT_RESOURCES.
 */
ULONG StorPortInitializeTimer(PVOID HwDeviceExtension, PVOID *TimerHandle);

/*
 * Have `TimerCallback` called once after `TimerValue` microseconds, 0 cancels;
 * NULL is neither.
 * IRQL: any. STOR_STATUS_SUCCESS, _INVALID_PARAMETER, or _BUSY while an earlier
 * request has not been served.
 */
ULONG StorPortRequestTimer(PVOID HwDeviceExtension, PVOID TimerHandle,
			   PHW_TIMER_EX TimerCallback, PVOID CallbackContext,
			   ULONGLONG TimerValue, ULONGLONG TolerableDelay);

/*
 * Cancel it and give it back. IRQL: <= DISPATCH_LEVEL. STOR_STATUS_SUCCESS,
 * _INVALID_IRQL, _INVALID_PARAMETER, or _UNSUCCESSFUL if it is free.
 */
ULONG StorPortFreeTimer(PVOID HwDeviceExtension, PVOID TimerHandle);

/* --- Processors. STOR_STATUS_SUCCESS or _INVALID_PARAMETER --- */

ULONG StorPortGetCurrentIrql(PVOID HwDeviceExtension, PKIRQL Irql);
ULONG StorPortGetActiveGroupCount(PVOID HwDeviceExtension, PUSHORT NumberGroups);
ULONG StorPortGetActiveNodeCount(PVOID HwDeviceExtension, PULONG NumberNodes);
ULONG StorPortGetHighestNodeNumber(PVOID HwDeviceExtension, PULONG HighestNode);
ULONG StorPortGetGroupAffinity(PVOID HwDeviceExtension, USHORT GroupNumber,
			       PKAFFINITY GroupAffinityMask);
ULONG StorPortGetNodeAffinity(PVOID HwDeviceExtension, ULONG NodeNumber,
			      PGROUP_AFFINITY NodeAffinityMask);

/* --- Work items: STOR_STATUS_INSUFFICIENT_RESOURCES, there are none --- */

typedef VOID HW_WORKITEM(PVOID HwDeviceExtension, PVOID Context, PVOID Worker);
typedef HW_WORKITEM *PHW_WORKITEM;

ULONG StorPortInitializeWorker(PVOID HwDeviceExtension, PVOID *Worker);
ULONG StorPortQueueWorkItem(PVOID HwDeviceExtension,
			    PHW_WORKITEM WorkItemCallback, PVOID Worker,
			    PVOID Context);
ULONG StorPortFreeWorker(PVOID HwDeviceExtension, PVOID Worker);

/* --- Event tracing: STOR_STATUS_NOT_IMPLEMENTED, it is not enabled --- */

typedef enum _STORPORT_ETW_LEVEL {
	StorportEtwLevelLogAlways,
	StorportEtwLevelCritical,
	StorportEtwLevelError,
	StorportEtwLevelWarning,
	StorportEtwLevelInformational,
	StorportEtwLevelVerbose,
	StorportEtwLevelMax = StorportEtwLevelVerbose
} STORPORT_ETW_LEVEL, *PSTORPORT_ETW_LEVEL;

typedef enum _STORPORT_ETW_EVENT_OPCODE {
	StorportEtwEventOpcodeInfo,
	StorportEtwEventOpcodeStart,
	StorportEtwEventOpcodeStop,
	StorportEtwEventOpcodeDC_Start,
	StorportEtwEventOpcodeDC_Stop,
	StorportEtwEventOpcodeExtension,
	StorportEtwEventOpcodeReply,
	StorportEtwEventOpcodeResume,
	StorportEtwEventOpcodeSuspend,
	StorportEtwEventOpcodeSend,
	StorportEtwEventOpcodeReceive = 240
} STORPORT_ETW_EVENT_OPCODE, *PSTORPORT_ETW_EVENT_OPCODE;

ULONG StorPortEtwEvent2(PVOID HwDeviceExtension, PSTOR_ADDRESS Address,
			ULONG EventId, PWSTR EventDescription,
			ULONGLONG EventKeywords, STORPORT_ETW_LEVEL EventLevel,
			STORPORT_ETW_EVENT_OPCODE EventOpcode,
			PSCSI_REQUEST_BLOCK Srb, PWSTR Parameter1Name,
			ULONGLONG Parameter1Value, PWSTR Parameter2Name,
			ULONGLONG Parameter2Value);
ULONG StorPortEtwEvent4(PVOID HwDeviceExtension, PSTOR_ADDRESS Address,
			ULONG EventId, PWSTR EventDescription,
			ULONGLONG EventKeywords, STORPORT_ETW_LEVEL EventLevel,
			STORPORT_ETW_EVENT_OPCODE EventOpcode,
			PSCSI_REQUEST_BLOCK Srb, PWSTR Parameter1Name,
			ULONGLONG Parameter1Value, PWSTR Parameter2Name,
			ULONGLONG Parameter2Value, PWSTR Parameter3Name,
			ULONGLONG Parameter3Value, PWSTR Parameter4Name,
			ULONGLONG Parameter4Value);
ULONG StorPortEtwEvent8(PVOID HwDeviceExtension, PSTOR_ADDRESS Address,
			ULONG EventId, PWSTR EventDescription,
			ULONGLONG EventKeywords, STORPORT_ETW_LEVEL EventLevel,
			STORPORT_ETW_EVENT_OPCODE EventOpcode,
			PSCSI_REQUEST_BLOCK Srb, PWSTR Parameter1Name,
			ULONGLONG Parameter1Value, PWSTR Parameter2Name,
			ULONGLONG Parameter2Value, PWSTR Parameter3Name,
			ULONGLONG Parameter3Value, PWSTR Parameter4Name,
			ULONGLONG Parameter4Value, PWSTR Parameter5Name,
			ULONGLONG Parameter5Value, PWSTR Parameter6Name,
			ULONGLONG Parameter6Value, PWSTR Parameter7Name,
			ULONGLONG Parameter7Value, PWSTR Parameter8Name,
			ULONGLONG Parameter8Value);

/* --- Power and the platform --- */

/* STOR_STATUS_INVALID_DEVICE_REQUEST: the device is not registered for it. */
ULONG StorPortPoFxActivateComponent(PVOID HwDeviceExtension,
				    PSTOR_ADDRESS Address,
				    PSCSI_REQUEST_BLOCK Srb, ULONG Component,
				    ULONG Flags);
ULONG StorPortPoFxIdleComponent(PVOID HwDeviceExtension, PSTOR_ADDRESS Address,
				PSCSI_REQUEST_BLOCK Srb, ULONG Component,
				ULONG Flags);

/* STOR_STATUS_NOT_IMPLEMENTED: there is no ACPI. */
ULONG StorPortInvokeAcpiMethod(PVOID HwDeviceExtension, PSTOR_ADDRESS Address,
			       ULONG MethodName, PVOID InputBuffer,
			       ULONG InputBufferLength, PVOID OutputBuffer,
			       ULONG OutputBufferLength, PULONG BytesReturned);

/* STOR_STATUS_INSUFFICIENT_RESOURCES: nothing is notified. */
ULONG StorPortSetPowerSettingNotificationGuids(PVOID HwDeviceExtension,
					       ULONG GuidCount, PGUID Guid);

/* STOR_STATUS_INVALID_DEVICE_REQUEST: no unit supports it. */
ULONG StorPortAsyncNotificationDetected(PVOID HwDeviceExtension,
					PSTOR_ADDRESS Address, ULONGLONG Flags);

C_ASSERT(sizeof(MEMORY_CACHING_TYPE) == 4 && MmWriteCombined == 2);
C_ASSERT(StorportEtwLevelVerbose == 5);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_EXTENDED_H */
