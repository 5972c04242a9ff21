/* SPDX-License-Identifier: MIT */
/* What is shown of a history, as text, CSV and JSON, and as a picture. */
#ifndef STORSYNC_BENCH_HISTORY_VIEWS_H
#define STORSYNC_BENCH_HISTORY_VIEWS_H

#include <stdio.h>

#include "bench/history/series.h"

enum history_format { HISTORY_TEXT, HISTORY_CSV, HISTORY_JSON };

/* Series that are told apart in one picture. */
#define HISTORY_PLOT_MOST 8

/* Each returns 0 or -errno: -EINVAL when what the database holds is no text of JSON's. */
int history_list_print(FILE *out, const char *path, const struct history_run *run, size_t count, enum history_format format);
int history_show_print(FILE *out, const struct history_view *view, enum history_format format);
int history_show_json(FILE *out, const struct history_view *view);

/*
 * A script for gnuplot, that draws at most HISTORY_PLOT_MOST series to its standard output: as SVG, or in letters, `columns` wide, when that is
 * not 0.
 */
void history_plot_script(FILE *out, const struct history_view *view, unsigned columns);

/* --- what they have in common --- */

/* "backend=mcs cpus=2": the keys of a cell that differ in this view, or (`same`) those that do not; "" is written "off". */
void history_print_keys(FILE *out, const struct history_view *view, const struct run_cell *cell, bool same);

/* A field of RFC 4180, and what is before it. */
void history_print_field(FILE *out, const char *before, const char *text);

/* Six digits, and whole numbers whole; "" when it is NaN. */
const char *history_number(double value, char text[32]);

/* Of a run's median to that of the latest one before it that has one, and to the series' first; NaN without. */
double history_to_previous(const struct history_series *series, size_t point);
double history_to_first(const struct history_series *series, size_t point);

/* The change that begins at a run, or NULL. */
const struct history_change *history_change_at(const struct history_series *series, size_t point);

/* "1.23x", or "+40 ns" */
const char *history_change_text(const struct history_change *change, const char *unit, char text[64]);

#endif
