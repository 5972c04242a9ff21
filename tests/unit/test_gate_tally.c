/* SPDX-License-Identifier: MIT */
/* Gates by code: every row once in the sum, and once for each of its codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bench/run/gate_tally.h"

static void add(struct gate_tally *tally, const char *gate, const char *codes)
{
	json_t *summary = json_pack("{s:s, s:s}", "gate", gate, "gate_codes", codes);

	gate_tally_add(tally, summary);
	json_decref(summary);
}

static void expect(const struct gate_tally *tally, const char *line)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	gate_tally_print(tally, out);
	fclose(out);
	assert_string_equal(text, line);
	free(text);
}

static void test_rows_and_codes_are_counted(void **state)
{
	struct gate_tally tally = { 0 };

	add(&tally, "pass", "");
	add(&tally, "warn", "gaps");
	add(&tally, "warn", "core-to-core gaps");
	add(&tally, "warn", "core-to-core-moved");
	add(&tally, "warn", "gaps cpu-lost core-to-core-moved");
	expect(&tally, "Gates: 4 of 5 rows are to be trusted less: gaps 3, core-to-core-moved 2, core-to-core 1, cpu-lost 1 (gate_codes in summary.csv)\n");
}

static void test_nothing_is_said_of_good_rows(void **state)
{
	struct gate_tally tally = { 0 };

	expect(&tally, "");
	add(&tally, "pass", "");
	expect(&tally, "");
	assert_int_equal(tally.rows, 1);
}

static void test_what_was_not_measured_is_no_row(void **state)
{
	struct gate_tally tally = { 0 };
	json_t *empty = json_object();

	gate_tally_add(&tally, NULL);
	gate_tally_add(&tally, empty);
	json_decref(empty);
	assert_int_equal(tally.rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_and_codes_are_counted),
		cmocka_unit_test(test_nothing_is_said_of_good_rows),
		cmocka_unit_test(test_what_was_not_measured_is_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
