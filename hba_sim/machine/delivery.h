/* SPDX-License-Identifier: MIT */
/*
 * How an interrupt reaches a simulated CPU when it does not look for it by itself.
 *
 * Under `signal`, a real-time signal preempts the CPU's thread at any
 * instruction.  Its handler takes what the IRQL allows; what the IRQL keeps out
 * is latched and taken when the IRQL falls: the lazy scheme of kernels that do
 * not write the controller at every raise (Stodolsky, Chen and Bershad, "Fast
 * Interrupt Priority Management in Operating System Kernels", USENIX
 * Microkernels 1993).
 *
 * Under `thread`, the CPU is several SCHED_FIFO threads on one core: one for
 * callers, one for DPCs and timers, and one for each interrupt line, with the
 * priority of their IRQL.  It is what PREEMPT_RT makes of interrupts (F.
 * Reghenzani, G. Massari and W. Fornaciari, "The Real-Time Linux Kernel: A
 * Survey on PREEMPT_RT", ACM Computing Surveys 52(1), 2019).  On one core the
 * scheduler runs them strictly nested, like interrupts, unless one blocks.
 *
 * Devices have no thread, so somebody has to notice that an event is due, as an
 * interrupt controller would: a raiser on a core of its own where the harness
 * has one to spare; else each CPU watches the next one while it idles, spins or
 * works, outside of its sections; a lone CPU watches itself at its safe points.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_DELIVERY_H
#define STORSYNC_HBA_SIM_MACHINE_DELIVERY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/cpu.h"

struct sim_machine;

/* SCHED_FIFO priority of a CPU's thread for callers; that of the level n has n more. */
#define SIM_FIFO_PRIORITY_BASE 10

/* A CPU that nobody interrupts for so long, as its watcher has lost its own core, notices by itself. */
#define DELIVERY_OVERDUE_NS 100000

/* How long a real-time thread sleeps to let those below it run; less would not put it to sleep at all. */
#define DELIVERY_YIELD_NS 20000

/*
 * From here on interrupts arrive at the CPU, whose thread calls this, pinned,
 * at IRQL_PASSIVE, after the back end is online.  Nothing to do under poll.
 * Returns 0, or -errno: -EPERM when the system does not allow SCHED_FIFO.
 */
int sim_cpu_start_delivery(struct sim_cpu *cpu);

/* Until here.  The same thread, at IRQL_PASSIVE. */
void sim_cpu_stop_delivery(struct sim_cpu *cpu);

/* Why this process cannot deliver so; NULL when it can.  The text completes "skipped: ...". */
const char *sim_delivery_unavailable(enum sync_delivery delivery);

/* One round of the raiser; its thread does nothing else until all CPUs have stopped. */
void sim_raise_due(struct sim_machine *machine);

/* Which of the CPU's threads runs: DELIVERY_CALLERS (always, under poll and signal), DELIVERY_DISPATCH or a line's. */
extern _Thread_local unsigned delivery_context;

static inline unsigned sim_cpu_context(void)
{
	return delivery_context;
}

/*
 * Around a call that may block the calling thread in the operating system while
 * others of the same CPU go on: its level is given back meanwhile, and before
 * it goes on it waits until the level can be had again.
 */
uint8_t sim_block_begin(struct sim_cpu *cpu);
void sim_block_end(struct sim_cpu *cpu, uint8_t irql);

/*
 * Blocks so for a moment, when somebody below on the same core may be what the
 * calling thread waits for.
 */
void sim_block_shortly(struct sim_cpu *cpu);

/* --- for the machine --- */

/* The level to go back to after the interrupt or DPC that this thread runs. */
extern _Thread_local uint8_t delivery_interrupted;

/* Raise for an interrupt or a DPC; the answer goes to delivery_end_interrupt(). */
static inline uint8_t delivery_begin_interrupt(struct sim_cpu *cpu, uint8_t irql)
{
	uint8_t outer = delivery_interrupted;

	delivery_interrupted = sim_raise(cpu, irql);
	return outer;
}

/* Back to the interrupted level.  No safe point: who calls this looks again. */
static inline void delivery_end_interrupt(struct sim_cpu *cpu, uint8_t outer)
{
	uint8_t irql = delivery_interrupted;

	delivery_interrupted = outer;
	atomic_signal_fence(memory_order_seq_cst);
	/* relaxed: as in sim_raise */
	atomic_store_explicit(&cpu->irql, irql, memory_order_relaxed);
}

/* A safe point inside a section, or anywhere else where nobody else must be interrupted: only what concerns this CPU. */
void delivery_safe_point(struct sim_cpu *cpu, uint64_t now);

/* A safe point at which this CPU has time for another one's interrupts as well. */
void delivery_watch(struct sim_cpu *cpu, uint64_t now);

/* Another CPU has queued a DPC for `target`, which is due; the caller is at IRQL_HIGH. */
void delivery_call(struct sim_cpu *target);

/* The IRQL fell: what was latched arrives. */
void delivery_lowered(struct sim_cpu *cpu, uint8_t from, uint64_t now);

/*
 * The calling thread, as the CPU's for callers, has its priority; a failure
 * shows when delivery is started.  And back to an ordinary thread.
 */
int delivery_take_priority(const struct sim_cpu *cpu);
void delivery_drop_priority(const struct sim_cpu *cpu);

/* --- between the files of the deliveries --- */

int delivery_signal_start(struct sim_cpu *cpu);
void delivery_signal_stop(struct sim_cpu *cpu);
void delivery_signal_raise(struct sim_cpu *victim);
/* What the signal's handler does: the interrupt arrives. */
void delivery_signal_arrive(struct sim_cpu *cpu);
void delivery_signal_lowered(struct sim_cpu *cpu, uint8_t from, uint64_t now);

int delivery_thread_start(struct sim_cpu *cpu);
void delivery_thread_stop(struct sim_cpu *cpu);
void delivery_thread_raise(struct sim_cpu *victim, const struct irq_line *line);
void delivery_thread_lowered(struct sim_cpu *cpu, uint8_t from, uint64_t now);
void delivery_thread_call(struct sim_cpu *target);

/* An interrupt arrives at the calling CPU: counted, with where it landed. */
void delivery_count_arrival(struct sim_cpu *cpu);

#endif
