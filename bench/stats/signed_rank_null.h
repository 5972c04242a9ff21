/* SPDX-License-Identifier: MIT */
/*
 * The null distribution of Wilcoxon's signed-rank sum without ties and zeros,
 * counted once for each n and then kept; safe to ask from several threads.
 *
 * Source: F. Wilcoxon, "Individual comparisons by ranking methods",
 * Biometrics Bulletin 1 (1945): each rank is in the sum or not, so the
 * generating function is the product of (1 + q^i) for i <= n.
 */
#ifndef STORSYNC_BENCH_STATS_SIGNED_RANK_NULL_H
#define STORSYNC_BENCH_STATS_SIGNED_RANK_NULL_H

#include <stddef.h>

#include "bench/stats/rank_test.h"

/* Two-sided p value of a sum w, 0 to n (n + 1) / 2; NaN for n = 0, n > RANK_SAMPLES_MAX, or when memory runs out. */
double signed_rank_null_p(size_t n, size_t w);

/* As rank_null_level(): rejects when the sum is below `tail`, or above n (n + 1) / 2 - tail. */
double signed_rank_null_level(size_t n, double alpha, size_t *tail);

#endif
