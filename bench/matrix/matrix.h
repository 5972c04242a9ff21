/* SPDX-License-Identifier: MIT */
/*
 * A matrix: its cells, and in which order each block of a run invokes them.
 *
 * The order is that of randomized complete blocks (R. A. Fisher, "The Design of
 * Experiments", 1935): every block invokes each cell once, in an order of its
 * own, so that a drift of the machine hits all back ends alike.
 */
#ifndef STORSYNC_BENCH_MATRIX_MATRIX_H
#define STORSYNC_BENCH_MATRIX_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "bench/cell/spec.h"
#include "bench/matrix/design.h"

/* Of a matrix, duplicates counted: what is left out of it must be generated as well. */
#define MATRIX_CELLS_MAX 20000

struct matrix_cell {
	struct cell_spec spec; /* its seed is 0: that is the block's */
	char id[CELL_ID_BYTES];
	size_t group;          /* cells that differ in nothing but the back end share one; from 0 in order of appearance */
	const char *refusal;   /* why it is skipped; NULL when it is run */
};

/* One process to start. */
struct matrix_invocation {
	size_t cell;
	uint64_t block; /* 1, 2, ...; also the invocation's number in its cell */
	uint64_t seed;  /* the block's */
	uint64_t order; /* 1, 2, ... over all blocks */
};

struct matrix {
	char name[MATRIX_NAME_BYTES];
	uint64_t seed;
	uint64_t blocks;  /* invocations a cell */
	size_t cells;
	struct matrix_cell *cell; /* no two of the same id */
	size_t *by_id;    /* indices of cells, sorted by their ids */
	size_t runnable;  /* of them */
	size_t groups;
};

/*
 * Expands a design: its cross product and the cells beside it, without
 * duplicates and without what it excludes and filters out.  A cell that may not
 * run is kept, with its refusal.  0, -ENOMEM, or -EINVAL with the place and what
 * is wrong in `error` for values that contradict each other, for too many
 * cells, and for none.  After a failure there is nothing to finish.
 */
int matrix_init(struct matrix *matrix, const struct matrix_design *design, unsigned usable_cores, char *error, size_t error_bytes);
void matrix_fini(struct matrix *matrix);

/*
 * The invocations of a block (from 1) in their order into `out`, which has room
 * for matrix->cells; returns how many: matrix->runnable.  Order and seed come
 * from the matrix's seed and the block's number alone, so that any block can be
 * made again, and the cells that two machines both can run have the same order on both.
 */
size_t matrix_block(const struct matrix *matrix, uint64_t block, struct matrix_invocation *out);

/* Index of the cell of that id; matrix->cells when there is none. */
size_t matrix_find(const struct matrix *matrix, const char *id);

/* CPUs of the largest cell that can run. */
unsigned matrix_cores(const struct matrix *matrix);

/* Seed of all invocations of a block: its cells differ in what is compared and in nothing else. */
uint64_t matrix_block_seed(const struct matrix *matrix, uint64_t block);

#endif
