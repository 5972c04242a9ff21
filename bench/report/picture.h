/* SPDX-License-Identifier: MIT */
/*
 * A picture of a report: what it shows in one sentence, the drawing, and the numbers that it was drawn from.
 *
 * The drawing is SVG from gnuplot with its colours taken out: every stroke and fill is a CSS variable (--ink, --paper, --grid, --muted,
 * --series-1 to --series-8), so that one drawing serves light, dark and print.
 */
#ifndef STORSYNC_BENCH_REPORT_PICTURE_H
#define STORSYNC_BENCH_REPORT_PICTURE_H

#include <stddef.h>

#include "bench/report/report_data.h"

struct picture_table {
	size_t columns, rows;
	char **heading; /* columns */
	char **cell;    /* rows x columns, text as it is to be shown; "" for what is not available */
	bool *numeric;  /* columns: set flush right */
};

struct picture {
	const char *id;     /* for links: "latency-by-percentile" */
	char *title;        /* what it shows, as a sentence a reader can check: "ISR latency by percentile: ..." */
	char *note;         /* what one must know to read it; NULL: nothing */
	char *svg;          /* an <svg> element with role="img", a <title> and no ids that another picture may have; NULL: not enough data, `note` says what is missing */
	struct picture_table table;
};

/* All pictures of a run, in the order in which they are shown.  0 or -errno, -ENOENT: no gnuplot; `error` then has one line. */
int pictures_draw(const struct report_data *data, struct picture **picture, size_t *count, char *error, size_t error_bytes);
void pictures_free(struct picture *picture, size_t count);

#endif
