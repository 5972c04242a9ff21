/* SPDX-License-Identifier: MIT */
/* Whether a run's folder may be read yet, and what its summary.csv must then hold: by run.json, run.lock and journal.jsonl. */
#ifndef STORSYNC_BENCH_RUN_DATA_RUN_FOLDER_H
#define STORSYNC_BENCH_RUN_DATA_RUN_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run_dir/manifest.h"

struct run_folder {
	char directory[512];
	struct run_manifest manifest;
	bool journal;      /* whether there is one */
	bool open;         /* there may be more invocations than expected */
	uint64_t expected; /* invocations, skipped cells not counted */
};

/*
 * 0; -EINVAL: not a run's folder, or of another schema version; -ENODATA: the run goes on, was interrupted, or was merged from
 * less than all; or another -errno. `error`, of RUN_DATA_ERROR_BYTES, then has one line, and there is nothing to finish.
 *
 * A folder without a journal passes, as where run.json and summary.csv alone were kept: that it has all invocations is then
 * the caller's to find.
 */
int run_folder_open(struct run_folder *folder, const char *directory, char *error);
void run_folder_fini(struct run_folder *folder);

/* Whether rows may have this run_id: the run's own or, of one that was merged, one of its parts'. */
bool run_folder_has_run(const struct run_folder *folder, const char *run_id, size_t bytes);

/* The same for how many invocations its rows are. 0, or as run_folder_open(). */
int run_folder_check_count(const struct run_folder *folder, uint64_t invocations, char *error);

#endif
