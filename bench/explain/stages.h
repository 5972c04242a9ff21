/* SPDX-License-Identifier: MIT */
/* What the difference of two means is made of: the parts of the ISR's latency, and of a synchronized call. */
#ifndef STORSYNC_BENCH_EXPLAIN_STAGES_H
#define STORSYNC_BENCH_EXPLAIN_STAGES_H

#include "bench/explain/explain.h"

/* A part that is a smaller share of the whole difference is not looked into. */
#define STAGE_LEAST_SHARE 0.10

/* Compares the parts, names those that differ, and says which are not decided. */
void stages_explain(struct explanation *explanation);

/* By how much the three parts from `first` on differ together. */
double stages_whole(const struct explanation *explanation, enum explain_part first);

#endif
