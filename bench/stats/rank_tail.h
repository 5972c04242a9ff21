/* SPDX-License-Identifier: MIT */
/* What the tables of rank_null.c and signed_rank_null.c are asked alike. */
#ifndef STORSYNC_BENCH_STATS_RANK_TAIL_H
#define STORSYNC_BENCH_STATS_RANK_TAIL_H

#include <math.h>
#include <stddef.h>

/*
 * Of two-sided p values that rise, up to 1 or nearly so: how many are at most alpha, and the last of these, 0 if none is. NaN, and a
 * tail of 0, without a table or for an alpha that is not between 0 and 1.
 */
static inline double rank_tail_level(const double *p, size_t count, double alpha, size_t *tail)
{
	size_t lo = 0, hi = count;

	*tail = 0;
	if (!p || !(alpha > 0 && alpha < 1))
		return NAN;
	while (lo < hi) {
		size_t middle = (lo + hi) / 2;

		if (p[middle] <= alpha)
			lo = middle + 1;
		else
			hi = middle;
	}
	*tail = lo;
	return lo ? p[lo - 1] : 0;
}

#endif
