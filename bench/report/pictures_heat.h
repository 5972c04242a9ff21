/* SPDX-License-Identifier: MIT */
/* What the heat map is made of: comparisons as rows of back ends, and columns of figures and groups of cells. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_HEAT_H
#define STORSYNC_BENCH_REPORT_PICTURES_HEAT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/report_data.h"

#define HEAT_FIGURES 3u
/* More than this many cannot be read. */
#define HEAT_COLUMNS_MOST 15u

struct heat_figure {
	enum report_figure figure;
	const char *words;
};

extern const struct heat_figure heat_figures[HEAT_FIGURES];

struct heat {
	const struct comparisons *all;
	size_t backends, contexts, figures; /* of heat_figures the first so many: those for which there is room */
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

#endif
