/* SPDX-License-Identifier: MIT */
/* Pictures with a row for each back end of the main group: all of them can be named there, and none needs a colour. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_ROWS_H
#define STORSYNC_BENCH_REPORT_PICTURES_ROWS_H

#include "bench/report/pictures_view.h"

struct row {
	const char *backend;
	uint32_t cell;
	double value; /* that rows are sorted by, ascending */
};

/*
 * The rows of the main group whose `value` is a number.  The caller frees *row; none: *count is 0 and *row NULL.  0 or -ENOMEM.
 */
int rows_load(const struct view *view, double (*value)(const struct view *view, uint32_t cell), struct row **row, size_t *count);

/* Starts the drawing: row i is at y = i, the first on top. */
void rows_begin(const struct view *view, struct drawing *d, const struct row *row, size_t count);

/* The rows' medians and intervals of a figure as a datablock: x, y, low, high; `aside` goes onto each y. */
void rows_points(const struct view *view, struct drawing *d, const char *block, const struct row *row, size_t count,
		 enum report_figure figure,
		 double aside);

/* A table of figures with their intervals, and a sentence on what the bars are.  The range of all is in *least and *most. */
void rows_table(const struct view *view, struct drawing *d, const struct row *row, size_t count, const enum report_figure *figure,
		size_t columns,
		double *least, double *most);

/* A part of a `plot` command: the datablock as points with bars.  No title: NULL. */
void rows_plot(struct drawing *d, const char *block, const char *style, const char *title);

#endif
