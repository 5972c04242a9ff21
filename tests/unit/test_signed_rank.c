/* SPDX-License-Identifier: MIT */
/* The signed-rank test against published values, and against signing the ranks in every way; its interval against the test. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/stats/rank_test.h"
#include "bench/stats/signed_rank.h"
#include "bench/stats/signed_rank_null.h"

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
	if (!(fabs(got - expected) <= 1e-12 * (1 + fabs(expected))))
		fail_msg("got %.17g, expected %.17g", got, expected);
}

/* n untied differences whose positive ranks add up to w. */
static double p_of_w(size_t n, size_t w)
{
	double d[RANK_SAMPLES_MAX];

	for (size_t rank = n; rank > 0; rank--) {
		bool positive = w >= rank;

		d[rank - 1] = positive ? (double)rank : -(double)rank;
		w -= positive ? rank : 0;
	}
	return signed_rank_test(d, n);
}

/* R. L. McCornack, "Extended tables of the Wilcoxon matched pair signed rank statistic", J. Amer. Statist. Assoc. 60 (1965). */
static void agrees_with_published_critical_values(void **state)
{
	static const struct {
		size_t n;
		double alpha;
		size_t critical;
	} table[] = {
		{ 6, 0.05, 0 }, { 7, 0.05, 2 }, { 8, 0.05, 3 }, { 9, 0.05, 5 }, { 10, 0.05, 8 }, { 12, 0.05, 13 }, { 15, 0.05, 25 },
		{ 20, 0.05, 52 }, { 25, 0.05, 89 }, { 30, 0.05, 137 }, { 50, 0.05, 434 }, { 8, 0.01, 0 }, { 10, 0.01, 3 },
		{ 15, 0.01, 15 }, { 20, 0.01, 37 }, { 30, 0.01, 109 }, { 50, 0.01, 373 },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		size_t n = table[i].n, w = table[i].critical, top = n * (n + 1) / 2, tail;
		double level = signed_rank_null_level(n, table[i].alpha, &tail);

		if (p_of_w(n, w) > table[i].alpha || p_of_w(n, w + 1) <= table[i].alpha)
			fail_msg("%zu: W = %zu is not critical", n, w);
		assert_int_equal(tail, w + 1);
		assert_close(level, p_of_w(n, w));
		assert_close(p_of_w(n, top - w), level);
	}
}

/* Charles Darwin's maize, crossed against self-fertilized, in eighths of an inch: R. A. Fisher, "The Design of Experiments". */
static void agrees_with_a_published_example(void **state)
{
	static const double d[] = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };
	struct shift_estimate e;

	/* The negative ranks are 10 and 14; 676 of 2^15 ways have a sum of at most 24. */
	assert_close(signed_rank_test(d, COUNT(d)), 2 * 676.0 / 32768);
	assert_int_equal(signed_rank_estimate(d, COUNT(d), 0.95, &e), 0);
	assert_close(e.shift, 25);
	assert_close(e.lo, 4);
	assert_close(e.hi, 41.5);
}

/* Ranks by counting, then every way to sign those that are not zero. */
static double by_enumeration(const double *d, size_t n)
{
	double rank[12], seen = 0, mean = 0;
	size_t signs = 0, extreme = 0;

	for (size_t i = 0; i < n; i++) {
		size_t below = 0, equal = 0;

		for (size_t j = 0; j < n; j++) {
			below += fabs(d[j]) < fabs(d[i]);
			equal += fabs(d[j]) == fabs(d[i]);
		}
		if (d[i] == 0)
			continue;
		rank[signs] = (double)below + (double)(equal + 1) / 2;
		mean += rank[signs] / 2;
		seen += d[i] > 0 ? rank[signs] : 0;
		signs++;
	}
	for (size_t way = 0; way < (size_t)1 << signs; way++) {
		double sum = 0;

		for (size_t i = 0; i < signs; i++)
			sum += way >> i & 1 ? rank[i] : 0;
		extreme += fabs(sum - mean) >= fabs(seen - mean);
	}
	return (double)extreme / (double)((size_t)1 << signs);
}

static void ties_and_zeros_agree_with_signing_in_every_way(void **state)
{
	double d[12];

	for (size_t round = 0; round < 600; round++) {
		size_t n = 1 + round % 12;

		for (size_t i = 0; i < n; i++)
			d[i] = floor(random_unit() * (double)(3 + round % 9)) - 2;
		assert_close(signed_rank_test(d, n), by_enumeration(d, n));
	}
}

/* Dropping the zeros first would rank -1 and -2 lowest of all: 5 of 64 ways would be as small, and p 10 / 64. */
static void zeros_are_ranked(void **state)
{
	static const double d[] = { 0, 0, 0, -1, -2, 3, 4, 5, 6 };

	/* Ranks 4 to 9: a sum of at most 4 + 5 is none, each alone, and these two. */
	assert_close(signed_rank_test(d, COUNT(d)), 16.0 / 64);
}

static void many_ties_do_not_overflow(void **state)
{
	double d[RANK_SAMPLES_MAX];

	for (size_t i = 0; i < RANK_SAMPLES_MAX; i++)
		d[i] = 1;
	assert_close(signed_rank_test(d, RANK_SAMPLES_MAX) * ldexp(1, 49), 1);
	d[7] = -1;
	assert_close(signed_rank_test(d, RANK_SAMPLES_MAX) * ldexp(1, 49), 51);
	for (size_t i = 0; i < RANK_SAMPLES_MAX; i++)
		d[i] = i % 2 ? 1 : -1;
	assert_close(signed_rank_test(d, RANK_SAMPLES_MAX), 1);
	for (size_t i = 0; i < RANK_SAMPLES_MAX; i++)
		d[i] = 0;
	assert_close(signed_rank_test(d, RANK_SAMPLES_MAX), 1);
}

/* A shift strictly inside is not rejected, one strictly outside is. */
static void the_interval_is_the_inverse_of_the_test(void **state)
{
	for (size_t round = 0; round < 100; round++) {
		size_t n = 6 + (size_t)(random_unit() * 44);
		double d[RANK_SAMPLES_MAX], moved[RANK_SAMPLES_MAX];
		struct shift_estimate e;

		for (size_t i = 0; i < n; i++)
			d[i] = random_unit() + 0.3;
		assert_int_equal(signed_rank_estimate(d, n, 0.95, &e), 0);
		assert_true(e.confidence >= 0.95 && e.lo <= e.shift && e.shift <= e.hi && e.n == n && e.m == n);
		for (int side = 0; side < 4; side++) {
			static const double off[] = { 1e-9, -1e-9, -1e-9, 1e-9 };
			double shift = (side < 2 ? e.lo : e.hi) + off[side];

			for (size_t i = 0; i < n; i++)
				moved[i] = d[i] - shift;
			assert_int_equal(signed_rank_test(moved, n) <= 0.05, side % 2);
		}
	}
}

static void agrees_with_a_hand_count(void **state)
{
	static const double d[] = { 1, 2, 4, 11, 20, 50 };
	struct shift_estimate e;

	/* Averages: 1 1.5 2 2.5 3 4 6 6.5 7.5 10.5 (11) 11 12 15.5 20 25.5 26 27 30.5 35 50; at 95% from end to end. */
	assert_int_equal(signed_rank_estimate(d, 6, 0.95, &e), 0);
	assert_close(e.shift, 11);
	assert_close(e.lo, 1);
	assert_close(e.hi, 50);
	assert_close(e.confidence, 1 - 2.0 / 64);
	assert_int_equal(signed_rank_estimate(d, 5, 0.95, &e), 0);
	assert_close(e.shift, 6.5);
	assert_true(isinf(e.lo) && e.lo < 0 && isinf(e.hi) && e.hi > 0);
	assert_close(e.confidence, 1);
}

static void least_p_values(void **state)
{
	assert_close(signed_rank_least_p(1), 1);
	assert_close(signed_rank_least_p(6), 2.0 / 64);
	assert_close(signed_rank_least_p(6), p_of_w(6, 0));
	assert_true(signed_rank_least_p(3000) >= 0 && signed_rank_least_p(3000) < 1e-300);
	assert_true(isnan(signed_rank_least_p(0)));
}

static void a_level_that_is_attained_exactly_rejects(void **state)
{
	size_t tail;

	assert_close(signed_rank_null_level(6, 2.0 / 64, &tail), 2.0 / 64);
	assert_int_equal(tail, 1);
	assert_close(signed_rank_null_level(5, 0.05, &tail), 0);
	assert_int_equal(tail, 0);
}

static void what_is_no_sample_is_refused(void **state)
{
	static double v[RANK_VALUES_MAX + 1];
	double bad[] = { 1, NAN }, endless[] = { 1, -INFINITY };
	struct shift_estimate e;
	size_t tail = 7;

	assert_true(isnan(signed_rank_test(v, 0)));
	assert_true(isnan(signed_rank_test(v, RANK_VALUES_MAX + 1)));
	assert_true(isnan(signed_rank_test(bad, 2)));
	assert_close(signed_rank_test(endless, 2), 1);
	assert_int_equal(signed_rank_estimate(v, 0, 0.95, &e), -EINVAL);
	assert_int_equal(signed_rank_estimate(v, RANK_VALUES_MAX + 1, 0.95, &e), -EINVAL);
	assert_int_equal(signed_rank_estimate(bad, 2, 0.95, &e), -EINVAL);
	assert_int_equal(signed_rank_estimate(endless, 2, 0.95, &e), -EINVAL);
	assert_int_equal(signed_rank_estimate(v, 3, 1, &e), -EINVAL);
	assert_int_equal(signed_rank_estimate(v, 3, NAN, &e), -EINVAL);
	assert_true(isnan(signed_rank_null_level(51, 0.05, &tail)));
	assert_int_equal(tail, 0);
	assert_true(isnan(signed_rank_null_level(5, 1, &tail)));
	assert_true(isnan(signed_rank_null_p(5, 16)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_published_critical_values),
		cmocka_unit_test(agrees_with_a_published_example),
		cmocka_unit_test(ties_and_zeros_agree_with_signing_in_every_way),
		cmocka_unit_test(zeros_are_ranked),
		cmocka_unit_test(many_ties_do_not_overflow),
		cmocka_unit_test(the_interval_is_the_inverse_of_the_test),
		cmocka_unit_test(agrees_with_a_hand_count),
		cmocka_unit_test(least_p_values),
		cmocka_unit_test(a_level_that_is_attained_exactly_rejects),
		cmocka_unit_test(what_is_no_sample_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
