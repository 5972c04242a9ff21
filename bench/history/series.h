/* SPDX-License-Identifier: MIT */
/* Runs over time, read back: one series for each host and cell, of one figure, with the medians and where they step. */
#ifndef STORSYNC_BENCH_HISTORY_SERIES_H
#define STORSYNC_BENCH_HISTORY_SERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/history/store.h"
#include "bench/run_data/figure.h"
#include "bench/run_data/key_filter.h"
#include "bench/run_data/run_data.h"

/*
 * That a step is shown at 1%.  Of nine runs the best cut, four against five, comes out by chance more often than that: 4 in 126 orders;
 * of ten, 2 in 252.
 */
#define HISTORY_ALPHA 0.01
#define HISTORY_LEAST_RUNS 10

struct history_run {
	int64_t id;
	char *run_id, *created_utc, *host, *build, *matrix;
	size_t cells, invocations, not_ok, gated, skipped;
};

/* One run of a series; "values" are invocations that have one. */
struct history_point {
	const struct history_run *run;
	size_t count;         /* invocations */
	size_t not_ok, gated; /* of them */
	size_t values;
	double *value;        /* `count` of them; NaN where there is none */
	char *invocations;    /* JSON, as in store.c; NULL unless asked for */
	double median, min, max; /* NaN without values, and so below */
	double low, high;     /* of the median, at 95% or more; NaN when the values are too few */
};

/* The level steps between two runs of a series. */
struct history_change {
	size_t point;          /* the first of the new level */
	double p_value;
	bool is_ratio;         /* of the levels, else their difference: some median is not above 0 */
	double shift, low, high; /* 95% or more; the latter may be 0 or infinite: so few runs say nothing */
};

struct history_series {
	const char *host;
	const struct run_cell *cell; /* its origin keys are empty */
	size_t points;               /* by time */
	struct history_point *point;
	size_t changes;
	struct history_change *change;
	size_t judged;               /* runs with a median that were searched for changes; 0: too few of them */
};

struct history_view {
	const struct figure *figure;
	size_t runs; /* by time, all that the database has */
	struct history_run *run;
	size_t series; /* by host, then by cell */
	struct history_series *serie;
	struct history_cells *cells;
	bool differs[RUN_KEY_COUNT]; /* keys in which the cells here differ; of the host, the series */
};

/* What is wanted of a history. */
struct history_wanted {
	const struct figure *figure;
	const char *host; /* NULL: all */
	const struct key_filter *filter;
	size_t filters;
	bool invocations; /* each one's status and gate codes too */
};

/* By time, and then by name.  With a host, those that it has a part in.  0 or as history_open(). */
int history_runs(struct history *history, const char *host, struct history_run **run, size_t *count, char *error);
void history_runs_free(struct history_run *run, size_t count);

/* 0, -ENODATA when nothing is left to show, or as history_open(). */
int history_series_load(struct history *history, const struct history_wanted *wanted, struct history_view *view, char *error);
void history_series_fini(struct history_view *view);

/* Where the medians of a series step; fills in `change` and `judged`.  0 or -ENOMEM. */
int history_find_changes(struct history_series *series);

#endif
