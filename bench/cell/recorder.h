/* SPDX-License-Identifier: MIT */
/*
 * The recorder: for each simulated CPU a histogram a metric, on lines that no other CPU touches.
 *
 * It is the port driver's probe.  An interrupt or a call counts when its first
 * stamp lies in the measured window, an I/O when its completion does; the rest
 * is part of warm-up or of the end.
 *
 * A histogram has one writer at a time.  Those of interrupts are written at the
 * level of their line only.  Those of calls and I/Os are written at or above
 * IRQL_DISPATCH, where no DPC comes in between; where several threads act as one
 * CPU, each that runs callers has a set of its own.
 *
 * A sample that a witnessed gap hit is recorded a second time, among the hit
 * ones.  Whether it can have been is one look at a line that is written when
 * there is a gap, and at no other time.
 */
#ifndef STORSYNC_BENCH_CELL_RECORDER_H
#define STORSYNC_BENCH_CELL_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/cell/events.h"
#include "bench/cell/windows.h"
#include "bench/instruments/histogram.h"
#include "bench/instruments/metric.h"
#include "hba_sim/port/port.h"

#define RECORDER_CONTEXTS_MAX 2
/* Interrupts remembered for the end of a section; see release_end() in recorder.c. */
#define RECORDER_TAKEN 4

struct recorder_cpu {
	struct histogram histogram[METRIC_COUNT]; /* all samples */
	struct histogram hit[METRIC_COUNT];       /* of those, the ones that a gap hit */
	_Alignas(SYNC_LINE_BYTES) struct stamp_scale scale;
	const struct gap_witness *witness;
	const struct sim_machine *machine;
	unsigned index;
	uint64_t begin;      /* of the window, in ticks */
	uint64_t end;
	uint64_t ios;        /* completed in the window, by this CPU */
	uint64_t calls;
	uint64_t interrupts;
	uint64_t held;       /* interrupts that fell due while IRQL, gate or lock kept them out */
	uint64_t spun;       /* of those, the ones whose ISR waited for the lock */

	/* In ticks; of sections that reach into the window, of interrupts asserted in it. */
	uint64_t call_held_max;   /* routine entered to access released */
	uint64_t isr_held_max;    /* ISR entered to access released */
	uint64_t isr_blocked_max; /* masked, and waiting for access */
	uint64_t taken[RECORDER_TAKEN]; /* stamps of the last interrupts, a ring */
	unsigned taken_at;
	struct windows windows;
	struct events worst_interrupts;
	struct events worst_calls;
};

struct recorder {
	struct port_probe probe; /* first, so that the probe is the recorder */
	struct sim_dispatch_watch watch; /* a CPU's while one of its events awaits the end of DPCs */
	unsigned cpus;
	unsigned contexts;
	struct sim_machine *machine; /* NULL: no witness */
	struct recorder_cpu *cpu; /* `cpus` for the CPUs' main threads and all interrupts, then `cpus` for each further context */
};

/* For so many threads that run callers on each CPU (1 to RECORDER_CONTEXTS_MAX).  0 or -ENOMEM. */
int recorder_init(struct recorder *recorder, unsigned cpus, unsigned contexts);

/* How ticks become ns; before anything is recorded. */
void recorder_set_scale(struct recorder *recorder, const struct stamp_scale *scale);

/* Whose CPUs' gaps are looked at; before anything is recorded.  Without it no sample is ever hit. */
void recorder_set_machine(struct recorder *recorder, struct sim_machine *machine);
/* Has it record pieces of the window too, which lasts so long (UINT64_MAX: not known); after its scale.  0 or -errno. */
int recorder_set_windows(struct recorder *recorder, uint64_t duration_ns);
void recorder_fini(struct recorder *recorder);

/* The window of one CPU, for all of its contexts and its gap log; called by its main thread. */
void recorder_open(struct recorder *recorder, unsigned cpu, uint64_t begin, uint64_t end);

/* A completed I/O, on the calling simulated CPU: stamps of the intended start, the actual start and the completion. */
void recorder_io(struct recorder *recorder, unsigned cpu, uint64_t intended, uint64_t started, uint64_t completed);

/* A bystander's interrupt, at its own level: due, and served. */
void recorder_bystander(struct recorder_cpu *cpu, enum metric metric, uint64_t due, uint64_t entered);

/* One CPU's samples of a metric in all contexts, or all CPUs'; `into` is initialized. */
void recorder_merge_cpu(const struct recorder *recorder, unsigned cpu, enum metric metric, struct histogram *into);
void recorder_merge(const struct recorder *recorder, enum metric metric, struct histogram *into);

/* The same of the samples that gaps hit. */
void recorder_merge_hit_cpu(const struct recorder *recorder, unsigned cpu, enum metric metric, struct histogram *into);
void recorder_merge_hit(const struct recorder *recorder, enum metric metric, struct histogram *into);

/* Sums and maxima over all CPUs and contexts. */
struct recorder_totals {
	uint64_t ios;
	uint64_t calls;
	uint64_t interrupts;
	uint64_t held;
	uint64_t held_max;        /* ticks for which anybody had access at the longest */
	uint64_t isr_blocked_max; /* ticks */
};

void recorder_total(const struct recorder *recorder, struct recorder_totals *totals);

#endif
