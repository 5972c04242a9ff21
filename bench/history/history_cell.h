/* SPDX-License-Identifier: MIT */
/*
 * What makes a cell of one run the same as a cell of another: all keys of cells, by their names, in a text that the database holds.
 *
 * Keys that are empty are left out, so that a key that is yet to come does not make old cells other cells.  The window is the one key
 * that is measured, and comes out a nanosecond longer or shorter: the cell is one of run_data, which has rounded it.
 */
#ifndef STORSYNC_BENCH_HISTORY_HISTORY_CELL_H
#define STORSYNC_BENCH_HISTORY_HISTORY_CELL_H

#include <jansson.h>

#include "bench/run_data/run_data.h"

/* {"delivery":"poll",...}; NULL when memory is short.  To be freed. */
char *history_cell_text(const struct run_cell *cell);

/*
 * The keys of such a text, "" where it has none; they live as long as *json.  0, -ENOMEM, or -EINVAL for what is no such text, or has a
 * key that is not known.
 */
int history_cell_parse(const char *text, struct run_cell *cell, json_t **json);

#endif
