/* SPDX-License-Identifier: MIT */
/* The values that a matrix gives a dimension, and what selects cells by their values. */
#ifndef STORSYNC_BENCH_MATRIX_VALUES_H
#define STORSYNC_BENCH_MATRIX_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/matrix/dimension.h"

/* In the order given, each in the one form of its meaning and once; none: nobody gave any. */
struct matrix_values {
	size_t count;
	char **text;
	char *place; /* where they were given: "--cpus", "FILE:LINE: cpus"; NULL for a dimension's own default */
};

void matrix_values_fini(struct matrix_values *values);

/*
 * Empties the values and notes where the next ones are given; NULL for a
 * dimension's own default.  0 or -ENOMEM.
 */
int matrix_values_begin(struct matrix_values *values, const char *place);

/*
 * Appends what one item of a list means: a value, a range of whole numbers, or
 * one of the back ends' sets.  What is there already stays once.  0, -ENOMEM, or
 * -EINVAL and the line behind the place.
 */
int matrix_values_add(struct matrix_values *values, enum dimension_id id, const char *item, char *error, size_t error_bytes);

/* A list as the command line has it, "1,2" or "1-4", instead of what was there; the whole line in `error`. */
int matrix_values_list(struct matrix_values *values, enum dimension_id id, const char *list, const char *place, char *error,
		       size_t error_bytes);

#endif
