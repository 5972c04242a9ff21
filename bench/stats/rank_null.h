/* SPDX-License-Identifier: MIT */
/*
 * The null distribution of the Mann-Whitney U statistic without ties, and
 * what a two-sided test does with it: how far its tails reach, and the level
 * that a test of so few values really attains.
 *
 * Source: H. B. Mann, D. R. Whitney, "On a test of whether one of two random
 * variables is stochastically larger than the other", Ann. Math. Statist. 18
 * (1947). Their recurrence has the Gaussian binomial coefficient as its
 * generating function, and that is what is multiplied out here, once for
 * each n and m, and then kept; safe to ask from several threads.
 */
#ifndef STORSYNC_BENCH_STATS_RANK_NULL_H
#define STORSYNC_BENCH_STATS_RANK_NULL_H

#include <stddef.h>

#include "bench/stats/rank_test.h"

/*
 * The exact two-sided test of n against m untied values rejects at `alpha`
 * when U is below `tail`, or above n * m - tail. Returns the level that this
 * attains, 2 P(U < tail), which is at most alpha; 0 with a tail of 0 when no
 * outcome is extreme enough. NaN, and a tail of 0, when a side is empty or
 * larger than RANK_SAMPLES_MAX, alpha is no level, or memory runs out.
 */
double rank_null_level(size_t n, size_t m, double alpha, size_t *tail);

/*
 * Two-sided p value of U = u, 0 to n * m, without ties: P(|U - n m / 2| at
 * least as large). NaN when a side is empty or larger than RANK_SAMPLES_MAX,
 * or when memory runs out.
 */
double rank_null_p(size_t n, size_t m, size_t u);

/* The smallest p value that n against m untied values can reach, 2 / (n + m choose n); for any n and m, NaN when one is 0. */
double rank_least_p(size_t n, size_t m);

#endif
