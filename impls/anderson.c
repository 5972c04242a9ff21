/* SPDX-License-Identifier: MIT */
/*
 * anderson: an array-based queue lock; each waiter spins on a slot of its own.
 *
 * A counter hands out places in a ring of slots; the holder passes on by
 * writing the next place's slot.  So a release disturbs one waiter, whatever
 * their number, and an ISR is served after those who came before it.  A slot
 * belongs to a place and not to a CPU, so that its line moves from CPU to CPU
 * even when nobody waits.
 *
 * The ring must hold all requests at once.  A CPU has at most one: the IRQL is
 * raised before a place is drawn, so no ISR comes on top of a request of its own
 * CPU.  The number of slots is a power of two, which divides 2^32: the place
 * after the counter's last is in the slot after its slot.
 *
 * Source: T. E. Anderson, "The Performance of Spin Lock Alternatives for
 * Shared-Memory Multiprocessors", TPDS 1(1), 1990; that a slot is made ready for
 * its next use on entry, where it delays nobody, is as in J. M. Mellor-Crummey and
 * M. L. Scott, TOCS 9(1), 1991.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

struct anderson_slot {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) has_lock;
};

struct anderson {
	struct anderson_slot *slot;
	uint32_t mask; /* number of slots - 1 */
	uint8_t dirql;
	/* Away from the above, which everybody reads. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) last;
};

static int anderson_init(void *state, const struct sync_config *config)
{
	struct anderson *lock = state;
	uint32_t slots = 1;

	while (slots < config->cpus)
		slots *= 2;
	lock->slot = aligned_alloc(SYNC_LINE_BYTES, slots * sizeof(*lock->slot));
	if (!lock->slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < slots; i++)
		atomic_init(&lock->slot[i].has_lock, i == 0);
	lock->mask = slots - 1;
	lock->dirql = config->dirql;
	atomic_init(&lock->last, 0);
	return 0;
}

static void anderson_fini(void *state)
{
	struct anderson *lock = state;

	free(lock->slot);
}

static SYNC_WAITING_PATH void anderson_wait(struct anderson_slot *mine, struct sim_cpu *cpu)
{
	/* ORD anderson:C acquire, pairs with anderson:D: as anderson:B. */
	while (!atomic_load_explicit(&mine->has_lock, memory_order_acquire))
		sync_relax(cpu);
}

static inline void anderson_acquire(struct anderson *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct anderson_slot *mine;

	/*
	 * ORD anderson:A acq_rel, pairs with anderson:A: whoever draws a slot sees that its last holder reset it.
	 * From that holder's place to this one there are more places than CPUs, so one CPU drew two of them: the
	 * second after a section that came no earlier than the reset.  Relaxed, the slot's stale flag could let in two.
	 */
	hold->word = atomic_fetch_add_explicit(&lock->last, 1, memory_order_acq_rel);
	mine = &lock->slot[hold->word & lock->mask];
	/* ORD anderson:B acquire, pairs with anderson:D: having the lock means seeing every store of the holder before. */
	if (__builtin_expect(!atomic_load_explicit(&mine->has_lock, memory_order_acquire), 0))
		anderson_wait(mine, cpu);
	/* relaxed: for whoever draws the slot next, see anderson:A */
	atomic_store_explicit(&mine->has_lock, 0, memory_order_relaxed);
}

static inline void anderson_release(struct anderson *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* ORD anderson:D release, pairs with anderson:B and anderson:C: see there. */
	atomic_store_explicit(&lock->slot[(hold->word + 1) & lock->mask].has_lock, 1, memory_order_release);
}

SYNC_LOCK_OPERATIONS(anderson, struct anderson, anderson_acquire, anderson_release)

const struct sync_backend sync_backend_anderson = {
	.name = "anderson",
	.summary = "array-based queue lock at DIRQL: each waiter spins on a slot of its own",
	.source = "Anderson, TPDS 1990",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct anderson),
	.init = anderson_init,
	.fini = anderson_fini,
	SYNC_OPERATIONS(anderson),
};
