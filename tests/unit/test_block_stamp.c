/* SPDX-License-Identifier: MIT */
/*
 * Block stamps: what is filled is good however the list is cut, and every way a
 * block can go wrong gets the verdict of its kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hba_sim/devices/block_stamp.h"

#define BLOCKS 5u
#define BYTES (BLOCKS * BLOCK_STAMP_BLOCK_BYTES)
#define LBA UINT64_C(0x123456789a)
#define LUN 7u

static const enum lun_data modes[] = { LUN_DATA_STAMP, LUN_DATA_COPY };

static struct block_stamp_counts check(const void *data, enum lun_data mode,
				       uint64_t *serials)
{
	struct block_stamp_counts counts = { 0 };
	struct sim_iov iov = { (void *)(uintptr_t)data, BYTES };

	assert_int_equal(block_stamp_check(&iov, 1, LUN, LBA, BLOCKS, mode,
					   &counts, serials), BLOCKS);
	return counts;
}

static void fill(void *data, enum lun_data mode, uint64_t serial)
{
	struct sim_iov iov = { data, BYTES };

	memset(data, 0xee, BYTES);
	assert_int_equal(block_stamp_fill(&iov, 1, LUN, LBA, BLOCKS, serial,
					  mode), BLOCKS);
}

static void assert_counts(struct block_stamp_counts counts, uint64_t torn,
			  uint64_t missing, uint64_t misdirected,
			  uint64_t wrong_pattern)
{
	assert_int_equal(counts.torn, torn);
	assert_int_equal(counts.missing, missing);
	assert_int_equal(counts.misdirected, misdirected);
	assert_int_equal(counts.wrong_pattern, wrong_pattern);
}

static void test_filled_is_good(void **state)
{
	uint64_t serials[BLOCKS];
	char data[BYTES];

	for (unsigned int m = 0; m < 2; m++) {
		fill(data, modes[m], 42);
		assert_counts(check(data, modes[m], serials), 0, 0, 0, 0);
		for (unsigned int i = 0; i < BLOCKS; i++)
			assert_int_equal(serials[i], 42);
	}
}

/* Every cut of the list, an empty segment included, gives the same bytes. */
static void test_any_cut(void **state)
{
	char whole[BYTES], cut[BYTES];
	uint64_t serials[BLOCKS];

	for (unsigned int m = 0; m < 2; m++) {
		fill(whole, modes[m], 99);
		for (size_t at = 0; at <= BYTES; at++) {
			size_t middle = at + 3 < BYTES ? 3 : BYTES - at;
			struct sim_iov iov[] = {
				{ cut, at }, { NULL, 0 }, { cut + at, middle },
				{ cut + at + middle, BYTES - at - middle },
			};
			struct block_stamp_counts counts = { 0 };

			memset(cut, 0xee, sizeof(cut));
			assert_int_equal(block_stamp_fill(iov, 4, LUN, LBA,
							  BLOCKS, 99, modes[m]),
					 BLOCKS);
			assert_memory_equal(cut, whole, BYTES);
			assert_int_equal(block_stamp_check(iov, 4, LUN, LBA,
							   BLOCKS, modes[m],
							   &counts, serials),
					 BLOCKS);
			assert_counts(counts, 0, 0, 0, 0);
			assert_int_equal(serials[BLOCKS - 1], 99);
		}
	}
}

static void test_stamp_mode_moves_16_bytes(void **state)
{
	char data[BYTES];

	fill(data, LUN_DATA_STAMP, 5);
	for (size_t i = 0; i < BYTES; i++)
		if (i % BLOCK_STAMP_BLOCK_BYTES >= sizeof(struct block_stamp))
			assert_int_equal((unsigned char)data[i], 0xee);
}

/* In copy mode no byte is without a guard. */
static void test_every_byte_counts(void **state)
{
	uint64_t serials[BLOCKS];
	char data[BYTES];

	fill(data, LUN_DATA_COPY, 17);
	for (size_t i = 0; i < BYTES; i++) {
		size_t in_block = i % BLOCK_STAMP_BLOCK_BYTES;
		bool end = in_block < 16 ||
			   in_block >= BLOCK_STAMP_TAIL_OFFSET_BYTES;

		data[i] ^= 0x10;
		assert_counts(check(data, LUN_DATA_COPY, serials), end, 0, 0,
			      !end);
		assert_int_equal(serials[i / BLOCK_STAMP_BLOCK_BYTES],
				 BLOCK_STAMP_BAD_SERIAL);
		data[i] ^= 0x10;
	}
}

/* Every word in the middle is its own: two of them cannot change places. */
static void test_swapped_words(void **state)
{
	char data[BYTES], first[8];

	fill(data, LUN_DATA_COPY, 17);
	for (size_t at = 24; at < BLOCK_STAMP_TAIL_OFFSET_BYTES; at += 8) {
		memcpy(first, data + 16, 8);
		memcpy(data + 16, data + at, 8);
		memcpy(data + at, first, 8);
		assert_counts(check(data, LUN_DATA_COPY, NULL), 0, 0, 0, 1);
		memcpy(data + at, data + 16, 8);
		memcpy(data + 16, first, 8);
	}
	assert_counts(check(data, LUN_DATA_COPY, NULL), 0, 0, 0, 0);
}

/* Each prefix of a newer version over an older one, at 8-byte steps. */
static void test_partial_copy(void **state)
{
	char older[BYTES], newer[BYTES], mixed[BYTES];

	fill(older, LUN_DATA_COPY, 1);
	fill(newer, LUN_DATA_COPY, 2);
	for (size_t bytes = 0; bytes <= BLOCK_STAMP_BLOCK_BYTES; bytes += 8) {
		struct block_stamp_counts counts;
		bool whole = !bytes || bytes == BLOCK_STAMP_BLOCK_BYTES;

		memcpy(mixed, older, BYTES);
		memcpy(mixed, newer, bytes);
		counts = check(mixed, LUN_DATA_COPY, NULL);
		/* Both tags are the same word: a copy of only that shows not. */
		if (bytes == 8)
			assert_counts(counts, 0, 0, 0, 0);
		else
			assert_counts(counts, !whole, 0, 0, 0);
	}
}

static void test_misdirected(void **state)
{
	char data[BYTES], swapped[BYTES];
	uint64_t serials[BLOCKS];

	for (unsigned int m = 0; m < 2; m++) {
		struct sim_iov iov = { data, BYTES };
		struct block_stamp_counts counts = { 0 };

		fill(data, modes[m], 3);
		memcpy(swapped, data, BYTES);
		memcpy(swapped, data + 512, 512);
		memcpy(swapped + 512, data, 512);
		assert_counts(check(swapped, modes[m], serials), 0, 0, 2, 0);
		assert_int_equal(serials[1], BLOCK_STAMP_BAD_SERIAL);
		assert_int_equal(serials[2], 3);

		block_stamp_check(&iov, 1, LUN + 1, LBA, BLOCKS, modes[m],
				  &counts, NULL);
		assert_counts(counts, 0, 0, BLOCKS, 0);
	}
}

static void test_poisoned_is_missing(void **state)
{
	char data[BYTES];

	for (unsigned int m = 0; m < 2; m++) {
		struct sim_iov iov = { data, BYTES };

		fill(data, modes[m], 3);
		assert_int_equal(block_stamp_poison(&iov, 1, BLOCKS, modes[m]),
				 BLOCKS);
		assert_counts(check(data, modes[m], NULL), 0, BLOCKS, 0, 0);
	}
}

/* Half a block delivered over a poisoned buffer. */
static void test_half_delivered_is_torn(void **state)
{
	struct sim_iov iov;
	char data[BYTES], good[BYTES];

	fill(good, LUN_DATA_COPY, 3);
	iov = (struct sim_iov){ data, BYTES };
	block_stamp_poison(&iov, 1, BLOCKS, LUN_DATA_COPY);
	memcpy(data, good, 256);
	assert_counts(check(data, LUN_DATA_COPY, NULL), 1, BLOCKS - 1, 0, 0);
}

static void test_never_written(void **state)
{
	uint64_t serials[BLOCKS];
	char data[BYTES] = { 0 };

	assert_counts(check(data, LUN_DATA_COPY, serials), 0, 0, 0, 0);
	assert_int_equal(serials[0], 0);
	data[100] = 1;
	assert_counts(check(data, LUN_DATA_COPY, serials), 0, 0, 0, 1);
	assert_counts(check(data, LUN_DATA_STAMP, serials), 0, 0, 0, 0);
}

/* A list shorter than the blocks: nothing behind it, no half block. */
static void test_short_list(void **state)
{
	struct block_stamp_counts counts = { 0 };
	char *data = malloc(1000);
	struct sim_iov iov[] = { { data, 700 }, { data + 700, 300 } };

	for (unsigned int m = 0; m < 2; m++) {
		memset(data, 0xee, 1000);
		assert_int_equal(block_stamp_fill(iov, 2, LUN, LBA, 4, 8,
						  modes[m]), 1);
		for (size_t i = 512; i < 1000; i++)
			assert_int_equal((unsigned char)data[i], 0xee);
		assert_int_equal(block_stamp_check(iov, 2, LUN, LBA, 4,
						   modes[m], &counts, NULL), 1);
		assert_int_equal(block_stamp_fill(NULL, 0, LUN, LBA, 4, 8,
						  modes[m]), 0);
	}
	assert_counts(counts, 0, 0, 0, 0);
	free(data);
}

static void test_tags_differ(void **state)
{
	uint64_t last = BLOCK_STAMP_MAX_BLOCKS - 1;

	assert_int_not_equal(block_stamp_tag(0, 0), 0);
	assert_int_not_equal(block_stamp_tag(0, last), block_stamp_tag(1, 0));
	assert_int_equal(block_stamp_tag(3, 9) + 1, block_stamp_tag(3, 10));
	assert_int_equal(block_stamp_tag(BLOCK_STAMP_MAX_LUN, last),
			 UINT64_MAX);
	assert_false(BLOCK_STAMP_POISON_TAG & block_stamp_tag(0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filled_is_good),
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_stamp_mode_moves_16_bytes),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_swapped_words),
		cmocka_unit_test(test_partial_copy),
		cmocka_unit_test(test_misdirected),
		cmocka_unit_test(test_poisoned_is_missing),
		cmocka_unit_test(test_half_delivered_is_torn),
		cmocka_unit_test(test_never_written),
		cmocka_unit_test(test_short_list),
		cmocka_unit_test(test_tags_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
