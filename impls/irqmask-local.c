/* SPDX-License-Identifier: MIT */
/*
 * irqmask-local: raise the CPU's own IRQL to DIRQL and nothing else.
 *
 * Right when every caller and the ISR share one CPU, as on a uniprocessor
 * kernel, where a spin lock is compiled down to exactly this.
 */
#include "impls/contract.h"

struct irqmask_local {
	uint8_t dirql;
};

static int irqmask_local_init(void *state, const struct sync_config *config)
{
	struct irqmask_local *lock = state;

	lock->dirql = config->dirql;
	return 0;
}

static inline void irqmask_local_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irqmask_local *lock = state;

	hold->irql = sync_raise(cpu, lock->dirql);
}

static inline void irqmask_local_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	sync_lower(cpu, hold->irql);
}

static int irqmask_local_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return isr(extension, message);
}

SYNC_GATE_OPERATIONS(irqmask_local)

const struct sync_backend sync_backend_irqmask_local = {
	.name = "irqmask-local",
	.summary = "raise the CPU's own IRQL only: right on one CPU",
	.source = "uniprocessor kernels",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_ONE_CPU,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct irqmask_local),
	.init = irqmask_local_init,
	SYNC_OPERATIONS(irqmask_local),
};
