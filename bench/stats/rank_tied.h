/* SPDX-License-Identifier: MIT */
/*
 * The null distribution of a rank sum, given the ties: the values' ranks are
 * what they are, and every subset of the size is as likely as any other.
 *
 * The ways to reach a sum are counted by adding one value after the other, for
 * the lower half of the values and for the upper one on its own; a subset is
 * then a part of either. What is at least as extreme is told by whole numbers,
 * never by rounding; ways within a half are counted in doubles that hold them
 * exactly. Only products of both halves are rounded, and as all that is added
 * is positive, the share is right to about 1e-14 of itself, however small.
 *
 * Sources: B. Streitberg, J. Roehmel, "Exact distributions for permutation
 * and rank tests", Statistical Software Newsletter 12 (1986), for the shift
 * algorithm; E. Horowitz, S. Sahni, "Computing partitions with applications to
 * the knapsack problem", J. ACM 21 (1974), for meeting in the middle.
 */
#ifndef STORSYNC_BENCH_STATS_RANK_TIED_H
#define STORSYNC_BENCH_STATS_RANK_TIED_H

#include <stddef.h>

/*
 * rank2 are twice the mid-ranks of all `total` values, ascending, at most 2 *
 * RANK_SAMPLES_MAX; the subset has from 1 to total - 1 of them, whose doubled
 * ranks are `distance` away from their mean. Returns the share of subsets at
 * least as far away, or NaN when memory runs out. Takes
 * three quarters of a MiB of the stack.
 */
double rank_tied_p(const size_t *rank2, size_t total, size_t subset, size_t distance);

#endif
