/* SPDX-License-Identifier: MIT */
/*
 * The table of worst waits: what a back end's promise bounds them by, whether that held, and how long others were starved.
 *
 * Its figures are medians over the invocations, too; each invocation has its
 * own longest section, its own bound and its own verdict.
 */
#ifndef STORSYNC_BENCH_RUN_TABLE_BOUNDS_H
#define STORSYNC_BENCH_RUN_TABLE_BOUNDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* A figure, once an invocation. */
struct table_samples {
	size_t n;
	double value[50];
};

/* Adds a number; anything else, or NULL, is not known and adds nothing. */
void table_add_sample(struct table_samples *samples, const json_t *value);

enum { TABLE_BOUNDS_CALL, TABLE_BOUNDS_ISR, TABLE_BOUNDS_KINDS };

struct table_bounds {
	struct table_samples held_max;
	struct {
		struct table_samples worst;
		struct table_samples bound;
		struct table_samples starvation;
		struct table_samples verdict; /* 1 held, 0 exceeded; those that could not tell are not here */
	} kind[TABLE_BOUNDS_KINDS];
};

/* One invocation's summary. */
void table_bounds_add(struct table_bounds *bounds, const json_t *summary);

void table_bounds_print_head(FILE *out);
void table_bounds_print(const struct table_bounds *bounds, const char *backend, FILE *out);

#endif
