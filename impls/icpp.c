/* SPDX-License-Identifier: MIT */
/*
 * icpp: the immediate ceiling priority protocol on one CPU.
 *
 * Sections and ISRs run at the ceiling: the highest level of the vectors that
 * share the section.  Then no ISR can find it occupied, so nobody waits for a
 * lock and there is none; an interrupt is held up by one section at most,
 * whatever its level, and those above the ceiling by none.  An ISR raises too:
 * a lower vector's would otherwise be preempted by a higher one's in the middle.
 *
 * With a single vector the ceiling is its DIRQL, and this is `irqmask-local`.
 *
 * Source: L. Sha, R. Rajkumar and J. P. Lehoczky, IEEE Transactions on Computers
 * 39(9), 1990; in the immediate form A. Burns and A. Wellings, "Real-Time Systems
 * and Programming Languages", and OSEK/VDX Operating System 2.2.3, 8.5.
 */
#include "impls/ceiling.h"
#include "impls/contract.h"

struct icpp {
	uint8_t ceiling;
};

static int icpp_init(void *state, const struct sync_config *config)
{
	struct icpp *lock = state;

	lock->ceiling = ceiling_of(config);
	return 0;
}

static inline void icpp_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct icpp *lock = state;

	hold->irql = sync_raise(cpu, lock->ceiling);
}

static inline void icpp_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	sync_lower(cpu, hold->irql);
}

static int icpp_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct sync_hold hold;
	int answer;

	icpp_enter(state, cpu, &hold);
	answer = isr(extension, message);
	icpp_leave(state, cpu, &hold);
	return answer;
}

SYNC_GATE_OPERATIONS(icpp)

const struct sync_backend sync_backend_icpp = {
	.name = "icpp",
	.summary = "immediate ceiling: raise to the highest level that shares the section; right on one CPU",
	.source = "Sha, Rajkumar and Lehoczky, IEEE ToC 1990; OSEK/VDX OS 2.2.3",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_ONE_CPU | SYNC_CEILING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct icpp),
	.init = icpp_init,
	SYNC_OPERATIONS(icpp),
};
