/* SPDX-License-Identifier: MIT */
/* The normal approximation, worked by hand and against the exact tests; tests/stats_test.py has SciPy's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bench/stats/hodges_lehmann.h"
#include "bench/stats/rank_normal.h"
#include "bench/stats/rank_null.h"
#include "bench/stats/rank_test.h"
#include "bench/stats/signed_rank.h"
#include "bench/stats/signed_rank_null.h"

#define MANY 100

static double normal_p(double z)
{
	return erfc(z / sqrt(2));
}

/* 60 against 80: mean 2400, variance 4800 * 141 / 12 = 56400. */
static void by_hand(void **state)
{
	double p = rank_normal_p(60, 80, 2000, 0);

	assert_true(fabs(p - normal_p(399.5 / sqrt(56400))) < 1e-15);
	assert_true(rank_normal_p(60, 80, 2800, 0) == p);
	assert_true(rank_normal_p(60, 80, 2400, 0) == 1 && rank_normal_p(60, 80, 2400.5, 0) == 1);
	/* Two of 70 equal ones each: 2 (343000 - 70), and 4800 / 12 (141 - 685860 / 19460). */
	assert_true(fabs(rank_normal_p(60, 80, 2000, 685860) - normal_p(399.5 / sqrt(400 * (141 - 685860.0 / 19460)))) < 1e-15);
	/* All equal. */
	assert_true(rank_normal_p(60, 80, 2400, 140.0 * 140 * 140 - 140) == 1);
	/* 60 pairs: mean 915, variance 60 * 61 * 121 / 24; ten zeros take 55 / 2 and 10 * 11 * 21 / 24 away. */
	assert_true(fabs(signed_rank_normal_p(60, 0, 500, 0) - normal_p(414.5 / sqrt(18452.5))) < 1e-15);
	assert_true(fabs(signed_rank_normal_p(60, 10, 500, 48) - normal_p(387 / sqrt(18452.5 - 96.25 - 1))) < 1e-15);
	assert_true(signed_rank_normal_p(60, 60, 0, 0) == 1);
}

static void it_is_near_the_exact_one(void **state)
{
	for (size_t u = 0; u <= 1250; u++) {
		double p = rank_null_p(50, 50, u);

		assert_true(fabs(rank_normal_p(50, 50, (double)u, 0) - p) < (p < 0.1 ? 0.001 : 0.004));
	}
	for (size_t w = 0; w <= 637; w++) {
		double p = signed_rank_null_p(50, w);

		assert_true(fabs(signed_rank_normal_p(50, 0, (double)w, 0) - p) < (p < 0.1 ? 0.001 : 0.004));
	}
}

static void a_level_is_where_p_crosses_it(void **state)
{
	for (size_t n = 51; n <= 10000; n = n * 3 / 2) {
		size_t tail;
		double level = rank_normal_level(n, n / 2, 0.05, &tail);

		assert_true(tail > 0 && level <= 0.05 && level == rank_normal_p(n, n / 2, (double)(tail - 1), 0));
		assert_true(rank_normal_p(n, n / 2, (double)tail, 0) > 0.05);
		level = signed_rank_normal_level(n, 0.01, &tail);
		assert_true(tail > 0 && level <= 0.01 && level == signed_rank_normal_p(n, 0, (double)(tail - 1), 0));
		assert_true(signed_rank_normal_p(n, 0, (double)tail, 0) > 0.01);
	}
}

static void no_level(void **state)
{
	size_t tail = 7;

	assert_true(isnan(rank_normal_level(60, 60, 1, &tail)));
	assert_int_equal(tail, 0);
	assert_true(isnan(signed_rank_normal_level(60, NAN, &tail)));
	/* One against 51 is never so extreme. */
	assert_true(rank_normal_level(51, 1, 0.05, &tail) == 0);
	assert_int_equal(tail, 0);
}

static void exact_up_to_fifty(void **state)
{
	double a[51], b[51], below[51];

	for (size_t i = 0; i < 51; i++) {
		a[i] = (double)i;
		b[i] = (double)i + 12.5;
		below[i] = -(double)(i + 1);
	}
	assert_true(rank_is_exact(50, 50) && !rank_is_exact(51, 1) && !rank_is_exact(1, 51));
	/* U of those above: 37 + 36 + ... + 1 pairs the other way. */
	assert_true(rank_mann_whitney(a, 50, b, 50) == rank_null_p(50, 50, 37 * 38 / 2));
	assert_true(rank_mann_whitney(a, 51, b, 51) == rank_normal_p(51, 51, 38 * 39 / 2, 0));
	assert_true(rank_mann_whitney(a, 51, b, 8) == rank_normal_p(51, 8, 38 + 37 + 36 + 35 + 34 + 33 + 32 + 31, 0));
	assert_true(signed_rank_test(below, 50) == signed_rank_null_p(50, 0));
	assert_true(signed_rank_test(below, 51) == signed_rank_normal_p(51, 0, 0, 0));
}

/* 0 is outside of the interval exactly when the test rejects, and where it is just outside p is the level. */
static void intervals_belong_to_the_test(void **state)
{
	double a[MANY], b[MANY], d[MANY];

	for (size_t i = 0; i < MANY; i++) {
		a[i] = (double)i;
		b[i] = (double)i * 1.001;
		d[i] = (double)i - 40.25;
	}
	for (int step = 0; step < 60; step++) {
		struct shift_estimate e;

		assert_int_equal(hodges_lehmann(a, MANY, b, MANY - 30, 0.95, &e), 0);
		assert_int_equal(rank_mann_whitney(a, MANY, b, MANY - 30) <= 0.05, e.lo > 0 || e.hi < 0);
		assert_true(e.lo <= e.shift && e.shift <= e.hi && e.confidence >= 0.95 && e.confidence < 0.951);
		assert_int_equal(signed_rank_estimate(d, MANY, 0.95, &e), 0);
		assert_int_equal(signed_rank_test(d, MANY) <= 0.05, e.lo > 0 || e.hi < 0);
		assert_true(e.lo <= e.shift && e.shift <= e.hi && e.confidence >= 0.95 && e.confidence < 0.951);
		for (size_t i = 0; i < MANY; i++) {
			b[i] += 0.513;
			d[i] -= 0.311;
		}
	}
}

static void the_largest_are_answered(void **state)
{
	static double a[RANK_VALUES_MAX], b[RANK_VALUES_MAX];
	struct shift_estimate e;

	for (size_t i = 0; i < RANK_VALUES_MAX; i++) {
		a[i] = (double)i;
		b[i] = (double)i + 5;
	}
	assert_true(rank_mann_whitney(a, RANK_VALUES_MAX, b, RANK_VALUES_MAX) > 0.8);
	assert_int_equal(hodges_lehmann(a, RANK_VALUES_MAX, b, RANK_VALUES_MAX, 0.95, &e), 0);
	assert_true(e.shift == 5 && e.lo < 0 && e.hi > 10);
	assert_int_equal(signed_rank_estimate(b, RANK_VALUES_MAX, 0.95, &e), 0);
	assert_true(fabs(e.shift - 5004.5) < 1);
	assert_true(signed_rank_test(b, RANK_VALUES_MAX) < 1e-300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(it_is_near_the_exact_one),
		cmocka_unit_test(a_level_is_where_p_crosses_it),
		cmocka_unit_test(no_level),
		cmocka_unit_test(exact_up_to_fifty),
		cmocka_unit_test(intervals_belong_to_the_test),
		cmocka_unit_test(the_largest_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
