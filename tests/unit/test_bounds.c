/* SPDX-License-Identifier: MIT */
/* The bounds on waiting, on made-up numbers: their formulas, and what counts as held, exceeded, or not to be told. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/cell/bounds.h"

/* Four CPUs, a longest section of 1000 ns, acquisitions from 20 ns on and usually of 50. */
static struct bounds_input example(void)
{
	return (struct bounds_input){
		.cpus = 4,
		.promised = true,
		.held_max_ns = 1000,
		.call = { .n = 100, .worst_ns = 2500, .acquire_min_ns = 20, .acquire_median_ns = 50 },
		.isr = { .n = 100, .worst_ns = 5000, .acquire_min_ns = 10, .acquire_median_ns = 40 },
	};
}

static void sections_ahead_make_the_bounds(void **state)
{
	static const struct {
		unsigned cpus;
		uint64_t call, isr;
	} cases[] = { { 1, 0, 1000 }, { 2, 1000, 3000 }, { 4, 3000, 7000 }, { 64, 63000, 127000 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bounds_input input = example();
		struct bounds bounds;

		input.cpus = cases[i].cpus;
		bounds_judge(&input, &bounds);
		assert_int_equal(bounds.call.bound_ns, cases[i].call);
		assert_int_equal(bounds.isr.bound_ns, cases[i].isr);
	}
}

static enum bound_verdict call_verdict(const struct bounds_input *input, uint64_t worst_ns)
{
	struct bounds_input other = *input;
	struct bounds bounds;

	other.call.worst_ns = worst_ns;
	bounds_judge(&other, &bounds);
	return bounds.call.verdict;
}

static enum bound_verdict isr_verdict(const struct bounds_input *input, uint64_t worst_ns)
{
	struct bounds_input other = *input;
	struct bounds bounds;

	other.isr.worst_ns = worst_ns;
	bounds_judge(&other, &bounds);
	return bounds.isr.verdict;
}

/* The cheapest acquisition is allowed for; a typical one for each CPU is what handing over may take. */
static void the_verdict_follows_the_worst_wait(void **state)
{
	const struct bounds_input input = example();

	assert_int_equal(call_verdict(&input, 20), BOUND_HELD);
	assert_int_equal(call_verdict(&input, 3020), BOUND_HELD);
	assert_int_equal(call_verdict(&input, 3021), BOUND_UNDECIDED);
	assert_int_equal(call_verdict(&input, 3200), BOUND_UNDECIDED);
	assert_int_equal(call_verdict(&input, 3201), BOUND_EXCEEDED);
	assert_int_equal(isr_verdict(&input, 7010), BOUND_HELD);
	assert_int_equal(isr_verdict(&input, 7160), BOUND_UNDECIDED);
	assert_int_equal(isr_verdict(&input, 7161), BOUND_EXCEEDED);
}

/* Time that others took is no proof against the back end; what holds all the same, holds. */
static void a_disturbed_run_exceeds_nothing(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct bounds_input input = example();

		input.disturbed = i == 0;
		input.interfered = i == 1;
		assert_int_equal(call_verdict(&input, 1000000), BOUND_UNDECIDED);
		assert_int_equal(isr_verdict(&input, 1000000), BOUND_UNDECIDED);
		assert_int_equal(call_verdict(&input, 3000), BOUND_HELD);
	}
}

static void alone_a_call_has_nobody_to_wait_for(void **state)
{
	struct bounds_input input = example();

	input.cpus = 1;
	assert_int_equal(call_verdict(&input, 1000000), BOUND_UNDECIDED);
	assert_int_equal(call_verdict(&input, 0), BOUND_UNDECIDED);
	assert_int_equal(isr_verdict(&input, 1010), BOUND_HELD);
	assert_int_equal(isr_verdict(&input, 1051), BOUND_EXCEEDED);
}

static void without_a_promise_there_is_starvation_only(void **state)
{
	struct bounds_input input = example();
	struct bounds bounds;

	input.promised = false;
	bounds_judge(&input, &bounds);
	assert_int_equal(bounds.call.bound_ns, 0);
	assert_int_equal(bounds.isr.bound_ns, 0);
	assert_int_equal(bounds.call.verdict, BOUND_UNDECIDED);
	assert_int_equal(bounds.isr.verdict, BOUND_UNDECIDED);
	assert_true(bounds.call.starvation == 2.5);
	assert_true(bounds.isr.starvation == 5);
}

static void what_was_never_seen_is_not_judged(void **state)
{
	struct bounds_input input = example();
	struct bounds bounds;

	input.call.n = input.isr.n = 0;
	bounds_judge(&input, &bounds);
	assert_int_equal(bounds.call.verdict, BOUND_UNDECIDED);
	assert_int_equal(bounds.isr.verdict, BOUND_UNDECIDED);
	assert_true(isnan(bounds.call.starvation));
	input = example();
	input.held_max_ns = 0;
	bounds_judge(&input, &bounds);
	assert_true(isnan(bounds.call.starvation));
	assert_int_equal(bounds.call.verdict, BOUND_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_ahead_make_the_bounds),
		cmocka_unit_test(the_verdict_follows_the_worst_wait),
		cmocka_unit_test(a_disturbed_run_exceeds_nothing),
		cmocka_unit_test(alone_a_call_has_nobody_to_wait_for),
		cmocka_unit_test(without_a_promise_there_is_starvation_only),
		cmocka_unit_test(what_was_never_seen_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
