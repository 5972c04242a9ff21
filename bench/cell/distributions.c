/* SPDX-License-Identifier: MIT */
/* What was measured as a distribution; see distributions.h. */
#include "bench/cell/distributions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cell/cell.h"

static const struct {
	const char *column;
	double p;
} percentiles[] = {
	{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99_9", 0.999 }, { "p99_99", 0.9999 },
};

/* The finer list of latency.csv. */
static const double latency_percentiles[] = { 0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999 };

static void put_u64(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void put_metric(json_t *summary, enum metric metric, const struct histogram *h)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_n", metric_name(metric));
	put_u64(summary, name, h->n);
	if (!h->n)
		return;
	snprintf(name, sizeof(name), "%s_min_ns", metric_name(metric));
	put_u64(summary, name, h->min);
	snprintf(name, sizeof(name), "%s_mean_ns", metric_name(metric));
	put_u64(summary, name, histogram_mean_ns(h));
	snprintf(name, sizeof(name), "%s_max_ns", metric_name(metric));
	put_u64(summary, name, h->max);
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
		uint64_t value;

		snprintf(name, sizeof(name), "%s_%s_ns", metric_name(metric), percentiles[i].column);
		if (histogram_percentile(h, percentiles[i].p, &value))
			put_u64(summary, name, value);
	}
}

/* What is left without the samples that gaps hit, into the columns that say so. */
static void put_clean(json_t *summary, enum metric metric, const struct histogram *hit, const struct histogram *clean)
{
	static const char *const columns[] = { "p50", "p99", "p99_9" };
	static const double p[] = { 0.5, 0.99, 0.999 };
	char name[64];

	snprintf(name, sizeof(name), "%s_hit_n", metric_name(metric));
	put_u64(summary, name, hit->n);
	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		uint64_t value;

		snprintf(name, sizeof(name), "%s_clean_%s_ns", metric_name(metric), columns[i]);
		if (histogram_percentile(clean, p[i], &value))
			put_u64(summary, name, value);
	}
	snprintf(name, sizeof(name), "%s_clean_max_ns", metric_name(metric));
	if (clean->n)
		put_u64(summary, name, clean->max);
}

/* `samples` says which. */
static void put_latency_rows(json_t *rows, enum metric metric, const struct histogram *h, const char *samples)
{
	for (size_t i = 0; i < sizeof(latency_percentiles) / sizeof(latency_percentiles[0]); i++) {
		uint64_t value;

		if (h->n && histogram_percentile(h, latency_percentiles[i], &value))
			json_array_append_new(rows, json_pack("[s,f,I,I,s]", metric_name(metric), 100 * latency_percentiles[i],
							      (json_int_t)value, (json_int_t)h->n, samples));
	}
	if (h->n)
		json_array_append_new(rows, json_pack("[s,f,I,I,s]", metric_name(metric), 100.0, (json_int_t)h->max,
						      (json_int_t)h->n, samples));
}

/* The bucket of HdrHistogram's layout with 2 significant digits that a finer one lies in. */
static void coarsen(struct histogram_bucket *bucket)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(bucket->lo_ns | 0xff);
	uint64_t width = UINT64_C(1) << (bits - 8);

	bucket->lo_ns &= ~(width - 1);
	bucket->hi_ns = bucket->lo_ns + width - 1;
}

/* One row; `hit` is empty where nobody looked. */
struct bucket_row {
	struct histogram_bucket bucket;
	uint64_t hit;
};

static void put_bucket(FILE *lines, unsigned cpu, enum metric metric, const struct bucket_row *row, bool witnessed)
{
	const struct histogram_bucket *bucket = &row->bucket;

	if (!bucket->count)
		return;
	fprintf(lines, "%u,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", cpu, metric_name(metric), bucket->lo_ns, bucket->hi_ns,
		bucket->count);
	if (witnessed)
		fprintf(lines, "%" PRIu64, row->hit);
	fputc('\n', lines);
}

static void put_buckets(const struct cell *cell, FILE *lines, unsigned cpu, enum metric metric, const struct histogram *h,
			const struct histogram *hit)
{
	bool witnessed = cell->gap_threshold_ns > 0;
	struct histogram_bucket bucket = { 0 };
	struct bucket_row row = { 0 };

	while (histogram_next(h, &bucket)) {
		struct histogram_bucket at = bucket;
		uint64_t at_hit = hit->n ? hit->counts[histogram_index(bucket.lo_ns)] : 0;

		if (cell->spec.histogram_digits == 2)
			coarsen(&at);
		if (row.bucket.count && row.bucket.lo_ns == at.lo_ns) {
			row.bucket.count += at.count;
			row.hit += at_hit;
			continue;
		}
		put_bucket(lines, cpu, metric, &row, witnessed);
		row = (struct bucket_row){ .bucket = at, .hit = at_hit };
	}
	put_bucket(lines, cpu, metric, &row, witnessed);
}

static void put_histogram(const struct cell *cell, FILE *lines, unsigned cpu, enum metric metric)
{
	struct histogram merged = { 0 };
	struct histogram hit = { 0 };

	if (!histogram_init_untouched(&merged) && !histogram_init_untouched(&hit)) {
		recorder_merge_cpu(&cell->recorder, cpu, metric, &merged);
		recorder_merge_hit_cpu(&cell->recorder, cpu, metric, &hit);
		put_buckets(cell, lines, cpu, metric, &merged, &hit);
	}
	histogram_fini(&merged);
	histogram_fini(&hit);
}

void cell_put_histograms(const struct cell *cell, json_t *result)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *lines = open_memstream(&text, &bytes);

	if (!lines)
		return;
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		for (unsigned c = 0; c < cell->spec.cpus; c++)
			put_histogram(cell, lines, c, (enum metric)m);
	}
	if (fclose(lines) == 0)
		json_object_set_new(result, "histogram", json_string(text));
	free(text);
}

/* One metric's distribution over all CPUs; where there is a witness, also without the samples that gaps hit. */
static void put_distribution(const struct cell *cell, json_t *latency, json_t *summary, enum metric metric, struct histogram *all,
			     struct histogram *hit)
{
	uint64_t value;

	recorder_merge(&cell->recorder, metric, all);
	recorder_merge_hit(&cell->recorder, metric, hit);
	if (metric != METRIC_SECTION)
		put_metric(summary, metric, all);
	else if (histogram_percentile(all, 0.5, &value))
		put_u64(summary, "section_actual_p50_ns", value);
	put_latency_rows(latency, metric, all, "all");
	if (!cell->gap_threshold_ns)
		return;
	if (hit->n || hit->out_of_range)
		histogram_subtract(all, hit);
	if (metric != METRIC_SECTION)
		put_clean(summary, metric, hit, all);
	put_latency_rows(latency, metric, all, "clean");
}

uint64_t cell_put_distributions(const struct cell *cell, json_t *result, json_t *summary)
{
	json_t *latency = json_array();
	uint64_t out_of_range = 0;

	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		struct histogram all = { 0 };
		struct histogram hit = { 0 };

		if (!histogram_init_untouched(&all) && !histogram_init_untouched(&hit))
			put_distribution(cell, latency, summary, (enum metric)m, &all, &hit);
		out_of_range += all.out_of_range + hit.out_of_range;
		histogram_fini(&all);
		histogram_fini(&hit);
	}
	json_object_set_new(result, "latency", latency);
	return out_of_range;
}
