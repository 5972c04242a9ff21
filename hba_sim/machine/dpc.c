/* SPDX-License-Identifier: MIT */
/* DPC queues; see dpc.h. */
#include "hba_sim/machine/dpc.h"

#include "hba_sim/machine/cpu.h"
#include "hba_sim/machine/delivery.h"

void sim_dpc_init(struct sim_dpc *dpc, sim_dpc_routine *routine, void *context)
{
	dpc->routine = routine;
	dpc->context = context;
	dpc->next = NULL;
	atomic_init(&dpc->queued, false);
	atomic_init(&dpc->running, false);
}

/* The list is the CPU's own; an ISR may queue in the middle of any of its operations, so they run at IRQL_HIGH. */
static void append(struct sim_cpu *cpu, struct sim_dpc *dpc)
{
	dpc->next = NULL;
	*cpu->dpc_tail = dpc;
	cpu->dpc_tail = &dpc->next;
}

bool sim_dpc_queue(struct sim_cpu *cpu, struct sim_dpc *dpc, void *argument1, void *argument2)
{
	uint8_t irql;

	/*
	 * ORD dpc_queue:A acq_rel, pairs with dpc_drain:A: whoever wins may write
	 * the arguments, and the run before it has finished reading them.
	 */
	if (atomic_exchange_explicit(&dpc->queued, true, memory_order_acq_rel))
		return false;
	dpc->argument1 = argument1;
	dpc->argument2 = argument2;
	irql = sim_raise(cpu, IRQL_HIGH);
	append(cpu, dpc);
	/* relaxed store of the owner: an earlier event of a pin is found again from the pins */
	atomic_store_explicit(&cpu->due, 0, memory_order_relaxed);
	/* the caller's own lowering runs the DPC, never the queueing itself */
	sim_restore(cpu, irql);
	return true;
}

/* Any CPU adds in front; whose inbox it is takes all of it. */
static void put_in_inbox(struct sim_cpu *target, struct sim_dpc *dpc)
{
	/* relaxed: the exchange decides */
	struct sim_dpc *first = atomic_load_explicit(&target->dpc_inbox, memory_order_relaxed);

	do {
		dpc->next = first;
		/* ORD dpc_inbox:A release, pairs with dpc_inbox:B: the DPC and what was done before it was queued are seen there. */
	} while (!atomic_compare_exchange_weak_explicit(&target->dpc_inbox, &first, dpc, memory_order_release,
							memory_order_relaxed));
}

bool sim_dpc_queue_on(struct sim_cpu *target, struct sim_dpc *dpc, void *argument1, void *argument2)
{
	struct sim_cpu *self = sim_cpu_self();
	uint8_t irql;

	if (self == target)
		return sim_dpc_queue(target, dpc, argument1, argument2);
	/* ORD dpc_queue:B acq_rel, pairs with dpc_drain:A: as in sim_dpc_queue. */
	if (atomic_exchange_explicit(&dpc->queued, true, memory_order_acq_rel))
		return false;
	dpc->argument1 = argument1;
	dpc->argument2 = argument2;
	/* Not to be interrupted half-way by an ISR that waits for the target: see delivery.c. */
	irql = sim_raise(self, IRQL_HIGH);
	put_in_inbox(target, dpc);
	/* ORD dpc_wake:A seq_cst fence, pairs with cpu_due:A: the target finds the DPC, or this finds that it has looked. */
	atomic_thread_fence(memory_order_seq_cst);
	sim_cpu_schedule(target, 0);
	delivery_call(target);
	sim_restore(self, irql);
	return true;
}

/* What others have queued for this CPU, in their order, behind what is queued here. */
static void empty_inbox(struct sim_cpu *cpu)
{
	struct sim_dpc *newest;
	struct sim_dpc *oldest = NULL;
	uint8_t irql;

	if (!sim_dpc_has_inbox(cpu))
		return;
	/* ORD dpc_inbox:B acquire, pairs with dpc_inbox:A: see there. */
	newest = atomic_exchange_explicit(&cpu->dpc_inbox, NULL, memory_order_acquire);
	while (newest) {
		struct sim_dpc *dpc = newest;

		newest = dpc->next;
		dpc->next = oldest;
		oldest = dpc;
	}
	irql = sim_raise(cpu, IRQL_HIGH);
	while (oldest) {
		struct sim_dpc *dpc = oldest;

		oldest = dpc->next;
		append(cpu, dpc);
	}
	sim_restore(cpu, irql);
}

static struct sim_dpc *pop(struct sim_cpu *cpu)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	struct sim_dpc *dpc = cpu->dpc_head;

	if (dpc) {
		cpu->dpc_head = dpc->next;
		if (!cpu->dpc_head)
			cpu->dpc_tail = &cpu->dpc_head;
	}
	sim_restore(cpu, irql);
	return dpc;
}

/* Those that a drain could not run go back in front of what was queued since, in their order. */
static void put_back(struct sim_cpu *cpu, struct sim_dpc *first, struct sim_dpc **last)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	*last = cpu->dpc_head;
	if (!cpu->dpc_head)
		cpu->dpc_tail = last;
	cpu->dpc_head = first;
	/* relaxed: as in sim_dpc_queue; a look inside a DPC that ran meanwhile found no other queued */
	atomic_store_explicit(&cpu->due, 0, memory_order_relaxed);
	sim_restore(cpu, irql);
}

/* False, and the DPC is still queued, while it runs on another CPU. */
static bool run(struct sim_dpc *dpc)
{
	void *argument1 = dpc->argument1;
	void *argument2 = dpc->argument2;

	/* ORD dpc_drain:B acquire, pairs with dpc_drain:C: a run sees all that the run before it did on another CPU. */
	if (atomic_exchange_explicit(&dpc->running, true, memory_order_acquire))
		return false;
	/* ORD dpc_drain:A release, pairs with dpc_queue:A and dpc_queue:B: the arguments are read before it can be queued anew. */
	atomic_store_explicit(&dpc->queued, false, memory_order_release);
	dpc->routine(dpc->context, argument1, argument2);
	/* ORD dpc_drain:C release, pairs with dpc_drain:B: see there. */
	atomic_store_explicit(&dpc->running, false, memory_order_release);
	return true;
}

bool sim_dpc_drain(struct sim_cpu *cpu)
{
	struct sim_dpc *blocked = NULL;
	struct sim_dpc **last = &blocked;
	struct sim_dpc *dpc;
	bool ran = false;

	empty_inbox(cpu);
	while ((dpc = pop(cpu)) != NULL) {
		if (run(dpc)) {
			ran = true;
			continue;
		}
		*last = dpc;
		last = &dpc->next;
	}
	if (blocked)
		put_back(cpu, blocked, last);
	return ran;
}
