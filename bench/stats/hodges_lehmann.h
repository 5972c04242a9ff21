/* SPDX-License-Identifier: MIT */
/*
 * By how much one sample is shifted against another: Hodges' and Lehmann's
 * estimate and the interval that belongs to the Mann-Whitney test, exact or by
 * the normal approximation as that is. Without ties, 0 is outside of the interval exactly when the test
 * rejects, so that an estimate and a p value never contradict each other.
 *
 * Sources: J. L. Hodges, E. L. Lehmann, "Estimates of location based on rank
 * tests", Ann. Math. Statist. 34 (1963); D. F. Bauer, "Constructing
 * confidence sets using rank statistics", J. Amer. Statist. Assoc. 67 (1972).
 */
#ifndef STORSYNC_BENCH_STATS_HODGES_LEHMANN_H
#define STORSYNC_BENCH_STATS_HODGES_LEHMANN_H

#include <stddef.h>

/* In the samples' own unit. */
struct shift_estimate {
	size_t n;
	size_t m;
	double shift;      /* b is larger by so much */
	double lo;
	double hi;
	double confidence; /* that the interval attains: at least what was asked for */
};

/*
 * Shift of b against a: the median of all n * m differences b - a, and the
 * interval between two of them, both inclusive. When so few values cannot
 * give the confidence, the interval is all numbers, and its confidence 1.
 * With ties it covers at least as often as it says. For a ratio, give logarithms.
 *
 * Returns 0, or -EINVAL when a side is empty or larger than RANK_VALUES_MAX,
 * a value is not finite, or confidence is not between 0 and 1, or -ENOMEM.
 */
int hodges_lehmann(const double *a, size_t n, const double *b, size_t m, double confidence, struct shift_estimate *estimate);

#endif
