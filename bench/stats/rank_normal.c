/* SPDX-License-Identifier: MIT */
/* Normal approximations; see rank_normal.h. */
#include "bench/stats/rank_normal.h"

#include <math.h>

/* Of something this far from its mean, half a step nearer. */
static double two_sided_p(double distance, double variance)
{
	distance = fmax(fabs(distance) - 0.5, 0);
	return distance > 0 && variance > 0 ? erfc(distance / sqrt(2 * variance)) : 1;
}

double rank_normal_p(size_t n, size_t m, double u, double ties)
{
	double product = (double)n * (double)m, total = (double)n + (double)m;

	return two_sided_p(u - product / 2, product / 12 * (total + 1 - ties / (total * (total - 1))));
}

double signed_rank_normal_p(size_t n, size_t zeros, double w, double ties)
{
	double all = (double)n, none = (double)zeros;
	double mean = (all * (all + 1) - none * (none + 1)) / 4;
	double variance = (all * (all + 1) * (2 * all + 1) - none * (none + 1) * (2 * none + 1) - ties / 2) / 24;

	return two_sided_p(w - mean, variance);
}

/* Up to half of the largest, p rises with the statistic: the first that is above alpha. */
static double level(double alpha, size_t most, double (*p)(size_t n, size_t m, double value), size_t n, size_t m, size_t *tail)
{
	size_t lo = 0, hi = most / 2 + 1;

	*tail = 0;
	if (!(alpha > 0 && alpha < 1))
		return NAN;
	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (p(n, m, (double)middle) <= alpha)
			lo = middle + 1;
		else
			hi = middle;
	}
	*tail = lo;
	return lo ? p(n, m, (double)(lo - 1)) : 0;
}

static double untied(size_t n, size_t m, double u)
{
	return rank_normal_p(n, m, u, 0);
}

static double untied_pairs(size_t n, size_t zeros, double w)
{
	return signed_rank_normal_p(n, zeros, w, 0);
}

double rank_normal_level(size_t n, size_t m, double alpha, size_t *tail)
{
	return level(alpha, n * m, untied, n, m, tail);
}

double signed_rank_normal_level(size_t n, double alpha, size_t *tail)
{
	return level(alpha, n * (n + 1) / 2, untied_pairs, n, 0, tail);
}
