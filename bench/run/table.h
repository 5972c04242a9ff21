/* SPDX-License-Identifier: MIT */
/*
 * The table that a run prints: for each group of cells that differ in the back end alone, a row a back end.
 *
 * Figures are medians over invocations.  The best of a column is marked only
 * where the data supports it: exact two-sided Mann-Whitney against every other
 * back end of the group, adjusted by Holm, below 0.05.
 */
#ifndef STORSYNC_BENCH_RUN_TABLE_H
#define STORSYNC_BENCH_RUN_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/matrix/matrix.h"
#include "bench/run/options.h"
#include "bench/run/table_bounds.h"

#define TABLE_COLUMNS 10

/* What the table keeps of a cell. */
struct table_row {
	struct table_samples column[TABLE_COLUMNS];
	struct table_samples cpu_lost; /* share of CPU time that others took */
	struct table_bounds bounds;
	unsigned measured;
	unsigned not_ok;           /* invocations that did not end in "ok" */
	char worst_status[16];     /* the last status that was not "ok" */
	char reason[160];
};

struct table {
	const struct matrix *matrix;
	struct table_row *row; /* by cell */
};

/* 0 or -ENOMEM. */
int table_init(struct table *table, const struct matrix *matrix);
void table_fini(struct table *table);

void table_add(struct table *table, size_t cell, const char *status, const char *reason, const json_t *summary);

/* The tables that the options ask for. */
void table_print(const struct table *table, const struct run_options *options, FILE *out, bool colour);

#endif
