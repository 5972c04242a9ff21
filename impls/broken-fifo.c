/* SPDX-License-Identifier: MIT */
/* broken-fifo: a test-and-set lock that claims to be first come, first served. */
#include "impls/contract.h"

struct broken_fifo {
	_Atomic(uint32_t) held;
	uint8_t dirql;
};

static int broken_fifo_init(void *state, const struct sync_config *config)
{
	struct broken_fifo *lock = state;

	atomic_init(&lock->held, 0);
	lock->dirql = config->dirql;
	return 0;
}

static inline void broken_fifo_acquire(struct broken_fifo *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
		sync_relax(cpu);
}

static inline void broken_fifo_release(struct broken_fifo *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(broken_fifo, struct broken_fifo, broken_fifo_acquire, broken_fifo_release)

const struct sync_backend sync_backend_broken_fifo = {
	.name = "broken-fifo",
	.summary = "broken on purpose: unfair, and claims to be first come, first served",
	.source = "-",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_BROKEN | SYNC_FIFO, /* the defect */
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct broken_fifo),
	.init = broken_fifo_init,
	SYNC_OPERATIONS(broken_fifo),
};
