/* SPDX-License-Identifier: MIT */
/*
 * A histogram put together from the buckets of histogram.csv, and HdrHistogram's percentile table of it (.hgrm): the levels,
 * columns and footer of outputPercentileDistribution() with 5 levels for each halving of the distance to 100%, so that its
 * plotter and all else that reads such tables do.
 *
 * Source: HdrHistogram (Gil Tene, hdrhistogram.org), AbstractHistogram and PercentileIterator.
 */
#ifndef STORSYNC_BENCH_EXPORT_PERCENTILE_TABLE_H
#define STORSYNC_BENCH_EXPORT_PERCENTILE_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Buckets are those of two or three significant digits; which, is known once there is a wide one. */
struct percentile_table {
	unsigned sub_buckets; /* 256 or 2048; 0: all are 1 ns wide so far */
	uint64_t n;
	size_t size;
	uint64_t *count;      /* by HdrHistogram's index of 3 digits, of each bucket's smallest value */
};

void percentile_table_fini(struct percentile_table *t);

/*
 * Adds samples.  0; -ENOMEM; -EINVAL: no such bucket, or one of other digits than those before; -ERANGE: beyond what storsync
 * records, or more samples than can be counted.
 */
int percentile_table_add(struct percentile_table *t, uint64_t lo_ns, uint64_t hi_ns, uint64_t count);

/* Writes the table, values divided by `divisor` (1 is ns). There must be a sample. */
void percentile_table_print(const struct percentile_table *t, FILE *out, double divisor);

#endif
