/* SPDX-License-Identifier: MIT */
/*
 * What is done with a histogram outside the hot path: storage, merging and
 * percentiles. See histogram.h for the layout and its source.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/instruments/histogram.h"

#define COUNTS_BYTES	(HISTOGRAM_BUCKETS * sizeof(uint64_t))
#define MILLION		1000000u
/* Samples that must lie beyond a percentile for it to be reported. */
#define TAIL_SAMPLES	10u

_Static_assert(COUNTS_BYTES % HISTOGRAM_ALIGNMENT == 0,
	       "aligned_alloc wants a multiple of the alignment");

static uint64_t bucket_lo_ns(uint32_t index)
{
	uint32_t shift = 0;

	if (index >= HISTOGRAM_SUB_COUNT)
		shift = (index >> HISTOGRAM_HALF_BITS) - 1;
	return (uint64_t)(index - (shift << HISTOGRAM_HALF_BITS)) << shift;
}

static uint64_t bucket_hi_ns(uint32_t index)
{
	return bucket_lo_ns(index + 1) - 1;
}

static void forget(struct histogram *h)
{
	h->n = 0;
	h->out_of_range = 0;
	h->min = UINT64_MAX;
	h->max = 0;
	h->sum = 0;
}

/* What lies outside of [first_bucket, end_bucket) is 0: with a few thousand samples nearly all of it. */
static uint32_t first_bucket(const struct histogram *h)
{
	return h->n ? histogram_index(h->min) : 0;
}

static uint32_t end_bucket(const struct histogram *h)
{
	return h->n ? histogram_index(h->max) + 1 : 0;
}

int histogram_init(struct histogram *h)
{
	h->counts = aligned_alloc(HISTOGRAM_ALIGNMENT, COUNTS_BYTES);
	if (!h->counts)
		return -ENOMEM;
	histogram_reset(h);
	return 0;
}

int histogram_init_untouched(struct histogram *h)
{
	h->counts = calloc(HISTOGRAM_BUCKETS, sizeof(*h->counts));
	if (!h->counts)
		return -ENOMEM;
	forget(h);
	return 0;
}

void histogram_fini(struct histogram *h)
{
	free(h->counts);
	h->counts = NULL;
}

void histogram_reset(struct histogram *h)
{
	forget(h);
	memset(h->counts, 0, COUNTS_BYTES);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	into->n += from->n;
	into->out_of_range += from->out_of_range;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->sum += from->sum;
	for (uint32_t i = first_bucket(from); i < end_bucket(from); i++)
		into->counts[i] += from->counts[i];
}

void histogram_subtract(struct histogram *from, const struct histogram *part)
{
	bool lost_min = part->n && part->min == from->min;
	bool lost_max = part->n && part->max == from->max;
	uint32_t first = first_bucket(from);
	uint32_t end = end_bucket(from);
	uint64_t min = UINT64_MAX;
	uint64_t max = 0;

	from->n -= part->n;
	from->out_of_range -= part->out_of_range;
	from->sum -= part->sum;
	for (uint32_t i = first; i < end; i++) {
		from->counts[i] -= part->counts[i];
		if (!from->counts[i])
			continue;
		if (min == UINT64_MAX)
			min = bucket_lo_ns(i);
		max = bucket_hi_ns(i);
	}
	if (lost_min || !from->n)
		from->min = min == UINT64_MAX || min > from->min ? min : from->min;
	if (lost_max || !from->n)
		from->max = max < from->max ? max : from->max;
}

uint64_t histogram_mean_ns(const struct histogram *h)
{
	if (h->n == 0)
		return 0;
	return (uint64_t)((h->sum + h->n / 2) / h->n);
}

bool histogram_percentile(const struct histogram *h, double p,
			  uint64_t *value_ns)
{
	unsigned __int128 n = h->n;
	uint64_t rank, seen = 0;
	uint32_t ppm;

	/* Written so that NaN fails too. */
	if (!(p >= 0 && p < 1))
		return false;
	ppm = (uint32_t)(p * MILLION + 0.5);
	if (n * (MILLION - ppm) < (uint64_t)TAIL_SAMPLES * MILLION)
		return false;
	rank = (uint64_t)((n * ppm + MILLION - 1) / MILLION);
	if (rank == 0)
		rank = 1;
	for (uint32_t i = first_bucket(h); i < end_bucket(h); i++) {
		seen += h->counts[i];
		if (seen < rank)
			continue;
		*value_ns = bucket_hi_ns(i);
		if (*value_ns > h->max)
			*value_ns = h->max;
		return true;
	}
	return false;
}

bool histogram_next(const struct histogram *h, struct histogram_bucket *b)
{
	for (uint32_t i = b->next > first_bucket(h) ? b->next : first_bucket(h); i < end_bucket(h); i++) {
		if (h->counts[i] == 0)
			continue;
		b->lo_ns = bucket_lo_ns(i);
		b->hi_ns = bucket_hi_ns(i);
		b->count = h->counts[i];
		b->next = i + 1;
		return true;
	}
	b->next = HISTOGRAM_BUCKETS;
	return false;
}
