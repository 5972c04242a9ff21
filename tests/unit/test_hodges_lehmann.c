/* SPDX-License-Identifier: MIT */
/* The shift estimate against published examples, and against the test whose inverse its interval is. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/stats/hodges_lehmann.h"
#include "bench/stats/rank_test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t random_state = 88172645463325252u;

static double random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

static void assert_close(double got, double expected)
{
	if (!(fabs(got - expected) <= 1e-9 * (1 + fabs(expected))))
		fail_msg("got %.17g, expected %.17g", got, expected);
}

/*
 * M. Hollander, D. A. Wolfe, "Nonparametric Statistical Methods", permeability of the human chorioamnion: a shift of -0.305, and
 * the 96% interval from -0.76 to 0.15.
 */
static void agrees_with_a_published_example(void **state)
{
	static const double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
	static const double earlier[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
	struct shift_estimate e;

	assert_int_equal(hodges_lehmann(term, COUNT(term), earlier, COUNT(earlier), 0.95, &e), 0);
	assert_close(e.shift, -0.305);
	assert_close(e.lo, -0.76);
	assert_close(e.hi, 0.15);
	assert_close(e.confidence, 1 - 120.0 / 3003);
	assert_int_equal(e.n, 10);
	assert_int_equal(e.m, 5);
	assert_int_equal(hodges_lehmann(earlier, COUNT(earlier), term, COUNT(term), 0.95, &e), 0);
	assert_close(e.shift, 0.305);
	assert_close(e.lo, -0.15);
	assert_close(e.hi, 0.76);
}

/* Four differences and nine, by hand. */
static void agrees_with_a_hand_count(void **state)
{
	static const double a[] = { 1, 2, 4 }, b[] = { 11, 13, 19 };
	struct shift_estimate e;

	/* 7 9 9 10 11 12 15 17 18; at 90% only the extreme U, 0 and 9, is rejected */
	assert_int_equal(hodges_lehmann(a, 3, b, 3, 0.9, &e), 0);
	assert_close(e.shift, 11);
	assert_close(e.lo, 7);
	assert_close(e.hi, 18);
	assert_close(e.confidence, 0.9);
	/* 9 10 11 12: an even number of them */
	assert_int_equal(hodges_lehmann(a, 2, b, 2, 0.5, &e), 0);
	assert_close(e.shift, 10.5);
	assert_close(e.lo, 9);
	assert_close(e.hi, 12);
}

static void too_few_values_exclude_nothing(void **state)
{
	static const double a[] = { 1, 2, 3 }, b[] = { 11, 12, 13 };
	struct shift_estimate e;

	assert_int_equal(hodges_lehmann(a, 3, b, 3, 0.95, &e), 0);
	assert_close(e.shift, 10);
	assert_true(isinf(e.lo) && e.lo < 0);
	assert_true(isinf(e.hi) && e.hi > 0);
	assert_close(e.confidence, 1);
}

/* A shift strictly inside is not rejected, one strictly outside is. */
static void the_interval_is_the_inverse_of_the_test(void **state)
{
	for (int round = 0; round < 60; round++) {
		size_t n = 4 + (size_t)(random_unit() * 20), m = 4 + (size_t)(random_unit() * 20);
		double a[24], b[24], moved[24];
		struct shift_estimate e;

		for (size_t i = 0; i < n; i++)
			a[i] = random_unit();
		for (size_t j = 0; j < m; j++)
			b[j] = random_unit() + 0.3;
		assert_int_equal(hodges_lehmann(a, n, b, m, 0.95, &e), 0);
		assert_true(e.confidence >= 0.95 && e.lo <= e.shift && e.shift <= e.hi);
		for (int side = 0; side < 4; side++) {
			static const double off[] = { 1e-9, -1e-9, -1e-9, 1e-9 };
			double shift = (side < 2 ? e.lo : e.hi) + off[side];

			for (size_t i = 0; i < n; i++)
				moved[i] = a[i] + shift;
			assert_int_equal(rank_mann_whitney(moved, n, b, m) <= 0.05, side % 2);
		}
	}
}

/* 2000 pairs of samples with a known shift: the interval covers it about as often as it says. */
static void covers_the_true_shift(void **state)
{
	int covered = 0;

	for (int round = 0; round < 2000; round++) {
		double a[6], b[6];
		struct shift_estimate e;

		for (size_t i = 0; i < 6; i++) {
			a[i] = -log(1 - random_unit());
			b[i] = 20 - log(1 - random_unit());
		}
		assert_int_equal(hodges_lehmann(a, 6, b, 6, 0.95, &e), 0);
		covered += e.lo <= 20 && e.hi >= 20;
	}
	/* 95.89%, and four standard deviations to either side */
	assert_in_range(covered, 1883, 1953);
}

static void ties_and_constants(void **state)
{
	double same[50];
	struct shift_estimate e;

	for (size_t i = 0; i < 50; i++)
		same[i] = 42;
	assert_int_equal(hodges_lehmann(same, 50, same, 50, 0.95, &e), 0);
	assert_true(e.shift == 0 && e.lo == 0 && e.hi == 0);
}

static void what_cannot_be_estimated_is_refused(void **state)
{
	static double v[RANK_VALUES_MAX + 1];
	double bad[] = { 1, NAN }, endless[] = { 1, INFINITY };
	struct shift_estimate e;

	assert_int_equal(hodges_lehmann(v, 0, v, 3, 0.95, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, 3, v, 0, 0.95, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, RANK_VALUES_MAX + 1, v, 3, 0.95, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, 3, v, RANK_VALUES_MAX + 1, 0.95, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(bad, 2, v, 3, 0.95, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, 3, endless, 2, 0.95, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, 3, v, 3, 0, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, 3, v, 3, 1, &e), -EINVAL);
	assert_int_equal(hodges_lehmann(v, 3, v, 3, NAN, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_published_example),
		cmocka_unit_test(agrees_with_a_hand_count),
		cmocka_unit_test(too_few_values_exclude_nothing),
		cmocka_unit_test(the_interval_is_the_inverse_of_the_test),
		cmocka_unit_test(covers_the_true_shift),
		cmocka_unit_test(ties_and_constants),
		cmocka_unit_test(what_cannot_be_estimated_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
