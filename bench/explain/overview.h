/* SPDX-License-Identifier: MIT */
/*
 * A whole run in a screen or two: for each group of cells that differ in nothing but the back end (and the key in which their
 * baselines differ from them), the extremes and why some differ.
 */
#ifndef STORSYNC_BENCH_EXPLAIN_OVERVIEW_H
#define STORSYNC_BENCH_EXPLAIN_OVERVIEW_H

#include "bench/explain/causes.h"
#include "bench/explain/print.h"

/* Cells of which the reason is told, over all groups; JSON has all. */
#define OVERVIEW_TOLD 15

/* A cell and the one that it is compared with; both are positions in run_data. */
struct pair {
	size_t cell;
	size_t base;
	enum run_key column; /* in which they differ */
};

struct overview {
	const struct run_data *data;
	const struct causes *causes;
	size_t pairs;
	const struct pair *pair; /* those with the same base one after the other */
	size_t alone;		 /* cells chosen for which there is no baseline */
	const char *argument;	 /* the run, as it was given */
};

/* Reads both sides and composes; with what compare says of the whole run where `in_run`.  0 or -ENOMEM. */
int overview_explain(struct explanation *explanation, const struct run_data *data, const struct causes *causes,
		     const struct pair *pair, bool in_run);

/* The keys in which measured cells of the run differ, but for two: "cpus 2, irq_routing same". */
void overview_keys(char *text, size_t bytes, const struct run_data *data, size_t cell, enum run_key column, enum run_key besides);

/* 0 or -ENOMEM. */
int overview_print(const struct printer *printer, const struct overview *overview);

#endif
