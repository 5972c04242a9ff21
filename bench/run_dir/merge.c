/* SPDX-License-Identifier: MIT */
/* `storsync merge`; see merge.h. */
#define _GNU_SOURCE
#include "bench/run_dir/merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/files/csv_rows.h"
#include "bench/files/datapackage.h"
#include "bench/files/json_file.h"
#include "bench/files/schema.h"
#include "bench/run_dir/merge_shards.h"
#include "bench/run_dir/validate.h"

enum { EXIT_PARTIAL = 5 };

static int make_empty(const char *directory)
{
	const struct dirent *entry;
	int err = 0;
	DIR *dir;

	if (mkdir(directory, 0777) == 0)
		return 0;
	dir = errno == EEXIST ? opendir(directory) : NULL;
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = -ENOTEMPTY;
	}
	closedir(dir);
	return err;
}

/* What the writer is at is its error. */
static void write_raw(struct csv_writer *writer, const char *raw, size_t bytes)
{
	if (!writer->error && fwrite(raw, 1, bytes, writer->file) != bytes)
		writer->error = -EIO;
}

/* An older build's row has fewer fields. */
static void write_row(struct csv_writer *writer, const char *raw, size_t bytes, size_t fields)
{
	write_raw(writer, raw, bytes - 1);
	for (size_t i = fields; i < writer->schema->count; i++)
		write_raw(writer, ",", 1);
	write_raw(writer, "\n", 1);
}

static int write_summary(const struct merge_shards *shards, const char *out)
{
	struct csv_writer writer = { 0 };
	char path[700], *row = NULL;
	size_t capacity = 0;
	int err;

	snprintf(path, sizeof(path), "%s/%s", out, schema_summary.name);
	err = csv_create(&writer, path, &schema_summary);
	for (size_t i = 0; i < shards->rows && !err; i++) {
		const struct merge_row *from = &shards->row[i];
		FILE *file = shards->shard[from->shard].summary;

		if (from->bytes > capacity) {
			free(row);
			capacity = 2 * (size_t)from->bytes;
			row = malloc(capacity);
		}
		if (!row)
			err = -ENOMEM;
		else if (fseeko(file, from->offset, SEEK_SET) || fread(row, 1, from->bytes, file) != from->bytes)
			err = -EIO;
		else
			write_row(&writer, row, from->bytes, from->fields);
		err = err ? err : writer.error;
	}
	free(row);
	if (!writer.file)
		return err;
	return csv_close(&writer) ? -EIO : err;
}

static int copy_rows(struct csv_writer *writer, const char *path, const struct csv_schema *schema, const char *out)
{
	char error[900], target[700];
	struct csv_rows rows;
	int got = csv_rows_open(&rows, path, error, sizeof(error));

	if (got)
		return got == -ENOENT ? 0 : got;
	snprintf(target, sizeof(target), "%s/%s", out, schema->name);
	got = writer->file ? 0 : csv_create(writer, target, schema);
	if (!got)
		got = csv_rows_next(&rows, error, sizeof(error));
	while (got > 0 && !writer->error) {
		got = csv_rows_next(&rows, error, sizeof(error));
		if (got <= 0)
			break;
		write_row(writer, rows.raw, rows.raw_bytes, rows.fields);
	}
	csv_rows_close(&rows);
	return got < 0 ? got : writer->error;
}

static int write_table(const struct merge_shards *shards, const struct csv_schema *schema, const char *out)
{
	struct csv_writer writer = { 0 };
	char path[700];
	int err = 0;

	for (size_t i = 0; i < shards->count && !err; i++) {
		snprintf(path, sizeof(path), "%s/%s", shards->shard[i].directory, schema->name);
		err = copy_rows(&writer, path, schema, out);
	}
	if (!writer.file)
		return err;
	return csv_close(&writer) ? -EIO : err;
}

/* Google Benchmark's JSON being put together: one shard's at a time is in memory. */
struct benchmarks {
	FILE *file;
	bool any;
};

static int copy_benchmarks(struct benchmarks *to, const char *path)
{
	json_t *json = json_load_file(path, 0, NULL);
	json_t *benchmark;
	size_t i;

	if (!json)
		return -EBADMSG;
	if (!ftello(to->file)) {
		fputs("{\"context\":", to->file);
		json_dumpf(json_object_get(json, "context"), to->file, JSON_COMPACT | JSON_PRESERVE_ORDER);
		fputs(",\n\"benchmarks\":[", to->file);
	}
	json_array_foreach(json_object_get(json, "benchmarks"), i, benchmark) {
		fputs(to->any ? ",\n" : "\n", to->file);
		json_dumpf(benchmark, to->file, JSON_COMPACT | JSON_PRESERVE_ORDER);
		to->any = true;
	}
	json_decref(json);
	return ferror(to->file) ? -EIO : 0;
}

static int write_benchmark(const struct merge_shards *shards, const char *out)
{
	struct benchmarks to = { 0 };
	char path[700];
	int err = 0;

	for (size_t i = 0; i < shards->count && !err; i++) {
		snprintf(path, sizeof(path), "%s/" DATAPACKAGE_BENCHMARK, shards->shard[i].directory);
		if (access(path, F_OK))
			continue;
		if (!to.file) {
			char target[700];

			snprintf(target, sizeof(target), "%s/" DATAPACKAGE_BENCHMARK, out);
			to.file = fopen(target, "wxe");
			if (!to.file)
				return -errno;
		}
		err = copy_benchmarks(&to, path);
	}
	if (!to.file)
		return err;
	fputs("\n]}\n", to.file);
	return fclose(to.file) ? -EIO : err;
}

static int by_invocation(const void *first, const void *second)
{
	const struct run_journal_entry *a = first, *b = second;

	return a->block != b->block ? (a->block < b->block ? -1 : 1) : strcmp(a->cell, b->cell);
}

static int put_event(FILE *file, json_t *event)
{
	int err = event && json_dumpf(event, file, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0 && putc('\n', file) != EOF ? 0 : -EIO;

	json_decref(event);
	return err;
}

static int put_invocation(FILE *file, const struct merge_shards *shards, const struct merge_row *row)
{
	const struct run_journal *journal = &shards->shard[row->shard].journal;
	struct run_journal_entry key = { .block = row->block };
	const struct run_journal_entry *entry;
	json_t *event;

	strcpy(key.cell, row->cell);
	entry = bsearch(&key, journal->entry, journal->count, sizeof(key), by_invocation);
	if (!entry)
		return 0;
	event = json_pack("{s:s,s:I,s:I,s:s,s:s,s:I,s:I}", "event", "invocation", "order", (json_int_t)entry->order, "block",
			  (json_int_t)entry->block, "cell", entry->cell, "status", entry->status, "wall_ns",
			  (json_int_t)entry->wall_ns, "window_ns", (json_int_t)entry->window_ns);
	if (entry->reason[0])
		json_object_set_new(event, "reason", json_string(entry->reason));
	return put_event(file, event);
}

/* What the shards' journals have, in the order of summary.csv; complete if nothing is missing. */
static int write_journal(struct merge_shards *shards, const char *out)
{
	const char *stopped = "";
	char path[700];
	FILE *file;
	int err;

	snprintf(path, sizeof(path), "%s/" RUN_JOURNAL_FILE, out);
	file = fopen(path, "wxe");
	if (!file)
		return -errno;
	for (size_t i = 0; i < shards->count; i++) {
		struct run_journal *journal = &shards->shard[i].journal;

		if (journal->count)
			qsort(journal->entry, journal->count, sizeof(*journal->entry), by_invocation);
		if (journal->complete && journal->stopped[0])
			stopped = journal->stopped;
	}
	err = put_event(file, json_pack("{s:s}", "event", "start"));
	for (size_t i = 0; i < shards->rows && !err; i++) {
		if (shards->row[i].block)
			err = put_invocation(file, shards, &shards->row[i]);
	}
	if (!err && !merge_shards_missing(shards, NULL))
		err = put_event(file, *stopped ? json_pack("{s:s,s:s}", "event", "complete", "stopped", stopped) :
				json_pack("{s:s}", "event", "complete"));
	return fclose(file) ? -EIO : err;
}

/* The first shard's matrix, where a cell is refused only if every machine refused it. */
static json_t *merged_matrix(const struct merge_shards *shards)
{
	json_t *matrix = json_deep_copy(shards->shard[0].manifest.matrix);
	json_t *cell;
	size_t c;

	json_array_foreach(json_object_get(matrix, "cells"), c, cell) {
		for (size_t i = 0; i < shards->count; i++) {
			if (!run_manifest_refusal(&shards->shard[i].manifest, c))
				json_object_set_new(cell, "refusal", json_null());
		}
	}
	return matrix;
}

static json_t *merged_parts(const struct merge_shards *shards)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < shards->count; i++) {
		const struct merge_shard *shard = &shards->shard[i];

		json_t *part = json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:I}", "run_id", shard->manifest.run_id, "host_id",
					 shard->manifest.host_id, "created_utc", shard->manifest.created_utc, "directory",
					 shard->directory, "shard", (int)shard->manifest.shard, "shards",
					 (int)shard->manifest.shards, "invocations", (json_int_t)shard->done);

		json_object_set(part, "machine", json_object_get(shard->manifest.json, "machine"));
		json_array_append_new(parts, part);
	}
	return parts;
}

/* Machines that the shards are from: their name if it is but one. */
static const char *merged_host(const struct merge_shards *shards)
{
	const char *host = shards->shard[0].manifest.host_id;

	for (size_t i = 1; i < shards->count; i++) {
		if (strcmp(shards->shard[i].manifest.host_id, host))
			return "several machines";
	}
	return host;
}

static const struct run_manifest *earliest(const struct merge_shards *shards)
{
	const struct run_manifest *manifest = &shards->shard[0].manifest;

	for (size_t i = 1; i < shards->count; i++) {
		if (strcmp(shards->shard[i].manifest.created_utc, manifest->created_utc) < 0)
			manifest = &shards->shard[i].manifest;
	}
	return manifest;
}

/* What all shards have alike: they would not have been taken otherwise. */
static void copy_common(json_t *manifest, const struct run_manifest *from)
{
	static const char *const common[] = { "trace_hash", "miniport_hash", "until_ci" };

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		json_t *value = json_object_get(from->json, common[i]);

		if (value)
			json_object_set(manifest, common[i], value);
	}
}

/* The manifest makes the folder a run's, and so comes behind all that it is of. */
static int write_descriptions(const struct merge_shards *shards, const char *out)
{
	const struct run_manifest *first = earliest(shards);
	struct datapackage_info info = { .title = "storsync: shards of one matrix, merged", .created_utc = first->created_utc,
					 .build_id = first->build_id };
	char run_id[64];
	json_t *manifest;
	int err;

	snprintf(run_id, sizeof(run_id), "%.56s-merged", first->run_id);
	info.run_id = run_id;
	manifest = json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:I,s:I,s:i,s:i,s:I,s:o,s:o}", "format", RUN_MANIFEST_FORMAT, "schema_version",
			     SCHEMA_VERSION, "run_id", run_id, "created_utc", first->created_utc, "host_id", merged_host(shards),
			     "build_id", first->build_id, "seed", (json_int_t)first->seed, "invocations",
			     (json_int_t)first->invocations, "shard", 1, "shards", 1, "expected",
			     (json_int_t)merge_shards_expected(shards), "parts", merged_parts(shards), "matrix",
			     merged_matrix(shards));
	if (manifest)
		copy_common(manifest, first);
	err = json_file_replace(out, RUN_MANIFEST_FILE, manifest);
	json_decref(manifest);
	/* Last, because it has the manifest's checksum too. */
	return err ? err : datapackage_write(out, &info);
}

static int write_all(struct merge_shards *shards, const char *out)
{
	int err = write_summary(shards, out);

	for (size_t i = 1; i < datapackage_table_count && !err; i++)
		err = write_table(shards, datapackage_tables[i].schema, out);
	if (!err)
		err = write_benchmark(shards, out);
	if (!err)
		err = write_journal(shards, out);
	return err ? err : write_descriptions(shards, out);
}

/* The merged files get checksums of their own, which would vouch for whatever has happened to the shards' since. */
static bool are_sound(const char *const *directory, size_t count, FILE *say)
{
	for (size_t i = 0; i < count; i++) {
		char *text = NULL;
		size_t bytes;
		FILE *out = open_memstream(&text, &bytes);
		int status = out ? validate_directory(directory[i], out) : EXIT_FAILURE;

		if (out)
			fclose(out);
		free(text);
		if (status == EXIT_SUCCESS || status == EXIT_PARTIAL)
			continue;
		fprintf(say, "%s: damaged; `storsync validate %s` says what, and nothing was merged\n", directory[i], directory[i]);
		return false;
	}
	return true;
}

int merge_runs(const char *const *directory, size_t count, const char *out, FILE *say)
{
	struct merge_shards shards;
	char error[900];
	int status = EXIT_SUCCESS;
	int err;

	if (merge_shards_load(&shards, directory, count, error, sizeof(error))) {
		fprintf(say, "%s\n", error);
		return EXIT_USAGE;
	}
	if (!are_sound(directory, count, say)) {
		merge_shards_fini(&shards);
		return EXIT_USAGE;
	}
	err = make_empty(out);
	if (err) {
		fprintf(say, "-o %s: %s\n", out, err == -ENOTEMPTY ? "the folder is not empty; name a new one" : strerror(-err));
		status = EXIT_USAGE;
	} else {
		err = write_all(&shards, out);
		if (err)
			fprintf(say, "%s: %s; what is there is incomplete\n", out, strerror(-err));
		if (err || merge_shards_missing(&shards, say))
			status = EXIT_PARTIAL;
	}
	merge_shards_fini(&shards);
	return status;
}

struct merge_options {
	const char **directory;
	size_t count;
	const char *out;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct merge_options *options = state->input;

	switch (key) {
	case 'o':
		options->out = argument;
		return 0;
	case ARGP_KEY_ARG:
		options->directory[options->count++] = argument;
		return 0;
	case ARGP_KEY_END:
		if (!options->count)
			usage_error("the runs to merge are missing: storsync merge DIR... -o OUT");
		if (!options->out)
			usage_error("--output is missing: the folder to write, a new one");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int merge_main(int argc, char **argv)
{
	static const struct argp_option list[] = {
		{ "output", 'o', "OUT", 0, "folder to write, new or empty", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = list,
		.parser = parse,
		.args_doc = "DIR...",
		.doc = "Merges the shards of one matrix, from any number of machines, into one run's folder.\v"
		       "What is missing is named, and the rest written all the same: exit status 5.",
	};
	struct merge_options options = { .directory = calloc((size_t)argc, sizeof(*options.directory)) };
	char *text = NULL;
	size_t bytes = 0;
	FILE *say = open_memstream(&text, &bytes);
	int status;

	if (!options.directory || !say)
		usage_error("out of memory");
	usage_parse(&argp, "merge", argc, argv, &options);
	status = merge_runs(options.directory, options.count, options.out, say);
	if (fclose(say))
		usage_error("out of memory");
	for (const char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		fprintf(stderr, "storsync merge: %s\n", line);
	if (status != EXIT_USAGE)
		printf("%s: %zu run%s merged%s\n", options.out, options.count, options.count == 1 ? "" : "s",
		       status ? ", incomplete" : "");
	free(text);
	free(options.directory);
	return status;
}
