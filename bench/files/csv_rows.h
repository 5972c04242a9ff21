/* SPDX-License-Identifier: MIT */
/*
 * A CSV file row by row, in memory that does not grow with the file: for what is checked, counted or copied as a whole.
 * Format: see csv.h; parsing is libcsv's.
 */
#ifndef STORSYNC_BENCH_FILES_CSV_ROWS_H
#define STORSYNC_BENCH_FILES_CSV_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/files/csv.h"

struct csv_rows_state;

/* What the last csv_rows_next() found; valid until the next one. */
struct csv_rows {
	size_t line; /* of the file, at which the row begins, from 1 */
	size_t fields; /* as many in each row */
	const char **field; /* unquoted, "" if empty */
	const char *raw; /* the row as it stands in the file, line end included */
	size_t raw_bytes;
	struct csv_rows_state *state;
};

/* 0 or -errno, with a line in `error`. */
int csv_rows_open(struct csv_rows *rows, const char *path, char *error, size_t error_bytes);

/*
 * The next row; the first is the header. 1; 0: there are no more; -EBADMSG: not what csv.h's writer writes; or another
 * -errno. `error` then has one line with file:line.
 */
int csv_rows_next(struct csv_rows *rows, char *error, size_t error_bytes);
void csv_rows_close(struct csv_rows *rows);

/* Whether the row is the header of `schema`'s files, exactly. */
bool csv_rows_are_header(const struct csv_rows *rows, const struct csv_schema *schema);

/* The same, or that of an older build's files: rows then have fewer fields. */
bool csv_rows_are_header_of_any_age(const struct csv_rows *rows, const struct csv_schema *schema);

/* A field; "" for a column that this file does not have yet. */
const char *csv_rows_field(const struct csv_rows *rows, size_t column);

#endif
