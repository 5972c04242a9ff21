/* SPDX-License-Identifier: MIT */
/*
 * What PORT_CONFIGURATION_INFORMATION says before the miniport's HwStorFindAdapter has seen it.
 *
 * Policies: a miniport that says it can take extended request blocks gets them, unless it asks for the classic ones
 * in SrbType; the adapter is half duplex until it says otherwise.
 * Requests are not split, nor queued for want of room at the adapter, as either would be measured as its response
 * time: who submits keeps to what the miniport has set.  MaxNumberOfIO and MaxIOsPerLun that it left alone limit nothing.
 *
 * Source: Microsoft's public DDI reference, PORT_CONFIGURATION_INFORMATION.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hba_sim/port/port_internal.h"

#define DEFAULT_PHYSICAL_BREAKS 0x11
#define DEFAULT_IOS 1000
#define DEFAULT_IOS_PER_LUN 255
#define DEFAULT_QUEUE_DEPTH 20

/* What a StorPort miniport has to support, and what it must not change. */
static void set_duties(PORT_CONFIGURATION_INFORMATION *config)
{
	config->ScatterGather = TRUE;
	config->Master = TRUE;
	config->Dma32BitAddresses = TRUE;
	config->NeedPhysicalAddresses = TRUE;
	config->TaggedQueuing = TRUE;
	config->AutoRequestSense = TRUE;
	config->MultipleRequestPerLu = TRUE;
	config->WmiDataProvider = TRUE;
	config->Dma64BitAddresses = SCSI_DMA64_SYSTEM_SUPPORTED;
	config->DmaChannel = SP_UNINITIALIZED_VALUE;
	config->DmaPort = SP_UNINITIALIZED_VALUE;
}

static void set_limits(PORT_CONFIGURATION_INFORMATION *config)
{
	config->MaximumTransferLength = SP_UNINITIALIZED_VALUE;
	config->NumberOfPhysicalBreaks = DEFAULT_PHYSICAL_BREAKS;
	config->MaximumNumberOfTargets = SCSI_MAXIMUM_TARGETS_PER_BUS;
	config->MaximumNumberOfLogicalUnits = SCSI_MAXIMUM_LOGICAL_UNITS;
	config->MaxNumberOfIO = DEFAULT_IOS;
	config->MaxIOsPerLun = DEFAULT_IOS_PER_LUN;
	config->InitialLunQueueDepth = DEFAULT_QUEUE_DEPTH;
}

void port_config_defaults(PORT_CONFIGURATION_INFORMATION *config, const HW_INITIALIZATION_DATA *hw)
{
	memset(config, 0, sizeof(*config));
	config->Length = sizeof(*config);
	config->AdapterInterfaceType = hw->AdapterInterfaceType;
	set_duties(config);
	set_limits(config);
	memset(config->InitiatorBusId, (UCHAR)SP_UNINITIALIZED_VALUE, sizeof(config->InitiatorBusId));
	config->MapBuffers = hw->MapBuffers;
	config->DeviceExtensionSize = hw->DeviceExtensionSize;
	config->SpecificLuExtensionSize = hw->SpecificLuExtensionSize;
	config->SrbExtensionSize = hw->SrbExtensionSize;
	config->SynchronizationModel = StorSynchronizeHalfDuplex;
	if (hw->SrbTypeFlags & SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK)
		config->SrbType = SRB_TYPE_STORAGE_REQUEST_BLOCK;
	config->AddressType = STORAGE_ADDRESS_TYPE_BTL8;
}

static int refuse(char *error, size_t error_bytes, uint64_t asked, const char *of, uint64_t limit, const char *field)
{
	snprintf(error, error_bytes, "%" PRIu64 " %s are more than the miniport takes: its %s is %" PRIu64, asked, of, field, limit);
	return -EINVAL;
}

int adapter_takes(const struct adapter *adapter, uint32_t bytes, uint64_t requests, unsigned units, char *error, size_t error_bytes)
{
	const PORT_CONFIGURATION_INFORMATION *config = &adapter->port_config;

	if (bytes > config->MaximumTransferLength)
		return refuse(error, error_bytes, bytes, "bytes in a request", config->MaximumTransferLength, "MaximumTransferLength");
	if (config->MaxIOsPerLun != DEFAULT_IOS_PER_LUN && requests > config->MaxIOsPerLun)
		return refuse(error, error_bytes, requests, "requests at a unit", config->MaxIOsPerLun, "MaxIOsPerLun");
	if (config->MaxNumberOfIO != DEFAULT_IOS && requests > config->MaxNumberOfIO)
		return refuse(error, error_bytes, requests, "requests at a time", config->MaxNumberOfIO, "MaxNumberOfIO");
	if (units > config->MaximumNumberOfLogicalUnits)
		return refuse(error, error_bytes, units, "logical units", config->MaximumNumberOfLogicalUnits,
			      "MaximumNumberOfLogicalUnits");
	if (config->AlignmentMask & ~(ULONG)(PORT_DATA_ALIGN - 1)) {
		snprintf(error, error_bytes, "data are aligned to %u bytes, and the miniport's AlignmentMask is 0x%x", PORT_DATA_ALIGN,
			 config->AlignmentMask);
		return -EINVAL;
	}
	return 0;
}
