/* SPDX-License-Identifier: MIT */
/*
 * The figures that a history keeps of every invocation, and how their values are packed.  Those that are compared as a rule, and
 * no more: a figure that is not kept is in the run's own folder still.
 */
#ifndef STORSYNC_BENCH_HISTORY_HISTORY_FIGURES_H
#define STORSYNC_BENCH_HISTORY_HISTORY_FIGURES_H

#include <stddef.h>

#include "bench/run_data/figure.h"

#define HISTORY_FIGURES 8

/* Of 0 to HISTORY_FIGURES - 1. */
const struct figure *history_figure(size_t index);

/* By its name or column; NULL when it is not one that is kept. */
const struct figure *history_figure_find(const char *name);

/* "isr_latency_p50, isr_latency_p99, ... and jain" */
const char *history_figure_names(void);

/* In place, between the machine's own doubles and those of the file. */
void history_pack(double *value, size_t count);
void history_unpack(double *value, size_t count);

#endif
