/* SPDX-License-Identifier: MIT */
/*
 * STOR_PERF_DPC_REDIRECTION: a completion goes to the CPU that submitted its request.
 *
 * Source: Microsoft's public DDI reference, PERF_CONFIGURATION_DATA.
 */
#include "hba_sim/port/port_internal.h"

void port_send_home(struct adapter_cpu *home, struct sim_machine *machine, struct port_request *request)
{
	struct sim_cpu *self = sim_cpu_self();
	/* An ISR that does the same would find its own request gone by: each push is of the moment. */
	uint8_t irql = sim_raise(self, IRQL_HIGH);
	/* relaxed: the exchange decides */
	struct port_request *first = atomic_load_explicit(&home->sent_home, memory_order_relaxed);

	do {
		request->next = first;
		/* ORD port_home:A release, pairs with port_home:B: the request and its data are seen there. */
	} while (!atomic_compare_exchange_weak_explicit(&home->sent_home, &first, request, memory_order_release,
							memory_order_relaxed));
	sim_restore(self, irql);
	/* ORD port_home:D seq_cst fence, pairs with port_home:C: a DPC that is still queued finds the request. */
	atomic_thread_fence(memory_order_seq_cst);
	sim_dpc_queue_on(&machine->cpu[home - home->adapter->cpu], &home->completion_dpc, NULL, NULL);
}

void port_take_sent_home(struct adapter_cpu *acpu, struct sim_cpu *cpu)
{
	struct port_request *newest;
	struct port_request *oldest = NULL;
	uint8_t irql;

	/* The DPC is no longer queued; a sender that found it queued has sent before that. */
	/* ORD port_home:C seq_cst fence, pairs with port_home:D: one of the two sides sees the other's store. */
	atomic_thread_fence(memory_order_seq_cst);
	/* ORD port_home:B acquire, pairs with port_home:A: see there. */
	newest = atomic_exchange_explicit(&acpu->sent_home, NULL, memory_order_acquire);
	while (newest) {
		struct port_request *request = newest;

		newest = request->next;
		request->next = oldest;
		oldest = request;
	}
	irql = sim_raise(cpu, IRQL_HIGH);
	while (oldest) {
		struct port_request *request = oldest;

		oldest = request->next;
		port_list_append(&acpu->done, &acpu->done_tail, request);
	}
	sim_restore(cpu, irql);
}
