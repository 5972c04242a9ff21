/* SPDX-License-Identifier: MIT */
/* Selection among sums against forming and sorting them all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <string.h>

#include <cmocka.h>

#include "bench/stats/sums.h"

#define MOST	60

static uint64_t random_state = 88172645463325252u;

static double random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* levels: of so many different values; 0: none alike */
static void fill(double *v, size_t n, int levels)
{
	for (size_t i = 0; i < n; i++)
		v[i] = levels ? floor(random_unit() * levels) : random_unit() - 0.5;
	sums_sort(v, n);
}

static void agrees_with_sorting(const struct sums *sums, bool every)
{
	size_t count = 0;
	double *all = malloc(sums->n * sums->m * sizeof(*all));

	assert_non_null(all);
	for (size_t i = 0; i < sums->n; i++)
		for (size_t j = sums->pairs ? i : 0; j < sums->m; j++)
			all[count++] = sums->x[i] + sums->y[j];
	qsort(all, count, sizeof(*all), ascending);
	assert_int_equal(sums_count(sums), count);
	for (size_t k = 0; k < count; k += every ? 1 : 1 + count / 37)
		assert_true(sums_select(sums, k) == all[k]);
	assert_true(sums_select(sums, count - 1) == all[count - 1]);
	assert_true(sums_median(sums) == (all[(count - 1) / 2] + all[count / 2]) / 2);
	for (size_t tail = 0; tail <= count / 2; tail += every ? 1 : 1 + count / 19) {
		double median, lo, hi;

		sums_median_and_ends(sums, tail, &median, &lo, &hi);
		assert_true(median == (all[(count - 1) / 2] + all[count / 2]) / 2);
		assert_true(lo == (tail ? all[tail - 1] : -INFINITY));
		assert_true(hi == (tail ? all[count - tail] : INFINITY));
	}
	free(all);
}

static void each_sum_is_found_where_sorting_puts_it(void **state)
{
	static const int levels[] = { 0, 2, 7, 40 };
	double x[MOST], y[MOST];

	for (size_t round = 0; round < 400; round++) {
		size_t n = 1 + (size_t)(random_unit() * MOST), m = 1 + (size_t)(random_unit() * MOST);

		fill(x, n, levels[round % 4]);
		fill(y, m, levels[round % 4]);
		agrees_with_sorting(&(struct sums){ .x = x, .n = n, .y = y, .m = m }, n * m < 500);
		agrees_with_sorting(&(struct sums){ .x = x, .n = n, .y = x, .m = n, .pairs = true }, n < 30);
	}
}

static void the_longest_samples_fit(void **state)
{
	static double x[SUMS_ROWS_MAX], y[SUMS_ROWS_MAX];
	struct sums longest = { .x = x, .n = SUMS_ROWS_MAX, .y = y, .m = SUMS_ROWS_MAX };
	double median, lo, hi;

	fill(x, 1000, 0);
	fill(y, 1000, 0);
	agrees_with_sorting(&(struct sums){ .x = x, .n = 1000, .y = y, .m = 1000 }, false);
	agrees_with_sorting(&(struct sums){ .x = x, .n = 1000, .y = x, .m = 1000, .pairs = true }, false);
	/* Every whole number once. */
	for (size_t i = 0; i < SUMS_ROWS_MAX; i++) {
		x[i] = (double)(i * SUMS_ROWS_MAX);
		y[i] = (double)i;
	}
	sums_median_and_ends(&longest, 12345, &median, &lo, &hi);
	assert_true(lo == 12344 && hi == (double)sums_count(&longest) - 12345);
	assert_true(median == (double)(sums_count(&longest) - 1) / 2);
}

/* On both sides of the length at which the way of sorting changes. */
static void sorts(void **state)
{
	double v[200];

	for (size_t n = 0; n <= 200; n++) {
		for (size_t i = 0; i < n; i++)
			v[i] = floor(random_unit() * 100);
		sums_sort(v, n);
		for (size_t i = 1; i < n; i++)
			assert_true(v[i - 1] <= v[i]);
	}
}

static void the_kth_is_where_sorting_puts_it(void **state)
{
	double sorted[40], moved[40], next;

	for (size_t n = 1; n <= 40; n++) {
		fill(sorted, n, n % 3 ? 1000 : 5);
		for (size_t k = 0; k < n; k++) {
			for (size_t i = 0; i < n; i++)
				moved[i] = sorted[(7 * i + k) % n]; /* in another order, where 7 does not divide n */
			if (n % 7 == 0)
				memcpy(moved, sorted, n * sizeof(*moved));
			assert_true(sums_kth(moved, n, k, &next) == sorted[k]);
			assert_true(next == (k + 1 < n ? sorted[k + 1] : INFINITY));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sum_is_found_where_sorting_puts_it),
		cmocka_unit_test(the_longest_samples_fit),
		cmocka_unit_test(sorts),
		cmocka_unit_test(the_kth_is_where_sorting_puts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
