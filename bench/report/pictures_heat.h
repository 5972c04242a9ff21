/* SPDX-License-Identifier: MIT */
/* What the heat map is made of: comparisons as rows of back ends, and columns of figures and groups of cells. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_HEAT_H
#define STORSYNC_BENCH_REPORT_PICTURES_HEAT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/pictures_drawing.h"
#include "bench/report/report_data.h"

#define HEAT_FIGURES 3u
/* More than this many beside each other cannot be read: what is more goes beneath. */
#define HEAT_COLUMNS_MOST 15u
#define HEAT_LABEL_LINES ((size_t)RUN_KEY_COUNT)

struct heat_figure {
	enum report_figure figure;
	const char *words;
};

extern const struct heat_figure heat_figures[HEAT_FIGURES];

struct heat {
	const struct comparisons *all;
	size_t backends, contexts, figures; /* of heat_figures the first so many: those for which there is room */
	size_t pages, page_contexts;        /* of one figure; the last page may have fewer */
	const char **backend;
	const struct comparison **context; /* the first one of each combination of keys */
	const struct comparison **cell;    /* backends x figures x contexts; NULL: none */
};

/* 0 or -ENOMEM; to be given to heat_fini() in either case. */
int heat_init(struct heat *heat, const struct comparisons *all);
void heat_fini(struct heat *heat);

const struct comparison **heat_cell(const struct heat *heat, size_t backend, size_t figure, size_t context);

/* Whether columns differ in a key. */
bool heat_differs(const struct heat *heat, enum run_key key);

/* What is above a column: a line for each key in which columns differ: "2 CPUs", "routing same"; the value alone where that is longer than `most`. */
size_t heat_label(const struct heat *heat, size_t context, size_t most, char line[HEAT_LABEL_LINES][64]);

/* The same in one line. */
void heat_words(const struct heat *heat, size_t context, char *text, size_t bytes);

/* Says which keys these are. */
void heat_note_keys(const struct heat *heat, struct drawing *d);

#endif
