/* SPDX-License-Identifier: MIT */
/* The cells and hosts that series are of; see series_reading.h. */
#define _POSIX_C_SOURCE 200809L
#include "bench/history/series_reading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/history_cell.h"

int reading_no_memory(struct reading *r)
{
	snprintf(r->error, HISTORY_ERROR_BYTES, "%s: out of memory", r->history->path);
	return -ENOMEM;
}

int reading_damaged(struct reading *r, const char *what)
{
	snprintf(r->error, HISTORY_ERROR_BYTES, "%s: a damaged history: %s", r->history->path, what);
	return -EINVAL;
}

static int take_cell(struct reading *r, sqlite3_stmt *statement)
{
	struct history_cells *cells = r->view->cells;
	size_t grown = cells->cells + 1;
	sqlite3_int64 *id = realloc(cells->id, grown * sizeof(*id));
	struct run_cell *cell = id ? realloc(cells->cell, grown * sizeof(*cell)) : NULL;
	json_t **json = cell ? realloc(cells->json, grown * sizeof(json_t *)) : NULL;
	const char *text = (const char *)sqlite3_column_text(statement, 1);

	cells->id = id ? id : cells->id;
	cells->cell = cell ? cell : cells->cell;
	cells->json = json ? json : cells->json;
	if (!json || !text)
		return reading_no_memory(r);
	cells->id[cells->cells] = sqlite3_column_int64(statement, 0);
	if (history_cell_parse(text, &cells->cell[cells->cells], &cells->json[cells->cells]))
		return reading_damaged(r, "it has a cell whose keys are not those that this storsync knows");
	cells->cells++;
	return 0;
}

int reading_load_cells(struct reading *r)
{
	sqlite3_stmt *statement = history_prepare(r->history, "SELECT id, keys FROM cells ORDER BY id", r->error);
	int status = 0;
	int step = SQLITE_DONE;

	if (!statement)
		return -EINVAL;
	while (!status && (step = sqlite3_step(statement)) == SQLITE_ROW)
		status = take_cell(r, statement);
	if (!status && step != SQLITE_DONE)
		status = history_failed(r->history, r->error);
	sqlite3_finalize(statement);
	return status;
}

size_t reading_find_cell(const struct history_cells *cells, sqlite3_int64 id)
{
	size_t lo = 0, hi = cells->cells;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (cells->id[middle] < id)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < cells->cells && cells->id[lo] == id ? lo : SIZE_MAX;
}

/* There are few. */
const char *reading_keep_host(struct history_cells *cells, const char *text)
{
	char **more;

	for (size_t i = 0; i < cells->hosts; i++) {
		if (strcmp(cells->host[i], text) == 0)
			return cells->host[i];
	}
	more = realloc(cells->host, (cells->hosts + 1) * sizeof(*more));
	if (!more)
		return NULL;
	cells->host = more;
	more[cells->hosts] = strdup(text);
	return more[cells->hosts] ? more[cells->hosts++] : NULL;
}

void reading_free_cells(struct history_cells *cells)
{
	for (size_t i = 0; cells && i < cells->cells; i++)
		json_decref(cells->json[i]);
	for (size_t i = 0; cells && i < cells->hosts; i++)
		free(cells->host[i]);
	if (cells) {
		free(cells->id);
		free(cells->cell);
		free(cells->json);
		free(cells->host);
	}
	free(cells);
}
