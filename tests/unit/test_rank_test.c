/* SPDX-License-Identifier: MIT */
/*
 * The rank test against published critical values and against enumerating
 * every way to deal the values out, ties included: a verdict on two back
 * ends is only as good as these p values.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bench/stats/rank_test.h"

static uint64_t random_state = 2463534242u;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void assert_close(double got, double expected)
{
	if (fabs(got - expected) > 1e-12 * (1 + fabs(expected)))
		fail_msg("got %.17g, expected %.17g", got, expected);
}

/*
 * Untied samples in which exactly u of the n * m pairs have a above b: as
 * many of a as possible stand above all of b, one stands among b.
 */
static double p_of_u(size_t n, size_t m, size_t u)
{
	double a[RANK_SAMPLES_MAX], b[RANK_SAMPLES_MAX];

	for (size_t j = 0; j < m; j++)
		b[j] = 1000.0 * (double)(j + 1);
	for (size_t i = 0; i < n; i++) {
		size_t passed = u < m ? u : m;

		u -= passed;
		a[i] = 1000.0 * (double)passed + 500.0 - (double)i;
	}
	assert_int_equal(u, 0);
	return rank_mann_whitney(a, n, b, m);
}

/* Critical values of U, two-sided, from the usual textbook tables. */
static void agrees_with_published_critical_values(void **state)
{
	static const struct {
		size_t n, m;
		double alpha;
		size_t critical;
	} table[] = {
		{ 4, 4, 0.05, 0 }, { 3, 5, 0.05, 0 }, { 5, 5, 0.05, 2 },
		{ 6, 6, 0.05, 5 }, { 7, 7, 0.05, 8 }, { 8, 8, 0.05, 13 },
		{ 5, 10, 0.05, 8 }, { 10, 10, 0.05, 23 }, { 9, 15, 0.05, 34 },
		{ 12, 12, 0.05, 37 }, { 15, 20, 0.05, 90 }, { 20, 20, 0.05, 127 },
		{ 5, 5, 0.01, 0 }, { 6, 6, 0.01, 2 }, { 8, 8, 0.01, 7 },
		{ 10, 10, 0.01, 16 }, { 20, 20, 0.01, 105 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = table[i].n, m = table[i].m, u = table[i].critical;

		if (p_of_u(n, m, u) > table[i].alpha ||
		    p_of_u(n, m, u + 1) <= table[i].alpha)
			fail_msg("%zu, %zu: U = %zu is not critical", n, m, u);
	}
}

/* Mann and Whitney's own table of P(U <= u), doubled. */
static void agrees_with_the_original_tables(void **state)
{
	static const double three_three[] = { 0.1, 0.2, 0.4, 0.7, 1 };
	static const double four_four[] = { 1, 2, 4, 7, 12, 17, 24, 31 };

	for (size_t u = 0; u < 5; u++)
		assert_close(p_of_u(3, 3, u), three_three[u]);
	for (size_t u = 0; u < 8; u++)
		assert_close(p_of_u(4, 4, u), 2 * four_four[u] / 70);
	assert_close(p_of_u(4, 4, 8), 1);
	assert_close(p_of_u(6, 6, 0), 2.0 / 924);
	assert_close(p_of_u(6, 6, 36), 2.0 / 924);
	assert_close(p_of_u(1, 1, 0), 1);
	/* 2 / C(100, 50) */
	assert_true(fabs(p_of_u(50, 50, 0) / 1.9823306042836678e-29 - 1) < 1e-12);
	assert_close(p_of_u(50, 50, 1250), 1);
}

static void two_samples_can_be_swapped(void **state)
{
	for (size_t u = 0; u <= 7 * 11; u++) {
		assert_close(p_of_u(7, 11, u), p_of_u(11, 7, u));
		assert_close(p_of_u(7, 11, u), p_of_u(7, 11, 77 - u));
	}
}

/* Twice the U statistic of the values picked, a tie counting a half. */
static int u2(const double *v, size_t total, unsigned int picked)
{
	int sum = 0;

	for (size_t i = 0; i < total; i++) {
		for (size_t j = 0; j < total; j++) {
			if (!(picked >> i & 1) || (picked >> j & 1))
				continue;
			sum += v[i] > v[j] ? 2 : v[i] == v[j];
		}
	}
	return sum;
}

static double enumerated_p(const double *v, size_t n, size_t m)
{
	int mean = (int)(n * m), seen, extreme = 0, all = 0;
	size_t total = n + m;

	seen = u2(v, total, (1u << n) - 1) - mean;
	for (unsigned int picked = 0; picked < 1u << total; picked++) {
		int far;

		if ((size_t)__builtin_popcount(picked) != n)
			continue;
		far = u2(v, total, picked) - mean;
		all++;
		extreme += far * far >= seen * seen;
	}
	return (double)extreme / all;
}

static void ties_agree_with_enumeration(void **state)
{
	double v[10];

	for (int round = 0; round < 150; round++) {
		size_t n = 1 + random_u64() % 5, m = 1 + random_u64() % 5;
		/* Few distinct values tie nearly everything, many nearly nothing. */
		uint64_t distinct = 1 + random_u64() % 12;

		for (size_t i = 0; i < n + m; i++)
			v[i] = (double)(random_u64() % distinct);
		assert_close(rank_mann_whitney(v, n, v + n, m),
			     enumerated_p(v, n, m));
	}
}

/* Two samples of two that share a value: 4 of the 6 deals are as far out. */
static void ties_agree_with_a_hand_count(void **state)
{
	double low[] = { 1, 2 }, high[] = { 2, 3 }, same[50];

	assert_close(rank_mann_whitney(low, 2, high, 2), 4.0 / 6);
	for (size_t i = 0; i < 50; i++)
		same[i] = 42;
	assert_close(rank_mann_whitney(same, 50, same, 50), 1);
}

/*
 * Under the null hypothesis p <= alpha happens at most alpha of the time:
 * counted over all deals of untied values, so no chance is involved.
 */
static void never_rejects_more_often_than_alpha(void **state)
{
	static const double alphas[] = { 0.01, 0.05, 0.1 };
	int rejected[3] = { 0 }, all = 0;
	double a[10], b[10];

	for (unsigned int picked = 0; picked < 1u << 10; picked++) {
		size_t n = 0, m = 0;
		double p;

		if (__builtin_popcount(picked) != 4)
			continue;
		for (unsigned int i = 0; i < 10; i++) {
			if (picked >> i & 1)
				a[n++] = i;
			else
				b[m++] = i;
		}
		p = rank_mann_whitney(a, n, b, m);
		for (size_t i = 0; i < 3; i++)
			rejected[i] += p <= alphas[i];
		all++;
	}
	for (size_t i = 0; i < 3; i++) {
		assert_true(rejected[i] <= alphas[i] * all);
		assert_true(rejected[i] > 0);
	}
}

static void what_cannot_be_tested_is_nan(void **state)
{
	static double v[RANK_VALUES_MAX + 1];
	double bad[] = { 1, NAN };

	assert_true(isnan(rank_mann_whitney(v, 0, v, 3)));
	assert_true(isnan(rank_mann_whitney(v, 3, v, 0)));
	assert_true(isnan(rank_mann_whitney(v, RANK_VALUES_MAX + 1, v, 3)));
	assert_true(isnan(rank_mann_whitney(v, 3, v, RANK_VALUES_MAX + 1)));
	assert_true(isnan(rank_mann_whitney(bad, 2, v, 3)));
	assert_true(isnan(rank_mann_whitney(v, 3, bad, 2)));
}

static void holm_steps_down(void **state)
{
	double p[] = { 0.01, 0.04, 0.03, 0.005 };
	double monotone[] = { 0.02, 0.011, 0.02 };
	double capped[] = { 0.8, 0.7, 0 };
	double one[] = { 0.03 };

	rank_holm(p, 4);
	assert_close(p[0], 0.03);
	assert_close(p[1], 0.06);
	assert_close(p[2], 0.06);
	assert_close(p[3], 0.02);
	/* 0.02 x 1 may not fall below the 0.02 x 2 before it. */
	rank_holm(monotone, 3);
	assert_close(monotone[0], 0.04);
	assert_close(monotone[1], 0.033);
	assert_close(monotone[2], 0.04);
	rank_holm(capped, 3);
	assert_close(capped[0], 1);
	assert_close(capped[1], 1);
	assert_true(capped[2] == 0 && !signbit(capped[2]));
	rank_holm(one, 1);
	assert_close(one[0], 0.03);
	rank_holm(one, 0);
}

static void holm_leaves_out_what_was_not_tested(void **state)
{
	double p[] = { NAN, 0.02, 0.03, NAN };

	rank_holm(p, 4);
	assert_true(isnan(p[0]));
	assert_close(p[1], 0.04);
	assert_close(p[2], 0.04);
	assert_true(isnan(p[3]));
}

static void quartiles_follow_definition_7(void **state)
{
	double even[] = { 4, 1, 3, 2 }, odd[] = { 5, 1, 4, 2, 3 };
	double one[] = { 7 }, bad[] = { 1, NAN };
	struct rank_spread s;

	assert_int_equal(rank_spread(even, 4, &s), 0);
	assert_int_equal(s.n, 4);
	assert_close(s.min, 1);
	assert_close(s.lower_quartile, 1.75);
	assert_close(s.median, 2.5);
	assert_close(s.upper_quartile, 3.25);
	assert_close(s.max, 4);
	assert_true(even[0] == 4);
	assert_int_equal(rank_spread(odd, 5, &s), 0);
	assert_close(s.lower_quartile, 2);
	assert_close(s.upper_quartile, 4);
	assert_close(rank_median(odd, 5), 3);
	assert_close(rank_median(one, 1), 7);
	assert_int_equal(rank_spread(one, 0, &s), -EINVAL);
	assert_int_equal(rank_spread(bad, 2, &s), -EINVAL);
	assert_true(isnan(rank_median(bad, 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_published_critical_values),
		cmocka_unit_test(agrees_with_the_original_tables),
		cmocka_unit_test(two_samples_can_be_swapped),
		cmocka_unit_test(ties_agree_with_enumeration),
		cmocka_unit_test(ties_agree_with_a_hand_count),
		cmocka_unit_test(never_rejects_more_often_than_alpha),
		cmocka_unit_test(what_cannot_be_tested_is_nan),
		cmocka_unit_test(holm_steps_down),
		cmocka_unit_test(holm_leaves_out_what_was_not_tested),
		cmocka_unit_test(quartiles_follow_definition_7),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
