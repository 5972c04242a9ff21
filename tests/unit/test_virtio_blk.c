/* SPDX-License-Identifier: MIT */
/*
 * The virtio block device at its ring: headers and data cut in any way, sectors,
 * errors, and what it says of itself.
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 5.2.
 */
#include "tests/unit/virtio_rig.h"

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8 };

static int set_up(void **state)
{
	if (rig_set_up(1, &device_model_virtio_blk, (struct device_params){ 0 }))
		return -1;
	rig_out(rig_port(L_STATUS), 1, 3);
	rig_out(rig_port(L_PFN), 4, vq_pfn(&rig.queue[0]));
	rig_out(rig_port(L_STATUS), 1, 7);
	return 0;
}

static int set_up_queues(void **state)
{
	return rig_set_up(2, &device_model_virtio_blk, (struct device_params){ .queues = 3, .transport = DEVICE_TRANSITIONAL });
}

struct piece {
	uint32_t at; /* in the buffer */
	uint32_t bytes;
	bool device_writes;
};

static void header(uint32_t at, uint32_t type, uint64_t sector)
{
	vq_store(rig.buffer + at, type, 4);
	vq_store(rig.buffer + at + 4, 0, 4);
	vq_store(rig.buffer + at + 8, sector, 8);
}

/* Hands over the pieces and looks; what the device wrote, or -1 when it published nothing. */
static int64_t submit(const struct piece *piece, unsigned n)
{
	uint64_t base = sim_phys_of(&rig.machine.phys, rig.buffer);
	uint32_t id, bytes = 0;

	for (unsigned i = 0; i < n; i++)
		vq_describe(&rig.queue[0], i, base + piece[i].at, piece[i].bytes,
			    (uint16_t)((piece[i].device_writes ? VQ_F_WRITE : 0) | (i + 1 < n ? VQ_F_NEXT : 0)), (uint16_t)(i + 1));
	vq_offer(&rig.queue[0], 0);
	rig_out(rig_port(L_NOTIFY), 2, 0);
	rig_look(0);
	if (!rig.used)
		return -1;
	rig.used = 0;
	rig.queue[0].seen--;
	vq_used(&rig.queue[0], &id, &bytes);
	return bytes;
}

/* A whole request in three pieces; its status. */
static unsigned simple(uint32_t type, uint64_t sector, uint32_t bytes)
{
	const struct piece piece[] = { { 0, 16, false }, { 1024, bytes, type != OUT }, { 64, 1, true } };
	const struct piece bare[] = { piece[0], piece[2] };

	header(0, type, sector);
	rig.buffer[64] = 0xee;
	submit(bytes ? piece : bare, bytes ? 3 : 2);
	return rig.buffer[64];
}

static void fill(uint32_t at, uint64_t lba, uint64_t blocks, uint64_t serial)
{
	struct sim_iov iov = { rig.buffer + at, blocks * 512 };

	block_stamp_fill(&iov, 1, 0, lba, blocks, serial, LUN_DATA_COPY);
}

static void test_what_is_written_is_read(void **state)
{
	unsigned char wanted[4 * 512];

	fill(1024, 7, 4, 9);
	memcpy(wanted, rig.buffer + 1024, sizeof(wanted));
	assert_int_equal(simple(OUT, 7, sizeof(wanted)), 0);
	assert_int_equal(lun_peek_serial(rig.lun, 7), 9);
	assert_int_equal(lun_peek_serial(rig.lun, 10), 9);
	memset(rig.buffer + 1024, 0, sizeof(wanted));
	assert_int_equal(simple(IN, 7, sizeof(wanted)), 0);
	assert_memory_equal(rig.buffer + 1024, wanted, sizeof(wanted));
	assert_int_equal(lun_stats(rig.lun)->misdirected, 0);
	assert_int_equal(rig_errors(), 0);
}

static void test_the_length_is_what_the_device_wrote(void **state)
{
	const struct piece in[] = { { 0, 16, false }, { 1024, 1024, true }, { 64, 1, true } };
	const struct piece out[] = { { 0, 16, false }, { 1024, 1024, false }, { 64, 1, true } };

	header(0, IN, 0);
	assert_int_equal(submit(in, 3), 1025);
	header(0, OUT, 0);
	fill(1024, 0, 2, 3);
	assert_int_equal(submit(out, 3), 1);
	header(0, IN, 63);
	assert_int_equal(submit(in, 3), 1);
	assert_int_equal(rig.buffer[64], 1);
}

/* Pieces mean nothing but an order: header in three, data joined to header and to status. */
static void test_requests_may_be_cut_anywhere(void **state)
{
	const struct piece out[] = { { 0, 3, false }, { 3, 0, false }, { 3, 9, false }, { 12, 4 + 700, false }, { 16 + 700, 324, false },
				     { 4096, 1, true }, { 5000, 0, true } };
	const struct piece in[] = { { 0, 16, false }, { 6000, 100, true }, { 6100, 1024 - 100 + 1, true } };
	unsigned char wanted[1024];

	fill(16, 5, 2, 21);
	memcpy(wanted, rig.buffer + 16, sizeof(wanted));
	header(0, OUT, 5);
	rig.buffer[4096] = 0xee;
	assert_int_equal(submit(out, 7), 1);
	assert_int_equal(rig.buffer[4096], 0);
	assert_int_equal(lun_peek_serial(rig.lun, 6), 21);
	header(0, IN, 5);
	assert_int_equal(submit(in, 3), 1025);
	assert_memory_equal(rig.buffer + 6000, wanted, sizeof(wanted));
	assert_int_equal(rig.buffer[6000 + 1024], 0);
}

static void test_errors_are_answered(void **state)
{
	assert_int_equal(simple(IN, 64, 512), 1);
	assert_int_equal(simple(IN, 63, 1024), 1);
	assert_int_equal(simple(IN, UINT64_MAX, 512), 1);
	assert_int_equal(simple(OUT, 64, 512), 1);
	assert_int_equal(simple(IN, 0, 511), 1);
	assert_int_equal(simple(OUT, 0, 513), 1);
	assert_int_equal(simple(3, 0, 512), 2);
	assert_int_equal(simple(11, 0, 512), 2);
	assert_int_equal(simple(FLUSH, 0, 0), 0);
	assert_int_equal(rig_errors(), 0);
	assert_int_equal(lun_stats(rig.lun)->blocks_written, 0);
}

static void test_it_has_a_name(void **state)
{
	assert_int_equal(simple(GET_ID, 0, 20), 0);
	assert_memory_equal(rig.buffer + 1024, "STORSYNC", 8);
	memset(rig.buffer + 1024, 0xee, 40);
	assert_int_equal(simple(GET_ID, 0, 40), 0);
	assert_int_equal(rig.buffer[1024 + 20], 0xee);
}

static void test_what_is_no_request_is_dropped(void **state)
{
	const struct piece short_header[] = { { 0, 15, false }, { 64, 1, true } };
	const struct piece no_status[] = { { 0, 16, false }, { 1024, 512, false } };
	const struct piece empty_status[] = { { 0, 16, false }, { 64, 0, true } };

	header(0, FLUSH, 0);
	assert_int_equal(submit(short_header, 2), -1);
	assert_int_equal(submit(no_status, 2), -1);
	assert_int_equal(submit(empty_status, 2), -1);
	assert_int_equal(rig_errors(), 3);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(simple(FLUSH, 0, 0), 0);
}

static void test_it_says_what_it_is(void **state)
{
	assert_int_equal(vq_load(rig.device.pci.config + 2, 2), 0x1001);
	assert_int_equal(vq_load(rig.device.pci.config + 0x2e, 2), 2);
	assert_int_equal(rig_in(rig_port(L_FEATURES), 4), 1u << 2 | 1u << 6 | 1u << 9);
	assert_int_equal(rig_in(rig_port(L_CONFIG), 4), 64);
	assert_int_equal(rig_in(rig_port(L_CONFIG + 4), 4), 0);
	assert_true(rig_in(rig_port(L_CONFIG + 12), 4) + 2 <= VIRTQUEUE_SEGMENTS_MAX);
	assert_int_equal(rig_in(rig_port(L_CONFIG + 20), 4), 512);
	assert_int_equal(rig_in(rig_port(L_CONFIG + 34), 2), 1);
	rig_out(rig_port(L_SELECT), 2, 0);
	assert_int_equal(rig_in(rig_port(L_SIZE), 2), DEVICE_QUEUE_SIZE);
	rig_out(rig_port(L_SELECT), 2, 1);
	assert_int_equal(rig_in(rig_port(L_SIZE), 2), 0);
}

static void test_it_says_how_many_queues_it_has(void **state)
{
	assert_int_equal(rig_in(rig_port(L_FEATURES), 4), 1u << 2 | 1u << 6 | 1u << 9 | 1u << 12);
	assert_int_equal(rig_in(rig_memory(M_CONFIG + 34), 2), 3);
	assert_int_equal(rig_in(rig_memory(M_NUM_QUEUES), 2), 3);
}

static void test_without_a_disk_there_is_no_device(void **state)
{
	struct scsi_target *empty;
	struct virtio_device second;
	struct device_params params = { 0 };

	assert_int_equal(scsi_target_create(&empty), 0);
	params.target = empty;
	assert_int_equal(device_model_virtio_blk.init(&second.pci, &rig.machine, &params, 6), -EINVAL);
	scsi_target_destroy(empty);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_what_is_written_is_read, set_up),
		WITH(test_the_length_is_what_the_device_wrote, set_up),
		WITH(test_requests_may_be_cut_anywhere, set_up),
		WITH(test_errors_are_answered, set_up),
		WITH(test_it_has_a_name, set_up),
		WITH(test_what_is_no_request_is_dropped, set_up),
		WITH(test_it_says_what_it_is, set_up),
		WITH(test_it_says_how_many_queues_it_has, set_up_queues),
		WITH(test_without_a_disk_there_is_no_device, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
