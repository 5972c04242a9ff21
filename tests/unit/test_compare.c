/* SPDX-License-Identifier: MIT */
/* Comparing cells, on runs that are made up: what was planted is found, and what was not is not. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/compare/compare.h"
#include "bench/compare/judge.h"
#include "bench/run_data/run_join.h"

#define CELLS 64
#define ROWS 2048

/* A run in the making: cells in the order in which they are added, each with its rows behind it. */
static struct made {
	struct run_data data;
	struct run_cell cell[CELLS];
	struct run_row row[ROWS];
	double value[ROWS];
	const struct figure *figure[1];
} made;

static uint64_t random_state;

static double uniform(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

/* Logarithms within half a percent or so. */
static double noise(double share)
{
	return exp(share * (uniform() + uniform() + uniform() - 1.5));
}

static void begin(const char *figure)
{
	memset(&made, 0, sizeof(made));
	made.figure[0] = figure_find(figure);
	made.data = (struct run_data){
		.cell = made.cell, .row = made.row, .value = made.value, .figures = 1, .figure = made.figure,
	};
	random_state = 1;
}

static struct run_cell *add_cell(const char *backend)
{
	struct run_cell *cell = &made.cell[made.data.cells++];

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell->key[k] = "";
	cell->cell_id = "";
	cell->key[RUN_KEY_BACKEND] = backend;
	cell->key[RUN_KEY_HOST_ID] = "host";
	cell->key[RUN_KEY_BUILD_ID] = "build";
	cell->key[RUN_KEY_RUN] = "run";
	return cell;
}

static struct run_row *add_row(uint64_t block, double value)
{
	struct run_row *row = &made.row[made.data.rows];

	made.value[made.data.rows++] = value;
	*row = (struct run_row){ (uint32_t)made.data.cells - 1, (uint32_t)block, block, "ok", "", "" };
	return row;
}

/* A cell of n blocks around a centre, each block with a noise of its own. */
static struct run_cell *add(const char *backend, unsigned n, double centre, double share)
{
	struct run_cell *cell = add_cell(backend);

	for (unsigned i = 1; i <= n; i++)
		add_row(i, centre * noise(share));
	return cell;
}

static struct comparisons compare_with(const struct compare_options *options)
{
	struct comparisons all;
	char error[512];

	assert_int_equal(compare_cells(&all, &made.data, options, error, sizeof(error)), 0);
	return all;
}

static struct comparisons compare(void)
{
	struct compare_options options;

	compare_options_init(&options);
	return compare_with(&options);
}

static void refuse(const struct compare_options *options, int status, const char *says)
{
	struct comparisons all;
	char error[512] = "";

	assert_int_equal(compare_cells(&all, &made.data, options, error, sizeof(error)), status);
	assert_non_null(strstr(error, says));
	assert_null(all.comparison);
}

static void test_a_planted_effect_is_found(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	add("mcs", 8, 1200, 0.02);
	add("spinlock", 8, 1000, 0.02);
	add("ticket", 8, 800, 0.02);
	all = compare();
	assert_int_equal(all.count, 2);
	assert_string_equal(all.comparison[0].baseline, "spinlock");
	/* In the order of `storsync list`. */
	assert_string_equal(all.comparison[0].candidate, "ticket");
	assert_int_equal(all.comparison[0].verdict, COMPARE_BETTER);
	assert_float_equal(all.comparison[0].ratio, 0.8, 0.02);
	assert_true(all.comparison[0].ci_lo < 0.8 && all.comparison[0].ci_hi > 0.8);
	assert_int_equal(all.comparison[1].verdict, COMPARE_WORSE);
	assert_float_equal(all.comparison[1].ratio, 1.2, 0.03);
	assert_float_equal(all.comparison[1].base_median, 1000, 20);
	assert_int_equal(all.comparison[1].n_base, 8);
	comparisons_fini(&all);
}

static void test_more_of_a_rate_is_better(void **state)
{
	struct comparisons all;

	begin("iops");
	add("spinlock", 8, 1000, 0.02);
	add("ticket", 8, 800, 0.02);
	add("mcs", 8, 1200, 0.02);
	all = compare();
	assert_int_equal(all.comparison[0].verdict, COMPARE_WORSE);
	assert_int_equal(all.comparison[1].verdict, COMPARE_BETTER);
	comparisons_fini(&all);
	begin("handoffs_per_acquisition");
	add("spinlock", 8, 1000, 0.02);
	add("ticket", 8, 800, 0.02);
	all = compare();
	assert_int_equal(all.comparison[0].verdict, COMPARE_DIFFERENT);
	comparisons_fini(&all);
}

/* Of 400 families of 10 comparisons of a thing with itself, one in twenty may have a finding; and three standard deviations. */
static void test_a_thing_and_itself_do_not_differ(void **state)
{
	static char name[10][8];
	size_t families = 0;

	for (unsigned family = 0; family < 400; family++) {
		struct comparisons all;
		size_t found = 0;

		begin("isr_latency_p50");
		random_state = family + 1;
		add("spinlock", 12, 1000, 0.1);
		for (unsigned i = 0; i < 10; i++) {
			snprintf(name[i], sizeof(name[i]), "aa%u", i);
			add(name[i], 12, 1000, 0.1);
		}
		all = compare();
		for (size_t i = 0; i < all.count; i++)
			found += all.comparison[i].verdict == COMPARE_BETTER || all.comparison[i].verdict == COMPARE_WORSE;
		families += found > 0;
		comparisons_fini(&all);
	}
	assert_true(families <= 400 * 0.05 + 3 * sqrt(400 * 0.05 * 0.95));
}

/* Blocks differ by a factor of ten, the back ends by a twentieth: only pairs can see it. */
static void test_pairs_cancel_what_blocks_share(void **state)
{
	struct compare_options options;
	struct comparisons all;
	double drift[10];

	begin("isr_latency_p50");
	for (unsigned i = 0; i < 10; i++)
		drift[i] = 1000 * pow(10, uniform());
	add_cell("spinlock");
	for (unsigned i = 0; i < 10; i++)
		add_row(i + 1, drift[i] * noise(0.005));
	add_cell("ticket");
	for (unsigned i = 0; i < 10; i++)
		add_row(i + 1, 1.05 * drift[i] * noise(0.005));
	all = compare();
	assert_int_equal(all.comparison[0].test, COMPARE_TEST_PAIRED);
	assert_int_equal(all.comparison[0].pairs, 10);
	assert_int_equal(all.comparison[0].verdict, COMPARE_WORSE);
	assert_float_equal(all.comparison[0].ratio, 1.05, 0.01);
	comparisons_fini(&all);
	compare_options_init(&options);
	options.test = COMPARE_TEST_UNPAIRED;
	all = compare_with(&options);
	assert_int_equal(all.comparison[0].test, COMPARE_TEST_UNPAIRED);
	assert_int_equal(all.comparison[0].verdict, COMPARE_UNDECIDED);
	comparisons_fini(&all);
}

/* 2 / 2^5 is more than 5%: five pairs can never show anything, six can; of two comparisons they cannot. */
static void test_auto_pairs_only_what_can_reach_alpha(void **state)
{
	for (unsigned pairs = 5; pairs <= 7; pairs++) {
		for (unsigned candidates = 1; candidates <= 2; candidates++) {
			bool enough = 2 / pow(2, pairs) * candidates <= 0.05;
			struct comparisons all;

			begin("isr_latency_p50");
			add("spinlock", pairs, 1000, 0.1);
			add("ticket", pairs, 1000, 0.1);
			if (candidates == 2)
				add("mcs", pairs, 1000, 0.1);
			all = compare();
			assert_int_equal(all.tests, candidates);
			assert_int_equal(all.comparison[0].test, enough ? COMPARE_TEST_PAIRED : COMPARE_TEST_UNPAIRED);
			assert_non_null(all.comparison[0].test_why);
			comparisons_fini(&all);
		}
	}
}

static void test_incomplete_pairs_are_left_out_and_counted(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 9, 1000, 0.01);
	add("ticket", 8, 1000, 0.01);
	made.row[2].status = "failed";
	made.value[2] = NAN;
	made.value[4] = NAN;
	all = compare();
	assert_int_equal(all.comparison[0].n_base, 7);
	assert_int_equal(all.comparison[0].n_cand, 8);
	assert_int_equal(all.comparison[0].pairs, 6);
	assert_int_equal(all.comparison[0].alone_base, 1);
	assert_int_equal(all.comparison[0].alone_cand, 2);
	assert_int_equal(all.comparison[0].not_ok_base, 1);
	assert_int_equal(all.comparison[0].not_ok_cand, 0);
	comparisons_fini(&all);
}

/* Blocks of different CPUs are no pairs, though their numbers are the same. */
static void test_pairs_agree_in_what_is_taken_together(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	for (unsigned i = 0; i < 4; i++)
		add(i % 2 ? "ticket" : "spinlock", 8, i < 2 ? 100 : 10000, 0.01)->key[RUN_KEY_CPUS] = i < 2 ? "1" : "2";
	compare_options_init(&options);
	options.ignored[RUN_KEY_CPUS] = true;
	all = compare_with(&options);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.comparison[0].pairs, 16);
	assert_true(all.comparison[0].ci_hi < 1.02 && all.comparison[0].ci_lo > 0.98);
	assert_null(all.comparison[0].key[RUN_KEY_CPUS]);
	assert_string_equal(all.warning[0], "");
	comparisons_fini(&all);
	/* Neither told apart nor ignored: the same, with a warning. */
	options.ignored[RUN_KEY_CPUS] = false;
	options.in_row[RUN_KEY_DELIVERY] = true;
	all = compare_with(&options);
	assert_int_equal(all.count, 1);
	assert_non_null(strstr(all.warning[0], "cpus"));
	assert_non_null(strstr(all.warning[0], "1, 2"));
	comparisons_fini(&all);
	/* Told apart, as all keys are when none is named. */
	options.in_row[RUN_KEY_DELIVERY] = false;
	all = compare_with(&options);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.comparison[0].key[RUN_KEY_CPUS], "1");
	assert_string_equal(all.comparison[1].key[RUN_KEY_CPUS], "2");
	assert_string_equal(all.warning[0], "");
	comparisons_fini(&all);
}

/* Channels go with CPUs: ignored, they keep no block of one CPU apart from the same block of two. */
static void test_what_goes_with_the_column_keeps_no_pairs_apart(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	for (unsigned i = 0; i < 2; i++) {
		struct run_cell *cell = add("spinlock", 8, 1000, 0.01);

		cell->key[RUN_KEY_CPUS] = cell->key[RUN_KEY_CHANNELS] = i ? "2" : "1";
	}
	compare_options_init(&options);
	options.column = RUN_KEY_CPUS;
	options.ignored[RUN_KEY_CHANNELS] = true;
	all = compare_with(&options);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.comparison[0].pairs, 8);
	comparisons_fini(&all);
}

static void test_holm_is_over_all_comparisons_of_a_figure(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	for (unsigned i = 0; i < 6; i++)
		add(i % 3 == 0 ? "spinlock" : i % 3 == 1 ? "ticket" : "mcs", 12, 1000, 0.3)->key[RUN_KEY_CPUS] = i < 3 ? "1" : "2";
	/* What cannot be compared does not count. */
	add("clh", 1, 1000, 0.1)->key[RUN_KEY_CPUS] = "2";
	all = compare();
	assert_int_equal(all.count, 5);
	assert_int_equal(all.tests, 4);
	for (size_t i = 0; i < all.count; i++) {
		size_t below = 0;

		if (isnan(all.comparison[i].p_value))
			continue;
		assert_true(all.comparison[i].p_adj >= all.comparison[i].p_value);
		for (size_t j = 0; j < all.count; j++)
			below += all.comparison[j].p_value < all.comparison[i].p_value;
		if (!below)
			assert_float_equal(all.comparison[i].p_adj, fmin(1, 4 * all.comparison[i].p_value), 1e-12);
	}
	comparisons_fini(&all);
}

static void test_the_floor_is_that_of_the_row(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	for (unsigned i = 0; i < 4; i++)
		add(i % 2 ? "ticket" : "spinlock", 12, 1000, i < 2 ? 0.001 : 0.3)->key[RUN_KEY_CPUS] = i < 2 ? "1" : "2";
	all = compare();
	assert_true(all.comparison[0].floor_measured);
	assert_float_equal(all.comparison[0].noise_floor, 0.01, 1e-12);
	assert_true(all.comparison[1].noise_floor > 0.05);
	assert_int_equal(all.comparison[0].verdict, COMPARE_EQUIVALENT);
	comparisons_fini(&all);
	compare_options_init(&options);
	options.floor = 0;
	all = compare_with(&options);
	assert_true(all.comparison[0].noise_floor < 0.005);
	comparisons_fini(&all);
}

/* Of two runs, rows differ by back end, and their floor is taken together all the same. */
static void test_back_ends_share_a_floor(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	for (unsigned i = 0; i < 4; i++)
		add(i % 2 ? "ticket" : "spinlock", 12, 1000, i % 2 ? 0.3 : 0.001)->key[RUN_KEY_RUN] = i < 2 ? "a" : "b";
	compare_options_init(&options);
	options.column = RUN_KEY_RUN;
	all = compare_with(&options);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.comparison[0].baseline, "a");
	assert_string_equal(all.comparison[0].candidate, "b");
	assert_string_equal(all.comparison[0].key[RUN_KEY_BACKEND], "spinlock");
	assert_float_equal(all.comparison[0].noise_floor, all.comparison[1].noise_floor, 1e-12);
	assert_true(all.comparison[0].noise_floor > 0.05);
	/* The same blocks, but of another time. */
	assert_int_equal(all.comparison[0].pairs, 0);
	assert_int_equal(all.comparison[0].test, COMPARE_TEST_UNPAIRED);
	comparisons_fini(&all);
}

static void check_verdict(double ratio, double lo, double hi, double p_adj, enum compare_verdict expected)
{
	struct comparison c = { .figure = figure_find("isr_latency_p50"), .ratio = ratio, .ci_lo = lo, .ci_hi = hi, .p_adj = p_adj,
				.noise_floor = 0.25, .margin = 0.25 };

	assert_int_equal(judge_verdict(&c, 0.05), expected);
	c.why = "reason";
	assert_int_equal(judge_verdict(&c, 0.05), COMPARE_NOT_COMPARABLE);
}

static void test_verdicts_at_their_boundaries(void **state)
{
	/* Equivalent to the very ends of the floor, significant or not. */
	check_verdict(1.0, 0.8, 1.25, 0.9, COMPARE_EQUIVALENT);
	check_verdict(1.1, 1.05, 1.25, 0.001, COMPARE_EQUIVALENT);
	check_verdict(1.0, 0.79, 1.25, 0.9, COMPARE_UNDECIDED);
	check_verdict(1.0, 0.8, 1.26, 0.9, COMPARE_UNDECIDED);
	/* Shown, but not known to be more than the floor. */
	check_verdict(1.25, 1.1, 1.4, 0.001, COMPARE_UNDECIDED);
	check_verdict(1.26, 1.1, 1.4, 0.001, COMPARE_WORSE);
	check_verdict(1.26, 1.1, 1.4, 0.05, COMPARE_WORSE);
	check_verdict(1.26, 1.1, 1.4, 0.0501, COMPARE_UNDECIDED);
	check_verdict(0.8, 0.7, 0.9, 0.001, COMPARE_UNDECIDED);
	check_verdict(0.79, 0.7, 0.9, 0.05, COMPARE_BETTER);
	check_verdict(1.0, 0, INFINITY, 1, COMPARE_UNDECIDED);
}

static void check_margin(double ratio, double lo, double hi, double p_adj, enum compare_verdict expected, const char *says)
{
	struct comparison c = { .figure = figure_find("isr_latency_p50"), .ratio = ratio, .ci_lo = lo, .ci_hi = hi, .p_adj = p_adj,
				.noise_floor = 0.4, .margin = 0.1 };
	char why[160];

	c.verdict = judge_verdict(&c, 0.05);
	assert_int_equal(c.verdict, expected);
	compare_why(&c, why, sizeof(why));
	assert_string_equal(why, says);
}

/* A floor of 40% tells what is no difference worth a name, and makes nothing equivalent that may differ by 40%. */
static void test_equivalent_is_within_the_margin(void **state)
{
	const char *wide = "the noise floor of 40.0% is wider than 10%";

	check_margin(1.0, 0.91, 1.1, 0.9, COMPARE_EQUIVALENT, "");
	check_margin(1.0, 0.9, 1.1, 0.9, COMPARE_UNDECIDED, wide);
	check_margin(1.0, 0.91, 1.11, 0.9, COMPARE_UNDECIDED, wide);
	check_margin(1.2, 1.15, 1.4, 0.001, COMPARE_UNDECIDED, wide);
	check_margin(1.2, 1.15, 1.41, 0.001, COMPARE_UNDECIDED, "there is a difference, but within the noise floor of 40.0%");
	check_margin(1.2, 1.15, 1.41, 0.06, COMPARE_UNDECIDED, "");
	check_margin(1.5, 1.15, 1.9, 0.001, COMPARE_WORSE, "");
}

/* In whole: the margin is the floor where that is less, and `more` leads to the margin, or nowhere between it and the floor. */
static void test_the_margin_follows_the_floor(void **state)
{
	struct compare_options options;
	struct comparisons all;
	uint64_t more;

	begin("isr_latency_p50");
	/* The same values in another order, and a fifth more; nothing is left to chance. */
	for (unsigned side = 0; side < 3; side++) {
		add_cell(side == 0 ? "spinlock" : side == 1 ? "ticket" : "mcs");
		for (unsigned i = 0; i < 12; i++)
			add_row(i + 1, (side == 2 ? 1200 : 1000) * exp(0.04 * (i * (side == 2 ? 11 : 2 * side + 5) % 12)));
	}
	compare_options_init(&options);
	options.test = COMPARE_TEST_UNPAIRED;
	options.floor = 0.4;
	options.equivalent_within = 1;
	all = compare_with(&options);
	assert_float_equal(all.comparison[0].margin, 0.4, 1e-12);
	assert_int_equal(all.comparison[0].verdict, COMPARE_EQUIVALENT);
	comparisons_fini(&all);
	options.equivalent_within = 0.1;
	all = compare_with(&options);
	assert_float_equal(all.comparison[0].margin, 0.1, 0);
	assert_int_equal(all.comparison[0].verdict, COMPARE_UNDECIDED);
	more = all.comparison[0].more;
	assert_true(more > 0);
	assert_true(all.comparison[1].ratio > 1.1 && all.comparison[1].ratio < 1.4);
	assert_int_equal(all.comparison[1].more, 0);
	comparisons_fini(&all);
	options.equivalent_within = 0.08;
	all = compare_with(&options);
	assert_true(!all.comparison[0].more || all.comparison[0].more > more);
	comparisons_fini(&all);
}

static void test_what_is_out_of_reach(void **state)
{
	struct comparison c = { .test = COMPARE_TEST_UNPAIRED, .n_base = 8, .n_cand = 10, .pairs = 6, .more = 40 };

	assert_false(compare_is_out_of_reach(&c));
	c.more = 41;
	assert_true(compare_is_out_of_reach(&c));
	c.test = COMPARE_TEST_PAIRED;
	assert_false(compare_is_out_of_reach(&c));
	c.more = 45;
	assert_true(compare_is_out_of_reach(&c));
	c.more = 0;
	assert_false(compare_is_out_of_reach(&c));
	/* Who has more than a run takes can get more still. */
	c = (struct comparison){ .test = COMPARE_TEST_UNPAIRED, .n_base = 51, .n_cand = 8, .more = 10 };
	assert_false(compare_is_out_of_reach(&c));
}

/* Taken together, cells may have more values than the exact tests take. */
static void test_more_values_than_the_exact_tests_take(void **state)
{
	for (unsigned n = 50; n <= 51; n++) {
		struct comparisons all;

		begin("isr_latency_p50");
		add("spinlock", n, 1000, 0.1);
		add("ticket", n, 1500, 0.1);
		all = compare();
		assert_int_equal(all.comparison[0].verdict, COMPARE_WORSE);
		assert_int_equal(all.comparison[0].is_asymptotic, n > 50);
		assert_string_equal(compare_p_method(&all.comparison[0]), n > 50 ? "asymptotic" : "exact");
		comparisons_fini(&all);
	}
}

static void test_what_has_no_ratio_is_not_compared(void **state)
{
	struct comparisons all;

	begin("isr_masked_p50");
	add("spinlock", 8, 1000, 0.1);
	add("ticket", 8, 1000, 0.1);
	add("mcs", 1, 1000, 0.1);
	add("clh", 2, NAN, 0.1);
	made.value[9] = 0;
	all = compare();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(all.comparison[i].verdict, COMPARE_NOT_COMPARABLE);
		assert_non_null(all.comparison[i].why);
		assert_true(isnan(all.comparison[i].ratio) && isnan(all.comparison[i].p_adj));
	}
	assert_non_null(strstr(all.comparison[0].why, "above 0"));
	assert_non_null(strstr(all.comparison[1].why, "single"));
	assert_non_null(strstr(all.comparison[2].why, "no value"));
	comparisons_fini(&all);
}

static void test_refusals_are_no_fault(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 8, 1000, 0.1);
	add("ticket", 8, 1000, 0.1);
	add_cell("rtm");
	add_row(0, NAN)->status = "skipped";
	all = compare();
	assert_int_equal(all.count, 1);
	assert_int_equal(all.refused, 1);
	assert_string_equal(all.refused_names, "rtm");
	assert_int_equal(all.comparison[0].not_ok_cand, 0);
	comparisons_fini(&all);
}

/* An invocation that failed has no placement and no window, and belongs to its cell all the same. */
static void test_failures_belong_to_their_cell(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 8, 1000, 0.1)->key[RUN_KEY_PLACEMENT] = "compact";
	made.cell[0].key[RUN_KEY_DURATION_S] = "0.2";
	add("ticket", 7, 1000, 0.1)->key[RUN_KEY_PLACEMENT] = "compact";
	made.cell[1].key[RUN_KEY_DURATION_S] = "0.2";
	add_cell("ticket");
	add_row(8, NAN)->status = "failed";
	add_cell("mcs");
	add_row(1, NAN)->status = "failed";
	add_row(2, NAN)->status = "failed";
	all = compare();
	assert_int_equal(all.count, 2);
	assert_int_equal(all.comparison[0].n_cand, 7);
	assert_int_equal(all.comparison[0].not_ok_cand, 1);
	assert_string_equal(all.comparison[1].candidate, "mcs");
	assert_int_equal(all.comparison[1].not_ok_cand, 2);
	assert_int_equal(all.comparison[1].n_base, 8);
	comparisons_fini(&all);
}

/* Another window is another cell. */
static void test_windows_count(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 8, 1000, 0.1)->key[RUN_KEY_DURATION_S] = "0.2";
	add("ticket", 8, 1000, 0.1)->key[RUN_KEY_DURATION_S] = "0.21";
	all = compare();
	assert_int_equal(all.comparison[0].verdict, COMPARE_NOT_COMPARABLE);
	assert_int_equal(all.comparison[0].n_base, 0);
	comparisons_fini(&all);
}

static void test_gated_rows_are_counted_or_dropped(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 8, 1000, 0.1);
	add("ticket", 8, 1000, 0.1);
	made.row[1].gate_codes = made.row[2].gate_codes = made.row[9].gate_codes = "gaps cpu-lost";
	all = compare();
	assert_int_equal(all.comparison[0].gated, 3);
	assert_int_equal(all.comparison[0].n_base, 8);
	comparisons_fini(&all);
	compare_options_init(&options);
	options.drop_gated = true;
	all = compare_with(&options);
	assert_int_equal(all.comparison[0].gated, 0);
	assert_int_equal(all.comparison[0].dropped, 3);
	assert_int_equal(all.comparison[0].n_base, 6);
	assert_int_equal(all.comparison[0].n_cand, 7);
	comparisons_fini(&all);
}

static void test_hosts_are_not_mixed(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 8, 1000, 0.1);
	add("ticket", 8, 1000, 0.1)->key[RUN_KEY_HOST_ID] = "other";
	compare_options_init(&options);
	refuse(&options, -EINVAL, "host, other");
	refuse(&options, -EINVAL, "--ignore host_id");
	options.ignored[RUN_KEY_HOST_ID] = true;
	all = compare_with(&options);
	assert_int_equal(all.comparison[0].n_cand, 8);
	/* Blocks of another host are no partners. */
	assert_int_equal(all.comparison[0].pairs, 0);
	comparisons_fini(&all);
}

static void test_builds_of_one_run_are_said_and_of_two_are_expected(void **state)
{
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 8, 1000, 0.1)->key[RUN_KEY_RUN] = "a";
	add("spinlock", 8, 1000, 0.1)->key[RUN_KEY_RUN] = "b";
	made.cell[1].key[RUN_KEY_BUILD_ID] = "later";
	compare_options_init(&options);
	options.column = RUN_KEY_RUN;
	all = compare_with(&options);
	assert_string_equal(all.warning[0], "");
	comparisons_fini(&all);
	made.cell[1].key[RUN_KEY_RUN] = "a";
	made.cell[1].key[RUN_KEY_BACKEND] = "ticket";
	options.column = RUN_KEY_BACKEND;
	all = compare_with(&options);
	assert_non_null(strstr(all.warning[0], "build_id"));
	comparisons_fini(&all);
}

static void test_what_too_few_cannot_show_is_said(void **state)
{
	struct comparisons all;

	begin("isr_latency_p50");
	add("spinlock", 3, 1000, 0.01);
	add("ticket", 3, 2000, 0.01);
	all = compare();
	assert_int_equal(all.comparison[0].verdict, COMPARE_UNDECIDED);
	assert_true(all.comparison[0].ci_lo == 0 && isinf(all.comparison[0].ci_hi));
	assert_true(all.comparison[0].more >= 1);
	assert_non_null(strstr(all.warning[0], "nothing can be shown"));
	/* 2 / (8 choose 4) is below 5%. */
	assert_non_null(strstr(all.warning[0], "; 4 could"));
	comparisons_fini(&all);
}

static void test_baseline_and_candidates(void **state)
{
	static const char *const some[] = { "mcs" }, *const wrong[] = { "mutex" }, *const same[] = { "ticket" };
	struct compare_options options;
	struct comparisons all;

	begin("isr_latency_p50");
	add("ticket", 8, 1000, 0.1);
	compare_options_init(&options);
	refuse(&options, -ENODATA, "ticket");
	add("mcs", 8, 1000, 0.1);
	add("clh", 8, 1000, 0.1);
	all = compare();
	assert_string_equal(all.comparison[0].baseline, "ticket");
	assert_int_equal(all.count, 2);
	comparisons_fini(&all);
	options.baseline = "mutex";
	refuse(&options, -EINVAL, "ticket, mcs, clh");
	options.baseline = "ticket";
	options.candidates = 1;
	options.candidate = wrong;
	refuse(&options, -EINVAL, "mutex");
	options.candidate = same;
	refuse(&options, -EINVAL, "is the baseline");
	options.candidate = some;
	all = compare_with(&options);
	assert_int_equal(all.count, 1);
	assert_string_equal(all.comparison[0].candidate, "mcs");
	comparisons_fini(&all);
}

static void test_maxima_are_never_tested(void **state)
{
	struct compare_options options;

	begin("isr_latency_max");
	add("spinlock", 8, 1000, 0.1);
	add("ticket", 8, 1000, 0.1);
	compare_options_init(&options);
	refuse(&options, -ENODATA, "no figure that is tested");
}

/* As many duels as are worth a second thread come out as they do one by one. */
static void test_two_threads_find_what_one_finds(void **state)
{
	static struct run_cell cell[600];
	static struct run_row row[600 * 6];
	static double value[600 * 6];
	static char section[300][8];
	struct comparisons all, alone;
	cpu_set_t cpus, one;

	begin("isr_latency_p50");
	made.data.cell = cell;
	made.data.row = row;
	made.data.value = value;
	made.data.cells = 600;
	made.data.rows = 3600;
	for (size_t c = 0; c < 600; c++) {
		for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
			cell[c].key[k] = "";
		snprintf(section[c / 2], sizeof(section[0]), "%zu", c / 2);
		cell[c].cell_id = cell[c].key[RUN_KEY_SECTION_NS] = section[c / 2];
		cell[c].key[RUN_KEY_BACKEND] = c % 2 ? "ticket" : "spinlock";
		for (size_t i = 0; i < 6; i++) {
			row[6 * c + i] = (struct run_row){ (uint32_t)c, (uint32_t)i + 1, i + 1, "ok", "", "" };
			value[6 * c + i] = 1000 * noise(0.1);
		}
	}
	all = compare();
	assert_int_equal(all.count, 300);
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++) {
		if (CPU_ISSET(cpu, &cpus))
			CPU_SET(cpu, &one);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	alone = compare();
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	for (size_t i = 0; i < all.count; i++) {
		assert_memory_equal(all.comparison[i].key, alone.comparison[i].key, RUN_KEY_COUNT * sizeof(const char *));
		alone.comparison[i].key = all.comparison[i].key;
	}
	assert_memory_equal(all.comparison, alone.comparison, all.count * sizeof(*all.comparison));
	comparisons_fini(&alone);
	made.data.cells = 20;
	made.data.rows = 120;
	alone = compare();
	assert_int_equal(alone.count, 10);
	for (size_t i = 0; i < 10; i++) {
		assert_true(all.comparison[i].p_value == alone.comparison[i].p_value || alone.comparison[i].test != all.comparison[i].test);
		assert_float_equal(all.comparison[i].base_median, alone.comparison[i].base_median, 0);
		assert_int_equal(all.comparison[i].n_cand, 6);
	}
	for (size_t i = 0; i < 300; i++)
		assert_true(all.comparison[i].ratio > 0.5 && all.comparison[i].noise_floor > 0 && all.comparison[i].p_adj <= 1);
	comparisons_fini(&all);
	comparisons_fini(&alone);
}

/* --- runs put together --- */

static void test_runs_put_together_are_what_filters_leave(void **state)
{
	struct key_filter filter;
	struct run_data all, run[2];
	char error[256];

	begin("isr_latency_p50");
	add("spinlock", 2, 1000, 0.1)->key[RUN_KEY_CPUS] = "1";
	add("spinlock", 3, 2000, 0.1)->key[RUN_KEY_CPUS] = "2";
	add("ticket", 4, 4000, 0.1)->key[RUN_KEY_CPUS] = "2";
	run[0] = run[1] = made.data;
	assert_int_equal(key_filter_parse(&filter, "cpus=2", error, sizeof(error)), 0);
	assert_int_equal(run_join(&all, run, 2, &filter, 1), 0);
	assert_int_equal(all.cells, 4);
	assert_int_equal(all.rows, 14);
	assert_int_equal(all.row[7].cell, 2);
	assert_string_equal(all.cell[1].key[RUN_KEY_BACKEND], "ticket");
	assert_true(run_data_value(&all, 0, 0) == made.value[2]);
	assert_true(run_data_value(&all, 13, 0) == made.value[8]);
	run_join_fini(&all);
	key_filter_fini(&filter);
}

static void test_a_single_run_is_not_copied(void **state)
{
	struct run_data all, run;

	begin("isr_latency_p50");
	add("spinlock", 2, 1000, 0.1);
	run = made.data;
	run.texts = (struct run_data_texts *)&made;
	assert_int_equal(run_join(&all, &run, 1, NULL, 0), 0);
	assert_ptr_equal(all.row, run.row);
	assert_ptr_equal(all.value, run.value);
	run_join_fini(&all);
	assert_null(all.row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_planted_effect_is_found),
		cmocka_unit_test(test_more_of_a_rate_is_better),
		cmocka_unit_test(test_a_thing_and_itself_do_not_differ),
		cmocka_unit_test(test_pairs_cancel_what_blocks_share),
		cmocka_unit_test(test_auto_pairs_only_what_can_reach_alpha),
		cmocka_unit_test(test_incomplete_pairs_are_left_out_and_counted),
		cmocka_unit_test(test_pairs_agree_in_what_is_taken_together),
		cmocka_unit_test(test_what_goes_with_the_column_keeps_no_pairs_apart),
		cmocka_unit_test(test_holm_is_over_all_comparisons_of_a_figure),
		cmocka_unit_test(test_the_floor_is_that_of_the_row),
		cmocka_unit_test(test_back_ends_share_a_floor),
		cmocka_unit_test(test_verdicts_at_their_boundaries),
		cmocka_unit_test(test_equivalent_is_within_the_margin),
		cmocka_unit_test(test_the_margin_follows_the_floor),
		cmocka_unit_test(test_what_is_out_of_reach),
		cmocka_unit_test(test_more_values_than_the_exact_tests_take),
		cmocka_unit_test(test_what_has_no_ratio_is_not_compared),
		cmocka_unit_test(test_refusals_are_no_fault),
		cmocka_unit_test(test_failures_belong_to_their_cell),
		cmocka_unit_test(test_windows_count),
		cmocka_unit_test(test_gated_rows_are_counted_or_dropped),
		cmocka_unit_test(test_hosts_are_not_mixed),
		cmocka_unit_test(test_builds_of_one_run_are_said_and_of_two_are_expected),
		cmocka_unit_test(test_what_too_few_cannot_show_is_said),
		cmocka_unit_test(test_baseline_and_candidates),
		cmocka_unit_test(test_maxima_are_never_tested),
		cmocka_unit_test(test_two_threads_find_what_one_finds),
		cmocka_unit_test(test_runs_put_together_are_what_filters_leave),
		cmocka_unit_test(test_a_single_run_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
