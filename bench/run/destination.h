/* SPDX-License-Identifier: MIT */
/*
 * Where a run's files go: a new folder, or one in which the same run was begun and not ended.
 *
 * With -o it is that folder: new, empty, or holding the same matrix, by the same
 * build.  Without, it is the newest such run in results/ that is not complete and
 * that nobody is at, or else a new one.  --fresh never goes on with anything.
 */
#ifndef STORSYNC_BENCH_RUN_DESTINATION_H
#define STORSYNC_BENCH_RUN_DESTINATION_H

#include "bench/matrix/matrix.h"
#include "bench/run/options.h"
#include "bench/run_dir/journal.h"
#include "bench/run_dir/manifest.h"
#include "bench/run_dir/run_dir.h"

#define RESULTS_FOLDER "results"

struct destination {
	char path[RUN_DIR_PATH_BYTES];
	struct run_dir dir;
	struct run_manifest manifest;
	struct run_journal journal; /* what had been done before */
	bool resumed;
	bool complete; /* nothing is left to do: the folder is not opened */
};

/* The machine when the run begins; see run_environment.h. */
struct destination_state {
	json_t *core_to_core;
	json_t *machine;
};

/*
 * Chooses and opens it; the matrix takes the seed of a run that it goes on
 * with.  `state` is for a new run's manifest.
 * Whatever is in the way is one line on stderr and exit 2; nothing has been
 * written then.
 */
void destination_open(struct destination *destination, const struct run_options *options, struct matrix *matrix, int argc, char **argv,
		      const struct destination_state *state);
void destination_close(struct destination *destination);

/* What core-to-core latency so many CPUs had when the run was begun, in ns; 0: not known. */
uint64_t destination_core_to_core_ns(const struct destination *destination, uint64_t cpus);

#endif
