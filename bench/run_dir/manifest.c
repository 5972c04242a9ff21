/* SPDX-License-Identifier: MIT */
/* Reading a run's manifest; see manifest.h. */
#include "bench/run_dir/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cell/spec.h"
#include "bench/files/file_error.h"

static int get_text(json_t *json, const char *name, char *text, size_t bytes, char *error, size_t error_bytes)
{
	const json_t *value = json_object_get(json, name);

	if (!json_is_string(value) || !json_string_length(value) || json_string_length(value) >= bytes)
		return error_invalid(error, error_bytes, "\"%s\" is not a text of 1 to %zu bytes", name, bytes - 1);
	strcpy(text, json_string_value(value));
	return 0;
}

static int get_count(json_t *json, const char *name, uint64_t most, uint64_t *count, char *error, size_t error_bytes)
{
	const json_t *value = json_object_get(json, name);

	if (!json_is_integer(value) || json_integer_value(value) < 1 || (uint64_t)json_integer_value(value) > most)
		return error_invalid(error, error_bytes, "\"%s\" is not a whole number from 1 on", name);
	*count = (uint64_t)json_integer_value(value);
	return 0;
}

static int get_counts(json_t *json, struct run_manifest *manifest, char *error, size_t error_bytes)
{
	const json_t *seed = json_object_get(json, "seed");
	uint64_t schema_version, shard, shards;

	if (get_count(json, "schema_version", UINT32_MAX, &schema_version, error, error_bytes) ||
	    get_count(json, "invocations", INT64_MAX, &manifest->invocations, error, error_bytes) ||
	    get_count(json, "shard", UINT32_MAX, &shard, error, error_bytes) ||
	    get_count(json, "shards", UINT32_MAX, &shards, error, error_bytes))
		return -EINVAL;
	if (shard > shards)
		return error_invalid(error, error_bytes, "\"shard\" is %u of only %u", (unsigned)shard, (unsigned)shards);
	/* JSON's numbers are signed here, seeds are 64 bits. */
	if (!json_is_integer(seed))
		return error_invalid(error, error_bytes, "\"seed\" is not a whole number");
	manifest->schema_version = (unsigned)schema_version;
	manifest->shard = (unsigned)shard;
	manifest->shards = (unsigned)shards;
	manifest->seed = (uint64_t)json_integer_value(seed);
	return 0;
}

static int check_cells(json_t *matrix, char *error, size_t error_bytes)
{
	const json_t *cells = json_object_get(matrix, "cells");
	json_t *cell;
	size_t i;

	if (!json_is_array(cells) || !json_array_size(cells))
		return error_invalid(error, error_bytes, "\"matrix\" has no cells");
	json_array_foreach(cells, i, cell) {
		const json_t *id = json_object_get(cell, "id");
		const json_t *refusal = json_object_get(cell, "refusal");

		if (!json_is_string(id) || json_string_length(id) != CELL_ID_BYTES - 1)
			return error_invalid(error, error_bytes, "cell %zu has no \"id\" of %d characters", i + 1, CELL_ID_BYTES - 1);
		if (!json_is_string(refusal) && !json_is_null(refusal))
			return error_invalid(error, error_bytes, "cell %zu has a \"refusal\" that is neither a text nor null", i + 1);
		if (!json_is_object(json_object_get(cell, "spec")))
			return error_invalid(error, error_bytes, "cell %zu has no \"spec\"", i + 1);
	}
	return 0;
}

int run_manifest_parse(json_t *json, struct run_manifest *manifest, char *error, size_t error_bytes)
{
	const char *format = json_string_value(json_object_get(json, "format"));

	memset(manifest, 0, sizeof(*manifest));
	if (!format || strcmp(format, RUN_MANIFEST_FORMAT))
		return error_invalid(error, error_bytes, "\"format\" is not \"" RUN_MANIFEST_FORMAT "\"");
	if (get_text(json, "run_id", manifest->run_id, sizeof(manifest->run_id), error, error_bytes) ||
	    get_text(json, "host_id", manifest->host_id, sizeof(manifest->host_id), error, error_bytes) ||
	    get_text(json, "build_id", manifest->build_id, sizeof(manifest->build_id), error, error_bytes) ||
	    get_text(json, "created_utc", manifest->created_utc, sizeof(manifest->created_utc), error, error_bytes) ||
	    get_counts(json, manifest, error, error_bytes) ||
	    check_cells(json_object_get(json, "matrix"), error, error_bytes))
		return -EINVAL;
	manifest->matrix = json_object_get(json, "matrix");
	manifest->json = json_incref(json);
	return 0;
}

int run_manifest_load(const char *directory, struct run_manifest *manifest, char *error, size_t error_bytes)
{
	char path[600], what[256];
	json_error_t parse_error;
	struct stat info;
	json_t *json;
	FILE *stream;
	int file, err;

	snprintf(path, sizeof(path), "%s/" RUN_MANIFEST_FILE, directory);
	/* A FIFO without a writer would block. */
	file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0) {
		err = -errno;
		error_invalid(error, error_bytes, "%s: %s", path, strerror(-err));
		return err == -ENOTDIR ? -ENOENT : err;
	}
	if (fstat(file, &info) || !S_ISREG(info.st_mode)) {
		close(file);
		return error_invalid(error, error_bytes, "%s: not a regular file", path);
	}
	/* Through a buffer: json_loadfd() has none. */
	stream = fdopen(file, "r");
	if (!stream) {
		close(file);
		error_invalid(error, error_bytes, "%s: out of memory", path);
		return -ENOMEM;
	}
	json = json_loadf(stream, JSON_REJECT_DUPLICATES, &parse_error);
	fclose(stream);
	if (!json)
		return error_invalid(error, error_bytes, "%s:%d: %s", path, parse_error.line, parse_error.text);
	err = run_manifest_parse(json, manifest, what, sizeof(what));
	json_decref(json);
	if (err)
		error_invalid(error, error_bytes, "%s: not a run's manifest: %s", path, what);
	return err;
}

void run_manifest_fini(struct run_manifest *manifest)
{
	json_decref(manifest->json);
	memset(manifest, 0, sizeof(*manifest));
}

static json_t *cell_at(const struct run_manifest *manifest, size_t index)
{
	return json_array_get(json_object_get(manifest->matrix, "cells"), index);
}

size_t run_manifest_cells(const struct run_manifest *manifest)
{
	return json_array_size(json_object_get(manifest->matrix, "cells"));
}

const char *run_manifest_cell_id(const struct run_manifest *manifest, size_t index)
{
	return json_string_value(json_object_get(cell_at(manifest, index), "id"));
}

const char *run_manifest_refusal(const struct run_manifest *manifest, size_t index)
{
	return json_string_value(json_object_get(cell_at(manifest, index), "refusal"));
}

size_t run_manifest_runnable(const struct run_manifest *manifest)
{
	size_t runnable = 0;

	for (size_t i = 0; i < run_manifest_cells(manifest); i++)
		runnable += !run_manifest_refusal(manifest, i);
	return runnable;
}

uint64_t run_manifest_blocks(const struct run_manifest *manifest)
{
	uint64_t before = manifest->shard - 1;

	return manifest->invocations > before ? (manifest->invocations - before - 1) / manifest->shards + 1 : 0;
}

bool run_manifest_is_open(const struct run_manifest *manifest)
{
	return json_object_get(manifest->json, "until_ci") != NULL;
}

bool run_manifest_is_merged(const struct run_manifest *manifest)
{
	return json_object_get(manifest->json, "parts") != NULL;
}

bool run_manifest_has_block(const struct run_manifest *manifest, uint64_t block)
{
	return block >= 1 && (block <= manifest->invocations || run_manifest_is_open(manifest)) && (block - 1) % manifest->shards == manifest->shard - 1;
}

/* A value as a person would write it. */
static void put_value(const json_t *value, char *text, size_t bytes)
{
	char *dumped = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	snprintf(text, bytes, "%s", json_is_string(value) ? json_string_value(value) : dumped ? dumped : "nothing");
	free(dumped);
}

static bool same_spec(json_t *a, json_t *b, size_t number, char *difference, size_t difference_bytes)
{
	char of_a[100], of_b[100];
	const char *name;
	json_t *value;

	json_object_foreach(a, name, value) {
		if (json_equal(value, json_object_get(b, name)))
			continue;
		put_value(value, of_a, sizeof(of_a));
		put_value(json_object_get(b, name), of_b, sizeof(of_b));
		error_invalid(difference, difference_bytes, "cell %zu has %s %s, not %s", number, name, of_a, of_b);
		return false;
	}
	json_object_foreach(b, name, value) {
		if (json_object_get(a, name))
			continue;
		put_value(value, of_b, sizeof(of_b));
		error_invalid(difference, difference_bytes, "cell %zu has no %s, not %s", number, name, of_b);
		return false;
	}
	return true;
}

static bool same_miniports(json_t *a, json_t *b, char *difference, size_t difference_bytes)
{
	const char *path;
	json_t *hash;

	json_object_foreach(json_object_get(a, "miniport_hash"), path, hash) {
		if (json_equal(hash, json_object_get(json_object_get(b, "miniport_hash"), path)))
			continue;
		error_invalid(difference, difference_bytes, "the miniport %.150s has another content", path);
		return false;
	}
	return true;
}

bool run_manifest_same_matrix(const struct run_manifest *a, const struct run_manifest *b, char *difference,
			      size_t difference_bytes)
{
	const char *trace = json_string_value(json_object_get(a->json, "trace_hash"));
	const char *trace_of_b = json_string_value(json_object_get(b->json, "trace_hash"));
	size_t cells = run_manifest_cells(a) < run_manifest_cells(b) ? run_manifest_cells(a) : run_manifest_cells(b);

	if (a->seed != b->seed) {
		error_invalid(difference, difference_bytes, "the seed is %ju, not %ju", (uintmax_t)a->seed, (uintmax_t)b->seed);
		return false;
	}
	for (size_t i = 0; i < cells; i++) {
		if (!same_spec(json_object_get(cell_at(a, i), "spec"), json_object_get(cell_at(b, i), "spec"), i + 1, difference,
			       difference_bytes))
			return false;
		if (strcmp(run_manifest_cell_id(a, i), run_manifest_cell_id(b, i))) {
			error_invalid(difference, difference_bytes, "cell %zu has id %s, not %s", i + 1, run_manifest_cell_id(a, i),
				      run_manifest_cell_id(b, i));
			return false;
		}
	}
	if (run_manifest_cells(a) != run_manifest_cells(b)) {
		error_invalid(difference, difference_bytes, "there are %zu cells, not %zu", run_manifest_cells(a), run_manifest_cells(b));
		return false;
	}
	if (trace && (!trace_of_b || strcmp(trace, trace_of_b))) {
		error_invalid(difference, difference_bytes, "the trace's file has another content");
		return false;
	}
	if (!same_miniports(a->json, b->json, difference, difference_bytes))
		return false;
	if (a->invocations != b->invocations) {
		error_invalid(difference, difference_bytes, "there are %ju invocations a cell, not %ju", (uintmax_t)a->invocations,
			      (uintmax_t)b->invocations);
		return false;
	}
	return true;
}
