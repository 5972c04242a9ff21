/* SPDX-License-Identifier: MIT */
/* The order of cells and rows that run_data.h promises, by counting: cost goes with their number alone. */
#ifndef STORSYNC_BENCH_RUN_DATA_SORTING_H
#define STORSYNC_BENCH_RUN_DATA_SORTING_H

#include "bench/run_data/building.h"

/* By their keys, which are of data->texts; rows follow. 0 or -ENOMEM. */
int sort_cells(struct run_data *data);

/* By cell, block and invocation, and else as they came. 0, -ENOMEM, or -EEXIST: sorted, but an invocation of a cell is there twice. */
int sort_rows(struct run_data *data, struct building_twice *twice);

#endif
