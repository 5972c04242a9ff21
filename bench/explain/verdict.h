/* SPDX-License-Identifier: MIT */
/* What `storsync compare` says of the two cells of an explanation: so that the two verbs never contradict each other. */
#ifndef STORSYNC_BENCH_EXPLAIN_VERDICT_H
#define STORSYNC_BENCH_EXPLAIN_VERDICT_H

#include "bench/compare/compare.h"
#include "bench/run_data/run_data.h"

/*
 * compare_cells() of the mean ISR latency over the cells that `kept` has, one for each of the data (NULL: all), with the options that
 * the verb has by default: the test is chosen, and Holm adjusts, over all of them that differ in `column`.  Fills in the comparison
 * of `cell` with `base`; where there is none its figure is NULL.  `data` was loaded with explain_figures().
 *
 * 0 or -ENOMEM.
 */
int verdict_among(struct comparison *compared, size_t *tests, const struct run_data *data, const bool *kept, size_t cell,
		  size_t base, enum run_key column);

/* Comparisons of a whole run, kept from one pair to the next. Begins as zeros. */
struct verdict_run {
	bool made;
	struct compare_options options;
	struct comparisons all;
};

/*
 * As verdict_among() with all cells, so that it is what `storsync compare` says of the run; `run->all.tests` is what it adjusted
 * over.  verdict_run_fini() in any case.
 */
int verdict_in_run(struct verdict_run *run, struct comparison *compared, const struct run_data *data, size_t cell, size_t base,
		   enum run_key column);
void verdict_run_fini(struct verdict_run *run);

/* Of the two by themselves. */
int verdict_of_pair(struct comparison *compared, const struct run_data *data, size_t cell, size_t base, enum run_key column);

#endif
