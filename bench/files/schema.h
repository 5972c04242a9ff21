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
#define SCHEMA_VERSION	2

/* One row a cell and invocation. */
extern const struct csv_schema schema_summary;

/* One row a metric and percentile. */
extern const struct csv_schema schema_latency;

/* One row a non-empty bucket. */
extern const struct csv_schema schema_histogram;

/* One row a simulated CPU. */
extern const struct csv_schema schema_cpus;

/* One row a 100 ms of the measured window. */
extern const struct csv_schema schema_windows;

/* One row for each of an invocation's worst interrupts and calls. */
extern const struct csv_schema schema_events;

/* One row for each rule that an invocation broke at a place, when it was verified. */
extern const struct csv_schema schema_verifier;

/* One row an environment check and time of checking. */
extern const struct csv_schema schema_env;

/* One row a comparison: what `storsync compare --format csv` writes, which is no file of a run. */
extern const struct csv_schema schema_compare;

/* All but that: the files of a run. */
#define SCHEMA_FILES 8
extern const struct csv_schema *const schema_files[SCHEMA_FILES];

#endif
