/* SPDX-License-Identifier: MIT */
/*
 * How the callers of a gate exclude each other: test-and-test-and-set at IRQL_DISPATCH.
 *
 * At that level a DPC of the same CPU cannot call again, while the ISR, which
 * never takes this lock, can still arrive.
 */
#ifndef STORSYNC_IMPLS_CALLER_LOCK_H
#define STORSYNC_IMPLS_CALLER_LOCK_H

#include "impls/contract.h"

struct caller_lock {
	_Atomic(uint32_t) held;
};

static inline void caller_lock_acquire(struct caller_lock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	hold->irql = sync_raise(cpu, IRQL_DISPATCH);
	/* ORD caller_lock:A acquire, pairs with caller_lock:B: a caller sees every store of the caller before. */
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire)) {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(&lock->held, memory_order_relaxed))
			sync_relax(cpu);
	}
}

static inline void caller_lock_release(struct caller_lock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD caller_lock:B release, pairs with caller_lock:A: see there. */
	atomic_store_explicit(&lock->held, 0, memory_order_release);
	sync_lower(cpu, hold->irql);
}

#endif
