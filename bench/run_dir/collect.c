/* SPDX-License-Identifier: MIT */
/* Collecting; see collect.h. */
#include "bench/run_dir/collect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/files/schema.h"

#define BENCHMARK_NAME "benchmark.json"
#define PATH_BYTES (RUN_DIR_PATH_BYTES + 64)

struct collection {
	const struct run_dir *dir;
	struct csv_writer writer[SCHEMA_FILES];
	unsigned open;       /* so many of them are */
	FILE *benchmark;
	size_t benchmarks;   /* runs written */
};

int part_names_add(struct part_names *names, const char *name)
{
	void *grown = realloc(names->name, (names->count + 1) * sizeof(*names->name));

	if (!grown)
		return -ENOMEM;
	names->name = grown;
	snprintf(names->name[names->count++], RUN_DIR_PART_BYTES, "%s", name);
	return 0;
}

static int add_found(void *context, const char *name)
{
	return part_names_add(context, name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

int part_names_find(struct part_names *names, const struct run_dir *dir, const char *prefix)
{
	size_t before = names->count;
	int err = run_dir_for_parts(dir, prefix, add_found, names);

	if (!err && names->count > before)
		qsort(names->name + before, names->count - before, sizeof(*names->name), compare_names);
	return err;
}

void part_names_fini(struct part_names *names)
{
	free(names->name);
	*names = (struct part_names){ 0 };
}

static void path_of(const struct run_dir *dir, const char *name, bool aside, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, aside ? "%s/.%s.part" : "%s/%s", dir->path, name);
}

static int open_all(struct collection *collection)
{
	char path[PATH_BYTES];
	int err = 0;

	while (!err && collection->open < SCHEMA_FILES) {
		const struct csv_schema *schema = schema_files[collection->open];

		path_of(collection->dir, schema->name, true, path);
		unlink(path);
		err = csv_create(&collection->writer[collection->open], path, schema);
		collection->open += !err;
	}
	if (err)
		return err;
	path_of(collection->dir, BENCHMARK_NAME, true, path);
	collection->benchmark = fopen(path, "we");
	return collection->benchmark ? 0 : -errno;
}

/* Google Benchmark's JSON, written piecemeal: all runs behind the first one's context. */
static int put_benchmark(struct collection *collection, const json_t *benchmark)
{
	FILE *out = collection->benchmark;
	json_t *run;
	size_t i;

	if (!json_is_object(benchmark))
		return 0;
	if (!collection->benchmarks) {
		fputs("{\"context\": ", out);
		if (json_dumpf(json_object_get(benchmark, "context"), out, JSON_INDENT(1) | JSON_ENCODE_ANY))
			return -EIO;
		fputs(",\n\"benchmarks\": [", out);
	}
	json_array_foreach(json_object_get(benchmark, "benchmarks"), i, run) {
		fputs(collection->benchmarks++ ? ",\n" : "\n", out);
		if (json_dumpf(run, out, JSON_INDENT(1) | JSON_ENCODE_ANY))
			return -EIO;
	}
	return ferror(out) ? -EIO : 0;
}

static int put_part(struct collection *collection, const json_t *part)
{
	const json_t *rows = json_object_get(part, "rows");
	int err = put_benchmark(collection, json_object_get(part, "benchmark"));

	for (unsigned i = 0; i < SCHEMA_FILES && !err; i++) {
		const char *text = json_string_value(json_object_get(rows, schema_files[i]->name));

		if (text)
			err = csv_write_text(&collection->writer[i], text);
	}
	return err;
}

/* 0, or the first -errno of closing. */
static int close_all(struct collection *collection)
{
	int first = 0;

	while (collection->open) {
		int err = csv_close(&collection->writer[--collection->open]);

		first = first ? first : err;
	}
	if (collection->benchmark) {
		if (collection->benchmarks)
			fputs("\n]}\n", collection->benchmark);
		if ((fflush(collection->benchmark) || fsync(fileno(collection->benchmark))) && !first)
			first = -errno;
		if (fclose(collection->benchmark) && !first)
			first = -errno;
	}
	return first;
}

/* Either all take their names, or none stays. */
static int put_in_place(const struct collection *collection, bool whole)
{
	int err = 0;

	for (unsigned i = 0; i <= SCHEMA_FILES; i++) {
		bool is_benchmark = i == SCHEMA_FILES;
		const char *name = is_benchmark ? BENCHMARK_NAME : schema_files[i]->name;
		char aside[PATH_BYTES], path[PATH_BYTES];

		path_of(collection->dir, name, true, aside);
		path_of(collection->dir, name, false, path);
		/* A run without a single measured invocation has no JSON. */
		if (!whole || (is_benchmark && !collection->benchmarks))
			unlink(aside);
		else if (rename(aside, path) && !err)
			err = -errno;
	}
	if (whole && !err && fsync(collection->dir->fd))
		err = -errno;
	return err;
}

int run_dir_collect(struct run_dir *dir, const struct part_names *names, run_dir_visit *visit, void *context, const char **missing)
{
	struct collection collection = { .dir = dir };
	int err = open_all(&collection);
	int place_err;

	for (size_t i = 0; i < names->count && !err; i++) {
		json_t *part = run_dir_load_part(dir, names->name[i]);

		if (!part) {
			*missing = names->name[i];
			err = -ENODATA;
			break;
		}
		err = put_part(&collection, part);
		if (!err && visit)
			err = visit(context, i, part);
		json_decref(part);
	}
	place_err = close_all(&collection);
	err = err ? err : place_err;
	place_err = put_in_place(&collection, !err);
	return err ? err : place_err;
}
