/* SPDX-License-Identifier: MIT */
/* Which cell a row's key columns are, by their bytes: the fast way for rows whose bytes were seen before. */
#ifndef STORSYNC_BENCH_RUN_DATA_SIGNATURES_H
#define STORSYNC_BENCH_RUN_DATA_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv_scan.h"

#define SIGNATURES_SPANS 40

struct signature {
	uint64_t hash;
	size_t at; /* in `bytes` */
	uint32_t count;
	uint32_t cell;
};

struct signatures {
	size_t span[SIGNATURES_SPANS][2]; /* fields, first and last, that adjoin in the file */
	size_t spans;
	struct signature *slot; /* open addressing; count 0: free */
	size_t slots, used;
	char *bytes;
	size_t bytes_used, bytes_capacity;
	/* What was looked for last and not found: behind bytes_used. */
	uint64_t hash;
	uint32_t count;
};

/* A key column's field, of SIGNATURES_SPANS at most; `adjoins`: it stands right behind the one added before. */
void signatures_add_column(struct signatures *all, size_t field, bool adjoins);

/*
 * Looks for a row's cell in three steps, so that memory may come while something else is done in between: the second and the
 * third need nothing of the row.  signatures_find(): 1 and the cell, or 0: not seen before.
 */
int signatures_begin(struct signatures *all, const struct csv_scan *row); /* 0 or -ENOMEM */
void signatures_expect(const struct signatures *all);
int signatures_find(const struct signatures *all, uint32_t *cell);

/* What was looked for last is of this cell. 0 or -ENOMEM. */
int signatures_add(struct signatures *all, uint32_t cell);

void signatures_fini(struct signatures *all);

#endif
