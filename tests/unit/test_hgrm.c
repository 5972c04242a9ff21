/* SPDX-License-Identifier: MIT */
/* HdrHistogram's percentile table of histograms that can be worked out by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/export/percentile_table.h"

static char *print(const struct percentile_table *t, double divisor)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	percentile_table_print(t, out, divisor);
	assert_int_equal(fclose(out), 0);
	return text;
}

/*
 * 50 samples of 10 ns, 25 of 20 ns, 25 in the bucket of 300 and 301 ns, whose middle is 301.  The mean is (500 + 500 + 7525) / 100, the
 * variance (50 * 75.25^2 + 25 * 65.25^2 + 25 * 215.75^2) / 100.
 */
static void test_table(void **state)
{
	static const char expected[] =
		"       Value     Percentile TotalCount 1/(1-Percentile)\n"
		"\n"
		"       10.00 0.000000000000         50           1.00\n"
		"       10.00 0.100000000000         50           1.11\n"
		"       10.00 0.200000000000         50           1.25\n"
		"       10.00 0.300000000000         50           1.43\n"
		"       10.00 0.400000000000         50           1.67\n"
		"       10.00 0.500000000000         50           2.00\n"
		"       20.00 0.550000000000         75           2.22\n"
		"       20.00 0.600000000000         75           2.50\n"
		"       20.00 0.650000000000         75           2.86\n"
		"       20.00 0.700000000000         75           3.33\n"
		"       20.00 0.750000000000         75           4.00\n"
		"      301.00 0.775000000000        100           4.44\n"
		"      301.00 1.000000000000        100\n"
		"#[Mean    =        85.25, StdDeviation   =       124.63]\n"
		"#[Max     =       301.00, Total count    =          100]\n"
		"#[Buckets =           29, SubBuckets     =          256]\n";
	struct percentile_table t = { 0 };
	char *text;

	/* In any order, a bucket more than once. */
	assert_int_equal(percentile_table_add(&t, 300, 301, 25), 0);
	assert_int_equal(percentile_table_add(&t, 10, 10, 49), 0);
	assert_int_equal(percentile_table_add(&t, 20, 20, 25), 0);
	assert_int_equal(percentile_table_add(&t, 10, 10, 1), 0);
	text = print(&t, 1);
	assert_string_equal(text, expected);
	free(text);
	percentile_table_fini(&t);
	assert_null(t.count);
}

static void test_unit(void **state)
{
	struct percentile_table t = { 0 };
	char *text;

	assert_int_equal(percentile_table_add(&t, 2560, 2575, 4), 0);
	text = print(&t, 1e3);
	assert_non_null(strstr(text, "        2.58 0.000000000000          4           1.00\n        2.58 1.000000000000          4\n"));
	assert_non_null(strstr(text, "#[Mean    =         2.57, StdDeviation   =         0.00]\n"));
	assert_non_null(strstr(text, "#[Max     =         2.58, "));
	free(text);
	percentile_table_fini(&t);
}

static void test_three_digits(void **state)
{
	struct percentile_table t = { 0 };
	char *text;

	assert_int_equal(percentile_table_add(&t, 300, 300, 1), 0);
	assert_int_equal(percentile_table_add(&t, 4096, 4099, 1), 0);
	text = print(&t, 1);
	assert_non_null(strstr(text, "     300.000 0.500000000000          1           2.00\n    4099.000 0.550000000000          2           2.22\n"));
	assert_non_null(strstr(text, "#[Mean    =     2199.000, StdDeviation   =     1899.000]\n"));
	assert_non_null(strstr(text, "#[Buckets =           26, SubBuckets     =         2048]\n"));
	free(text);
	percentile_table_fini(&t);
}

/* All of them, the largest too. */
static void test_every_bucket(void **state)
{
	struct percentile_table t = { 0 };
	uint64_t lo = 0, buckets = 0;
	char *text;

	while (lo < UINT64_C(1) << 36) {
		uint64_t width = lo < 256 ? 1 : UINT64_C(1) << (63 - __builtin_clzll(lo) - 7);

		assert_int_equal(percentile_table_add(&t, lo, lo + width - 1, 1), 0);
		lo += width;
		buckets++;
	}
	assert_int_equal(buckets, 256 + 28 * 128);
	assert_int_equal(t.n, buckets);
	text = print(&t, 1);
	assert_non_null(strstr(text, "68719476735.00 1.000000000000       3840\n"));
	free(text);
	percentile_table_fini(&t);
}

static void test_refused(void **state)
{
	struct percentile_table t = { 0 };

	assert_int_equal(percentile_table_add(&t, 11, 10, 1), -EINVAL);
	assert_int_equal(percentile_table_add(&t, 10, 11, 1), -EINVAL);   /* so small a value has a bucket of its own */
	assert_int_equal(percentile_table_add(&t, 301, 302, 1), -EINVAL); /* not where a bucket begins */
	assert_int_equal(percentile_table_add(&t, 300, 302, 1), -EINVAL); /* no power of two */
	assert_int_equal(percentile_table_add(&t, 4096, 4096, 1), -EINVAL);
	assert_int_equal(percentile_table_add(&t, UINT64_C(1) << 36, UINT64_C(1) << 36, 1), -ERANGE);
	assert_int_equal(t.n, 0);
	/* Of two digits, then of three; and the other way round. */
	assert_int_equal(percentile_table_add(&t, 300, 301, 1), 0);
	assert_int_equal(percentile_table_add(&t, 400, 400, 1), -EINVAL);
	assert_int_equal(percentile_table_add(&t, 4096, 4099, 1), -EINVAL);
	assert_int_equal(percentile_table_add(&t, 10, 10, UINT64_MAX), -ERANGE);
	assert_int_equal(t.n, 1);
	percentile_table_fini(&t);
	assert_int_equal(percentile_table_add(&t, 300, 300, 1), 0);
	assert_int_equal(percentile_table_add(&t, 400, 401, 1), -EINVAL);
	percentile_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),        cmocka_unit_test(test_unit),    cmocka_unit_test(test_three_digits),
		cmocka_unit_test(test_every_bucket), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
