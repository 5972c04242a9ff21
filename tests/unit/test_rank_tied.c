/* SPDX-License-Identifier: MIT */
/* The distribution of rank sums with ties: against the one without, and against adding one value after the other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/stats/rank_null.h"
#include "bench/stats/rank_tied.h"

#define TOTAL_MAX	(2 * RANK_SAMPLES_MAX)
#define SUM_MAX		(2 * TOTAL_MAX * RANK_SAMPLES_MAX)

static uint64_t random_state = 2463534242u;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void assert_close(double got, double expected)
{
	if (!(fabs(got - expected) <= 1e-12 * fabs(expected)))
		fail_msg("got %.17g, expected %.17g", got, expected);
}

static void without_ties_it_is_the_distribution_of_u(void **state)
{
	size_t rank2[TOTAL_MAX];

	for (size_t i = 0; i < TOTAL_MAX; i++)
		rank2[i] = 2 * (i + 1);
	for (size_t n = 1; n <= RANK_SAMPLES_MAX; n += 7) {
		for (size_t m = 1; m <= RANK_SAMPLES_MAX; m += 7) {
			size_t top = n * m;

			/* The doubled rank sum is 2 u more than its least. */
			for (size_t u = 0; u <= top / 2; u += 1 + top / 9)
				assert_close(rank_tied_p(rank2, n + m, n, top - 2 * u), rank_null_p(n, m, u));
		}
	}
}

/* Mid-ranks of runs of equal values, of up to `longest`. */
static void random_ties(size_t *rank2, size_t total, size_t longest)
{
	for (size_t first = 0, end; first < total; first = end) {
		end = first + 1 + random_u64() % longest;
		if (end > total)
			end = total;
		for (size_t i = first; i < end; i++)
			rank2[i] = first + 1 + end;
	}
}

/* ways[k][s]: of the values so far, subsets of k with the sum s. */
static double by_adding_values(const size_t *rank2, size_t total, size_t subset, size_t distance)
{
	static unsigned __int128 ways[RANK_SAMPLES_MAX + 1][SUM_MAX + 1];
	size_t mean = subset * (total + 1);
	unsigned __int128 extreme = 0, all = 0;

	memset(ways, 0, sizeof(ways));
	ways[0][0] = 1;
	for (size_t i = 0; i < total; i++)
		for (size_t k = subset; k > 0; k--)
			for (size_t s = rank2[i]; s <= 2 * total * subset; s++)
				ways[k][s] += ways[k - 1][s - rank2[i]];
	for (size_t s = 0; s <= 2 * total * subset; s++) {
		all += ways[subset][s];
		if ((s > mean ? s - mean : mean - s) >= distance)
			extreme += ways[subset][s];
	}
	return (double)extreme / (double)all;
}

static void with_ties_it_is_what_adding_values_counts(void **state)
{
	static const struct {
		size_t n, m;
	} sizes[] = { { 1, 1 }, { 1, 9 }, { 3, 4 }, { 6, 6 }, { 5, 30 }, { 30, 5 }, { 12, 12 }, { 50, 50 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i].n, total = n + sizes[i].m, rank2[TOTAL_MAX];

		for (size_t longest = 1; longest <= (total < 50 ? 6 : 2); longest++) {
			random_ties(rank2, total, longest);
			for (size_t distance = 0; distance <= n * sizes[i].m; distance += 1 + n * sizes[i].m / 5)
				assert_close(rank_tied_p(rank2, total, n, distance), by_adding_values(rank2, total, n, distance));
		}
	}
}

static void values_that_are_all_alike_say_nothing(void **state)
{
	size_t rank2[8];

	for (size_t i = 0; i < 8; i++)
		rank2[i] = 9;
	assert_close(rank_tied_p(rank2, 8, 3, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_ties_it_is_the_distribution_of_u),
		cmocka_unit_test(with_ties_it_is_what_adding_values_counts),
		cmocka_unit_test(values_that_are_all_alike_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
