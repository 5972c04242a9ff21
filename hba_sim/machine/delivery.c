/* SPDX-License-Identifier: MIT */
/* Noticing what is due, and what both asynchronous deliveries share; see delivery.h. */
#include "hba_sim/machine/delivery.h"

#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/machine.h"
#include "hba_sim/machine/timer.h"

_Thread_local unsigned delivery_context;
_Thread_local uint8_t delivery_interrupted;

int sim_cpu_start_delivery(struct sim_cpu *cpu)
{
	switch (cpu->delivery) {
	case SYNC_SIGNAL:
		return delivery_signal_start(cpu);
	case SYNC_THREAD:
		return delivery_thread_start(cpu);
	default:
		return 0;
	}
}

void sim_cpu_stop_delivery(struct sim_cpu *cpu)
{
	if (cpu->delivery == SYNC_SIGNAL)
		delivery_signal_stop(cpu);
	else if (cpu->delivery == SYNC_THREAD)
		delivery_thread_stop(cpu);
}

void delivery_count_arrival(struct sim_cpu *cpu)
{
	struct delivery_state *state = &cpu->arriving;
	/* relaxed, all of it: counters.  Added to in one go, as another arrival may interrupt this one. */
	atomic_fetch_add_explicit(&state->arrivals, 1, memory_order_relaxed);
	if (atomic_load_explicit(&cpu->in_section, memory_order_relaxed))
		atomic_fetch_add_explicit(&state->landed, 1, memory_order_relaxed);
}

static void raise_deliverable(struct sim_cpu *victim, uint64_t now)
{
	struct sim_machine *machine = victim->machine;

	for (unsigned i = 0; i < machine->lines; i++) {
		struct irq_line *line = machine->line[i];

		if (!intc_is_deliverable(victim, line, now))
			continue;
		if (victim->delivery == SYNC_THREAD)
			delivery_thread_raise(victim, line);
		/* relaxed: a glance */
		else if (!atomic_load_explicit(&victim->pin[line->index].latched, memory_order_relaxed))
			delivery_signal_raise(victim);
	}
}

/*
 * Interrupts the victim for what is due there, unless that is under way already.
 * It must not be interrupted half-way by an ISR that waits for the victim: that
 * one would wait for ever for the rest of this.
 */
static void deliver(struct sim_cpu *victim, uint64_t now)
{
	struct sim_cpu *self = sim_cpu_self();
	uint8_t irql;

	if (!self || self == victim) {
		raise_deliverable(victim, now);
		return;
	}
	irql = sim_raise(self, IRQL_HIGH);
	raise_deliverable(victim, now);
	sim_restore(self, irql);
}

static bool watches_itself(const struct sim_machine *machine)
{
	return machine->cpus == 1 && !machine->has_raiser;
}

void delivery_safe_point(struct sim_cpu *cpu, uint64_t now)
{
	struct sim_machine *machine = cpu->machine;
	uint64_t overdue = now > machine->overdue_ticks ? now - machine->overdue_ticks : 0;

	if (sim_cpu_due(cpu) > now)
		return;
	/* relaxed: the CPU's own */
	if (atomic_load_explicit(&cpu->latched, memory_order_relaxed) || cpu->dpc_head || sim_dpc_has_inbox(cpu) ||
	    sim_timer_next_due(cpu) <= now)
		delivery_lowered(cpu, sim_irql(cpu), now);
	if (watches_itself(machine) || intc_next_due(cpu) <= overdue)
		deliver(cpu, now);
}

void delivery_watch(struct sim_cpu *cpu, uint64_t now)
{
	struct sim_machine *machine = cpu->machine;
	struct sim_cpu *victim;

	delivery_safe_point(cpu, now);
	if (machine->has_raiser || machine->cpus == 1)
		return;
	victim = &machine->cpu[cpu->index + 1 < machine->cpus ? cpu->index + 1 : 0];
	if (sim_cpu_due(victim) <= now)
		deliver(victim, now);
}

void sim_raise_due(struct sim_machine *machine)
{
	for (unsigned c = 0; c < machine->cpus; c++) {
		uint64_t now = stamp_now();

		if (sim_cpu_due(&machine->cpu[c]) <= now)
			deliver(&machine->cpu[c], now);
	}
}

/* As an inter-processor interrupt does: what the level keeps out is found when that falls, as something is due. */
void delivery_call(struct sim_cpu *target)
{
	if (target->delivery == SYNC_SIGNAL)
		delivery_signal_raise(target);
	else if (target->delivery == SYNC_THREAD)
		delivery_thread_call(target);
}

void delivery_lowered(struct sim_cpu *cpu, uint8_t from, uint64_t now)
{
	if (cpu->delivery == SYNC_THREAD)
		delivery_thread_lowered(cpu, from, now);
	else
		delivery_signal_lowered(cpu, from, now);
}
