/* SPDX-License-Identifier: MIT */
/*
 * How far the time stamps can be believed: what a tick is worth, whether that
 * changed during the run, what a stamp costs, and whether the CPUs agree.
 *
 * A counter is calibrated against CLOCK_MONOTONIC_RAW in a window at the start
 * and another at the end.  Where the kernel's own clock source is the same
 * counter ("tsc"), the comparison checks the scale and catches jumps, but
 * cannot see the crystal itself drift: read the drift together with the clock
 * source.
 *
 * Source: Intel SDM volume 3, "Invariant TSC"; AMD APM volume 3, CPUID
 * Fn8000_0007_EDX[TscInvariant].
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_CLOCK_H
#define STORSYNC_BENCH_INSTRUMENTS_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/instruments/placement.h"
#include "hba_sim/machine/stamp.h"

#define CLOCK_WINDOW_NS		UINT64_C(20000000)
#define CLOCK_DRIFT_LIMIT_PPM	100.0
#define CLOCK_SKEW_ROUNDS	1000

/* The two clocks that are compared, and a way to let time pass. */
struct clock_reader {
	uint64_t (*ticks)(void *context);
	uint64_t (*raw_ns)(void *context);
	void (*wait_ns)(void *context, uint64_t ns);
	void *context;
};

/* stamp_now_ordered(), CLOCK_MONOTONIC_RAW and a sleep. */
extern const struct clock_reader clock_system_reader;

/* One instant on both clocks. */
struct clock_pair {
	uint64_t ticks; /* middle of the bracket */
	uint64_t ns;
	uint64_t width_ticks; /* of the bracket: ticks is off by at most half of it */
};

struct clock_window {
	struct clock_pair first;
	struct clock_pair last;
};

struct clock_calibration {
	struct clock_window start;
	double start_hz;
	double end_hz;          /* 0 before clock_calibrate_end() */
	double hz;              /* of ticks, over everything from the first pair to the last one so far */
	double drift_ppm;       /* end_hz against start_hz, signed */
	double uncertainty_ppm; /* the most that bracket widths can have added to drift_ppm, or to start_hz before the end */
	struct stamp_scale scale; /* for hz */
};

/*
 * Brackets one reading of raw_ns by two of ticks, `attempts` times, and keeps
 * the narrowest bracket: an interruption widens one, so it is thrown away.
 * Returns 0, or -EIO when ticks went backwards in every attempt.
 */
int clock_read_pair(const struct clock_reader *reader, unsigned attempts, struct clock_pair *out);

/*
 * A window may stay open while other work is done, such as setting up or
 * probing for gaps.  Closing it waits for what is missing from `least_ns`.
 * Both return 0 or -EIO.
 */
int clock_window_open(const struct clock_reader *reader, struct clock_window *window);
int clock_window_close(const struct clock_reader *reader, struct clock_window *window, uint64_t least_ns);

/*
 * Arithmetic only.  Begin: from the window before the run, a scale to run
 * with.  End: with the window after it, a scale over the whole run, and the
 * drift.  Both return 0, or -EINVAL when a window has no length on one of the
 * clocks, or when the end window starts before the start window ends.
 */
int clock_calibrate_begin(const struct clock_window *start, struct clock_calibration *calibration);
int clock_calibrate_end(const struct clock_window *end, struct clock_calibration *calibration);

/*
 * Whether the run's times may be believed: drift of at most
 * CLOCK_DRIFT_LIMIT_PPM, known to better than that.
 */
bool clock_drift_acceptable(const struct clock_calibration *calibration);

/* Cost of one stamp_now() in a row of them: median over batches, in ns. */
double clock_stamp_cost_ns(const struct stamp_scale *scale);

/* Sorts `values` and returns their median: the lower one of the middle two; 0 when n is 0. */
uint64_t clock_median(uint64_t *values, size_t n);

/*
 * Counters of two CPUs, a and b, compared by a message that goes from a to b and back,
 * stamped at a (t0), b (t1) and a (t2).  Cause precedes effect: t1 < t0 or
 * t2 < t1 proves counters that differ by more than the message took.
 */
struct clock_skew {
	uint64_t rounds;
	uint64_t backwards;          /* times that an effect was stamped before its cause */
	uint64_t max_backward_ticks; /* the worst of them */
	int64_t least_forward_ticks; /* least t1 - t0: latency + offset */
	int64_t least_return_ticks;  /* least t2 - t1: latency - offset */
};

void clock_skew_note(struct clock_skew *skew, uint64_t t0, uint64_t t1, uint64_t t2);

/* One way, free of any offset between the counters: half the least sum of both ways. */
int64_t clock_skew_one_way_ticks(const struct clock_skew *skew);

/* How far b is ahead of a if both ways are equally fast; off by at most the one-way latency. */
int64_t clock_skew_offset_ticks(const struct clock_skew *skew);

/* At least one round, and never backwards. */
bool clock_skew_synchronous(const struct clock_skew *skew);

/*
 * Measures that on two CPUs, for `rounds` rounds, fewer when they take longer
 * than PLACEMENT_EXCHANGE_LIMIT_NS; on one and the same CPU by giving it to and fro.  Returns 0 or -errno from pinning.
 */
int clock_skew_measure(hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       unsigned rounds, struct clock_skew *skew);

/* CPUID Fn8000_0007_EDX: bit 8 says that the counter's rate never changes. */
bool clock_edx_says_invariant(uint32_t edx);

/* The same from this CPU; false where there is no such leaf or no CPUID. */
bool clock_counter_is_invariant(void);

struct clock_setup {
	bool invariant;
	bool synchronous;       /* across all CPUs of the placement */
	struct clock_skew worst; /* the pair that went back furthest, else the slowest one */
	char clocksource[32];   /* the kernel's, "unknown" when it does not say */
	const char *name;       /* static; a CSV value: tsc or clock_gettime */
	const char *warning;    /* static; NULL when stamps are the counter */
};

/* First line of the text of current_clocksource; "unknown" when there is none or it does not fit. */
void clock_parse_clocksource(const char *text, char *out, size_t out_bytes);

/* Which clock follows from what was found: sets name and warning. */
void clock_choose(struct clock_setup *setup, bool has_counter);

/*
 * Examines the counter on the placement's CPUs and sets stamp_source
 * accordingly.  To be called before anything is stamped or calibrated.
 * Returns 0 or -errno from pinning.
 */
int clock_set_up(hwloc_topology_t topology, const struct placement *placement, struct clock_setup *setup);

#endif
