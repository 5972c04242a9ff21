/* SPDX-License-Identifier: MIT */
/* Taking a run in: whether it is there already, the run itself, and the transaction; see import.h. */
#define _POSIX_C_SOURCE 200809L
#include "bench/history/import.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/import_steps.h"

/* --- steps that its parts have in common --- */

int import_fail(char *error, int status, const char *path, const char *what)
{
	snprintf(error, HISTORY_ERROR_BYTES, "%s: %s", path, what);
	return status;
}

int import_finish(struct import *import, sqlite3_stmt *statement)
{
	int status = sqlite3_step(statement) == SQLITE_DONE ? 0 : history_failed(import->history, import->error);

	sqlite3_finalize(statement);
	return status;
}

void import_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void import_bind_count(sqlite3_stmt *statement, int at, size_t count)
{
	sqlite3_bind_int64(statement, at, (sqlite3_int64)count);
}

void import_count_row(const struct run_row *row, struct tally *tally)
{
	if (strcmp(row->status, "skipped") == 0) {
		tally->skipped++;
		return;
	}
	tally->invocations++;
	tally->not_ok += strcmp(row->status, "ok") != 0;
	tally->gated += row->gate_codes[0] != '\0';
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
	import_bind_text(statement, 1, key);
	step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		*found = text ? strdup(text) : NULL;
		status = *found ? 1 : import_fail(import->error, -ENOMEM, import->history->path, "out of memory");
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
		import_bind_text(statement, 1, run_id);
		sqlite3_bind_int64(statement, 2, import->run_key);
		status = import_finish(import, statement);
		if (status)
			return status;
	}
	return 0;
}

/* --- the run itself --- */

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
		import_count_row(&import->run->data.row[i], &all);
	import_bind_text(statement, 1, manifest->run_id);
	import_bind_text(statement, 2, manifest->created_utc);
	import_bind_text(statement, 3, manifest->host_id);
	import_bind_text(statement, 4, manifest->build_id);
	import_bind_text(statement, 5, matrix ? matrix : "");
	import_bind_text(statement, 6, import->run->checksum);
	import_bind_count(statement, 7, cells);
	import_bind_count(statement, 8, all.invocations);
	import_bind_count(statement, 9, all.not_ok);
	import_bind_count(statement, 10, all.gated);
	import_bind_count(statement, 11, all.skipped);
	status = import_finish(import, statement);
	import->run_key = sqlite3_last_insert_rowid(import->history->db);
	return status;
}

static int put_all(struct import *import)
{
	int status = check_parts(import);

	if (status)
		return status;
	if (import_name_cells(import))
		return import_fail(import->error, -ENOMEM, import->run->data.path, "out of memory");
	if (!import->count)
		return import_fail(import->error, -ENODATA, import->run->data.path, "every cell was skipped: there is nothing to keep");
	status = put_run(import, import_distinct(import));
	if (!status)
		status = put_parts(import);
	return status ? status : import_put_samples(import);
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
	import_forget_names(&import);
	if (!status)
		return history_commit(history, error);
	history_rollback(history);
	return status;
}
