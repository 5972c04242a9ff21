/* SPDX-License-Identifier: MIT */
/* Series, read back; see series.h. */
#define _GNU_SOURCE
#include "bench/history/series.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/history_cell.h"
#include "bench/history/history_figures.h"
#include "bench/stats/median_interval.h"
#include "bench/stats/rank_test.h"

/* Everything that the series point into. */
struct history_cells {
	size_t cells;
	sqlite3_int64 *id; /* ascending */
	struct run_cell *cell;
	json_t **json;
	size_t hosts;
	char **host;
};

/* A row of the query. */
struct sample {
	size_t cell, run; /* indices */
	const char *host;
	struct history_point point;
};

struct reading {
	struct history *history;
	const struct history_wanted *wanted;
	struct history_view *view;
	size_t runs;
	size_t *run_by_id; /* indices of runs, by id */
	size_t samples, capacity;
	struct sample *sample;
	char *error;
};

static int no_memory(struct reading *r)
{
	snprintf(r->error, HISTORY_ERROR_BYTES, "%s: out of memory", r->history->path);
	return -ENOMEM;
}

static int damaged(struct reading *r, const char *what)
{
	snprintf(r->error, HISTORY_ERROR_BYTES, "%s: a damaged history: %s", r->history->path, what);
	return -EINVAL;
}

/* --- cells and hosts --- */

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
		return no_memory(r);
	cells->id[cells->cells] = sqlite3_column_int64(statement, 0);
	if (history_cell_parse(text, &cells->cell[cells->cells], &cells->json[cells->cells]))
		return damaged(r, "it has a cell whose keys are not those that this storsync knows");
	cells->cells++;
	return 0;
}

static int load_cells(struct reading *r)
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

static size_t find_cell(const struct history_cells *cells, sqlite3_int64 id)
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
static const char *keep_host(struct history_cells *cells, const char *text)
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

/* --- runs by id --- */

static int by_id(const void *a, const void *b, void *context)
{
	const struct history_run *run = context;
	int64_t x = run[*(const size_t *)a].id;
	int64_t y = run[*(const size_t *)b].id;

	return (x > y) - (x < y);
}

static int load_runs(struct reading *r)
{
	struct history_view *view = r->view;
	int status = history_runs(r->history, NULL, &view->run, &view->runs, r->error);

	if (status)
		return status;
	r->run_by_id = malloc((view->runs + 1) * sizeof(*r->run_by_id));
	if (!r->run_by_id)
		return no_memory(r);
	for (size_t i = 0; i < view->runs; i++)
		r->run_by_id[i] = i;
	qsort_r(r->run_by_id, view->runs, sizeof(*r->run_by_id), by_id, view->run);
	return 0;
}

static size_t find_run(const struct reading *r, sqlite3_int64 id)
{
	size_t lo = 0, hi = r->view->runs;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (r->view->run[r->run_by_id[middle]].id < id)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < r->view->runs && r->view->run[r->run_by_id[lo]].id == id ? r->run_by_id[lo] : SIZE_MAX;
}

/* --- samples --- */

/* The value that stands for a run, and how far it is to be trusted. */
static int judge(struct reading *r, struct history_point *point)
{
	double *value = malloc((point->count + 1) * sizeof(*value));
	struct rank_spread spread;
	struct median_interval interval;

	if (!value)
		return no_memory(r);
	for (size_t i = 0; i < point->count; i++) {
		if (isfinite(point->value[i]))
			value[point->values++] = point->value[i];
	}
	point->median = point->min = point->max = point->low = point->high = NAN;
	if (point->values && !rank_spread(value, point->values, &spread)) {
		point->median = spread.median;
		point->min = spread.min;
		point->max = spread.max;
		if (median_interval(value, point->values, &interval)) {
			point->low = interval.low;
			point->high = interval.high;
		}
	}
	free(value);
	return 0;
}

static int take_values(struct reading *r, sqlite3_stmt *statement, struct history_point *point)
{
	size_t bytes = (size_t)sqlite3_column_bytes(statement, 6);
	const void *packed = sqlite3_column_blob(statement, 6);

	if (packed && bytes != point->count * sizeof(*point->value))
		return damaged(r, "a sample has not as many values as invocations");
	point->value = malloc((point->count + 1) * sizeof(*point->value));
	if (!point->value)
		return no_memory(r);
	for (size_t i = 0; i < point->count; i++)
		point->value[i] = NAN;
	if (packed) {
		memcpy(point->value, packed, bytes);
		history_unpack(point->value, point->count);
	}
	return judge(r, point);
}

/* Whether it is asked for; its keys of origin are those of its run. */
static bool is_wanted(const struct reading *r, const struct sample *sample)
{
	const struct history_wanted *wanted = r->wanted;
	struct run_cell cell;

	if (wanted->host && strcmp(wanted->host, sample->host) != 0)
		return false;
	if (!wanted->filters)
		return true;
	cell = r->view->cells->cell[sample->cell];
	cell.key[RUN_KEY_RUN] = sample->point.run->run_id;
	cell.key[RUN_KEY_HOST_ID] = sample->host;
	cell.key[RUN_KEY_BUILD_ID] = sample->point.run->build;
	return key_filters_hold(wanted->filter, wanted->filters, &cell);
}

static int take_sample(struct reading *r, sqlite3_stmt *statement)
{
	struct sample sample = { .cell = find_cell(r->view->cells, sqlite3_column_int64(statement, 0)),
				 .run = find_run(r, sqlite3_column_int64(statement, 2)) };
	const char *host = (const char *)sqlite3_column_text(statement, 1);
	sqlite3_int64 count = sqlite3_column_int64(statement, 3);

	if (sample.cell == SIZE_MAX || sample.run == SIZE_MAX || count < 0 || count > INT32_MAX)
		return damaged(r, "a sample has no cell, no run, or no number of invocations");
	sample.host = host ? keep_host(r->view->cells, host) : NULL;
	if (!sample.host)
		return no_memory(r);
	sample.point = (struct history_point){
		.run = &r->view->run[sample.run], .count = (size_t)count,
		.not_ok = (size_t)sqlite3_column_int64(statement, 4), .gated = (size_t)sqlite3_column_int64(statement, 5),
	};
	if (!is_wanted(r, &sample))
		return 0;
	if (r->samples == r->capacity) {
		size_t grown = r->capacity ? 2 * r->capacity : 256;
		struct sample *more = realloc(r->sample, grown * sizeof(*more));

		if (!more)
			return no_memory(r);
		r->sample = more;
		r->capacity = grown;
	}
	if (r->wanted->invocations) {
		const char *text = (const char *)sqlite3_column_text(statement, 7);

		sample.point.invocations = text ? strdup(text) : NULL;
		if (!sample.point.invocations)
			return no_memory(r);
	}
	r->sample[r->samples++] = sample;
	return take_values(r, statement, &r->sample[r->samples - 1].point);
}

static int load_samples(struct reading *r)
{
	sqlite3_stmt *statement = history_prepare(
		r->history,
		"SELECT s.cell, s.host, s.run, s.count, s.not_ok, s.gated, f.packed, CASE WHEN ?2 THEN s.invocations END "
		"FROM samples s LEFT JOIN figures f ON f.figure = ?1 AND f.sample = s.id ORDER BY s.id",
		r->error);
	int status = 0;
	int step = SQLITE_DONE;

	if (!statement)
		return -EINVAL;
	sqlite3_bind_text(statement, 1, r->wanted->figure->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, r->wanted->invocations);
	while (!status && (step = sqlite3_step(statement)) == SQLITE_ROW)
		status = take_sample(r, statement);
	if (!status && step != SQLITE_DONE)
		status = history_failed(r->history, r->error);
	sqlite3_finalize(statement);
	return status;
}

/* --- series of them --- */

static int compare_cells(const struct run_cell *a, const struct run_cell *b)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		int order = run_key_compare((enum run_key)k, a->key[k], b->key[k]);

		if (order)
			return order;
	}
	return 0;
}

static int by_cell(const void *a, const void *b, void *context)
{
	const struct run_cell *cell = context;

	return compare_cells(&cell[*(const size_t *)a], &cell[*(const size_t *)b]);
}

/* Comparing thirty keys is dear, and a cell has hundreds of samples: the cells' places first. */
static size_t *places_of_cells(const struct history_cells *cells)
{
	size_t *order = malloc((cells->cells + 1) * sizeof(*order));
	size_t *place = malloc((cells->cells + 1) * sizeof(*place));

	if (order && place) {
		for (size_t i = 0; i < cells->cells; i++)
			order[i] = i;
		qsort_r(order, cells->cells, sizeof(*order), by_cell, cells->cell);
		for (size_t i = 0; i < cells->cells; i++)
			place[order[i]] = i;
	} else {
		free(place);
		place = NULL;
	}
	free(order);
	return place;
}

static int by_series(const void *a, const void *b, void *context)
{
	const struct sample *x = a;
	const struct sample *y = b;
	const size_t *place = context;
	int order = x->host == y->host ? 0 : strcmp(x->host, y->host);

	if (order)
		return order;
	if (x->cell != y->cell)
		return place[x->cell] < place[y->cell] ? -1 : 1;
	return (x->run > y->run) - (x->run < y->run);
}

static int append_series(struct reading *r, size_t first, size_t end)
{
	struct history_view *view = r->view;
	struct history_series *more = realloc(view->serie, (view->series + 1) * sizeof(*more));
	struct history_series *series;

	if (!more)
		return no_memory(r);
	view->serie = more;
	series = &more[view->series];
	*series = (struct history_series){ .host = r->sample[first].host, .cell = &view->cells->cell[r->sample[first].cell] };
	series->point = malloc((end - first) * sizeof(*series->point));
	if (!series->point)
		return no_memory(r);
	view->series++;
	for (size_t i = first; i < end; i++) {
		series->point[series->points++] = r->sample[i].point;
		/* They are the series' now. */
		r->sample[i].point.value = NULL;
		r->sample[i].point.invocations = NULL;
	}
	return history_find_changes(series) ? no_memory(r) : 0;
}

static int make_series(struct reading *r)
{
	size_t *place = places_of_cells(r->view->cells);
	size_t first = 0;
	int status = 0;

	if (!place)
		return no_memory(r);
	qsort_r(r->sample, r->samples, sizeof(*r->sample), by_series, place);
	free(place);
	while (first < r->samples && !status) {
		size_t end = first + 1;

		while (end < r->samples && r->sample[end].cell == r->sample[first].cell && r->sample[end].host == r->sample[first].host)
			end++;
		status = append_series(r, first, end);
		first = end;
	}
	return status;
}

static void note_differences(struct history_view *view)
{
	for (size_t i = 1; i < view->series; i++) {
		for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
			if (strcmp(view->serie[i].cell->key[k], view->serie[0].cell->key[k]) != 0)
				view->differs[k] = true;
		}
		if (strcmp(view->serie[i].host, view->serie[0].host) != 0)
			view->differs[RUN_KEY_HOST_ID] = true;
	}
}

int history_series_load(struct history *history, const struct history_wanted *wanted, struct history_view *view, char *error)
{
	struct reading r = { .history = history, .wanted = wanted, .view = view, .error = error };
	int status;

	*view = (struct history_view){ .figure = wanted->figure, .cells = calloc(1, sizeof(*view->cells)) };
	status = view->cells ? load_cells(&r) : no_memory(&r);
	if (!status)
		status = load_runs(&r);
	if (!status)
		status = load_samples(&r);
	if (!status && !r.samples) {
		snprintf(error, HISTORY_ERROR_BYTES, "%s: no cell of its %zu runs is left to show; `storsync history list` lists them",
			 history->path, view->runs);
		status = -ENODATA;
	}
	if (!status)
		status = make_series(&r);
	note_differences(view);
	for (size_t i = 0; i < r.samples; i++) {
		free(r.sample[i].point.value);
		free(r.sample[i].point.invocations);
	}
	free(r.sample);
	free(r.run_by_id);
	if (status)
		history_series_fini(view);
	return status;
}

void history_series_fini(struct history_view *view)
{
	struct history_cells *cells = view->cells;

	for (size_t i = 0; i < view->series; i++) {
		struct history_series *series = &view->serie[i];

		for (size_t p = 0; p < series->points; p++) {
			free(series->point[p].value);
			free(series->point[p].invocations);
		}
		free(series->point);
		free(series->change);
	}
	free(view->serie);
	history_runs_free(view->run, view->runs);
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
	*view = (struct history_view){ 0 };
}
