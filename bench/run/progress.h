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
#include <stdio.h>

#include "bench/cell/spec.h"

struct progress {
	FILE *out;
	bool terminal;
	bool colour;
	size_t total;        /* invocations; may grow */
	size_t before;       /* of those, done by earlier processes */
	size_t plain_next;   /* the next invocation that is worth a plain line */
	int64_t begin_ms;
};

/* On stderr; what earlier processes did says nothing about this one's speed. */
void progress_begin(struct progress *progress, size_t total);

/* `done` invocations are done, and one of `spec` is about to start. */
void progress_show(struct progress *progress, size_t done, const struct cell_spec *spec);

/* Something went wrong with an invocation; `log` may be NULL. */
void progress_note(struct progress *progress, const struct cell_spec *spec, const char *status, const char *reason, const char *log);

/* More of it: whole lines. */
void progress_words(struct progress *progress, const char *words);

void progress_end(struct progress *progress);

/* "1 h 5 min", "3 min 20 s", "12 s". */
void progress_format_time(int64_t ms, char *text, size_t bytes);

#endif
