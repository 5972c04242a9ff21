/* SPDX-License-Identifier: MIT */
/* The signed-rank test and its estimate; see signed_rank.h. */
#include "bench/stats/signed_rank.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bench/stats/rank_normal.h"
#include "bench/stats/rank_test.h"
#include "bench/stats/signed_rank_null.h"
#include "bench/stats/sums.h"

/* All doubled mid-ranks of n values: n (n + 1). */
#define SUM2_MAX	(RANK_SAMPLES_MAX * (RANK_SAMPLES_MAX + 1))
#define LANES		4
typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t)), aligned(sizeof(uint64_t)), may_alias));

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE		__attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
/* As in hodges_lehmann.c: 1 - 0.9 is a little less than 0.1. */
#define ROUNDING	1e-12

/* What the test depends on. */
struct signed_ranking {
	size_t n;                       /* differences that are not zero */
	size_t zeros;
	size_t rank2[RANK_SAMPLES_MAX]; /* twice their mid-ranks, ascending; of the exact test only */
	size_t sum2;                    /* of these */
	size_t positive2;               /* of the positive ones' */
	double ties;                    /* sum of t^3 - t, of t equal ones each */
};

static bool any_nan(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(v[i]))
			return true;
	return false;
}

static void rank_absolute(struct signed_ranking *r, const double *d, size_t n)
{
	double negative[RANK_VALUES_MAX], positive[RANK_VALUES_MAX];
	size_t minus = 0, plus = 0, i = 0, j = 0;

	/* Either in the order in which both rise if d does. */
	for (size_t k = 0; k < n; k++) {
		if (d[k] > 0)
			positive[plus++] = d[k];
		if (d[n - 1 - k] < 0)
			negative[minus++] = -d[n - 1 - k];
	}
	sums_sort(negative, minus);
	sums_sort(positive, plus);
	*r = (struct signed_ranking){ .n = minus + plus, .zeros = n - minus - plus };
	while (i + j < r->n) {
		double value = j == plus || (i < minus && negative[i] <= positive[j]) ? negative[i] : positive[j];
		size_t at = i + j, first = j, rank2;
		double tied;

		while (i < minus && negative[i] == value)
			i++;
		while (j < plus && positive[j] == value)
			j++;
		/* The zeros have the lowest ranks; these are at + 1 to i + j above them, and their mean is doubled. */
		rank2 = 2 * r->zeros + at + 1 + i + j;
		for (size_t k = at; k < i + j && k < RANK_SAMPLES_MAX; k++)
			r->rank2[k] = rank2;
		r->sum2 += (i + j - at) * rank2;
		r->positive2 += (j - first) * rank2;
		tied = (double)(i + j - at);
		r->ties += tied * tied * tied - tied;
	}
}

/* From the last one on, so that none is added twice; those of a few are read before any is written. */
WIDE static void add_shifted(uint64_t *ways, size_t shift, size_t last)
{
	size_t end = last + 1;

	for (; end >= shift + LANES; end -= LANES)
		*(lanes *)(ways + end - LANES) += *(const lanes *)(ways + end - LANES - shift);
	for (; end > shift; end--)
		ways[end - 1] += ways[end - 1 - shift];
}

/* Of the 2^n ways to choose the positive ones, the share with a sum of at most `last`. */
static double share_up_to(const struct signed_ranking *r, size_t last)
{
	uint64_t ways[SUM2_MAX / 2 + 1] = { 1 }, below = 0;
	size_t reach = 0;

	for (size_t i = 0; i < r->n; i++) {
		reach = reach + r->rank2[i] < last ? reach + r->rank2[i] : last;
		add_shifted(ways, r->rank2[i], reach);
	}
	for (size_t s = 0; s <= last; s++)
		below += ways[s];
	return ldexp((double)below, -(int)r->n);
}

double signed_rank_test(const double *d, size_t n)
{
	struct signed_ranking r;
	size_t smaller2;

	if (n == 0 || n > RANK_VALUES_MAX || any_nan(d, n))
		return NAN;
	rank_absolute(&r, d, n);
	if (!rank_is_exact(n, n))
		return signed_rank_normal_p(n, r.zeros, (double)r.positive2 / 2, r.ties);
	if (r.zeros == 0 && r.ties == 0)
		return signed_rank_null_p(n, r.positive2 / 2);
	smaller2 = r.positive2 < r.sum2 - r.positive2 ? r.positive2 : r.sum2 - r.positive2;
	/* Turning all signs over turns the sum over: the upper tail is as large as the lower one. */
	return 2 * smaller2 == r.sum2 ? 1 : 2 * share_up_to(&r, smaller2);
}

int signed_rank_estimate(const double *d, size_t n, double confidence, struct shift_estimate *estimate)
{
	double half[RANK_VALUES_MAX];
	struct sums averages = { .x = half, .n = n, .y = half, .m = n, .pairs = true };
	size_t tail;
	double level;

	if (n == 0 || n > RANK_VALUES_MAX || !(confidence > 0 && confidence < 1))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(d[i]))
			return -EINVAL;
		half[i] = d[i] / 2;
	}
	level = 1 - confidence + ROUNDING;
	level = rank_is_exact(n, n) ? signed_rank_null_level(n, level, &tail) : signed_rank_normal_level(n, level, &tail);
	if (isnan(level))
		return -ENOMEM;
	sums_sort(half, n);
	*estimate = (struct shift_estimate){ .n = n, .m = n, .confidence = 1 - level };
	sums_median_and_ends(&averages, tail, &estimate->shift, &estimate->lo, &estimate->hi);
	return 0;
}

double signed_rank_least_p(size_t n)
{
	return n ? ldexp(1, n < 2000 ? 1 - (int)n : -2000) : NAN;
}
