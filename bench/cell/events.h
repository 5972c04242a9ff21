/* SPDX-License-Identifier: MIT */
/*
 * The worst interrupts and the worst calls of an invocation, with all that was
 * known of each: what a maximum was made of, where a distribution has only its height.
 *
 * Each CPU keeps its own EVENTS_WORST of either.  A sample costs one comparison
 * with the least of them; among random samples the n-th comes in with
 * probability EVENTS_WORST / n.
 */
#ifndef STORSYNC_BENCH_CELL_EVENTS_H
#define STORSYNC_BENCH_CELL_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cell/gap_list.h"
#include "bench/instruments/metric.h"
#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/stamp.h"

#define EVENTS_WORST 8u
#define EVENTS_CAUSE_BYTES 48

/* Everything in ticks. */
struct event {
	uint64_t ticks;    /* isr_latency, or sync_wait */
	uint64_t stamp[4]; /* asserted, taken, entered, left; or called, entered, returned, back */
	uint64_t masked;   /* of an interrupt: as in struct irq_event */
	uint64_t model;
	struct access_before before;
	unsigned cpu;      /* that recorded it */
	unsigned waiters;  /* other CPUs that waited for access then */
	bool awaits_dpcs;  /* DPCs of the CPU were interrupted or queued then: the end of that stretch is awaited, */
	uint64_t dpc_begin; /* and this was it */
	uint64_t dpc_end;  /* 0: none, or not yet */
};

/* A CPU's worst of one metric, worst first, and of equals the earlier one.  Written like a histogram.  All zero: none yet. */
struct events {
	uint64_t least; /* ticks that an event needs to come in */
	unsigned count;
	struct event worst[EVENTS_WORST];
};

static inline bool events_want(const struct events *events, uint64_t ticks)
{
	return __builtin_expect(ticks >= events->least, 0);
}

/* Puts in an event that events_want(). */
void events_insert(struct events *events, const struct event *event);

/* The worst of `sets` CPUs, `stride_bytes` apart, worst first; of equals the one that began earlier.  Returns how many. */
unsigned events_merge(const struct events *first, size_t stride_bytes, size_t sets, struct event worst[EVENTS_WORST]);

/* A stretch of DPCs is over on the CPU whose set this is; for the events that await one. */
void events_note_dpcs(struct events *events, uint64_t begin, uint64_t end);

/*
 * Of the gaps that an event's interval, see events_cause(), has anything in common with,
 * the one that has most; of the CPU that the cause blames, where it blames one.  Of equals
 * the one listed first.  NULL: none is known.
 */
const struct stamp_gap *events_gap(const struct event *event, enum metric metric, unsigned cpus, const struct gap_list *gaps);

/*
 * Why it took so long, from the stamps, who had access before, and the gaps;
 * "undecided" where these do not tell.  What `metric` is of, METRIC_ISR_LATENCY or
 * METRIC_SYNC_WAIT, is an interval: [asserted, entered] or [called, entered].
 * The cause is what took more than half of that, the first of:
 *
 * - "gap on CPU m": a CPU was away.  Its own first, then the CPU that had access
 *   before; another one only where the interval is mostly masked or waiting;
 * - "masked by its own section", when that is where the CPU was, or "masked";
 * - "lock held by CPU n": waiting for access, while CPU n had it.  Not the last
 *   time alone: also again and again, nobody else in between, when it is known
 *   that the CPU that waited was not away;
 * - "device late": the model's own work;
 * - "delivery": due, allowed and not noticed, when it is known that no gap is why.
 */
void events_cause(const struct event *event, enum metric metric, unsigned cpus, const struct gap_list *gaps,
		  char cause[EVENTS_CAUSE_BYTES]);

/* Where the rows come from. */
struct events_span {
	uint64_t begin; /* of the measured window, in ticks */
	unsigned cpus;
	struct stamp_scale scale;
};

/* Appends the rows of events.csv behind their key; null is an empty field. */
void events_append_rows(json_t *rows, enum metric metric, const struct event *worst, unsigned count,
			const struct events_span *span, const struct gap_list *gaps);

#endif
