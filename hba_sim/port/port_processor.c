/* SPDX-License-Identifier: MIT */
/*
 * Processors, as miniports ask for them, and events that they log.
 *
 * Policies: all CPUs are of group 0; an event is counted as an error is, and its text goes nowhere.
 *
 * Source: Microsoft's public DDI reference, storport.h and wdm.h.
 */
#include "hba_sim/port/port_internal.h"

ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
	unsigned index = sim_cpu_self()->index;

	if (ProcNumber)
		*ProcNumber = (PROCESSOR_NUMBER){ .Number = (UCHAR)index };
	return index;
}

ULONG KeGetCurrentProcessorNumber(VOID)
{
	return KeGetCurrentProcessorNumberEx(NULL);
}

ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
	return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? sim_cpu_self()->machine->cpus : 0;
}

ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
	return KeQueryActiveProcessorCountEx(GroupNumber);
}

ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
	unsigned cpus = sim_cpu_self()->machine->cpus;

	if (ActiveProcessors)
		*ActiveProcessors = ~(KAFFINITY)0 >> (8 * sizeof(KAFFINITY) - cpus);
	return cpus;
}

ULONG StorPortGetCurrentProcessorNumber(PVOID HwDeviceExtension, PPROCESSOR_NUMBER ProcNumber)
{
	if (!HwDeviceExtension || !ProcNumber)
		return STOR_STATUS_INVALID_PARAMETER;
	KeGetCurrentProcessorNumberEx(ProcNumber);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortLogSystemEvent(PVOID HwDeviceExtension, PSTOR_LOG_EVENT_DETAILS LogDetails, PULONG MaximumSize)
{
	if (!HwDeviceExtension || !LogDetails || LogDetails->Size < sizeof(*LogDetails))
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	StorPortLogError(HwDeviceExtension, NULL, (UCHAR)LogDetails->PathId, (UCHAR)LogDetails->TargetId, (UCHAR)LogDetails->LunId,
			 LogDetails->ErrorCode, LogDetails->UniqueId);
	return STOR_STATUS_SUCCESS;
}
