/* SPDX-License-Identifier: MIT */
/*
 * datapackage.json: what tells a reader that knows nothing of storsync the type, unit and meaning of every column, how the
 * files refer to each other, and whether they are the ones that were written.
 *
 * Source: Frictionless Standards, version 1: Data Package, Tabular Data Resource, Table Schema (specs.frictionlessdata.io).
 * "unit" of a field and "rows" of a resource are additions, which the standards allow.
 */
#ifndef STORSYNC_BENCH_FILES_DATAPACKAGE_H
#define STORSYNC_BENCH_FILES_DATAPACKAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/files/csv.h"

#define DATAPACKAGE_FILE "datapackage.json"
#define DATAPACKAGE_BENCHMARK "benchmark.json"
#define DATAPACKAGE_RUN "run.json"

/* A run's CSV file. */
struct datapackage_table {
	const struct csv_schema *schema; /* its name is the file's */
	const char *title;
	const char *primary_key[7]; /* ends in NULL; empty if rows have none */
	bool of_summary; /* run_id, cell_id and invocation are a row's of summary.csv */
};

/* summary.csv is the first. */
extern const struct datapackage_table datapackage_tables[];
extern const size_t datapackage_table_count;

struct datapackage_info {
	const char *run_id;
	const char *title;
	const char *created_utc;
	const char *build_id;
};

/* A Table Schema of the first so many columns, as an older build's files may have; NULL without memory. */
json_t *datapackage_schema(const struct datapackage_table *table, size_t columns);

/*
 * Describes the files of a run that are in `directory`, and replaces datapackage.json. 0, -EBADMSG: a CSV file is torn, or
 * its header is another; or -errno.
 */
int datapackage_write(const char *directory, const struct datapackage_info *info);

#endif
