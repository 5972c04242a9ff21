/* SPDX-License-Identifier: MIT */
/* The cross product of a command line's lists: cells, and the order in which they are invoked. */
#ifndef STORSYNC_BENCH_RUN_MATRIX_H
#define STORSYNC_BENCH_RUN_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "bench/cell/spec.h"
#include "bench/run/options.h"

struct matrix_cell {
	struct cell_spec spec;
	char id[CELL_ID_BYTES];
	const char *refusal; /* why it is skipped; NULL when it is run */
};

/* One process to start. */
struct matrix_invocation {
	size_t cell;
	uint64_t invocation; /* 1, 2, ... of its cell; also the block */
	uint64_t seed;
};

struct matrix {
	size_t cells;
	struct matrix_cell *cell;
	size_t invocations;
	struct matrix_invocation *invocation; /* in the order of execution */
};

/*
 * Expands the options.  A value that means nothing is one line on stderr and
 * exit 2; a combination that may not run is kept, with its refusal.  0 or -ENOMEM.
 */
int matrix_init(struct matrix *matrix, const struct run_options *options, unsigned usable_cores);
void matrix_fini(struct matrix *matrix);

#endif
