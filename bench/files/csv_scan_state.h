/* SPDX-License-Identifier: MIT */
/* What csv_scan.c, csv_header.c, csv_separators.c and csv_walk.c share: a scan's buffer, and how a row in it came out. */
#ifndef STORSYNC_BENCH_FILES_CSV_SCAN_STATE_H
#define STORSYNC_BENCH_FILES_CSV_SCAN_STATE_H

#include "bench/files/csv_scan.h"

/* Bytes that are looked at at once, 64 being those of a mask. */
#define CSV_BLOCK	64

enum csv_row_found { CSV_ROW_NEEDS_MORE, CSV_ROW_QUOTED, CSV_ROW_WHOLE, CSV_ROW_BAD };

struct csv_scan_state {
	int fd;
	bool is_part; /* the fd is another's */
	bool ended;
	uint64_t read_at; /* of the file: what comes behind `end` */
	uint64_t stop;    /* of the file: a row that begins there or behind is not given out */
	char *buffer; /* with a block more, so that any byte of it may begin one */
	size_t capacity;
	char *at, *end; /* what of it was not given out yet */
	size_t line;    /* at `at` */
	size_t columns; /* 0 until the header was read */
	size_t *want; /* columns, rising */
	size_t wanted;
	/* Numbers of the separators around wanted fields, rising, each once, and a last one that is never reached. */
	size_t *need;
	/* Where they are, from the row's begin; behind a first one that stands before it. */
	size_t *separator;
	size_t (*slot)[2]; /* by wanted field: of separator[], the one before it and the one behind */
	struct csv_field *field;
	enum csv_row_found (*find_separators)(struct csv_scan_state *s, char **row_end); /* one of the two below */
	char *unquoted;
	size_t unquoted_capacity;
	int result;
	char *error;
	size_t error_bytes;
	char path[];
};

/* Keeps the first error and returns it. */
__attribute__((format(printf, 3, 4)))
int csv_scan_fails(struct csv_scan_state *s, int result, const char *format, ...);

/* CSV_ROW_BAD. */
enum csv_row_found csv_scan_bad_count(struct csv_scan_state *s, size_t fields);

/* More of the file behind what there is of the row; false: there is none, or (s->result) it cannot be had. */
bool csv_scan_refill(struct csv_scan_state *s);

/* There is no more: 0, or the row that is begun is torn. */
int csv_scan_at_end(struct csv_scan_state *s);

/* Reads the header and makes its fields those of the scan. 0 or -errno. */
int csv_scan_read_header(struct csv_scan *scan, char *error, size_t error_bytes);

/* The separators needed, and where the row ends if it is all there: for any x86-64 and for one with AVX2. */
enum csv_row_found csv_separators_any(struct csv_scan_state *s, char **row_end);
enum csv_row_found csv_separators_avx2(struct csv_scan_state *s, char **row_end);

/* Whether this machine can do the latter. */
bool csv_separators_has_avx2(void);

/* The slow way, for rows with quotes and for the header: cuts fields, and counts the lines that the row takes. */
enum csv_row_found csv_scan_walk_row(struct csv_scan_state *s, char **row_end, size_t *lines);

#endif
