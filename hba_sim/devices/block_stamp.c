/* SPDX-License-Identifier: MIT */
/*
 * Stamping and checking blocks on a scatter list. Runs of whole blocks are
 * worked on in place; only a block that a segment border cuts goes through a
 * bounce buffer.
 */
#include "hba_sim/devices/block_stamp.h"

#define PATTERN_OFFSET_BYTES 16u
#define PATTERN_WORDS \
	((BLOCK_STAMP_TAIL_OFFSET_BYTES - PATTERN_OFFSET_BYTES) / 8)

static size_t bytes_moved(enum lun_data mode)
{
	return mode == LUN_DATA_STAMP ? sizeof(struct block_stamp) :
					BLOCK_STAMP_BLOCK_BYTES;
}

struct pattern {
	uint64_t seed;
	uint64_t step;
};

/*
 * An arithmetic sequence vectorizes, and a shifted or swapped word still breaks
 * it. A block never written (both zero) must come out as all zeros.
 */
static struct pattern pattern_of(struct block_stamp stamp)
{
	uint64_t mixed = stamp.lba_tag ^
			 stamp.serial * UINT64_C(0x9e3779b97f4a7c15);

	if (!(stamp.lba_tag | stamp.serial))
		return (struct pattern){ 0, 0 };
	mixed ^= mixed >> 32;
	mixed *= UINT64_C(0xd6e8feb86659fd93);
	return (struct pattern){ mixed, mixed | 1 };
}

static void fill_block(char *block, uint64_t tag, uint64_t serial,
		       enum lun_data mode)
{
	struct pattern pattern;

	block_stamp_store(block, tag, serial);
	if (mode == LUN_DATA_STAMP)
		return;
	block_stamp_store(block + BLOCK_STAMP_TAIL_OFFSET_BYTES, tag, serial);
	pattern = pattern_of((struct block_stamp){ tag, serial });
	for (unsigned int i = 0; i < PATTERN_WORDS; i++) {
		uint64_t word = pattern.seed + i * pattern.step;

		memcpy(block + PATTERN_OFFSET_BYTES + 8 * i, &word, 8);
	}
}

bool block_stamp_pattern_intact(const void *block)
{
	struct pattern pattern = pattern_of(block_stamp_load(block));
	uint64_t difference = 0;

	for (unsigned int i = 0; i < PATTERN_WORDS; i++) {
		uint64_t word;

		memcpy(&word, (const char *)block + PATTERN_OFFSET_BYTES + 8 * i,
		       8);
		difference |= word ^ (pattern.seed + i * pattern.step);
	}
	return !difference;
}

bool block_stamp_gather(struct sim_iov_cursor *cursor, void *block,
			enum lun_data mode)
{
	size_t moved = bytes_moved(mode);
	size_t rest = BLOCK_STAMP_BLOCK_BYTES - moved;

	return sim_iov_gather(cursor, block, moved) == moved &&
	       sim_iov_skip(cursor, rest) == rest;
}

bool block_stamp_scatter(struct sim_iov_cursor *cursor, const void *block,
			 enum lun_data mode)
{
	struct sim_iov_cursor behind = *cursor;

	if (sim_iov_skip(&behind, BLOCK_STAMP_BLOCK_BYTES) <
	    BLOCK_STAMP_BLOCK_BYTES)
		return false;
	sim_iov_scatter(cursor, block, bytes_moved(mode));
	*cursor = behind;
	return true;
}

/* step: what the tag grows by from one block to the next. */
static size_t fill_blocks(struct sim_iov_cursor cursor, uint64_t tag,
			  unsigned int step, size_t blocks, uint64_t serial,
			  enum lun_data mode)
{
	char bounce[BLOCK_STAMP_BLOCK_BYTES];
	size_t done = 0;

	while (done < blocks) {
		size_t run = 0;
		char *block = sim_iov_take(&cursor, sizeof(bounce),
					   blocks - done, &run);

		if (!block) {
			fill_block(bounce, tag, serial, mode);
			if (!block_stamp_scatter(&cursor, bounce, mode))
				break;
			done++;
			tag += step;
			continue;
		}
		for (size_t i = 0; i < run; i++, tag += step)
			fill_block(block + i * sizeof(bounce), tag, serial,
				   mode);
		done += run;
	}
	return done;
}

size_t block_stamp_fill(const struct sim_iov *iov, size_t n, unsigned int lun,
			uint64_t lba, size_t blocks, uint64_t serial,
			enum lun_data mode)
{
	return fill_blocks(sim_iov_begin(iov, n), block_stamp_tag(lun, lba), 1,
			   blocks, serial, mode);
}

size_t block_stamp_poison(const struct sim_iov *iov, size_t n, size_t blocks,
			  enum lun_data mode)
{
	return fill_blocks(sim_iov_begin(iov, n), BLOCK_STAMP_POISON_TAG, 0,
			   blocks, BLOCK_STAMP_BAD_SERIAL, mode);
}

static void count_verdict(struct block_stamp_counts *counts,
			  enum block_stamp_verdict verdict)
{
	switch (verdict) {
	case BLOCK_STAMP_TORN:
		counts->torn++;
		break;
	case BLOCK_STAMP_MISSING:
		counts->missing++;
		break;
	case BLOCK_STAMP_MISDIRECTED:
		counts->misdirected++;
		break;
	case BLOCK_STAMP_WRONG_PATTERN:
		counts->wrong_pattern++;
		break;
	case BLOCK_STAMP_GOOD:
		break;
	}
}

size_t block_stamp_check_next(struct sim_iov_cursor *cursor, unsigned int lun,
			      uint64_t lba, size_t blocks, enum lun_data mode,
			      struct block_stamp_counts *counts,
			      uint64_t *serials)
{
	uint64_t tag = block_stamp_tag(lun, lba);
	char bounce[BLOCK_STAMP_BLOCK_BYTES];
	size_t done = 0;

	while (done < blocks) {
		size_t run = 1;
		const char *block = sim_iov_take(cursor, sizeof(bounce),
						 blocks - done, &run);

		if (!block) {
			if (!block_stamp_gather(cursor, bounce, mode))
				break;
			block = bounce;
		}
		for (size_t i = 0; i < run; i++, done++, tag++) {
			enum block_stamp_verdict verdict;
			uint64_t serial;

			verdict = block_stamp_judge(block + i * sizeof(bounce),
						    tag, mode, &serial);
			if (__builtin_expect(verdict != BLOCK_STAMP_GOOD, 0)) {
				count_verdict(counts, verdict);
				serial = BLOCK_STAMP_BAD_SERIAL;
			}
			if (serials)
				serials[done] = serial;
		}
	}
	return done;
}

size_t block_stamp_check(const struct sim_iov *iov, size_t n, unsigned int lun,
			 uint64_t lba, size_t blocks, enum lun_data mode,
			 struct block_stamp_counts *counts, uint64_t *serials)
{
	struct sim_iov_cursor cursor = sim_iov_begin(iov, n);

	return block_stamp_check_next(&cursor, lun, lba, blocks, mode, counts,
				      serials);
}
