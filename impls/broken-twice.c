/* SPDX-License-Identifier: MIT */
/* broken-twice: runs the ISR a second time for the same interrupt, once in 64 times. */
#include "impls/broken_spinlock.h"

SYNC_LOCK_OPERATIONS(sound, struct broken_spinlock, broken_spinlock_acquire, broken_spinlock_release)

#define broken_twice_enter sound_enter
#define broken_twice_leave sound_leave
#define broken_twice_synchronize sound_synchronize

static int broken_twice_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	int answer = sound_service(state, cpu, isr, extension, message);

	/* the defect */
	if (broken_spinlock_once_in(state, 64))
		sound_service(state, cpu, isr, extension, message);
	return answer;
}

BROKEN_SPINLOCK(broken_twice, "broken-twice", "broken on purpose: at times runs the ISR twice for one interrupt")
