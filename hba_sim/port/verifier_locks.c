/* SPDX-License-Identifier: MIT */
/*
 * Exclusive access and spin locks under the verifier.
 *
 * A lock that may not be acquired is not: its holder may be this very CPU, and the
 * run is to go on to what else there is to find.  It is noted as held all the same, so
 * that its release is none either.
 *
 * Source: Microsoft's public DDI reference, StorPortAcquireSpinLock (order, and
 * who may), StorPortAcquireMSISpinLock, StorPortSynchronizeAccess.
 */
#include "hba_sim/port/verifier_internal.h"

#include <string.h>

#define ACQUIRE "StorPortAcquireSpinLock"
#define ACQUIRE_MESSAGE "StorPortAcquireMSISpinLock"

struct verified_held *verified_push_lock(enum verified_lock kind, uint32_t message, bool by_port)
{
	struct verified_held *held;

	if (verified_self.held == VERIFIED_HELD)
		return NULL;
	held = &verified_self.lock[verified_self.held++];
	atomic_signal_fence(memory_order_seq_cst);
	held->by_port = by_port;
	held->message = message;
	held->is_void = false;
	held->dpc = NULL;
	held->theirs = NULL;
	held->kind = kind;
	return held;
}

struct verified_held *verified_find_lock(enum verified_lock kind, const void *dpc, uint32_t message)
{
	for (unsigned i = verified_self.held; i--;) {
		struct verified_held *held = &verified_self.lock[i];

		if (held->kind == kind && (kind != LOCK_DPC || held->dpc == dpc) && (kind != LOCK_MESSAGE || held->message == message))
			return held;
	}
	return NULL;
}

static bool holds(enum verified_lock kind)
{
	for (unsigned i = verified_self.held; i--;) {
		if (verified_self.lock[i].kind == kind)
			return true;
	}
	return false;
}

/* Entries of the middle go as well: a miniport may release in any order. */
static void forget(struct verified_held *held)
{
	held->kind = LOCK_NONE;
	atomic_signal_fence(memory_order_seq_cst);
	while (verified_self.held && verified_self.lock[verified_self.held - 1].kind == LOCK_NONE)
		verified_self.held--;
}

static void give_up(struct verifier *verifier, struct verified_held *held)
{
	struct adapter *adapter = verifier->adapter;

	if (held->is_void)
		return;
	if (held->kind == LOCK_MESSAGE)
		port_release_message(adapter, held->message, (ULONG)held->handle.Context.OldIrql);
	else
		port_release_spin_lock(adapter, &held->handle);
}

void verified_drop_locks(struct verifier *verifier, unsigned held)
{
	while (verified_self.held > held) {
		struct verified_held *last = &verified_self.lock[verified_self.held - 1];

		if (last->kind != LOCK_NONE && !last->by_port) {
			verifier_found(verifier, VERIFIER_LOCK_LEAKED, last->place, "");
			give_up(verifier, last);
		}
		last->kind = LOCK_NONE;
		atomic_signal_fence(memory_order_seq_cst);
		verified_self.held--;
	}
}

/* By the page's table of allowed spin locks. */
static bool may_acquire(const struct adapter *adapter, enum verified_lock kind)
{
	switch (verified_origin()) {
	case CALLBACK_FIND:
	case CALLBACK_INITIALIZE:
	case CALLBACK_PASSIVE:
	case CALLBACK_INTERRUPT:
	case CALLBACK_MESSAGE:
		return false;
	case CALLBACK_START:
		return !adapter->config.half_duplex && (kind != LOCK_STARTIO || adapter->channels > 1);
	case CALLBACK_TIMER:
	case CALLBACK_RESET:
	case CALLBACK_STATE_CHANGE:
		return kind == LOCK_INTERRUPT && !adapter->config.half_duplex;
	default:
		return true;
	}
}

static bool check_acquire(struct adapter *adapter, enum verified_lock kind, const void *dpc, struct verified_place place)
{
	enum verifier_rule broken;

	if (kind == LOCK_NONE)
		broken = VERIFIER_LOCK_NOT_ALLOWED;
	else if (verified_find_lock(kind, dpc, 0) || (kind == LOCK_INTERRUPT && holds(LOCK_MESSAGE)))
		broken = VERIFIER_LOCK_RECURSIVE;
	else if (kind != LOCK_INTERRUPT && (holds(LOCK_INTERRUPT) || holds(LOCK_MESSAGE)))
		broken = VERIFIER_LOCK_ORDER;
	else if (!may_acquire(adapter, kind))
		broken = VERIFIER_LOCK_NOT_ALLOWED;
	else
		return true;
	verifier_found(adapter->verifier, broken, place, ACQUIRE);
	return false;
}

static enum verified_lock kind_of(STOR_SPINLOCK which)
{
	switch (which) {
	case DpcLock:
		return LOCK_DPC;
	case StartIoLock:
		return LOCK_STARTIO;
	case InterruptLock:
		return LOCK_INTERRUPT;
	default:
		return LOCK_NONE; /* StorPortAcquireSpinLockEx's, and none at all */
	}
}

void verifier_acquire(struct adapter *adapter, STOR_SPINLOCK which, void *context, PSTOR_LOCK_HANDLE handle, const void *caller)
{
	struct verified_place place = verified_caller(caller);
	enum verified_lock kind = kind_of(which);
	void *dpc = kind == LOCK_DPC ? context : NULL;
	bool sound = check_acquire(adapter, kind, dpc, place);
	struct verified_held *held = verified_push_lock(LOCK_NONE, 0, false);

	if (!held)
		return;
	held->dpc = dpc;
	held->theirs = handle;
	held->place = place;
	held->is_void = !sound;
	memset(&held->handle, 0, sizeof(held->handle));
	held->handle.Context.OldIrql = sim_irql(sim_cpu_self());
	if (sound)
		port_acquire_spin_lock(adapter, which, context, &held->handle);
	held->since = verified_begin();
	held->kind = kind == LOCK_NONE ? LOCK_DPC : kind;
	handle->Lock = which;
	handle->Context.OldIrql = held->handle.Context.OldIrql;
}

static void not_held(struct adapter *adapter, const void *caller, const char *call)
{
	verifier_found(adapter->verifier, VERIFIER_LOCK_NOT_HELD, verified_caller(caller), call);
}

void verifier_release(struct adapter *adapter, PSTOR_LOCK_HANDLE handle, const void *caller)
{
	struct verified_held *held = NULL;

	for (unsigned i = verified_self.held; i-- && !held;) {
		if (verified_self.lock[i].kind != LOCK_NONE && verified_self.lock[i].theirs == handle)
			held = &verified_self.lock[i];
	}
	if (!held) {
		not_held(adapter, caller, "StorPortReleaseSpinLock");
		return;
	}
	if (!held->is_void) {
		verifier_judge_time(adapter->verifier, VERIFIER_LOCK_TOO_LONG, held->place, &held->since, VERIFIER_LOCK_US);
		/* A miniport may have written it: it is what counts. */
		held->handle.Context.OldIrql = handle->Context.OldIrql;
		port_release_spin_lock(adapter, &held->handle);
	}
	forget(held);
}

/* Whether the message has a lock of its own. */
static bool check_message(struct adapter *adapter, ULONG message, struct verified_place place, const char *call)
{
	enum verifier_rule broken;

	if (!port_has_lock_per_message(adapter))
		broken = VERIFIER_MSI_LOCK_MODE;
	else if (message >= adapter->vectors)
		broken = VERIFIER_MSI_LOCK_MESSAGE;
	else
		return true;
	verifier_found(adapter->verifier, broken, place, call);
	return false;
}

static bool holds_message_above(ULONG message)
{
	for (unsigned i = 0; i < verified_self.held; i++) {
		if (verified_self.lock[i].kind == LOCK_MESSAGE && verified_self.lock[i].message > message)
			return true;
	}
	return false;
}

static bool check_acquire_message(struct adapter *adapter, ULONG message, struct verified_place place)
{
	enum verifier_rule broken;

	if (verified_find_lock(LOCK_MESSAGE, NULL, message) || holds(LOCK_INTERRUPT))
		broken = VERIFIER_LOCK_RECURSIVE;
	else if (holds_message_above(message))
		broken = VERIFIER_MSI_LOCK_ORDER;
	else
		return true;
	verifier_found(adapter->verifier, broken, place, ACQUIRE_MESSAGE);
	return false;
}

ULONG verifier_acquire_message(struct adapter *adapter, ULONG message, PULONG old_irql, const void *caller)
{
	struct verified_place place = verified_caller(caller);
	struct verified_held *held;
	ULONG status = STOR_STATUS_SUCCESS;
	bool sound;

	if (!check_message(adapter, message, place, ACQUIRE_MESSAGE) || !old_irql)
		return STOR_STATUS_INVALID_PARAMETER;
	sound = check_acquire_message(adapter, message, place);
	held = verified_push_lock(LOCK_NONE, message, false);
	*old_irql = sim_irql(sim_cpu_self());
	if (!held)
		return STOR_STATUS_SUCCESS;
	held->place = place;
	held->is_void = !sound;
	if (sound)
		status = port_acquire_message(adapter, message, old_irql);
	held->handle.Context.OldIrql = (KIRQL)*old_irql;
	held->since = verified_begin();
	held->kind = LOCK_MESSAGE;
	return status;
}

ULONG verifier_release_message(struct adapter *adapter, ULONG message, ULONG old_irql, const void *caller)
{
	struct verified_held *held = verified_find_lock(LOCK_MESSAGE, NULL, message);
	ULONG status = STOR_STATUS_SUCCESS;

	if (!check_message(adapter, message, verified_caller(caller), "StorPortReleaseMSISpinLock"))
		return STOR_STATUS_INVALID_PARAMETER;
	if (!held || held->by_port) {
		not_held(adapter, caller, "StorPortReleaseMSISpinLock");
		return STOR_STATUS_INVALID_PARAMETER;
	}
	if (!held->is_void) {
		verifier_judge_time(adapter->verifier, VERIFIER_LOCK_TOO_LONG, held->place, &held->since, VERIFIER_LOCK_US);
		status = port_release_message(adapter, message, old_irql);
	}
	forget(held);
	return status;
}

/* A synchronized routine on its way through the back end, which may run it on another CPU. */
struct section {
	struct verifier *verifier;
	PSTOR_SYNCHRONIZED_ACCESS routine;
	void *context;
	enum verified_callback origin;
};

static __attribute__((section("verified_shims"), noinline)) BOOLEAN run_section(PVOID extension, PVOID context)
{
	const struct section *section = context;
	struct verified_frame *frame = verified_push(CALLBACK_SECTION, section->routine);
	BOOLEAN answer;

	if (frame)
		frame->origin = section->origin;
	verified_push_lock(LOCK_INTERRUPT, 0, true);
	answer = section->routine(extension, section->context);
	verified_pop(section->verifier, frame);
	return answer;
}

/* False: the lock is not to be acquired. */
static bool check_synchronize(struct adapter *adapter, const void *caller)
{
	enum verified_callback origin = verified_origin();
	enum verifier_rule broken;

	if (adapter->verifier->hw.FeatureSupport & STOR_FEATURE_VIRTUAL_MINIPORT) {
		broken = VERIFIER_SYNC_VIRTUAL;
	} else if (origin == CALLBACK_INTERRUPT || origin == CALLBACK_MESSAGE) {
		broken = VERIFIER_SYNC_IN_ISR;
	} else if (holds(LOCK_INTERRUPT) || holds(LOCK_MESSAGE)) {
		broken = VERIFIER_SYNC_NESTED;
		/* What holds the lock for its caller lets it through. */
		if (adapter_cpu_of(adapter, sim_cpu_self())->holds_interrupt_lock)
			return false;
	} else {
		verifier_called(adapter, CALL_SYNCHRONIZE_ACCESS, caller);
		return origin != CALLBACK_FIND;
	}
	verifier_found(adapter->verifier, broken, verified_caller(caller), "StorPortSynchronizeAccess");
	return false;
}

BOOLEAN verifier_synchronize(struct adapter *adapter, PSTOR_SYNCHRONIZED_ACCESS routine, void *context, const void *caller)
{
	struct section section = { .verifier = adapter->verifier, .routine = routine, .context = context, .origin = verified_origin() };

	if (!check_synchronize(adapter, caller) || adapter_cpu_of(adapter, sim_cpu_self())->nests_interrupt_lock)
		return run_section(adapter->extension, &section);
	return port_run_under_interrupt_lock(adapter, sim_cpu_self(), run_section, &section);
}
