/* SPDX-License-Identifier: MIT */
/* Requests that the port completes itself: those that never reach the miniport, and those that it never lets go of. */
#include "hba_sim/port/port_internal.h"

void port_hand_back_taken(struct adapter_cpu *acpu, struct sim_cpu *cpu)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	struct port_request *request = acpu->taken_back;

	acpu->taken_back = NULL;
	sim_restore(cpu, irql);
	while (request) {
		struct port_request *next = request->next;

		request->srb.SrbStatus = request->taken_back_as;
		request->complete(request, cpu);
		request = next;
	}
}

void port_hand_back(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, uint8_t status)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	request->taken_back_as = status;
	port_list_append(&acpu->taken_back, &acpu->taken_back_tail, request);
	sim_restore(cpu, irql);
	sim_dpc_queue(cpu, &acpu->completion_dpc, NULL, NULL);
}

bool port_take_back(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, uint8_t status)
{
	uint32_t given = PORT_REQUEST_GIVEN;
	uint8_t irql = port_held_lock(adapter, cpu);
	bool taken;

	/* relaxed: who exchanges the state has the request; its data are nobody's any more */
	taken = atomic_compare_exchange_strong_explicit(&request->in_flight, &given, PORT_REQUEST_STALE, memory_order_relaxed,
							memory_order_relaxed);
	if (taken) {
		/* relaxed: under the lock */
		atomic_fetch_add_explicit(&adapter->stale, 1, memory_order_relaxed);
		/* relaxed: a hint: from here on every submission is looked at */
		atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	}
	port_held_unlock(adapter, cpu, irql);
	if (!taken)
		return false;
	/* relaxed: a counter */
	atomic_fetch_add_explicit(&adapter->taken_back, 1, memory_order_relaxed);
	port_count_returned(adapter, cpu);
	port_hand_back(adapter, cpu, request, status);
	return true;
}

void port_complete_in_vain(struct adapter *adapter, uint32_t state)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql;

	/* relaxed, both: counters */
	if (state != PORT_REQUEST_STALE) {
		atomic_fetch_add_explicit(&adapter->completed_twice, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&adapter->completed_late, 1, memory_order_relaxed);
	irql = port_held_lock(adapter, cpu);
	/* relaxed: under the lock */
	atomic_fetch_sub_explicit(&adapter->stale, 1, memory_order_relaxed);
	port_held_unlock(adapter, cpu, irql);
}
