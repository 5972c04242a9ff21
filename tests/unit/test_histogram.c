/* SPDX-License-Identifier: MIT */
/*
 * The histogram against an exact sort and against a bucket layout derived
 * here in another way: every number of a run passes through it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/instruments/histogram.h"

#define SAMPLES 200000u

static const double percentiles[] = { 0, 0.5, 0.9, 0.99, 0.999, 0.9999 };
/* The same, in parts of 10,000, for the exact side. */
static const uint64_t of_10000[] = { 0, 5000, 9000, 9900, 9990, 9999 };

static uint64_t random_state = 88172645463325252u;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t draw_uniform(void)
{
	return random_u64() % 1000000;
}

/* Geometric over halvings: exponential in shape, and free of libm. */
static uint64_t draw_exponential(void)
{
	unsigned int halvings = (unsigned int)__builtin_ctzll(random_u64() | (1ull << 40));

	return halvings * 700u + random_u64() % 700;
}

static uint64_t draw_bimodal(void)
{
	if (random_u64() % 100 < 97)
		return 180 + random_u64() % 40;
	return 3000000 + random_u64() % 500000;
}

static uint64_t draw_constant(void)
{
	return 123457;
}

static uint64_t draw_zero(void)
{
	return 0;
}

/* One below, at and one above a power of two, over the whole range. */
static uint64_t draw_edges(void)
{
	uint64_t power = 1ull << random_u64() % 36;

	return power - 1 + random_u64() % 3;
}

static uint64_t draw_wide(void)
{
	return random_u64() >> (28 + random_u64() % 36);
}

static uint64_t (*const draws[])(void) = {
	draw_uniform, draw_exponential, draw_bimodal, draw_constant,
	draw_zero, draw_edges, draw_wide,
};

#define DRAWS (sizeof(draws) / sizeof(draws[0]))

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void check_against_sort(const struct histogram *h, uint64_t *v, size_t n)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	qsort(v, n, sizeof(*v), compare_u64);
	assert_int_equal(h->n, n);
	assert_int_equal(h->out_of_range, 0);
	assert_true(h->min == v[0]);
	assert_true(h->max == v[n - 1]);
	assert_true(h->sum == sum);
	assert_true(histogram_mean_ns(h) == (uint64_t)((2 * sum + n) / (2 * n)));
	for (size_t i = 0; i < sizeof(of_10000) / sizeof(of_10000[0]); i++) {
		uint64_t rank = (n * of_10000[i] + 9999) / 10000;
		uint64_t exact = v[rank ? rank - 1 : 0], got = 0;

		assert_true(histogram_percentile(h, percentiles[i], &got));
		assert_true(got >= exact);
		assert_true((got - exact) * 1000 <= exact);
		assert_true(got <= h->max);
		if (exact < 2048)
			assert_true(got == exact);
	}
}

static void agrees_with_an_exact_sort(void **state)
{
	uint64_t *v = malloc(SAMPLES * sizeof(*v));
	struct histogram h;

	assert_non_null(v);
	assert_int_equal(histogram_init(&h), 0);
	for (size_t d = 0; d < DRAWS; d++) {
		histogram_reset(&h);
		for (size_t i = 0; i < SAMPLES; i++) {
			v[i] = draws[d]();
			histogram_record(&h, v[i]);
		}
		check_against_sort(&h, v, SAMPLES);
	}
	histogram_fini(&h);
	free(v);
}

/*
 * The layout spelt out: widths 1, 1, 2, 4, ... for 1024 buckets each. Both
 * edges of each bucket must come back as exactly that bucket.
 */
static void buckets_are_those_of_hdrhistogram(void **state)
{
	uint64_t lo = 0, width = 1;
	struct histogram h;
	uint32_t index = 0;

	assert_int_equal(histogram_init(&h), 0);
	for (uint32_t half = 0; half < 27; half++) {
		if (half >= 2)
			width *= 2;
		for (uint32_t i = 0; i < 1024; i++, index++, lo += width) {
			assert_int_equal(histogram_index(lo), index);
			assert_int_equal(histogram_index(lo + width - 1), index);
			histogram_record(&h, lo);
			histogram_record(&h, lo + width - 1);
		}
	}
	assert_int_equal(index, HISTOGRAM_BUCKETS);
	assert_true(lo == 1ull << 36);

	struct histogram_bucket b = { 0 };

	lo = 0;
	width = 1;
	for (index = 0; histogram_next(&h, &b); index++, lo += width) {
		if (index >= 2048 && index % 1024 == 0)
			width *= 2;
		assert_true(b.lo_ns == lo);
		assert_true(b.hi_ns == lo + width - 1);
		assert_int_equal(b.count, 2);
	}
	assert_int_equal(index, HISTOGRAM_BUCKETS);
	assert_false(histogram_next(&h, &b));
	histogram_fini(&h);
}

static void iteration_skips_empty_buckets(void **state)
{
	static const uint64_t v[] = { 0, 7, 7, 2049, HISTOGRAM_HIGHEST_NS };
	struct histogram_bucket b = { 0 };
	struct histogram h;

	assert_int_equal(histogram_init(&h), 0);
	assert_false(histogram_next(&h, &b));
	for (size_t i = 0; i < 5; i++)
		histogram_record(&h, v[i]);
	memset(&b, 0, sizeof(b));
	assert_true(histogram_next(&h, &b));
	assert_true(b.lo_ns == 0 && b.hi_ns == 0 && b.count == 1);
	assert_true(histogram_next(&h, &b));
	assert_true(b.lo_ns == 7 && b.hi_ns == 7 && b.count == 2);
	assert_true(histogram_next(&h, &b));
	assert_true(b.lo_ns == 2048 && b.hi_ns == 2049 && b.count == 1);
	assert_true(histogram_next(&h, &b));
	assert_true(b.hi_ns == HISTOGRAM_HIGHEST_NS && b.count == 1);
	assert_false(histogram_next(&h, &b));
	histogram_fini(&h);
}

static void merging_equals_recording_all(void **state)
{
	struct histogram parts[3], merged, all;

	assert_int_equal(histogram_init(&merged), 0);
	assert_int_equal(histogram_init(&all), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(histogram_init(&parts[i]), 0);
	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t ns = draws[i % DRAWS]();

		if (i % 1000 == 0)
			ns = HISTOGRAM_HIGHEST_NS + 1 + i;
		/* The third part stays empty: its min must not win. */
		histogram_record(&parts[random_u64() % 2], ns);
		histogram_record(&all, ns);
	}
	for (size_t i = 0; i < 3; i++)
		histogram_merge(&merged, &parts[i]);
	assert_true(merged.n == all.n);
	assert_int_equal(merged.out_of_range, SAMPLES / 1000);
	assert_true(merged.out_of_range == all.out_of_range);
	assert_true(merged.min == all.min && merged.max == all.max);
	assert_true(merged.sum == all.sum);
	assert_memory_equal(merged.counts, all.counts,
			    HISTOGRAM_BUCKETS * sizeof(*all.counts));
	for (size_t i = 0; i < 3; i++)
		histogram_fini(&parts[i]);
	histogram_fini(&all);
	histogram_fini(&merged);
}

static void out_of_range_is_counted_not_clamped(void **state)
{
	struct histogram_bucket b = { 0 };
	struct histogram h;

	assert_int_equal(histogram_init(&h), 0);
	histogram_record(&h, HISTOGRAM_HIGHEST_NS);
	histogram_record(&h, HISTOGRAM_HIGHEST_NS + 1);
	histogram_record(&h, UINT64_MAX);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.out_of_range, 2);
	assert_true(h.max == HISTOGRAM_HIGHEST_NS);
	assert_true(h.sum == HISTOGRAM_HIGHEST_NS);
	assert_true(histogram_next(&h, &b));
	assert_int_equal(b.count, 1);
	assert_false(histogram_next(&h, &b));
	histogram_fini(&h);
}

static bool available(struct histogram *h, uint64_t n, double p)
{
	uint64_t value;

	histogram_reset(h);
	for (uint64_t i = 0; i < n; i++)
		histogram_record(h, i);
	return histogram_percentile(h, p, &value);
}

static void percentiles_need_ten_samples_beyond(void **state)
{
	uint64_t value = 4711;
	struct histogram h;

	assert_int_equal(histogram_init(&h), 0);
	assert_false(histogram_percentile(&h, 0.5, &value));
	assert_int_equal(value, 4711);
	assert_int_equal(histogram_mean_ns(&h), 0);
	assert_true(available(&h, 20, 0.5));
	assert_false(available(&h, 19, 0.5));
	assert_true(available(&h, 100, 0.9));
	assert_false(available(&h, 99, 0.9));
	assert_true(available(&h, 1000, 0.99));
	assert_false(available(&h, 999, 0.99));
	assert_true(available(&h, 10000, 0.999));
	assert_false(available(&h, 9999, 0.999));
	assert_true(available(&h, 100000, 0.9999));
	assert_false(available(&h, 99999, 0.9999));
	assert_false(available(&h, 100000, 1.0));
	assert_false(available(&h, 100000, -0.1));
	assert_false(available(&h, 100000, 1.1));
	assert_false(available(&h, 100000, (double)__builtin_nanf("")));
	histogram_fini(&h);
}

static void a_percentile_is_bounded_by_the_maximum(void **state)
{
	struct histogram h;
	uint64_t value;

	assert_int_equal(histogram_init(&h), 0);
	for (size_t i = 0; i < 100; i++)
		histogram_record(&h, 1000000);
	assert_true(histogram_percentile(&h, 0.5, &value));
	assert_int_equal(value, 1000000);
	histogram_record(&h, 2000000);
	assert_true(histogram_percentile(&h, 0.5, &value));
	/* 1,000,000 lies in a bucket of 512 ns. */
	assert_int_equal(value, 1000448 - 1);
	histogram_fini(&h);
}

/* 0.000249 * 1e6 is 248.99...: cutting that off picks the sample before. */
static void fractions_that_binary_cannot_hold_are_exact(void **state)
{
	struct histogram h;
	uint64_t value;

	assert_int_equal(histogram_init(&h), 0);
	for (uint32_t i = 1; i <= 1000000; i++)
		histogram_record(&h, i >= 249);
	assert_true(histogram_percentile(&h, 0.000249, &value));
	assert_int_equal(value, 1);
	assert_true(histogram_percentile(&h, 0.000248, &value));
	assert_int_equal(value, 0);
	histogram_fini(&h);
}

static void no_two_histograms_share_a_line(void **state)
{
	struct histogram pair[2];

	assert_int_equal(sizeof(pair[0]) % 128, 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(histogram_init(&pair[i]), 0);
		assert_int_equal((uintptr_t)&pair[i] % 128, 0);
		assert_int_equal((uintptr_t)pair[i].counts % 128, 0);
	}
	for (size_t i = 0; i < 2; i++)
		histogram_fini(&pair[i]);
}

/* Recording all and taking some away again is recording the others. */
static void subtracting_undoes_recording(void **state)
{
	struct histogram all, part, rest;
	uint64_t p50[2];

	assert_int_equal(histogram_init(&all), 0);
	assert_int_equal(histogram_init_untouched(&part), 0);
	assert_int_equal(histogram_init(&rest), 0);
	for (unsigned i = 0; i < 10000; i++) {
		uint64_t ns = 100 + draw_uniform();

		histogram_record(&all, ns);
		histogram_record(i % 7 ? &rest : &part, ns);
	}
	histogram_record(&all, UINT64_MAX);
	histogram_record(&part, UINT64_MAX);
	/* Both extremes go away. */
	histogram_record(&all, 5);
	histogram_record(&part, 5);
	histogram_record(&all, 90000000);
	histogram_record(&part, 90000000);
	histogram_subtract(&all, &part);
	assert_int_equal(all.n, rest.n);
	assert_int_equal(all.out_of_range, 0);
	assert_true(all.sum == rest.sum);
	assert_memory_equal(all.counts, rest.counts, HISTOGRAM_BUCKETS * sizeof(*all.counts));
	/* known to their bucket */
	assert_int_equal(histogram_index(all.min), histogram_index(rest.min));
	assert_int_equal(histogram_index(all.max), histogram_index(rest.max));
	assert_true(histogram_percentile(&all, 0.5, &p50[0]) && histogram_percentile(&rest, 0.5, &p50[1]));
	assert_int_equal(p50[0], p50[1]);
	histogram_subtract(&all, &rest);
	assert_int_equal(all.n, 0);
	assert_int_equal(all.max, 0);
	assert_true(all.min == UINT64_MAX);
	histogram_fini(&all);
	histogram_fini(&part);
	histogram_fini(&rest);
}

/* An extreme that stays is as exact as it was. */
static void subtracting_keeps_what_it_can(void **state)
{
	struct histogram all, part;

	assert_int_equal(histogram_init(&all), 0);
	assert_int_equal(histogram_init_untouched(&part), 0);
	histogram_record(&all, 100001);
	histogram_record(&all, 500003);
	histogram_record(&all, 900007);
	histogram_record(&part, 500003);
	histogram_subtract(&all, &part);
	assert_int_equal(all.min, 100001);
	assert_int_equal(all.max, 900007);
	histogram_fini(&all);
	histogram_fini(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_an_exact_sort),
		cmocka_unit_test(buckets_are_those_of_hdrhistogram),
		cmocka_unit_test(iteration_skips_empty_buckets),
		cmocka_unit_test(merging_equals_recording_all),
		cmocka_unit_test(out_of_range_is_counted_not_clamped),
		cmocka_unit_test(percentiles_need_ten_samples_beyond),
		cmocka_unit_test(a_percentile_is_bounded_by_the_maximum),
		cmocka_unit_test(fractions_that_binary_cannot_hold_are_exact),
		cmocka_unit_test(no_two_histograms_share_a_line),
		cmocka_unit_test(subtracting_undoes_recording),
		cmocka_unit_test(subtracting_keeps_what_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
