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

/* Under whatever excludes who closes: what is closed has nothing started. */
static inline BOOLEAN start_unless_closed(struct adapter *adapter, struct port_request *request)
{
	/* relaxed, both: see above; who takes the request back decides by exchanging the state */
	if (__builtin_expect(atomic_load_explicit(&adapter->closed, memory_order_relaxed) & ~PORT_CLOSED_HOLD, 0))
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
	request->home = cpu->index;
	/* relaxed, both: the request becomes visible to others through the miniport's own synchronization */
	atomic_store_explicit(&request->in_flight, PORT_REQUEST_BUILT, memory_order_relaxed);
	atomic_store_explicit(&request->remaining, request->srb.TimeOutValue, memory_order_relaxed);
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

void port_give(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	give_to_miniport(adapter, request, cpu);
}

/* Whether nothing may go; under the held list's lock. */
static bool holds(const struct adapter *adapter)
{
	/* relaxed: changed under the lock */
	return adapter->paused || adapter->busy_until || atomic_load_explicit(&adapter->closed, memory_order_relaxed);
}

/* The status for a request that cannot be submitted at all; 0 when it can.  Under the held list's lock. */
static uint8_t refusal(const struct adapter *adapter, const struct port_request *request)
{
	/* relaxed, both: changed under the lock; and if it is no longer stale, it was until now */
	if (atomic_load_explicit(&adapter->closed, memory_order_relaxed) & PORT_CLOSED_GONE)
		return SRB_STATUS_NO_DEVICE;
	if (atomic_load_explicit(&request->in_flight, memory_order_relaxed) == PORT_REQUEST_STALE)
		return SRB_STATUS_BUS_RESET;
	return 0;
}

/* True when the request was put on the held list, or refused. */
static bool hold_back(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	uint8_t irql = lock_held(adapter, cpu);
	uint8_t status = refusal(adapter, request);
	bool held = !status && (holds(adapter) || adapter->held);

	if (held) {
		/* relaxed: under the lock */
		atomic_store_explicit(&request->in_flight, PORT_REQUEST_HELD, memory_order_relaxed);
		list_append(&adapter->held, &adapter->held_tail, request);
	}
	unlock_held(adapter, cpu, irql);
	if (status)
		port_hand_back(adapter, cpu, request, status);
	return held || status;
}

void port_submit(struct port_request *request, struct sim_cpu *cpu)
{
	struct adapter *adapter = request->adapter;
	uint8_t irql = sim_raise(cpu, IRQL_DISPATCH);

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

	if (!holds(adapter)) {
		request = adapter->held;
		if (request)
			adapter->held = request->next;
		else if (!adapter->stale)
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
	bool waits;

	irql = lock_held(adapter, cpu);
	if (adapter->paused && stamp_now() >= adapter->paused_until)
		adapter->paused = false;
	if (adapter->busy_until && !port_outstanding(adapter))
		adapter->busy_until = 0;
	if (stamp_now() >= adapter->reset_hold_until)
		/* relaxed: under the lock, and nobody acts on this bit without it */
		atomic_fetch_and_explicit(&adapter->closed, ~(uint32_t)PORT_CLOSED_HOLD, memory_order_relaxed);
	unlock_held(adapter, cpu, irql);
	release_held(adapter, cpu);
	irql = lock_held(adapter, cpu);
	/* Where it is closed otherwise, who opens it looks after them. */
	waits = adapter->held || adapter->paused || adapter->busy_until;
	/* relaxed: changed under the lock */
	waits &= !(atomic_load_explicit(&adapter->closed, memory_order_relaxed) & ~(uint32_t)PORT_CLOSED_HOLD);
	waits |= (atomic_load_explicit(&adapter->closed, memory_order_relaxed) & PORT_CLOSED_HOLD) != 0;
	unlock_held(adapter, cpu, irql);
	if (waits)
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

void port_count_returned(struct adapter *adapter, struct sim_cpu *cpu)
{
	/* ORD port_returned:C release, pairs with port_returned:B: as port_returned:A. */
	count(&adapter_cpu_of(adapter, cpu)->returned, memory_order_release);
}

/* To the CPU that submitted it; from any CPU, at any IRQL. */
static void send_home(struct adapter_cpu *home, struct sim_machine *machine, struct port_request *request)
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

/* What other CPUs sent goes behind what was reported here, in its order. */
static void take_sent_home(struct adapter_cpu *acpu, struct sim_cpu *cpu)
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
		list_append(&acpu->done, &acpu->done_tail, request);
	}
	sim_restore(cpu, irql);
}

/* To the completion DPC, of this CPU or of the one that submitted it. */
static inline void report(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	uint8_t irql;

	if (__builtin_expect(adapter->sends_home, 0) && request->home != cpu->index) {
		send_home(&adapter->cpu[request->home], adapter->machine, request);
		return;
	}
	irql = sim_raise(cpu, IRQL_HIGH);
	list_append(&acpu->done, &acpu->done_tail, request);
	sim_restore(cpu, irql);
	sim_dpc_queue(cpu, &acpu->completion_dpc, NULL, NULL);
}

void port_complete(struct adapter *adapter, struct port_request *request)
{
	struct sim_cpu *cpu = sim_cpu_self();
	/* relaxed: only one of two completions may win; the data came with the miniport's own synchronization */
	uint32_t state = atomic_exchange_explicit(&request->in_flight, PORT_REQUEST_IDLE, memory_order_relaxed);

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

/* All that is held back; none when the adapter may yet serve it. */
static struct port_request *take_all_refused(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = lock_held(adapter, cpu);
	struct port_request *first = NULL;

	/* relaxed: changed under the lock */
	if (atomic_load_explicit(&adapter->closed, memory_order_relaxed) & PORT_CLOSED_GONE) {
		first = adapter->held;
		adapter->held = NULL;
	}
	unlock_held(adapter, cpu, irql);
	return first;
}

void port_refuse_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	struct port_request *request = take_all_refused(adapter, cpu);

	while (request) {
		struct port_request *next = request->next;

		port_hand_back(adapter, cpu, request, SRB_STATUS_NO_DEVICE);
		request = next;
	}
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
	port_refuse_held(adapter, cpu);
}

/* What the port has completed itself. */
static void hand_back_taken(struct adapter_cpu *acpu, struct sim_cpu *cpu)
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

void port_completion_dpc(void *context, void *argument1, void *argument2)
{
	struct adapter_cpu *acpu = context;
	struct adapter *adapter = acpu->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_request *refused = NULL;
	struct port_request **refused_tail = &refused;
	struct port_request *request;

	if (__builtin_expect(adapter->sends_home, 0))
		take_sent_home(acpu, cpu);
	if (__builtin_expect(acpu->taken_back != NULL, 0))
		hand_back_taken(acpu, cpu);
	while ((request = take_done(acpu, cpu)) != NULL) {
		/* ORD port_returned:A release, pairs with port_returned:B: it was counted as given before. */
		count(&acpu->returned, memory_order_release);
		if (SRB_STATUS(request->srb.SrbStatus) == SRB_STATUS_BUSY) {
			/* relaxed, both: the CPU has it; a counter */
			atomic_store_explicit(&request->in_flight, PORT_REQUEST_HELD, memory_order_relaxed);
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
	bool waits = holds(adapter);

	/* relaxed: a hint */
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	unlock_held(adapter, cpu, irql);
	if (waits)
		watch_held(adapter, cpu);
	else
		sim_dpc_queue(cpu, &adapter_cpu_of(adapter, cpu)->completion_dpc, NULL, NULL);
}

void port_busy(struct adapter *adapter, ULONG completions)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = lock_held(adapter, cpu);
	uint64_t most = completions ? port_outstanding(adapter) : 0;

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

void port_hand_back(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, uint8_t status)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	request->taken_back_as = status;
	list_append(&acpu->taken_back, &acpu->taken_back_tail, request);
	sim_restore(cpu, irql);
	sim_dpc_queue(cpu, &acpu->completion_dpc, NULL, NULL);
}

bool port_take_back(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, uint8_t status)
{
	uint32_t given = PORT_REQUEST_GIVEN;
	uint8_t irql = lock_held(adapter, cpu);
	bool taken;

	/* relaxed: who exchanges the state has the request; its data are nobody's any more */
	taken = atomic_compare_exchange_strong_explicit(&request->in_flight, &given, PORT_REQUEST_STALE, memory_order_relaxed,
							memory_order_relaxed);
	if (taken) {
		adapter->stale++;
		/* relaxed: a hint: from here on every submission is looked at */
		atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	}
	unlock_held(adapter, cpu, irql);
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
	irql = lock_held(adapter, cpu);
	adapter->stale--;
	unlock_held(adapter, cpu, irql);
}

void port_starts_acquire(struct adapter *adapter, struct sim_cpu *cpu)
{
	port_lock_acquire(&adapter->start_io_lock, cpu);
	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		port_lock_acquire(&adapter->cpu[c].channel_token, cpu);
}

void port_starts_release(struct adapter *adapter)
{
	for (unsigned c = adapter->machine->cpus; c--;)
		port_lock_release(&adapter->cpu[c].channel_token);
	port_lock_release(&adapter->start_io_lock);
}

ULONG port_channel_of(const struct adapter *adapter, const struct sim_cpu *cpu)
{
	return cpu->index % adapter->channels;
}

void port_choose_start_locks(struct adapter *adapter)
{
	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		adapter->cpu[c].start_lock = adapter->channels == 1 ? &adapter->start_io_lock :
								      &adapter->cpu[c % adapter->channels].channel_token;
}

static BOOLEAN nothing(PVOID extension, PVOID context)
{
	return TRUE;
}

void port_close(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why)
{
	uint8_t irql = lock_held(adapter, cpu);

	/* relaxed, both: what is started under the locks below looks again */
	atomic_fetch_or_explicit(&adapter->closed, why, memory_order_relaxed);
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	unlock_held(adapter, cpu, irql);
	/* Whoever was in HwStorStartIo is out, and whoever comes finds it closed. */
	port_starts_acquire(adapter, cpu);
	if (adapter->config.half_duplex)
		port_run_under_interrupt_lock(adapter, cpu, nothing, NULL);
	port_starts_release(adapter);
}

void port_open(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why)
{
	uint8_t irql = lock_held(adapter, cpu);

	/* relaxed: under the lock of all who give */
	atomic_fetch_and_explicit(&adapter->closed, ~why, memory_order_relaxed);
	end_flow_change(adapter, cpu, irql);
}

void port_hold_after_reset(struct adapter *adapter)
{
	uint64_t ticks = port_ticks_of_us(adapter, adapter->port_config.BusResetHoldTime);
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql;

	if (!ticks)
		return;
	irql = lock_held(adapter, cpu);
	adapter->reset_hold_until = stamp_now() + ticks;
	/* relaxed: see port_hold_timer_fired */
	atomic_fetch_or_explicit(&adapter->closed, PORT_CLOSED_HOLD, memory_order_relaxed);
	end_flow_change(adapter, cpu, irql);
}
