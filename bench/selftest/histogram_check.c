/* SPDX-License-Identifier: MIT */
/* The comparison; see histogram_check.h. */
#include "bench/selftest/histogram_check.h"

#define MILLION 1000000u
#define EXACT_BELOW_NS 2048u
#define PARTS 1024u
#define BEYOND 10u

/* Those of summary.csv and latency.csv and some in between, in millionths; the last needs more than a million samples. */
static const uint32_t percentiles_ppm[] = {
	0, 1000, 10000, 50000, 100000, 250000, 333333, 500000, 666667, 750000, 900000, 950000, 990000, 995000, 999000, 999500, 999900,
	999990, 999999,
};

static void fault(struct histogram_check *check, const char *what)
{
	if (!check->fault)
		check->fault = what;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

bool histogram_error_allowed(uint64_t exact, uint64_t reported)
{
	return distance(exact, reported) <= (exact < EXACT_BELOW_NS ? 0 : exact / PARTS);
}

static void check_percentile(const struct histogram *histogram, const uint64_t *sorted, size_t n, uint32_t ppm,
			     struct histogram_check *check)
{
	bool expected = (unsigned __int128)n * (MILLION - ppm) >= (uint64_t)BEYOND * MILLION;
	size_t rank = (size_t)(((unsigned __int128)n * ppm + MILLION - 1) / MILLION);
	uint64_t exact, value, error;

	if (histogram_percentile(histogram, (double)ppm / MILLION, &value) != expected)
		fault(check, expected ? "a percentile is missing" : "a percentile rests on too few samples");
	if (!expected || check->fault)
		return;
	exact = sorted[rank ? rank - 1 : 0];
	error = distance(exact, value);
	check->percentiles++;
	check->error_ns = error > check->error_ns ? error : check->error_ns;
	if (exact && (double)error / (double)exact > check->relative)
		check->relative = (double)error / (double)exact;
	if (!histogram_error_allowed(exact, value))
		fault(check, "a percentile is off by more than its bucket");
}

static void check_totals(const struct histogram *histogram, const uint64_t *sorted, size_t n, struct histogram_check *check)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += sorted[i];
	if (histogram->n != n)
		fault(check, "samples are missing, or too many");
	else if (histogram->min != sorted[0] || histogram->max != sorted[n - 1])
		fault(check, "an extreme is wrong");
	else if (histogram_mean_ns(histogram) != (uint64_t)((sum + n / 2) / n))
		fault(check, "the mean is wrong");
}

/* Every bucket that is exported holds exactly the samples between its bounds. */
static void check_buckets(const struct histogram *histogram, const uint64_t *sorted, size_t n, struct histogram_check *check)
{
	struct histogram_bucket bucket = { 0 };
	size_t at = 0;

	while (histogram_next(histogram, &bucket)) {
		size_t begin = at;

		if (at < n && sorted[at] < bucket.lo_ns)
			fault(check, "a sample is in no bucket");
		while (at < n && sorted[at] <= bucket.hi_ns)
			at++;
		if (at - begin != bucket.count)
			fault(check, "a bucket's count is wrong");
		if (bucket.hi_ns - bucket.lo_ns > bucket.lo_ns / PARTS)
			fault(check, "a bucket is too wide");
	}
	if (at != n)
		fault(check, "a sample is in no bucket");
}

void histogram_check(const struct histogram *histogram, const uint64_t *sorted, size_t n, struct histogram_check *check)
{
	*check = (struct histogram_check){ 0 };
	if (n == 0) {
		fault(check, "there is nothing to compare");
		return;
	}
	check_totals(histogram, sorted, n, check);
	for (size_t i = 0; i < sizeof(percentiles_ppm) / sizeof(percentiles_ppm[0]); i++)
		check_percentile(histogram, sorted, n, percentiles_ppm[i], check);
	check_buckets(histogram, sorted, n, check);
}
