/* SPDX-License-Identifier: MIT */
/*
 * A known delay in every synchronized routine: an effect of a size that was asked for, to see whether a comparison finds it.
 *
 * It is a chain of dependent multiplications: no clock is read, no memory
 * touched, and no instruction of the chain can start before the one before it is
 * done.  Between two fences (LFENCE) nothing of the section can be done beside
 * it either, which would hide a short chain.  The fences are paid with a
 * delay of 0, too; what a delay adds to that is what was asked for.
 *
 * Its length is in cycles of the core, and known in time only as long as the
 * core keeps its frequency: it is measured again after the run.  There is no
 * safe point in it.
 *
 * Source: Intel SDM volume 2A, LFENCE; AMD APM volume 3, LFENCE.
 */
#ifndef STORSYNC_BENCH_CELL_INJECT_H
#define STORSYNC_BENCH_CELL_INJECT_H

#include <stdint.h>

#include "hba_sim/machine/stamp.h"

struct inject {
	uint64_t iterations; /* of the chain */
	double before_ns;    /* what the delay is, as measured before and after the run */
	double after_ns;
};

/* The delay itself. */
void inject_delay(uint64_t iterations);

/* Links of so many ticks each that come closest to `ticks`. */
uint64_t inject_iterations(double ticks_per_iteration, double ticks);

/*
 * Calibrates the chain on the calling thread, which should be pinned: the
 * least of some medians of chains of about 50 us; and then measures the delay as
 * it came out.  Takes some ms.
 */
void inject_calibrate(struct inject *inject, const struct stamp_scale *scale, uint64_t ns);

/* ns by which a delay is longer than one of 0, as the median of repetitions in a row. */
double inject_measure_ns(const struct inject *inject, const struct stamp_scale *scale);

/* The delay in the run: of the two measured, the one further from `ns`. */
double inject_actual_ns(const struct inject *inject, uint64_t ns);

#endif
