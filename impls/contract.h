/* SPDX-License-Identifier: MIT */
/*
 * The contract: all that the author of a back end reads and includes.
 *
 * A back end is one file and one line in backends.def.  It uses C11 atomics
 * with explicit orders, the operations below and nothing else in its hot path:
 * the same source is also run by checkers that replace this header.
 *
 * A lock-like back end writes acquire and release and takes the rest from
 * SYNC_LOCK_OPERATIONS.  A gate (callers and ISR do different things) writes
 * enter, leave and service and takes the rest from SYNC_GATE_OPERATIONS.
 * docs/adding-a-back-end.md walks through both.
 */
#ifndef STORSYNC_IMPLS_CONTRACT_H
#define STORSYNC_IMPLS_CONTRACT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/machine/cpu.h"
#include "hba_sim/machine/delivery.h"
#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/irql.h"
#include "hba_sim/machine/sync_ops.h"

/* Index of the calling CPU, 0 to config->cpus - 1. */
static inline unsigned sync_cpu_index(const struct sim_cpu *cpu)
{
	return cpu->index;
}

/* One spin iteration.  Below DIRQL it may run the ISR, so nothing that the ISR needs may be held. */
static inline void sync_relax(struct sim_cpu *cpu)
{
	sim_relax(cpu);
}

/* Raise to `irql`, or stay where the CPU is when that is higher; returns what to lower to. */
static inline uint8_t sync_raise(struct sim_cpu *cpu, uint8_t irql)
{
	uint8_t now = sim_irql(cpu);

	return sim_raise(cpu, irql > now ? irql : now);
}

/* Lower; interrupts that became allowed are taken before it returns. */
static inline void sync_lower(struct sim_cpu *cpu, uint8_t irql)
{
	sim_lower(cpu, irql);
}

/*
 * As sync_raise() and sync_lower(), but as a CPU does that has its level in a
 * register: each time a register-like, sequentially consistent store besides.
 */
static inline uint8_t sync_raise_register(struct sim_cpu *cpu, uint8_t irql)
{
	uint8_t old = sync_raise(cpu, irql);

	sim_write_task_priority(cpu, sim_irql(cpu));
	return old;
}

static inline void sync_lower_register(struct sim_cpu *cpu, uint8_t irql)
{
	sim_write_task_priority(cpu, irql);
	sync_lower(cpu, irql);
}

/* The interrupt controller's mask register for the line: a register-like, sequentially consistent store. */
static inline void sync_mask(struct irq_line *line)
{
	irq_line_mask(line);
}

/* Opens the mask; what is pending, and what service() deferred, is delivered. */
static inline void sync_unmask(struct irq_line *line)
{
	irq_line_unmask(line);
}

/* A sequentially consistent read of the mask register. */
static inline bool sync_is_masked(const struct irq_line *line)
{
	return irq_line_is_masked(line);
}

/*
 * Delivers again what service() deferred.  A redelivery that comes while the
 * service() that is about to defer still runs is not lost.
 */
static inline void sync_redeliver(struct irq_line *line)
{
	irq_line_redeliver(line);
}

/*
 * Runs, on the calling CPU, the ISR whose service() on CPU `target` waits for
 * its answer, and returns that.  The caller has exclusive access and is at DIRQL.
 */
static inline unsigned char sync_run_for(struct sim_cpu *cpu, unsigned target, sync_isr *isr, void *extension,
					 uint32_t message)
{
	return irq_run_for(cpu, target, isr, extension, message);
}

/*
 * Runs, on the calling CPU, an ISR that service() on CPU `target` handed over.
 * The caller has exclusive access and is at DIRQL; all that service() kept is
 * passed.  The interrupt of `target` is over when it returns.
 */
static inline void sync_run_handed_over(struct irq_line *line, struct sim_cpu *cpu, unsigned target, sync_isr *isr,
					void *extension, uint32_t message)
{
	irq_line_run_handed_over(line, cpu, target, isr, extension, message);
}

/*
 * Around a call that may block the thread in the operating system (thread
 * delivery only): its level is given back meanwhile, so that the CPU's other
 * threads get on, and taken again before it goes on.
 */
static inline uint8_t sync_block_begin(struct sim_cpu *cpu)
{
	return sim_block_begin(cpu);
}

static inline void sync_block_end(struct sim_cpu *cpu, uint8_t irql)
{
	sim_block_end(cpu, irql);
}

/*
 * For the gap witness, which takes a long time between two stamps for one that
 * the CPU has lost.  sync_relax() takes stamps, and sync_block_begin() says by
 * itself that there will be none.  Otherwise: around a wait for somebody that
 * takes none, for as long as it takes.
 */
static inline void sync_quiet_begin(struct sim_cpu *cpu)
{
	sim_quiet_begin(cpu);
}

static inline void sync_quiet_end(struct sim_cpu *cpu)
{
	sim_quiet_end(cpu);
}

/* And around a system call of many microseconds, such as a grace period: a gap there is what takes a millisecond. */
static inline void sync_slow_begin(struct sim_cpu *cpu)
{
	sim_slow_begin(cpu);
}

static inline void sync_slow_end(struct sim_cpu *cpu)
{
	sim_slow_end(cpu);
}

/* The SCHED_FIFO priority at which thread delivery runs what has this level. */
static inline int sync_priority(uint8_t irql)
{
	return SIM_FIFO_PRIORITY_BASE + irql;
}

/* The part of an operation that waits, kept out of line so that the uncontended path needs no stack frame. */
#define SYNC_WAITING_PATH __attribute__((cold, noinline))

/* The primitive is part of the operation, never a call of its own. */
#define SYNC_INLINE inline __attribute__((always_inline))

/*
 * The four operations of a lock: TYPE has a member `uint8_t dirql`;
 * ACQUIRE(TYPE *, struct sim_cpu *, struct sync_hold *) and RELEASE, of the
 * same arguments, are called at DIRQL and are inlined here.
 */
#define SYNC_LOCK_OPERATIONS(NAME, TYPE, ACQUIRE, RELEASE)                                                              \
	static SYNC_INLINE void NAME##_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)                  \
	{                                                                                                               \
		TYPE *lock = state;                                                                                     \
                                                                                                                        \
		/* callers are at or below DIRQL, so this never lowers */                                               \
		hold->irql = sim_raise(cpu, lock->dirql);                                                               \
		ACQUIRE(lock, cpu, hold);                                                                               \
	}                                                                                                               \
	static SYNC_INLINE void NAME##_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)                  \
	{                                                                                                               \
		TYPE *lock = state;                                                                                     \
                                                                                                                        \
		RELEASE(lock, cpu, hold);                                                                               \
		sync_lower(cpu, hold->irql);                                                                            \
	}                                                                                                               \
	static int NAME##_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)   \
	{                                                                                                               \
		TYPE *lock = state;                                                                                     \
		struct sync_hold hold;                                                                                  \
		int answer;                                                                                             \
                                                                                                                        \
		ACQUIRE(lock, cpu, &hold);                                                                              \
		answer = isr(extension, message);                                                                       \
		RELEASE(lock, cpu, &hold);                                                                              \
		return answer;                                                                                          \
	}                                                                                                               \
	SYNC_GATE_OPERATIONS(NAME)

/* synchronize out of NAME_enter and NAME_leave, both inlined. */
#define SYNC_GATE_OPERATIONS(NAME)                                                                                      \
	static unsigned char NAME##_synchronize(void *state, struct sim_cpu *cpu, sync_routine *routine,                \
						void *extension, void *context)                                         \
	{                                                                                                               \
		struct sync_hold hold;                                                                                  \
		unsigned char answer;                                                                                   \
                                                                                                                        \
		NAME##_enter(state, cpu, &hold);                                                                        \
		answer = routine(extension, context);                                                                   \
		NAME##_leave(state, cpu, &hold);                                                                        \
		return answer;                                                                                          \
	}

/* The operations under their conventional names, for the ops struct. */
#define SYNC_OPERATIONS(NAME)                                                                                           \
	.synchronize = NAME##_synchronize, .service = NAME##_service, .enter = NAME##_enter, .leave = NAME##_leave

#endif
