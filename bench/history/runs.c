/* SPDX-License-Identifier: MIT */
/* The runs of a history; see series.h. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/series.h"

static char *text_of(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return strdup(text ? (const char *)text : "");
}

static size_t count_of(sqlite3_stmt *statement, int column)
{
	sqlite3_int64 count = sqlite3_column_int64(statement, column);

	return count > 0 ? (size_t)count : 0;
}

static bool take_run(sqlite3_stmt *statement, struct history_run *run)
{
	*run = (struct history_run){
		.id = sqlite3_column_int64(statement, 0), .run_id = text_of(statement, 1), .created_utc = text_of(statement, 2),
		.host = text_of(statement, 3), .build = text_of(statement, 4), .matrix = text_of(statement, 5),
		.cells = count_of(statement, 6), .invocations = count_of(statement, 7), .not_ok = count_of(statement, 8),
		.gated = count_of(statement, 9), .skipped = count_of(statement, 10),
	};
	return run->run_id && run->created_utc && run->host && run->build && run->matrix;
}

static int take_runs(struct history *history, sqlite3_stmt *statement, struct history_run **run, size_t *count, char *error)
{
	size_t capacity = 0;
	int step;

	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		if (*count == capacity) {
			struct history_run *more = realloc(*run, (capacity = capacity ? 2 * capacity : 64) * sizeof(**run));

			if (!more)
				break;
			*run = more;
		}
		if (!take_run(statement, &(*run)[(*count)++]))
			break;
	}
	if (step == SQLITE_DONE)
		return 0;
	if (step != SQLITE_ROW)
		return history_failed(history, error);
	snprintf(error, HISTORY_ERROR_BYTES, "%s: out of memory", history->path);
	return -ENOMEM;
}

int history_runs(struct history *history, const char *host, struct history_run **run, size_t *count, char *error)
{
	static const char sql[] = "SELECT id, run_id, created_utc, host, build, matrix, cells, invocations, not_ok, gated, skipped FROM runs "
				  "WHERE ?1 IS NULL OR id IN (SELECT run FROM samples WHERE host = ?1) ORDER BY created_utc, run_id";
	sqlite3_stmt *statement = history_prepare(history, sql, error);
	int status;

	*run = NULL;
	*count = 0;
	if (!statement)
		return -EINVAL;
	sqlite3_bind_text(statement, 1, host, -1, SQLITE_STATIC);
	status = take_runs(history, statement, run, count, error);
	sqlite3_finalize(statement);
	if (status) {
		history_runs_free(*run, *count);
		*run = NULL;
		*count = 0;
	}
	return status;
}

void history_runs_free(struct history_run *run, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(run[i].run_id);
		free(run[i].created_utc);
		free(run[i].host);
		free(run[i].build);
		free(run[i].matrix);
	}
	free(run);
}
