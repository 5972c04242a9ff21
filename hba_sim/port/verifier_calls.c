/* SPDX-License-Identifier: MIT */
/*
 * Who may call what: routines that some callbacks only may call, or up to an IRQL
 * only, and which callback may acquire which spin lock.
 *
 * Source: each routine's page in Microsoft's public DDI reference;
 * StorPortAcquireSpinLock for the table of allowed spin locks.
 */
#include "hba_sim/port/verifier_internal.h"

#define FROM(callback) (1u << CALLBACK_##callback)
#define FROM_ANY (~0u)

static const struct {
	const char *name;
	uint8_t irql; /* the highest */
	uint32_t from;
} calls[VERIFIED_CALLS] = {
	[CALL_ALLOCATE_POOL] = { "StorPortAllocatePool", IRQL_DISPATCH, FROM_ANY },
	[CALL_FREE_POOL] = { "StorPortFreePool", IRQL_DISPATCH, FROM_ANY },
	[CALL_ALLOCATE_REGISTRY_BUFFER] = { "StorPortAllocateRegistryBuffer", IRQL_PASSIVE, FROM_ANY },
	[CALL_REGISTRY_READ] = { "StorPortRegistryRead", IRQL_PASSIVE, FROM_ANY },
	[CALL_REGISTRY_WRITE] = { "StorPortRegistryWrite", IRQL_PASSIVE, FROM_ANY },
	[CALL_GET_BUS_DATA] = { "StorPortGetBusData", IRQL_HIGH, FROM(FIND) | FROM(CONTROL) },
	[CALL_GET_DEVICE_BASE] = { "StorPortGetDeviceBase", IRQL_HIGH, FROM(FIND) | FROM(CONTROL) },
	[CALL_GET_UNCACHED_EXTENSION] = { "StorPortGetUncachedExtension", IRQL_HIGH, FROM(FIND) },
	[CALL_INITIALIZE_DPC] = { "StorPortInitializeDpc", IRQL_HIGH, FROM(INITIALIZE) | FROM(PASSIVE) },
	[CALL_INITIALIZE_PERF_OPTS] = { "StorPortInitializePerfOpts", IRQL_HIGH, FROM(INITIALIZE) | FROM(PASSIVE) },
	[CALL_ENABLE_PASSIVE_INITIALIZATION] = { "StorPortEnablePassiveInitialization", IRQL_HIGH, FROM(INITIALIZE) },
	/* Any but the one in which there is no lock yet; the interrupt routines have a rule of their own. */
	[CALL_SYNCHRONIZE_ACCESS] = { "StorPortSynchronizeAccess", IRQL_DEVICE_MAX, ~FROM(FIND) },
};

const char *verified_call_name(enum verified_call call)
{
	return calls[call].name;
}

/* Outside of all callbacks it is DriverEntry that calls, or a thread of the miniport's own: nothing is known of either. */
void verifier_called(struct adapter *adapter, enum verified_call call, const void *caller)
{
	enum verified_callback origin = verified_origin();
	uint32_t from = calls[call].from;

	if (sim_irql(sim_cpu_self()) > calls[call].irql)
		verifier_found(adapter->verifier, VERIFIER_CALL_IRQL, verified_caller(caller), calls[call].name);
	else if (origin != CALLBACK_NONE && !(from & 1u << origin))
		verifier_found(adapter->verifier, VERIFIER_CALL_CONTEXT, verified_caller(caller), calls[call].name);
}

void verifier_stall(ULONG microseconds, const void *caller)
{
	struct verified_place place = verified_caller(caller);

	if (verified_origin() == CALLBACK_START)
		verifier_found(verifier_running, VERIFIER_STALL_IN_STARTIO, place, "StorPortStallExecution");
	if (microseconds >= VERIFIER_STALL_US)
		verifier_found(verifier_running, VERIFIER_STALL_TOO_LONG, place, "StorPortStallExecution");
}
