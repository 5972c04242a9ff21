/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: BuildIo, StartIo, completion.
 *
 * Policy where the documentation is silent: a StartIo that answers FALSE, and an SRB completed with
 * SRB_STATUS_BUSY, are taken as "not now" and submitted again when another request completes, or after a while.
 */
#include "hba_sim/port/port_internal.h"

static void count(_Atomic(uint64_t) *counter, memory_order order)
{
	/* relaxed load: the CPU's own counter */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, order);
}

uint64_t port_outstanding(const struct adapter *adapter)
{
	uint64_t returned = 0;
	uint64_t given = 0;

	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		/* ORD port_returned:B acquire, pairs with port_returned:A and port_returned:C: what is counted here is counted as given below. */
		returned += atomic_load_explicit(&adapter->cpu[c].returned, memory_order_acquire);
	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		/* relaxed: see port_returned:B */
		given += atomic_load_explicit(&adapter->cpu[c].given, memory_order_relaxed);
	return given - returned;
}

/* Under whatever excludes who closes: what is closed has nothing started. */
static inline BOOLEAN start_unless_closed(struct adapter *adapter, struct port_request *request)
{
	/* relaxed, both: see above; who takes the request back decides by exchanging the state */
	uint32_t closed = atomic_load_explicit(&adapter->closed, memory_order_relaxed) & ~(uint32_t)PORT_CLOSED_HOLD;

	if (__builtin_expect(closed != 0, 0) && !(closed == PORT_CLOSED_STOP && request->passes_stop))
		return FALSE;
	atomic_store_explicit(&request->in_flight, PORT_REQUEST_GIVEN, memory_order_relaxed);
	return adapter->hw.HwStartIo(adapter->extension, &request->srb);
}

static BOOLEAN start_io_under_lock(PVOID extension, PVOID context)
{
	struct port_request *request = context;
	struct adapter *adapter = request->adapter;
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, sim_cpu_self());
	BOOLEAN accepted;

	acpu->holds_interrupt_lock = true;
	accepted = start_unless_closed(adapter, request);
	acpu->holds_interrupt_lock = false;
	return accepted;
}

static BOOLEAN start_io(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	_Atomic(uint32_t) *lock = adapter_cpu_of(adapter, cpu)->start_lock;
	BOOLEAN accepted;

	if (adapter->config.half_duplex)
		return port_run_under_interrupt_lock(adapter, cpu, start_io_under_lock, request);
	/* In line, as most often nobody else wants it.  The orders are port_lock_acquire's and port_lock_release's. */
	if (__builtin_expect(atomic_exchange_explicit(lock, 1, memory_order_acquire), 0))
		port_lock_acquire(lock, cpu);
	accepted = start_unless_closed(adapter, request);
	atomic_store_explicit(lock, 0, memory_order_release);
	return accepted;
}

/* Hands the request to the miniport; the CPU is at IRQL_DISPATCH. */
static inline void give_to_miniport(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	request->srb.SrbStatus = SRB_STATUS_PENDING;
	/* relaxed, both: the request becomes visible to others through the miniport's own synchronization */
	atomic_store_explicit(&request->in_flight, PORT_REQUEST_BUILT, memory_order_relaxed);
	if (__builtin_expect(adapter->recovery.second_ticks != 0, 0))
		atomic_store_explicit(&request->remaining, SrbGetTimeOutValue(&request->srb), memory_order_relaxed);
	count(&adapter_cpu_of(adapter, cpu)->given, memory_order_relaxed);
	if (adapter->hw.HwBuildIo && !adapter->hw.HwBuildIo(adapter->extension, &request->srb))
		return;
	if (!start_io(adapter, request, cpu)) {
		request->srb.SrbStatus = SRB_STATUS_BUSY;
		port_complete(adapter, request);
	}
}

void port_give(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	give_to_miniport(adapter, request, cpu);
}

void port_submit(struct port_request *request, struct sim_cpu *cpu)
{
	struct adapter *adapter = request->adapter;
	uint8_t irql = sim_raise(cpu, IRQL_DISPATCH);

	/* relaxed: whoever else reads it does so while the request is with the miniport, or in vain */
	atomic_store_explicit(&request->home, cpu->index, memory_order_relaxed);
	/* relaxed: a hint; the list is looked at under its lock */
	if (!atomic_load_explicit(&adapter->held_back, memory_order_relaxed) || !port_hold_back(adapter, request, cpu))
		give_to_miniport(adapter, request, cpu);
	sim_lower(cpu, irql);
}

void port_count_returned(struct adapter *adapter, struct sim_cpu *cpu)
{
	/* ORD port_returned:C release, pairs with port_returned:B: as port_returned:A. */
	count(&adapter_cpu_of(adapter, cpu)->returned, memory_order_release);
}

/* To the completion DPC, of this CPU or of the one that submitted it. */
static inline void report(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	/* relaxed: written before it was given, by whom the miniport had it from */
	uint32_t home = atomic_load_explicit(&request->home, memory_order_relaxed);
	uint8_t irql;

	if (__builtin_expect(adapter->sends_home, 0) && home != cpu->index) {
		port_send_home(&adapter->cpu[home], adapter->machine, request);
		return;
	}
	irql = sim_raise(cpu, IRQL_HIGH);
	port_list_append(&acpu->done, &acpu->done_tail, request);
	sim_restore(cpu, irql);
	sim_dpc_queue(cpu, &acpu->completion_dpc, NULL, NULL);
}

void port_complete(struct adapter *adapter, struct port_request *request)
{
	struct sim_cpu *cpu = sim_cpu_self();
	/*
	 * ORD port_kept:A release, pairs with port_kept:B: of one that the miniport had kept.  Of others only one of two
	 * completions may win; their data came with the miniport's own synchronization.
	 */
	uint32_t state = atomic_exchange_explicit(&request->in_flight, PORT_REQUEST_IDLE, memory_order_release);

	if (__builtin_expect(state != PORT_REQUEST_GIVEN && state != PORT_REQUEST_BUILT, 0)) {
		port_complete_in_vain(adapter, state);
		return;
	}
	report(adapter, request, cpu);
}

void port_complete_given(struct adapter *adapter, struct port_request *request, uint8_t status)
{
	uint32_t given = PORT_REQUEST_GIVEN;

	/* relaxed: as in port_complete */
	if (!atomic_compare_exchange_strong_explicit(&request->in_flight, &given, PORT_REQUEST_IDLE, memory_order_relaxed,
						     memory_order_relaxed))
		return;
	request->srb.SrbStatus = status;
	report(adapter, request, sim_cpu_self());
}

static struct port_request *take_done(struct adapter_cpu *acpu, struct sim_cpu *cpu)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	struct port_request *request = acpu->done;

	if (request)
		acpu->done = request->next;
	/* the DPC that calls this is run from a look, which goes round again */
	sim_restore(cpu, irql);
	return request;
}

void port_completion_dpc(void *context, void *argument1, void *argument2)
{
	struct adapter_cpu *acpu = context;
	struct adapter *adapter = acpu->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_request *refused = NULL;
	struct port_request **refused_tail = &refused;
	struct port_request *request;

	if (__builtin_expect(adapter->sends_home, 0))
		port_take_sent_home(acpu, cpu);
	if (__builtin_expect(acpu->taken_back != NULL, 0))
		port_hand_back_taken(acpu, cpu);
	while ((request = take_done(acpu, cpu)) != NULL) {
		/* ORD port_returned:A release, pairs with port_returned:B: it was counted as given before. */
		count(&acpu->returned, memory_order_release);
		if (SRB_STATUS(request->srb.SrbStatus) == SRB_STATUS_BUSY) {
			/* relaxed, both: the CPU has it; a counter */
			atomic_store_explicit(&request->in_flight, PORT_REQUEST_HELD, memory_order_relaxed);
			atomic_fetch_add_explicit(&adapter->busy_refusals, 1, memory_order_relaxed);
			port_list_append(&refused, &refused_tail, request);
			continue;
		}
		/* relaxed: a hint; see port_hold_timer_fired */
		if (atomic_load_explicit(&adapter->held_back, memory_order_relaxed))
			port_count_down_busy(adapter, cpu, request);
		request->complete(request, cpu);
	}
	if (refused)
		port_hold_refused(adapter, cpu, refused, refused_tail);
	else
		port_release_held(adapter, cpu);
}
