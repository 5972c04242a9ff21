/* SPDX-License-Identifier: MIT */
/*
 * none: no exclusion at all.
 *
 * The floor that every cost is measured from, and a negative control: a run
 * with it that reports no violation has not looked.
 */
#include "impls/contract.h"

static int none_init(void *state, const struct sync_config *config)
{
	return 0;
}

static void none_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	hold->irql = sync_raise(cpu, IRQL_DISPATCH);
}

static void none_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	sync_lower(cpu, hold->irql);
}

static int none_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return isr(extension, message);
}

SYNC_GATE_OPERATIONS(none)

const struct sync_backend sync_backend_none = {
	.name = "none",
	.summary = "no exclusion at all: the floor of every cost, and a negative control",
	.source = "-",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_BROKEN,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = 1,
	.init = none_init,
	SYNC_OPERATIONS(none),
};
