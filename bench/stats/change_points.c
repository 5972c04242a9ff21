/* SPDX-License-Identifier: MIT */
/* Binary segmentation by ranks; see change_points.h. */
#include "bench/stats/change_points.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/sums.h"
#include "hba_sim/devices/service_time.h"

struct search {
	const double *v;
	double alpha;
	size_t least;
	struct change_point *point;
	size_t found;
	double *sorted; /* as many as there are values, and so below */
	int32_t *score;
	int32_t *bound;
};

/* In ascending values, where the first is that is not less than x. */
static size_t first_not_below(const double *sorted, size_t n, double x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (sorted[middle] < x)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

/*
 * Twice the mid-rank of each value of v[from] to v[end - 1], less the mean: they sum up to 0, and a sum of some is less than
 * CHANGE_POINTS_SERIES_MAX squared.
 */
static void score_segment(struct search *s, size_t from, size_t end)
{
	size_t n = end - from;

	memcpy(s->sorted, s->v + from, n * sizeof(*s->sorted));
	sums_sort(s->sorted, n);
	for (size_t i = 0; i < n; i++) {
		size_t below = first_not_below(s->sorted, n, s->v[from + i]), not_above = below;

		while (not_above < n && s->sorted[not_above] == s->v[from + i])
			not_above++;
		s->score[i] = (int32_t)(below + 1 + not_above) - (int32_t)(n + 1);
	}
}

/*
 * With the sum S of the first t scores, |U - E(U)| is |S| / 2 and var(U) goes with t (n - t): S^2 / (t (n - t)) orders cuts in the
 * same way. Both are whole numbers that fit a double, so that equal cuts compare equal.
 */
static double strength_of(int64_t sum, size_t t, size_t n)
{
	return (double)(sum * sum) / (double)(t * (n - t));
}

static double best_cut(const int32_t *score, size_t n, size_t least, size_t *at)
{
	int32_t sum = 0;
	double best = -1;

	for (size_t t = 1; t + least <= n; t++) {
		sum += score[t - 1];
		if (t >= least && strength_of(sum, t, n) > best) {
			best = strength_of(sum, t, n);
			*at = t;
		}
	}
	return best;
}

/* The least |S| with which each cut is as good as `seen`: millions of cuts are then judged without a division. */
static void bound_cuts(int32_t *bound, size_t n, size_t least, double seen)
{
	for (size_t t = 0; t < n; t++) {
		int32_t sum;

		bound[t] = INT32_MAX;
		if (t < least || t + least > n)
			continue;
		sum = (int32_t)sqrt(seen * (double)(t * (n - t)));
		/* The root is rounded: by the rule that cuts are compared with. */
		while (sum > 0 && strength_of(sum - 1, t, n) >= seen)
			sum--;
		while (strength_of(sum, t, n) < seen)
			sum++;
		bound[t] = sum;
	}
}

/*
 * Whether a step is so clear that no order has a cut as good, but for one chance in 10^12: then none need be drawn. Serfling's
 * inequality bounds the chance of a sum of t out of n, whose range is 2 n at most; the cuts and orders at most add up.
 */
static bool is_beyond_chance(size_t n, double seen)
{
	return seen / (2 * (double)(n + 2)) > log(2 * (double)n * CHANGE_POINTS_ORDERS * 1e12);
}

/*
 * Another order, and whether it has a cut within bounds. What stays at the end is drawn first; the sum of the others is the same but
 * for its sign.
 */
static bool shuffle_has_cut(int32_t *score, size_t n, const int32_t *bound, uint64_t *random)
{
	int32_t sum = 0;
	bool has = false;

	for (size_t i = n; i > 1; i--) {
		/* As good as a remainder, and no division. */
		size_t other = (size_t)((unsigned __int128)splitmix64(random) * i >> 64);
		int32_t drawn = score[other];

		score[other] = score[i - 1];
		score[i - 1] = drawn;
		sum += drawn;
		has |= abs(sum) >= bound[i - 1];
	}
	return has;
}

/* Whether v[from] to v[end - 1] have a change point, and where. */
static bool find_one(struct search *s, size_t from, size_t end, struct change_point *point)
{
	size_t n = end - from, at = 0, as_good = 0;
	/* With the order seen; 0.0003 * 10000 is a little less than 3. */
	size_t allowed = (size_t)(s->alpha * (1 + CHANGE_POINTS_ORDERS) + 1e-6);
	uint64_t random = n;
	double seen;

	if (n < 2 * s->least)
		return false;
	score_segment(s, from, end);
	seen = best_cut(s->score, n, s->least, &at);
	bound_cuts(s->bound, n, s->least, seen);
	for (size_t i = 0; i < CHANGE_POINTS_ORDERS && !is_beyond_chance(n, seen); i++) {
		as_good += shuffle_has_cut(s->score, n, s->bound, &random);
		/* p is above alpha already: how much does not matter. */
		if (1 + as_good > allowed)
			return false;
	}
	*point = (struct change_point){ .at = from + at, .p_value = (double)(1 + as_good) / (1 + CHANGE_POINTS_ORDERS) };
	return true;
}

static void search_segment(struct search *s, size_t from, size_t end)
{
	struct change_point point;

	if (!find_one(s, from, end, &point))
		return;
	search_segment(s, from, point.at);
	s->point[s->found++] = point;
	search_segment(s, point.at, end);
}

static double shift_between(const double *v, size_t from, size_t at, size_t end, double *before, double *after)
{
	struct sums differences = { .x = before, .n = at - from, .y = after, .m = end - at };

	for (size_t i = from; i < at; i++)
		before[i - from] = -v[i];
	memcpy(after, v + at, (end - at) * sizeof(*v));
	sums_sort(before, at - from);
	sums_sort(after, end - at);
	return sums_median(&differences);
}

static int find_all(struct search *s, size_t count)
{
	double *before = malloc(count * sizeof(*before));
	int result = -ENOMEM;

	s->sorted = malloc(count * sizeof(*s->sorted));
	s->score = malloc(count * sizeof(*s->score));
	s->bound = malloc(count * sizeof(*s->bound));
	s->point = malloc(count * sizeof(*s->point));
	if (before && s->sorted && s->score && s->bound && s->point) {
		search_segment(s, 0, count);
		for (size_t i = 0; i < s->found; i++) {
			size_t from = i ? s->point[i - 1].at : 0, end = i + 1 < s->found ? s->point[i + 1].at : count;

			s->point[i].shift = shift_between(s->v, from, s->point[i].at, end, before, s->sorted);
		}
		result = 0;
	}
	free(s->bound);
	free(s->score);
	free(s->sorted);
	free(before);
	return result;
}

int change_points_find(const double *v, size_t count, double alpha, size_t least_segment, struct change_point **points,
		       size_t *found)
{
	struct search s = { .v = v, .alpha = alpha, .least = least_segment };
	int result;

	*points = NULL;
	*found = 0;
	if (count > CHANGE_POINTS_SERIES_MAX || least_segment == 0 || !(alpha >= 1.0 / (1 + CHANGE_POINTS_ORDERS) && alpha < 1))
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(v[i]))
			return -EINVAL;
	if (count < 2 * least_segment)
		return 0;
	result = find_all(&s, count);
	if (result || s.found == 0) {
		free(s.point);
		return result;
	}
	*points = s.point;
	*found = s.found;
	return 0;
}
