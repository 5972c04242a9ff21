/* SPDX-License-Identifier: MIT */
/*
 * The verifier around what current drivers call and are called by: each routine whose page states an IRQL, from a callback at
 * PASSIVE_LEVEL, DISPATCH_LEVEL and DIRQL; timers beside the adapter's own one, HwStorStateChange, HwStorUnitControl.
 */
#include "tests/unit/test_miniport.h"

#include "hba_sim/port/verifier_internal.h"

static struct verifier *verifier;
static bool breaks;

/* --- Routines and levels --- */

static PVOID memory;
static PHYSICAL_ADDRESS address, highest = { .QuadPart = INT64_MAX };
static STOR_ADDR_BTL8 unit = { .Type = STOR_ADDRESS_TYPE_BTL8, .AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH };

#define CALLS(X) \
	X(CALL_ALLOCATE_POOL, StorPortAllocatePool(extension, 16, 0, &memory)) \
	X(CALL_FREE_POOL, StorPortFreePool(extension, memory)) \
	X(CALL_ALLOCATE_REGISTRY_BUFFER, StorPortAllocateRegistryBuffer(extension, &length)) \
	X(CALL_REGISTRY_READ, StorPortRegistryRead(extension, (PUCHAR) "x", 0, 4, bytes, &length)) \
	X(CALL_REGISTRY_WRITE, StorPortRegistryWrite(extension, (PUCHAR) "x", 0, 4, bytes, length)) \
	X(CALL_ALLOCATE_CONTIGUOUS, StorPortAllocateContiguousMemorySpecifyCacheNode(extension, 64, address, highest, address, \
										     MmCached, 0, &memory)) \
	X(CALL_FREE_CONTIGUOUS, StorPortFreeContiguousMemorySpecifyCache(extension, memory, 64, MmCached)) \
	X(CALL_ALLOCATE_MDL, StorPortAllocateMdl(extension, bytes, sizeof(bytes), &memory)) \
	X(CALL_BUILD_MDL, StorPortBuildMdlForNonPagedPool(extension, bytes)) \
	X(CALL_FREE_MDL, StorPortFreeMdl(extension, bytes)) \
	X(CALL_BUILD_SCATTER_GATHER_LIST, StorPortBuildScatterGatherList(extension, bytes, bytes, 1, NULL, NULL, FALSE, bytes, 1)) \
	X(CALL_PUT_SCATTER_GATHER_LIST, StorPortPutScatterGatherList(extension, NULL, FALSE)) \
	X(CALL_GET_SYSTEM_ADDRESS, StorPortGetSystemAddress(extension, NULL, &memory)) \
	X(CALL_INITIALIZE_WORKER, StorPortInitializeWorker(extension, &memory)) \
	X(CALL_QUEUE_WORK_ITEM, StorPortQueueWorkItem(extension, NULL, NULL, NULL)) \
	X(CALL_FREE_WORKER, StorPortFreeWorker(extension, NULL)) \
	X(CALL_ETW_EVENT_2, StorPortEtwEvent2(extension, NULL, 0, text, 0, 0, 0, NULL, NULL, 0, NULL, 0)) \
	X(CALL_ETW_EVENT_4, StorPortEtwEvent4(extension, NULL, 0, text, 0, 0, 0, NULL, NULL, 0, NULL, 0, NULL, 0, NULL, 0)) \
	X(CALL_ETW_EVENT_8, StorPortEtwEvent8(extension, NULL, 0, text, 0, 0, 0, NULL, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, \
					      0, NULL, 0, NULL, 0, NULL, 0)) \
	X(CALL_ACTIVATE_COMPONENT, StorPortPoFxActivateComponent(extension, NULL, NULL, 0, 0)) \
	X(CALL_INVOKE_ACPI_METHOD, StorPortInvokeAcpiMethod(extension, NULL, 0, NULL, 0, NULL, 0, &length)) \
	X(CALL_INITIALIZE_TIMER, StorPortInitializeTimer(extension, &memory)) \
	X(CALL_FREE_TIMER, StorPortFreeTimer(extension, bytes)) \
	X(CALL_GET_CURRENT_PROCESSOR_NUMBER, StorPortGetCurrentProcessorNumber(extension, &processor)) \
	X(CALL_GET_ACTIVE_GROUP_COUNT, StorPortGetActiveGroupCount(extension, &groups)) \
	X(CALL_GET_ACTIVE_NODE_COUNT, StorPortGetActiveNodeCount(extension, &length)) \
	X(CALL_GET_HIGHEST_NODE_NUMBER, StorPortGetHighestNodeNumber(extension, &length)) \
	X(CALL_GET_GROUP_AFFINITY, StorPortGetGroupAffinity(extension, 0, &affinity.Mask)) \
	X(CALL_GET_NODE_AFFINITY, StorPortGetNodeAffinity(extension, 0, &affinity))

static const enum verified_call calls[] = {
#define X(call, statement) call,
	CALLS(X)
#undef X
};

#define CASES (sizeof(calls) / sizeof(calls[0]))

static enum verified_call tried;

static BOOLEAN call_it(PVOID extension)
{
	PROCESSOR_NUMBER processor;
	GROUP_AFFINITY affinity;
	UCHAR bytes[16] = { 0 };
	WCHAR text[1] = { 0 };
	ULONG length = 8;
	USHORT groups;

	switch (tried) {
#define X(call, statement)         \
	case call:                 \
		(void)(statement); \
		break;
		CALLS(X)
#undef X
	default:
		fail();
	}
	return TRUE;
}

static BOOLEAN call_in_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return call_it(extension);
}

static BOOLEAN call_in_isr(PVOID extension)
{
	call_it(extension);
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return TRUE;
}

/* By the routines' pages; all others up to DISPATCH_LEVEL. */
static bool is_allowed(enum verified_call call, uint8_t irql)
{
	switch (call) {
	case CALL_ALLOCATE_REGISTRY_BUFFER:
	case CALL_REGISTRY_READ:
	case CALL_REGISTRY_WRITE:
	case CALL_INVOKE_ACPI_METHOD:
		return irql == IRQL_PASSIVE;
	case CALL_BUILD_SCATTER_GATHER_LIST:
	case CALL_PUT_SCATTER_GATHER_LIST:
		return irql == IRQL_DISPATCH;
	default:
		return irql <= IRQL_DISPATCH;
	}
}

/* --- Set-up --- */

static SCSI_UNIT_CONTROL_STATUS on_unit(PVOID extension, SCSI_UNIT_CONTROL_TYPE type, PVOID parameters);

static ULONG entry(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = {
		.HwInitializationDataSize = sizeof(data), .AdapterInterfaceType = PCIBus, .HwFindAdapter = mini_find,
		.HwInitialize = mini_initialize, .HwBuildIo = mini_build, .HwStartIo = mini_start, .HwInterrupt = mini_interrupt,
		.HwResetBus = mini_reset, .HwAdapterControl = mini.control, .HwUnitControl = on_unit, .DeviceExtensionSize = 64,
		.SrbExtensionSize = 32, .NumberOfAccessRanges = 1,
	};

	return StorPortInitialize(driver, registry, &data, NULL);
}

static int set_up(void **state)
{
	rig_set_up(state);
	breaks = true;
	verifier = verifier_create();
	assert_non_null(verifier);
	rig.config.verifier = verifier;
	return 0;
}

static void start(void)
{
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry, &rig.config, rig.error, sizeof(rig.error)), 0);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	assert_int_equal(adapter_cpu_online(&rig.adapter, rig.cpu), 0);
}

static void stop(void)
{
	adapter_cpu_offline(&rig.adapter, rig.cpu);
	sim_cpu_exit(rig.cpu);
	rig.cpu = NULL;
	adapter_stop(&rig.adapter);
}

static int tear_down(void **state)
{
	if (rig.cpu)
		stop();
	sim_machine_fini(&rig.machine);
	verifier_destroy(verifier);
	return 0;
}

static void one_io(void)
{
	rig_submit();
	rig_interrupt();
}

/* The only finding but limits in time, which a busy machine may exceed; NULL when there is none. */
static const struct verifier_finding *only_finding(void)
{
	const struct verifier_finding *only = NULL;

	for (size_t i = 0; i < verifier_count(verifier); i++) {
		const struct verifier_finding *finding = verifier_get(verifier, i);

		if (finding->rule == VERIFIER_LOCK_TOO_LONG || finding->rule == VERIFIER_ISR_TOO_LONG)
			continue;
		if (only)
			verifier_print(verifier, stderr);
		assert_null(only);
		only = finding;
	}
	return only;
}

static void expect(enum verifier_rule rule, const char *callback)
{
	const struct verifier_finding *finding = only_finding();

	if (!breaks) {
		assert_null(finding);
		return;
	}
	assert_non_null(finding);
	assert_string_equal(verifier_rules[finding->rule].name, verifier_rules[rule].name);
	assert_string_equal(finding->callback, callback);
	assert_int_equal(finding->count, 1);
}

/* --- The levels --- */

static void try_at(enum verified_call call, uint8_t irql)
{
	void *none = NULL;
	const struct verifier_finding *finding;

	set_up(&none);
	tried = call;
	memory = NULL;
	if (irql == IRQL_PASSIVE)
		mini.find = call_it;
	else if (irql == IRQL_DISPATCH)
		mini.build = call_in_build;
	else
		mini.interrupt = call_in_isr;
	start();
	one_io();
	finding = only_finding();
	if (!finding != is_allowed(call, irql))
		fail_msg("%s at IRQL %u", verified_call_name(call), irql);
	if (finding) {
		assert_int_equal(finding->rule, VERIFIER_CALL_IRQL);
		assert_string_equal(finding->call, verified_call_name(call));
		assert_int_equal(finding->irql, irql);
	}
	tear_down(&none);
}

static void test_levels(void **state)
{
	for (size_t i = 0; i < CASES; i++) {
		/* What is freed has to be allocated where that is allowed. */
		if (calls[i] == CALL_FREE_POOL)
			continue;
		try_at(calls[i], IRQL_PASSIVE);
		try_at(calls[i], IRQL_DISPATCH);
		try_at(calls[i], MINI_DIRQL);
	}
}

static BOOLEAN allocates(PVOID extension)
{
	assert_int_equal(StorPortAllocatePool(extension, 16, 0, &memory), STOR_STATUS_SUCCESS);
	return TRUE;
}

static void test_pool_is_freed_in_the_isr(void **state)
{
	tried = CALL_FREE_POOL;
	mini.find = allocates;
	mini.interrupt = call_in_isr;
	start();
	one_io();
	expect(VERIFIER_CALL_IRQL, "HwStorInterrupt");
}

/* Each that has a limit below the devices' is tried above. */
static void test_every_call_is_tried(void **state)
{
	for (unsigned call = 0; call < VERIFIED_CALLS; call++) {
		bool found = verified_call_irql(call) > IRQL_DISPATCH;

		for (size_t i = 0; i < CASES; i++)
			found |= calls[i] == call;
		if (!found)
			fail_msg("no case calls %s", verified_call_name(call));
	}
}

/* --- Timers beside the adapter's own --- */

static PVOID timer;
static STOR_LOCK_HANDLE handle;
static STOR_DPC dpc;
static unsigned fired;

static void leak_or_not(PVOID extension)
{
	StorPortAcquireSpinLock(extension, InterruptLock, NULL, &handle);
	if (!breaks)
		StorPortReleaseSpinLock(extension, &handle);
}

static VOID leaking_timer(PVOID extension, PVOID context)
{
	fired++;
	leak_or_not(extension);
}

static VOID startio_timer(PVOID extension, PVOID context)
{
	STOR_LOCK_HANDLE mine;

	fired++;
	StorPortAcquireSpinLock(extension, breaks ? StartIoLock : InterruptLock, NULL, &mine);
	StorPortReleaseSpinLock(extension, &mine);
}

static void start_with_timer(void)
{
	fired = 0;
	start();
	assert_int_equal(StorPortInitializeTimer(mini.extension, &timer), STOR_STATUS_SUCCESS);
}

static void fire(PHW_TIMER_EX routine)
{
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, routine, NULL, 1, 0), STOR_STATUS_SUCCESS);
	while (!fired)
		sim_cpu_look(rig.cpu);
}

static void leaks_in_a_timer(bool wrong)
{
	breaks = wrong;
	start_with_timer();
	fire(leaking_timer);
	expect(VERIFIER_LOCK_LEAKED, "HwStorTimer");
}

/* The port holds StartIo's lock for it. */
static void acquires_in_a_timer(bool wrong)
{
	breaks = wrong;
	start_with_timer();
	fire(startio_timer);
	expect(VERIFIER_LOCK_RECURSIVE, "HwStorTimer");
}

static void requests_after_stop(bool wrong)
{
	breaks = wrong;
	start_with_timer();
	if (wrong)
		rig.adapter.verifier->stopped = true;
	StorPortRequestTimer(mini.extension, timer, leaking_timer, NULL, 1000000, 0);
	rig.adapter.verifier->stopped = false;
	StorPortRequestTimer(mini.extension, timer, leaking_timer, NULL, 0, 0);
	stop();
	expect(VERIFIER_TIMER_AFTER_STOP, "");
}

static void leaves_armed(bool wrong)
{
	breaks = wrong;
	start_with_timer();
	StorPortRequestTimer(mini.extension, timer, leaking_timer, NULL, 1000000, 0);
	if (!wrong)
		StorPortRequestTimer(mini.extension, timer, leaking_timer, NULL, 0, 0);
	stop();
	expect(VERIFIER_TIMER_AFTER_STOP, "");
}

static void fires_after_stop(bool wrong)
{
	breaks = wrong;
	start_with_timer();
	StorPortRequestTimer(mini.extension, timer, wrong ? leaking_timer : startio_timer, NULL, 1, 0);
	if (wrong)
		rig.adapter.verifier->stopped = true;
	while (!fired && !verifier_count(verifier))
		sim_cpu_look(rig.cpu);
	assert_int_equal(fired, !wrong);
	rig.adapter.verifier->stopped = false;
	expect(VERIFIER_TIMER_AFTER_STOP, "");
}

/* --- Other callbacks --- */

static VOID leaking_change(PVOID extension, PVOID context, SHORT type, PVOID where, ULONG status)
{
	fired++;
	leak_or_not(extension);
}

static void leaks_in_a_state_change(bool wrong)
{
	breaks = wrong;
	fired = 0;
	start();
	assert_int_equal(StorPortStateChangeDetected(mini.extension, STATE_CHANGE_LUN, (PSTOR_ADDRESS)&unit, 0, leaking_change, NULL),
			 STOR_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(fired, 1);
	expect(VERIFIER_LOCK_LEAKED, "HwStorStateChange");
}

static SCSI_UNIT_CONTROL_STATUS on_unit(PVOID extension, SCSI_UNIT_CONTROL_TYPE type, PVOID parameters)
{
	STOR_LOCK_HANDLE mine;

	if (type == ScsiQuerySupportedUnitControlTypes)
		return ScsiUnitControlSuccess;
	StorPortAcquireSpinLock(extension, DpcLock, &dpc, &mine);
	if (breaks)
		mine.Context.OldIrql = DISPATCH_LEVEL;
	StorPortReleaseSpinLock(extension, &mine);
	return ScsiUnitControlSuccess;
}

static void changes_irql_in_unit_control(bool wrong)
{
	breaks = wrong;
	start();
	assert_int_equal(rig.adapter.hw.HwUnitControl(mini.extension, ScsiUnitStart, NULL), ScsiUnitControlSuccess);
	assert_int_equal(sim_irql(rig.cpu), IRQL_PASSIVE);
	expect(VERIFIER_IRQL_CHANGED, "HwStorUnitControl");
}

#define PAIR(play)                                                               \
	static void test_##play##_broken(void **state) { play(true); }           \
	static void test_##play##_just_right(void **state) { play(false); }

PAIR(leaks_in_a_timer)
PAIR(acquires_in_a_timer)
PAIR(requests_after_stop)
PAIR(leaves_armed)
PAIR(fires_after_stop)
PAIR(leaks_in_a_state_change)
PAIR(changes_irql_in_unit_control)

#define BOTH(play)                                                                           \
	cmocka_unit_test_setup_teardown(test_##play##_broken, set_up, tear_down),            \
	cmocka_unit_test_setup_teardown(test_##play##_just_right, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_every_call_is_tried),
		cmocka_unit_test_setup_teardown(test_pool_is_freed_in_the_isr, set_up, tear_down),
		BOTH(leaks_in_a_timer), BOTH(acquires_in_a_timer), BOTH(requests_after_stop), BOTH(leaves_armed),
		BOTH(fires_after_stop), BOTH(leaks_in_a_state_change), BOTH(changes_irql_in_unit_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
