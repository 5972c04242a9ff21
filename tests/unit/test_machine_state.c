/* SPDX-License-Identifier: MIT */
/* Whether the machine was the same on both sides: flips that are planted are found, and hold back what rests on them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/compare/compare.h"
#include "bench/compare/machine_state.h"
#include "bench/stats/rank_test.h"

#define CELLS 64
#define ROWS 2048
#define FIGURES (1 + MACHINE_FIGURES)

enum { JUDGED, CORE_BEFORE, CORE_AFTER, DEVICE_MODEL, GAPS, STAMP, TSC };

static struct {
	struct run_data data;
	struct run_cell cell[CELLS];
	struct run_row row[ROWS];
	double value[ROWS * FIGURES];
	const struct figure *figure[FIGURES];
	struct compare_options options;
	struct comparisons all;
} made;

static void begin(enum run_key column, const char *baseline, const char *judged)
{
	comparisons_fini(&made.all);
	memset(&made, 0, sizeof(made));
	made.figure[JUDGED] = figure_find(judged);
	memcpy(made.figure + 1, machine_figures, sizeof(machine_figures));
	made.data = (struct run_data){
		.cell = made.cell, .row = made.row, .value = made.value, .figures = FIGURES, .figure = made.figure,
	};
	compare_options_init(&made.options);
	made.options.column = column;
	made.options.baseline = baseline;
	/* Each comparison is judged as if it were the only one, and nothing is too small. */
	made.options.alpha = 0.4;
}

static int begin_runs(void **state)
{
	begin(RUN_KEY_RUN, "old", "isr_latency_p50");
	return 0;
}

static int finish(void **state)
{
	comparisons_fini(&made.all);
	return 0;
}

static struct run_cell *add_cell(const char *run, const char *backend, const char *cpus)
{
	struct run_cell *cell = &made.cell[made.data.cells++];

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell->key[k] = "";
	cell->cell_id = "";
	cell->key[RUN_KEY_RUN] = run;
	cell->key[RUN_KEY_BACKEND] = backend;
	cell->key[RUN_KEY_CPUS] = cpus;
	cell->key[RUN_KEY_HOST_ID] = "host";
	return cell;
}

/* The row's values, of which none tells anything of the machine yet. */
static double *add_row(double judged)
{
	double *value = &made.value[made.data.rows * FIGURES];

	made.row[made.data.rows] = (struct run_row){ (uint32_t)made.data.cells - 1, (uint32_t)made.data.rows, 0, "ok", "", "" };
	made.data.rows++;
	value[JUDGED] = judged;
	for (unsigned f = 1; f < FIGURES; f++)
		value[f] = NAN;
	return value;
}

/* A cell whose judged figure lies near `centre`, and a witness as it is given. */
static void add(const char *run, const char *backend, double centre, unsigned witness, const double *seen, size_t n)
{
	add_cell(run, backend, "2");
	for (size_t i = 0; i < n; i++)
		add_row(centre * (1 + 0.001 * (double)i))[witness] = seen[i];
}

#define ADD(run, backend, centre, witness, ...) \
	add(run, backend, centre, witness, (const double[]){ __VA_ARGS__ }, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

static const struct comparison *compare(void)
{
	char error[512];

	comparisons_fini(&made.all);
	assert_int_equal(compare_cells(&made.all, &made.data, &made.options, error, sizeof(error)), 0);
	/* Witnesses are never judged. */
	assert_ptr_equal(made.all.comparison[made.all.count - 1].figure, made.figure[JUDGED]);
	return made.all.comparison;
}

static void plant_flip(void)
{
	ADD("new", "mcs", 500, CORE_BEFORE, 48, 50, 52, 53, 55, 57, 59);
	ADD("old", "mcs", 1000, CORE_BEFORE, 54, 130, 132, 200, 205, 210, 211);
}

static void test_a_flip_between_runs_decides_nothing(void **state)
{
	const struct comparison *c;
	char why[256];

	plant_flip();
	c = compare();
	assert_int_equal(c->verdict, COMPARE_UNDECIDED);
	assert_int_equal(c->doubt, COMPARE_DOUBT_MACHINE);
	assert_int_equal(c->more, 0);
	assert_true(c->machine_witnessed);
	compare_why(c, why, sizeof(why));
	assert_string_equal(why, "the machine differed: core-to-core 53 ns (48..59) against 200 ns (54..211)");
	assert_string_equal(made.all.warning[0],
			    "the machine differed between the sides of 1 of 1 comparisons, at most: core-to-core "
			    "53 ns (48..59) against 200 ns (54..211); they are left undecided (--ignore-machine judges them)");
}

static void test_ignored_it_is_judged_and_still_said(void **state)
{
	const struct comparison *c;
	char text[COMPARE_MACHINE_BYTES];

	plant_flip();
	made.options.ignore_machine = true;
	c = compare();
	assert_int_equal(c->verdict, COMPARE_BETTER);
	compare_machine_text(&c->machine, text, sizeof(text));
	assert_string_equal(text, "core-to-core 53 ns (48..59) against 200 ns (54..211)");
	assert_non_null(strstr(made.all.warning[0], "judged nevertheless (--ignore-machine)"));
}

static void test_on_one_machine_verdicts_stand(void **state)
{
	const struct comparison *c;

	ADD("new", "mcs", 500, CORE_BEFORE, 54, 130, 132, 57, 205, 59, 211);
	ADD("old", "mcs", 1000, CORE_BEFORE, 55, 131, 130, 58, 204, 60, 210);
	c = compare();
	assert_int_equal(c->verdict, COMPARE_BETTER);
	assert_null(c->machine.witness);
	assert_true(c->machine_witnessed);
	assert_string_equal(made.all.warning[0], "");
}

/* What is certain and small does not matter: 60 ns are 1.2 times 50, and 15 are twice 7 but only 8 ns more. */
static void test_small_differences_do_not_matter(void **state)
{
	const struct comparison *c;

	ADD("new", "mcs", 500, CORE_BEFORE, 59, 59, 60, 60, 60, 61, 61);
	ADD("old", "mcs", 1000, CORE_BEFORE, 49, 49, 50, 50, 50, 51, 51);
	ADD("new", "ticket", 500, CORE_BEFORE, 15, 15, 15, 15, 15, 15, 15);
	ADD("old", "ticket", 1000, CORE_BEFORE, 7, 7, 7, 7, 7, 7, 7);
	c = compare();
	assert_int_equal(made.all.count, 2);
	assert_null(c[0].machine.witness);
	assert_null(c[1].machine.witness);
}

/* 63 ns are 1.26 times 50. */
static void test_the_least_that_matters(void **state)
{
	ADD("new", "mcs", 500, CORE_BEFORE, 62, 63, 63, 63, 64);
	ADD("old", "mcs", 1000, CORE_BEFORE, 49, 50, 50, 50, 51);
	assert_non_null(compare()->machine.witness);
}

static void test_the_larger_of_before_and_after_counts(void **state)
{
	static const double before[] = { 50, 200, 52, 201, 53, 202, 54 };

	add_cell("new", "mcs", "2");
	for (size_t i = 0; i < 7; i++) {
		double *value = add_row(500 + (double)i);

		value[CORE_BEFORE] = before[i];
		value[CORE_AFTER] = 250 - before[i];
	}
	add_cell("old", "mcs", "2");
	for (size_t i = 0; i < 7; i++)
		add_row(1000 + (double)i)[CORE_AFTER] = 50 + (double)i;
	assert_string_equal(compare()->machine.witness, "core-to-core");
	assert_float_equal(compare()->machine.cand_median, 200, 0);
	assert_float_equal(compare()->machine.cand_lo, 196, 0);
}

#define SOME_FLIPPED  200, 201, 202, 203, 58, 204, 49
#define FEW_FLIPPED   50, 51, 52, 53, 54, 55, 205

static void test_runs_are_tested_at_five_percent(void **state)
{
	const struct comparison *c;

	ADD("new", "mcs", 500, CORE_BEFORE, FEW_FLIPPED);
	ADD("old", "mcs", 1000, CORE_BEFORE, 200, 201, 202, 203, 204, 58, 57);
	c = compare();
	assert_non_null(c->machine.witness);
	assert_true(c->machine.p > 0.01 && c->machine.p <= 0.05);
}

static void test_back_ends_of_a_run_at_one_percent(void **state)
{
	const struct comparison *c;

	begin(RUN_KEY_BACKEND, "spinlock", "isr_latency_p50");
	ADD("run", "mcs", 500, CORE_BEFORE, FEW_FLIPPED);
	ADD("run", "spinlock", 1000, CORE_BEFORE, 200, 201, 202, 203, 204, 58, 57);
	c = compare();
	assert_null(c->machine.witness);
	assert_int_equal(c->verdict, COMPARE_BETTER);
}

static void test_a_flip_within_a_run(void **state)
{
	begin(RUN_KEY_BACKEND, "spinlock", "isr_latency_p50");
	ADD("run", "mcs", 500, CORE_BEFORE, 50, 51, 52, 53, 54, 55, 56);
	ADD("run", "spinlock", 1000, CORE_BEFORE, 200, 201, 202, 203, 204, 205, 206);
	assert_int_equal(compare()->verdict, COMPARE_UNDECIDED);
	assert_int_equal(compare()->doubt, COMPARE_DOUBT_MACHINE);
}

/* Chance: the medians are far apart, but of a few values that flip. */
static void test_chance_holds_nothing_back(void **state)
{
	ADD("new", "mcs", 500, CORE_BEFORE, 50, 51, 200, 53, 201, 55, 56);
	ADD("old", "mcs", 1000, CORE_BEFORE, SOME_FLIPPED);
	assert_true(compare()->machine.witness == NULL);
	assert_int_equal(compare()->verdict, COMPARE_BETTER);
}

static void test_the_device_model_stands_in_on_one_cpu(void **state)
{
	const struct comparison *c;
	char text[COMPARE_MACHINE_BYTES];

	ADD("new", "mcs", 500, DEVICE_MODEL, 100, 110, 110, 110, 110, 110, 120);
	ADD("old", "mcs", 1000, DEVICE_MODEL, 170, 170, 190, 190, 190, 200, 210);
	c = compare();
	compare_machine_text(&c->machine, text, sizeof(text));
	assert_string_equal(text, "device model 110 ns (100..120) against 190 ns (170..210)");
	assert_int_equal(c->verdict, COMPARE_UNDECIDED);
}

/* The model is faster where the back end is slower: load, not the machine. */
static void test_the_device_model_the_other_way_explains_nothing(void **state)
{
	ADD("new", "mcs", 7000, DEVICE_MODEL, 40, 49, 49, 49, 49, 50, 50);
	ADD("old", "mcs", 1000, DEVICE_MODEL, 170, 170, 190, 190, 190, 200, 210);
	assert_int_equal(compare()->verdict, COMPARE_WORSE);
	assert_null(compare()->machine.witness);
}

/* More I/Os of a faster model are the same way. */
static void test_the_same_way_of_what_is_better_when_more(void **state)
{
	begin(RUN_KEY_RUN, "old", "iops");
	ADD("new", "mcs", 7000, DEVICE_MODEL, 40, 49, 49, 49, 49, 50, 50);
	ADD("old", "mcs", 1000, DEVICE_MODEL, 170, 170, 190, 190, 190, 200, 210);
	assert_int_equal(compare()->verdict, COMPARE_UNDECIDED);
}

static void test_the_device_model_is_silent_beside_core_to_core(void **state)
{
	ADD("new", "mcs", 500, DEVICE_MODEL, 100, 110, 110, 110, 110, 110, 120);
	ADD("old", "mcs", 1000, DEVICE_MODEL, 170, 170, 190, 190, 190, 200, 210);
	for (size_t i = 0; i < made.data.rows; i++)
		made.value[i * FIGURES + CORE_BEFORE] = 50 + (double)(i % 7);
	assert_int_equal(compare()->verdict, COMPARE_BETTER);
}

static void test_within_a_run_it_is_the_back_ends(void **state)
{
	begin(RUN_KEY_BACKEND, "spinlock", "isr_latency_p50");
	ADD("run", "mcs", 500, DEVICE_MODEL, 100, 110, 110, 110, 110, 110, 120);
	ADD("run", "spinlock", 1000, DEVICE_MODEL, 170, 170, 190, 190, 190, 200, 210);
	assert_int_equal(compare()->verdict, COMPARE_BETTER);
	assert_false(compare()->machine_witnessed);
}

static void expect_witness(const char *name, const char *begins)
{
	char text[COMPARE_MACHINE_BYTES];

	assert_non_null(compare()->machine.witness);
	assert_string_equal(compare()->machine.witness, name);
	compare_machine_text(&compare()->machine, text, sizeof(text));
	assert_memory_equal(text, begins, strlen(begins));
}

static void test_time_in_gaps(void **state)
{
	ADD("new", "mcs", 500, GAPS, 0.07, 0.071, 0.072, 0.073, 0.074);
	ADD("old", "mcs", 1000, GAPS, 0.03, 0.031, 0.032, 0.033, 0.034);
	expect_witness("time in gaps", "time in gaps 7.2 % (7..7.4) against 3.2 % (3..3.4)");
}

/* Half as much again of nearly nothing is nothing. */
static void test_little_time_in_gaps(void **state)
{
	ADD("new", "mcs", 500, GAPS, 0.020, 0.021, 0.022, 0.023, 0.024);
	ADD("old", "mcs", 1000, GAPS, 0.003, 0.004, 0.005, 0.006, 0.007);
	assert_null(compare()->machine.witness);
}

static void test_clocks(void **state)
{
	ADD("new", "mcs", 500, TSC, 2447e6, 2447e6, 2447e6, 2447e6, 2447e6);
	ADD("old", "mcs", 1000, TSC, 2445e6, 2445e6, 2445e6, 2445e6, 2445e6);
	expect_witness("TSC", "TSC 2447 MHz (2447..2447) against 2445 MHz");
	begin(RUN_KEY_RUN, "old", "isr_latency_p50");
	ADD("new", "mcs", 500, STAMP, 11, 11, 11, 11, 12);
	ADD("old", "mcs", 1000, STAMP, 20, 20, 20, 21, 21);
	expect_witness("a stamp's cost", "a stamp's cost 11 ns");
}

/* Three invocations a cell show nothing by themselves; eight cells do, and then of the one without two CPUs, too. */
static void add_groups(unsigned groups, double new_ns)
{
	static const char *const cpus[] = { "2", "3", "4", "5", "6", "7", "8", "9" };

	for (unsigned run = 0; run < 2; run++) {
		add_cell(run ? "old" : "new", "mcs", "1");
		for (unsigned i = 0; i < 5; i++)
			add_row((run ? 1000 : 500) + i);
		for (unsigned g = 0; g < groups; g++) {
			add_cell(run ? "old" : "new", "mcs", cpus[g]);
			for (unsigned i = 0; i < 3; i++)
				add_row((run ? 1000 : 500) + i)[CORE_BEFORE] = (run ? 50 : new_ns) + g;
		}
	}
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		made.options.in_row[k] = k == RUN_KEY_CPUS;
}

static void test_all_cells_together(void **state)
{
	char text[COMPARE_MACHINE_BYTES];
	const struct comparison *c;

	add_groups(8, 120);
	c = compare();
	assert_int_equal(made.all.count, 9);
	assert_string_equal(c[0].key[RUN_KEY_CPUS], "1");
	assert_int_equal(c[0].verdict, COMPARE_UNDECIDED);
	assert_true(c[0].machine.overall);
	compare_machine_text(&c[0].machine, text, sizeof(text));
	assert_string_equal(text, "over all cells, core-to-core 124 ns (120..127) against 53.5 ns (50..57)");
	assert_int_equal(c[8].doubt, COMPARE_DOUBT_MACHINE);
}

static void test_seven_cells_together_are_too_few(void **state)
{
	add_groups(7, 120);
	assert_int_equal(compare()[0].verdict, COMPARE_BETTER);
}

static void test_all_cells_a_little_are_no_matter(void **state)
{
	add_groups(8, 61);
	assert_int_equal(compare()[0].verdict, COMPARE_BETTER);
}

/* One of eight moved far, and with it the middle of them all; the others moved by a nanosecond. */
static void test_one_cell_is_not_all(void **state)
{
	add_groups(8, 51);
	for (unsigned row = 0; row < made.data.rows; row++) {
		double *core = &made.value[row * FIGURES + CORE_BEFORE];
		bool is_old = row >= made.data.rows / 2;

		if (*core > (is_old ? 53 : 54))
			*core += 150;
		if (fabs(*core - 53) < 0.1 && is_old)
			*core = 55;
		else if (fabs(*core - 54) < 0.1 && !is_old)
			*core = 204;
	}
	assert_int_equal(compare()[0].verdict, COMPARE_BETTER);
	assert_null(made.all.comparison[0].machine.witness);
}

/* Noise that so many more would overcome, on one machine. */
static void add_noise(double core_new)
{
	for (unsigned run = 0; run < 2; run++) {
		add_cell(run ? "old" : "new", "mcs", "2");
		for (unsigned i = 0; i < 7; i++)
			add_row((run ? 1200 : 1000) * (1 + 0.04 * (i * (run ? 3 : 2) % 7)))[CORE_BEFORE] = (run ? 50 : core_new) + i;
	}
	made.options.alpha = 0.0001;
}

static void test_more_of_another_machine_decides_nothing(void **state)
{
	add_noise(50);
	assert_int_equal(compare()->verdict, COMPARE_UNDECIDED);
	assert_true(compare()->more > 0);
	begin_runs(NULL);
	add_noise(200);
	assert_int_equal(compare()->doubt, COMPARE_DOUBT_MACHINE);
	assert_int_equal(compare()->more, 0);
}

static void test_where_machines_are_compared(void **state)
{
	begin(RUN_KEY_CPUS, "2", "isr_latency_p50");
	plant_flip();
	made.cell[0].key[RUN_KEY_CPUS] = "4";
	made.cell[0].key[RUN_KEY_RUN] = "old";
	assert_int_equal(compare()->verdict, COMPARE_BETTER);
	assert_null(compare()->machine.witness);
}

static void test_gated_rows_that_are_dropped_tell_nothing(void **state)
{
	ADD("new", "mcs", 500, CORE_BEFORE, 50, 54, 200, 201, 202, 203, 204, 205, 206, 207, 208);
	ADD("old", "mcs", 1000, CORE_BEFORE, 50, 51, 52, 53, 54);
	for (unsigned i = 2; i < 11; i++)
		made.row[i].gate_codes = "core-to-core";
	assert_string_equal(compare()->machine.witness, "core-to-core");
	made.options.drop_gated = true;
	assert_null(compare()->machine.witness);
}

/* Beyond a dozen values the test is approximate: SciPy's mannwhitneyu(method="asymptotic"), and not far from the exact one. */
static void test_many_values(void **state)
{
	double a[20], b[16];
	double exact;

	for (unsigned i = 0; i < 20; i++)
		a[i] = 50 + 10 * (i % 7) + (i > 15 ? 90 : 0);
	for (unsigned i = 0; i < 16; i++)
		b[i] = 130 + 10 * (i % 5) - (i > 13 ? 80 : 0);
	add("new", "mcs", 500, CORE_BEFORE, a, 20);
	add("old", "mcs", 1000, CORE_BEFORE, b, 16);
	exact = rank_mann_whitney(a, 20, b, 16);
	assert_string_equal(compare()->machine.witness, "core-to-core");
	assert_float_equal(compare()->machine.p, 0.010148476515920084, 1e-12);
	assert_float_equal(compare()->machine.p, exact, 0.2 * exact);
}

static void test_without_witnesses_nothing_is_said(void **state)
{
	ADD("new", "mcs", 500, CORE_BEFORE, NAN, NAN, NAN, NAN, NAN);
	ADD("old", "mcs", 1000, CORE_BEFORE, 200, 201, 202, 203, 204);
	assert_int_equal(compare()->verdict, COMPARE_BETTER);
	assert_false(compare()->machine_witnessed);
	made.data.figures = 1;
	for (size_t i = 1; i < made.data.rows; i++)
		made.value[i] = made.value[i * FIGURES];
	assert_int_equal(compare()->verdict, COMPARE_BETTER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_runs, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_flip_between_runs_decides_nothing),
		TEST(test_ignored_it_is_judged_and_still_said),
		TEST(test_on_one_machine_verdicts_stand),
		TEST(test_small_differences_do_not_matter),
		TEST(test_the_least_that_matters),
		TEST(test_the_larger_of_before_and_after_counts),
		TEST(test_runs_are_tested_at_five_percent),
		TEST(test_back_ends_of_a_run_at_one_percent),
		TEST(test_a_flip_within_a_run),
		TEST(test_chance_holds_nothing_back),
		TEST(test_the_device_model_stands_in_on_one_cpu),
		TEST(test_the_device_model_the_other_way_explains_nothing),
		TEST(test_the_same_way_of_what_is_better_when_more),
		TEST(test_the_device_model_is_silent_beside_core_to_core),
		TEST(test_within_a_run_it_is_the_back_ends),
		TEST(test_time_in_gaps),
		TEST(test_little_time_in_gaps),
		TEST(test_clocks),
		TEST(test_all_cells_together),
		TEST(test_seven_cells_together_are_too_few),
		TEST(test_all_cells_a_little_are_no_matter),
		TEST(test_one_cell_is_not_all),
		TEST(test_more_of_another_machine_decides_nothing),
		TEST(test_where_machines_are_compared),
		TEST(test_gated_rows_that_are_dropped_tell_nothing),
		TEST(test_many_values),
		TEST(test_without_witnesses_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
