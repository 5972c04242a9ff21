/* SPDX-License-Identifier: MIT */
/*
 * The modern interface of the virtio devices: capabilities, features, queues by 64-bit
 * addresses, doorbells, the event index, indirect descriptors, and drivers that do what they must not.
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7, 3.1, 4.1.
 */
#include "tests/unit/virtio_rig.h"

#define ALL (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_INDEX | VIRTIO_F_INDIRECT)

static int set_up_as(enum device_transport transport, uint64_t features)
{
	struct device_params params = { .transport = transport, .queues = 2, .event_index = true, .indirect = true };

	if (rig_set_up(2, &device_model_virtio_scsi, params))
		return -1;
	if (features)
		rig_start_modern(2, features, NULL);
	return 0;
}

static int set_up(void **state)
{
	return set_up_as(DEVICE_MODERN, VIRTIO_F_VERSION_1);
}

static int set_up_all(void **state)
{
	return set_up_as(DEVICE_MODERN, ALL);
}

static int set_up_transitional(void **state)
{
	return set_up_as(DEVICE_TRANSITIONAL, 0);
}

static int set_up_raw(void **state)
{
	return set_up_as(DEVICE_MODERN, 0);
}

static int set_up_legacy(void **state)
{
	return rig_set_up(2, &device_model_virtio_scsi, (struct device_params){ 0 });
}

/* Offset and length of a structure in the memory bar, by walking the list. */
static unsigned find_structure(unsigned type, uint32_t *offset, uint32_t *length)
{
	const unsigned char *config = rig.device.pci.config;

	for (unsigned at = config[0x34], n = 0; at && n < 32; at = config[at + 1], n++) {
		assert_true(at >= 0x40 && at % 4 == 0 && at + config[at + 2] <= 256);
		if (config[at] != 0x09 || config[at + 3] != type)
			continue;
		*offset = (uint32_t)vq_load(config + at + 8, 4);
		*length = (uint32_t)vq_load(config + at + 12, 4);
		assert_true(type == 5 || config[at + 4] == VIRTIO_MEMORY_BAR);
		return at;
	}
	fail_msg("no structure %u", type);
	return 0;
}

static void test_capabilities_name_every_structure(void **state)
{
	uint32_t offset[6], length[6];
	unsigned notify;

	assert_int_equal(vq_load(rig.device.pci.config, 2), 0x1af4);
	assert_int_equal(vq_load(rig.device.pci.config + 2, 2), 0x1048);
	assert_int_equal(rig.device.pci.config[8], 1);
	for (unsigned type = 1; type <= 5; type++) {
		find_structure(type, &offset[type], &length[type]);
		assert_true(offset[type] + length[type] <= rig.device.pci.bar[VIRTIO_MEMORY_BAR].length);
		for (unsigned other = 1; other < type; other++)
			assert_true(!length[type] || offset[type] >= offset[other] + length[other] || offset[other] >= offset[type] + length[type]);
	}
	assert_int_equal(length[1], 0x38);
	assert_int_equal(length[4], 36);
	notify = find_structure(2, &offset[2], &length[2]);
	assert_int_equal(rig.device.pci.config[notify + 2], 20);
	assert_int_equal(vq_load(rig.device.pci.config + notify + 16, 4), 4);
	assert_int_equal(length[2], 4 * 4);
	assert_int_equal(rig.device.pci.bar[0].length, 0);
}

static void config_write(unsigned offset, unsigned bytes, uint32_t value)
{
	const unsigned char data[4] = { (unsigned char)value, (unsigned char)(value >> 8), (unsigned char)(value >> 16),
					(unsigned char)(value >> 24) };

	rig.device.pci.write_config(&rig.device.pci, offset, bytes, data);
}

static unsigned open_window(unsigned bar, uint32_t offset, uint32_t length)
{
	uint32_t there, bytes;
	unsigned at = find_structure(5, &there, &bytes);

	config_write(at + 4, 1, bar);
	config_write(at + 8, 4, offset);
	config_write(at + 12, 4, length);
	return at + 16;
}

static uint32_t window_read(unsigned bar, uint32_t offset, uint32_t length)
{
	unsigned data = open_window(bar, offset, length);

	rig.device.pci.read_config(&rig.device.pci, 0, 256);
	return (uint32_t)vq_load(rig.device.pci.config + data, 4);
}

/* Virtio 4.1.4.9: whatever is behind a base address register, one access at a time. */
static void test_the_window_reaches_every_register(void **state)
{
	unsigned data;

	assert_int_equal(window_read(VIRTIO_MEMORY_BAR, M_NUM_QUEUES, 2), 4);
	assert_int_equal(window_read(VIRTIO_MEMORY_BAR, M_STATUS, 1), 15);
	assert_int_equal(window_read(VIRTIO_MEMORY_BAR, M_CONFIG + 20, 4), 96);
	data = open_window(VIRTIO_MEMORY_BAR, M_SELECT, 2);
	config_write(data, 4, 0xabcd0003);
	assert_int_equal(rig_in(rig_memory(M_SELECT), 2), 3);
	/* A doorbell is one too. */
	rig_post(1, 0);
	config_write(open_window(VIRTIO_MEMORY_BAR, M_NOTIFY + 4 * 3, 2), 2, 3);
	rig_look(0);
	assert_int_equal(rig.used, 1);
	assert_int_equal(rig_errors(), 0);
}

/* Reading the status register clears it: only what reads the data does so. */
static void test_the_window_is_not_looked_through_by_the_way(void **state)
{
	struct sim_device *pci = &rig.device.pci;
	unsigned data = open_window(VIRTIO_MEMORY_BAR, M_ISR, 1);

	atomic_store(&rig.device.isr, 1);
	pci->read_config(pci, 0, data);
	pci->read_config(pci, data + 4, 4);
	config_write(data - 4, 4, 1);
	assert_int_equal(rig.device.isr, 1);
	pci->read_config(pci, data + 3, 1);
	assert_int_equal(rig.device.isr, 0);
	assert_int_equal(pci->config[data], 1);
}

static void test_a_window_on_nothing_shows_nothing(void **state)
{
	static const struct {
		unsigned bar;
		uint32_t offset, length;
	} wrong[] = {
		{ VIRTIO_MEMORY_BAR, M_STATUS, 0 }, { VIRTIO_MEMORY_BAR, M_NUM_QUEUES, 3 }, { VIRTIO_MEMORY_BAR, 0x11, 2 },
		{ VIRTIO_MEMORY_BAR, VIRTIO_MEMORY_BYTES, 1 }, { VIRTIO_MEMORY_BAR, UINT32_MAX & ~3u, 4 }, { 0, 0x12, 1 }, { 6, 0, 4 },
		{ 255, 0, 4 },
	};
	unsigned char before[4];

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		unsigned data = open_window(wrong[i].bar, wrong[i].offset, wrong[i].length);

		memset(rig.device.pci.config + data, 0x5a, 4);
		memcpy(before, rig.device.pci.config + data, 4);
		rig.device.pci.read_config(&rig.device.pci, 0, 256);
		assert_memory_equal(rig.device.pci.config + data, before, 4);
		config_write(data, 4, 0);
	}
	/* What is not the window is not written. */
	config_write(0, 4, 0);
	config_write(SIM_PCI_BAR, 4, 0);
	assert_int_equal(vq_load(rig.device.pci.config, 2), 0x1af4);
	assert_int_equal(rig_in(rig_memory(M_STATUS), 1), 15);
	assert_int_equal(rig_errors(), 0);
}

static void test_a_legacy_device_has_none(void **state)
{
	assert_int_equal(rig.device.pci.config[0x34], 0);
	assert_int_equal(rig.device.pci.config[6] & 0x10, 0);
	assert_int_equal(vq_load(rig.device.pci.config + 2, 2), 0x1004);
	assert_int_equal(rig.device.pci.config[8], 0);
	assert_int_equal(rig.device.pci.bar[VIRTIO_MEMORY_BAR].length, 0);
	assert_int_equal(rig_in(rig_memory(M_NUM_QUEUES), 2), 0xffff);
}

static void test_a_transitional_device_is_both(void **state)
{
	assert_int_equal(vq_load(rig.device.pci.config + 2, 2), 0x1004);
	assert_int_equal(rig.device.pci.config[8], 0);
	rig_start_legacy(2, NULL);
	/* Whose drivers take what is offered: tables, accepted or not, and a flag about doorbells, as nobody accepted the event index. */
	rig_out(rig_port(L_DRIVER_FEATURES), 4, 0);
	assert_true(rig.device.queue[RIG_FIRST].indirect && rig.device.queue[RIG_FIRST].says_when);
	assert_false(rig.device.queue[RIG_FIRST].event_index);
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_int_equal(rig.used, 1);
	for (unsigned q = 0; q < 2; q++) {
		memset(rig.queue[q].base, 0, vq_bytes(DEVICE_QUEUE_SIZE));
		rig.queue[q].offered = rig.queue[q].seen = 0;
	}
	rig_start_modern(2, ALL, NULL);
	rig_post_and_ring(1, 0);
	rig_look(0);
	assert_int_equal(rig.used, 2);
	assert_int_equal(rig_errors(), 0);
}

static uint64_t offered(void)
{
	uint64_t features = 0;

	for (unsigned half = 0; half < 4; half++) {
		rig_out(rig_memory(M_DEVICE_FEATURE_SELECT), 4, half);
		if (half < 2)
			features |= (uint64_t)rig_in(rig_memory(M_DEVICE_FEATURE), 4) << 32 * half;
		else
			assert_int_equal(rig_in(rig_memory(M_DEVICE_FEATURE), 4), 0);
	}
	return features;
}

static uint8_t status_after(uint64_t features)
{
	rig_out(rig_memory(M_STATUS), 1, 0);
	rig_out(rig_memory(M_STATUS), 1, 3);
	rig_accept(features);
	return (uint8_t)rig_in(rig_memory(M_STATUS), 1);
}

static void test_features_are_negotiated(void **state)
{
	assert_int_equal(offered(), ALL);
	assert_int_equal(status_after(VIRTIO_F_VERSION_1), 11);
	assert_int_equal(status_after(ALL), 11);
	/* Not without VERSION_1, and nothing that is not offered. */
	assert_int_equal(status_after(0), 3);
	assert_int_equal(status_after(VIRTIO_F_EVENT_INDEX), 3);
	assert_int_equal(status_after(ALL | 1), 3);
	assert_int_equal(status_after(ALL | UINT64_C(1) << 40), 3);
	rig_out(rig_memory(M_STATUS), 1, 0);
	rig_out(rig_memory(M_DRIVER_FEATURE_SELECT), 4, 2);
	rig_out(rig_memory(M_DRIVER_FEATURE), 4, 1);
	rig_accept(ALL);
	assert_int_equal(rig_in(rig_memory(M_STATUS), 1) & 8, 0);
	assert_int_equal(rig_errors(), 0);
	/* Not after they were accepted. */
	assert_int_equal(status_after(VIRTIO_F_VERSION_1), 11);
	rig_out(rig_memory(M_DRIVER_FEATURE_SELECT), 4, 0);
	rig_out(rig_memory(M_DRIVER_FEATURE), 4, 1u << 28);
	assert_int_equal(rig_errors(), 1);
	assert_int_equal(rig_in(rig_memory(M_DRIVER_FEATURE), 4), 0);
}

static void test_queues_are_described(void **state)
{
	static const uint32_t sizes[] = { 64, 64, DEVICE_QUEUE_SIZE, DEVICE_QUEUE_SIZE, 0 };

	assert_int_equal(rig_in(rig_memory(M_NUM_QUEUES), 2), 4);
	for (uint32_t q = 0; q < 5; q++) {
		rig_out(rig_memory(M_SELECT), 2, q);
		assert_int_equal(rig_in(rig_memory(M_SELECT), 2), q);
		assert_int_equal(rig_in(rig_memory(M_SIZE), 2), sizes[q]);
		assert_int_equal(rig_in(rig_memory(M_ENABLE), 2), q == 2 || q == 3);
		assert_int_equal(rig_in(rig_memory(M_NOTIFY_OFF), 2), q < 4 ? q : 0);
		assert_int_equal(rig_in(rig_memory(M_VECTOR), 2), 0xffff);
		for (uint32_t at = M_DESC; at < 0x38; at += 8)
			assert_int_equal(rig_in(rig_memory(at), 4) != 0, q == 2 || q == 3);
	}
	assert_int_equal(rig_in(rig_memory(M_GENERATION), 1), 0);
	assert_int_equal(rig_in(rig_memory(M_CONFIG), 4), 2);
	assert_int_equal(rig_in(rig_memory(M_CONFIG + 20), 4), 96);
	assert_int_equal(rig_errors(), 0);
}

static void test_a_request_goes_round(void **state)
{
	for (unsigned i = 0; i < 50; i++) {
		rig_post_and_ring(i % 2, i);
		rig_look(0);
		assert_int_equal(rig.used, i + 1);
		assert_int_equal(rig_response(i)[11], 0);
	}
	assert_int_equal(rig_errors(), 0);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
}

/* A shorter ring, somewhere else, whose three parts are apart. */
static void test_a_queue_may_be_shorter_and_anywhere(void **state)
{
	struct sim_phys *phys = &rig.machine.phys;
	unsigned char *desc = sim_phys_alloc(phys, 4 * 16, 16);
	unsigned char *avail = (unsigned char *)sim_phys_alloc(phys, 64, 64) + 2;
	unsigned char *used = (unsigned char *)sim_phys_alloc(phys, 64, 64) + 4;
	uint64_t request = sim_phys_of(phys, rig.buffer);

	rig_out(rig_memory(M_STATUS), 1, 0);
	rig_accept(VIRTIO_F_VERSION_1);
	rig_out(rig_memory(M_SELECT), 2, 2);
	rig_out(rig_memory(M_SIZE), 2, 4);
	assert_int_equal(rig_in(rig_memory(M_SIZE), 2), 4);
	rig_out64(M_DESC, sim_phys_of(phys, desc));
	rig_out64(M_DRIVER, sim_phys_of(phys, avail));
	rig_out64(M_DEVICE, sim_phys_of(phys, used));
	rig_out(rig_memory(M_ENABLE), 2, 1);
	assert_int_equal(rig_in(rig_memory(M_ENABLE), 2), 1);
	rig_out(rig_memory(M_STATUS), 1, 15);
	rig.buffer[0] = 1;
	rig.buffer[2] = 0x40;
	vq_store(desc + 3 * 16, request, 8);
	vq_store(desc + 3 * 16 + 8, RIG_REQUEST_BYTES, 4);
	vq_store(desc + 3 * 16 + 12, VQ_F_NEXT, 2);
	vq_store(desc + 3 * 16 + 14, 1, 2);
	vq_store(desc + 16, request + 64, 8);
	vq_store(desc + 16 + 8, RIG_RESPONSE_BYTES, 4);
	vq_store(desc + 16 + 12, VQ_F_WRITE, 2);
	for (unsigned i = 0; i < 9; i++) {
		vq_store(avail + 4 + 2 * (i % 4), 3, 2);
		vq_store(avail + 2, i + 1, 2);
		rig_out(rig_memory(M_NOTIFY + 8), 2, 2);
		rig_look(0);
		assert_int_equal(vq_load(used + 2, 2), i + 1);
		assert_int_equal(vq_load(used + 4 + 8 * (i % 4), 4), 3);
	}
	assert_int_equal(rig_errors(), 0);
	/* The next reset gives it its size back. */
	rig_out(rig_memory(M_STATUS), 1, 0);
	rig_out(rig_memory(M_SELECT), 2, 2);
	assert_int_equal(rig_in(rig_memory(M_SIZE), 2), DEVICE_QUEUE_SIZE);
}

static void expect_error(uint64_t *errors)
{
	assert_int_equal(rig_errors(), ++*errors);
}

static void test_setting_up_is_checked(void **state)
{
	uint64_t end = SIM_PHYS_BASE + RIG_PHYS_BYTES;
	uint64_t good = sim_phys_of(&rig.machine.phys, rig.queue[0].base);
	const uint64_t bad[][3] = {
		{ good + 8, good + 16384, good + 20480 }, { good, good + 16385, good + 20480 }, { good, good + 16384, good + 20482 },
		{ 0, good + 16384, good + 20480 }, { good, 0, good + 20480 }, { good, good + 16384, 0 },
		{ end - 16, good + 16384, good + 20480 }, { good, end - 2054 + 2, good + 20480 }, { good, good + 16384, end - 8198 + 2 },
		{ good | UINT64_C(1) << 40, good + 16384, good + 20480 }, { UINT64_MAX & ~UINT64_C(15), good + 16384, good + 20480 },
	};
	uint64_t errors = 0;

	rig_accept(VIRTIO_F_VERSION_1);
	rig_out(rig_memory(M_SELECT), 2, 2);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rig_out64(M_DESC, bad[i][0]);
		rig_out64(M_DRIVER, bad[i][1]);
		rig_out64(M_DEVICE, bad[i][2]);
		rig_out(rig_memory(M_ENABLE), 2, 1);
		expect_error(&errors);
		assert_int_equal(rig_in(rig_memory(M_ENABLE), 2), 0);
	}
	for (uint32_t size = 0; size <= 0xffff; size += size < 20 ? 1 : 1021) {
		bool fine = size && size <= DEVICE_QUEUE_SIZE && !(size & (size - 1));

		rig_out(rig_memory(M_SIZE), 2, size);
		errors += !fine;
		assert_int_equal(rig_errors(), errors);
	}
	rig_out(rig_memory(M_ENABLE), 2, 0);
	expect_error(&errors);
	rig_out(rig_memory(M_ENABLE), 2, 2);
	expect_error(&errors);
	rig_out(rig_memory(M_SELECT), 2, 4);
	rig_out(rig_memory(M_ENABLE), 2, 1);
	expect_error(&errors);
	rig_out(rig_memory(M_DESC), 4, 1);
	expect_error(&errors);
	/* Not before the features are agreed on, and not twice. */
	rig_out(rig_memory(M_STATUS), 1, 0);
	rig_enable(0);
	expect_error(&errors);
	rig_accept(VIRTIO_F_VERSION_1);
	rig_enable(0);
	assert_int_equal(rig_errors(), errors);
	rig_out(rig_memory(M_SIZE), 2, 8);
	expect_error(&errors);
	assert_int_equal(rig_in(rig_memory(M_SIZE), 2), DEVICE_QUEUE_SIZE);
	assert_int_equal(rig_in(rig_memory(M_STATUS), 1) & 64, 64);
}

static void test_doorbells_are_checked(void **state)
{
	uint64_t errors = 0;

	rig_out(rig_memory(M_NOTIFY + 8), 2, 3);
	expect_error(&errors);
	rig_out(rig_memory(M_NOTIFY + 9), 2, 2);
	expect_error(&errors);
	rig_out(rig_memory(M_NOTIFY), 2, 0); /* not enabled */
	expect_error(&errors);
	rig_out(rig_memory(M_NOTIFY + 4 * 4), 2, 4);
	assert_int_equal(rig_errors(), errors);
	rig_out(rig_memory(M_STATUS), 1, 11);
	rig_post_and_ring(0, 0);
	expect_error(&errors);
	rig_look(0);
	assert_int_equal(rig.interrupts, 0);
}

/* With the event index the device says from where on it wants a doorbell, and looks again before it stops looking. */
static void test_the_device_says_when_it_wants_a_doorbell(void **state)
{
	for (unsigned i = 0; i < 5; i++)
		rig_post(0, i);
	rig_ring(0);
	assert_int_equal(vq_avail_event(&rig.queue[0]), 5);
	rig_post_and_ring(0, 5);
	assert_int_equal(vq_avail_event(&rig.queue[0]), 6);
	assert_int_equal(vq_avail_event(&rig.queue[1]), 0);
}

static void test_the_driver_says_when_it_wants_an_interrupt(void **state)
{
	uint64_t before, after;

	vq_set_used_event(&rig.queue[0], 3);
	for (unsigned i = 0; i < 3; i++)
		rig_post_and_ring(0, i);
	rig_look(0);
	assert_int_equal(rig.interrupts, 0);
	before = stamp_now();
	rig_post_and_ring(0, 3);
	after = stamp_now();
	for (unsigned i = 4; i < 6; i++)
		rig_post_and_ring(0, i);
	rig_look(0);
	assert_int_equal(rig.interrupts, 1);
	/* Since the one was due that it waited for. */
	assert_true(rig.asserted[0] >= before && rig.asserted[0] <= after);
	/* Not moved on: nothing more. */
	rig_post_and_ring(0, 6);
	rig_look(0);
	assert_int_equal(rig.interrupts, 1);
	/* The flag means nothing here. */
	vq_suppress(&rig.queue[0], 1);
	vq_set_used_event(&rig.queue[0], 7);
	rig_post_and_ring(0, 7);
	rig_look(0);
	assert_int_equal(rig.interrupts, 2);
}

/* Round the 16 bits, with an event before, at and behind every place of a burst. */
static void test_events_wrap_at_65536(void **state)
{
	uint64_t random = 17;
	uint32_t posted = 0;

	while (posted < 3 * 65536) {
		unsigned n = (unsigned)(splitmix64(&random) % 40) + 1;
		unsigned wanted = (unsigned)(splitmix64(&random) % 50);
		unsigned interrupts = rig.interrupts;

		vq_set_used_event(&rig.queue[0], (uint16_t)(posted + wanted));
		for (unsigned i = 0; i < n; i++)
			rig_post(0, i);
		rig_ring(0);
		rig_look(0);
		assert_int_equal(rig.interrupts - interrupts, wanted < n);
		posted += n;
		assert_int_equal(vq_avail_event(&rig.queue[0]), (uint16_t)posted);
		rig_drain();
	}
	assert_int_equal(rig_errors(), 0);
}

static void test_what_was_not_accepted_is_not_used(void **state)
{
	/* No event index: the flag decides. */
	vq_set_used_event(&rig.queue[0], 1000);
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(vq_avail_event(&rig.queue[0]), 0);
	/* No indirect descriptors. */
	assert_false(rig.device.queue[RIG_FIRST].indirect);
	vq_describe(&rig.queue[0], 0, sim_phys_of(&rig.machine.phys, rig.buffer), 32, VQ_F_INDIRECT, 0);
	vq_offer(&rig.queue[0], 0);
	rig_ring(0);
	rig_look(0);
	assert_int_equal(rig_errors(), 1);
}

static void test_a_table_is_a_request(void **state)
{
	uint64_t address = sim_phys_of(&rig.machine.phys, rig.buffer);
	unsigned char *table = rig.buffer + 5 * RIG_SLOT_BYTES;

	rig_post(0, 0);
	memcpy(table, rig.queue[0].base, 32);
	rig_look(0);
	vq_store(table + 14, 1, 2);
	vq_describe(&rig.queue[0], 9, address + 5 * RIG_SLOT_BYTES, 32, VQ_F_INDIRECT | VQ_F_WRITE, 0);
	rig.queue[0].offered--;
	vq_offer(&rig.queue[0], 9);
	rig_ring(0);
	rig_look(0);
	assert_int_equal(rig.used, 1);
	assert_int_equal(rig_response(0)[11], 0);
	assert_int_equal(rig_errors(), 0);
}

/* Any driver at all: registers of every width, queues anywhere, a ring of noise. */
static void test_noise_leaves_the_device_standing(void **state)
{
	uint64_t random = 23;
	uint64_t errors;

	for (unsigned round = 0; round < 200000; round++) {
		uint64_t draw = splitmix64(&random);
		uint64_t value = splitmix64(&random);
		unsigned bytes = 1u << (draw >> 8) % 3;
		uint32_t offset = draw % 4 ? (uint32_t)(draw >> 16) % 0x40 : (uint32_t)(draw >> 16) % 0x1000;

		switch (draw >> 4 & 7) {
		case 0:
			rig_in(rig_memory(offset), bytes);
			break;
		case 1:
			if (offset != M_STATUS || value % 16 == 0)
				rig_out(rig_memory(offset), bytes, value & 1 ? (uint32_t)value : (uint32_t)(value >> 8) % 8);
			break;
		case 2:
			for (unsigned q = 0; q < 2; q++) {
				memset(rig.queue[q].base, 0, vq_bytes(DEVICE_QUEUE_SIZE));
				rig.queue[q].offered = rig.queue[q].seen = 0;
			}
			rig_start_modern(2, value & 1 ? ALL : VIRTIO_F_VERSION_1, NULL);
			break;
		case 3:
		case 4:
			rig_post_and_ring(value & 1, (unsigned)(value >> 8) % 128);
			rig.buffer[value % (RIG_SLOTS * RIG_SLOT_BYTES)] = (unsigned char)(value >> 32);
			break;
		case 5:
			vq_describe(&rig.queue[value & 1], (uint32_t)(value >> 1) % 128, SIM_PHYS_BASE + (value >> 32) % (RIG_PHYS_BYTES + 64),
				    (uint32_t)splitmix64(&random) >> (value >> 8) % 32, (uint16_t)(value >> 16 & 7),
				    (uint16_t)(value >> 24) % 140);
			vq_offer(&rig.queue[value & 1], (uint16_t)(value % 130));
			rig_ring(value & 1);
			break;
		case 6:
			vq_set_used_event(&rig.queue[value & 1], (uint16_t)(value >> 8));
			break;
		default:
			rig_look(value % 2);
			break;
		}
	}
	rig_out(rig_memory(M_STATUS), 1, 0);
	for (unsigned c = 0; c < 2; c++)
		rig_look(c);
	errors = rig_errors();
	assert_true(errors > 1000);
	assert_true(rig.interrupts > 100);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	memset(rig.queue[0].base, 0, vq_bytes(DEVICE_QUEUE_SIZE));
	rig.queue[0].offered = rig.queue[0].seen = 0;
	rig.used = 0;
	rig_start_modern(1, VIRTIO_F_VERSION_1, NULL);
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_int_equal(rig.used, 1);
	assert_int_equal(rig_errors(), errors);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_capabilities_name_every_structure, set_up),
		WITH(test_the_window_reaches_every_register, set_up),
		WITH(test_the_window_is_not_looked_through_by_the_way, set_up),
		WITH(test_a_window_on_nothing_shows_nothing, set_up),
		WITH(test_a_legacy_device_has_none, set_up_legacy),
		WITH(test_a_transitional_device_is_both, set_up_transitional),
		WITH(test_features_are_negotiated, set_up_raw),
		WITH(test_queues_are_described, set_up),
		WITH(test_a_request_goes_round, set_up),
		WITH(test_a_queue_may_be_shorter_and_anywhere, set_up),
		WITH(test_setting_up_is_checked, set_up_raw),
		WITH(test_doorbells_are_checked, set_up),
		WITH(test_the_device_says_when_it_wants_a_doorbell, set_up_all),
		WITH(test_the_driver_says_when_it_wants_an_interrupt, set_up_all),
		WITH(test_events_wrap_at_65536, set_up_all),
		WITH(test_what_was_not_accepted_is_not_used, set_up),
		WITH(test_a_table_is_a_request, set_up_all),
		WITH(test_noise_leaves_the_device_standing, set_up_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
