/* SPDX-License-Identifier: MIT */
/*
 * Work shared out to threads, a slice at a time: whoever is done takes the next one. What a slice comes to must not depend on
 * which worker takes it, or on how many there are.
 */
#ifndef STORSYNC_BENCH_COMPARE_CREW_H
#define STORSYNC_BENCH_COMPARE_CREW_H

#include <stddef.h>

#define CREW_MAX 8

/* Threads for so many slices: as many as CPUs may be used, CREW_MAX and `slices` at most, and at least 1. */
size_t crew_size(size_t slices);

/*
 * Calls work(worker, slice) for each slice, 0 to slices - 1. worker[] has one for each of `workers` threads, the caller's own
 * among them; threads that cannot be had are done without.
 */
void crew_run(size_t slices, void **worker, size_t workers, void (*work)(void *worker, size_t slice));

#endif
