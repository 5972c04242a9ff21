/* SPDX-License-Identifier: MIT */
/*
 * Logical units as a miniport knows them: a zeroed extension for each.
 *
 * Policy: those of bus 0, target 0 exist, as many as the miniport left in MaximumNumberOfLogicalUnits.
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
