/* SPDX-License-Identifier: MIT */
/*
 * Bystanders on a machine of which this thread plays the CPUs in turn: their
 * levels, a schedule that nothing moves, what is counted, and that they end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/cell/bystander.h"

#define CPUS 2
#define RATE 1000
/* One tick is called a nanosecond, so this is the mean gap in ticks. */
#define GAP 1000000
/* So few of 50 expected arrivals come less often than once in 1e9 times. */
#define BLOCKED (50 * GAP)
#define FEWEST 15

struct rig {
	struct sim_machine machine;
	struct recorder recorder;
	struct bystanders bystanders;
	struct sim_cpu *cpu;
};

static int set_up_at(void **state, uint64_t hz)
{
	static struct rig rig;
	struct sim_machine_config config = { .cpus = CPUS, .phys_bytes = 4096 };

	assert_int_equal(stamp_scale_set(&config.scale, 1, 1), 0);
	assert_int_equal(sim_machine_init(&rig.machine, &config), 0);
	assert_int_equal(recorder_init(&rig.recorder, CPUS, 1), 0);
	recorder_set_scale(&rig.recorder, &config.scale);
	assert_int_equal(bystanders_init(&rig.bystanders, &rig.machine, &rig.recorder, hz, 4711), 0);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	*state = &rig;
	return 0;
}

static int set_up(void **state)
{
	return set_up_at(state, RATE);
}

static int set_up_off(void **state)
{
	return set_up_at(state, 0);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	sim_cpu_exit(sim_cpu_self());
	bystanders_fini(&rig->bystanders);
	recorder_fini(&rig->recorder);
	sim_machine_fini(&rig->machine);
	return 0;
}

/* On, measured from `from` to `until`. */
static void start(struct rig *rig, uint64_t from, uint64_t until)
{
	recorder_open(&rig->recorder, rig->cpu->index, from, until);
	bystanders_start(&rig->bystanders, rig->cpu, from, until);
}

/* At a level for a while, without looking. */
static void keep_out(struct rig *rig, uint8_t level, uint64_t ticks)
{
	uint8_t irql = sim_raise(rig->cpu, level);
	uint64_t end = stamp_now() + ticks;

	while (stamp_now() < end)
		;
	sim_lower(rig->cpu, irql);
}

static const struct histogram *of(const struct rig *rig, unsigned cpu, enum metric metric)
{
	return &rig->recorder.cpu[cpu].histogram[metric];
}

static void nothing_is_left_waiting(struct rig *rig)
{
	struct pulse first, last;

	assert_int_equal(pulse_waiting(&rig->bystanders.high.pulse, rig->cpu, rig->cpu->index, &first, &last), 0);
	assert_int_equal(pulse_waiting(&rig->bystanders.low.pulse, rig->cpu, rig->cpu->index, &first, &last), 0);
	assert_int_equal(atomic_load(&rig->cpu->pin[rig->bystanders.high.pulse.line.index].due), SIM_NEVER);
	assert_int_equal(atomic_load(&rig->cpu->pin[rig->bystanders.low.pulse.line.index].due), SIM_NEVER);
}

static void off_there_is_nothing(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rig->machine.lines, 0);
	start(rig, 0, UINT64_MAX);
	keep_out(rig, IRQL_HIGH, GAP);
	bystanders_stop(&rig->bystanders, rig->cpu);
	assert_int_equal(bystanders_late(&rig->bystanders) + bystanders_missed(&rig->bystanders), 0);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_HIGH)->n + of(rig, 0, METRIC_BYSTANDER_LOW)->n, 0);
}

/* At the HBA's level the one above comes in, and the one below does not. */
static void one_is_above_and_one_below(void **state)
{
	struct rig *rig = *state;
	uint8_t irql;

	start(rig, 0, UINT64_MAX);
	irql = sim_raise(rig->cpu, 6);
	while (!of(rig, 0, METRIC_BYSTANDER_HIGH)->n)
		sim_idle(rig->cpu);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_LOW)->n, 0);
	sim_lower(rig->cpu, irql);
	while (!of(rig, 0, METRIC_BYSTANDER_LOW)->n)
		sim_idle(rig->cpu);
	bystanders_stop(&rig->bystanders, rig->cpu);
	assert_int_equal(of(rig, 1, METRIC_BYSTANDER_HIGH)->n + of(rig, 1, METRIC_BYSTANDER_LOW)->n, 0);
}

/* They come during the warm-up; what is due from the window's begin on is recorded once that is known, and only then. */
static void a_window_may_be_known_later(void **state)
{
	struct rig *rig = *state;
	uint64_t begin;

	start(rig, UINT64_MAX, UINT64_MAX);
	keep_out(rig, IRQL_HIGH, BLOCKED);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_HIGH)->n + of(rig, 0, METRIC_BYSTANDER_LOW)->n, 0);
	assert_int_equal(bystanders_late(&rig->bystanders), 0);
	begin = stamp_now();
	recorder_open(&rig->recorder, rig->cpu->index, begin, UINT64_MAX);
	bystanders_set_window(&rig->bystanders, rig->cpu, begin, UINT64_MAX);
	keep_out(rig, IRQL_HIGH, BLOCKED);
	assert_true(of(rig, 0, METRIC_BYSTANDER_HIGH)->n >= FEWEST);
	assert_true(of(rig, 0, METRIC_BYSTANDER_LOW)->n >= FEWEST);
	/* Nearly each had another due before it was served. */
	assert_true(bystanders_late(&rig->bystanders) >= FEWEST);
	bystanders_stop(&rig->bystanders, rig->cpu);
	nothing_is_left_waiting(rig);
}

/* However late it is served, none is skipped, and each counts from when it was due. */
static void the_schedule_waits_for_nobody(void **state)
{
	static const enum metric metrics[] = { METRIC_BYSTANDER_HIGH, METRIC_BYSTANDER_LOW };
	struct rig *rig = *state;

	start(rig, 0, UINT64_MAX);
	keep_out(rig, IRQL_HIGH, BLOCKED);
	for (size_t i = 0; i < 2; i++) {
		const struct histogram *h = of(rig, 0, metrics[i]);

		assert_true(h->n >= FEWEST);
		assert_true(h->max >= BLOCKED / 2);
		assert_true(h->min < BLOCKED / 2);
	}
	bystanders_stop(&rig->bystanders, rig->cpu);
	/* All but the first of each were due before the one before them was done. */
	assert_true(bystanders_late(&rig->bystanders) >= 2 * (FEWEST - 1));
	/* Only what fell due since the last look. */
	assert_true(bystanders_missed(&rig->bystanders) < bystanders_late(&rig->bystanders));
	nothing_is_left_waiting(rig);
}

static void what_the_window_ends_on_is_missed(void **state)
{
	struct rig *rig = *state;

	start(rig, 0, stamp_now() + BLOCKED);
	keep_out(rig, IRQL_HIGH, BLOCKED + GAP);
	/* The first of each is served; for the others it is too late. */
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_HIGH)->n, 1);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_LOW)->n, 1);
	assert_true(bystanders_missed(&rig->bystanders) >= 2 * (FEWEST - 1));
	nothing_is_left_waiting(rig);
	bystanders_stop(&rig->bystanders, rig->cpu);
	nothing_is_left_waiting(rig);
}

static void stopped_while_kept_out_they_are_missed(void **state)
{
	struct rig *rig = *state;
	uint8_t irql;

	start(rig, 0, UINT64_MAX);
	irql = sim_raise(rig->cpu, IRQL_HIGH);
	for (uint64_t end = stamp_now() + BLOCKED; stamp_now() < end;)
		;
	bystanders_stop(&rig->bystanders, rig->cpu);
	nothing_is_left_waiting(rig);
	sim_lower(rig->cpu, irql);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_HIGH)->n + of(rig, 0, METRIC_BYSTANDER_LOW)->n, 0);
	assert_true(bystanders_missed(&rig->bystanders) >= 2 * FEWEST);
}

static void nothing_counts_outside_of_the_window(void **state)
{
	struct rig *rig = *state;
	uint8_t irql;

	start(rig, UINT64_MAX - 1, UINT64_MAX);
	keep_out(rig, IRQL_HIGH, BLOCKED);
	irql = sim_raise(rig->cpu, IRQL_HIGH);
	for (uint64_t end = stamp_now() + BLOCKED; stamp_now() < end;)
		;
	bystanders_stop(&rig->bystanders, rig->cpu);
	sim_lower(rig->cpu, irql);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_HIGH)->n + of(rig, 0, METRIC_BYSTANDER_LOW)->n, 0);
	assert_int_equal(bystanders_late(&rig->bystanders) + bystanders_missed(&rig->bystanders), 0);
	/* They came all the same. */
	assert_true(rig->bystanders.high.pulse.queue[0].scheduled >= FEWEST);
}

static void each_cpu_and_source_has_a_schedule_of_its_own(void **state)
{
	struct rig *rig = *state;
	const struct bystanders *b = &rig->bystanders;

	assert_int_not_equal(b->high.stream[0].rng, b->high.stream[1].rng);
	assert_int_not_equal(b->high.stream[0].rng, b->low.stream[0].rng);
	rig->cpu = sim_cpu_enter(&rig->machine, 1);
	start(rig, 0, UINT64_MAX);
	keep_out(rig, IRQL_HIGH, BLOCKED);
	bystanders_stop(&rig->bystanders, rig->cpu);
	assert_true(of(rig, 1, METRIC_BYSTANDER_HIGH)->n >= FEWEST);
	assert_int_equal(of(rig, 0, METRIC_BYSTANDER_HIGH)->n, 0);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(off_there_is_nothing, set_up_off, tear_down),
		WITH_RIG(one_is_above_and_one_below),
		WITH_RIG(a_window_may_be_known_later),
		WITH_RIG(the_schedule_waits_for_nobody),
		WITH_RIG(what_the_window_ends_on_is_missed),
		WITH_RIG(stopped_while_kept_out_they_are_missed),
		WITH_RIG(nothing_counts_outside_of_the_window),
		WITH_RIG(each_cpu_and_source_has_a_schedule_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
