/* SPDX-License-Identifier: MIT */
/*
 * The ledger keeps, for every 8 blocks (a granule), the serial each was last
 * written with and one word about the writes to it: how many are done, how many
 * are in flight, which blocks those cover, which blocks are ambiguous. A write
 * opens its granules when issued and closes them when completed, one compare
 * and swap each; a read samples `done` when issued and, only where a serial
 * differs from the committed one, compares it with done + in flight. Equal means
 * no write was in flight at any time in between.
 *
 * Why the committed serials need no lock: a block of an open granule is covered
 * by one write, which alone stores its serial, or it is ambiguous, and then all
 * that cover it put themselves on the granule's contest list before they close.
 * Everything is lock-free because an ISR may preempt a CPU at any instruction
 * here and complete an I/O on the same granule.
 */
#include "bench/instruments/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define GRANULE_BLOCKS 8u
#define CHUNK_GRANULES 4u
#define CHUNK_BLOCKS (GRANULE_BLOCKS * CHUNK_GRANULES)
#define CHUNK_SHIFT 5
#define LBA_KEY_BITS (48 - CHUNK_SHIFT)
#define BUCKET_BITS 20
#define BUCKETS ((size_t)1 << BUCKET_BITS)
#define SLAB_BYTES ((size_t)1 << 20)
#define SHARDS 64u

#define CONTENDERS 6u
#define DONE_MASK ((UINT32_C(1) << 30) - 1)
#define MAX_IN_FLIGHT 0xffffu

enum io_state {
	IO_IDLE,
	IO_ISSUED,
	IO_COMPLETING,
	IO_COMPLETED,
};

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

struct ledger_chunk {
	uint64_t key;		/* 0: never entered the table */
	struct ledger_chunk *next;
	_Alignas(64) struct granule granules[CHUNK_GRANULES];
};

struct slab {
	struct slab *next;
	atomic_size_t used;
	struct ledger_chunk chunks[];
};

#define SLAB_CHUNKS \
	((SLAB_BYTES - sizeof(struct slab)) / sizeof(struct ledger_chunk))

/* Counters of one thread, or of few: 128 bytes, for the adjacent-line fetch. */
struct shard {
	_Alignas(128) _Atomic uint64_t issued;
	_Atomic uint64_t completed;
	_Atomic uint64_t unordered;
	_Atomic uint64_t contested;
	_Atomic uint64_t ambiguous;
};

struct ledger {
	_Atomic(struct ledger_chunk *) *buckets;
	enum lun_data mode;
	_Atomic(struct slab *) slabs;
	_Atomic uint64_t failed, duplicates, never_issued;
	_Atomic uint64_t misdirected, torn, corrupt, missing, stale;
	struct shard shards[SHARDS];
};

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

struct walk {
	const struct ledger *ledger;
	struct ledger_chunk *chunk;
	unsigned int lun;
	uint64_t lba, end;
};

static struct granule_word unpack(uint64_t word)
{
	return (struct granule_word){
		.done = word & DONE_MASK,
		.in_flight = word >> 30 & MAX_IN_FLIGHT,
		.covered = (uint8_t)(word >> 46),
		.ambiguous = (uint8_t)(word >> 54),
		.generation = word >> 62,
	};
}

static uint64_t pack(struct granule_word word)
{
	return (uint64_t)word.done | (uint64_t)word.in_flight << 30 |
	       (uint64_t)word.covered << 46 | (uint64_t)word.ambiguous << 54 |
	       (uint64_t)word.generation << 62;
}

/*
 * Relaxed throughout: counters are only ever summed, by whoever has already
 * synchronized with the threads that counted.
 */
static void count(_Atomic uint64_t *counter, uint64_t n)
{
	if (n)
		atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Relaxed: any number does, one of its own per thread just costs least. */
static unsigned int shard_index(void)
{
	static atomic_uint threads;
	static _Thread_local unsigned int mine = SHARDS;

	if (__builtin_expect(mine == SHARDS, 0))
		mine = atomic_fetch_add_explicit(&threads, 1,
						 memory_order_relaxed) % SHARDS;
	return mine;
}

static struct shard *my_shard(struct ledger *ledger)
{
	return &ledger->shards[shard_index()];
}

static void *map_zeroed(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int ledger_create(struct ledger **out, const struct ledger_config *config)
{
	struct ledger *ledger;

	if (config->mode != LUN_DATA_STAMP && config->mode != LUN_DATA_COPY)
		return -EINVAL;
	ledger = map_zeroed(sizeof(*ledger));
	if (!ledger)
		return -ENOMEM;
	ledger->buckets = map_zeroed(BUCKETS * sizeof(*ledger->buckets));
	if (!ledger->buckets) {
		munmap(ledger, sizeof(*ledger));
		return -ENOMEM;
	}
	ledger->mode = config->mode;
	*out = ledger;
	return 0;
}

void ledger_destroy(struct ledger *ledger)
{
	struct slab *slab, *next;

	if (!ledger)
		return;
	/* Relaxed: the last user has already synchronized with the caller. */
	slab = atomic_load_explicit(&ledger->slabs, memory_order_relaxed);
	for (; slab; slab = next) {
		next = slab->next;
		munmap(slab, SLAB_BYTES);
	}
	munmap((void *)ledger->buckets, BUCKETS * sizeof(*ledger->buckets));
	munmap(ledger, sizeof(*ledger));
}

static uint64_t chunk_key(unsigned int lun, uint64_t lba)
{
	return block_stamp_tag(lun, lba) >> CHUNK_SHIFT;
}

/* Neighbours stay neighbours, so few LBAs touch few pages of the table. */
static size_t bucket_of(uint64_t key)
{
	return (key ^ (key >> BUCKET_BITS) * UINT64_C(0x9e3779b97f4a7c15) >> 24)
		& (BUCKETS - 1);
}

static struct ledger_chunk *chain_find(struct ledger_chunk *chunk, uint64_t key)
{
	while (chunk && chunk->key != key)
		chunk = chunk->next;
	return chunk;
}

static struct ledger_chunk *chunk_find(const struct ledger *ledger,
				       uint64_t key)
{
	/*
	 * ORD chunk_find:A acquire, pairs with chunk_get:A:
	 * the key and the link of a chunk are seen with the chunk.
	 */
	return chain_find(atomic_load_explicit(&ledger->buckets[bucket_of(key)],
					       memory_order_acquire), key);
}

static struct ledger_chunk *chunk_alloc(struct ledger *ledger)
{
	for (;;) {
		/*
		 * ORD chunk_alloc:A acquire, pairs with chunk_alloc:B:
		 * the link of a slab is seen with the slab.
		 */
		struct slab *slab = atomic_load_explicit(&ledger->slabs,
							 memory_order_acquire);
		struct slab *fresh;

		/* Relaxed: it hands out indexes, and the memory is zero. */
		if (slab) {
			size_t i = atomic_fetch_add_explicit(
				&slab->used, 1, memory_order_relaxed);

			if (i < SLAB_CHUNKS)
				return &slab->chunks[i];
		}
		fresh = map_zeroed(SLAB_BYTES);
		if (!fresh)
			return NULL;
		fresh->next = slab;
		/*
		 * ORD chunk_alloc:B release, pairs with chunk_alloc:A, first_slab:A:
		 * publishes the link. Relaxed on failure: looked up again.
		 */
		if (!atomic_compare_exchange_strong_explicit(
			    &ledger->slabs, &slab, fresh, memory_order_release,
			    memory_order_relaxed))
			munmap(fresh, SLAB_BYTES);
	}
}

/* Finds a chunk or pushes a new one; NULL if there is no memory. */
static struct ledger_chunk *chunk_get(struct ledger *ledger, uint64_t key)
{
	_Atomic(struct ledger_chunk *) *bucket =
		&ledger->buckets[bucket_of(key)];
	struct ledger_chunk *chunk = chunk_find(ledger, key);
	struct ledger_chunk *fresh, *head;

	if (__builtin_expect(!!chunk, 1))
		return chunk;
	fresh = chunk_alloc(ledger);
	if (!fresh)
		return NULL;
	fresh->key = key;
	/*
	 * ORD chunk_get:B acquire, pairs with chunk_get:A:
	 * as chunk_find:A, for a chain that grew since; the exchange's failure
	 * order is acquire for the same reason.
	 */
	head = atomic_load_explicit(bucket, memory_order_acquire);
	do {
		chunk = chain_find(head, key);
		if (chunk) {
			/* Another CPU was first; this chunk stays unused. */
			fresh->key = 0;
			return chunk;
		}
		fresh->next = head;
		/*
		 * ORD chunk_get:A release, pairs with chunk_find:A, chunk_get:B:
		 * publishes the key and the link.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
			bucket, &head, fresh, memory_order_release,
			memory_order_acquire));
	return fresh;
}

static struct walk walk_io(const struct ledger *ledger,
			   const struct ledger_io *io)
{
	return (struct walk){
		.ledger = ledger,
		.chunk = io->chunk,
		.lun = io->lun,
		.lba = io->lba,
		.end = io->lba + io->blocks,
	};
}

static bool next_span(struct walk *walk, struct span *span)
{
	unsigned int first = walk->lba % GRANULE_BLOCKS;
	unsigned int blocks = GRANULE_BLOCKS - first;
	uint64_t key = chunk_key(walk->lun, walk->lba);

	if (walk->lba == walk->end)
		return false;
	if (blocks > walk->end - walk->lba)
		blocks = (unsigned int)(walk->end - walk->lba);
	if (!walk->chunk || walk->chunk->key != key)
		walk->chunk = chunk_find(walk->ledger, key);
	*span = (struct span){
		.granule = walk->chunk ?
			&walk->chunk->granules[walk->lba / GRANULE_BLOCKS %
					       CHUNK_GRANULES] : NULL,
		.lba = walk->lba,
		.first = first,
		.blocks = blocks,
		.mask = (uint8_t)(((1u << blocks) - 1) << first),
	};
	walk->lba += blocks;
	return true;
}

static void die_too_many(const struct granule_word *word)
{
	fprintf(stderr,
		"%s:%d: too many writes in flight on 4 KiB: in_flight %u done %u covered %#x ambiguous %#x\n",
		__FILE__, __LINE__, word->in_flight, word->done, word->covered,
		word->ambiguous);
	abort();
}

/*
 * Makes blocks ambiguous. A list with no ambiguous block left is void, so the
 * first one starts a generation. That happens at most once between two moments
 * without writes in flight (a block that became ambiguous stays so until the
 * next one), so no list of a generation but this and the last can be around.
 */
static void set_ambiguous(struct granule_word *word, uint8_t ambiguous)
{
	if (ambiguous && !word->ambiguous)
		word->generation = (word->generation + 1) & 3;
	word->ambiguous = ambiguous;
}

/*
 * A write is about to start: blocks covered already become ambiguous, the
 * others stop being so. Returns how many were covered.
 */
static unsigned int granule_open(struct granule *granule, uint8_t mask)
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
			die_too_many(&word);
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

static void contest_add(struct granule *granule, uint8_t generation,
			uint8_t mask, uint64_t serial)
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

/*
 * Whether an ambiguous block may hold this serial, going by the list. Once no
 * write is in flight the list is of the word's generation: the write that began
 * a generation puts itself on the list before it closes.
 */
static bool contest_has(struct granule *granule, uint8_t bit, uint64_t serial)
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

/*
 * A failed write left these blocks with its own serial or what they held, which
 * may have been ambiguous itself: from here on, anything.
 */
static void granule_forget(struct granule *granule, uint8_t mask)
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

/*
 * A write is over. Where others covered its blocks too it goes on the contest
 * list first, and those blocks stay covered until none is in flight; the rest
 * were its own and are exact again. One look decides about the list: a write
 * opened later than that comes after this one on the medium, and one that came
 * before it there is seen, by way of the device's own synchronization.
 */
static void granule_close(struct granule *granule, uint8_t mask,
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

/* The chunks a write needs: made before anything is marked, so it can fail. */
static int insert_chunks(struct ledger *ledger, struct ledger_io *io)
{
	uint64_t first = chunk_key(io->lun, io->lba);
	uint64_t last = chunk_key(io->lun, io->lba + io->blocks - 1);

	io->chunk = chunk_get(ledger, first);
	if (!io->chunk)
		return -ENOMEM;
	for (uint64_t key = first + 1; key <= last; key++)
		if (!chunk_get(ledger, key))
			return -ENOMEM;
	return 0;
}

static void open_write(struct ledger *ledger, const struct ledger_io *io)
{
	struct walk walk = walk_io(ledger, io);
	unsigned int contested = 0;
	struct span span;

	while (next_span(&walk, &span))
		contested += granule_open(span.granule, span.mask);
	count(&my_shard(ledger)->contested, contested);
}

static void commit_span(const struct span *span, uint64_t serial)
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

static void close_write(const struct ledger *ledger, const struct ledger_io *io,
			bool failed)
{
	struct walk walk = walk_io(ledger, io);
	struct span span;

	while (next_span(&walk, &span)) {
		if (failed)
			granule_forget(span.granule, span.mask);
		else
			commit_span(&span, io->serial);
		granule_close(span.granule, span.mask, io->serial);
	}
}

/* The group of an I/O's granules that a block belongs to. */
static unsigned int group_of(const struct ledger_io *io, uint64_t lba)
{
	return (unsigned int)((lba / GRANULE_BLOCKS -
			       io->lba / GRANULE_BLOCKS) >> io->group_shift);
}

static void snapshot_read(const struct ledger *ledger, struct ledger_io *io)
{
	struct walk walk;
	struct span span;

	io->chunk = chunk_find(ledger, chunk_key(io->lun, io->lba));
	io->group_shift = 0;
	while (group_of(io, io->lba + io->blocks - 1) >= LEDGER_IO_GROUPS)
		io->group_shift++;
	memset(io->done, 0, sizeof(io->done));
	walk = walk_io(ledger, io);
	while (next_span(&walk, &span))
		if (span.granule)
			/*
			 * ORD snapshot_read:A acquire, pairs with
			 * granule_close:A:
			 * what the writes counted here committed is seen.
			 */
			io->done[group_of(io, span.lba)] += unpack(
				atomic_load_explicit(&span.granule->word,
						     memory_order_acquire)).done;
}

/*
 * True if no write was in flight on a group between the snapshot and now. Sums
 * do, because done + in_flight never falls below an earlier done.
 */
static bool group_quiet(const struct ledger *ledger, const struct ledger_io *io,
			unsigned int group)
{
	struct walk walk = walk_io(ledger, io);
	uint32_t started = 0;
	struct span span;

	while (next_span(&walk, &span)) {
		struct granule_word word;

		if (!span.granule || group_of(io, span.lba) != group)
			continue;
		/*
		 * Relaxed: a write that reached the block just read was opened
		 * before, which the device's own synchronization carries here;
		 * one whose serial or contest entry was just loaded is carried
		 * by the acquire of that load.
		 */
		word = unpack(atomic_load_explicit(&span.granule->word,
						   memory_order_relaxed));
		started += word.done + word.in_flight;
	}
	return !((started - io->done[group]) & DONE_MASK);
}

/*
 * Compares the serials found in a granule with those committed. Stores in
 * *ambiguous how many are one of several overlapping writes', and returns how
 * many are neither.
 */
static unsigned int judge_span(const struct span *span, const uint64_t *serials,
			       unsigned int blocks, unsigned int *ambiguous)
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

static unsigned int count_faults(struct ledger *ledger,
				 const struct block_stamp_counts *bad,
				 uint64_t stale)
{
	count(&ledger->misdirected, bad->misdirected);
	count(&ledger->torn, bad->torn);
	count(&ledger->corrupt, bad->wrong_pattern);
	count(&ledger->missing, bad->missing);
	count(&ledger->stale, stale);
	return (bad->misdirected ? LEDGER_MISDIRECTED : 0u) |
	       (bad->torn ? LEDGER_TORN : 0u) |
	       (bad->wrong_pattern ? LEDGER_CORRUPT : 0u) |
	       (bad->missing ? LEDGER_MISSING : 0u) |
	       (stale ? LEDGER_STALE : 0u);
}

static unsigned int check_read(struct ledger *ledger,
			       const struct ledger_io *io,
			       const struct sim_iov *iov, size_t n)
{
	struct sim_iov_cursor cursor = sim_iov_begin(iov, n);
	struct walk walk = walk_io(ledger, io);
	struct block_stamp_counts bad = { 0 };
	uint64_t stale = 0;
	struct span span;

	while (next_span(&walk, &span)) {
		uint64_t serials[GRANULE_BLOCKS];
		unsigned int found, wrong, ambiguous;

		found = (unsigned int)block_stamp_check_next(
			&cursor, io->lun, span.lba, span.blocks, ledger->mode,
			&bad, serials);
		bad.missing += span.blocks - found;
		wrong = judge_span(&span, serials, found, &ambiguous);
		if (__builtin_expect(!(wrong | ambiguous), 1))
			continue;
		if (group_quiet(ledger, io, group_of(io, span.lba))) {
			stale += wrong;
			count(&my_shard(ledger)->ambiguous, ambiguous);
		} else {
			count(&my_shard(ledger)->unordered, wrong + ambiguous);
		}
	}
	return count_faults(ledger, &bad, stale);
}

int ledger_issue(struct ledger *ledger, struct ledger_io *io)
{
	/*
	 * ORD ledger_issue:A acquire, pairs with io_release:A:
	 * the slot is overwritten only after its last completion is done.
	 */
	unsigned int state = atomic_load_explicit(&io->state,
						  memory_order_acquire);
	unsigned int shard = shard_index();

	if (state == IO_ISSUED || state == IO_COMPLETING)
		return -EBUSY;
	if (!io->blocks || io->lun > BLOCK_STAMP_MAX_LUN ||
	    io->lba >= BLOCK_STAMP_MAX_BLOCKS ||
	    io->blocks > BLOCK_STAMP_MAX_BLOCKS - io->lba)
		return -EINVAL;
	if (io->is_write && insert_chunks(ledger, io))
		return -ENOMEM;
	/* Relaxed: unique is all a serial has to be. */
	io->serial = (1 + atomic_fetch_add_explicit(
				&ledger->shards[shard].issued, 1,
				memory_order_relaxed)) * SHARDS + shard;
	if (io->is_write)
		open_write(ledger, io);
	else
		snapshot_read(ledger, io);
	/*
	 * ORD ledger_issue:B release, pairs with io_claim:A:
	 * the slot is seen as filled in here.
	 */
	atomic_store_explicit(&io->state, IO_ISSUED, memory_order_release);
	return 0;
}

/* Issued becomes completing, for one caller only; the others get the fault. */
static unsigned int io_claim(struct ledger *ledger, struct ledger_io *io)
{
	unsigned int state = IO_ISSUED;

	/*
	 * ORD io_claim:A acquire, pairs with ledger_issue:B:
	 * the slot is seen as the issuer left it. Relaxed on failure: then
	 * nothing in it is looked at.
	 */
	if (atomic_compare_exchange_strong_explicit(
		    &io->state, &state, IO_COMPLETING, memory_order_acquire,
		    memory_order_relaxed))
		return 0;
	if (state == IO_IDLE) {
		count(&ledger->never_issued, 1);
		return LEDGER_NEVER_ISSUED;
	}
	count(&ledger->duplicates, 1);
	return LEDGER_DUPLICATE;
}

/* Completing becomes completed. */
static void io_release(struct ledger *ledger, struct ledger_io *io)
{
	count(&my_shard(ledger)->completed, 1);
	/*
	 * ORD io_release:A release, pairs with ledger_issue:A:
	 * the slot is no longer used here.
	 */
	atomic_store_explicit(&io->state, IO_COMPLETED, memory_order_release);
}

unsigned int ledger_complete(struct ledger *ledger, struct ledger_io *io,
			     const struct sim_iov *iov, size_t n)
{
	unsigned int faults = io_claim(ledger, io);

	if (faults)
		return faults;
	if (io->is_write)
		close_write(ledger, io, false);
	else
		faults = check_read(ledger, io, iov, n);
	io_release(ledger, io);
	return faults;
}

unsigned int ledger_fail(struct ledger *ledger, struct ledger_io *io)
{
	unsigned int faults = io_claim(ledger, io);

	if (faults)
		return faults;
	count(&ledger->failed, 1);
	if (io->is_write)
		close_write(ledger, io, true);
	io_release(ledger, io);
	return 0;
}

static const struct slab *first_slab(const struct ledger *ledger)
{
	/*
	 * ORD first_slab:A acquire, pairs with chunk_alloc:B:
	 * the link of a slab is seen with the slab.
	 */
	return atomic_load_explicit(&ledger->slabs, memory_order_acquire);
}

void ledger_finish(const struct ledger *ledger, struct ledger_report *report)
{
	*report = (struct ledger_report){
		.failed = counted(&ledger->failed),
		.duplicates = counted(&ledger->duplicates),
		.never_issued = counted(&ledger->never_issued),
		.misdirected = counted(&ledger->misdirected),
		.torn = counted(&ledger->torn),
		.corrupt = counted(&ledger->corrupt),
		.missing = counted(&ledger->missing),
		.stale = counted(&ledger->stale),
		.resident_bytes = sizeof(*ledger),
	};
	for (unsigned int i = 0; i < SHARDS; i++) {
		const struct shard *shard = &ledger->shards[i];

		report->completed += counted(&shard->completed);
		report->issued += counted(&shard->issued);
		report->unordered += counted(&shard->unordered);
		report->contested += counted(&shard->contested);
		report->ambiguous += counted(&shard->ambiguous);
	}
	report->lost = report->issued - report->completed;
	for (const struct slab *slab = first_slab(ledger); slab;
	     slab = slab->next)
		report->resident_bytes += SLAB_BYTES;
}

/* Looks at one granule of the LUN; granule NULL: nothing was written there. */
static void sweep_granule(const struct lun *lun, struct granule *granule,
			  uint64_t lba, struct ledger_sweep *found)
{
	struct span span = { .granule = granule, .lba = lba };
	struct granule_word word = { 0 };
	uint64_t serials[GRANULE_BLOCKS];
	unsigned int wrong, ambiguous;

	for (unsigned int i = 0; i < GRANULE_BLOCKS; i++) {
		enum block_stamp_verdict verdict;

		verdict = lun_peek(lun, lba + i, &serials[i]);
		if (verdict == BLOCK_STAMP_GOOD)
			continue;
		serials[i] = BLOCK_STAMP_BAD_SERIAL;
		if (verdict == BLOCK_STAMP_TORN)
			found->torn++;
		else if (verdict == BLOCK_STAMP_WRONG_PATTERN)
			found->corrupt++;
		else
			found->misdirected++;
	}
	found->checked += GRANULE_BLOCKS;
	wrong = judge_span(&span, serials, GRANULE_BLOCKS, &ambiguous);
	/* Relaxed: nobody else is here. */
	if (granule)
		word = unpack(atomic_load_explicit(&granule->word,
						   memory_order_relaxed));
	if (word.in_flight) {
		found->unordered += wrong + ambiguous;
	} else {
		found->stale += wrong;
		found->ambiguous += ambiguous;
	}
}

/* What the ledger knows; then what only the LUN does. */
void ledger_sweep(const struct ledger *ledger, const struct lun *lun,
		  struct ledger_sweep *found)
{
	unsigned int id = lun_id(lun);
	size_t position = 0;
	uint64_t lba;

	memset(found, 0, sizeof(*found));
	for (const struct slab *slab = first_slab(ledger); slab;
	     slab = slab->next) {
		/* Relaxed: nobody else is here. */
		size_t used = atomic_load_explicit(&slab->used,
						   memory_order_relaxed);

		for (size_t i = 0; i < used && i < SLAB_CHUNKS; i++) {
			struct ledger_chunk *chunk =
				(struct ledger_chunk *)&slab->chunks[i];

			lba = (chunk->key << CHUNK_SHIFT) &
			      (BLOCK_STAMP_MAX_BLOCKS - 1);
			if (chunk->key != chunk_key(id, lba))
				continue;
			for (unsigned int g = 0; g < CHUNK_GRANULES; g++)
				sweep_granule(lun, &chunk->granules[g],
					      lba + g * GRANULE_BLOCKS, found);
		}
	}
	while (lun_next_chunk(lun, &position, &lba))
		for (unsigned int i = 0; i < LUN_CHUNK_BLOCKS;
		     i += GRANULE_BLOCKS)
			if (!chunk_find(ledger, chunk_key(id, lba + i)))
				sweep_granule(lun, NULL, lba + i, found);
}
