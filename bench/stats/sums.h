/* SPDX-License-Identifier: MIT */
/*
 * Order statistics of all the sums of two samples, or of all pairs of one,
 * without forming and sorting them. Both samples sorted, the sums are a matrix
 * that is sorted by rows and by columns; a pivot cuts each row in two, along
 * a staircase that is walked once.
 *
 * Sources: D. B. Johnson, T. Mizoguchi, "Selecting the Kth element in X + Y
 * and X1 + X2 + ... + Xm", SIAM J. Comput. 7 (1978), for the staircase; J. F.
 * Monahan, "Algorithm 616: fast computation of the Hodges-Lehmann location
 * estimator", ACM Trans. Math. Software 10 (1984), for random pivots; K. E.
 * Batcher, "Sorting networks and their applications", AFIPS SJCC (1968); C. A.
 * R. Hoare, "Algorithm 65: Find", Comm. ACM 4 (1961). Of a sample's few sums
 * it is faster to form all of them, to deal them out to buckets by their size
 * once, and to look into the buckets asked for (E. J. Isaac, R. C. Singleton,
 * "Sorting by address calculation", J. ACM 3 (1956)).
 */
#ifndef STORSYNC_BENCH_STATS_SUMS_H
#define STORSYNC_BENCH_STATS_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#define SUMS_ROWS_MAX	10000

/* x[i] + y[j]; of pairs, where y is x, only those with j >= i. */
struct sums {
	const double *x; /* ascending, n from 1 to SUMS_ROWS_MAX */
	size_t n;
	const double *y; /* ascending, m at least 1 */
	size_t m;
	bool pairs;
};

/* How many sums there are. */
size_t sums_count(const struct sums *sums);

/* The k-th smallest sum, k from 0 to sums_count() - 1, as sorting them all would find it. */
double sums_select(const struct sums *sums, size_t k);

double sums_median(const struct sums *sums);

/*
 * The median, and the tail-th sums from either end, counted from 1; infinite for a tail of 0. At once, since the three share
 * their work.
 */
void sums_median_and_ends(const struct sums *sums, size_t tail, double *median, double *lo, double *hi);

/* Ascending; made for the tens of values of a sample, none of which is NaN, and at once done with what is sorted already. */
void sums_sort(double *v, size_t n);

/*
 * The k-th smallest of n values in any order, none of which is NaN, and the one after it; infinite when k is the last. Moves
 * them about.
 */
double sums_kth(double *v, size_t n, size_t k, double *next);

#endif
