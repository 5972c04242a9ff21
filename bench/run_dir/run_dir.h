/* SPDX-License-Identifier: MIT */
/*
 * The folder of a run that may be killed at any moment.
 *
 *   run.json          what the run is of; written once, last of all when the folder is made
 *   run.lock          held (flock) while a process is at it
 *   journal.jsonl     a line an event, synced before the next begins
 *   parts/NAME.json   what a finished invocation has to say
 *
 * A part is written aside, synced and renamed, and counts from the line of the
 * journal on that names it.  So a kill loses what was in flight and nothing else,
 * and a torn last line of the journal is the only damage that it can do.
 */
#ifndef STORSYNC_BENCH_RUN_DIR_RUN_DIR_H
#define STORSYNC_BENCH_RUN_DIR_RUN_DIR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/run_dir/journal.h"

#define RUN_DIR_PATH_BYTES 512
#define RUN_DIR_PART_BYTES 64

struct run_dir {
	char path[RUN_DIR_PATH_BYTES];
	int fd;
	int parts;
	int lock;
	int journal;
};

/*
 * Makes the folder and those above it, or takes one that is empty, and holds
 * its lock.  0; -EEXIST: something else is in it or in its parts/; -EWOULDBLOCK: another process
 * is at it; or -errno.  Nothing of the user's is ever overwritten.
 */
int run_dir_create(struct run_dir *dir, const char *path, const json_t *manifest);

/*
 * Takes up a run: holds its lock, and only then reads its journal, to which a
 * process may have added until then; cuts off what of it is torn, and removes
 * what was written aside.  0, -ENOENT (no run is there), -EWOULDBLOCK, -EINVAL
 * (the journal is damaged), or -errno; `error` has one line for the first and
 * the last two.  The journal is to be finished by the caller after 0 only.
 */
int run_dir_resume(struct run_dir *dir, const char *path, struct run_journal *journal, char *error, size_t error_bytes);

/*
 * Removes a run's own files, and the folder if nothing else is in it.  Returns
 * as run_dir_resume.  Killed on the way it leaves a run of which nothing is done.
 */
int run_dir_remove(const char *path);

/* Keeps `part` under a name without a suffix.  0 or -errno; on failure nothing of that name has changed. */
int run_dir_store_part(struct run_dir *dir, const char *name, const json_t *part);

/* A stored part, to be released; NULL when it is not there or not as it was stored. */
json_t *run_dir_load_part(const struct run_dir *dir, const char *name);

/* Names of an invocation's part and of others; `order` counts from 1. */
void run_dir_part_name(uint64_t order, char name[RUN_DIR_PART_BYTES]);

/* Calls `each` with the names of the stored parts that begin with `prefix`, in no order.  0, its first error, or -errno. */
int run_dir_for_parts(const struct run_dir *dir, const char *prefix, int (*each)(void *context, const char *name), void *context);

/* Appends an event and syncs it; takes the reference.  0 or -errno. */
int run_dir_log(struct run_dir *dir, json_t *event);

/* All is collected: parts and lock go. */
int run_dir_remove_parts(struct run_dir *dir);

/* Lets go of the lock. */
void run_dir_close(struct run_dir *dir);

#endif
