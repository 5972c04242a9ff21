/* SPDX-License-Identifier: MIT */
/*
 * ticket-backoff: a ticket lock whose waiters look the less often the further back they stand.
 *
 * A ticket tells how many sections come before one's own, which no
 * test-and-set lock knows: a waiter stays away for about as long as those must
 * take at least, and disturbs the counters of the others less.  Whoever is next
 * looks all the time, so that an ISR that is next comes as soon as with ticket.
 *
 * It differs from ticket in how a waiter waits, and in nothing else: the order
 * is decided when a ticket is drawn, and no back-off changes it.
 *
 * Source: J. M. Mellor-Crummey and M. L. Scott, "Algorithms for Scalable
 * Synchronization on Shared-Memory Multiprocessors", TOCS 9(1), 1991, section 2.2.
 */
#include "impls/contract.h"

/*
 * Spin iterations that a section ahead is taken to last.  The paper's advice:
 * the shortest time that a processor can hold the lock, as too long a guess
 * leaves the lock idle while its next holder sleeps.  An iteration is a few tens
 * of nanoseconds, and passing the lock on takes about two even when the
 * section is empty.
 */
#define RELAXES_A_SECTION 2u

struct ticket_backoff {
	_Atomic(uint32_t) next;
	_Atomic(uint32_t) owner;
	uint8_t dirql;
};

static int ticket_backoff_init(void *state, const struct sync_config *config)
{
	struct ticket_backoff *lock = state;

	atomic_init(&lock->next, 0);
	atomic_init(&lock->owner, 0);
	lock->dirql = config->dirql;
	return 0;
}

static SYNC_WAITING_PATH void ticket_backoff_wait(struct ticket_backoff *lock, struct sim_cpu *cpu, uint32_t me)
{
	for (;;) {
		/*
		 * ORD ticket_backoff:C acquire, pairs with ticket_backoff:B: as ticket_backoff:A.
		 * Modulo 2^32, so the distance is right when the counters wrap.
		 */
		uint32_t ahead = me - atomic_load_explicit(&lock->owner, memory_order_acquire);

		if (!ahead)
			return;
		for (uint32_t left = 1 + (ahead - 1) * RELAXES_A_SECTION; left; left--)
			sync_relax(cpu);
	}
}

static inline void ticket_backoff_acquire(struct ticket_backoff *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* relaxed: the draw orders nobody's data; being served does */
	uint32_t me = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

	/* ORD ticket_backoff:A acquire, pairs with ticket_backoff:B: being served means seeing every store of the holder before. */
	if (__builtin_expect(atomic_load_explicit(&lock->owner, memory_order_acquire) != me, 0))
		ticket_backoff_wait(lock, cpu, me);
}

static inline void ticket_backoff_release(struct ticket_backoff *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* relaxed: only the holder writes it */
	uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);

	/* ORD ticket_backoff:B release, pairs with ticket_backoff:A and ticket_backoff:C: see there. */
	atomic_store_explicit(&lock->owner, owner + 1, memory_order_release);
}

SYNC_LOCK_OPERATIONS(ticket_backoff, struct ticket_backoff, ticket_backoff_acquire, ticket_backoff_release)

const struct sync_backend sync_backend_ticket_backoff = {
	.name = "ticket-backoff",
	.summary = "ticket lock at DIRQL, back-off by the number of sections ahead",
	.source = "Mellor-Crummey and Scott, TOCS 1991",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct ticket_backoff),
	.init = ticket_backoff_init,
	SYNC_OPERATIONS(ticket_backoff),
};
