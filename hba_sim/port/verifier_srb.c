/* SPDX-License-Identifier: MIT */
/*
 * Whose an SRB is: given to the miniport by HwStorBuildIo or HwStorStartIo, and
 * the port's again once it is complete.
 *
 * Source: Microsoft's public DDI reference, StorPortNotification (RequestComplete), HW_STARTIO, HW_RESET_BUS.
 */
#include "hba_sim/port/verifier_internal.h"

#include <string.h>

#define NOTIFICATION "StorPortNotification"

enum { SRB_PORTS, SRB_GIVEN, SRB_COMPLETE };

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/. */
static uint64_t sum_of(const SCSI_REQUEST_BLOCK *srb)
{
	const unsigned char *byte = (const unsigned char *)srb;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*srb); i++)
		sum = (sum ^ byte[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* NULL: it is none of the adapter's. */
static struct port_request *known(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb)
{
	struct port_request *request = request_of(srb);
	const struct sim_phys *phys = &adapter->machine->phys;

	if (!sim_phys_of(phys, request) || !sim_phys_of(phys, (char *)(request + 1) - 1) || (uintptr_t)request % SYNC_LINE_BYTES)
		return NULL;
	return request->adapter == adapter && request->verified.extension ? request : NULL;
}

void verified_give(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb)
{
	struct port_request *request = known(adapter, srb);
	struct verified_time begin = verified_away_begin();

	if (!request)
		return;
	verified_give_back(request->verified.extension);
	request->verified.resets = atomic_load_explicit(&adapter->verifier->resets, memory_order_seq_cst);
	atomic_store_explicit(&request->verified.state, SRB_GIVEN, memory_order_seq_cst);
	verified_away_end(&begin);
}

/* A reset between HwStorBuildIo and HwStorStartIo was not its. */
void verified_started(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb)
{
	struct port_request *request = known(adapter, srb);

	if (request)
		request->verified.resets = atomic_load_explicit(&adapter->verifier->resets, memory_order_seq_cst);
}

void verified_refused(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb)
{
	struct port_request *request = known(adapter, srb);

	if (request)
		atomic_store_explicit(&request->verified.state, SRB_PORTS, memory_order_seq_cst);
}

static void note_done(SCSI_REQUEST_BLOCK *srb, struct verified_place place)
{
	struct verified_frame *frame = verified_self.depth ? &verified_self.frame[verified_self.depth - 1] : NULL;

	if (!frame || frame->dones == VERIFIED_DONE)
		return;
	frame->done[frame->dones].srb = srb;
	frame->done[frame->dones].place = place;
	frame->done[frame->dones++].sum = sum_of(srb);
}

/*
 * What was completed in a callback stays with the port until the callback is over: nobody else writes it meanwhile.
 * What another CPU hands back may be on its way again already; it is not looked at.
 */
static bool stays_here(const struct adapter *adapter, const struct port_request *request)
{
	return !adapter->sends_home || request->home == sim_cpu_self()->index;
}

void verified_check_done(struct verifier *verifier, struct verified_frame *frame)
{
	for (unsigned i = 0; i < frame->dones; i++) {
		if (sum_of(frame->done[i].srb) != frame->done[i].sum)
			verifier_found(verifier, VERIFIER_SRB_TOUCHED, frame->done[i].place, NOTIFICATION);
	}
}

static bool may_complete(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb, const void *caller)
{
	struct verifier *verifier = adapter->verifier;
	struct port_request *request = known(adapter, srb);
	struct verified_place place = verified_caller(caller);
	struct verified_time begin = verified_away_begin();
	uint32_t state = request ? atomic_exchange_explicit(&request->verified.state, SRB_COMPLETE, memory_order_seq_cst) : SRB_PORTS;

	if (state != SRB_GIVEN) {
		if (request)
			atomic_store_explicit(&request->verified.state, state, memory_order_seq_cst);
		verifier_found(verifier, state == SRB_COMPLETE ? VERIFIER_SRB_COMPLETED_TWICE : VERIFIER_SRB_NOT_GIVEN, place,
			       NOTIFICATION);
		/* The port counts what is completed twice. */
		return state == SRB_COMPLETE;
	}
	if (request->verified.resets != atomic_load_explicit(&verifier->resets, memory_order_seq_cst))
		verifier_found(verifier, VERIFIER_SRB_AFTER_RESET, place, NOTIFICATION);
	if (SRB_STATUS(srb->SrbStatus) == SRB_STATUS_PENDING)
		verifier_found(verifier, VERIFIER_SRB_PENDING, place, NOTIFICATION);
	if (stays_here(adapter, request))
		note_done(srb, place);
	verified_take(request->verified.extension);
	verified_away_end(&begin);
	return true;
}

void verifier_complete(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb, const void *caller)
{
	if (may_complete(adapter, srb, caller))
		port_complete(adapter, request_of(srb));
}

void verifier_settle(struct verifier *verifier)
{
	for (struct port_request *request = verifier->requests; request; request = request->verified.next) {
		if (atomic_load_explicit(&request->verified.state, memory_order_seq_cst) == SRB_GIVEN)
			verifier_found(verifier, VERIFIER_SRB_NEVER_COMPLETED, verified_function(verifier->hw.HwStartIo), "");
	}
}
