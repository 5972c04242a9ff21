/* SPDX-License-Identifier: MIT */
/*
 * A granule: of every 8 blocks, the serial each was last written with and one
 * word about the writes to them: how many are done, how many are in flight,
 * which blocks those cover, which blocks are ambiguous. A write opens a granule
 * when issued and closes it when completed, one compare and swap each. What
 * every I/O does is inline; what only overlap, damage or failure needs is not.
 * Private to the ledger.
 *
 * Why the committed serials need no lock: a block of an open granule is covered
 * by one write, which alone stores its serial, or it is ambiguous, and then all
 * that cover it put themselves on the granule's contest list before they close.
 * Everything is lock-free because an ISR may preempt a CPU at any instruction
 * here and complete an I/O on the same granule.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_LEDGER_GRANULE_H
#define STORSYNC_BENCH_INSTRUMENTS_LEDGER_GRANULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/devices/block_stamp.h"

#define GRANULE_BLOCKS 8u
#define CONTENDERS 6u
#define DONE_MASK ((UINT32_C(1) << 30) - 1)
#define MAX_IN_FLIGHT 0xffffu

/*
 * Two cache lines, and none shared with another granule. The contest list
 * belongs to the generation in its head; entries of others are void.
 */
struct granule {
	_Atomic uint64_t word;
	_Atomic uint16_t contest_head;	/* generation << 8 | entries */
	_Atomic uint8_t contest_mask[CONTENDERS];
	_Atomic uint64_t contest_serial[CONTENDERS];
	_Atomic uint64_t committed[GRANULE_BLOCKS];
};

_Static_assert(sizeof(struct granule) == 128, "two cache lines");

/* A granule's word, unpacked. */
struct granule_word {
	uint32_t done;		/* writes closed, modulo 2^30 */
	uint32_t in_flight;
	uint8_t covered;	/* blocks in flight, or ambiguous since idle */
	uint8_t ambiguous;
	uint8_t generation;	/* of the contest list, modulo 4 */
};

/* The part of an I/O in one granule. */
struct span {
	struct granule *granule;	/* NULL: never written */
	uint64_t lba;
	unsigned int first, blocks;
	uint8_t mask;
};

static inline struct granule_word unpack(uint64_t word)
{
	return (struct granule_word){
		.done = word & DONE_MASK,
		.in_flight = word >> 30 & MAX_IN_FLIGHT,
		.covered = (uint8_t)(word >> 46),
		.ambiguous = (uint8_t)(word >> 54),
		.generation = word >> 62,
	};
}

static inline uint64_t pack(struct granule_word word)
{
	return (uint64_t)word.done | (uint64_t)word.in_flight << 30 |
	       (uint64_t)word.covered << 46 | (uint64_t)word.ambiguous << 54 |
	       (uint64_t)word.generation << 62;
}

/* Says what a granule with too many writes in flight holds, and aborts. */
__attribute__((cold, noreturn))
void granule_die_too_many(const struct granule_word *word);

/*
 * Puts a write on a generation's contest list, for blocks of mask that others
 * covered too. A list that is full takes no more, and says so to contest_has().
 */
void contest_add(struct granule *granule, uint8_t generation, uint8_t mask,
		 uint64_t serial);

/*
 * Whether an ambiguous block may hold this serial, going by the list. Once no
 * write is in flight the list is of the word's generation: the write that began
 * a generation puts itself on the list before it closes.
 */
bool contest_has(struct granule *granule, uint8_t bit, uint64_t serial);

/*
 * A failed write left these blocks with its own serial or what they held, which
 * may have been ambiguous itself: from here on, anything.
 */
void granule_forget(struct granule *granule, uint8_t mask);

/*
 * Makes blocks ambiguous. A list with no ambiguous block left is void, so the
 * first one starts a generation. That happens at most once between two moments
 * without writes in flight (a block that became ambiguous stays so until the
 * next one), so no list of a generation but this and the last can be around.
 */
static inline void set_ambiguous(struct granule_word *word, uint8_t ambiguous)
{
	if (ambiguous && !word->ambiguous)
		word->generation = (word->generation + 1) & 3;
	word->ambiguous = ambiguous;
}

/*
 * A write is about to start: blocks covered already become ambiguous, the
 * others stop being so. Returns how many were covered.
 */
static inline unsigned int granule_open(struct granule *granule, uint8_t mask)
{
	/* Relaxed: the exchange decides. */
	uint64_t old = atomic_load_explicit(&granule->word,
					    memory_order_relaxed);
	struct granule_word word;
	uint8_t again;

	do {
		word = unpack(old);
		again = word.covered & mask;
		if (word.in_flight == MAX_IN_FLIGHT)
			granule_die_too_many(&word);
		word.in_flight++;
		word.covered |= mask;
		set_ambiguous(&word, (word.ambiguous & (uint8_t)~mask) | again);
		/*
		 * ORD granule_open:A acquire, pairs with granule_close:A:
		 * the serials this write commits follow, in every block's own
		 * order of stores, those of the writes closed before it.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
			&granule->word, &old, pack(word), memory_order_acquire,
			memory_order_relaxed));
	return (unsigned int)__builtin_popcount(again);
}

/*
 * A write is over. Where others covered its blocks too it goes on the contest
 * list first, and those blocks stay covered until none is in flight; the rest
 * were its own and are exact again. One look decides about the list: a write
 * opened later than that comes after this one on the medium, and one that came
 * before it there is seen, by way of the device's own synchronization.
 */
static inline void granule_close(struct granule *granule, uint8_t mask,
				 uint64_t serial)
{
	/* Relaxed: as said, and the exchange decides the rest. */
	uint64_t old = atomic_load_explicit(&granule->word,
					    memory_order_relaxed);
	struct granule_word word = unpack(old);
	uint8_t contested = word.ambiguous & mask;

	if (contested)
		contest_add(granule, word.generation, contested, serial);
	do {
		word = unpack(old);
		word.done = (word.done + 1) & DONE_MASK;
		word.in_flight--;
		word.covered &= (uint8_t)~(mask & ~word.ambiguous);
		if (!word.in_flight)
			word.covered = 0;
		/*
		 * ORD granule_close:A release, pairs with granule_open:A,
		 * snapshot_read:A:
		 * publishes the committed serials and the contest entry.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
			&granule->word, &old, pack(word), memory_order_release,
			memory_order_relaxed));
}

static inline void commit_span(const struct span *span, uint64_t serial)
{
	for (unsigned int i = 0; i < span->blocks; i++)
		/*
		 * ORD commit_span:A release, pairs with judge_span:A:
		 * whoever sees a serial sees that its write was opened.
		 */
		atomic_store_explicit(
			&span->granule->committed[span->first + i], serial,
			memory_order_release);
}

/*
 * Compares the serials found in a granule with those committed. Stores in
 * *ambiguous how many are one of several overlapping writes', and returns how
 * many are neither.
 */
static inline unsigned int judge_span(const struct span *span,
				      const uint64_t *serials,
				      unsigned int blocks,
				      unsigned int *ambiguous)
{
	unsigned int wrong = 0;

	*ambiguous = 0;
	for (unsigned int i = 0; i < blocks; i++) {
		struct granule *granule = span->granule;
		unsigned int at = span->first + i;
		struct granule_word word;
		uint64_t expected = 0;

		/*
		 * ORD judge_span:A acquire, pairs with commit_span:A:
		 * a serial newer than the snapshot makes group_quiet(), which
		 * comes later, see its write.
		 */
		if (granule)
			expected = atomic_load_explicit(&granule->committed[at],
							memory_order_acquire);
		if (__builtin_expect(serials[i] == expected ||
				     serials[i] == BLOCK_STAMP_BAD_SERIAL, 1))
			continue;
		wrong++;
		if (!granule)
			continue;
		/* Relaxed: group_quiet() tells whether it was the only one. */
		word = unpack(atomic_load_explicit(&granule->word,
						   memory_order_relaxed));
		if (word.ambiguous & 1u << at &&
		    contest_has(granule, (uint8_t)(1u << at), serials[i]))
			++*ambiguous;
	}
	return wrong - *ambiguous;
}

#endif
