/* SPDX-License-Identifier: MIT */
/*
 * Where the port driver asks the verifier.  Each is behind one test of
 * adapter->verifier, which is NULL in measured runs; callbacks are not tested at all: the
 * verifier registers its own in their place.
 */
#ifndef STORSYNC_HBA_SIM_PORT_VERIFIER_HOOKS_H
#define STORSYNC_HBA_SIM_PORT_VERIFIER_HOOKS_H

#include "hba_sim/port/port.h"

#define VERIFIED(adapter) __builtin_expect((adapter)->verifier != NULL, 0)
/* In a routine that a miniport calls: where from. */
#define VERIFIED_CALLER __builtin_return_address(0)

/* Routines that some callbacks only may call, or up to an IRQL only: see verifier_calls.c. */
enum verified_call {
	CALL_ALLOCATE_POOL,
	CALL_FREE_POOL,
	CALL_ALLOCATE_REGISTRY_BUFFER,
	CALL_REGISTRY_READ,
	CALL_REGISTRY_WRITE,
	CALL_GET_BUS_DATA,
	CALL_GET_DEVICE_BASE,
	CALL_GET_UNCACHED_EXTENSION,
	CALL_INITIALIZE_DPC,
	CALL_INITIALIZE_PERF_OPTS,
	CALL_ENABLE_PASSIVE_INITIALIZATION,
	CALL_SYNCHRONIZE_ACCESS,
	CALL_ALLOCATE_CONTIGUOUS,
	CALL_FREE_CONTIGUOUS,
	CALL_ALLOCATE_MDL,
	CALL_BUILD_MDL,
	CALL_FREE_MDL,
	CALL_BUILD_SCATTER_GATHER_LIST,
	CALL_PUT_SCATTER_GATHER_LIST,
	CALL_GET_SYSTEM_ADDRESS,
	CALL_INITIALIZE_WORKER,
	CALL_QUEUE_WORK_ITEM,
	CALL_FREE_WORKER,
	CALL_ETW_EVENT_2,
	CALL_ETW_EVENT_4,
	CALL_ETW_EVENT_8,
	CALL_ACTIVATE_COMPONENT,
	CALL_INVOKE_ACPI_METHOD,
	CALL_INITIALIZE_TIMER,
	CALL_FREE_TIMER,
	CALL_GET_CURRENT_PROCESSOR_NUMBER,
	CALL_GET_ACTIVE_GROUP_COUNT,
	CALL_GET_ACTIVE_NODE_COUNT,
	CALL_GET_HIGHEST_NODE_NUMBER,
	CALL_GET_GROUP_AFFINITY,
	CALL_GET_NODE_AFFINITY,
	VERIFIED_CALLS
};

/* Set-up: after DriverEntry; before the adapter's memory goes. */
void verifier_attach(struct adapter *adapter);
void verifier_detach(struct adapter *adapter);

void verifier_called(struct adapter *adapter, enum verified_call call, const void *caller);

/* First in a routine that a miniport calls; one without an extension is the routine's own to refuse. */
#define VERIFY_CALL(extension, call)                                                \
	do {                                                                        \
		if ((extension) && VERIFIED(adapter_of(extension)))                 \
			verifier_called(adapter_of(extension), call, VERIFIED_CALLER); \
	} while (0)

/* In place of the port's own, which they call in their turn. */
BOOLEAN verifier_synchronize(struct adapter *adapter, PSTOR_SYNCHRONIZED_ACCESS routine, void *context, const void *caller);
void verifier_acquire(struct adapter *adapter, STOR_SPINLOCK which, void *context, PSTOR_LOCK_HANDLE handle, const void *caller);
void verifier_release(struct adapter *adapter, PSTOR_LOCK_HANDLE handle, const void *caller);
ULONG verifier_acquire_message(struct adapter *adapter, ULONG message, PULONG old_irql, const void *caller);
ULONG verifier_release_message(struct adapter *adapter, ULONG message, ULONG old_irql, const void *caller);
__attribute__((cold)) void verifier_complete(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb, const void *caller);
void *verifier_pool_alloc(struct adapter *adapter, size_t bytes);
void verifier_pool_free(struct adapter *adapter, void *pool, const void *caller);

/* Before the port's own; false: it is not to be done. */
bool verifier_issue_dpc(struct adapter *adapter, const void *caller);

/* The routine to use in place of the miniport's, NULL: the request is not to be done. */
PHW_TIMER verifier_timer(struct adapter *adapter, PHW_TIMER routine, const void *caller);

/* Of a timer beside the adapter's own one; false: it is not to be requested. */
bool verifier_request_timer(struct adapter *adapter, const void *caller);
/* In place of calling its routine, and HwStorStateChange. */
void verifier_run_timer(struct adapter *adapter, PHW_TIMER_EX routine, PVOID context);
void verifier_state_change(struct adapter *adapter, PHW_STATE_CHANGE routine, PVOID context, STOR_ADDR_BTL8 *address);
PHW_DPC_ROUTINE verifier_dpc(struct adapter *adapter, PSTOR_DPC dpc, PHW_DPC_ROUTINE routine);

/* StorPortStallExecution, which names no adapter. */
void verifier_stall(ULONG microseconds, const void *caller);
extern struct verifier *verifier_running; /* NULL: none */

/* Memory that can be made inaccessible.  The extension's header lies in front of what is returned. */
void *verifier_alloc_extension(struct adapter *adapter, size_t header_bytes, size_t bytes);
void *verifier_alloc_srb_extension(struct adapter *adapter, struct port_request *request, size_t bytes);

#endif
