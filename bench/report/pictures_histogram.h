/* SPDX-License-Identifier: MIT */
/* Histograms of a run's cells, merged over CPUs and invocations, from its histogram.csv. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_HISTOGRAM_H
#define STORSYNC_BENCH_REPORT_PICTURES_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run_data/run_data.h"

struct merged_bucket {
	uint64_t hi_ns, count;
};

struct merged {
	uint32_t cell;   /* of run_data */
	uint64_t n;
	size_t buckets;
	size_t room;
	struct merged_bucket *bucket; /* ascending */
};

/*
 * Fills `merged`, whose .cell is set and all else 0, with the samples of `metric`: those of invocations that ended well.  0 or -errno with a line.
 * To be given to merged_fini() in either case.
 */
int merged_load(struct merged *merged, size_t count, const struct run_data *run, const char *folder, const char *metric, char *error,
		size_t error_bytes);
void merged_fini(struct merged *merged, size_t count);

/*
 * The value that a share of 1 - 1/`beyond` of the samples does not exceed, to its bucket's upper end, as in latency.csv.  False with fewer than
 * 10 samples beyond it.
 */
bool merged_percentile(const struct merged *merged, uint64_t beyond, uint64_t *value_ns);

#endif
