/* SPDX-License-Identifier: MIT */
/*
 * Requests of the port's own, in either form of request block: resets of a unit or a target, and what a miniport that
 * caches data is told before it is stopped.
 *
 * They pass a stop that is being made ready, as it is for them that it waits.
 *
 * Source: Microsoft's public DDI reference, SCSI_REQUEST_BLOCK (Function), STORAGE_REQUEST_BLOCK.
 */
#include "hba_sim/port/port_internal.h"

struct port_request *port_own_alloc(struct adapter *adapter, void (*complete)(struct port_request *request, struct sim_cpu *cpu))
{
	struct port_request *request = port_request_alloc(adapter, 0);

	if (!request)
		return NULL;
	request->complete = complete;
	request->passes_stop = true;
	return request;
}

static void set_function(struct port_request *request, UCHAR function)
{
	if (request->srb.Function == SRB_FUNCTION_STORAGE_REQUEST_BLOCK)
		request->extended.block.SrbFunction = function;
	else
		request->srb.Function = function;
}

static void set_target(struct port_request *request, UCHAR path, UCHAR target)
{
	if (request->srb.Function == SRB_FUNCTION_STORAGE_REQUEST_BLOCK) {
		request->extended.address.Path = path;
		request->extended.address.Target = target;
	} else {
		request->srb.PathId = path;
		request->srb.TargetId = target;
	}
}

bool port_own_send(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, UCHAR function, UCHAR path,
		   UCHAR target, UCHAR lun)
{
	static const uint8_t no_cdb[1];

	/* relaxed: a glance, for which all that sends it is one at a time */
	if (atomic_load_explicit(&request->in_flight, memory_order_relaxed) != PORT_REQUEST_IDLE)
		return false;
	port_request_prepare(request, lun, no_cdb, 0, 0, 0);
	set_target(request, path, target);
	SrbSetTimeOutValue(&request->srb, 0);
	set_function(request, function);
	/* relaxed: see pass_all in port_timeout.c */
	atomic_store_explicit(&request->home, cpu->index, memory_order_relaxed);
	port_give(adapter, request, cpu);
	return true;
}
