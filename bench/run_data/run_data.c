/* SPDX-License-Identifier: MIT */
/* Reading a run back; see run_data.h. */
#define _GNU_SOURCE
#include "bench/run_data/run_data.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/files/csv_rows.h"
#include "bench/files/schema.h"
#include "bench/run_dir/manifest.h"

/* Each text once, so that texts are equal when their addresses are. */
struct run_data_texts {
	void *tree;
};

/* The same, while reading. */
struct loading {
	struct run_data *data;
	const char *label;
	struct csv_rows csv;
	size_t key_column[RUN_KEY_COUNT];
	size_t (*figure_column)[2]; /* itself, and what it is divided by */
	size_t row_capacity, cell_capacity;
	char *error;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *intern(struct run_data *data, const char *text)
{
	char **found = tsearch(text, &data->texts->tree, by_text);

	if (found && *found == text) {
		*found = strdup(text);
		if (!*found) {
			*found = (char *)text;
			tdelete(text, &data->texts->tree, by_text);
			return NULL;
		}
	}
	return found ? *found : NULL;
}

static int fail(struct loading *l, int error, const char *what)
{
	snprintf(l->error, RUN_DATA_ERROR_BYTES, "%s: %s", l->data->path, what);
	return error;
}

static size_t column_of(const char *name)
{
	return csv_column_index(&schema_summary, name);
}

static int find_columns(struct loading *l)
{
	struct run_data *data = l->data;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		l->key_column[k] = column_of(run_key_name((enum run_key)k));
	l->figure_column = calloc(data->figures + 1, sizeof(*l->figure_column));
	if (!l->figure_column)
		return fail(l, -ENOMEM, "out of memory");
	for (size_t i = 0; i < data->figures; i++) {
		const struct figure *figure = data->figure[i];

		l->figure_column[i][0] = column_of(figure->column);
		l->figure_column[i][1] = figure->per ? column_of(figure->per) : CSV_NO_COLUMN;
	}
	return 0;
}

static double number_at(const struct loading *l, size_t column)
{
	const char *text = column == CSV_NO_COLUMN ? "" : l->csv.field[column];

	return *text ? strtod(text, NULL) : NAN;
}

static const char *text_at(struct loading *l, const char *column)
{
	return intern(l->data, l->csv.field[column_of(column)]);
}

static int cell_of_row(struct loading *l, uint32_t *cell)
{
	struct run_data *data = l->data;
	struct run_cell *at;

	if (data->cells == l->cell_capacity) {
		size_t grown = l->cell_capacity ? 2 * l->cell_capacity : 64;
		struct run_cell *more = realloc(data->cell, grown * sizeof(*more));

		if (!more)
			return -ENOMEM;
		data->cell = more;
		l->cell_capacity = grown;
	}
	at = &data->cell[data->cells];
	at->cell_id = text_at(l, "cell_id");
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const char *text = k == RUN_KEY_RUN ? l->label : l->key_column[k] == CSV_NO_COLUMN ? "" : l->csv.field[l->key_column[k]];

		at->key[k] = intern(data, text);
		if (!at->key[k] || !at->cell_id)
			return -ENOMEM;
	}
	for (*cell = 0; *cell < data->cells; (*cell)++) {
		if (memcmp(data->cell[*cell].key, at->key, sizeof(at->key)) == 0)
			return 0;
	}
	data->cells++;
	return 0;
}

static int add_row(struct loading *l)
{
	struct run_data *data = l->data;
	struct run_row *row;
	bool is_ok;

	if (data->rows == l->row_capacity) {
		size_t grown = l->row_capacity ? 2 * l->row_capacity : 256;
		struct run_row *rows = realloc(data->row, grown * sizeof(*rows));
		double *values;

		if (!rows)
			return -ENOMEM;
		data->row = rows;
		values = realloc(data->value, (grown * data->figures + 1) * sizeof(*values));
		if (!values)
			return -ENOMEM;
		data->value = values;
		l->row_capacity = grown;
	}
	row = &data->row[data->rows];
	row->block = strtoull(l->csv.field[column_of("block")], NULL, 10);
	row->invocation = (uint32_t)strtoul(l->csv.field[column_of("invocation")], NULL, 10);
	row->status = text_at(l, "status");
	row->gate_codes = text_at(l, "gate_codes");
	row->reason = text_at(l, *l->csv.field[column_of("status_reason")] ? "status_reason" : "backend_reason");
	if (!row->status || !row->gate_codes || !row->reason || cell_of_row(l, &row->cell))
		return -ENOMEM;
	is_ok = strcmp(row->status, "ok") == 0;
	for (size_t i = 0; i < data->figures; i++) {
		double value = is_ok ? number_at(l, l->figure_column[i][0]) : NAN;

		if (data->figure[i]->per)
			value /= number_at(l, l->figure_column[i][1]);
		data->value[data->rows * data->figures + i] = value;
	}
	data->rows++;
	return 0;
}

static int read_rows(struct loading *l)
{
	int got = csv_rows_next(&l->csv, l->error, RUN_DATA_ERROR_BYTES);

	if (got == 1 && !csv_rows_are_header(&l->csv, &schema_summary))
		return fail(l, -EINVAL, "not the columns of summary.csv of this version");
	while (got == 1 && (got = csv_rows_next(&l->csv, l->error, RUN_DATA_ERROR_BYTES)) == 1) {
		if (add_row(l))
			return fail(l, -ENOMEM, "out of memory");
	}
	if (got < 0)
		return got == -EBADMSG ? -EINVAL : got;
	return l->data->rows ? 0 : fail(l, -ENODATA, "has no rows");
}

static int compare_cells(const void *a, const void *b, void *context)
{
	const struct run_data *data = context;
	const struct run_cell *x = &data->cell[*(const uint32_t *)a];
	const struct run_cell *y = &data->cell[*(const uint32_t *)b];

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		int order = x->key[k] == y->key[k] ? 0 : run_key_compare((enum run_key)k, x->key[k], y->key[k]);

		if (order)
			return order;
	}
	return 0;
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct run_data *data = context;
	const struct run_row *x = &data->row[*(const uint32_t *)a];
	const struct run_row *y = &data->row[*(const uint32_t *)b];

	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return (x->invocation > y->invocation) - (x->invocation < y->invocation);
}

static uint32_t *identity(size_t count)
{
	uint32_t *order = malloc((count + 1) * sizeof(*order));

	for (size_t i = 0; order && i < count; i++)
		order[i] = (uint32_t)i;
	return order;
}

static int sort_cells(struct run_data *data)
{
	uint32_t *order = identity(data->cells);
	uint32_t *place = identity(data->cells);
	struct run_cell *sorted = malloc((data->cells + 1) * sizeof(*sorted));

	if (order && place && sorted) {
		qsort_r(order, data->cells, sizeof(*order), compare_cells, data);
		for (size_t i = 0; i < data->cells; i++) {
			sorted[i] = data->cell[order[i]];
			place[order[i]] = (uint32_t)i;
		}
		for (size_t i = 0; i < data->rows; i++)
			data->row[i].cell = place[data->row[i].cell];
		free(data->cell);
		data->cell = sorted;
		sorted = NULL;
	}
	free(order);
	free(place);
	free(sorted);
	return order && place && !sorted ? 0 : -ENOMEM;
}

static int sort_rows(struct run_data *data)
{
	uint32_t *order = identity(data->rows);
	struct run_row *row = malloc((data->rows + 1) * sizeof(*row));
	double *value = malloc((data->rows * data->figures + 1) * sizeof(*value));

	if (!order || !row || !value) {
		free(order);
		free(row);
		free(value);
		return -ENOMEM;
	}
	qsort_r(order, data->rows, sizeof(*order), compare_rows, data);
	for (size_t i = 0; i < data->rows; i++) {
		row[i] = data->row[order[i]];
		memcpy(&value[i * data->figures], &data->value[order[i] * data->figures], data->figures * sizeof(*value));
	}
	free(order);
	free(data->row);
	free(data->value);
	data->row = row;
	data->value = value;
	return 0;
}

static int load_folder(struct loading *l)
{
	struct run_data *data = l->data;
	struct run_manifest manifest;
	char *path = NULL;
	int error = run_manifest_load(data->path, &manifest, l->error, RUN_DATA_ERROR_BYTES);

	if (error)
		return error == -ENOENT ? -EINVAL : error;
	snprintf(data->run_id, sizeof(data->run_id), "%s", manifest.run_id);
	run_manifest_fini(&manifest);
	if (asprintf(&path, "%s/summary.csv", data->path) < 0)
		return fail(l, -ENOMEM, "out of memory");
	error = csv_rows_open(&l->csv, path, l->error, RUN_DATA_ERROR_BYTES);
	if (error == -ENOENT)
		error = fail(l, -ENODATA, "the run has not ended: `storsync status` says how to go on with it");
	else if (!error)
		error = read_rows(l);
	csv_rows_close(&l->csv);
	free(path);
	return error;
}

int run_data_load(struct run_data *data, const char *path, const char *label, const struct figure *const *wanted, size_t count,
		  char *error)
{
	struct loading l = { .data = data, .label = label, .error = error };
	int status;

	*data = (struct run_data){ .kind = RUN_DATA_STORSYNC, .figures = count };
	data->path = strdup(path);
	data->texts = calloc(1, sizeof(*data->texts));
	data->figure = calloc(count + 1, sizeof(*data->figure));
	if (!data->path || !data->texts || !data->figure) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: out of memory", path);
		run_data_fini(data);
		return -ENOMEM;
	}
	if (count)
		memcpy(data->figure, wanted, count * sizeof(*wanted));
	status = find_columns(&l);
	if (!status)
		status = load_folder(&l);
	if (!status && (sort_cells(data) || sort_rows(data)))
		status = fail(&l, -ENOMEM, "out of memory");
	free(l.figure_column);
	if (status)
		run_data_fini(data);
	return status;
}

void run_data_fini(struct run_data *data)
{
	if (data->texts)
		tdestroy(data->texts->tree, free);
	free(data->texts);
	free(data->path);
	free(data->cell);
	free(data->row);
	free(data->figure);
	free(data->value);
	*data = (struct run_data){ 0 };
}

size_t run_data_rows_of(const struct run_data *data, size_t cell, size_t *first)
{
	size_t lo = 0, hi = data->rows;
	size_t end;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (data->row[middle].cell < cell)
			lo = middle + 1;
		else
			hi = middle;
	}
	*first = lo;
	for (end = lo; end < data->rows && data->row[end].cell == cell;)
		end++;
	return end;
}

bool run_data_differs(const struct run_data *data, enum run_key key)
{
	for (size_t i = 1; i < data->cells; i++) {
		if (strcmp(data->cell[i].key[key], data->cell[0].key[key]) != 0)
			return true;
	}
	return false;
}
