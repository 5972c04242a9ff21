/* SPDX-License-Identifier: MIT */
/* The files of a run; see files.h. */
#include "bench/run/run_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cli/version.h"
#include "bench/files/schema.h"
#include "impls/backends.h"

static const struct csv_schema *const schemas[RUN_FILES] = {
	[FILE_SUMMARY] = &schema_summary,
	[FILE_LATENCY] = &schema_latency,
	[FILE_HISTOGRAM] = &schema_histogram,
	[FILE_CPUS] = &schema_cpus,
};

static const char *const names[RUN_FILES] = {
	[FILE_SUMMARY] = "summary.csv",
	[FILE_LATENCY] = "latency.csv",
	[FILE_HISTOGRAM] = "histogram.csv",
	[FILE_CPUS] = "cpus.csv",
};

static int check_empty(const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = -EEXIST;
	}
	closedir(dir);
	return err;
}

/* mkdir -p */
static int make_directories(const char *directory)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", directory);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
}

int run_files_create(struct run_files *files, const char *directory, const char *run_id)
{
	char path[600];
	int err;

	memset(files, 0, sizeof(*files));
	snprintf(files->directory, sizeof(files->directory), "%s", directory);
	snprintf(files->run_id, sizeof(files->run_id), "%s", run_id);
	if (gethostname(files->host_id, sizeof(files->host_id) - 1))
		snprintf(files->host_id, sizeof(files->host_id), "unknown");
	err = make_directories(directory);
	if (!err)
		err = check_empty(directory);
	for (int i = 0; i < RUN_FILES && !err; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		err = csv_create(&files->writer[i], path, schemas[i]);
		if (!err)
			err = csv_row_init(&files->row[i], schemas[i]);
	}
	return err;
}

/* A JSON value becomes a column's cell, in the column's type. */
static void set_from_json(struct csv_row *row, size_t at, const json_t *value)
{
	switch (row->schema->columns[at].type) {
	case CSV_INTEGER:
		csv_set_u64_at(row, at, json_is_integer(value) ? (uint64_t)json_integer_value(value) :
								  (uint64_t)llround(json_number_value(value)));
		break;
	case CSV_NUMBER:
		csv_set_double_at(row, at, json_number_value(value));
		break;
	case CSV_BOOLEAN:
		csv_set_bool_at(row, at, json_is_true(value));
		break;
	case CSV_STRING:
	case CSV_DATETIME:
		csv_set_string_at(row, at, json_string_value(value));
		break;
	}
}

static void set_key(const struct run_files *files, struct csv_row *row, const struct run_row *from)
{
	csv_row_clear(row);
	csv_set_string(row, "run_id", files->run_id);
	csv_set_string(row, "cell_id", from->cell->id);
	if (from->invocation)
		csv_set_u64(row, "invocation", from->invocation);
}

static void set_cell(struct csv_row *row, const struct cell_spec *spec)
{
	const char *file = strrchr(spec->trace, '/');
	char speed[32] = "max";

	if (!isinf(spec->trace_speed))
		snprintf(speed, sizeof(speed), "%g", spec->trace_speed);
	csv_set_string(row, "backend", spec->backend);
	csv_set_string(row, "delivery", sync_delivery_name(spec->delivery));
	csv_set_string(row, "duplex", spec->half_duplex ? "half" : "full");
	csv_set_string(row, "interrupt_mode", "intx");
	csv_set_string(row, "workload", spec->trace[0] ? "trace" : "closed-loop");
	csv_set_string(row, "arrival", spec->trace[0] && !isinf(spec->trace_speed) ? "trace" : "closed");
	csv_set_u64(row, "cpus", spec->cpus);
	csv_set_string(row, "irq_routing", cell_routing_name(spec->routing));
	csv_set_u64(row, "vectors", 1);
	csv_set_u64(row, "queue_depth", spec->queue_depth);
	csv_set_u64(row, "section_ns", spec->section_ns);
	csv_set_u64(row, "think_ns", spec->think_ns);
	csv_set_double(row, "irq_rate_hz", (double)spec->bystander_hz);
	csv_set_double(row, "preempt_rate_hz", (double)spec->preempt_hz);
	csv_set_u64(row, "preempt_ns", spec->preempt_ns);
	csv_set_double(row, "warmup_s", (double)spec->warmup_ns / 1e9);
	csv_set_string(row, "completion", spec->completion_dpc ? "dpc" : "isr");
	csv_set_u64(row, "channels", spec->channels ? spec->channels : spec->cpus);
	csv_set_string(row, "service_time", spec->service_time);
	csv_set_string(row, "data_mode", spec->data == LUN_DATA_COPY ? "copy" : "stamp");
	csv_set_bool(row, "oversubscribed", spec->oversubscribe);
	if (spec->trace[0]) {
		csv_set_string(row, "trace", file ? file + 1 : spec->trace);
		csv_set_string(row, "trace_speed", speed);
	} else {
		csv_set_u64(row, "io_bytes", spec->io_bytes);
	}
}

/* What of a refusal is the back end's own. */
static void set_backend_reason(struct csv_row *row, const struct cell_spec *spec)
{
	const struct sync_backend *backend = sync_backend_find(spec->backend);
	const char *reason = backend ? sync_backend_refusal(backend, (unsigned)spec->cpus, spec->delivery) : NULL;

	if (reason)
		csv_set_string(row, "backend_reason", reason);
}

static int append_summary(struct run_files *files, const struct run_row *from)
{
	struct csv_row *row = &files->row[FILE_SUMMARY];
	json_t *summary = json_object_get(from->result, "summary");
	const char *name;
	json_t *value;

	set_key(files, row, from);
	csv_set_u64(row, "schema_version", SCHEMA_VERSION);
	csv_set_string(row, "host_id", files->host_id);
	csv_set_string(row, "build_id", storsync_version);
	set_cell(row, &from->cell->spec);
	json_object_foreach(summary, name, value) {
		size_t at = csv_column_index(row->schema, name);

		if (at != CSV_NO_COLUMN)
			set_from_json(row, at, value);
	}
	csv_set_string(row, "status", from->status);
	csv_set_string(row, "status_reason", from->reason);
	if (!from->invocation)
		set_backend_reason(row, &from->cell->spec);
	if (from->invocation) {
		csv_set_u64(row, "block", from->invocation);
		csv_set_u64(row, "order_index", from->order_index);
		csv_set_u64(row, "seed", from->seed);
		csv_set_string(row, "started_utc", from->started_utc);
	}
	return csv_write_row(&files->writer[FILE_SUMMARY], row);
}

/* Rows that the result holds as arrays, in the order of the columns behind the key. */
static int append_rows(struct run_files *files, const struct run_row *from, enum run_file file, const char *member)
{
	struct csv_row *row = &files->row[file];
	size_t key_columns = csv_column_index(row->schema, "invocation") + 1;
	json_t *rows = json_object_get(from->result, member);
	json_t *cells;
	json_t *value;
	size_t i, column;
	int err = 0;

	set_key(files, row, from);
	json_array_foreach(rows, i, cells) {
		json_array_foreach(cells, column, value) {
			/* A negative number is an unknown one. */
			if (json_is_integer(value) && json_integer_value(value) < 0)
				csv_set_string_at(row, key_columns + column, "");
			else
				set_from_json(row, key_columns + column, value);
		}
		err = err ? err : csv_write_row(&files->writer[file], row);
	}
	return err;
}

/* The histogram's rows come as text: see result.c. */
static int append_histogram(struct run_files *files, const struct run_row *from)
{
	struct csv_row *row = &files->row[FILE_HISTOGRAM];
	const char *lines = json_string_value(json_object_get(from->result, "histogram"));

	if (!lines)
		return 0;
	set_key(files, row, from);
	return csv_write_lines(&files->writer[FILE_HISTOGRAM], row, lines);
}

/* All invocations' runs behind the first one's context. */
static void keep_benchmark(struct run_files *files, const struct run_row *from)
{
	json_t *benchmark = json_object_get(from->result, "benchmark");
	json_t *runs = json_object_get(benchmark, "benchmarks");

	if (!runs)
		return;
	if (!files->benchmark)
		files->benchmark = json_deep_copy(benchmark);
	else
		json_array_extend(json_object_get(files->benchmark, "benchmarks"), runs);
}

int run_files_append(struct run_files *files, const struct run_row *row)
{
	int err = append_summary(files, row);

	if (!err)
		err = append_rows(files, row, FILE_LATENCY, "latency");
	if (!err)
		err = append_histogram(files, row);
	if (!err)
		err = append_rows(files, row, FILE_CPUS, "cpus");
	keep_benchmark(files, row);
	for (int i = 0; i < RUN_FILES && !err; i++) {
		if (fflush(files->writer[i].file))
			err = -errno;
	}
	return err;
}

static int write_benchmark(const struct run_files *files)
{
	char aside[600], path[600];

	if (!files->benchmark)
		return 0;
	snprintf(aside, sizeof(aside), "%s/.benchmark.json.part", files->directory);
	snprintf(path, sizeof(path), "%s/benchmark.json", files->directory);
	if (json_dump_file(files->benchmark, aside, JSON_INDENT(1)))
		return -EIO;
	return rename(aside, path) ? -errno : 0;
}

int run_files_close(struct run_files *files)
{
	int first = write_benchmark(files);

	for (int i = 0; i < RUN_FILES; i++) {
		int err = csv_close(&files->writer[i]);

		csv_row_fini(&files->row[i]);
		first = first ? first : err;
	}
	json_decref(files->benchmark);
	return first;
}
