/* SPDX-License-Identifier: MIT */
/*
 * Adapter control: stopping and restarting an adapter for a change of power, and its surprise removal.
 *
 * A miniport is told only what it says that it supports.  Without ScsiRestartAdapter it is
 * found and initialized again, on the device extension that it has.
 *
 * Before a stop a miniport that caches data (PORT_CONFIGURATION_INFORMATION.CachesData) is sent SRB_FUNCTION_FLUSH; at the
 * end, after the last I/O, SRB_FUNCTION_SHUTDOWN as well.  Others are sent neither.
 *
 * Policies: a miniport that was told of a surprise removal is not told to stop
 * as well; an adapter that has been removed does not come back; at the end nobody waits for a flush for longer than 100 ms.
 * HW_ADAPTER_CONTROL says that the interrupt lock is held for a stop and a restart, StorPortAcquireSpinLock that it may be
 * acquired there: it is held, and may.
 *
 * Source: Microsoft's public DDI reference, HW_ADAPTER_CONTROL, SCSI_ADAPTER_CONTROL_TYPE and SCSI_REQUEST_BLOCK.
 */
#include <errno.h>

#include "hba_sim/port/port_internal.h"

/* For an answer at the end. */
#define FLUSH_MAX_US 100000

bool port_control_try(struct adapter *adapter)
{
	/* ORD port_control:A acquire, pairs with port_control:B: who has control sees what was done by who had it before. */
	return !atomic_exchange_explicit(&adapter->control_lock, 1, memory_order_acquire);
}

void port_control_acquire(struct adapter *adapter, struct sim_cpu *cpu)
{
	port_lock_acquire(&adapter->control_lock, cpu);
}

void port_control_release(struct adapter *adapter)
{
	/* ORD port_control:B release, pairs with port_control:A: see there; and as port_lock:B. */
	atomic_store_explicit(&adapter->control_lock, 0, memory_order_release);
}

static bool supports(const struct adapter *adapter, SCSI_ADAPTER_CONTROL_TYPE type)
{
	return adapter->controls & (1u << type);
}

/* What is supported of it is not asked for: units are neither started, nor powered, nor removed. */
static void query_unit_controls(struct adapter *adapter)
{
	struct {
		SCSI_SUPPORTED_CONTROL_TYPE_LIST list;
		BOOLEAN type[ScsiUnitControlMax];
	} query = { .list.MaxControlType = ScsiUnitControlMax };

	if (adapter->hw.HwUnitControl)
		adapter->hw.HwUnitControl(adapter->extension, ScsiQuerySupportedUnitControlTypes, &query);
}

void port_query_controls(struct adapter *adapter)
{
	struct {
		SCSI_SUPPORTED_CONTROL_TYPE_LIST list;
		BOOLEAN type[ScsiAdapterControlMax];
	} query = { .list.MaxControlType = ScsiAdapterControlMax };

	query_unit_controls(adapter);
	adapter->controls = 0;
	if (!adapter->hw.HwAdapterControl ||
	    adapter->hw.HwAdapterControl(adapter->extension, ScsiQuerySupportedControlTypes, &query) != ScsiAdapterControlSuccess)
		return;
	for (unsigned i = 0; i < ScsiAdapterControlMax; i++)
		if (query.type[i])
			adapter->controls |= 1u << i;
}

/* At IRQL_PASSIVE, no lock. */
static bool control(struct adapter *adapter, SCSI_ADAPTER_CONTROL_TYPE type)
{
	return adapter->hw.HwAdapterControl(adapter->extension, type, NULL) == ScsiAdapterControlSuccess;
}

static BOOLEAN control_under_lock(PVOID extension, PVOID context)
{
	struct adapter *adapter = adapter_of(extension);
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, sim_cpu_self());
	BOOLEAN answer;

	acpu->holds_interrupt_lock = acpu->nests_interrupt_lock = true;
	answer = control(adapter, *(SCSI_ADAPTER_CONTROL_TYPE *)context);
	acpu->holds_interrupt_lock = acpu->nests_interrupt_lock = false;
	return answer;
}

/* At the level of a section, holding the interrupt lock. */
static bool control_locked(struct adapter *adapter, struct sim_cpu *cpu, SCSI_ADAPTER_CONTROL_TYPE type)
{
	return port_run_under_interrupt_lock(adapter, cpu, control_under_lock, &type);
}

static bool is_closed(const struct adapter *adapter, uint32_t why)
{
	/* relaxed: who stops, restarts and removes an adapter is one at a time */
	return atomic_load_explicit(&adapter->closed, memory_order_relaxed) & why;
}

static void flush_done(struct port_request *request, struct sim_cpu *cpu)
{
	/* What is flushed, and whether it could be, is the miniport's to know. */
}

/* Sends what a miniport that caches data is told before it stops.  0, -EAGAIN when it has it still; or -ENOMEM. */
static int send_before_stop(struct adapter *adapter, struct sim_cpu *cpu, UCHAR function)
{
	uint8_t irql;

	if (!adapter->flush)
		adapter->flush = port_own_alloc(adapter, flush_done);
	if (!adapter->flush)
		return -ENOMEM;
	irql = sim_raise(cpu, IRQL_DISPATCH);
	port_own_send(adapter, cpu, adapter->flush, function, 0, 0, 0);
	sim_lower(cpu, irql);
	return port_outstanding(adapter) ? -EAGAIN : 0;
}

static int flush(struct adapter *adapter, struct sim_cpu *cpu)
{
	int err;

	if (!adapter->port_config.CachesData || adapter->flushed)
		return 0;
	err = send_before_stop(adapter, cpu, SRB_FUNCTION_FLUSH);
	adapter->flushed = err != -ENOMEM;
	return err;
}

static void wait_until_flushed(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint64_t until = stamp_now() + port_ticks_of_us(adapter, FLUSH_MAX_US);

	while (port_outstanding(adapter) && stamp_now() < until)
		sim_cpu_look(cpu);
}

static void stop_miniport(struct adapter *adapter, struct sim_cpu *cpu)
{
	bool told = is_closed(adapter, PORT_CLOSED_GONE) && supports(adapter, ScsiAdapterSurpriseRemoval);

	if (!adapter->stopped && !told && supports(adapter, ScsiStopAdapter))
		control_locked(adapter, cpu, ScsiStopAdapter);
	adapter->stopped = true;
}

static void close_at_dispatch(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why)
{
	uint8_t irql = sim_raise(cpu, IRQL_DISPATCH);

	port_close(adapter, cpu, why);
	sim_lower(cpu, irql);
}

void port_shut_down(struct adapter *adapter, struct sim_cpu *cpu)
{
	bool runs = !adapter->stopped && !is_closed(adapter, PORT_CLOSED_GONE);

	if (adapter->port_config.CachesData && runs && !port_outstanding(adapter)) {
		flush(adapter, cpu);
		wait_until_flushed(adapter, cpu);
		send_before_stop(adapter, cpu, SRB_FUNCTION_SHUTDOWN);
		wait_until_flushed(adapter, cpu);
	}
	stop_miniport(adapter, cpu);
}

static int suspend(struct adapter *adapter, struct sim_cpu *cpu)
{
	int err;

	if (is_closed(adapter, PORT_CLOSED_GONE))
		return -ENODEV;
	if (adapter->stopped)
		return -EALREADY;
	if (!is_closed(adapter, PORT_CLOSED_STOP))
		close_at_dispatch(adapter, cpu, PORT_CLOSED_STOP);
	if (port_outstanding(adapter))
		return -EAGAIN;
	err = flush(adapter, cpu);
	if (err)
		return err;
	stop_miniport(adapter, cpu);
	if (supports(adapter, ScsiSetBootConfig))
		control(adapter, ScsiSetBootConfig);
	return 0;
}

int adapter_suspend(struct adapter *adapter, struct sim_cpu *cpu)
{
	int err;

	port_control_acquire(adapter, cpu);
	err = suspend(adapter, cpu);
	port_control_release(adapter);
	return err;
}

static int restart(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	uint8_t irql;
	int err;

	if (!supports(adapter, ScsiRestartAdapter)) {
		/* Here alone HwStorFindAdapter is called at this level. */
		irql = sim_raise(cpu, IRQL_DISPATCH);
		err = port_find(adapter, error, error_bytes);
		sim_lower(cpu, irql);
		return err ? err : port_initialize(adapter, cpu, error, error_bytes);
	}
	if (supports(adapter, ScsiSetRunningConfig))
		control(adapter, ScsiSetRunningConfig);
	if (control_locked(adapter, cpu, ScsiRestartAdapter))
		return 0;
	snprintf(error, error_bytes, "the miniport's HwStorAdapterControl failed to restart the adapter");
	return -EINVAL;
}

static int resume(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	uint8_t irql;
	int err;

	if (is_closed(adapter, PORT_CLOSED_GONE))
		return -ENODEV;
	if (!is_closed(adapter, PORT_CLOSED_STOP))
		return -EALREADY;
	if (adapter->stopped) {
		err = restart(adapter, cpu, error, error_bytes);
		if (err)
			return err;
		adapter->stopped = false;
	}
	adapter->flushed = false;
	irql = sim_raise(cpu, IRQL_DISPATCH);
	port_open(adapter, cpu, PORT_CLOSED_STOP);
	sim_lower(cpu, irql);
	return 0;
}

int adapter_resume(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	int err;

	port_control_acquire(adapter, cpu);
	err = resume(adapter, cpu, error, error_bytes);
	port_control_release(adapter);
	return err;
}

static void take_all_back(struct adapter *adapter, struct sim_cpu *cpu, uint8_t status)
{
	for (struct port_request *request = port_first_request(adapter); request; request = request->all_next)
		port_take_back(adapter, cpu, request, status);
}

static void surprise_remove(struct adapter *adapter, struct sim_cpu *cpu)
{
	uint8_t irql;

	if (is_closed(adapter, PORT_CLOSED_GONE))
		return;
	close_at_dispatch(adapter, cpu, PORT_CLOSED_GONE);
	if (supports(adapter, ScsiAdapterSurpriseRemoval))
		control(adapter, ScsiAdapterSurpriseRemoval);
	irql = sim_raise(cpu, IRQL_DISPATCH);
	take_all_back(adapter, cpu, SRB_STATUS_NO_DEVICE);
	port_refuse_held(adapter, cpu);
	sim_lower(cpu, irql);
}

void adapter_surprise_remove(struct adapter *adapter, struct sim_cpu *cpu)
{
	port_control_acquire(adapter, cpu);
	surprise_remove(adapter, cpu);
	port_control_release(adapter);
}
