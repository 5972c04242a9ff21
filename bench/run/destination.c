/* SPDX-License-Identifier: MIT */
/* Where a run's files go; see destination.h. */
#define _GNU_SOURCE
#include "bench/run/destination.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/cli/version.h"
#include "bench/files/checksum.h"
#include "bench/files/schema.h"
#include "bench/run/elapsed.h"

#define NAMES_TRIED 100

/* Everything that a run is of. */
static json_t *describe_cells(const struct matrix *matrix)
{
	json_t *cells = json_array();

	for (size_t c = 0; c < matrix->cells; c++) {
		const struct matrix_cell *cell = &matrix->cell[c];
		struct cell_spec spec = cell->spec;

		spec.seed = 0;
		json_array_append_new(cells, json_pack("{s:s, s:s?, s:o}", "id", cell->id, "refusal", cell->refusal, "spec",
						       cell_spec_to_json(&spec)));
	}
	return cells;
}

/* The files' content: by tomorrow a driver may have been built anew. */
static void describe_miniports(json_t *manifest, const struct matrix *matrix)
{
	json_t *hashes = json_object();
	char hash[CHECKSUM_TEXT_BYTES];
	uint64_t bytes;

	for (size_t c = 0; c < matrix->cells; c++) {
		const char *path = matrix->cell[c].spec.miniport;

		if (*path && !json_object_get(hashes, path) && checksum_file(path, hash, &bytes) == 0)
			json_object_set_new(hashes, path, json_string(hash));
	}
	if (json_object_size(hashes))
		json_object_set(manifest, "miniport_hash", hashes);
	json_decref(hashes);
}

static json_t *describe(const struct run_options *options, const struct matrix *matrix, int argc, char **argv,
			const struct destination_state *state)
{
	char run_id[64], created_utc[32], host_id[128] = "";
	char trace_hash[CHECKSUM_TEXT_BYTES];
	json_t *command = json_array();
	uint64_t bytes;
	json_t *json;

	format_utc(run_id, sizeof(run_id), "%Y%m%dT%H%M%SZ");
	snprintf(run_id + strlen(run_id), sizeof(run_id) - strlen(run_id), "-%08" PRIx32, (uint32_t)matrix->seed);
	/* Shards have one seed, and a cluster starts them in the same second. */
	if (options->shards > 1)
		snprintf(run_id + strlen(run_id), sizeof(run_id) - strlen(run_id), "-%uof%u", options->shard, options->shards);
	format_utc(created_utc, sizeof(created_utc), "%Y-%m-%dT%H:%M:%SZ");
	if (gethostname(host_id, sizeof(host_id) - 1))
		snprintf(host_id, sizeof(host_id), "unknown");
	json_array_append_new(command, json_string("storsync"));
	for (int i = 0; i < argc; i++)
		json_array_append_new(command, json_string(argv[i]));
	json = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:i, s:i, s:{s:s, s:o}}", "format", RUN_MANIFEST_FORMAT,
			 "schema_version", SCHEMA_VERSION, "run_id", run_id, "created_utc", created_utc, "host_id", host_id, "build_id",
			 storsync_version, "command", command, "seed", (json_int_t)matrix->seed, "invocations",
			 (json_int_t)matrix->blocks, "shard", (int)options->shard, "shards", (int)options->shards, "matrix", "name",
			 matrix->name, "cells", describe_cells(matrix));
	if (json) {
		json_object_set(json, "core_to_core_ns", state->core_to_core);
		json_object_set(json, "machine", state->machine);
	}
	/* A name does not say what is in the file on another day, or on another machine. */
	if (json && options->design.settings.trace[0] && checksum_file(options->design.settings.trace, trace_hash, &bytes) == 0)
		json_object_set_new(json, "trace_hash", json_string(trace_hash));
	if (json)
		describe_miniports(json, matrix);
	if (json && options->until_ci > 0)
		json_object_set_new(json, "until_ci", json_pack("{s:s, s:f}", "metric", options->until_ci_metric, "half_width", options->until_ci));
	return json;
}

/* The same machine may have other cores to use by now, and the order of a block is that of the cells that may run. */
static bool may_run_the_same(const struct run_manifest *there, const struct run_manifest *asked, char *difference, size_t bytes)
{
	for (size_t i = 0; i < run_manifest_cells(there); i++) {
		const char *then = run_manifest_refusal(there, i), *now = run_manifest_refusal(asked, i);

		if (!then == !now)
			continue;
		snprintf(difference, bytes, "cell %zu %s: %s", i + 1, now ? "may not run any more" : "may run now, and was refused",
			 now ? now : then);
		return false;
	}
	return true;
}

/* Whether `there` is what was asked for; else why not. */
static bool is_same_run(const struct run_manifest *there, const struct run_manifest *asked, const struct run_options *options,
			char *difference, size_t bytes)
{
	struct run_manifest wanted = *asked;

	if (run_manifest_is_merged(there)) {
		snprintf(difference, bytes, "it was merged from others; go on with those, and merge them again");
		return false;
	}
	if (there->schema_version != asked->schema_version) {
		snprintf(difference, bytes, "its files have version %u of the columns, and this build writes %u", there->schema_version,
			 asked->schema_version);
		return false;
	}
	/* A seed that nobody chose is the one that there is. */
	if (!options->seed_given)
		wanted.seed = there->seed;
	if (!run_manifest_same_matrix(there, &wanted, difference, bytes))
		return false;
	if (there->shard != asked->shard || there->shards != asked->shards) {
		snprintf(difference, bytes, "it is of shard %u/%u, not %u/%u", there->shard, there->shards, asked->shard, asked->shards);
		return false;
	}
	if (run_manifest_is_open(there) != run_manifest_is_open(asked)) {
		snprintf(difference, bytes, "it was begun with%s --until-ci", run_manifest_is_open(there) ? "" : "out");
		return false;
	}
	if (run_manifest_is_open(there) && !json_equal(json_object_get(there->json, "until_ci"), json_object_get(asked->json, "until_ci"))) {
		snprintf(difference, bytes, "it was begun with another --until-ci");
		return false;
	}
	if (strcmp(there->build_id, asked->build_id)) {
		snprintf(difference, bytes, "it was begun by build %s, and this is %s", there->build_id, asked->build_id);
		return false;
	}
	if (strcmp(there->host_id, asked->host_id)) {
		snprintf(difference, bytes, "it was begun on %s, and this is %s", there->host_id, asked->host_id);
		return false;
	}
	return may_run_the_same(there, asked, difference, bytes);
}

/* A run's folder as far as it can be read; 0 or as run_manifest_load. */
static int look_at(struct destination *destination, const char *path, char *error, size_t bytes)
{
	int err = run_manifest_load(path, &destination->manifest, error, bytes);

	snprintf(destination->path, sizeof(destination->path), "%s", path);
	if (err)
		return err;
	err = run_journal_load(path, &destination->journal, error, bytes);
	if (err == -ENOENT)
		err = 0;
	if (err)
		run_manifest_fini(&destination->manifest);
	return err;
}

static void look_away(struct destination *destination)
{
	run_journal_fini(&destination->journal);
	run_manifest_fini(&destination->manifest);
	memset(destination, 0, sizeof(*destination));
}

/* Whoever has completed the run may have been killed while clearing up. */
static void clear_up(struct destination *destination)
{
	char parts[RUN_DIR_PATH_BYTES + 16], error[512];
	struct run_journal journal;

	snprintf(parts, sizeof(parts), "%s/parts", destination->path);
	if (access(parts, F_OK) || run_dir_resume(&destination->dir, destination->path, &journal, error, sizeof(error)))
		return;
	run_dir_remove_parts(&destination->dir);
	run_dir_close(&destination->dir);
	run_journal_fini(&journal);
}

static void take_up(struct destination *destination, struct matrix *matrix)
{
	char error[512];
	int err;

	matrix->seed = destination->manifest.seed;
	destination->resumed = true;
	destination->complete = destination->journal.complete;
	if (destination->complete) {
		clear_up(destination);
		return;
	}
	run_journal_fini(&destination->journal);
	err = run_dir_resume(&destination->dir, destination->path, &destination->journal, error, sizeof(error));
	if (err == -EWOULDBLOCK)
		usage_error("%s: a process is at this run already; `storsync status %s` tells how far it is", destination->path,
			    destination->path);
	if (err)
		usage_error("%s", error);
	run_journal_sort(&destination->journal);
	/* By a process that has ended since the first look. */
	destination->complete = destination->journal.complete;
	if (destination->complete)
		run_dir_close(&destination->dir);
}

static void adopt(struct destination *destination, const char *path, json_t *manifest)
{
	char error[512];

	snprintf(destination->path, sizeof(destination->path), "%s", path);
	if (run_manifest_parse(manifest, &destination->manifest, error, sizeof(error)))
		usage_error("%s: %s", path, error);
}

static void create(struct destination *destination, const char *path, json_t *manifest)
{
	int err = run_dir_create(&destination->dir, path, manifest);

	if (err == -EEXIST)
		usage_error("-o %s: the folder is not empty, and holds no run; name a new one", path);
	if (err == -EWOULDBLOCK)
		usage_error("-o %s: a process is at this folder already", path);
	if (err)
		usage_error("-o %s: %s", path, strerror(-err));
	adopt(destination, path, manifest);
}

/* A folder that nobody named: with --seed, runs that begin in the same second would have the same. */
static void create_in_results(struct destination *destination, json_t *manifest, const char *run_id)
{
	char path[RUN_DIR_PATH_BYTES], id[96];
	int err = -EEXIST;

	for (unsigned n = 1; n <= NAMES_TRIED && (err == -EEXIST || err == -EWOULDBLOCK); n++) {
		snprintf(id, sizeof(id), n == 1 ? "%s" : "%s-%u", run_id, n);
		snprintf(path, sizeof(path), RESULTS_FOLDER "/%s", id);
		json_object_set_new(manifest, "run_id", json_string(id));
		err = run_dir_create(&destination->dir, path, manifest);
	}
	if (err)
		usage_error("%s: %s; name another folder with -o", path, strerror(-err));
	adopt(destination, path, manifest);
}

static void start_over(const char *path, const struct run_manifest *there, const struct run_manifest *asked)
{
	struct run_manifest same_seed = *asked;
	char difference[256];
	int err;

	same_seed.seed = there->seed;
	if (run_manifest_is_merged(there))
		usage_error("--fresh: %s was merged from others; name another folder, or remove this one yourself", path);
	if (!run_manifest_same_matrix(there, &same_seed, difference, sizeof(difference)))
		usage_error("--fresh: %s holds another matrix (%s); name another folder, or remove this one yourself", path, difference);
	err = run_dir_remove(path);
	if (err == -EWOULDBLOCK)
		usage_error("--fresh: %s: a process is at this run", path);
	if (err)
		usage_error("--fresh: %s: %s", path, strerror(-err));
}

/* The folder that the user named. */
static void open_named(struct destination *destination, const struct run_options *options, struct matrix *matrix, json_t *manifest,
		       const struct run_manifest *asked)
{
	const char *path = options->directory;
	char error[512];
	int err = look_at(destination, path, error, sizeof(error));

	if (err == -ENOENT) {
		look_away(destination);
		create(destination, path, manifest);
		return;
	}
	if (err)
		usage_error("-o: %s", error);
	if (options->fresh) {
		start_over(path, &destination->manifest, asked);
		look_away(destination);
		create(destination, path, manifest);
		return;
	}
	if (!is_same_run(&destination->manifest, asked, options, error, sizeof(error)))
		usage_error("-o %s: another run is in this folder: %s; name another one", path, error);
	take_up(destination, matrix);
}

static int is_candidate(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

/* The newest run in results/ to go on with; false when there is none. */
static bool find_unfinished(struct destination *destination, const struct run_options *options, const struct run_manifest *asked)
{
	struct dirent **entry;
	int entries = scandir(RESULTS_FOLDER, &entry, is_candidate, newest_first);
	bool found = false;

	for (int i = 0; i < entries; i++) {
		char path[sizeof(RESULTS_FOLDER) + 1 + sizeof(entry[i]->d_name)];
		char error[512];

		snprintf(path, sizeof(path), RESULTS_FOLDER "/%s", entry[i]->d_name);
		free(entry[i]);
		if (found || strlen(path) >= sizeof(destination->path) || look_at(destination, path, error, sizeof(error)))
			continue;
		found = !destination->journal.complete && !run_journal_busy(path) &&
			is_same_run(&destination->manifest, asked, options, error, sizeof(error));
		if (!found)
			look_away(destination);
	}
	if (entries >= 0)
		free(entry);
	return found;
}

void destination_open(struct destination *destination, const struct run_options *options, struct matrix *matrix, int argc, char **argv,
		      const struct destination_state *state)
{
	json_t *manifest = describe(options, matrix, argc, argv, state);
	struct run_manifest asked;
	char error[512];

	memset(destination, 0, sizeof(*destination));
	if (!manifest || run_manifest_parse(manifest, &asked, error, sizeof(error)))
		usage_error("the command line is not UTF-8, or memory is short");
	if (options->directory) {
		open_named(destination, options, matrix, manifest, &asked);
	} else if (!options->fresh && find_unfinished(destination, options, &asked)) {
		take_up(destination, matrix);
	} else {
		create_in_results(destination, manifest, asked.run_id);
	}
	run_manifest_fini(&asked);
	json_decref(manifest);
}

void destination_close(struct destination *destination)
{
	if (!destination->complete)
		run_dir_close(&destination->dir);
	run_journal_fini(&destination->journal);
	run_manifest_fini(&destination->manifest);
}

uint64_t destination_core_to_core_ns(const struct destination *destination, uint64_t cpus)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRIu64, cpus);
	return (uint64_t)json_integer_value(json_object_get(json_object_get(destination->manifest.json, "core_to_core_ns"), key));
}
