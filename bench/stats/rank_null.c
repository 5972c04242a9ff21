/* SPDX-License-Identifier: MIT */
/* The null distribution of U; see rank_null.h. */
#include "bench/stats/rank_null.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/rank_tail.h"

#define U_MAX	(RANK_SAMPLES_MAX * RANK_SAMPLES_MAX)

/* For n <= m, once they were asked for: the two-sided p value of each u up to n * m / 2. */
static _Atomic(double *) known[RANK_SAMPLES_MAX + 1][RANK_SAMPLES_MAX + 1];

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

static double *p_values(size_t n, size_t m)
{
	size_t top = n * m, middle = top / 2;
	double *p = malloc((middle + 1) * sizeof(*p));
	__int128 ways[U_MAX + 1];
	__int128 all = 0, below = 0;

	if (!p)
		return NULL;
	count_orders(n, m, ways);
	for (size_t u = 0; u <= top; u++)
		all += ways[u];
	for (size_t u = 0; u <= middle; u++) {
		below += ways[u];
		p[u] = 2 * u == top ? 1 : (double)(2 * below) / (double)all;
	}
	return p;
}

/* Never freed: there are few, and every comparison asks for the same ones. */
static const double *look_up(size_t n, size_t m)
{
	_Atomic(double *) *place;
	double *p, *theirs = NULL;

	if (n > m)
		return look_up(m, n);
	if (n == 0 || m > RANK_SAMPLES_MAX)
		return NULL;
	place = &known[n][m];
	/*
	 * ORD rank_null:A acquire, pairs with rank_null:B:
	 * whoever sees the table sees what is in it.
	 */
	p = atomic_load_explicit(place, memory_order_acquire);
	if (p)
		return p;
	p = p_values(n, m);
	if (!p)
		return NULL;
	/*
	 * ORD rank_null:B acq_rel, pairs with rank_null:A:
	 * the table is complete before it is seen; acquire, because another thread's may be there first.
	 */
	if (atomic_compare_exchange_strong_explicit(place, &theirs, p, memory_order_acq_rel, memory_order_acquire))
		return p;
	free(p);
	return theirs;
}

double rank_null_p(size_t n, size_t m, size_t u)
{
	const double *p = look_up(n, m);

	if (!p || u > n * m)
		return NAN;
	return p[u < n * m - u ? u : n * m - u];
}

double rank_null_level(size_t n, size_t m, double alpha, size_t *tail)
{
	const double *p = look_up(n, m);

	return rank_tail_level(p, n * m / 2 + 1, alpha, tail);
}

double rank_least_p(size_t n, size_t m)
{
	double ways = 1;

	if (n == 0 || m == 0)
		return NAN;
	/* Each partial product is a binomial coefficient, and so a whole number. */
	for (size_t i = 1; i <= n; i++)
		ways = ways * (double)(m + i) / (double)i;
	return 2 / ways;
}
