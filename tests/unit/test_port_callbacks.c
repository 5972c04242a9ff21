/* SPDX-License-Identifier: MIT */
/*
 * The locks that the port holds for callbacks, and what may be acquired in them, where it is less than plain:
 * HwStorStateChange, HwStorAdapterControl, and StartIoLock in half duplex.
 * Source: Microsoft's public DDI reference, StorPortAcquireSpinLock, HW_ADAPTER_CONTROL and HW_FIND_ADAPTER.
 */
#include "tests/unit/test_miniport.h"

#include "hba_sim/port/verifier.h"

static STOR_ADDR_BTL8 unit_address(UCHAR path, UCHAR target, UCHAR lun)
{
	return (STOR_ADDR_BTL8){ .Type = STOR_ADDRESS_TYPE_BTL8, .AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH, .Path = path,
				 .Target = target, .Lun = lun };
}

static bool interrupt_lock_is_held(void)
{
	return rig.adapter.lock[0].witness.inside != 0;
}

/* --- HwStorStateChange --- */

static struct {
	unsigned calls;
	KIRQL irql;
	uint32_t start_lock;
	bool interrupt_lock;
	PVOID address;
	BOOLEAN synchronized;
} told;

static BOOLEAN yes(PVOID extension, PVOID context)
{
	return TRUE;
}

static VOID on_change(PVOID extension, PVOID context, SHORT type, PVOID address, ULONG status)
{
	told.calls++;
	told.irql = KeGetCurrentIrql();
	told.start_lock = rig.adapter.start_io_lock;
	told.interrupt_lock = interrupt_lock_is_held();
	told.address = address;
	told.synchronized = StorPortSynchronizeAccess(extension, yes, NULL);
}

static void report_change(void)
{
	static STOR_ADDR_BTL8 address;

	memset(&told, 0, sizeof(told));
	address = unit_address(0, 0, 1);
	assert_int_equal(StorPortStateChangeDetected(mini.extension, STATE_CHANGE_LUN, (PSTOR_ADDRESS)&address, 0, on_change, NULL),
			 STOR_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.start_lock, 1);
	assert_true(told.synchronized);
	/* A miniport may have to free it. */
	assert_ptr_equal(told.address, &address);
}

static void test_a_change_is_told_under_the_start_io_lock(void **state)
{
	rig_start();
	report_change();
	assert_int_equal(told.irql, DISPATCH_LEVEL);
	assert_false(told.interrupt_lock);
	assert_int_equal(rig.adapter.start_io_lock, 0);
}

static void test_a_change_is_told_under_both_locks_in_half_duplex(void **state)
{
	mini.model = StorSynchronizeHalfDuplex;
	rig_start();
	report_change();
	assert_int_equal(told.irql, MINI_DIRQL);
	assert_true(told.interrupt_lock);
}

/* --- Stop and restart --- */

static bool restarts; /* ScsiRestartAdapter is supported */

/* As both pages have it: the interrupt lock is held, and may be acquired. */
static SCSI_ADAPTER_CONTROL_STATUS on_control(PVOID extension, SCSI_ADAPTER_CONTROL_TYPE type, PVOID parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST list = parameters;
	STOR_LOCK_HANDLE handle = { 0 };

	if (type == ScsiQuerySupportedControlTypes) {
		list->SupportedTypeList[ScsiStopAdapter] = TRUE;
		list->SupportedTypeList[ScsiRestartAdapter] = restarts;
		return ScsiAdapterControlSuccess;
	}
	told.calls++;
	told.interrupt_lock = interrupt_lock_is_held();
	told.irql = KeGetCurrentIrql();
	StorPortAcquireSpinLock(extension, InterruptLock, NULL, &handle);
	told.synchronized = StorPortSynchronizeAccess(extension, yes, NULL);
	StorPortReleaseSpinLock(extension, &handle);
	assert_int_equal(KeGetCurrentIrql(), told.irql);
	assert_int_equal(interrupt_lock_is_held(), told.interrupt_lock);
	return ScsiAdapterControlSuccess;
}

static void suspend_and_resume(void)
{
	memset(&told, 0, sizeof(told));
	mini.control = on_control;
	rig_start();
	assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
	assert_true(told.interrupt_lock && told.synchronized);
	assert_int_equal(told.irql, MINI_DIRQL);
	assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, rig.error, sizeof(rig.error)), 0);
	assert_false(interrupt_lock_is_held());
	assert_int_equal(sim_irql(rig.cpu), PASSIVE_LEVEL);
	rig_submit();
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
}

static void test_a_stop_holds_the_interrupt_lock_and_may_take_it(void **state)
{
	restarts = true;
	suspend_and_resume();
	assert_int_equal(told.calls, 2);
	assert_int_equal(mini.find_irql, PASSIVE_LEVEL);
}

static void test_without_restart_it_is_found_at_dispatch(void **state)
{
	restarts = false;
	suspend_and_resume();
	assert_int_equal(told.calls, 1);
	assert_int_equal(mini.find_irql, DISPATCH_LEVEL);
	assert_int_equal(mini.initialize_irql, MINI_DIRQL);
}

static struct {
	unsigned queries;
	KIRQL irql;
	unsigned starts; /* of I/O, before */
} unit;

static SCSI_UNIT_CONTROL_STATUS on_unit_control(PVOID extension, SCSI_UNIT_CONTROL_TYPE type, PVOID parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST list = parameters;

	assert_int_equal(type, ScsiQuerySupportedUnitControlTypes);
	assert_int_equal(list->MaxControlType, ScsiUnitControlMax);
	for (ULONG i = 0; i < list->MaxControlType; i++) {
		assert_false(list->SupportedTypeList[i]);
		list->SupportedTypeList[i] = TRUE;
	}
	unit.queries++;
	unit.irql = KeGetCurrentIrql();
	unit.starts = mini.starts;
	assert_false(interrupt_lock_is_held());
	return ScsiUnitControlSuccess;
}

static ULONG entry_with_units(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = {
		.HwInitializationDataSize = sizeof(data), .AdapterInterfaceType = PCIBus, .HwFindAdapter = mini_find,
		.HwInitialize = mini_initialize, .HwStartIo = mini_start, .HwInterrupt = mini_interrupt, .HwResetBus = mini_reset,
		.HwUnitControl = on_unit_control, .DeviceExtensionSize = 64, .NumberOfAccessRanges = 1,
	};

	return StorPortInitialize(driver, registry, &data, NULL);
}

static void test_a_miniport_is_asked_what_it_can_do_with_units(void **state)
{
	memset(&unit, 0, sizeof(unit));
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry_with_units, &rig.config, rig.error, sizeof(rig.error)), 0);
	assert_int_equal(unit.queries, 1);
	assert_int_equal(unit.irql, PASSIVE_LEVEL);
	assert_int_equal(unit.starts, 0);
}

/* --- StartIoLock in half duplex --- */

static void hold_the_start_io_lock(void)
{
	STOR_LOCK_HANDLE start = { 0 };
	STOR_LOCK_HANDLE interrupt = { 0 };

	StorPortAcquireSpinLock(mini.extension, StartIoLock, NULL, &start);
	assert_true(interrupt_lock_is_held());
	assert_int_equal(rig.adapter.start_io_lock, 1);
	assert_true(StorPortSynchronizeAccess(mini.extension, yes, NULL));
	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &interrupt);
	StorPortReleaseSpinLock(mini.extension, &interrupt);
	assert_true(interrupt_lock_is_held());
	StorPortReleaseSpinLock(mini.extension, &start);
	assert_false(interrupt_lock_is_held());
	assert_int_equal(rig.adapter.start_io_lock, 0);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* HwStorStartIo holds the interrupt lock alone there: what has to keep it out holds that. */
static void test_the_start_io_lock_keeps_starts_out_in_half_duplex(void **state)
{
	STOR_LOCK_HANDLE interrupt = { 0 };

	mini.model = StorSynchronizeHalfDuplex;
	rig_start();
	hold_the_start_io_lock();
	hold_the_start_io_lock();
	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &interrupt);
	assert_true(interrupt_lock_is_held());
	StorPortReleaseSpinLock(mini.extension, &interrupt);
	rig_submit();
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
	assert_int_equal(adapter_violations(&rig.adapter), 0);
}

static void test_the_start_io_lock_lets_interrupts_in_in_full_duplex(void **state)
{
	STOR_LOCK_HANDLE start = { 0 };

	rig_start();
	StorPortAcquireSpinLock(mini.extension, StartIoLock, NULL, &start);
	assert_false(interrupt_lock_is_held());
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	StorPortReleaseSpinLock(mini.extension, &start);
}

/* --- Under the verifier --- */

static struct verifier *verifier;

static int set_up_verified(void **state)
{
	rig_set_up(state);
	verifier = verifier_create();
	assert_non_null(verifier);
	rig.config.verifier = verifier;
	return 0;
}

static int tear_down_verified(void **state)
{
	rig_tear_down(state);
	verifier_destroy(verifier);
	return 0;
}

/* How often a rule was broken in the callback; a slow machine's limits in time aside. */
static uint64_t broken_in(enum verifier_rule rule, const char *callback)
{
	uint64_t count = 0;

	for (size_t i = 0; i < verifier_count(verifier); i++) {
		const struct verifier_finding *finding = verifier_get(verifier, i);

		if (finding->rule == rule && !strcmp(finding->callback, callback))
			count += finding->count;
		else if (finding->rule != VERIFIER_LOCK_TOO_LONG && finding->rule != VERIFIER_ISR_TOO_LONG)
			fail_msg("%s in '%s'", verifier_rules[finding->rule].name, finding->callback);
	}
	return count;
}

static void take(STOR_SPINLOCK which)
{
	STOR_LOCK_HANDLE handle = { 0 };

	StorPortAcquireSpinLock(mini.extension, which, NULL, &handle);
	StorPortReleaseSpinLock(mini.extension, &handle);
}

static VOID takes_start_lock(PVOID extension, PVOID context, SHORT type, PVOID address, ULONG status)
{
	take(StartIoLock);
	take(InterruptLock);
}

static void test_a_change_is_verified(void **state)
{
	static STOR_ADDR_BTL8 address;

	rig_start();
	address = unit_address(0, 0, 0);
	assert_int_equal(StorPortStateChangeDetected(mini.extension, STATE_CHANGE_LUN, (PSTOR_ADDRESS)&address, 0,
						     takes_start_lock, NULL), STOR_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(broken_in(VERIFIER_LOCK_RECURSIVE, "HwStorStateChange"), 1);
}

static void test_other_kinds_of_lock_are_not_acquired(void **state)
{
	rig_start();
	take(ThreadedDpcLock);
	take(InvalidLock);
	assert_int_equal(broken_in(VERIFIER_LOCK_NOT_ALLOWED, ""), 2);
	take(InterruptLock);
	assert_int_equal(broken_in(VERIFIER_LOCK_NOT_ALLOWED, ""), 2);
}

static BOOLEAN asks_for_options(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	PERF_CONFIGURATION_DATA perf = { .Version = STOR_PERF_VERSION, .Size = sizeof(perf) };

	assert_int_equal(StorPortInitializePerfOpts(extension, TRUE, &perf), STOR_STATUS_UNSUCCESSFUL);
	return mini_keep(extension, srb);
}

static void test_options_are_for_the_initialization(void **state)
{
	mini.channels = 1;
	mini.start = asks_for_options;
	rig_start();
	assert_int_equal(verifier_count(verifier), 0);
	rig_submit();
	rig_interrupt();
	assert_int_equal(broken_in(VERIFIER_CALL_CONTEXT, "HwStorStartIo"), 1);
}

static VOID dpc_routine(PSTOR_DPC dpc, PVOID extension, PVOID argument1, PVOID argument2)
{
	told.calls++;
}

static STOR_DPC dpc;

static BOOLEAN makes_dpc(PVOID extension)
{
	StorPortInitializeDpc(extension, &dpc, dpc_routine);
	return TRUE;
}

static void test_both_ways_of_a_restart_and_locks_are_sound(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		if (i) {
			tear_down_verified(state);
			set_up_verified(state);
		}
		restarts = i;
		mini.initialize = makes_dpc;
		suspend_and_resume();
		told.calls = 0;
		assert_true(StorPortIssueDpc(mini.extension, &dpc, NULL, NULL));
		sim_cpu_look(rig.cpu);
		assert_int_equal(told.calls, 1);
		assert_int_equal(broken_in(VERIFIER_LOCK_RECURSIVE, ""), 0);
	}
}

static void test_half_duplex_locks_are_sound(void **state)
{
	mini.model = StorSynchronizeHalfDuplex;
	rig_start();
	hold_the_start_io_lock();
	assert_int_equal(broken_in(VERIFIER_LOCK_RECURSIVE, ""), 0);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define VERIFIED_RIG(test) cmocka_unit_test_setup_teardown(test, set_up_verified, tear_down_verified)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_a_change_is_told_under_the_start_io_lock),
		WITH_RIG(test_a_change_is_told_under_both_locks_in_half_duplex),
		WITH_RIG(test_a_stop_holds_the_interrupt_lock_and_may_take_it),
		WITH_RIG(test_without_restart_it_is_found_at_dispatch),
		WITH_RIG(test_a_miniport_is_asked_what_it_can_do_with_units),
		WITH_RIG(test_the_start_io_lock_keeps_starts_out_in_half_duplex),
		WITH_RIG(test_the_start_io_lock_lets_interrupts_in_in_full_duplex),
		VERIFIED_RIG(test_a_change_is_verified),
		VERIFIED_RIG(test_other_kinds_of_lock_are_not_acquired),
		VERIFIED_RIG(test_options_are_for_the_initialization),
		VERIFIED_RIG(test_both_ways_of_a_restart_and_locks_are_sound),
		VERIFIED_RIG(test_half_duplex_locks_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
