/* SPDX-License-Identifier: MIT */
/* The files of a run from its parts. */
#ifndef STORSYNC_BENCH_RUN_DIR_COLLECT_H
#define STORSYNC_BENCH_RUN_DIR_COLLECT_H

#include <stddef.h>

#include "bench/run_dir/run_dir.h"

/* A list of parts' names, in the order of their rows. */
struct part_names {
	size_t count;
	char (*name)[RUN_DIR_PART_BYTES];
};

/* 0 or -ENOMEM. */
int part_names_add(struct part_names *names, const char *name);
/* Adds the stored parts whose names begin with `prefix`, sorted.  0 or -errno. */
int part_names_find(struct part_names *names, const struct run_dir *dir, const char *prefix);
void part_names_fini(struct part_names *names);

/* Called with each part as it passes; what it returns but 0 ends the collecting. */
typedef int run_dir_visit(void *context, size_t index, const json_t *part);

/*
 * Writes every CSV file and benchmark.json aside, in one pass over the parts
 * with one of them in memory at a time, and renames them when all are whole.
 * 0; -ENODATA and its name in *missing: a part cannot be read; or -errno: then
 * the files are what they were before.  `visit` may be NULL.
 */
int run_dir_collect(struct run_dir *dir, const struct part_names *names, run_dir_visit *visit, void *context, const char **missing);

#endif
