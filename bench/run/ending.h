/* SPDX-License-Identifier: MIT */
/* The end of an attempt: files from the parts, the table, and what there is to say. */
#ifndef STORSYNC_BENCH_RUN_ENDING_H
#define STORSYNC_BENCH_RUN_ENDING_H

#include "bench/run/attempt.h"

enum { EXIT_NOTHING = 3, EXIT_ENVIRONMENT = 4, EXIT_PARTIAL = 5 };

/* Whether the run is done or was stopped; returns the exit status. */
int ending(struct attempt *attempt);

#endif
