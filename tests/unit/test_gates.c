/* SPDX-License-Identifier: MIT */
/* The gates: each limit from both sides, and that what is unknown closes none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/cell/gates.h"

static const struct gates_input unknown = {
	.core_to_core_before_ns = NAN, .core_to_core_after_ns = NAN, .witness_gap_frac = NAN, .probe_gap_frac = NAN,
	.cpu_lost_frac = NAN, .full_concurrency = NAN, .migrations = -1,
};

static void check(const struct gates_input *input, const char *expected)
{
	char codes[GATE_CODES_BYTES];

	memset(codes, 'x', sizeof(codes));
	gates_judge(input, codes);
	assert_string_equal(codes, expected);
}

static void test_what_is_unknown_closes_no_gate(void **state)
{
	check(&unknown, "");
}

static void test_each_flag_has_its_code(void **state)
{
	struct gates_input input = unknown;

	input.section_off = true;
	check(&input, "section");
	input = unknown;
	input.clock_doubtful = true;
	check(&input, "clock");
	input = unknown;
	input.oversubscribed = true;
	check(&input, "oversubscribed");
	input = unknown;
	input.bystander_missed = true;
	check(&input, "bystander");
}

static void test_shares_have_limits(void **state)
{
	static const struct {
		size_t offset;
		double open, closed;
		const char *code;
	} cases[] = {
		{ offsetof(struct gates_input, witness_gap_frac), 0.05, 0.0501, "gaps" },
		{ offsetof(struct gates_input, probe_gap_frac), 0.05, 0.0501, "gaps" },
		{ offsetof(struct gates_input, cpu_lost_frac), 0.02, 0.0201, "cpu-lost" },
		{ offsetof(struct gates_input, full_concurrency), 0.95, 0.9499, "concurrency" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gates_input input = unknown;
		double *value = (double *)((char *)&input + cases[i].offset);

		*value = cases[i].open;
		check(&input, "");
		*value = cases[i].closed;
		check(&input, cases[i].code);
	}
}

static void test_a_pinned_thread_does_not_move(void **state)
{
	struct gates_input input = unknown;

	input.migrations = 0;
	check(&input, "");
	input.migrations = 1;
	check(&input, "migrated");
}

static void test_core_to_core_may_differ_by_half(void **state)
{
	static const struct {
		double before, after;
		bool differs;
	} cases[] = {
		{ 100, 150, false }, { 150, 100, false }, { 100, 151, true }, { 151, 100, true },
		{ 0, 200, false },   { 200, 0, false },   { 60, 60, false },  { NAN, 60, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gates_input input = unknown;

		input.core_to_core_before_ns = cases[i].before;
		input.core_to_core_after_ns = cases[i].after;
		assert_int_equal(gates_core_to_core_differs(cases[i].before, cases[i].after), cases[i].differs);
		check(&input, cases[i].differs ? "core-to-core" : "");
	}
}

static void test_all_at_once_have_room(void **state)
{
	const struct gates_input all = {
		.section_off = true, .clock_doubtful = true, .oversubscribed = true, .bystander_missed = true,
		.core_to_core_before_ns = 10, .core_to_core_after_ns = 100, .witness_gap_frac = 1, .probe_gap_frac = 1,
		.verified = true, .cpu_lost_frac = 1, .full_concurrency = 0, .migrations = 7,
	};

	check(&all, "section clock oversubscribed bystander core-to-core gaps cpu-lost migrated concurrency verified");
}

static void test_codes_can_be_added(void **state)
{
	char codes[16] = "";

	assert_int_equal(gates_append(codes, sizeof(codes), "gaps"), 0);
	assert_int_equal(gates_append(codes, sizeof(codes), "gap"), 0);
	assert_string_equal(codes, "gaps gap");
	/* Once is enough. */
	assert_int_equal(gates_append(codes, sizeof(codes), "gaps"), 0);
	assert_int_equal(gates_append(codes, sizeof(codes), "gap"), 0);
	assert_string_equal(codes, "gaps gap");
	assert_int_equal(gates_append(codes, sizeof(codes), "sevenn7"), -ENOSPC);
	assert_string_equal(codes, "gaps gap");
	assert_int_equal(gates_append(codes, sizeof(codes), "six_66"), 0);
	assert_string_equal(codes, "gaps gap six_66");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_unknown_closes_no_gate),
		cmocka_unit_test(test_each_flag_has_its_code),
		cmocka_unit_test(test_shares_have_limits),
		cmocka_unit_test(test_a_pinned_thread_does_not_move),
		cmocka_unit_test(test_core_to_core_may_differ_by_half),
		cmocka_unit_test(test_all_at_once_have_room),
		cmocka_unit_test(test_codes_can_be_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
