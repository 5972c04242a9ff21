/* SPDX-License-Identifier: MIT */
/* While a run is taken in: what is known so far, and the steps. Of import.c and its other parts alone. */
#ifndef STORSYNC_BENCH_HISTORY_IMPORT_STEPS_H
#define STORSYNC_BENCH_HISTORY_IMPORT_STEPS_H

#include <sqlite3.h>

#include "bench/history/import.h"

/* A cell of the run, by what it is called in the database.  Cells of the same text and host are one. */
struct named_cell {
	char *text;
	const char *host;
	size_t cell;
};

struct import {
	struct history *history;
	const struct history_run_files *run;
	sqlite3_int64 run_key;
	struct named_cell *named; /* those that were measured, by text and host */
	size_t count;
	char *error;
};

/* What is said of rows, beside their values. */
struct tally {
	size_t invocations, not_ok, gated, skipped;
};

/* Keeps the line; returns `status`. */
int import_fail(char *error, int status, const char *path, const char *what);

/* Runs a statement whose values are bound, and ends it.  0 or as history_open(). */
int import_finish(struct import *import, sqlite3_stmt *statement);
void import_bind_text(sqlite3_stmt *statement, int at, const char *text);
void import_bind_count(sqlite3_stmt *statement, int at, size_t count);

void import_count_row(const struct run_row *row, struct tally *tally);

/* Fills in `named` and `count`.  0 or -ENOMEM; to be given to import_forget_names() in either case. */
int import_name_cells(struct import *import);
void import_forget_names(struct import *import);

/* Cells that are told apart. */
size_t import_distinct(const struct import *import);

/* A sample for each of them, with its figures, of the run that is there as `run_key`.  0 or as history_open(). */
int import_put_samples(struct import *import);

#endif
