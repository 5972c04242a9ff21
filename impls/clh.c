/* SPDX-License-Identifier: MIT */
/*
 * clh: a queue of waiters that know their predecessor; each spins on the predecessor's node.
 *
 * Leaving is one store, as with a ticket, and disturbs one waiter, as with MCS:
 * for an ISR lock, which is mostly left with nobody waiting, the cheapest of the
 * queues.  The price is that the successor still reads a node when its owner has
 * left.  So it stays behind, and the owner goes on with its predecessor's: each
 * CPU has a slot that says which node is its own now, and there is one node more
 * than there are CPUs.
 *
 * One node a CPU is enough because the IRQL is raised first: no ISR comes on top
 * of a request of its own CPU.
 *
 * Source: T. S. Craig, "Building FIFO and Priority-Queuing Spin Locks from Atomic
 * Swap", University of Washington TR 93-02-02, 1993; P. Magnusson, A. Landin and
 * E. Hagersten, "Queue Locks on Cache Coherent Multiprocessors", IPPS 1994.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

struct clh_node {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) locked;
};

/* Used by its own CPU alone, at DIRQL. */
struct clh_slot {
	_Alignas(SYNC_LINE_BYTES) struct clh_node *mine; /* for the CPU's next request */
};

struct clh {
	struct clh_slot *slot;
	struct clh_node *node;
	uint8_t dirql;
	/* Away from the above, which everybody reads. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(struct clh_node *) tail;
};

static int clh_init(void *state, const struct sync_config *config)
{
	struct clh *lock = state;
	unsigned cpus = config->cpus;

	lock->slot = aligned_alloc(SYNC_LINE_BYTES, cpus * sizeof(*lock->slot));
	lock->node = aligned_alloc(SYNC_LINE_BYTES, (cpus + 1) * sizeof(*lock->node));
	if (!lock->slot || !lock->node) {
		free(lock->slot);
		free(lock->node);
		return -ENOMEM;
	}
	for (unsigned i = 0; i <= cpus; i++)
		atomic_init(&lock->node[i].locked, 0);
	for (unsigned i = 0; i < cpus; i++)
		lock->slot[i].mine = &lock->node[i];
	atomic_init(&lock->tail, &lock->node[cpus]);
	lock->dirql = config->dirql;
	return 0;
}

static void clh_fini(void *state)
{
	struct clh *lock = state;

	free(lock->slot);
	free(lock->node);
}

static SYNC_WAITING_PATH void clh_wait(struct clh_node *before, struct sim_cpu *cpu)
{
	/* ORD clh:C acquire, pairs with clh:D: as clh:B. */
	while (atomic_load_explicit(&before->locked, memory_order_acquire))
		sync_relax(cpu);
}

static inline void clh_acquire(struct clh *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct clh_slot *slot = &lock->slot[sync_cpu_index(cpu)];
	struct clh_node *node = slot->mine;
	struct clh_node *before;

	hold->next = node;
	/* relaxed: published by the exchange */
	atomic_store_explicit(&node->locked, 1, memory_order_relaxed);
	/* ORD clh:A acq_rel, pairs with clh:A: the successor does not see the node as its owner before left it. */
	before = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
	/* It is not ours before the wait is over, but the slot is not looked at before the next request. */
	slot->mine = before;
	/* ORD clh:B acquire, pairs with clh:D: a node that is left means seeing every store of the holder before. */
	if (__builtin_expect(atomic_load_explicit(&before->locked, memory_order_acquire), 0))
		clh_wait(before, cpu);
}

static inline void clh_release(struct clh *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct clh_node *node = hold->next;

	/* ORD clh:D release, pairs with clh:B and clh:C: see there. */
	atomic_store_explicit(&node->locked, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(clh, struct clh, clh_acquire, clh_release)

const struct sync_backend sync_backend_clh = {
	.name = "clh",
	.summary = "CLH queue lock at DIRQL: each waiter spins on its predecessor's node",
	.source = "Craig, UW TR 93-02-02, 1993; Magnusson, Landin and Hagersten, IPPS 1994",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct clh),
	.init = clh_init,
	.fini = clh_fini,
	SYNC_OPERATIONS(clh),
};
