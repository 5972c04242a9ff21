/* SPDX-License-Identifier: MIT */
/*
 * A simulated CPU: a pinned thread with an IRQL, interrupt pins, a DPC queue and timers.
 *
 * Its safe points are every IRQL lowering, every spin iteration, register
 * accesses and every few nanoseconds of simulated work.  One word, `due`, says
 * when the earliest event falls due, so that a safe point with nothing scheduled
 * is one load.  Under `poll` delivery the CPU takes what is due there; how
 * `signal` and `thread` interrupt it is in delivery.h.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_CPU_H
#define STORSYNC_HBA_SIM_MACHINE_CPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/gap_witness.h"
#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/irql.h"
#include "hba_sim/machine/stamp.h"
#include "hba_sim/machine/sync_ops.h"

/* A tick count that no clock reaches: nothing is scheduled. */
#define SIM_NEVER UINT64_MAX

struct sim_dpc;
struct sim_machine;
struct sim_timer;

/* The callers' thread, that of DPCs and timers, and from there on those of the lines, by their index. */
#define DELIVERY_CALLERS 0
#define DELIVERY_DISPATCH 1
#define DELIVERY_LINES 2
#define DELIVERY_CONTEXTS (DELIVERY_LINES + SIM_LINES_MAX)

/* One of the threads that `thread` delivery makes a CPU of; see delivery_thread.c. */
struct delivery_context {
	struct sim_cpu *cpu;
	struct irq_line *line; /* NULL: not an interrupt's */
	pthread_t thread;
	bool created;
	int error;              /* -errno of its start */
	_Atomic(bool) running;
	_Atomic(bool) latched;  /* woken, and the IRQL kept it out */
	_Atomic(uint32_t) wake; /* a futex: 1 from a wake-up until it is up */
};

/*
 * Who wants to know when DPCs and timers run on a CPU.  Called behind each stretch
 * of them, on their CPU at IRQL_DISPATCH; `begin` is the stamp at which it was begun,
 * `end` is taken for this.
 */
struct sim_dispatch_watch {
	void (*over)(struct sim_dispatch_watch *watch, struct sim_cpu *cpu, uint64_t begin, uint64_t end);
};

/* Where interrupts arrive that the CPU does not look for by itself; see delivery.h. */
struct delivery_state {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) in_flight; /* a signal is on its way */
	_Atomic(int) thread;         /* the callers' thread, 0: nothing can arrive */
	_Atomic(bool) stopping;
	_Atomic(uint64_t) arrivals;
	_Atomic(uint64_t) landed;    /* of those, the ones that found a synchronized routine running here */
	struct delivery_context context[DELIVERY_CONTEXTS];
};

struct sim_cpu {
	/* Written by the CPU's own thread only. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint8_t) irql;
	bool yields; /* oversubscribed: a spin iteration gives the core away */
	uint8_t top_dirql; /* highest level of any connected line */
	unsigned index;
	struct sim_machine *machine;
	_Atomic(uint64_t) relaxes; /* spin iterations so far; others may read it */
	_Atomic(uint32_t) in_isr;  /* nesting of interrupt service */
	_Atomic(uint32_t) task_priority; /* the level as a register, for who writes it there: see sim_write_task_priority */
	unsigned serving_for; /* the CPU whose interrupt's ISR runs here: another one's when it was handed over */
	struct sim_dpc *dpc_head;
	struct sim_dpc **dpc_tail;
	struct sim_timer *timers; /* sorted by due time */
	bool dispatching;         /* DPCs or timers are being run */
	_Atomic(struct sim_dispatch_watch *) dispatch_watch; /* NULL: nobody wants to know; set on this CPU */
	void *user;               /* the harness's own per-CPU state */
	enum sync_delivery delivery;
	_Atomic(uint32_t) in_section; /* synchronized routines that run here: an interrupt that arrives then landed in one */
	_Atomic(bool) latched;        /* an interrupt arrived and the IRQL kept it out: taken when that falls */
	_Atomic(bool) call_waits;     /* for exclusive access, as a caller */
	_Atomic(bool) isr_waits;      /* and in interrupt service; others glance at both */

	/* Stamp of the earliest event for this CPU, or SIM_NEVER; any CPU may lower it. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) due;
	_Atomic(struct sim_dpc *) dpc_inbox; /* queued here by other CPUs, the newest first */

	_Alignas(SYNC_LINE_BYTES) struct irq_pin pin[SIM_LINES_MAX];

	struct delivery_state arriving;

	struct gap_log gaps;
};

/* The calling thread's simulated CPU, NULL on a thread that is none. */
extern _Thread_local struct sim_cpu *sim_cpu_current;

static inline struct sim_cpu *sim_cpu_self(void)
{
	return sim_cpu_current;
}

static inline uint8_t sim_irql(const struct sim_cpu *cpu)
{
	/* relaxed: only the CPU's own thread writes it, and only that thread decides by it */
	return atomic_load_explicit(&cpu->irql, memory_order_relaxed);
}

/* A safe point with something due: under `poll`, take and run whatever the current IRQL allows. */
void sim_cpu_look(struct sim_cpu *cpu);

/* Take and run whatever is due and allowed at the current IRQL, under any delivery. */
void sim_cpu_take_all(struct sim_cpu *cpu);

/* DPCs and timers that are due and allowed; whether any ran. */
bool sim_cpu_run_dispatch_work(struct sim_cpu *cpu, uint64_t now);

/* The earliest event anew, after what was due has been looked at. */
void sim_cpu_recompute_due(struct sim_cpu *cpu);

/* The part of an IRQL lowering that is needed when something is scheduled. */
void sim_cpu_lowered(struct sim_cpu *cpu, uint8_t from);

/* Schedule an event for any CPU from any CPU: lowers `due` to at most `when`. */
void sim_cpu_schedule(struct sim_cpu *cpu, uint64_t when);

static inline uint64_t sim_cpu_due(const struct sim_cpu *cpu)
{
	/* relaxed: a hint; what is due is read again under its owner's ordering */
	return atomic_load_explicit(&cpu->due, memory_order_relaxed);
}

/* Whether another CPU has queued a DPC here. */
static inline bool sim_dpc_has_inbox(const struct sim_cpu *cpu)
{
	/* relaxed: a hint; see sim_cpu_recompute_due */
	return atomic_load_explicit(&cpu->dpc_inbox, memory_order_relaxed) != NULL;
}

/* A stamp that the CPU has taken: for the gap witness. */
static inline void sim_see(struct sim_cpu *cpu, uint64_t now)
{
	gap_log_see(&cpu->gaps, now);
}

/*
 * Around a wait for somebody that takes no stamps, for as long as it takes: not to
 * be taken for a gap, and of a gap in between nobody knows.  They nest.
 */
static inline void sim_quiet_begin(struct sim_cpu *cpu)
{
	gap_log_quiet_begin(&cpu->gaps);
}

static inline void sim_quiet_end(struct sim_cpu *cpu)
{
	gap_log_quiet_end(&cpu->gaps);
}

/* Around a system call that takes long, but not for ever: not a gap unless it is longer than GAP_SLOW_NS.  They nest. */
static inline void sim_slow_begin(struct sim_cpu *cpu)
{
	gap_log_slow_begin(&cpu->gaps);
}

static inline void sim_slow_end(struct sim_cpu *cpu)
{
	gap_log_slow_end(&cpu->gaps);
}

/* After work of so many ticks in which there were no stamps, and that was asked for. */
static inline void sim_spent(struct sim_cpu *cpu, uint64_t ticks)
{
	gap_log_spent(&cpu->gaps, ticks, stamp_now());
}

/* A safe point for which the caller has a recent stamp. */
static inline void sim_cpu_safe_point(struct sim_cpu *cpu, uint64_t now)
{
	sim_see(cpu, now);
	if (__builtin_expect(sim_cpu_due(cpu) <= now, 0))
		sim_cpu_look(cpu);
}

/* Raise to `irql`, which must not be below the current level; returns the level to go back to. */
static inline uint8_t sim_raise(struct sim_cpu *cpu, uint8_t irql)
{
	uint8_t old = sim_irql(cpu);

	/* relaxed: the thread itself is the only reader that acts on it */
	atomic_store_explicit(&cpu->irql, irql, memory_order_relaxed);
	/* what follows must not be moved before the raise where an interrupt could still preempt it */
	atomic_signal_fence(memory_order_seq_cst);
	return old;
}

/* Lower to `irql` and take what became allowed. */
static inline void sim_lower(struct sim_cpu *cpu, uint8_t irql)
{
	uint8_t from = sim_irql(cpu);

	atomic_signal_fence(memory_order_seq_cst);
	/* relaxed: as in sim_raise */
	atomic_store_explicit(&cpu->irql, irql, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (__builtin_expect(sim_cpu_due(cpu) != SIM_NEVER, 0))
		sim_cpu_lowered(cpu, from);
}

/* A synchronized routine begins, and ends, on this CPU: for the count of interrupts that land in one. */
static inline void sim_section_begin(struct sim_cpu *cpu)
{
	/* relaxed, both: one writer, and what interrupts it */
	atomic_store_explicit(&cpu->in_section, atomic_load_explicit(&cpu->in_section, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static inline void sim_section_end(struct sim_cpu *cpu)
{
	/* relaxed: see sim_section_begin */
	atomic_store_explicit(&cpu->in_section, atomic_load_explicit(&cpu->in_section, memory_order_relaxed) - 1,
			      memory_order_relaxed);
}

/* The CPU waits for exclusive access, or no longer does.  `flag` is one of its two. */
static inline void sim_note_waiting(_Atomic(bool) *flag, bool waits)
{
	/* relaxed: nobody acts on it */
	atomic_store_explicit(flag, waits, memory_order_relaxed);
}

static inline bool sim_waits(const struct sim_cpu *cpu)
{
	/* relaxed: a glance */
	return atomic_load_explicit(&cpu->call_waits, memory_order_relaxed) ||
	       atomic_load_explicit(&cpu->isr_waits, memory_order_relaxed);
}

/* A write of the level to a register such as x64's CR8: the order and about the cost of one, and no other effect. */
static inline void sim_write_task_priority(struct sim_cpu *cpu, uint8_t irql)
{
	/* seq_cst: a register write is not passed by later loads; nobody else reads it */
	atomic_exchange_explicit(&cpu->task_priority, irql, memory_order_seq_cst);
}

/* What was latched can be taken now. */
void sim_cpu_restored(struct sim_cpu *cpu, uint8_t from);

/*
 * Lower to `irql` without a safe point: DPCs and what is due wait for the next
 * one.  An interrupt that arrived meanwhile is taken all the same, as nothing
 * would announce it again.
 */
static inline void sim_restore(struct sim_cpu *cpu, uint8_t irql)
{
	uint8_t from = sim_irql(cpu);

	atomic_signal_fence(memory_order_seq_cst);
	/* relaxed: as in sim_raise */
	atomic_store_explicit(&cpu->irql, irql, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	/* relaxed: written by the CPU itself, and by its watcher before it interrupts it */
	if (__builtin_expect(atomic_load_explicit(&cpu->latched, memory_order_relaxed), 0))
		sim_cpu_restored(cpu, from);
}

/* One spin iteration: a pause, a look where the IRQL allows one, a yield when oversubscribed. */
void sim_relax(struct sim_cpu *cpu);

/* One iteration of doing nothing: as sim_relax without the pause, so that a due event is seen at once. */
void sim_idle(struct sim_cpu *cpu);

/* Simulated work of this many ticks; looks at least every 50 ns. */
void sim_work(struct sim_cpu *cpu, uint64_t ticks);

#endif
