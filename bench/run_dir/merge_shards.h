/* SPDX-License-Identifier: MIT */
/* The shards that `storsync merge` reads: loaded, found to belong together, and their rows of summary.csv in order. */
#ifndef STORSYNC_BENCH_RUN_DIR_MERGE_SHARDS_H
#define STORSYNC_BENCH_RUN_DIR_MERGE_SHARDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/run_dir/journal.h"
#include "bench/run_dir/manifest.h"

struct merge_shard {
	const char *directory;
	struct run_manifest manifest;
	struct run_journal journal;
	FILE *summary; /* NULL: nothing was collected there */
	size_t done;   /* invocations with a row */
};

/* A row of a shard's summary.csv. */
struct merge_row {
	uint64_t block; /* 0: a cell that was skipped */
	uint64_t order;
	uint32_t shard; /* index */
	uint32_t bytes;
	uint32_t fields; /* an older build's has fewer */
	off_t offset;
	char cell[CELL_ID_BYTES];
};

struct merge_shards {
	size_t count;
	struct merge_shard *shard; /* by number of shard */
	size_t rows, capacity;
	struct merge_row *row; /* by block, order and shard */
};

/* 0; -EINVAL with a line in `error`: they are not shards of one matrix, or damaged; or -ENOMEM, likewise. */
int merge_shards_load(struct merge_shards *shards, const char *const *directory, size_t count, char *error, size_t error_bytes);
void merge_shards_fini(struct merge_shards *shards);

/* Invocations of the whole matrix, those of shards that are not there included. */
uint64_t merge_shards_expected(const struct merge_shards *shards);

/* Says what is missing, a line for each shard, to `say`; NULL: only tells whether anything is. */
bool merge_shards_missing(const struct merge_shards *shards, FILE *say);

#endif
