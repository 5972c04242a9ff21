/* SPDX-License-Identifier: MIT */
/*
 * What a matrix is made from: a shipped one or a file, then a profile of it, then what the command line replaces.
 *
 * A dimension of the command line replaces that dimension everywhere, in the
 * cross product and in the cells included beside it; a profile replaces it in
 * the cross product.
 */
#ifndef STORSYNC_BENCH_MATRIX_DESIGN_H
#define STORSYNC_BENCH_MATRIX_DESIGN_H

#include "bench/matrix/filter.h"
#include "bench/matrix/setting.h"
#include "bench/matrix/values.h"

#define MATRIX_FILTERS_MAX 32
#define MATRIX_NAME_BYTES 64

/* A command line's part, as text; zeroed: nothing was given. */
struct matrix_options {
	const char *matrix;                /* a shipped one's name, or a file; NULL: "default" */
	const char *profile;
	const char *dimension[DIMENSIONS]; /* lists */
	const char *setting[SETTINGS];
	const char *filter[MATRIX_FILTERS_MAX]; /* all must hold */
	size_t filters;
};

/* Lists to be crossed. */
struct matrix_product {
	struct matrix_values dimension[DIMENSIONS]; /* without a place: the dimension's own default */
};

/* Cells that match all of it are left out. */
struct matrix_exclude {
	size_t matches;
	struct cell_match match[DIMENSIONS];
};

struct matrix_design {
	char name[MATRIX_NAME_BYTES];
	char *description; /* one line, or NULL */
	struct matrix_settings settings;
	char *place[SETTINGS]; /* where each was given; NULL: by default */
	struct matrix_product cross;
	size_t includes;
	struct matrix_product *include; /* beside the cross product */
	size_t excludes;
	struct matrix_exclude *exclude;
	size_t filters;
	struct cell_match filter[MATRIX_FILTERS_MAX];
};

/*
 * 0, -ENOMEM, or -EINVAL; `error`, of MATRIX_ERROR_BYTES, then has one line
 * that says where ("--cpus", "FILE:LINE: cpus"), what, and what would be right.
 * After a failure there is nothing to finish.
 */
int matrix_design_load(struct matrix_design *design, const struct matrix_options *options, char *error, size_t error_bytes);
void matrix_design_fini(struct matrix_design *design);

/* One setting by its text, given at `place`.  Returns as above; `error` has the whole line. */
int matrix_design_set(struct matrix_design *design, enum setting_id id, const char *text, const char *place, char *error,
		      size_t error_bytes);

#endif
