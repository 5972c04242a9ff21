/* SPDX-License-Identifier: MIT */
/*
 * ticket: first come, first served, by two counters.
 *
 * The IRQL is raised before a ticket is drawn.  The other way round, an ISR on
 * the same CPU would draw the next ticket and wait for a holder that it
 * interrupted: for ever.
 *
 * Source: D. P. Reed and R. K. Kanodia, "Synchronization with Eventcounts and
 * Sequencers", CACM 22(2), 1979; as a lock in J. M. Mellor-Crummey and M. L.
 * Scott, "Algorithms for Scalable Synchronization on Shared-Memory
 * Multiprocessors", TOCS 9(1), 1991.
 */
#include "impls/contract.h"

struct ticket {
	_Atomic(uint32_t) next;
	_Atomic(uint32_t) owner;
	uint8_t dirql;
};

static int ticket_init(void *state, const struct sync_config *config)
{
	struct ticket *lock = state;

	atomic_init(&lock->next, 0);
	atomic_init(&lock->owner, 0);
	lock->dirql = config->dirql;
	return 0;
}

static SYNC_WAITING_PATH void ticket_wait(struct ticket *lock, struct sim_cpu *cpu, uint32_t me)
{
	/* ORD ticket:C acquire, pairs with ticket:B: as ticket:A. */
	while (atomic_load_explicit(&lock->owner, memory_order_acquire) != me)
		sync_relax(cpu);
}

static inline void ticket_acquire(struct ticket *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* relaxed: the draw orders nobody's data; being served does */
	uint32_t me = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

	/* ORD ticket:A acquire, pairs with ticket:B: being served means seeing every store of the holder before. */
	if (__builtin_expect(atomic_load_explicit(&lock->owner, memory_order_acquire) != me, 0))
		ticket_wait(lock, cpu, me);
}

static inline void ticket_release(struct ticket *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* relaxed: only the holder writes it */
	uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);

	/* ORD ticket:B release, pairs with ticket:A and ticket:C: see there. */
	atomic_store_explicit(&lock->owner, owner + 1, memory_order_release);
}

SYNC_LOCK_OPERATIONS(ticket, struct ticket, ticket_acquire, ticket_release)

const struct sync_backend sync_backend_ticket = {
	.name = "ticket",
	.summary = "ticket lock at DIRQL: first come, first served",
	.source = "Reed and Kanodia, CACM 1979; Mellor-Crummey and Scott, TOCS 1991",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct ticket),
	.init = ticket_init,
	SYNC_OPERATIONS(ticket),
};
