/* SPDX-License-Identifier: MIT */
/*
 * What PORT_CONFIGURATION_INFORMATION says before the miniport's HwStorFindAdapter has seen it.
 *
 * Policies: a miniport that says it can take extended request blocks gets them, unless it asks for the classic ones
 * in SrbType; the adapter is half duplex until it says otherwise.
 *
 * Source: Microsoft's public DDI reference, PORT_CONFIGURATION_INFORMATION.
 */
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
