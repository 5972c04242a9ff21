/* SPDX-License-Identifier: MIT */
/* The shift between two samples; see hodges_lehmann.h. */
#include "bench/stats/hodges_lehmann.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench/stats/rank_null.h"
#include "bench/stats/sums.h"

/* 1 - 0.9 is a little less than 0.1, and levels are ratios of small whole numbers. */
#define ROUNDING	1e-12

static bool usable(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return n > 0 && n <= RANK_SAMPLES_MAX;
}

int hodges_lehmann(const double *a, size_t n, const double *b, size_t m, double confidence, struct shift_estimate *estimate)
{
	double minus_a[RANK_SAMPLES_MAX], sorted_b[RANK_SAMPLES_MAX];
	struct sums differences = { .x = minus_a, .n = n, .y = sorted_b, .m = m };
	size_t count = n * m;
	size_t tail;
	double level;

	if (!usable(a, n) || !usable(b, m) || !(confidence > 0 && confidence < 1))
		return -EINVAL;
	level = rank_null_level(n, m, 1 - confidence + ROUNDING, &tail);
	if (isnan(level))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		minus_a[n - 1 - i] = -a[i]; /* rising, should a be */
	memcpy(sorted_b, b, m * sizeof(*b));
	sums_sort(minus_a, n);
	sums_sort(sorted_b, m);
	*estimate = (struct shift_estimate){
		.n = n,
		.m = m,
		.shift = sums_median(&differences),
		/* The tail-th from either end: a shift beyond it would be rejected. */
		.lo = tail ? sums_select(&differences, tail - 1) : -INFINITY,
		.hi = tail ? sums_select(&differences, count - tail) : INFINITY,
		.confidence = 1 - level,
	};
	return 0;
}
