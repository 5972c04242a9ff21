/* SPDX-License-Identifier: MIT */
/*
 * StorPortSynchronizeAccess, the interrupt's way to the miniport, and the spin locks.
 *
 * The stamps are taken here, once for every back end: the routine and the ISR
 * are called through a trampoline that runs inside the exclusive section.
 *
 * Policies where the documentation is silent: in half duplex a call from
 * StartIo, timer or reset, which hold the interrupt lock already, goes straight
 * through.
 *
 * A back end that delegates runs a routine, and with it what it does to device
 * registers, on whichever CPU is inside: who is inside, and whose completions
 * and interrupts come of it, is that CPU's business, never the caller's.
 */
#include "hba_sim/port/port_internal.h"

#include <stddef.h>

#include "hba_sim/machine/delivery.h"
#include "hba_sim/port/verifier_hooks.h"

#define SPINS_BEFORE_SLEEP 4096

struct sync_call {
	struct adapter *adapter;
	unsigned requester; /* the calling CPU */
	PSTOR_SYNCHRONIZED_ACCESS routine;
	void *context;
	uint64_t stamp[4];
	uint64_t section;
	struct access_before before;
};

void port_lock_acquire(_Atomic(uint32_t) *lock, struct sim_cpu *cpu)
{
	unsigned spins = 0;

	/* ORD port_lock:A acquire, pairs with port_lock:B: hands over what the lock protects. */
	while (atomic_exchange_explicit(lock, 1, memory_order_acquire)) {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(lock, memory_order_relaxed)) {
			sim_relax(cpu);
			/* Its holder may sleep in the back end, on this very core. */
			if (++spins % SPINS_BEFORE_SLEEP == 0)
				sim_block_shortly(cpu);
		}
	}
}

void port_lock_release(_Atomic(uint32_t) *lock)
{
	/* ORD port_lock:B release, pairs with port_lock:A: see there. */
	atomic_store_explicit(lock, 0, memory_order_release);
}

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

/* Access begins for `me`, at `now`.  The counter is the executing CPU's, and only who has access writes one. */
static inline void enter_witnessed(struct adapter *adapter, struct port_lock *lock, uint32_t me, unsigned requester, uint64_t now,
				   struct access_before *before)
{
	if (witness_enter(&lock->witness, me, requester, now, before)) {
		_Atomic(uint64_t) *handoffs = &adapter_cpu_of(adapter, sim_cpu_self())->handoffs;

		/* relaxed: a counter, see above */
		atomic_store_explicit(handoffs, atomic_load_explicit(handoffs, memory_order_relaxed) + 1, memory_order_relaxed);
	}
}

/* As a caller to all of the adapter's locks; what was before is the first one's to say. */
static inline void enter_all_witnessed(struct adapter *adapter, uint32_t me, unsigned requester, uint64_t now,
				       struct access_before *before)
{
	struct access_before other;

	enter_witnessed(adapter, &adapter->lock[0], me, requester, now, before);
	for (unsigned i = 1; i < adapter->locks; i++)
		enter_witnessed(adapter, &adapter->lock[i], me, requester, now, &other);
}

static inline void leave_all_witnessed(struct adapter *adapter, uint32_t me, uint64_t now)
{
	for (unsigned i = adapter->locks; i--;)
		witness_leave(&adapter->lock[i].witness, me, now);
}

static inline void probe_inside(struct adapter *adapter)
{
	struct port_probe *probe = adapter->config.probe;

	if (__builtin_expect(probe && probe->inside, 0))
		probe->inside(probe, sim_cpu_self());
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
	enter_all_witnessed(adapter, me, call->requester, call->stamp[1], &call->before);
	probe_inside(adapter);
	answer = call->routine(extension, call->context);
	call->stamp[2] = stamp_now();
	if (adapter->config.section_ticks) {
		call->section = added_work(adapter, cpu, call->stamp[2]);
		call->stamp[2] += call->section;
	}
	/* A safe point while access is still held: an interrupt that the back end lets in here must find the gate. */
	sim_cpu_safe_point(cpu, call->stamp[2]);
	leave_all_witnessed(adapter, me, call->stamp[2]);
	sim_section_end(cpu);
	return answer;
}

/* The stamp of a call: what is due by now would have interrupted the caller before it got here. */
static inline uint64_t stamp_after_pending(struct sim_cpu *cpu)
{
	uint64_t now = stamp_now();

	if (__builtin_expect(sim_cpu_due(cpu) <= now, 0)) {
		sim_cpu_look(cpu);
		now = stamp_now();
	}
	sim_see(cpu, now);
	return now;
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

	call.stamp[0] = stamp_after_pending(cpu);
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
	enter_witnessed(adapter, vector->lock, me, cpu->serving_for, isr->event.entered, &isr->event.before);
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

	*isr = (struct port_isr){ .vector = vector, .event = *event };
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

/* A driver's lock handle is where the back end keeps what lives from enter to leave. */
_Static_assert(offsetof(STOR_LOCK_HANDLE, Context.LockQueue.Lock) - offsetof(STOR_LOCK_HANDLE, Context) ==
		       offsetof(struct sync_hold, word),
	       "a lock handle's queue node is a hold's");
_Static_assert(offsetof(STOR_LOCK_HANDLE, Context.OldIrql) - offsetof(STOR_LOCK_HANDLE, Context) ==
		       offsetof(struct sync_hold, irql),
	       "a lock handle's IRQL is a hold's");

static struct sync_hold *hold_of(PSTOR_LOCK_HANDLE handle)
{
	return (struct sync_hold *)&handle->Context;
}

/* `held` begins: `called` before the wait for it, which is over. */
static void note_held(struct sim_cpu *cpu, struct port_held *held, uint64_t called)
{
	held->called = called;
	held->entered = stamp_now();
	sim_see(cpu, held->entered);
	sim_note_waiting(&cpu->call_waits, false);
	sim_section_begin(cpu);
}

/* And is over, at `left`; still held. */
static uint64_t note_leaving(struct sim_cpu *cpu)
{
	uint64_t left = stamp_now();

	sim_cpu_safe_point(cpu, left);
	return left;
}

static void report_held(struct adapter *adapter, struct sim_cpu *cpu, const struct port_held *held, uint64_t left)
{
	struct port_probe *probe = adapter->config.probe;
	const uint64_t stamp[4] = { held->called, held->entered, left, stamp_now() };

	sim_see(cpu, stamp[3]);
	if (probe && probe->call)
		probe->call(probe, cpu, stamp, 0, &held->before);
}

static void acquire_interrupt_lock(struct adapter *adapter, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	struct port_held *held = &acpu->interrupt_lock;
	uint64_t called = stamp_after_pending(cpu);

	sim_note_waiting(&cpu->call_waits, true);
	adapter->backend->enter(adapter->lock[0].state, cpu, hold);
	for (unsigned i = 1; i < adapter->locks; i++)
		adapter->backend->enter(adapter->lock[i].state, cpu, &acpu->message_lock[i].hold);
	note_held(cpu, held, called);
	enter_all_witnessed(adapter, witness_identity(cpu->index, false), cpu->index, held->entered, &held->before);
	probe_inside(adapter);
}

static void release_interrupt_lock(struct adapter *adapter, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	/* As it was: once the level falls, another section may begin here. */
	const struct port_held held = acpu->interrupt_lock;
	uint64_t left = note_leaving(cpu);

	leave_all_witnessed(adapter, witness_identity(cpu->index, false), left);
	sim_section_end(cpu);
	for (unsigned i = adapter->locks; i-- > 1;)
		adapter->backend->leave(adapter->lock[i].state, cpu, &acpu->message_lock[i].hold);
	adapter->backend->leave(adapter->lock[0].state, cpu, hold);
	report_held(adapter, cpu, &held, left);
}

static _Atomic(uint32_t) *plain_lock(struct adapter *adapter, STOR_SPINLOCK which, PVOID context)
{
	if (which == StartIoLock)
		return &adapter->start_io_lock;
	return (_Atomic(uint32_t) *)&((PSTOR_DPC)context)->Lock;
}

void port_acquire_spin_lock(struct adapter *adapter, STOR_SPINLOCK which, void *context, PSTOR_LOCK_HANDLE handle)
{
	struct sim_cpu *cpu = sim_cpu_self();

	handle->Lock = which;
	handle->Context.LockQueue.Next = NULL;
	handle->Context.LockQueue.Lock = context;
	if (which == InterruptLock) {
		acquire_interrupt_lock(adapter, cpu, hold_of(handle));
		return;
	}
	handle->Context.OldIrql = sim_raise(cpu, sim_irql(cpu) > IRQL_DISPATCH ? sim_irql(cpu) : IRQL_DISPATCH);
	port_lock_acquire(plain_lock(adapter, which, context), cpu);
}

void port_release_spin_lock(struct adapter *adapter, PSTOR_LOCK_HANDLE handle)
{
	struct sim_cpu *cpu = sim_cpu_self();

	if (handle->Lock == InterruptLock) {
		release_interrupt_lock(adapter, cpu, hold_of(handle));
		return;
	}
	port_lock_release(plain_lock(adapter, handle->Lock, handle->Context.LockQueue.Lock));
	sim_lower(cpu, handle->Context.OldIrql);
}

VOID StorPortAcquireSpinLock(PVOID DeviceExtension, STOR_SPINLOCK SpinLock, PVOID LockContext, PSTOR_LOCK_HANDLE LockHandle)
{
	struct adapter *adapter = adapter_of(DeviceExtension);

	if (VERIFIED(adapter))
		verifier_acquire(adapter, SpinLock, LockContext, LockHandle, VERIFIED_CALLER);
	else
		port_acquire_spin_lock(adapter, SpinLock, LockContext, LockHandle);
}

VOID StorPortReleaseSpinLock(PVOID DeviceExtension, PSTOR_LOCK_HANDLE LockHandle)
{
	struct adapter *adapter = adapter_of(DeviceExtension);

	if (VERIFIED(adapter))
		verifier_release(adapter, LockHandle, VERIFIED_CALLER);
	else
		port_release_spin_lock(adapter, LockHandle);
}

/*
 * Message spin locks are legal in per-message mode alone.  From a message's
 * routine another message's lock may be taken; a back end whose ISR takes no lock waits
 * there until no ISR is under way, its own included, and so cannot.
 */
static struct port_lock *message_lock(const struct adapter *adapter, ULONG message)
{
	if (!port_has_lock_per_message(adapter) || message >= adapter->locks)
		return NULL;
	return adapter->vector[message].lock;
}

ULONG port_acquire_message(struct adapter *adapter, ULONG message, PULONG old_irql)
{
	struct port_lock *lock = message_lock(adapter, message);
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_held *held;
	uint64_t called;

	if (!lock || !old_irql)
		return STOR_STATUS_INVALID_PARAMETER;
	held = &adapter_cpu_of(adapter, cpu)->message_lock[message];
	called = stamp_after_pending(cpu);
	sim_note_waiting(&cpu->call_waits, true);
	adapter->backend->enter(lock->state, cpu, &held->hold);
	note_held(cpu, held, called);
	enter_witnessed(adapter, lock, witness_identity(cpu->index, false), cpu->index, held->entered, &held->before);
	probe_inside(adapter);
	*old_irql = held->hold.irql;
	return STOR_STATUS_SUCCESS;
}

ULONG port_release_message(struct adapter *adapter, ULONG message, ULONG old_irql)
{
	struct port_lock *lock = message_lock(adapter, message);
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_held held;
	struct sync_hold *hold;
	uint64_t left;

	if (!lock || old_irql > IRQL_HIGH)
		return STOR_STATUS_INVALID_PARAMETER;
	/* As it was; the hold itself may be a queue's node and stays where it is. */
	held = adapter_cpu_of(adapter, cpu)->message_lock[message];
	hold = &adapter_cpu_of(adapter, cpu)->message_lock[message].hold;
	left = note_leaving(cpu);
	witness_leave(&lock->witness, witness_identity(cpu->index, false), left);
	sim_section_end(cpu);
	hold->irql = (uint8_t)old_irql;
	adapter->backend->leave(lock->state, cpu, hold);
	report_held(adapter, cpu, &held, left);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortAcquireMSISpinLock(PVOID HwDeviceExtension, ULONG MessageId, PULONG OldIrql)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	return VERIFIED(adapter) ? verifier_acquire_message(adapter, MessageId, OldIrql, VERIFIED_CALLER) :
				   port_acquire_message(adapter, MessageId, OldIrql);
}

ULONG StorPortReleaseMSISpinLock(PVOID HwDeviceExtension, ULONG MessageId, ULONG OldIrql)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	return VERIFIED(adapter) ? verifier_release_message(adapter, MessageId, OldIrql, VERIFIED_CALLER) :
				   port_release_message(adapter, MessageId, OldIrql);
}
