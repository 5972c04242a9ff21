/* SPDX-License-Identifier: MIT */
/* Several runs put together, less the cells that filters leave out. */
#ifndef STORSYNC_BENCH_RUN_DATA_RUN_JOIN_H
#define STORSYNC_BENCH_RUN_DATA_RUN_JOIN_H

#include <stddef.h>

#include "bench/run_data/key_filter.h"
#include "bench/run_data/run_data.h"

/*
 * The cells of all runs, in their order, for which every filter holds, with their rows; of a single run without a filter, that run
 * itself, not copied.  The runs have the same figures, and must stay for as long.  0 or -ENOMEM; run_join_fini() ends it, not run_data_fini().
 */
int run_join(struct run_data *all, const struct run_data *run, size_t runs, const struct key_filter *filter, size_t filters);
void run_join_fini(struct run_data *all);

#endif
