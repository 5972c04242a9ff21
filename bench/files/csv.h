/* SPDX-License-Identifier: MIT */
/*
 * CSV files of a run: a writer bound to a schema, so that no column is ever
 * misspelt or shifted, and a reader that refuses a torn file.
 *
 * Format: RFC 4180 with LF line ends; UTF-8; a header always; numbers as in
 * the C locale whatever setlocale() said; an empty field is "not available".
 * Parsing is libcsv's.
 */
#ifndef STORSYNC_BENCH_FILES_CSV_H
#define STORSYNC_BENCH_FILES_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Types as Frictionless Table Schema names them, booleans as 0 and 1. */
enum csv_type {
	CSV_STRING,
	CSV_INTEGER,
	CSV_NUMBER,
	CSV_BOOLEAN,
	CSV_DATETIME,
};

struct csv_column {
	const char *name;
	enum csv_type type;
	/* "" for what has none: names, counts, ratios. */
	const char *unit;
	const char *description;
};

/* The columns of one kind of file, named as the file is. */
struct csv_schema {
	const char *name;
	const struct csv_column *columns;
	size_t count;
	/* Runs of older builds have the first so many of these at least, and lack some of the others; 0: none does. */
	size_t older;
};

/* "string", "integer", "number", "boolean" or "datetime". */
const char *csv_type_name(enum csv_type type);

/* Whether the writer could have written a field of that type so; "" is "not available". */
bool csv_type_allows(enum csv_type type, const char *text);

/* No such column. */
#define CSV_NO_COLUMN	SIZE_MAX

/* Position of a column, or CSV_NO_COLUMN. */
size_t csv_column_index(const struct csv_schema *schema, const char *name);

/*
 * One row under construction; a NULL cell is empty. error is the first one
 * that a setter met: setters can go unchecked, csv_write_row() tells.
 */
struct csv_row {
	const struct csv_schema *schema;
	char **cells;
	int error;
};

/* An all-empty row. Returns 0 or -ENOMEM. */
int csv_row_init(struct csv_row *row, const struct csv_schema *schema);
void csv_row_fini(struct csv_row *row);

/* Empties every cell and forgets the error. Writing a row does neither. */
void csv_row_clear(struct csv_row *row);

/*
 * Setters by position. A value set before is replaced. Each returns 0, or:
 * -ENOENT no such column; -EINVAL the column is of another type, or not a
 * time as in 2024-05-01T12:00:00Z, fractions allowed; -EILSEQ not UTF-8;
 * -ENOMEM.
 *
 * u64 suits INTEGER and NUMBER, string STRING and DATETIME. NaN, infinities,
 * NULL and "" leave the cell empty. A double gets 9 significant digits, more
 * if it takes more to read the same value back.
 */
int csv_set_u64_at(struct csv_row *row, size_t column, uint64_t value);
int csv_set_double_at(struct csv_row *row, size_t column, double value);
int csv_set_string_at(struct csv_row *row, size_t column, const char *value);
int csv_set_bool_at(struct csv_row *row, size_t column, bool value);

/* The same by column name. */
static inline int csv_set_u64(struct csv_row *row, const char *name,
			      uint64_t value)
{
	return csv_set_u64_at(row, csv_column_index(row->schema, name), value);
}

static inline int csv_set_double(struct csv_row *row, const char *name,
				 double value)
{
	return csv_set_double_at(row, csv_column_index(row->schema, name), value);
}

static inline int csv_set_string(struct csv_row *row, const char *name,
				 const char *value)
{
	return csv_set_string_at(row, csv_column_index(row->schema, name), value);
}

static inline int csv_set_bool(struct csv_row *row, const char *name,
			       bool value)
{
	return csv_set_bool_at(row, csv_column_index(row->schema, name), value);
}

/* A file being written. The first error sticks: later rows return it too. */
struct csv_writer {
	const struct csv_schema *schema;
	FILE *file;
	int error;
	/* Of a writer to memory. */
	char *memory;
	size_t memory_bytes;
};

/*
 * Creates path and writes the header. Returns 0 or -errno: -EEXIST if there
 * is anything at path. Leaves no file behind when it fails.
 */
int csv_create(struct csv_writer *w, const char *path,
	       const struct csv_schema *schema);

/*
 * Writes to an open descriptor, a pipe for instance, header first. The
 * descriptor becomes the writer's, and is closed when this fails.
 */
int csv_open_fd(struct csv_writer *w, int fd, const struct csv_schema *schema);

/*
 * Writes to memory, without a header: rows that are to become part of a file
 * later. Closed with csv_close_memory(), which gives them out in *text (the
 * caller frees it), or NULL in it on failure.
 */
int csv_open_memory(struct csv_writer *w, const struct csv_schema *schema);
int csv_close_memory(struct csv_writer *w, char **text);

/* Appends rows that csv_close_memory() gave out. Returns 0 or -errno. */
int csv_write_text(struct csv_writer *w, const char *text);

/*
 * Writes a row. Returns 0, the row's error, in which case nothing is
 * written, or -errno: -EINVAL if the row is of another schema.
 */
int csv_write_row(struct csv_writer *w, const struct csv_row *row);

/*
 * Appends a row for each line of `lines`, which holds the fields behind the
 * key in CSV form already, as many as the schema has there. The key is the
 * cells of `key` that are set, from the first column on.
 */
int csv_write_lines(struct csv_writer *w, const struct csv_row *key,
		    const char *lines);

/*
 * Flushes to the disk and closes. Returns 0 or the first error of the
 * writer's whole life: only 0 means that every row is stored.
 */
int csv_close(struct csv_writer *w);

/* A file in memory. Cells are text; see the getters. */
struct csv_table {
	size_t columns;
	size_t rows;
	/* Row-major offsets into text; the header is the first row. */
	size_t *cells;
	char *text;
};

/*
 * Reads all of path. Returns 0 or -errno, -EBADMSG for a file that is not
 * what the writer writes (a header, rows of as many fields, an LF after each,
 * no column twice); error then has one line, with file:line.
 */
int csv_table_load(const char *path, struct csv_table *table, char *error,
		   size_t error_bytes);
void csv_table_fini(struct csv_table *table);

/* Position of a column, or CSV_NO_COLUMN. */
size_t csv_table_column(const struct csv_table *table, const char *name);

const char *csv_table_name(const struct csv_table *table, size_t column);

/*
 * A field's text, "" if empty. row starts at 0 after the header; row and
 * column must exist.
 */
const char *csv_table_string(const struct csv_table *table, size_t row,
			     size_t column);

/* A field as a number: 0, -ENODATA if empty, -EINVAL, or -ERANGE. */
int csv_table_u64(const struct csv_table *table, size_t row, size_t column,
		  uint64_t *value);
int csv_table_double(const struct csv_table *table, size_t row, size_t column,
		     double *value);

#endif
