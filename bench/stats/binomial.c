/* SPDX-License-Identifier: MIT */
/* Exact binomial probabilities; see binomial.h. */
#include "bench/stats/binomial.h"

#include <math.h>

/* Halvings of [0, 1]: beyond the precision of a double. */
#define HALVINGS 60

static double exactly(uint64_t k, uint64_t n, double p)
{
	double log_ways = lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);

	if (p <= 0)
		return k == 0;
	if (p >= 1)
		return k == n;
	return exp(log_ways + (double)k * log(p) + (double)(n - k) * log1p(-p));
}

double binomial_at_least(uint64_t k, uint64_t n, double p)
{
	double sum = 0;

	for (uint64_t i = k; i <= n; i++)
		sum += exactly(i, n, p);
	return fmin(1, sum);
}

/* The p at which P(X >= k) is `probability`; it grows with p. */
static double solve(uint64_t k, uint64_t n, double probability)
{
	double lo = 0, hi = 1;

	for (int i = 0; i < HALVINGS; i++) {
		double middle = (lo + hi) / 2;

		if (binomial_at_least(k, n, middle) < probability)
			lo = middle;
		else
			hi = middle;
	}
	return (lo + hi) / 2;
}

void binomial_interval(uint64_t k, uint64_t n, double confidence, double *lo, double *hi)
{
	double outside = (1 - confidence) / 2;

	*lo = k == 0 ? 0 : solve(k, n, outside);
	*hi = k >= n ? 1 : solve(k + 1, n, 1 - outside);
}
