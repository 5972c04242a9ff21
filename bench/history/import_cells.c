/* SPDX-License-Identifier: MIT */
/* A run's cells, by what they are called in the database, and their samples; see import_steps.h. */
#include "bench/history/import_steps.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/history_cell.h"
#include "bench/history/history_figures.h"

/* --- names --- */

static int by_name(const void *a, const void *b)
{
	const struct named_cell *x = a;
	const struct named_cell *y = b;
	int order = strcmp(x->text, y->text);

	if (!order)
		order = strcmp(x->host, y->host);
	return order ? order : (x->cell > y->cell) - (x->cell < y->cell);
}

static bool is_same(const struct named_cell *a, const struct named_cell *b)
{
	return strcmp(a->text, b->text) == 0 && strcmp(a->host, b->host) == 0;
}

static bool has_run(const struct run_data *data, size_t cell)
{
	struct tally tally = { 0 };
	size_t first;
	size_t end = run_data_rows_of(data, cell, &first);

	for (size_t i = first; i < end; i++)
		import_count_row(&data->row[i], &tally);
	return tally.invocations > 0;
}

/* What was skipped has no keys of a measurement and is left out. */
int import_name_cells(struct import *import)
{
	const struct run_data *data = &import->run->data;

	import->named = calloc(data->cells + 1, sizeof(*import->named));
	for (size_t i = 0; i < data->cells && import->named; i++) {
		struct named_cell *named = &import->named[import->count];

		if (!has_run(data, i))
			continue;
		*named = (struct named_cell){ history_cell_text(&data->cell[i]), data->cell[i].key[RUN_KEY_HOST_ID], i };
		if (!named->text)
			return -ENOMEM;
		import->count++;
	}
	if (!import->named)
		return -ENOMEM;
	qsort(import->named, import->count, sizeof(*import->named), by_name);
	return 0;
}

void import_forget_names(struct import *import)
{
	/* One entry too many is there, and empty. */
	for (size_t i = 0; import->named && import->named[i].text; i++)
		free(import->named[i].text);
	free(import->named);
}

size_t import_distinct(const struct import *import)
{
	size_t different = import->count ? 1 : 0;

	for (size_t i = 1; i < import->count; i++)
		different += !is_same(&import->named[i - 1], &import->named[i]);
	return different;
}

/* --- samples --- */

static int key_of_cell(struct import *import, const char *text, sqlite3_int64 *key)
{
	sqlite3_stmt *statement =
		history_prepare(import->history, "INSERT INTO cells(keys) VALUES(?1) ON CONFLICT(keys) DO NOTHING", import->error);
	int status;

	if (!statement)
		return -EINVAL;
	import_bind_text(statement, 1, text);
	status = import_finish(import, statement);
	if (status)
		return status;
	statement = history_prepare(import->history, "SELECT id FROM cells WHERE keys = ?1", import->error);
	if (!statement)
		return -EINVAL;
	import_bind_text(statement, 1, text);
	if (sqlite3_step(statement) == SQLITE_ROW)
		*key = sqlite3_column_int64(statement, 0);
	else
		status = history_failed(import->history, import->error);
	sqlite3_finalize(statement);
	return status;
}

static int put_figure(struct import *import, sqlite3_int64 sample, size_t figure, const size_t *row, size_t rows)
{
	double *value = malloc((rows + 1) * sizeof(*value));
	bool any = false;
	sqlite3_stmt *statement;
	int status;

	if (!value)
		return import_fail(import->error, -ENOMEM, import->run->data.path, "out of memory");
	for (size_t i = 0; i < rows; i++) {
		value[i] = run_data_value(&import->run->data, row[i], figure);
		/* One kind of NaN, so that the same run is the same bytes. */
		value[i] = isfinite(value[i]) ? value[i] : NAN;
		any = any || isfinite(value[i]);
	}
	history_pack(value, rows);
	statement = any ? history_prepare(import->history, "INSERT INTO figures(figure, sample, packed) VALUES(?1, ?2, ?3)", import->error) : NULL;
	status = any && !statement ? -EINVAL : 0;
	if (statement) {
		import_bind_text(statement, 1, history_figure(figure)->name);
		sqlite3_bind_int64(statement, 2, sample);
		sqlite3_bind_blob64(statement, 3, value, rows * sizeof(*value), SQLITE_STATIC);
		status = import_finish(import, statement);
	}
	free(value);
	return status;
}

/* "[[1,1,"ok",""],...]" */
static char *describe_rows(const struct run_data *data, const size_t *row, size_t rows)
{
	json_t *all = json_array();
	char *text;

	for (size_t i = 0; i < rows; i++) {
		const struct run_row *of = &data->row[row[i]];

		json_array_append_new(all, json_pack("[I,I,s,s]", (json_int_t)of->block, (json_int_t)of->invocation, of->status,
						     of->gate_codes));
	}
	text = json_array_size(all) == rows ? json_dumps(all, JSON_COMPACT) : NULL;
	json_decref(all);
	return text;
}

static int put_sample(struct import *import, const struct named_cell *named, const size_t *row, size_t rows)
{
	static const char sql[] = "INSERT INTO samples(cell, host, run, count, not_ok, gated, invocations) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	const struct run_data *data = &import->run->data;
	char *text = describe_rows(data, row, rows);
	sqlite3_stmt *statement = NULL;
	sqlite3_int64 cell = 0, sample;
	struct tally tally = { 0 };
	int status;

	for (size_t i = 0; i < rows; i++)
		import_count_row(&data->row[row[i]], &tally);
	status = text ? key_of_cell(import, named->text, &cell) : import_fail(import->error, -ENOMEM, data->path, "out of memory");
	if (!status && !(statement = history_prepare(import->history, sql, import->error)))
		status = -EINVAL;
	if (!status) {
		sqlite3_bind_int64(statement, 1, cell);
		import_bind_text(statement, 2, named->host);
		sqlite3_bind_int64(statement, 3, import->run_key);
		import_bind_count(statement, 4, rows);
		import_bind_count(statement, 5, tally.not_ok);
		import_bind_count(statement, 6, tally.gated);
		import_bind_text(statement, 7, text);
		status = import_finish(import, statement);
	}
	free(text);
	sample = sqlite3_last_insert_rowid(import->history->db);
	for (size_t f = 0; f < HISTORY_FIGURES && !status; f++)
		status = put_figure(import, sample, f, row, rows);
	return status;
}

/* The rows of cells [first, end), without what was skipped. */
static size_t gather_rows(const struct import *import, size_t first, size_t end, size_t *row)
{
	const struct run_data *data = &import->run->data;
	size_t count = 0;

	for (size_t i = first; i < end; i++) {
		size_t from;
		size_t to = run_data_rows_of(data, import->named[i].cell, &from);

		for (; from < to; from++) {
			if (strcmp(data->row[from].status, "skipped") != 0)
				row[count++] = from;
		}
	}
	return count;
}

int import_put_samples(struct import *import)
{
	size_t *row = malloc((import->run->data.rows + 1) * sizeof(*row));
	int status = row ? 0 : import_fail(import->error, -ENOMEM, import->run->data.path, "out of memory");
	size_t first = 0;

	while (first < import->count && !status) {
		size_t end = first + 1;

		while (end < import->count && is_same(&import->named[first], &import->named[end]))
			end++;
		status = put_sample(import, &import->named[first], row, gather_rows(import, first, end, row));
		first = end;
	}
	free(row);
	return status;
}
