/* SPDX-License-Identifier: MIT */
/*
 * handover: an ISR that finds the section busy is left with whoever is inside, and runs there when that one leaves.
 *
 * Callers are a test-and-test-and-set lock at DIRQL among themselves.  An ISR
 * tries that lock; where it is held, it publishes itself, tries once more and
 * returns: it never waits, and its CPU goes on with what it was doing.
 * Whoever releases the lock runs what was published and, after releasing, looks
 * again: what is published later finds the lock free, or held by somebody who
 * has yet to look.
 *
 * The interrupt stays in service at the controller until its ISR has run, so a
 * CPU publishes once at a time, and of one line there is one such ISR.  It
 * runs on another CPU than took the interrupt, and the DPCs that it queues do,
 * too.  While a device interrupts so fast that the next ISR is always there
 * before the leaver has looked, the leaver stays in leave.
 *
 * Sources: Y. Oyama, K. Taura and A. Yonezawa, "Executing Parallel Programs with
 * Synchronization Bottlenecks Efficiently", PDSIA 1999, leave a critical section
 * with the owner of the lock; D. Klaftenegger, K. Sagonas and K. Winblad,
 * "Queue Delegation Locking", SPAA 2014, go on at once without its result
 * (detached execution).
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

/* As many CPUs as `waiting` has bits. */
#define CPUS_MAX 64

/* What service() was called with; valid while the CPU's bit in `waiting` is set, and until whoever cleared that has run it. */
struct handover_slot {
	_Alignas(SYNC_LINE_BYTES) sync_isr *isr;
	void *extension;
	uint32_t message;
};

struct handover {
	_Atomic(uint32_t) held;
	_Atomic(uint64_t) waiting; /* CPUs whose ISR is handed over, a bit each; cleared only by whoever holds the lock */
	uint8_t dirql;
	struct irq_line *line;
	struct handover_slot *slot;
};

static int handover_init(void *state, const struct sync_config *config)
{
	struct handover *lock = state;

	/* service() is not told which of several lines it serves, and the controller must be */
	if (config->cpus > CPUS_MAX)
		return -EINVAL;
	lock->slot = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->slot));
	if (!lock->slot)
		return -ENOMEM;
	atomic_init(&lock->held, 0);
	atomic_init(&lock->waiting, 0);
	lock->dirql = config->dirql;
	lock->line = config->line;
	return 0;
}

static void handover_fini(void *state)
{
	struct handover *lock = state;

	free(lock->slot);
}

static inline uint64_t handover_bit(unsigned cpu)
{
	return UINT64_C(1) << cpu;
}

static inline bool handover_try(struct handover *lock)
{
	/*
	 * ORD handover:A seq_cst, pairs with handover:B: who gets the lock sees every
	 * store of the holder before; an ISR that does not get it comes before the
	 * release, and has published before.
	 */
	return !atomic_exchange_explicit(&lock->held, 1, memory_order_seq_cst);
}

static inline void handover_release(struct handover *lock)
{
	/* ORD handover:B seq_cst, pairs with handover:A: not passed by the look at `waiting` that follows. */
	atomic_store_explicit(&lock->held, 0, memory_order_seq_cst);
}

static inline bool handover_is_waiting(const struct handover *lock)
{
	/* ORD handover:C seq_cst, pairs with handover:D: an ISR that this misses finds the lock free. */
	return atomic_load_explicit(&lock->waiting, memory_order_seq_cst) != 0;
}

/* All that wait are the caller's, who holds the lock, to run. */
static inline uint64_t handover_claim(struct handover *lock)
{
	/* ORD handover:E acquire, pairs with handover:D: with the bit comes what is in the slot. */
	return atomic_exchange_explicit(&lock->waiting, 0, memory_order_acquire);
}

static void handover_run(struct handover *lock, struct sim_cpu *cpu, uint64_t claimed)
{
	for (; claimed; claimed &= claimed - 1) {
		unsigned target = (unsigned)__builtin_ctzll(claimed);
		const struct handover_slot *slot = &lock->slot[target];

		/* the slot is the target's again before this returns: nothing of it is read after the ISR has run */
		sync_run_handed_over(lock->line, cpu, target, slot->isr, slot->extension, slot->message);
	}
}

/* It comes back without the lock, and with nothing that waits for the caller. */
static SYNC_WAITING_PATH void handover_serve(struct handover *lock, struct sim_cpu *cpu)
{
	do {
		handover_run(lock, cpu, handover_claim(lock));
		handover_release(lock);
		/* Who does not get the lock any more leaves them to the one who has it. */
	} while (handover_is_waiting(lock) && handover_try(lock));
}

static inline void handover_finish(struct handover *lock, struct sim_cpu *cpu)
{
	/* relaxed: what it misses is found below; run before a waiting caller gets the lock, an ISR waits for one section at most */
	if (__builtin_expect(atomic_load_explicit(&lock->waiting, memory_order_relaxed) != 0, 0)) {
		handover_serve(lock, cpu);
		return;
	}
	handover_release(lock);
	if (__builtin_expect(handover_is_waiting(lock), 0) && handover_try(lock))
		handover_serve(lock, cpu);
}

static SYNC_WAITING_PATH void handover_wait(struct handover *lock, struct sim_cpu *cpu)
{
	do {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(&lock->held, memory_order_relaxed))
			sync_relax(cpu);
	} while (!handover_try(lock));
}

static inline void handover_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct handover *lock = state;

	hold->irql = sim_raise(cpu, lock->dirql);
	if (__builtin_expect(!handover_try(lock), 0))
		handover_wait(lock, cpu);
}

static inline void handover_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct handover *lock = state;

	handover_finish(lock, cpu);
	sync_lower(cpu, hold->irql);
}

/* The section is busy: publish, and try once more, in case that nobody is left who looks. */
static SYNC_WAITING_PATH int handover_publish(struct handover *lock, struct sim_cpu *cpu, sync_isr *isr, void *extension,
					      uint32_t message)
{
	unsigned me = sync_cpu_index(cpu);
	int answer = SYNC_HANDED_OVER;
	uint64_t claimed;

	lock->slot[me] = (struct handover_slot){ .isr = isr, .extension = extension, .message = message };
	/*
	 * ORD handover:D seq_cst, pairs with handover:C and handover:E: whoever
	 * releases after the failing try that follows finds it.
	 */
	atomic_fetch_or_explicit(&lock->waiting, handover_bit(me), memory_order_seq_cst);
	if (!handover_try(lock))
		return SYNC_HANDED_OVER;
	claimed = handover_claim(lock);
	/* Not, when somebody else has been here between publishing and the lock. */
	if (claimed & handover_bit(me))
		answer = isr(extension, message);
	handover_run(lock, cpu, claimed & ~handover_bit(me));
	handover_finish(lock, cpu);
	return answer;
}

static int handover_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct handover *lock = state;
	int answer;

	if (__builtin_expect(!handover_try(lock), 0))
		return handover_publish(lock, cpu, isr, extension, message);
	answer = isr(extension, message);
	handover_finish(lock, cpu);
	return answer;
}

SYNC_GATE_OPERATIONS(handover)

const struct sync_backend sync_backend_handover = {
	.name = "handover",
	.summary = "an ISR that finds the section busy is run by whoever leaves it, and never waits",
	.source = "Oyama, Taura and Yonezawa, PDSIA 1999; Klaftenegger, Sagonas and Winblad, SPAA 2014",
	.isr_progress = SYNC_ISR_WAIT_FREE,
	.capabilities = SYNC_HANDS_OVER | SYNC_ONE_VECTOR,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct handover),
	.init = handover_init,
	.fini = handover_fini,
	SYNC_OPERATIONS(handover),
};
