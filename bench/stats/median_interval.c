/* SPDX-License-Identifier: MIT */
/* The interval of a median; see median_interval.h. */
#include "bench/stats/median_interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of the intervals that miss with 5% at most, the narrowest: its k, and by how much it misses. */
static size_t rank_of(size_t n, double *miss)
{
	double term = pow(0.5, (double)n); /* P(heads = i) */
	double below = 0;
	size_t k = 0;

	*miss = 0;
	while (k < n && 2 * (below + term) <= 0.05) {
		below += term;
		k++;
		term *= (double)(n - k + 1) / (double)k;
		*miss = 2 * below;
	}
	return k;
}

bool median_interval(const double *value, size_t n, struct median_interval *interval)
{
	double *sorted;
	double miss;
	size_t k = rank_of(n, &miss);

	if (!k)
		return false;
	sorted = malloc(n * sizeof(*sorted));
	if (!sorted)
		return false;
	memcpy(sorted, value, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), ascending);
	*interval = (struct median_interval){
		.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
		.low = sorted[k - 1],
		.high = sorted[n - k],
		.coverage = 1 - miss,
	};
	free(sorted);
	return true;
}

double median_interval_relative(const struct median_interval *interval)
{
	double half = (interval->high - interval->low) / 2;

	return half == 0 ? 0 : half / fabs(interval->median);
}
