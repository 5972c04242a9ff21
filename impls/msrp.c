/* SPDX-License-Identifier: MIT */
/*
 * msrp: the ceiling on the own CPU, a first-come-first-served spin across CPUs.
 *
 * The multiprocessor stack resource policy: whoever wants the section raises its
 * CPU to the ceiling, and only then waits, spinning, in the order of arrival.
 * As a CPU has one request at a time, a wait is at most one section or ISR of
 * each other CPU: that is the bound that the policy is about.
 *
 * It is also why one queue node a CPU is enough.  The queue is Mellor-Crummey
 * and Scott's, where every waiter spins on a line of its own.
 *
 * The policy puts a shared resource above everything that its CPUs run.  Here
 * that is every vector that shares the section: interrupts above these nest, and
 * the sections that the bound counts are as long as that makes them.
 *
 * Source: P. Gai, G. Lipari and M. Di Natale, "Minimizing Memory Utilization of
 * Real-Time Task Sets in Single and Multi-Processor Systems-on-a-Chip", RTSS
 * 2001; the queue: J. M. Mellor-Crummey and M. L. Scott, TOCS 9(1), 1991.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/ceiling.h"
#include "impls/contract.h"

/* A CPU's place in the queue.  The one before it writes `waits`, the one after it `next`. */
struct msrp_node {
	_Alignas(SYNC_LINE_BYTES) _Atomic(struct msrp_node *) next;
	_Atomic(uint32_t) waits;
};

struct msrp {
	_Atomic(struct msrp_node *) tail;
	/* Apart from the tail, which every arrival writes. */
	_Alignas(SYNC_LINE_BYTES) struct msrp_node *node; /* one for each CPU */
	uint8_t ceiling;
};

static int msrp_init(void *state, const struct sync_config *config)
{
	struct msrp *lock = state;

	lock->node = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->node));
	if (!lock->node)
		return -ENOMEM;
	for (unsigned i = 0; i < config->cpus; i++) {
		atomic_init(&lock->node[i].next, NULL);
		atomic_init(&lock->node[i].waits, 0);
	}
	atomic_init(&lock->tail, NULL);
	lock->ceiling = ceiling_of(config);
	return 0;
}

static void msrp_fini(void *state)
{
	struct msrp *lock = state;

	free(lock->node);
}

static SYNC_WAITING_PATH void msrp_wait(struct msrp_node *before, struct msrp_node *me, struct sim_cpu *cpu)
{
	/* relaxed: published by the next store */
	atomic_store_explicit(&me->waits, 1, memory_order_relaxed);
	/* ORD msrp:C release, pairs with msrp:E: who finds this node finds it waiting. */
	atomic_store_explicit(&before->next, me, memory_order_release);
	/* ORD msrp:D acquire, pairs with msrp:F: being served means seeing every store of the holder before. */
	while (atomic_load_explicit(&me->waits, memory_order_acquire))
		sync_relax(cpu);
}

static inline void msrp_acquire(struct msrp *lock, struct sim_cpu *cpu)
{
	struct msrp_node *me = &lock->node[sync_cpu_index(cpu)];
	struct msrp_node *before;

	/* relaxed: published by the exchange */
	atomic_store_explicit(&me->next, NULL, memory_order_relaxed);
	/*
	 * ORD msrp:A acq_rel, pairs with msrp:A and msrp:B: who comes next finds this
	 * node prepared; who finds nobody sees every store of the holder before.
	 */
	before = atomic_exchange_explicit(&lock->tail, me, memory_order_acq_rel);
	if (__builtin_expect(before != NULL, 0))
		msrp_wait(before, me, cpu);
}

/* Somebody has drawn a place behind this node and may not have said so yet. */
static SYNC_WAITING_PATH struct msrp_node *msrp_await_next(struct msrp_node *me, struct sim_cpu *cpu)
{
	struct msrp_node *next;

	/* ORD msrp:E acquire, pairs with msrp:C: see there. */
	while (!(next = atomic_load_explicit(&me->next, memory_order_acquire)))
		sync_relax(cpu);
	return next;
}

static inline void msrp_release(struct msrp *lock, struct sim_cpu *cpu)
{
	struct msrp_node *me = &lock->node[sync_cpu_index(cpu)];
	struct msrp_node *last = me;

	/*
	 * ORD msrp:B release, pairs with msrp:A: see there.
	 * relaxed when it fails: the next one's node is read by msrp:E
	 */
	if (__builtin_expect(atomic_compare_exchange_strong_explicit(&lock->tail, &last, NULL, memory_order_release,
								     memory_order_relaxed), 1))
		return;
	/* ORD msrp:F release, pairs with msrp:D: see there. */
	atomic_store_explicit(&msrp_await_next(me, cpu)->waits, 0, memory_order_release);
}

static inline void msrp_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct msrp *lock = state;

	hold->irql = sync_raise(cpu, lock->ceiling);
	msrp_acquire(lock, cpu);
}

static inline void msrp_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct msrp *lock = state;

	msrp_release(lock, cpu);
	sync_lower(cpu, hold->irql);
}

static int msrp_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct sync_hold hold;
	int answer;

	msrp_enter(state, cpu, &hold);
	answer = isr(extension, message);
	msrp_leave(state, cpu, &hold);
	return answer;
}

SYNC_GATE_OPERATIONS(msrp)

const struct sync_backend sync_backend_msrp = {
	.name = "msrp",
	.summary = "multiprocessor stack resource policy: the ceiling on the own CPU, a FIFO spin across CPUs",
	.source = "Gai, Lipari and Di Natale, RTSS 2001; Mellor-Crummey and Scott, TOCS 1991",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO | SYNC_CEILING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct msrp),
	.init = msrp_init,
	.fini = msrp_fini,
	SYNC_OPERATIONS(msrp),
};
