/* SPDX-License-Identifier: MIT */
/*
 * journal.jsonl: what a run has done so far, an event a line, each synced before the next invocation starts. It says where
 * to go on after a crash, and how far a run is while it goes on.
 *
 *   {"event":"start", ...}
 *   {"event":"invocation","order":12,"block":1,"cell":id,"status":"ok","wall_ns":n,"window_ns":n}   "reason":s may follow
 *   {"event":"complete"}      "stopped":s when fewer invocations than the manifest's are all that is wanted
 *
 * Events of other names are passed over.
 */
#ifndef STORSYNC_BENCH_RUN_DIR_JOURNAL_H
#define STORSYNC_BENCH_RUN_DIR_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/cell/spec.h"

#define RUN_JOURNAL_FILE "journal.jsonl"
#define RUN_LOCK_FILE "run.lock"

struct run_journal_entry {
	uint64_t order; /* position in the order of the whole run, from 1 */
	uint64_t block; /* also the invocation of its cell, from 1 */
	char cell[CELL_ID_BYTES];
	char status[16];
	char reason[128]; /* shortened; "" if there is none */
	uint64_t wall_ns;   /* of the whole process */
	uint64_t window_ns; /* of that, inside the measured window */
};

struct run_journal {
	size_t count;
	struct run_journal_entry *entry; /* as written */
	bool complete; /* and nothing was started since */
	char stopped[64]; /* why it is complete with fewer invocations; "" if it has them all */
	bool torn; /* the last line has no end, and was dropped */
	off_t sound_bytes; /* of whole lines: to be cut to before anything is appended */
};

/*
 * Reads DIRECTORY/journal.jsonl. 0; -ENOENT: there is none; -EINVAL: a line, other than a torn last one, is not one of the
 * above, or a cell's block is there twice; or another -errno. `error` then has one line with file:line. On failure there
 * is nothing to be freed.
 */
int run_journal_load(const char *directory, struct run_journal *journal, char *error, size_t error_bytes);
/* Puts the entries into the order of the run; as written they are in that of the attempts. */
void run_journal_sort(struct run_journal *journal);
void run_journal_fini(struct run_journal *journal);

/* Whether a process is at the run in `directory`: it holds flock(2) on run.lock. */
bool run_journal_busy(const char *directory);

#endif
