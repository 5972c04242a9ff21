/* SPDX-License-Identifier: MIT */
/*
 * The exclusion witness: a word that whoever has exclusive access writes on
 * entry, and finds unchanged on exit.
 *
 * It runs in every measured section and ISR.  It costs four stores and six loads
 * of one line that travels with the section, and two more stores when access passes
 * to another CPU; `storsync micro` measures that.
 * Accesses are relaxed on purpose: the witness must order nothing itself, or it
 * would repair the very back end that it watches.
 */
#ifndef STORSYNC_HBA_SIM_PORT_WITNESS_H
#define STORSYNC_HBA_SIM_PORT_WITNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/intc.h"

struct witness {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) inside; /* 0: nobody; else who, see witness_identity */
	_Atomic(uint32_t) last_cpu; /* 0: nobody yet; else 1 + the CPU for which access was last taken */
	_Atomic(uint64_t) since;    /* stamps, as in struct access_before */
	_Atomic(uint64_t) entered;
	_Atomic(uint64_t) left;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) violations;
	_Atomic(uint64_t) first; /* the first meeting: who came, and whom it met, packed */
};

static inline uint32_t witness_identity(unsigned cpu, bool isr)
{
	return (cpu + 1) << 1 | isr;
}

static inline unsigned witness_cpu(uint32_t identity)
{
	return (identity >> 1) - 1;
}

static inline bool witness_is_isr(uint32_t identity)
{
	return identity & 1;
}

/* Somebody else was inside; `met` is 0 when that one has left again. */
static __attribute__((cold, noinline, unused)) void witness_violated(struct witness *witness, uint32_t me, uint32_t met)
{
	uint64_t none = 0;

	/* relaxed: counters */
	atomic_fetch_add_explicit(&witness->violations, 1, memory_order_relaxed);
	atomic_compare_exchange_strong_explicit(&witness->first, &none, (uint64_t)me << 32 | met, memory_order_relaxed,
						memory_order_relaxed);
}

/*
 * `me` has access from here on, stamp `now`, on behalf of CPU `requester`, which
 * is another one when a section is delegated or an ISR handed over.  What there is
 * to say of the access before goes to *before.  True when that was another CPU's:
 * access was handed off.  Where two are inside at once, two accesses may be mixed.
 */
static inline bool witness_enter(struct witness *witness, uint32_t me, unsigned requester, uint64_t now,
				 struct access_before *before)
{
	uint32_t met = atomic_load_explicit(&witness->inside, memory_order_relaxed);

	before->cpu = atomic_load_explicit(&witness->last_cpu, memory_order_relaxed);
	before->since = atomic_load_explicit(&witness->since, memory_order_relaxed);
	before->entered = atomic_load_explicit(&witness->entered, memory_order_relaxed);
	before->left = atomic_load_explicit(&witness->left, memory_order_relaxed);
	if (__builtin_expect(met != 0, 0))
		witness_violated(witness, me, met);
	atomic_store_explicit(&witness->inside, me, memory_order_relaxed);
	atomic_store_explicit(&witness->entered, now, memory_order_relaxed);
	if (before->cpu == requester + 1)
		return false;
	atomic_store_explicit(&witness->last_cpu, requester + 1, memory_order_relaxed);
	atomic_store_explicit(&witness->since, now, memory_order_relaxed);
	return before->cpu != 0;
}

/* Until here; `now` is a stamp of that. */
static inline void witness_leave(struct witness *witness, uint32_t me, uint64_t now)
{
	uint32_t met = atomic_load_explicit(&witness->inside, memory_order_relaxed);

	if (__builtin_expect(met != me, 0))
		witness_violated(witness, me, met);
	atomic_store_explicit(&witness->left, now, memory_order_relaxed);
	atomic_store_explicit(&witness->inside, 0, memory_order_relaxed);
}

#endif
