/* SPDX-License-Identifier: MIT */
/* The null distribution of U; see rank_null.h. */
#include "bench/stats/rank_null.h"

#include <math.h>
#include <string.h>

#define U_MAX	(RANK_SAMPLES_MAX * RANK_SAMPLES_MAX)

/*
 * ways[u]: how many of the (n + m choose n) orders of the pooled values have
 * U = u. The product over i <= n of (1 - q^(m + i)) / (1 - q^i), one factor
 * after the other: each partial product is a polynomial of whole numbers.
 */
static void count_orders(size_t n, size_t m, __int128 *ways)
{
	size_t top = n * m;

	memset(ways, 0, (top + 1) * sizeof(*ways));
	ways[0] = 1;
	for (size_t i = 1; i <= n; i++) {
		for (size_t u = top; u >= m + i; u--)
			ways[u] -= ways[u - m - i];
		for (size_t u = i; u <= top; u++)
			ways[u] += ways[u - i];
	}
}

double rank_null_level(size_t n, size_t m, double alpha, size_t *tail)
{
	__int128 ways[U_MAX + 1];
	__int128 all = 0, below = 0;

	*tail = 0;
	if (n == 0 || m == 0 || n > RANK_SAMPLES_MAX || m > RANK_SAMPLES_MAX || !(alpha > 0 && alpha < 1))
		return NAN;
	count_orders(n, m, ways);
	for (size_t u = 0; u <= n * m; u++)
		all += ways[u];
	while ((double)(2 * (below + ways[*tail])) / (double)all <= alpha)
		below += ways[(*tail)++];
	return (double)(2 * below) / (double)all;
}
