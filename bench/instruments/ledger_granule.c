/* SPDX-License-Identifier: MIT */
/*
 * The granule protocol off the common path: the contest list of overlapping
 * writes, failed writes, too many writes. See ledger_granule.h.
 */
#include "bench/instruments/ledger_granule.h"

#include <stdio.h>
#include <stdlib.h>

void granule_die_too_many(const struct granule_word *word)
{
	fprintf(stderr,
		"%s:%d: too many writes in flight on 4 KiB: in_flight %u done %u covered %#x ambiguous %#x\n",
		__FILE__, __LINE__, word->in_flight, word->done, word->covered,
		word->ambiguous);
	abort();
}

/* Takes the next entry of a generation's list; CONTENDERS when it is full. */
static unsigned int contest_slot(struct granule *granule, uint8_t generation,
				 unsigned int at_least)
{
	/* Relaxed: the exchange decides. */
	uint16_t old = atomic_load_explicit(&granule->contest_head,
					    memory_order_relaxed);
	unsigned int slot, entries;

	do {
		slot = old >> 8 == generation ? old & 0xff : 0;
		entries = slot < CONTENDERS ? slot + 1 : CONTENDERS + 1;
		if (entries < at_least)
			entries = at_least;
		/*
		 * ORD contest_slot:A release, pairs with contest_has:A:
		 * whoever sees the head of a newer list sees the write in
		 * flight that made it, and so does not use the list.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
			&granule->contest_head, &old,
			(uint16_t)(generation << 8 | entries),
			memory_order_release, memory_order_relaxed));
	return slot < CONTENDERS ? slot : CONTENDERS;
}

void contest_add(struct granule *granule, uint8_t generation, uint8_t mask,
		 uint64_t serial)
{
	unsigned int slot = contest_slot(granule, generation, 0);

	if (slot == CONTENDERS)
		return;
	/*
	 * ORD contest_add:A release, pairs with contest_has:B:
	 * as contest_slot:A, for an entry that is written over.
	 */
	atomic_store_explicit(&granule->contest_mask[slot], mask,
			      memory_order_release);
	/*
	 * ORD contest_add:B release, pairs with contest_has:C:
	 * likewise.
	 */
	atomic_store_explicit(&granule->contest_serial[slot], serial,
			      memory_order_release);
}

bool contest_has(struct granule *granule, uint8_t bit, uint64_t serial)
{
	/*
	 * ORD contest_has:A acquire, pairs with contest_slot:A:
	 * a newer list shows in the word that is loaded after this one.
	 */
	unsigned int entries = 0xff & atomic_load_explicit(
		&granule->contest_head, memory_order_acquire);

	if (entries > CONTENDERS)
		return true;
	for (unsigned int i = 0; i < entries; i++) {
		/*
		 * ORD contest_has:B acquire, pairs with contest_add:A:
		 * a newer entry shows in the word that is loaded after it.
		 */
		uint8_t mask = atomic_load_explicit(&granule->contest_mask[i],
						    memory_order_acquire);

		/*
		 * ORD contest_has:C acquire, pairs with contest_add:B:
		 * likewise.
		 */
		if (atomic_load_explicit(&granule->contest_serial[i],
					 memory_order_acquire) == serial &&
		    mask & bit)
			return true;
	}
	return false;
}

void granule_forget(struct granule *granule, uint8_t mask)
{
	/* Relaxed, both: granule_close() publishes, the exchange decides. */
	uint64_t old = atomic_load_explicit(&granule->word,
					    memory_order_relaxed);
	struct granule_word word;

	do {
		word = unpack(old);
		set_ambiguous(&word, word.ambiguous | mask);
	} while (!atomic_compare_exchange_weak_explicit(
			&granule->word, &old, pack(word), memory_order_relaxed,
			memory_order_relaxed));
	contest_slot(granule, word.generation, CONTENDERS + 1);
}
