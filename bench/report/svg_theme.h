/* SPDX-License-Identifier: MIT */
/*
 * gnuplot's SVG made fit for a page: colours become CSS variables, the size gives way to the page's, and nothing in it can
 * collide with another drawing there.
 *
 * A script draws in the colours below; each stands for a variable.  gnuplot's own defaults are mapped too: black is the ink,
 * white the paper, gray the grid.
 */
#ifndef STORSYNC_BENCH_REPORT_SVG_THEME_H
#define STORSYNC_BENCH_REPORT_SVG_THEME_H

#include <stddef.h>

#define SVG_INK "#000000"   /* --ink */
#define SVG_PAPER "#fefefe" /* --paper */
#define SVG_GRID "#010203"  /* --grid */
#define SVG_MUTED "#010204" /* --muted */
#define SVG_HATCH "#010205" /* --muted, and see-through: for patterns under text */
#define SVG_SERIES 8u
/* For printf: --series-N by the number N from 1 to SVG_SERIES.  With six more digits in front of the `a`, as gnuplot reads AARRGGBB. */
#define SVG_SERIES_FORMAT "#a0000%u"
#define SVG_SERIES_ALPHA_FORMAT "#%02xa0000%u"

/*
 * The first <svg> element of `drawing`, as it is to stand in a page; the caller frees *svg.  `id` goes in front of every id in it;
 * `title` is the name that assistive technology reads out.  *rest, unless NULL, is where the next drawing may begin.
 *
 * 0; -ENODATA: there is no <svg>; -EBADMSG: it is torn, or has a colour that is none of the above; or -ENOMEM.
 */
int svg_theme(const char *drawing, const char *id, const char *title, char **svg, const char **rest);

#endif
