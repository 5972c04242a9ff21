/* SPDX-License-Identifier: MIT */
/* What a report is made from: the files of a run, each read once and no more of it kept than is shown. */
#ifndef STORSYNC_BENCH_REPORT_REPORT_DATA_H
#define STORSYNC_BENCH_REPORT_REPORT_DATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/compare/compare.h"
#include "bench/run_data/run_data.h"

struct report_data {
	const char *path;              /* the run's folder */
	json_t *manifest;              /* run.json */
	struct run_data run;           /* with report_figures, and behind them what compare looks at of the machine */
	const char *baseline;          /* a back end of the run */
	struct comparisons comparisons; /* of every back end against it; .count 0 when nothing is comparable */
	char not_compared[256];        /* then: why; else "" */
};

/* The figures that every report reads, all others come from its files: positions in run_data_value(). */
enum report_figure {
	REPORT_IOPS, REPORT_ISR_P50, REPORT_ISR_P99, REPORT_ISR_MASKED_MEAN, REPORT_ISR_DELIVERY_MEAN, REPORT_ISR_ACQUIRE_MEAN,
	REPORT_ISR_SERVICE_MEAN, REPORT_SYNC_WAIT_P50, REPORT_SYNC_WAIT_P99, REPORT_RESPONSE_P99, REPORT_BYSTANDER_HIGH_P99,
	REPORT_BYSTANDER_LOW_P99, REPORT_JAIN, REPORT_FIGURES
};

extern const struct figure *report_figures(enum report_figure figure);

/* 0, or as run_data_load(), with a line in `error` (RUN_DATA_ERROR_BYTES). */
int report_data_load(struct report_data *data, const char *path, const char *baseline, char *error);
void report_data_fini(struct report_data *data);

#endif
