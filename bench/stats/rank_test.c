/* SPDX-License-Identifier: MIT */
/*
 * Rank statistics: see rank_test.h for what they are and where they come
 * from. The null distribution is counted, not sampled: integers throughout,
 * so that "at least as extreme" is never a matter of rounding.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/rank_test.h"

#define POOLED_MAX	(2 * RANK_SAMPLES_MAX)


struct pooled_value {
	double value;
	bool in_subset;
};

/* The pooled sample, reduced to what the test depends on. */
struct ranking {
	size_t total;
	size_t subset;
	/* Twice the mid-rank of each value, ascending: always an integer. */
	size_t rank2[POOLED_MAX];
	/* Sum of rank2 over the subset as seen. */
	size_t sum2;
};

static int compare_pooled(const void *a, const void *b)
{
	double x = ((const struct pooled_value *)a)->value;
	double y = ((const struct pooled_value *)b)->value;

	return (x > y) - (x < y);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool any_nan(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(v[i]))
			return true;
	return false;
}

static void rank_pooled(struct ranking *r, const double *subset, size_t n,
			const double *rest, size_t m)
{
	struct pooled_value pool[POOLED_MAX];
	size_t first = 0;

	for (size_t i = 0; i < n; i++)
		pool[i] = (struct pooled_value){ subset[i], true };
	for (size_t i = 0; i < m; i++)
		pool[n + i] = (struct pooled_value){ rest[i], false };
	r->total = n + m;
	r->subset = n;
	r->sum2 = 0;
	qsort(pool, r->total, sizeof(pool[0]), compare_pooled);
	while (first < r->total) {
		size_t end = first + 1;

		while (end < r->total && pool[end].value == pool[first].value)
			end++;
		/* Ranks first + 1 to end: their mean, doubled. */
		for (size_t i = first; i < end; i++) {
			r->rank2[i] = first + 1 + end;
			if (pool[i].in_subset)
				r->sum2 += r->rank2[i];
		}
		first = end;
	}
}

/*
 * ways[k * width + s]: how many subsets of k values have doubled rank sum s.
 * One value after the other is added, k descending, so that none is used
 * twice. The largest count, C(100, 50), is about 2^97.
 */
static void count_subsets(const struct ranking *r, unsigned __int128 *ways, size_t width)
{
	size_t reach = 0;

	ways[0] = 1;
	for (size_t i = 0; i < r->total; i++) {
		size_t rank2 = r->rank2[i];

		reach += rank2;
		if (reach > width - 1)
			reach = width - 1;
		for (size_t k = i + 1 < r->subset ? i + 1 : r->subset; k > 0; k--) {
			unsigned __int128 *with = ways + k * width;
			const unsigned __int128 *without = with - width;

			for (size_t s = rank2; s <= reach; s++)
				with[s] += without[s - rank2];
		}
	}
}

static size_t distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

static double two_sided_p(const struct ranking *r)
{
	/* Doubled ranks average total + 1, whatever the ties. */
	size_t mean2 = r->subset * (r->total + 1);
	size_t seen = distance(r->sum2, mean2);
	unsigned __int128 extreme = 0, all = 0, *ways;
	size_t width = 1;

	for (size_t i = 0; i < r->subset; i++)
		width += r->rank2[r->total - 1 - i];
	ways = calloc((r->subset + 1) * width, sizeof(*ways));
	if (!ways)
		return NAN;
	count_subsets(r, ways, width);
	for (size_t s = 0; s < width; s++) {
		unsigned __int128 count = ways[r->subset * width + s];

		all += count;
		if (distance(s, mean2) >= seen)
			extreme += count;
	}
	free(ways);
	return (double)extreme / (double)all;
}

double rank_mann_whitney(const double *a, size_t n, const double *b, size_t m)
{
	struct ranking r;

	if (n == 0 || m == 0 || n > RANK_SAMPLES_MAX || m > RANK_SAMPLES_MAX)
		return NAN;
	if (any_nan(a, n) || any_nan(b, m))
		return NAN;
	/* Both sides' distances from the mean are equal: count the smaller. */
	if (n <= m)
		rank_pooled(&r, a, n, b, m);
	else
		rank_pooled(&r, b, m, a, n);
	return two_sided_p(&r);
}

/* Smallest value not yet adjusted, or k. Adjusted ones carry a minus sign. */
static size_t smallest_raw(const double *p, size_t k)
{
	size_t at = k;

	for (size_t i = 0; i < k; i++) {
		if (isnan(p[i]) || signbit(p[i]))
			continue;
		if (at == k || p[i] < p[at])
			at = i;
	}
	return at;
}

void rank_holm(double *p, size_t k)
{
	size_t left = 0, at;
	double floor_p = 0;

	for (size_t i = 0; i < k; i++) {
		p[i] = fabs(p[i]);
		left += !isnan(p[i]);
	}
	while ((at = smallest_raw(p, k)) < k) {
		double adjusted = fmin(1, p[at] * (double)left--);

		floor_p = fmax(floor_p, adjusted);
		p[at] = -floor_p;
	}
	for (size_t i = 0; i < k; i++)
		p[i] = fabs(p[i]);
}

static double quantile(const double *sorted, size_t n, double p)
{
	double at = p * (double)(n - 1);
	size_t below = (size_t)at;
	double part = at - (double)below;

	if (part == 0)
		return sorted[below];
	return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

int rank_spread(const double *v, size_t n, struct rank_spread *spread)
{
	double *sorted;

	if (n == 0 || any_nan(v, n))
		return -EINVAL;
	sorted = malloc(n * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, v, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	spread->n = n;
	spread->min = sorted[0];
	spread->lower_quartile = quantile(sorted, n, 0.25);
	spread->median = quantile(sorted, n, 0.5);
	spread->upper_quartile = quantile(sorted, n, 0.75);
	spread->max = sorted[n - 1];
	free(sorted);
	return 0;
}

double rank_median(const double *v, size_t n)
{
	struct rank_spread spread;

	return rank_spread(v, n, &spread) ? NAN : spread.median;
}
