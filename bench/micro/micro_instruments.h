/* SPDX-License-Identifier: MIT */
/* What the instruments themselves cost: the cases of `storsync micro` that no back end takes part in. */
#ifndef STORSYNC_BENCH_MICRO_MICRO_INSTRUMENTS_H
#define STORSYNC_BENCH_MICRO_MICRO_INSTRUMENTS_H

#include <stdint.h>

#include "bench/gbench/gbench.h"
#include "bench/micro/micro_cases.h"

/* Runs an instrument's case n times; seconds, or a skip with its reason. */
double micro_instrument_run(struct gbench_state *state, const struct micro_case *c, uint64_t n);

#endif
