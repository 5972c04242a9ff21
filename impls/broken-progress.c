/* SPDX-License-Identifier: MIT */
/* broken-progress: a spin lock whose ISR waits for the caller, and that declares that it never does. */
#include "impls/contract.h"

struct broken_progress {
	_Atomic(uint32_t) held;
	uint8_t dirql;
};

static int broken_progress_init(void *state, const struct sync_config *config)
{
	struct broken_progress *lock = state;

	lock->dirql = config->dirql;
	return 0;
}

static inline void broken_progress_acquire(struct broken_progress *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
		sync_relax(cpu);
}

static inline void broken_progress_release(struct broken_progress *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(broken_progress, struct broken_progress, broken_progress_acquire, broken_progress_release)

const struct sync_backend sync_backend_broken_progress = {
	.name = "broken-progress",
	.summary = "broken on purpose: a spin lock that declares its ISR to be wait-free",
	.source = "-",
	/* the defect */
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_BROKEN,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct broken_progress),
	.init = broken_progress_init,
	SYNC_OPERATIONS(broken_progress),
};
