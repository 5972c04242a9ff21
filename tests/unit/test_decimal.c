/* SPDX-License-Identifier: MIT */
/* Numbers are read as strtod() reads them, to the last bit; and what the writer would not write is none. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/files/decimal.h"

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void expect_same(const char *text)
{
	double expected = strtod(text, NULL);
	double value = 4711;

	assert_int_equal(decimal_parse(text, strlen(text), &value), 0);
	if (memcmp(&value, &expected, sizeof(value)))
		fail_msg("%s: %a, not %a", text, value, expected);
}

static void doubles_come_back(void **unused)
{
	static const char *const formats[] = { "%.9g", "%.15g", "%.16g", "%.17g", "%.19g", "%.25g" };
	char text[64];

	for (int i = 0; i < 300000; i++) {
		uint64_t bits = next_random();
		double value;

		/* Half of them of sizes that are measured, half of any. */
		if (i % 2) {
			value = (double)(bits >> 11) / (double)(1 + (next_random() & 0xfffff));
		} else {
			bits &= ~(UINT64_C(1) << 62);
			memcpy(&value, &bits, sizeof(value));
			if (value != value)
				continue;
		}
		snprintf(text, sizeof(text), formats[i % 6], value);
		expect_same(text);
	}
}

static void digits_and_powers_agree(void **unused)
{
	char text[64];

	for (int i = 0; i < 300000; i++) {
		uint64_t digits = next_random() >> (next_random() % 64);

		snprintf(text, sizeof(text), "%s%" PRIu64 "e%d", i % 3 ? "" : "-", digits, (int)(next_random() % 70) - 35);
		expect_same(text);
	}
}

/* Halfway between two doubles, and one digit to either side. */
static void ties_agree(void **unused)
{
	char text[64];

	for (int i = 0; i < 100000; i++) {
		uint64_t half = ((UINT64_C(1) << 53 | next_random() >> 11) << 1 | 1) << (next_random() % 9);

		snprintf(text, sizeof(text), "%" PRIu64, half);
		expect_same(text);
		snprintf(text, sizeof(text), "%" PRIu64 "e-3", half);
		expect_same(text);
		snprintf(text, sizeof(text), "%" PRIu64, half - 1);
		expect_same(text);
		snprintf(text, sizeof(text), "%" PRIu64 ".0001", half);
		expect_same(text);
	}
	expect_same("9007199254740993");
	expect_same("9007199254740992.999999");
	expect_same("0.1");
	expect_same("0");
	expect_same("-0");
	expect_same("000000000000000000000000000001.5");
	expect_same("18446744073709551615");
	expect_same("9999999999999999999");
	expect_same("0.000000000000000000000000000000000001");
	expect_same("4.9e-324");
	expect_same("1e-400");
	expect_same("1.7976931348623157e308");
}

static void what_is_no_number_is_refused(void **unused)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", ".5", "1.", "1e", "1e+", "1e1234", "nan", "inf", "-inf", "0x10", "1,5", "--1",
					   "-", "1.5.2", "1E5", "one" };
	char zeros[1200];
	double value;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decimal_parse(bad[i], strlen(bad[i]), &value) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	}
	assert_int_equal(decimal_parse("1e999", 5, &value), -ERANGE);
	memset(zeros, '0', sizeof(zeros));
	assert_int_equal(decimal_parse(zeros, 1000, &value), 0);
	assert_int_equal(decimal_parse(zeros, 1001, &value), -EINVAL);
	/* No more than was given. */
	assert_int_equal(decimal_parse("12345", 2, &value), 0);
	assert_true(value == 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_come_back),
		cmocka_unit_test(digits_and_powers_agree),
		cmocka_unit_test(ties_agree),
		cmocka_unit_test(what_is_no_number_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
