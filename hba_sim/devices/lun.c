/* SPDX-License-Identifier: MIT */
/*
 * The sparse LUN: chunks of 128 blocks in an open-addressing hash table that
 * only ever grows, with the last chunk remembered. In LUN_DATA_STAMP a chunk is
 * 128 serials; the tag of a block is implied by its place, and kept separately
 * only in a chunk that was once written with a foreign stamp.
 */
#include "hba_sim/devices/lun.h"

#include <errno.h>
#include <stdlib.h>

#include "hba_sim/devices/slab.h"

#define FIRST_TABLE_BITS 8u
#define CHUNK_DATA_BYTES (LUN_CHUNK_BLOCKS * BLOCK_STAMP_BLOCK_BYTES)
/* As many as the requests write that may be in the device at once. */
#define CHUNKS_AHEAD 256u

struct lun_chunk {
	uint64_t *tags;		/* LUN_DATA_STAMP: NULL while all are implied */
	uint64_t words[];	/* 128 serials (0: never written) or 64 KiB */
};

struct lun_slot {
	uint64_t key;		/* chunk number + 1; 0: free */
	struct lun_chunk *chunk;
};

struct lun {
	struct lun_slot *table;
	unsigned int table_bits;
	uint64_t last_key;
	struct lun_chunk *last_chunk;
	uint64_t blocks;
	enum lun_data mode;
	unsigned int id;
	struct lun_stats stats;
	struct slab slab;	/* chunks, tags and tables: taken by an ISR */
};

/* The part of a transfer that lies in one chunk. */
struct lun_part {
	uint64_t lba;
	unsigned int first;	/* block within the chunk */
	size_t blocks;
};

static size_t chunk_bytes(const struct lun *lun)
{
	return sizeof(struct lun_chunk) +
		(lun->mode == LUN_DATA_COPY ?
		 CHUNK_DATA_BYTES : LUN_CHUNK_BLOCKS * sizeof(uint64_t));
}

/* The next table and the next chunks. */
static void expect(struct lun *lun)
{
	size_t table = sizeof(*lun->table) << (lun->table_bits + 1);
	size_t chunks = CHUNKS_AHEAD * chunk_bytes(lun);

	slab_expect(&lun->slab, table + chunks);
}

int lun_create(struct lun **out, const struct lun_config *config)
{
	struct lun *lun;

	if (!config->blocks || config->blocks > BLOCK_STAMP_MAX_BLOCKS ||
	    config->block_bytes != BLOCK_STAMP_BLOCK_BYTES ||
	    config->id > BLOCK_STAMP_MAX_LUN ||
	    (config->mode != LUN_DATA_STAMP && config->mode != LUN_DATA_COPY))
		return -EINVAL;
	lun = calloc(1, sizeof(*lun));
	if (!lun)
		return -ENOMEM;
	lun->table_bits = FIRST_TABLE_BITS;
	lun->blocks = config->blocks;
	lun->mode = config->mode;
	lun->id = config->id;
	expect(lun);
	slab_prepare(&lun->slab);
	lun->table = slab_alloc(&lun->slab,
				sizeof(*lun->table) << lun->table_bits);
	if (!lun->table) {
		free(lun);
		return -ENOMEM;
	}
	lun->stats.resident_bytes = sizeof(*lun) +
		(sizeof(*lun->table) << lun->table_bits);
	*out = lun;
	return 0;
}

void lun_destroy(struct lun *lun)
{
	if (!lun)
		return;
	slab_fini(&lun->slab);
	free(lun);
}

void lun_prepare(struct lun *lun)
{
	slab_prepare(&lun->slab);
}

uint64_t lun_unprepared(const struct lun *lun)
{
	return lun->slab.unprepared;
}

uint64_t lun_blocks(const struct lun *lun)
{
	return lun->blocks;
}

unsigned int lun_id(const struct lun *lun)
{
	return lun->id;
}

const struct lun_stats *lun_stats(const struct lun *lun)
{
	return &lun->stats;
}

/* The slot that holds a key, or the free one where it belongs. */
static struct lun_slot *slot_of(struct lun_slot *table, unsigned int bits,
				uint64_t key)
{
	size_t mask = ((size_t)1 << bits) - 1;
	size_t i = key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits);

	while (table[i].key && table[i].key != key)
		i = (i + 1) & mask;
	return &table[i];
}

static struct lun_chunk *chunk_find(const struct lun *lun, uint64_t lba)
{
	uint64_t key = lba / LUN_CHUNK_BLOCKS + 1;

	if (lun->last_key == key)
		return lun->last_chunk;
	return slot_of(lun->table, lun->table_bits, key)->chunk;
}

static int table_grow(struct lun *lun)
{
	unsigned int bits = lun->table_bits + 1;
	size_t slots = (size_t)1 << lun->table_bits;
	struct lun_slot *table = slab_alloc(&lun->slab,
					    slots * 2 * sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < slots; i++)
		if (lun->table[i].key)
			*slot_of(table, bits, lun->table[i].key) =
				lun->table[i];
	lun->table = table;
	lun->table_bits = bits;
	expect(lun);
	lun->stats.resident_bytes += slots * 2 * sizeof(*table);
	return 0;
}

static struct lun_chunk *chunk_new(struct lun *lun)
{
	size_t bytes = chunk_bytes(lun);
	struct lun_chunk *chunk = slab_alloc(&lun->slab, bytes);

	if (chunk) {
		lun->stats.chunks++;
		lun->stats.resident_bytes += bytes;
	}
	return chunk;
}

/* Where the data of a block lies, in LUN_DATA_COPY. */
static void *chunk_data(const struct lun_chunk *chunk, unsigned int first)
{
	return (char *)chunk->words + first * BLOCK_STAMP_BLOCK_BYTES;
}

static struct lun_chunk *chunk_get(struct lun *lun, uint64_t lba)
{
	uint64_t key = lba / LUN_CHUNK_BLOCKS + 1;
	struct lun_chunk *chunk = chunk_find(lun, lba);

	if (!chunk) {
		if (lun->stats.chunks >> (lun->table_bits - 1) &&
		    table_grow(lun))
			return NULL;
		chunk = chunk_new(lun);
		if (!chunk)
			return NULL;
		*slot_of(lun->table, lun->table_bits, key) =
			(struct lun_slot){ .key = key, .chunk = chunk };
	}
	lun->last_key = key;
	lun->last_chunk = chunk;
	return chunk;
}

/* The tag that stands for what a chunk of serials holds at one place. */
static uint64_t stored_tag(const struct lun_chunk *chunk, unsigned int i,
			   uint64_t own_tag)
{
	if (__builtin_expect(!!chunk->tags, 0))
		return chunk->tags[i];
	return chunk->words[i] ? own_tag : 0;
}

/* From here on the chunk keeps every tag. first_tag: that of its block 0. */
static int keep_tags(struct lun *lun, struct lun_chunk *chunk,
		     uint64_t first_tag)
{
	size_t bytes = LUN_CHUNK_BLOCKS * sizeof(*chunk->tags);
	uint64_t *tags = slab_alloc(&lun->slab, bytes);

	if (!tags)
		return -ENOMEM;
	for (unsigned int i = 0; i < LUN_CHUNK_BLOCKS; i++)
		tags[i] = stored_tag(chunk, i, first_tag + i);
	chunk->tags = tags;
	lun->stats.resident_bytes += bytes;
	return 0;
}

static int store_stamps(struct lun *lun, struct lun_chunk *chunk,
			const char *from, struct lun_part part)
{
	uint64_t tag = block_stamp_tag(lun->id, part.lba);

	for (unsigned int i = part.first; i < part.first + part.blocks;
	     i++, tag++, from += BLOCK_STAMP_BLOCK_BYTES) {
		struct block_stamp stamp = block_stamp_load(from);

		if (__builtin_expect(stamp.lba_tag != tag, 0)) {
			lun->stats.misdirected++;
			if (!chunk->tags && keep_tags(lun, chunk, tag - i))
				return -ENOMEM;
		}
		if (__builtin_expect(!!chunk->tags, 0))
			chunk->tags[i] = stamp.lba_tag;
		chunk->words[i] = stamp.serial;
	}
	return 0;
}

static void store_data(struct lun *lun, struct lun_chunk *chunk,
		       const char *from, struct lun_part part)
{
	uint64_t tag = block_stamp_tag(lun->id, part.lba);

	memcpy(chunk_data(chunk, part.first), from,
	       part.blocks * BLOCK_STAMP_BLOCK_BYTES);
	for (size_t i = 0; i < part.blocks;
	     i++, tag++, from += BLOCK_STAMP_BLOCK_BYTES) {
		struct block_stamp head = block_stamp_load(from);
		struct block_stamp tail = block_stamp_load(
			from + BLOCK_STAMP_TAIL_OFFSET_BYTES);

		if (head.lba_tag != tail.lba_tag || head.serial != tail.serial)
			lun->stats.torn++;
		else if (head.lba_tag != tag)
			lun->stats.misdirected++;
	}
}

static void load_stamps(const struct lun *lun, const struct lun_chunk *chunk,
			char *to, struct lun_part part)
{
	uint64_t tag = block_stamp_tag(lun->id, part.lba);

	for (unsigned int i = part.first; i < part.first + part.blocks;
	     i++, tag++, to += BLOCK_STAMP_BLOCK_BYTES) {
		if (chunk)
			block_stamp_store(to, stored_tag(chunk, i, tag),
					  chunk->words[i]);
		else
			block_stamp_store(to, 0, 0);
	}
}

static void load_blocks(const struct lun *lun, const struct lun_chunk *chunk,
			char *to, struct lun_part part)
{
	size_t bytes = part.blocks * BLOCK_STAMP_BLOCK_BYTES;

	if (lun->mode == LUN_DATA_STAMP)
		load_stamps(lun, chunk, to, part);
	else if (chunk)
		memcpy(to, chunk_data(chunk, part.first),
		       bytes);
	else
		memset(to, 0, bytes);
}

static int write_part(struct lun *lun, struct lun_chunk *chunk,
		      struct sim_iov_cursor *cursor, struct lun_part part)
{
	char bounce[BLOCK_STAMP_BLOCK_BYTES];
	size_t left = part.blocks;

	while (left) {
		const char *from = sim_iov_take(cursor, sizeof(bounce), left,
						&part.blocks);

		if (!from) {
			block_stamp_gather(cursor, bounce, lun->mode);
			from = bounce;
			part.blocks = 1;
		}
		if (lun->mode == LUN_DATA_COPY)
			store_data(lun, chunk, from, part);
		else if (store_stamps(lun, chunk, from, part))
			return -ENOMEM;
		lun->stats.blocks_written += part.blocks;
		part.lba += part.blocks;
		part.first += part.blocks;
		left -= part.blocks;
	}
	return 0;
}

static void read_part(struct lun *lun, const struct lun_chunk *chunk,
		      struct sim_iov_cursor *cursor, struct lun_part part)
{
	char bounce[BLOCK_STAMP_BLOCK_BYTES];
	size_t left = part.blocks;

	while (left) {
		char *to = sim_iov_take(cursor, sizeof(bounce), left,
					&part.blocks);

		if (to) {
			load_blocks(lun, chunk, to, part);
		} else {
			part.blocks = 1;
			load_blocks(lun, chunk, bounce, part);
			block_stamp_scatter(cursor, bounce, lun->mode);
		}
		lun->stats.blocks_read += part.blocks;
		part.lba += part.blocks;
		part.first += part.blocks;
		left -= part.blocks;
	}
}

static int check_transfer(const struct lun *lun, uint64_t lba, uint64_t blocks,
			  const struct sim_iov *iov, size_t n)
{
	if (lba > lun->blocks || blocks > lun->blocks - lba)
		return -ERANGE;
	if (sim_iov_total(iov, n) / BLOCK_STAMP_BLOCK_BYTES < blocks)
		return -EINVAL;
	return 0;
}

static struct lun_part first_part(uint64_t lba, uint64_t blocks)
{
	unsigned int first = lba % LUN_CHUNK_BLOCKS;
	unsigned int room = LUN_CHUNK_BLOCKS - first;

	return (struct lun_part){ .lba = lba, .first = first,
				  .blocks = blocks < room ? blocks : room };
}

int lun_write(struct lun *lun, uint64_t lba, uint64_t blocks,
	      const struct sim_iov *iov, size_t n)
{
	struct sim_iov_cursor cursor = sim_iov_begin(iov, n);
	int err = check_transfer(lun, lba, blocks, iov, n);

	while (!err && blocks) {
		struct lun_part part = first_part(lba, blocks);
		struct lun_chunk *chunk = chunk_get(lun, lba);

		if (!chunk)
			return -ENOMEM;
		err = write_part(lun, chunk, &cursor, part);
		lba += part.blocks;
		blocks -= part.blocks;
	}
	return err;
}

int lun_read(struct lun *lun, uint64_t lba, uint64_t blocks,
	     const struct sim_iov *iov, size_t n)
{
	struct sim_iov_cursor cursor = sim_iov_begin(iov, n);
	int err = check_transfer(lun, lba, blocks, iov, n);

	while (!err && blocks) {
		struct lun_part part = first_part(lba, blocks);

		read_part(lun, chunk_find(lun, lba), &cursor, part);
		lba += part.blocks;
		blocks -= part.blocks;
	}
	return err;
}

enum block_stamp_verdict lun_peek(const struct lun *lun, uint64_t lba,
				  uint64_t *serial)
{
	struct lun_part part = first_part(lba, 1);
	char block[BLOCK_STAMP_BLOCK_BYTES];

	*serial = 0;
	if (lba >= lun->blocks)
		return BLOCK_STAMP_GOOD;
	load_blocks(lun, chunk_find(lun, lba), block, part);
	return block_stamp_judge(block, block_stamp_tag(lun->id, lba),
				 lun->mode, serial);
}

bool lun_next_chunk(const struct lun *lun, size_t *position, uint64_t *lba)
{
	while (*position < (size_t)1 << lun->table_bits) {
		uint64_t key = lun->table[(*position)++].key;

		if (key) {
			*lba = (key - 1) * LUN_CHUNK_BLOCKS;
			return true;
		}
	}
	return false;
}
