/* SPDX-License-Identifier: MIT */
/* While a history's series are read: what is known so far, and the steps. Of series.c and its other parts alone. */
#ifndef STORSYNC_BENCH_HISTORY_SERIES_READING_H
#define STORSYNC_BENCH_HISTORY_SERIES_READING_H

#include <sqlite3.h>

#include "bench/history/series.h"

/* Everything that the series point into. */
struct history_cells {
	size_t cells;
	sqlite3_int64 *id; /* ascending */
	struct run_cell *cell;
	json_t **json;
	size_t hosts;
	char **host;
};

/* A row of the query. */
struct sample {
	size_t cell, run; /* indices */
	const char *host;
	struct history_point point;
};

struct reading {
	struct history *history;
	const struct history_wanted *wanted;
	struct history_view *view;
	size_t *run_by_id; /* indices of runs, by id */
	size_t samples, capacity;
	struct sample *sample;
	char *error;
};

/* What ends a reading: the -errno, with a line in its error. */
int reading_no_memory(struct reading *r);
int reading_damaged(struct reading *r, const char *what);

/* All cells of the database, into the view.  0 or as history_open(). */
int reading_load_cells(struct reading *r);

/* The index of a cell by its id; SIZE_MAX: there is none. */
size_t reading_find_cell(const struct history_cells *cells, sqlite3_int64 id);

/* The one copy of a host's name; NULL without memory. */
const char *reading_keep_host(struct history_cells *cells, const char *text);
void reading_free_cells(struct history_cells *cells);

/* Its runs, and then the samples that are wanted, each with its value.  0 or as history_open(). */
int reading_load_runs(struct reading *r);
int reading_load_samples(struct reading *r);

#endif
