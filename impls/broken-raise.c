/* SPDX-License-Identifier: MIT */
/*
 * broken-raise: a spin lock that takes the lock and does not raise the IRQL.
 *
 * The textbook deadlock: an interrupt on the holder's own CPU spins for ever for
 * a lock that the code it interrupted holds.  The negative control of the watchdogs.
 */
#include "impls/broken_spinlock.h"

static int broken_raise_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct sync_hold hold;
	int answer;

	broken_spinlock_acquire(state, cpu, &hold);
	answer = isr(extension, message);
	broken_spinlock_release(state, cpu, &hold);
	return answer;
}

static void broken_raise_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* the defect: IRQL_DISPATCH, where the lock's own level is needed */
	hold->irql = sync_raise(cpu, IRQL_DISPATCH);
	broken_spinlock_acquire(state, cpu, hold);
}

static void broken_raise_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	broken_spinlock_release(state, cpu, hold);
	sync_lower(cpu, hold->irql);
}

SYNC_GATE_OPERATIONS(broken_raise)

BROKEN_SPINLOCK(broken_raise, "broken-raise", "broken on purpose: does not raise the IRQL, so that its own ISR deadlocks on it")
