/* SPDX-License-Identifier: MIT */
/* Notifications, flow control as drivers ask for it, requests as objects, and the small services of the port. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

static void notify_tick_count(PLARGE_INTEGER count)
{
	struct sim_cpu *cpu = sim_cpu_self();

	/* Policy: a tick is a millisecond. */
	count->QuadPart = (LONGLONG)(stamp_to_ns(&cpu->machine->scale, stamp_now()) / 1000000);
}

static inline void notify_complete(struct adapter *adapter, PSCSI_REQUEST_BLOCK srb, const void *caller)
{
	if (VERIFIED(adapter))
		verifier_complete(adapter, srb, caller);
	else
		port_complete(adapter, request_of(srb));
}

VOID StorPortNotification(SCSI_NOTIFICATION_TYPE NotificationType, PVOID HwDeviceExtension, ...)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);
	va_list arguments;

	va_start(arguments, HwDeviceExtension);
	/* Before the others, each of which is rare. */
	if (__builtin_expect(NotificationType == RequestComplete, 1)) {
		notify_complete(adapter, va_arg(arguments, PSCSI_REQUEST_BLOCK), VERIFIED_CALLER);
		va_end(arguments);
		return;
	}
	switch (NotificationType) {
	case RequestTimerCall: {
		PHW_TIMER routine = va_arg(arguments, PHW_TIMER);

		ULONG microseconds = va_arg(arguments, ULONG);

		if (VERIFIED(adapter))
			routine = verifier_timer(adapter, microseconds ? routine : NULL, VERIFIED_CALLER);
		if (routine || !microseconds)
			port_request_timer(adapter, routine, microseconds);
		break;
	}
	case ResetDetected:
		/* relaxed: a counter */
		atomic_fetch_add_explicit(&adapter->bus_resets, 1, memory_order_relaxed);
		port_hold_after_reset(adapter);
		break;
	case BusChangeDetected:
		/* relaxed: a counter.  Policy: there is nobody above to look for devices again. */
		atomic_fetch_add_explicit(&adapter->bus_changes, 1, memory_order_relaxed);
		break;
	case BufferOverrunDetected:
		/* Memory is corrupt, the simulator's may be: nothing that is measured from here on would mean anything. */
		fprintf(stderr, "the miniport stopped the machine: BufferOverrunDetected\n");
		abort();
	case LinkDown:
		port_pause(adapter, SIM_NEVER);
		break;
	case LinkUp:
		port_resume(adapter);
		break;
	case QueryTickCount:
		notify_tick_count(va_arg(arguments, PLARGE_INTEGER));
		break;
	default:
		/* NextRequest and NextLuRequest, which StorPort ignores; WMI and service times, for which there is no consumer. */
		break;
	}
	va_end(arguments);
}

BOOLEAN StorPortBusy(PVOID HwDeviceExtension, ULONG RequestsToComplete)
{
	port_busy(adapter_of(HwDeviceExtension), RequestsToComplete);
	return TRUE;
}

BOOLEAN StorPortReady(PVOID HwDeviceExtension)
{
	return StorPortBusy(HwDeviceExtension, 0);
}

BOOLEAN StorPortPause(PVOID HwDeviceExtension, ULONG TimeOut)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	port_pause(adapter, stamp_now() + port_ticks_of_us(adapter, TimeOut * UINT64_C(1000000)));
	return TRUE;
}

BOOLEAN StorPortResume(PVOID HwDeviceExtension)
{
	port_resume(adapter_of(HwDeviceExtension));
	return TRUE;
}

static bool is_here(PVOID extension, UCHAR path, UCHAR target, UCHAR lun)
{
	return port_unit_exists(adapter_of(extension), path, target, lun);
}

BOOLEAN StorPortDeviceBusy(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG RequestsToComplete)
{
	if (!is_here(HwDeviceExtension, PathId, TargetId, Lun))
		return FALSE;
	port_unit_busy(adapter_of(HwDeviceExtension), Lun, RequestsToComplete);
	return TRUE;
}

BOOLEAN StorPortDeviceReady(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun)
{
	return StorPortDeviceBusy(HwDeviceExtension, PathId, TargetId, Lun, 0);
}

BOOLEAN StorPortPauseDevice(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG TimeOut)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	if (!is_here(HwDeviceExtension, PathId, TargetId, Lun))
		return FALSE;
	port_unit_pause(adapter, Lun, stamp_now() + port_ticks_of_us(adapter, TimeOut * UINT64_C(1000000)));
	return TRUE;
}

BOOLEAN StorPortResumeDevice(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun)
{
	if (!is_here(HwDeviceExtension, PathId, TargetId, Lun))
		return FALSE;
	port_unit_resume(adapter_of(HwDeviceExtension), Lun);
	return TRUE;
}

BOOLEAN StorPortSetDeviceQueueDepth(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG Depth)
{
	if (!is_here(HwDeviceExtension, PathId, TargetId, Lun) || !Depth)
		return FALSE;
	port_unit_set_depth(adapter_of(HwDeviceExtension), Lun, Depth);
	return TRUE;
}

VOID StorPortStallExecution(ULONG Delay)
{
	struct sim_cpu *cpu = sim_cpu_self();

	if (__builtin_expect(verifier_running != NULL, 0))
		verifier_stall(Delay, VERIFIED_CALLER);
	sim_work(cpu, stamp_from_ns(&cpu->machine->scale, (uint64_t)Delay * 1000));
}

VOID StorPortLogError(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb, UCHAR PathId, UCHAR TargetId, UCHAR Lun, ULONG ErrorCode,
		      ULONG UniqueId)
{
	/* relaxed: a counter */
	atomic_fetch_add_explicit(&adapter_of(HwDeviceExtension)->errors_logged, 1, memory_order_relaxed);
}

KIRQL KeGetCurrentIrql(VOID)
{
	return sim_irql(sim_cpu_self());
}

struct port_request *port_request_alloc(struct adapter *adapter, uint32_t data_bytes)
{
	struct sim_phys *phys = &adapter->machine->phys;
	struct port_request *request = sim_phys_alloc(phys, sizeof(*request), SYNC_LINE_BYTES);

	if (!request)
		return NULL;
	request->adapter = adapter;
	request->data_bytes_max = data_bytes;
	request->srb.SrbExtension = VERIFIED(adapter) ?
					    verifier_alloc_srb_extension(adapter, request, adapter->port_config.SrbExtensionSize) :
					    sim_phys_alloc(phys, adapter->port_config.SrbExtensionSize, SYNC_LINE_BYTES);
	request->srb.SenseInfoBuffer = sim_phys_alloc(phys, sizeof(SENSE_DATA), 16);
	request->data = sim_phys_alloc(phys, data_bytes, PORT_DATA_ALIGN);
	if (!request->srb.SrbExtension || !request->srb.SenseInfoBuffer || !request->data)
		return NULL;
	if (port_srb_is_extended(adapter))
		port_extended_srb_init(&request->extended, request->srb.SrbExtension, request->srb.SenseInfoBuffer);
	/* relaxed: requests are allocated by one thread at a time */
	request->all_next = atomic_load_explicit(&adapter->requests, memory_order_relaxed);
	request->number = request->all_next ? request->all_next->number + 1 : 0;
	/* ORD port_requests:A release, pairs with port_requests:B: see there. */
	atomic_store_explicit(&adapter->requests, request, memory_order_release);
	/* relaxed: a hint; there may be more of them now than a unit's queue is deep */
	if (port_units_are_limited(adapter))
		atomic_store_explicit(&adapter->held_back, 1, memory_order_relaxed);
	return request;
}

void port_request_prepare(struct port_request *request, uint8_t lun, const void *cdb, uint8_t cdb_bytes, uint32_t flags,
			  uint32_t bytes)
{
	SCSI_REQUEST_BLOCK *srb = &request->srb;

	if (srb->Function == SRB_FUNCTION_STORAGE_REQUEST_BLOCK) {
		port_extended_srb_prepare(request, lun, cdb, cdb_bytes, flags, bytes);
		return;
	}
	srb->Length = sizeof(*srb);
	srb->Function = SRB_FUNCTION_EXECUTE_SCSI;
	srb->SrbStatus = SRB_STATUS_PENDING;
	srb->ScsiStatus = 0;
	srb->PathId = 0;
	srb->TargetId = 0;
	srb->Lun = lun;
	/* One that fits is no other request's. */
	srb->QueueTag = request->number < SP_UNTAGGED ? (UCHAR)request->number : SP_UNTAGGED;
	srb->QueueAction = SRB_SIMPLE_TAG_REQUEST;
	srb->CdbLength = cdb_bytes;
	srb->SenseInfoBufferLength = sizeof(SENSE_DATA);
	srb->SrbFlags = flags | SRB_FLAGS_QUEUE_ACTION_ENABLE;
	srb->DataBuffer = request->data;
	srb->DataTransferLength = bytes;
	srb->TimeOutValue = 30;
	srb->NextSrb = NULL;
	memset(srb->Cdb, 0, sizeof(srb->Cdb));
	memcpy(srb->Cdb, cdb, cdb_bytes);
}

/* The gravest reason, where there are several. */
static const char *closed_why(uint32_t closed)
{
	return closed & PORT_CLOSED_GONE  ? "none is given: the adapter is gone" :
	       closed & PORT_CLOSED_STOP  ? "none is given: the adapter is stopped, or about to be" :
	       closed & PORT_CLOSED_RESET ? "none is given: the bus is being reset" :
	       closed & PORT_CLOSED_HOLD  ? "none is given: the bus settles after a reset" : "all are given";
}

void adapter_dump(const struct adapter *adapter, FILE *out)
{
	for (unsigned i = 0; i < adapter->locks; i++) {
		uint32_t inside = atomic_load_explicit(&adapter->lock[i].witness.inside, memory_order_relaxed);

		fprintf(out, "  back end %s, %s: ", adapter->backend->name, adapter->lock[i].line->name);
		if (inside)
			fprintf(out, "cpu %u inside (%s)\n", witness_cpu(inside), witness_is_isr(inside) ? "ISR" : "caller");
		else
			fprintf(out, "nobody inside\n");
	}
	fprintf(out, "  requests: with the miniport %" PRIu64 ", timed out %" PRIu64 ", taken back %" PRIu64 ", %s\n",
		port_outstanding(adapter), atomic_load_explicit(&adapter->timeouts, memory_order_relaxed),
		atomic_load_explicit(&adapter->taken_back, memory_order_relaxed),
		closed_why(atomic_load_explicit(&adapter->closed, memory_order_relaxed)));
	fprintf(out, "  adapter: %s, violations %" PRIu64 ", completed twice %" PRIu64 ", held back %u\n",
		adapter_interrupt_mode(adapter), adapter_violations(adapter),
		atomic_load_explicit(&adapter->completed_twice, memory_order_relaxed),
		atomic_load_explicit(&adapter->held_back, memory_order_relaxed));
}
