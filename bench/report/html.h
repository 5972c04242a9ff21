/* SPDX-License-Identifier: MIT */
/*
 * Writing HTML: whatever comes from a file or a command line is escaped, because the format that writes it knows no other way.
 */
#ifndef STORSYNC_BENCH_REPORT_HTML_H
#define STORSYNC_BENCH_REPORT_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/run_data/figure.h"

/*
 * As fprintf, with every %s escaped for text and for quoted attributes; NULL is "".  It knows %s, %.*s, %d, %u, %zu,
 * %lu and %%: PRIu64 is %lu here.  What it does not know it leaves out, and asserts.
 */
void html(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a figure's value is shown as: whole ns, whole operations a second, four decimals of a ratio.  "" for NaN. */
void html_figure_text(char text[64], const struct figure *figure, double value);

/* <data value="all digits">text</data>; what is not available is said to be. */
void html_data(FILE *out, double value, const char *text);
void html_figure(FILE *out, const struct figure *figure, double value);

/* A box that scrolls on its own and can be reached by keyboard, for a table or a drawing; `label` names it. */
void html_scroll_begin(FILE *out, const char *label);
void html_scroll_end(FILE *out);

/* "" for 1, else "s". */
const char *html_plural(size_t count);

#endif
