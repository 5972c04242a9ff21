/* SPDX-License-Identifier: MIT */
/* broken-return: answers TRUE for the routine, whatever the routine answered, once in 64 times. */
#include "impls/broken_spinlock.h"

SYNC_LOCK_OPERATIONS(sound, struct broken_spinlock, broken_spinlock_acquire, broken_spinlock_release)

#define broken_return_enter sound_enter
#define broken_return_leave sound_leave
#define broken_return_service sound_service

static unsigned char broken_return_synchronize(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension,
					       void *context)
{
	unsigned char answer = sound_synchronize(state, cpu, routine, extension, context);

	/* the defect */
	return broken_spinlock_once_in(state, 64) ? 1 : answer;
}

BROKEN_SPINLOCK(broken_return, "broken-return", "broken on purpose: at times answers TRUE for the routine")
