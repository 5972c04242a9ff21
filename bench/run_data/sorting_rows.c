/* SPDX-License-Identifier: MIT */
/*
 * Sorting rows by counting; see sorting.h. Rows come in the order of blocks as a rule, so that putting them to their cells as they
 * come is all that is to do. Each thread does so for some of the cells: what two write is never the same.
 */
#define _GNU_SOURCE
#include "bench/run_data/sorting.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_data/pieces.h"

/* A thread costs more than it saves for fewer. */
#define ROWS_WORTH_THREADS	20000
/* Rows whose place is fetched before they are put there. */
#define AHEAD	16

struct row_sorting {
	struct run_data *data;
	const struct building_slice *slice;
	size_t slices;
	const uint32_t *place;
	size_t *next;  /* by cell, as sorted: where its next row goes */
	size_t begin[PIECES_WORKERS_MAX + 1]; /* cells: where each piece begins, and the last one ends */
	_Atomic int err;
	_Atomic bool twice;
};

static int compare_times(const struct run_row *a, const struct run_row *b)
{
	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return (a->invocation > b->invocation) - (a->invocation < b->invocation);
}

/* Where another thread's go is not even looked at. */
static void expect_row(const struct row_sorting *s, uint32_t cell, uint32_t first, uint32_t end)
{
	if (cell < first || cell >= end)
		return;
	__builtin_prefetch(&s->data->row[s->next[cell]], 1);
	__builtin_prefetch(&s->data->value[s->next[cell] * s->data->figures], 1);
}

static void put_slice(struct row_sorting *s, const struct building_slice *slice, uint32_t first, uint32_t end)
{
	struct run_data *data = s->data;
	size_t width = data->figures;

	for (size_t i = 0; i < slice->rows; i++) {
		uint32_t cell = s->place[slice->row[i].cell];
		size_t to;

		if (i + AHEAD < slice->rows)
			expect_row(s, s->place[slice->row[i + AHEAD].cell], first, end);
		if (cell < first || cell >= end)
			continue;
		to = s->next[cell]++;
		data->row[to] = slice->row[i];
		data->row[to].cell = cell;
		for (size_t f = 0; f < width; f++)
			data->value[to * width + f] = slice->value[i * width + f];
	}
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct run_row *row = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = compare_times(&row[i], &row[j]);

	return order ? order : (i > j) - (i < j);
}

static int compare_invocations(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	return (i > j) - (i < j);
}

/* A cell's rows by block and invocation, then as they came. */
static int sort_by_time(struct run_data *data, size_t first, size_t count)
{
	size_t bytes = data->figures * sizeof(*data->value);
	uint32_t *order = malloc(count * sizeof(*order));
	struct run_row *row = malloc(count * sizeof(*row));
	double *value = malloc(count * bytes + 1);
	bool is_done = order && row && value;

	for (size_t i = 0; is_done && i < count; i++)
		order[i] = (uint32_t)i;
	if (is_done) {
		qsort_r(order, count, sizeof(*order), compare_rows, &data->row[first]);
		memcpy(row, &data->row[first], count * sizeof(*row));
		memcpy(value, &data->value[first * data->figures], count * bytes);
	}
	for (size_t i = 0; is_done && i < count; i++) {
		data->row[first + i] = row[order[i]];
		memcpy(&data->value[(first + i) * data->figures], &value[order[i] * data->figures], bytes);
	}
	free(order);
	free(row);
	free(value);
	return is_done ? 0 : -ENOMEM;
}

/* Whether invocations of a cell are there twice, and the least of these: 1, 0, -ENOMEM. */
static int find_twice(const struct run_data *data, size_t first, size_t count, uint32_t *invocation)
{
	uint32_t *all;
	bool rise = true;
	int found = 0;

	for (size_t i = 1; i < count; i++)
		rise &= data->row[first + i].invocation > data->row[first + i - 1].invocation;
	if (rise)
		return 0;
	all = malloc(count * sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		all[i] = data->row[first + i].invocation;
	qsort(all, count, sizeof(*all), compare_invocations);
	for (size_t i = count; i-- > 1;) {
		if (all[i] == all[i - 1]) {
			*invocation = all[i];
			found = 1;
		}
	}
	free(all);
	return found;
}

static int finish_cell(struct row_sorting *s, size_t first, size_t count)
{
	struct run_data *data = s->data;
	uint32_t invocation;
	bool rise = true;
	int err = 0;

	for (size_t i = 1; i < count; i++)
		rise &= compare_times(&data->row[first + i - 1], &data->row[first + i]) <= 0;
	if (!rise)
		err = sort_by_time(data, first, count);
	if (!err)
		err = find_twice(data, first, count, &invocation);
	/* Relaxed: looked at once all threads are done. */
	if (err > 0)
		atomic_store_explicit(&s->twice, true, memory_order_relaxed);
	return err < 0 ? err : 0;
}

static bool sort_piece(void *context, size_t worker, size_t piece)
{
	struct row_sorting *s = context;
	uint32_t first = (uint32_t)s->begin[piece], end = (uint32_t)s->begin[piece + 1];
	size_t row = first < end ? s->next[first] : 0;
	int err = 0;

	for (size_t i = 0; i < s->slices; i++)
		put_slice(s, &s->slice[i], first, end);
	for (uint32_t cell = first; cell < end && !err; row = s->next[cell++])
		err = finish_cell(s, row, s->next[cell] - row);
	/* Relaxed: looked at once all threads are done. */
	if (err)
		atomic_store_explicit(&s->err, err, memory_order_relaxed);
	return !err;
}

/* The first two rows of an invocation of a cell: by block, then as they came. */
static void find_rows(const struct row_sorting *s, uint32_t cell, uint32_t invocation, size_t row[2])
{
	uint64_t block[2] = { 0 };
	size_t found = 0, number = 0;

	for (size_t i = 0; i < s->slices; i++) {
		const struct run_row *end = s->slice[i].row + s->slice[i].rows;

		for (const struct run_row *at = s->slice[i].row; at < end; at++, number++) {
			size_t to = found;

			if (at->invocation != invocation || s->place[at->cell] != cell)
				continue;
			while (to && at->block < block[to - 1])
				to--;
			if (to == 0) {
				row[1] = row[0];
				block[1] = block[0];
			}
			if (to < 2) {
				row[to] = number;
				block[to] = at->block;
			}
			found = found < 2 ? found + 1 : 2;
		}
	}
}

/* Of the first cell that has one, the least. */
static int say_twice(const struct row_sorting *s, struct building_twice *twice)
{
	size_t row[2] = { 0 };
	size_t first = 0;
	int found = 0;

	for (twice->cell = 0; !found && twice->cell < s->data->cells; first = s->next[twice->cell++]) {
		found = find_twice(s->data, first, s->next[twice->cell] - first, &twice->invocation);
		if (found)
			break;
	}
	if (found < 0)
		return found;
	find_rows(s, twice->cell, twice->invocation, row);
	twice->first = row[0] < row[1] ? row[0] : row[1];
	twice->second = row[0] < row[1] ? row[1] : row[0];
	return -EEXIST;
}

/* Where each cell's rows begin, and which cells make a piece: about as many rows in each. */
static void place_cells(struct row_sorting *s, const uint32_t *counts, size_t pieces)
{
	struct run_data *data = s->data;
	size_t piece = 0, rows = 0;

	for (size_t cell = 0; cell < data->cells; cell++) {
		while (piece < pieces && rows >= piece * data->rows / pieces)
			s->begin[piece++] = cell;
		s->next[cell] = rows;
		rows += counts[cell];
	}
	while (piece <= pieces)
		s->begin[piece++] = data->cells;
}

int sort_rows(struct run_data *data, const struct building_slice *slice, size_t slices, const uint32_t *place, const uint32_t *counts,
	      struct building_twice *twice)
{
	struct row_sorting s = { .data = data, .slice = slice, .slices = slices, .place = place };
	size_t workers;
	int err = -ENOMEM;

	free(data->row);
	free(data->value);
	data->rows = 0;
	for (size_t i = 0; i < slices; i++)
		data->rows += slice[i].rows;
	workers = data->rows < ROWS_WORTH_THREADS ? 1 : pieces_workers();
	data->row = malloc((data->rows + 1) * sizeof(*data->row));
	data->value = malloc((data->rows * data->figures + 1) * sizeof(*data->value));
	s.next = calloc(data->cells + 1, sizeof(*s.next));
	if (data->row && data->value && s.next) {
		place_cells(&s, counts, workers);
		pieces_run(workers, workers, sort_piece, &s);
		/* Relaxed: all threads are done. */
		err = atomic_load_explicit(&s.err, memory_order_relaxed);
		if (!err && atomic_load_explicit(&s.twice, memory_order_relaxed))
			err = say_twice(&s, twice);
	}
	free(s.next);
	return err;
}
