/* SPDX-License-Identifier: MIT */
/* HdrHistogram's percentile table; see percentile_table.h. */
#include "bench/export/percentile_table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/instruments/histogram.h"

#define LEVELS_PER_HALVING 5

void percentile_table_fini(struct percentile_table *t)
{
	free(t->count);
	*t = (struct percentile_table){ 0 };
}

/* Of a bucket that is 1 ns wide either will do; 0 if it is no bucket of any. */
static unsigned sub_buckets_of(uint64_t lo, uint64_t hi, unsigned known)
{
	static const unsigned layouts[] = { 256, HISTOGRAM_SUB_COUNT };
	uint64_t width = hi - lo + 1;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		bool fits = width == 1 ? lo < layouts[i] :
			    !(width & (width - 1)) && lo % width == 0 && lo / width >= layouts[i] / 2 && lo / width < layouts[i];

		if (fits && (!known || known == layouts[i]))
			return layouts[i];
	}
	return 0;
}

static int grow(struct percentile_table *t, size_t index)
{
	size_t size = t->size ? t->size : 1024;
	uint64_t *count;

	while (size <= index)
		size *= 2;
	if (size == t->size)
		return 0;
	count = realloc(t->count, size * sizeof(*count));
	if (!count)
		return -ENOMEM;
	memset(count + t->size, 0, (size - t->size) * sizeof(*count));
	t->count = count;
	t->size = size;
	return 0;
}

int percentile_table_add(struct percentile_table *t, uint64_t lo_ns, uint64_t hi_ns, uint64_t count)
{
	unsigned layout;
	uint64_t sum;

	if (hi_ns < lo_ns)
		return -EINVAL;
	if (hi_ns > HISTOGRAM_HIGHEST_NS || __builtin_add_overflow(t->n, count, &sum))
		return -ERANGE;
	layout = sub_buckets_of(lo_ns, hi_ns, t->sub_buckets);
	if (!layout)
		return -EINVAL;
	if (grow(t, histogram_index(lo_ns)))
		return -ENOMEM;
	/* A width of 1 ns from 256 ns on is of 3 digits, any other width of those that it fits. */
	if (hi_ns > lo_ns || lo_ns >= 256)
		t->sub_buckets = layout;
	t->n = sum;
	t->count[histogram_index(lo_ns)] += count;
	return 0;
}

/* The bucket behind an index of 3 digits: its smallest value and its width. */
static uint64_t smallest_of(const struct percentile_table *t, size_t index, uint64_t *width)
{
	unsigned layout = t->sub_buckets ? t->sub_buckets : 256;
	unsigned shift = index < HISTOGRAM_SUB_COUNT ? 0 : (unsigned)(index >> HISTOGRAM_HALF_BITS) - 1;
	uint64_t lo = (index - ((size_t)shift << HISTOGRAM_HALF_BITS)) << shift;

	*width = 1;
	while (lo / *width >= layout)
		*width *= 2;
	return lo;
}

static void mean_and_deviation(const struct percentile_table *t, double *mean, double *deviation)
{
	double sum = 0, squares = 0;
	uint64_t width;

	for (size_t i = 0; i < t->size; i++) {
		if (t->count[i])
			sum += (double)(smallest_of(t, i, &width) + width / 2) * (double)t->count[i];
	}
	*mean = sum / (double)t->n;
	for (size_t i = 0; i < t->size; i++) {
		double off;

		if (!t->count[i])
			continue;
		off = (double)(smallest_of(t, i, &width) + width / 2) - *mean;
		squares += off * off * (double)t->count[i];
	}
	*deviation = sqrt(squares / (double)t->n);
}

static double next_level(double level)
{
	double halvings = trunc(log2(100.0 / (100.0 - level))) + 1;

	return level + 100.0 / (LEVELS_PER_HALVING * exp2(halvings));
}

void percentile_table_print(const struct percentile_table *t, FILE *out, double divisor)
{
	int digits = t->sub_buckets == HISTOGRAM_SUB_COUNT ? 3 : 2;
	unsigned layout = digits == 3 ? HISTOGRAM_SUB_COUNT : 256;
	double level = 0, mean, deviation;
	uint64_t below = 0, value = 0, width;

	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
	for (size_t i = 0; i < t->size && below < t->n; i++) {
		if (!t->count[i])
			continue;
		below += t->count[i];
		value = smallest_of(t, i, &width) + width - 1;
		/* A bucket has a row for each level that it reaches; the last one goes on to the row of 100%. */
		while (level <= 100.0 * (double)below / (double)t->n) {
			fprintf(out, "%12.*f %2.12f %10" PRIu64 " %14.2f\n", digits, (double)value / divisor, level / 100, below,
				1 / (1 - level / 100));
			level = next_level(level);
			if (below == t->n)
				break;
		}
	}
	fprintf(out, "%12.*f %2.12f %10" PRIu64 "\n", digits, (double)value / divisor, 1.0, below);
	mean_and_deviation(t, &mean, &deviation);
	fprintf(out, "#[Mean    = %12.*f, StdDeviation   = %12.*f]\n", digits, mean / divisor, digits, deviation / divisor);
	fprintf(out, "#[Max     = %12.*f, Total count    = %12" PRIu64 "]\n", digits, (double)value / divisor, t->n);
	/* As many doublings as lead from that layout's first bucket to the largest time that storsync records. */
	fprintf(out, "#[Buckets = %12d, SubBuckets     = %12u]\n", 37 - __builtin_ctz(layout), layout);
}
