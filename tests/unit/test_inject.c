/* SPDX-License-Identifier: MIT */
/* The injected delay: as many links as asked for, and in the section together with the holder's preemption. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cell/cell.h"

/* A multiplication takes a cycle at least, and no core has more than ten cycles in a tick. */
#define LINKS 30000000
#define TICKS_AT_LEAST (LINKS / 10)

static struct cell cell;

static void links_are_as_many_as_closest(void **state)
{
	assert_int_equal(inject_iterations(2.5, 0), 0);
	assert_int_equal(inject_iterations(2.5, 1), 0);
	assert_int_equal(inject_iterations(2.5, 2), 1);
	assert_int_equal(inject_iterations(2.5, 6), 2);
	assert_int_equal(inject_iterations(2.5, 2500000), 1000000);
	assert_int_equal(inject_iterations(0.5, 2500000), 5000000);
}

static void more_ticks_are_never_fewer_links(void **state)
{
	uint64_t last = 0;

	for (double ticks = 0; ticks < 1e7; ticks = ticks * 1.01 + 1) {
		uint64_t links = inject_iterations(2.27, ticks);

		assert_true(links >= last);
		assert_true(fabs((double)links * 2.27 - ticks) <= 2.27 / 2 + 1e-6);
		last = links;
	}
}

/* A nanosecond of 64 times as many ticks takes 64 times the chain; whatever the core does meanwhile is much less. */
static void the_scale_decides(void **state)
{
	struct stamp_scale scale, long_scale;
	struct inject inject = { 0 }, longer = { 0 };

	assert_int_equal(stamp_scale_set(&scale, 1, 1), 0);
	assert_int_equal(stamp_scale_set(&long_scale, 64, 1), 0);
	inject_calibrate(&inject, &scale, 50000);
	inject_calibrate(&longer, &long_scale, 50000);
	assert_in_range(longer.iterations, inject.iterations * 8, inject.iterations * 512);
	inject_calibrate(&inject, &scale, 0);
	assert_int_equal(inject.iterations, 0);
}

static void the_one_further_off_is_reported(void **state)
{
	struct inject inject = { .before_ns = 99, .after_ns = 102 };

	assert_true(inject_actual_ns(&inject, 100) == 102);
	inject.after_ns = 100.5;
	assert_true(inject_actual_ns(&inject, 100) == 99);
}

static uint64_t time_inside(void)
{
	uint64_t begin = stamp_now_ordered();

	cell.recorder.probe.inside(&cell.recorder.probe, &cell.machine.cpu[0]);
	return stamp_now_ordered() - begin;
}

static int set_up(void **state)
{
	struct sim_machine_config config = { .cpus = 1, .phys_bytes = 4096 };
	/* An event in every section: its mean gap is one tick. */
	struct preempt_config preempt = { .hz = 1000000000, .time_ns = 1, .seed = 7 };

	memset(&cell, 0, sizeof(cell));
	if (stamp_scale_set(&config.scale, 1, 1) || sim_machine_init(&cell.machine, &config))
		return -1;
	cell.recorder.probe.inside = cell_inside;
	return preempt_init(&cell.preempt, &cell.machine, &preempt);
}

static int tear_down(void **state)
{
	preempt_fini(&cell.preempt);
	sim_machine_fini(&cell.machine);
	return 0;
}

static uint64_t preemptions(void)
{
	uint64_t ticks;

	return preempt_count(&cell.preempt, &ticks);
}

static void delay_alone(void **state)
{
	cell.spec.inject = true;
	cell.inject.iterations = LINKS;
	assert_true(time_inside() >= TICKS_AT_LEAST);
	assert_int_equal(preemptions(), 0);
}

static void preemption_alone(void **state)
{
	cell.spec.preempt_hz = 1;
	preempt_start(&cell.preempt, &cell.machine.cpu[0], UINT64_MAX, UINT64_MAX);
	while (cell.preempt.cpu[0].due > stamp_now())
		;
	time_inside();
	/* Not in the window yet. */
	assert_int_equal(preemptions(), 0);
	preempt_set_window(&cell.preempt, &cell.machine.cpu[0], 0, UINT64_MAX);
	time_inside();
	assert_int_equal(preemptions(), 1);
}

static void both_together(void **state)
{
	cell.spec.inject = true;
	cell.inject.iterations = LINKS;
	cell.spec.preempt_hz = 1;
	preempt_start(&cell.preempt, &cell.machine.cpu[0], 0, UINT64_MAX);
	assert_true(time_inside() >= TICKS_AT_LEAST);
	assert_int_equal(preemptions(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_as_many_as_closest),
		cmocka_unit_test(more_ticks_are_never_fewer_links),
		cmocka_unit_test(the_scale_decides),
		cmocka_unit_test(the_one_further_off_is_reported),
		cmocka_unit_test_setup_teardown(delay_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(preemption_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_together, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
