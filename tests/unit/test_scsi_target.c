/* SPDX-License-Identifier: MIT */
/*
 * The SCSI target: each command's data, status, sense and residual as SPC-4 and
 * SBC-3 have them, and 300,000 random CDBs over buffers of every size, which
 * only have to leave everything outside the buffers alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hba_sim/devices/scsi_target.h"

#define BLOCKS 5000u
#define BIG_BLOCKS ((UINT64_C(1) << 36) + 5)

enum { SMALL = 0, BIG = 300, ABSENT = 5 };

struct rig {
	struct scsi_target *target;
	struct lun *small, *big;
	struct scsi_result result;
	uint8_t data[300 * 512];
};

static uint64_t random_state = 2463534242u;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static int set_up(void **state)
{
	struct lun_config config = { .blocks = BLOCKS, .block_bytes = 512,
				     .mode = LUN_DATA_COPY, .id = 0x2a };
	struct rig *rig = calloc(1, sizeof(*rig));

	*state = rig;
	if (!rig || scsi_target_create(&rig->target) ||
	    lun_create(&rig->small, &config))
		return -1;
	config.blocks = BIG_BLOCKS;
	config.mode = LUN_DATA_STAMP;
	config.id = 0x12c;
	return lun_create(&rig->big, &config) ||
	       scsi_target_attach(rig->target, SMALL, rig->small) ||
	       scsi_target_attach(rig->target, BIG, rig->big) ? -1 : 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	scsi_target_destroy(rig->target);
	lun_destroy(rig->small);
	lun_destroy(rig->big);
	free(rig);
	return 0;
}

/* Executes with rig->data as the buffer to read into, or to write from. */
static void run(struct rig *rig, unsigned int lun_no, const uint8_t *cdb,
		size_t in_bytes, size_t out_bytes)
{
	struct sim_iov in = { rig->data, in_bytes };
	struct sim_iov out = { rig->data, out_bytes };
	uint8_t padded[32] = { 0 };

	memcpy(padded, cdb, 16);
	memset(&rig->result, 0xcc, sizeof(rig->result));
	scsi_target_execute(rig->target, lun_no, padded, sizeof(padded), &out,
			    1, &in, 1, &rig->result);
}

#define CDB(...) ((const uint8_t[16]){ __VA_ARGS__ })

static void assert_good(const struct rig *rig, uint32_t residual)
{
	assert_int_equal(rig->result.status, SCSI_STATUS_GOOD);
	assert_int_equal(rig->result.sense_bytes, 0);
	assert_int_equal(rig->result.residual_bytes, residual);
}

static void assert_refused(const struct rig *rig, uint16_t asc)
{
	const uint8_t *sense = rig->result.sense;

	assert_int_equal(rig->result.status, SCSI_STATUS_CHECK_CONDITION);
	assert_int_equal(rig->result.sense_bytes, 18);
	assert_int_equal(sense[0], 0x70);
	assert_int_equal(sense[2], 0x05);
	assert_int_equal(sense[7], 10);
	assert_int_equal(sense[12] << 8 | sense[13], asc);
}

static void test_inquiry(void **state)
{
	struct rig *rig = *state;

	run(rig, SMALL, CDB(0x12, 0, 0, 0, 96), 96, 0);
	assert_good(rig, 60);
	assert_int_equal(rig->data[0], 0);
	assert_int_equal(rig->data[2], 6);
	assert_int_equal(rig->data[3] & 0xf, 2);
	assert_int_equal(rig->data[4], 31);
	assert_memory_equal(rig->data + 8, "STORSYNCRAM LUN         0001", 28);

	memset(rig->data, 0xee, 96);
	run(rig, SMALL, CDB(0x12, 0, 0, 0, 5), 96, 0);
	assert_good(rig, 91);
	assert_int_equal(rig->data[5], 0xee);

	run(rig, ABSENT, CDB(0x12, 0, 0, 0, 36), 36, 0);
	assert_good(rig, 0);
	assert_int_equal(rig->data[0], 0x7f);

	run(rig, SMALL, CDB(0x12, 0, 0x80, 0, 36), 36, 0);
	assert_refused(rig, 0x2400);
	assert_int_equal(rig->result.residual_bytes, 36);
	run(rig, SMALL, CDB(0x12, 2, 0, 0, 36), 36, 0);
	assert_refused(rig, 0x2400);
}

static void test_vpd_pages(void **state)
{
	static const uint8_t list[] = { 0, 0, 0, 4, 0, 0x80, 0x83, 0xb0 };
	static const uint8_t naa[] = { 0, 0x83, 0, 40, 0x01, 0x03, 0, 8,
				       0x30, 0, 0, 0, 0, 0, 0, 0x2a,
				       0x02, 0x01, 0, 24 };
	struct rig *rig = *state;
	uint8_t serial[16];

	run(rig, SMALL, CDB(0x12, 1, 0, 0, 255), 255, 0);
	assert_good(rig, 255 - sizeof(list));
	assert_memory_equal(rig->data, list, sizeof(list));

	run(rig, SMALL, CDB(0x12, 1, 0x80, 0, 255), 255, 0);
	assert_good(rig, 255 - 20);
	assert_memory_equal(rig->data, "\0\x80\0\x10" "000000000000002a", 20);
	memcpy(serial, rig->data + 4, 16);

	run(rig, SMALL, CDB(0x12, 1, 0x83, 0, 255), 255, 0);
	assert_good(rig, 255 - 44);
	assert_memory_equal(rig->data, naa, sizeof(naa));
	assert_memory_equal(rig->data + 20, "STORSYNC", 8);
	assert_memory_equal(rig->data + 28, serial, 16);

	run(rig, SMALL, CDB(0x12, 1, 0xb0, 0, 255), 255, 0);
	assert_good(rig, 255 - 64);
	assert_int_equal(rig->data[3], 0x3c);

	run(rig, SMALL, CDB(0x12, 1, 0xb1, 0, 255), 255, 0);
	assert_refused(rig, 0x2400);
	run(rig, ABSENT, CDB(0x12, 1, 0, 0, 255), 255, 0);
	assert_good(rig, 250);
	assert_memory_equal(rig->data, "\x7f\0\0\1\0", 5);
	run(rig, ABSENT, CDB(0x12, 1, 0x83, 0, 255), 255, 0);
	assert_refused(rig, 0x2400);
}

static void test_ready_and_unknown(void **state)
{
	struct rig *rig = *state;

	run(rig, SMALL, CDB(0x00), 10, 0);
	assert_good(rig, 10);
	run(rig, ABSENT, CDB(0x00), 0, 0);
	assert_refused(rig, 0x2500);
	run(rig, SCSI_TARGET_MAX_LUNS + 9, CDB(0x28), 0, 0);
	assert_refused(rig, 0x2500);
	run(rig, SMALL, CDB(0x15), 0, 512);
	assert_refused(rig, 0x2000);
	run(rig, SMALL, CDB(0x7f), 0, 0);
	assert_refused(rig, 0x2000);
	/* NACA */
	run(rig, SMALL, CDB(0, 0, 0, 0, 0, 4), 0, 0);
	assert_refused(rig, 0x2400);
	run(rig, SMALL, CDB(0x15, 0, 0, 0, 0, 4), 0, 0);
	assert_refused(rig, 0x2000);
}

static void test_cut_cdb(void **state)
{
	static const uint8_t read_10[10] = { 0x28, [8] = 1 };
	struct rig *rig = *state;

	for (size_t bytes = 0; bytes < 10; bytes++) {
		uint8_t *cdb = malloc(bytes + !bytes);
		struct sim_iov in = { rig->data, 512 };

		memcpy(cdb, read_10, bytes);
		scsi_target_execute(rig->target, SMALL, cdb, bytes, NULL, 0,
				    &in, 1, &rig->result);
		assert_refused(rig, bytes ? 0x2400 : 0x2000);
		free(cdb);
	}
	scsi_target_execute(rig->target, ABSENT, NULL, 0, NULL, 0, NULL, 0,
			    &rig->result);
	assert_refused(rig, 0x2500);
}

static void test_capacity(void **state)
{
	static const uint8_t small[] = { 0, 0, 0x13, 0x87, 0, 0, 2, 0 };
	static const uint8_t big[] = { 0, 0, 0, 0x10, 0, 0, 0, 4,
				       0, 0, 2, 0 };
	struct rig *rig = *state;

	run(rig, SMALL, CDB(0x25), 8, 0);
	assert_good(rig, 0);
	assert_memory_equal(rig->data, small, 8);
	run(rig, BIG, CDB(0x25), 8, 0);
	assert_memory_equal(rig->data, "\xff\xff\xff\xff\0\0\2\0", 8);
	run(rig, BIG, CDB(0x9e, 0x10, [13] = 32), 32, 0);
	assert_good(rig, 0);
	assert_memory_equal(rig->data, big, 12);
	run(rig, BIG, CDB(0x9e, 0x10, [13] = 12), 32, 0);
	assert_good(rig, 20);
	run(rig, BIG, CDB(0x9e, 0x11, [13] = 32), 32, 0);
	assert_refused(rig, 0x2400);
}

static void test_report_luns(void **state)
{
	static const uint8_t both[24] = { [3] = 16, [16] = 0x41, [17] = 0x2c };
	struct rig *rig = *state;

	for (unsigned int lun_no = 0; lun_no <= ABSENT; lun_no += ABSENT) {
		run(rig, lun_no, CDB(0xa0, [9] = 255), 64, 0);
		assert_good(rig, 40);
		assert_memory_equal(rig->data, both, 24);
	}
	memset(rig->data, 0xee, 64);
	run(rig, SMALL, CDB(0xa0, [9] = 16), 64, 0);
	assert_good(rig, 48);
	assert_memory_equal(rig->data, both, 16);
	assert_int_equal(rig->data[16], 0xee);
	run(rig, SMALL, CDB(0xa0, 0, 1, [9] = 64), 64, 0);
	assert_good(rig, 56);
	assert_int_equal(rig->data[3], 0);
	run(rig, SMALL, CDB(0xa0, 0, 3, [9] = 64), 64, 0);
	assert_refused(rig, 0x2400);
}

static void test_request_sense(void **state)
{
	struct rig *rig = *state;

	run(rig, SMALL, CDB(0x03, 0, 0, 0, 252), 252, 0);
	assert_good(rig, 234);
	assert_memory_equal(rig->data, "\x70\0\0\0\0\0\0\x0a\0\0\0\0\0\0", 14);
	run(rig, ABSENT, CDB(0x03, 0, 0, 0, 252), 252, 0);
	assert_good(rig, 234);
	assert_int_equal(rig->data[2], 5);
	assert_int_equal(rig->data[12], 0x25);
	run(rig, SMALL, CDB(0x03, 1, 0, 0, 252), 252, 0);
	assert_refused(rig, 0x2400);
}

static void fill(struct rig *rig, uint64_t lba, size_t blocks, uint64_t serial)
{
	struct sim_iov iov = { rig->data, blocks * 512 };

	block_stamp_fill(&iov, 1, lun_id(rig->small), lba, blocks, serial,
			 LUN_DATA_COPY);
}

static void assert_stored(const struct rig *rig, uint64_t lba, size_t blocks,
			  uint64_t serial)
{
	assert_int_not_equal(lun_peek_serial(rig->small, lba - 1), serial);
	for (size_t i = 0; i < blocks; i++)
		assert_int_equal(lun_peek_serial(rig->small, lba + i), serial);
	assert_int_not_equal(lun_peek_serial(rig->small, lba + blocks), serial);
}

static void assert_delivered(struct rig *rig, uint64_t lba, size_t blocks,
			     uint64_t serial)
{
	struct sim_iov iov = { rig->data, blocks * 512 };
	struct block_stamp_counts counts = { 0 };
	uint64_t serials[300];

	assert_int_equal(block_stamp_check(&iov, 1, lun_id(rig->small), lba,
					   blocks, LUN_DATA_COPY, &counts,
					   serials), blocks);
	for (size_t i = 0; i < blocks; i++)
		assert_int_equal(serials[i], serial);
}

/* Each length's WRITE, then its READ, of 3 blocks at its own LBA. */
static void test_read_write(void **state)
{
	static const uint8_t cdbs[][16] = {
		{ 0x0a, 0x00, 0x01, 0x05, 3 },
		{ 0x2a, 0x18, 0, 0, 0x02, 0x05, 0, 0, 3 },
		{ 0xaa, 0, 0, 0, 0x03, 0x05, 0, 0, 0, 3 },
		{ 0x8a, 0, 0, 0, 0, 0, 0, 0, 0x04, 0x05, 0, 0, 0, 3 },
	};
	struct rig *rig = *state;

	for (uint64_t i = 0; i < 4; i++) {
		uint64_t lba = 0x105 + 0x100 * i;
		uint8_t cdb[16];

		memcpy(cdb, cdbs[i], 16);
		fill(rig, lba, 3, i + 1);
		run(rig, SMALL, cdb, 0, 3 * 512);
		assert_good(rig, 0);
		assert_false(rig->result.overrun);
		assert_stored(rig, lba, 3, i + 1);

		cdb[0] &= 0xfd;
		memset(rig->data, 0xee, 3 * 512);
		run(rig, SMALL, cdb, 3 * 512, 0);
		assert_good(rig, 0);
		assert_delivered(rig, lba, 3, i + 1);
	}
	assert_int_equal(lun_stats(rig->small)->misdirected, 0);
}

/* Each length's highest LBA bit. */
static void test_high_lbas(void **state)
{
	static const uint8_t cdbs[][16] = {
		{ 0x0a, 0x1f, 0xff, 0xff, 1 },
		{ 0x2a, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1 },
		{ 0xaa, 0, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1 },
		{ 0x8a, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x04, 0, 0, 0, 1 },
	};
	static const uint64_t lbas[] = { 0x1fffff, 0xffffffff, 0xfffffffe,
					 BIG_BLOCKS - 1 };
	struct rig *rig = *state;

	for (uint64_t i = 0; i < 4; i++) {
		struct sim_iov iov = { rig->data, 512 };

		block_stamp_fill(&iov, 1, lun_id(rig->big), lbas[i], 1, i + 1,
				 LUN_DATA_STAMP);
		run(rig, BIG, cdbs[i], 0, 512);
		assert_good(rig, 0);
		assert_int_equal(lun_peek_serial(rig->big, lbas[i]), i + 1);
	}
}

static void test_transfer_length_zero(void **state)
{
	struct rig *rig = *state;

	run(rig, SMALL, CDB(0x08, 0, 0, 10, 0), 300 * 512, 0);
	assert_good(rig, 44 * 512);
	assert_int_equal(lun_stats(rig->small)->blocks_read, 256);
	run(rig, SMALL, CDB(0x28), 512, 0);
	assert_good(rig, 512);
	run(rig, SMALL, CDB(0xa8), 512, 0);
	assert_good(rig, 512);
	run(rig, SMALL, CDB(0x88), 512, 0);
	assert_good(rig, 512);
	assert_int_equal(lun_stats(rig->small)->blocks_read, 256);
}

static void test_buffer_and_length_differ(void **state)
{
	struct rig *rig = *state;

	memset(rig->data, 0xee, 4096);
	run(rig, SMALL, CDB(0x28, [8] = 2), 1500, 0);
	assert_good(rig, 1500 - 1024);
	assert_false(rig->result.overrun);
	assert_int_equal(rig->data[1024], 0xee);

	memset(rig->data, 0xee, 4096);
	run(rig, SMALL, CDB(0x28, [8] = 4), 1500, 0);
	assert_good(rig, 1500 - 1024);
	assert_true(rig->result.overrun);
	assert_int_equal(rig->data[1024], 0xee);

	fill(rig, 1, 8, 9);
	run(rig, SMALL, CDB(0x2a, [5] = 1, [8] = 8), 0, 1024);
	assert_good(rig, 0);
	assert_true(rig->result.overrun);
	assert_stored(rig, 1, 2, 9);

	/* The wrong direction is a buffer of nothing. */
	run(rig, SMALL, CDB(0x28, [8] = 1), 0, 512);
	assert_good(rig, 512);
	assert_true(rig->result.overrun);
	run(rig, SMALL, CDB(0x12, 0, 0, 0, 36), 20, 0);
	assert_good(rig, 0);
	assert_true(rig->result.overrun);
}

static void test_range_and_fields(void **state)
{
	struct rig *rig = *state;

	/* The last block; one more; from behind the end; wrapping around. */
	run(rig, SMALL, CDB(0x28, [4] = 0x13, [5] = 0x87, [8] = 1), 1024, 0);
	assert_good(rig, 512);
	run(rig, SMALL, CDB(0x28, [4] = 0x13, [5] = 0x87, [8] = 2), 1024, 0);
	assert_refused(rig, 0x2100);
	assert_int_equal(rig->result.residual_bytes, 1024);
	run(rig, SMALL, CDB(0x2a, [4] = 0x13, [5] = 0x89), 0, 0);
	assert_refused(rig, 0x2100);
	run(rig, SMALL, CDB(0x8a, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			    0xff, 0, 0, 0, 2), 0, 1024);
	assert_refused(rig, 0x2100);
	/* RDPROTECT */
	run(rig, SMALL, CDB(0x28, 0x20, [8] = 1), 512, 0);
	assert_refused(rig, 0x2400);
	assert_int_equal(lun_stats(rig->small)->blocks_written, 0);
}

static void test_synchronize_cache(void **state)
{
	struct rig *rig = *state;

	run(rig, SMALL, CDB(0x35), 0, 0);
	assert_good(rig, 0);
	run(rig, SMALL, CDB(0x35, 2, [4] = 0x13, [5] = 0x80, [8] = 8), 0, 0);
	assert_good(rig, 0);
	run(rig, SMALL, CDB(0x35, 0, [4] = 0x13, [5] = 0x80, [8] = 9), 0, 0);
	assert_refused(rig, 0x2100);
	run(rig, SMALL, CDB(0x91, 0, [5] = 1), 0, 0);
	assert_refused(rig, 0x2100);
	run(rig, BIG, CDB(0x91, 0, [5] = 1), 0, 0);
	assert_good(rig, 0);
}

static void test_attach_errors(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(scsi_target_attach(rig->target, SMALL, rig->big),
			 -EEXIST);
	assert_int_equal(scsi_target_attach(rig->target, SCSI_TARGET_MAX_LUNS,
					    rig->big), -EINVAL);
}

/* An exact-sized list in random pieces, so that ASan sees one byte too many. */
static size_t make_list(struct sim_iov *iov, size_t bytes)
{
	size_t n = 0;

	while (bytes && n < 5) {
		size_t piece = n == 4 ? bytes : 1 + random_below(bytes);

		iov[n++] = (struct sim_iov){ calloc(1, piece), piece };
		bytes -= piece;
	}
	return n;
}

static void free_list(struct sim_iov *iov, size_t n)
{
	while (n--)
		free(iov[n].base);
}

static void random_cdb(uint8_t *cdb, size_t bytes)
{
	static const uint8_t known[] = {
		0x00, 0x03, 0x08, 0x0a, 0x12, 0x25, 0x28, 0x2a, 0x35, 0x88,
		0x8a, 0x91, 0x9e, 0xa0, 0xa8, 0xaa,
	};
	bool sparse = random_below(2);

	/* Half of them mostly zeros: ranges that exist, lengths that are short. */
	for (size_t i = 0; i < bytes; i++)
		cdb[i] = sparse && random_below(4) ? 0 :
						     (uint8_t)random_below(256);
	if (bytes && random_below(8))
		cdb[0] = known[random_below(sizeof(known))];
}

static void test_random_cdbs(void **state)
{
	static const unsigned int luns[] = { SMALL, BIG, ABSENT, 0xffffffff };
	struct rig *rig = *state;
	unsigned int good = 0;

	for (unsigned int i = 0; i < 300000; i++) {
		size_t cdb_bytes = random_below(8) ? 16 : random_below(33);
		size_t in_bytes = random_below(2) ? random_below(3000) : 0;
		size_t out_bytes = random_below(2) ? random_below(3000) : 0;
		struct scsi_result *result = malloc(sizeof(*result));
		uint8_t *cdb = malloc(cdb_bytes + !cdb_bytes);
		struct sim_iov in[5], out[5];
		size_t n_in = make_list(in, in_bytes);
		size_t n_out = make_list(out, out_bytes);

		random_cdb(cdb, cdb_bytes);
		scsi_target_execute(rig->target, luns[random_below(4)], cdb,
				    cdb_bytes, out, n_out, in, n_in, result);
		assert_true(result->residual_bytes <= in_bytes + out_bytes);
		if (result->status == SCSI_STATUS_GOOD) {
			assert_int_equal(result->sense_bytes, 0);
			good++;
		} else {
			assert_int_equal(result->status,
					 SCSI_STATUS_CHECK_CONDITION);
			assert_int_equal(result->residual_bytes,
					 in_bytes + out_bytes);
		}
		free(cdb);
		free(result);
		free_list(in, n_in);
		free_list(out, n_out);
	}
	/* The generator must reach past the screening to mean anything. */
	assert_in_range(good, 50000, 250000);
	assert_true(lun_stats(rig->small)->blocks_written > 1000);
}

int main(void)
{
#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_inquiry),
		RIG_TEST(test_vpd_pages),
		RIG_TEST(test_ready_and_unknown),
		RIG_TEST(test_cut_cdb),
		RIG_TEST(test_capacity),
		RIG_TEST(test_report_luns),
		RIG_TEST(test_request_sense),
		RIG_TEST(test_read_write),
		RIG_TEST(test_high_lbas),
		RIG_TEST(test_transfer_length_zero),
		RIG_TEST(test_buffer_and_length_differ),
		RIG_TEST(test_range_and_fields),
		RIG_TEST(test_synchronize_cache),
		RIG_TEST(test_attach_errors),
		RIG_TEST(test_random_cdbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
