/* SPDX-License-Identifier: MIT */
/* Figures, keys, and a run's folder read back. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/files/schema.h"
#include "bench/run_data/run_data.h"

static void test_figures_are_columns(void **state)
{
	for (size_t i = 0; i < figure_count; i++) {
		assert_ptr_equal(figure_find(figures[i].name), &figures[i]);
		/* Google Benchmark's are the last four. */
		if (i + 4 < figure_count)
			assert_true(csv_column_index(&schema_summary, figures[i].column) != CSV_NO_COLUMN);
	}
	assert_ptr_equal(figure_find("isr_latency_p50_ns"), figure_find("isr_latency_p50"));
	assert_null(figure_find("isr_latency"));
}

static void test_keys_are_columns(void **state)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		assert_int_equal(run_key_find(run_key_name((enum run_key)k)), k);
		if (k != RUN_KEY_BENCHMARK && k != RUN_KEY_RUN)
			assert_true(csv_column_index(&schema_summary, run_key_name((enum run_key)k)) != CSV_NO_COLUMN);
	}
	assert_int_equal(run_key_find("nothing"), RUN_KEY_COUNT);
}

static void test_values_have_an_order(void **state)
{
	assert_true(run_key_compare(RUN_KEY_CPUS, "9", "10") < 0);
	assert_true(run_key_compare(RUN_KEY_BACKEND, "spinlock", "mcs") < 0);
	assert_true(run_key_compare(RUN_KEY_BACKEND, "spinlock", "aaa") < 0);
	assert_int_equal(run_key_compare(RUN_KEY_DELIVERY, "poll", "poll"), 0);
	assert_true(run_key_compare(RUN_KEY_DELIVERY, "", "poll") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_are_columns),
		cmocka_unit_test(test_keys_are_columns),
		cmocka_unit_test(test_values_have_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
