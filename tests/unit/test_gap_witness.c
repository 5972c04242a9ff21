/* SPDX-License-Identifier: MIT */
/*
 * The gap witness on stamps of its own making: what counts as a gap, where it is
 * counted, and which intervals it hit.
 */
#include <stdlib.h>

#include "bench/cell/gap_list.h"
#include "tests/unit/fake_source.h"

#define THRESHOLD 1000
#define SKEW GAP_SKEW_NS

static struct sim_machine machine;
static struct gap_log *log0, *log1;

static int set_up(void **state)
{
	const struct sim_machine_config config = { .cpus = 2, .phys_bytes = FAKE_PHYS_BYTES, .scale = fake_scale(),
						   .gap_threshold_ns = THRESHOLD };

	if (sim_machine_init(&machine, &config))
		return -1;
	log0 = &machine.cpu[0].gaps;
	log1 = &machine.cpu[1].gaps;
	return 0;
}

static int tear_down(void **state)
{
	sim_machine_fini(&machine);
	return 0;
}

static void check_latest(const struct gap_log *log, uint64_t noted, uint64_t begin, uint64_t end)
{
	uint64_t back = 0;
	struct gap gap;

	assert_int_equal(log->noted, noted);
	assert_true(gap_log_next(log, 0, &back, &gap));
	assert_int_equal(gap.begin, begin);
	assert_int_equal(gap.end, end);
}

static void check_window(const struct gap_log *log, uint64_t count, uint64_t ticks)
{
	assert_int_equal(log->count, count);
	assert_int_equal(log->ticks, ticks);
}

static void test_what_is_longer_than_the_threshold_is_a_gap(void **state)
{
	/* The first stamp follows none. */
	gap_log_see(log0, 50000);
	gap_log_see(log0, 50000 + THRESHOLD);
	assert_int_equal(log0->noted, 0);
	assert_false(gap_witness_suspects(&machine.gap_witness, 0));
	gap_log_see(log0, 50000 + 2 * THRESHOLD + 1);
	check_latest(log0, 1, 50000 + THRESHOLD, 50000 + 2 * THRESHOLD + 1);
	/* and nothing is left of it */
	gap_log_see(log0, 50000 + 3 * THRESHOLD + 1);
	assert_int_equal(log0->noted, 1);
	assert_int_equal(log1->noted, 0);
}

static void test_all_cpus_publish_the_latest_end(void **state)
{
	gap_log_see(log0, 1000);
	gap_log_see(log1, 1000);
	gap_log_see(log1, 9000);
	assert_true(gap_witness_suspects(&machine.gap_witness, 8999));
	assert_false(gap_witness_suspects(&machine.gap_witness, 9000));
	/* One that ended earlier is no later for being logged later. */
	gap_log_see(log0, 8000);
	assert_int_equal(log0->noted, 1);
	assert_true(gap_witness_suspects(&machine.gap_witness, 8999));
	gap_log_see(log0, 20000);
	assert_true(gap_witness_suspects(&machine.gap_witness, 19999));
	assert_false(gap_witness_suspects(&machine.gap_witness, 20000));
}

static void test_without_a_threshold_nothing_is_a_gap(void **state)
{
	static const struct sim_cpu untouched;
	struct gap_log *log = calloc(1, sizeof(*log) + 128);
	struct gap_log *off = (struct gap_log *)(((uintptr_t)log + 127) / 128 * 128);

	assert_non_null(log);
	assert_int_equal(untouched.gaps.threshold, 0);
	gap_log_see(off, 1000);
	gap_log_see(off, UINT64_MAX / 2);
	assert_int_equal(off->noted, 0);
	gap_log_init(off, &machine.gap_witness, 0);
	gap_log_see(off, 1000);
	gap_log_see(off, UINT64_MAX / 2);
	assert_int_equal(off->noted, 0);
	free(log);
}

static void test_a_quiet_stretch_is_no_gap(void **state)
{
	gap_log_see(log0, 1000);
	gap_log_quiet_begin(log0);
	gap_log_quiet_begin(log0);
	/* What runs on the CPU meanwhile takes stamps, which say nothing. */
	gap_log_see(log0, 9000000);
	gap_log_quiet_end(log0);
	gap_log_see(log0, 18000000);
	gap_log_quiet_end(log0);
	gap_log_see(log0, 90000000);
	assert_int_equal(log0->noted, 0);
	/* From there on it is as ever. */
	gap_log_see(log0, 90000000 + THRESHOLD + 1);
	check_latest(log0, 1, 90000000, 90000000 + THRESHOLD + 1);
}

static void test_time_that_was_to_be_spent_is_no_gap(void **state)
{
	/* The first stamp follows none. */
	gap_log_spent(log0, 40000, 50000);
	gap_log_spent(log0, 40000, 90000);
	gap_log_spent(log0, 40000, 90000 + 50000 + THRESHOLD);
	assert_int_equal(log0->noted, 0);
	/* What is beyond it, and a quarter, is one. */
	gap_log_spent(log0, 40000, 141000 + 50000 + THRESHOLD + 1);
	check_latest(log0, 1, 141000 + 50000, 141000 + 50000 + THRESHOLD + 1);
	/* It is spent once. */
	gap_log_see(log0, 300000);
	check_latest(log0, 2, 192001, 300000);
	/* An interrupt's stamp since is not put back. */
	gap_log_see(log0, 300500);
	gap_log_spent(log0, 40000, 300400);
	assert_int_equal(log0->last_seen, 300500);
	assert_int_equal(log0->noted, 2);
}

static void test_a_slow_call_is_a_gap_when_it_is_far_too_long(void **state)
{
	uint64_t now = 1000;

	gap_log_see(log0, now);
	gap_log_slow_begin(log0);
	gap_log_slow_end(log0);
	gap_log_see(log0, now += GAP_SLOW_NS);
	assert_int_equal(log0->noted, 0);
	/* The allowance was for that one. */
	gap_log_see(log0, now += THRESHOLD + 1);
	assert_int_equal(log0->noted, 1);
	gap_log_slow_begin(log0);
	/* An interrupt in the middle. */
	gap_log_see(log0, now += THRESHOLD + 1);
	gap_log_slow_end(log0);
	gap_log_see(log0, now += THRESHOLD + 1);
	assert_int_equal(log0->noted, 1);
	gap_log_slow_begin(log0);
	gap_log_slow_end(log0);
	gap_log_see(log0, now + GAP_SLOW_NS + 1);
	check_latest(log0, 2, now, now + GAP_SLOW_NS + 1);
}

/* An interrupt has come between the reading of the clock and its use, and stamped later. */
static void test_an_older_stamp_does_not_put_the_clock_back(void **state)
{
	gap_log_see(log0, 10000);
	gap_log_see(log0, 9000);
	gap_log_see(log0, 10000 + THRESHOLD);
	assert_int_equal(log0->noted, 0);
}

/* An interrupt has come after the last stamp had been loaded: its own stamps are overwritten by an older one. */
static void test_what_an_interrupt_took_is_no_gap(void **state)
{
	gap_log_see(log0, 10000);
	gap_log_resume(log0, 10500);
	gap_log_resume(log0, 12000);
	assert_int_equal(log0->noted, 1);
	atomic_store(&log0->last_seen, 10100);
	gap_log_see(log0, 12000 + THRESHOLD);
	assert_int_equal(log0->noted, 1);
	/* Nor is its gap counted again, when it is over but its last stamp is not yet taken. */
	gap_log_see(log0, 20000);
	check_latest(log0, 2, 12000 + THRESHOLD, 20000);
	atomic_store(&log0->last_seen, 12000 + THRESHOLD);
	gap_log_see(log0, 20500);
	assert_int_equal(log0->noted, 2);
	atomic_store(&log0->last_seen, 12000 + THRESHOLD);
	gap_log_see(log0, 30000);
	check_latest(log0, 3, 20000, 30000);
}

static void test_gaps_are_clipped_to_the_window(void **state)
{
	gap_log_see(log0, 1000);
	gap_log_see(log0, 4000);
	check_window(log0, 0, 0);
	gap_log_open(log0, 10000, 30000);
	check_window(log0, 0, 0);
	gap_log_see(log0, 9500);   /* 4000 to 9500: before it */
	gap_log_see(log0, 12000);  /* reaches 2000 into it */
	check_window(log0, 1, 2000);
	gap_log_see(log0, 15000);
	check_window(log0, 2, 5000);
	gap_log_see(log0, 16000);
	gap_log_see(log0, 29000);
	check_window(log0, 3, 18000);
	gap_log_see(log0, 50000);  /* of which 1000 are in it */
	check_window(log0, 4, 19000);
	gap_log_see(log0, 60000);
	check_window(log0, 4, 19000);
	assert_int_equal(gap_log_ticks(log0, 11000, 14000), 3000);
	assert_int_equal(gap_log_ticks(log0, 0, UINT64_MAX), 3000 + 5500 + 2500 + 3000 + 13000 + 21000 + 10000);
}

/* A CPU that was away when its window began hears of it afterwards. */
static void test_a_window_may_open_late(void **state)
{
	gap_log_see(log0, 1000);
	gap_log_see(log0, 4000);
	gap_log_see(log0, 4500);
	gap_log_see(log0, 20000);
	gap_log_open(log0, 10000, 30000);
	check_window(log0, 1, 10000);
}

static void test_a_window_may_end_early(void **state)
{
	gap_log_open(log0, 10000, UINT64_MAX);
	gap_log_see(log0, 9000);
	gap_log_see(log0, 12000);
	gap_log_see(log0, 18000);
	gap_log_see(log0, 25000);
	gap_log_see(log0, 40000);
	check_window(log0, 4, 2000 + 6000 + 7000 + 15000);
	gap_log_clip(log0, 20000);
	check_window(log0, 3, 2000 + 6000 + 2000);
}

static void test_a_full_log_still_counts(void **state)
{
	const unsigned gaps = 3 * GAP_LOG_ENTRIES + 5;
	uint64_t now = 100000;
	uint64_t back = 0;
	uint64_t kept = 0;
	struct gap gap;

	gap_log_open(log0, 0, UINT64_MAX);
	gap_log_see(log0, now);
	for (unsigned i = 0; i < gaps; i++) {
		gap_log_see(log0, now += 2 * THRESHOLD);
		gap_log_see(log0, ++now);
	}
	check_window(log0, gaps, gaps * UINT64_C(2) * THRESHOLD);
	while (gap_log_next(log0, 0, &back, &gap)) {
		assert_int_equal(gap.end, now - 1 - kept * (2 * THRESHOLD + 1));
		kept++;
	}
	assert_int_equal(kept, GAP_LOG_ENTRIES);
	assert_true(gap_witness_hit(&machine, 0, now - 10, now));
	assert_false(gap_witness_hit(&machine, 0, 100000, 100000 + THRESHOLD));
}

/* A list has all gaps from where a full log begins, and the long ones before. */
static void test_a_full_log_keeps_the_long(void **state)
{
	const uint64_t is_long = UINT64_C(1) * GAP_LONG_THRESHOLDS * THRESHOLD;
	uint64_t now = 100000;
	struct gap_list list;

	gap_log_see(log0, now);
	gap_log_see(log0, now += is_long);
	gap_log_see(log0, now += is_long - 1);
	for (unsigned i = 0; i < GAP_LOG_ENTRIES; i++)
		gap_log_see(log0, now += 2 * THRESHOLD);
	gap_list_take(&list, &machine);
	assert_int_equal(list.count, GAP_LOG_ENTRIES + 1);
	assert_int_equal(list.known_from, now - (GAP_LOG_ENTRIES - 1) * UINT64_C(2) * THRESHOLD);
	assert_int_equal(gap_list_lost(&list, 0, 0, 100000 + is_long), is_long);
	assert_int_equal(gap_list_lost(&list, 0, 0, 100000 + 2 * is_long - 1), is_long);
	assert_int_equal(gap_list_lost(&list, 0, 0, now), is_long + GAP_LOG_ENTRIES * UINT64_C(2) * THRESHOLD);
	gap_list_fini(&list);
	/* and those that are still in the log are listed once */
	gap_log_see(log1, 100000);
	gap_log_see(log1, 100000 + is_long);
	gap_log_see(log0, now + is_long);
	gap_list_take(&list, &machine);
	assert_int_equal(list.count, GAP_LOG_ENTRIES + 2);
	gap_list_fini(&list);
}

static void test_a_gap_hits_what_it_overlaps_on_its_own_cpu(void **state)
{
	static const struct {
		uint64_t begin, end;
		bool hit;
	} cases[] = {
		{ 1000, 20000, true },  { 11000, 12000, true },  { 1000, 10001, true },  { 14999, 20000, true },
		{ 1000, 10000, false }, { 15000, 20000, false }, { 12000, 12000, false }, { 10000, 15000, true },
	};

	gap_log_see(log0, 10000);
	gap_log_see(log0, 15000);
	gap_log_see(log0, 15500);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(gap_witness_hit(&machine, 0, cases[i].begin, cases[i].end), cases[i].hit);
}

/* The other CPU waits until the one that was away has come back, so the gap ends first. */
static void test_a_gap_hits_through_a_lock(void **state)
{
	gap_log_see(log1, 10000);
	gap_log_see(log1, 15000);
	assert_true(gap_witness_hit(&machine, 0, 9000, 15100));
	assert_true(gap_witness_hit(&machine, 0, 12000, 15100));
	assert_true(gap_witness_hit(&machine, 0, 12000, 15000 - SKEW));
	/* What was over before it ended went on beside it, */
	assert_false(gap_witness_hit(&machine, 0, 9000, 15000 - SKEW - 1));
	assert_false(gap_witness_hit(&machine, 0, 11000, 12000));
	/* and what began when it was over has nothing to do with it. */
	assert_false(gap_witness_hit(&machine, 0, 15000, 16000));
	assert_true(gap_witness_hit(&machine, 1, 9000, 12000));
}

static void test_a_gap_that_goes_on_hits_nobody(void **state)
{
	gap_log_see(log1, 10000);
	assert_false(gap_witness_suspects(&machine.gap_witness, 5000));
	assert_false(gap_witness_hit(&machine, 0, 5000, 90000));
	/* Two gaps, and the one that matters is not the latest. */
	gap_log_see(log1, 20000);
	gap_log_see(log1, 90000);
	assert_true(gap_witness_hit(&machine, 0, 15000, 25000));
	assert_false(gap_witness_hit(&machine, 0, 21000, 25000));
}

/* The machine's own ways through time take stamps. */
static void test_the_machine_takes_stamps(void **state)
{
	struct sim_cpu *cpu = sim_cpu_enter(&machine, 0);
	static void (*const ways[])(struct sim_cpu *cpu) = { sim_idle, sim_cpu_look };
	uint8_t irql;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		uint64_t before = stamp_now();

		ways[i](cpu);
		assert_true(log0->last_seen >= before && log0->last_seen <= stamp_now());
	}
	for (irql = IRQL_PASSIVE; irql <= IRQL_HIGH; irql += IRQL_HIGH) {
		uint8_t old = sim_raise(cpu, irql);
		uint64_t before = stamp_now();

		for (unsigned spins = 0; spins < 32; spins++)
			sim_relax(cpu);
		assert_true(log0->last_seen >= before && log0->last_seen <= stamp_now());
		before = stamp_now();
		sim_work(cpu, 1000);
		assert_true(log0->last_seen >= before);
		sim_lower(cpu, old);
	}
	sim_cpu_exit(cpu);
}

int main(void)
{
#define WITH_MACHINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_MACHINE(test_what_is_longer_than_the_threshold_is_a_gap),
		WITH_MACHINE(test_all_cpus_publish_the_latest_end),
		WITH_MACHINE(test_without_a_threshold_nothing_is_a_gap),
		WITH_MACHINE(test_a_quiet_stretch_is_no_gap),
		WITH_MACHINE(test_time_that_was_to_be_spent_is_no_gap),
		WITH_MACHINE(test_a_slow_call_is_a_gap_when_it_is_far_too_long),
		WITH_MACHINE(test_an_older_stamp_does_not_put_the_clock_back),
		WITH_MACHINE(test_what_an_interrupt_took_is_no_gap),
		WITH_MACHINE(test_gaps_are_clipped_to_the_window),
		WITH_MACHINE(test_a_window_may_open_late),
		WITH_MACHINE(test_a_window_may_end_early),
		WITH_MACHINE(test_a_full_log_still_counts),
		WITH_MACHINE(test_a_full_log_keeps_the_long),
		WITH_MACHINE(test_a_gap_hits_what_it_overlaps_on_its_own_cpu),
		WITH_MACHINE(test_a_gap_hits_through_a_lock),
		WITH_MACHINE(test_a_gap_that_goes_on_hits_nobody),
		WITH_MACHINE(test_the_machine_takes_stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
