/* SPDX-License-Identifier: MIT */
/* The shift between two samples; see hodges_lehmann.h. */
#include "bench/stats/hodges_lehmann.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bench/stats/rank_null.h"

#define DIFFERENCES_MAX	(RANK_SAMPLES_MAX * RANK_SAMPLES_MAX)
/* 1 - 0.9 is a little less than 0.1, and levels are ratios of small whole numbers. */
#define ROUNDING	1e-12

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool usable(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return n > 0 && n <= RANK_SAMPLES_MAX;
}

int hodges_lehmann(const double *a, size_t n, const double *b, size_t m, double confidence, struct shift_estimate *estimate)
{
	double difference[DIFFERENCES_MAX];
	size_t count = n * m;
	size_t tail;
	double level;

	if (!usable(a, n) || !usable(b, m) || !(confidence > 0 && confidence < 1))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			difference[i * m + j] = b[j] - a[i];
	qsort(difference, count, sizeof(difference[0]), compare_doubles);
	level = rank_null_level(n, m, 1 - confidence + ROUNDING, &tail);
	*estimate = (struct shift_estimate){
		.n = n,
		.m = m,
		.shift = (difference[(count - 1) / 2] + difference[count / 2]) / 2,
		/* The tail-th from either end: a shift beyond it would be rejected. */
		.lo = tail ? difference[tail - 1] : -INFINITY,
		.hi = tail ? difference[count - tail] : INFINITY,
		.confidence = 1 - level,
	};
	return 0;
}
