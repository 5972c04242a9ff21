/* SPDX-License-Identifier: MIT */
/* The order of cells and rows that run_data.h promises, by counting: cost goes with their number alone. */
#ifndef STORSYNC_BENCH_RUN_DATA_SORTING_H
#define STORSYNC_BENCH_RUN_DATA_SORTING_H

#include "bench/run_data/building.h"

/* By their keys, which are of data->texts. rank[] becomes where each cell went. 0 or -ENOMEM. */
int sort_cells(struct run_data *data, uint32_t *rank);

/*
 * By cell, block and invocation, and else as they came: copies of all rows, whose cell c is data's cell place[c], of which there are
 * counts[] of each of data's cells. 0, -ENOMEM, or -EEXIST: sorted, but an invocation of a cell is there twice.
 */
int sort_rows(struct run_data *data, const struct building_slice *slice, size_t slices, const uint32_t *place, const uint32_t *counts,
	      struct building_twice *twice);

#endif
