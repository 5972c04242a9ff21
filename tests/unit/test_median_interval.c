/* SPDX-License-Identifier: MIT */
/* The interval of a median against the binomial distribution's tables, and against how often it misses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/stats/median_interval.h"
#include "hba_sim/devices/service_time.h"

/* Ranks from published tables of the sign test at 5%, two-sided: k - 1 is the critical value. */
static void test_ranks_are_the_tables(void **state)
{
	static const struct {
		size_t n, k;
	} table[] = { { 6, 1 }, { 7, 1 }, { 8, 1 }, { 9, 2 }, { 11, 2 }, { 12, 3 }, { 15, 4 }, { 20, 6 }, { 25, 8 }, { 50, 18 } };
	double value[50];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct median_interval interval;

		/* Unsorted: the largest first. */
		for (size_t j = 0; j < table[i].n; j++)
			value[j] = (double)(table[i].n - j);
		assert_true(median_interval(value, table[i].n, &interval));
		assert_true(interval.low == (double)table[i].k);
		assert_true(interval.high == (double)(table[i].n + 1 - table[i].k));
		assert_true(interval.median == (double)(table[i].n + 1) / 2);
		assert_true(interval.coverage >= 0.95 && interval.coverage < 1);
	}
}

static void test_too_few_have_none(void **state)
{
	const double value[5] = { 1, 2, 3, 4, 5 };
	struct median_interval interval;

	for (size_t n = 0; n < MEDIAN_INTERVAL_LEAST; n++)
		assert_false(median_interval(value, n, &interval));
}

/* 4,000 samples of 12 from a skewed distribution of known median: the share missed is the stated one. */
static void test_it_misses_as_often_as_it_says(void **state)
{
	uint64_t rng = 7;
	unsigned missed = 0;
	double stated = 0;

	for (unsigned i = 0; i < 4000; i++) {
		struct median_interval interval;
		double value[12];

		for (size_t j = 0; j < 12; j++)
			value[j] = -log(1 - (double)(splitmix64(&rng) >> 11) / 0x1p53);
		assert_true(median_interval(value, 12, &interval));
		missed += interval.low > log(2) || interval.high < log(2);
		stated = 1 - interval.coverage;
	}
	/* Four standard deviations of the count. */
	assert_true(fabs(missed / 4000.0 - stated) < 4 * sqrt(stated * (1 - stated) / 4000));
}

static void test_relative_width(void **state)
{
	struct median_interval interval = { .median = 100, .low = 95, .high = 107 };

	assert_true(fabs(median_interval_relative(&interval) - 0.06) < 1e-12);
	interval = (struct median_interval){ 0 };
	assert_true(median_interval_relative(&interval) == 0);
	interval.high = 1;
	assert_true(isinf(median_interval_relative(&interval)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranks_are_the_tables),
		cmocka_unit_test(test_too_few_have_none),
		cmocka_unit_test(test_it_misses_as_often_as_it_says),
		cmocka_unit_test(test_relative_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
