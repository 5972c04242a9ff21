/* SPDX-License-Identifier: MIT */
/*
 * The progress of a run on stderr: one line that is rewritten on a terminal, now and then a plain line elsewhere.
 *
 * It is written between invocations only, never inside a measured window.
 */
#ifndef STORSYNC_BENCH_RUN_PROGRESS_H
#define STORSYNC_BENCH_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	size_t total;
	size_t plain_next; /* the next invocation that is worth a plain line */
	bool terminal;
	int64_t begin_ms;
};

void progress_begin(struct progress *progress, size_t total);

/* Invocation `index` (from 0) is about to start. */
void progress_show(struct progress *progress, size_t index, const char *backend, uint64_t cpus);

/* Something went wrong with an invocation; `log` may be NULL. */
void progress_note(struct progress *progress, const char *backend, uint64_t cpus, const char *status, const char *reason,
		   const char *log);

void progress_end(struct progress *progress);

#endif
