/* SPDX-License-Identifier: MIT */
/* What a synchronized call and a driver's interrupt lock have in common: who is inside, and the stamp of the call. */
#ifndef STORSYNC_HBA_SIM_PORT_PORT_ACCESS_H
#define STORSYNC_HBA_SIM_PORT_PORT_ACCESS_H

#include "hba_sim/port/port_internal.h"

/* Access begins for `me`, at `now`.  The counter is the executing CPU's, and only who has access writes one. */
static inline void port_enter_witnessed(struct adapter *adapter, struct port_lock *lock, uint32_t me, unsigned requester, uint64_t now,
				   struct access_before *before)
{
	if (witness_enter(&lock->witness, me, requester, now, before)) {
		_Atomic(uint64_t) *handoffs = &adapter_cpu_of(adapter, sim_cpu_self())->handoffs;

		/* relaxed: a counter, see above */
		atomic_store_explicit(handoffs, atomic_load_explicit(handoffs, memory_order_relaxed) + 1, memory_order_relaxed);
	}
}

/* As a caller to all of the adapter's locks; what was before is the first one's to say. */
static inline void port_enter_all_witnessed(struct adapter *adapter, uint32_t me, unsigned requester, uint64_t now,
				       struct access_before *before)
{
	struct access_before other;

	port_enter_witnessed(adapter, &adapter->lock[0], me, requester, now, before);
	for (unsigned i = 1; i < adapter->locks; i++)
		port_enter_witnessed(adapter, &adapter->lock[i], me, requester, now, &other);
}

static inline void port_leave_all_witnessed(struct adapter *adapter, uint32_t me, uint64_t now)
{
	for (unsigned i = adapter->locks; i--;)
		witness_leave(&adapter->lock[i].witness, me, now);
}

static inline void port_probe_inside(struct adapter *adapter)
{
	struct port_probe *probe = adapter->config.probe;

	if (__builtin_expect(probe && probe->inside, 0))
		probe->inside(probe, sim_cpu_self());
}

/* The stamp of a call: what is due by now would have interrupted the caller before it got here. */
static inline uint64_t port_stamp_after_pending(struct sim_cpu *cpu)
{
	uint64_t now = stamp_now();

	if (__builtin_expect(sim_cpu_due(cpu) <= now, 0)) {
		sim_cpu_look(cpu);
		now = stamp_now();
	}
	sim_see(cpu, now);
	return now;
}

#endif
