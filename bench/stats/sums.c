/* SPDX-License-Identifier: MIT */
/* Selection among sums; see sums.h. */
#include "bench/stats/sums.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "hba_sim/devices/service_time.h"

/* Up to here shifting values along is faster than calling a comparison. */
#define INSERTION_MAX	64

/* Of each row, the columns that may still hold what is looked for. */
struct staircase {
	uint32_t lo[SUMS_ROWS_MAX];
	uint32_t hi[SUMS_ROWS_MAX];
	size_t below; /* sums left of lo */
	size_t left;  /* sums from lo to hi */
};

/* Where a pivot cuts each row: sums less than it, and sums not greater. */
struct cut {
	uint32_t less[SUMS_ROWS_MAX];
	uint32_t not_greater[SUMS_ROWS_MAX];
	size_t n_less;
	size_t n_not_greater;
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sums_sort(double *v, size_t n)
{
	if (n > INSERTION_MAX) {
		qsort(v, n, sizeof(*v), ascending);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		double value = v[i];
		size_t at = i;

		for (; at > 0 && v[at - 1] > value; at--)
			v[at] = v[at - 1];
		v[at] = value;
	}
}

size_t sums_count(const struct sums *sums)
{
	return sums->pairs ? sums->n * (sums->n + 1) / 2 : sums->n * sums->m;
}

/* The middle of a row, each row as likely as it has sums left: always one that is left. */
static double pivot_of(const struct sums *sums, const struct staircase *s, uint64_t *random)
{
	size_t drawn = (size_t)(splitmix64(random) % s->left), i = 0;

	while (drawn >= s->hi[i] - s->lo[i]) {
		drawn -= s->hi[i] - s->lo[i];
		i++;
	}
	return sums->x[i] + sums->y[(s->lo[i] + s->hi[i]) / 2];
}

static void cut_rows(struct cut *cut, const struct sums *sums, const struct staircase *s, double pivot)
{
	size_t less = sums->m;

	cut->n_less = cut->n_not_greater = s->below;
	for (size_t i = 0; i < sums->n; i++) {
		size_t lo = s->lo[i], hi = s->hi[i], not_greater;

		/* The ends fall from row to row, but rows of pairs begin further right. */
		less = less > hi ? hi : less < lo ? lo : less;
		while (less > lo && sums->x[i] + sums->y[less - 1] >= pivot)
			less--;
		not_greater = less;
		while (not_greater < hi && sums->x[i] + sums->y[not_greater] == pivot)
			not_greater++;
		cut->less[i] = (uint32_t)less;
		cut->not_greater[i] = (uint32_t)not_greater;
		cut->n_less += less - lo;
		cut->n_not_greater += not_greater - lo;
	}
}

static void keep(struct staircase *s, const struct cut *cut, size_t n, bool left_part)
{
	size_t end = s->below + s->left;

	for (size_t i = 0; i < n; i++) {
		if (left_part)
			s->hi[i] = cut->less[i];
		else
			s->lo[i] = cut->not_greater[i];
	}
	if (left_part) {
		s->left = cut->n_less - s->below;
	} else {
		s->below = cut->n_not_greater;
		s->left = end - s->below;
	}
}

/* The least sum to the right of these ends; infinite when there is none. */
static double least_beyond(const struct sums *sums, const uint32_t *end)
{
	double least = INFINITY;

	for (size_t i = 0; i < sums->n; i++)
		if (end[i] < sums->m)
			least = fmin(least, sums->x[i] + sums->y[end[i]]);
	return least;
}

static void gather(const struct sums *sums, const struct staircase *s, double *sorted)
{
	size_t count = 0;

	for (size_t i = 0; i < sums->n; i++)
		for (size_t j = s->lo[i]; j < s->hi[i]; j++)
			sorted[count++] = sums->x[i] + sums->y[j];
	sums_sort(sorted, count);
}

/* The k-th and the one after it. */
static double find(const struct sums *sums, size_t k, double *next)
{
	uint64_t random = 1; /* any pivots lead to the same sum */
	double sorted[INSERTION_MAX];
	struct staircase s;
	struct cut cut;

	s.below = 0;
	s.left = sums_count(sums);
	for (size_t i = 0; i < sums->n; i++) {
		s.lo[i] = sums->pairs ? (uint32_t)i : 0;
		s.hi[i] = (uint32_t)sums->m;
	}
	while (s.left > INSERTION_MAX) {
		double pivot = pivot_of(sums, &s, &random);

		cut_rows(&cut, sums, &s, pivot);
		if (k >= cut.n_less && k < cut.n_not_greater) {
			*next = k + 1 < cut.n_not_greater ? pivot : least_beyond(sums, cut.not_greater);
			return pivot;
		}
		keep(&s, &cut, sums->n, k < cut.n_less);
	}
	gather(sums, &s, sorted);
	k -= s.below;
	*next = k + 1 < s.left ? sorted[k + 1] : least_beyond(sums, s.hi);
	return sorted[k];
}

double sums_select(const struct sums *sums, size_t k)
{
	double next;

	return find(sums, k, &next);
}

double sums_median(const struct sums *sums)
{
	size_t count = sums_count(sums);
	double high, low = find(sums, (count - 1) / 2, &high);

	return count % 2 ? low : (low + high) / 2;
}
