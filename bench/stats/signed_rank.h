/* SPDX-License-Identifier: MIT */
/*
 * Wilcoxon's signed-rank test of paired samples, exact up to RANK_SAMPLES_MAX
 * pairs and by the normal approximation beyond (rank_normal.h), and the estimate and
 * the interval that belong to it. A pair is two sides' figures from one block:
 * what the block did to both cancels in the difference.
 *
 * A difference of zero is ranked, and then counts for neither sign (Pratt).
 * Wilcoxon's own way drops it before ranking, and then a sample can become
 * significant by moving towards zero. Equal absolute values get mid-ranks,
 * and the distribution is the one given these ties and zeros.
 *
 * Sources: F. Wilcoxon, "Individual comparisons by ranking methods",
 * Biometrics Bulletin 1 (1945); J. W. Pratt, "Remarks on zeros and ties in
 * the Wilcoxon signed rank procedures", J. Amer. Statist. Assoc. 54 (1959);
 * J. L. Hodges, E. L. Lehmann, "Estimates of location based on rank tests",
 * Ann. Math. Statist. 34 (1963); J. W. Tukey, "The simplest signed-rank
 * tests", Princeton Statistical Research Group, Memo report 17 (1949).
 */
#ifndef STORSYNC_BENCH_STATS_SIGNED_RANK_H
#define STORSYNC_BENCH_STATS_SIGNED_RANK_H

#include <stddef.h>

#include "bench/stats/hodges_lehmann.h"

/*
 * Two-sided p value of the hypothesis that the differences are symmetric
 * around zero: the share of all ways to sign those that are not zero whose
 * rank sum is at least as far from its mean as the one seen. 1 when all are
 * zero. NaN, "not comparable", when there is none, more than RANK_VALUES_MAX,
 * or a NaN among them.
 */
double signed_rank_test(const double *d, size_t n);

/*
 * By how much the differences d = b - a are shifted from zero: the median of
 * all n (n + 1) / 2 averages of two (Walsh averages, each with itself too),
 * and the interval between two of them, both inclusive, as hodges_lehmann()
 * has it: all numbers, and of confidence 1, when so few pairs cannot give the
 * confidence. Without ties and zeros, 0 is outside of the interval exactly
 * when the test rejects at one minus the confidence. n and m of the estimate
 * are both n.
 *
 * Returns 0, or -EINVAL when there is none or more than RANK_VALUES_MAX, a
 * value is not finite, or confidence is not between 0 and 1, or -ENOMEM.
 */
int signed_rank_estimate(const double *d, size_t n, double confidence, struct shift_estimate *estimate);

/* The smallest p value that n untied pairs can reach, exactly, 2 / 2^n; for any n, NaN for none. */
double signed_rank_least_p(size_t n);

#endif
