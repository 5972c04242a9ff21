/* SPDX-License-Identifier: MIT */
/*
 * in-stack-queued: the queue lock that Windows offers its drivers, each waiter
 * on a handle that it brings along on its stack.
 *
 * It is of interest here because the handle of StorPortAcquireSpinLock, which
 * drivers have on their stacks already, has the fields of this lock's handle.
 *
 * What is documented: the handle is the caller's, on its stack, not shared, and
 * in use until the release, which gets nothing but the handle; processors are
 * served first come, first served, and each waits on a flag of its own.  The
 * public WDK headers declare KSPIN_LOCK as one word of a pointer's size, the
 * handle as LockQueue { Next, Lock } and OldIrql, and the bits LOCK_QUEUE_WAIT
 * (1) and LOCK_QUEUE_OWNER (2).
 *
 * This project's reading of those declarations: the word is a pointer to the
 * last handle in line, NULL when the lock is free; `Lock` is the address of that
 * word, with one of the bits on top that says whether the handle waits or owns;
 * the rest follows, and is an MCS lock.
 *
 * Source: Microsoft's public documentation of KeAcquireInStackQueuedSpinLock,
 * KLOCK_QUEUE_HANDLE and "Queued Spin Locks"; M. E. Russinovich, D. A. Solomon
 * and A. Ionescu, "Windows Internals", Microsoft Press, for what a waiter waits
 * on; J. M. Mellor-Crummey and M. L. Scott, TOCS 9(1), 1991, for the algorithm.
 */
#include <assert.h>

#include "impls/contract.h"

#define LOCK_QUEUE_WAIT ((uintptr_t)1)
#define LOCK_QUEUE_OWNER ((uintptr_t)2)

/* The handle's LockQueue, which is what a hold begins with; its successor and its predecessor write to it. */
struct lock_queue {
	_Atomic(struct lock_queue *) next;
	_Atomic(uintptr_t) lock; /* address of the lock, and LOCK_QUEUE_WAIT or LOCK_QUEUE_OWNER */
};

_Static_assert(offsetof(struct lock_queue, next) == offsetof(struct sync_hold, next) &&
	       offsetof(struct lock_queue, lock) == offsetof(struct sync_hold, word) &&
	       sizeof(struct lock_queue) == offsetof(struct sync_hold, irql), "a hold is a handle");

struct in_stack_queued {
	_Atomic(struct lock_queue *) last;
	uint8_t dirql;
};

_Static_assert(_Alignof(struct in_stack_queued) > (LOCK_QUEUE_WAIT | LOCK_QUEUE_OWNER), "the bits are free in its address");

static int in_stack_queued_init(void *state, const struct sync_config *config)
{
	struct in_stack_queued *lock = state;

	atomic_init(&lock->last, NULL);
	lock->dirql = config->dirql;
	return 0;
}

static inline struct lock_queue *in_stack_queued_handle(struct sync_hold *hold)
{
	return (struct lock_queue *)hold;
}

static SYNC_WAITING_PATH void in_stack_queued_wait(struct in_stack_queued *lock, struct sim_cpu *cpu, struct lock_queue *me,
						   struct lock_queue *before)
{
	/* relaxed: published by the next line, before which nobody writes to it */
	atomic_store_explicit(&me->lock, (uintptr_t)lock | LOCK_QUEUE_WAIT, memory_order_relaxed);
	/* ORD in_stack_queued:C release, pairs with in_stack_queued:D and in_stack_queued:E: the bit is set before it is cleared. */
	atomic_store_explicit(&before->next, me, memory_order_release);
	/* ORD in_stack_queued:F acquire, pairs with in_stack_queued:G: owning means seeing every store of the owner before. */
	while (atomic_load_explicit(&me->lock, memory_order_acquire) & LOCK_QUEUE_WAIT)
		sync_relax(cpu);
}

static inline void in_stack_queued_acquire(struct in_stack_queued *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct lock_queue *me = in_stack_queued_handle(hold);
	struct lock_queue *before;

	/* relaxed: the exchange publishes it */
	atomic_store_explicit(&me->next, NULL, memory_order_relaxed);
	/*
	 * ORD in_stack_queued:A acq_rel, pairs with in_stack_queued:A and
	 * in_stack_queued:B: free, it brings every store of the owner before; not
	 * free, `next` of the one before is cleared already.
	 */
	before = atomic_exchange_explicit(&lock->last, me, memory_order_acq_rel);
	if (__builtin_expect(before != NULL, 0)) {
		in_stack_queued_wait(lock, cpu, me, before);
		return;
	}
	/* relaxed: only its owner reads it */
	atomic_store_explicit(&me->lock, (uintptr_t)lock | LOCK_QUEUE_OWNER, memory_order_relaxed);
}

static inline void in_stack_queued_pass_on(struct in_stack_queued *lock, struct lock_queue *next)
{
	/* ORD in_stack_queued:G release, pairs with in_stack_queued:F: see there. */
	atomic_store_explicit(&next->lock, (uintptr_t)lock | LOCK_QUEUE_OWNER, memory_order_release);
}

/* Somebody has come, but is still on its way into `next`. */
static SYNC_WAITING_PATH void in_stack_queued_await_next(struct in_stack_queued *lock, struct sim_cpu *cpu, struct lock_queue *me)
{
	struct lock_queue *next;

	/* ORD in_stack_queued:E acquire, pairs with in_stack_queued:C: see there. */
	while (!(next = atomic_load_explicit(&me->next, memory_order_acquire)))
		sync_relax(cpu);
	in_stack_queued_pass_on(lock, next);
}

static inline void in_stack_queued_release(struct in_stack_queued *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct lock_queue *me = in_stack_queued_handle(hold);
	struct lock_queue *expected = me;
	struct lock_queue *next;

	/* relaxed: the owner's word is written by nobody else, and was read when it stopped waiting */
	assert(atomic_load_explicit(&me->lock, memory_order_relaxed) == ((uintptr_t)lock | LOCK_QUEUE_OWNER));
	/* ORD in_stack_queued:D acquire, pairs with in_stack_queued:C: see there. */
	next = atomic_load_explicit(&me->next, memory_order_acquire);
	if (next) {
		in_stack_queued_pass_on(lock, next);
		return;
	}
	/* ORD in_stack_queued:B release, pairs with in_stack_queued:A: see there. */
	if (__builtin_expect(!atomic_compare_exchange_strong_explicit(&lock->last, &expected, NULL, memory_order_release,
								      memory_order_relaxed), 0))
		in_stack_queued_await_next(lock, cpu, me);
}

SYNC_LOCK_OPERATIONS(in_stack_queued, struct in_stack_queued, in_stack_queued_acquire, in_stack_queued_release)

const struct sync_backend sync_backend_in_stack_queued = {
	.name = "in-stack-queued",
	.summary = "Windows' in-stack queued spin lock: each waiter on the handle that it brought",
	.source = "Microsoft's documentation of queued spin locks; Mellor-Crummey and Scott, TOCS 1991",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct in_stack_queued),
	.init = in_stack_queued_init,
	SYNC_OPERATIONS(in_stack_queued),
};
