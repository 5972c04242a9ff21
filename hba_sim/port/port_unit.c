/* SPDX-License-Identifier: MIT */
/*
 * Logical units as a miniport knows them: a zeroed extension for each, and what it says of their flow.
 *
 * Policy: those of bus 0, target 0 exist, as many as the miniport left in MaximumNumberOfLogicalUnits.  Until
 * StorPortSetDeviceQueueDepth the queue of a unit is as deep as the harness has requests, and so is one that is set deeper.
 */
#include <errno.h>

#include "hba_sim/port/port_internal.h"

static size_t extension_bytes(const struct adapter *adapter)
{
	size_t bytes = adapter->port_config.SpecificLuExtensionSize;

	return (bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES * SYNC_LINE_BYTES;
}

int port_units_init(struct adapter *adapter)
{
	size_t bytes = extension_bytes(adapter) * adapter->port_config.MaximumNumberOfLogicalUnits;

	if (!bytes)
		return 0;
	adapter->unit_extensions = sim_phys_alloc(&adapter->machine->phys, bytes, SYNC_LINE_BYTES);
	return adapter->unit_extensions ? 0 : -ENOMEM;
}

bool port_unit_exists(const struct adapter *adapter, UCHAR path, UCHAR target, UCHAR lun)
{
	return !path && !target && lun < adapter->port_config.MaximumNumberOfLogicalUnits;
}

PVOID StorPortGetLogicalUnit(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	if (!adapter->unit_extensions || !port_unit_exists(adapter, PathId, TargetId, Lun))
		return NULL;
	return adapter->unit_extensions + Lun * extension_bytes(adapter);
}

struct port_unit *port_unit_of(struct adapter *adapter, struct port_request *request)
{
	UCHAR path, target, lun;

	SrbGetPathTargetLun(&request->srb, &path, &target, &lun);
	return &adapter->unit[lun];
}

static bool is_with_miniport(const struct port_request *request)
{
	/* relaxed: a glance; it is BUILT from when it may go, under the lock */
	uint32_t state = atomic_load_explicit(&request->in_flight, memory_order_relaxed);

	return state == PORT_REQUEST_BUILT || state == PORT_REQUEST_GIVEN;
}

uint32_t port_unit_outstanding(struct adapter *adapter, const struct port_unit *unit)
{
	uint32_t outstanding = 0;

	for (struct port_request *request = port_first_request(adapter); request; request = request->all_next)
		outstanding += is_with_miniport(request) && port_unit_of(adapter, request) == unit;
	return outstanding;
}

static bool is_limit(const struct adapter *adapter, uint32_t depth)
{
	const struct port_request *last = port_first_request(adapter);

	return depth && last && depth <= last->number;
}

bool port_units_are_limited(const struct adapter *adapter)
{
	return is_limit(adapter, adapter->least_depth);
}

bool port_unit_holds(struct adapter *adapter, struct port_request *request)
{
	const struct port_unit *unit;

	if (!adapter->units_waiting && !port_units_are_limited(adapter))
		return false;
	unit = port_unit_of(adapter, request);
	return unit->paused || unit->busy_until ||
	       (is_limit(adapter, unit->depth) && port_unit_outstanding(adapter, unit) >= unit->depth);
}

void port_units_note(struct adapter *adapter)
{
	adapter->units_waiting = 0;
	adapter->least_depth = 0;
	for (unsigned lun = 0; lun < PORT_UNITS_MAX; lun++) {
		const struct port_unit *unit = &adapter->unit[lun];

		adapter->units_waiting += unit->paused || unit->busy_until;
		if (unit->depth && (!adapter->least_depth || unit->depth < adapter->least_depth))
			adapter->least_depth = unit->depth;
	}
}

void port_units_tick(struct adapter *adapter, uint64_t now)
{
	if (!adapter->units_waiting)
		return;
	for (unsigned lun = 0; lun < PORT_UNITS_MAX; lun++) {
		struct port_unit *unit = &adapter->unit[lun];

		if (unit->paused && now >= unit->paused_until)
			unit->paused = false;
		if (unit->busy_until && !port_unit_outstanding(adapter, unit))
			unit->busy_until = 0;
	}
	port_units_note(adapter);
}
