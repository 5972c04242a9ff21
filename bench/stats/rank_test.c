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

#include "bench/stats/rank_normal.h"
#include "bench/stats/rank_null.h"
#include "bench/stats/rank_test.h"
#include "bench/stats/rank_tied.h"
#include "bench/stats/sums.h"

#define POOLED_MAX	(2 * RANK_SAMPLES_MAX)

/* The pooled sample, reduced to what the test depends on. */
struct ranking {
	size_t total;
	size_t subset;
	/* Twice the mid-rank of each value, ascending: always an integer; of the exact test only. */
	size_t rank2[POOLED_MAX];
	/* Sum of rank2 over the subset as seen. */
	size_t sum2;
	/* Sum of t^3 - t, of t equal ones each. */
	double ties;
};

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

static void rank_pooled(struct ranking *r, const double *subset, size_t n, const double *rest, size_t m)
{
	double in[RANK_VALUES_MAX], out[RANK_VALUES_MAX];
	size_t i = 0, j = 0;

	memcpy(in, subset, n * sizeof(*in));
	memcpy(out, rest, m * sizeof(*out));
	sums_sort(in, n);
	sums_sort(out, m);
	*r = (struct ranking){ .total = n + m, .subset = n };
	while (i + j < r->total) {
		double value = j == m || (i < n && in[i] <= out[j]) ? in[i] : out[j];
		size_t at = i + j, first = i;
		double tied;

		while (i < n && in[i] == value)
			i++;
		while (j < m && out[j] == value)
			j++;
		/* Ranks at + 1 to i + j are equal: their mean, doubled. */
		for (size_t k = at; k < i + j && k < POOLED_MAX; k++)
			r->rank2[k] = at + 1 + i + j;
		r->sum2 += (i - first) * (at + 1 + i + j);
		tied = (double)(i + j - at);
		r->ties += tied * tied * tied - tied;
	}
}

static size_t distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

static double two_sided_p(const struct ranking *r)
{
	size_t rest = r->total - r->subset;

	if (!rank_is_exact(r->subset, rest))
		return rank_normal_p(r->subset, rest, (double)(r->sum2 - r->subset * (r->subset + 1)) / 2, r->ties);
	/* Twice the rank sum is twice its least, and twice U. */
	if (r->ties == 0)
		return rank_null_p(r->subset, rest, (r->sum2 - r->subset * (r->subset + 1)) / 2);
	/* Doubled ranks average total + 1, whatever the ties. */
	return rank_tied_p(r->rank2, r->total, r->subset, distance(r->sum2, r->subset * (r->total + 1)));
}

double rank_mann_whitney(const double *a, size_t n, const double *b, size_t m)
{
	struct ranking r;

	if (n == 0 || m == 0 || n > RANK_VALUES_MAX || m > RANK_VALUES_MAX)
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

static int compare_pointed(const void *a, const void *b)
{
	return compare_doubles(*(double *const *)a, *(double *const *)b);
}

void rank_holm(double *p, size_t k)
{
	double **ascending = malloc((k + 1) * sizeof(*ascending));
	size_t left = 0;
	double floor_p = 0;

	for (size_t i = 0; i < k; i++) {
		if (!ascending)
			p[i] = NAN;
		else if (!isnan(p[i]))
			ascending[left++] = &p[i];
	}
	if (!ascending)
		return;
	qsort(ascending, left, sizeof(*ascending), compare_pointed);
	for (size_t i = 0; i < left; i++) {
		floor_p = fmax(floor_p, fmin(1, *ascending[i] * (double)(left - i)));
		*ascending[i] = floor_p;
	}
	free(ascending);
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
	sums_sort(sorted, n);
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
	double few[POOLED_MAX], next;
	double *copy = n <= POOLED_MAX ? few : malloc(n * sizeof(*copy));
	double median = NAN;

	if (n > 0 && copy && !any_nan(v, n)) {
		memcpy(copy, v, n * sizeof(*copy));
		median = sums_kth(copy, n, (n - 1) / 2, &next);
		median += n % 2 ? 0 : 0.5 * (next - median);
	}
	if (copy != few)
		free(copy);
	return median;
}
