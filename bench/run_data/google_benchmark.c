/* SPDX-License-Identifier: MIT */
/* Google Benchmark's JSON; see google_benchmark.h. */
#include "bench/run_data/google_benchmark.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
	struct building *b;
	json_t *json;
	const char *host; /* of building_text() */
	struct building_rows rows;
	bool split;       /* names become keys */
	size_t iterations;
};

static int out_of_memory(const struct building *b)
{
	return building_fails(b, -ENOMEM, "out of memory");
}

static int load_json(struct reading *r, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	json_error_t error;
	FILE *stream = file < 0 ? NULL : fdopen(file, "r");
	struct stat info;
	int err = 0;

	/* Looked at before it is read: a FIFO without a writer would never end. */
	if (!stream || fstat(file, &info)) {
		err = -errno;
		building_fails(r->b, err, "%s", strerror(-err));
	} else if (!S_ISREG(info.st_mode)) {
		err = building_fails(r->b, -EINVAL, "not a regular file");
	} else {
		/* Not json_loadfd(), which reads byte by byte. */
		r->json = json_loadf(stream, JSON_REJECT_DUPLICATES, &error);
		if (!r->json) {
			err = -EINVAL;
			snprintf(r->b->error, RUN_DATA_ERROR_BYTES, "%s:%d: %s", path, error.line, error.text);
		}
	}
	if (stream)
		fclose(stream);
	else if (file >= 0)
		close(file);
	return err;
}

static const char *text_of(const json_t *entry, const char *name)
{
	return json_string_value(json_object_get(entry, name));
}

static const char *keep(struct reading *r, const char *text)
{
	return building_text(r->b, text, strlen(text));
}

/* Whether it counts: 1; an aggregate does not: 0; -EINVAL. */
static int is_iteration(struct reading *r, size_t i, const json_t *entry)
{
	const char *type = text_of(entry, "run_type");

	if (!json_is_object(entry))
		return building_fails(r->b, -EINVAL, "benchmarks[%zu] is no object", i);
	if (!type || (strcmp(type, "iteration") && strcmp(type, "aggregate")))
		return building_fails(r->b, -EINVAL, "benchmarks[%zu] has no \"run_type\" of iteration or aggregate; "
				      "Google Benchmark from 1.5 on writes it", i);
	return strcmp(type, "iteration") == 0;
}

/* How many ns the times of an entry are each. */
static int get_unit(struct reading *r, size_t i, const json_t *entry, double *unit_ns)
{
	static const struct { const char *name; double ns; } units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	const char *name = text_of(entry, "time_unit");

	for (size_t u = 0; name && u < sizeof(units) / sizeof(units[0]); u++) {
		if (strcmp(name, units[u].name) == 0) {
			*unit_ns = units[u].ns;
			return 0;
		}
	}
	return building_fails(r->b, -EINVAL, "benchmarks[%zu]: \"time_unit\" is %s, not ns, us, ms or s", i, name ? name : "missing");
}

static int get_number(struct reading *r, size_t i, const json_t *entry, const char *name, double *value)
{
	const json_t *json = json_object_get(entry, name);

	*value = json_number_value(json);
	if (!json) {
		*value = NAN;
		return 0;
	}
	if (!json_is_number(json) || *value < 0)
		return building_fails(r->b, -EINVAL, "benchmarks[%zu]: \"%s\" is not a number from 0 on", i, name);
	return 0;
}

static bool is_time(const char *name)
{
	return strcmp(name, "real_time") == 0 || strcmp(name, "cpu_time") == 0;
}

static int get_figures(struct reading *r, size_t i, const json_t *entry, bool is_ok, double *value)
{
	const struct run_data *data = r->b->data;
	double unit_ns = 1;
	int err = 0;

	for (size_t f = 0; f < data->figures && !err; f++) {
		const struct figure *figure = data->figure[f];
		double per = 1;

		value[f] = NAN;
		if (!is_ok)
			continue;
		if (is_time(figure->column))
			err = get_unit(r, i, entry, &unit_ns);
		if (!err)
			err = get_number(r, i, entry, figure->column, &value[f]);
		if (!err && figure->per)
			err = get_number(r, i, entry, figure->per, &per);
		value[f] = per != 0 ? value[f] * (is_time(figure->column) ? unit_ns : 1) / per : NAN;
	}
	return err;
}

static int find_cell(struct reading *r, const char *name, uint32_t *index)
{
	struct run_cell cell;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell.key[k] = r->b->empty;
	cell.cell_id = keep(r, name);
	if (!cell.cell_id)
		return out_of_memory(r->b);
	if (!r->split)
		cell.key[RUN_KEY_BENCHMARK] = cell.cell_id;
	else if (!google_benchmark_split(r->b, name, &cell))
		return out_of_memory(r->b);
	cell.key[RUN_KEY_RUN] = r->b->label;
	cell.key[RUN_KEY_HOST_ID] = r->host;
	return building_cell(r->b, &cell, index) ? out_of_memory(r->b) : 0;
}

/* How it ended; Google Benchmark's words are its error_message's or skip_message's. */
static int get_status(struct reading *r, const json_t *entry, struct run_row *row)
{
	bool has_failed = json_is_true(json_object_get(entry, "error_occurred"));
	bool is_skipped = json_is_true(json_object_get(entry, "skipped"));
	const char *reason = has_failed ? text_of(entry, "error_message") : is_skipped ? text_of(entry, "skip_message") : "";

	row->status = has_failed ? keep(r, "failed") : is_skipped ? keep(r, "skipped") : r->b->ok;
	row->reason = keep(r, reason ? reason : "");
	row->gate_codes = r->b->empty;
	return row->status && row->reason ? 0 : out_of_memory(r->b);
}

static int add_entry(struct reading *r, size_t i, const json_t *entry)
{
	const json_t *repetition = json_object_get(entry, "repetition_index");
	const char *name = text_of(entry, "run_name");
	struct run_row row = { 0 };
	double *value;
	int err;

	if (!name)
		name = text_of(entry, "name");
	if (!name || !*name)
		return building_fails(r->b, -EINVAL, "benchmarks[%zu] has no \"run_name\"", i);
	if (repetition && (!json_is_integer(repetition) || json_integer_value(repetition) < 0 ||
			   json_integer_value(repetition) >= UINT32_MAX))
		return building_fails(r->b, -EINVAL, "benchmarks[%zu]: \"repetition_index\" is not a whole number from 0 on", i);
	row.invocation = (uint32_t)json_integer_value(repetition) + 1;
	err = find_cell(r, name, &row.cell);
	if (!err)
		err = get_status(r, entry, &row);
	if (err)
		return err;
	value = building_rows_add(&r->rows, &row);
	return value ? get_figures(r, i, entry, row.status == r->b->ok, value) : out_of_memory(r->b);
}

/*
 * Where several processes' files were made one, as a run's own is, each counted from 0: rows, sorted as far as that goes, are
 * numbered, which leaves them sorted.
 */
static int number_repeated(struct building *b)
{
	struct run_data *data = b->data;
	uint32_t *count = calloc(data->cells + 1, sizeof(*count));

	if (!count)
		return -ENOMEM;
	for (size_t i = 0; i < data->rows; i++)
		data->row[i].invocation = ++count[data->row[i].cell];
	free(count);
	return 0;
}

/* Whether all names can become keys, and as many different ones. */
static bool may_split(struct reading *r, const json_t *benchmarks)
{
	const char *executable = text_of(json_object_get(r->json, "context"), "executable");
	const char *slash = executable ? strrchr(executable, '/') : NULL;
	json_t *entry;
	size_t i;

	if (!executable || strcmp(slash ? slash + 1 : executable, "storsync"))
		return false;
	json_array_foreach(benchmarks, i, entry) {
		const char *name = text_of(entry, "run_name");
		struct run_cell cell;

		if (!name || !google_benchmark_split(r->b, name, &cell))
			return false;
	}
	return true;
}

static int read_entries(struct reading *r, const json_t *benchmarks)
{
	json_t *entry;
	size_t i;

	json_array_foreach(benchmarks, i, entry) {
		int counts = is_iteration(r, i, entry);
		int err = counts == 1 ? add_entry(r, i, entry) : counts;

		if (err)
			return err;
		r->iterations += counts == 1;
	}
	if (!i)
		return building_fails(r->b, -ENODATA, "has no benchmarks");
	if (!r->iterations)
		return building_fails(r->b, -ENODATA, "has aggregates alone; write it without --benchmark_report_aggregates_only");
	return 0;
}

static int sort(struct reading *r)
{
	const struct building_slice all = { .row = r->rows.row, .value = r->rows.value, .rows = r->rows.rows };
	struct building_twice twice;
	int err = building_finish(r->b, &all, 1, &twice);

	if (err == -EEXIST)
		err = number_repeated(r->b);
	return err ? out_of_memory(r->b) : 0;
}

static int read_json(struct reading *r)
{
	const json_t *benchmarks = json_object_get(r->json, "benchmarks");
	const char *format = text_of(r->json, "format");
	const char *host = text_of(json_object_get(r->json, "context"), "host_name");
	int err;

	if (format && strcmp(format, "storsync-run") == 0)
		return building_fails(r->b, -EINVAL, "a run's manifest; name the folder that it is in");
	if (!json_is_array(benchmarks))
		return building_fails(r->b, -EINVAL, "no \"benchmarks\" in it, so it is not Google Benchmark's");
	r->host = keep(r, host ? host : "");
	if (!r->host)
		return out_of_memory(r->b);
	r->split = may_split(r, benchmarks);
	err = read_entries(r, benchmarks);
	return err ? err : sort(r);
}

int google_benchmark_read(struct building *b, const char *path)
{
	struct reading r = { .b = b, .rows.figures = b->data->figures };
	int err;

	b->data->kind = RUN_DATA_GOOGLE_BENCHMARK;
	err = load_json(&r, path);
	if (!err)
		err = read_json(&r);
	json_decref(r.json);
	building_rows_fini(&r.rows);
	return err;
}
