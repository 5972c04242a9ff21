/* SPDX-License-Identifier: MIT */
/*
 * The ledger's granules by LUN and LBA: a hash table of chunks, 4 granules each,
 * and the walk of an I/O over its granules. Chunks come from mapped slabs, enter
 * a chain once and stay until the table goes, so a lookup is a walk of plain
 * links. Finding is inline; making is not. Private to the ledger.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_LEDGER_CHUNKS_H
#define STORSYNC_BENCH_INSTRUMENTS_LEDGER_CHUNKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/instruments/ledger.h"
#include "bench/instruments/ledger_granule.h"
#include "hba_sim/devices/block_stamp.h"

#define CHUNK_GRANULES 4u
#define CHUNK_SHIFT 5
#define BUCKET_BITS 20
#define BUCKETS ((size_t)1 << BUCKET_BITS)

struct slab;

struct ledger_chunk {
	uint64_t key;		/* 0: never entered the table */
	struct ledger_chunk *next;
	_Alignas(64) struct granule granules[CHUNK_GRANULES];
};

struct chunk_table {
	_Atomic(struct ledger_chunk *) *buckets;
	_Atomic(struct slab *) slabs;
};

struct walk {
	const struct chunk_table *table;
	struct ledger_chunk *chunk;
	unsigned int lun;
	uint64_t lba, end;
};

/* A position among all chunks, for chunk_next(). */
struct chunk_cursor {
	struct slab *slab;
	size_t index;
};

/* Zeroed pages that cost no memory until used; NULL if there are none. */
void *map_zeroed(size_t bytes);

/* -ENOMEM. */
int chunk_table_init(struct chunk_table *table);

/* The last user has already synchronized with the caller. */
void chunk_table_fini(struct chunk_table *table);

/* What the slabs take. */
uint64_t chunk_table_bytes(const struct chunk_table *table);

/*
 * Every chunk ever made, NULL at the end; one that never entered the table has
 * key 0. Only when nobody else uses the table.
 */
struct chunk_cursor chunk_table_begin(const struct chunk_table *table);
struct ledger_chunk *chunk_next(struct chunk_cursor *cursor);

/* Pushes a new chunk unless it is there by now; NULL if there is no memory. */
struct ledger_chunk *chunk_insert(struct chunk_table *table, uint64_t key);

static inline uint64_t chunk_key(unsigned int lun, uint64_t lba)
{
	return block_stamp_tag(lun, lba) >> CHUNK_SHIFT;
}

/* Neighbours stay neighbours, so few LBAs touch few pages of the table. */
static inline size_t bucket_of(uint64_t key)
{
	return (key ^ (key >> BUCKET_BITS) * UINT64_C(0x9e3779b97f4a7c15) >> 24)
		& (BUCKETS - 1);
}

static inline struct ledger_chunk *chain_find(struct ledger_chunk *chunk,
					      uint64_t key)
{
	while (chunk && chunk->key != key)
		chunk = chunk->next;
	return chunk;
}

static inline struct ledger_chunk *chunk_find(const struct chunk_table *table,
					      uint64_t key)
{
	/*
	 * ORD chunk_find:A acquire, pairs with chunk_insert:A:
	 * the key and the link of a chunk are seen with the chunk.
	 */
	return chain_find(atomic_load_explicit(&table->buckets[bucket_of(key)],
					       memory_order_acquire), key);
}

/* Finds a chunk or makes it; NULL if there is no memory. */
static inline struct ledger_chunk *chunk_get(struct chunk_table *table,
					     uint64_t key)
{
	struct ledger_chunk *chunk = chunk_find(table, key);

	if (__builtin_expect(!!chunk, 1))
		return chunk;
	return chunk_insert(table, key);
}

static inline struct walk walk_io(const struct chunk_table *table,
				  const struct ledger_io *io)
{
	return (struct walk){
		.table = table,
		.chunk = io->chunk,
		.lun = io->lun,
		.lba = io->lba,
		.end = io->lba + io->blocks,
	};
}

static inline bool next_span(struct walk *walk, struct span *span)
{
	unsigned int first = walk->lba % GRANULE_BLOCKS;
	unsigned int blocks = GRANULE_BLOCKS - first;
	uint64_t key = chunk_key(walk->lun, walk->lba);

	if (walk->lba == walk->end)
		return false;
	if (blocks > walk->end - walk->lba)
		blocks = (unsigned int)(walk->end - walk->lba);
	if (!walk->chunk || walk->chunk->key != key)
		walk->chunk = chunk_find(walk->table, key);
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

#endif
