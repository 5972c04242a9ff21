/* SPDX-License-Identifier: MIT */
/* The files of a run: summary, latency, histogram and cpus CSV, and Google Benchmark's JSON. */
#ifndef STORSYNC_BENCH_RUN_RUN_FILES_H
#define STORSYNC_BENCH_RUN_RUN_FILES_H

#include <jansson.h>
#include <stdint.h>

#include "bench/files/csv.h"
#include "bench/run/invoke.h"
#include "bench/run/matrix.h"

enum run_file { FILE_SUMMARY, FILE_LATENCY, FILE_HISTOGRAM, FILE_CPUS, RUN_FILES };

struct run_files {
	char directory[512];
	char run_id[64];
	char host_id[128];
	struct csv_writer writer[RUN_FILES];
	struct csv_row row[RUN_FILES];
	json_t *benchmark; /* the runs of all invocations, in Google Benchmark's form */
};

/* What one row says beside the cell and its result. */
struct run_row {
	const struct matrix_cell *cell;
	uint64_t invocation; /* 0 for a skipped cell, which has one row */
	uint64_t seed;
	size_t order_index;
	const char *status;
	const char *reason;
	const json_t *result; /* NULL when nothing was measured */
	char started_utc[32];
};

/*
 * Creates the folder, or takes an empty one, and the files in it.  0, -EEXIST
 * (it is not empty), or -errno; nothing of the user's is ever overwritten.
 */
int run_files_create(struct run_files *files, const char *directory, const char *run_id);

/* Appends and flushes everything that one invocation, or one skipped cell, has to say.  0 or -errno. */
int run_files_append(struct run_files *files, const struct run_row *row);

/* Writes the JSON and closes all.  0 or the first -errno. */
int run_files_close(struct run_files *files);

#endif
