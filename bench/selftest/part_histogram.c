/* SPDX-License-Identifier: MIT */
/*
 * The histogram against an exact sort: a million samples of each distribution, among them ones made to be hard for it.
 *
 * Samples are recorded in four histograms in turn and merged, as those of CPUs are.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/selftest/histogram_check.h"
#include "bench/selftest/selftest.h"
#include "bench/torture/random.h"

#define SAMPLES 1000000u
#define HISTOGRAMS 4

static double uniform(uint64_t *rng)
{
	/* (0, 1], so that its logarithm is finite */
	return ((double)(random_next(rng) >> 11) + 1) / 9007199254740992.0;
}

static uint64_t draw_uniform(uint64_t *rng)
{
	return random_next(rng) % 1000001;
}

/* Box and Muller, Ann. Math. Statist. 29 (1958). */
static uint64_t draw_lognormal(uint64_t *rng)
{
	double normal = sqrt(-2 * log(uniform(rng))) * cos(2 * M_PI * uniform(rng));

	return (uint64_t)exp(log(300) + 1.2 * normal);
}

/* Two modes, and one sample in 20,000 milliseconds to a minute away, evenly in its logarithm. */
static uint64_t draw_bimodal(uint64_t *rng)
{
	if (random_one_in(rng, 20000))
		return (uint64_t)(1e6 * pow(6e4, uniform(rng)));
	return random_one_in(rng, 100) ? 200000 + random_below(rng, 4001) : 5000 + random_below(rng, 101);
}

static uint64_t draw_constant(uint64_t *rng)
{
	(void)rng;
	return 123457;
}

/* A bucket's first value, the one before it or the one behind it; at the top of the range some are beyond it. */
static uint64_t draw_edge(uint64_t *rng)
{
	unsigned shift = random_below(rng, 27);
	uint64_t first = (uint64_t)(HISTOGRAM_HALF_COUNT + random_below(rng, HISTOGRAM_HALF_COUNT + 1)) << shift;

	return first + random_below(rng, 3) - 1;
}

static const struct {
	const char *name;
	uint64_t (*draw)(uint64_t *rng);
} distributions[] = {
	{ "uniform", draw_uniform },
	{ "lognormal", draw_lognormal },
	{ "bimodal, far outliers", draw_bimodal },
	{ "constant", draw_constant },
	{ "bucket edges", draw_edge },
};

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The samples in range, sorted, and how many there are; the others are `beyond`. */
static size_t record(uint64_t (*draw)(uint64_t *rng), uint64_t *rng, struct histogram *histogram, uint64_t *sample, uint64_t *beyond)
{
	size_t n = 0;

	*beyond = 0;
	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t value = draw(rng);

		histogram_record(&histogram[i % HISTOGRAMS], value);
		if (value <= HISTOGRAM_HIGHEST_NS)
			sample[n++] = value;
		else
			(*beyond)++;
	}
	qsort(sample, n, sizeof(*sample), compare_u64);
	for (size_t i = 1; i < HISTOGRAMS; i++)
		histogram_merge(&histogram[0], &histogram[i]);
	return n;
}

static void check_distribution(struct selftest *selftest, size_t d, struct histogram *histogram, uint64_t *sample)
{
	struct histogram_check check;
	char figure[64];
	uint64_t beyond;
	size_t n;

	for (size_t i = 0; i < HISTOGRAMS; i++)
		histogram_reset(&histogram[i]);
	n = record(distributions[d].draw, &selftest->rng, histogram, sample, &beyond);
	histogram_check(&histogram[0], sample, n, &check);
	if (!check.fault && histogram[0].out_of_range != beyond)
		check.fault = "samples out of range are miscounted";
	snprintf(figure, sizeof(figure), "%s, largest error", distributions[d].name);
	protocol_judged(&selftest->protocol, !check.fault, figure, "1/1024 = 0.0977% at most", "%s%s%.4f%% (%zu percentiles)",
			check.fault ? check.fault : "", check.fault ? ": " : "", 100 * check.relative, check.percentiles);
}

void selftest_histogram(struct selftest *selftest)
{
	struct histogram *histogram = aligned_alloc(HISTOGRAM_ALIGNMENT, HISTOGRAMS * sizeof(*histogram));
	uint64_t *sample = malloc(SAMPLES * sizeof(*sample));
	size_t made = 0;

	while (histogram && made < HISTOGRAMS && histogram_init(&histogram[made]) == 0)
		made++;
	if (made == HISTOGRAMS && sample) {
		for (size_t d = 0; d < sizeof(distributions) / sizeof(distributions[0]) && !invoke_interrupted; d++)
			check_distribution(selftest, d, histogram, sample);
	} else {
		protocol_judged(&selftest->protocol, false, "percentiles against a sort", "", "no memory");
	}
	while (made)
		histogram_fini(&histogram[--made]);
	free(histogram);
	free(sample);
}
