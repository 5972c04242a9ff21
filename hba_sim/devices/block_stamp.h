/* SPDX-License-Identifier: MIT */
/*
 * The stamp every 512-byte block carries, so that a block that is lost, torn,
 * delivered to the wrong place or never delivered is seen by whoever looks at
 * it next: the LUN when it is written, the initiator's ledger when it is read.
 *
 * A block starts with { lba_tag, serial }. In LUN_DATA_COPY it also ends with
 * the same 16 bytes, and 480 bytes derived from both lie between. In
 * LUN_DATA_STAMP nothing but the leading 16 bytes is read or written, so that a
 * run bound by a lock is not a run bound by memcpy. A block never written is
 * all zeros, which is why serials start at 1.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_BLOCK_STAMP_H
#define STORSYNC_HBA_SIM_DEVICES_BLOCK_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hba_sim/devices/sim_iov.h"

#define BLOCK_STAMP_BLOCK_BYTES 512u
#define BLOCK_STAMP_TAIL_OFFSET_BYTES 496u

#define BLOCK_STAMP_MAX_LUN 0x7fffu
#define BLOCK_STAMP_MAX_BLOCKS (UINT64_C(1) << 48)

/* Stands for the serial of a block whose stamp is not what it should be. */
#define BLOCK_STAMP_BAD_SERIAL UINT64_MAX

/* No block's tag: the top bit, which every real tag has, is clear. */
#define BLOCK_STAMP_POISON_TAG UINT64_C(0x5a5aa5a55a5aa5a5)

/* How much of a block moves. */
enum lun_data {
	LUN_DATA_STAMP,
	LUN_DATA_COPY,
};

struct block_stamp {
	uint64_t lba_tag;
	uint64_t serial;
};

/* A block is of exactly one kind, the first that fits in this order. */
enum block_stamp_verdict {
	BLOCK_STAMP_TORN,		/* its two ends differ */
	BLOCK_STAMP_MISSING,		/* still poisoned: nothing arrived */
	BLOCK_STAMP_MISDIRECTED,	/* another block's, or nobody's */
	BLOCK_STAMP_WRONG_PATTERN,	/* its ends agree, its middle does not */
	BLOCK_STAMP_GOOD,		/* its own, or never written */
};

struct block_stamp_counts {
	uint64_t torn;
	uint64_t missing;
	uint64_t misdirected;
	uint64_t wrong_pattern;
};

/*
 * The tag of a block; lba below BLOCK_STAMP_MAX_BLOCKS, lun at most
 * BLOCK_STAMP_MAX_LUN. The tag of lba + 1 is the tag of lba, plus one.
 */
static inline uint64_t block_stamp_tag(unsigned int lun, uint64_t lba)
{
	return UINT64_C(1) << 63 | (uint64_t)lun << 48 | lba;
}

static inline struct block_stamp block_stamp_load(const void *at)
{
	struct block_stamp stamp;

	memcpy(&stamp, at, sizeof(stamp));
	return stamp;
}

static inline void block_stamp_store(void *at, uint64_t tag, uint64_t serial)
{
	struct block_stamp stamp = { .lba_tag = tag, .serial = serial };

	memcpy(at, &stamp, sizeof(stamp));
}

/* True if the bytes between the two stamps follow from the first one. */
bool block_stamp_pattern_intact(const void *block);

/*
 * Judges one contiguous block that should carry this tag, and stores the
 * serial it carries whatever the verdict.
 */
static inline enum block_stamp_verdict
block_stamp_judge(const void *block, uint64_t tag, enum lun_data mode,
		  uint64_t *serial)
{
	struct block_stamp head = block_stamp_load(block);

	*serial = head.serial;
	if (mode == LUN_DATA_COPY) {
		struct block_stamp tail = block_stamp_load(
			(const char *)block + BLOCK_STAMP_TAIL_OFFSET_BYTES);

		if (head.lba_tag != tail.lba_tag || head.serial != tail.serial)
			return BLOCK_STAMP_TORN;
	}
	if (head.lba_tag != tag && (head.lba_tag | head.serial))
		return head.lba_tag == BLOCK_STAMP_POISON_TAG ?
			BLOCK_STAMP_MISSING : BLOCK_STAMP_MISDIRECTED;
	if (mode == LUN_DATA_COPY && !block_stamp_pattern_intact(block))
		return BLOCK_STAMP_WRONG_PATTERN;
	return BLOCK_STAMP_GOOD;
}

/*
 * Moves one block that a segment border may cut between a cursor and a buffer
 * of BLOCK_STAMP_BLOCK_BYTES, of which the mode decides how much is copied.
 * False if the list ends within the block; scatter has then stored nothing.
 */
bool block_stamp_gather(struct sim_iov_cursor *cursor, void *block,
			enum lun_data mode);
bool block_stamp_scatter(struct sim_iov_cursor *cursor, const void *block,
			 enum lun_data mode);

/*
 * Stamps `blocks` blocks from lba on, in list order. Returns the number
 * stamped: fewer than asked when the list is shorter, and then a partial last
 * block is left alone.
 */
size_t block_stamp_fill(const struct sim_iov *iov, size_t n, unsigned int lun,
			uint64_t lba, size_t blocks, uint64_t serial,
			enum lun_data mode);

/*
 * Makes every block of the list one that no transfer leaves behind. Done before
 * a read, it keeps a block that is never delivered from passing for the same
 * block left over from an earlier read. Returns the blocks poisoned.
 */
size_t block_stamp_poison(const struct sim_iov *iov, size_t n, size_t blocks,
			  enum lun_data mode);

/*
 * Checks `blocks` blocks that should be those from lba on. Adds what is wrong
 * to *counts and stores in serials[i], unless serials is NULL, the serial of
 * block i (0: never written), or BLOCK_STAMP_BAD_SERIAL if it is not good.
 * Returns the number of whole blocks found, which the list may cut short.
 */
size_t block_stamp_check(const struct sim_iov *iov, size_t n, unsigned int lun,
			 uint64_t lba, size_t blocks, enum lun_data mode,
			 struct block_stamp_counts *counts, uint64_t *serials);

/* The same from where a cursor stands, which moves behind the blocks. */
size_t block_stamp_check_next(struct sim_iov_cursor *cursor, unsigned int lun,
			      uint64_t lba, size_t blocks, enum lun_data mode,
			      struct block_stamp_counts *counts,
			      uint64_t *serials);

#endif
