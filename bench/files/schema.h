/* SPDX-License-Identifier: MIT */
/*
 * Columns of the CSV files of a run, with type, unit and description: what
 * the writers are bound to and what datapackage.json is made from. Columns
 * are only ever appended, so that old readers keep working.
 */
#ifndef STORSYNC_BENCH_FILES_SCHEMA_H
#define STORSYNC_BENCH_FILES_SCHEMA_H

#include "bench/files/csv.h"

/* Value of summary.csv's schema_version. */
#define SCHEMA_VERSION	1

/* One row a cell and invocation. */
extern const struct csv_schema schema_summary;

/* One row a metric and percentile. */
extern const struct csv_schema schema_latency;

/* One row a non-empty bucket. */
extern const struct csv_schema schema_histogram;

/* One row a simulated CPU. */
extern const struct csv_schema schema_cpus;

#endif
