/* SPDX-License-Identifier: MIT */
/* Rows and sides; see layout.h. */
#define _GNU_SOURCE /* qsort_r */
#include "bench/compare/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/ranks.h"

static const char *const skipped = "skipped";

static void choose_keys(struct layout *layout, const struct compare_options *options)
{
	bool any = false;

	layout->column = options->column;
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		any |= options->in_row[k];
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		bool shown = any ? options->in_row[k] : !run_key_is_origin((enum run_key)k);

		layout->in_row[k] = shown && k != layout->column && !options->ignored[k];
	}
}

static int compare_keys(const struct layout *layout, const uint32_t *x, const uint32_t *y, bool of_rest)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if ((of_rest ? layout->in_rest[k] : layout->in_row[k]) && x[k] != y[k])
			return x[k] < y[k] ? -1 : 1;
	}
	return 0;
}

static int by_rest(const void *a, const void *b, void *context)
{
	const struct layout *layout = context;

	return compare_keys(layout, layout->rank[*(const uint32_t *)a], layout->rank[*(const uint32_t *)b], true);
}

static int by_row_and_side(const void *a, const void *b, void *context)
{
	const struct layout *layout = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const uint32_t *p = layout->rank[x], *q = layout->rank[y];
	int order = compare_keys(layout, p, q, false);

	if (order)
		return order;
	if (p[layout->column] != q[layout->column])
		return p[layout->column] < q[layout->column] ? -1 : 1;
	if (layout->rest[x] != layout->rest[y])
		return layout->rest[x] < layout->rest[y] ? -1 : 1;
	return (x > y) - (x < y);
}

/* Cells are read in the order of their keys, as a rule: then there is nothing to sort. */
static void sort_cells(struct layout *layout, uint32_t *order, size_t cells, int (*compare)(const void *, const void *, void *))
{
	size_t sorted = 1;

	while (sorted < cells && compare(&order[sorted - 1], &order[sorted], layout) <= 0)
		sorted++;
	if (sorted < cells)
		qsort_r(order, cells, sizeof(*order), compare, layout);
}

static bool differs_within(const struct layout *layout, const struct layout_side *side, unsigned key)
{
	for (size_t i = side->first + 1; i < side->end; i++) {
		if (layout->rank[layout->order[i]][key] != layout->rank[layout->order[side->first]][key])
			return true;
	}
	return false;
}

/* What all cells of either side have in common, such as a key that goes with the one compared, keeps no two blocks apart. */
static void choose_rest(struct layout *layout)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		bool pooled = !layout->in_row[k] && k != layout->column;

		layout->in_rest[k] = pooled && run_key_is_origin((enum run_key)k);
		for (size_t s = 0; pooled && !layout->in_rest[k] && s < layout->sides; s++)
			layout->in_rest[k] = differs_within(layout, &layout->side[s], k);
	}
}

/* Numbers the rests of all cells in `order`, and puts the cells of each side into their order. */
static int number_rests(struct layout *layout, size_t cells)
{
	uint32_t *order = malloc((cells + 1) * sizeof(*order));
	uint32_t number = 0;

	if (!order)
		return -ENOMEM;
	choose_rest(layout);
	memcpy(order, layout->order, cells * sizeof(*order));
	sort_cells(layout, order, cells, by_rest);
	for (size_t i = 0; i < cells; i++) {
		if (i && by_rest(&order[i - 1], &order[i], layout))
			number++;
		layout->rest[order[i]] = number;
	}
	free(order);
	sort_cells(layout, layout->order, cells, by_row_and_side);
	return 0;
}

static void find_rows(struct layout *layout)
{
	const struct run_data *data = layout->data;
	size_t at = 0;

	for (size_t c = 0; c <= data->cells; c++) {
		while (at < data->rows && data->row[at].cell < c)
			at++;
		layout->first_row[c] = at;
	}
}

/* Leaves in `order` the cells that have something else than refusals. */
static size_t drop_refused(struct layout *layout)
{
	const struct run_data *data = layout->data;
	size_t kept = 0;

	for (size_t i = 0; i < data->cells; i++) {
		uint32_t cell = layout->order[i];
		size_t r = layout->first_row[cell];

		while (r < layout->first_row[cell + 1] && strcmp(data->row[r].status, skipped) == 0)
			r++;
		if (r < layout->first_row[cell + 1])
			layout->order[kept++] = cell;
	}
	layout->refused = data->cells - kept;
	return kept;
}

static void count_rows(struct layout *layout, struct layout_side *side, uint32_t cell)
{
	const struct run_data *data = layout->data;

	for (size_t r = layout->first_row[cell]; r < layout->first_row[cell + 1]; r++) {
		if (strcmp(data->row[r].status, skipped) == 0)
			continue;
		side->rows++;
		side->not_ok += strcmp(data->row[r].status, "ok") != 0;
	}
}

static void make_sides(struct layout *layout, size_t cells)
{
	for (size_t i = 0; i < cells; i++) {
		const uint32_t *keys = layout->rank[layout->order[i]];
		const uint32_t *before = i ? layout->rank[layout->order[i - 1]] : NULL;
		bool is_new_row = !i || compare_keys(layout, before, keys, false);

		if (is_new_row)
			layout->row[layout->rows++] = (struct layout_row){ layout->sides, layout->sides, LAYOUT_NO_SIDE };
		if (is_new_row || before[layout->column] != keys[layout->column])
			layout->side[layout->sides++] = (struct layout_side){ .value = keys[layout->column], .first = i };
		layout->side[layout->sides - 1].end = i + 1;
		layout->row[layout->rows - 1].end = layout->sides;
		count_rows(layout, &layout->side[layout->sides - 1], layout->order[i]);
	}
}

/* Who reads of it, or names it as a baseline, has the word of the command line. */
static void name_built_in(struct layout *layout)
{
	for (uint32_t v = 0; v < layout->texts[RUN_KEY_MINIPORT]; v++)
		layout->text[RUN_KEY_MINIPORT][v] = run_key_shown(RUN_KEY_MINIPORT, layout->text[RUN_KEY_MINIPORT][v]);
}

int layout_init(struct layout *layout, const struct run_data *data, const struct compare_options *options)
{
	size_t room = data->cells + 1;
	size_t kept;

	*layout = (struct layout){ .data = data, .baseline = UINT32_MAX };
	choose_keys(layout, options);
	layout->rank = calloc(room, sizeof(*layout->rank));
	layout->rest = calloc(room, sizeof(*layout->rest));
	layout->first_row = calloc(room + 1, sizeof(*layout->first_row));
	layout->order = calloc(room, sizeof(*layout->order));
	layout->side = calloc(room, sizeof(*layout->side));
	layout->row = calloc(room, sizeof(*layout->row));
	if (!layout->rank || !layout->rest || !layout->first_row || !layout->order || !layout->side || !layout->row)
		return -ENOMEM;
	find_rows(layout);
	if (ranks_make(layout))
		return -ENOMEM;
	name_built_in(layout);
	for (size_t i = 0; i < data->cells; i++)
		layout->order[i] = (uint32_t)i;
	kept = drop_refused(layout);
	sort_cells(layout, layout->order, kept, by_row_and_side);
	make_sides(layout, kept);
	return number_rests(layout, kept);
}

void layout_fini(struct layout *layout)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		free(layout->text[k]);
	free(layout->rank);
	free(layout->rest);
	free(layout->first_row);
	free(layout->order);
	free(layout->side);
	free(layout->row);
}

uint32_t layout_find(const struct layout *layout, const char *value)
{
	uint32_t rank = 0;

	while (rank < layout->texts[layout->column] && strcmp(layout->text[layout->column][rank], value) != 0)
		rank++;
	return rank;
}

void layout_set_baseline(struct layout *layout, uint32_t value)
{
	layout->baseline = value;
	for (size_t r = 0; r < layout->rows; r++) {
		struct layout_row *row = &layout->row[r];

		row->baseline = LAYOUT_NO_SIDE;
		for (size_t s = row->first; s < row->end; s++) {
			if (layout->side[s].value == value)
				row->baseline = s;
		}
	}
}

bool layout_varies(const struct layout *layout, enum run_key key)
{
	size_t last = layout->sides ? layout->side[layout->sides - 1].end : 0;

	for (size_t i = 1; i < last; i++) {
		if (layout->rank[layout->order[i]][key] != layout->rank[layout->order[0]][key])
			return true;
	}
	return false;
}

bool layout_mixes(const struct layout *layout, enum run_key key)
{
	bool between = layout->column != RUN_KEY_RUN || !run_key_is_origin(key);

	for (size_t r = 0; r < layout->rows; r++) {
		size_t first = layout->side[layout->row[r].first].first;

		for (size_t s = layout->row[r].first; s < layout->row[r].end; s++) {
			first = between ? first : layout->side[s].first;
			for (size_t i = layout->side[s].first; i < layout->side[s].end; i++) {
				if (layout->rank[layout->order[i]][key] != layout->rank[layout->order[first]][key])
					return true;
			}
		}
	}
	return false;
}
