/* SPDX-License-Identifier: MIT */
/*
 * A witness of exclusion: what a section would corrupt if it were not alone.
 *
 * Whoever is inside leaves its mark, looks at it again and again, and takes it
 * away; two counters, written at entry and at exit, must agree whenever
 * somebody enters.  All of it is accessed relaxed-atomically: no order comes
 * from the witness itself, so a back end that excludes but does not order
 * makes stale values possible on machines that have them, and a thread
 * sanitizer stays quiet about back ends that are broken on purpose.  `plain` is
 * for the sanitizer: an ordinary variable that it sees raced for when the back
 * end orders too little, also where the machine would not show it.
 */
#ifndef STORSYNC_BENCH_TORTURE_WITNESS_H
#define STORSYNC_BENCH_TORTURE_WITNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/sync_ops.h"

struct witness {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) mark; /* who is inside, 0 for nobody */
	_Atomic(uint64_t) entries;
	_Atomic(uint64_t) exits;
	uint64_t plain;
	bool use_plain;
};

static inline uint64_t witness_mark(unsigned cpu, unsigned role)
{
	return (uint64_t)cpu << 8 | role << 1 | 1;
}

static inline unsigned witness_mark_cpu(uint64_t mark)
{
	return (unsigned)(mark >> 8);
}

static inline unsigned witness_mark_role(uint64_t mark)
{
	return (mark & 0xff) >> 1;
}

/* Who is inside at this moment; 0 for nobody. */
static inline uint64_t witness_inside(const struct witness *witness)
{
	/* relaxed: see above, as everywhere here */
	return atomic_load_explicit(&witness->mark, memory_order_relaxed);
}

static inline void witness_count(_Atomic(uint64_t) *counter)
{
	/* a load and a store rather than one addition: whoever is not alone loses counts */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* False when somebody is, or was halfway, inside: *met says who, 0 when it has gone. */
static inline bool witness_enter(struct witness *witness, uint64_t mark, uint64_t *met)
{
	*met = witness_inside(witness);
	atomic_store_explicit(&witness->mark, mark, memory_order_relaxed);
	if (*met || atomic_load_explicit(&witness->entries, memory_order_relaxed) !=
			    atomic_load_explicit(&witness->exits, memory_order_relaxed))
		return false;
	witness_count(&witness->entries);
	if (witness->use_plain)
		witness->plain++;
	return true;
}

/* False when the mark is no longer this one's: *met says whose it is. */
static inline bool witness_stay(const struct witness *witness, uint64_t mark, uint64_t *met)
{
	*met = witness_inside(witness);
	return *met == mark;
}

static inline bool witness_leave(struct witness *witness, uint64_t mark, uint64_t *met)
{
	if (!witness_stay(witness, mark, met))
		return false;
	witness_count(&witness->exits);
	atomic_store_explicit(&witness->mark, 0, memory_order_relaxed);
	return true;
}

#endif
