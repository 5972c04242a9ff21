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
	uint8_t lowest; /* where the page names one level */
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
	/* All others whose page states an IRQL; those that it lets be called at any are not asked about. */
	[CALL_ALLOCATE_CONTIGUOUS] = { "StorPortAllocateContiguousMemorySpecifyCacheNode", IRQL_DISPATCH, FROM_ANY },
	[CALL_FREE_CONTIGUOUS] = { "StorPortFreeContiguousMemorySpecifyCache", IRQL_DISPATCH, FROM_ANY },
	[CALL_ALLOCATE_MDL] = { "StorPortAllocateMdl", IRQL_DISPATCH, FROM_ANY },
	[CALL_BUILD_MDL] = { "StorPortBuildMdlForNonPagedPool", IRQL_DISPATCH, FROM_ANY },
	[CALL_FREE_MDL] = { "StorPortFreeMdl", IRQL_DISPATCH, FROM_ANY },
	[CALL_BUILD_SCATTER_GATHER_LIST] = { "StorPortBuildScatterGatherList", IRQL_DISPATCH, FROM_ANY, IRQL_DISPATCH },
	[CALL_PUT_SCATTER_GATHER_LIST] = { "StorPortPutScatterGatherList", IRQL_DISPATCH, FROM_ANY, IRQL_DISPATCH },
	[CALL_GET_SYSTEM_ADDRESS] = { "StorPortGetSystemAddress", IRQL_DISPATCH, FROM_ANY },
	[CALL_INITIALIZE_WORKER] = { "StorPortInitializeWorker", IRQL_DISPATCH, FROM_ANY },
	[CALL_QUEUE_WORK_ITEM] = { "StorPortQueueWorkItem", IRQL_DISPATCH, FROM_ANY },
	[CALL_FREE_WORKER] = { "StorPortFreeWorker", IRQL_DISPATCH, FROM_ANY },
	[CALL_ETW_EVENT_2] = { "StorPortEtwEvent2", IRQL_DISPATCH, FROM_ANY },
	[CALL_ETW_EVENT_4] = { "StorPortEtwEvent4", IRQL_DISPATCH, FROM_ANY },
	[CALL_ETW_EVENT_8] = { "StorPortEtwEvent8", IRQL_DISPATCH, FROM_ANY },
	[CALL_ACTIVATE_COMPONENT] = { "StorPortPoFxActivateComponent", IRQL_DISPATCH, FROM_ANY },
	[CALL_INVOKE_ACPI_METHOD] = { "StorPortInvokeAcpiMethod", IRQL_PASSIVE, FROM_ANY },
	[CALL_INITIALIZE_TIMER] = { "StorPortInitializeTimer", IRQL_DISPATCH, FROM_ANY },
	[CALL_FREE_TIMER] = { "StorPortFreeTimer", IRQL_DISPATCH, FROM_ANY },
	[CALL_GET_CURRENT_PROCESSOR_NUMBER] = { "StorPortGetCurrentProcessorNumber", IRQL_DISPATCH, FROM_ANY },
	[CALL_GET_ACTIVE_GROUP_COUNT] = { "StorPortGetActiveGroupCount", IRQL_DISPATCH, FROM_ANY },
	[CALL_GET_ACTIVE_NODE_COUNT] = { "StorPortGetActiveNodeCount", IRQL_DISPATCH, FROM_ANY },
	[CALL_GET_HIGHEST_NODE_NUMBER] = { "StorPortGetHighestNodeNumber", IRQL_DISPATCH, FROM_ANY },
	[CALL_GET_GROUP_AFFINITY] = { "StorPortGetGroupAffinity", IRQL_DISPATCH, FROM_ANY },
	[CALL_GET_NODE_AFFINITY] = { "StorPortGetNodeAffinity", IRQL_DISPATCH, FROM_ANY },
};

const char *verified_call_name(enum verified_call call)
{
	return calls[call].name;
}

uint8_t verified_call_irql(enum verified_call call)
{
	return calls[call].irql;
}

/* Outside of all callbacks it is DriverEntry that calls, or a thread of the miniport's own: nothing is known of either. */
void verifier_called(struct adapter *adapter, enum verified_call call, const void *caller)
{
	enum verified_callback origin = verified_origin();
	uint32_t from = calls[call].from;
	uint8_t irql = sim_irql(sim_cpu_self());

	if (irql > calls[call].irql || irql < calls[call].lowest)
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
