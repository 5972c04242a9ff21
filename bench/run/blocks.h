/* SPDX-License-Identifier: MIT */
/* The blocks of a run, one invocation after the other. */
#ifndef STORSYNC_BENCH_RUN_BLOCKS_H
#define STORSYNC_BENCH_RUN_BLOCKS_H

#include "bench/run/attempt.h"

/* Runs what is left of the shard's blocks, and those that --until-ci adds, until all is done or something stops it. */
void blocks_run(struct attempt *attempt);

/* What earlier attempts have done counts as if it had been done now. */
void blocks_count_earlier(struct attempt *attempt);

#endif
