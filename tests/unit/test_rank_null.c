/* SPDX-License-Identifier: MIT */
/* The tails of the Mann-Whitney test against published critical values, and against the test itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/stats/rank_null.h"

static void assert_close(double got, double expected)
{
	if (fabs(got - expected) > 1e-12 * (1 + fabs(expected)))
		fail_msg("got %.17g, expected %.17g", got, expected);
}

/* The usual textbook tables' critical values: the tail is one more. */
static void agrees_with_published_critical_values(void **state)
{
	static const struct {
		size_t n, m;
		double alpha;
		size_t critical;
	} table[] = {
		{ 4, 4, 0.05, 0 }, { 5, 5, 0.05, 2 }, { 6, 6, 0.05, 5 }, { 7, 7, 0.05, 8 }, { 5, 10, 0.05, 8 }, { 9, 15, 0.05, 34 },
		{ 12, 12, 0.05, 37 }, { 15, 20, 0.05, 90 }, { 20, 20, 0.05, 127 }, { 6, 6, 0.01, 2 }, { 20, 20, 0.01, 105 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t tail, swapped;
		double level = rank_null_level(table[i].n, table[i].m, table[i].alpha, &tail);

		assert_int_equal(tail, table[i].critical + 1);
		assert_true(level > 0 && level <= table[i].alpha);
		assert_close(rank_null_level(table[i].m, table[i].n, table[i].alpha, &swapped), level);
		assert_int_equal(swapped, tail);
	}
}

/* Mann's and Whitney's own table of P(U <= u), doubled. */
static void attains_the_published_levels(void **state)
{
	size_t tail;

	assert_close(rank_null_level(6, 6, 0.05, &tail), 38.0 / 924);
	assert_close(rank_null_level(4, 4, 0.05, &tail), 2.0 / 70);
	assert_close(rank_null_level(3, 3, 0.1, &tail), 0.1);
	assert_int_equal(tail, 1);
	assert_close(rank_null_level(3, 3, 0.05, &tail), 0);
	assert_int_equal(tail, 0);
	assert_close(rank_null_level(1, 1, 0.05, &tail), 0);
}

/* What is just in the tail is rejected at alpha, by the p value that is the level, and the next one is not. */
static void agrees_with_the_test(void **state)
{
	for (size_t n = 2; n <= RANK_SAMPLES_MAX; n += 6) {
		for (size_t m = n; m <= RANK_SAMPLES_MAX; m += 11) {
			double a[RANK_SAMPLES_MAX], b[RANK_SAMPLES_MAX], level;
			size_t tail, u;

			level = rank_null_level(n, m, 0.05, &tail);
			if (!tail)
				continue;
			u = tail - 1;
			for (size_t j = 0; j < m; j++)
				b[j] = 1000.0 * (double)(j + 1);
			for (size_t i = 0; i < n; i++) {
				size_t passed = u < m ? u : m;

				u -= passed;
				a[i] = 1000.0 * (double)passed + 500.0 - (double)i;
			}
			assert_close(rank_mann_whitney(a, n, b, m), level);
		}
	}
}

/* P(U <= u) of four against four: 1 2 4 7 12 17 24 31 of 70, then the other half. */
static void p_values_are_those_of_a_hand_count(void **state)
{
	static const double upto[] = { 1, 2, 4, 7, 12, 17, 24, 31 };

	for (size_t u = 0; u < 8; u++) {
		assert_close(rank_null_p(4, 4, u), 2 * upto[u] / 70);
		assert_close(rank_null_p(4, 4, 16 - u), 2 * upto[u] / 70);
	}
	assert_close(rank_null_p(4, 4, 8), 1);
	assert_close(rank_null_p(1, 2, 1), 1);
	assert_true(isnan(rank_null_p(4, 4, 17)));
	assert_true(isnan(rank_null_p(0, 4, 0)));
	assert_true(isnan(rank_null_p(4, 51, 0)));
}

static void least_p_values(void **state)
{
	for (size_t n = 1; n <= RANK_SAMPLES_MAX; n++)
		for (size_t m = 1; m <= RANK_SAMPLES_MAX; m += 7)
			assert_true(fabs(rank_least_p(n, m) / rank_null_p(n, m, 0) - 1) < 1e-12);
	assert_close(rank_least_p(6, 6), 2.0 / 924);
	assert_true(rank_least_p(1000, 1000) >= 0 && rank_least_p(1000, 1000) < 1e-300);
	assert_true(isnan(rank_least_p(0, 3)));
	assert_true(isnan(rank_least_p(3, 0)));
}

static void what_is_no_test_is_nan(void **state)
{
	size_t tail = 7;

	assert_true(isnan(rank_null_level(0, 3, 0.05, &tail)));
	assert_int_equal(tail, 0);
	assert_true(isnan(rank_null_level(3, RANK_SAMPLES_MAX + 1, 0.05, &tail)));
	assert_true(isnan(rank_null_level(3, 3, 0, &tail)));
	assert_true(isnan(rank_null_level(3, 3, 1, &tail)));
	assert_true(isnan(rank_null_level(3, 3, NAN, &tail)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_published_critical_values),
		cmocka_unit_test(attains_the_published_levels),
		cmocka_unit_test(agrees_with_the_test),
		cmocka_unit_test(p_values_are_those_of_a_hand_count),
		cmocka_unit_test(least_p_values),
		cmocka_unit_test(what_is_no_test_is_nan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
