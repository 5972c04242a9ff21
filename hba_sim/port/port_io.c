/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: BuildIo, StartIo, completion; holding back and flow control.
 *
 * Policies where the documentation is silent: a StartIo that answers FALSE, and
 * an SRB completed with SRB_STATUS_BUSY, are taken as "not now" and submitted
 * again when another request completes, or after a while.  Requests that are held
 * back keep their order, refused ones in front.
 */
#include "hba_sim/port/port_internal.h"

/* How often a CPU looks after what it holds back. */
#define HOLD_TIMER_US 10

static void count(_Atomic(uint64_t) *counter, memory_order order)
{
	/* relaxed load: the CPU's own counter */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, order);
}

/* Requests that the miniport has: never fewer than there are. */
static uint64_t outstanding(const struct adapter *adapter)
{
	uint64_t returned = 0;
	uint64_t given = 0;

	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		/* ORD port_returned:B acquire, pairs with port_returned:A: what is counted here is counted as given below. */
		returned += atomic_load_explicit(&adapter->cpu[c].returned, memory_order_acquire);
	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		/* relaxed: see port_returned:B */
		given += atomic_load_explicit(&adapter->cpu[c].given, memory_order_relaxed);
	return given - returned;
}

/* The held list: an ISR may change what holds requests back, so its lock is held at IRQL_HIGH. */
static uint8_t lock_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	port_lock_acquire(&adapter->hold_lock, cpu);
	return irql;
}

static void unlock_held(struct adapter *adapter, struct sim_cpu *cpu, uint8_t irql)
{
	port_lock_release(&adapter->hold_lock);
	sim_restore(cpu, irql);
}

static BOOLEAN start_io_under_lock(PVOID extension, PVOID context)
{
	struct port_request *request = context;
	struct adapter *adapter = request->adapter;
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, sim_cpu_self());
	BOOLEAN accepted;

	acpu->holds_interrupt_lock = true;
	accepted = adapter->hw.HwStartIo(extension, &request->srb);
	acpu->holds_interrupt_lock = false;
	return accepted;
}

static BOOLEAN start_io(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	BOOLEAN accepted;

	if (adapter->config.half_duplex)
		return port_run_under_interrupt_lock(adapter, cpu, start_io_under_lock, request);
	if (adapter->channels > 1)
		return adapter->hw.HwStartIo(adapter->extension, &request->srb);
	port_lock_acquire(&adapter->start_io_lock, cpu);
	accepted = adapter->hw.HwStartIo(adapter->extension, &request->srb);
	port_lock_release(&adapter->start_io_lock);
	return accepted;
}

/* Hands the request to the miniport; the CPU is at IRQL_DISPATCH. */
static void give_to_miniport(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	request->srb.SrbStatus = SRB_STATUS_PENDING;
	count(&adapter_cpu_of(adapter, cpu)->given, memory_order_relaxed);
	if (adapter->hw.HwBuildIo && !adapter->hw.HwBuildIo(adapter->extension, &request->srb))
		return;
	if (!start_io(adapter, request, cpu)) {
		request->srb.SrbStatus = SRB_STATUS_BUSY;
		port_complete(adapter, request);
	}
}

static void list_append(struct port_request **head, struct port_request ***tail, struct port_request *request)
{
	request->next = NULL;
	if (!*head)
		*tail = head;
	**tail = request;
	*tail = &request->next;
}

/* True when the request was put on the held list. */
static bool hold_back(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	uint8_t irql = lock_held(adapter, cpu);
	bool held = false;

	if (adapter->paused || adapter->busy_until || adapter->held) {
		list_append(&adapter->held, &adapter->held_tail, request);
		held = true;
	}
	unlock_held(adapter, cpu, irql);
	return held;
}

void port_submit(struct port_request *request, struct sim_cpu *cpu)
{
	struct adapter *adapter = request->adapter;
	uint8_t irql = sim_raise(cpu, IRQL_DISPATCH);

	/* relaxed: the request becomes visible to others through the miniport's own synchronization */
	atomic_store_explicit(&request->in_flight, 1, memory_order_relaxed);
	/* relaxed: a hint; the list is looked at under its lock */
	if (!atomic_load_explicit(&adapter->held_back, memory_order_relaxed) || !hold_back(adapter, request, cpu))
		give_to_miniport(adapter, request, cpu);
	sim_lower(cpu, irql);
}

/* The first held request that may go now, NULL when none may. */
static struct port_request *next_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = lock_held(adapter, cpu);
	struct port_request *request = NULL;

	if (!adapter->paused && !adapter->busy_until) {
		request = adapter->held;
		if (request)
			adapter->held = request->next;
		else
			/* relaxed: a hint */
			atomic_store_explicit(&adapter->held_back, 0, memory_order_relaxed);
	}
	unlock_held(adapter, cpu, irql);
	return request;
}

/* Until one comes back at once: if it was refused, those behind it must not pass it; its completion goes on here. */
static void release_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	const struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	struct port_request *request;

	/* relaxed: a hint */
	while (!acpu->done && atomic_load_explicit(&adapter->held_back, memory_order_relaxed) &&
	       (request = next_held(adapter, cpu)) != NULL)
		give_to_miniport(adapter, request, cpu);
}

/* Has this CPU look after what is held back, at any IRQL. */
static void watch_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (!acpu->hold_timer.cpu)
		sim_timer_arm(cpu, &acpu->hold_timer, stamp_now() + port_ticks_of_us(adapter, HOLD_TIMER_US));
	sim_restore(cpu, irql);
}

/* At IRQL_DISPATCH: a pause may be over, what StorPortBusy waited for may all be back, a refused request may go now. */
void port_hold_timer_fired(void *context)
{
	struct adapter_cpu *acpu = context;
	struct adapter *adapter = acpu->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql;

	irql = lock_held(adapter, cpu);
	if (adapter->paused && stamp_now() >= adapter->paused_until)
		adapter->paused = false;
	if (adapter->busy_until && !outstanding(adapter))
		adapter->busy_until = 0;
	unlock_held(adapter, cpu, irql);
	release_held(adapter, cpu);
	/* relaxed: a hint */
	if (atomic_load_explicit(&adapter->held_back, memory_order_relaxed))
		watch_held(adapter, cpu);
}

/* A completion has been handed back: StorPortBusy waits for a number of them. */
static void count_down_busy(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = lock_held(adapter, cpu);

	if (adapter->busy_until)
		adapter->busy_until--;
	unlock_held(adapter, cpu, irql);
}

void port_complete(struct adapter *adapter, struct port_request *request)
{
	struct sim_cpu *cpu = sim_cpu_self();
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	uint8_t irql;

	/* relaxed: only one of two completions may win; the data came with the miniport's own synchronization */
	if (!atomic_exchange_explicit(&request->in_flight, 0, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&adapter->completed_twice, 1, memory_order_relaxed);
		return;
	}
	irql = sim_raise(cpu, IRQL_HIGH);
	list_append(&acpu->done, &acpu->done_tail, request);
	sim_restore(cpu, irql);
	sim_dpc_queue(cpu, &acpu->completion_dpc, NULL, NULL);
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

/* Requests that the miniport refused, in their order, go in front of the others. */
static void hold_refused(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *first, struct port_request **tail)
{
	uint8_t irql = lock_held(adapter, cpu);

	*tail = adapter->held;
	if (!adapter->held)
		adapter->held_tail = tail;
	adapter->held = first;
	/* relaxed: a hint */
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	unlock_held(adapter, cpu, irql);
	watch_held(adapter, cpu);
}

void port_completion_dpc(void *context, void *argument1, void *argument2)
{
	struct adapter_cpu *acpu = context;
	struct adapter *adapter = acpu->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_request *refused = NULL;
	struct port_request **refused_tail = &refused;
	struct port_request *request;

	while ((request = take_done(acpu, cpu)) != NULL) {
		/* ORD port_returned:A release, pairs with port_returned:B: it was counted as given before. */
		count(&acpu->returned, memory_order_release);
		if (SRB_STATUS(request->srb.SrbStatus) == SRB_STATUS_BUSY) {
			/* relaxed: as in port_submit */
			atomic_store_explicit(&request->in_flight, 1, memory_order_relaxed);
			atomic_fetch_add_explicit(&adapter->busy_refusals, 1, memory_order_relaxed);
			list_append(&refused, &refused_tail, request);
			continue;
		}
		request->complete(request, cpu);
		/* relaxed: a hint; see port_hold_timer_fired */
		if (atomic_load_explicit(&adapter->held_back, memory_order_relaxed))
			count_down_busy(adapter, cpu);
	}
	if (refused)
		hold_refused(adapter, cpu, refused, refused_tail);
	else
		release_held(adapter, cpu);
}

/* What holds requests back has changed, at any IRQL and on any CPU. */
static void end_flow_change(struct adapter *adapter, struct sim_cpu *cpu, uint8_t irql)
{
	bool holds = adapter->paused || adapter->busy_until;

	/* relaxed: a hint */
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	unlock_held(adapter, cpu, irql);
	if (holds)
		watch_held(adapter, cpu);
	else
		sim_dpc_queue(cpu, &adapter_cpu_of(adapter, cpu)->completion_dpc, NULL, NULL);
}

void port_busy(struct adapter *adapter, ULONG completions)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = lock_held(adapter, cpu);
	uint64_t most = completions ? outstanding(adapter) : 0;

	adapter->busy_until = completions < most ? completions : (uint32_t)most;
	end_flow_change(adapter, cpu, irql);
}

void port_pause(struct adapter *adapter, uint64_t until)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = lock_held(adapter, cpu);

	adapter->paused = true;
	adapter->paused_until = until;
	end_flow_change(adapter, cpu, irql);
}

void port_resume(struct adapter *adapter)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = lock_held(adapter, cpu);

	adapter->paused = false;
	end_flow_change(adapter, cpu, irql);
}
