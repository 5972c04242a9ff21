/* SPDX-License-Identifier: MIT */
/*
 * ccsynch: a queue of requests, of which the first one's CPU runs those behind it as well.
 *
 * A CPU swaps a fresh node in at the tail and writes its request into the one
 * that was there.  The CPU at the head is the combiner: it runs its own request
 * and up to BOUND others in the order of the queue, tells each owner that it is
 * done, and makes the owner of the next node the combiner.  Node and CPU change
 * partners at each request, as in the CLH lock.  As with any combining, few
 * lines move; unlike flat combining it is first come, first served, and nobody
 * ever scans for requests or fights for a lock.
 *
 * ISRs queue as callers do.  A stretch from enter to leave cannot be run by
 * anyone else: a combiner that reaches such a node hands over its role, and the
 * node's owner goes on in leave.
 *
 * A routine may run on another CPU than its caller's, which is not what
 * StorPortSynchronizeAccess documents: interrupts and completions that it
 * causes are then the combiner's.
 *
 * Source: P. Fatourou and N. D. Kallimanis, "Revisiting the Combining
 * Synchronization Technique", PPoPP 2012 (CC-Synch).
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

/* Requests of others that one combiner runs: an end to how long its CPU stays at DIRQL for them. */
#define BOUND 16

enum ccsynch_state {
	CCSYNCH_WAIT,
	CCSYNCH_DONE,    /* a combiner has run it */
	CCSYNCH_COMBINE, /* its owner is the combiner */
};

struct ccsynch_node {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) state;
	_Atomic(struct ccsynch_node *) next; /* NULL: no request in it yet */
	/* The request: one of the two, or neither from enter to leave. */
	sync_routine *routine;
	sync_isr *isr;
	void *extension;
	void *context;
	uint32_t message;
	unsigned owner;
	unsigned char answer;
};

/* The node that a CPU puts in next; touched by that CPU alone. */
struct ccsynch_cpu {
	_Alignas(SYNC_LINE_BYTES) struct ccsynch_node *spare;
};

struct ccsynch {
	_Atomic(struct ccsynch_node *) tail;
	uint8_t dirql;
	struct ccsynch_cpu *cpu;
	struct ccsynch_node *node;
};

static int ccsynch_init(void *state, const struct sync_config *config)
{
	struct ccsynch *lock = state;
	unsigned nodes = config->cpus + 1;

	lock->cpu = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->cpu));
	lock->node = aligned_alloc(SYNC_LINE_BYTES, nodes * sizeof(*lock->node));
	if (!lock->cpu || !lock->node) {
		free(lock->cpu);
		free(lock->node);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < nodes; i++) {
		lock->node[i] = (struct ccsynch_node){ .routine = NULL };
		atomic_init(&lock->node[i].next, NULL);
		atomic_init(&lock->node[i].state, CCSYNCH_COMBINE);
	}
	for (unsigned i = 0; i < config->cpus; i++)
		lock->cpu[i].spare = &lock->node[i];
	/* the first to come finds a node that makes it the combiner */
	atomic_init(&lock->tail, &lock->node[config->cpus]);
	lock->dirql = config->dirql;
	return 0;
}

static void ccsynch_fini(void *state)
{
	struct ccsynch *lock = state;

	free(lock->cpu);
	free(lock->node);
}

/* Takes a place in the queue: the node in which to write the request. */
static inline struct ccsynch_node *ccsynch_draw(struct ccsynch *lock, struct sim_cpu *cpu, struct ccsynch_node **fresh)
{
	struct ccsynch_cpu *self = &lock->cpu[sync_cpu_index(cpu)];
	struct ccsynch_node *node;

	*fresh = self->spare;
	/* relaxed, both: nobody else has it yet; the exchange and ccsynch:C publish them */
	atomic_store_explicit(&(*fresh)->next, NULL, memory_order_relaxed);
	atomic_store_explicit(&(*fresh)->state, CCSYNCH_WAIT, memory_order_relaxed);
	/* ORD ccsynch:A acq_rel, pairs with ccsynch:A: the node comes with its state as the one before had prepared it. */
	node = atomic_exchange_explicit(&lock->tail, *fresh, memory_order_acq_rel);
	node->owner = sync_cpu_index(cpu);
	self->spare = node;
	return node;
}

/* The request is written: combiners may run it. */
static inline void ccsynch_submit(struct ccsynch_node *node, struct ccsynch_node *fresh)
{
	/* ORD ccsynch:C release, pairs with ccsynch:D: a combiner that sees a next node sees the request in this one. */
	atomic_store_explicit(&node->next, fresh, memory_order_release);
}

static inline uint32_t ccsynch_state(const struct ccsynch_node *node)
{
	/*
	 * ORD ccsynch:E acquire, pairs with ccsynch:F and ccsynch:G: done, the owner
	 * sees the answer and all that its request did; made the combiner, it sees
	 * what the combiner before it ran.
	 */
	return atomic_load_explicit(&node->state, memory_order_acquire);
}

static SYNC_WAITING_PATH uint32_t ccsynch_wait(const struct ccsynch_node *node, struct sim_cpu *cpu)
{
	uint32_t state;

	while ((state = ccsynch_state(node)) == CCSYNCH_WAIT)
		sync_relax(cpu);
	return state;
}

/* False when it has been run; true when its owner is the combiner. */
static inline bool ccsynch_must_combine(const struct ccsynch_node *node, struct sim_cpu *cpu)
{
	uint32_t state = ccsynch_state(node);

	if (__builtin_expect(state == CCSYNCH_WAIT, 0))
		state = ccsynch_wait(node, cpu);
	return state == CCSYNCH_COMBINE;
}

static inline struct ccsynch_node *ccsynch_next(const struct ccsynch_node *node)
{
	/* ORD ccsynch:D acquire, pairs with ccsynch:C: see there. */
	return atomic_load_explicit(&node->next, memory_order_acquire);
}

static inline void ccsynch_hand_on(struct ccsynch_node *node)
{
	/* ORD ccsynch:G release, pairs with ccsynch:E: see there. */
	atomic_store_explicit(&node->state, CCSYNCH_COMBINE, memory_order_release);
}

/* From `node` on, which has a request: runs those of others and hands the role on. */
static SYNC_WAITING_PATH void ccsynch_combine(struct ccsynch_node *node, struct sim_cpu *cpu)
{
	struct ccsynch_node *next;

	for (unsigned i = 0; i < BOUND && (next = ccsynch_next(node)) != NULL; i++) {
		if (node->routine)
			node->answer = node->routine(node->extension, node->context);
		else if (node->isr)
			node->answer = sync_run_for(cpu, node->owner, node->isr, node->extension, node->message);
		else
			break;
		/* ORD ccsynch:F release, pairs with ccsynch:E: see there.  Its owner may use the node anew from here on. */
		atomic_store_explicit(&node->state, CCSYNCH_DONE, memory_order_release);
		node = next;
	}
	ccsynch_hand_on(node);
}

/* The combiner's own request is over. */
static inline void ccsynch_go_on(struct ccsynch_node *next, struct sim_cpu *cpu)
{
	if (__builtin_expect(ccsynch_next(next) != NULL, 0))
		ccsynch_combine(next, cpu);
	else
		ccsynch_hand_on(next);
}

static unsigned char ccsynch_synchronize(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension,
					 void *context)
{
	struct ccsynch *lock = state;
	uint8_t irql = sim_raise(cpu, lock->dirql);
	struct ccsynch_node *fresh;
	struct ccsynch_node *node = ccsynch_draw(lock, cpu, &fresh);
	unsigned char answer;

	node->routine = routine;
	node->extension = extension;
	node->context = context;
	ccsynch_submit(node, fresh);
	if (ccsynch_must_combine(node, cpu)) {
		answer = routine(extension, context);
		ccsynch_go_on(fresh, cpu);
	} else {
		answer = node->answer;
	}
	sync_lower(cpu, irql);
	return answer;
}

static int ccsynch_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct ccsynch *lock = state;
	struct ccsynch_node *fresh;
	struct ccsynch_node *node = ccsynch_draw(lock, cpu, &fresh);
	unsigned char answer;

	node->routine = NULL;
	node->isr = isr;
	node->extension = extension;
	node->message = message;
	ccsynch_submit(node, fresh);
	if (!ccsynch_must_combine(node, cpu))
		return node->answer;
	answer = isr(extension, message);
	ccsynch_go_on(fresh, cpu);
	return answer;
}

static void ccsynch_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct ccsynch *lock = state;
	struct ccsynch_node *fresh;
	struct ccsynch_node *node;

	hold->irql = sim_raise(cpu, lock->dirql);
	node = ccsynch_draw(lock, cpu, &fresh);
	node->routine = NULL;
	node->isr = NULL;
	hold->next = fresh;
	ccsynch_submit(node, fresh);
	/* nobody can run it, so that it can only be made the combiner */
	ccsynch_must_combine(node, cpu);
}

static void ccsynch_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	ccsynch_go_on(hold->next, cpu);
	sync_lower(cpu, hold->irql);
}

const struct sync_backend sync_backend_ccsynch = {
	.name = "ccsynch",
	.summary = "CC-Synch: a queue of requests, the first one's CPU runs those behind it as well",
	.source = "Fatourou and Kallimanis, PPoPP 2012",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct ccsynch),
	.init = ccsynch_init,
	.fini = ccsynch_fini,
	SYNC_OPERATIONS(ccsynch),
};
