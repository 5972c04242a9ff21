/* SPDX-License-Identifier: MIT */
/*
 * Selecting cells by the values of a dimension: --filter, and `exclude` in files.
 *
 * Values are compared by what they mean, so that 1us is 1000ns; back ends may
 * also be one of their sets, or a pattern of fnmatch(3) such as rcu-*.
 */
#ifndef STORSYNC_BENCH_MATRIX_FILTER_H
#define STORSYNC_BENCH_MATRIX_FILTER_H

#include "bench/matrix/values.h"

struct cell_match {
	enum dimension_id dimension;
	bool negated;
	struct matrix_values values; /* any of them */
};

/* Appends one value, range, set or pattern.  0, -ENOMEM, or -EINVAL and the line behind the place. */
int cell_match_add(struct cell_match *match, const char *item, char *error, size_t error_bytes);

/*
 * "DIMENSION=VALUES" or "DIMENSION!=VALUES", the values separated by commas.
 * 0, -ENOMEM, or -EINVAL and the line behind the place.  Whatever is returned, the match is to be finished.
 */
int cell_match_parse(struct cell_match *match, const char *text, char *error, size_t error_bytes);
void cell_match_fini(struct cell_match *match);

bool cell_matches(const struct cell_match *match, const struct cell_spec *spec);

#endif
