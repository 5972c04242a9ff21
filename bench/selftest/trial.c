/* SPDX-License-Identifier: MIT */
/* One invocation, and its figures; see trial.h. */
#include "bench/selftest/trial.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARMUP_NS UINT64_C(2000000)
#define DEPTH 8
/* As many descriptors as a request takes. */
#define DESCRIPTORS 3

struct bucket {
	uint64_t lo_ns;
	uint64_t hi_ns;
	uint64_t count;
};

void trials_begin(struct trials *trials, struct selftest *selftest, size_t total)
{
	*trials = (struct trials){ .selftest = selftest };
	progress_begin(&trials->progress, total);
}

void trials_end(struct trials *trials)
{
	progress_end(&trials->progress);
}

struct cell_spec trial_spec(const struct selftest *selftest, uint64_t duration_ns)
{
	uint64_t depth = DEVICE_QUEUE_SIZE / DESCRIPTORS / selftest->cpus;

	return (struct cell_spec){
		.backend = "spinlock",
		.device = CELL_DEVICE,
		.queues = 1,
		.coalesce_count = 1,
		.delivery = SYNC_POLL,
		.cpus = selftest->cpus,
		.routing = IRQ_ROUTING_SAME,
		.queue_depth = depth < DEPTH ? depth : DEPTH,
		.service_time = "5us",
		.io_bytes = 4096,
		.data = LUN_DATA_STAMP,
		.trace_speed = INFINITY,
		.arrival = ARRIVAL_CLOSED,
		.duration_ns = duration_ns,
		.warmup_ns = WARMUP_NS,
		.warmup_max_ns = WARMUP_NS,
		/* Buckets of 1 ns up to 2 us. */
		.histogram_digits = 3,
	};
}

bool trial_run(struct trials *trials, const struct cell_spec *spec, struct invocation_outcome *outcome)
{
	progress_show(&trials->progress, trials->started++, spec);
	trials->selftest->invoke(spec, outcome);
	if (strcmp(outcome->status, "ok") == 0 && outcome->result)
		return true;
	if (!trials->not_ok++)
		snprintf(trials->reason, sizeof(trials->reason), "%s: %.200s", outcome->status, outcome->reason);
	return false;
}

double trial_figure(const struct invocation_outcome *outcome, const char *column)
{
	const json_t *value = json_object_get(json_object_get(outcome->result, "summary"), column);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static int compare_buckets(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;

	return (x->lo_ns > y->lo_ns) - (x->lo_ns < y->lo_ns);
}

/* The metric's rows of all CPUs; the array is the caller's.  NULL without memory. */
static struct bucket *read_buckets(const char *text, const char *metric, size_t *count)
{
	struct bucket *bucket;
	size_t lines = 1;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	*count = 0;
	bucket = calloc(lines, sizeof(*bucket));
	for (const char *at = text; bucket && at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		struct bucket row;
		char name[32];

		if (sscanf(at, "%*u,%31[^,],%" SCNu64 ",%" SCNu64 ",%" SCNu64, name, &row.lo_ns, &row.hi_ns, &row.count) == 4 &&
		    strcmp(name, metric) == 0)
			bucket[(*count)++] = row;
	}
	return bucket;
}

static double trimmed_mean(const struct bucket *bucket, size_t count, double trim)
{
	double n = 0, sum = 0, kept = 0, seen = 0;

	for (size_t i = 0; i < count; i++)
		n += (double)bucket[i].count;
	for (size_t i = 0; i < count; i++) {
		double from = fmax(seen, n * trim);
		double to;

		seen += (double)bucket[i].count;
		to = fmin(seen, n * (1 - trim));
		if (to <= from)
			continue;
		kept += to - from;
		sum += (to - from) * ((double)bucket[i].lo_ns + (double)bucket[i].hi_ns) / 2;
	}
	return kept > 0 ? sum / kept : NAN;
}

double trial_trimmed_mean(const struct invocation_outcome *outcome, const char *metric, double trim)
{
	const char *text = json_string_value(json_object_get(outcome->result, "histogram"));
	struct bucket *bucket;
	size_t count;
	double mean;

	if (!text)
		return NAN;
	bucket = read_buckets(text, metric, &count);
	if (!bucket)
		return NAN;
	qsort(bucket, count, sizeof(*bucket), compare_buckets);
	mean = trimmed_mean(bucket, count, trim);
	free(bucket);
	return mean;
}
