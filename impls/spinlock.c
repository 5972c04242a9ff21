/* SPDX-License-Identifier: MIT */
/*
 * spinlock: test-and-test-and-set at DIRQL, the baseline of every comparison.
 *
 * It is what the kernel's interrupt spin lock is: unqueued and unfair, the
 * cheapest when nobody waits.  Waiters spin on a read, so that they disturb the
 * holder's line only when it is released.
 *
 * Source: L. Rudolph and Z. Segall, "Dynamic Decentralized Cache Schemes for
 * MIMD Parallel Processors", ISCA 1984.
 */
#include "impls/contract.h"

struct spinlock {
	_Atomic(uint32_t) held;
	uint8_t dirql;
};

static int spinlock_init(void *state, const struct sync_config *config)
{
	struct spinlock *lock = state;

	atomic_init(&lock->held, 0);
	lock->dirql = config->dirql;
	return 0;
}

static SYNC_WAITING_PATH void spinlock_wait(struct spinlock *lock, struct sim_cpu *cpu)
{
	do {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(&lock->held, memory_order_relaxed))
			sync_relax(cpu);
		/* ORD spinlock:C acquire, pairs with spinlock:B: as spinlock:A. */
	} while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire));
}

static inline void spinlock_acquire(struct spinlock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD spinlock:A acquire, pairs with spinlock:B: who gets the lock sees every store of the holder before. */
	if (__builtin_expect(atomic_exchange_explicit(&lock->held, 1, memory_order_acquire), 0))
		spinlock_wait(lock, cpu);
}

static inline void spinlock_release(struct spinlock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD spinlock:B release, pairs with spinlock:A and spinlock:C: see there. */
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(spinlock, struct spinlock, spinlock_acquire, spinlock_release)

const struct sync_backend sync_backend_spinlock = {
	.name = "spinlock",
	.summary = "test-and-test-and-set at DIRQL, as the kernel's interrupt spin lock",
	.source = "Rudolph and Segall, ISCA 1984",
	.isr_progress = SYNC_ISR_BLOCKING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct spinlock),
	.init = spinlock_init,
	SYNC_OPERATIONS(spinlock),
};
