/* SPDX-License-Identifier: MIT */
/* The time that a run takes, for limits and for progress: never for a measurement. */
#ifndef STORSYNC_BENCH_RUN_ELAPSED_H
#define STORSYNC_BENCH_RUN_ELAPSED_H

#include <stdint.h>
#include <time.h>

/* Milliseconds on a clock that only goes forward. */
static inline int64_t elapsed_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
