/* SPDX-License-Identifier: MIT */
/*
 * The gate of a machine that changed its state under a run.
 *
 * A virtual machine was seen flipping between 110 to 165 ns and 20 ns from core
 * to core, which changes every lock's figures threefold; an invocation in the
 * other state is not comparable with the rest of the run.
 */
#ifndef STORSYNC_BENCH_RUN_STATE_GATE_H
#define STORSYNC_BENCH_RUN_STATE_GATE_H

#include <jansson.h>
#include <stdint.h>

#define STATE_GATE_CODE "core-to-core-moved"

/*
 * Adds its code to the gate of a summary whose core-to-core latency, before or
 * after, is that far from what it was when the run began.  Nothing where either
 * is not known (reference_ns 0: not known).
 */
void state_gate(json_t *summary, uint64_t reference_ns);

#endif
