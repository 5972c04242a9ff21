/* SPDX-License-Identifier: MIT */
/*
 * The sparse LUN: what is read is what was written last, against a plain array
 * as the oracle; what was never written reads as zeros and takes no memory; and
 * a block with a foreign or torn stamp is counted, kept and shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hba_sim/devices/lun.h"

#define BLOCK ((size_t)BLOCK_STAMP_BLOCK_BYTES)
#define ID 3u

static const enum lun_data modes[] = { LUN_DATA_STAMP, LUN_DATA_COPY };
static uint64_t random_state = 88172645463325252u;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static struct lun *make_lun(uint64_t blocks, enum lun_data mode)
{
	struct lun_config config = { .blocks = blocks, .block_bytes = 512,
				     .mode = mode, .id = ID };
	struct lun *lun = NULL;

	assert_int_equal(lun_create(&lun, &config), 0);
	return lun;
}

/* Cuts a buffer in up to four pieces, anywhere. */
static size_t cut(struct sim_iov *iov, char *data, size_t bytes)
{
	size_t n = 0, at = 0;

	while (n < 3) {
		size_t piece = random_below(bytes - at + 1);

		if (random_below(2))
			piece -= piece % BLOCK;
		iov[n++] = (struct sim_iov){ data + at, piece };
		at += piece;
	}
	iov[n++] = (struct sim_iov){ data + at, bytes - at };
	return n;
}

static void write_as(struct lun *lun, uint64_t lba, uint64_t stamped_lba,
		     size_t blocks, uint64_t serial, enum lun_data mode)
{
	char *data = malloc(blocks * BLOCK);
	struct sim_iov iov = { data, blocks * BLOCK };

	block_stamp_fill(&iov, 1, ID, stamped_lba, blocks, serial, mode);
	assert_int_equal(lun_write(lun, lba, blocks, &iov, 1), 0);
	free(data);
}

static struct block_stamp_counts read_back(struct lun *lun, uint64_t lba,
					   size_t blocks, enum lun_data mode,
					   uint64_t *serials)
{
	struct block_stamp_counts counts = { 0 };
	char *data = malloc(blocks * BLOCK);
	struct sim_iov iov[4];
	size_t n = cut(iov, data, blocks * BLOCK);

	block_stamp_poison(iov, n, blocks, mode);
	assert_int_equal(lun_read(lun, lba, blocks, iov, n), 0);
	assert_int_equal(block_stamp_check(iov, n, ID, lba, blocks, mode,
					   &counts, serials), blocks);
	free(data);
	return counts;
}

static void assert_all_good(struct block_stamp_counts counts)
{
	assert_int_equal(counts.torn | counts.missing | counts.misdirected |
			 counts.wrong_pattern, 0);
}

static void test_create_errors(void **state)
{
	struct lun_config good = { .blocks = 8, .block_bytes = 512 };
	struct lun_config bad[] = { good, good, good, good, good };
	struct lun *lun = NULL;

	bad[0].blocks = 0;
	bad[1].blocks = BLOCK_STAMP_MAX_BLOCKS + 1;
	bad[2].block_bytes = 4096;
	bad[3].mode = (enum lun_data)2;
	bad[4].id = BLOCK_STAMP_MAX_LUN + 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(lun_create(&lun, &bad[i]), -EINVAL);
	assert_null(lun);
	lun_destroy(NULL);
}

static void test_never_written_is_zero(void **state)
{
	for (unsigned int m = 0; m < 2; m++) {
		struct lun *lun = make_lun(1000, modes[m]);
		uint64_t serials[300];

		assert_all_good(read_back(lun, 77, 300, modes[m], serials));
		for (unsigned int i = 0; i < 300; i++)
			assert_int_equal(serials[i], 0);
		assert_int_equal(lun_stats(lun)->chunks, 0);
		assert_int_equal(lun_stats(lun)->blocks_read, 300);
		assert_int_equal(lun_peek_serial(lun, 5), 0);
		lun_destroy(lun);
	}
}

/* Random writes and reads, cut anywhere, against an array of serials. */
static void test_against_oracle(void **state)
{
	enum { SPACE = 1500, LONGEST = 300 };
	static uint64_t oracle[SPACE];

	for (unsigned int m = 0; m < 2; m++) {
		struct lun *lun = make_lun(SPACE, modes[m]);
		uint64_t serials[LONGEST];

		memset(oracle, 0, sizeof(oracle));
		for (uint64_t serial = 1; serial <= 1500; serial++) {
			size_t blocks = 1 + random_below(LONGEST);
			uint64_t lba = random_below(SPACE - blocks + 1);

			if (random_below(2)) {
				char *data = malloc(blocks * BLOCK);
				struct sim_iov iov[4];
				size_t n = cut(iov, data, blocks * BLOCK);

				block_stamp_fill(iov, n, ID, lba, blocks,
						 serial, modes[m]);
				n = cut(iov, data, blocks * BLOCK);
				assert_int_equal(lun_write(lun, lba, blocks,
							   iov, n), 0);
				free(data);
				for (size_t i = 0; i < blocks; i++)
					oracle[lba + i] = serial;
			} else {
				assert_all_good(read_back(lun, lba, blocks,
							  modes[m], serials));
				assert_memory_equal(serials, oracle + lba,
						    blocks * sizeof(*serials));
			}
		}
		for (uint64_t lba = 0; lba < SPACE; lba++)
			assert_int_equal(lun_peek_serial(lun, lba),
					 oracle[lba]);
		assert_int_equal(lun_stats(lun)->misdirected, 0);
		assert_int_equal(lun_stats(lun)->torn, 0);
		lun_destroy(lun);
	}
}

/* 64 TiB, 5000 places: the table grows, and memory follows what is written. */
static void test_sparse(void **state)
{
	enum { PLACES = 5000 };
	static uint64_t places[PLACES];
	uint64_t blocks = UINT64_C(1) << 37;
	struct lun *lun = make_lun(blocks, LUN_DATA_STAMP);
	const struct lun_stats *stats = lun_stats(lun);
	size_t position = 0, visited = 0;
	uint64_t lba;

	for (uint64_t i = 0; i < PLACES; i++) {
		places[i] = random_below(blocks / 256) * 256 + 3;
		write_as(lun, places[i], places[i], 8, i + 1, LUN_DATA_STAMP);
	}
	write_as(lun, blocks - 1, blocks - 1, 1, 77, LUN_DATA_STAMP);
	for (uint64_t i = 0; i < PLACES; i++) {
		/* A place drawn twice shows its later writer. */
		assert_true(lun_peek_serial(lun, places[i]) >= i + 1);
		assert_int_equal(lun_peek_serial(lun, places[i] + 8), 0);
	}
	assert_int_equal(lun_peek_serial(lun, blocks - 1), 77);
	assert_int_equal(lun_peek_serial(lun, blocks), 0);
	while (lun_next_chunk(lun, &position, &lba)) {
		assert_int_equal(lba % LUN_CHUNK_BLOCKS, 0);
		visited++;
	}
	assert_int_equal(visited, stats->chunks);
	assert_in_range(stats->chunks, PLACES * 9 / 10, PLACES + 1);
	assert_in_range(stats->resident_bytes, stats->chunks * 1024,
			stats->chunks * 1200);
	assert_int_equal(stats->blocks_written, PLACES * 8 + 1);
	lun_destroy(lun);
}

/* Asked before each write, there is always memory ready; the largest table included. */
static void test_prepared(void **state)
{
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		unsigned int chunks = modes[m] == LUN_DATA_COPY ? 2000 : 300000;
		struct lun *lun = make_lun((uint64_t)chunks * LUN_CHUNK_BLOCKS,
					   modes[m]);

		for (uint64_t i = 0; i < chunks; i++) {
			lun_prepare(lun);
			write_as(lun, i * LUN_CHUNK_BLOCKS, i * LUN_CHUNK_BLOCKS, 1, i + 1,
				 modes[m]);
		}
		assert_int_equal(lun_unprepared(lun), 0);
		lun_destroy(lun);
	}
}

/* As many chunks as are in flight at most fit in what one call has prepared. */
static void test_prepared_for_many(void **state)
{
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		struct lun *lun = make_lun(1 << 20, modes[m]);
		uint64_t lba = 0;

		for (unsigned int round = 0; round < 8; round++) {
			lun_prepare(lun);
			for (unsigned int i = 0; i < 250; i++, lba += LUN_CHUNK_BLOCKS)
				write_as(lun, lba, lba, 1, 1, modes[m]);
		}
		assert_int_equal(lun_unprepared(lun), 0);
		lun_destroy(lun);
	}
}

static void test_not_prepared(void **state)
{
	struct lun *lun = make_lun(1 << 20, LUN_DATA_STAMP);

	for (uint64_t i = 0; i < 4000; i++)
		write_as(lun, i * LUN_CHUNK_BLOCKS, i * LUN_CHUNK_BLOCKS, 1, i + 1, LUN_DATA_STAMP);
	assert_in_range(lun_unprepared(lun), 3, 6);
	assert_int_equal(lun_peek_serial(lun, 3999 * LUN_CHUNK_BLOCKS), 4000);
	lun_destroy(lun);
}

static void *prepare(void *argument)
{
	for (unsigned int i = 0; i < 100000; i++)
		lun_prepare(argument);
	return NULL;
}

/* Two prepare while a third one writes: each slab is used once. */
static void test_prepared_meanwhile(void **state)
{
	struct lun *lun = make_lun(1 << 20, LUN_DATA_STAMP);
	pthread_t thread[2];

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, prepare, lun), 0);
	for (uint64_t i = 0; i < 8000; i++)
		write_as(lun, i * LUN_CHUNK_BLOCKS, i * LUN_CHUNK_BLOCKS, 1, i + 1, LUN_DATA_STAMP);
	for (size_t i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	for (uint64_t i = 0; i < 8000; i++)
		assert_int_equal(lun_peek_serial(lun, i * LUN_CHUNK_BLOCKS), i + 1);
	lun_destroy(lun);
}

/* Counted when written, stored as it came, and seen by whoever reads it. */
static void test_misdirected(void **state)
{
	for (unsigned int m = 0; m < 2; m++) {
		struct lun *lun = make_lun(4096, modes[m]);
		uint64_t serials[128], serial;
		struct block_stamp_counts counts;

		write_as(lun, 0, 0, 128, 1, modes[m]);
		write_as(lun, 10, 500, 2, 2, modes[m]);
		assert_int_equal(lun_stats(lun)->misdirected, 2);
		assert_int_equal(lun_peek(lun, 10, &serial),
				 BLOCK_STAMP_MISDIRECTED);
		assert_int_equal(serial, 2);
		assert_int_equal(lun_peek_serial(lun, 11),
				 BLOCK_STAMP_BAD_SERIAL);
		counts = read_back(lun, 0, 128, modes[m], serials);
		assert_int_equal(counts.misdirected, 2);
		assert_int_equal(serials[9], 1);
		assert_int_equal(serials[12], 1);
		assert_int_equal(lun_peek_serial(lun, 500), 0);

		write_as(lun, 10, 10, 2, 3, modes[m]);
		assert_all_good(read_back(lun, 0, 128, modes[m], serials));
		assert_int_equal(serials[10], 3);
		assert_int_equal(lun_stats(lun)->misdirected, 2);
		lun_destroy(lun);
	}
}

/* What a foreign stamp lands among reads as before: zeros stay zeros. */
static void test_misdirected_among_unwritten(void **state)
{
	static const char zeros[16];

	for (unsigned int m = 0; m < 2; m++) {
		struct lun *lun = make_lun(4096, modes[m]);
		char data[512];
		struct sim_iov iov = { data, sizeof(data) };

		write_as(lun, 10, 500, 1, 2, modes[m]);
		memset(data, 0xee, sizeof(data));
		assert_int_equal(lun_read(lun, 11, 1, &iov, 1), 0);
		assert_memory_equal(data, zeros, sizeof(zeros));
		lun_destroy(lun);
	}
}

static void test_torn(void **state)
{
	struct lun *lun = make_lun(256, LUN_DATA_COPY);
	char data[2 * 512];
	struct sim_iov iov = { data, sizeof(data) };
	uint64_t serial;

	block_stamp_fill(&iov, 1, ID, 8, 2, 5, LUN_DATA_COPY);
	block_stamp_store(data + 512, block_stamp_tag(ID, 9), 4);
	assert_int_equal(lun_write(lun, 8, 2, &iov, 1), 0);
	assert_int_equal(lun_stats(lun)->torn, 1);
	assert_int_equal(lun_stats(lun)->misdirected, 0);
	assert_int_equal(lun_peek_serial(lun, 8), 5);
	assert_int_equal(lun_peek(lun, 9, &serial), BLOCK_STAMP_TORN);
	lun_destroy(lun);
}

static void test_refused_transfers(void **state)
{
	char data[1024];
	struct sim_iov iov = { data, sizeof(data) };
	struct sim_iov endless[] = { { NULL, SIZE_MAX }, { NULL, SIZE_MAX } };

	for (unsigned int m = 0; m < 2; m++) {
		struct lun *lun = make_lun(100, modes[m]);

		block_stamp_fill(&iov, 1, ID, 99, 2, 5, modes[m]);
		assert_int_equal(lun_write(lun, 99, 2, &iov, 1), -ERANGE);
		assert_int_equal(lun_write(lun, UINT64_MAX, 2, &iov, 1),
				 -ERANGE);
		assert_int_equal(lun_read(lun, 2, UINT64_MAX, &iov, 1),
				 -ERANGE);
		assert_int_equal(lun_write(lun, 0, 3, &iov, 1), -EINVAL);
		assert_int_equal(lun_read(lun, 0, 1, NULL, 0), -EINVAL);
		assert_int_equal(lun_write(lun, 100, 0, NULL, 0), 0);
		assert_int_equal(lun_read(lun, 0, 0, endless, 2), 0);
		assert_int_equal(lun_stats(lun)->blocks_written, 0);
		assert_int_equal(lun_stats(lun)->chunks, 0);
		lun_destroy(lun);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_errors),
		cmocka_unit_test(test_never_written_is_zero),
		cmocka_unit_test(test_against_oracle),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_prepared),
		cmocka_unit_test(test_prepared_for_many),
		cmocka_unit_test(test_not_prepared),
		cmocka_unit_test(test_prepared_meanwhile),
		cmocka_unit_test(test_misdirected),
		cmocka_unit_test(test_misdirected_among_unwritten),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_refused_transfers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
