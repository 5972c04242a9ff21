/* SPDX-License-Identifier: MIT */
/*
 * The normal approximation to the rank tests, for samples that are larger than
 * the exact tests take: the variance is corrected for ties and zeros, and the
 * statistic is moved half a step towards its mean, for continuity.
 *
 * Sources: E. L. Lehmann, "Nonparametrics: statistical methods based on
 * ranks" (1975), sections 1.3 and 1.4 for two samples, 3.2 for pairs; the
 * variance with zeros that are ranked is J. W. Pratt's, "Remarks on zeros and ties in
 * the Wilcoxon signed rank procedures", J. Amer. Statist. Assoc. 54 (1959).
 */
#ifndef STORSYNC_BENCH_STATS_RANK_NORMAL_H
#define STORSYNC_BENCH_STATS_RANK_NORMAL_H

#include <stddef.h>

/*
 * Two-sided p value of a Mann-Whitney U, of n against m values, both at least
 * 1; `ties` is the sum of t^3 - t over groups of t equal ones. 1 when all are equal.
 */
double rank_normal_p(size_t n, size_t m, double u, double ties);

/*
 * Two-sided p value of a signed-rank sum w of n differences, `zeros` of which
 * are zero: they are ranked first, and then not in the sum. `ties` as above,
 * of the others' absolute values. 1 when all are zero.
 */
double signed_rank_normal_p(size_t n, size_t zeros, double w, double ties);

/* As rank_null_level() and signed_rank_null_level(): the level, and the tail that is rejected. NaN when alpha is no level. */
double rank_normal_level(size_t n, size_t m, double alpha, size_t *tail);
double signed_rank_normal_level(size_t n, double alpha, size_t *tail);

#endif
