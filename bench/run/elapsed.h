/* SPDX-License-Identifier: MIT */
/* The time that a run takes, for limits and for progress: never for a measurement. */
#ifndef STORSYNC_BENCH_RUN_ELAPSED_H
#define STORSYNC_BENCH_RUN_ELAPSED_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds on a clock that only goes forward. */
static inline int64_t elapsed_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline uint64_t elapsed_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The time of day by strftime's format, in UTC. */
static inline void format_utc(char *text, size_t bytes, const char *format)
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, bytes, format, &utc);
}

#endif
