/* SPDX-License-Identifier: MIT */
/* One process's work on a run: what it knows, and what it counts. */
#ifndef STORSYNC_BENCH_RUN_ATTEMPT_H
#define STORSYNC_BENCH_RUN_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/matrix/matrix.h"
#include "bench/run/destination.h"
#include "bench/run/estimate.h"
#include "bench/run/options.h"
#include "bench/run/progress.h"
#include "bench/run/rows.h"
#include "bench/run/until_ci.h"

/* Why an attempt ends before the run is done. */
enum attempt_stop { STOP_NOT, STOP_SIGNAL, STOP_BUDGET, STOP_ERROR, STOP_DAMAGE };

struct attempt {
	struct run_options options;
	struct matrix matrix;
	struct estimate_trace trace;
	struct destination destination;
	struct run_identity identity;
	struct matrix_invocation *block; /* room for one */
	bool *wanted;                    /* by cell */
	struct until_ci until;
	struct progress progress;
	uint64_t begin_ns;
	size_t done;       /* invocations, those of earlier attempts included */
	size_t done_here;
	size_t not_ok;
	uint64_t wall_ns;   /* of the invocations made here, */
	uint64_t window_ns; /* and of that inside measured windows */
	bool narrowing;     /* the matrix's own blocks are done: what follows is --until-ci's */
	enum attempt_stop stop;
};

/* What the same command must be given without, to go on. */
static inline const char *attempt_without_fresh(const struct attempt *attempt)
{
	return attempt->options.fresh ? " without --fresh" : "";
}

#endif
