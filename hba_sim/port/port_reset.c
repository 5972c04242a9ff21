/* SPDX-License-Identifier: MIT */
/*
 * Reset of the bus, and StorPortCompleteRequest.
 *
 * As documented, no HwStorStartIo runs beside HwStorResetBus: StartIo's lock and
 * every channel's token are held, and the queues are paused, afterwards for BusResetHoldTime as well.
 * The miniport completes what it has.  Policy: what it leaves stays with it, as
 * published drivers reset asynchronously; where time-outs are watched it has some
 * more seconds (see port_timeout.c).
 *
 * Source: Microsoft's public DDI reference, HW_RESET_BUS, StorPortCompleteRequest
 * and PORT_CONFIGURATION_INFORMATION.
 */
#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

static BOOLEAN reset_under_lock(PVOID extension, PVOID context)
{
	struct adapter *adapter = adapter_of(extension);
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, sim_cpu_self());
	BOOLEAN answer;

	acpu->holds_interrupt_lock = true;
	answer = adapter->hw.HwResetBus(extension, 0);
	acpu->holds_interrupt_lock = false;
	return answer;
}

void port_reset_bus(struct adapter *adapter, struct sim_cpu *cpu)
{
	port_control_acquire(adapter, cpu);
	port_reset_bus_controlled(adapter, cpu);
	port_control_release(adapter);
}

void port_reset_bus_controlled(struct adapter *adapter, struct sim_cpu *cpu)
{
	/* relaxed: changed by who has control */
	bool gone = atomic_load_explicit(&adapter->closed, memory_order_relaxed) & PORT_CLOSED_GONE;
	uint8_t irql;
	BOOLEAN reset;

	if (adapter->stopped || gone)
		return;
	irql = sim_raise(cpu, IRQL_DISPATCH);
	/* relaxed, here and below: counters */
	atomic_fetch_add_explicit(&adapter->bus_resets, 1, memory_order_relaxed);
	port_close(adapter, cpu, PORT_CLOSED_RESET);
	port_starts_acquire(adapter, cpu);
	if (adapter->config.half_duplex)
		reset = port_run_under_interrupt_lock(adapter, cpu, reset_under_lock, NULL);
	else
		reset = adapter->hw.HwResetBus(adapter->extension, 0);
	if (!reset)
		atomic_fetch_add_explicit(&adapter->resets_failed, 1, memory_order_relaxed);
	port_note_left(adapter);
	port_hold_after_reset(adapter);
	port_starts_release(adapter);
	port_open(adapter, cpu, PORT_CLOSED_RESET);
	sim_lower(cpu, irql);
}

static bool is_meant(UCHAR which, UCHAR is)
{
	return which == SP_UNTAGGED || which == is;
}

VOID StorPortCompleteRequest(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, UCHAR SrbStatus)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	for (struct port_request *request = port_first_request(adapter); request; request = request->all_next) {
		UCHAR path, target, lun;

		/* relaxed: it is the miniport's, and so is what its SRB says, until it is taken */
		if (atomic_load_explicit(&request->in_flight, memory_order_relaxed) != PORT_REQUEST_GIVEN)
			continue;
		SrbGetPathTargetLun(&request->srb, &path, &target, &lun);
		if (is_meant(PathId, path) && is_meant(TargetId, target) && is_meant(Lun, lun)) {
			if (VERIFIED(adapter))
				verifier_complete(adapter, &request->srb, VERIFIED_CALLER);
			port_complete_given(adapter, request, SrbStatus);
		}
	}
}
