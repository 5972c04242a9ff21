/* SPDX-License-Identifier: MIT */
/*
 * Timers beyond the adapter's one: StorPortInitializeTimer and its relatives.
 *
 * A timer runs on the CPU that requested it.  Only that CPU's thread touches its list of timers, and so a timer has
 * a part for each CPU; a request is cancelled by a word that its part finds changed when it runs.
 *
 * Policies: a timer holds the locks that HwStorTimer holds; it is on time, however large the tolerable delay.
 */
#include <stdlib.h>

#include "hba_sim/port/port_internal.h"

#define IDLE 0 /* no request */

struct timer_part {
	struct sim_timer timer;
	struct port_timer *owner;
	uint64_t request;
	PHW_TIMER_EX routine;
	PVOID context;
};

struct port_timer {
	struct adapter *adapter;
	struct port_timer *next; /* of the adapter's; they go with it */
	_Atomic(uint32_t) used;
	_Atomic(uint64_t) request; /* the one to be served, or IDLE */
	_Atomic(uint64_t) requests;
	struct timer_part part[]; /* by CPU */
};

/* Decided under the locks that a callback holds when it cancels: what it cancelled does not come after that. */
static BOOLEAN serve(PVOID extension, PVOID context)
{
	struct timer_part *part = context;
	uint64_t request = part->request;

	/* relaxed: the part is this CPU's own; who cancels under the same locks is ordered by them */
	if (atomic_compare_exchange_strong_explicit(&part->owner->request, &request, IDLE, memory_order_relaxed,
						    memory_order_relaxed))
		part->routine(extension, part->context);
	return TRUE;
}

static BOOLEAN serve_under_lock(PVOID extension, PVOID context)
{
	struct timer_part *part = context;
	/* Not always the CPU whose timer it is. */
	struct adapter_cpu *runner = adapter_cpu_of(part->owner->adapter, sim_cpu_self());

	runner->holds_interrupt_lock = true;
	serve(extension, part);
	runner->holds_interrupt_lock = false;
	return TRUE;
}

/* At IRQL_DISPATCH. */
static void fired(void *context)
{
	struct timer_part *part = context;
	struct adapter *adapter = part->owner->adapter;
	struct sim_cpu *cpu = sim_cpu_self();

	port_lock_acquire(&adapter->start_io_lock, cpu);
	if (adapter->config.half_duplex)
		port_run_under_interrupt_lock(adapter, cpu, serve_under_lock, part);
	else
		serve(adapter->extension, part);
	port_lock_release(&adapter->start_io_lock);
}

static struct port_timer *create(struct adapter *adapter)
{
	unsigned cpus = adapter->machine->cpus;
	struct port_timer *timer = calloc(1, sizeof(*timer) + cpus * sizeof(timer->part[0]));

	if (!timer)
		return NULL;
	timer->adapter = adapter;
	for (unsigned c = 0; c < cpus; c++) {
		timer->part[c].owner = timer;
		sim_timer_init(&timer->part[c].timer, fired, &timer->part[c]);
	}
	return timer;
}

ULONG StorPortInitializeTimer(PVOID HwDeviceExtension, PVOID *TimerHandle)
{
	struct port_timer *timer;
	struct adapter *adapter;
	struct sim_cpu *cpu;
	uint8_t irql;

	if (!HwDeviceExtension || !TimerHandle)
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	adapter = adapter_of(HwDeviceExtension);
	timer = create(adapter);
	if (!timer)
		return STOR_STATUS_INSUFFICIENT_RESOURCES;
	/* relaxed: nobody knows it yet */
	atomic_store_explicit(&timer->used, 1, memory_order_relaxed);
	cpu = sim_cpu_self();
	irql = sim_raise(cpu, IRQL_HIGH);
	port_lock_acquire(&adapter->timers_lock, cpu);
	timer->next = adapter->timers;
	adapter->timers = timer;
	port_lock_release(&adapter->timers_lock);
	sim_restore(cpu, irql);
	*TimerHandle = timer;
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortRequestTimer(PVOID HwDeviceExtension, PVOID TimerHandle, PHW_TIMER_EX TimerCallback, PVOID CallbackContext,
			   ULONGLONG TimerValue, ULONGLONG TolerableDelay)
{
	struct port_timer *timer = TimerHandle;
	struct sim_cpu *cpu = sim_cpu_self();
	struct timer_part *part;
	uint64_t request;
	uint64_t idle = IDLE;
	uint8_t irql;

	/* relaxed, as below: a timer is the driver's to order */
	if (!HwDeviceExtension || !timer || (TimerValue && !TimerCallback) ||
	    !atomic_load_explicit(&timer->used, memory_order_relaxed))
		return STOR_STATUS_INVALID_PARAMETER;
	if (!TimerValue) {
		atomic_store_explicit(&timer->request, IDLE, memory_order_relaxed);
		return STOR_STATUS_SUCCESS;
	}
	part = &timer->part[cpu->index];
	request = atomic_fetch_add_explicit(&timer->requests, 1, memory_order_relaxed) + 1;
	irql = sim_raise(cpu, IRQL_HIGH);
	if (!atomic_compare_exchange_strong_explicit(&timer->request, &idle, request, memory_order_relaxed,
						     memory_order_relaxed)) {
		sim_restore(cpu, irql);
		return STOR_STATUS_BUSY;
	}
	part->request = request;
	part->routine = TimerCallback;
	part->context = CallbackContext;
	sim_timer_arm(cpu, &part->timer, stamp_now() + port_ticks_of_us(timer->adapter, TimerValue));
	sim_restore(cpu, irql);
	return STOR_STATUS_SUCCESS;
}

ULONG StorPortFreeTimer(PVOID HwDeviceExtension, PVOID TimerHandle)
{
	struct port_timer *timer = TimerHandle;

	if (!HwDeviceExtension || !timer)
		return STOR_STATUS_INVALID_PARAMETER;
	if (KeGetCurrentIrql() > DISPATCH_LEVEL)
		return STOR_STATUS_INVALID_IRQL;
	/* relaxed: see StorPortRequestTimer; the memory stays, another CPU may have the part on its list */
	if (!atomic_exchange_explicit(&timer->used, 0, memory_order_relaxed))
		return STOR_STATUS_UNSUCCESSFUL;
	atomic_store_explicit(&timer->request, IDLE, memory_order_relaxed);
	return STOR_STATUS_SUCCESS;
}

void port_timers_free(struct adapter *adapter)
{
	while (adapter->timers) {
		struct port_timer *timer = adapter->timers;

		adapter->timers = timer->next;
		for (unsigned c = 0; c < adapter->machine->cpus; c++)
			sim_timer_cancel(&timer->part[c].timer);
		free(timer);
	}
}
