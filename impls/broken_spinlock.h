/* SPDX-License-Identifier: MIT */
/* The spin lock that the broken back ends with a defect around the lock, not in it, are made of. */
#ifndef STORSYNC_IMPLS_BROKEN_SPINLOCK_H
#define STORSYNC_IMPLS_BROKEN_SPINLOCK_H

#include "impls/contract.h"

struct broken_spinlock {
	_Atomic(uint32_t) held;
	_Atomic(uint32_t) calls;
	uint8_t dirql;
};

static int broken_spinlock_init(void *state, const struct sync_config *config)
{
	struct broken_spinlock *lock = state;

	atomic_init(&lock->held, 0);
	atomic_init(&lock->calls, 0);
	lock->dirql = config->dirql;
	return 0;
}

static inline void broken_spinlock_acquire(struct broken_spinlock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
		sync_relax(cpu);
}

static inline void broken_spinlock_release(struct broken_spinlock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

/* True once in `every` calls. */
static inline bool broken_spinlock_once_in(struct broken_spinlock *lock, uint32_t every)
{
	return atomic_fetch_add_explicit(&lock->calls, 1, memory_order_relaxed) % every == every - 1;
}

#define BROKEN_SPINLOCK(SYMBOL, NAME, SUMMARY)                                                                          \
	const struct sync_backend sync_backend_##SYMBOL = {                                                             \
		.name = NAME,                                                                                           \
		.summary = SUMMARY,                                                                                     \
		.source = "-",                                                                                          \
		.isr_progress = SYNC_ISR_BLOCKING,                                                                           \
		.capabilities = SYNC_BROKEN,                                                                            \
		.deliveries = SYNC_ANY_DELIVERY,                                                                              \
		.lock_bytes = sizeof(struct broken_spinlock),                                                           \
		.init = broken_spinlock_init,                                                                           \
		SYNC_OPERATIONS(SYMBOL),                                                                                \
	};

#endif
