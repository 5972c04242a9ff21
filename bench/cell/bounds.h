/* SPDX-License-Identifier: MIT */
/*
 * What a back end's promise says about the worst wait, and whether the run kept it.
 *
 * Callers raise their IRQL to the ceiling of the section and queue in FIFO
 * order, spinning.  So each of the other m - 1 CPUs has at most one request
 * ahead, none of which can be preempted by anything that shares the section, and
 * a call waits for at most m - 1 sections.  An interrupt waits for its own CPU's
 * caller, which may have to wait like any other before it runs, and then for
 * the m - 1 others: 2m - 1 sections.
 *
 * Source: P. Gai, G. Lipari, M. Di Natale, "Minimizing Memory Utilization of
 * Real-Time Task Sets in Single and Multi-Processor Systems-on-a-chip", RTSS 2001
 * (MSRP); for one CPU L. Sha, R. Rajkumar, J. Lehoczky, "Priority Inheritance
 * Protocols", IEEE Transactions on Computers 39(9), 1990.
 */
#ifndef STORSYNC_BENCH_CELL_BOUNDS_H
#define STORSYNC_BENCH_CELL_BOUNDS_H

#include <stdbool.h>
#include <stdint.h>

/* A kind of wait, as it was seen; acquiring without a wait is part of it. */
struct bounds_seen {
	uint64_t n;
	uint64_t worst_ns;
	uint64_t acquire_min_ns; /* an acquisition: the cheapest, */
	uint64_t acquire_median_ns; /* and the typical one, waits included */
};

struct bounds_input {
	unsigned cpus;
	bool promised;    /* the back end declares SYNC_FIFO or SYNC_CEILING */
	bool disturbed;   /* CPUs were taken away by others, or nobody can tell */
	bool interfered;  /* interrupts above the section's level took time, which no wait can be told from */
	uint64_t held_max_ns; /* the longest that anybody had access */
	struct bounds_seen call;
	struct bounds_seen isr;
};

enum bound_verdict { BOUND_UNDECIDED, BOUND_HELD, BOUND_EXCEEDED };

struct bound {
	uint64_t bound_ns;          /* of the blocking alone; only where one is promised */
	enum bound_verdict verdict;
	double starvation;          /* longest sections that the worst wait amounts to; NAN when none was seen */
};

struct bounds {
	struct bound call;
	struct bound isr;
};

/*
 * A wait holds its bound when it is at most that plus the cheapest acquisition
 * seen.  It exceeds it only by more than a typical acquisition for each of the
 * CPUs, since handing over takes time that is in no section, and only in an
 * undisturbed run.  Between the two, and with a bound of 0, nothing can be told.
 */
void bounds_judge(const struct bounds_input *input, struct bounds *bounds);

#endif
