/* SPDX-License-Identifier: MIT */
/* The part of a run that is exported; see selection.h. */
#define _GNU_SOURCE
#include "bench/export/selection.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_ok(const struct run_row *row)
{
	return strcmp(row->status, "ok") == 0;
}

static int by_id(const void *a, const void *b, void *context)
{
	const struct run_data *data = context;
	const struct run_row *x = &data->row[*(const uint32_t *)a];
	const struct run_row *y = &data->row[*(const uint32_t *)b];
	int order = strcmp(data->cell[x->cell].cell_id, data->cell[y->cell].cell_id);

	return order ? order : (x->invocation > y->invocation) - (x->invocation < y->invocation);
}

static void choose(struct export_selection *s, const struct key_filter *filter, size_t filters, size_t *held)
{
	*held = 0;
	for (size_t c = 0; c < s->data.cells; c++) {
		size_t row, end;

		if (!key_filters_hold(filter, filters, &s->data.cell[c]))
			continue;
		++*held;
		end = run_data_rows_of(&s->data, c, &row);
		for (; row < end; row++) {
			if (!is_ok(&s->data.row[row])) {
				s->left_out++;
				continue;
			}
			s->cells += !s->is_chosen[c];
			s->is_chosen[c] = true;
			s->gated += *s->data.row[row].gate_codes != '\0';
			s->by_id[s->rows++] = (uint32_t)row;
		}
	}
	qsort_r(s->by_id, s->rows, sizeof(*s->by_id), by_id, &s->data);
}

static void find_varying(struct export_selection *s)
{
	const struct run_cell *first = NULL;
	bool follows = true;

	for (size_t c = 0; c < s->data.cells; c++) {
		if (!s->is_chosen[c])
			continue;
		first = first ? first : &s->data.cell[c];
		for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
			s->varies[k] |= strcmp(first->key[k], s->data.cell[c].key[k]) != 0;
		follows &= strcmp(s->data.cell[c].key[RUN_KEY_CHANNELS], s->data.cell[c].key[RUN_KEY_CPUS]) == 0;
	}
	/* One channel for each CPU says nothing that CPUs do not. */
	s->varies[RUN_KEY_CHANNELS] &= !follows;
	s->varies[RUN_KEY_BACKEND] = true;
}

int export_selection_load(struct export_selection *s, const char *path, const struct key_filter *filter, size_t filters,
		   const struct figure *const *wanted, size_t count, char *error)
{
	size_t held;
	int status;

	*s = (struct export_selection){ 0 };
	status = run_data_load(&s->data, path, "", wanted, count, error);
	if (status)
		return status;
	if (s->data.kind != RUN_DATA_STORSYNC) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: not the folder of a run, which is what can be exported", path);
		status = -EINVAL;
	} else {
		s->is_chosen = calloc(s->data.cells + 1, sizeof(*s->is_chosen));
		s->by_id = malloc((s->data.rows + 1) * sizeof(*s->by_id));
		if (!s->is_chosen || !s->by_id) {
			snprintf(error, RUN_DATA_ERROR_BYTES, "%s: out of memory", path);
			status = -ENOMEM;
		} else {
			choose(s, filter, filters, &held);
			find_varying(s);
			if (!s->rows) {
				snprintf(error, RUN_DATA_ERROR_BYTES, held ? "%s: no invocation of these cells is ok" :
					 "%s: no cell is left by --filter", path);
				status = -ENODATA;
			}
		}
	}
	if (status)
		export_selection_fini(s);
	return status;
}

void export_selection_fini(struct export_selection *s)
{
	run_data_fini(&s->data);
	free(s->is_chosen);
	free(s->by_id);
	*s = (struct export_selection){ 0 };
}

/* As strcmp(). */
static int compare_id(const char *id, const struct csv_field *field)
{
	int order = strncmp(id, field->text, field->bytes);

	return order ? order : id[field->bytes] != '\0';
}

long export_selection_row(const struct export_selection *s, const struct csv_field *cell_id, uint64_t invocation)
{
	size_t lo = 0, hi = s->rows;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		const struct run_row *row = &s->data.row[s->by_id[middle]];
		int order = compare_id(s->data.cell[row->cell].cell_id, cell_id);

		if (!order)
			order = (row->invocation > invocation) - (row->invocation < invocation);
		if (!order)
			return s->by_id[middle];
		if (order < 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return -1;
}

void export_selection_label(const struct export_selection *s, const struct run_cell *cell, char label[SELECTION_NAME_BYTES])
{
	size_t at = (size_t)snprintf(label, SELECTION_NAME_BYTES, "%s", cell->key[RUN_KEY_BACKEND]);

	for (unsigned k = 0; k < RUN_KEY_COUNT && at < SELECTION_NAME_BYTES; k++) {
		if (s->varies[k] && k != RUN_KEY_BACKEND)
			at += (size_t)snprintf(label + at, SELECTION_NAME_BYTES - at, ", %s %s", run_key_words((enum run_key)k), cell->key[k]);
	}
}

void export_selection_file_name(const struct export_selection *s, const struct run_cell *cell, char name[SELECTION_NAME_BYTES])
{
	/* Room for a metric, an invocation and an ending in what a file system takes for a name. */
	const size_t room = SELECTION_NAME_BYTES - 64;
	size_t at = (size_t)snprintf(name, room, "%s", cell->key[RUN_KEY_BACKEND]);

	for (unsigned k = 0; k < RUN_KEY_COUNT && at < room; k++) {
		if (s->varies[k] && k != RUN_KEY_BACKEND)
			at += (size_t)snprintf(name + at, room - at, ".%s-%s", run_key_name((enum run_key)k), cell->key[k]);
	}
	if (at >= room)
		snprintf(name, room, "%s.%s", cell->key[RUN_KEY_BACKEND], cell->cell_id);
	for (char *c = name; *c; c++)
		*c = isalnum((unsigned char)*c) || strchr("._+-", *c) ? *c : '_';
}
