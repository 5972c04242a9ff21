/* SPDX-License-Identifier: MIT */
/*
 * twa: a ticket lock whose waiters, but for the next in line, stay away from the
 * counter that a release writes.
 *
 * Whoever has more than TWA_LONG_TERM to go waits on a slot of a waiting array,
 * chosen by its ticket, and moves to the counter when the slot changes.  What
 * passes the lock on thus invalidates the line of one waiter, not of all.  With
 * two CPUs it is a ticket lock that pays for one more locked addition.
 *
 * Why this one, of the compact scalable locks of its authors, and not Hemlock
 * (Dice and Kogan, SPAA 2021): there, who releases waits until its successor has
 * acknowledged, so an ISR could not leave before a waiter makes progress.  Here a
 * release is a bounded number of its own steps.  What remains is that a CPU held
 * up between the two steps of twa_release holds up a long-term waiter.
 *
 * Unlike the paper's, the array belongs to the lock, has a slot for each CPU at
 * least, and each slot lies on lines of its own.  Tickets that wait at the same
 * time are therefore neighbours in different slots; the hash is the ticket's
 * low bits.  The paper shares one packed array among all locks, and hashes the
 * lock's address into the index.
 *
 * All counters wrap: tickets are told apart by their distance, slots by being
 * different.  They begin shortly before, so that every run goes through it.
 *
 * Source: D. Dice and A. Kogan, "TWA: Ticket Locks Augmented with a Waiting
 * Array", Euro-Par 2019.
 */
#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

/* Distance to the front up to which one waits on the counter itself: the paper's, so that the next in line is there already. */
#define TWA_LONG_TERM 1
#define TWA_FIRST (UINT32_MAX - 99)

struct twa_slot {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) changes;
};

struct twa {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) next;
	uint8_t dirql;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) owner;
	/* Read only, and by the releasing CPU, which writes this line anyway, or by who waits long. */
	uint32_t slot_mask;
	struct twa_slot *slot;
};

static int twa_init(void *state, const struct sync_config *config)
{
	struct twa *lock = state;
	uint32_t slots = 1;

	/* A power of two, so that it divides the range of tickets: neighbours differ at the wrap as well. */
	while (slots < config->cpus)
		slots *= 2;
	lock->slot = aligned_alloc(SYNC_LINE_BYTES, slots * sizeof(*lock->slot));
	if (!lock->slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < slots; i++)
		atomic_init(&lock->slot[i].changes, TWA_FIRST);
	lock->slot_mask = slots - 1;
	atomic_init(&lock->next, TWA_FIRST);
	atomic_init(&lock->owner, TWA_FIRST);
	lock->dirql = config->dirql;
	return 0;
}

static void twa_fini(void *state)
{
	struct twa *lock = state;

	free(lock->slot);
}

static inline _Atomic(uint32_t) *twa_slot_of(struct twa *lock, uint32_t ticket)
{
	return &lock->slot[ticket & lock->slot_mask].changes;
}

/* Away from the counter until at most TWA_LONG_TERM are in front of `me`. */
static void twa_wait_long(struct twa *lock, struct sim_cpu *cpu, uint32_t me)
{
	_Atomic(uint32_t) *changes = twa_slot_of(lock, me);
	/* ORD twa:D acquire, pairs with twa:E: a change already seen means an owner that is seen, too, and so is not waited for. */
	uint32_t seen = atomic_load_explicit(changes, memory_order_acquire);
	uint32_t now;

	/* relaxed: only decides where to wait */
	while (me - atomic_load_explicit(&lock->owner, memory_order_relaxed) > TWA_LONG_TERM) {
		/* ORD twa:F acquire, pairs with twa:E: as twa:D. */
		while ((now = atomic_load_explicit(changes, memory_order_acquire)) == seen)
			sync_relax(cpu);
		seen = now;
	}
}

static SYNC_WAITING_PATH void twa_wait(struct twa *lock, struct sim_cpu *cpu, uint32_t me)
{
	/* relaxed: only decides where to wait */
	if (me - atomic_load_explicit(&lock->owner, memory_order_relaxed) > TWA_LONG_TERM)
		twa_wait_long(lock, cpu, me);
	/* ORD twa:C acquire, pairs with twa:B: as twa:A. */
	while (atomic_load_explicit(&lock->owner, memory_order_acquire) != me)
		sync_relax(cpu);
}

static inline void twa_acquire(struct twa *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* relaxed: the draw orders nobody's data; being served does */
	uint32_t me = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

	/* ORD twa:A acquire, pairs with twa:B: being served means seeing every store of the holder before. */
	if (__builtin_expect(atomic_load_explicit(&lock->owner, memory_order_acquire) != me, 0))
		twa_wait(lock, cpu, me);
}

static inline void twa_release(struct twa *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	/* relaxed: only the holder writes it */
	uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed) + 1;

	/* ORD twa:B release, pairs with twa:A and twa:C: see there. */
	atomic_store_explicit(&lock->owner, owner, memory_order_release);
	/*
	 * ORD twa:E release, pairs with twa:D and twa:F: after the counter, for the one whose turn it is to
	 * wait there.  An addition: the next holder may be here by now, too.
	 */
	atomic_fetch_add_explicit(twa_slot_of(lock, owner + TWA_LONG_TERM), 1, memory_order_release);
}

SYNC_LOCK_OPERATIONS(twa, struct twa, twa_acquire, twa_release)

const struct sync_backend sync_backend_twa = {
	.name = "twa",
	.summary = "ticket lock with a waiting array: only the next in line waits on the counter",
	.source = "Dice and Kogan, Euro-Par 2019",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_FIFO,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct twa),
	.init = twa_init,
	.fini = twa_fini,
	SYNC_OPERATIONS(twa),
};
