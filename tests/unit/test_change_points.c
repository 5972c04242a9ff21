/* SPDX-License-Identifier: MIT */
/* Change points where they are known to be, and not where there is none. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/stats/change_points.h"
#include "hba_sim/devices/service_time.h"

#define ALPHA	0.05

static uint64_t random_state = 88172645463325252u;

static double random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(random_unit())) * cos(2 * M_PI * random_unit());
}

static size_t find(const double *v, size_t count, size_t least_segment, struct change_point **points)
{
	size_t found;

	assert_int_equal(change_points_find(v, count, ALPHA, least_segment, points, &found), 0);
	assert_true((found == 0) == (*points == NULL));
	return found;
}

/* 100 to 103 ns, then 110 to 113 ns: no chance, and the place and the size are known. */
static void a_step_is_found_where_it_is(void **state)
{
	static const double v[] = { 100, 103, 101, 102, 100, 103, 101, 112, 110, 113, 111, 110, 112 };
	struct change_point *points;

	assert_int_equal(find(v, 13, 3, &points), 1);
	assert_int_equal(points[0].at, 7);
	assert_true(points[0].p_value > 0 && points[0].p_value < 0.01);
	assert_true(points[0].shift == 10);
	free(points);
}

/* The last three are the newest, and there is no waiting for more. */
static void a_step_near_the_end_is_found(void **state)
{
	double v[30];
	struct change_point *points;

	for (size_t i = 0; i < 30; i++)
		v[i] = normal() + (i >= 27 ? 6 : 0);
	assert_int_equal(find(v, 30, 3, &points), 1);
	assert_int_equal(points[0].at, 27);
	free(points);
	/* Shorter segments than the least are not. */
	assert_int_equal(find(v, 29, 3, &points), 0);
}

/* Four values that stand out, first or last: with at least five in a segment the cut is elsewhere, or there is none. */
static void no_segment_is_shorter_than_the_least(void **state)
{
	for (int first = 0; first < 2; first++) {
		double v[40];
		struct change_point *points;
		size_t found;

		for (size_t i = 0; i < 40; i++)
			v[i] = normal() + ((first ? i < 4 : i >= 36) ? 9 : 0);
		assert_int_equal(find(v, 40, 4, &points), 1);
		assert_int_equal(points[0].at, first ? 4 : 36);
		free(points);
		found = find(v, 40, 5, &points);
		for (size_t i = 0; i < found; i++)
			assert_in_range(points[i].at, 5, 35);
		free(points);
	}
}

/* Up, down again, and up: each against its neighbour alone; and the same backwards in time. */
static void several_steps_are_found_in_order(void **state)
{
	static const double level[2][4] = { { 0, 20, 5, 11 }, { 11, 5, 20, 0 } };

	for (size_t way = 0; way < 2; way++) {
		double v[48];
		struct change_point *points;

		for (size_t i = 0; i < 48; i++)
			v[i] = level[way][i / 12] + normal() / 2;
		assert_int_equal(find(v, 48, 3, &points), 3);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(points[i].at, 12 * (i + 1));
			assert_true(fabs(points[i].shift - (level[way][i + 1] - level[way][i])) < 1);
		}
		free(points);
	}
}

/* 500 series of one level, with long tails, and half of them with ties: chance finds one in 5% at most, but not in none. */
static void chance_alone_finds_one_as_seldom_as_it_says(void **state)
{
	size_t series = 0;

	for (size_t round = 0; round < 500; round++) {
		size_t count = 10 + round % 31;
		double v[40];
		struct change_point *points;

		for (size_t i = 0; i < count; i++) {
			v[i] = 100 * exp(normal());
			if (round % 2)
				v[i] = floor(v[i] / 100);
		}
		series += find(v, count, 3 + round % 3, &points) > 0;
		free(points);
	}
	assert_in_range(series, 8, 25);
}

/* It is cut up, and each cut goes up: that is all that the places mean. */
static void a_ramp_is_cut_into_steps(void **state)
{
	double v[60];
	struct change_point *points;
	size_t found;

	for (size_t i = 0; i < 60; i++)
		v[i] = (double)i / 4 + normal();
	found = find(v, 60, 5, &points);
	assert_in_range(found, 2, 11);
	for (size_t i = 0; i < found; i++)
		assert_true(points[i].shift > 0 && points[i].at >= 5 * (i + 1));
	free(points);
}

static bool alike(const struct change_point *a, const struct change_point *b)
{
	return a->at == b->at && a->p_value == b->p_value && a->shift == b->shift;
}

/* Small steps, whose p values depend on the random orders. */
static void the_same_series_gives_the_same_twice(void **state)
{
	size_t unsure = 0;

	for (size_t round = 0; round < 10; round++) {
		double v[30];
		struct change_point *points, *again;
		size_t found;

		for (size_t i = 0; i < 30; i++)
			v[i] = normal() + (i >= 14 ? 1.2 : 0);
		found = find(v, 30, 5, &points);
		assert_int_equal(find(v, 30, 5, &again), found);
		for (size_t i = 0; i < found; i++) {
			assert_true(alike(&points[i], &again[i]));
			unsure += points[i].p_value > 0.002;
		}
		free(points);
		free(again);
	}
	assert_true(unsure >= 2);
}

/* Twice the mid-ranks, less their mean, by counting. */
static void plain_scores(const double *v, size_t n, double *score)
{
	for (size_t i = 0; i < n; i++) {
		score[i] = 0;
		for (size_t j = 0; j < n; j++)
			score[i] += (v[j] < v[i]) - (v[j] > v[i]);
	}
}

static double plain_strength(const double *score, size_t n, size_t least)
{
	double sum = 0, best = -1;

	for (size_t t = 1; t <= n - least; t++) {
		sum += score[t - 1];
		if (t >= least)
			best = fmax(best, sum * sum / (double)(t * (n - t)));
	}
	return best;
}

/* Every order drawn, every cut divided. */
static double plain_p_value(const double *v, size_t n, size_t least)
{
	double score[100], seen;
	size_t as_good = 1;
	uint64_t random = n;

	plain_scores(v, n, score);
	seen = plain_strength(score, n, least);
	for (size_t order = 0; order < CHANGE_POINTS_ORDERS; order++) {
		for (size_t i = n; i > 1; i--) {
			size_t other = (size_t)((unsigned __int128)splitmix64(&random) * i >> 64);
			double moved = score[i - 1];

			score[i - 1] = score[other];
			score[other] = moved;
		}
		as_good += plain_strength(score, n, least) >= seen;
	}
	return (double)as_good / (1 + CHANGE_POINTS_ORDERS);
}

/* With ties and without, steps that are clear, faint and none. No part of such a series is left long enough to be cut again. */
static void p_values_are_those_of_the_plain_search(void **state)
{
	static const double step[] = { 0, 0.8, 1.2, 2, 50 };
	size_t marked = 0;

	for (size_t round = 0; round < 60; round++) {
		size_t n = 10 + round % 4 * 30, least = n / 2 - round % 3;
		struct change_point *points;
		double v[100], p_value;

		for (size_t i = 0; i < n; i++) {
			v[i] = normal() + (i >= n / 2 ? step[round % 5] : 0);
			if (round % 2)
				v[i] = floor(2 * v[i]);
		}
		p_value = plain_p_value(v, n, least);
		assert_int_equal(find(v, n, least, &points), p_value <= ALPHA);
		assert_true(!points || points[0].p_value == p_value);
		marked += points && p_value > 0.001;
		free(points);
	}
	assert_in_range(marked, 5, 55);
}

static void the_longest_series_fits(void **state)
{
	static double v[CHANGE_POINTS_SERIES_MAX];
	struct change_point *points;

	for (size_t i = 0; i < CHANGE_POINTS_SERIES_MAX; i++)
		v[i] = normal() + (i >= 400 ? 8 : 0);
	assert_true(find(v, CHANGE_POINTS_SERIES_MAX, 400, &points) == 1);
	assert_int_equal(points[0].at, 400);
	assert_true(fabs(points[0].shift - 8) < 0.3);
	assert_true(points[0].p_value == 1.0 / (1 + CHANGE_POINTS_ORDERS));
	free(points);
}

/* Three against three cannot be told from chance: 2 of 20 orders are as good. */
static void what_is_too_short_has_none(void **state)
{
	static const double v[] = { 1, 2, 3, 11, 12, 13 }, same[12] = { 0 };
	struct change_point *points;

	for (size_t count = 0; count <= 6; count++)
		assert_int_equal(find(v, count, 3, &points), 0);
	assert_int_equal(find(same, 12, 3, &points), 0);
}

static void what_is_no_series_is_refused(void **state)
{
	static const double v[CHANGE_POINTS_SERIES_MAX + 1];
	static const double bad[] = { 1, 2, NAN }, endless[] = { 1, 2, -INFINITY };
	struct change_point *points;
	size_t found;

	assert_int_equal(change_points_find(v, CHANGE_POINTS_SERIES_MAX + 1, ALPHA, 3, &points, &found), -EINVAL);
	assert_int_equal(change_points_find(bad, 3, ALPHA, 3, &points, &found), -EINVAL);
	assert_int_equal(change_points_find(endless, 3, ALPHA, 3, &points, &found), -EINVAL);
	assert_int_equal(change_points_find(v, 20, 0.00009, 3, &points, &found), -EINVAL);
	assert_int_equal(change_points_find(v, 20, 1, 3, &points, &found), -EINVAL);
	assert_int_equal(change_points_find(v, 20, NAN, 3, &points, &found), -EINVAL);
	assert_int_equal(change_points_find(v, 20, ALPHA, 0, &points, &found), -EINVAL);
	assert_true(points == NULL && found == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_found_where_it_is),
		cmocka_unit_test(a_step_near_the_end_is_found),
		cmocka_unit_test(no_segment_is_shorter_than_the_least),
		cmocka_unit_test(several_steps_are_found_in_order),
		cmocka_unit_test(chance_alone_finds_one_as_seldom_as_it_says),
		cmocka_unit_test(a_ramp_is_cut_into_steps),
		cmocka_unit_test(the_same_series_gives_the_same_twice),
		cmocka_unit_test(p_values_are_those_of_the_plain_search),
		cmocka_unit_test(the_longest_series_fits),
		cmocka_unit_test(what_is_too_short_has_none),
		cmocka_unit_test(what_is_no_series_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
