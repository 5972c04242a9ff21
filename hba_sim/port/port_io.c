/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: BuildIo, StartIo, completion; holding back and flow control.
 *
 * Policies where the documentation is silent: a StartIo that answers FALSE, and
 * an SRB completed with SRB_STATUS_BUSY, are taken as "not now" and submitted
 * again from the completion DPC.  Requests that are held back keep their order.
 */
#include "hba_sim/port/port_internal.h"

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
	bool held = false;

	port_lock_acquire(&adapter->hold_lock, cpu);
	if (adapter->paused || adapter->busy_until || adapter->held) {
		list_append(&adapter->held, &adapter->held_tail, request);
		held = true;
	}
	port_lock_release(&adapter->hold_lock);
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
	struct port_request *request = NULL;

	port_lock_acquire(&adapter->hold_lock, cpu);
	if (!adapter->paused && !adapter->busy_until) {
		request = adapter->held;
		if (request)
			adapter->held = request->next;
		else
			/* relaxed: a hint */
			atomic_store_explicit(&adapter->held_back, 0, memory_order_relaxed);
	}
	port_lock_release(&adapter->hold_lock);
	return request;
}

void port_release_held(struct adapter *adapter, struct sim_cpu *cpu)
{
	struct port_request *request;

	while (atomic_load_explicit(&adapter->held_back, memory_order_relaxed) &&
	       (request = next_held(adapter, cpu)) != NULL)
		give_to_miniport(adapter, request, cpu);
}

/* A completion has been handed back: StorPortBusy waits for a number of them. */
static void count_down_busy(struct adapter *adapter, struct sim_cpu *cpu)
{
	port_lock_acquire(&adapter->hold_lock, cpu);
	if (adapter->busy_until)
		adapter->busy_until--;
	port_lock_release(&adapter->hold_lock);
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
	sim_raise(cpu, irql);
	sim_dpc_queue(cpu, &acpu->completion_dpc, NULL, NULL);
}

static struct port_request *take_done(struct adapter_cpu *acpu, struct sim_cpu *cpu)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	struct port_request *request = acpu->done;

	if (request)
		acpu->done = request->next;
	atomic_signal_fence(memory_order_seq_cst);
	/* not sim_lower: the DPC that calls this is run from a look, which goes round again */
	atomic_store_explicit(&cpu->irql, irql, memory_order_relaxed);
	return request;
}

static void retry(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu)
{
	atomic_fetch_add_explicit(&adapter->busy_refusals, 1, memory_order_relaxed);
	atomic_store_explicit(&request->in_flight, 1, memory_order_relaxed);
	port_lock_acquire(&adapter->hold_lock, cpu);
	list_append(&adapter->held, &adapter->held_tail, request);
	port_lock_release(&adapter->hold_lock);
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
}

void port_completion_dpc(void *context, void *argument1, void *argument2)
{
	struct adapter_cpu *acpu = context;
	struct adapter *adapter = acpu->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_request *request;
	bool retried = false;

	while ((request = take_done(acpu, cpu)) != NULL) {
		if (request->srb.SrbStatus == SRB_STATUS_BUSY) {
			retry(adapter, request, cpu);
			retried = true;
			continue;
		}
		request->complete(request, cpu);
		if (atomic_load_explicit(&adapter->held_back, memory_order_relaxed))
			count_down_busy(adapter, cpu);
	}
	/* What was refused just now waits for the next completion, or for the harness's next look. */
	if (!retried)
		port_release_held(adapter, cpu);
}

/* StorPortBusy and kin: policy for the per-device forms: one LUN is all there is, so they act on the adapter. */
static BOOLEAN set_flow(PVOID extension, bool pause, ULONG busy)
{
	struct adapter *adapter = adapter_of(extension);
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	port_lock_acquire(&adapter->hold_lock, cpu);
	adapter->paused = pause;
	adapter->busy_until = busy;
	/* relaxed: a hint */
	atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	port_lock_release(&adapter->hold_lock);
	sim_raise(cpu, irql);
	if (!pause && !busy)
		sim_dpc_queue(cpu, &adapter_cpu_of(adapter, cpu)->completion_dpc, NULL, NULL);
	return TRUE;
}

BOOLEAN StorPortBusy(PVOID HwDeviceExtension, ULONG RequestsToComplete)
{
	return set_flow(HwDeviceExtension, false, RequestsToComplete);
}

BOOLEAN StorPortReady(PVOID HwDeviceExtension)
{
	return set_flow(HwDeviceExtension, false, 0);
}

BOOLEAN StorPortPause(PVOID HwDeviceExtension, ULONG TimeOut)
{
	return set_flow(HwDeviceExtension, true, 0);
}

BOOLEAN StorPortResume(PVOID HwDeviceExtension)
{
	return set_flow(HwDeviceExtension, false, 0);
}

BOOLEAN StorPortDeviceBusy(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG RequestsToComplete)
{
	return set_flow(HwDeviceExtension, false, RequestsToComplete);
}

BOOLEAN StorPortDeviceReady(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun)
{
	return set_flow(HwDeviceExtension, false, 0);
}

BOOLEAN StorPortPauseDevice(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG TimeOut)
{
	return set_flow(HwDeviceExtension, true, 0);
}

BOOLEAN StorPortResumeDevice(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun)
{
	return set_flow(HwDeviceExtension, false, 0);
}

BOOLEAN StorPortSetDeviceQueueDepth(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG Depth)
{
	return Depth > 0 && PathId == 0 && TargetId == 0;
}
