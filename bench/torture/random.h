/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for schedules: small, fast, and the same on every machine for one seed.
 *
 * Source: G. L. Steele, D. Lea and C. H. Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014 (SplitMix64, with the constants given there
 * for its mixing function).
 */
#ifndef STORSYNC_BENCH_TORTURE_RANDOM_H
#define STORSYNC_BENCH_TORTURE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to bound - 1; uneven by less than bound / 2^32. */
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(((random_next(state) >> 32) * bound) >> 32);
}

static inline bool random_one_in(uint64_t *state, uint32_t n)
{
	return random_below(state, n) == 0;
}

#endif
