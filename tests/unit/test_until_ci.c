/* SPDX-License-Identifier: MIT */
/* Which cells get another block: the wide ones, with those that they are compared with, by what the blocks before say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/run/until_ci.h"

/* Two groups of two, and one that cannot run. */
enum { CELLS = 5 };
static struct matrix_cell cell[CELLS] = {
	{ .group = 0 }, { .group = 0 }, { .group = 1 }, { .group = 1 }, { .group = 0, .refusal = "because" },
};
static const struct matrix matrix = { .cells = CELLS, .cell = cell, .runnable = 4, .groups = 2 };
static struct until_ci until;

static int begin(void **state)
{
	return until_ci_init(&until, &matrix, "iops", 0.05);
}

static int end(void **state)
{
	until_ci_fini(&until);
	return 0;
}

static void add(size_t at, uint64_t block, const char *status, double value)
{
	json_t *summary = json_pack("{s:s, s:f}", "status", status, "iops", value);

	assert_int_equal(until_ci_add(&until, at, block, summary), 0);
	json_decref(summary);
}

/* Six blocks within 1 percent for all but cell `wide`, whose figures are 20 percent apart. */
static void six_blocks(size_t wide)
{
	for (uint64_t block = 1; block <= 6; block++) {
		for (size_t at = 0; at < 4; at++)
			add(at, block, "ok", 1000 + (double)block * (at == wide ? 40 : 2));
	}
}

static void expect(uint64_t block, size_t wide, const char *wanted)
{
	bool is_wanted[CELLS];

	assert_int_equal(until_ci_wanted(&until, block, is_wanted), wide);
	for (size_t at = 0; at < CELLS; at++)
		assert_int_equal(is_wanted[at], wanted[at] == '1');
}

static void test_narrow_is_done(void **state)
{
	six_blocks(CELLS);
	expect(7, 0, "00000");
}

static void test_the_wide_ones_group_goes_on(void **state)
{
	six_blocks(1);
	expect(7, 1, "11000");
	six_blocks(CELLS);
	/* Twelve figures, of which six are 20 percent apart. */
	expect(7, 1, "11000");
}

static void test_fewer_than_six_have_no_interval(void **state)
{
	for (uint64_t block = 1; block <= 5; block++)
		add(2, block, "ok", 1000);
	expect(6, 1, "00110");
	add(2, 6, "ok", 1000);
	expect(7, 0, "00000");
}

/* A block that is begun is made again as it was, whatever it has brought since. */
static void test_only_earlier_blocks_count(void **state)
{
	six_blocks(3);
	expect(7, 1, "00110");
	for (uint64_t block = 7; block <= 40; block++)
		add(3, block, "ok", 1140);
	expect(7, 1, "00110");
	expect(41, 0, "00000");
}

static void test_what_failed_says_nothing(void **state)
{
	for (uint64_t block = 1; block <= 6; block++)
		add(0, block, "failed", (double)block);
	expect(7, 0, "00000");
}

static void test_without_the_figure_nothing_is_wide(void **state)
{
	json_t *summary = json_pack("{s:s}", "status", "ok");

	assert_int_equal(until_ci_add(&until, 0, 1, summary), 0);
	assert_int_equal(until_ci_add(&until, 0, 1, NULL), 0);
	json_decref(summary);
	expect(2, 0, "00000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_narrow_is_done, begin, end),
		cmocka_unit_test_setup_teardown(test_the_wide_ones_group_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(test_fewer_than_six_have_no_interval, begin, end),
		cmocka_unit_test_setup_teardown(test_only_earlier_blocks_count, begin, end),
		cmocka_unit_test_setup_teardown(test_what_failed_says_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_without_the_figure_nothing_is_wide, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
