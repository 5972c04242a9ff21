/* SPDX-License-Identifier: MIT */
/* How many more would decide, against cases counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/stats/sample_size.h"

/* Of base against cand values, with an interval of so much confidence, of so many tests. */
#define QUESTION(base, cand, sure, count, ...) \
	(struct sample_size_question){ .n = base, .m = cand, .confidence = sure, .alpha = 0.05, .tests = count, __VA_ARGS__ }

static uint64_t more(struct sample_size_question question)
{
	struct sample_size_answer answer = sample_size_more(&question);

	assert_false(answer.only_attainable);
	return answer.more;
}

/* 0.08 sqrt(6 / N) < 0.10 - 0.05: N > 15.36 */
static void until_the_near_end_is_beyond_the_floor(void **state)
{
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.10, .lo = 0.02, .hi = 0.18, .floor = 0.05)), 10);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = -0.10, .lo = -0.18, .hi = -0.02, .floor = 0.05)), 10);
	/* The far end does not matter. */
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.10, .lo = 0.02, .hi = 9, .floor = 0.05)), 10);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = -0.10, .lo = -9, .hi = -0.02, .floor = 0.05)), 10);
	assert_int_equal(more(QUESTION(6, 0, 0.95, 1, .paired = true, .estimate = 0.10, .lo = 0.02, .hi = 0.18, .floor = 0.05)), 10);
}

/* 0.04 sqrt(6 / N) <= 0.03 - 0.01 at the upper end, 0.06 sqrt(6 / N) <= 0.04 at the lower one: 24, and 13.5 */
static void until_both_ends_are_within_the_floor(void **state)
{
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.01, .lo = -0.05, .hi = 0.05, .floor = 0.03)), 18);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = -0.01, .lo = -0.05, .hi = 0.05, .floor = 0.03)), 18);
	/* How many tests there are does not matter: the interval alone shows it. */
	assert_int_equal(more(QUESTION(6, 6, 0.95, 100000, .estimate = 0.01, .lo = -0.05, .hi = 0.05, .floor = 0.03)), 18);
}

/* A hundred tests need 2 / 2^N <= 0.0005, N = 12, or 2 / (2 N choose N) <= 0.0005, N = 8. */
static void until_the_test_can_attain_alpha(void **state)
{
	assert_int_equal(more(QUESTION(6, 6, 0.95, 100, .paired = true, .estimate = 1, .lo = 0.9, .hi = 1.1, .floor = 0.01)), 6);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 100, .estimate = 1, .lo = 0.9, .hi = 1.1, .floor = 0.01)), 2);
}

/*
 * Two-sided normal quantiles: 1.960 at 0.05, 3.481 at 0.0005. 0.08 sqrt(6 / N) 3.481 / 1.960 <= 0.1: N >= 12.11.
 * An interval of 90% is 1.645 wide: N >= 17.19.
 */
static void until_many_tests_leave_it_significant(void **state)
{
	assert_int_equal(more(QUESTION(6, 6, 0.95, 100, .estimate = 0.1, .lo = 0.02, .hi = 0.18)), 7);
	assert_int_equal(more(QUESTION(6, 6, 0.9, 100, .estimate = 0.1, .lo = 0.02, .hi = 0.18)), 12);
}

/* sqrt((1 / (4 + x) + 1 / (12 + x)) / (1 / 3)) < 1 / 2: 1 / 21 + 1 / 29 is less than 1 / 12, 1 / 20 + 1 / 28 is not. */
static void of_sides_that_are_not_alike(void **state)
{
	assert_int_equal(more(QUESTION(4, 12, 0.95, 1, .estimate = 0.2, .lo = 0, .hi = 0.4, .floor = 0.1)), 17);
	assert_int_equal(more(QUESTION(12, 4, 0.95, 1, .estimate = 0.2, .lo = 0, .hi = 0.4, .floor = 0.1)), 17);
}

/* 2 / 20 of three against three, 2 / 70 of four against four. */
static void an_endless_interval_tells_only_what_is_attainable(void **state)
{
	struct sample_size_answer answer;

	answer = sample_size_more(&QUESTION(3, 3, 1, 1, .estimate = 1, .lo = -INFINITY, .hi = INFINITY));
	assert_true(answer.only_attainable);
	assert_int_equal(answer.more, 1);
	answer = sample_size_more(&QUESTION(5, 6, 1, 1, .paired = true, .estimate = 1, .lo = -INFINITY, .hi = INFINITY));
	assert_true(answer.only_attainable);
	assert_int_equal(answer.more, 1);
}

/* 0.08 sqrt(6 / N) < d: N > 6 (0.08 / d)^2, which is 1000 at d = 0.0061968. */
static void what_takes_more_than_anyone_runs_is_hopeless(void **state)
{
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.0562, .lo = -0.0238, .hi = 0.1362, .floor = 0.05)), 993);
	/* 1000 more would be enough. */
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.05618, .lo = -0.02382, .hi = 0.13618, .floor = 0.05)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.0561, .lo = -0.0239, .hi = 0.1361, .floor = 0.05)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0.05, .lo = -0.03, .hi = 0.13, .floor = 0.05)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 0, .lo = -0.03, .hi = 0.13)), 0);
}

static void what_cannot_be_told_is_0(void **state)
{
	assert_int_equal(more(QUESTION(0, 6, 0.95, 1, .estimate = 1, .lo = 0.5, .hi = 1.5)), 0);
	assert_int_equal(more(QUESTION(6, 0, 0.95, 1, .estimate = 1, .lo = 0.5, .hi = 1.5)), 0);
	assert_int_equal(more(QUESTION(6, 1000, 0.95, 1, .estimate = 1, .lo = 0.5, .hi = 1.5)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = NAN, .lo = 0.5, .hi = 1.5)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 1, .lo = NAN, .hi = 1.5)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 1, .lo = 0.5, .hi = NAN)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 1, .lo = 0.5, .hi = 1.5, .floor = NAN)), 0);
	assert_int_equal(more(QUESTION(6, 6, 0.95, 1, .estimate = 1, .lo = 0.5, .hi = 1.5)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until_the_near_end_is_beyond_the_floor),
		cmocka_unit_test(until_both_ends_are_within_the_floor),
		cmocka_unit_test(until_the_test_can_attain_alpha),
		cmocka_unit_test(until_many_tests_leave_it_significant),
		cmocka_unit_test(of_sides_that_are_not_alike),
		cmocka_unit_test(an_endless_interval_tells_only_what_is_attainable),
		cmocka_unit_test(what_takes_more_than_anyone_runs_is_hopeless),
		cmocka_unit_test(what_cannot_be_told_is_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
