/* SPDX-License-Identifier: MIT */
/* Which cells are explained, and against which. */
#ifndef STORSYNC_BENCH_EXPLAIN_PAIRS_H
#define STORSYNC_BENCH_EXPLAIN_PAIRS_H

#include "bench/explain/overview.h"
#include "bench/run_data/key_filter.h"

struct pairs_options {
	const char *cell;             /* a cell's id, or as much of it as tells it apart; NULL: all */
	size_t filters;
	const struct key_filter *filter;
	const char *baseline;         /* a back end; NULL: spinlock */
	const struct key_filter *against; /* NULL: another back end */
};

struct pairs {
	size_t count;
	struct pair *pair; /* by base, as overview.h wants them */
	size_t cells;      /* that were chosen and have a result */
	size_t alone;      /* of these, the ones for which there is nothing to be compared with; baselines do not count */
	size_t only;       /* the cell, where it is one */
};

/*
 * A chosen cell is compared with the one that differs from it in the back end alone, or in the key of `against`.  One with
 * an injected delay is, besides, compared with the one that has a delay of 0; where several are chosen, for baselines alone.
 *
 * 0; -EINVAL: no such cell, back end or key (exit 2); -ENODATA: nothing can be compared (exit 3); -ENOMEM.  `error`, of
 * RUN_DATA_ERROR_BYTES, then has a line, and there is nothing to finish.
 */
int pairs_find(struct pairs *pairs, const struct run_data *data, const struct pairs_options *options, char *error);
void pairs_fini(struct pairs *pairs);

#endif
