/* SPDX-License-Identifier: MIT */
/* What hangs over the rows of an explanation, what a back end costs others, and the worst that was seen. */
#ifndef STORSYNC_BENCH_EXPLAIN_TRUST_H
#define STORSYNC_BENCH_EXPLAIN_TRUST_H

#include "bench/explain/explain.h"

/* A maximum is told when it is so many times the other side's, and their ranges do not overlap. */
#define TRUST_WORST_RATIO 2
/* A bystander is told of when its mean latency differs by so much, and it is shown. */
#define TRUST_BYSTANDER_LEAST_NS 10
#define TRUST_BYSTANDER_LEAST_RATIO 1.1
/* An open loop that is behind by so large a share of what was offered does not keep up. */
#define TRUST_BEHIND 0.01
/* Gaps whose share of the windows differs by so much, and that make up so large a share of what throughput differs by. */
#define TRUST_AWAY_LEAST 0.02
#define TRUST_AWAY_LEAST_SHARE 0.1
/* Fewer events of a cell: their causes are not told. */
#define TRUST_LEAST_EVENTS 8

void trust_explain(struct explanation *explanation);

/* A gate's code in plain words; the code itself where it is not known. */
const char *trust_gate_words(const char *code);

#endif
