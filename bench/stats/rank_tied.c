/* SPDX-License-Identifier: MIT */
/* The distribution of a rank sum with ties; see rank_tied.h. */
#include "bench/stats/rank_tied.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/rank_test.h"

/*
 * Of ranks without ties across the middle, k of a half have sums that span at most 2 k (n - k); of all k that is n (n^2 - 1) / 3.
 * With a few such ties it is a little more.
 */
#define WAYS_AS_A_RULE	(RANK_SAMPLES_MAX * (RANK_SAMPLES_MAX * RANK_SAMPLES_MAX - 1) / 5 * 2)

#define LANES		4
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE		__attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/*
 * Half of the values, and how many of its subsets of k have which sum. The
 * sums of k start at their least, that of the first k values: ways[row[k] + s].
 */
struct half {
	const uint32_t *score; /* ascending */
	size_t n;
	size_t k_max;
	size_t k_made;         /* rows up to here are made, and those beyond mirror them */
	uint32_t prefix[RANK_SAMPLES_MAX + 1]; /* sum of the first so many */
	size_t row[RANK_SAMPLES_MAX + 2];
	double *more;          /* NULL: those that the caller gave are enough */
	double *ways;          /* at most (50 choose 25), less than 2^47: exact */
};

/* The sums of k of the first n span so much. */
static size_t span(const struct half *half, size_t n, size_t k)
{
	return half->prefix[n] - half->prefix[n - k] - half->prefix[k];
}

WIDE static void add_row(double *restrict with, const double *restrict without, size_t count)
{
	size_t s = 0;

	for (; s + LANES <= count; s += LANES)
		*(lanes *)(with + s) += *(const lanes *)(without + s);
	for (; s < count; s++)
		with[s] += without[s];
}

/* A row to be added to another, from its place `first` on. */
struct part {
	const double *without;
	size_t first, count;
};

static void add_part(double *with, const struct part *part, size_t first, size_t end)
{
	if (first < end)
		add_row(with + first, part->without + (first - part->first), end - first);
}

WIDE static void add_three_rows(double *restrict with, const double *a, const double *b, const double *c, size_t count)
{
	size_t s = 0;

	for (; s + LANES <= count; s += LANES)
		*(lanes *)(with + s) += *(const lanes *)(a + s) + *(const lanes *)(b + s) + *(const lanes *)(c + s);
	for (; s < count; s++)
		with[s] += a[s] + b[s] + c[s];
}

/* Where all three have something, `with` is read and written once. */
static void add_parts(double *with, const struct part part[3])
{
	size_t first = 0, end = SIZE_MAX;

	for (size_t i = 0; i < 3; i++) {
		first = part[i].first > first ? part[i].first : first;
		end = part[i].first + part[i].count < end ? part[i].first + part[i].count : end;
	}
	if (first >= end)
		first = end = SIZE_MAX;
	else
		add_three_rows(with + first, part[0].without + (first - part[0].first), part[1].without + (first - part[1].first),
			       part[2].without + (first - part[2].first), end - first);
	for (size_t i = 0; i < 3; i++) {
		size_t last = part[i].first + part[i].count;

		add_part(with, &part[i], part[i].first, first < last ? first : last);
		add_part(with, &part[i], end, last);
	}
}

/* Those of k - few of the first i values, with so much added. */
static struct part part_of(const struct half *half, size_t i, size_t k, size_t few, uint32_t score)
{
	if (k < few || k - few > i)
		return (struct part){ .first = 0 };
	return (struct part){
		half->ways + half->row[k - few], score + half->prefix[k - few] - half->prefix[k], span(half, i, k - few) + 1,
	};
}

/* Values i and i + 1 at once: neither, either, or both. */
static void add_two_values(struct half *half, size_t i)
{
	uint32_t one = half->score[i], other = half->score[i + 1];

	for (size_t k = i + 2 < half->k_made ? i + 2 : half->k_made; k > 0; k--) {
		const struct part part[3] = {
			part_of(half, i, k, 1, one), part_of(half, i, k, 1, other), part_of(half, i, k, 2, one + other),
		};

		add_parts(half->ways + half->row[k], part);
	}
}

static void add_value(struct half *half, size_t i)
{
	for (size_t k = i + 1 < half->k_made ? i + 1 : half->k_made; k > 0; k--) {
		const struct part part = part_of(half, i, k, 1, half->score[i]);

		add_part(half->ways + half->row[k], &part, part.first, part.first + part.count);
	}
}

WIDE static void copy_reversed(double *restrict to, const double *restrict end, size_t count)
{
	size_t s = 0;

	for (; s + LANES <= count; s += LANES) {
		lanes four = *(const lanes *)(end - s - LANES);

		*(lanes *)(to + s) = __builtin_shufflevector(four, four, 3, 2, 1, 0);
	}
	for (; s < count; s++)
		to[s] = end[-1 - (ptrdiff_t)s];
}

/* To choose k is to leave n - k: the same ways, from the other end. */
static void mirror_rows(struct half *half)
{
	for (size_t k = half->k_made + 1; k <= half->k_max; k++)
		copy_reversed(half->ways + half->row[k], half->ways + half->row[half->n - k + 1], half->row[k + 1] - half->row[k]);
}

/* In `ways`, of WAYS_AS_A_RULE, where that is enough; `more` is to be freed in any case. */
static int half_init(struct half *half, double *ways, const uint32_t *score, size_t n, size_t subset)
{
	half->score = score;
	half->n = n;
	half->k_max = n < subset ? n : subset;
	half->k_made = half->k_max < n / 2 ? half->k_max : n / 2;
	half->prefix[0] = 0;
	for (size_t i = 0; i < n; i++)
		half->prefix[i + 1] = half->prefix[i] + score[i];
	half->row[0] = 0;
	for (size_t k = 0; k <= half->k_max; k++)
		half->row[k + 1] = half->row[k] + span(half, n, k) + 1;
	half->more = half->row[half->k_max + 1] > WAYS_AS_A_RULE ? malloc(half->row[half->k_max + 1] * sizeof(*half->ways)) : NULL;
	half->ways = half->more ? half->more : ways;
	if (half->row[half->k_max + 1] > WAYS_AS_A_RULE && !half->more)
		return -1;
	memset(half->ways, 0, half->row[half->k_made + 1] * sizeof(*half->ways));
	half->ways[0] = 1;
	for (size_t i = 0; i + 2 <= n; i += 2)
		add_two_values(half, i);
	if (n % 2)
		add_value(half, n - 1);
	mirror_rows(half);
	return 0;
}

/* From now on ways[row[k] + s] counts the sums up to s. */
static void accumulate(struct half *half)
{
	for (size_t k = 0; k <= half->k_max; k++)
		for (size_t at = half->row[k] + 1; at < half->row[k + 1]; at++)
			half->ways[at] += half->ways[at - 1];
}

WIDE static double sum_of(const double *v, int64_t first, int64_t end)
{
	lanes sums = { 0 };
	double sum = 0;

	for (; first + LANES <= end; first += LANES)
		sums += *(const lanes *)(v + first);
	for (; first < end; first++)
		sum += v[first];
	return sum + (sums[0] + sums[1] + sums[2] + sums[3]);
}

/* Of s from first to end - 1, ways[s] * (none + sign * from[-s]): the difference is one of whole numbers, and exact. */
WIDE static double dot_reversed(const double *ways, const double *from, int64_t first, int64_t end, double none, double sign)
{
	lanes sums = { 0 };
	double sum = 0;

	for (; first + LANES <= end; first += LANES) {
		lanes rest = *(const lanes *)(from - first - (LANES - 1));

		rest = __builtin_shufflevector(rest, rest, 3, 2, 1, 0);
		sums += *(const lanes *)(ways + first) * (none + sign * rest);
	}
	for (; first < end; first++)
		sum += ways[first] * (none + sign * from[-first]);
	return sum + (sums[0] + sums[1] + sums[2] + sums[3]);
}

/* Sums of k in the lower half, and of the rest in the upper one, both from their least on. */
struct parts {
	const double *ways;
	int64_t width;       /* of ways[] */
	const double *up_to; /* accumulated, to [last] */
	int64_t last;
};

static int64_t within(int64_t value, int64_t lo, int64_t hi)
{
	return value < lo ? lo : value > hi ? hi : value;
}

/* Up to `most` in all: with the least of the lower half any of the upper, then ever fewer, then none. */
static double pairs_up_to(const struct parts *p, int64_t most)
{
	int64_t any = within(most - p->last + 1, 0, p->width), end = within(most + 1, any, p->width);

	return sum_of(p->ways, 0, any) * p->up_to[p->last] + dot_reversed(p->ways, p->up_to + most, any, end, 0, 1);
}

/* `least` or more: none, then ever more, then any. Not as a difference, which would lose a short tail. */
static double pairs_from(const struct parts *p, int64_t least)
{
	int64_t any = within(least, 0, p->width), first = within(least - p->last, 0, any);

	return sum_of(p->ways, any, p->width) * p->up_to[p->last] +
	       dot_reversed(p->ways, p->up_to + least - 1, first, any, p->up_to[p->last], -1);
}

/* Subsets with a sum of at most lo or at least hi, as a share of all. */
static double share_outside(const struct half *lower, const struct half *upper, size_t subset, int64_t lo, int64_t hi)
{
	double extreme = 0, all = 0;

	for (size_t k = 0; k <= lower->k_max; k++) {
		size_t rest = subset - k;
		struct parts parts;
		int64_t least;

		if (rest > upper->k_max)
			continue;
		parts = (struct parts){
			.ways = lower->ways + lower->row[k],
			.width = (int64_t)(lower->row[k + 1] - lower->row[k]),
			.up_to = upper->ways + upper->row[rest],
			.last = (int64_t)(upper->row[rest + 1] - upper->row[rest]) - 1,
		};
		least = (int64_t)lower->prefix[k] + upper->prefix[rest];
		all += pairs_up_to(&parts, parts.width + parts.last);
		extreme += pairs_up_to(&parts, lo - least) + pairs_from(&parts, hi - least);
	}
	return extreme / all;
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
	/* On the stack, since to be given memory and to give it back would take longer than all the rest. */
	double lower_ways[WAYS_AS_A_RULE], upper_ways[WAYS_AS_A_RULE];
	size_t middle = total / 2, step = 0;
	struct half lower = { .more = NULL }, upper = { .more = NULL };
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
	if (half_init(&lower, lower_ways, score, middle, subset) == 0 &&
	    half_init(&upper, upper_ways, score + middle, total - middle, subset) == 0) {
		int64_t below = mean - (int64_t)distance, width = (int64_t)step;

		accumulate(&upper);
		p = share_outside(&lower, &upper, subset, below < 0 ? -1 : below / width, (mean + (int64_t)distance + width - 1) / width);
	}
	free(lower.more);
	free(upper.more);
	return p;
}
