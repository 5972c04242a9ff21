/* SPDX-License-Identifier: MIT */
/*
 * Service times: each distribution is what it says.  Seeds are fixed, so that the
 * tolerances, five standard errors, are met always or never.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hba_sim/devices/service_time.h"

#define DRAWS 400000

static void test_fixed_is_fixed_and_draws_nothing(void **state)
{
	const struct service_time time = { .kind = SERVICE_FIXED, .first = 12345, .second = 1, .rare = 1 };
	uint64_t rng = 1;

	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(service_time_draw(&time, &rng), 12345);
	assert_int_equal(rng, 1);
}

static void check_exponential(double mean, uint64_t seed)
{
	const struct service_time time = { .kind = SERVICE_EXPONENTIAL, .first = (uint64_t)mean };
	const double error = 5 / sqrt(DRAWS);
	double sum = 0, squares = 0;
	unsigned beyond[4] = { 0 };
	uint64_t rng = seed;

	for (unsigned i = 0; i < DRAWS; i++) {
		double x = (double)service_time_draw(&time, &rng);

		sum += x;
		squares += x * x;
		for (unsigned k = 0; k < 4; k++)
			beyond[k] += x > (k + 1) * mean;
	}
	/* Draws are cut to whole ticks, half a tick each; the standard deviation is the mean. */
	assert_true(fabs(sum / DRAWS + 0.5 - mean) < mean * error);
	/* The second moment is twice the mean's square, with a standard error of sqrt(20) of that square. */
	assert_true(fabs(squares / DRAWS / (mean * mean) - 2) < sqrt(20) * error + 2 / mean);
	for (unsigned k = 0; k < 4; k++)
		assert_true(fabs(beyond[k] / (double)DRAWS - exp(-(k + 1.0))) < error / 2);
}

static void test_exponential_has_its_mean_and_its_tail(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		check_exponential(1000, seed);
		check_exponential(50000000, seed);
	}
}

static void test_exponential_of_nothing_is_nothing(void **state)
{
	const struct service_time time = { .kind = SERVICE_EXPONENTIAL, .first = 0 };
	uint64_t rng = 3;

	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(service_time_draw(&time, &rng), 0);
}

static void check_bimodal(double rare, uint64_t seed)
{
	const struct service_time time = { .kind = SERVICE_BIMODAL, .first = 5, .second = 200, .rare = rare };
	uint64_t rng = seed;
	unsigned seconds = 0;

	for (unsigned i = 0; i < DRAWS; i++) {
		uint64_t x = service_time_draw(&time, &rng);

		assert_true(x == 5 || x == 200);
		seconds += x == 200;
	}
	assert_true(fabs(seconds / (double)DRAWS - rare) <= 5 * sqrt(rare * (1 - rare) / DRAWS));
}

static void test_bimodal_has_its_share_of_the_rare(void **state)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		check_bimodal(0, seed);
		check_bimodal(0.01, seed);
		check_bimodal(0.5, seed);
		check_bimodal(1, seed);
	}
}

/* The generator's published test values: seed 1234567, the first five outputs. */
static void test_splitmix64_is_splitmix64(void **state)
{
	static const uint64_t expected[] = {
		UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431), UINT64_C(16408922859458223821),
	};
	uint64_t rng = 1234567;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_true(splitmix64(&rng) == expected[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_is_fixed_and_draws_nothing),
		cmocka_unit_test(test_exponential_has_its_mean_and_its_tail),
		cmocka_unit_test(test_exponential_of_nothing_is_nothing),
		cmocka_unit_test(test_bimodal_has_its_share_of_the_rare),
		cmocka_unit_test(test_splitmix64_is_splitmix64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
