/* SPDX-License-Identifier: MIT */
/*
 * A histogram against the very samples that were recorded in it, sorted.
 *
 * What a percentile has to be is worked out anew here, from the definition
 * alone: the sample at rank ceil(n p), known to 1/1024 of itself, and exactly
 * below 2048 ns; no percentile with fewer than 10 samples beyond it.
 */
#ifndef STORSYNC_BENCH_SELFTEST_HISTOGRAM_CHECK_H
#define STORSYNC_BENCH_SELFTEST_HISTOGRAM_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/instruments/histogram.h"

struct histogram_check {
	size_t percentiles;     /* compared */
	uint64_t error_ns;      /* the largest, of a percentile against the exact one */
	double relative;        /* the largest, likewise */
	const char *fault;      /* the first thing that is wrong; NULL when nothing is */
};

/* Whether a percentile may be reported so, for the sample that it is. */
bool histogram_error_allowed(uint64_t exact, uint64_t reported);

/* `sorted` are the n samples in range, ascending. */
void histogram_check(const struct histogram *histogram, const uint64_t *sorted, size_t n, struct histogram_check *check);

#endif
