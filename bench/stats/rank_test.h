/* SPDX-License-Identifier: MIT */
/*
 * Rank statistics for comparing sets of invocations: a two-sided
 * Mann-Whitney U test, Holm's adjustment, and quartiles. Exact up to
 * RANK_SAMPLES_MAX a side, because a comparison has six invocations a side as a rule, where the normal
 * approximation is wrong, and because ties are common in integer ns; beyond,
 * the normal approximation (rank_normal.h).
 *
 * Sources: H. B. Mann, D. R. Whitney, "On a test of whether one of two
 * random variables is stochastically larger than the other", Ann. Math.
 * Statist. 18 (1947); S. Holm, "A simple sequentially rejective multiple
 * test procedure", Scand. J. Statist. 6 (1979); R. J. Hyndman, Y. Fan,
 * "Sample quantiles in statistical packages", Amer. Statist. 50 (1996).
 */
#ifndef STORSYNC_BENCH_STATS_RANK_TEST_H
#define STORSYNC_BENCH_STATS_RANK_TEST_H

#include <stdbool.h>
#include <stddef.h>

/* Values a side: up to here the test is exact, and its counts fit 128 bits. */
#define RANK_SAMPLES_MAX	50
/* Up to here there is an answer at all: a stack holds what it takes, and the sum of all ranks is exact. */
#define RANK_VALUES_MAX		10000

/* Whether a test of n against m, or of n pairs when both are n, is the exact one. */
static inline bool rank_is_exact(size_t n, size_t m)
{
	return n <= RANK_SAMPLES_MAX && m <= RANK_SAMPLES_MAX;
}

/* Order statistics of one sample, in the sample's own unit. */
struct rank_spread {
	size_t n;
	double min;
	double lower_quartile;
	double median;
	double upper_quartile;
	double max;
};

/*
 * Two-sided p value of the hypothesis that a and b come from one
 * distribution: the share of all ways to deal the pooled values out to n and
 * m whose rank sum is at least as far from its mean as the one seen. Ties get
 * mid-ranks, and the distribution is the one given these ties. An approximation
 * to that where rank_is_exact() does not hold.
 *
 * Returns NaN, "not comparable", when a side is empty or larger than
 * RANK_VALUES_MAX, holds a NaN, or when memory runs out.
 */
double rank_mann_whitney(const double *a, size_t n, const double *b, size_t m);

/*
 * Replaces the k p values by Holm's step-down adjusted ones, each in its
 * place. A NaN was no test: it stays, and does not count towards k. All are
 * NaN when memory runs out.
 */
void rank_holm(double *p, size_t k);

/*
 * Quartiles interpolate linearly between order statistics (Hyndman and
 * Fan's definition 7, the default of R and NumPy). v is left as it is.
 * Returns 0, -EINVAL for an empty sample or one with a NaN, or -ENOMEM.
 */
int rank_spread(const double *v, size_t n, struct rank_spread *spread);

/* The median alone; NaN where rank_spread() would fail. */
double rank_median(const double *v, size_t n);

#endif
