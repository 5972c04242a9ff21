/* SPDX-License-Identifier: MIT */
/*
 * What a simulated CPU does at its safe points.
 *
 * Interrupts above the current IRQL come first, highest level first and nested;
 * then, below IRQL_DISPATCH, DPCs and timers.
 */
#include "hba_sim/machine/cpu.h"

#include <sched.h>

#include "hba_sim/machine/delivery.h"
#include "hba_sim/machine/dpc.h"
#include "hba_sim/machine/timer.h"

_Thread_local struct sim_cpu *sim_cpu_current;

/* Where nothing can interrupt a waiting CPU the clock is read for the gap witness alone: now and then. */
#define SPINS_PER_STAMP 16

void sim_cpu_schedule(struct sim_cpu *cpu, uint64_t when)
{
	/* relaxed: the fence below orders it; see recompute_due */
	uint64_t due = atomic_load_explicit(&cpu->due, memory_order_relaxed);

	while (due > when &&
	       !atomic_compare_exchange_weak_explicit(&cpu->due, &due, when, memory_order_relaxed, memory_order_relaxed))
		;
}

/*
 * `due` from scratch.  A pin scheduled meanwhile by another CPU must not be
 * lost: that CPU writes the pin, fences (irq_pin_schedule) and then looks at
 * `due`; here `due` is written, then a fence, then the pins are read.
 */
void sim_cpu_recompute_due(struct sim_cpu *cpu)
{
	uint64_t next;

	/* relaxed: ordered by the fence */
	atomic_store_explicit(&cpu->due, SIM_NEVER, memory_order_relaxed);
	/* ORD cpu_due:A seq_cst fence, pairs with cpu_due:B and dpc_wake:A: one of the two sides sees the other's store. */
	atomic_thread_fence(memory_order_seq_cst);
	next = intc_next_due(cpu);
	/* relaxed: the CPU's own */
	if (cpu->dpc_head || sim_dpc_has_inbox(cpu) || atomic_load_explicit(&cpu->latched, memory_order_relaxed))
		next = 0;
	if (cpu->timers && sim_timer_next_due(cpu) < next)
		next = sim_timer_next_due(cpu);
	if (next != SIM_NEVER)
		sim_cpu_schedule(cpu, next);
}

static __attribute__((cold, noinline)) void tell_dispatched(struct sim_cpu *cpu, struct sim_dispatch_watch *watch, uint64_t begin)
{
	watch->over(watch, cpu, begin, stamp_now());
}

bool sim_cpu_run_dispatch_work(struct sim_cpu *cpu, uint64_t now)
{
	struct sim_dispatch_watch *watch;
	uint8_t interrupted;
	bool ran;

	if (sim_irql(cpu) >= IRQL_DISPATCH || cpu->dispatching)
		return false;
	if (!cpu->dpc_head && !sim_dpc_has_inbox(cpu) && sim_timer_next_due(cpu) > now)
		return false;
	cpu->dispatching = true;
	interrupted = delivery_begin_interrupt(cpu, IRQL_DISPATCH);
	ran = sim_dpc_drain(cpu);
	ran |= sim_timer_run_due(cpu, now);
	cpu->dispatching = false;
	/* relaxed: the CPU's own; an interrupt that sets it from here on is told of the next stretch */
	watch = atomic_load_explicit(&cpu->dispatch_watch, memory_order_relaxed);
	if (__builtin_expect(watch && ran, 0))
		tell_dispatched(cpu, watch, now);
	delivery_end_interrupt(cpu, interrupted);
	return ran;
}

void sim_cpu_take_all(struct sim_cpu *cpu)
{
	for (;;) {
		uint64_t now = stamp_now();

		sim_see(cpu, now);
		if (sim_cpu_due(cpu) > now)
			return;
		if (intc_take_one(cpu, now))
			continue;
		if (sim_cpu_run_dispatch_work(cpu, now))
			continue;
		sim_cpu_recompute_due(cpu);
		return;
	}
}

void sim_cpu_look(struct sim_cpu *cpu)
{
	if (cpu->delivery == SYNC_POLL)
		sim_cpu_take_all(cpu);
	else
		delivery_safe_point(cpu, stamp_now());
}

void sim_cpu_lowered(struct sim_cpu *cpu, uint8_t from)
{
	uint64_t now = stamp_now();

	sim_see(cpu, now);
	if (sim_cpu_due(cpu) > now)
		return;
	if (cpu->delivery == SYNC_POLL) {
		intc_note_open(cpu, from, sim_irql(cpu), now);
		sim_cpu_take_all(cpu);
	} else {
		delivery_lowered(cpu, from, now);
	}
}

void sim_cpu_restored(struct sim_cpu *cpu, uint8_t from)
{
	delivery_lowered(cpu, from, stamp_now());
}

/* Returns the number of them so far. */
static uint64_t count_spin(struct sim_cpu *cpu)
{
	/* relaxed: a counter with one writer */
	uint64_t relaxes = atomic_load_explicit(&cpu->relaxes, memory_order_relaxed);

	atomic_store_explicit(&cpu->relaxes, relaxes + 1, memory_order_relaxed);
	return relaxes + 1;
}

/* A safe point outside of sections, under a delivery by which interrupts arrive. */
static void look_around(struct sim_cpu *cpu, uint64_t now)
{
	sim_see(cpu, now);
	delivery_watch(cpu, now);
}

void sim_relax(struct sim_cpu *cpu)
{
	uint64_t spins = count_spin(cpu);

	if (cpu->yields)
		sched_yield();
	else
		__builtin_ia32_pause();
	if (cpu->delivery != SYNC_POLL)
		look_around(cpu, stamp_now());
	/* Nothing can interrupt at or above the highest line's level: the clock need not be read. */
	else if (sim_irql(cpu) < cpu->top_dirql && sim_cpu_due(cpu) != SIM_NEVER)
		sim_cpu_safe_point(cpu, stamp_now());
	else if (spins % SPINS_PER_STAMP == 0)
		sim_see(cpu, stamp_now());
}

void sim_idle(struct sim_cpu *cpu)
{
	if (cpu->yields)
		sched_yield();
	if (cpu->delivery != SYNC_POLL) {
		look_around(cpu, stamp_now());
	} else if (sim_cpu_due(cpu) != SIM_NEVER) {
		sim_cpu_safe_point(cpu, stamp_now());
	} else {
		sim_see(cpu, stamp_now());
		__builtin_ia32_pause();
	}
}

void sim_work(struct sim_cpu *cpu, uint64_t ticks)
{
	uint64_t now = stamp_now();
	uint64_t end = now + ticks;

	while (now < end) {
		if (cpu->delivery != SYNC_POLL)
			look_around(cpu, now);
		else
			sim_cpu_safe_point(cpu, now);
		now = stamp_now();
	}
}
