/* SPDX-License-Identifier: MIT */
/* What write_gnuplot.c has in its data files, and the script that plots them. */
#ifndef STORSYNC_BENCH_EXPORT_GNUPLOT_SCRIPT_H
#define STORSYNC_BENCH_EXPORT_GNUPLOT_SCRIPT_H

#include "bench/export/export.h"

struct gnuplot_value {
	uint32_t cell;
	unsigned metric;
	double percentile, ns;
};

struct gnuplot_values {
	const struct export_selection *s;
	const struct export_options *options;
	struct gnuplot_value *value;
	size_t count, capacity;
};

/* In double quotes, for gnuplot's legend: a name has nothing to say to gnuplot. */
void gnuplot_put_name(FILE *out, const char *label);

/* The name of a cell's block in figures.dat: what tells it from the others, CPUs aside. */
void gnuplot_label_line(const struct export_selection *s, const struct run_cell *cell, char label[SELECTION_NAME_BYTES]);

/*
 * plot.gp, of values that are sorted by metric and cell.  blocks[]: of each metric's file; block_of[]: of each chosen cell in
 * figures.dat, which has `lines` of them.  Curves without a value are left out, named in a comment, and counted on stderr.  0 or -errno.
 */
int gnuplot_write_script(const struct gnuplot_values *values, const size_t *blocks, const size_t *block_of, size_t lines,
			 struct output_file *out);

#endif
