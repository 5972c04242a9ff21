/* SPDX-License-Identifier: MIT */
/*
 * google-benchmark: invocations as the repetitions that Google Benchmark's JSON reporter writes, for its compare.py.
 *
 * A run's own benchmark.json is what the library said as each process ran once: its times are those of the measured window,
 * always the same, each benchmark is the first of its family, and there are no aggregates.  Here real_time is the time that is
 * to be compared.  The context is that file's.
 *
 * Source: https://github.com/google/benchmark 1.7.1, its reporter, statistics and tools.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export/export.h"
#include "bench/files/datapackage.h"

/* Loaded before the figures that become counters. */
enum { REAL_TIME, IOS, CPU_LOST, WINDOW, COUNTERS };

static const struct figure ios = { .name = "ios", .column = "ios" };
static const struct figure window = { .name = "duration_s", .column = "duration_s" };
static const struct figure cpu_lost = { .name = "cpu_lost_frac", .column = "cpu_lost_frac" };

static const struct figure *const *choose_figures(const struct export_options *options)
{
	static const struct figure *wanted[COUNTERS + 256];
	size_t count = COUNTERS;

	wanted[REAL_TIME] = options->figure;
	wanted[IOS] = &ios;
	wanted[CPU_LOST] = &cpu_lost;
	wanted[WINDOW] = &window;
	for (size_t i = 0; i < figure_count && count < sizeof(wanted) / sizeof(wanted[0]) - 1; i++) {
		if (strcmp(figures[i].name, "real_time") == 0)
			break;
		wanted[count++] = &figures[i];
	}
	return wanted;
}

/* Cells that have one name are one benchmark. */
struct benchmarks {
	const struct export_selection *s;
	const struct export_options *options;
	json_t *list;
	char **name;      /* per cell, NULL: not exported */
	bool *is_written; /* per cell */
};

/* Of the machine's and the moment's making: the same benchmark has the same name in every run. */
static bool is_made_there(unsigned key)
{
	return key == RUN_KEY_PLACEMENT || key == RUN_KEY_OVERSUBSCRIBED || key == RUN_KEY_SCHED_POLICY || key == RUN_KEY_CLOCK ||
	       key == RUN_KEY_DURATION_S || run_key_is_origin((enum run_key)key);
}

/* What a run does when nobody says otherwise: names are for a terminal. */
static bool is_usual(const struct run_cell *cell, unsigned key)
{
	static const char *const usual[RUN_KEY_COUNT] = {
		[RUN_KEY_DELIVERY] = "poll", [RUN_KEY_DUPLEX] = "full", [RUN_KEY_INTERRUPT_MODE] = "intx", [RUN_KEY_DEVICE] = "virtio-scsi",
		[RUN_KEY_TRANSPORT] = "legacy", [RUN_KEY_QUEUES] = "1", [RUN_KEY_WORKLOAD] = "closed-loop",
		[RUN_KEY_ARRIVAL] = "closed", [RUN_KEY_VECTORS] = "1", [RUN_KEY_QUEUE_DEPTH] = "8", [RUN_KEY_IO_BYTES] = "4096",
		[RUN_KEY_SERVICE_TIME] = "5us", [RUN_KEY_SECTION_NS] = "0", [RUN_KEY_THINK_NS] = "0", [RUN_KEY_COMPLETION] = "isr",
		[RUN_KEY_IRQ_RATE_HZ] = "0", [RUN_KEY_PREEMPT_RATE_HZ] = "0", [RUN_KEY_PREEMPT_NS] = "0", [RUN_KEY_DATA_MODE] = "stamp",
	};

	if (key == RUN_KEY_CHANNELS)
		return strcmp(cell->key[key], cell->key[RUN_KEY_CPUS]) == 0;
	return usual[key] && strcmp(cell->key[key], usual[key]) == 0;
}

/* As benchmark.json calls it. */
static const char *name_of_key(unsigned key)
{
	static const char *const names[RUN_KEY_COUNT] = {
		[RUN_KEY_IRQ_ROUTING] = "routing", [RUN_KEY_QUEUE_DEPTH] = "depth", [RUN_KEY_SERVICE_TIME] = "service",
		[RUN_KEY_DATA_MODE] = "data", [RUN_KEY_IRQ_RATE_HZ] = "bystander_hz", [RUN_KEY_PREEMPT_RATE_HZ] = "preempt_hz",
		[RUN_KEY_ARRIVAL_RATE_HZ] = "arrival_hz",
	};

	return names[key] ? names[key] : run_key_name((enum run_key)key);
}

/* All keys, for who looks at the file. */
static json_t *label_of(const struct run_cell *cell)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	json_t *label;

	for (unsigned k = 0; out && k < RUN_KEY_COUNT; k++) {
		if (*cell->key[k])
			fprintf(out, "%s%s=%s", ftell(out) ? " " : "", run_key_name((enum run_key)k), cell->key[k]);
	}
	label = out && !fclose(out) ? json_string(text) : NULL;
	free(text);
	return label;
}

static char *name_of(const struct export_options *options, const struct run_cell *cell)
{
	char *name = NULL;
	size_t bytes;
	FILE *out = open_memstream(&name, &bytes);

	if (!out)
		return NULL;
	fprintf(out, "%s/backend:%s", options->figure->name, cell->key[RUN_KEY_BACKEND]);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (k != RUN_KEY_BACKEND && *cell->key[k] && !is_made_there(k) && !is_usual(cell, k))
			fprintf(out, "/%s:%s", name_of_key(k), cell->key[k]);
	}
	return fclose(out) ? NULL : name;
}

/* A repetition's values: real and CPU time, then counters; NaN where not available. */
struct repetition {
	const struct run_cell *cell;
	double iterations;
	double *value; /* 2 + counters */
};

/* CPU time of all simulated CPUs for each I/O of the window; 0 where it is not known, as each entry needs one. */
static double cpu_time_of(const struct run_data *data, size_t row)
{
	const struct run_cell *cell = &data->cell[data->row[row].cell];
	double window_ns = run_data_value(data, row, WINDOW) * 1e9 * strtod(cell->key[RUN_KEY_CPUS], NULL);
	double each = window_ns * (1 - run_data_value(data, row, CPU_LOST)) / run_data_value(data, row, IOS);

	return isfinite(each) ? each : 0;
}

static const char *counter_name(const struct figure *figure)
{
	return figure->per ? figure->name : figure->column;
}

static json_t *entry_of(const char *name, size_t family, size_t instance, size_t repetitions, const char *aggregate)
{
	bool is_ratio = aggregate && strcmp(aggregate, "cv") == 0;
	json_t *entry = json_pack("{s:o,s:I,s:I,s:s,s:s,s:I}", "name",
				  aggregate ? json_sprintf("%s_%s", name, aggregate) : json_string(name), "family_index", (json_int_t)family,
				  "per_family_instance_index", (json_int_t)instance, "run_name", name, "run_type",
				  aggregate ? "aggregate" : "iteration", "repetitions", (json_int_t)repetitions);

	if (aggregate && entry) {
		json_object_set_new(entry, "threads", json_integer(1));
		json_object_set_new(entry, "aggregate_name", json_string(aggregate));
		json_object_set_new(entry, "aggregate_unit", json_string(is_ratio ? "percentage" : "time"));
	}
	return entry;
}

static void put_values(const struct benchmarks *b, json_t *entry, double iterations, const double *value)
{
	const struct run_data *data = &b->s->data;

	json_object_set_new(entry, "iterations", json_integer((json_int_t)iterations));
	json_object_set_new(entry, "real_time", json_real(value[0]));
	json_object_set_new(entry, "cpu_time", json_real(value[1]));
	json_object_set_new(entry, "time_unit", json_string("ns"));
	for (size_t i = COUNTERS; i < data->figures; i++) {
		if (isfinite(value[2 + i - COUNTERS]))
			json_object_set_new(entry, counter_name(data->figure[i]), json_real(value[2 + i - COUNTERS]));
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Mean, median, standard deviation of a sample and its share of the mean, as the library has them.  Sorts. */
static void aggregate(double *value, size_t count, double result[4])
{
	double sum = 0, squares = 0;

	qsort(value, count, sizeof(*value), by_size);
	for (size_t i = 0; i < count; i++)
		sum += value[i];
	result[0] = sum / (double)count;
	result[1] = (value[(count - 1) / 2] + value[count / 2]) / 2;
	for (size_t i = 0; i < count; i++)
		squares += (value[i] - result[0]) * (value[i] - result[0]);
	result[2] = sqrt(squares / (double)(count - 1));
	result[3] = result[2] / result[0];
}

static int put_aggregates(struct benchmarks *b, const char *name, size_t family, size_t instance,
			  const struct repetition *rep, size_t count)
{
	static const char *const names[4] = { "mean", "median", "stddev", "cv" };
	size_t values = 2 + b->s->data.figures - COUNTERS;
	double *of_one = malloc(count * sizeof(*of_one));
	double *results = malloc(4 * values * sizeof(*results));

	for (size_t v = 0; of_one && results && v < values; v++) {
		double result[4];

		/* A value that a repetition lacks makes its aggregates NaN, which are left out. */
		for (size_t r = 0; r < count; r++)
			of_one[r] = rep[r].value[v];
		aggregate(of_one, count, result);
		for (size_t a = 0; a < 4; a++) {
			results[a * values + v] = result[a];
			for (size_t r = 0; r < count; r++)
				results[a * values + v] += 0 * rep[r].value[v];
		}
	}
	for (size_t a = 0; of_one && results && a < 4; a++) {
		json_t *entry = entry_of(name, family, instance, count, names[a]);

		/* Of times that are all 0. */
		for (size_t v = 0; v < 2; v++)
			results[a * values + v] = isfinite(results[a * values + v]) ? results[a * values + v] : 0;
		if (entry)
			put_values(b, entry, (double)count, &results[a * values]);
		json_array_append_new(b->list, entry);
	}
	free(of_one);
	free(results);
	return of_one && results ? 0 : -ENOMEM;
}

static size_t add_repetitions(struct benchmarks *b, size_t cell, struct repetition *rep, size_t count)
{
	const struct run_data *data = &b->s->data;
	size_t values = 2 + data->figures - COUNTERS;
	size_t row, end = run_data_rows_of(data, cell, &row);

	for (; row < end; row++) {
		if (strcmp(data->row[row].status, "ok") != 0 || isnan(run_data_value(data, row, REAL_TIME)))
			continue;
		rep[count].value = malloc(values * sizeof(double));
		if (!rep[count].value)
			return count;
		rep[count].cell = &data->cell[cell];
		rep[count].iterations = run_data_value(data, row, IOS);
		rep[count].value[0] = run_data_value(data, row, REAL_TIME);
		rep[count].value[1] = cpu_time_of(data, row);
		for (size_t i = COUNTERS; i < data->figures; i++)
			rep[count].value[2 + i - COUNTERS] = run_data_value(data, row, i);
		count++;
	}
	return count;
}

/* 1 if it has a value, 0 if not, or -ENOMEM. */
static int put_benchmark(struct benchmarks *b, size_t first, size_t family, size_t instance)
{
	const struct run_data *data = &b->s->data;
	struct repetition *rep = calloc(b->s->rows + 1, sizeof(*rep));
	size_t count = 0;
	int status = 0;

	if (!rep)
		return -ENOMEM;
	for (size_t c = first; c < data->cells; c++) {
		if (b->name[c] && strcmp(b->name[c], b->name[first]) == 0) {
			count = add_repetitions(b, c, rep, count);
			b->is_written[c] = true;
		}
	}
	for (size_t r = 0; r < count; r++) {
		json_t *entry = entry_of(b->name[first], family, instance, count, NULL);

		if (entry) {
			json_object_set_new(entry, "repetition_index", json_integer((json_int_t)r));
			json_object_set_new(entry, "threads", json_integer(1));
			put_values(b, entry, rep[r].iterations, rep[r].value);
			json_object_set_new(entry, "label", label_of(rep[r].cell));
		}
		json_array_append_new(b->list, entry);
	}
	if (count > 1)
		status = put_aggregates(b, b->name[first], family, instance, rep, count);
	for (size_t r = 0; r < count; r++)
		free(rep[r].value);
	free(rep);
	return status ? status : count > 0;
}

/* A back end is a family; its cells are the instances. */
static int put_all(struct benchmarks *b)
{
	const struct run_data *data = &b->s->data;
	size_t families = 0;

	for (size_t c = 0; c < data->cells; c++) {
		size_t instances = 0;

		for (size_t d = c; d < data->cells; d++) {
			int got;

			if (!b->name[d] || b->is_written[d] || strcmp(data->cell[d].key[RUN_KEY_BACKEND], data->cell[c].key[RUN_KEY_BACKEND]) != 0)
				continue;
			got = put_benchmark(b, d, families, instances);
			if (got < 0)
				return got;
			instances += (size_t)got;
		}
		families += instances > 0;
	}
	return 0;
}

/* The run's own, which the library wrote; without it, what its readers need. */
static json_t *context_of(const struct export_selection *s, const struct export_options *options)
{
	char *path = export_path(options, DATAPACKAGE_BENCHMARK);
	json_t *file = path ? json_load_file(path, 0, NULL) : NULL;
	json_t *context = json_deep_copy(json_object_get(file, "context"));

	if (!context)
		context = json_pack("{s:s,s:b}", "executable", "storsync", "cpu_scaling_enabled", 0);
	json_object_set_new(context, "storsync_run_id", json_string(s->data.run_id));
	json_object_set_new(context, "storsync_real_time", json_string(options->figure->words));
	json_decref(file);
	free(path);
	return context;
}

static int write_json(const json_t *context, const json_t *list, struct output_file *out)
{
	json_t *whole = json_pack("{s:O,s:O}", "context", context, "benchmarks", list);
	FILE *file = output_file_next(out, NULL);
	int status = 0;

	if (!whole || !file || json_dumpf(whole, file, JSON_INDENT(2)) || fputc('\n', file) == EOF)
		status = whole && file && !ferror(file) ? -ENOMEM : 0;
	json_decref(whole);
	return status ? status : output_file_close(out);
}

static int write_google_benchmark(const struct export_selection *s, const struct export_options *options, struct output_file *out)
{
	struct benchmarks b = { .s = s, .options = options, .list = json_array() };
	json_t *context = context_of(s, options);
	int status = -ENOMEM;

	b.name = calloc(s->data.cells + 1, sizeof(*b.name));
	b.is_written = calloc(s->data.cells + 1, sizeof(*b.is_written));
	if (b.list && context && b.name && b.is_written) {
		status = 0;
		for (size_t c = 0; c < s->data.cells && !status; c++) {
			if (s->is_chosen[c] && !(b.name[c] = name_of(options, &s->data.cell[c])))
				status = -ENOMEM;
		}
		if (!status)
			status = put_all(&b);
		if (!status && json_array_size(b.list))
			status = write_json(context, b.list, out);
	}
	for (size_t c = 0; b.name && c < s->data.cells; c++)
		free(b.name[c]);
	free(b.name);
	free(b.is_written);
	json_decref(b.list);
	json_decref(context);
	return status;
}

const struct export_format export_google_benchmark = {
	.name = "google-benchmark",
	.help = "Google Benchmark's JSON, for its compare.py",
	.result = "a file; an invocation is a repetition",
	.figures = choose_figures,
	.write = write_google_benchmark,
};
