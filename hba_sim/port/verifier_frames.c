/* SPDX-License-Identifier: MIT */
/*
 * The verifier between port driver and callbacks: who is called, at which IRQL,
 * for how long, and what is left over when it returns.
 *
 * The callbacks lie in a section of their own: a call from the miniport that seems
 * to return into one of them was the last thing that a function of the miniport's did, and
 * that function is gone.
 */
#include "hba_sim/port/verifier_internal.h"

#define SHIM __attribute__((section("verified_shims"), noinline))

extern const char __start_verified_shims[], __stop_verified_shims[];

_Thread_local struct verified_thread verified_self;

const char *verified_callback_name(enum verified_callback callback)
{
	static const char *const names[] = {
		[CALLBACK_NONE] = "", [CALLBACK_FIND] = "HwStorFindAdapter", [CALLBACK_INITIALIZE] = "HwStorInitialize",
		[CALLBACK_PASSIVE] = "HwStorPassiveInitializeRoutine", [CALLBACK_BUILD] = "HwStorBuildIo",
		[CALLBACK_START] = "HwStorStartIo", [CALLBACK_INTERRUPT] = "HwStorInterrupt",
		[CALLBACK_MESSAGE] = "HwMSInterruptRoutine", [CALLBACK_DPC] = "HwStorDpcRoutine", [CALLBACK_TIMER] = "HwStorTimer",
		[CALLBACK_RESET] = "HwStorResetBus", [CALLBACK_CONTROL] = "HwStorAdapterControl",
		[CALLBACK_UNIT] = "HwStorUnitControl", [CALLBACK_STATE_CHANGE] = "HwStorStateChange",
		[CALLBACK_SECTION] = "the synchronized routine",
	};

	return names[callback];
}

static struct verified_frame *top(void)
{
	return verified_self.depth ? &verified_self.frame[verified_self.depth - 1] : NULL;
}

enum verified_callback verified_origin(void)
{
	const struct verified_frame *frame = top();

	return frame ? frame->origin : CALLBACK_NONE;
}

struct verified_place verified_function(const void *routine)
{
	return (struct verified_place){ .pc = routine };
}

struct verified_place verified_caller(const void *caller)
{
	const struct verified_frame *frame = top();

	if ((const char *)caller >= __start_verified_shims && (const char *)caller < __stop_verified_shims && frame)
		return verified_function(frame->routine);
	return (struct verified_place){ .pc = caller, .is_return = true };
}

/* What interrupts this between two stores finds an entry without a callback, and leaves it so. */
struct verified_frame *verified_push(enum verified_callback callback, const void *routine)
{
	struct verified_frame *frame;

	if (verified_self.depth == VERIFIED_FRAMES)
		return NULL;
	frame = &verified_self.frame[verified_self.depth++];
	atomic_signal_fence(memory_order_seq_cst);
	frame->origin = frame->callback = callback;
	frame->routine = routine;
	frame->irql = sim_irql(sim_cpu_self());
	frame->held = verified_self.held;
	frame->dones = 0;
	frame->since = verified_begin();
	return frame;
}

static bool interrupts(enum verified_callback callback)
{
	return callback == CALLBACK_INTERRUPT || callback == CALLBACK_MESSAGE;
}

static void judge_frame(struct verifier *verifier, const struct verified_frame *frame)
{
	struct verified_place place = verified_function(frame->routine);

	if (interrupts(frame->callback))
		verifier_judge_time(verifier, VERIFIER_ISR_TOO_LONG, place, &frame->since, VERIFIER_ISR_US);
	else if (frame->callback == CALLBACK_SECTION)
		verifier_judge_time(verifier, VERIFIER_LOCK_TOO_LONG, place, &frame->since, VERIFIER_LOCK_US);
}

void verified_pop(struct verifier *verifier, struct verified_frame *frame)
{
	struct sim_cpu *cpu = sim_cpu_self();

	if (!frame)
		return;
	judge_frame(verifier, frame);
	verified_check_done(verifier, frame);
	verified_drop_locks(verifier, frame->held);
	if (sim_irql(cpu) != frame->irql) {
		verifier_found(verifier, VERIFIER_IRQL_CHANGED, verified_function(frame->routine), "");
		if (sim_irql(cpu) > frame->irql)
			sim_lower(cpu, frame->irql);
		else
			sim_raise(cpu, frame->irql);
	}
	if (interrupts(frame->callback))
		verified_away_end(&frame->since);
	frame->origin = frame->callback = CALLBACK_NONE;
	atomic_signal_fence(memory_order_seq_cst);
	verified_self.depth--;
}

static SHIM BOOLEAN verified_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_BUILD, verifier->hw.HwBuildIo);
	BOOLEAN answer;

	verified_give(verifier->adapter, srb);
	answer = verifier->hw.HwBuildIo(extension, srb);
	verified_pop(verifier, frame);
	return answer;
}

static SHIM BOOLEAN verified_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	struct adapter *adapter = adapter_of(extension);
	struct verifier *verifier = adapter->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_START, verifier->hw.HwStartIo);
	BOOLEAN answer;

	if (!verifier->hw.HwBuildIo)
		verified_give(adapter, srb);
	verified_started(adapter, srb);
	if (adapter->config.half_duplex)
		verified_push_lock(LOCK_INTERRUPT, 0, true);
	else if (adapter->channels == 1)
		verified_push_lock(LOCK_STARTIO, 0, true);
	answer = verifier->hw.HwStartIo(extension, srb);
	verified_pop(verifier, frame);
	if (!answer)
		verified_refused(adapter, srb);
	return answer;
}

/* Whether the device asserts the line towards this CPU, and since when. */
static bool asserted(const struct adapter *adapter, struct sim_cpu *cpu, uint64_t *since)
{
	struct irq_line *line = adapter->vector[0].line;

	return line->advance(line->source, cpu, stamp_now(), since);
}

static void check_claim(struct verifier *verifier, const struct verified_frame *frame, bool was_up, uint64_t since, BOOLEAN answer)
{
	struct verified_place place = verified_function(frame->routine);
	uint64_t since_now;

	if (answer && !was_up)
		verifier_found(verifier, VERIFIER_ISR_CLAIMED_NOTHING, place, "");
	if (!answer && was_up && asserted(verifier->adapter, sim_cpu_self(), &since_now) && since_now == since)
		verifier_found(verifier, VERIFIER_ISR_NOT_CLAIMED, place, "");
}

static SHIM BOOLEAN verified_interrupt(PVOID extension)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	struct sim_cpu *cpu = sim_cpu_self();
	/* Of an interrupt that was handed over, the pin is another CPU's. */
	bool own = cpu->serving_for == cpu->index;
	uint64_t since = 0;
	bool was_up = own && asserted(verifier->adapter, cpu, &since);
	struct verified_frame *frame = verified_push(CALLBACK_INTERRUPT, verifier->hw.HwInterrupt);
	BOOLEAN answer;

	verified_push_lock(LOCK_INTERRUPT, 0, true);
	answer = verifier->hw.HwInterrupt(extension);
	if (frame && own)
		check_claim(verifier, frame, was_up, since, answer);
	verified_pop(verifier, frame);
	return answer;
}

static SHIM BOOLEAN verified_message(PVOID extension, ULONG message)
{
	struct adapter *adapter = adapter_of(extension);
	struct verifier *verifier = adapter->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_MESSAGE, verifier->message);
	BOOLEAN answer;

	verified_push_lock(port_has_lock_per_message(adapter) ? LOCK_MESSAGE : LOCK_INTERRUPT, message, true);
	answer = verifier->message(extension, message);
	verified_pop(verifier, frame);
	return answer;
}

static SHIM VOID verified_dpc_routine(PSTOR_DPC dpc, PVOID extension, PVOID argument1, PVOID argument2)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	PHW_DPC_ROUTINE routine = NULL;
	struct verified_frame *frame;
	uint8_t irql = verifier_lock(verifier);

	for (unsigned i = 0; i < verifier->dpcs; i++) {
		if (verifier->dpc[i].dpc == dpc)
			routine = verifier->dpc[i].routine;
	}
	verifier_unlock(verifier, irql);
	if (atomic_load_explicit(&verifier->stopped, memory_order_seq_cst)) {
		verifier_found(verifier, VERIFIER_DPC_AFTER_STOP, verified_function(routine), "");
		return;
	}
	frame = verified_push(CALLBACK_DPC, routine);
	routine(dpc, extension, argument1, argument2);
	verified_pop(verifier, frame);
}

PHW_DPC_ROUTINE verifier_dpc(struct adapter *adapter, PSTOR_DPC dpc, PHW_DPC_ROUTINE routine)
{
	struct verifier *verifier = adapter->verifier;
	uint8_t irql = verifier_lock(verifier);
	unsigned i = 0;

	while (i < verifier->dpcs && verifier->dpc[i].dpc != dpc)
		i++;
	if (i < VERIFIED_DPCS) {
		verifier->dpc[i] = (struct verified_dpc){ .dpc = dpc, .routine = routine };
		verifier->dpcs += i == verifier->dpcs;
		routine = verified_dpc_routine;
	}
	verifier_unlock(verifier, irql);
	return routine;
}

bool verifier_issue_dpc(struct adapter *adapter, const void *caller)
{
	if (!atomic_load_explicit(&adapter->verifier->stopped, memory_order_seq_cst))
		return true;
	verifier_found(adapter->verifier, VERIFIER_DPC_AFTER_STOP, verified_caller(caller), "StorPortIssueDpc");
	return false;
}

/* A callback that the port calls holding StartIo's lock, and in half duplex the interrupt lock. */
static struct verified_frame *push_serialized(struct adapter *adapter, enum verified_callback callback, const void *routine)
{
	struct verified_frame *frame = verified_push(callback, routine);

	verified_push_lock(LOCK_STARTIO, 0, true);
	if (adapter->config.half_duplex)
		verified_push_lock(LOCK_INTERRUPT, 0, true);
	return frame;
}

static SHIM VOID verified_timer_routine(PVOID extension)
{
	struct adapter *adapter = adapter_of(extension);
	struct verifier *verifier = adapter->verifier;
	PHW_TIMER routine = verifier->timer;
	struct verified_frame *frame;

	if (atomic_load_explicit(&verifier->stopped, memory_order_seq_cst)) {
		verifier_found(verifier, VERIFIER_TIMER_AFTER_STOP, verifier->timer_place, "");
		return;
	}
	frame = push_serialized(adapter, CALLBACK_TIMER, routine);
	routine(extension);
	verified_pop(verifier, frame);
}

bool verifier_request_timer(struct adapter *adapter, const void *caller)
{
	if (!atomic_load_explicit(&adapter->verifier->stopped, memory_order_seq_cst))
		return true;
	verifier_found(adapter->verifier, VERIFIER_TIMER_AFTER_STOP, verified_caller(caller), "StorPortRequestTimer");
	return false;
}

/* What the port holds for it is what it holds for HwStorTimer. */
SHIM void verifier_run_timer(struct adapter *adapter, PHW_TIMER_EX routine, PVOID context)
{
	struct verifier *verifier = adapter->verifier;
	struct verified_frame *frame;

	if (atomic_load_explicit(&verifier->stopped, memory_order_seq_cst)) {
		verifier_found(verifier, VERIFIER_TIMER_AFTER_STOP, verified_function(routine), "");
		return;
	}
	frame = push_serialized(adapter, CALLBACK_TIMER, routine);
	routine(adapter->extension, context);
	verified_pop(verifier, frame);
}

SHIM void verifier_state_change(struct adapter *adapter, PHW_STATE_CHANGE routine, PVOID context, STOR_ADDR_BTL8 *address)
{
	struct verified_frame *frame = push_serialized(adapter, CALLBACK_STATE_CHANGE, routine);

	routine(adapter->extension, context, (SHORT)address->Type, address, STOR_STATUS_SUCCESS);
	verified_pop(adapter->verifier, frame);
}

PHW_TIMER verifier_timer(struct adapter *adapter, PHW_TIMER routine, const void *caller)
{
	struct verifier *verifier = adapter->verifier;

	if (routine && atomic_load_explicit(&verifier->stopped, memory_order_seq_cst)) {
		verifier_found(verifier, VERIFIER_TIMER_AFTER_STOP, verified_caller(caller), "StorPortNotification");
		return NULL;
	}
	verifier->timer = routine;
	verifier->timer_place = verified_caller(caller);
	return verified_timer_routine;
}

static SHIM BOOLEAN verified_reset(PVOID extension, ULONG path)
{
	struct adapter *adapter = adapter_of(extension);
	struct verifier *verifier = adapter->verifier;
	struct verified_frame *frame = push_serialized(adapter, CALLBACK_RESET, verifier->hw.HwResetBus);
	BOOLEAN answer;

	answer = verifier->hw.HwResetBus(extension, path);
	verified_pop(verifier, frame);
	atomic_fetch_add_explicit(&verifier->resets, 1, memory_order_seq_cst);
	return answer;
}

static SHIM ULONG verified_find(PVOID extension, PVOID context, PVOID bus, PCHAR argument, PPORT_CONFIGURATION_INFORMATION config,
				PBOOLEAN again)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_FIND, verifier->hw.HwFindAdapter);
	ULONG answer;

	/* Without ScsiRestartAdapter this is how it starts again. */
	atomic_store_explicit(&verifier->stopped, false, memory_order_seq_cst);
	answer = verifier->hw.HwFindAdapter(extension, context, bus, argument, config, again);
	verified_pop(verifier, frame);
	verifier->message = config->HwMSInterruptRoutine;
	if (verifier->message)
		config->HwMSInterruptRoutine = verified_message;
	return answer;
}

static SHIM BOOLEAN verified_passive(PVOID extension)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_PASSIVE, verifier->passive);
	BOOLEAN answer = verifier->passive(extension);

	verified_pop(verifier, frame);
	return answer;
}

static SHIM BOOLEAN verified_initialize(PVOID extension)
{
	struct adapter *adapter = adapter_of(extension);
	struct verifier *verifier = adapter->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_INITIALIZE, verifier->hw.HwInitialize);
	BOOLEAN answer;

	verified_push_lock(LOCK_INTERRUPT, 0, true);
	answer = verifier->hw.HwInitialize(extension);
	verified_pop(verifier, frame);
	if (adapter->passive_initialize && adapter->passive_initialize != verified_passive) {
		verifier->passive = adapter->passive_initialize;
		adapter->passive_initialize = verified_passive;
	}
	return answer;
}

static SHIM SCSI_ADAPTER_CONTROL_STATUS verified_control(PVOID extension, SCSI_ADAPTER_CONTROL_TYPE type, PVOID parameters)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	struct verified_frame *frame;
	SCSI_ADAPTER_CONTROL_STATUS answer;

	if (type == ScsiRestartAdapter)
		atomic_store_explicit(&verifier->stopped, false, memory_order_seq_cst);
	frame = verified_push(CALLBACK_CONTROL, verifier->hw.HwAdapterControl);
	answer = verifier->hw.HwAdapterControl(extension, type, parameters);
	verified_pop(verifier, frame);
	if (type == ScsiStopAdapter)
		atomic_store_explicit(&verifier->stopped, true, memory_order_seq_cst);
	return answer;
}

static SHIM SCSI_UNIT_CONTROL_STATUS verified_unit(PVOID extension, SCSI_UNIT_CONTROL_TYPE type, PVOID parameters)
{
	struct verifier *verifier = adapter_of(extension)->verifier;
	struct verified_frame *frame = verified_push(CALLBACK_UNIT, verifier->hw.HwUnitControl);
	SCSI_UNIT_CONTROL_STATUS answer = verifier->hw.HwUnitControl(extension, type, parameters);

	verified_pop(verifier, frame);
	return answer;
}

void verifier_attach(struct adapter *adapter)
{
	struct verifier *verifier = adapter->verifier;
	HW_INITIALIZATION_DATA *hw = &adapter->hw;

	verifier->adapter = adapter;
	verifier->hw = *hw;
	verifier_memory_watch(verifier);
	hw->HwFindAdapter = verified_find;
	hw->HwInitialize = verified_initialize;
	hw->HwStartIo = verified_start;
	hw->HwInterrupt = verified_interrupt;
	hw->HwResetBus = verified_reset;
	if (hw->HwBuildIo)
		hw->HwBuildIo = verified_build;
	if (hw->HwAdapterControl)
		hw->HwAdapterControl = verified_control;
	if (hw->HwUnitControl)
		hw->HwUnitControl = verified_unit;
}
