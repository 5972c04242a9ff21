/* SPDX-License-Identifier: MIT */
/*
 * qspinlock: the design of Linux's spin lock: one word of 32 bits, an MCS queue
 * for whoever cannot wait on the word itself.
 *
 * The word is (tail, pending, locked); in the transitions below, n is any tail
 * and * any value.  The first waiter sets `pending` and spins on the word, so
 * that two CPUs, a caller and the ISR, touch no other line; those behind it
 * queue, each on a node of its own CPU, and only the head of the queue looks at
 * the word.  The tail names the CPU that queued last, plus one; the lock is only
 * ever taken at DIRQL, so a node for each CPU is enough.
 *
 * It is first come, first served.  The word's one fast path wants all of it zero,
 * so nobody steals the lock from a waiter; whoever finds a tail queues behind
 * it; the head of the queue lets a pending waiter, who came before it, go first.
 * For that reason an arrival that meets a pending waiter about to take the lock
 * queues at once: to wait for it to pass, unqueued, would be to lose one's place.
 *
 * Source: J. Corbet, "MCS locks and qspinlocks", LWN, 2014, for the design; J. M.
 * Mellor-Crummey and M. L. Scott, "Algorithms for Scalable Synchronization on
 * Shared-Memory Multiprocessors", TOCS 9(1), 1991, for the queue.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

#define LOCKED UINT32_C(1)
#define PENDING (UINT32_C(1) << 8)
#define TAIL_SHIFT 16

/* The word, and its parts as they are stored to without reading: the holder's byte, the first waiter's half, the queue's half. */
union qspinlock_word {
	_Atomic(uint32_t) all;
	struct {
		_Atomic(uint8_t) locked;
	};
	struct {
		_Atomic(uint16_t) locked_pending;
		_Atomic(uint16_t) tail;
	};
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && sizeof(union qspinlock_word) == 4,
	       "the parts lie where LOCKED, PENDING and TAIL_SHIFT say");

struct qspinlock_node {
	_Alignas(SYNC_LINE_BYTES) _Atomic(struct qspinlock_node *) next;
	_Atomic(uint32_t) head; /* its CPU has come to the head of the queue */
};

struct qspinlock {
	union qspinlock_word word;
	uint8_t dirql;
	struct qspinlock_node *node; /* of each CPU */
};

static int qspinlock_init(void *state, const struct sync_config *config)
{
	struct qspinlock *lock = state;

	/* 0 in the tail is nobody */
	if (config->cpus >= UINT16_MAX)
		return -EINVAL;
	lock->node = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->node));
	if (!lock->node)
		return -ENOMEM;
	for (unsigned i = 0; i < config->cpus; i++) {
		atomic_init(&lock->node[i].next, NULL);
		atomic_init(&lock->node[i].head, 0);
	}
	atomic_init(&lock->word.all, 0);
	lock->dirql = config->dirql;
	return 0;
}

static void qspinlock_fini(void *state)
{
	struct qspinlock *lock = state;

	free(lock->node);
}

/* (n, 1, *) -> (n, 1, 0) -> (n, 0, 1): the pending waiter waits for the holder and takes its place. */
static void qspinlock_wait_pending(struct qspinlock *lock, struct sim_cpu *cpu)
{
	/* ORD qspinlock:C acquire, pairs with qspinlock:B: as qspinlock:A. */
	while (atomic_load_explicit(&lock->word.locked, memory_order_acquire))
		sync_relax(cpu);
	/* relaxed: nobody else changes this half meanwhile; the acquire was above */
	atomic_store_explicit(&lock->word.locked_pending, LOCKED, memory_order_relaxed);
}

/* (0, 0, *) -> (0, 1, *), or, when somebody waits already, nothing; true when this CPU is the pending waiter. */
static bool qspinlock_try_pending(struct qspinlock *lock)
{
	/* relaxed: whoever becomes pending acquires by the byte's load in qspinlock_wait_pending */
	uint32_t old = atomic_load_explicit(&lock->word.all, memory_order_relaxed);

	if (old & ~LOCKED)
		return false;
	/* relaxed: as above */
	old = atomic_fetch_or_explicit(&lock->word.all, PENDING, memory_order_relaxed);
	if (!(old & ~LOCKED))
		return true;
	/* Others began to queue meanwhile and come first: (n, 1, *) -> (n, 0, *), if it was this CPU that set it. */
	if (!(old & PENDING)) {
		/* relaxed: the head of the queue only waits for it to go */
		atomic_fetch_and_explicit(&lock->word.all, ~PENDING, memory_order_relaxed);
	}
	return false;
}

/* (n, *, *) -> (me, *, *): last in the queue; returns when this CPU is its head. */
static void qspinlock_queue(struct qspinlock *lock, struct sim_cpu *cpu, struct qspinlock_node *node, uint16_t me)
{
	uint16_t last;

	/* relaxed, both: the exchange publishes them */
	atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
	atomic_store_explicit(&node->head, 0, memory_order_relaxed);
	/* ORD qspinlock:D acq_rel, pairs with qspinlock:D: who queues behind finds the node of the one before cleared. */
	last = atomic_exchange_explicit(&lock->word.tail, me, memory_order_acq_rel);
	if (!last)
		return;
	/* ORD qspinlock:E release, pairs with qspinlock:F: the one before finds this node cleared. */
	atomic_store_explicit(&lock->node[last - 1].next, node, memory_order_release);
	/* ORD qspinlock:G acquire, pairs with qspinlock:H: the word is looked at after the head before took it. */
	while (!atomic_load_explicit(&node->head, memory_order_acquire))
		sync_relax(cpu);
}

/* (me, 0, 0) -> (0, 0, 1), or (n, *, 0) -> (n, *, 1) and the next one is head: the head of the queue takes the lock. */
static void qspinlock_take_as_head(struct qspinlock *lock, struct sim_cpu *cpu, struct qspinlock_node *node, uint16_t me)
{
	uint32_t only = (uint32_t)me << TAIL_SHIFT;
	struct qspinlock_node *next;

	/* ORD qspinlock:I acquire, pairs with qspinlock:B: as qspinlock:A; nor is there a pending waiter, who came before. */
	while (atomic_load_explicit(&lock->word.all, memory_order_acquire) & (LOCKED | PENDING))
		sync_relax(cpu);
	/* relaxed: acquired above */
	if (atomic_compare_exchange_strong_explicit(&lock->word.all, &only, LOCKED, memory_order_relaxed,
						    memory_order_relaxed))
		return;
	/* Another tail, or a `pending` that will be taken back by a CPU that then queues: there is a next one, soon. */
	/* relaxed: only the head of the queue takes the lock while there is a tail */
	atomic_store_explicit(&lock->word.locked, LOCKED, memory_order_relaxed);
	/* ORD qspinlock:F acquire, pairs with qspinlock:E: see there. */
	while (!(next = atomic_load_explicit(&node->next, memory_order_acquire)))
		sync_relax(cpu);
	/* ORD qspinlock:H release, pairs with qspinlock:G: see there. */
	atomic_store_explicit(&next->head, 1, memory_order_release);
}

static SYNC_WAITING_PATH void qspinlock_wait(struct qspinlock *lock, struct sim_cpu *cpu)
{
	unsigned index = sync_cpu_index(cpu);
	struct qspinlock_node *node = &lock->node[index];
	uint16_t me = (uint16_t)(index + 1);

	if (qspinlock_try_pending(lock)) {
		qspinlock_wait_pending(lock, cpu);
		return;
	}
	qspinlock_queue(lock, cpu, node, me);
	qspinlock_take_as_head(lock, cpu, node, me);
}

/* (0, 0, 0) -> (0, 0, 1), or the way of a waiter. */
static inline void qspinlock_acquire(struct qspinlock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	uint32_t free_word = 0;

	/* ORD qspinlock:A acquire, pairs with qspinlock:B: who gets the lock sees every store of the holder before. */
	if (__builtin_expect(!atomic_compare_exchange_strong_explicit(&lock->word.all, &free_word, LOCKED, memory_order_acquire,
								      memory_order_relaxed), 0))
		qspinlock_wait(lock, cpu);
}

/*
 * (n, *, 1) -> (n, *, 0), by a store to the byte: unlike a locked operation it need not wait for the line, which the first
 * waiter reads all the time.  The price is paid where the lock is taken again at once: a load of the word must wait for
 * a store to a part of it.
 */
static inline void qspinlock_release(struct qspinlock *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD qspinlock:B release, pairs with qspinlock:A, qspinlock:C and qspinlock:I: see there. */
	atomic_store_explicit(&lock->word.locked, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(qspinlock, struct qspinlock, qspinlock_acquire, qspinlock_release)

const struct sync_backend sync_backend_qspinlock = {
	.name = "qspinlock",
	.summary = "Linux's queued spin lock: the first waiter spins on the word, the others on MCS nodes",
	.source = "Corbet, LWN 2014; Mellor-Crummey and Scott, TOCS 1991",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct qspinlock),
	.init = qspinlock_init,
	.fini = qspinlock_fini,
	SYNC_OPERATIONS(qspinlock),
};
