/* SPDX-License-Identifier: MIT */
/*
 * Processors and clocks as miniports ask for them, what they log and print, and the end of the machine.
 *
 * Policies: there is one group and one node, 0, with all CPUs; an event is counted as an error is, and its text goes
 * nowhere; no debugger is attached, so that what a driver prints for one is dropped.
 *
 * Source: Microsoft's public DDI reference, storport.h and wdm.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

/* Dump data and strings of one event. */
#define EVENT_BYTES_MAX 150
/* Of a revision, what may differ between compatible ones. */
#define EVENT_REVISION_MINOR 0xffu

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

static KAFFINITY all_cpus(void)
{
	unsigned bits = 8 * sizeof(KAFFINITY);
	unsigned cpus = sim_cpu_self()->machine->cpus;

	return ~(KAFFINITY)0 >> (cpus < bits ? bits - cpus : 0);
}

ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
	if (ActiveProcessors)
		*ActiveProcessors = all_cpus();
	return KeQueryActiveProcessorCountEx(0);
}

ULONG StorPortGetCurrentProcessorNumber(PVOID HwDeviceExtension, PPROCESSOR_NUMBER ProcNumber)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_CURRENT_PROCESSOR_NUMBER);
	if (!HwDeviceExtension || !ProcNumber)
		return STOR_STATUS_INVALID_PARAMETER;
	KeGetCurrentProcessorNumberEx(ProcNumber);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetCurrentIrql(PVOID HwDeviceExtension, PKIRQL Irql)
{
	if (!HwDeviceExtension || !Irql)
		return STOR_STATUS_INVALID_PARAMETER;
	*Irql = KeGetCurrentIrql();
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetActiveGroupCount(PVOID HwDeviceExtension, PUSHORT NumberGroups)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_ACTIVE_GROUP_COUNT);
	if (!HwDeviceExtension || !NumberGroups)
		return STOR_STATUS_INVALID_PARAMETER;
	*NumberGroups = 1;
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetActiveNodeCount(PVOID HwDeviceExtension, PULONG NumberNodes)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_ACTIVE_NODE_COUNT);
	if (!HwDeviceExtension || !NumberNodes)
		return STOR_STATUS_INVALID_PARAMETER;
	*NumberNodes = 1;
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetHighestNodeNumber(PVOID HwDeviceExtension, PULONG HighestNode)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_HIGHEST_NODE_NUMBER);
	if (!HwDeviceExtension || !HighestNode)
		return STOR_STATUS_INVALID_PARAMETER;
	*HighestNode = 0;
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetGroupAffinity(PVOID HwDeviceExtension, USHORT GroupNumber, PKAFFINITY GroupAffinityMask)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_GROUP_AFFINITY);
	if (!HwDeviceExtension || !GroupAffinityMask)
		return STOR_STATUS_INVALID_PARAMETER;
	if (GroupNumber)
		return STOR_STATUS_UNSUCCESSFUL;
	*GroupAffinityMask = all_cpus();
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetNodeAffinity(PVOID HwDeviceExtension, ULONG NodeNumber, PGROUP_AFFINITY NodeAffinityMask)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_NODE_AFFINITY);
	if (!HwDeviceExtension || NodeNumber || !NodeAffinityMask)
		return STOR_STATUS_INVALID_PARAMETER;
	*NodeAffinityMask = (GROUP_AFFINITY){ .Mask = all_cpus() };
	return STOR_STATUS_SUCCESS;
}

VOID KeStallExecutionProcessor(ULONG MicroSeconds)
{
	StorPortStallExecution(MicroSeconds);
}

/* Policy: as for StorPortQueryPerformanceCounter, it counts nanoseconds. */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
	LARGE_INTEGER counter;

	if (PerformanceFrequency)
		PerformanceFrequency->QuadPart = 1000000000;
	counter.QuadPart = (LONGLONG)stamp_to_ns(&sim_cpu_self()->machine->scale, stamp_now());
	return counter;
}

VOID StorPortQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
	/* From 1601 to 1970, with 89 leap days. */
	const LONGLONG between_epochs_s = (369LL * 365 + 89) * 86400;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	CurrentTime->QuadPart = (now.tv_sec + between_epochs_s) * 10000000 + now.tv_nsec / 100;
}

static ULONG string_bytes(const STOR_LOG_EVENT_DETAILS *details)
{
	ULONG bytes = 0;

	for (ULONG i = 0; i < details->StringCount; i++) {
		for (const WCHAR *text = details->StringList[i]; *text; text++)
			bytes += sizeof(*text);
		bytes += sizeof(WCHAR);
	}
	return bytes;
}

ULONG StorPortLogSystemEvent(PVOID HwDeviceExtension, PSTOR_LOG_EVENT_DETAILS LogDetails, PULONG MaximumSize)
{
	if (!HwDeviceExtension || !LogDetails)
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	if ((LogDetails->InterfaceRevision & ~EVENT_REVISION_MINOR) > STOR_CURRENT_LOG_INTERFACE_REVISION) {
		LogDetails->InterfaceRevision = STOR_CURRENT_LOG_INTERFACE_REVISION;
		return STOR_STATUS_UNSUPPORTED_VERSION;
	}
	if (LogDetails->Size < sizeof(*LogDetails) || (UINT)LogDetails->EventAssociation >= StorEventInvalidAssociation ||
	    (LogDetails->StringCount && !LogDetails->StringList) || (LogDetails->DumpDataSize && !LogDetails->DumpData))
		return STOR_STATUS_INVALID_PARAMETER;
	if ((ULONGLONG)LogDetails->DumpDataSize + string_bytes(LogDetails) > EVENT_BYTES_MAX) {
		if (MaximumSize)
			*MaximumSize = EVENT_BYTES_MAX;
		return STOR_STATUS_INVALID_BUFFER_SIZE;
	}
	StorPortLogError(HwDeviceExtension, NULL, (UCHAR)LogDetails->PathId, (UCHAR)LogDetails->TargetId, (UCHAR)LogDetails->LunId,
			 LogDetails->ErrorCode, LogDetails->UniqueId);
	return STOR_STATUS_SUCCESS;
}

VOID StorPortDebugPrint(ULONG DebugPrintLevel, PCCHAR DebugMessage, ...)
{
}

VOID KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR Parameter1, ULONG_PTR Parameter2, ULONG_PTR Parameter3, ULONG_PTR Parameter4)
{
	fprintf(stderr, "the miniport stopped the machine: bug check 0x%x (0x%lx, 0x%lx, 0x%lx, 0x%lx)\n", BugCheckCode,
		(unsigned long)Parameter1, (unsigned long)Parameter2, (unsigned long)Parameter3, (unsigned long)Parameter4);
	abort();
}

VOID KeBugCheck(ULONG BugCheckCode)
{
	KeBugCheckEx(BugCheckCode, 0, 0, 0, 0);
}
