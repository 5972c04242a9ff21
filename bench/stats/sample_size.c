/* SPDX-License-Identifier: MIT */
/* How many more would decide; see sample_size.h. */
#include "bench/stats/sample_size.h"

#include <math.h>

#include "bench/stats/rank_null.h"
#include "bench/stats/signed_rank.h"

/* Halvings of a bracket of the normal quantile: beyond the precision of a double. */
#define HALVINGS	60
#define NORMAL_FAR	40.0

/* The z that a normal value exceeds, one way or the other, with the probability p. */
static double two_sided_z(double p)
{
	double lo = 0, hi = NORMAL_FAR;

	for (int i = 0; i < HALVINGS; i++) {
		double middle = (lo + hi) / 2;

		if (erfc(middle * M_SQRT1_2) > p)
			lo = middle;
		else
			hi = middle;
	}
	return (lo + hi) / 2;
}

/* As before, if it is the same p: most comparisons of a figure ask for the same ones. */
static double remembered_z(double p, unsigned place)
{
	static _Thread_local struct {
		double p, z;
	} last[2];

	if (last[place].p != p || last[place].z == 0) {
		last[place].p = p;
		last[place].z = two_sided_z(p);
	}
	return last[place].z;
}

/* The width then, as a share of the width now. */
static double narrowing(const struct sample_size_question *q, uint64_t more)
{
	double n = (double)q->n, m = (double)q->m, x = (double)more;

	if (q->paired)
		return sqrt(n / (n + x));
	return sqrt((1 / (n + x) + 1 / (m + x)) / (1 / n + 1 / m));
}

static bool attainable(const struct sample_size_question *q, uint64_t more)
{
	double p = q->paired ? signed_rank_least_p(q->n + more) : rank_least_p(q->n + more, q->m + more);

	return p * (double)q->tests <= q->alpha;
}

/* Both ends within the floor. */
static bool would_be_equivalent(const struct sample_size_question *q, uint64_t more)
{
	double share = narrowing(q, more);

	return q->estimate + share * (q->hi - q->estimate) <= q->floor && q->estimate - share * (q->estimate - q->lo) >= -q->floor;
}

/* errors: so many of the interval's half widths the estimate has to be away from 0. */
static bool would_be_shown(const struct sample_size_question *q, uint64_t more, double errors)
{
	double distance = fabs(q->estimate);
	double width = narrowing(q, more) * (q->estimate > 0 ? q->estimate - q->lo : q->hi - q->estimate);

	return distance - width > q->floor && distance >= errors * width && attainable(q, more);
}

static bool decided(const struct sample_size_question *q, uint64_t more, double errors)
{
	if (isinf(q->lo) || isinf(q->hi))
		return attainable(q, more);
	if (fabs(q->estimate) <= q->floor)
		return would_be_equivalent(q, more);
	return would_be_shown(q, more, errors);
}

struct sample_size_answer sample_size_more(const struct sample_size_question *q)
{
	struct sample_size_answer answer = { .only_attainable = isinf(q->lo) || isinf(q->hi) };
	size_t most = q->paired || q->n > q->m ? q->n : q->m;
	uint64_t lo = 1, hi;
	double errors;

	if (q->n == 0 || (!q->paired && q->m == 0) || most >= SAMPLE_SIZE_MAX)
		return answer;
	if (isnan(q->estimate) || isnan(q->lo) || isnan(q->hi) || isnan(q->floor))
		return answer;
	errors = remembered_z(q->alpha / (double)q->tests, 0) / remembered_z(1 - q->confidence, 1);
	hi = SAMPLE_SIZE_MAX - most;
	if (!decided(q, hi, errors))
		return answer;
	/* More never undecides it. */
	while (lo < hi) {
		uint64_t middle = (lo + hi) / 2;

		if (decided(q, middle, errors))
			hi = middle;
		else
			lo = middle + 1;
	}
	answer.more = hi;
	return answer;
}
