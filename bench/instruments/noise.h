/* SPDX-License-Identifier: MIT */
/*
 * A witness, per thread, of what the operating system and the hypervisor did
 * to it while it was being measured: time it did not get, switches,
 * migrations, steal.
 *
 * What cannot be read is NOISE_UNKNOWN, never 0: a missing counter must not
 * pass for a quiet machine.  A counter that reads 0 only says that its keeper
 * recorded nothing; steal in particular stays 0 under a hypervisor that does not
 * report it, which is why the gap probe exists.
 *
 * Source: getrusage(2), clock_gettime(2), proc(5) for /proc/stat,
 * Documentation/scheduler/sched-debug.rst of Linux for /proc/PID/sched.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_NOISE_H
#define STORSYNC_BENCH_INSTRUMENTS_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#define NOISE_UNKNOWN INT64_C(-1)

/* Counters at one instant, or their growth between two; each may be NOISE_UNKNOWN. */
struct noise_counters {
	int64_t wall_ns;    /* CLOCK_MONOTONIC_RAW: not slewed, as the scheduler's own clock is not */
	int64_t cpu_ns;     /* CLOCK_THREAD_CPUTIME_ID */
	int64_t nvcsw;      /* voluntary switches of the thread */
	int64_t nivcsw;     /* involuntary ones */
	int64_t migrations; /* of the thread between CPUs */
	int64_t steal_ns;   /* of the CPU, in steps of one kernel tick (usually 10 ms) */
};

/* One thread's; begin and end are called on that very thread. */
struct noise_witness {
	int os_cpu;
	struct noise_counters begin;
	struct noise_counters grown; /* valid after noise_witness_end() */
};

/*
 * Reads everything for the calling thread and for `os_cpu`, the CPU it is
 * pinned to (below 0: not pinned, steal stays unknown).  Takes system calls
 * and allocates: not while anything is measured.
 */
void noise_witness_begin(struct noise_witness *witness, int os_cpu);
void noise_witness_end(struct noise_witness *witness);

/* Growth from begin to end; unknown where either is, or where a counter went backwards. */
void noise_growth(const struct noise_counters *begin, const struct noise_counters *end, struct noise_counters *grown);

/*
 * Share of wall time in which the thread had no CPU.  The two clocks are not
 * the same, so a thread that lost nothing may come out some ppm below 0.
 * Returns false, and leaves *frac alone, when not known.
 */
bool noise_cpu_lost_frac(const struct noise_counters *grown, double *frac);

/*
 * Share of wall time that the hypervisor admits to have taken; above 1 where
 * the interval is shorter than a step of the counter.  Returns as above.
 */
bool noise_steal_frac(const struct noise_counters *grown, double *frac);

/*
 * Steal of one CPU in kernel ticks, from the text of /proc/stat; NOISE_UNKNOWN
 * when the CPU or the column is not there or is not a number.
 */
int64_t noise_parse_steal(const char *text, int os_cpu);

/* Migrations, from the text of /proc/PID/sched; NOISE_UNKNOWN likewise. */
int64_t noise_parse_migrations(const char *text);

/* `ticks` of a clock of `ticks_per_s` (USER_HZ) in ns; unknown when either is, or too large. */
int64_t noise_ticks_to_ns(int64_t ticks, long ticks_per_s);

#endif
