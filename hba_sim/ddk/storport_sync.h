/* SPDX-License-Identifier: MIT */
/*
 * The port driver's synchronization: synchronized access against the ISR, spin
 * locks, DPCs, message-signaled interrupts and the performance options that
 * decide what runs concurrently. What this project measures is behind these.
 *
 * `HwDeviceExtension` is the adapter's extension, as every callback gets it.
 * "IRQL:" is where a routine may be called, DIRQL being the adapter's. Misuse
 * (a lock out of order, an IRQL too high) is a verifier error and stops the
 * machine; it is never silently repaired. Several of these are macros over one
 * extended function in Windows; a driver cannot tell.
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_SYNC_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_SYNC_H

#include "hba_sim/ddk/srb.h"
#include "hba_sim/ddk/storport_callbacks.h"
#include "hba_sim/ddk/storport_types.h"

/*
 * Call a routine with exclusive access against the adapter's ISR and against
 * every other caller; return what it returned. IRQL: <= DIRQL, holding no
 * interrupt lock: from the ISR, or nested, it would never return. The routine
 * runs on the caller's CPU at DIRQL. In half duplex HwStorStartIo, the timer
 * and the reset own the interrupt lock already and are called straight through.
 */
BOOLEAN
StorPortSynchronizeAccess(PVOID HwDeviceExtension,
			  PSTOR_SYNCHRONIZED_ACCESS SynchronizedAccessRoutine,
			  PVOID Context);

/*
 * Take one of the adapter's spin locks: DpcLock, whose `LockContext` is the
 * STOR_DPC it belongs to, StartIoLock, or InterruptLock (every message's lock,
 * ascending, when synchronizing per message); for the latter two `LockContext`
 * is NULL. Raises to DISPATCH_LEVEL, or DIRQL for InterruptLock. Order:
 * DpcLock or StartIoLock before InterruptLock. In half duplex StartIoLock raises
 * to DIRQL, as HwStorStartIo runs there. IRQL: at most the level the lock
 * raises to. `LockHandle` is the caller's and remembers the old IRQL.
 */
VOID StorPortAcquireSpinLock(PVOID DeviceExtension, STOR_SPINLOCK SpinLock,
			     PVOID LockContext, PSTOR_LOCK_HANDLE LockHandle);

/*
 * Release what `LockHandle` took and go back to LockHandle->Context.OldIrql.
 * IRQL: the one the lock raised to.
 */
VOID StorPortReleaseSpinLock(PVOID DeviceExtension,
			     PSTOR_LOCK_HANDLE LockHandle);

/*
 * Take the lock of one message; only when synchronizing per message.
 * `OldIrql` gets the IRQL to return to. IRQL: <= DIRQL. Returns
 * STOR_STATUS_SUCCESS, or STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortAcquireMSISpinLock(PVOID HwDeviceExtension, ULONG MessageId,
				 PULONG OldIrql);

/* Release it and go back to `OldIrql`. IRQL: DIRQL. Returns as above. */
ULONG StorPortReleaseMSISpinLock(PVOID HwDeviceExtension, ULONG MessageId,
				 ULONG OldIrql);

/*
 * Have `HwPassiveInitializeRoutine` called at PASSIVE_LEVEL after
 * HwStorInitialize. IRQL: DIRQL; TRUE from HwStorInitialize, elsewhere FALSE.
 */
BOOLEAN StorPortEnablePassiveInitialization(
	PVOID DeviceExtension,
	PHW_PASSIVE_INITIALIZE_ROUTINE HwPassiveInitializeRoutine);

/*
 * Make a DPC of memory the driver owns. IRQL: PASSIVE_LEVEL, from the passive
 * initialization routine.
 */
VOID StorPortInitializeDpc(PVOID DeviceExtension, PSTOR_DPC Dpc,
			   PHW_DPC_ROUTINE HwDpcRoutine);

/*
 * Queue a DPC on the calling CPU. TRUE, or FALSE if it is queued already: the
 * arguments of the first call stand. A DPC that runs may be queued again.
 * IRQL: <= DIRQL.
 */
BOOLEAN StorPortIssueDpc(PVOID DeviceExtension, PSTOR_DPC Dpc,
			 PVOID SystemArgument1, PVOID SystemArgument2);

/*
 * Vector, level and address of a message. IRQL: any. STOR_STATUS_SUCCESS,
 * STOR_STATUS_INVALID_DEVICE_REQUEST without MSI, or
 * STOR_STATUS_INVALID_PARAMETER for NULL or a message beyond the last.
 */
ULONG StorPortGetMSIInfo(PVOID HwDeviceExtension, ULONG MessageId,
			 PMESSAGE_INTERRUPT_INFORMATION InterruptInfo);

/*
 * With `Query`, report the supported STOR_PERF_... flags; without, switch on
 * those in `PerfConfigData`. IRQL: <= DIRQL, from HwStorInitialize or the
 * passive initialization routine. STOR_STATUS_SUCCESS,
 * STOR_STATUS_UNSUCCESSFUL for an unknown flag or another caller,
 * STOR_STATUS_INVALID_PARAMETER.
 */
ULONG StorPortInitializePerfOpts(PVOID HwDeviceExtension, BOOLEAN Query,
				 PPERF_CONFIGURATION_DATA PerfConfigData);

/*
 * Which channel and message a request should use; the caller sets `Size`.
 * IRQL: HwStorStartIo's. STOR_STATUS_SUCCESS or STOR_STATUS_INVALID_PARAMETER.
 */
ULONG
StorPortGetStartIoPerfParams(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb,
			     PSTARTIO_PERFORMANCE_PARAMETERS StartIoPerfParams);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_SYNC_H */
