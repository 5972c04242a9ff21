/* SPDX-License-Identifier: MIT */
/* Keeps `storsync run` itself away from the CPUs that are measured, where there is another. */
#ifndef STORSYNC_BENCH_RUN_HOUSEKEEPING_H
#define STORSYNC_BENCH_RUN_HOUSEKEEPING_H

#include <stdbool.h>

/*
 * Moves the calling process to what `cores` cores, placed as a cell places its
 * own, leave over.  False, and nothing has changed, when that is nothing.
 */
bool housekeeping_withdraw(unsigned cores);

/* Back to where it was before. */
void housekeeping_return(void);

#endif
