/* SPDX-License-Identifier: MIT */
/* broken-irql: forgets, once in 64 times, to lower the IRQL to where the caller was. */
#include "impls/broken_spinlock.h"

SYNC_LOCK_OPERATIONS(sound, struct broken_spinlock, broken_spinlock_acquire, broken_spinlock_release)

#define broken_irql_enter sound_enter
#define broken_irql_service sound_service

static void broken_irql_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* the defect */
	if (broken_spinlock_once_in(state, 64) && hold->irql < IRQL_DISPATCH)
		hold->irql = IRQL_DISPATCH;
	sound_leave(state, cpu, hold);
}

static unsigned char broken_irql_synchronize(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension,
					     void *context)
{
	/* the defect */
	if (broken_spinlock_once_in(state, 64))
		sync_raise(cpu, IRQL_DISPATCH);
	return sound_synchronize(state, cpu, routine, extension, context);
}

BROKEN_SPINLOCK(broken_irql, "broken-irql", "broken on purpose: at times leaves the IRQL raised")
