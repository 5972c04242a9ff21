/* SPDX-License-Identifier: MIT */
/*
 * The lock inside a device model.
 *
 * It stands for the device's own hardware serialization and is no subject of
 * any measurement: the time it takes is part of device_model.  A CPU holds it at
 * IRQL_HIGH.  It yields after a while, so that a preempted holder on an
 * oversubscribed machine gets on.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_MODEL_LOCK_H
#define STORSYNC_HBA_SIM_DEVICES_MODEL_LOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#include "hba_sim/machine/cpu.h"

struct model_lock {
	_Atomic(uint32_t) held;
};

static inline bool model_lock_try(struct model_lock *lock)
{
	/* ORD model_lock:A acquire, pairs with model_lock:B: the model's state is handed over. */
	return !atomic_exchange_explicit(&lock->held, 1, memory_order_acquire);
}

/* Somebody else has it.  Out of line, for the registers that waiting takes. */
static __attribute__((noinline, unused)) void model_lock_wait(struct model_lock *lock)
{
	unsigned spins = 0;

	do {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(&lock->held, memory_order_relaxed)) {
			if (++spins % 1024 == 0)
				sched_yield();
			else
				__builtin_ia32_pause();
			if (spins % 16 == 0 && sim_cpu_self())
				sim_see(sim_cpu_self(), stamp_now());
		}
	} while (!model_lock_try(lock));
}

static inline void model_lock_acquire(struct model_lock *lock)
{
	if (__builtin_expect(!model_lock_try(lock), 0))
		model_lock_wait(lock);
}

static inline void model_lock_release(struct model_lock *lock)
{
	/* ORD model_lock:B release, pairs with model_lock:A: see there. */
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

#endif
