/* SPDX-License-Identifier: MIT */
/*
 * --until-ci: which cells need another block, because the interval of their median is still too wide.
 *
 * Cells that differ in the back end alone get blocks together, or their
 * comparison would not see the same machine.  What a block is made of depends on
 * the blocks before it only, so that a run that is taken up again goes on as it
 * would have.
 */
#ifndef STORSYNC_BENCH_RUN_UNTIL_CI_H
#define STORSYNC_BENCH_RUN_UNTIL_CI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/matrix/matrix.h"

/* More blocks than this are not added, however wide an interval is. */
#define UNTIL_CI_BLOCKS_MAX 500

struct until_ci_sample {
	uint64_t block;
	double value;
};

struct until_ci {
	const struct matrix *matrix;
	const char *metric; /* a column of summary.csv */
	double target;      /* half the interval, as a share of the median */
	struct {
		size_t n;
		struct until_ci_sample *sample;
	} *cell;
};

/* 0 or -ENOMEM. */
int until_ci_init(struct until_ci *until, const struct matrix *matrix, const char *metric, double target);
void until_ci_fini(struct until_ci *until);

/* An invocation's figure; without one, or of a cell that failed, nothing.  0 or -ENOMEM. */
int until_ci_add(struct until_ci *until, size_t cell, uint64_t block, const json_t *summary);

/*
 * Sets wanted[cell] for all that block `block` is to have, by what the blocks
 * before it say.  Returns how many cells are themselves too wide: 0, and the run
 * is done.  A cell without any figure never is.
 */
size_t until_ci_wanted(const struct until_ci *until, uint64_t block, bool *wanted);

#endif
