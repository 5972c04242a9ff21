/* SPDX-License-Identifier: MIT */
/* The samples that series are made of: those that are wanted, with the value that stands for each; see series_reading.h. */
#define _GNU_SOURCE
#include "bench/history/series_reading.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/history_figures.h"
#include "bench/stats/median_interval.h"
#include "bench/stats/rank_test.h"

/* --- runs by id --- */

static int by_id(const void *a, const void *b, void *context)
{
	const struct history_run *run = context;
	int64_t x = run[*(const size_t *)a].id;
	int64_t y = run[*(const size_t *)b].id;

	return (x > y) - (x < y);
}

int reading_load_runs(struct reading *r)
{
	struct history_view *view = r->view;
	int status = history_runs(r->history, NULL, &view->run, &view->runs, r->error);

	if (status)
		return status;
	r->run_by_id = malloc((view->runs + 1) * sizeof(*r->run_by_id));
	if (!r->run_by_id)
		return reading_no_memory(r);
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
		return reading_no_memory(r);
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
		return reading_damaged(r, "a sample has not as many values as invocations");
	point->value = malloc((point->count + 1) * sizeof(*point->value));
	if (!point->value)
		return reading_no_memory(r);
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
	struct sample sample = { .cell = reading_find_cell(r->view->cells, sqlite3_column_int64(statement, 0)),
				 .run = find_run(r, sqlite3_column_int64(statement, 2)) };
	const char *host = (const char *)sqlite3_column_text(statement, 1);
	sqlite3_int64 count = sqlite3_column_int64(statement, 3);

	if (sample.cell == SIZE_MAX || sample.run == SIZE_MAX || count < 0 || count > INT32_MAX)
		return reading_damaged(r, "a sample has no cell, no run, or no number of invocations");
	sample.host = host ? reading_keep_host(r->view->cells, host) : NULL;
	if (!sample.host)
		return reading_no_memory(r);
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
			return reading_no_memory(r);
		r->sample = more;
		r->capacity = grown;
	}
	if (r->wanted->invocations) {
		const char *text = (const char *)sqlite3_column_text(statement, 7);

		sample.point.invocations = text ? strdup(text) : NULL;
		if (!sample.point.invocations)
			return reading_no_memory(r);
	}
	r->sample[r->samples++] = sample;
	return take_values(r, statement, &r->sample[r->samples - 1].point);
}

int reading_load_samples(struct reading *r)
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
