/* SPDX-License-Identifier: MIT */
/*
 * Ticks to nanoseconds at the edges, calibration on clocks that the test runs
 * itself, and what a disagreement between two CPUs looks like.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/instruments/clock.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_S 1000000000u

static const uint64_t values[] = {
	0, 1, 2, 3, 999, 1000, 1001, 1000000007, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(123456789012345),
	(UINT64_C(1) << 53) + 1, INT64_MAX, UINT64_MAX - 1, UINT64_MAX,
};

/* floor(value * out / in), saturated: 128 bits are exact. */
static uint64_t exact(uint64_t value, uint64_t in, uint64_t out)
{
	unsigned __int128 result = (unsigned __int128)value * out / in;

	return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

static void assert_within_one(uint64_t got, uint64_t want)
{
	assert_true(got == want || got == want + 1 || got + 1 == want);
}

static void scale_agrees_with_exact_division(void **state)
{
	static const uint64_t hz[] = { 1000000, 19200000, 100000000, 999999999, 1000000000, 1000000001, 2445423000,
				       2999999999, 6000000000, 100000000000 };

	for (size_t i = 0; i < LENGTH(hz); i++) {
		struct stamp_scale scale;

		assert_int_equal(stamp_scale_set(&scale, hz[i], NS_PER_S), 0);
		assert_true(scale.mult >> 63);
		for (size_t j = 0; j < LENGTH(values); j++) {
			uint64_t ns = exact(values[j], hz[i], NS_PER_S);
			uint64_t ticks = exact(values[j], NS_PER_S, hz[i]);

			assert_within_one(stamp_to_ns(&scale, values[j]), ns);
			assert_within_one(stamp_from_ns(&scale, values[j]), ticks);
			if (ns <= INT64_MAX)
				assert_true(stamp_to_ns(&scale, values[j]) >= ns);
		}
	}
}

static void scale_of_one_is_the_identity(void **state)
{
	struct stamp_scale scale;

	assert_int_equal(stamp_scale_set(&scale, NS_PER_S, NS_PER_S), 0);
	for (size_t j = 0; j < LENGTH(values); j++) {
		assert_true(stamp_to_ns(&scale, values[j]) == values[j]);
		assert_true(stamp_from_ns(&scale, values[j]) == values[j]);
	}
}

/* 2.4 GHz: 12 ticks are 5 ns, a ratio that no binary fraction holds. */
static void whole_results_are_exact(void **state)
{
	struct stamp_scale scale;

	assert_int_equal(stamp_scale_set(&scale, 2400000000u, NS_PER_S), 0);
	for (uint64_t ns = 5; ns < UINT64_C(1) << 60; ns *= 5) {
		assert_true(stamp_to_ns(&scale, ns / 5 * 12) == ns);
		assert_true(stamp_from_ns(&scale, ns) == ns / 5 * 12);
	}
	assert_int_equal(stamp_to_ns(&scale, 11), 4);
	assert_int_equal(stamp_from_ns(&scale, 4), 9);
}

static void round_trip_loses_less_than_one(void **state)
{
	struct stamp_scale scale;

	assert_int_equal(stamp_scale_set(&scale, 2445423000u, NS_PER_S), 0);
	for (uint64_t ns = 1; ns < UINT64_C(1) << 62; ns = ns * 3 + 1) {
		uint64_t back = stamp_to_ns(&scale, stamp_from_ns(&scale, ns));

		assert_true(back == ns || back + 1 == ns);
	}
}

static void what_does_not_fit_saturates(void **state)
{
	struct stamp_scale fast;
	struct stamp_scale slow;

	assert_int_equal(stamp_scale_set(&fast, 2400000000u, NS_PER_S), 0);
	assert_true(stamp_from_ns(&fast, UINT64_MAX) == UINT64_MAX);
	assert_true(stamp_from_ns(&fast, UINT64_MAX / 2) == UINT64_MAX);
	assert_int_equal(stamp_scale_set(&slow, 1000000, NS_PER_S), 0);
	assert_true(stamp_to_ns(&slow, UINT64_MAX / 999) == UINT64_MAX);
	assert_true(stamp_to_ns(&slow, UINT64_MAX / 1001) < UINT64_MAX);
}

static void scale_limits(void **state)
{
	struct stamp_scale scale;

	assert_int_equal(stamp_scale_set(&scale, 0, 1), -EINVAL);
	assert_int_equal(stamp_scale_set(&scale, 1, 0), -EINVAL);

	assert_int_equal(stamp_scale_set(&scale, UINT64_MAX, 1), 0);
	assert_true(scale.shift < 128);
	assert_true(stamp_to_ns(&scale, UINT64_MAX) == 1);
	assert_true(stamp_to_ns(&scale, UINT64_MAX - 1) <= 1);
	assert_true(stamp_from_ns(&scale, 1) == UINT64_MAX);
	assert_int_equal(stamp_scale_set(&scale, UINT64_MAX, UINT64_MAX - 1), 0);
	assert_true(stamp_to_ns(&scale, UINT64_MAX) == UINT64_MAX - 1);
	assert_int_equal(stamp_scale_set(&scale, UINT64_C(1) << 63, UINT64_MAX), 0);
	assert_true(stamp_to_ns(&scale, UINT64_C(1) << 63) == UINT64_MAX);
}

/* Both kinds of reading lie between two of the same clock taken around them. */
static void source_of_stamps_can_be_switched(void **state)
{
	uint64_t before;
	uint64_t stamp;
	uint64_t ordered;

	stamp_source.use_clock_gettime = true;
	before = stamp_clock_gettime();
	stamp = stamp_now();
	ordered = stamp_now_ordered();
	assert_in_range(stamp, before, stamp_clock_gettime());
	assert_in_range(ordered, stamp, stamp_clock_gettime());
	stamp_source.use_clock_gettime = false;
}

/* A clock that says what the test wrote down. */
struct script {
	const uint64_t *ticks;
	const uint64_t *raw_ns;
};

static uint64_t script_ticks(void *context)
{
	return *((struct script *)context)->ticks++;
}

static uint64_t script_raw_ns(void *context)
{
	return *((struct script *)context)->raw_ns++;
}

static int read_script(const uint64_t *ticks, unsigned attempts, struct clock_pair *pair)
{
	static const uint64_t raw_ns[] = { 1, 2, 3, 4 };
	struct script script = { .ticks = ticks, .raw_ns = raw_ns };
	struct clock_reader reader = { .ticks = script_ticks, .raw_ns = script_raw_ns, .context = &script };

	return clock_read_pair(&reader, attempts, pair);
}

static void narrowest_bracket_is_kept(void **state)
{
	static const uint64_t ticks[] = { 100, 150, 200, 210, 300, 310, 400, 500 };
	struct clock_pair pair;

	assert_int_equal(read_script(ticks, 4, &pair), 0);
	assert_int_equal(pair.ticks, 205);
	assert_int_equal(pair.ns, 2);
	assert_int_equal(pair.width_ticks, 10);
}

static void bracket_that_goes_backwards_is_dropped(void **state)
{
	static const uint64_t first_bad[] = { 100, 90, 200, 260 };
	static const uint64_t all_bad[] = { 100, 90, 80, 79 };
	static const uint64_t no_width[] = { 100, 100, 200, 201 };
	struct clock_pair pair;

	assert_int_equal(read_script(first_bad, 2, &pair), 0);
	assert_int_equal(pair.ticks, 230);
	assert_int_equal(pair.ns, 2);
	assert_int_equal(read_script(all_bad, 2, &pair), -EIO);
	assert_int_equal(read_script(no_width, 2, &pair), 0);
	assert_int_equal(pair.ticks, 100);
	assert_int_equal(pair.ns, 1);
	assert_int_equal(read_script(no_width, 0, &pair), -EIO);
}

/* A machine: a counter of some rate, readings that take time, waits that may be cut short. */
struct machine {
	uint64_t now_ns;
	uint64_t hz;
	uint64_t longest_wait_ns;
	uint64_t waits;
	unsigned readings;
	unsigned gap_every; /* so many readings, one takes 3 ms */
};

static void machine_read(struct machine *machine)
{
	machine->now_ns += 10;
	if (machine->gap_every && ++machine->readings % machine->gap_every == 0)
		machine->now_ns += 3000000;
}

static uint64_t machine_ticks(void *context)
{
	struct machine *machine = context;

	machine_read(machine);
	return exact(machine->now_ns, NS_PER_S, machine->hz);
}

static uint64_t machine_raw_ns(void *context)
{
	struct machine *machine = context;

	machine_read(machine);
	return machine->now_ns;
}

static void machine_wait_ns(void *context, uint64_t ns)
{
	struct machine *machine = context;

	machine->waits++;
	machine->now_ns += ns < machine->longest_wait_ns ? ns : machine->longest_wait_ns;
}

static struct clock_reader machine_reader(struct machine *machine)
{
	return (struct clock_reader){ .ticks = machine_ticks, .raw_ns = machine_raw_ns,
				      .wait_ns = machine_wait_ns, .context = machine };
}

static void window_waits_only_for_what_is_missing(void **state)
{
	struct machine machine = { .now_ns = 5000, .hz = NS_PER_S, .longest_wait_ns = UINT64_MAX };
	struct clock_reader reader = machine_reader(&machine);
	struct clock_window window;

	assert_int_equal(clock_window_open(&reader, &window), 0);
	assert_int_equal(machine.waits, 0);
	assert_int_equal(clock_window_close(&reader, &window, 1000000), 0);
	assert_int_equal(machine.waits, 1);
	assert_in_range(window.last.ns - window.first.ns, 1000000, 1002000);

	assert_int_equal(clock_window_open(&reader, &window), 0);
	machine.now_ns += 1000000;
	assert_int_equal(clock_window_close(&reader, &window, 1000000), 0);
	assert_int_equal(machine.waits, 1);

	assert_int_equal(clock_window_open(&reader, &window), 0);
	machine.now_ns += 600000;
	assert_int_equal(clock_window_close(&reader, &window, 1000000), 0);
	assert_int_equal(machine.waits, 2);
	assert_in_range(window.last.ns - window.first.ns, 1000000, 1002000);

	machine.longest_wait_ns = 400000; /* a signal comes in */
	assert_int_equal(clock_window_open(&reader, &window), 0);
	assert_int_equal(clock_window_close(&reader, &window, 1000000), 0);
	assert_int_equal(machine.waits, 5);
	assert_true(window.last.ns - window.first.ns >= 1000000);
}

/* Runs a machine for a second; its counter changes to end_hz in the middle. */
static int calibrate(struct machine *machine, uint64_t end_hz, struct clock_calibration *calibration)
{
	struct clock_reader reader = machine_reader(machine);
	struct clock_window start;
	struct clock_window end;

	machine->now_ns = 7 * (uint64_t)NS_PER_S;
	machine->longest_wait_ns = UINT64_MAX;
	assert_int_equal(clock_window_open(&reader, &start), 0);
	assert_int_equal(clock_window_close(&reader, &start, CLOCK_WINDOW_NS), 0);
	assert_int_equal(clock_calibrate_begin(&start, calibration), 0);
	machine->now_ns += NS_PER_S;
	machine->hz = end_hz;
	assert_int_equal(clock_window_open(&reader, &end), 0);
	assert_int_equal(clock_window_close(&reader, &end, CLOCK_WINDOW_NS), 0);
	return clock_calibrate_end(&end, calibration);
}

/* Absolute difference below a bound. */
static void assert_close(double got, double want, double bound)
{
	assert_true(got >= want - bound && got <= want + bound);
}

static void steady_counter_is_measured_exactly(void **state)
{
	struct machine machine = { .hz = 2400000000u };
	struct clock_calibration c;

	assert_int_equal(calibrate(&machine, machine.hz, &c), 0);
	assert_close(c.start_hz, 2.4e9, 10);
	assert_close(c.end_hz, 2.4e9, 10);
	assert_close(c.hz, 2.4e9, 1);
	assert_close(c.drift_ppm, 0, 0.01);
	assert_true(clock_drift_acceptable(&c));
	/* brackets of 20 ns, half of it at either end of two windows of 20 ms */
	assert_close(c.uncertainty_ppm, 2, 0.1);
	assert_int_equal(stamp_to_ns(&c.scale, 2400000000u * UINT64_C(10)), UINT64_C(10) * NS_PER_S);
}

static void gaps_do_not_reach_the_calibration(void **state)
{
	struct machine machine = { .hz = 2400000000u, .gap_every = 7 };
	struct clock_calibration c;

	assert_int_equal(calibrate(&machine, machine.hz, &c), 0);
	assert_close(c.hz, 2.4e9, 1);
	assert_close(c.drift_ppm, 0, 0.01);
	assert_true(c.uncertainty_ppm < 3);
}

/* Changing the rate makes this machine's counter jump too, which no window spans. */
static void drift_is_signed_and_limited(void **state)
{
	static const struct {
		int64_t off_hz; /* of 1 GHz: 1000 a ppm */
		bool acceptable;
	} cases[] = { { 99000, true }, { 101000, false }, { 150000, false }, { 1000, true } };

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct machine machine = { .hz = NS_PER_S };
		struct clock_calibration c;

		assert_int_equal(calibrate(&machine, (uint64_t)(NS_PER_S + cases[i].off_hz), &c), 0);
		assert_close(c.drift_ppm, (double)cases[i].off_hz / 1000, 0.2);
		assert_int_equal(clock_drift_acceptable(&c), cases[i].acceptable);
	}
}

static struct clock_window window(uint64_t first_ticks, uint64_t first_ns, uint64_t last_ticks, uint64_t last_ns)
{
	return (struct clock_window){ .first = { .ticks = first_ticks, .ns = first_ns, .width_ticks = 2 },
				      .last = { .ticks = last_ticks, .ns = last_ns, .width_ticks = 2 } };
}

static void slower_end_is_a_negative_drift(void **state)
{
	struct clock_window start = window(0, 0, 1000000, 1000000);
	struct clock_window end = window(5000000, 5000000, 5999890, 6000000);
	struct clock_calibration c;

	assert_int_equal(clock_calibrate_begin(&start, &c), 0);
	assert_false(clock_drift_acceptable(&c)); /* nothing is known about it yet */
	assert_int_equal(clock_calibrate_end(&end, &c), 0);
	assert_close(c.drift_ppm, -110, 0.001);
	assert_false(clock_drift_acceptable(&c));
	assert_close(c.hz, 5999890e9 / 6000000, 1);
	assert_int_equal(stamp_to_ns(&c.scale, 5999890), 6000000);
}

static void a_coarse_clock_cannot_vouch_for_itself(void **state)
{
	struct clock_window start = window(0, 0, 1000000, 1000000);
	struct clock_window end = window(5000000, 5000000, 6000000, 6000000);
	struct clock_calibration c;

	start.first.width_ticks = 150;
	end.last.width_ticks = 40;
	assert_int_equal(clock_calibrate_begin(&start, &c), 0);
	assert_close(c.uncertainty_ppm, 76, 0.01);
	assert_int_equal(clock_calibrate_end(&end, &c), 0);
	assert_close(c.uncertainty_ppm, 97, 0.01);
	assert_true(clock_drift_acceptable(&c));
	end.last.width_ticks = 60;
	assert_int_equal(clock_calibrate_end(&end, &c), 0);
	assert_false(clock_drift_acceptable(&c));
}

static void impossible_windows_are_refused(void **state)
{
	struct clock_window start = window(0, 0, 100, 100);
	struct clock_window stuck_ticks = window(500, 500, 500, 600);
	struct clock_window stuck_ns = window(500, 500, 600, 500);
	struct clock_window backwards = window(500, 500, 400, 600);
	struct clock_window overlapping = window(50, 50, 600, 600);
	struct clock_window jumped_back = window(90, 500, 600, 600);
	struct clock_window good = window(500, 500, 600, 600);
	struct clock_calibration c;

	assert_int_equal(clock_calibrate_begin(&stuck_ticks, &c), -EINVAL);
	assert_int_equal(clock_calibrate_end(&good, &c), -EINVAL);
	assert_int_equal(clock_calibrate_begin(&stuck_ns, &c), -EINVAL);
	assert_int_equal(clock_calibrate_begin(&backwards, &c), -EINVAL);
	assert_int_equal(clock_calibrate_begin(&start, &c), 0);
	assert_int_equal(clock_calibrate_end(&stuck_ticks, &c), -EINVAL);
	assert_int_equal(clock_calibrate_end(&stuck_ns, &c), -EINVAL);
	assert_int_equal(clock_calibrate_end(&backwards, &c), -EINVAL);
	assert_int_equal(clock_calibrate_end(&overlapping, &c), -EINVAL);
	assert_int_equal(clock_calibrate_end(&jumped_back, &c), -EINVAL);
	assert_int_equal(clock_calibrate_end(&good, &c), 0);
}

static void median_of_few(void **state)
{
	uint64_t odd[] = { UINT64_MAX, 1, 5 };
	uint64_t even[] = { 9, 2, 7, 4 };

	assert_int_equal(clock_median(odd, 3), 5);
	assert_int_equal(clock_median(even, 4), 4);
	assert_int_equal(clock_median(even, 0), 0);
}

static void skew_separates_latency_from_offset(void **state)
{
	struct clock_skew skew = { 0 };

	assert_false(clock_skew_synchronous(&skew));
	/* 100 ticks each way, b 30 ahead; once something took longer */
	clock_skew_note(&skew, 1000, 1130, 1200);
	clock_skew_note(&skew, 2000, 2630, 2700);
	clock_skew_note(&skew, 3000, 3130, 3900);
	assert_int_equal(skew.rounds, 3);
	assert_int_equal(clock_skew_one_way_ticks(&skew), 100);
	assert_int_equal(clock_skew_offset_ticks(&skew), 30);
	assert_true(clock_skew_synchronous(&skew));
}

static void skew_beyond_the_latency_is_caught_either_way(void **state)
{
	struct clock_skew behind = { 0 };
	struct clock_skew ahead = { 0 };

	clock_skew_note(&behind, 1000, 950, 1200); /* b is 150 behind */
	clock_skew_note(&behind, 2000, 1990, 2400);
	assert_int_equal(behind.backwards, 2);
	assert_int_equal(behind.max_backward_ticks, 50);
	assert_int_equal(clock_skew_one_way_ticks(&behind), 100);
	assert_int_equal(clock_skew_offset_ticks(&behind), -150);
	assert_false(clock_skew_synchronous(&behind));

	clock_skew_note(&ahead, 1000, 1100, 1200);
	assert_true(clock_skew_synchronous(&ahead));
	clock_skew_note(&ahead, 2000, 2201, 2200);
	assert_int_equal(ahead.backwards, 1);
	assert_int_equal(ahead.max_backward_ticks, 1);
	assert_false(clock_skew_synchronous(&ahead));
}

static void skew_survives_a_wrapping_counter(void **state)
{
	struct clock_skew skew = { 0 };

	clock_skew_note(&skew, UINT64_MAX - 50, 49, 149);
	assert_int_equal(clock_skew_one_way_ticks(&skew), 100);
	assert_true(clock_skew_synchronous(&skew));
	clock_skew_note(&skew, UINT64_C(1) << 63, 0, 0);
	assert_true(skew.max_backward_ticks == UINT64_C(1) << 63);
}

static void invariance_is_bit_8(void **state)
{
	assert_true(clock_edx_says_invariant(0x100));
	assert_true(clock_edx_says_invariant(UINT32_MAX));
	assert_false(clock_edx_says_invariant(0));
	assert_false(clock_edx_says_invariant(~0x100u));
}

static void clocksource_is_the_first_line_or_unknown(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = { { "tsc\n", "tsc" }, { "kvm-clock", "kvm-clock" }, { "tsc\nhpet\n", "tsc" }, { "", "unknown" },
		      { "\n", "unknown" }, { NULL, "unknown" }, { "nine-char", "nine-char" },
		      { "ten-chars-", "unknown" } };
	char name[10];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		clock_parse_clocksource(cases[i].text, name, sizeof(name));
		assert_string_equal(name, cases[i].expected);
	}
}

static void counter_is_chosen_only_if_everything_speaks_for_it(void **state)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		struct clock_setup setup = { .invariant = bits & 1, .synchronous = bits & 2 };

		clock_choose(&setup, bits & 4);
		assert_string_equal(setup.name, bits == 7 ? "tsc" : "clock_gettime");
		assert_int_equal(setup.warning == NULL, bits == 7);
	}
}

/* On this machine, whatever it is: the answer is consistent and takes effect. */
static void set_up_takes_effect(void **state)
{
	struct placement placement;
	struct clock_setup setup;
	struct clock_skew skew;
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	char error[200];

	assert_int_equal(placement_load_topology(&topology), 0);
	assert_int_equal(placement_load_affinity(topology, &affinity), 0);
	assert_int_equal(placement_choose(topology, affinity, 2, true, &placement, error, sizeof(error)), 0);
	assert_int_equal(clock_set_up(topology, &placement, &setup), 0);
	assert_int_equal(stamp_source.use_clock_gettime, setup.warning != NULL);
	assert_string_equal(setup.name, stamp_source.use_clock_gettime ? "clock_gettime" : "tsc");
	assert_true(strlen(setup.clocksource) > 0);

	assert_int_equal(clock_skew_measure(topology, &placement.cpu[0], &placement.cpu[1], 20, &skew), 0);
	assert_int_equal(skew.rounds, 20);
	assert_int_equal(clock_skew_measure(topology, &placement.cpu[0], &placement.cpu[0], 20, &skew), 0);
	assert_int_equal(skew.rounds, 20);
	stamp_source.use_clock_gettime = false;
	hwloc_bitmap_free(affinity);
	hwloc_topology_destroy(topology);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scale_agrees_with_exact_division),
		cmocka_unit_test(scale_of_one_is_the_identity),
		cmocka_unit_test(whole_results_are_exact),
		cmocka_unit_test(round_trip_loses_less_than_one),
		cmocka_unit_test(what_does_not_fit_saturates),
		cmocka_unit_test(scale_limits),
		cmocka_unit_test(source_of_stamps_can_be_switched),
		cmocka_unit_test(narrowest_bracket_is_kept),
		cmocka_unit_test(bracket_that_goes_backwards_is_dropped),
		cmocka_unit_test(window_waits_only_for_what_is_missing),
		cmocka_unit_test(steady_counter_is_measured_exactly),
		cmocka_unit_test(gaps_do_not_reach_the_calibration),
		cmocka_unit_test(drift_is_signed_and_limited),
		cmocka_unit_test(slower_end_is_a_negative_drift),
		cmocka_unit_test(a_coarse_clock_cannot_vouch_for_itself),
		cmocka_unit_test(impossible_windows_are_refused),
		cmocka_unit_test(median_of_few),
		cmocka_unit_test(skew_separates_latency_from_offset),
		cmocka_unit_test(skew_beyond_the_latency_is_caught_either_way),
		cmocka_unit_test(skew_survives_a_wrapping_counter),
		cmocka_unit_test(invariance_is_bit_8),
		cmocka_unit_test(clocksource_is_the_first_line_or_unknown),
		cmocka_unit_test(counter_is_chosen_only_if_everything_speaks_for_it),
		cmocka_unit_test(set_up_takes_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
