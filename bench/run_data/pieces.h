/* SPDX-License-Identifier: MIT */
/* Work in pieces, done by as many threads as there are CPUs. */
#ifndef STORSYNC_BENCH_RUN_DATA_PIECES_H
#define STORSYNC_BENCH_RUN_DATA_PIECES_H

#include <stdbool.h>
#include <stddef.h>

#define PIECES_WORKERS_MAX 8

/* How many threads are of use: the CPUs that this process may run on, 1 to PIECES_WORKERS_MAX. */
size_t pieces_workers(void);

/*
 * Calls work() for each piece, 0 to pieces - 1, once. They are handed out in rising order to `workers` threads, of which the caller
 * is worker 0; threads that cannot be had are done without. Once work() has returned false, no more pieces are handed out.
 */
void pieces_run(size_t pieces, size_t workers, bool (*work)(void *context, size_t worker, size_t piece), void *context);

#endif
