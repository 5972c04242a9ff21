/* SPDX-License-Identifier: MIT */
/* Binomial tails against exact fractions, and the interval against published ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/stats/binomial.h"

static void assert_near(double got, double expected, double relative)
{
	if (!(fabs(got - expected) <= relative * fabs(expected)))
		fail_msg("got %.17g, expected %.17g", got, expected);
}

/* The expected values are sums of fractions, rounded once. */
static void tails_agree_with_fractions(void **state)
{
	assert_near(binomial_at_least(10, 200, 0.05), 0.5452901913191807, 1e-11);
	assert_near(binomial_at_least(17, 200, 0.05), 0.023799459747172753, 1e-11);
	assert_near(binomial_at_least(18, 200, 0.05), 0.012089443730889564, 1e-11);
	assert_near(binomial_at_least(60, 200, 0.05), 5.2823892537399164e-30, 1e-10);
	assert_near(binomial_at_least(7, 40, 0.05), 0.0033918975779359812, 1e-11);
	assert_near(binomial_at_least(2, 2, 0.5), 0.25, 1e-12);
	assert_near(binomial_at_least(0, 7, 0.3), 1, 1e-12);
}

static void ends_are_exact(void **state)
{
	assert_true(binomial_at_least(0, 5, 0) == 1);
	assert_true(binomial_at_least(1, 5, 0) == 0);
	assert_true(binomial_at_least(5, 5, 1) == 1);
	assert_true(binomial_at_least(6, 5, 1) == 0);
	assert_true(binomial_at_least(0, 0, 0.5) == 1);
}

/* W. J. Conover's example, 682 plants of 925, as R's binom.test prints it; and 3 of 10. */
static void intervals_agree_with_published_ones(void **state)
{
	double lo, hi;

	binomial_interval(682, 925, 0.95, &lo, &hi);
	assert_near(lo, 0.7076683, 1e-7);
	assert_near(hi, 0.7654066, 1e-7);
	binomial_interval(3, 10, 0.95, &lo, &hi);
	assert_near(lo, 0.06673951, 1e-7);
	assert_near(hi, 0.65245285, 1e-7);
}

/* With none of n, and with all, the interval has a closed form. */
static void intervals_at_the_ends(void **state)
{
	double lo, hi;

	binomial_interval(0, 200, 0.95, &lo, &hi);
	assert_true(lo == 0);
	assert_near(hi, 1 - pow(0.025, 1.0 / 200), 1e-9);
	binomial_interval(40, 40, 0.95, &lo, &hi);
	assert_near(lo, pow(0.025, 1.0 / 40), 1e-9);
	assert_true(hi == 1);
	binomial_interval(0, 0, 0.95, &lo, &hi);
	assert_true(lo == 0 && hi == 1);
}

/* At its own ends, what was seen is as improbable as the confidence says. */
static void intervals_invert_the_tails(void **state)
{
	for (uint64_t k = 1; k < 40; k += 3) {
		double lo, hi;

		binomial_interval(k, 40, 0.9, &lo, &hi);
		assert_near(binomial_at_least(k, 40, lo), 0.05, 1e-9);
		assert_near(1 - binomial_at_least(k + 1, 40, hi), 0.05, 1e-9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails_agree_with_fractions),
		cmocka_unit_test(ends_are_exact),
		cmocka_unit_test(intervals_agree_with_published_ones),
		cmocka_unit_test(intervals_at_the_ends),
		cmocka_unit_test(intervals_invert_the_tails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
