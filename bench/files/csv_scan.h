/* SPDX-License-Identifier: MIT */
/*
 * A few columns of a large CSV file, row by row: what is not wanted is only counted. Memory is a buffer and a row.
 *
 * Format: RFC 4180, and of what it leaves open csv.h's: LF line ends, a header, as many fields in each row. Whether texts are UTF-8
 * is not looked at. csv_rows.h reads the same, gives all fields, and takes some thirty times as long.
 */
#ifndef STORSYNC_BENCH_FILES_CSV_SCAN_H
#define STORSYNC_BENCH_FILES_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv.h"

/* What is longer than this is no row. */
#define CSV_SCAN_ROW_BYTES_MAX	(64u << 20)

struct csv_scan_state;

/* Not ended by a NUL. */
struct csv_field {
	const char *text;
	size_t bytes;
};

/* What was found last; valid until the next call. */
struct csv_scan {
	size_t line;   /* of the file, at which the row begins, from 1 */
	size_t fields; /* of the header, and of each row */
	const struct csv_field *field; /* as wanted, unquoted; after csv_scan_open() those of the header, all of them */
	bool plain;    /* no quote in the row: fields that adjoin in the file do so in memory, with the comma in between */
	struct csv_scan_state *state;
};

/*
 * Opens a regular file and reads its header. `buffer_bytes` is how much is read at a time, 0: what suits. It grows for a row that
 * is longer. 0; -EINVAL: not a regular file; -EBADMSG: no header, or one that names a column twice; or another -errno. `error`
 * then has one line with the file, and there is nothing to close.
 */
int csv_scan_open(struct csv_scan *scan, const char *path, size_t buffer_bytes, char *error, size_t error_bytes);

/* The positions of the columns that field[] is to have, rising. 0 or -ENOMEM. */
int csv_scan_want(struct csv_scan *scan, const size_t *column, size_t count);

/*
 * The next row. 1; 0: there are no more; -EBADMSG: a last line that is torn, a field too few or too many, a NUL, a carriage
 * return, a quote where none may be, an empty line, or a row that is too long; or another -errno. `error` then has one line
 * with file:line, that of the row's begin.
 */
int csv_scan_next(struct csv_scan *scan, char *error, size_t error_bytes);

void csv_scan_close(struct csv_scan *scan);

/*
 * A second scan of the same file, for another thread: the same columns are wanted, and `whole` stays open and as it is for as long.
 * Its rows are those of the part that csv_scan_aim() names. 0 or -ENOMEM.
 */
int csv_scan_open_part(struct csv_scan *part, const struct csv_scan *whole);

/*
 * The next rows are those that begin in [begin, end) of the file's bytes, `begin` being behind the header. Where the first one
 * begins is a guess: behind a line's end, which may be one within quotes. It was right if csv_scan_offset() is then what it is of the
 * part before when that is at its end, if that one's guess was right; that of the part behind the header always is. Lines are counted
 * from 1 at the first one. 0 or -errno.
 */
int csv_scan_aim(struct csv_scan *part, uint64_t begin, uint64_t end, char *error, size_t error_bytes);

/* Where in the file the next row begins. */
uint64_t csv_scan_offset(const struct csv_scan *scan);

/* How large the file is now, 0: unknown. */
uint64_t csv_scan_file_bytes(const struct csv_scan *scan);

/* How much of the file was read, 0 to 1. */
double csv_scan_progress(const struct csv_scan *scan);

/*
 * The same as csv_scan_open() for a file of a schema, whose header must be just that, or an older build's, and all of whose
 * columns are wanted: `fields` tells how many it has.
 */
int csv_scan_open_schema(struct csv_scan *scan, const char *path, const struct csv_schema *schema, char *error, size_t error_bytes);

bool csv_field_is(const struct csv_field *field, const char *text);

/* A field that is a whole number; false if it is not, or empty. */
bool csv_field_u64(const struct csv_field *field, uint64_t *value);

#endif
