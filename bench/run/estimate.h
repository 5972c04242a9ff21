/* SPDX-License-Identifier: MIT */
/*
 * How long a matrix takes, before it is run.
 *
 * An invocation is its warm-up, its window, and what a process costs beside
 * them: calibrating the clock, the gap probes, setting up and draining.  That
 * overhead is a constant for each delivery, seen on a two-core virtual machine;
 * what a run really took is in its journal.
 */
#ifndef STORSYNC_BENCH_RUN_ESTIMATE_H
#define STORSYNC_BENCH_RUN_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

#include "bench/matrix/matrix.h"

#define ESTIMATE_OVERHEAD_POLL_NS 60000000
#define ESTIMATE_OVERHEAD_SIGNAL_NS 65000000
#define ESTIMATE_OVERHEAD_THREAD_NS 90000000
/* Of a trace as fast as it goes: what an I/O takes on one CPU; more CPUs share the trace. */
#define ESTIMATE_TRACE_IO_NS 2000

/* What of a trace it takes; zeroed without one. */
struct estimate_trace {
	uint64_t count;   /* commands */
	uint64_t span_ns; /* at its own pace */
	const char *format; /* static */
};

/* Reads a trace to its end; 0, or as trace_load with a line in `error`. */
int estimate_look_at_trace(const char *path, struct estimate_trace *seen, char *error, size_t error_bytes);

/* From all warm-ups at their least, to all at their most. */
struct estimate {
	uint64_t least_ns;
	uint64_t most_ns;
};

struct estimate estimate_invocation(const struct cell_spec *spec, const struct estimate_trace *trace);

/* One invocation of each cell that can run. */
struct estimate estimate_block(const struct matrix *matrix, const struct estimate_trace *trace);

#endif
