/* SPDX-License-Identifier: MIT */
/* Split halves of the data; see noise_floor.h. */
#include "bench/stats/noise_floor.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/sums.h"
#include "hba_sim/devices/service_time.h"

#define PERCENTILE	0.95
/* So many values of a side are a set of 64 bits. */
#define FEW		64

/* One side while it is being split. */
struct side {
	const double *sorted;
	size_t n;
	size_t half;
	double scale;
	uint32_t *order; /* random splits: the values' places, as they were dealt last */
	double *dealt;  /* n, and only beyond FEW */
};

void noise_floor_init(struct noise_floor *floor, size_t splits)
{
	*floor = (struct noise_floor){ .splits = splits };
}

void noise_floor_fini(struct noise_floor *floor)
{
	free(floor->difference);
	*floor = (struct noise_floor){ 0 };
}

/*
 * Variance of the median of n normal values, of variance 1. pi / (2 n) in the
 * limit; the terms in 1 / n are fitted to the exact ones, which they miss by less
 * than 0.5% from n = 2 on. Even and odd differ, since an even number averages two.
 */
static double median_variance(size_t n)
{
	double count = (double)n;

	return M_PI / (2 * count + (n % 2 ? 0.87 + 0.4 / count : 2.84 - 1.2 / count));
}

/* How many different pairs of halves there are, or more than `limit`. */
static double different_splits(size_t n, size_t half, double limit)
{
	double ways = n % 2 ? (double)n : 1;

	for (size_t i = 1; i <= half && ways <= 4 * limit; i++)
		ways = ways * (double)(half + i) / (double)i;
	return ways / 2;
}

static void take_split(struct noise_floor *floor, const struct side *side, double first, double second)
{
	floor->difference[floor->count++] = fabs(first - second) / side->scale;
}

/* Of the values whose bits are set: no branch depends on which, since none could be foreseen. */
static double median_of_set(const double *sorted, uint64_t set, size_t count)
{
	double low;

	for (size_t i = 0; i < (count - 1) / 2; i++)
		set &= set - 1;
	low = sorted[__builtin_ctzll(set)];
	if (count % 2 == 0)
		set &= set - 1;
	return (low + sorted[__builtin_ctzll(set)]) / 2;
}

static void take_sets(struct noise_floor *floor, const struct side *side, uint64_t first, uint64_t second)
{
	take_split(floor, side, median_of_set(side->sorted, first, side->half), median_of_set(side->sorted, second, side->half));
}

/* In every way: with the first value, choose its half - 1 companions.  There are few ways, and so few values. */
static void split_all_but(struct noise_floor *floor, const struct side *side, size_t left_out)
{
	size_t others = 2 * side->half - 1, companions = side->half - 1;
	uint64_t chosen = ((uint64_t)1 << companions) - 1, all = ((uint64_t)1 << (others + 1)) - 1;
	uint64_t before = ((uint64_t)1 << left_out) - 1;

	while (chosen < (uint64_t)1 << others) {
		uint64_t first = chosen << 1 | 1, second = all & ~first, lowest, above;

		take_sets(floor, side, (first & before) | (first & ~before) << 1, (second & before) | (second & ~before) << 1);
		/* The next greater number with as many ones (M. Beeler et al., HAKMEM, item 175). */
		lowest = chosen & -chosen;
		above = chosen + lowest;
		chosen = above | ((chosen ^ above) >> 2) / lowest;
	}
}

static void split_in_every_way(struct noise_floor *floor, const struct side *side)
{
	if (side->n % 2 == 0) {
		split_all_but(floor, side, side->n);
		return;
	}
	for (size_t i = 0; i < side->n; i++)
		split_all_but(floor, side, i);
}

static uint64_t seed_of(const double *sorted, size_t n)
{
	uint64_t seed = n;

	for (size_t i = 0; i < n; i++) {
		uint64_t bits;

		memcpy(&bits, &sorted[i], sizeof(bits));
		bits ^= seed;
		seed = splitmix64(&bits);
	}
	return seed;
}

#define INVERSE(d)	UINT64_MAX / (d)
#define INVERSES_4(d)	INVERSE(d), INVERSE(d + 1), INVERSE(d + 2), INVERSE(d + 3)
#define INVERSES_16(d)	INVERSES_4(d), INVERSES_4(d + 4), INVERSES_4(d + 8), INVERSES_4(d + 12)

/* number % divisor: with its inverse, rounded down, the quotient is right or one too small (H. S. Warren, "Hacker's Delight"). */
static inline size_t remainder_of(uint64_t number, size_t divisor)
{
	static const uint64_t inverse[FEW + 1] = { 0, INVERSES_16(1), INVERSES_16(17), INVERSES_16(33), INVERSES_16(49) };
	uint64_t rest;

	if (divisor > FEW)
		return (size_t)(number % divisor);
	rest = number - (uint64_t)((unsigned __int128)number * inverse[divisor] >> 64) * divisor;
	return (size_t)(rest < divisor ? rest : rest - divisor);
}

/* Of n places one that is not dealt yet, from `at` on. */
static inline size_t draw(size_t n, size_t at, uint64_t *random)
{
	return at + remainder_of(splitmix64(random), n - at);
}

/* What is at `other` is the next one, to place `at` of the order. */
static inline uint32_t deal_one(uint32_t *order, size_t at, size_t other)
{
	uint32_t drawn = order[other];

	order[other] = order[at];
	order[at] = drawn;
	return drawn;
}

static uint64_t deal_sets(struct noise_floor *floor, const struct side *side, uint64_t random)
{
	uint32_t *order = side->order;
	size_t n = side->n, half = side->half;
	uint64_t first = 0, second = UINT64_MAX >> (FEW - n);
	size_t drawn[FEW / 2 + 1];

	/* All are drawn before any is dealt: a processor that knows where it will write need not guess what it may read meanwhile. */
	for (size_t i = 0; i < half + n % 2; i++)
		drawn[i] = draw(n, i, &random);
	for (size_t i = 0; i < half; i++)
		first |= (uint64_t)1 << deal_one(order, i, drawn[i]);
	/* Of an odd number one is left out; what is left then is the other half. */
	if (n % 2)
		second ^= (uint64_t)1 << deal_one(order, half, drawn[half]);
	take_sets(floor, side, first, second & ~first);
	return random;
}

static double median_of_any(double *v, size_t n)
{
	double next, low = sums_kth(v, n, (n - 1) / 2, &next);

	return (low + (n % 2 ? low : next)) / 2;
}

static uint64_t deal_many(struct noise_floor *floor, const struct side *side, uint64_t random)
{
	double first;

	for (size_t i = 0; i < 2 * side->half; i++)
		side->dealt[i] = side->sorted[deal_one(side->order, i, draw(side->n, i, &random))];
	first = median_of_any(side->dealt, side->half);
	take_split(floor, side, first, median_of_any(side->dealt + side->half, side->half));
	return random;
}

static void split_at_random(struct noise_floor *floor, const struct side *side)
{
	uint64_t random = seed_of(side->sorted, side->n);

	for (size_t i = 0; i < side->n; i++)
		side->order[i] = (uint32_t)i;
	for (size_t split = 0; split < floor->splits; split++)
		random = side->n <= FEW ? deal_sets(floor, side, random) : deal_many(floor, side, random);
}

/* Makes room for one more side. */
static int reserve(struct noise_floor *floor)
{
	size_t room = 2 * floor->room + floor->splits;
	double *larger;

	if (floor->room - floor->count >= floor->splits)
		return 0;
	larger = realloc(floor->difference, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	floor->difference = larger;
	floor->room = room;
	return 0;
}

static void split(struct noise_floor *floor, struct side *side, const double *v, double *sorted)
{
	memcpy(sorted, v, side->n * sizeof(*v));
	sums_sort(sorted, side->n);
	side->sorted = sorted;
	if (different_splits(side->n, side->half, (double)floor->splits) <= (double)floor->splits)
		split_in_every_way(floor, side);
	else
		split_at_random(floor, side);
	floor->sides++;
}

static int split_many(struct noise_floor *floor, struct side *side, const double *v)
{
	double *sorted = malloc(side->n * sizeof(*sorted));

	side->order = malloc(side->n * sizeof(*side->order));
	side->dealt = malloc(side->n * sizeof(*side->dealt));
	if (sorted && side->order && side->dealt)
		split(floor, side, v, sorted);
	free(side->dealt);
	free(side->order);
	free(sorted);
	return sorted && side->order && side->dealt ? 0 : -ENOMEM;
}

int noise_floor_add(struct noise_floor *floor, const double *v, size_t n, enum noise_floor_values values)
{
	struct side side = { .n = n, .half = n / 2 };
	double sorted[FEW];
	uint32_t order[FEW];

	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return -EINVAL;
	if (n < NOISE_FLOOR_LEAST)
		return 0;
	if (reserve(floor))
		return -ENOMEM;
	side.scale = sqrt(median_variance(side.half) / median_variance(n) * (values == NOISE_FLOOR_PAIRED ? 2 : 1));
	if (n > FEW)
		return split_many(floor, &side, v);
	side.order = order;
	split(floor, &side, v, sorted);
	return 0;
}

double noise_floor_share(struct noise_floor *floor)
{
	double at, below, next;
	size_t last;

	if (floor->count == 0)
		return NAN;
	at = PERCENTILE * (double)(floor->count - 1);
	last = (size_t)at;
	below = sums_kth(floor->difference, floor->count, last, &next);
	if (last + 1 < floor->count)
		below += (at - (double)last) * (next - below);
	return expm1(below);
}
