/* SPDX-License-Identifier: MIT */
/*
 * The test-and-test-and-set word inside back ends that differ from `spinlock`
 * in what is around it: the level, or who takes it when.
 *
 * Called at a level at which the ISR that may take the same word cannot come in
 * on the same CPU.  Source: L. Rudolph and Z. Segall, ISCA 1984.
 */
#ifndef STORSYNC_IMPLS_SPIN_WORD_H
#define STORSYNC_IMPLS_SPIN_WORD_H

#include "impls/contract.h"

struct spin_word {
	_Atomic(uint32_t) held;
};

static SYNC_WAITING_PATH void spin_word_wait(struct spin_word *word, struct sim_cpu *cpu)
{
	do {
		/* relaxed: only waits; the exchange decides */
		while (atomic_load_explicit(&word->held, memory_order_relaxed))
			sync_relax(cpu);
		/* ORD spin_word:C acquire, pairs with spin_word:B: as spin_word:A. */
	} while (atomic_exchange_explicit(&word->held, 1, memory_order_acquire));
}

static inline void spin_word_acquire(struct spin_word *word, struct sim_cpu *cpu)
{
	/* ORD spin_word:A acquire, pairs with spin_word:B: who gets the word sees every store of the holder before. */
	if (__builtin_expect(atomic_exchange_explicit(&word->held, 1, memory_order_acquire), 0))
		spin_word_wait(word, cpu);
}

static inline void spin_word_release(struct spin_word *word)
{
	/* ORD spin_word:B release, pairs with spin_word:A and spin_word:C and rtm:A: see there. */
	atomic_store_explicit(&word->held, 0, memory_order_release);
}

#endif
