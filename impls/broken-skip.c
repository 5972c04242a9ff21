/* SPDX-License-Identifier: MIT */
/*
 * broken-skip: a spin lock that skips one acquire in 65,536.
 *
 * The negative control of the exclusion checks: rare enough that a validator
 * which only tries for a moment passes it.
 */
#include "impls/contract.h"

struct broken_skip {
	_Atomic(uint32_t) held;
	_Atomic(uint32_t) draws;
	uint8_t dirql;
};

static int broken_skip_init(void *state, const struct sync_config *config)
{
	struct broken_skip *lock = state;

	atomic_init(&lock->held, 0);
	atomic_init(&lock->draws, 0);
	lock->dirql = config->dirql;
	return 0;
}

static inline void broken_skip_acquire(struct broken_skip *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* the defect */
	if ((atomic_fetch_add_explicit(&lock->draws, 1, memory_order_relaxed) & 0xffff) == 0xffff)
		return;
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
		sync_relax(cpu);
}

static inline void broken_skip_release(struct broken_skip *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(broken_skip, struct broken_skip, broken_skip_acquire, broken_skip_release)

const struct sync_backend sync_backend_broken_skip = {
	.name = "broken-skip",
	.summary = "broken on purpose: skips one acquire in 65,536",
	.source = "-",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_BROKEN,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct broken_skip),
	.init = broken_skip_init,
	SYNC_OPERATIONS(broken_skip),
};
