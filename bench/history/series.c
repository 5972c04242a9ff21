/* SPDX-License-Identifier: MIT */
/* Series of samples; see series.h. */
#define _GNU_SOURCE
#include "bench/history/series.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/series_reading.h"

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
		return reading_no_memory(r);
	view->serie = more;
	series = &more[view->series];
	*series = (struct history_series){ .host = r->sample[first].host, .cell = &view->cells->cell[r->sample[first].cell] };
	series->point = malloc((end - first) * sizeof(*series->point));
	if (!series->point)
		return reading_no_memory(r);
	view->series++;
	for (size_t i = first; i < end; i++) {
		series->point[series->points++] = r->sample[i].point;
		/* They are the series' now. */
		r->sample[i].point.value = NULL;
		r->sample[i].point.invocations = NULL;
	}
	return history_find_changes(series) ? reading_no_memory(r) : 0;
}

static int make_series(struct reading *r)
{
	size_t *place = places_of_cells(r->view->cells);
	size_t first = 0;
	int status = 0;

	if (!place)
		return reading_no_memory(r);
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
	status = view->cells ? reading_load_cells(&r) : reading_no_memory(&r);
	if (!status)
		status = reading_load_runs(&r);
	if (!status)
		status = reading_load_samples(&r);
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
	reading_free_cells(view->cells);
	*view = (struct history_view){ 0 };
}
