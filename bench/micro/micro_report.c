/* SPDX-License-Identifier: MIT */
/*
 * Rows and ratios of `storsync micro`; see micro_report.h.
 *
 * Source of the interval: W. R. Thompson, "On confidence ranges for the median
 * and other expectation distributions for populations of unknown distribution
 * form", Ann. Math. Statist. 7 (1936).
 */
#include "bench/micro/micro_report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/rank_test.h"
#include "bench/files/schema.h"

static const struct csv_column columns[] = {
	{ "schema_version", CSV_INTEGER, "", "version of these columns" },
	{ "benchmark", CSV_STRING, "", "what is done: uncontended, synchronize, service, two-thread, or an instrument" },
	{ "backend", CSV_STRING, "", "the back end or peer; empty for an instrument" },
	{ "peer", CSV_BOOLEAN, "", "whether it is another project's lock" },
	{ "algorithm", CSV_STRING, "", "the algorithm by which peers are chosen; empty if there are none" },
	{ "threads", CSV_INTEGER, "", "simulated CPUs" },
	{ "repetition", CSV_INTEGER, "", "number of the repetition, from 0" },
	{ "iterations", CSV_INTEGER, "", "operations that the time is divided by" },
	{ "ns_per_op", CSV_NUMBER, "ns", "time of an operation" },
	{ "skipped", CSV_BOOLEAN, "", "whether there is no result" },
	{ "reason", CSV_STRING, "", "why" },
	{ "full_concurrency", CSV_NUMBER, "", "share of time with all threads running" },
	{ "cpu_lost_frac", CSV_NUMBER, "", "share of wall time without CPU time, of the worst thread" },
	{ "handoffs_per_op", CSV_NUMBER, "", "times that access came from the other CPU, an operation; two-thread-witness only" },
};

const struct csv_schema micro_schema = {
	.name = "micro.csv", .columns = columns, .count = sizeof(columns) / sizeof(columns[0]),
};

static double counter(const struct gbench_result *result, const char *name)
{
	for (size_t i = 0; i < result->counters; i++) {
		if (strcmp(result->counter[i].name, name) == 0)
			return result->counter[i].value;
	}
	return NAN;
}

/* Room for one more.  Returns 0 or -ENOMEM, which leaves the array as it was. */
static int grow(double **array, size_t n)
{
	double *grown = realloc(*array, (n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*array = grown;
	return 0;
}

int micro_series_add(struct micro_series *series, const struct gbench_result *result)
{
	double lost;

	if (result->skipped) {
		snprintf(series->skipped, sizeof(series->skipped), "%s", result->skipped);
		return 0;
	}
	if (grow(&series->ns, series->n) || grow(&series->cpu_lost_frac, series->n))
		return -ENOMEM;
	lost = counter(result, "cpu_lost_frac");
	series->ns[series->n] = result->real_ns;
	series->cpu_lost_frac[series->n] = isnan(lost) ? 0 : lost;
	series->n++;
	return 0;
}

void micro_series_fini(struct micro_series *series)
{
	free(series->ns);
	free(series->cpu_lost_frac);
}

int micro_write_row(struct csv_writer *writer, const struct micro_series *series, const struct gbench_result *result)
{
	struct csv_row row;
	int err = csv_row_init(&row, &micro_schema);

	if (err)
		return err;
	csv_set_u64(&row, "schema_version", SCHEMA_VERSION);
	csv_set_string(&row, "benchmark", micro_kind_name(series->kind));
	csv_set_string(&row, "backend", series->subject);
	csv_set_bool(&row, "peer", series->peer);
	csv_set_string(&row, "algorithm", series->algorithm);
	csv_set_u64(&row, "threads", micro_kind_threads(series->kind));
	csv_set_u64(&row, "repetition", result->repetition);
	csv_set_bool(&row, "skipped", result->skipped != NULL);
	csv_set_string(&row, "reason", result->skipped);
	if (!result->skipped) {
		csv_set_u64(&row, "iterations", result->iterations);
		csv_set_double(&row, "ns_per_op", result->real_ns);
		csv_set_double(&row, "full_concurrency", counter(result, "full_concurrency"));
		csv_set_double(&row, "cpu_lost_frac", counter(result, "cpu_lost_frac"));
		csv_set_double(&row, "handoffs_per_op", counter(result, "handoffs_per_op"));
	}
	err = csv_write_row(writer, &row);
	csv_row_fini(&row);
	return err;
}

/*
 * How many order statistics may be left out at either end: the median lies
 * outside the rest when at most that many of n fair coins fall on one side.
 */
static size_t trimmed(size_t n)
{
	double outside = 0;
	size_t k;

	for (k = 0; 2 * k < n; k++) {
		/* the binomial coefficient over 2^n, by logarithms: n may be large */
		outside += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
			       (double)n * log(2));
		if (2 * outside > 1.0 / 16)
			break;
	}
	return k ? k - 1 : 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

int micro_compare(const double *ns, const double *peer_ns, size_t pairs, struct micro_ratio *ratio)
{
	double *ratios = pairs ? malloc(pairs * sizeof(*ratios)) : NULL;
	size_t k = trimmed(pairs);

	if (!ratios)
		return pairs ? -ENOMEM : -EINVAL;
	for (size_t i = 0; i < pairs; i++)
		ratios[i] = ns[i] / peer_ns[i];
	qsort(ratios, pairs, sizeof(*ratios), ascending);
	ratio->of_medians = rank_median(ns, pairs) / rank_median(peer_ns, pairs);
	ratio->low = ratios[k];
	ratio->high = ratios[pairs - 1 - k];
	free(ratios);
	if (pairs < MICRO_REPETITIONS_LEAST)
		ratio->verdict = MICRO_UNDECIDED;
	else if (ratio->high <= MICRO_BUDGET_RATIO)
		ratio->verdict = MICRO_MET;
	else if (ratio->low > MICRO_BUDGET_RATIO)
		ratio->verdict = MICRO_NOT_MET;
	else
		ratio->verdict = MICRO_UNDECIDED;
	return 0;
}

static const struct micro_series *fastest_peer(const struct micro_series *of, const struct micro_series *series,
					       size_t count)
{
	const struct micro_series *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct micro_series *s = &series[i];

		if (!of->algorithm || !s->bare || !s->n || s->kind != of->kind ||
		    strcmp(s->algorithm, of->algorithm) != 0)
			continue;
		if (!best || rank_median(s->ns, s->n) < rank_median(best->ns, best->n))
			best = s;
	}
	return best;
}

static double median_lost(const struct micro_series *s)
{
	return rank_median(s->cpu_lost_frac, s->n);
}

static const char *verdict_text(const struct micro_series *s, const struct micro_series *peer, size_t pairs,
				const struct micro_ratio *ratio)
{
	if (s->kind != MICRO_UNCONTENDED)
		return "";
	if (pairs < MICRO_REPETITIONS_LEAST)
		return "undecided: too few repetitions";
	if (median_lost(s) > MICRO_LOST_MOST || median_lost(peer) > MICRO_LOST_MOST)
		return "undecided: CPU time was lost";
	switch (ratio->verdict) {
	case MICRO_MET:
		return "met";
	case MICRO_NOT_MET:
		return "not met";
	default:
		return "undecided";
	}
}

static void print_row(FILE *out, const struct micro_series *s, const struct micro_series *peer)
{
	struct rank_spread spread;
	struct micro_ratio ratio;
	size_t pairs = peer && peer->n < s->n ? peer->n : s->n;

	if (rank_spread(s->ns, s->n, &spread))
		return;
	fprintf(out, "%-36s %10.2f %10.2f %10.2f %5.1f%%", s->name, spread.median, spread.min, spread.max,
		100 * median_lost(s));
	if (!peer || micro_compare(s->ns, peer->ns, pairs, &ratio)) {
		fputc('\n', out);
		return;
	}
	fprintf(out, "  %-20s %10.2f %5.1f%% %6.2f %6.2f %6.2f  %s\n", peer->subject, rank_median(peer->ns, peer->n),
		100 * median_lost(peer), ratio.of_medians, ratio.low, ratio.high, verdict_text(s, peer, pairs, &ratio));
}

void micro_print_ratios(FILE *out, const struct micro_series *series, size_t count)
{
	fprintf(out, "\nBack ends beside the fastest peer of the same algorithm: ns per operation, median over repetitions\n"
		     "with extremes, and the median share of CPU time that was lost to others; ratio of medians with an\n"
		     "interval.  Budget: at most %.1f uncontended.\n\n",
		MICRO_BUDGET_RATIO);
	fprintf(out, "%-36s %10s %10s %10s %6s  %-20s %10s %6s %6s %6s %6s  %s\n", "Benchmark", "median", "min", "max",
		"lost", "peer", "median", "lost", "ratio", "low", "high", "budget");
	for (size_t i = 0; i < count; i++) {
		const struct micro_series *s = &series[i];

		if (!s->subject || s->bare)
			continue;
		if (s->n)
			print_row(out, s, fastest_peer(s, series, count));
		if (*s->skipped)
			fprintf(out, "%-36s skipped: %s\n", s->name, s->skipped);
	}
}
