/* SPDX-License-Identifier: MIT */
/*
 * irql-lazy: a spin lock whose raise is a store to memory of the own CPU.
 *
 * As 32-bit x86 kernels keep their level: the raise writes a word, the CPU stays
 * at DISPATCH as far as the hardware knows, and the guarded interrupt really
 * arrives.  Only then is the controller written: service() finds its own CPU's
 * level raised, masks, notes on that CPU that it did, and defers; the lowering
 * unmasks.  Sections that no interrupt meets, which is most, write no register.
 *
 * The level goes up before the spin lock is taken and down after it is given
 * back, so no service() ever spins for a lock that its own CPU holds: at whatever
 * instruction the interrupt comes, either the level is up, or the CPU does not
 * have the lock.  Across CPUs the spin lock excludes: an ISR waits for another
 * CPU's section.
 *
 * Each CPU opens what it closed.  The mask is all CPUs' together, so one may open
 * it while another one's level is still up; that one's service() closes it anew
 * should an interrupt come, and it opens again in its turn.  Whoever writes the
 * mask and whoever opens it are the same CPU, of which the first interrupts the
 * second and runs to its end: no mask is left behind.
 *
 * Source: D. Stodolsky, J. B. Chen and B. N. Bershad, "Fast Interrupt Priority
 * Management in Operating System Kernels", USENIX Microkernels 1993.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"
#include "impls/spin_word.h"

/* Both are read and written by their own CPU only: its callers, and its interrupts, which come on top of these. */
struct irql_lazy_cpu {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) raised; /* the level, as software has it, is DIRQL */
	_Atomic(uint32_t) written; /* an interrupt came meanwhile, and the controller was written */
};

struct irql_lazy {
	struct spin_word word;
	/* Apart from the word, which waiting CPUs write. */
	_Alignas(SYNC_LINE_BYTES) struct irql_lazy_cpu *cpu; /* one for each */
	unsigned vectors;
	struct irq_line *vector[SIM_LINES_MAX]; /* all that share the section */
};

static int irql_lazy_init(void *state, const struct sync_config *config)
{
	struct irql_lazy *lock = state;

	if (config->vector && config->vectors > SIM_LINES_MAX)
		return -EINVAL;
	lock->cpu = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->cpu));
	if (!lock->cpu)
		return -ENOMEM;
	for (unsigned i = 0; i < config->cpus; i++) {
		atomic_init(&lock->cpu[i].raised, 0);
		atomic_init(&lock->cpu[i].written, 0);
	}
	atomic_init(&lock->word.held, 0);
	lock->vectors = config->vector ? config->vectors : 1;
	for (unsigned i = 0; i < lock->vectors; i++)
		lock->vector[i] = config->vector ? config->vector[i] : config->line;
	return 0;
}

static void irql_lazy_fini(void *state)
{
	struct irql_lazy *lock = state;

	free(lock->cpu);
}

static inline void irql_lazy_raise(struct irql_lazy_cpu *me)
{
	/* relaxed: for this CPU's own interrupts */
	atomic_store_explicit(&me->raised, 1, memory_order_relaxed);
	/* seq_cst, for the compiler alone: before the lock is taken, as an interrupt in between must find it */
	atomic_signal_fence(memory_order_seq_cst);
}

static void irql_lazy_write_controller(struct irql_lazy *lock, struct irql_lazy_cpu *me)
{
	for (unsigned i = 0; i < lock->vectors; i++)
		sync_mask(lock->vector[i]);
	/* relaxed: for the code that this interrupted */
	atomic_store_explicit(&me->written, 1, memory_order_relaxed);
}

static SYNC_WAITING_PATH void irql_lazy_open_controller(struct irql_lazy *lock, struct irql_lazy_cpu *me)
{
	/* relaxed, and first: the level is down, so no interrupt writes it any more */
	atomic_store_explicit(&me->written, 0, memory_order_relaxed);
	for (unsigned i = 0; i < lock->vectors; i++)
		sync_unmask(lock->vector[i]);
}

static inline void irql_lazy_lower(struct irql_lazy *lock, struct irql_lazy_cpu *me)
{
	/* seq_cst, for the compiler alone: after the lock was given back; until then an interrupt must find the level up */
	atomic_signal_fence(memory_order_seq_cst);
	/* relaxed: for this CPU's own interrupts */
	atomic_store_explicit(&me->raised, 0, memory_order_relaxed);
	/* seq_cst, for the compiler alone: an interrupt before the store may have written the controller, one after it does not */
	atomic_signal_fence(memory_order_seq_cst);
	/* relaxed: this CPU's own interrupts wrote it */
	if (__builtin_expect(atomic_load_explicit(&me->written, memory_order_relaxed), 0))
		irql_lazy_open_controller(lock, me);
}

static inline void irql_lazy_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irql_lazy *lock = state;

	/* keeps this CPU's DPCs, which may call too, out; the guarded interrupt comes */
	hold->irql = sync_raise(cpu, IRQL_DISPATCH);
	irql_lazy_raise(&lock->cpu[sync_cpu_index(cpu)]);
	spin_word_acquire(&lock->word, cpu);
}

static inline void irql_lazy_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irql_lazy *lock = state;

	spin_word_release(&lock->word);
	irql_lazy_lower(lock, &lock->cpu[sync_cpu_index(cpu)]);
	sync_lower(cpu, hold->irql);
}

static int irql_lazy_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct irql_lazy *lock = state;
	struct irql_lazy_cpu *me = &lock->cpu[sync_cpu_index(cpu)];
	int answer;

	/* relaxed: the code that this interrupts wrote it */
	if (atomic_load_explicit(&me->raised, memory_order_relaxed)) {
		irql_lazy_write_controller(lock, me);
		return SYNC_DEFERRED;
	}
	/* against a vector of a higher level that shares the section */
	irql_lazy_raise(me);
	spin_word_acquire(&lock->word, cpu);
	answer = isr(extension, message);
	spin_word_release(&lock->word);
	irql_lazy_lower(lock, me);
	return answer;
}

SYNC_GATE_OPERATIONS(irql_lazy)

const struct sync_backend sync_backend_irql_lazy = {
	.name = "irql-lazy",
	.summary = "spin lock; the raise is a store to memory, the controller is written when an interrupt arrives",
	.source = "Stodolsky, Chen and Bershad, USENIX Microkernels 1993",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_DEFERS,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct irql_lazy),
	.init = irql_lazy_init,
	.fini = irql_lazy_fini,
	SYNC_OPERATIONS(irql_lazy),
};
