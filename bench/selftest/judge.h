/* SPDX-License-Identifier: MIT */
/*
 * The selftest's verdicts: pure functions of numbers.
 *
 * Those that return text say what is wrong, or NULL when nothing is.
 */
#ifndef STORSYNC_BENCH_SELFTEST_JUDGE_H
#define STORSYNC_BENCH_SELFTEST_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/stats/hodges_lehmann.h"

/* The level of the comparisons, and how sure one has to be that they exceed it. */
#define JUDGE_ALPHA 0.05
#define JUDGE_REJECTS_AT 0.01

/* Budget of recording one sample, ns. */
#define JUDGE_RECORD_NS 15

/* A against A: differences were found where there is none. */
struct judge_aa {
	double share;
	double lo;       /* Clopper-Pearson, 95% */
	double hi;
	double p;        /* so many or more, if the true rate were JUDGE_ALPHA */
	bool within;     /* the share is at most JUDGE_ALPHA */
	bool passes;     /* it is, or the excess may be chance: p > JUDGE_REJECTS_AT */
	double finds;    /* a true rate that would have failed with a probability of 90% */
};

/* `found` of `n` comparisons; without any, nothing passes. */
void judge_aa(uint64_t found, uint64_t n, struct judge_aa *verdict);

/* What the estimate may be off by: a tenth, or 3 ns for a delay that is smaller than a stamp's step. */
double judge_delay_tolerance(double added_ns);

/* The interval excludes 0, reaches the delay to within the tolerance, and is no wider than the delay. */
const char *judge_delay(const struct shift_estimate *estimate, double added_ns);

/* One invocation of an open loop, all CPUs together; NaN is what the result does not say. */
struct arrivals_seen {
	double cpus;
	double depth;         /* of a CPU's queue */
	double rate_hz;       /* asked for */
	double window_s;
	double offered_iops;
	double unstarted;    
	double ios;           /* completed in the window */
	double response_p50_ns;
	double response_max_ns;
	double service_p50_ns;
};

/* Arrivals that the window saw, and that it should have seen. */
double judge_arrivals_offered(const struct arrivals_seen *seen);
double judge_arrivals_due(const struct arrivals_seen *seen);

/* Whether the result had all that counts arrivals; a latency needs samples, and a window in which the CPU was away has none. */
bool judge_arrivals_reported(const struct arrivals_seen *seen);

/* Each CPU's arrivals in the window are rate times window, to one. */
const char *judge_arrivals_exact(const struct arrivals_seen *seen);

/* Far beyond capacity: what could not be started is counted, and agrees with what was completed. */
const char *judge_overload_counts(const struct arrivals_seen *seen);

/*
 * Far beyond capacity: the response has the wait in it, up to that of the last to start.  Also false of a right instrument when the
 * CPU was taken away at the window's end: nobody was there whose wait could show.
 */
const char *judge_overload_waits(const struct arrivals_seen *seen);

/* Far below capacity: nothing is left behind, and the response is the service.  Also false when the CPU was taken away. */
const char *judge_light(const struct arrivals_seen *seen);

#endif
