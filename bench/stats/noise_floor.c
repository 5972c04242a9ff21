/* SPDX-License-Identifier: MIT */
/* Split halves of the data; see noise_floor.h. */
#include "bench/stats/noise_floor.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/sums.h"
#include "hba_sim/devices/service_time.h"

#define PERCENTILE	0.95

/* One side while it is being split; place[i] is what half the i-th smallest value is in. */
enum place { LEFT_OUT, FIRST, SECOND };
struct side {
	const double *sorted;
	size_t n;
	size_t half;
	double scale;
	unsigned char *place;
	double *dealt; /* n of each place */
	size_t *order;
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

static double median_of(const double *sorted, size_t n)
{
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* What is dealt out in order is in order; no branch depends on where a value goes, since none could be foreseen. */
static void take_split(struct noise_floor *floor, const struct side *side)
{
	size_t dealt[] = { [LEFT_OUT] = 0, [FIRST] = side->n, [SECOND] = 2 * side->n };

	for (size_t i = 0; i < side->n; i++)
		side->dealt[dealt[side->place[i]]++] = side->sorted[i];
	floor->difference[floor->count++] = fabs(median_of(side->dealt + side->n, side->half) -
						 median_of(side->dealt + 2 * side->n, side->half)) / side->scale;
}

/* In every way: with the first value, choose its half - 1 companions. */
static void split_all_but(struct noise_floor *floor, const struct side *side, size_t left_out)
{
	size_t others = 2 * side->half - 1, companions = side->half - 1;
	uint64_t chosen = ((uint64_t)1 << companions) - 1;

	while (chosen < (uint64_t)1 << others) {
		uint64_t with_first = chosen << 1 | 1, lowest, above;
		size_t bit = 0;

		for (size_t i = 0; i < side->n; i++)
			side->place[i] = i == left_out ? LEFT_OUT : with_first >> bit++ & 1 ? FIRST : SECOND;
		take_split(floor, side);
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

static void split_at_random(struct noise_floor *floor, const struct side *side)
{
	uint64_t random = seed_of(side->sorted, side->n);

	for (size_t i = 0; i < side->n; i++)
		side->order[i] = i;
	for (size_t split = 0; split < floor->splits; split++) {
		memset(side->place, LEFT_OUT, side->n);
		for (size_t i = 0; i < 2 * side->half; i++) {
			size_t other = i + (size_t)(splitmix64(&random) % (side->n - i)), drawn = side->order[other];

			side->order[other] = side->order[i];
			side->order[i] = drawn;
			side->place[drawn] = i < side->half ? FIRST : SECOND;
		}
		take_split(floor, side);
	}
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

static int split(struct noise_floor *floor, struct side *side, const double *v)
{
	double *sorted = malloc(side->n * sizeof(*sorted));
	int result = -ENOMEM;

	side->place = malloc(side->n);
	side->order = malloc(side->n * sizeof(*side->order));
	side->dealt = malloc(3 * side->n * sizeof(*side->dealt));
	if (sorted && side->place && side->order && side->dealt) {
		memcpy(sorted, v, side->n * sizeof(*v));
		sums_sort(sorted, side->n);
		side->sorted = sorted;
		if (different_splits(side->n, side->half, (double)floor->splits) <= (double)floor->splits)
			split_in_every_way(floor, side);
		else
			split_at_random(floor, side);
		floor->sides++;
		result = 0;
	}
	free(side->dealt);
	free(side->order);
	free(side->place);
	free(sorted);
	return result;
}

int noise_floor_add(struct noise_floor *floor, const double *v, size_t n, enum noise_floor_values values)
{
	struct side side = { .n = n, .half = n / 2 };

	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return -EINVAL;
	if (n < NOISE_FLOOR_LEAST)
		return 0;
	if (reserve(floor))
		return -ENOMEM;
	side.scale = sqrt(median_variance(side.half) / median_variance(n) * (values == NOISE_FLOOR_PAIRED ? 2 : 1));
	return split(floor, &side, v);
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
