/* SPDX-License-Identifier: MIT */
/* broken-early: a ticket lock that, once in 256 times, serves the next ticket before the section is over. */
#include "impls/contract.h"

struct broken_early {
	_Atomic(uint32_t) next;
	_Atomic(uint32_t) owner;
	uint8_t dirql;
};

static int broken_early_init(void *state, const struct sync_config *config)
{
	struct broken_early *lock = state;

	atomic_init(&lock->next, 0);
	atomic_init(&lock->owner, 0);
	lock->dirql = config->dirql;
	return 0;
}

static inline void broken_early_serve_next(struct broken_early *lock)
{
	atomic_store_explicit(&lock->owner, atomic_load_explicit(&lock->owner, memory_order_relaxed) + 1,
			      memory_order_release);
}

static inline void broken_early_acquire(struct broken_early *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	uint32_t me = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

	while (atomic_load_explicit(&lock->owner, memory_order_acquire) != me)
		sync_relax(cpu);
	hold->word = (me & 0xff) == 0xff;
	/* the defect */
	if (hold->word)
		broken_early_serve_next(lock);
}

static inline void broken_early_release(struct broken_early *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	if (!hold->word)
		broken_early_serve_next(lock);
}

SYNC_LOCK_OPERATIONS(broken_early, struct broken_early, broken_early_acquire, broken_early_release)

const struct sync_backend sync_backend_broken_early = {
	.name = "broken-early",
	.summary = "broken on purpose: a ticket lock that at times releases too early",
	.source = "-",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_BROKEN,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct broken_early),
	.init = broken_early_init,
	SYNC_OPERATIONS(broken_early),
};
