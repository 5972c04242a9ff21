/* SPDX-License-Identifier: MIT */
/* Taking a finished run into a history: all of it in one transaction, and once. */
#ifndef STORSYNC_BENCH_HISTORY_IMPORT_H
#define STORSYNC_BENCH_HISTORY_IMPORT_H

#include "bench/history/store.h"
#include "bench/run_data/run_data.h"
#include "bench/run_dir/manifest.h"

/* A run's folder, read. */
struct history_run_files {
	struct run_manifest manifest;
	struct run_data data; /* with the figures of history_figures.h */
	char checksum[80];    /* of summary.csv */
};

enum history_outcome {
	HISTORY_ADDED,
	HISTORY_WAS_THERE, /* the same run, to the byte */
	HISTORY_WAS_PART,  /* a run that was merged, of a merged run that is there */
};

/* 0, or as run_data_load(), with its line in `error`, of HISTORY_ERROR_BYTES.  On failure there is nothing to finish. */
int history_run_load(struct history_run_files *run, const char *directory, char *error);
void history_run_fini(struct history_run_files *run);

/*
 * 0 with what came of it, or nothing was written: -EEXIST, the run is there with another content, or runs that it was merged from are; -EINVAL,
 * not a run that can be kept; or as history_open().
 */
int history_import(struct history *history, const struct history_run_files *run, enum history_outcome *outcome, char *error);

#endif
