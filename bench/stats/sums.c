/* SPDX-License-Identifier: MIT */
/* Selection among sums; see sums.h. */
#include "bench/stats/sums.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "hba_sim/devices/service_time.h"

/* Up to here a network is faster than calling a comparison. */
#define NETWORK_MAX	128
/* So few sums are formed and sorted. */
#define FEW		64
/* Pivots that are guessed, before random ones make sure that there is an end. */
#define GUESSES		4

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

static void order(double *a, double *b)
{
	double x = *a, y = *b;

	*a = y < x ? y : x;
	*b = y < x ? x : y;
}

/* Batcher's merging: which values are compared does not depend on them, so that no branch is guessed wrong. */
static void merge_exchange(double *v, size_t n)
{
	for (size_t sorted = 1; sorted < n; sorted *= 2) {
		for (size_t step = sorted; step > 0; step /= 2) {
			for (size_t j = step % sorted; j + step < n; j += 2 * step) {
				size_t end = step < n - j - step ? j + step : n - step;

				/* They are of two pairs of sorted runs. */
				if ((j ^ (j + step)) >= 2 * sorted)
					continue;
				for (size_t i = j; i < end; i++)
					order(&v[i], &v[i + step]);
			}
		}
	}
}

void sums_sort(double *v, size_t n)
{
	size_t rising = 1;

	while (rising < n && v[rising - 1] <= v[rising])
		rising++;
	if (rising >= n)
		return;
	if (n > NETWORK_MAX)
		qsort(v, n, sizeof(*v), ascending);
	else
		merge_exchange(v, n);
}

double sums_kth(double *v, size_t n, size_t k, double *next)
{
	size_t first = 0, last = n - 1;

	while (first < last) {
		double pivot = v[first + (last - first) / 2];
		size_t i = first, j = last;

		for (;;) {
			double swapped;

			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			swapped = v[i];
			v[i++] = v[j];
			v[j--] = swapped;
		}
		/* Up to j none is greater than the pivot, from j + 1 on none is less. */
		if (k <= j)
			last = j;
		else
			first = j + 1;
	}
	*next = INFINITY;
	for (size_t i = k + 1; i < n; i++)
		*next = v[i] < *next ? v[i] : *next;
	return v[k];
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

static void gather(const struct sums *sums, const struct staircase *s, double *gathered)
{
	size_t count = 0;

	for (size_t i = 0; i < sums->n; i++)
		for (size_t j = s->lo[i]; j < s->hi[i]; j++)
			gathered[count++] = sums->x[i] + sums->y[j];
}

static double odds(double part, double all)
{
	return log((part + 0.5) / (all - part + 0.5));
}

/* About how far apart the sums are, as the scale of a logistic distribution; 0 or NaN: cannot be told. */
static double scale_of(const struct sums *sums)
{
	double x = sums->x[3 * sums->n / 4] - sums->x[sums->n / 4], y = sums->y[3 * sums->m / 4] - sums->y[sums->m / 4];

	/* The quartiles of a normal value are 1.349 apart, and pi / sqrt(3) makes a logistic one of its sd. */
	return sqrt(x * x + y * y) / 1.349 * 0.5513;
}

/* Where the k-th may be: sums of as many standard deviations are sums of values of 1 / sqrt(2) as many. */
static double first_guess(const struct sums *sums, size_t k)
{
	double share = 1 / (1 + exp(-odds((double)k, (double)sums_count(sums)) * M_SQRT1_2));

	return sums->x[(size_t)(share * (double)(sums->n - 1) + 0.5)] + sums->y[(size_t)(share * (double)(sums->m - 1) + 0.5)];
}

/* From a pivot and its place to one that is a few places beyond k. */
static double next_guess(const struct sums *sums, size_t k, double pivot, size_t place)
{
	double all = (double)sums_count(sums), beyond = (double)k;

	beyond += place < k ? FEW / 3 : -FEW / 3;
	beyond = fmin(fmax(beyond, 0), all);
	return pivot + scale_of(sums) * (odds(beyond, all) - odds((double)place, all));
}

/* The k-th and the one after it. */
static double find(const struct sums *sums, size_t k, double *next)
{
	uint64_t random = 1; /* any pivots lead to the same sum */
	double pivot = NAN;
	int guesses = 0;
	double gathered[FEW];
	struct staircase s;
	struct cut cut;

	s.below = 0;
	s.left = sums_count(sums);
	for (size_t i = 0; i < sums->n; i++) {
		s.lo[i] = sums->pairs ? (uint32_t)i : 0;
		s.hi[i] = (uint32_t)sums->m;
	}
	while (s.left > FEW) {
		if (guesses++ == 0)
			pivot = first_guess(sums, k);
		else if (guesses <= GUESSES)
			pivot = next_guess(sums, k, pivot, cut.n_less);
		if (guesses > GUESSES || !isfinite(pivot))
			pivot = pivot_of(sums, &s, &random);
		cut_rows(&cut, sums, &s, pivot);
		if (k >= cut.n_less && k < cut.n_not_greater) {
			*next = k + 1 < cut.n_not_greater ? pivot : least_beyond(sums, cut.not_greater);
			return pivot;
		}
		keep(&s, &cut, sums->n, k < cut.n_less);
	}
	gather(sums, &s, gathered);
	pivot = sums_kth(gathered, s.left, k - s.below, next);
	if (k - s.below + 1 == s.left)
		*next = least_beyond(sums, s.hi);
	return pivot;
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
