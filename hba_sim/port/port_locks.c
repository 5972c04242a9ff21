/* SPDX-License-Identifier: MIT */
/*
 * Locks that drivers take by name: StorPortAcquireSpinLock, StorPortAcquireMSISpinLock; and the port's own.
 *
 * The stamps of the interrupt lock are taken here, as those of a synchronized call are in port_sync.c.
 */
#include <stddef.h>

#include "hba_sim/machine/delivery.h"
#include "hba_sim/port/port_access.h"
#include "hba_sim/port/verifier_hooks.h"

#define SPINS_BEFORE_SLEEP 4096

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
	uint64_t called = port_stamp_after_pending(cpu);

	sim_note_waiting(&cpu->call_waits, true);
	adapter->backend->enter(adapter->lock[0].state, cpu, hold);
	for (unsigned i = 1; i < adapter->locks; i++)
		adapter->backend->enter(adapter->lock[i].state, cpu, &acpu->message_lock[i].hold);
	note_held(cpu, held, called);
	port_enter_all_witnessed(adapter, witness_identity(cpu->index, false), cpu->index, held->entered, &held->before);
	port_probe_inside(adapter);
}

static void release_interrupt_lock(struct adapter *adapter, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	/* As it was: once the level falls, another section may begin here. */
	const struct port_held held = acpu->interrupt_lock;
	uint64_t left = note_leaving(cpu);

	port_leave_all_witnessed(adapter, witness_identity(cpu->index, false), left);
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

/* In half duplex, with StartIo's lock: see the policy in port_sync.c. */
static void keep_starts_out(struct adapter *adapter, struct sim_cpu *cpu)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);

	acquire_interrupt_lock(adapter, cpu, &acpu->starts_hold);
	acpu->nests_interrupt_lock = true;
	acpu->holds_interrupt_lock = true;
}

static void let_starts_in(struct adapter *adapter, struct sim_cpu *cpu)
{
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);

	acpu->holds_interrupt_lock = false;
	acpu->nests_interrupt_lock = false;
	release_interrupt_lock(adapter, cpu, &acpu->starts_hold);
}

void port_acquire_spin_lock(struct adapter *adapter, STOR_SPINLOCK which, void *context, PSTOR_LOCK_HANDLE handle)
{
	struct sim_cpu *cpu = sim_cpu_self();

	handle->Lock = which;
	handle->Context.LockQueue.Next = NULL;
	handle->Context.LockQueue.Lock = context;
	if (which == InterruptLock && adapter_cpu_of(adapter, cpu)->nests_interrupt_lock) {
		handle->Lock = InvalidLock; /* its release is none either */
		handle->Context.OldIrql = sim_irql(cpu);
		return;
	}
	if (which == InterruptLock) {
		acquire_interrupt_lock(adapter, cpu, hold_of(handle));
		return;
	}
	handle->Context.OldIrql = sim_raise(cpu, sim_irql(cpu) > IRQL_DISPATCH ? sim_irql(cpu) : IRQL_DISPATCH);
	port_lock_acquire(plain_lock(adapter, which, context), cpu);
	if (which == StartIoLock && adapter->config.half_duplex)
		keep_starts_out(adapter, cpu);
}

void port_release_spin_lock(struct adapter *adapter, PSTOR_LOCK_HANDLE handle)
{
	struct sim_cpu *cpu = sim_cpu_self();

	if (handle->Lock == InterruptLock) {
		release_interrupt_lock(adapter, cpu, hold_of(handle));
		return;
	}
	if (handle->Lock == InvalidLock)
		return;
	if (handle->Lock == StartIoLock && adapter->config.half_duplex)
		let_starts_in(adapter, cpu);
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
	called = port_stamp_after_pending(cpu);
	sim_note_waiting(&cpu->call_waits, true);
	adapter->backend->enter(lock->state, cpu, &held->hold);
	note_held(cpu, held, called);
	port_enter_witnessed(adapter, lock, witness_identity(cpu->index, false), cpu->index, held->entered, &held->before);
	port_probe_inside(adapter);
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
	struct adapter *adapter;

	if (!HwDeviceExtension)
		return STOR_STATUS_INVALID_PARAMETER;
	adapter = adapter_of(HwDeviceExtension);
	return VERIFIED(adapter) ? verifier_acquire_message(adapter, MessageId, OldIrql, VERIFIED_CALLER) :
				   port_acquire_message(adapter, MessageId, OldIrql);
}

ULONG StorPortReleaseMSISpinLock(PVOID HwDeviceExtension, ULONG MessageId, ULONG OldIrql)
{
	struct adapter *adapter;

	if (!HwDeviceExtension)
		return STOR_STATUS_INVALID_PARAMETER;
	adapter = adapter_of(HwDeviceExtension);
	return VERIFIED(adapter) ? verifier_release_message(adapter, MessageId, OldIrql, VERIFIED_CALLER) :
				   port_release_message(adapter, MessageId, OldIrql);
}
