/* SPDX-License-Identifier: MIT */
/*
 * Time stamps of the simulated machine: one raw counter reading each, turned
 * into nanoseconds only when a number is reported.
 *
 * On x86-64 a stamp is the time stamp counter, read by a plain `rdtsc`.  The
 * CPU may execute it a few tens of cycles before older instructions are done,
 * or after younger ones have begun.  That error is bounded by the out-of-order
 * window and hits both ends of an interval alike, whereas a serialized reading
 * costs about twice as much (seen on an EPYC: 12 ns against 24 ns) and drains
 * the pipeline of the very path that is measured.  Serializing matters where
 * cause and effect on two CPUs are compared, or a pair of clocks is
 * bracketed: stamp_now_ordered() is for those.
 *
 * Elsewhere, and where the counter cannot be trusted, a stamp is
 * clock_gettime(CLOCK_MONOTONIC_RAW) in nanoseconds.
 *
 * Source: Intel SDM volume 2B, RDTSC and LFENCE; AMD APM volume 3, RDTSC, and
 * volume 2, "LFENCE dispatch serializing".
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_STAMP_H
#define STORSYNC_HBA_SIM_MACHINE_STAMP_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#define STAMP_HAS_COUNTER 1
#else
#define STAMP_HAS_COUNTER 0
#endif

/*
 * Where stamps come from.  Written once, before the first simulated CPU
 * exists, and never while stamps of the other kind are still in use.  Alone on
 * its pair of cache lines: every stamp reads it.
 */
struct stamp_source {
	_Alignas(128) bool use_clock_gettime;
};

/* Weak, so that a header is enough: the linker keeps one of the definitions. */
extern struct stamp_source stamp_source;
__attribute__((weak)) struct stamp_source stamp_source;

/* Ticks to ns and back: result = (value * mult) >> shift, with mult >= 2^63. */
struct stamp_scale {
	uint64_t mult;
	unsigned shift;
	uint64_t inverse_mult;
	unsigned inverse_shift;
};

/* CLOCK_MONOTONIC_RAW in ns. */
static inline __attribute__((cold)) uint64_t stamp_clock_gettime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The current stamp, in ticks.  The compiler moves no memory access across it. */
static inline uint64_t stamp_now(void)
{
#if STAMP_HAS_COUNTER
	if (__builtin_expect(!stamp_source.use_clock_gettime, 1)) {
		uint32_t low;
		uint32_t high;

		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
		return (uint64_t)high << 32 | low;
	}
#endif
	return stamp_clock_gettime();
}

/*
 * As stamp_now(), but older instructions are done and older loads performed
 * before the reading, and no younger instruction starts until it is taken.  An
 * older store may still be in the store buffer.
 */
static inline uint64_t stamp_now_ordered(void)
{
#if STAMP_HAS_COUNTER
	uint64_t now;

	__asm__ volatile("lfence" : : : "memory");
	now = stamp_now();
	__asm__ volatile("lfence" : : : "memory");
	return now;
#else
	return stamp_clock_gettime();
#endif
}

/*
 * mult and shift for the ratio out/in, by long division in base 2.  mult is
 * rounded up: a product that is a whole number is then never reported as the
 * one below.  That cannot carry out of 64 bits, because no ratio of two 64-bit
 * numbers lies within one part in 2^64 below a power of two.
 */
static inline int stamp_ratio(uint64_t in, uint64_t out, uint64_t *mult, unsigned *shift)
{
	unsigned __int128 remainder;
	uint64_t quotient;
	unsigned bits = 0;

	if (!in || !out)
		return -EINVAL;
	quotient = out / in;
	remainder = out % in;
	for (; quotient < UINT64_C(1) << 63; bits++) {
		remainder <<= 1;
		quotient <<= 1;
		if (remainder >= in) {
			remainder -= in;
			quotient++;
		}
	}
	*mult = quotient + (remainder > 0);
	*shift = bits;
	return 0;
}

/*
 * The scale of a counter that makes `ticks` steps in `ns` nanoseconds; for a
 * known frequency: (hz, 1000000000).  Returns 0, or -EINVAL when either is 0.
 */
static inline int stamp_scale_set(struct stamp_scale *scale, uint64_t ticks, uint64_t ns)
{
	int error = stamp_ratio(ticks, ns, &scale->mult, &scale->shift);

	if (error)
		return error;
	return stamp_ratio(ns, ticks, &scale->inverse_mult, &scale->inverse_shift);
}

static inline uint64_t stamp_multiply_shift(uint64_t value, uint64_t mult, unsigned shift)
{
	unsigned __int128 result = ((unsigned __int128)value * mult) >> shift;

	return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

/*
 * An interval in ticks as ns, rounded down.  The scale adds at most one part
 * in 2^63, which is less than 1 ns for any interval below 292 years, and no
 * error at all where the exact result is whole.  What does not fit saturates,
 * so that UINT64_MAX stays "never" wherever a tick is at most 1 ns.
 */
static inline uint64_t stamp_to_ns(const struct stamp_scale *scale, uint64_t ticks)
{
	return stamp_multiply_shift(ticks, scale->mult, scale->shift);
}

/* An interval in ns as ticks: same rounding, error below 1 tick, saturation. */
static inline uint64_t stamp_from_ns(const struct stamp_scale *scale, uint64_t ns)
{
	return stamp_multiply_shift(ns, scale->inverse_mult, scale->inverse_shift);
}

#endif
