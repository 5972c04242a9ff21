/* SPDX-License-Identifier: MIT */
/*
 * mcs: a queue of waiters, linked forwards; each spins on its own node.
 *
 * The kernel's queued spin locks are of this kind (KeAcquireInStackQueuedSpinLock):
 * a release disturbs one waiter, and an ISR is served after those who came before
 * it.  Leaving takes an atomic operation too, to find out that nobody waits.
 *
 * The node is the caller's struct sync_hold, so it needs no memory of the lock
 * and no look-up by CPU.  It is not on lines of its own but wherever the caller
 * put it.  On a stack that does no harm: the line's other words are the waiter's,
 * which has nothing to do but to wait, and from elsewhere come two stores a
 * wait, the successor's link and the predecessor's word.  A driver that keeps
 * its STOR_LOCK_HANDLE beside data of others makes its spinning as slow as their
 * writes to that line are frequent.
 *
 * Leaving waits for a successor that has come and not yet linked itself, for
 * order's sake and for memory's: after it nobody writes to the node any more.
 *
 * Source: J. M. Mellor-Crummey and M. L. Scott, "Algorithms for Scalable
 * Synchronization on Shared-Memory Multiprocessors", TOCS 9(1), 1991.
 */
#include "impls/contract.h"

struct mcs {
	_Atomic(struct sync_hold *) tail;
	uint8_t dirql;
};

_Static_assert(sizeof(_Atomic(void *)) == sizeof(void *) && _Alignof(_Atomic(void *)) == _Alignof(void *) &&
	       sizeof(_Atomic(uintptr_t)) == sizeof(uintptr_t) && _Alignof(_Atomic(uintptr_t)) == _Alignof(uintptr_t),
	       "a hold's members can be accessed as atomic ones");

/* The node's successor, a struct sync_hold. */
static inline _Atomic(void *) *mcs_next(struct sync_hold *node)
{
	return (_Atomic(void *) *)&node->next;
}

static inline _Atomic(uintptr_t) *mcs_waits(struct sync_hold *node)
{
	return (_Atomic(uintptr_t) *)&node->word;
}

static int mcs_init(void *state, const struct sync_config *config)
{
	struct mcs *lock = state;

	atomic_init(&lock->tail, NULL);
	lock->dirql = config->dirql;
	return 0;
}

static SYNC_WAITING_PATH void mcs_wait(struct sync_hold *before, struct sim_cpu *cpu, struct sync_hold *node)
{
	/* relaxed: published by the link */
	atomic_store_explicit(mcs_waits(node), 1, memory_order_relaxed);
	/* ORD mcs:B release, pairs with mcs:D and mcs:F: who passes on to this node does so after the store above. */
	atomic_store_explicit(mcs_next(before), node, memory_order_release);
	/* ORD mcs:C acquire, pairs with mcs:G: being let in means seeing every store of the holder before. */
	while (atomic_load_explicit(mcs_waits(node), memory_order_acquire))
		sync_relax(cpu);
}

static inline void mcs_acquire(struct mcs *lock, struct sim_cpu *cpu, struct sync_hold *node)
{
	struct sync_hold *before;

	/* relaxed: published by the exchange */
	atomic_store_explicit(mcs_next(node), NULL, memory_order_relaxed);
	/*
	 * ORD mcs:A acq_rel, pairs with mcs:A and mcs:E: a successor links itself after the store above; and
	 * finding the queue empty means seeing every store of the holder before.
	 */
	before = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
	if (__builtin_expect(before != NULL, 0))
		mcs_wait(before, cpu, node);
}

/* A successor has become the tail and is about to link itself. */
static SYNC_WAITING_PATH struct sync_hold *mcs_wait_for_link(struct sync_hold *node, struct sim_cpu *cpu)
{
	struct sync_hold *next;

	/* ORD mcs:F acquire, pairs with mcs:B: as mcs:D. */
	while (!(next = atomic_load_explicit(mcs_next(node), memory_order_acquire)))
		sync_relax(cpu);
	return next;
}

static inline void mcs_release(struct mcs *lock, struct sim_cpu *cpu, struct sync_hold *node)
{
	/* ORD mcs:D acquire, pairs with mcs:B: the successor is ready to be let in, and has written here for the last time. */
	struct sync_hold *next = atomic_load_explicit(mcs_next(node), memory_order_acquire);

	if (!next) {
		struct sync_hold *last = node;

		/* ORD mcs:E release, pairs with mcs:A: see there.  Failing, it is relaxed: mcs:F orders. */
		if (__builtin_expect(atomic_compare_exchange_strong_explicit(&lock->tail, &last, NULL, memory_order_release,
									     memory_order_relaxed), 1))
			return;
		next = mcs_wait_for_link(node, cpu);
	}
	/* ORD mcs:G release, pairs with mcs:C: see there. */
	atomic_store_explicit(mcs_waits(next), 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(mcs, struct mcs, mcs_acquire, mcs_release)

const struct sync_backend sync_backend_mcs = {
	.name = "mcs",
	.summary = "MCS queue lock at DIRQL: each waiter spins on its own node",
	.source = "Mellor-Crummey and Scott, TOCS 1991",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct mcs),
	.init = mcs_init,
	SYNC_OPERATIONS(mcs),
};
