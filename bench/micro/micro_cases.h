/* SPDX-License-Identifier: MIT */
/*
 * The timed loops of `storsync micro`: what a synchronization operation costs
 * when nothing else happens, in ns per operation.
 *
 * Every batch builds a machine of its own, so that neither a broken back
 * end nor a lucky memory layout is carried from one batch to the next.
 * Nothing is ever due on it: the cost is the back end's and the IRQL's alone.
 * All loops are of one shape: exactly n operations, each called through the
 * table's function pointers, between two stamps.
 */
#ifndef STORSYNC_BENCH_MICRO_MICRO_CASES_H
#define STORSYNC_BENCH_MICRO_MICRO_CASES_H

#include <hwloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/gbench/gbench.h"
#include "bench/instruments/placement.h"
#include "hba_sim/machine/stamp.h"
#include "hba_sim/machine/sync_ops.h"

enum micro_kind {
	MICRO_UNCONTENDED,  /* enter + leave on one CPU, at IRQL_PASSIVE, so raise and lower are included */
	MICRO_SYNCHRONIZE,  /* synchronize of an empty routine, likewise */
	MICRO_SERVICE,      /* service of an empty ISR, at DIRQL */
	MICRO_TWO_THREAD,   /* enter, one increment, leave on two CPUs: their time over the acquisitions of both */
	MICRO_TWO_THREAD_WITNESS, /* the same with the exclusion witness in the section */
	MICRO_STAMP_PAIR,   /* two stamps in a row */
	MICRO_RECORD_SAMPLE, /* one histogram_record of a varying value, and the look for a gap */
	MICRO_SEE_STAMP,     /* what the gap witness adds to a stamp */
	MICRO_WITNESS,       /* the exclusion witness: entry and exit, its line at home */
	MICRO_TAKE_INTERRUPT, /* poll delivery: an interrupt that is due, from the look to the end of an empty handler */
	MICRO_KINDS,
};

/* The kind in names and in CSV: "uncontended", "instrument/stamp-pair". */
const char *micro_kind_name(enum micro_kind kind);

/* 1 or 2. */
unsigned micro_kind_threads(enum micro_kind kind);

/* What all cases share. */
struct micro_bench {
	hwloc_topology_t topology;
	struct placement placement; /* two CPUs, or one where there are no two cores */
	struct stamp_scale scale;
	double hz;                  /* of stamps */
};

struct micro_case {
	enum micro_kind kind;
	const struct sync_backend *ops; /* NULL for instruments */
	const struct micro_bench *bench;
};

/* No interrupt comes, so it makes no difference but to what runs as a real-time thread only: poll where it can. */
enum sync_delivery micro_delivery(const struct sync_backend *ops);

/*
 * Why the case cannot be measured here, as a text that completes "skipped: ...", or NULL.
 */
const char *micro_case_refusal(const struct micro_case *c);

/*
 * A gbench_function; the context is a struct micro_case.  Skips, with the
 * reason, also when the back end turned out to be wrong: an answer changed, an
 * increment lost, the IRQL left raised.  Sets the counters "threads",
 * "full_concurrency", the share of the time with all threads running, and
 * "cpu_lost_frac", the share of its time for which a thread, the worst one,
 * did not have its CPU: lost time is in the result.
 */
double micro_case_run(struct gbench_state *state, uint64_t iterations, void *context);

#endif
