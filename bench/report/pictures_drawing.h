/* SPDX-License-Identifier: MIT */
/*
 * A picture while it is made: gnuplot's script, the table of what is drawn, and the words.
 *
 * Errors stick: nothing here need be checked, drawing->error tells in the end.
 */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_DRAWING_H
#define STORSYNC_BENCH_REPORT_PICTURES_DRAWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/report/picture.h"
#include "bench/report/svg_theme.h"

struct drawing {
	struct picture *picture;
	FILE *script; /* of all pictures */
	bool drawn;   /* drawing_begin() was called: an <svg> will come of it */
	int error;    /* the first one; 0 */
	char line[256]; /* what it is about */
	size_t cells; /* of the table so far, row by row */
	size_t room;
};

/* Keeps the first error, with the words for it unless these are NULL.  Returns `error`. */
int drawing_fail(struct drawing *d, int error, const char *line);

void drawing_title(struct drawing *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a sentence to the note. */
void drawing_note(struct drawing *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A column of the table; all of them come before the first cell. */
void drawing_column(struct drawing *d, bool numeric, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The next cell, row by row. */
void drawing_cell(struct drawing *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same of a number: whole if it is, else as many digits as csv_set_double() gives it; "" of NaN. */
void drawing_number(struct drawing *d, double value);

/* Starts the drawing, with the settings that all have in common. */
void drawing_begin(struct drawing *d, unsigned width, unsigned height);

/* A string of gnuplot's, quoted so that it is shown as it is. */
void drawing_quote(struct drawing *d, const char *text);

/* The same for a label of an axis, where a percent sign would begin a number's format. */
void drawing_tick(struct drawing *d, const char *text);

/* `set xtics` and the like for a logarithmic axis of times: 1, 2, 5 steps, in ns, us, ms or s; the range is widened to suit. */
void drawing_time_axis(struct drawing *d, const char *axis, double least_ns, double most_ns);

/* The same for a linear axis from 0. */
void drawing_linear_time_axis(struct drawing *d, const char *axis, double most_ns);

/* The same of a number, told in thousands. */
void drawing_thousands_axis(struct drawing *d, const char *axis, double most);

/* The least of 1, 2, 5, 10, 20 ... that takes at most `steps` steps to `most`. */
double drawing_step(double most, unsigned steps);

/* "350 ns", "2.5 us": three digits, for titles and ticks. */
const char *drawing_time_text(double ns, char text[32]);

#endif
