/* SPDX-License-Identifier: MIT */
/* Cells and rows while they are read; see building.h. Sorting them is sorting.c's. */
#include "bench/run_data/building.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_data/sorting.h"
#include "bench/run_data/texts.h"

int building_fails(const struct building *b, int status, const char *format, ...)
{
	int prefix = snprintf(b->error, RUN_DATA_ERROR_BYTES, "%s: ", b->data->path);
	va_list arguments;

	if (prefix < 0 || prefix >= RUN_DATA_ERROR_BYTES)
		return status;
	va_start(arguments, format);
	vsnprintf(b->error + prefix, RUN_DATA_ERROR_BYTES - (size_t)prefix, format, arguments);
	va_end(arguments);
	return status;
}

int building_init(struct building *b, struct run_data *data, const char *label, char *error)
{
	*b = (struct building){ .data = data, .error = error, .slots = 256 };
	data->texts = texts_new();
	b->slot = calloc(b->slots, sizeof(*b->slot));
	if (!data->texts || !b->slot)
		return -ENOMEM;
	b->label = building_text(b, label, strlen(label));
	b->ok = building_text(b, "ok", 2);
	b->empty = building_text(b, "", 0);
	return b->label && b->ok && b->empty ? 0 : -ENOMEM;
}

int building_restart(struct building *b)
{
	struct run_data *data = b->data;
	struct building old = *b;
	struct run_data_texts *texts = data->texts;
	int err;

	free(data->cell);
	data->cell = NULL;
	data->cells = 0;
	building_fini(b);
	err = building_init(b, data, old.label, old.error);
	texts_free(texts);
	return err;
}

void building_fini(struct building *b)
{
	free(b->slot);
	b->slot = NULL;
}

const char *building_text(struct building *b, const char *text, size_t bytes)
{
	return texts_keep(b->data->texts, text, bytes);
}

/* Texts are kept once, so that their addresses stand for them. */
static uint32_t *slot_of(const struct building *b, const struct run_cell *cell)
{
	size_t at = texts_hash(0, cell->key, sizeof(cell->key)) & (b->slots - 1);

	while (b->slot[at] && memcmp(b->data->cell[b->slot[at] - 1].key, cell->key, sizeof(cell->key)) != 0)
		at = (at + 1) & (b->slots - 1);
	return &b->slot[at];
}

static bool grow_cells(struct building *b)
{
	struct run_data *data = b->data;

	if (data->cells == b->cell_capacity) {
		size_t capacity = b->cell_capacity ? 2 * b->cell_capacity : 64;
		struct run_cell *cells = realloc(data->cell, capacity * sizeof(*cells));

		if (!cells)
			return false;
		data->cell = cells;
		b->cell_capacity = capacity;
	}
	if (2 * (data->cells + 1) > b->slots) {
		uint32_t *slot = calloc(2 * b->slots, sizeof(*slot));

		if (!slot)
			return false;
		free(b->slot);
		b->slot = slot;
		b->slots *= 2;
		for (size_t i = 0; i < data->cells; i++)
			*slot_of(b, &data->cell[i]) = (uint32_t)i + 1;
	}
	return true;
}

int building_cell(struct building *b, const struct run_cell *cell, uint32_t *index)
{
	uint32_t *slot = slot_of(b, cell);

	if (!*slot) {
		if (!grow_cells(b))
			return -ENOMEM;
		slot = slot_of(b, cell);
		b->data->cell[b->data->cells++] = *cell;
		*slot = (uint32_t)b->data->cells;
	}
	*index = *slot - 1;
	return 0;
}

double *building_rows_add(struct building_rows *rows, const struct run_row *row)
{
	if (rows->rows == rows->capacity) {
		size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
		struct run_row *grown = realloc(rows->row, capacity * sizeof(*grown));
		double *values;

		if (!grown)
			return NULL;
		rows->row = grown;
		values = realloc(rows->value, (capacity * rows->figures + 1) * sizeof(*values));
		if (!values)
			return NULL;
		rows->value = values;
		rows->capacity = capacity;
	}
	rows->row[rows->rows] = *row;
	return &rows->value[rows->rows++ * rows->figures];
}

void building_rows_fini(struct building_rows *rows)
{
	free(rows->row);
	free(rows->value);
	*rows = (struct building_rows){ 0 };
}

/* What a process tells of itself: one that broke off has told nothing. */
static bool is_told(unsigned key)
{
	return key == RUN_KEY_PLACEMENT || key == RUN_KEY_OVERSUBSCRIBED || key == RUN_KEY_SCHED_POLICY || key == RUN_KEY_DURATION_S ||
	       key == RUN_KEY_CLOCK;
}

static uint64_t hash_of_asked(const struct run_cell *cell)
{
	uint64_t hash = texts_hash(0, &cell->cell_id, sizeof(cell->cell_id));

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!is_told(k))
			hash = texts_hash(hash, &cell->key[k], sizeof(cell->key[k]));
	}
	return hash;
}

static bool is_broken_off(const struct building *b, const struct run_cell *cell)
{
	return cell->key[RUN_KEY_DURATION_S] == b->empty && cell->key[RUN_KEY_CLOCK] == b->empty;
}

/* Whether `broken` may be an invocation of `whole` that broke off. */
static bool agree(const struct building *b, const struct run_cell *broken, const struct run_cell *whole)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		bool is_silent = is_told(k) && (k == RUN_KEY_OVERSUBSCRIBED || broken->key[k] == b->empty);

		if (broken->key[k] != whole->key[k] && !is_silent)
			return false;
	}
	return broken->cell_id == whole->cell_id;
}

/* Cells of whole invocations by what was asked for. */
static uint32_t *index_whole(const struct building *b, size_t slots)
{
	uint32_t *slot = calloc(slots, sizeof(*slot));

	for (size_t i = 0; slot && i < b->data->cells; i++) {
		size_t at = hash_of_asked(&b->data->cell[i]) & (slots - 1);

		if (is_broken_off(b, &b->data->cell[i]))
			continue;
		while (slot[at])
			at = (at + 1) & (slots - 1);
		slot[at] = (uint32_t)i + 1;
	}
	return slot;
}

/* The one cell that it can be of; itself when there is none, or more than one. */
static uint32_t whole_of(const struct building *b, uint32_t cell, const uint32_t *slot, size_t slots)
{
	const struct run_cell *broken = &b->data->cell[cell];
	uint32_t found = cell;

	for (size_t at = hash_of_asked(broken) & (slots - 1); slot[at]; at = (at + 1) & (slots - 1)) {
		if (!agree(b, broken, &b->data->cell[slot[at] - 1]))
			continue;
		if (found != cell)
			return cell;
		found = slot[at] - 1;
	}
	return found;
}

/* Invocations that broke off go to the cell that they are of. Counts the rows of each. */
static int join_broken_off(struct building *b, const struct building_slice *slice, size_t slices, uint32_t *counts)
{
	size_t slots = b->slots;
	uint32_t *slot = index_whole(b, slots);

	if (!slot)
		return -ENOMEM;
	for (size_t s = 0; s < slices; s++) {
		for (struct run_row *row = slice[s].row, *end = row + slice[s].rows; row < end; row++) {
			if (row->status != b->ok && row->invocation && is_broken_off(b, &b->data->cell[row->cell]))
				row->cell = whole_of(b, row->cell, slot, slots);
			counts[row->cell]++;
		}
	}
	free(slot);
	return 0;
}

/* What has no rows left goes. place[] becomes where each cell is now; counts[] moves with the cells. */
static void drop_empty(struct run_data *data, uint32_t *counts, uint32_t *place)
{
	size_t kept = 0;

	for (size_t i = 0; i < data->cells; i++) {
		if (!counts[i])
			continue;
		place[i] = (uint32_t)kept;
		counts[kept] = counts[i];
		data->cell[kept++] = data->cell[i];
	}
	data->cells = kept;
}

int building_finish(struct building *b, const struct building_slice *slice, size_t slices, struct building_twice *twice)
{
	struct run_data *data = b->data;
	size_t cells = data->cells;
	uint32_t *counts = calloc(cells + 1, sizeof(*counts));
	uint32_t *place = calloc(cells + 1, sizeof(*place));
	uint32_t *rank = calloc(cells + 1, sizeof(*rank));
	uint32_t *sorted = calloc(cells + 1, sizeof(*sorted));
	int err = counts && place && rank && sorted ? join_broken_off(b, slice, slices, counts) : -ENOMEM;

	if (!err) {
		drop_empty(data, counts, place);
		err = sort_cells(data, rank);
	}
	if (!err) {
		for (size_t i = 0; i < cells; i++)
			place[i] = rank[place[i]];
		for (size_t i = 0; i < data->cells; i++)
			sorted[rank[i]] = counts[i];
		err = sort_rows(data, slice, slices, place, sorted, twice);
	}
	free(counts);
	free(place);
	free(rank);
	free(sorted);
	return err;
}
