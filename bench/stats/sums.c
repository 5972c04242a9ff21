/* SPDX-License-Identifier: MIT */
/* Selection among sums; see sums.h. */
#include "bench/stats/sums.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/devices/service_time.h"

/* Up to here counting how many are less is faster than a network, and that is faster than calling a comparison. */
#define COUNTED_MAX	64
#define NETWORK_MAX	128
/* So few sums are formed and sorted. */
#define FEW		64
/* So many are formed, and dealt out to buckets. */
#define FORMED_MAX	4096
#define BUCKETS		256
#define TALLIES		4
#define PICKS		4
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

/* Four at a time, where the machine can; a comparison's lanes are 0 or all ones. */
#define LANES		4
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int32_t numbers __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef int64_t flags __attribute__((vector_size(LANES * sizeof(int64_t))));

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE		__attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

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

/* Each goes to the place that is the number of those less than it, and of its equals before it: no branch depends on any. */
WIDE static void sort_by_counting(double *v, size_t n)
{
	double from[COUNTED_MAX + LANES];
	size_t end = (n + LANES - 1) / LANES * LANES;

	memcpy(from, v, n * sizeof(*v));
	for (size_t i = n; i < end; i++)
		from[i] = INFINITY;
	for (size_t first = 0; first < end; first += LANES) {
		lanes these = *(const lanes *)(from + first);
		flags places = { 0 };

		for (size_t j = 0; j < first; j++)
			places -= from[j] <= these;
		for (size_t j = first + LANES; j < n; j++)
			places -= from[j] < these;
		for (size_t i = first; i < first + LANES && i < n; i++) {
			size_t place = (size_t)places[i - first];

			for (size_t j = first; j < first + LANES && j < n; j++)
				place += from[j] < from[i] || (from[j] == from[i] && j < i);
			v[place] = from[i];
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
	else if (n <= COUNTED_MAX)
		sort_by_counting(v, n);
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

/* All sums, and the bucket of each: the greater a sum, the greater its bucket. */
struct formed {
	size_t count;
	double sum[FORMED_MAX + LANES]; /* lanes at the end of a row, or of all, may be more than it has */
	uint8_t bucket[FORMED_MAX + LANES];
	uint16_t below[BUCKETS + 1]; /* sums in buckets before this one */
};

WIDE static void form(const struct sums *sums, double *formed)
{
	for (size_t i = 0; i < sums->n; i++) {
		size_t j = sums->pairs ? i : 0;

		for (; j + LANES <= sums->m; j += LANES, formed += LANES)
			*(lanes *)formed = sums->x[i] + *(const lanes *)(sums->y + j);
		for (; j < sums->m; j++)
			*formed++ = sums->x[i] + sums->y[j];
	}
}

WIDE static void number_buckets(struct formed *f, double low, double scale)
{
	const lanes last = { BUCKETS - 1, BUCKETS - 1, BUCKETS - 1, BUCKETS - 1 };

	for (size_t i = f->count; i < f->count + LANES; i++)
		f->sum[i] = low;
	for (size_t i = 0; i < f->count; i += LANES) {
		lanes at = (*(const lanes *)(f->sum + i) - low) * scale + 1;
		flags small = at < last;
		numbers whole;

		at = (lanes)(((flags)at & small & (at > 0)) | ((flags)last & ~small));
		whole = __builtin_convertvector(at, numbers);
		for (size_t lane = 0; lane < LANES; lane++)
			f->bucket[i + lane] = (uint8_t)whole[lane];
	}
}

/* Between sums of the lowest and of the highest eighths, where medians and ends of intervals are; false: they are no range. */
static bool deal_out(struct formed *f, const struct sums *sums)
{
	double low = sums->x[sums->n / 8] + sums->y[sums->m / 8];
	double high = sums->x[sums->n - 1 - sums->n / 8] + sums->y[sums->m - 1 - sums->m / 8];
	double scale = (BUCKETS - 2) / (high - low);
	uint16_t tally[TALLIES][BUCKETS] = { { 0 } };

	if (!(scale > 0) || !isfinite(scale) || !isfinite(low))
		return false;
	number_buckets(f, low, scale);
	/* Neighbours are often of one bucket: each counts on its own tally, so that none waits for another. */
	for (size_t i = 0; i < f->count; i++)
		tally[i % TALLIES][f->bucket[i]]++;
	f->below[0] = 0;
	for (size_t b = 0; b < BUCKETS; b++)
		f->below[b + 1] = (uint16_t)(f->below[b] + tally[0][b] + tally[1][b] + tally[2][b] + tally[3][b]);
	return true;
}

/* k rises from pick to pick. */
static void pick(const struct formed *f, const size_t *k, double *picked)
{
	double gathered[FORMED_MAX], next = INFINITY;
	size_t bucket = 0, last = SIZE_MAX;

	for (size_t i = 0; i < PICKS; i++) {
		size_t count = 0, members;

		while (f->below[bucket + 1] <= k[i])
			bucket++;
		members = (size_t)(f->below[bucket + 1] - f->below[bucket]);
		for (const uint8_t *at = f->bucket; bucket != last && count < members; at++) {
			at = memchr(at, (int)bucket, (size_t)(f->bucket + f->count - at));
			gathered[count++] = f->sum[at - f->bucket];
		}
		last = bucket;
		picked[i] = sums_kth(gathered, members, k[i] - f->below[bucket], &next);
	}
}

void sums_median_and_ends(const struct sums *sums, size_t tail, double *median, double *lo, double *hi)
{
	size_t count = sums_count(sums), end = tail ? tail - 1 : 0;
	size_t k[PICKS] = { end, (count - 1) / 2, count / 2, count - 1 - end };
	double picked[PICKS];
	struct formed f;

	f.count = count;
	if (count <= FORMED_MAX)
		form(sums, f.sum);
	if (count <= FEW) {
		sums_sort(f.sum, count);
		for (size_t i = 0; i < PICKS; i++)
			picked[i] = f.sum[k[i]];
	} else if (count <= FORMED_MAX && deal_out(&f, sums)) {
		pick(&f, k, picked);
	} else {
		picked[0] = sums_select(sums, k[0]);
		picked[1] = find(sums, k[1], &picked[2]);
		picked[2] = count % 2 ? picked[1] : picked[2];
		picked[3] = sums_select(sums, k[3]);
	}
	*median = count % 2 ? picked[1] : (picked[1] + picked[2]) / 2;
	*lo = tail ? picked[0] : -INFINITY;
	*hi = tail ? picked[3] : INFINITY;
}
