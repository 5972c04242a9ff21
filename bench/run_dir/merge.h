/* SPDX-License-Identifier: MIT */
/*
 * `storsync merge`: the shards of one matrix, from however many machines, as one run's folder. Rows stay as they were
 * measured; which run and machine each is from is in run_id and host_id.
 */
#ifndef STORSYNC_BENCH_RUN_DIR_MERGE_H
#define STORSYNC_BENCH_RUN_DIR_MERGE_H

#include <stddef.h>
#include <stdio.h>

int merge_main(int argc, char **argv);

/*
 * Merges the runs in `directory` into `out`, a new or empty folder, and says to `say`, a line each, what keeps them from
 * being merged or is missing. 0; 2 refused, with nothing written; 5 invocations or shards are missing, or writing failed.
 * Memory goes with the number of invocations, not with the size of the files.
 */
int merge_runs(const char *const *directory, size_t count, const char *out, FILE *say);

#endif
