/* SPDX-License-Identifier: MIT */
/*
 * The verifier's rules, one row each: identifier, stable name, what is wrong,
 * what would be right, and the page of Microsoft's public DDI reference that says so;
 * "policy" where none does and this simulator decides.
 */
#ifndef STORSYNC_HBA_SIM_PORT_VERIFIER_RULES_H
#define STORSYNC_HBA_SIM_PORT_VERIFIER_RULES_H

/* Limits in microseconds. */
#define VERIFIER_LOCK_US 25
#define VERIFIER_ISR_US 50
#define VERIFIER_STALL_US 1000

#define VERIFIER_RULES(X)                                                                                                   \
	X(CALL_IRQL, "call-irql", "A routine is called at an IRQL at which its page does not allow it.",                    \
	  "call it at the IRQL that its page states", "the routine's own page")                                             \
	X(CALL_CONTEXT, "call-context", "A routine is called from a callback that its page does not name.",                 \
	  "call it from the callback that its page names", "the routine's own page")                                        \
	X(SYNC_IN_ISR, "sync-in-isr", "StorPortSynchronizeAccess is called from the interrupt routine.",                    \
	  "the interrupt routine has exclusive access already: call the routine directly", "StorPortSynchronizeAccess")     \
	X(SYNC_NESTED, "sync-nested", "StorPortSynchronizeAccess is called by a CPU that has the interrupt lock already.",  \
	  "call the routine directly, or release the lock before", "StorPortSynchronizeAccess")                             \
	X(SYNC_VIRTUAL, "sync-virtual", "A virtual miniport, which has no interrupt, calls StorPortSynchronizeAccess.",     \
	  "use a lock of its own", "policy")                                                                                \
	X(LOCK_RECURSIVE, "lock-recursive", "A spin lock is acquired by a CPU that holds it already.",                      \
	  "hold it once; the port holds some for a callback", "StorPortAcquireSpinLock")                                    \
	X(LOCK_ORDER, "lock-order", "The DPC or StartIo lock is acquired while the interrupt lock is held.",                \
	  "acquire DpcLock or StartIoLock before InterruptLock", "StorPortAcquireSpinLock")                                 \
	X(LOCK_NOT_ALLOWED, "lock-not-allowed", "A spin lock is acquired from a callback that may not acquire it.",         \
	  "see the page's table of allowed spin locks", "StorPortAcquireSpinLock")                                          \
	X(LOCK_NOT_HELD, "lock-not-held", "A spin lock is released that this CPU did not acquire.",                         \
	  "whoever acquires it releases it, once, with the same handle", "StorPortReleaseSpinLock")                         \
	X(LOCK_LEAKED, "lock-leaked", "A callback returns and holds a spin lock that it acquired.",                         \
	  "release it on every way out", "StorPortReleaseSpinLock")                                                         \
	X(LOCK_TOO_LONG, "lock-too-long", "A spin lock or exclusive access is held for more than 25 us.",                   \
	  "do less under the lock", "policy")                                                                               \
	X(MSI_LOCK_MODE, "msi-lock-mode", "A message's spin lock is used outside InterruptSynchronizePerMessage.",          \
	  "use InterruptLock in the other modes", "StorPortAcquireMSISpinLock")                                             \
	X(MSI_LOCK_MESSAGE, "msi-lock-message", "The spin lock of a message that was not granted is used.",                 \
	  "use the messages that StorPortGetMSIInfo knows", "StorPortAcquireMSISpinLock")                                   \
	X(MSI_LOCK_ORDER, "msi-lock-order", "Messages' spin locks are acquired in descending order.",                       \
	  "acquire them in ascending order, or all by InterruptLock", "policy")                                             \
	X(STALL_IN_STARTIO, "stall-in-startio", "StorPortStallExecution is called from HwStorStartIo.",                     \
	  "wait with a timer", "policy")                                                                                    \
	X(STALL_TOO_LONG, "stall-too-long", "StorPortStallExecution is asked for a millisecond or more.",                   \
	  "stall for less, or wait with a timer", "StorPortStallExecution")                                                 \
	X(ISR_TOO_LONG, "isr-too-long", "The interrupt routine takes more than 50 us.",                                     \
	  "leave the work to a DPC", "HW_INTERRUPT")                                                                        \
	X(ISR_NOT_CLAIMED, "isr-not-claimed", "HwStorInterrupt answers FALSE and its device asserted, and asserts, the line.", \
	  "quieten the device and answer TRUE", "HW_INTERRUPT")                                                             \
	X(ISR_CLAIMED_NOTHING, "isr-claimed-nothing", "HwStorInterrupt answers TRUE and its device asserts no interrupt.",  \
	  "answer FALSE when the device did not interrupt", "HW_INTERRUPT")                                                 \
	X(SRB_COMPLETED_TWICE, "srb-completed-twice", "An SRB is completed that was completed before.",                     \
	  "complete an SRB once", "StorPortNotification")                                                                   \
	X(SRB_NEVER_COMPLETED, "srb-never-completed", "An SRB that was given is not complete when the run is over.",        \
	  "complete every SRB that HwStorStartIo accepted", "HW_STARTIO")                                                   \
	X(SRB_NOT_GIVEN, "srb-not-given", "An SRB is completed that the miniport does not have.",                           \
	  "complete what was given and not refused", "StorPortNotification")                                                \
	X(SRB_AFTER_RESET, "srb-after-reset", "An SRB is completed after a reset that it was given before.",                \
	  "complete all SRBs in HwStorResetBus", "HW_RESET_BUS")                                                            \
	X(SRB_PENDING, "srb-pending", "An SRB is completed with SRB_STATUS_PENDING.",                                       \
	  "set SrbStatus before", "StorPortNotification")                                                                   \
	X(SRB_TOUCHED, "srb-touched", "An SRB is written to after it was completed.",                                       \
	  "leave it alone: it is the port's", "StorPortNotification")                                                       \
	X(SRB_EXTENSION_FREED, "srb-extension-freed", "The extension of an SRB is accessed that the miniport does not have.", \
	  "leave it alone once the SRB is complete", "StorPortNotification")                                                \
	X(EXTENSION_FREED, "extension-freed", "The device extension is accessed after the adapter was removed.",            \
	  "let nothing run on after ScsiStopAdapter", "HW_ADAPTER_CONTROL")                                                 \
	X(POOL_FREED, "pool-freed", "Pool is accessed that was freed.",                                                     \
	  "forget the pointer when it is freed", "StorPortFreePool")                                                        \
	X(POOL_OVERRUN, "pool-overrun", "Pool is accessed behind its end.",                                                 \
	  "ask for as much as is used", "StorPortAllocatePool")                                                             \
	X(POOL_BAD_FREE, "pool-bad-free", "Pool is freed that is not allocated.",                                           \
	  "free once what StorPortAllocatePool gave", "StorPortFreePool")                                                   \
	X(IRQL_CHANGED, "irql-changed", "A callback returns at another IRQL than it was called at.",                        \
	  "release locks with the IRQL that they were acquired at", "policy")                                               \
	X(DPC_AFTER_STOP, "dpc-after-stop", "A DPC is issued, or waits to run, after ScsiStopAdapter.",                     \
	  "issue none once the adapter stops", "HW_ADAPTER_CONTROL")                                                        \
	X(TIMER_AFTER_STOP, "timer-after-stop", "The timer is requested, or armed, after ScsiStopAdapter.",                 \
	  "cancel it in ScsiStopAdapter", "HW_ADAPTER_CONTROL")

#endif
