/* SPDX-License-Identifier: MIT */
/* Taking a run in; see import.h. */
#define _POSIX_C_SOURCE 200809L
#include "bench/history/import.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/history_cell.h"
#include "bench/history/history_figures.h"

/* A cell of the run, by what it is called in the database.  Cells of the same text and host are one. */
struct named_cell {
	char *text;
	const char *host;
	size_t cell;
};

struct import {
	struct history *history;
	const struct history_run_files *run;
	sqlite3_int64 run_key;
	struct named_cell *named;
	char *error;
};

/* What is said of rows, beside their values. */
struct tally {
	size_t invocations, not_ok, gated, skipped;
};

static int fail(char *error, int status, const char *path, const char *what)
{
	snprintf(error, HISTORY_ERROR_BYTES, "%s: %s", path, what);
	return status;
}

/* --- statements --- */

/* Runs a statement whose values are bound, and ends it. */
static int finish(struct import *import, sqlite3_stmt *statement)
{
	int status = sqlite3_step(statement) == SQLITE_DONE ? 0 : history_failed(import->history, import->error);

	sqlite3_finalize(statement);
	return status;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static void bind_count(sqlite3_stmt *statement, int at, size_t count)
{
	sqlite3_bind_int64(statement, at, (sqlite3_int64)count);
}

/* The first column of the first row for one text: 1 and a copy, which is to be freed, 0 when there is none, or -errno. */
static int look_up(struct import *import, const char *sql, const char *key, char **found)
{
	sqlite3_stmt *statement = history_prepare(import->history, sql, import->error);
	int status = 0;
	int step;

	*found = NULL;
	if (!statement)
		return -EINVAL;
	bind_text(statement, 1, key);
	step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		*found = text ? strdup(text) : NULL;
		status = *found ? 1 : fail(import->error, -ENOMEM, import->history->path, "out of memory");
	} else if (step != SQLITE_DONE) {
		status = history_failed(import->history, import->error);
	}
	sqlite3_finalize(statement);
	return status;
}

/* --- whether it is there --- */

/* 1: it is, and *outcome says how. */
static int is_there(struct import *import, enum history_outcome *outcome)
{
	const char *run_id = import->run->manifest.run_id;
	char *found;
	int status = look_up(import, "SELECT checksum FROM runs WHERE run_id = ?1", run_id, &found);

	if (status > 0) {
		*outcome = HISTORY_WAS_THERE;
		if (strcmp(found, import->run->checksum) != 0) {
			snprintf(import->error, HISTORY_ERROR_BYTES,
				 "%s: run %s is in %s already, with another summary.csv (%.17s... there, %.17s... here); one of them was changed",
				 import->run->data.path, run_id, import->history->path, found, import->run->checksum);
			status = -EEXIST;
		}
	}
	free(found);
	if (status)
		return status;
	status = look_up(import, "SELECT r.run_id FROM parts p JOIN runs r ON r.id = p.run WHERE p.run_id = ?1", run_id, &found);
	*outcome = HISTORY_WAS_PART;
	free(found);
	return status;
}

/* What was merged must not count twice. */
static int check_parts(struct import *import)
{
	json_t *parts = json_object_get(import->run->manifest.json, "parts");
	json_t *part;
	char *found;
	size_t i;

	json_array_foreach(parts, i, part) {
		const char *run_id = json_string_value(json_object_get(part, "run_id"));
		int status = run_id ? look_up(import, "SELECT run_id FROM runs WHERE run_id = ?1", run_id, &found) : 0;

		if (status > 0) {
			snprintf(import->error, HISTORY_ERROR_BYTES, "%s: was merged from %s, which is in %s already and would count twice",
				 import->run->data.path, run_id, import->history->path);
			free(found);
			return -EEXIST;
		}
		if (status)
			return status;
	}
	return 0;
}

static int put_parts(struct import *import)
{
	json_t *parts = json_object_get(import->run->manifest.json, "parts");
	json_t *part;
	size_t i;

	json_array_foreach(parts, i, part) {
		const char *run_id = json_string_value(json_object_get(part, "run_id"));
		sqlite3_stmt *statement;
		int status;

		if (!run_id)
			continue;
		statement = history_prepare(import->history, "INSERT INTO parts(run_id, run) VALUES(?1, ?2)", import->error);
		if (!statement)
			return -EINVAL;
		bind_text(statement, 1, run_id);
		sqlite3_bind_int64(statement, 2, import->run_key);
		status = finish(import, statement);
		if (status)
			return status;
	}
	return 0;
}

/* --- the run itself --- */

static void count_row(const struct run_row *row, struct tally *tally)
{
	if (strcmp(row->status, "skipped") == 0) {
		tally->skipped++;
		return;
	}
	tally->invocations++;
	tally->not_ok += strcmp(row->status, "ok") != 0;
	tally->gated += row->gate_codes[0] != '\0';
}

static int put_run(struct import *import, size_t cells)
{
	static const char sql[] = "INSERT INTO runs(run_id, created_utc, host, build, matrix, checksum, cells, invocations, not_ok, gated, skipped) "
				  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
	const struct run_manifest *manifest = &import->run->manifest;
	const char *matrix = json_string_value(json_object_get(manifest->matrix, "name"));
	sqlite3_stmt *statement = history_prepare(import->history, sql, import->error);
	struct tally all = { 0 };
	int status;

	if (!statement)
		return -EINVAL;
	for (size_t i = 0; i < import->run->data.rows; i++)
		count_row(&import->run->data.row[i], &all);
	bind_text(statement, 1, manifest->run_id);
	bind_text(statement, 2, manifest->created_utc);
	bind_text(statement, 3, manifest->host_id);
	bind_text(statement, 4, manifest->build_id);
	bind_text(statement, 5, matrix ? matrix : "");
	bind_text(statement, 6, import->run->checksum);
	bind_count(statement, 7, cells);
	bind_count(statement, 8, all.invocations);
	bind_count(statement, 9, all.not_ok);
	bind_count(statement, 10, all.gated);
	bind_count(statement, 11, all.skipped);
	status = finish(import, statement);
	import->run_key = sqlite3_last_insert_rowid(import->history->db);
	return status;
}

/* --- its cells --- */

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
		count_row(&data->row[i], &tally);
	return tally.invocations > 0;
}

/* How many of them there are; what was skipped has no keys of a measurement and is left out. */
static int name_cells(struct import *import, size_t *count)
{
	const struct run_data *data = &import->run->data;

	*count = 0;
	import->named = calloc(data->cells + 1, sizeof(*import->named));
	for (size_t i = 0; i < data->cells && import->named; i++) {
		struct named_cell *named = &import->named[*count];

		if (!has_run(data, i))
			continue;
		*named = (struct named_cell){ history_cell_text(&data->cell[i]), data->cell[i].key[RUN_KEY_HOST_ID], i };
		if (!named->text)
			return -ENOMEM;
		(*count)++;
	}
	if (!import->named)
		return -ENOMEM;
	qsort(import->named, *count, sizeof(*import->named), by_name);
	return 0;
}

static void forget_names(struct import *import)
{
	/* One entry too many is there, and empty. */
	for (size_t i = 0; import->named && import->named[i].text; i++)
		free(import->named[i].text);
	free(import->named);
}

static int key_of_cell(struct import *import, const char *text, sqlite3_int64 *key)
{
	sqlite3_stmt *statement =
		history_prepare(import->history, "INSERT INTO cells(keys) VALUES(?1) ON CONFLICT(keys) DO NOTHING", import->error);
	int status;

	if (!statement)
		return -EINVAL;
	bind_text(statement, 1, text);
	status = finish(import, statement);
	if (status)
		return status;
	statement = history_prepare(import->history, "SELECT id FROM cells WHERE keys = ?1", import->error);
	if (!statement)
		return -EINVAL;
	bind_text(statement, 1, text);
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
		return fail(import->error, -ENOMEM, import->run->data.path, "out of memory");
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
		bind_text(statement, 1, history_figure(figure)->name);
		sqlite3_bind_int64(statement, 2, sample);
		sqlite3_bind_blob64(statement, 3, value, rows * sizeof(*value), SQLITE_STATIC);
		status = finish(import, statement);
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
		count_row(&data->row[row[i]], &tally);
	status = text ? key_of_cell(import, named->text, &cell) : fail(import->error, -ENOMEM, data->path, "out of memory");
	if (!status && !(statement = history_prepare(import->history, sql, import->error)))
		status = -EINVAL;
	if (!status) {
		sqlite3_bind_int64(statement, 1, cell);
		bind_text(statement, 2, named->host);
		sqlite3_bind_int64(statement, 3, import->run_key);
		bind_count(statement, 4, rows);
		bind_count(statement, 5, tally.not_ok);
		bind_count(statement, 6, tally.gated);
		bind_text(statement, 7, text);
		status = finish(import, statement);
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

static int put_samples(struct import *import, size_t count)
{
	size_t *row = malloc((import->run->data.rows + 1) * sizeof(*row));
	int status = row ? 0 : fail(import->error, -ENOMEM, import->run->data.path, "out of memory");
	size_t first = 0;

	while (first < count && !status) {
		size_t end = first + 1;

		while (end < count && is_same(&import->named[first], &import->named[end]))
			end++;
		status = put_sample(import, &import->named[first], row, gather_rows(import, first, end, row));
		first = end;
	}
	free(row);
	return status;
}

/* Cells that are told apart. */
static size_t distinct(const struct named_cell *named, size_t count)
{
	size_t different = count ? 1 : 0;

	for (size_t i = 1; i < count; i++)
		different += !is_same(&named[i - 1], &named[i]);
	return different;
}

static int put_all(struct import *import)
{
	size_t count;
	int status = check_parts(import);

	if (status)
		return status;
	if (name_cells(import, &count))
		return fail(import->error, -ENOMEM, import->run->data.path, "out of memory");
	if (!count)
		return fail(import->error, -ENODATA, import->run->data.path, "every cell was skipped: there is nothing to keep");
	status = put_run(import, distinct(import->named, count));
	if (!status)
		status = put_parts(import);
	return status ? status : put_samples(import, count);
}

int history_import(struct history *history, const struct history_run_files *run, enum history_outcome *outcome, char *error)
{
	struct import import = { .history = history, .run = run, .error = error };
	int status = history_begin(history, error);

	if (status)
		return status;
	status = is_there(&import, outcome);
	if (status) {
		history_rollback(history);
		return status > 0 ? 0 : status;
	}
	*outcome = HISTORY_ADDED;
	status = put_all(&import);
	forget_names(&import);
	if (!status)
		return history_commit(history, error);
	history_rollback(history);
	return status;
}
