/* SPDX-License-Identifier: MIT */
/*
 * Time-outs of requests, and what is done about them.
 *
 * A timer of each CPU ticks once a second of TimeOutValue, for the requests that were submitted there.  A request that the
 * miniport has had for longer is cured step by step, as Storport's multi-tier reset is documented: its
 * logical unit is reset by SRB_FUNCTION_RESET_LOGICAL_UNIT, its target by
 * SRB_FUNCTION_RESET_DEVICE, the bus by HwStorResetBus.
 *
 * Seconds are counted in ticks that did come: a CPU that was taken away finds everything late, and had one tick in all that
 * time.  What came back meanwhile is found before the next one.
 *
 * Policies: each step has a second, after which the next one is taken if the miniport
 * still has the request, or none when the miniport fails the step; one request is cured at a time.  One that is completed
 * by that goes up with the status that the miniport gives, and is not submitted again by the
 * port: that is the class driver's.  What a bus reset leaves for too long is
 * completed by the port, with SRB_STATUS_BUS_RESET; the miniport may report it later, in
 * vain, and until it does it is refused when it is submitted again.
 * TimeOutValue 0 is no time-out.
 *
 * Source: Microsoft's public documentation, "Multi-tier Reset in Storport",
 * SCSI_REQUEST_BLOCK (TimeOutValue).
 */
#include <errno.h>

#include "hba_sim/port/port_internal.h"

/* In a request's `remaining`, beside the seconds: */
#define TIME_SEEN 0x80000000u /* a tick has seen it: from here on they count */
#define TIME_LEFT 0x40000000u /* a bus reset left it */
#define TIME_UP TIME_SEEN

#define STEPS_BY_REQUEST 2 /* and then the bus */

static uint32_t state_of(const struct port_request *request)
{
	/* relaxed: a glance; who takes the request decides by exchanging it */
	return atomic_load_explicit(&request->in_flight, memory_order_relaxed);
}

static uint32_t remaining_of(const struct port_request *request)
{
	/* relaxed: when it is submitted anew it has another value, or one that no tick has seen either */
	return atomic_load_explicit(&request->remaining, memory_order_relaxed);
}

/* A tick passes for a request that the miniport has; what remains. */
static uint32_t pass_tick(struct port_request *request)
{
	uint32_t remaining = remaining_of(request);
	uint32_t next = remaining & TIME_SEEN ? remaining - 1 : remaining | TIME_SEEN;

	if (!remaining || !(remaining & ~(TIME_SEEN | TIME_LEFT)))
		return remaining;
	/* relaxed: see remaining_of */
	if (!atomic_compare_exchange_strong_explicit(&request->remaining, &remaining, next, memory_order_relaxed,
						     memory_order_relaxed))
		return remaining;
	return next;
}

void port_note_left(struct adapter *adapter)
{
	for (struct port_request *request = port_first_request(adapter); request; request = request->all_next) {
		if (state_of(request) != PORT_REQUEST_GIVEN)
			continue;
		/* relaxed, both: a counter; nothing is given meanwhile, and of what is completed it no longer matters */
		atomic_fetch_add_explicit(&adapter->left_by_resets, 1, memory_order_relaxed);
		atomic_store_explicit(&request->remaining, TIME_LEFT | adapter->recovery.grace, memory_order_relaxed);
	}
}

/* False when the step cannot be taken: the miniport still has its request from last time. */
static bool send_reset(struct adapter *adapter, struct sim_cpu *cpu, unsigned step)
{
	static const UCHAR function[STEPS_BY_REQUEST] = { SRB_FUNCTION_RESET_LOGICAL_UNIT, SRB_FUNCTION_RESET_DEVICE };
	UCHAR path, target, lun;

	SrbGetPathTargetLun(&adapter->recovery.expired->srb, &path, &target, &lun);
	if (!port_own_send(adapter, cpu, adapter->recovery.reset[step], function[step], path, target, lun))
		return false;
	/* relaxed: a counter */
	atomic_fetch_add_explicit(step ? &adapter->target_resets : &adapter->unit_resets, 1, memory_order_relaxed);
	return true;
}

/* The next step from `step` on that can be taken; the last one always can. */
static void take_step(struct adapter *adapter, struct sim_cpu *cpu, unsigned step)
{
	struct port_recovery *recovery = &adapter->recovery;

	for (recovery->step = step; recovery->step < STEPS_BY_REQUEST; recovery->step++)
		if (send_reset(adapter, cpu, recovery->step))
			return;
	port_reset_bus_controlled(adapter, cpu);
	/* What that left is marked, and sees to itself. */
	recovery->expired = NULL;
}

static bool is_cured(const struct port_request *request)
{
	return state_of(request) != PORT_REQUEST_GIVEN || remaining_of(request) != TIME_UP;
}

/* The next tick finds out by the request that it was about; one that fails cures nothing, and is not waited for. */
static void reset_done(struct port_request *reset, struct sim_cpu *cpu)
{
	struct adapter *adapter = reset->adapter;
	struct port_recovery *recovery = &adapter->recovery;

	if (SRB_STATUS(reset->srb.SrbStatus) == SRB_STATUS_SUCCESS || !port_control_try(adapter))
		return;
	if (recovery->expired && !is_cured(recovery->expired) && recovery->step < STEPS_BY_REQUEST &&
	    recovery->reset[recovery->step] == reset)
		take_step(adapter, cpu, recovery->step + 1);
	port_control_release(adapter);
}

/* The time of a request is up; the first one since the last cure. */
static void note_expired(struct adapter *adapter, struct port_request *request, struct port_request **first)
{
	/* relaxed: a counter */
	atomic_fetch_add_explicit(&adapter->timeouts, 1, memory_order_relaxed);
	if (!*first)
		*first = request;
}

/* Ages what the miniport has from this CPU; the first whose time is up. */
static struct port_request *pass_all(struct adapter *adapter, struct sim_cpu *cpu)
{
	struct port_request *first = NULL;

	for (struct port_request *request = port_first_request(adapter); request; request = request->all_next) {
		uint32_t before = remaining_of(request);
		uint32_t remaining;

		/* relaxed: only this CPU makes it this CPU's */
		if (atomic_load_explicit(&request->home, memory_order_relaxed) != cpu->index ||
		    state_of(request) != PORT_REQUEST_GIVEN)
			continue;
		remaining = pass_tick(request);
		if (remaining == (TIME_UP | TIME_LEFT))
			port_take_back(adapter, cpu, request, SRB_STATUS_BUS_RESET);
		else if (remaining == TIME_UP && before != TIME_UP)
			note_expired(adapter, request, &first);
		else if (remaining == TIME_UP && !first)
			first = request;
	}
	return first;
}

/* Whose request it was that is being cured sees to the next step. */
static void cure(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *first)
{
	struct port_recovery *recovery = &adapter->recovery;

	if (recovery->expired && is_cured(recovery->expired))
		recovery->expired = NULL;
	if (recovery->expired) {
		/* relaxed: see pass_all */
		if (atomic_load_explicit(&recovery->expired->home, memory_order_relaxed) == cpu->index)
			take_step(adapter, cpu, recovery->step + 1);
	} else if (first && !is_cured(first)) {
		recovery->expired = first;
		take_step(adapter, cpu, 0);
	}
}

void port_watch_timer_fired(void *context)
{
	struct adapter_cpu *acpu = context;
	struct adapter *adapter = acpu->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_request *first;

	sim_timer_arm(cpu, &acpu->watch_timer, stamp_now() + adapter->recovery.second_ticks);
	/* relaxed: a glance; what is given in spite of it is refused */
	if (atomic_load_explicit(&adapter->closed, memory_order_relaxed) & (PORT_CLOSED_RESET | PORT_CLOSED_GONE))
		return;
	first = pass_all(adapter, cpu);
	/* Who has control does something that may cure it; the next tick comes soon. */
	if (!port_control_try(adapter))
		return;
	cure(adapter, cpu, first);
	port_control_release(adapter);
}

int adapter_watch_timeouts(struct adapter *adapter, uint64_t second_ticks, uint32_t grace)
{
	struct port_recovery *recovery = &adapter->recovery;

	for (unsigned i = 0; i < STEPS_BY_REQUEST; i++) {
		if (!recovery->reset[i])
			recovery->reset[i] = port_own_alloc(adapter, reset_done);
		if (!recovery->reset[i])
			return -ENOMEM;
	}
	recovery->grace = grace;
	recovery->second_ticks = second_ticks;
	return 0;
}

void adapter_watch_cpu(struct adapter *adapter, struct sim_cpu *cpu)
{
	if (adapter->recovery.second_ticks)
		sim_timer_arm(cpu, &adapter_cpu_of(adapter, cpu)->watch_timer, stamp_now() + adapter->recovery.second_ticks);
}
