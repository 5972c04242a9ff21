/* SPDX-License-Identifier: MIT */
/*
 * The entry points a StorPort miniport gives to the port driver: for each its
 * function type, so that a driver can declare its routine with it, and the
 * P-prefixed pointer type. The comments say at which IRQL the simulator calls
 * it and which lock it holds meanwhile; both follow the documented rules.
 *
 * Source: Microsoft's public DDI reference, storport.h callbacks.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_CALLBACKS_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_CALLBACKS_H

#include "hba_sim/ddk/srb.h"
#include "hba_sim/ddk/storport_types.h"

struct _PORT_CONFIGURATION_INFORMATION;

/* The driver's own entry point; it ends by returning StorPortInitialize's. */
typedef ULONG sp_DRIVER_INITIALIZE(PVOID DriverObject, PVOID RegistryPath);

/*
 * Describe the adapter in `ConfigInfo` and map its registers. PASSIVE_LEVEL,
 * DISPATCH_LEVEL where it takes the place of ScsiRestartAdapter; no lock.
 * Returns one of SP_RETURN_....
 */
typedef ULONG
HW_FIND_ADAPTER(PVOID DeviceExtension, PVOID HwContext, PVOID BusInformation,
		PCHAR ArgumentString,
		struct _PORT_CONFIGURATION_INFORMATION *ConfigInfo,
		PBOOLEAN Reserved3);
typedef HW_FIND_ADAPTER *PHW_FIND_ADAPTER;

/* Bring the adapter up. DIRQL, interrupt lock held. TRUE on success. */
typedef BOOLEAN HW_INITIALIZE(PVOID DeviceExtension);
typedef HW_INITIALIZE *PHW_INITIALIZE;

/* The part of it that wants no lock, DPCs above all. PASSIVE_LEVEL. */
typedef BOOLEAN HW_PASSIVE_INITIALIZE_ROUTINE(PVOID DeviceExtension);
typedef HW_PASSIVE_INITIALIZE_ROUTINE *PHW_PASSIVE_INITIALIZE_ROUTINE;

/*
 * Prepare a request. DISPATCH_LEVEL, no lock, on any number of CPUs at once.
 * FALSE: the driver has completed it, do not start it.
 */
typedef BOOLEAN HW_BUILDIO(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb);
typedef HW_BUILDIO *PHW_BUILDIO;

/*
 * Hand a request to the adapter. Full duplex: DISPATCH_LEVEL, StartIo lock held
 * unless the driver asked for concurrent channels. Half duplex: DIRQL,
 * interrupt lock held. FALSE: not started, try again later.
 */
typedef BOOLEAN HW_STARTIO(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb);
typedef HW_STARTIO *PHW_STARTIO;

/*
 * Line-based interrupt service. DIRQL, interrupt lock held. FALSE: the
 * interrupt is not this adapter's. At most 50 us.
 */
typedef BOOLEAN HW_INTERRUPT(PVOID DeviceExtension);
typedef HW_INTERRUPT *PHW_INTERRUPT;

/* The same for a message; holds the lock of all messages or this one's. */
typedef BOOLEAN HW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE(PVOID HwDeviceExtension,
						      ULONG MessageId);
typedef HW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE
	*PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE;

/* StorPortSynchronizeAccess calls it: DIRQL, exclusive against the ISR. */
typedef BOOLEAN STOR_SYNCHRONIZED_ACCESS(PVOID HwDeviceExtension,
					 PVOID Context);
typedef STOR_SYNCHRONIZED_ACCESS *PSTOR_SYNCHRONIZED_ACCESS;

/*
 * The time of RequestTimerCall has come. DISPATCH_LEVEL, StartIo lock held, in
 * half duplex the interrupt lock too.
 */
typedef VOID HW_TIMER(PVOID DeviceExtension);
typedef HW_TIMER *PHW_TIMER;

/* The time of StorPortRequestTimer has come. As HW_TIMER. */
typedef VOID HW_TIMER_EX(PVOID DeviceExtension, PVOID Context);
typedef HW_TIMER_EX *PHW_TIMER_EX;

/*
 * Reset a bus and complete its requests. DISPATCH_LEVEL, StartIo lock held, in
 * half duplex the interrupt lock too. TRUE if the bus was reset.
 */
typedef BOOLEAN HW_RESET_BUS(PVOID DeviceExtension, ULONG PathId);
typedef HW_RESET_BUS *PHW_RESET_BUS;

/* Order and values matter: SupportedTypeList is indexed by them. */
typedef enum _SCSI_ADAPTER_CONTROL_TYPE {
	ScsiQuerySupportedControlTypes = 0,
	ScsiStopAdapter,
	ScsiRestartAdapter,
	ScsiSetBootConfig,
	ScsiSetRunningConfig,
	ScsiPowerSettingNotification,
	ScsiAdapterPower,
	ScsiAdapterPoFxPowerRequired,
	ScsiAdapterPoFxPowerActive,
	ScsiAdapterPoFxPowerSetFState,
	ScsiAdapterPoFxPowerControl,
	ScsiAdapterPrepareForBusReScan,
	ScsiAdapterSystemPowerHints,
	ScsiAdapterFilterResourceRequirements,
	ScsiAdapterPoFxMaxOperationalPower,
	ScsiAdapterPoFxSetPerfState,
	ScsiAdapterSurpriseRemoval,
	ScsiAdapterSerialNumber,
	ScsiAdapterCryptoOperation,
	ScsiAdapterQueryFruId,
	ScsiAdapterSetEventLogging,
	ScsiAdapterReportInternalData,
	ScsiAdapterResetBusSynchronous,
	ScsiAdapterPostHwInitialize,
	ScsiAdapterPrepareEarlyDumpData,
	ScsiAdapterRestoreEarlyDumpData,
	ScsiAdapterControlMax,
	MakeAdapterControlTypeSizeOfUlong = 0xffffffff
} SCSI_ADAPTER_CONTROL_TYPE, *PSCSI_ADAPTER_CONTROL_TYPE;

typedef enum _SCSI_ADAPTER_CONTROL_STATUS {
	ScsiAdapterControlSuccess = 0,
	ScsiAdapterControlUnsuccessful
} SCSI_ADAPTER_CONTROL_STATUS, *PSCSI_ADAPTER_CONTROL_STATUS;

typedef enum _SCSI_UNIT_CONTROL_TYPE {
	ScsiQuerySupportedUnitControlTypes = 0,
	ScsiUnitUsage,
	ScsiUnitStart,
	ScsiUnitPower,
	ScsiUnitPoFxPowerInfo,
	ScsiUnitPoFxPowerRequired,
	ScsiUnitPoFxPowerActive,
	ScsiUnitPoFxPowerSetFState,
	ScsiUnitPoFxPowerControl,
	ScsiUnitRemove,
	ScsiUnitSurpriseRemoval,
	ScsiUnitRichDescription,
	ScsiUnitQueryBusType,
	ScsiUnitQueryFruId,
	ScsiUnitReportInternalData,
	ScsiUnitControlMax,
	MakeUnitControlTypeSizeOfUlong = 0xffffffff
} SCSI_UNIT_CONTROL_TYPE, *PSCSI_UNIT_CONTROL_TYPE;

typedef enum _SCSI_UNIT_CONTROL_STATUS {
	ScsiUnitControlSuccess = 0,
	ScsiUnitControlUnsuccessful
} SCSI_UNIT_CONTROL_STATUS, *PSCSI_UNIT_CONTROL_STATUS;

/* Parameters of the two query types: set TRUE what is supported. */
typedef struct _SCSI_SUPPORTED_CONTROL_TYPE_LIST {
	ULONG MaxControlType;
	BOOLEAN SupportedTypeList[];
} SCSI_SUPPORTED_CONTROL_TYPE_LIST, *PSCSI_SUPPORTED_CONTROL_TYPE_LIST;

/*
 * Stop, restart or configure the adapter. Queries and configuration at
 * PASSIVE_LEVEL without a lock; stop and restart at DIRQL, interrupt lock held.
 */
typedef SCSI_ADAPTER_CONTROL_STATUS
HW_ADAPTER_CONTROL(PVOID DeviceExtension, SCSI_ADAPTER_CONTROL_TYPE ControlType,
		   PVOID Parameters);
typedef HW_ADAPTER_CONTROL *PHW_ADAPTER_CONTROL;

/* The same for a logical unit. <= DISPATCH_LEVEL, no lock. */
typedef SCSI_UNIT_CONTROL_STATUS
HW_UNIT_CONTROL(PVOID DeviceExtension, SCSI_UNIT_CONTROL_TYPE ControlType,
		PVOID Parameters);
typedef HW_UNIT_CONTROL *PHW_UNIT_CONTROL;

/*
 * StorPortStateChangeDetected has been dealt with; `Address` is the one that
 * was given there. IRQL and locks as for HW_TIMER.
 */
typedef VOID HW_STATE_CHANGE(PVOID HwDeviceExtension, PVOID Context,
			     SHORT AddressType, PVOID Address, ULONG Status);
typedef HW_STATE_CHANGE *PHW_STATE_CHANGE;

/*
 * Members of HW_INITIALIZATION_DATA that only legacy or virtual miniports use,
 * or tracing; the simulator calls none of them.
 */
typedef VOID HW_DMA_STARTED(PVOID DeviceExtension);
typedef HW_DMA_STARTED *PHW_DMA_STARTED;
typedef BOOLEAN HW_ADAPTER_STATE(PVOID DeviceExtension, PVOID Context,
				 BOOLEAN SaveState);
typedef HW_ADAPTER_STATE *PHW_ADAPTER_STATE;
typedef VOID HW_FREE_ADAPTER_RESOURCES(PVOID DeviceExtension);
typedef HW_FREE_ADAPTER_RESOURCES *PHW_FREE_ADAPTER_RESOURCES;
typedef VOID HW_PROCESS_SERVICE_REQUEST(PVOID DeviceExtension, PVOID Irp);
typedef HW_PROCESS_SERVICE_REQUEST *PHW_PROCESS_SERVICE_REQUEST;
typedef VOID HW_COMPLETE_SERVICE_IRP(PVOID DeviceExtension);
typedef HW_COMPLETE_SERVICE_IRP *PHW_COMPLETE_SERVICE_IRP;
typedef VOID HW_INITIALIZE_TRACING(PVOID Arg1, PVOID Arg2);
typedef HW_INITIALIZE_TRACING *PHW_INITIALIZE_TRACING;
typedef VOID HW_CLEANUP_TRACING(PVOID Arg1);
typedef HW_CLEANUP_TRACING *PHW_CLEANUP_TRACING;
typedef VOID HW_TRACING_ENABLED(PVOID HwDeviceExtension, BOOLEAN Enabled);
typedef HW_TRACING_ENABLED *PHW_TRACING_ENABLED;

C_ASSERT(sizeof(SCSI_ADAPTER_CONTROL_TYPE) == 4);
C_ASSERT(ScsiAdapterSurpriseRemoval == 16 && ScsiAdapterControlMax == 26);
C_ASSERT(sizeof(SCSI_UNIT_CONTROL_TYPE) == 4 && ScsiUnitControlMax == 15);
C_ASSERT(offsetof(SCSI_SUPPORTED_CONTROL_TYPE_LIST, SupportedTypeList) == 4);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_CALLBACKS_H */
