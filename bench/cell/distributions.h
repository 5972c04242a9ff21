/* SPDX-License-Identifier: MIT */
/*
 * The recorder's histograms as a cell reports them: percentiles and buckets, of all
 * samples and of those that no witnessed gap hit.
 */
#ifndef STORSYNC_BENCH_CELL_DISTRIBUTIONS_H
#define STORSYNC_BENCH_CELL_DISTRIBUTIONS_H

#include <jansson.h>
#include <stdint.h>

struct cell;

/* Every metric, into the summary and as result's "latency" rows; how many samples were out of range. */
uint64_t cell_put_distributions(const struct cell *cell, json_t *result, json_t *summary);

/* The rows of histogram.csv behind their key, as text: there are thousands, and JSON would take as long as a window. */
void cell_put_histograms(const struct cell *cell, json_t *result);

#endif
