/* SPDX-License-Identifier: MIT */
/*
 * What current miniports ask of the port beside I/O: pool memory, the
 * performance counter, registry buffers, reports of changes, attributes.
 *
 * Policies: there is no registry, so that reads find nothing and writes fail;
 * nobody above acts on a change or an attribute, so that both are dealt with at once.
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#include <stdlib.h>

#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

ULONG StorPortAllocatePool(PVOID HwDeviceExtension, SIZE_T NumberOfBytes, ULONG Tag, PVOID *BufferPointer)
{
	if (!BufferPointer)
		return STOR_STATUS_INVALID_PARAMETER;
	*BufferPointer = NULL;
	if (!HwDeviceExtension || !NumberOfBytes)
		return STOR_STATUS_INVALID_PARAMETER;
	if (VERIFIED(adapter_of(HwDeviceExtension)))
		verifier_called(adapter_of(HwDeviceExtension), CALL_ALLOCATE_POOL, VERIFIED_CALLER);
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	*BufferPointer = VERIFIED(adapter_of(HwDeviceExtension)) ? verifier_pool_alloc(adapter_of(HwDeviceExtension), NumberOfBytes) :
								   malloc(NumberOfBytes);
	return *BufferPointer ? STOR_STATUS_SUCCESS : STOR_STATUS_INSUFFICIENT_RESOURCES;
}

ULONG StorPortFreePool(PVOID HwDeviceExtension, PVOID BufferPointer)
{
	if (!HwDeviceExtension || !BufferPointer)
		return STOR_STATUS_INVALID_PARAMETER;
	if (VERIFIED(adapter_of(HwDeviceExtension)))
		verifier_called(adapter_of(HwDeviceExtension), CALL_FREE_POOL, VERIFIED_CALLER);
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	if (VERIFIED(adapter_of(HwDeviceExtension)))
		verifier_pool_free(adapter_of(HwDeviceExtension), BufferPointer, VERIFIED_CALLER);
	else
		free(BufferPointer);
	return STOR_STATUS_SUCCESS;
}

/* Policy: it counts nanoseconds. */
ULONG StorPortQueryPerformanceCounter(PVOID HwDeviceExtension, PLARGE_INTEGER PerformanceFrequency,
				      PLARGE_INTEGER PerformanceCounter)
{
	if (!PerformanceCounter)
		return STOR_STATUS_INVALID_PARAMETER;
	PerformanceCounter->QuadPart = (LONGLONG)stamp_to_ns(&sim_cpu_self()->machine->scale, stamp_now());
	if (PerformanceFrequency)
		PerformanceFrequency->QuadPart = 1000000000;
	return STOR_STATUS_SUCCESS;
}

#define PERF_PARAMETERS_VERSION 1 /* policy: no page has a number */

/* Policy: a CPU's requests use the channel of its number, and of the range the message of its number. */
ULONG StorPortGetStartIoPerfParams(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb,
				   PSTARTIO_PERFORMANCE_PARAMETERS StartIoPerfParams)
{
	if (!HwDeviceExtension || !Srb || !StartIoPerfParams || StartIoPerfParams->Size < sizeof(*StartIoPerfParams) ||
	    request_of(Srb)->adapter != adapter_of(HwDeviceExtension))
		return STOR_STATUS_INVALID_PARAMETER;
	StartIoPerfParams->Version = PERF_PARAMETERS_VERSION;
	StartIoPerfParams->MessageNumber = port_message_of(adapter_of(HwDeviceExtension), sim_cpu_self());
	StartIoPerfParams->ChannelNumber = port_channel_of(adapter_of(HwDeviceExtension), sim_cpu_self());
	return STOR_STATUS_SUCCESS;
}

PUCHAR StorPortAllocateRegistryBuffer(PVOID HwDeviceExtension, PULONG Length)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	if (VERIFIED(adapter))
		verifier_called(adapter, CALL_ALLOCATE_REGISTRY_BUFFER, VERIFIED_CALLER);
	if (adapter->registry_buffer || !*Length)
		return NULL;
	adapter->registry_buffer = calloc(1, *Length);
	return adapter->registry_buffer;
}

VOID StorPortFreeRegistryBuffer(PVOID HwDeviceExtension, PUCHAR Buffer)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	if (Buffer != adapter->registry_buffer)
		return;
	free(Buffer);
	adapter->registry_buffer = NULL;
}

BOOLEAN StorPortRegistryRead(PVOID HwDeviceExtension, PUCHAR ValueName, ULONG Global, ULONG Type, PUCHAR Buffer,
			     PULONG BufferLength)
{
	if (VERIFIED(adapter_of(HwDeviceExtension)))
		verifier_called(adapter_of(HwDeviceExtension), CALL_REGISTRY_READ, VERIFIED_CALLER);
	*BufferLength = 0;
	return FALSE;
}

BOOLEAN StorPortRegistryWrite(PVOID HwDeviceExtension, PUCHAR ValueName, ULONG Global, ULONG Type, PUCHAR Buffer,
			      ULONG BufferLength)
{
	if (VERIFIED(adapter_of(HwDeviceExtension)))
		verifier_called(adapter_of(HwDeviceExtension), CALL_REGISTRY_WRITE, VERIFIED_CALLER);
	return FALSE;
}

/* Another report may be made from the routine. */
static BOOLEAN tell_state_changed(PVOID extension, PVOID context)
{
	struct adapter *adapter = adapter_of(extension);
	PHW_STATE_CHANGE routine = adapter->state_change.routine;
	PVOID routine_context = adapter->state_change.context;
	STOR_ADDR_BTL8 *address = adapter->state_change.address;

	/* ORD port_change:B release, pairs with port_change:A: the report was read before the next one is written. */
	atomic_store_explicit(&adapter->state_change.pending, false, memory_order_release);
	if (routine && VERIFIED(adapter))
		verifier_state_change(adapter, routine, routine_context, address);
	else if (routine)
		routine(extension, routine_context, (SHORT)address->Type, address, STOR_STATUS_SUCCESS);
	return TRUE;
}

/* At IRQL_DISPATCH. */
static void state_changed(void *context, void *argument1, void *argument2)
{
	port_run_serialized(context, sim_cpu_self(), tell_state_changed, NULL);
}

ULONG StorPortStateChangeDetected(PVOID HwDeviceExtension, ULONG ChangedEntity, PSTOR_ADDRESS Address, ULONG Attributes,
				  PHW_STATE_CHANGE HwStateChange, PVOID HwStateChangeContext)
{
	const ULONG entities = STATE_CHANGE_LUN | STATE_CHANGE_TARGET | STATE_CHANGE_BUS;
	struct adapter *adapter;

	if (!HwDeviceExtension || !Address || Address->Type != STOR_ADDRESS_TYPE_BTL8 || !ChangedEntity ||
	    (ChangedEntity & ~entities))
		return STOR_STATUS_INVALID_PARAMETER;
	adapter = adapter_of(HwDeviceExtension);
	/* ORD port_change:A acquire, pairs with port_change:B: see there. */
	if (atomic_exchange_explicit(&adapter->state_change.pending, true, memory_order_acquire))
		return STOR_STATUS_UNSUCCESSFUL;
	adapter->state_change.routine = HwStateChange;
	adapter->state_change.context = HwStateChangeContext;
	adapter->state_change.address = Address;
	/* Not sim_dpc_init: the run before may not be quite over, which the queue waits for. */
	adapter->state_change.dpc.routine = state_changed;
	adapter->state_change.dpc.context = adapter;
	sim_dpc_queue(sim_cpu_self(), &adapter->state_change.dpc, NULL, NULL);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortSetUnitAttributes(PVOID HwDeviceExtension, PSTOR_ADDRESS Address, STOR_UNIT_ATTRIBUTES Attributes)
{
	const STOR_ADDR_BTL8 *address = (const STOR_ADDR_BTL8 *)Address;

	if (!HwDeviceExtension || !Address || Attributes.Reserved || address->Type != STOR_ADDRESS_TYPE_BTL8 ||
	    address->AddressLength < STOR_ADDR_BTL8_ADDRESS_LENGTH ||
	    !port_unit_exists(adapter_of(HwDeviceExtension), address->Path, address->Target, address->Lun))
		return STOR_STATUS_INVALID_PARAMETER;
	return STOR_STATUS_SUCCESS;
}
