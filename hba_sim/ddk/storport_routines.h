/* SPDX-License-Identifier: MIT */
/*
 * The routines of the port driver that a miniport calls, apart from those that
 * synchronize (storport_sync.h) and those that access registers and ports
 * (storport_io.h). The conventions of storport_sync.h apply.
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_ROUTINES_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_ROUTINES_H

#include "hba_sim/ddk/srbex.h"
#include "hba_sim/ddk/storport_config.h"

/*
 * Register a miniport; DriverEntry's last act. IRQL: PASSIVE_LEVEL. Returns an
 * NTSTATUS: STATUS_SUCCESS, STATUS_INVALID_PARAMETER for a NULL argument,
 * STATUS_REVISION_MISMATCH for a structure of unknown size, STATUS_NO_MEMORY.
 */
ULONG StorPortInitialize(PVOID Argument1, PVOID Argument2,
			 PHW_INITIALIZATION_DATA HwInitializationData,
			 PVOID HwContext);

/* --- Notification --- */

typedef enum _SCSI_NOTIFICATION_TYPE {
	RequestComplete,	/* PSCSI_REQUEST_BLOCK: it is the port's now */
	NextRequest,		/* accepted and ignored, as StorPort does */
	NextLuRequest,		/* likewise */
	ResetDetected,		/* the bus was reset */
	_obsolete1,
	_obsolete2,
	RequestTimerCall,	/* PHW_TIMER, ULONG microseconds; 0 cancels */
	BusChangeDetected,	/* UCHAR path: look for devices again */
	WMIEvent,
	WMIReregister,
	LinkUp,			/* after LinkDown: go on */
	LinkDown,		/* hold all requests */
	QueryTickCount,		/* PLARGE_INTEGER gets the clock interrupts */
	BufferOverrunDetected,	/* memory is corrupt: stop the machine */
	TraceNotification,
	GetExtendedFunctionTable,
	EnablePassiveInitialization = 0x1000,
	InitializeDpc,
	IssueDpc,
	AcquireSpinLock,
	ReleaseSpinLock,
	StateChangeDetectedCall,
	IoTargetRequestServiceTime, /* ULONGLONG 100 ns units, PSCSI_REQUEST_BLOCK */
	AsyncNotificationDetected
} SCSI_NOTIFICATION_TYPE, *PSCSI_NOTIFICATION_TYPE;

/*
 * Tell the port driver of an event; the arguments that follow are those beside
 * the type above, after C's default promotions. IRQL: <= DIRQL, RequestComplete
 * from the ISR and under the interrupt lock too.
 */
VOID StorPortNotification(SCSI_NOTIFICATION_TYPE NotificationType,
			  PVOID HwDeviceExtension, ...);

/*
 * Complete every outstanding request of a unit with `SrbStatus`; SP_UNTAGGED
 * stands for all paths, targets or units. IRQL: <= DIRQL.
 */
VOID StorPortCompleteRequest(PVOID HwDeviceExtension, UCHAR PathId,
			     UCHAR TargetId, UCHAR Lun, UCHAR SrbStatus);

/* --- Flow control. IRQL: <= DIRQL. TRUE if the port driver complies. --- */

/* Hold the adapter's requests until so many have completed, or all have. */
BOOLEAN StorPortBusy(PVOID HwDeviceExtension, ULONG RequestsToComplete);

/* End StorPortBusy now. */
BOOLEAN StorPortReady(PVOID HwDeviceExtension);

/* Hold the adapter's requests for `TimeOut` seconds, or until resumed. */
BOOLEAN StorPortPause(PVOID HwDeviceExtension, ULONG TimeOut);

/* End StorPortPause now. */
BOOLEAN StorPortResume(PVOID HwDeviceExtension);

/* The same four for one logical unit; FALSE also if it does not exist. */
BOOLEAN StorPortDeviceBusy(PVOID HwDeviceExtension, UCHAR PathId,
			   UCHAR TargetId, UCHAR Lun, ULONG RequestsToComplete);
BOOLEAN StorPortDeviceReady(PVOID HwDeviceExtension, UCHAR PathId,
			    UCHAR TargetId, UCHAR Lun);
BOOLEAN StorPortPauseDevice(PVOID HwDeviceExtension, UCHAR PathId,
			    UCHAR TargetId, UCHAR Lun, ULONG TimeOut);
BOOLEAN StorPortResumeDevice(PVOID HwDeviceExtension, UCHAR PathId,
			     UCHAR TargetId, UCHAR Lun);

/* Allow a unit at most `Depth` (> 0) outstanding requests. */
BOOLEAN StorPortSetDeviceQueueDepth(PVOID HwDeviceExtension, UCHAR PathId,
				    UCHAR TargetId, UCHAR Lun, ULONG Depth);

/* --- Memory and addresses --- */

/*
 * Map a range of the adapter's registers; NULL if it is not among its access
 * ranges. `InIoSpace` is TRUE for ports. IRQL: PASSIVE_LEVEL.
 */
PVOID StorPortGetDeviceBase(PVOID HwDeviceExtension, INTERFACE_TYPE BusType,
			    ULONG SystemIoBusNumber,
			    STOR_PHYSICAL_ADDRESS IoAddress,
			    ULONG NumberOfBytes, BOOLEAN InIoSpace);

/* Undo it. IRQL: PASSIVE_LEVEL. */
VOID StorPortFreeDeviceBase(PVOID HwDeviceExtension, PVOID MappedAddress);

/* Obsolete; always TRUE, as documented. IRQL: PASSIVE_LEVEL. */
BOOLEAN StorPortValidateRange(PVOID HwDeviceExtension, INTERFACE_TYPE BusType,
			      ULONG SystemIoBusNumber,
			      STOR_PHYSICAL_ADDRESS IoAddress,
			      ULONG NumberOfBytes, BOOLEAN InIoSpace);

/*
 * Zeroed, physically contiguous memory shared with the adapter: one extension
 * per adapter, returned again by later calls; NULL if memory is short. IRQL:
 * PASSIVE_LEVEL, from HwStorFindAdapter.
 */
PVOID StorPortGetUncachedExtension(PVOID HwDeviceExtension,
				   PPORT_CONFIGURATION_INFORMATION ConfigInfo,
				   ULONG NumberOfBytes);

/*
 * Physical address of memory the port driver gave out, 0 for any other;
 * `Length` gets how many bytes are contiguous from there: to the end of the
 * request's data, of its sense buffer, of the uncached extension, or of the
 * machine's memory. `Srb` is needed for
 * its data and sense buffers only. IRQL: <= DIRQL.
 */
STOR_PHYSICAL_ADDRESS
StorPortGetPhysicalAddress(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb,
			   PVOID VirtualAddress, PULONG Length);

/*
 * The way back, for addresses within the uncached extension or an SRB
 * extension; NULL for any other. IRQL: <= DIRQL.
 */
PVOID StorPortGetVirtualAddress(PVOID HwDeviceExtension,
				STOR_PHYSICAL_ADDRESS PhysicalAddress);

/*
 * The request's data as physical ranges, NULL if it has none; the port
 * driver's, and valid until the request completes. Takes either form of
 * request block. IRQL: HwStorBuildIo's and HwStorStartIo's.
 */
PSTOR_SCATTER_GATHER_LIST StorPortGetScatterGatherList(PVOID HwDeviceExtension,
						       PVOID Srb);

/* The unit's extension; NULL if there is no such unit. IRQL: <= DIRQL. */
PVOID StorPortGetLogicalUnit(PVOID HwDeviceExtension, UCHAR PathId,
			     UCHAR TargetId, UCHAR Lun);

/*
 * Non-paged memory; `BufferPointer` gets it, or NULL. IRQL: <= DISPATCH_LEVEL.
 * STOR_STATUS_SUCCESS, _INVALID_PARAMETER, _INVALID_IRQL or
 * _INSUFFICIENT_RESOURCES.
 */
ULONG StorPortAllocatePool(PVOID HwDeviceExtension, SIZE_T NumberOfBytes,
			   ULONG Tag, PVOID *BufferPointer);

/* Give it back. IRQL and results as above. */
ULONG StorPortFreePool(PVOID HwDeviceExtension, PVOID BufferPointer);

/* Copy memory that may overlap. IRQL: any. */
VOID StorPortMoveMemory(PVOID WriteBuffer, PVOID ReadBuffer, ULONG Length);
#define StorPortCopyMemory(destination, source, length) \
	memcpy((destination), (source), (length))

/* A physical address of that value, and its low or whole value. IRQL: any. */
STOR_PHYSICAL_ADDRESS
StorPortConvertUlongToPhysicalAddress(ULONG_PTR UlongAddress);
#define StorPortConvertPhysicalAddressToUlong(address) ((address).LowPart)
#define StorPortConvertPhysicalAddressToULong64(address) \
	((ULONG64)(address).QuadPart)

/* --- Configuration --- */

/*
 * Read PCI configuration space (`BusDataType` PCIConfiguration) from byte 0;
 * returns the bytes read, 0 if there is no such bus, 2 if there is no such
 * device. With `Length` 0, `*Buffer` gets a pointer to a copy instead. IRQL:
 * PASSIVE_LEVEL, from HwStorFindAdapter.
 */
ULONG StorPortGetBusData(PVOID DeviceExtension, ULONG BusDataType,
			 ULONG SystemIoBusNumber, ULONG SlotNumber,
			 PVOID Buffer, ULONG Length);

/* Write there, at byte `Offset`; returns the bytes written. IRQL as above. */
ULONG StorPortSetBusDataByOffset(PVOID DeviceExtension, ULONG BusDataType,
				 ULONG SystemIoBusNumber, ULONG SlotNumber,
				 PVOID Buffer, ULONG Offset, ULONG Length);

/*
 * The adapter's one buffer for registry access; `Length` is updated to its
 * size. NULL if it is taken. IRQL: PASSIVE_LEVEL.
 */
PUCHAR StorPortAllocateRegistryBuffer(PVOID HwDeviceExtension, PULONG Length);

/* Give it back. IRQL: PASSIVE_LEVEL. */
VOID StorPortFreeRegistryBuffer(PVOID HwDeviceExtension, PUCHAR Buffer);

/*
 * Read a value of the driver's parameters, those of all adapters if `Global`.
 * TRUE; FALSE and in `BufferLength` the size needed if the buffer is too small;
 * FALSE and 0 on any other error. IRQL: PASSIVE_LEVEL.
 */
BOOLEAN StorPortRegistryRead(PVOID HwDeviceExtension, PUCHAR ValueName,
			     ULONG Global, ULONG Type, PUCHAR Buffer,
			     PULONG BufferLength);

/* Write one; FALSE on error. IRQL: PASSIVE_LEVEL. */
BOOLEAN StorPortRegistryWrite(PVOID HwDeviceExtension, PUCHAR ValueName,
			      ULONG Global, ULONG Type, PUCHAR Buffer,
			      ULONG BufferLength);

/*
 * Report that a unit, target or bus (STATE_CHANGE_...) changed;
 * `HwStateChange`, unless NULL, is called when that is dealt with, and until
 * then `Address` stays as it is. IRQL: any.
 * STOR_STATUS_SUCCESS, _INVALID_PARAMETER, or _UNSUCCESSFUL while an earlier
 * report is pending.
 */
ULONG StorPortStateChangeDetected(PVOID HwDeviceExtension, ULONG ChangedEntity,
				  PSTOR_ADDRESS Address, ULONG Attributes,
				  PHW_STATE_CHANGE HwStateChange,
				  PVOID HwStateChangeContext);

/*
 * State what a unit supports. IRQL: any. STOR_STATUS_SUCCESS or
 * STOR_STATUS_INVALID_PARAMETER: a reserved bit, or no such unit.
 */
ULONG StorPortSetUnitAttributes(PVOID HwDeviceExtension, PSTOR_ADDRESS Address,
				STOR_UNIT_ATTRIBUTES Attributes);

/* --- Time, processors, logging --- */

/* Busy-wait for `Delay` microseconds, maybe under a lock. IRQL: any. */
VOID StorPortStallExecution(ULONG Delay);

/* 100 ns units since 1601-01-01 UTC. IRQL: any. */
VOID StorPortQuerySystemTime(PLARGE_INTEGER CurrentTime);

/*
 * A counter and, unless NULL, its frequency in Hz. IRQL: any.
 * STOR_STATUS_SUCCESS or STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortQueryPerformanceCounter(PVOID HwDeviceExtension,
				      PLARGE_INTEGER PerformanceFrequency,
				      PLARGE_INTEGER PerformanceCounter);

/* The calling CPU. IRQL: <= DISPATCH_LEVEL. Results as above. */
ULONG StorPortGetCurrentProcessorNumber(PVOID HwDeviceExtension,
					PPROCESSOR_NUMBER ProcNumber);

/* Log an error, one of `Srb` unless that is NULL. IRQL: <= DIRQL. */
VOID StorPortLogError(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb,
		      UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG ErrorCode,
		      ULONG UniqueId);

/*
 * Log an event with data and strings. IRQL: <= DISPATCH_LEVEL.
 * STOR_STATUS_SUCCESS, _INVALID_PARAMETER, _INVALID_IRQL,
 * _UNSUPPORTED_VERSION, or _INVALID_BUFFER_SIZE and the most that fits in
 * `MaximumSize` unless that is NULL.
 */
ULONG StorPortLogSystemEvent(PVOID HwDeviceExtension,
			     PSTOR_LOG_EVENT_DETAILS LogDetails,
			     PULONG MaximumSize);

/* Print for a developer; level 0 is the most important. IRQL: any. */
VOID StorPortDebugPrint(ULONG DebugPrintLevel, PCCHAR DebugMessage, ...);

#ifndef DBG
#define DBG 0
#endif
/* The arguments come in parentheses of their own. */
#if DBG
#define DebugPrint(arguments) StorPortDebugPrint arguments
#else
#define DebugPrint(arguments)
#endif

C_ASSERT(QueryTickCount == 12 && ReleaseSpinLock == 0x1004);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_ROUTINES_H */
