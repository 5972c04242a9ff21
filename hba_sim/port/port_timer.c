/* SPDX-License-Identifier: MIT */
/*
 * The timers that a miniport makes beside the adapter's own one.
 *
 * Policy: the routine holds what HwStorTimer's does, StartIo's lock and in half
 * duplex the interrupt lock; a tolerable delay is not made use of.
 *
 * Source: Microsoft's public DDI reference, StorPortInitializeTimer,
 * StorPortRequestTimer and StorPortFreeTimer.
 */
#include <stdlib.h>

#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

/* Only its own CPU touches a timer: one a CPU, and the last request, on whichever, is the one that counts. */
struct port_timer_cpu {
	struct sim_timer timer;
	struct port_timer *owner;
	uint64_t generation;
};

struct port_timer {
	struct adapter *adapter;
	struct port_timer *next; /* of the adapter */
	_Atomic(bool) freed;
	_Atomic(uint64_t) armed; /* generation of the request that is under way, 0: none */
	_Atomic(uint64_t) generation;
	PHW_TIMER_EX routine;
	PVOID context;
	struct port_timer_cpu cpu[];
};

/* Decided under the locks that a callback holds when it cancels. */
static BOOLEAN call_unless_void(PVOID extension, PVOID at)
{
	const struct port_timer_cpu *of = at;
	struct port_timer *timer = of->owner;
	uint64_t generation = of->generation;
	PHW_TIMER_EX routine = timer->routine;
	PVOID context = timer->context;

	/* ORD port_timer:B acq_rel, pairs with port_timer:A: what was requested, and it can be requested anew from here on. */
	if (!atomic_compare_exchange_strong_explicit(&timer->armed, &generation, 0, memory_order_acq_rel, memory_order_relaxed))
		return TRUE;
	if (VERIFIED(timer->adapter))
		verifier_run_timer(timer->adapter, routine, context);
	else
		routine(extension, context);
	return TRUE;
}

static void fired(void *context)
{
	struct port_timer_cpu *of = context;

	port_run_serialized(of->owner->adapter, sim_cpu_self(), call_unless_void, of);
}

ULONG StorPortInitializeTimer(PVOID HwDeviceExtension, PVOID *TimerHandle)
{
	struct adapter *adapter;
	struct port_timer *timer;

	VERIFY_CALL(HwDeviceExtension, CALL_INITIALIZE_TIMER);
	if (!HwDeviceExtension || !TimerHandle)
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	adapter = adapter_of(HwDeviceExtension);
	timer = calloc(1, sizeof(*timer) + adapter->machine->cpus * sizeof(timer->cpu[0]));
	if (!timer)
		return STOR_STATUS_INSUFFICIENT_RESOURCES;
	timer->adapter = adapter;
	for (unsigned c = 0; c < adapter->machine->cpus; c++) {
		timer->cpu[c].owner = timer;
		sim_timer_init(&timer->cpu[c].timer, fired, &timer->cpu[c]);
	}
	/* relaxed: the exchange decides */
	timer->next = atomic_load_explicit(&adapter->timers, memory_order_relaxed);
	/* ORD port_timers:A release, pairs with port_timers:B: the timer is complete. */
	while (!atomic_compare_exchange_weak_explicit(&adapter->timers, &timer->next, timer, memory_order_release,
						      memory_order_relaxed))
		;
	*TimerHandle = timer;
	return STOR_STATUS_SUCCESS;
}

/* One of the adapter's, and not freed. */
static struct port_timer *find_timer(struct adapter *adapter, PVOID handle)
{
	/* ORD port_timers:B acquire, pairs with port_timers:A: see there. */
	struct port_timer *timer = atomic_load_explicit(&adapter->timers, memory_order_acquire);

	while (timer && timer != handle)
		timer = timer->next;
	return timer;
}

static bool is_freed(const struct port_timer *timer)
{
	/* relaxed: who frees a timer does not use it meanwhile */
	return atomic_load_explicit(&timer->freed, memory_order_relaxed);
}

ULONG StorPortRequestTimer(PVOID HwDeviceExtension, PVOID TimerHandle, PHW_TIMER_EX TimerCallback, PVOID CallbackContext,
			   ULONGLONG TimerValue, ULONGLONG TolerableDelay)
{
	struct sim_cpu *cpu = sim_cpu_self();
	struct port_timer *timer;
	uint64_t generation;
	uint64_t none = 0;

	if (!HwDeviceExtension || !TimerHandle || !TimerCallback)
		return STOR_STATUS_INVALID_PARAMETER;
	timer = find_timer(adapter_of(HwDeviceExtension), TimerHandle);
	if (!timer || is_freed(timer))
		return STOR_STATUS_INVALID_PARAMETER;
	if (!TimerValue) {
		/* relaxed: what it cancels is told apart by its number */
		atomic_store_explicit(&timer->armed, 0, memory_order_relaxed);
		return STOR_STATUS_SUCCESS;
	}
	if (VERIFIED(timer->adapter) && !verifier_request_timer(timer->adapter, VERIFIED_CALLER))
		return STOR_STATUS_SUCCESS;
	/* relaxed, both: numbers; a request that is under way stands */
	generation = atomic_fetch_add_explicit(&timer->generation, 1, memory_order_relaxed) + 1;
	/* ORD port_timer:A acq_rel, pairs with port_timer:B: the routine before has been read. */
	if (!atomic_compare_exchange_strong_explicit(&timer->armed, &none, generation, memory_order_acq_rel, memory_order_relaxed))
		return STOR_STATUS_BUSY;
	timer->routine = TimerCallback;
	timer->context = CallbackContext;
	timer->cpu[cpu->index].generation = generation;
	sim_timer_arm(cpu, &timer->cpu[cpu->index].timer, stamp_now() + port_ticks_of_us(timer->adapter, TimerValue));
	return STOR_STATUS_SUCCESS;
}

/* Its memory stays until the adapter goes: another CPU may still have it armed. */
ULONG StorPortFreeTimer(PVOID HwDeviceExtension, PVOID TimerHandle)
{
	struct port_timer *timer;

	VERIFY_CALL(HwDeviceExtension, CALL_FREE_TIMER);
	if (!HwDeviceExtension || !TimerHandle)
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	timer = find_timer(adapter_of(HwDeviceExtension), TimerHandle);
	/* relaxed: see is_freed */
	if (!timer || atomic_exchange_explicit(&timer->freed, true, memory_order_relaxed))
		return STOR_STATUS_UNSUCCESSFUL;
	/* relaxed: as when it is cancelled */
	atomic_store_explicit(&timer->armed, 0, memory_order_relaxed);
	return STOR_STATUS_SUCCESS;
}

void port_timers_for_armed(struct adapter *adapter, void (*visit)(struct adapter *adapter, PHW_TIMER_EX routine))
{
	/* relaxed, both: nobody uses them any more */
	struct port_timer *timer = atomic_load_explicit(&adapter->timers, memory_order_relaxed);

	for (; timer; timer = timer->next)
		if (atomic_load_explicit(&timer->armed, memory_order_relaxed))
			visit(adapter, timer->routine);
}

void port_timers_free(struct adapter *adapter)
{
	/* relaxed: nobody uses them any more */
	struct port_timer *timer = atomic_load_explicit(&adapter->timers, memory_order_relaxed);

	while (timer) {
		struct port_timer *next = timer->next;

		for (unsigned c = 0; c < adapter->machine->cpus; c++)
			sim_timer_cancel(&timer->cpu[c].timer);
		free(timer);
		timer = next;
	}
	atomic_store_explicit(&adapter->timers, NULL, memory_order_relaxed);
}
