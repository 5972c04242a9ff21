/* SPDX-License-Identifier: MIT */
/*
 * An open loop's schedule on one CPU: when I/Os arrive, whether or not anybody is there to submit them.
 *
 * The schedule depends on the start, the rate and the seed only.  Nothing that
 * happens moves it and nothing on it is skipped: who comes late finds every
 * arrival in its place (G. Tene, "How NOT to Measure Latency", on coordinated
 * omission).
 *
 * Periodic: the n-th arrival of CPU c of m is (n + c/m) intervals after the
 * start, each computed from n, to a nanosecond, so that no rounding adds up.
 * Poisson: exponential intervals, added up to 1/65536 of a tick.
 */
#ifndef STORSYNC_BENCH_CELL_ARRIVALS_H
#define STORSYNC_BENCH_CELL_ARRIVALS_H

#include <stdint.h>

#include "bench/cell/spec.h"
#include "hba_sim/machine/stamp.h"

/* Poisson arrivals that are left over are counted one by one up to about so many. */
#define ARRIVALS_WALK_MAX 1000000

struct arrivals_config {
	enum cell_arrival kind; /* not ARRIVAL_CLOSED */
	uint64_t hz;            /* on this CPU */
	unsigned cpus;
	unsigned index;
	uint64_t seed;          /* of this CPU */
	const struct stamp_scale *scale;
};

struct arrivals {
	struct arrivals_config config;
	uint64_t start;
	uint64_t next;      /* stamp of the earliest arrival that has not been taken */
	uint64_t taken;
	uint64_t from;      /* of the measured window */
	uint64_t until;
	uint64_t in_window; /* taken, of those due in [from, until) */
	uint64_t mean_gap;  /* Poisson: in 1/65536 ticks */
	uint64_t fraction;  /* Poisson: 1/65536 ticks beyond `next` */
	uint64_t rng;
};

void arrivals_start(struct arrivals *arrivals, const struct arrivals_config *config, uint64_t start);

/* What is due in [from, until) counts as offered; before, no arrival that is taken is. */
void arrivals_set_window(struct arrivals *arrivals, uint64_t from, uint64_t until);

/* The earliest is dealt with. */
void arrivals_take(struct arrivals *arrivals);

/*
 * How many in [from, until) have not been taken; 0 without a window.  Exact;
 * but where more than ARRIVALS_WALK_MAX Poisson arrivals are to be expected,
 * their number is drawn at once: a Poisson process has no memory.
 */
uint64_t arrivals_left(const struct arrivals *arrivals);

#endif
