/* SPDX-License-Identifier: MIT */
/*
 * Which cells a picture shows, and which back ends get a colour.
 *
 * A group is cells that differ in nothing but the back end: what may stand in one drawing.  A report has more back ends than an eye can tell
 * lines apart, so a few are told by name, the same ones with the same colours in all pictures; the others are thin and muted.
 */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_VIEW_H
#define STORSYNC_BENCH_REPORT_PICTURES_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/pictures_drawing.h"
#include "bench/report/report_data.h"

#define VIEW_NONE SIZE_MAX

struct view_group {
	size_t cells; /* at least one */
	uint32_t *cell; /* those of the group with an ISR latency, in the order of run_data */
};

struct view {
	const struct report_data *data;
	size_t groups;
	struct view_group *group;
	size_t main; /* the group that pictures of one group show: VIEW_NONE if no cell has a latency */
	size_t chosen;
	const char *choice[SVG_SERIES]; /* back ends with a colour, from the lowest median ISR latency in the main group up */
};

/* 0 or -ENOMEM. */
int view_init(struct view *view, const struct report_data *data);
void view_fini(struct view *view);

/* Position in view->choice, or VIEW_NONE. */
size_t view_choice(const struct view *view, const char *backend);

/*
 * Whether cells agree in all keys but the back end and `but` (RUN_KEY_COUNT: no other).  Windows agree to a percent; channels agree also
 * where either cell has as many as CPUs.
 */
bool view_alike(const struct run_data *run, uint32_t a, uint32_t b, enum run_key but);

/* "poll, 2 CPUs, routing other, queue depth 8": what groups differ in, and what always matters; without `but`. */
const char *view_words(const struct view *view, uint32_t cell, enum run_key but, char *text, size_t bytes);

/* What a cell's invocations say of a figure. */
struct view_summary {
	size_t n;      /* invocations with a value */
	double median; /* NaN if n is 0, as the others */
	double low, high;
	bool interval; /* of the median, at 95% or more; else low and high are the extremes */
};

struct view_summary view_summary(const struct run_data *run, uint32_t cell, enum report_figure figure);

/* What points and bars are, given whether all and any of the bars are intervals. */
const char *view_interval_words(bool all, bool any);

/* Says which back ends have a colour, unless all have. */
void view_note_choice(const struct view *view, struct drawing *d);

/* " lc rgb '...' dt 2 pt 5 lw 1.5" of a back end's lines; muted if it is not chosen. */
void view_style(const struct view *view, struct drawing *d, const char *backend);

/* Whether a back end is among those without colour. */
static inline bool view_muted(const struct view *view, const char *backend)
{
	return view_choice(view, backend) == VIEW_NONE;
}

static inline const char *view_backend(const struct view *view, uint32_t cell)
{
	return view->data->run.cell[cell].key[RUN_KEY_BACKEND];
}

#endif
