/* SPDX-License-Identifier: MIT */
/*
 * What StorPort added for current drivers: memory by address; and what the
 * simulator does not have, which answers as a system without it does.
 *
 * Policies: memory that is given back is not used again; no MDL, work item, trace, power framework or ACPI is simulated.
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#include "hba_sim/ddk/srbhelper.h"
#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

/* The first address from `from` on at which `bytes` cross no multiple of `boundary`; 0: no such. */
static uint64_t clear_of_boundary(uint64_t from, uint64_t bytes, uint64_t boundary)
{
	uint64_t next;

	if (!boundary)
		return from;
	next = (from / boundary + 1) * boundary;
	if (from + bytes <= next)
		return from;
	return bytes <= boundary ? next : 0;
}

/* Several CPUs may allocate at once, and only here while the machine runs. */
static void *allocate(struct adapter *adapter, uint64_t bytes, uint64_t lowest, uint64_t highest, uint64_t boundary)
{
	static _Atomic(uint32_t) lock;
	struct sim_phys *phys = &adapter->machine->phys;
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	void *memory = NULL;
	uint64_t from;
	uint64_t at;

	port_lock_acquire(&lock, cpu);
	from = SIM_PHYS_BASE + ((phys->used + PAGE_SIZE - 1) & ~((uint64_t)PAGE_SIZE - 1));
	at = clear_of_boundary(from > lowest ? from : (lowest + PAGE_SIZE - 1) & ~((uint64_t)PAGE_SIZE - 1), bytes, boundary);
	if (at && bytes && at + bytes - 1 <= highest && sim_phys_at(phys, at, bytes)) {
		/* What lies before it is skipped. */
		phys->used = at - SIM_PHYS_BASE;
		memory = sim_phys_alloc(phys, bytes, PAGE_SIZE);
	}
	port_lock_release(&lock);
	sim_restore(cpu, irql);
	return memory;
}

ULONG StorPortAllocateContiguousMemorySpecifyCacheNode(PVOID HwDeviceExtension, SIZE_T NumberOfBytes,
						       PHYSICAL_ADDRESS LowestAcceptableAddress,
						       PHYSICAL_ADDRESS HighestAcceptableAddress,
						       PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType,
						       NODE_REQUIREMENT PreferredNode, PVOID *BufferPointer)
{
	VERIFY_CALL(HwDeviceExtension, CALL_ALLOCATE_CONTIGUOUS);
	*BufferPointer = allocate(adapter_of(HwDeviceExtension), NumberOfBytes, (uint64_t)LowestAcceptableAddress.QuadPart,
				  (uint64_t)HighestAcceptableAddress.QuadPart, (uint64_t)BoundaryAddressMultiple.QuadPart);
	return *BufferPointer ? STOR_STATUS_SUCCESS : STOR_STATUS_INSUFFICIENT_RESOURCES;
}

ULONG StorPortFreeContiguousMemorySpecifyCache(PVOID HwDeviceExtension, PVOID BaseAddress, SIZE_T NumberOfBytes,
					       MEMORY_CACHING_TYPE CacheType)
{
	VERIFY_CALL(HwDeviceExtension, CALL_FREE_CONTIGUOUS);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortAllocateDmaMemory(PVOID HwDeviceExtension, SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
				PHYSICAL_ADDRESS HighestAcceptableAddress, PHYSICAL_ADDRESS BoundaryAddressMultiple,
				MEMORY_CACHING_TYPE CacheType, NODE_REQUIREMENT PreferredNode, PVOID *BufferPointer,
				PPHYSICAL_ADDRESS PhysicalAddress)
{
	*BufferPointer = allocate(adapter_of(HwDeviceExtension), NumberOfBytes, (uint64_t)LowestAcceptableAddress.QuadPart,
				  (uint64_t)HighestAcceptableAddress.QuadPart, (uint64_t)BoundaryAddressMultiple.QuadPart);
	if (!*BufferPointer)
		return STOR_STATUS_INSUFFICIENT_RESOURCES;
	*PhysicalAddress = MmGetPhysicalAddress(*BufferPointer);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortFreeDmaMemory(PVOID HwDeviceExtension, PVOID BaseAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType,
			    PHYSICAL_ADDRESS PhysicalAddress)
{
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortGetSystemAddress(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb, PVOID *SystemAddress)
{
	VERIFY_CALL(HwDeviceExtension, CALL_GET_SYSTEM_ADDRESS);
	if (!HwDeviceExtension || !Srb || !SystemAddress || !SrbGetDataBuffer(Srb) || !SrbGetDataTransferLength(Srb))
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	*SystemAddress = SrbGetDataBuffer(Srb);
	return STOR_STATUS_SUCCESS;
}

/* Wrong parameters come before what is not there. */
static ULONG refuse(bool sound, ULONG status)
{
	return sound ? status : STOR_STATUS_INVALID_PARAMETER;
}

ULONG StorPortGetOriginalMdl(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb, PVOID *Mdl)
{
	return refuse(HwDeviceExtension && Srb && Mdl, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortAllocateMdl(PVOID HwDeviceExtension, PVOID BufferPointer, ULONG NumberOfBytes, PVOID *Mdl)
{
	VERIFY_CALL(HwDeviceExtension, CALL_ALLOCATE_MDL);
	return refuse(HwDeviceExtension && BufferPointer && Mdl, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortBuildMdlForNonPagedPool(PVOID HwDeviceExtension, PVOID Mdl)
{
	VERIFY_CALL(HwDeviceExtension, CALL_BUILD_MDL);
	return refuse(HwDeviceExtension && Mdl, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortFreeMdl(PVOID HwDeviceExtension, PVOID Mdl)
{
	VERIFY_CALL(HwDeviceExtension, CALL_FREE_MDL);
	return refuse(HwDeviceExtension && Mdl, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortBuildScatterGatherList(PVOID HwDeviceExtension, PVOID Mdl, PVOID CurrentVa, ULONG Length,
				     PpostScaterGatherExecute ExecutionRoutine, PVOID Context, BOOLEAN WriteToDevice,
				     PVOID ScatterGatherBuffer, ULONG ScatterGatherBufferLength)
{
	VERIFY_CALL(HwDeviceExtension, CALL_BUILD_SCATTER_GATHER_LIST);
	return refuse(HwDeviceExtension && Mdl && CurrentVa && ExecutionRoutine, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortPutScatterGatherList(PVOID HwDeviceExtension, PSTOR_SCATTER_GATHER_LIST ScatterGatherList, BOOLEAN WriteToDevice)
{
	VERIFY_CALL(HwDeviceExtension, CALL_PUT_SCATTER_GATHER_LIST);
	return refuse(HwDeviceExtension && ScatterGatherList, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortInitializeWorker(PVOID HwDeviceExtension, PVOID *Worker)
{
	VERIFY_CALL(HwDeviceExtension, CALL_INITIALIZE_WORKER);
	return refuse(HwDeviceExtension && Worker, STOR_STATUS_INSUFFICIENT_RESOURCES);
}

/* There is no worker that could be meant. */
ULONG StorPortQueueWorkItem(PVOID HwDeviceExtension, PHW_WORKITEM WorkItemCallback, PVOID Worker, PVOID Context)
{
	VERIFY_CALL(HwDeviceExtension, CALL_QUEUE_WORK_ITEM);
	return STOR_STATUS_INVALID_PARAMETER;
}

ULONG StorPortFreeWorker(PVOID HwDeviceExtension, PVOID Worker)
{
	VERIFY_CALL(HwDeviceExtension, CALL_FREE_WORKER);
	return STOR_STATUS_INVALID_PARAMETER;
}

#define PARAMETER(N) PWSTR Parameter##N##Name, ULONGLONG Parameter##N##Value
#define ETW_EVENT(N, ...)                                                                                               \
	ULONG StorPortEtwEvent##N(PVOID HwDeviceExtension, PSTOR_ADDRESS Address, ULONG EventId, PWSTR EventDescription, \
				  ULONGLONG EventKeywords, STORPORT_ETW_LEVEL EventLevel,                               \
				  STORPORT_ETW_EVENT_OPCODE EventOpcode, PSCSI_REQUEST_BLOCK Srb, __VA_ARGS__)          \
	{                                                                                                               \
		VERIFY_CALL(HwDeviceExtension, CALL_ETW_EVENT_##N);                                                     \
		return refuse(HwDeviceExtension && EventDescription, STOR_STATUS_NOT_IMPLEMENTED);                      \
	}

ETW_EVENT(2, PARAMETER(1), PARAMETER(2))
ETW_EVENT(4, PARAMETER(1), PARAMETER(2), PARAMETER(3), PARAMETER(4))
ETW_EVENT(8, PARAMETER(1), PARAMETER(2), PARAMETER(3), PARAMETER(4), PARAMETER(5), PARAMETER(6), PARAMETER(7), PARAMETER(8))

ULONG StorPortPoFxActivateComponent(PVOID HwDeviceExtension, PSTOR_ADDRESS Address, PSCSI_REQUEST_BLOCK Srb, ULONG Component,
				    ULONG Flags)
{
	VERIFY_CALL(HwDeviceExtension, CALL_ACTIVATE_COMPONENT);
	return refuse(HwDeviceExtension, STOR_STATUS_INVALID_DEVICE_REQUEST);
}

ULONG StorPortPoFxIdleComponent(PVOID HwDeviceExtension, PSTOR_ADDRESS Address, PSCSI_REQUEST_BLOCK Srb, ULONG Component,
				ULONG Flags)
{
	return refuse(HwDeviceExtension, STOR_STATUS_INVALID_DEVICE_REQUEST);
}

ULONG StorPortInvokeAcpiMethod(PVOID HwDeviceExtension, PSTOR_ADDRESS Address, ULONG MethodName, PVOID InputBuffer,
			       ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength, PULONG BytesReturned)
{
	VERIFY_CALL(HwDeviceExtension, CALL_INVOKE_ACPI_METHOD);
	return refuse(HwDeviceExtension, STOR_STATUS_NOT_IMPLEMENTED);
}

ULONG StorPortSetPowerSettingNotificationGuids(PVOID HwDeviceExtension, ULONG GuidCount, PGUID Guid)
{
	return STOR_STATUS_INSUFFICIENT_RESOURCES;
}

ULONG StorPortAsyncNotificationDetected(PVOID HwDeviceExtension, PSTOR_ADDRESS Address, ULONGLONG Flags)
{
	return refuse(HwDeviceExtension && Address, STOR_STATUS_INVALID_DEVICE_REQUEST);
}
