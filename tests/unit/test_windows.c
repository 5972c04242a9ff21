/* SPDX-License-Identifier: MIT */
/* The pieces of the window: where one ends, what is merged, percentiles against an exact sort, and what finds no room. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/cell/windows.h"

#define TICKS_PER_NS 2
#define PIECE (WINDOW_NS * TICKS_PER_NS)
#define SETS 3

static struct stamp_scale scale;
static struct windows sets[SETS];

static void open_sets(uint64_t duration_ns, uint64_t bytes)
{
	const struct windows_config config = { .scale = scale, .duration_ns = duration_ns, .bytes = bytes, .interrupts = true };

	for (unsigned i = 0; i < SETS; i++)
		assert_int_equal(windows_init(&sets[i], &config), 0);
}

static int set_up(void **state)
{
	memset(sets, 0, sizeof(sets));
	return stamp_scale_set(&scale, TICKS_PER_NS, 1);
}

static int tear_down(void **state)
{
	for (unsigned i = 0; i < SETS; i++)
		windows_fini(&sets[i]);
	return 0;
}

static struct window_row merged(uint32_t at)
{
	struct window_row row;

	windows_merge(&sets[0], sizeof(sets[0]), SETS, at, &row);
	return row;
}

static struct windows_span span_of(uint64_t ticks)
{
	return (struct windows_span){ .begin = 1000, .end = 1000 + ticks, .cpus = 2, .scale = scale };
}

static void test_a_piece_begins_at_its_stamp(void **state)
{
	static const struct {
		uint64_t ticks;
		uint32_t at;
	} cases[] = {
		{ 0, 0 }, { PIECE - 1, 0 }, { PIECE, 1 }, { 2 * PIECE - 1, 1 }, { 2 * PIECE, 2 }, { 5999 * PIECE - 1, 5998 },
		{ 5999 * PIECE, 5999 }, { 6000 * PIECE - 1, 5999 },
	};

	open_sets(WINDOWS_MAX * WINDOW_NS, 8 << 20);
	assert_int_equal(sets[0].count, WINDOWS_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_ptr_equal(windows_at(&sets[0], cases[i].ticks), &sets[0].window[cases[i].at]);
}

/* With a frequency that no power of two divides, too. */
static void test_no_piece_loses_a_tick_to_rounding(void **state)
{
	const struct windows_config config = { .duration_ns = WINDOWS_MAX * WINDOW_NS, .bytes = 8 << 20 };
	struct windows_config odd = config;
	uint64_t piece;

	assert_int_equal(stamp_scale_set(&odd.scale, 2445424319, 1000000000), 0);
	assert_int_equal(windows_init(&sets[0], &odd), 0);
	piece = stamp_from_ns(&odd.scale, WINDOW_NS);
	for (uint32_t i = 1; i < WINDOWS_MAX; i++) {
		assert_ptr_equal(windows_at(&sets[0], i * piece), &sets[0].window[i]);
		assert_ptr_equal(windows_at(&sets[0], i * piece - 1), &sets[0].window[i - 1]);
	}
}

/* What is left is the last piece's, be it shorter or, by a rounding, a tick longer. */
static void test_the_last_piece_ends_with_the_window(void **state)
{
	static const struct {
		uint64_t duration_ns;
		uint32_t count;
	} cases[] = {
		{ 1, 1 }, { WINDOW_NS - 1, 1 }, { WINDOW_NS, 1 }, { WINDOW_NS + 1, 2 }, { 2 * WINDOW_NS, 2 }, { 250000000, 3 },
		{ WINDOWS_MAX * WINDOW_NS, WINDOWS_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ticks = cases[i].duration_ns * TICKS_PER_NS;
		struct windows_span span = span_of(ticks);

		open_sets(cases[i].duration_ns, 8 << 20);
		assert_int_equal(windows_count(&sets[0], &span), cases[i].count);
		assert_ptr_equal(windows_at(&sets[0], ticks + 3), &sets[0].window[cases[i].count - 1]);
		tear_down(NULL);
	}
}

static void test_without_a_known_end_the_last_event_makes_the_last_piece(void **state)
{
	static const struct {
		uint64_t ticks;
		uint32_t count;
	} cases[] = { { 0, 1 }, { PIECE - 1, 1 }, { PIECE, 2 }, { 7 * PIECE + 5, 8 }, { 7000 * PIECE, WINDOWS_MAX } };

	open_sets(UINT64_MAX, 8 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct windows_span span = span_of(cases[i].ticks);

		assert_int_equal(windows_count(&sets[0], &span), cases[i].count);
	}
}

static void test_all_cpus_are_merged(void **state)
{
	struct window_row row;

	open_sets(3 * WINDOW_NS, 1 << 20);
	for (unsigned i = 0; i < 30; i++)
		windows_interrupt(&sets[i % SETS], PIECE + i, i < 3 ? 7 : 50);
	windows_interrupt(&sets[2], 2 * PIECE, 123456789);
	windows_io(&sets[0], 5);
	windows_io(&sets[1], PIECE);
	windows_io(&sets[2], 2 * PIECE - 1);
	row = merged(0);
	assert_int_equal(row.ios, 1);
	assert_int_equal(row.interrupts, 0);
	assert_int_equal(row.max_ns, 0);
	row = merged(1);
	assert_int_equal(row.ios, 2);
	assert_int_equal(row.interrupts, 30);
	assert_int_equal(row.max_ns, 50);
	assert_true(row.has_p50);
	assert_int_equal(row.p50_ns, 50);
	row = merged(2);
	assert_int_equal(row.ios, 0);
	assert_int_equal(row.max_ns, 123456789);
	assert_false(row.has_p50);
}

/* n (1 - p) >= 10, as everywhere. */
static void test_a_percentile_needs_samples_beyond_it(void **state)
{
	open_sets(WINDOW_NS, 1 << 20);
	for (unsigned n = 1; n <= 1001; n++) {
		windows_interrupt(&sets[n % SETS], n, n);
		assert_int_equal(merged(0).has_p50, n >= 20);
		assert_int_equal(merged(0).has_p99, n >= 1000);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t next_random(uint64_t *x)
{
	/* Knuth's MMIX generator; its high bits are the good ones */
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *x >> 28;
}

static void check_close(uint64_t value, uint64_t exact)
{
	double off = fabs((double)value - (double)exact);

	if (off > 0.016 * (double)exact + 0.5)
		fail_msg("%lu instead of %lu", (unsigned long)value, (unsigned long)exact);
}

/* Over every octave of the range, from a few buckets to all of them. */
static void test_percentiles_agree_with_an_exact_sort(void **state)
{
	enum { N = 3000 };
	static uint64_t samples[N];
	uint64_t x = 1;

	open_sets(36 * WINDOW_NS, 1 << 20);
	for (unsigned bits = 1; bits <= 36; bits++) {
		struct window_row row;

		for (unsigned i = 0; i < N; i++) {
			/* Half of them uniform below 2^bits, half of them lower by up to 15 octaves, so up to 17 in a piece. */
			samples[i] = next_random(&x) >> (36 - bits) >> (i & 1 ? next_random(&x) % 16 : 0);
			windows_interrupt(&sets[i % SETS], (bits - 1) * PIECE + i, samples[i]);
		}
		qsort(samples, N, sizeof(samples[0]), compare);
		row = merged(bits - 1);
		assert_true(row.has_p50 && row.has_p99);
		check_close(row.p50_ns, samples[N / 2 - 1]);
		check_close(row.p99_ns, samples[N / 100 * 99 - 1]);
		assert_int_equal(row.max_ns, samples[N - 1]);
	}
}

static void test_the_buckets_are_the_histograms_layout(void **state)
{
	uint32_t before = 0;

	for (uint64_t ns = 0; ns < 1 << 14; ns++) {
		uint32_t bucket = windows_octave_of(ns) * WINDOWS_SUB_COUNT + windows_bucket_of(ns);

		if (ns < 2 * WINDOWS_SUB_COUNT)
			assert_int_equal(bucket, ns);
		assert_in_range(bucket, before, before + 1);
		before = bucket;
	}
	assert_int_equal(windows_octave_of(HISTOGRAM_HIGHEST_NS) * WINDOWS_SUB_COUNT + windows_bucket_of(HISTOGRAM_HIGHEST_NS),
			 WINDOWS_BUCKETS - 1);
}

static void test_what_is_out_of_range_is_no_latency(void **state)
{
	open_sets(WINDOW_NS, 1 << 20);
	windows_interrupt(&sets[0], 0, HISTOGRAM_HIGHEST_NS + 1);
	windows_interrupt(&sets[0], 0, UINT64_MAX);
	assert_int_equal(merged(0).interrupts, 0);
	windows_interrupt(&sets[0], 0, HISTOGRAM_HIGHEST_NS);
	assert_int_equal(merged(0).interrupts, 1);
	assert_int_equal(merged(0).max_ns, HISTOGRAM_HIGHEST_NS);
}

static bool truncated(uint64_t ticks, const char *says)
{
	struct windows_span span = span_of(ticks);
	char text[128] = "";
	bool is = windows_truncated(&sets[0], sizeof(sets[0]), SETS, &span, text, sizeof(text));

	if (!strstr(text, says))
		fail_msg("\"%s\" is not in \"%s\"", says, text);
	return is;
}

static void test_what_comes_after_the_cap_is_in_no_piece_and_is_said(void **state)
{
	open_sets(UINT64_MAX, 8 << 20);
	windows_interrupt(&sets[0], WINDOWS_MAX * PIECE - 1, 100);
	windows_io(&sets[0], WINDOWS_MAX * PIECE - 1);
	assert_int_equal(sets[0].beyond, 0);
	assert_false(truncated(WINDOWS_MAX * PIECE - 1, ""));
	windows_interrupt(&sets[0], WINDOWS_MAX * PIECE, 100);
	windows_io(&sets[0], WINDOWS_MAX * PIECE);
	assert_int_equal(sets[0].beyond, 1);
	assert_int_equal(merged(WINDOWS_MAX - 1).interrupts, 1);
	assert_int_equal(merged(WINDOWS_MAX - 1).ios, 1);
	assert_true(truncated(WINDOWS_MAX * PIECE, "first 6000 of 6001"));
}

/* A full pool leaves its piece without percentiles, never with wrong ones; counts and the maximum stay right. */
static void test_a_full_pool_makes_no_percentile(void **state)
{
	open_sets(2 * WINDOW_NS, 2 * sizeof(struct window) + 4 * sizeof(struct window_octave));
	assert_int_equal(sets[0].octaves, 4);
	for (unsigned i = 0; i < 4 * 25; i++)
		windows_interrupt(&sets[0], 0, UINT64_C(1) << (10 + i % 4));
	assert_true(merged(0).has_p50);
	assert_false(truncated(2 * PIECE, ""));
	for (unsigned i = 0; i < 100; i++)
		windows_interrupt(&sets[0], PIECE, 1 << 20);
	assert_false(merged(1).has_p50);
	assert_int_equal(merged(1).interrupts, 100);
	assert_int_equal(merged(1).max_ns, 1 << 20);
	assert_true(merged(0).has_p50);
	assert_true(truncated(2 * PIECE, "1 of 2"));
	/* Some of a piece's samples are not a sample of them. */
	windows_interrupt(&sets[0], 0, 1 << 20);
	assert_false(merged(0).has_p50);
	assert_int_equal(merged(0).interrupts, 101);
	assert_true(truncated(2 * PIECE, "2 of 2"));
}

static void test_memory_keeps_its_bound(void **state)
{
	static const uint64_t durations[] = { 1, 200000000, 60000000000, 600000000000, 7200000000000, UINT64_MAX };
	static const uint64_t bounds[] = { 1 << 20, WINDOWS_BYTES_MAX / 128, WINDOWS_BYTES_MAX / 2, WINDOWS_BYTES_MAX };

	for (size_t d = 0; d < sizeof(durations) / sizeof(durations[0]); d++) {
		for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
			open_sets(durations[d], bounds[b]);
			assert_in_range(sets[0].bytes, 1, bounds[b]);
			assert_in_range(sets[0].count, 1, WINDOWS_MAX);
			/* The end of what is mapped can be written. */
			sets[0].window[sets[0].count - 1].ios = 1;
			tear_down(NULL);
		}
	}
	/* A usual run is small, and two CPUs have room for ten minutes. */
	open_sets(200000000, WINDOWS_BYTES_MAX / 2);
	assert_in_range(sets[0].bytes, 1, 8 << 10);
	tear_down(NULL);
	open_sets(WINDOWS_MAX * WINDOW_NS, WINDOWS_BYTES_MAX / 2);
	assert_int_equal(sets[0].count, WINDOWS_MAX);
	assert_in_range(sets[0].octaves, 16 * WINDOWS_MAX, WINDOWS_OCTAVES * WINDOWS_MAX);
}

static void test_all_zero_records_nothing(void **state)
{
	windows_interrupt(&sets[0], 0, 5);
	windows_interrupt(&sets[0], UINT64_MAX, 5);
	windows_io(&sets[0], 0);
	assert_null(sets[0].window);
}

static double frac(uint32_t at, const struct stamp_gap *gap, size_t count, uint64_t known_from)
{
	/* Two pieces and a half, on 2 CPUs. */
	struct windows_span span = span_of(5 * PIECE / 2);
	const struct gap_list log = { .gap = gap, .count = count, .known_from = known_from };

	return windows_gap_frac(&span, at, 3, &log);
}

static void test_gaps_are_shared_out_to_the_pieces_they_lie_in(void **state)
{
	const uint64_t begin = 1000;
	const struct stamp_gap gaps[] = {
		{ 0, 0, begin + PIECE / 10 },                          /* reaches in from before */
		{ 1, begin + PIECE / 2, begin + PIECE + PIECE / 4 },   /* across a boundary */
		{ 0, begin + 2 * PIECE + PIECE / 4, begin + 9 * PIECE }, /* and past the end */
		{ 7, begin, begin + PIECE },                           /* of a CPU that is none */
	};

	assert_true(fabs(frac(0, gaps, 4, 0) - (0.1 + 0.5) / 2) < 1e-9);
	assert_true(fabs(frac(1, gaps, 4, begin) - 0.25 / 2) < 1e-9);
	assert_true(fabs(frac(2, gaps, 4, 0) - 0.25 / 0.5 / 2) < 1e-9);
	assert_true(frac(1, NULL, 0, 0) == 0);
}

static void test_what_was_not_witnessed_is_unknown(void **state)
{
	const uint64_t begin = 1000;

	assert_true(isnan(frac(0, NULL, 0, UINT64_MAX)));
	assert_true(isnan(frac(0, NULL, 0, begin + 1)));
	assert_true(frac(0, NULL, 0, begin) == 0);
	assert_true(isnan(frac(1, NULL, 0, begin + PIECE + 1)));
	assert_true(frac(2, NULL, 0, begin + PIECE + 1) == 0);
}

static void test_rows_leave_empty_what_they_do_not_know(void **state)
{
	struct windows_span span = span_of(2 * PIECE);
	json_t *rows, *row;

	open_sets(2 * WINDOW_NS, 1 << 20);
	for (unsigned i = 0; i < 20; i++)
		windows_interrupt(&sets[0], PIECE, 40);
	rows = windows_rows(&sets[0], sizeof(sets[0]), SETS, &span, &GAP_LIST_NONE);
	assert_int_equal(json_array_size(rows), 2);
	row = json_array_get(rows, 0);
	assert_int_equal(json_array_size(row), 7);
	for (unsigned i = 3; i < 7; i++)
		assert_true(json_is_null(json_array_get(row, i)));
	row = json_array_get(rows, 1);
	assert_int_equal(json_integer_value(json_array_get(row, 0)), 1);
	assert_int_equal(json_integer_value(json_array_get(row, 1)), 100);
	assert_int_equal(json_integer_value(json_array_get(row, 3)), 40);
	assert_true(json_is_null(json_array_get(row, 4)));
	assert_int_equal(json_integer_value(json_array_get(row, 5)), 40);
	json_decref(rows);
}

int main(void)
{
#define WITH_SETS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_SETS(test_a_piece_begins_at_its_stamp),
		WITH_SETS(test_no_piece_loses_a_tick_to_rounding),
		WITH_SETS(test_the_last_piece_ends_with_the_window),
		WITH_SETS(test_without_a_known_end_the_last_event_makes_the_last_piece),
		WITH_SETS(test_all_cpus_are_merged),
		WITH_SETS(test_a_percentile_needs_samples_beyond_it),
		WITH_SETS(test_percentiles_agree_with_an_exact_sort),
		WITH_SETS(test_the_buckets_are_the_histograms_layout),
		WITH_SETS(test_what_is_out_of_range_is_no_latency),
		WITH_SETS(test_what_comes_after_the_cap_is_in_no_piece_and_is_said),
		WITH_SETS(test_a_full_pool_makes_no_percentile),
		WITH_SETS(test_memory_keeps_its_bound),
		WITH_SETS(test_all_zero_records_nothing),
		WITH_SETS(test_gaps_are_shared_out_to_the_pieces_they_lie_in),
		WITH_SETS(test_what_was_not_witnessed_is_unknown),
		WITH_SETS(test_rows_leave_empty_what_they_do_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
