/* SPDX-License-Identifier: MIT */
/* Numbers, against what printf makes of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "bench/compare/fixed.h"
#include "hba_sim/devices/service_time.h"

#define ROUNDS 200000

static void check(double value)
{
	char text[512], expected[512];

	for (unsigned decimals = 0; decimals <= 6; decimals++) {
		int length = snprintf(expected, sizeof(expected), "%.*f", (int)decimals, value);

		assert_int_equal(fixed_print(text, sizeof(text), value, decimals), length);
		assert_string_equal(text, expected);
	}
	assert_int_equal(fixed_print_power(text, sizeof(text), value), snprintf(expected, sizeof(expected), "%.1e", value));
	assert_string_equal(text, expected);
}

static void any_number(void **state)
{
	uint64_t random = 1;

	for (size_t i = 0; i < ROUNDS; i++) {
		double unit = ldexp((double)(splitmix64(&random) >> 11), -53);

		check(pow(10, 34 * unit - 24));
	}
}

/* Exactly between two, and as near to that as there is. */
static void halves(void **state)
{
	for (int i = 0; i < 5000; i++) {
		double half = (i + 0.5) / 8, tenths = (i + 0.5) / 1000, power = (i % 1000 + 0.5) * pow(10, -2 - i % 19);

		check(half);
		check(nextafter(half, 0));
		check(nextafter(half, INFINITY));
		check(tenths);
		check(nextafter(tenths, 0));
		check(nextafter(tenths, INFINITY));
		check(power);
		check(nextafter(power, 0));
		check(nextafter(power, 1));
	}
}

static void what_is_rare(void **state)
{
	static const double rare[] = { 0, -0.0, -1.5, 0.99951, 0.9949999, 9.95e-4, 9.949999e-4, 9.95e-21, 1e-22, 1e-300, 5e-324, 1, 10,
				       4503599627370495.5, 4503599627370497, 1e22, 1e300, INFINITY, -INFINITY, NAN };

	for (size_t i = 0; i < sizeof(rare) / sizeof(*rare); i++)
		check(rare[i]);
}

static void counts(void **state)
{
	static const size_t count[] = { 0, 9, 10, 50, 100, 4294967296, SIZE_MAX };
	char text[32], expected[32];

	for (size_t i = 0; i < sizeof(count) / sizeof(*count); i++) {
		assert_int_equal(fixed_print_count(text, sizeof(text), count[i]), snprintf(expected, sizeof(expected), "%zu", count[i]));
		assert_string_equal(text, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number),
		cmocka_unit_test(halves),
		cmocka_unit_test(what_is_rare),
		cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
