/* SPDX-License-Identifier: MIT */
/* What an attempt stores as it goes: parts and the journal; bench/run_dir has how. */
#ifndef STORSYNC_BENCH_RUN_STORE_H
#define STORSYNC_BENCH_RUN_STORE_H

#include "bench/run/attempt.h"

/* All return 0 or -errno. */

/* An invocation's part, then its line in the journal: from then on it counts. */
int store_invocation(struct attempt *attempt, const struct run_row *row, uint64_t wall_ns, uint64_t window_ns);

/* The rows of cells that are not run, as a part of their own. */
int store_skipped(struct attempt *attempt);

/* The machine as it is now; phase is "before" or "after". */
int store_environment(struct attempt *attempt, const char *phase);

/* That this process is at it from now on; that all is done. */
int store_start(struct attempt *attempt);
int store_complete(struct attempt *attempt);

/* Says what could not be stored and how to go on, and stops the attempt. */
void store_failed(struct attempt *attempt, int err);

#endif
