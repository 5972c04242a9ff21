/* SPDX-License-Identifier: MIT */
/* The figures that an explanation rests on, as numbers of an enumeration. */
#ifndef STORSYNC_BENCH_EXPLAIN_MEASURE_H
#define STORSYNC_BENCH_EXPLAIN_MEASURE_H

#include <stddef.h>

#include "bench/run_data/figure.h"

/* X(enumerator suffix, figure of bench/run_data/figure.c) */
#define EXPLAIN_MEASURES(X) \
	X(LATENCY, isr_latency_mean) \
	X(MASKED, isr_masked_mean) \
	X(DELIVERY, isr_delivery_mean) \
	X(ACQUIRE, isr_acquire_mean) \
	X(WAIT, sync_wait_mean) \
	X(HOLD, sync_hold_mean) \
	X(RELEASE, sync_release_mean) \
	X(WAIT_P50, sync_wait_p50) \
	X(WAIT_P99, sync_wait_p99) \
	X(SERVICE, isr_service_mean) \
	X(IOPS, iops) \
	X(SYNC_PER_S, sync_per_s) \
	X(OFFERED, offered_iops) \
	X(UNSTARTED, unstarted) \
	X(HANDOFFS, handoffs_per_acquisition) \
	X(KEPT_OUT, preempted_held_per_interrupt) \
	X(DEFERRED, deferred_per_interrupt) \
	X(LANDED, landed_in_section_per_arrival) \
	X(PREEMPTED, preempted_ns_per_call) \
	X(INJECTED, inject_actual) \
	X(SECTION, section_actual_p50) \
	X(GAPS, witness_gap_frac) \
	X(LOST, cpu_lost_frac) \
	X(CORE_BEFORE, core_to_core_before) \
	X(CORE_AFTER, core_to_core_after) \
	X(HELD_MAX, held_max) \
	X(BLOCKED_MAX, isr_blocked_max) \
	X(STARVATION, starvation) \
	X(BYSTANDER_HIGH, bystander_high_mean) \
	X(BYSTANDER_LOW, bystander_low_mean)

enum explain_measure {
#define EXPLAIN_ENUMERATOR(id, name) EXPLAIN_##id,
	EXPLAIN_MEASURES(EXPLAIN_ENUMERATOR)
#undef EXPLAIN_ENUMERATOR
	EXPLAIN_READ, /* from here on computed of those above, for each invocation */
	EXPLAIN_CALL = EXPLAIN_READ, /* ns of a synchronized call: wait, hold and release */
	EXPLAIN_IO,                  /* ns of the CPUs' time an I/O: cpus / iops */
	EXPLAIN_IO_CALLS,            /* ns of that in synchronized calls */
	EXPLAIN_CORE,                /* ns of a cache line's way between the CPUs, before or after, whichever is longer */
	EXPLAIN_BEHIND,              /* share of the I/Os offered that were not completed a second */
	EXPLAIN_MEASURE_COUNT
};

/* The figures to be read, EXPLAIN_READ of them. */
const struct figure *const *explain_figures(void);

/* As it is named in a sentence: the column of summary.csv, or how it is made of columns. */
const char *explain_measure_name(enum explain_measure measure);

/* "ns", "ps", "1/s" or "". */
const char *explain_measure_unit(enum explain_measure measure);

#endif
