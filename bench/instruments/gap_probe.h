/* SPDX-License-Identifier: MIT */
/*
 * Spins on the clock and looks for time that went missing, and times a cache
 * line between two CPUs: what this machine adds to any measurement before a
 * lock is involved.
 *
 * A virtual CPU that is descheduled by its hypervisor shows in no counter of
 * the guest; that the clock jumped while nobody could have been running does show.
 * The idea is that of the kernel's hwlat tracer and of rtla osnoise, from
 * user space.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_GAP_PROBE_H
#define STORSYNC_BENCH_INSTRUMENTS_GAP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/instruments/placement.h"
#include "hba_sim/machine/stamp.h"

#define GAP_THRESHOLD_NS UINT64_C(10000)

/*
 * Each gap counts from the reading before it to the reading after it, so with
 * the cost of one reading.
 */
struct gap_probe {
	uint64_t duration_ns; /* actually spun: at least what was asked for */
	uint64_t readings;
	uint64_t count;       /* gaps longer than the threshold */
	uint64_t lost_ns;     /* their sum */
	uint64_t longest_ns;  /* the longest of them, 0 when there is none */
	uint64_t backwards;   /* readings below the one before: a broken clock, not a gap */
};

/*
 * Spins for duration_ns on the calling thread, which should be pinned, and
 * counts gaps longer than threshold_ns.
 */
void gap_probe_run(const struct stamp_scale *scale, uint64_t duration_ns, uint64_t threshold_ns,
		   struct gap_probe *result);

/* The same on any clock; now(context) is in ticks of `scale`. */
void gap_probe_run_on(uint64_t (*now)(void *context), void *context, const struct stamp_scale *scale,
		      uint64_t duration_ns, uint64_t threshold_ns, struct gap_probe *result);

/* Share of the time that was lost in gaps, 0 to 1; false, and *frac left alone, when nothing was spun. */
bool gap_probe_lost_frac(const struct gap_probe *probe, double *frac);

#define CORE_TO_CORE_ROUNDS_MAX 1000000u

/*
 * Half the time in which a cache line goes from CPU a to b and back, in at
 * most `rounds` round trips (1 to CORE_TO_CORE_ROUNDS_MAX), fewer when they
 * take longer than PLACEMENT_EXCHANGE_LIMIT_NS.  Timed in batches with
 * CLOCK_MONOTONIC_RAW, so it needs no calibration; the median over batches.
 * With one CPU for both, it is the time of a thread switch instead.
 * Returns 0; -EINVAL for the number of rounds; -ENOMEM; or -errno from pinning.
 */
int core_to_core_probe(hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       unsigned rounds, uint64_t *median_half_round_trip_ns);

/*
 * The same from the first CPU of a placement to each other core of it, the
 * longest, in less than 2 ms for a few CPUs.  0; -ENODATA: there is no other
 * core; or as core_to_core_probe.
 */
int core_to_core_furthest(hwloc_topology_t topology, const struct placement *placement, uint64_t *ns);

#endif
