/* SPDX-License-Identifier: MIT */
/* The null distribution of the signed-rank sum; see signed_rank_null.h. */
#include "bench/stats/signed_rank_null.h"

#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "bench/stats/rank_tail.h"

#define W_MAX	(RANK_SAMPLES_MAX * (RANK_SAMPLES_MAX + 1) / 2)

/* Once they were asked for: the two-sided p value of each sum up to half of the largest. */
static _Atomic(double *) known[RANK_SAMPLES_MAX + 1];

static double *p_values(size_t n)
{
	size_t top = n * (n + 1) / 2, middle = top / 2;
	double *p = malloc((middle + 1) * sizeof(*p));
	uint64_t ways[W_MAX + 1] = { 1 }, below = 0;

	if (!p)
		return NULL;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t w = middle; w >= rank; w--)
			ways[w] += ways[w - rank];
	for (size_t w = 0; w <= middle; w++) {
		below += ways[w];
		p[w] = 2 * w == top ? 1 : ldexp((double)below, 1 - (int)n);
	}
	return p;
}

/* Never freed: there are few, and every comparison asks for the same ones. */
static const double *look_up(size_t n)
{
	double *p, *theirs = NULL;

	if (n == 0 || n > RANK_SAMPLES_MAX)
		return NULL;
	/*
	 * ORD signed_rank_null:A acquire, pairs with signed_rank_null:B:
	 * whoever sees the table sees what is in it.
	 */
	p = atomic_load_explicit(&known[n], memory_order_acquire);
	if (p)
		return p;
	p = p_values(n);
	if (!p)
		return NULL;
	/*
	 * ORD signed_rank_null:B acq_rel, pairs with signed_rank_null:A:
	 * the table is complete before it is seen; acquire, because another thread's may be there first.
	 */
	if (atomic_compare_exchange_strong_explicit(&known[n], &theirs, p, memory_order_acq_rel, memory_order_acquire))
		return p;
	free(p);
	return theirs;
}

double signed_rank_null_p(size_t n, size_t w)
{
	const double *p = look_up(n);
	size_t top = n * (n + 1) / 2;

	if (!p || w > top)
		return NAN;
	return p[w < top - w ? w : top - w];
}

double signed_rank_null_level(size_t n, double alpha, size_t *tail)
{
	const double *p = look_up(n);

	return rank_tail_level(p, n * (n + 1) / 4 + 1, alpha, tail);
}
