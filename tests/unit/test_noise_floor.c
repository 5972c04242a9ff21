/* SPDX-License-Identifier: MIT */
/* The noise floor against real A/A comparisons of data that are known, and against halves split by hand. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/stats/noise_floor.h"
#include "bench/stats/rank_test.h"

#define SIDES		1500
#define COMPARISONS	20000
#define N_MAX		20

static uint64_t random_state = 88172645463325252u;

static double random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller's; sd 0.02, as of the logarithms of figures that vary by 2%. */
static double normal(void)
{
	return 0.02 * sqrt(-2 * log(random_unit())) * cos(2 * M_PI * random_unit());
}

static double laplace(void)
{
	double u = random_unit();

	return u < 0.5 ? 0.02 * log(2 * u) : -0.02 * log(2 - 2 * u);
}

static double median_of(size_t n, double (*draw)(void))
{
	double v[N_MAX];

	for (size_t i = 0; i < n; i++)
		v[i] = draw();
	return rank_median(v, n);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The 95th percentile of what comparing a thing with itself really finds. */
static double by_comparing(size_t n, enum noise_floor_values values, double (*draw)(void))
{
	static double found[COMPARISONS];

	for (size_t i = 0; i < COMPARISONS; i++) {
		double other = values == NOISE_FLOOR_PAIRED ? 0 : median_of(n, draw);

		found[i] = fabs(median_of(n, draw) - other);
	}
	qsort(found, COMPARISONS, sizeof(found[0]), ascending);
	return found[COMPARISONS * 95 / 100];
}

static double by_halves(size_t n, enum noise_floor_values values, double (*draw)(void))
{
	struct noise_floor floor;
	double share;

	noise_floor_init(&floor, NOISE_FLOOR_SPLITS);
	for (size_t side = 0; side < SIDES; side++) {
		double v[N_MAX], level = random_unit();

		for (size_t i = 0; i < n; i++)
			v[i] = level + draw();
		assert_int_equal(noise_floor_add(&floor, v, n, values), 0);
	}
	assert_int_equal(floor.sides, SIDES);
	share = noise_floor_share(&floor);
	noise_floor_fini(&floor);
	return log1p(share);
}

static void is_near_what_comparing_with_itself_finds(double tolerance, double (*draw)(void))
{
	static const size_t sizes[] = { 4, 5, 6, 7, 10, 11, 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int values = NOISE_FLOOR_UNPAIRED; values <= NOISE_FLOOR_PAIRED; values++) {
			double expected = by_comparing(sizes[i], values, draw), got = by_halves(sizes[i], values, draw);

			if (!(fabs(got / expected - 1) <= tolerance))
				fail_msg("%s, n = %zu: %g, but %g", values ? "paired" : "unpaired", sizes[i], got, expected);
		}
	}
}

static void normal_values(void **state)
{
	is_near_what_comparing_with_itself_finds(0.06, normal);
}

/* The scale is that of normal values: the floor of these is too large. */
static void values_with_long_tails(void **state)
{
	is_near_what_comparing_with_itself_finds(0.30, laplace);
}

static double floor_of(const double *v, size_t n, enum noise_floor_values values)
{
	struct noise_floor floor;
	double share;

	noise_floor_init(&floor, NOISE_FLOOR_SPLITS);
	assert_int_equal(noise_floor_add(&floor, v, n, values), 0);
	share = noise_floor_share(&floor);
	noise_floor_fini(&floor);
	return share;
}

/* 0 1 3 7 in halves: 5 - 0.5, 4 - 1.5 and 3.5 - 2; the 95th percentile of 1.5 2.5 4.5 is 4.3. */
static void agrees_with_a_hand_count(void **state)
{
	static const double v[] = { 0.03, 0, 0.07, 0.01 };
	/* The sd of the median of two normal values, and of four, are the roots of 0.5 and 0.2982. */
	double scale = sqrt(0.5 / 0.2982);

	assert_true(fabs(log1p(floor_of(v, 4, NOISE_FLOOR_UNPAIRED)) - 0.043 / scale) < 0.043 * 0.01);
	assert_true(fabs(log1p(floor_of(v, 4, NOISE_FLOOR_PAIRED)) - 0.043 / scale / sqrt(2)) < 0.043 * 0.01);
}

/* (n choose n / 2) / 2, times n for the one that is left out when n is odd; beyond 200, 200. */
static void every_split_counts_once(void **state)
{
	static const struct {
		size_t n, splits;
	} expected[] = {
		{ 3, 0 }, { 4, 3 }, { 5, 15 }, { 6, 10 }, { 7, 70 }, { 8, 35 }, { 9, 200 }, { 10, 126 }, { 11, 200 }, { 12, 200 },
	};
	double v[N_MAX];

	for (size_t i = 0; i < N_MAX; i++)
		v[i] = normal();
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct noise_floor floor;

		noise_floor_init(&floor, NOISE_FLOOR_SPLITS);
		assert_int_equal(noise_floor_add(&floor, v, expected[i].n, NOISE_FLOOR_UNPAIRED), 0);
		assert_int_equal(floor.count, expected[i].splits);
		assert_int_equal(floor.sides, expected[i].splits > 0);
		noise_floor_fini(&floor);
	}
}

/* All 12870 / 2 splits of sixteen, and 200 of them, differ only by chance. */
static void random_splits_stand_for_all(void **state)
{
	double few = 0, every = 0;

	for (size_t side = 0; side < 40; side++) {
		struct noise_floor floor;
		double v[16];

		for (size_t i = 0; i < 16; i++)
			v[i] = normal();
		few += floor_of(v, 16, NOISE_FLOOR_UNPAIRED);
		noise_floor_init(&floor, 6435);
		assert_int_equal(noise_floor_add(&floor, v, 16, NOISE_FLOOR_UNPAIRED), 0);
		assert_int_equal(floor.count, 6435);
		every += noise_floor_share(&floor);
		noise_floor_fini(&floor);
	}
	assert_true(fabs(few / every - 1) < 0.03);
}

static void neither_order_matters(void **state)
{
	double a[12], b[12], a_backwards[12];
	struct noise_floor one, other;

	for (size_t i = 0; i < 12; i++) {
		a[i] = a_backwards[11 - i] = normal();
		b[i] = 3 * normal();
	}
	noise_floor_init(&one, NOISE_FLOOR_SPLITS);
	noise_floor_init(&other, NOISE_FLOOR_SPLITS);
	noise_floor_add(&one, a, 12, NOISE_FLOOR_UNPAIRED);
	noise_floor_add(&one, b, 12, NOISE_FLOOR_UNPAIRED);
	noise_floor_add(&other, b, 12, NOISE_FLOOR_UNPAIRED);
	noise_floor_add(&other, a_backwards, 12, NOISE_FLOOR_UNPAIRED);
	assert_true(noise_floor_share(&one) > 0 && noise_floor_share(&one) == noise_floor_share(&other));
	noise_floor_fini(&one);
	noise_floor_fini(&other);
}

static void what_has_no_floor(void **state)
{
	double v[] = { 1, 2, NAN, 4 }, endless[] = { 1, 2, INFINITY, 3, 4 }, same[] = { 5, 5, 5, 5, 5, 5 };
	struct noise_floor floor;

	noise_floor_init(&floor, NOISE_FLOOR_SPLITS);
	assert_true(isnan(noise_floor_share(&floor)));
	assert_int_equal(noise_floor_add(&floor, v, 4, NOISE_FLOOR_UNPAIRED), -EINVAL);
	assert_int_equal(noise_floor_add(&floor, endless, 5, NOISE_FLOOR_UNPAIRED), -EINVAL);
	assert_int_equal(noise_floor_add(&floor, same, 3, NOISE_FLOOR_UNPAIRED), 0);
	assert_int_equal(noise_floor_add(&floor, same, 0, NOISE_FLOOR_UNPAIRED), 0);
	assert_int_equal(floor.sides, 0);
	assert_true(isnan(noise_floor_share(&floor)));
	noise_floor_fini(&floor);
	assert_true(floor_of(same, 6, NOISE_FLOOR_UNPAIRED) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_values),
		cmocka_unit_test(values_with_long_tails),
		cmocka_unit_test(agrees_with_a_hand_count),
		cmocka_unit_test(every_split_counts_once),
		cmocka_unit_test(random_splits_stand_for_all),
		cmocka_unit_test(neither_order_matters),
		cmocka_unit_test(what_has_no_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
