/* SPDX-License-Identifier: MIT */
/*
 * irqmask: the caller masks the vector at the interrupt controller, every time.
 *
 * A caller excludes the other callers, masks, waits until no CPU is in service
 * and runs; unmasking re-delivers what became pending.  The ISR takes no lock
 * at all: it publishes that it is in service and looks at the mask.
 *
 * The eager form of the interrupt masking that disable_irq() and
 * synchronize_irq() do in Linux (kernel/irq/manage.c documents both).
 */
#include "impls/caller_lock.h"
#include "impls/contract.h"
#include "impls/in_service.h"

struct irqmask {
	struct caller_lock callers;
	struct irq_line *line;
	struct in_service in_service;
};

static int irqmask_init(void *state, const struct sync_config *config)
{
	struct irqmask *lock = state;

	atomic_init(&lock->callers.held, 0);
	lock->line = config->line;
	return in_service_init(&lock->in_service, config->cpus);
}

static void irqmask_fini(void *state)
{
	struct irqmask *lock = state;

	in_service_fini(&lock->in_service);
}

static inline void irqmask_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irqmask *lock = state;

	caller_lock_acquire(&lock->callers, cpu, hold);
	sync_mask(lock->line);
	in_service_wait_until_clear(&lock->in_service, cpu);
}

static inline void irqmask_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irqmask *lock = state;

	sync_unmask(lock->line);
	caller_lock_release(&lock->callers, cpu, hold);
}

static int irqmask_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct irqmask *lock = state;
	int answer = SYNC_DEFERRED;

	in_service_publish(&lock->in_service, cpu);
	if (!sync_is_masked(lock->line))
		answer = isr(extension, message);
	in_service_retract(&lock->in_service, cpu);
	return answer;
}

SYNC_GATE_OPERATIONS(irqmask)

const struct sync_backend sync_backend_irqmask = {
	.name = "irqmask",
	.summary = "mask the vector at the controller each time, wait until no CPU is in service",
	.source = "eager masking; Dijkstra 1965 for the handshake",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_DEFERS | SYNC_ONE_VECTOR,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct irqmask),
	.init = irqmask_init,
	.fini = irqmask_fini,
	SYNC_OPERATIONS(irqmask),
};
