/* SPDX-License-Identifier: MIT */
/*
 * The port driver brings a miniport up: who is called, at which IRQL, holding
 * what; and what it says of one that refuses.  Source: Microsoft's public
 * documentation of the StorPort callbacks.
 */
#include <errno.h>

#include "tests/unit/test_miniport.h"

static KIRQL passive_irql;
static unsigned passives;
static BOOLEAN passive_answer, enabled;

static BOOLEAN passive(PVOID extension)
{
	passives++;
	passive_irql = KeGetCurrentIrql();
	/* The lock is free: it can be taken. */
	assert_false(rig.adapter.initializing);
	assert_false(StorPortEnablePassiveInitialization(extension, passive));
	return passive_answer;
}

static BOOLEAN enable_passive(PVOID extension)
{
	enabled = StorPortEnablePassiveInitialization(extension, passive);
	return TRUE;
}

static int set_up(void **state)
{
	passives = 0;
	passive_answer = TRUE;
	enabled = FALSE;
	return rig_set_up(state);
}

static void check_refused(const char *who)
{
	assert_int_equal(rig_try_start(), -EINVAL);
	assert_non_null(strstr(rig.error, who));
	assert_null(sim_cpu_self());
	assert_false(rig.adapter.started);
	/* Stopping what never started is harmless. */
	adapter_stop(&rig.adapter);
}

static void test_a_miniport_that_finds_nothing_is_reported(void **state)
{
	static const ULONG answers[] = { SP_RETURN_NOT_FOUND, SP_RETURN_ERROR, SP_RETURN_BAD_CONFIG, 77 };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		char number[16];

		mini.found = answers[i];
		check_refused("HwStorFindAdapter");
		snprintf(number, sizeof(number), "0x%x", answers[i]);
		assert_non_null(strstr(rig.error, number));
	}
	mini.found = SP_RETURN_NOT_FOUND;
	check_refused("SP_RETURN_NOT_FOUND");
	mini.found = SP_RETURN_BAD_CONFIG;
	check_refused("SP_RETURN_BAD_CONFIG");
	mini.found = SP_RETURN_FOUND;
	rig_start();
}

static void test_a_miniport_that_does_not_initialize_is_reported(void **state)
{
	mini.initialized = FALSE;
	check_refused("HwStorInitialize");
	mini.initialized = TRUE;
	mini.initialize = enable_passive;
	passive_answer = FALSE;
	check_refused("HwStorPassiveInitialize");
	assert_int_equal(passives, 1);
}

static ULONG entry_that_fails(PVOID driver, PVOID registry)
{
	return (ULONG)STATUS_NO_MEMORY;
}

static ULONG entry_that_registers_nothing(PVOID driver, PVOID registry)
{
	return (ULONG)STATUS_SUCCESS;
}

static ULONG entry_without_arguments(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = { .HwInitializationDataSize = sizeof(data) };

	assert_int_equal(StorPortInitialize(driver, registry, NULL, NULL), (ULONG)STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortInitialize(NULL, registry, &data, NULL), (ULONG)STATUS_INVALID_PARAMETER);
	return StorPortInitialize(driver, registry, &data, NULL);
}

/* All that is required but one. */
static unsigned registers;

static ULONG entry_that_lacks_something(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = {
		.HwInitializationDataSize = sizeof(data),
		.HwFindAdapter = registers == 0 ? NULL : mini_find,
		.HwInitialize = registers == 1 ? NULL : mini_initialize,
		.HwStartIo = registers == 2 ? NULL : mini_start,
		.HwInterrupt = registers == 3 ? NULL : mini_interrupt,
		.HwResetBus = registers == 4 ? NULL : mini_reset,
	};

	return StorPortInitialize(driver, registry, &data, NULL);
}

static void test_what_storportinitialize_misses_is_named(void **state)
{
	static const char *const missed[] = { "HwFindAdapter", "HwInitialize", "HwStartIo", "HwInterrupt", "HwResetBus" };

	for (registers = 0; registers < sizeof(missed) / sizeof(missed[0]); registers++) {
		assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry_that_lacks_something, &rig.config, rig.error,
					       sizeof(rig.error)), -EINVAL);
		assert_non_null(strstr(rig.error, missed[registers]));
		assert_non_null(strstr(rig.error, "0xc0000059"));
	}
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry_that_registers_nothing, &rig.config, rig.error,
				       sizeof(rig.error)), -EINVAL);
	assert_non_null(strstr(rig.error, "has not called StorPortInitialize"));
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry_that_fails, &rig.config, rig.error, sizeof(rig.error)), -EINVAL);
	assert_null(strstr(rig.error, "StorPortInitialize"));
}

static void test_a_driver_entry_that_fails_is_reported(void **state)
{
	static port_driver_entry *const entries[] = { entry_that_fails, entry_that_registers_nothing, entry_without_arguments };

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entries[i], &rig.config, rig.error, sizeof(rig.error)),
				 -EINVAL);
		assert_non_null(strstr(rig.error, "DriverEntry"));
	}
	mini.registers_bytes = sizeof(HW_INITIALIZATION_DATA) - 1;
	check_refused("DriverEntry");
	assert_non_null(strstr(rig.error, "0xc0000059"));
}

static void test_a_backend_that_cannot_be_set_up_is_reported(void **state)
{
	static struct sync_backend backend;

	/* SynchronizeAccess alone will not do: drivers take the interrupt lock as a lock, too. */
	backend = *rig.config.backend;
	backend.enter = NULL;
	backend.leave = NULL;
	rig.config.backend = &backend;
	assert_int_equal(rig_try_start(), -ENOTSUP);
	assert_non_null(strstr(rig.error, "StorPortAcquireSpinLock"));
	rig.config.backend = sync_backend_find("spinlock");
	rig_start();
}

static uint32_t inside_while_initializing;

static BOOLEAN look_for_the_lock(PVOID extension)
{
	inside_while_initializing = rig.adapter.lock[0].witness.inside;
	return TRUE;
}

static void test_irqls_of_bringing_up(void **state)
{
	mini.initialize = look_for_the_lock;
	rig.config.argument = "how=now";
	rig_start();
	assert_int_equal(mini.find_irql, PASSIVE_LEVEL);
	assert_int_equal(mini.initialize_irql, MINI_DIRQL);
	assert_int_not_equal(inside_while_initializing, 0);
	assert_string_equal(mini.argument, "how=now");
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	assert_int_equal(rig.adapter.lock[0].witness.inside, 0);
	assert_int_equal(rig.adapter.lock[0].witness.violations, 0);
}

static BOOLEAN enable_passive_in_find(PVOID extension)
{
	assert_false(StorPortEnablePassiveInitialization(extension, passive));
	return TRUE;
}

static void test_passive_initialization_is_for_hw_initialize_only(void **state)
{
	mini.find = enable_passive_in_find;
	mini.initialize = enable_passive;
	rig_start();
	assert_true(enabled);
	assert_int_equal(passives, 1);
	assert_int_equal(passive_irql, PASSIVE_LEVEL);
	assert_false(StorPortEnablePassiveInitialization(mini.extension, passive));
	assert_int_equal(passives, 1);
}

static void test_no_passive_routine_no_call(void **state)
{
	rig_start();
	assert_int_equal(passives, 0);
}

static ULONG perf_flags, perf_channels;

static ULONG query_perf(PVOID extension, ULONG version, ULONG size)
{
	PERF_CONFIGURATION_DATA perf = { .Version = version, .Size = size };
	ULONG status = StorPortInitializePerfOpts(extension, TRUE, &perf);

	perf_flags = perf.Flags;
	perf_channels = perf.ConcurrentChannels;
	return status;
}

static BOOLEAN query_each(PVOID extension)
{
	assert_int_not_equal(query_perf(extension, STOR_PERF_VERSION, sizeof(ULONG)), STOR_STATUS_SUCCESS);
	assert_int_not_equal(query_perf(extension, STOR_PERF_VERSION + 1, sizeof(PERF_CONFIGURATION_DATA)), STOR_STATUS_SUCCESS);
	assert_int_equal(query_perf(extension, STOR_PERF_VERSION, sizeof(PERF_CONFIGURATION_DATA)), STOR_STATUS_SUCCESS);
	return TRUE;
}

static void test_channels_are_granted_up_to_what_there_are(void **state)
{
	rig.config.channels = 2;
	mini.channels = 3;
	mini.initialize = query_each;
	rig_start();
	assert_int_not_equal(mini.perf_status, STOR_STATUS_SUCCESS);
	assert_int_equal(rig.adapter.channels, 1);
	assert_true(perf_flags & STOR_PERF_CONCURRENT_CHANNELS);
	assert_int_equal(perf_channels, 2);
}

static void test_one_channel_is_no_concurrency(void **state)
{
	mini.channels = 1;
	mini.initialize = query_each;
	rig_start();
	assert_int_equal(mini.perf_status, STOR_STATUS_SUCCESS);
	assert_false(perf_flags & STOR_PERF_CONCURRENT_CHANNELS);
}

/* --- Running: IRQL and locks of each callback --- */

static uint32_t start_io_lock, interrupt_lock;
static BOOLEAN sync_answer;

static BOOLEAN note(PVOID extension, PVOID context)
{
	*(KIRQL *)context = KeGetCurrentIrql();
	return 0x80;
}

static KIRQL routine_irql;

static BOOLEAN start_and_synchronize(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	start_io_lock = rig.adapter.start_io_lock;
	interrupt_lock = rig.adapter.lock[0].witness.inside;
	sync_answer = StorPortSynchronizeAccess(extension, note, &routine_irql);
	assert_int_equal(KeGetCurrentIrql(), mini.start_irql);
	return mini_keep(extension, srb);
}

static BOOLEAN reset_and_synchronize(PVOID extension)
{
	start_io_lock = rig.adapter.start_io_lock;
	interrupt_lock = rig.adapter.lock[0].witness.inside;
	sync_answer = StorPortSynchronizeAccess(extension, note, &routine_irql);
	return TRUE;
}

static void test_full_duplex_starts_at_dispatch_under_the_start_io_lock(void **state)
{
	mini.start = start_and_synchronize;
	rig_start();
	rig_submit();
	assert_int_equal(mini.build_irql, DISPATCH_LEVEL);
	assert_int_equal(mini.start_irql, DISPATCH_LEVEL);
	assert_int_not_equal(start_io_lock, 0);
	assert_int_equal(interrupt_lock, 0);
	assert_int_equal(routine_irql, MINI_DIRQL);
	assert_int_equal(sync_answer, 0x80);
	assert_int_equal(rig.adapter.start_io_lock, 0);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_concurrent_channels_start_without_it(void **state)
{
	rig.config.channels = 2;
	mini.channels = 2;
	mini.start = start_and_synchronize;
	rig_start();
	rig_submit();
	assert_int_equal(mini.start_irql, DISPATCH_LEVEL);
	assert_int_equal(start_io_lock, 0);
	assert_int_equal(routine_irql, MINI_DIRQL);
}

static void check_half_duplex(void)
{
	mini.start = start_and_synchronize;
	mini.reset = reset_and_synchronize;
	rig_start();
	rig_submit();
	assert_int_equal(mini.build_irql, DISPATCH_LEVEL);
	assert_int_equal(mini.start_irql, MINI_DIRQL);
	assert_int_not_equal(interrupt_lock, 0);
	/* Straight through: it would otherwise have waited for itself. */
	assert_int_equal(sync_answer, 0x80);
	assert_int_equal(routine_irql, MINI_DIRQL);
	assert_int_equal(rig.adapter.lock[0].witness.violations, 0);

	sync_answer = 0;
	interrupt_lock = 0;
	port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(mini.reset_irql, MINI_DIRQL);
	assert_int_not_equal(interrupt_lock, 0);
	assert_int_not_equal(start_io_lock, 0);
	assert_int_equal(sync_answer, 0x80);
	/* And only from there. */
	routine_irql = 0;
	assert_int_equal(StorPortSynchronizeAccess(mini.extension, note, &routine_irql), 0x80);
	assert_int_equal(routine_irql, MINI_DIRQL);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_half_duplex_starts_at_dirql_under_the_interrupt_lock(void **state)
{
	mini.model = StorSynchronizeHalfDuplex;
	check_half_duplex();
}

static void test_half_duplex_can_be_had_of_a_full_duplex_miniport(void **state)
{
	rig.config.half_duplex = true;
	check_half_duplex();
}

static void test_a_reset_in_full_duplex_holds_the_start_io_lock_only(void **state)
{
	mini.reset = reset_and_synchronize;
	rig_start();
	port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(mini.resets, 1);
	assert_int_equal(mini.reset_irql, DISPATCH_LEVEL);
	assert_int_not_equal(start_io_lock, 0);
	assert_int_equal(interrupt_lock, 0);
	assert_int_equal(sync_answer, 0x80);
	assert_int_equal(rig.adapter.bus_resets, 1);
	assert_int_equal(rig.adapter.start_io_lock, 0);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static BOOLEAN look_in_isr(PVOID extension)
{
	interrupt_lock = rig.adapter.lock[0].witness.inside;
	return FALSE;
}

static void test_the_isr_runs_at_dirql_under_the_interrupt_lock(void **state)
{
	mini.interrupt = look_in_isr;
	rig_start();
	rig_interrupt();
	assert_int_equal(mini.interrupts, 1);
	assert_int_equal(mini.interrupt_irql, MINI_DIRQL);
	assert_true(witness_is_isr(interrupt_lock));
	assert_int_equal(witness_cpu(interrupt_lock), 0);
	assert_int_equal(rig.cpu->pin[rig.source.pci.line.index].spurious, 1);
	assert_int_equal(rig.cpu->in_isr, 0);
}

static void test_requests_may_be_submitted_at_dispatch(void **state)
{
	uint8_t old;

	rig_start();
	old = sim_raise(rig.cpu, IRQL_DISPATCH);
	rig_submit();
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	assert_int_equal(mini.starts, 1);
	sim_lower(rig.cpu, old);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_a_miniport_that_finds_nothing_is_reported),
		WITH_RIG(test_a_miniport_that_does_not_initialize_is_reported),
		WITH_RIG(test_a_driver_entry_that_fails_is_reported),
		WITH_RIG(test_what_storportinitialize_misses_is_named),
		WITH_RIG(test_a_backend_that_cannot_be_set_up_is_reported),
		WITH_RIG(test_irqls_of_bringing_up),
		WITH_RIG(test_passive_initialization_is_for_hw_initialize_only),
		WITH_RIG(test_no_passive_routine_no_call),
		WITH_RIG(test_channels_are_granted_up_to_what_there_are),
		WITH_RIG(test_one_channel_is_no_concurrency),
		WITH_RIG(test_full_duplex_starts_at_dispatch_under_the_start_io_lock),
		WITH_RIG(test_concurrent_channels_start_without_it),
		WITH_RIG(test_half_duplex_starts_at_dirql_under_the_interrupt_lock),
		WITH_RIG(test_half_duplex_can_be_had_of_a_full_duplex_miniport),
		WITH_RIG(test_a_reset_in_full_duplex_holds_the_start_io_lock_only),
		WITH_RIG(test_the_isr_runs_at_dirql_under_the_interrupt_lock),
		WITH_RIG(test_requests_may_be_submitted_at_dispatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
