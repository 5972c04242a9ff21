/* SPDX-License-Identifier: MIT */
/*
 * A run's data while it is read, whatever it is read from: cells are found or added, rows come in any order, and
 * building_finish() puts both into the order that run_data.h promises.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_BUILDING_H
#define STORSYNC_BENCH_RUN_DATA_BUILDING_H

#include <stddef.h>
#include <stdint.h>

#include "bench/run_data/run_data.h"

/* As many rows as a number of a row can tell. */
#define BUILDING_ROWS_MAX	(UINT32_MAX - 1)

struct building {
	struct run_data *data;
	const char *label; /* of texts, as are all texts below */
	const char *ok;
	const char *empty;
	size_t cell_capacity;
	uint32_t *slot; /* cells by key, open addressing; 0 is free, else the cell's number and 1 */
	size_t slots;
	char *error; /* of RUN_DATA_ERROR_BYTES */
};

/* Rows as they come, with their figures; zeroed at first but for `figures`. */
struct building_rows {
	struct run_row *row;
	double *value;
	size_t rows, capacity, figures;
};

/* Some of them. */
struct building_slice {
	struct run_row *row;
	const double *value;
	size_t rows;
};

/* Two rows that are one invocation of one cell: which of the rows, counted from 0 as they came. */
struct building_twice {
	size_t first, second;
	uint32_t cell; /* of data */
	uint32_t invocation;
};

/* 0 or -ENOMEM. What it made of `data` is freed by run_data_fini(), and the rest by building_fini(), in any case. */
int building_init(struct building *b, struct run_data *data, const char *label, char *error);
void building_fini(struct building *b);

/* As if nothing had been added. 0 or -ENOMEM. */
int building_restart(struct building *b);

const char *building_text(struct building *b, const char *text, size_t bytes);

/* The cell with these keys, all of building_text(): found, or added. 0, -ENOMEM. */
int building_cell(struct building *b, const struct run_cell *cell, uint32_t *index);

/* Room for the figures of a row that is added; NULL: out of memory. */
double *building_rows_add(struct building_rows *rows, const struct run_row *row);
void building_rows_fini(struct building_rows *rows);

/*
 * Makes sorted copies of all rows, which came in the order of the slices, data's; `slice` may be given up then. 0, -ENOMEM, or
 * -EEXIST: an invocation is there twice.
 */
int building_finish(struct building *b, const struct building_slice *slice, size_t slices, struct building_twice *twice);

/* `error` has "PATH: " and what; returns `status`. */
__attribute__((format(printf, 3, 4)))
int building_fails(const struct building *b, int status, const char *format, ...);

#endif
