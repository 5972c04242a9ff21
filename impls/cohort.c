/* SPDX-License-Identifier: MIT */
/*
 * cohort: a ticket lock for each NUMA node and a global one above them (C-TKT-TKT).
 *
 * Who holds the lock passes it on within its node, global ticket and all, while
 * somebody of the node waits: the lock and what it protects stay in the node's
 * cache.  That overtakes the waiters of other nodes, so it is not first come,
 * first served; and since one of them may be an ISR, the number of times in a
 * row is bounded.
 *
 * A ticket lock needs nothing changed for either place.  Globally, because any
 * CPU may release what another has taken; locally, because its two counters tell
 * the holder whether anybody waits, and a waiter never gives up.
 *
 * The counters wrap: tickets are compared for being the same only, and fewer wait
 * than there are tickets.  They begin shortly before, so that every run goes
 * through it.
 *
 * Source: D. Dice, V. J. Marathe and N. Shavit, "Lock Cohorting: A General
 * Technique for Designing NUMA Locks", PPoPP 2012.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

/*
 * How often in a row.  An ISR of another node waits for one section more than that, for each node whose turn comes before
 * its own, which argues for few; 16 spread the transfer between nodes, a few times as dear as one within, over 17 sections.
 */
#define COHORT_LOCAL_HANDOFFS 16
#define COHORT_FIRST (UINT32_MAX - 99)

struct cohort_ticket {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) next;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) owner;
};

struct cohort_node {
	struct cohort_ticket local;
	/* The local holder's alone, beside the counter that it passes on. */
	uint32_t handoffs;  /* in a row, since the node has the global lock */
	bool owns_global;   /* the one before left the global lock to the node */
};

struct cohort {
	struct cohort_ticket global;
	_Alignas(SYNC_LINE_BYTES) struct cohort_node **home; /* of each CPU */
	struct cohort_node *node;
	uint8_t dirql;
};

static void cohort_ticket_init(struct cohort_ticket *ticket)
{
	atomic_init(&ticket->next, COHORT_FIRST);
	atomic_init(&ticket->owner, COHORT_FIRST);
}

static int cohort_init(void *state, const struct sync_config *config)
{
	struct cohort *lock = state;
	unsigned nodes = config->node ? config->nodes : 1;

	lock->node = aligned_alloc(SYNC_LINE_BYTES, nodes * sizeof(*lock->node));
	if (!lock->node)
		return -ENOMEM;
	lock->home = calloc(config->cpus, sizeof(*lock->home));
	if (!lock->home) {
		free(lock->node);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < nodes; i++) {
		cohort_ticket_init(&lock->node[i].local);
		lock->node[i].handoffs = 0;
		lock->node[i].owns_global = false;
	}
	for (unsigned i = 0; i < config->cpus; i++)
		lock->home[i] = &lock->node[config->node ? config->node[i] : 0];
	cohort_ticket_init(&lock->global);
	lock->dirql = config->dirql;
	return 0;
}

static void cohort_fini(void *state)
{
	struct cohort *lock = state;

	free(lock->home);
	free(lock->node);
}

static SYNC_WAITING_PATH void cohort_ticket_wait(struct cohort_ticket *ticket, struct sim_cpu *cpu, uint32_t me)
{
	/* ORD cohort:C acquire, pairs with cohort:B: as cohort:A. */
	while (atomic_load_explicit(&ticket->owner, memory_order_acquire) != me)
		sync_relax(cpu);
}

/* Draws a ticket; true when it is served already. */
static inline bool cohort_ticket_draw(struct cohort_ticket *ticket, uint32_t *me)
{
	/* relaxed: the draw orders nobody's data; being served does */
	*me = atomic_fetch_add_explicit(&ticket->next, 1, memory_order_relaxed);
	/* ORD cohort:A acquire, pairs with cohort:B: being served, by either lock, means seeing every store of the holder before. */
	return atomic_load_explicit(&ticket->owner, memory_order_acquire) == *me;
}

static inline void cohort_ticket_release(struct cohort_ticket *ticket)
{
	/* relaxed: only the holder writes it */
	uint32_t owner = atomic_load_explicit(&ticket->owner, memory_order_relaxed);

	/* ORD cohort:B release, pairs with cohort:A and cohort:C: see there. */
	atomic_store_explicit(&ticket->owner, owner + 1, memory_order_release);
}

/* No one waits behind the holder. */
static inline bool cohort_ticket_is_alone(struct cohort_ticket *ticket)
{
	/* relaxed: only the holder writes it */
	uint32_t owner = atomic_load_explicit(&ticket->owner, memory_order_relaxed);

	/* relaxed: who is missed takes the global lock itself; who is seen stays until served */
	return atomic_load_explicit(&ticket->next, memory_order_relaxed) == owner + 1;
}

/* The way in through a node's queue: with the global lock, if the one before left it to the node. */
static SYNC_WAITING_PATH void cohort_wait(struct cohort *lock, struct sim_cpu *cpu, struct cohort_node *node, uint32_t me)
{
	cohort_ticket_wait(&node->local, cpu, me);
	if (!node->owns_global && !cohort_ticket_draw(&lock->global, &me))
		cohort_ticket_wait(&lock->global, cpu, me);
}

static inline void cohort_acquire(struct cohort *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct cohort_node *node = lock->home[sync_cpu_index(cpu)];
	uint32_t me;

	hold->next = node;
	if (__builtin_expect(!cohort_ticket_draw(&node->local, &me), 0)) {
		cohort_wait(lock, cpu, node, me);
		return;
	}
	/* Who draws while the holder leaves may be left the global lock and yet not wait. */
	if (__builtin_expect(node->owns_global, 0))
		return;
	if (__builtin_expect(!cohort_ticket_draw(&lock->global, &me), 0))
		cohort_ticket_wait(&lock->global, cpu, me);
}

static inline void cohort_release(struct cohort *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct cohort_node *node = hold->next;

	node->owns_global = !cohort_ticket_is_alone(&node->local) && node->handoffs < COHORT_LOCAL_HANDOFFS;
	if (__builtin_expect(node->owns_global, 0)) {
		node->handoffs++;
	} else {
		node->handoffs = 0;
		cohort_ticket_release(&lock->global);
	}
	cohort_ticket_release(&node->local);
}

SYNC_LOCK_OPERATIONS(cohort, struct cohort, cohort_acquire, cohort_release)

const struct sync_backend sync_backend_cohort = {
	.name = "cohort",
	.summary = "a ticket lock for each NUMA node below a global one, passed on within the node",
	.source = "Dice, Marathe and Shavit, PPoPP 2012",
	.isr_progress = SYNC_ISR_BLOCKING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct cohort),
	.init = cohort_init,
	.fini = cohort_fini,
	SYNC_OPERATIONS(cohort),
};
