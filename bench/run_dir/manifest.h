/* SPDX-License-Identifier: MIT */
/*
 * run.json, a run's manifest: which matrix, which seed, which share of it, by which build on which machine. It is what a
 * run is resumed, merged and checked against.
 */
#ifndef STORSYNC_BENCH_RUN_DIR_MANIFEST_H
#define STORSYNC_BENCH_RUN_DIR_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_MANIFEST_FILE "run.json"
#define RUN_MANIFEST_FORMAT "storsync-run"

struct run_manifest {
	char run_id[64];
	char host_id[128];
	char build_id[128];
	char created_utc[32];
	unsigned schema_version; /* of the CSV files */
	uint64_t seed;
	uint64_t invocations; /* blocks of the whole matrix, over all shards */
	unsigned shard;       /* 1 to shards */
	unsigned shards;
	json_t *matrix; /* "name" and "cells"; belongs to json */
	json_t *json;   /* all of it */
};

/*
 * Reads DIRECTORY/run.json. 0; -ENOENT: there is none; -EINVAL: torn, or not a run's manifest; or another -errno. `error`
 * then has one line that names the file and what is wrong. On failure there is nothing to be freed.
 */
int run_manifest_load(const char *directory, struct run_manifest *manifest, char *error, size_t error_bytes);

/* The same from JSON, of which it keeps a reference. 0 or -EINVAL with a line in `error`, without a file's name. */
int run_manifest_parse(json_t *json, struct run_manifest *manifest, char *error, size_t error_bytes);
void run_manifest_fini(struct run_manifest *manifest);

size_t run_manifest_cells(const struct run_manifest *manifest);

/* Of cell `index`, counted from 0: its id; why it is not run there, NULL if it is. */
const char *run_manifest_cell_id(const struct run_manifest *manifest, size_t index);
const char *run_manifest_refusal(const struct run_manifest *manifest, size_t index);

/* How many cells are run, and how many blocks this shard has. */
size_t run_manifest_runnable(const struct run_manifest *manifest);
uint64_t run_manifest_blocks(const struct run_manifest *manifest);

/* Whether there may be blocks beyond `invocations`, until an interval is narrow enough: "until_ci" is there. */
bool run_manifest_is_open(const struct run_manifest *manifest);

/* Whether `storsync merge` has made it: its rows are of several runs, which "parts" lists. */
bool run_manifest_is_merged(const struct run_manifest *manifest);

/* Whether the shard is the one that runs this block; blocks count from 1. */
bool run_manifest_has_block(const struct run_manifest *manifest, uint64_t block);

/*
 * Whether both are of one matrix with one seed: the same cells in the same order, whatever each machine refuses, a trace and
 * miniports of the same content, and as many invocations. Else `difference` says what differs first, such as "cell 3 has queue_depth 8, not 16": a has, not b's.
 * Build, machine and shard are the caller's to compare.
 */
bool run_manifest_same_matrix(const struct run_manifest *a, const struct run_manifest *b, char *difference,
			      size_t difference_bytes);

#endif
