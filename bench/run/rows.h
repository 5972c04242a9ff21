/* SPDX-License-Identifier: MIT */
/* What an invocation has to say, as rows of the CSV files. */
#ifndef STORSYNC_BENCH_RUN_ROWS_H
#define STORSYNC_BENCH_RUN_ROWS_H

#include <jansson.h>
#include <stdint.h>

#include "bench/files/schema.h"
#include "bench/matrix/matrix.h"

struct run_identity {
	char run_id[64];
	char host_id[128];
};

/* What one row says beside the cell and its result. */
struct run_row {
	const struct matrix_cell *cell;
	uint64_t invocation; /* 0 for a skipped cell, which has one row */
	uint64_t seed;
	uint64_t order_index;
	const char *status;
	const char *reason;
	const json_t *result; /* NULL when nothing was measured */
	char started_utc[32];
};

/*
 * Rows travel as text, one object member a file: {"summary.csv": "...\n"}.
 * These add the rows of one file, of all files but env.csv, or text that is
 * rows already.  0 or -errno.
 */
int rows_add(json_t *rows, const struct csv_schema *schema, const struct run_identity *identity, const struct run_row *from);
int rows_add_all(json_t *rows, const struct run_identity *identity, const struct run_row *from);
int rows_add_text(json_t *rows, const struct csv_schema *schema, const char *text);

#endif
