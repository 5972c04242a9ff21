/* SPDX-License-Identifier: MIT */
/*
 * Which cell a row's key columns are, by their bytes: the fast way for rows whose bytes were seen before. Any number of threads
 * may look while one adds.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_SIGNATURES_H
#define STORSYNC_BENCH_RUN_DATA_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv_scan.h"

#define SIGNATURES_SPANS 48

struct signature_table;

struct signatures {
	size_t span[SIGNATURES_SPANS][2]; /* fields, first and last, that adjoin in the file */
	size_t spans;
	size_t used;
	struct signature_table *_Atomic table; /* NULL: nothing was added */
	struct signature_chunk *chunk;
};

/* A row's bytes, that are looked for; one a thread, zeroed at first. Valid as long as the row is. */
struct signature_row {
	struct { const char *text; size_t bytes; } part[SIGNATURES_SPANS];
	size_t parts;
	uint64_t hash;
	size_t bytes; /* of all, with what ends each */
	char *unquoted;
	size_t capacity;
};

/* A key column's field, of SIGNATURES_SPANS at most; `adjoins`: it stands right behind the one added before. */
void signatures_add_column(struct signatures *all, size_t field, bool adjoins);

/*
 * Looks for a row's cell in three steps, so that memory may come while something else is done in between.
 * signatures_find(): whether these bytes were seen before, and the cell.
 */
int signatures_begin(const struct signatures *all, struct signature_row *row, const struct csv_scan *scan); /* 0 or -ENOMEM */
void signatures_expect(const struct signatures *all, const struct signature_row *row);
bool signatures_find(const struct signatures *all, const struct signature_row *row, uint32_t *cell);

/* A row that was not found is of this cell. One thread at a time. 0 or -ENOMEM. */
int signatures_add(struct signatures *all, const struct signature_row *row, uint32_t cell);

void signatures_row_fini(struct signature_row *row);

/* Forgets all rows; the columns stay. */
void signatures_clear(struct signatures *all);

#endif
