/* SPDX-License-Identifier: MIT */
/* The shift between two samples; see hodges_lehmann.h. */
#include "bench/stats/hodges_lehmann.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench/stats/rank_normal.h"
#include "bench/stats/rank_null.h"
#include "bench/stats/sums.h"

/* 1 - 0.9 is a little less than 0.1, and levels are ratios of small whole numbers. */
#define ROUNDING	1e-12

static bool usable(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return n > 0 && n <= RANK_VALUES_MAX;
}

int hodges_lehmann(const double *a, size_t n, const double *b, size_t m, double confidence, struct shift_estimate *estimate)
{
	double minus_a[RANK_VALUES_MAX], sorted_b[RANK_VALUES_MAX];
	struct sums differences = { .x = minus_a, .n = n, .y = sorted_b, .m = m };
	size_t tail;
	double level;

	if (!usable(a, n) || !usable(b, m) || !(confidence > 0 && confidence < 1))
		return -EINVAL;
	level = 1 - confidence + ROUNDING;
	level = rank_is_exact(n, m) ? rank_null_level(n, m, level, &tail) : rank_normal_level(n, m, level, &tail);
	if (isnan(level))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		minus_a[n - 1 - i] = -a[i]; /* rising, should a be */
	memcpy(sorted_b, b, m * sizeof(*b));
	sums_sort(minus_a, n);
	sums_sort(sorted_b, m);
	*estimate = (struct shift_estimate){ .n = n, .m = m, .confidence = 1 - level };
	/* The tail-th from either end: a shift beyond it would be rejected. */
	sums_median_and_ends(&differences, tail, &estimate->shift, &estimate->lo, &estimate->hi);
	return 0;
}
