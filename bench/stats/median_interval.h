/* SPDX-License-Identifier: MIT */
/*
 * A confidence interval of a median, without assuming a distribution.
 *
 * The interval from the k-th smallest to the k-th largest of n values misses the
 * median with the probability that a fair coin shows fewer than k heads in n
 * throws, twice (W. R. Thompson, "On Confidence Ranges for the Median and Other
 * Expectation Distributions for Populations of Unknown Distribution Form",
 * Annals of Mathematical Statistics 7, 1936).
 */
#ifndef STORSYNC_BENCH_STATS_MEDIAN_INTERVAL_H
#define STORSYNC_BENCH_STATS_MEDIAN_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

/* At this many values and more there is one. */
#define MEDIAN_INTERVAL_LEAST 6

struct median_interval {
	double median;
	double low;
	double high;
	double coverage; /* at least 0.95 */
};

/* Of n values, sorted ascending or not; false when they are too few, or memory is short. */
bool median_interval(const double *value, size_t n, struct median_interval *interval);

/* Half its width as a share of the median; infinite when the median is 0 and the interval is not. */
double median_interval_relative(const struct median_interval *interval);

#endif
