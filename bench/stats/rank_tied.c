/* SPDX-License-Identifier: MIT */
/* The distribution of a rank sum with ties; see rank_tied.h. */
#include "bench/stats/rank_tied.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "bench/stats/rank_test.h"

/*
 * Half of the values, and how many of its subsets of k have which sum. The
 * sums of k start at their least, that of the first k values: ways[row[k] + s].
 */
struct half {
	const uint32_t *score; /* ascending */
	size_t n;
	size_t k_max;
	uint32_t prefix[RANK_SAMPLES_MAX + 1]; /* sum of the first so many */
	size_t row[RANK_SAMPLES_MAX + 2];
	uint64_t *ways;        /* at most (50 choose 25), less than 2^47 */
};

/* The sums of k of the first n span so much. */
static size_t span(const struct half *half, size_t n, size_t k)
{
	return half->prefix[n] - half->prefix[n - k] - half->prefix[k];
}

static void add_value(struct half *half, size_t i)
{
	for (size_t k = i + 1 < half->k_max ? i + 1 : half->k_max; k > 0; k--) {
		const uint64_t *restrict without = half->ways + half->row[k - 1];
		uint64_t *restrict with = half->ways + half->row[k] + (half->score[i] - half->score[k - 1]);
		size_t end = span(half, i, k - 1);

		for (size_t s = 0; s <= end; s++)
			with[s] += without[s];
	}
}

static int half_init(struct half *half, const uint32_t *score, size_t n, size_t subset)
{
	half->score = score;
	half->n = n;
	half->k_max = n < subset ? n : subset;
	half->prefix[0] = 0;
	for (size_t i = 0; i < n; i++)
		half->prefix[i + 1] = half->prefix[i] + score[i];
	half->row[0] = 0;
	for (size_t k = 0; k <= half->k_max; k++)
		half->row[k + 1] = half->row[k] + span(half, n, k) + 1;
	half->ways = calloc(half->row[half->k_max + 1], sizeof(*half->ways));
	if (!half->ways)
		return -1;
	half->ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		add_value(half, i);
	return 0;
}

/* From now on ways[row[k] + s] counts the sums up to s. */
static void accumulate(struct half *half)
{
	for (size_t k = 0; k <= half->k_max; k++)
		for (size_t at = half->row[k] + 1; at < half->row[k + 1]; at++)
			half->ways[at] += half->ways[at - 1];
}

static uint64_t up_to(const struct half *half, size_t k, int64_t s)
{
	int64_t last = (int64_t)(half->row[k + 1] - half->row[k]) - 1;

	return s < 0 ? 0 : half->ways[half->row[k] + (size_t)(s < last ? s : last)];
}

/* Subsets with a sum of at most lo or at least hi, as a share of all. */
static double share_outside(const struct half *lower, const struct half *upper, size_t subset, int64_t lo, int64_t hi)
{
	unsigned __int128 extreme = 0, all = 0;

	for (size_t k = 0; k <= lower->k_max; k++) {
		size_t rest = subset - k;
		size_t width = lower->row[k + 1] - lower->row[k];
		uint64_t rests;
		int64_t least;

		if (rest > upper->k_max)
			continue;
		rests = up_to(upper, rest, INT64_MAX);
		least = (int64_t)lower->prefix[k] + upper->prefix[rest];
		for (size_t s = 0; s < width; s++) {
			uint64_t ways = lower->ways[lower->row[k] + s];
			int64_t sum = least + (int64_t)s;

			all += (unsigned __int128)ways * rests;
			extreme += (unsigned __int128)ways * (up_to(upper, rest, lo - sum) + rests - up_to(upper, rest, hi - 1 - sum));
		}
	}
	return (double)extreme / (double)all;
}

static size_t common_divisor(size_t a, size_t b)
{
	while (b) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

double rank_tied_p(const size_t *rank2, size_t total, size_t subset, size_t distance)
{
	uint32_t score[2 * RANK_SAMPLES_MAX];
	size_t middle = total / 2, step = 0;
	struct half lower = { 0 }, upper = { 0 };
	int64_t mean;
	double p = NAN;

	for (size_t i = 1; i < total; i++)
		step = common_divisor(step, rank2[i] - rank2[0]);
	if (distance == 0 || step == 0)
		return distance == 0;
	/* Shorter sums of the same order: each rank less the least, by what all have in common. */
	for (size_t i = 0; i < total; i++)
		score[i] = (uint32_t)((rank2[i] - rank2[0]) / step);
	/* Doubled ranks average total + 1, whatever the ties; this is never negative. */
	mean = (int64_t)(subset * (total + 1 - rank2[0]));
	if (half_init(&lower, score, middle, subset) == 0 && half_init(&upper, score + middle, total - middle, subset) == 0) {
		int64_t below = mean - (int64_t)distance, width = (int64_t)step;

		accumulate(&upper);
		p = share_outside(&lower, &upper, subset, below < 0 ? -1 : below / width, (mean + (int64_t)distance + width - 1) / width);
	}
	free(lower.ways);
	free(upper.ways);
	return p;
}
