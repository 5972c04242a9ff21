/* SPDX-License-Identifier: MIT */
/*
 * The gap witness: time that went missing, as a simulated CPU's own stamps tell it.
 *
 * A running CPU takes stamps all the time: at safe points, while it spins and
 * idles, around every call and ISR.  Two that follow each other and are further
 * apart than a threshold say that the CPU was taken away in between, by the
 * operating system or a hypervisor, inside the very window that is measured.
 * The idea is that of Linux's hwlat tracer, without a thread of its own.
 *
 * Each CPU logs its gaps for itself.  What all CPUs share is one word, the end of
 * the latest gap of any of them, which is written when there is a gap and at
 * no other time: whether a sample can have been hit is one load of a line that
 * everybody has, and only where it can are the logs looked at.
 *
 * A gap is logged when it is over, at the first stamp after it.  Sections and ISRs
 * end with a stamp before access is released, so that who waited for the holder
 * finds the holder's gap logged.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_GAP_WITNESS_H
#define STORSYNC_HBA_SIM_MACHINE_GAP_WITNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/sync_ops.h"

struct sim_machine;

/* As the last stamp: there is none that the next one could be compared with. */
#define GAP_NO_STAMP UINT64_MAX
/* The latest gaps that a log keeps, */
#define GAP_LOG_ENTRIES 4096u
/* and the latest of the long ones, whatever short ones came after: those of so many thresholds. */
#define GAP_LOG_LONG_ENTRIES 1024u
#define GAP_LONG_THRESHOLDS 32u
/* Stamps of two CPUs are trusted to so much: readings that are not ordered, and counters that agree but almost. */
#define GAP_SKEW_NS 200
/* What a slow call takes at the most, and a multiple of that; see gap_log_slow_begin(). */
#define GAP_SLOW_NS 1000000

/* From the last stamp before it to the first one after it. */
struct gap {
	uint64_t begin;
	uint64_t end;
};

/* One a machine. */
struct gap_witness {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) latest_end; /* of any CPU's gaps; 0: there was none */
	_Alignas(SYNC_LINE_BYTES) uint64_t skew_ticks;
	uint64_t slow_ticks;
};

struct gap_entry {
	_Atomic(uint64_t) begin;
	_Atomic(uint64_t) end; /* 0: being written */
};

/* One a CPU.  Written by the CPU alone: its threads, and what interrupts them. */
struct gap_log {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) last_seen; /* stamp */
	uint64_t threshold;          /* ticks; 0 or UINT64_MAX: off */
	_Atomic(uint32_t) quiet;     /* nesting of stretches in which nothing is a gap, */
	_Atomic(uint32_t) slow;      /* and of those in which only what is much longer is one */
	_Atomic(uint64_t) slow_from; /* the last stamp before the end of such a one */
	_Atomic(uint64_t) resumed;   /* when what interrupted the CPU was over last */
	_Atomic(uint64_t) noted_end; /* of its latest gap */
	struct gap_witness *witness;
	uint64_t window_begin;
	uint64_t window_end;
	_Atomic(uint64_t) count;     /* gaps that reach into the window, */
	_Atomic(uint64_t) ticks;     /* and how long they are there; both exact, however many */
	/* Read by others, when there has been a gap. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) noted; /* gaps ever */
	struct gap_entry entry[GAP_LOG_ENTRIES]; /* a ring */
	/* Read when all is over. */
	_Atomic(uint64_t) noted_long;
	struct gap_entry long_entry[GAP_LOG_LONG_ENTRIES]; /* the same, of long gaps alone */
};

/* `threshold` in ticks, 0: nothing is ever a gap.  No window is open. */
void gap_log_init(struct gap_log *log, struct gap_witness *witness, uint64_t threshold);

/* Counts what lies in [begin, end) from here on, and what has been logged of it so far; by the CPU's own thread. */
void gap_log_open(struct gap_log *log, uint64_t begin, uint64_t end);

/* Ends the window earlier, when the CPU has stopped.  Exact unless more than GAP_LOG_ENTRIES gaps lie behind. */
void gap_log_clip(struct gap_log *log, uint64_t end);

/*
 * Goes back through the gaps that the log has and that ended after `since`: start
 * with *back = 0, go on while it is true.  From any CPU, at any time.
 */
bool gap_log_next(const struct gap_log *log, uint64_t since, uint64_t *back, struct gap *gap);

/* The same for the long gaps, which the log has for longer; when the CPU has stopped. */
bool gap_log_next_long(const struct gap_log *log, uint64_t since, uint64_t *back, struct gap *gap);

/* Ticks of [begin, end) that lie in gaps which gap_log_next() still has. */
uint64_t gap_log_ticks(const struct gap_log *log, uint64_t begin, uint64_t end);

/* The stamps `last` and `now` are far apart, or the order of things is not what it seems: see gap_log_see(). */
void gap_log_look(struct gap_log *log, uint64_t last, uint64_t now);

/* A stamp of the CPU's. */
static inline void gap_log_see(struct gap_log *log, uint64_t now)
{
	/* relaxed, both: the CPU's own.  An interrupt between the two is what gap_log_look() knows of. */
	uint64_t last = atomic_load_explicit(&log->last_seen, memory_order_relaxed);

	atomic_store_explicit(&log->last_seen, now, memory_order_relaxed);
	if (__builtin_expect(now - last > log->threshold, 0))
		gap_log_look(log, last, now);
}

/* The last stamp of what interrupted the CPU: what goes on now may be about to put an older one in its place. */
static inline void gap_log_resume(struct gap_log *log, uint64_t now)
{
	gap_log_see(log, now);
	/* relaxed: the CPU's own */
	atomic_store_explicit(&log->resumed, now, memory_order_relaxed);
}

/* What follows takes no stamps for as long as it takes: it waits for somebody.  Until the matching end nothing is a gap. */
static inline void gap_log_quiet_begin(struct gap_log *log)
{
	/* relaxed: the CPU's own; what interrupts it leaves it as it was */
	atomic_store_explicit(&log->quiet, atomic_load_explicit(&log->quiet, memory_order_relaxed) + 1, memory_order_relaxed);
}

static inline void gap_log_quiet_end(struct gap_log *log)
{
	/* relaxed, all: as above */
	atomic_store_explicit(&log->last_seen, GAP_NO_STAMP, memory_order_relaxed);
	atomic_store_explicit(&log->quiet, atomic_load_explicit(&log->quiet, memory_order_relaxed) - 1, memory_order_relaxed);
}

/* What follows takes no stamps for a while that is bounded: a system call.  Until the matching end a gap is what GAP_SLOW_NS is not enough for. */
static inline void gap_log_slow_begin(struct gap_log *log)
{
	/* relaxed: the CPU's own; what interrupts it leaves it as it was */
	atomic_store_explicit(&log->slow, atomic_load_explicit(&log->slow, memory_order_relaxed) + 1, memory_order_relaxed);
}

static inline void gap_log_slow_end(struct gap_log *log)
{
	/* relaxed, all: as above */
	atomic_store_explicit(&log->slow_from, atomic_load_explicit(&log->last_seen, memory_order_relaxed), memory_order_relaxed);
	atomic_store_explicit(&log->slow, atomic_load_explicit(&log->slow, memory_order_relaxed) - 1, memory_order_relaxed);
}

/*
 * Until `now` the CPU did for about so many ticks what takes no stamps, as it was
 * asked to: only what is beyond that, and a quarter, can be a gap.  From the last
 * stamp on, unless there is one since.
 */
static inline void gap_log_spent(struct gap_log *log, uint64_t ticks, uint64_t now)
{
	/* relaxed: the CPU's own; what interrupts it between the two is as in gap_log_see() */
	uint64_t last = atomic_load_explicit(&log->last_seen, memory_order_relaxed);
	uint64_t allowed = ticks + ticks / 4;

	if (last < now)
		atomic_store_explicit(&log->last_seen, now - last > allowed ? last + allowed : now, memory_order_relaxed);
	gap_log_see(log, now);
}

/* Whether a sample that began at `begin` and has just ended can have been hit.  What a sample costs. */
static inline bool gap_witness_suspects(const struct gap_witness *witness, uint64_t begin)
{
	/* ORD gap_publish:B acquire, pairs with gap_publish:A: who sees that there was a gap finds it in the log. */
	return begin < atomic_load_explicit(&witness->latest_end, memory_order_acquire);
}

/*
 * Whether a gap hit the interval [begin, end) of stamps, which is over, of CPU
 * `cpu`: its own gap, where the two overlap; another CPU's, where that ended within the
 * interval.  While a CPU is away it holds up whoever waits for it until it is
 * back, so one that was still away at the end has not delayed this.
 */
bool gap_witness_hit(const struct sim_machine *machine, unsigned cpu, uint64_t begin, uint64_t end);

#endif
