/* SPDX-License-Identifier: MIT */
/*
 * Log-linear histogram of nanoseconds: constant-time recording of every
 * sample, so that no percentile ever rests on a subset.
 *
 * The bucket layout is HdrHistogram's (Gil Tene, hdrhistogram.org) for a
 * lowest discernible value of 1 ns, 3 significant digits and a highest
 * trackable value of 2^36 - 1 ns (68.7 s): its tools read our exports.
 * Values below 2048 have a bucket each; above, every power of two is cut
 * into 1024 buckets, so a value is known to better than 1/1024.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_HISTOGRAM_H
#define STORSYNC_BENCH_INSTRUMENTS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_HIGHEST_NS	((UINT64_C(1) << 36) - 1)
#define HISTOGRAM_HALF_BITS	10
#define HISTOGRAM_HALF_COUNT	(1u << HISTOGRAM_HALF_BITS)
#define HISTOGRAM_SUB_COUNT	(2 * HISTOGRAM_HALF_COUNT)
#define HISTOGRAM_BUCKETS	(27u << HISTOGRAM_HALF_BITS)

/* Two cache lines: the adjacent-line prefetcher fetches lines in pairs. */
#define HISTOGRAM_ALIGNMENT	128

/*
 * One writer, no atomics. Code that can be interrupted while recording must
 * not share a histogram with what interrupts it. A dynamically allocated
 * array of these needs aligned_alloc(HISTOGRAM_ALIGNMENT, ...).
 */
struct histogram {
	/* Samples in range; out_of_range ones are in none of the others. */
	_Alignas(HISTOGRAM_ALIGNMENT) uint64_t n;
	uint64_t out_of_range;
	/* Exact extremes of the n samples; UINT64_MAX and 0 while n is 0. */
	uint64_t min;
	uint64_t max;
	unsigned __int128 sum;
	uint64_t *counts;
};

/* One non-empty bucket: values lo_ns to hi_ns, both inclusive. */
struct histogram_bucket {
	uint64_t lo_ns;
	uint64_t hi_ns;
	uint64_t count;
	/* Where histogram_next() goes on; 0 to start. */
	uint32_t next;
};

/*
 * Allocates and touches the counters, so that recording takes no page
 * fault. Returns 0 or -ENOMEM.
 */
int histogram_init(struct histogram *h);

/* The same without touching them: for a histogram that few samples go into, if any. */
int histogram_init_untouched(struct histogram *h);
void histogram_fini(struct histogram *h);

/* Forgets every sample. */
void histogram_reset(struct histogram *h);

/* Adds all of from's samples to into. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * Takes away samples that are also in `part`, all of whose samples are in `from`.
 * An extreme that `part` shares is then known to its bucket only.
 */
void histogram_subtract(struct histogram *from, const struct histogram *part);

/*
 * Mean in ns, rounded to nearest from the exact sum; 0 while n is 0.
 */
uint64_t histogram_mean_ns(const struct histogram *h);

/*
 * Value at rank ceil(n p), p a fraction taken to the nearest millionth. The
 * value is the highest the sample's bucket can hold, or max if that is less.
 * Returns false, leaving *value_ns alone, when n (1 - p) < 10: too few
 * samples lie beyond for the percentile to mean anything.
 *
 * Out-of-range samples take no part: a stamp that went backwards looks like
 * a huge one, so their rank is unknown.
 */
bool histogram_percentile(const struct histogram *h, double p,
			  uint64_t *value_ns);

/*
 * Non-empty buckets in ascending order:
 *	struct histogram_bucket b = { 0 };
 *	while (histogram_next(h, &b)) ...
 */
bool histogram_next(const struct histogram *h, struct histogram_bucket *b);

/* Index of the bucket that holds ns, which must be in range. */
static inline uint32_t histogram_index(uint64_t ns)
{
	/* The OR makes everything below 2048 part of the first bucket. */
	unsigned int top = 63 - __builtin_clzll(ns | (HISTOGRAM_SUB_COUNT - 1));
	unsigned int shift = top - HISTOGRAM_HALF_BITS;

	return (shift << HISTOGRAM_HALF_BITS) + (uint32_t)(ns >> shift);
}

/* Records one sample. The only branch is the range check. */
static inline void histogram_record(struct histogram *h, uint64_t ns)
{
	if (__builtin_expect(ns > HISTOGRAM_HIGHEST_NS, 0)) {
		h->out_of_range++;
		return;
	}
	h->n++;
	h->sum += ns;
	h->min = ns < h->min ? ns : h->min;
	h->max = ns > h->max ? ns : h->max;
	h->counts[histogram_index(ns)]++;
}

#endif
