/* SPDX-License-Identifier: MIT */
/*
 * One of the two cells that an explanation is about: its invocations' figures, and what hangs over them.  And the
 * comparison of a figure on both sides.
 */
#ifndef STORSYNC_BENCH_EXPLAIN_SIDE_H
#define STORSYNC_BENCH_EXPLAIN_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/explain/measure.h"
#include "bench/run_data/run_data.h"
#include "bench/stats/rank_test.h"

/* Fewer invocations a side: figures are shown, and no difference is called one. */
#define EXPLAIN_LEAST_INVOCATIONS 6
/* A difference is shown when its p value is below; after Holm over those that belong together. */
#define EXPLAIN_ALPHA 0.05

#define EXPLAIN_GATES 16

/* What the worst events of a cell are put down to in events.csv. */
enum explain_cause {
	CAUSE_GAP,
	CAUSE_OWN_SECTION,
	CAUSE_MASKED,
	CAUSE_HELD,
	CAUSE_DEVICE,
	CAUSE_DELIVERY,
	CAUSE_UNDECIDED,
	CAUSE_COUNT
};

/* Whose events: of interrupts by isr_latency, of calls by sync_wait. */
enum explain_event { EVENT_ISR, EVENT_CALL, EVENT_COUNT };

struct explain_side {
	const char *cell_id;
	const char *key[RUN_KEY_COUNT];
	size_t ok;       /* invocations with figures; at most RANK_SAMPLES_MAX are taken, the first by block */
	size_t taken;
	size_t not_ok;   /* measured, and with no result to use */
	const char *reason; /* of the first of these; "" */
	size_t warned;   /* of those that are ok, with a gate code */
	size_t gates;
	struct {
		char code[24];
		size_t rows;
	} gate[EXPLAIN_GATES]; /* in the order in which they appeared */
	double value[EXPLAIN_MEASURE_COUNT][RANK_SAMPLES_MAX]; /* NaN: not available */
	uint32_t events[EVENT_COUNT][CAUSE_COUNT];
};

/* Reads a cell's rows; events are left at 0.  `data` was loaded with explain_figures() and must outlive the side. */
void explain_side_read(struct explain_side *side, const struct run_data *data, size_t cell);

/* Fills in what is computed of the others, or is 0 as nobody asked for it, for `taken` invocations.  explain_side_read() does it. */
void explain_side_compute(struct explain_side *side);

/* Counts a row's gate codes. */
void explain_side_add_gates(struct explain_side *side, const char *codes);

struct explain_spread {
	size_t n;
	double median; /* NaN when there is no value, as are the others */
	double least;
	double most;
};

struct explain_difference {
	enum explain_measure measure;
	struct explain_spread cell;
	struct explain_spread base;
	double by;     /* cell less base, of the medians; NaN when a side has none */
	double p;      /* exact Mann-Whitney; NaN: no test */
	int direction; /* in which the ranks are shifted: 1 cell is larger, -1 smaller, 0 neither */
};

void explain_compare(struct explain_difference *difference, const struct explain_side *cell, const struct explain_side *base,
		     enum explain_measure measure);

/* Holm's adjustment over these. */
void explain_adjust(struct explain_difference *differences, size_t count);

/*
 * Whether it is more than chance: enough invocations a side, p below EXPLAIN_ALPHA, and the medians differ in the direction
 * in which the ranks do.
 */
bool explain_is_shown(const struct explain_difference *difference);

#endif
