/* SPDX-License-Identifier: MIT */
/*
 * What holds requests back, and the list of those that are: StorPortBusy and StorPortPause, an adapter that is reset,
 * stopped or gone, refusals for now.
 *
 * Policy: requests that are held back keep their order, refused ones in front.
 */
#include "hba_sim/port/port_internal.h"

/* How often a CPU looks after what it holds back. */
#define HOLD_TIMER_US 10

uint8_t port_held_lock(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	port_lock_acquire(&adapter->hold_lock, cpu);
	return irql;
}

void port_held_unlock(struct adapter *adapter, struct sim_cpu *cpu, uint8_t irql)
{
	port_lock_release(&adapter->hold_lock);
	sim_restore(cpu, irql);
}

/* Whether nothing may go; under the held list's lock. */
static bool holds(const struct adapter *adapter)
{
	/* relaxed: changed under the lock */
	return adapter->paused || adapter->busy_until || atomic_load_explicit(&adapter->closed, memory_order_relaxed);
}

/* The link to the first held request that no unit holds back, to NULL when there is none.  Under the lock. */
static struct port_request **first_free(struct adapter *adapter)
{
	struct port_request **at = &adapter->held;

	while (*at && port_unit_holds(adapter, *at))
		at = &(*at)->next;
	return at;
}

/* It goes: from here on it counts for its unit.  Under the lock. */
static void let_go(struct port_request *request)
{
	/* relaxed: nobody else has it */
	atomic_store_explicit(&request->in_flight, PORT_REQUEST_BUILT, memory_order_relaxed);
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

bool port_hold_back(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	uint8_t irql = port_held_lock(adapter, cpu);
	uint8_t status = refusal(adapter, request);
	/* What is free goes first, and what its unit holds waits in front of what comes for that. */
	bool held = !status && (holds(adapter) || port_unit_holds(adapter, request) || *first_free(adapter));

	if (held) {
		/* relaxed: under the lock */
		atomic_store_explicit(&request->in_flight, PORT_REQUEST_HELD, memory_order_relaxed);
		port_list_append(&adapter->held, &adapter->held_tail, request);
	} else if (!status) {
		let_go(request);
	}
	port_held_unlock(adapter, cpu, irql);
	if (status)
		port_hand_back(adapter, cpu, request, status);
	return held || status;
}

/* Whether submissions need not look: nothing is held, nor will be unless somebody says so. */
static bool is_idle(const struct adapter *adapter)
{
	/* relaxed: under the lock */
	return !adapter->held && !adapter->units_waiting && !port_units_are_limited(adapter) &&
	       !atomic_load_explicit(&adapter->stale, memory_order_relaxed);
}

/* The first held request that may go now, NULL when none may. */
static struct port_request *next_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = port_held_lock(adapter, cpu);
	struct port_request *request = NULL;

	if (!holds(adapter)) {
		struct port_request **at = first_free(adapter);

		request = *at;
		if (request) {
			*at = request->next;
			if (!request->next)
				adapter->held_tail = at;
			let_go(request);
		} else if (is_idle(adapter)) {
			/* relaxed: under the lock; a hint */
			atomic_store_explicit(&adapter->held_back, 0, memory_order_relaxed);
		}
	}
	port_held_unlock(adapter, cpu, irql);
	return request;
}

void port_release_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	const struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	struct port_request *request;

	/* relaxed: a hint */
	while (!acpu->done && atomic_load_explicit(&adapter->held_back, memory_order_relaxed) &&
	       (request = next_held(adapter, cpu)) != NULL)
		port_give(adapter, request, cpu);
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

	irql = port_held_lock(adapter, cpu);
	if (adapter->paused && stamp_now() >= adapter->paused_until)
		adapter->paused = false;
	if (adapter->busy_until && !port_outstanding(adapter))
		adapter->busy_until = 0;
	port_units_tick(adapter, stamp_now());
	if (stamp_now() >= adapter->reset_hold_until)
		/* relaxed: under the lock, and nobody acts on this bit without it */
		atomic_fetch_and_explicit(&adapter->closed, ~(uint32_t)PORT_CLOSED_HOLD, memory_order_relaxed);
	port_held_unlock(adapter, cpu, irql);
	port_release_held(adapter, cpu);
	irql = port_held_lock(adapter, cpu);
	/* Where it is closed otherwise, who opens it looks after them. */
	waits = adapter->held || adapter->paused || adapter->busy_until || adapter->units_waiting;
	/* relaxed: changed under the lock */
	waits &= !(atomic_load_explicit(&adapter->closed, memory_order_relaxed) & ~(uint32_t)PORT_CLOSED_HOLD);
	waits |= (atomic_load_explicit(&adapter->closed, memory_order_relaxed) & PORT_CLOSED_HOLD) != 0;
	port_held_unlock(adapter, cpu, irql);
	if (waits)
		watch_held(adapter, cpu);
}

void port_count_down_busy(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request)
{
	uint8_t irql = port_held_lock(adapter, cpu);

	if (adapter->busy_until)
		adapter->busy_until--;
	if (adapter->units_waiting && port_unit_of(adapter, request)->busy_until) {
		port_unit_of(adapter, request)->busy_until--;
		port_units_note(adapter);
	}
	port_held_unlock(adapter, cpu, irql);
}

/* All that is held back; none when the adapter may yet serve it. */
static struct port_request *take_all_refused(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql = port_held_lock(adapter, cpu);
	struct port_request *first = NULL;

	/* relaxed: changed under the lock */
	if (atomic_load_explicit(&adapter->closed, memory_order_relaxed) & PORT_CLOSED_GONE) {
		first = adapter->held;
		adapter->held = NULL;
	}
	port_held_unlock(adapter, cpu, irql);
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

void port_hold_refused(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *first, struct port_request **tail)
{
	uint8_t irql = port_held_lock(adapter, cpu);

	*tail = adapter->held;
	if (!adapter->held)
		adapter->held_tail = tail;
	adapter->held = first;
	/* relaxed: a hint */
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	port_held_unlock(adapter, cpu, irql);
	watch_held(adapter, cpu);
	port_refuse_held(adapter, cpu);
}

/* What holds requests back has changed, at any IRQL and on any CPU. */
static void end_flow_change(struct adapter *adapter, struct sim_cpu *cpu, uint8_t irql)
{
	bool waits = holds(adapter) || adapter->units_waiting;

	/* relaxed: a hint */
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	port_held_unlock(adapter, cpu, irql);
	if (waits)
		watch_held(adapter, cpu);
	sim_dpc_queue(cpu, &adapter_cpu_of(adapter, cpu)->completion_dpc, NULL, NULL);
}

void port_busy(struct adapter *adapter, ULONG completions)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = port_held_lock(adapter, cpu);
	uint64_t most = completions ? port_outstanding(adapter) : 0;

	adapter->busy_until = completions < most ? completions : (uint32_t)most;
	end_flow_change(adapter, cpu, irql);
}

void port_pause(struct adapter *adapter, uint64_t until)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = port_held_lock(adapter, cpu);

	adapter->paused = true;
	adapter->paused_until = until;
	end_flow_change(adapter, cpu, irql);
}

void port_resume(struct adapter *adapter)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = port_held_lock(adapter, cpu);

	adapter->paused = false;
	end_flow_change(adapter, cpu, irql);
}

static void end_unit_change(struct adapter *adapter, struct sim_cpu *cpu, uint8_t irql)
{
	port_units_note(adapter);
	end_flow_change(adapter, cpu, irql);
}

void port_unit_busy(struct adapter *adapter, UCHAR lun, ULONG completions)
{
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_unit *unit = &adapter->unit[lun];
	uint8_t irql = port_held_lock(adapter, cpu);
	uint32_t most = completions ? port_unit_outstanding(adapter, unit) : 0;

	unit->busy_until = completions < most ? completions : most;
	end_unit_change(adapter, cpu, irql);
}

void port_unit_pause(struct adapter *adapter, UCHAR lun, uint64_t until)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = port_held_lock(adapter, cpu);

	adapter->unit[lun].paused = true;
	adapter->unit[lun].paused_until = until;
	end_unit_change(adapter, cpu, irql);
}

void port_unit_resume(struct adapter *adapter, UCHAR lun)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = port_held_lock(adapter, cpu);

	adapter->unit[lun].paused = false;
	end_unit_change(adapter, cpu, irql);
}

void port_unit_set_depth(struct adapter *adapter, UCHAR lun, ULONG depth)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = port_held_lock(adapter, cpu);

	adapter->unit[lun].depth = depth;
	end_unit_change(adapter, cpu, irql);
}

static BOOLEAN nothing(PVOID extension, PVOID context)
{
	return TRUE;
}

void port_close(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why)
{
	uint8_t irql = port_held_lock(adapter, cpu);

	/* relaxed, both: what is started under the locks below looks again */
	atomic_fetch_or_explicit(&adapter->closed, why, memory_order_relaxed);
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	port_held_unlock(adapter, cpu, irql);
	/* Whoever was in HwStorStartIo is out, and whoever comes finds it closed. */
	port_starts_acquire(adapter, cpu);
	if (adapter->config.half_duplex)
		port_run_under_interrupt_lock(adapter, cpu, nothing, NULL);
	port_starts_release(adapter);
}

void port_open(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why)
{
	uint8_t irql = port_held_lock(adapter, cpu);

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
	irql = port_held_lock(adapter, cpu);
	adapter->reset_hold_until = stamp_now() + ticks;
	/* relaxed: see port_hold_timer_fired */
	atomic_fetch_or_explicit(&adapter->closed, PORT_CLOSED_HOLD, memory_order_relaxed);
	end_flow_change(adapter, cpu, irql);
}
