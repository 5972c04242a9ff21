/* SPDX-License-Identifier: MIT */
/* `storsync export`: a finished run in the formats of other tools. */
#ifndef STORSYNC_BENCH_EXPORT_EXPORT_H
#define STORSYNC_BENCH_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/files/output_file.h"
#include "bench/export/selection.h"
#include "bench/instruments/metric.h"

/* What was asked for. */
struct export_options {
	const char *directory;
	bool has_metric[METRIC_COUNT]; /* at least one, but of formats of figures */
	const struct figure *figure;   /* of formats of figures */
	bool is_per_invocation;
	bool is_in_window;
	const char *unit;              /* "ns", "us" or "ms" */
	double unit_ns;
	unsigned worst;
};

/*
 * A format.  Figures are loaded for it: those of `figures`, a list that ends in NULL, or none.  Writing returns 0 or -errno
 * with a line in the output's error; -ENODATA when there is nothing to be written.
 */
struct export_format {
	const char *name;
	const char *help;
	const char *result; /* what is written: "a folder of .hgrm files" */
	bool is_folder;     /* always */
	const struct figure *const *(*figures)(const struct export_options *options);
	int (*write)(const struct export_selection *s, const struct export_options *options, struct output_file *out);
	/* Whether it takes more than one file: of a format that is not always a folder; NULL: never. */
	bool (*is_many)(const struct export_selection *s, const struct export_options *options);
};

extern const struct export_format export_hgrm;
extern const struct export_format export_google_benchmark;
extern const struct export_format export_trace_events;
extern const struct export_format export_gnuplot;

/* "" of what is none. */
static inline const char *export_metric_name(enum metric metric)
{
	const char *name = metric_name(metric);

	return name ? name : "";
}

/* METRIC_COUNT: it is none's name. */
enum metric export_metric_of(const struct csv_field *field);

/* DIRECTORY/NAME, to be freed; NULL without memory. */
char *export_path(const struct export_options *options, const char *name);

int export_main(int argc, char **argv);

#endif
