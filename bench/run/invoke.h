/* SPDX-License-Identifier: MIT */
/* Starting one cell in a process of its own, and getting its result back. */
#ifndef STORSYNC_BENCH_RUN_INVOKE_H
#define STORSYNC_BENCH_RUN_INVOKE_H

#include <jansson.h>
#include <signal.h>

#include "bench/cell/spec.h"

/* Set by a signal handler to have the running cell killed and invoke() return. */
extern volatile sig_atomic_t invoke_interrupted;

struct invocation_outcome {
	const char *status; /* "ok", "violated", "failed", "hung", "crashed", "interrupted" */
	char reason[512];
	json_t *result;     /* of cell_result; NULL unless it was measured */
	char *log;          /* what it wrote to stderr; to be freed */
};

/* Has SIGINT, SIGTERM and SIGHUP set invoke_interrupted, unless ignored; a closed pipe and a full file are errors rather than the end. */
void invoke_catch_signals(void);

/* Cells shall run on what this process may run on now, whatever it restricts itself to later. */
void invoke_keep_affinity(void);

/* Runs the cell to its end, or to this process's: it does not outlive it.  The outcome is always filled in. */
void invoke(const struct cell_spec *spec, struct invocation_outcome *outcome);
void invocation_outcome_fini(struct invocation_outcome *outcome);

#endif
