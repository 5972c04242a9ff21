/* SPDX-License-Identifier: MIT */
/*
 * Sorting by counting; see sorting.h. Values of a key are compared once each, after which cells are sorted by their ranks, key by
 * key from the last on. Rows come in the order of blocks as a rule, so that counting them by cell is all that is left to do.
 */
#define _GNU_SOURCE
#include "bench/run_data/sorting.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_data/texts.h"

static uint32_t *identity(size_t count)
{
	uint32_t *order = malloc((count + 1) * sizeof(*order));

	for (size_t i = 0; order && i < count; i++)
		order[i] = (uint32_t)i;
	return order;
}

/* A stable pass: `order` by rank[], which is less than `ranks`. `counts` has room for all and one more. */
static void sort_by_rank(uint32_t *order, uint32_t *spare, size_t count, const uint32_t *rank, uint32_t *counts, size_t ranks)
{
	memset(counts, 0, (ranks + 1) * sizeof(*counts));
	for (size_t i = 0; i < count; i++)
		counts[rank[i] + 1]++;
	for (size_t i = 0; i < ranks; i++)
		counts[i + 1] += counts[i];
	for (size_t i = 0; i < count; i++)
		spare[counts[rank[order[i]]]++] = order[i];
	memcpy(order, spare, count * sizeof(*order));
}

static int compare_values(const void *a, const void *b, void *key)
{
	return run_key_compare(*(const enum run_key *)key, *(const char *const *)a, *(const char *const *)b);
}

/* The rank of each cell's value of a key; returns how many values there are. */
static size_t rank_values(const struct run_data *data, enum run_key key, const char **value, uint32_t *rank)
{
	size_t values = 0;

	for (size_t i = 0; i < data->cells; i++) {
		uint32_t *mark = texts_mark(data->cell[i].key[key]);

		if (!*mark) {
			value[values++] = data->cell[i].key[key];
			*mark = 1;
		}
	}
	qsort_r(value, values, sizeof(*value), compare_values, &key);
	for (size_t i = 0; i < values; i++)
		*texts_mark(value[i]) = (uint32_t)i;
	for (size_t i = 0; i < data->cells; i++)
		rank[i] = *texts_mark(data->cell[i].key[key]);
	for (size_t i = 0; i < values; i++)
		*texts_mark(value[i]) = 0;
	return values;
}

struct cell_sorting {
	uint32_t *order, *spare, *rank, *counts;
	const char **value;
	struct run_cell *sorted;
};

static void move_cells(struct run_data *data, struct cell_sorting *s)
{
	for (size_t i = 0; i < data->cells; i++) {
		s->sorted[i] = data->cell[s->order[i]];
		s->rank[s->order[i]] = (uint32_t)i;
	}
	for (size_t i = 0; i < data->rows; i++)
		data->row[i].cell = s->rank[data->row[i].cell];
	free(data->cell);
	data->cell = s->sorted;
	s->sorted = NULL;
}

int sort_cells(struct run_data *data)
{
	struct cell_sorting s = {
		.order = identity(data->cells),
		.spare = identity(data->cells),
		.rank = identity(data->cells),
		.counts = malloc((data->cells + 2) * sizeof(*s.counts)),
		.value = malloc((data->cells + 1) * sizeof(*s.value)),
		.sorted = malloc((data->cells + 1) * sizeof(*s.sorted)),
	};
	int err = s.order && s.spare && s.rank && s.counts && s.value && s.sorted ? 0 : -ENOMEM;

	for (unsigned k = RUN_KEY_COUNT; k-- > 0 && !err;) {
		size_t values = rank_values(data, (enum run_key)k, s.value, s.rank);

		if (values > 1)
			sort_by_rank(s.order, s.spare, data->cells, s.rank, s.counts, values);
	}
	if (!err)
		move_cells(data, &s);
	free(s.order);
	free(s.spare);
	free(s.rank);
	free(s.counts);
	free(s.value);
	free(s.sorted);
	return err;
}

static int compare_times(const struct run_row *a, const struct run_row *b)
{
	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return (a->invocation > b->invocation) - (a->invocation < b->invocation);
}

/* By block and invocation, then as they came. */
static int compare_rows(const void *a, const void *b, void *context)
{
	const struct run_row *row = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = compare_times(&row[i], &row[j]);

	return order ? order : (i > j) - (i < j);
}

/* `counts` is where each cell ended. */
static void sort_within_cells(const struct run_data *data, uint32_t *order, const uint32_t *counts)
{
	for (size_t cell = 0, first = 0; cell < data->cells; first = counts[cell++]) {
		bool rise = true;

		for (size_t i = first + 1; i < counts[cell]; i++)
			rise &= compare_times(&data->row[order[i - 1]], &data->row[order[i]]) <= 0;
		if (!rise)
			qsort_r(order + first, counts[cell] - first, sizeof(*order), compare_rows, data->row);
	}
}

/* Rows of a cell stay as they came if these are in order of time anyway. */
static int sort_by_cell(const struct run_data *data, uint32_t *order, bool by_time)
{
	uint32_t *counts = calloc(data->cells + 1, sizeof(*counts));

	if (!counts)
		return -ENOMEM;
	for (size_t i = 0; i < data->rows; i++)
		counts[data->row[i].cell + 1]++;
	for (size_t i = 0; i < data->cells; i++)
		counts[i + 1] += counts[i];
	for (size_t i = 0; i < data->rows; i++)
		order[counts[data->row[i].cell]++] = (uint32_t)i;
	if (!by_time)
		sort_within_cells(data, order, counts);
	free(counts);
	return 0;
}

/* Row i becomes what row order[i] was: cycle by cycle in place, as a copy of all would double the memory. */
static int move_rows(struct run_data *data, const uint32_t *order)
{
	size_t bytes = data->figures * sizeof(*data->value);
	double *value = malloc(bytes + 1);
	bool *is_moved = calloc(data->rows + 1, sizeof(*is_moved));

	for (size_t first = 0; value && is_moved && first < data->rows; first++) {
		struct run_row row = data->row[first];
		size_t to = first;

		if (is_moved[first])
			continue;
		memcpy(value, &data->value[first * data->figures], bytes);
		for (size_t from; (from = order[to]) != first; to = from) {
			data->row[to] = data->row[from];
			memcpy(&data->value[to * data->figures], &data->value[from * data->figures], bytes);
			is_moved[from] = true;
		}
		data->row[to] = row;
		memcpy(&data->value[to * data->figures], value, bytes);
	}
	free(value);
	free(is_moved);
	return value && is_moved ? 0 : -ENOMEM;
}

static int compare_invocations(const void *a, const void *b, void *context)
{
	const struct run_row *row = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (row[i].invocation != row[j].invocation)
		return row[i].invocation < row[j].invocation ? -1 : 1;
	return (i > j) - (i < j);
}

static int say_twice(const struct run_data *data, const uint32_t *order, uint32_t first, uint32_t second, struct building_twice *twice)
{
	twice->first = order[first] < order[second] ? order[first] : order[second];
	twice->second = order[first] < order[second] ? order[second] : order[first];
	twice->cell = data->row[first].cell;
	twice->invocation = data->row[first].invocation;
	return -EEXIST;
}

/* Of rows that are in order, where row i came as order[i]. */
static int check_twice(struct run_data *data, const uint32_t *order, struct building_twice *twice)
{
	uint32_t *rows = NULL;
	int err = 0;

	for (size_t first = 0, end; first < data->rows && !err; first = end) {
		bool rise = true;

		for (end = first + 1; end < data->rows && data->row[end].cell == data->row[first].cell; end++)
			rise &= data->row[end].invocation > data->row[end - 1].invocation;
		if (rise)
			continue;
		rows = rows ? rows : identity(data->rows);
		if (!rows)
			return -ENOMEM;
		qsort_r(rows + first, end - first, sizeof(*rows), compare_invocations, data->row);
		for (size_t i = first + 1; i < end && !err; i++) {
			if (data->row[rows[i]].invocation == data->row[rows[i - 1]].invocation)
				err = say_twice(data, order, rows[i - 1], rows[i], twice);
		}
	}
	free(rows);
	return err;
}

int sort_rows(struct run_data *data, struct building_twice *twice)
{
	uint32_t *order = identity(data->rows);
	bool by_time = true, by_cell = true;
	int err = order ? 0 : -ENOMEM;

	for (size_t i = 1; i < data->rows; i++) {
		int times = compare_times(&data->row[i - 1], &data->row[i]);

		by_time &= times <= 0;
		by_cell &= data->row[i - 1].cell < data->row[i].cell || (data->row[i - 1].cell == data->row[i].cell && times <= 0);
	}
	if (!err && !by_cell) {
		err = sort_by_cell(data, order, by_time);
		if (!err)
			err = move_rows(data, order);
	}
	if (!err)
		err = check_twice(data, order, twice);
	free(order);
	return err;
}
