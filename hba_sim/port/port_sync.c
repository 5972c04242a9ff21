/* SPDX-License-Identifier: MIT */
/*
 * StorPortSynchronizeAccess, and the interrupt's way to the miniport.
 *
 * The stamps are taken here, once for every back end: the routine and the ISR
 * are called through a trampoline that runs inside the exclusive section.
 *
 * Policies where the documentation is silent: in half duplex a call from
 * StartIo, timer or reset, which hold the interrupt lock already, goes straight
 * through.  There HwStorStartIo holds that lock alone, and StartIoLock, which has to
 * keep HwStorStartIo out, takes it as well; an InterruptLock that follows is held with it.
 *
 * A back end that delegates runs a routine, and with it what it does to device
 * registers, on whichever CPU is inside: who is inside, and whose completions
 * and interrupts come of it, is that CPU's business, never the caller's.
 */
#include "hba_sim/port/port_access.h"

#include "hba_sim/machine/delivery.h"
#include "hba_sim/port/verifier_hooks.h"

struct sync_call {
	struct adapter *adapter;
	unsigned requester; /* the calling CPU */
	PSTOR_SYNCHRONIZED_ACCESS routine;
	void *context;
	uint64_t stamp[4];
	uint64_t section;
	struct access_before before;
};

/* The work that a cell adds to the section; returns the ticks that it took. */
static inline uint64_t added_work(struct adapter *adapter, struct sim_cpu *cpu, uint64_t from)
{
	uint64_t now = from;

	while (now - from < adapter->config.section_ticks) {
		sim_cpu_safe_point(cpu, now);
		now = stamp_now();
	}
	return now - from;
}

static unsigned char call_trampoline(void *extension, void *context)
{
	struct sync_call *call = context;
	struct adapter *adapter = call->adapter;
	/* Of a back end that has another CPU run it, that one. */
	struct sim_cpu *cpu = sim_cpu_self();
	uint32_t me = witness_identity(cpu->index, false);
	BOOLEAN answer;

	sim_section_begin(cpu);
	call->stamp[1] = stamp_now();
	sim_see(cpu, call->stamp[1]);
	/* Of another CPU's call, that CPU's line is left alone: it counts as waiting until it is back. */
	if (cpu->index == call->requester)
		sim_note_waiting(&cpu->call_waits, false);
	port_enter_all_witnessed(adapter, me, call->requester, call->stamp[1], &call->before);
	port_probe_inside(adapter);
	answer = call->routine(extension, call->context);
	call->stamp[2] = stamp_now();
	if (adapter->config.section_ticks) {
		call->section = added_work(adapter, cpu, call->stamp[2]);
		call->stamp[2] += call->section;
	}
	/* A safe point while access is still held: an interrupt that the back end lets in here must find the gate. */
	sim_cpu_safe_point(cpu, call->stamp[2]);
	port_leave_all_witnessed(adapter, me, call->stamp[2]);
	sim_section_end(cpu);
	return answer;
}

/* With a lock a message, all of them in ascending order: as documented of InterruptLock. */
static __attribute__((noinline)) BOOLEAN synchronize_all(struct adapter *adapter, struct sim_cpu *cpu, struct sync_call *call)
{
	struct sync_hold hold[SIM_LINES_MAX];
	BOOLEAN answer;

	for (unsigned i = 0; i < adapter->locks; i++)
		adapter->backend->enter(adapter->lock[i].state, cpu, &hold[i]);
	answer = call_trampoline(adapter->extension, call);
	for (unsigned i = adapter->locks; i--;)
		adapter->backend->leave(adapter->lock[i].state, cpu, &hold[i]);
	return answer;
}

/* A stamped call through the back end. */
static BOOLEAN synchronized_call(struct adapter *adapter, struct sim_cpu *cpu, PSTOR_SYNCHRONIZED_ACCESS routine, void *context)
{
	struct sync_call call = { .adapter = adapter, .requester = cpu->index, .routine = routine, .context = context };
	struct port_probe *probe = adapter->config.probe;
	BOOLEAN answer;

	call.stamp[0] = port_stamp_after_pending(cpu);
	sim_note_waiting(&cpu->call_waits, true);
	if (__builtin_expect(adapter->locks == 1, 1))
		answer = adapter->backend->synchronize(adapter->lock[0].state, cpu, call_trampoline, adapter->extension, &call);
	else
		answer = synchronize_all(adapter, cpu, &call);
	call.stamp[3] = stamp_now();
	sim_see(cpu, call.stamp[3]);
	sim_note_waiting(&cpu->call_waits, false);
	if (probe && probe->call)
		probe->call(probe, cpu, call.stamp, call.section, &call.before);
	return answer;
}

BOOLEAN port_run_under_interrupt_lock(struct adapter *adapter, struct sim_cpu *cpu, PSTOR_SYNCHRONIZED_ACCESS routine,
				      void *context)
{
	return synchronized_call(adapter, cpu, routine, context);
}

BOOLEAN StorPortSynchronizeAccess(PVOID HwDeviceExtension, PSTOR_SYNCHRONIZED_ACCESS SynchronizedAccessRoutine, PVOID Context)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);
	struct sim_cpu *cpu = sim_cpu_self();

	if (VERIFIED(adapter))
		return verifier_synchronize(adapter, SynchronizedAccessRoutine, Context, VERIFIED_CALLER);
	if (adapter_cpu_of(adapter, cpu)->holds_interrupt_lock)
		return SynchronizedAccessRoutine(HwDeviceExtension, Context);
	return synchronized_call(adapter, cpu, SynchronizedAccessRoutine, Context);
}

static unsigned char isr_trampoline(void *extension, uint32_t message)
{
	struct port_isr *isr = extension;
	const struct port_vector *vector = isr->vector;
	struct adapter *adapter = vector->adapter;
	struct sim_cpu *cpu = sim_cpu_self();
	uint32_t me = witness_identity(cpu->index, true);
	uint64_t left;
	BOOLEAN answer;

	isr->event.entered = stamp_now();
	sim_see(cpu, isr->event.entered);
	sim_note_waiting(&cpu->isr_waits, false);
	port_enter_witnessed(adapter, vector->lock, me, cpu->serving_for, isr->event.entered, &isr->event.before);
	answer = adapter->uses_messages ? adapter->port_config.HwMSInterruptRoutine(adapter->extension, message) :
					  adapter->hw.HwInterrupt(adapter->extension);
	left = stamp_now();
	/* Before access is released: who waited for it looks for gaps when it has it. */
	sim_see(cpu, left);
	witness_leave(&vector->lock->witness, me, left);
	return answer;
}

static void nest_isr(struct sim_cpu *cpu, int by)
{
	/* relaxed: one writer; others read it for a dump */
	uint32_t depth = atomic_load_explicit(&cpu->in_isr, memory_order_relaxed);

	atomic_store_explicit(&cpu->in_isr, depth + (uint32_t)by, memory_order_relaxed);
}

static void report_interrupt(struct adapter *adapter, struct sim_cpu *cpu, struct irq_event *event, bool spun)
{
	struct port_probe *probe = adapter->config.probe;

	event->left = stamp_now();
	sim_see(cpu, event->left);
	event->spun = spun;
	if (probe && probe->interrupt)
		probe->interrupt(probe, cpu, event);
}

int port_interrupt(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	const struct port_vector *vector = context;
	struct adapter *adapter = vector->adapter;
	struct port_isr *isr = &adapter_cpu_of(adapter, cpu)->isr[vector->message];
	/* relaxed: the CPU's own counter */
	uint64_t relaxes = atomic_load_explicit(&cpu->relaxes, memory_order_relaxed);
	int answer;

	isr->vector = vector;
	irq_event_begin(&isr->event, event);
	nest_isr(cpu, 1);
	sim_note_waiting(&cpu->isr_waits, true);
	answer = adapter->backend->service(vector->lock->state, cpu, isr_trampoline, isr, vector->message);
	sim_note_waiting(&cpu->isr_waits, false);
	nest_isr(cpu, -1);
	if (answer >= 0)
		report_interrupt(adapter, cpu, &isr->event,
				 atomic_load_explicit(&cpu->relaxes, memory_order_relaxed) != relaxes);
	return answer;
}

/* The ISR of CPU `target` was run by this one, which had access: it waited for that, and not in vain. */
void port_handed_over_done(void *context, struct sim_cpu *cpu, unsigned target, unsigned char answer)
{
	const struct port_vector *vector = context;
	struct adapter *adapter = vector->adapter;

	report_interrupt(adapter, cpu, &adapter->cpu[target].isr[vector->message].event, true);
}
