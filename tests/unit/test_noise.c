/* SPDX-License-Identifier: MIT */
/*
 * What the noise witness makes of the kernel's text, above all that what
 * cannot be read is unknown and never 0; and the gap probe on a clock with
 * gaps that the test put there.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/instruments/gap_probe.h"
#include "bench/instruments/noise.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char stat_text[] =
	"cpu  2490 1 3094 164659 6720 0 267 2128 0 0\n"
	"cpu0 682 1 1124 86285 624 0 21 938 0 0\n"
	"cpu1 1807 0 1969 78373 6095 0 245 1189 0 0\n"
	"cpu10 1 2 3 4 5 6 7 0 9 10\n"
	"cpu11 1 2 3 4 5 6 7\n"
	"cpu12 1 2 3 x 5 6 7 8 9 10\n"
	"cpu13 1 2 3 4 5 6 7 -8 9 10\n"
	"cpu14 1 2 3 4 5 6 7 99999999999999999999 9 10\n"
	"cpu15 1 2 3 4 5 6 7 8x 9 10\n"
	"cpu16\n"
	"intr 169821 0 0 0\n"
	"ctxt 400\n"
	"cpu17 1 2 3 4 5 6 7 8";

static void steal_is_the_eighth_number_of_its_cpu(void **state)
{
	assert_int_equal(noise_parse_steal(stat_text, 0), 938);
	assert_int_equal(noise_parse_steal(stat_text, 1), 1189);
	assert_int_equal(noise_parse_steal(stat_text, 10), 0);
	assert_int_equal(noise_parse_steal(stat_text, 17), 8);
}

static void steal_that_is_not_there_is_unknown(void **state)
{
	/* absent, negative, cut off (also by the end of a line), not a number, below 0, too large, glued */
	static const int cpus[] = { 2, 100, -1, 11, 12, 13, 14, 15, 16 };

	for (size_t i = 0; i < LENGTH(cpus); i++)
		assert_int_equal(noise_parse_steal(stat_text, cpus[i]), NOISE_UNKNOWN);
	assert_int_equal(noise_parse_steal("", 0), NOISE_UNKNOWN);
	assert_int_equal(noise_parse_steal("garbage", 0), NOISE_UNKNOWN);
	assert_int_equal(noise_parse_steal("\n\n\n", 0), NOISE_UNKNOWN);
	assert_int_equal(noise_parse_steal("xcpu0 1 2 3 4 5 6 7 8\n", 0), NOISE_UNKNOWN);
	assert_int_equal(noise_parse_steal("cpu10 1 2 3 4 5 6 7 8\n", 1), NOISE_UNKNOWN);
	/* the eighth number of the next line is another CPU's */
	assert_int_equal(noise_parse_steal("cpu0 1 2 3\n4 5 6 7 8 9\n", 0), NOISE_UNKNOWN);
}

static const char sched_text[] =
	"cat (4505, #threads: 1)\n"
	"-------------------------------------------------------------------\n"
	"se.exec_start                                :        881370.220890\n"
	"se.nr_migrations                             :                   17\n"
	"nr_switches                                  :                    1\n";

static void migrations_are_found(void **state)
{
	assert_int_equal(noise_parse_migrations(sched_text), 17);
	assert_int_equal(noise_parse_migrations("se.nr_migrations:0"), 0);
}

static void migrations_that_are_not_there_are_unknown(void **state)
{
	static const char *const texts[] = {
		"", "garbage", "\n",
		"se.nr_migrations", "se.nr_migrations  :", "se.nr_migrations  : \n5\n", "se.nr_migrations : many\n",
		"se.nr_migrations : -3\n", "se.nr_migrations : 1.5\n", "se.nr_migrations_cold : 4\n",
		"x.se.nr_migrations : 4\n", "nr_switches : 4\n", "se.nr_migrations 44\n",
	};

	for (size_t i = 0; i < LENGTH(texts); i++)
		assert_int_equal(noise_parse_migrations(texts[i]), NOISE_UNKNOWN);
}

static void kernel_ticks_become_ns(void **state)
{
	assert_int_equal(noise_ticks_to_ns(3, 100), 30000000);
	assert_int_equal(noise_ticks_to_ns(0, 100), 0);
	assert_int_equal(noise_ticks_to_ns(1, 1024), 976562);
	assert_int_equal(noise_ticks_to_ns(NOISE_UNKNOWN, 100), NOISE_UNKNOWN);
	assert_int_equal(noise_ticks_to_ns(3, 0), NOISE_UNKNOWN);
	assert_int_equal(noise_ticks_to_ns(3, -1), NOISE_UNKNOWN);
	assert_int_equal(noise_ticks_to_ns(INT64_MAX, 100), NOISE_UNKNOWN);
	assert_true(noise_ticks_to_ns(INT64_MAX, 1000000000) == INT64_MAX);
}

static void growth_is_the_difference(void **state)
{
	static const struct noise_counters begin = { 1000, 100, 3, 4, 5, 0 };
	static const struct noise_counters end = { 3000, 1600, 3, 10, 6, 500 };
	struct noise_counters grown;
	double frac = -9;

	noise_growth(&begin, &end, &grown);
	assert_int_equal(grown.wall_ns, 2000);
	assert_int_equal(grown.cpu_ns, 1500);
	assert_int_equal(grown.nvcsw, 0);
	assert_int_equal(grown.nivcsw, 6);
	assert_int_equal(grown.migrations, 1);
	assert_int_equal(grown.steal_ns, 500);
	assert_true(noise_cpu_lost_frac(&grown, &frac));
	assert_true(frac == 0.25);
	assert_true(noise_steal_frac(&grown, &frac));
	assert_true(frac == 0.25);
}

/* Every counter in turn unknown at one end, or running backwards: that one is unknown, the others stay. */
static void unknown_stays_unknown(void **state)
{
	enum { FIELDS = sizeof(struct noise_counters) / sizeof(int64_t) };
	static const int64_t bad[][2] = { { NOISE_UNKNOWN, 20 }, { 10, NOISE_UNKNOWN }, { 10, 5 },
					  { NOISE_UNKNOWN, NOISE_UNKNOWN } };

	for (size_t i = 0; i < LENGTH(bad); i++) {
		for (size_t field = 0; field < FIELDS; field++) {
			int64_t begin[FIELDS] = { 10, 10, 10, 10, 10, 10 };
			int64_t end[FIELDS] = { 30, 30, 30, 30, 30, 30 };
			int64_t grown[FIELDS];
			struct noise_counters b;
			struct noise_counters e;
			struct noise_counters g;

			begin[field] = bad[i][0];
			end[field] = bad[i][1];
			memcpy(&b, begin, sizeof(b));
			memcpy(&e, end, sizeof(e));
			noise_growth(&b, &e, &g);
			memcpy(grown, &g, sizeof(g));
			for (size_t other = 0; other < FIELDS; other++)
				assert_int_equal(grown[other], other == field ? NOISE_UNKNOWN : 20);
		}
	}
}

static void shares_of_the_unknown_are_not_given(void **state)
{
	struct noise_counters grown = { .wall_ns = NOISE_UNKNOWN, .cpu_ns = 5, .steal_ns = 5 };
	double frac = -9;

	assert_false(noise_cpu_lost_frac(&grown, &frac));
	assert_false(noise_steal_frac(&grown, &frac));
	grown.wall_ns = 0;
	assert_false(noise_cpu_lost_frac(&grown, &frac));
	assert_false(noise_steal_frac(&grown, &frac));
	grown = (struct noise_counters){ .wall_ns = 10, .cpu_ns = NOISE_UNKNOWN, .steal_ns = NOISE_UNKNOWN };
	assert_false(noise_cpu_lost_frac(&grown, &frac));
	assert_false(noise_steal_frac(&grown, &frac));
	assert_true(frac == -9);

	grown = (struct noise_counters){ .wall_ns = 1000, .cpu_ns = 1001, .steal_ns = 10000 };
	assert_true(noise_cpu_lost_frac(&grown, &frac));
	assert_true(frac < 0 && frac > -0.0011);
	assert_true(noise_steal_frac(&grown, &frac));
	assert_true(frac == 10);
}

/* On this machine: clocks and switches can always be read, and steal only of a CPU that is there. */
static void witness_reads_this_thread(void **state)
{
	struct noise_witness witness;

	noise_witness_begin(&witness, -1);
	noise_witness_end(&witness);
	assert_true(witness.grown.wall_ns >= 0);
	assert_true(witness.grown.cpu_ns >= 0);
	assert_true(witness.grown.nvcsw >= 0);
	assert_true(witness.grown.nivcsw >= 0);
	assert_int_equal(witness.grown.steal_ns, NOISE_UNKNOWN);

	noise_witness_begin(&witness, 1 << 20);
	noise_witness_end(&witness);
	assert_int_equal(witness.grown.steal_ns, NOISE_UNKNOWN);
}

/* A clock that takes the given steps, then steps of 10 for ever. */
struct stepping_clock {
	uint64_t now;
	const int64_t *steps;
	size_t n;
};

static uint64_t step(void *context)
{
	struct stepping_clock *clock = context;
	uint64_t reading = clock->now;

	if (clock->n) {
		clock->n--;
		clock->now += (uint64_t)*clock->steps++;
	} else {
		clock->now += 10;
	}
	return reading;
}

static struct gap_probe probe(uint64_t start, const int64_t *steps, size_t n, uint64_t duration_ns)
{
	struct stepping_clock clock = { .now = start, .steps = steps, .n = n };
	struct stamp_scale two_ghz;
	struct gap_probe result;

	assert_int_equal(stamp_scale_set(&two_ghz, 2, 1), 0);
	gap_probe_run_on(step, &clock, &two_ghz, duration_ns, 100, &result);
	return result;
}

static void gaps_are_counted_summed_and_the_longest_kept(void **state)
{
	/* 200 ticks are the threshold of 100 ns: not yet a gap */
	static const int64_t steps[] = { 10, 200, 202, 10, 1000, 400 };
	struct gap_probe result = probe(77, steps, LENGTH(steps), 1000);
	double frac = -9;

	assert_int_equal(result.count, 3);
	assert_int_equal(result.lost_ns, 801);
	assert_int_equal(result.longest_ns, 500);
	assert_int_equal(result.backwards, 0);
	/* 1822 ticks in 7 readings, then 18 steps of 10 to reach 2000 */
	assert_int_equal(result.readings, 25);
	assert_int_equal(result.duration_ns, 1001);
	assert_true(gap_probe_lost_frac(&result, &frac));
	assert_true(frac == 801.0 / 1001.0);
}

static void quiet_machine_has_no_gaps(void **state)
{
	struct gap_probe result = probe(0, NULL, 0, 500);
	double frac = -9;

	assert_int_equal(result.count, 0);
	assert_int_equal(result.lost_ns, 0);
	assert_int_equal(result.longest_ns, 0);
	assert_int_equal(result.readings, 101);
	assert_int_equal(result.duration_ns, 500);
	assert_true(gap_probe_lost_frac(&result, &frac));
	assert_true(frac == 0);
}

static void gap_that_ends_the_probe_counts(void **state)
{
	static const int64_t steps[] = { 10, 5000 };
	struct gap_probe result = probe(0, steps, LENGTH(steps), 50);

	assert_int_equal(result.count, 1);
	assert_int_equal(result.lost_ns, 2500);
	assert_int_equal(result.duration_ns, 2505);
	assert_int_equal(result.readings, 3);
}

static void clock_that_goes_back_is_no_gap(void **state)
{
	/* back to before the start of the probe, and past the wrap of the counter */
	static const int64_t steps[] = { 10, -50, 10 };
	struct gap_probe result = probe(20, steps, LENGTH(steps), 100);

	assert_int_equal(result.backwards, 1);
	assert_int_equal(result.count, 0);
	assert_int_equal(result.lost_ns, 0);
	assert_int_equal(result.duration_ns, 100);
}

static void no_time_no_share(void **state)
{
	struct gap_probe result = probe(5, NULL, 0, 0);
	double frac = -9;

	assert_int_equal(result.readings, 1);
	assert_false(gap_probe_lost_frac(&result, &frac));
	assert_true(frac == -9);
}

/* The pinned threads, rounds that do not fill a batch, and one CPU for both sides all come to an end. */
static void core_to_core_probe_ends(void **state)
{
	static const unsigned rounds[] = { 1, 15, 16, 50 };
	struct placement placement;
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	uint64_t half_trip_ns;
	char error[200];

	assert_int_equal(placement_load_topology(&topology), 0);
	assert_int_equal(placement_load_affinity(topology, &affinity), 0);
	assert_int_equal(placement_choose(topology, affinity, 2, true, &placement, error, sizeof(error)), 0);
	for (size_t i = 0; i < LENGTH(rounds); i++) {
		half_trip_ns = UINT64_MAX;
		assert_int_equal(core_to_core_probe(topology, &placement.cpu[0], &placement.cpu[1], rounds[i],
						    &half_trip_ns), 0);
		assert_true(half_trip_ns > 0 && half_trip_ns < UINT64_MAX);
		assert_int_equal(core_to_core_probe(topology, &placement.cpu[0], &placement.cpu[0], rounds[i],
						    &half_trip_ns), 0);
	}
	assert_int_equal(core_to_core_probe(topology, &placement.cpu[0], &placement.cpu[1], 0, &half_trip_ns), -EINVAL);
	assert_int_equal(core_to_core_probe(topology, &placement.cpu[0], &placement.cpu[1],
					    CORE_TO_CORE_ROUNDS_MAX + 1, &half_trip_ns), -EINVAL);
	placement.cpu[1].os_cpu = 8191;
	assert_true(core_to_core_probe(topology, &placement.cpu[0], &placement.cpu[1], 10, &half_trip_ns) < 0);
	hwloc_bitmap_free(affinity);
	hwloc_topology_destroy(topology);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steal_is_the_eighth_number_of_its_cpu),
		cmocka_unit_test(steal_that_is_not_there_is_unknown),
		cmocka_unit_test(migrations_are_found),
		cmocka_unit_test(migrations_that_are_not_there_are_unknown),
		cmocka_unit_test(kernel_ticks_become_ns),
		cmocka_unit_test(growth_is_the_difference),
		cmocka_unit_test(unknown_stays_unknown),
		cmocka_unit_test(shares_of_the_unknown_are_not_given),
		cmocka_unit_test(witness_reads_this_thread),
		cmocka_unit_test(gaps_are_counted_summed_and_the_longest_kept),
		cmocka_unit_test(quiet_machine_has_no_gaps),
		cmocka_unit_test(gap_that_ends_the_probe_counts),
		cmocka_unit_test(clock_that_goes_back_is_no_gap),
		cmocka_unit_test(no_time_no_share),
		cmocka_unit_test(core_to_core_probe_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
