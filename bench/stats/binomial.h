/* SPDX-License-Identifier: MIT */
/*
 * Exact binomial probabilities: k of n, for rates too small for a normal
 * approximation.
 *
 * Source of the interval: C. J. Clopper, E. S. Pearson, "The use of confidence
 * or fiducial limits illustrated in the case of the binomial", Biometrika 26
 * (1934).
 */
#ifndef STORSYNC_BENCH_STATS_BINOMIAL_H
#define STORSYNC_BENCH_STATS_BINOMIAL_H

#include <stdint.h>

/* P(X >= k) of n trials, each with probability p from 0 to 1. */
double binomial_at_least(uint64_t k, uint64_t n, double p);

/*
 * Clopper-Pearson interval of the probability, of which k of n were seen, k
 * at most n: covers it with at least `confidence`. 0 to 1 when n is 0.
 */
void binomial_interval(uint64_t k, uint64_t n, double confidence, double *lo, double *hi);

#endif
