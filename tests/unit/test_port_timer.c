/* SPDX-License-Identifier: MIT */
/* StorPortInitializeTimer, StorPortRequestTimer and StorPortFreeTimer. */
#include "tests/unit/test_miniport.h"

static struct {
	unsigned calls;
	PVOID context;
	KIRQL irql;
	uint32_t start_io_lock;
	unsigned cpu;
} called;

static PVOID handle[2];

static VOID on_timer(PVOID extension, PVOID context)
{
	assert_ptr_equal(extension, mini.extension);
	called.calls++;
	called.context = context;
	called.irql = KeGetCurrentIrql();
	called.start_io_lock = rig.adapter.start_io_lock;
	called.cpu = sim_cpu_self()->index;
}

static VOID on_timer_again(PVOID extension, PVOID context)
{
	on_timer(extension, context);
	if (called.calls < 3)
		assert_int_equal(StorPortRequestTimer(extension, handle[0], on_timer_again, context, 1, 0), STOR_STATUS_SUCCESS);
}

static int set_up(void **state)
{
	memset(&called, 0, sizeof(called));
	rig_set_up(state);
	return 0;
}

static void start(void)
{
	rig_start();
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(StorPortInitializeTimer(mini.extension, &handle[i]), STOR_STATUS_SUCCESS);
}

static ULONG request(unsigned timer, PVOID context, ULONGLONG microseconds)
{
	return StorPortRequestTimer(mini.extension, handle[timer], on_timer, context, microseconds, 0);
}

static void look_until_called(unsigned calls)
{
	for (unsigned looks = 0; called.calls < calls && looks < 100000000; looks++)
		sim_cpu_look(sim_cpu_self());
	assert_int_equal(called.calls, calls);
}

static void look_past(uint64_t ticks)
{
	fake_pass(ticks);
	sim_cpu_look(sim_cpu_self());
}

static void test_it_comes_once_with_its_context(void **state)
{
	start();
	assert_int_equal(request(0, &called, 20), STOR_STATUS_SUCCESS);
	assert_int_equal(called.calls, 0);
	look_until_called(1);
	assert_ptr_equal(called.context, &called);
	assert_int_equal(called.irql, DISPATCH_LEVEL);
	assert_int_equal(called.start_io_lock, 1);
	look_past(100000);
	assert_int_equal(called.calls, 1);
}

static void test_half_duplex_holds_the_interrupt_lock(void **state)
{
	rig.config.half_duplex = true;
	start();
	assert_int_equal(request(0, NULL, 1), STOR_STATUS_SUCCESS);
	look_until_called(1);
	assert_int_equal(called.irql, MINI_DIRQL);
}

static void test_there_are_several(void **state)
{
	start();
	assert_int_equal(request(0, &handle[0], 1), STOR_STATUS_SUCCESS);
	assert_int_equal(request(1, &handle[1], 1), STOR_STATUS_SUCCESS);
	look_until_called(2);
}

static void test_one_that_is_under_way_stands(void **state)
{
	start();
	assert_int_equal(request(0, &handle[0], 50), STOR_STATUS_SUCCESS);
	assert_int_equal(request(0, &handle[1], 1), STOR_STATUS_BUSY);
	look_until_called(1);
	assert_ptr_equal(called.context, &handle[0]);
}

static void test_zero_cancels(void **state)
{
	start();
	assert_int_equal(request(0, NULL, 20), STOR_STATUS_SUCCESS);
	assert_int_equal(request(0, NULL, 0), STOR_STATUS_SUCCESS);
	look_past(100000);
	assert_int_equal(called.calls, 0);
	assert_int_equal(request(0, NULL, 1), STOR_STATUS_SUCCESS);
	look_until_called(1);
}

/* Cancelled and requested anew on another CPU, the first CPU's comes to nothing. */
static void test_another_cpu_takes_it_over(void **state)
{
	start();
	assert_int_equal(request(0, NULL, 1), STOR_STATUS_SUCCESS);
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(request(0, NULL, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(request(0, NULL, 1), STOR_STATUS_SUCCESS);
	sim_cpu_enter(&rig.machine, 0);
	look_past(100000);
	assert_int_equal(called.calls, 0);
	sim_cpu_enter(&rig.machine, 1);
	look_until_called(1);
	assert_int_equal(called.cpu, 1);
	sim_cpu_enter(&rig.machine, 0);
}

static void test_it_can_be_requested_from_its_routine(void **state)
{
	start();
	assert_int_equal(StorPortRequestTimer(mini.extension, handle[0], on_timer_again, NULL, 1, 0), STOR_STATUS_SUCCESS);
	look_until_called(3);
	look_past(100000);
	assert_int_equal(called.calls, 3);
}

static void test_a_freed_one_is_none(void **state)
{
	start();
	assert_int_equal(request(0, NULL, 20), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortFreeTimer(mini.extension, handle[0]), STOR_STATUS_SUCCESS);
	look_past(100000);
	assert_int_equal(called.calls, 0);
	assert_int_equal(request(0, NULL, 20), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortFreeTimer(mini.extension, handle[0]), STOR_STATUS_UNSUCCESSFUL);
}

static void test_what_is_no_timer_is_refused(void **state)
{
	uint8_t irql;

	start();
	assert_int_equal(StorPortInitializeTimer(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortInitializeTimer(NULL, &handle[0]), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortRequestTimer(mini.extension, &called, on_timer, NULL, 1, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortRequestTimer(mini.extension, NULL, on_timer, NULL, 1, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortRequestTimer(mini.extension, handle[0], NULL, NULL, 1, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortFreeTimer(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	irql = sim_raise(rig.cpu, MINI_DIRQL);
	assert_int_equal(StorPortInitializeTimer(mini.extension, &handle[0]), STOR_STATUS_INVALID_IRQL);
	assert_int_equal(StorPortFreeTimer(mini.extension, handle[0]), STOR_STATUS_INVALID_IRQL);
	assert_int_equal(request(0, NULL, 1), STOR_STATUS_SUCCESS);
	sim_lower(rig.cpu, irql);
	look_until_called(1);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_it_comes_once_with_its_context),
		WITH(test_half_duplex_holds_the_interrupt_lock),
		WITH(test_there_are_several),
		WITH(test_one_that_is_under_way_stands),
		WITH(test_zero_cancels),
		WITH(test_another_cpu_takes_it_over),
		WITH(test_it_can_be_requested_from_its_routine),
		WITH(test_a_freed_one_is_none),
		WITH(test_what_is_no_timer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
