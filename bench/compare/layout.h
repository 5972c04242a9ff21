/* SPDX-License-Identifier: MIT */
/*
 * Which cells are compared with which: rows of cells that agree in all keys that tell comparisons apart, each with a side for
 * every value of the key that is compared.
 *
 * Texts of keys become ranks first, so that grouping a million rows' cells is sorting small numbers.
 */
#ifndef STORSYNC_BENCH_COMPARE_LAYOUT_H
#define STORSYNC_BENCH_COMPARE_LAYOUT_H

#include "bench/compare/compare.h"

#define LAYOUT_NO_SIDE SIZE_MAX

/* What one value of the compared key has in one row of cells. */
struct layout_side {
	uint32_t value;      /* its rank */
	size_t first, end;   /* of layout.order */
	size_t rows;         /* of the data that are not refusals */
	size_t not_ok;       /* of these */
};

struct layout_row {
	size_t first, end;   /* of layout.side */
	size_t baseline;     /* LAYOUT_NO_SIDE: it has none here */
};

struct layout {
	const struct run_data *data;
	enum run_key column;
	bool in_row[RUN_KEY_COUNT];
	const char **text[RUN_KEY_COUNT];  /* by rank */
	uint32_t texts[RUN_KEY_COUNT];
	uint32_t (*rank)[RUN_KEY_COUNT];   /* of each cell */
	bool in_rest[RUN_KEY_COUNT];       /* keys in which cells of a side differ, and where they come from */
	uint32_t *rest;                    /* of each cell: its values of these, numbered */
	size_t *first_row;                 /* of each cell, and one past the last */
	uint32_t *order;                   /* cells by row, side, rest */
	size_t sides, rows;
	struct layout_side *side;
	struct layout_row *row;
	uint32_t baseline;                 /* rank */
	size_t refused;                    /* cells, which are in no side */
};

/* 0, -ENOMEM; the caller calls layout_fini() in either case.  The baseline is not chosen yet. */
int layout_init(struct layout *layout, const struct run_data *data, const struct compare_options *options);
void layout_fini(struct layout *layout);

/* The rank of a value of the compared key, or layout->texts[column] when there is none. */
uint32_t layout_find(const struct layout *layout, const char *value);

/* Notes in every row which side is the baseline's. */
void layout_set_baseline(struct layout *layout, uint32_t value);

/* Whether a key takes several values; within sides that are compared, or between them. */
bool layout_varies(const struct layout *layout, enum run_key key);

/* Whether cells that are taken together differ in a key: those of a row, or of a side, as builds may where runs are compared. */
bool layout_mixes(const struct layout *layout, enum run_key key);

#endif
