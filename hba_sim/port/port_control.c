/* SPDX-License-Identifier: MIT */
/*
 * Adapter control: stopping and restarting an adapter for a change of power, and its surprise removal.
 *
 * A miniport is told only what it says that it supports.  Without ScsiRestartAdapter it is
 * found and initialized again, on the device extension that it has.
 *
 * Policies: SRB_FUNCTION_FLUSH is not sent before a stop, as there is no cache of
 * the port's; a miniport that was told of a surprise removal is not told to stop
 * as well; an adapter that has been removed does not come back.
 *
 * Source: Microsoft's public DDI reference, HW_ADAPTER_CONTROL and SCSI_ADAPTER_CONTROL_TYPE.
 */
#include <errno.h>

#include "hba_sim/port/port_internal.h"

static bool supports(const struct adapter *adapter, SCSI_ADAPTER_CONTROL_TYPE type)
{
	return adapter->controls & (1u << type);
}

void port_query_controls(struct adapter *adapter)
{
	struct {
		SCSI_SUPPORTED_CONTROL_TYPE_LIST list;
		BOOLEAN type[ScsiAdapterControlMax];
	} query = { .list.MaxControlType = ScsiAdapterControlMax };

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
	return control(adapter_of(extension), *(SCSI_ADAPTER_CONTROL_TYPE *)context);
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

void port_stop_miniport(struct adapter *adapter, struct sim_cpu *cpu)
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

int adapter_suspend(struct adapter *adapter, struct sim_cpu *cpu)
{
	if (is_closed(adapter, PORT_CLOSED_GONE))
		return -ENODEV;
	if (adapter->stopped)
		return -EALREADY;
	if (!is_closed(adapter, PORT_CLOSED_STOP))
		close_at_dispatch(adapter, cpu, PORT_CLOSED_STOP);
	if (port_outstanding(adapter))
		return -EAGAIN;
	port_stop_miniport(adapter, cpu);
	if (supports(adapter, ScsiSetBootConfig))
		control(adapter, ScsiSetBootConfig);
	return 0;
}

static int restart(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	int err;

	if (!supports(adapter, ScsiRestartAdapter)) {
		err = port_find(adapter, error, error_bytes);
		return err ? err : port_initialize(adapter, cpu, error, error_bytes);
	}
	if (supports(adapter, ScsiSetRunningConfig))
		control(adapter, ScsiSetRunningConfig);
	if (control_locked(adapter, cpu, ScsiRestartAdapter))
		return 0;
	snprintf(error, error_bytes, "the miniport's HwStorAdapterControl failed to restart the adapter");
	return -EINVAL;
}

int adapter_resume(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
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
	irql = sim_raise(cpu, IRQL_DISPATCH);
	port_open(adapter, cpu, PORT_CLOSED_STOP);
	sim_lower(cpu, irql);
	return 0;
}

static void take_all_back(struct adapter *adapter, struct sim_cpu *cpu, uint8_t status)
{
	for (struct port_request *request = port_first_request(adapter); request; request = request->all_next)
		port_take_back(adapter, cpu, request, status);
}

void adapter_surprise_remove(struct adapter *adapter, struct sim_cpu *cpu)
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
