/* SPDX-License-Identifier: MIT */
/*
 * irqmask-lazy: masking by a store to memory; the controller is written only
 * when an interrupt really arrives while masked.
 *
 * The ISR that finds the flag set masks the line at the controller, says so in
 * `written` and is deferred.  Whoever opens clears the flag, and, if the
 * controller was written, opens it, which re-delivers.
 *
 * The idea is that of lazy interrupt masking in operating systems: D. Stodolsky,
 * J. B. Chen and B. N. Bershad, "Fast Interrupt Priority Management in
 * Operating System Kernels", USENIX Microkernels 1993.
 */
#include "impls/caller_lock.h"
#include "impls/contract.h"
#include "impls/in_service.h"

struct irqmask_lazy {
	struct caller_lock callers;
	_Atomic(uint32_t) closed;
	_Atomic(uint32_t) written; /* the controller's mask was set on behalf of a deferred interrupt */
	struct irq_line *line;
	struct in_service in_service;
};

static int irqmask_lazy_init(void *state, const struct sync_config *config)
{
	struct irqmask_lazy *lock = state;

	atomic_init(&lock->callers.held, 0);
	atomic_init(&lock->closed, 0);
	atomic_init(&lock->written, 0);
	lock->line = config->line;
	return in_service_init(&lock->in_service, config->cpus);
}

static void irqmask_lazy_fini(void *state)
{
	struct irqmask_lazy *lock = state;

	in_service_fini(&lock->in_service);
}

static inline void irqmask_lazy_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irqmask_lazy *lock = state;

	caller_lock_acquire(&lock->callers, cpu, hold);
	/* ORD irqmask_lazy:A seq_cst, pairs with irqmask_lazy:B: an ISR that misses it has its in-service flag seen here. */
	atomic_exchange_explicit(&lock->closed, 1, memory_order_seq_cst);
	in_service_wait_until_clear(&lock->in_service, cpu);
}

static inline void irqmask_lazy_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irqmask_lazy *lock = state;

	/* ORD irqmask_lazy:C seq_cst, pairs with irqmask_lazy:D: a deferring ISR that misses it has its `written` seen below. */
	atomic_exchange_explicit(&lock->closed, 0, memory_order_seq_cst);
	/* ORD irqmask_lazy:E seq_cst, pairs with irqmask_lazy:F: see irqmask_lazy:C. */
	if (atomic_load_explicit(&lock->written, memory_order_seq_cst)) {
		/* relaxed: an ISR that sets it anew in between finds `closed` clear and opens by itself */
		atomic_store_explicit(&lock->written, 0, memory_order_relaxed);
		sync_unmask(lock->line);
	}
	caller_lock_release(&lock->callers, cpu, hold);
}

/* An interrupt met the flag: mask at the controller, and make sure that somebody opens it again. */
static void irqmask_lazy_write_controller(struct irqmask_lazy *lock)
{
	sync_mask(lock->line);
	/* ORD irqmask_lazy:F seq_cst, pairs with irqmask_lazy:E: whoever opens sees it, or the load below sees the opening. */
	atomic_exchange_explicit(&lock->written, 1, memory_order_seq_cst);
	/* ORD irqmask_lazy:D seq_cst, pairs with irqmask_lazy:C: see irqmask_lazy:F. */
	if (!atomic_load_explicit(&lock->closed, memory_order_seq_cst))
		sync_unmask(lock->line);
}

static int irqmask_lazy_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct irqmask_lazy *lock = state;
	int answer = SYNC_DEFERRED;

	in_service_publish(&lock->in_service, cpu);
	/* ORD irqmask_lazy:B seq_cst, pairs with irqmask_lazy:A: see there. */
	if (!atomic_load_explicit(&lock->closed, memory_order_seq_cst))
		answer = isr(extension, message);
	else
		irqmask_lazy_write_controller(lock);
	in_service_retract(&lock->in_service, cpu);
	return answer;
}

SYNC_GATE_OPERATIONS(irqmask_lazy)

const struct sync_backend sync_backend_irqmask_lazy = {
	.name = "irqmask-lazy",
	.summary = "mask by a store to memory, write the controller only when an interrupt arrives",
	.source = "Stodolsky, Chen and Bershad, USENIX Microkernels 1993",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_DEFERS | SYNC_ONE_VECTOR,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct irqmask_lazy),
	.init = irqmask_lazy_init,
	.fini = irqmask_lazy_fini,
	SYNC_OPERATIONS(irqmask_lazy),
};
