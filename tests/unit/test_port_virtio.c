/* SPDX-License-Identifier: MIT */
/*
 * The whole stack under one roof: the project's virtio SCSI miniport on the port
 * driver and the HBA model, with data that is checked; a ring that is full; a
 * bus that is reset with requests in the device.
 */
#include "tests/unit/fake_source.h"

#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/devices/virtio_pci.h"
#include "hba_sim/miniports/miniports.h"
#include "hba_sim/port/port.h"
#include "impls/backends.h"

#define PHYS_BYTES (8u << 20)
#define BLOCKS 4096
#define REQUESTS 500
#define FOREVER (UINT64_C(1) << 60)

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct scsi_target *target;
	struct lun *lun;
	const struct device_model *model;
	struct virtio_device hba;
	struct adapter adapter;
	struct port_request *request[REQUESTS];
	unsigned completions[REQUESTS];
	unsigned done;
	char error[128];
};

static struct rig rig;

static void complete(struct port_request *request, struct sim_cpu *cpu)
{
	assert_int_equal(sim_irql(cpu), IRQL_DISPATCH);
	rig.completions[(uintptr_t)request->owner]++;
	rig.done++;
}

/* What a device may be, and what it is when a test says nothing. */
struct setting {
	const char *device;
	const char *argument;
	bool half_duplex;
	uint64_t service_ticks;
	enum device_transport transport;
	unsigned queues;
	bool event_index;
	unsigned coalesce_count;
	uint64_t coalesce_ticks;
};

static int set_up_as(const struct setting *setting)
{
	struct sim_machine_config machine = { .cpus = 2, .yields = true, .phys_bytes = PHYS_BYTES, .scale = fake_scale() };
	struct lun_config lun = { .blocks = BLOCKS, .block_bytes = 512, .mode = LUN_DATA_COPY };
	struct device_params params = { .service = { .kind = SERVICE_FIXED, .first = setting->service_ticks },
					.transport = setting->transport, .queues = setting->queues,
					.event_index = setting->event_index, .indirect = setting->event_index,
					.coalesce_count = setting->coalesce_count, .coalesce_ticks = setting->coalesce_ticks };
	struct adapter_config config = { .backend = sync_backend_find("spinlock"), .device = &rig.hba.pci,
					 .half_duplex = setting->half_duplex, .channels = 2, .argument = setting->argument };

	memset(&rig, 0, sizeof(rig));
	rig.model = device_model_find(setting->device);
	if (sim_machine_init(&rig.machine, &machine) || scsi_target_create(&rig.target) || lun_create(&rig.lun, &lun) ||
	    scsi_target_attach(rig.target, 0, rig.lun))
		return -1;
	params.target = rig.target;
	if (rig.model->init(&rig.hba.pci, &rig.machine, &params, 6) ||
	    adapter_start(&rig.adapter, &rig.machine, miniport_find(rig.model->miniport), &config, rig.error, sizeof(rig.error)))
		return -1;
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	return 0;
}

static int set_up_with(const char *argument, bool half_duplex, uint64_t service_ticks)
{
	return set_up_as(&(struct setting){ .device = "virtio-scsi", .argument = argument, .half_duplex = half_duplex,
					    .service_ticks = service_ticks });
}

static int set_up_modern(void **state)
{
	return set_up_as(&(struct setting){ .device = "virtio-scsi", .argument = "completion=isr", .transport = DEVICE_MODERN, .queues = 2,
					    .event_index = true });
}

static int set_up_modern_dpc(void **state)
{
	return set_up_as(&(struct setting){ .device = "virtio-scsi", .argument = "completion=dpc", .transport = DEVICE_TRANSITIONAL,
					    .event_index = true });
}

static int set_up_coalesced(void **state)
{
	return set_up_as(&(struct setting){ .device = "virtio-scsi", .argument = "completion=isr", .coalesce_count = 8,
					    .coalesce_ticks = 20000 });
}

static int set_up_disk(void **state)
{
	return set_up_as(&(struct setting){ .device = "virtio-blk", .argument = "completion=dpc" });
}

static int set_up_modern_disk(void **state)
{
	return set_up_as(&(struct setting){ .device = "virtio-blk", .argument = "completion=dpc", .transport = DEVICE_MODERN, .queues = 2,
					    .event_index = true, .coalesce_count = 3, .coalesce_ticks = 20000 });
}

static int set_up_isr(void **state)
{
	return set_up_with("completion=isr", false, 0);
}

static int set_up_dpc(void **state)
{
	return set_up_with("completion=dpc", false, 0);
}

static int set_up_half(void **state)
{
	return set_up_with("completion=isr", true, 0);
}

static int set_up_stuck_isr(void **state)
{
	return set_up_with("completion=isr", false, FOREVER);
}

static int set_up_stuck_dpc(void **state)
{
	return set_up_with("completion=dpc", false, FOREVER);
}

static int set_up_stuck_half(void **state)
{
	return set_up_with("completion=isr", true, FOREVER);
}

static int tear_down(void **state)
{
	sim_cpu_exit(rig.cpu);
	adapter_stop(&rig.adapter);
	virtio_device_fini(&rig.hba.pci);
	scsi_target_destroy(rig.target);
	lun_destroy(rig.lun);
	sim_machine_fini(&rig.machine);
	return 0;
}

static void submit(unsigned i, uint8_t lun, uint8_t opcode, uint32_t lba, uint16_t blocks, uint32_t flags)
{
	const uint8_t cdb[10] = { opcode, 0, (uint8_t)(lba >> 24), (uint8_t)(lba >> 16), (uint8_t)(lba >> 8), (uint8_t)lba, 0,
				  (uint8_t)(blocks >> 8), (uint8_t)blocks, 0 };

	if (!rig.request[i])
		rig.request[i] = port_request_alloc(&rig.adapter, 8 * 512);
	assert_non_null(rig.request[i]);
	port_request_prepare(rig.request[i], lun, cdb, sizeof(cdb), flags, blocks * 512u);
	rig.request[i]->complete = complete;
	rig.request[i]->owner = (void *)(uintptr_t)i;
	port_submit(rig.request[i], rig.cpu);
}

static void look_until_done(unsigned done)
{
	for (unsigned looks = 0; rig.done < done && looks < 10000000; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(rig.done, done);
}

static void check_clean(void)
{
	assert_int_equal(rig.adapter.lock[0].witness.violations, 0);
	assert_int_equal(rig.adapter.completed_twice, 0);
	assert_int_equal(rig.hba.protocol_errors, 0);
	assert_int_equal(virtio_device_lines_up(&rig.hba.pci), 0);
}

static void test_what_is_written_is_read(void **state)
{
	struct block_stamp_counts counts = { 0 };

	for (unsigned i = 0; i < 20; i++) {
		struct port_request *request;
		struct sim_iov iov;

		submit(0, 0, SCSI_OP_READ_10, 8 * i, 8, SRB_FLAGS_DATA_IN);
		look_until_done(3 * i + 1);
		request = rig.request[0];
		iov = (struct sim_iov){ request->data, 8 * 512 };
		block_stamp_fill(&iov, 1, 0, 8 * i, 8, i + 1, LUN_DATA_COPY);
		submit(0, 0, SCSI_OP_WRITE_10, 8 * i, 8, SRB_FLAGS_DATA_OUT);
		look_until_done(3 * i + 2);
		assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
		block_stamp_poison(&iov, 1, 8, LUN_DATA_COPY);
		submit(0, 0, SCSI_OP_READ_10, 8 * i, 8, SRB_FLAGS_DATA_IN);
		look_until_done(3 * i + 3);
		assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
		assert_int_equal(request->srb.DataTransferLength, 8 * 512);
		assert_int_equal(block_stamp_check(&iov, 1, 0, 8 * i, 8, LUN_DATA_COPY, &counts, NULL), 8);
	}
	assert_int_equal(counts.torn + counts.missing + counts.misdirected + counts.wrong_pattern, 0);
	check_clean();
}

/* What a device offers is used: a table for each request, and the index at which an interrupt is wanted next. */
static void test_what_is_offered_is_used(void **state)
{
	const struct virtqueue *queue;

	for (unsigned i = 0; i < 5; i++) {
		submit(0, 0, SCSI_OP_READ_10, 8 * i, 8, SRB_FLAGS_DATA_IN);
		look_until_done(i + 1);
	}
	queue = &rig.hba.queue[rig.hba.kind->requests];
	assert_true(queue->event_index && queue->indirect);
	assert_int_equal(queue->taken, 5);
	assert_true(queue->desc[queue->avail->ring[4]].flags & VIRTQ_DESC_INDIRECT);
	assert_int_equal(queue->avail->ring[queue->size], 5);
	check_clean();
}

static void check_each_once_of(unsigned n, UCHAR status)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(rig.completions[i], 1);
		assert_int_equal(rig.request[i]->srb.SrbStatus, status);
	}
}

static void submit_cdb(const uint8_t *cdb, uint8_t cdb_bytes, uint32_t flags, uint32_t bytes)
{
	if (!rig.request[0])
		rig.request[0] = port_request_alloc(&rig.adapter, 8 * 512);
	port_request_prepare(rig.request[0], 0, cdb, cdb_bytes, flags, bytes);
	rig.request[0]->complete = complete;
	rig.request[0]->owner = NULL;
	rig.done = 0;
	port_submit(rig.request[0], rig.cpu);
	look_until_done(1);
}

/* CPUs in turn: each has a queue of its own where there are several. */
static void test_all_cpus_are_served(void **state)
{
	for (unsigned i = 0; i < 200; i++) {
		rig.cpu = sim_cpu_enter(&rig.machine, i / 5 % 2);
		submit(i, 0, SCSI_OP_READ_10, i, 1, SRB_FLAGS_DATA_IN);
	}
	for (unsigned looks = 0; rig.done < 200 && looks < 10000000; looks++) {
		rig.cpu = sim_cpu_enter(&rig.machine, looks % 2);
		sim_cpu_look(rig.cpu);
	}
	assert_int_equal(rig.done, 200);
	check_each_once_of(200, SRB_STATUS_SUCCESS);
	if (rig.hba.queues - rig.hba.kind->requests == 2)
		assert_int_equal(rig.hba.queue[rig.hba.queues - 1].published, 100);
	check_clean();
}

static uint64_t big_endian(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* What the block miniport says of the disk, and what the SCSI host's target says, is the same where it matters. */
static void test_a_disk_says_what_it_is(void **state)
{
	const uint8_t ready[6] = { 0x00 }, inquiry[6] = { 0x12, 0, 0, 0, 36 }, pages[6] = { 0x12, 1, 0, 0, 64 };
	const uint8_t capacity[10] = { 0x25 }, capacity16[16] = { 0x9e, 0x10, [13] = 32 };
	const uint8_t luns[12] = { 0xa0, [9] = 64 }, sync[10] = { 0x35 }, unknown[6] = { 0xc0 };
	struct port_request *request;
	const uint8_t *data;

	submit_cdb(ready, 6, 0, 0);
	request = rig.request[0];
	data = request->data;
	assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
	submit_cdb(inquiry, 6, SRB_FLAGS_DATA_IN, 36);
	assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
	assert_int_equal(data[0], 0);
	assert_memory_equal(data + 8, "STORSYNC", 8);
	submit_cdb(pages, 6, SRB_FLAGS_DATA_IN, 64);
	assert_int_equal(SRB_STATUS(request->srb.SrbStatus), SRB_STATUS_DATA_OVERRUN);
	assert_int_equal(data[1], 0);
	submit_cdb(capacity, 10, SRB_FLAGS_DATA_IN, 8);
	assert_int_equal(big_endian(data, 4), BLOCKS - 1);
	assert_int_equal(big_endian(data + 4, 4), 512);
	submit_cdb(capacity16, 16, SRB_FLAGS_DATA_IN, 32);
	assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
	assert_int_equal(big_endian(data, 8), BLOCKS - 1);
	assert_int_equal(big_endian(data + 8, 4), 512);
	submit_cdb(luns, 12, SRB_FLAGS_DATA_IN, 64);
	assert_int_equal(big_endian(data, 4), 8);
	submit_cdb(sync, 10, 0, 0);
	assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
	submit_cdb(unknown, 6, 0, 0);
	assert_int_equal(request->srb.SrbStatus, SRB_STATUS_ERROR | SRB_STATUS_AUTOSENSE_VALID);
	assert_int_equal(((const SENSE_DATA *)request->srb.SenseInfoBuffer)->AdditionalSenseCode, 0x20);
	check_clean();
}

/* The target behind a SCSI host has no mode pages at all, the miniport of a disk has an empty header. */
static void test_a_disk_has_no_modes(void **state)
{
	const uint8_t mode[6] = { 0x1a, 0, 0x3f, 0, 64 }, mode10[10] = { 0x5a, 0, 0x3f, [8] = 64 };
	const uint8_t *data;

	submit_cdb(mode, 6, SRB_FLAGS_DATA_IN, 64);
	data = rig.request[0]->data;
	assert_int_equal(SRB_STATUS(rig.request[0]->srb.SrbStatus), SRB_STATUS_DATA_OVERRUN);
	assert_int_equal(rig.request[0]->srb.DataTransferLength, data[0] + 1);
	submit_cdb(mode10, 10, SRB_FLAGS_DATA_IN, 64);
	assert_int_equal(rig.request[0]->srb.DataTransferLength, big_endian(data, 2) + 2);
	check_clean();
}

/* The same three blocks by commands of every length. */
static void test_every_form_of_read_and_write(void **state)
{
	const uint8_t writes[][16] = { { 0x0a, 0, 1, 2, 3 }, { 0x2a, 0, 0, 0, 1, 2, 0, 0, 3 }, { 0xaa, 0, 0, 0, 1, 2, 0, 0, 0, 3 },
				       { 0x8a, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3 } };
	const uint8_t reads[] = { 0x08, 0x28, 0xa8, 0x88 };
	const uint8_t bytes[] = { 6, 10, 12, 16 };
	uint64_t serial[3];

	for (unsigned i = 0; i < 16; i++) {
		uint8_t cdb[16];
		struct sim_iov iov;
		struct block_stamp_counts counts = { 0 };

		memcpy(cdb, writes[i / 4], 16);
		submit_cdb(writes[0], 6, SRB_FLAGS_DATA_OUT, 0);
		iov = (struct sim_iov){ rig.request[0]->data, 3 * 512 };
		block_stamp_fill(&iov, 1, 0, 0x102, 3, i + 1, LUN_DATA_COPY);
		submit_cdb(cdb, bytes[i / 4], SRB_FLAGS_DATA_OUT, 3 * 512);
		assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_SUCCESS);
		block_stamp_poison(&iov, 1, 3, LUN_DATA_COPY);
		memcpy(cdb, writes[i % 4], 16);
		cdb[0] = reads[i % 4];
		submit_cdb(cdb, bytes[i % 4], SRB_FLAGS_DATA_IN, 3 * 512);
		assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_SUCCESS);
		assert_int_equal(block_stamp_check(&iov, 1, 0, 0x102, 3, LUN_DATA_COPY, &counts, serial), 3);
		assert_int_equal(serial[2], i + 1);
	}
	check_clean();
}

static void test_errors_come_with_their_sense(void **state)
{
	const SENSE_DATA *sense;

	submit(0, 0, SCSI_OP_READ_10, BLOCKS, 1, SRB_FLAGS_DATA_IN);
	look_until_done(1);
	sense = rig.request[0]->srb.SenseInfoBuffer;
	assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_ERROR | SRB_STATUS_AUTOSENSE_VALID);
	assert_int_equal(rig.request[0]->srb.ScsiStatus, SCSISTAT_CHECK_CONDITION);
	assert_int_equal(sense->SenseKey, SCSI_KEY_ILLEGAL_REQUEST);
	assert_int_equal(sense->AdditionalSenseCode, SCSI_ASC_LBA_OUT_OF_RANGE >> 8);
	submit(1, 5, SCSI_OP_READ_10, 0, 1, SRB_FLAGS_DATA_IN);
	look_until_done(2);
	assert_int_equal(SRB_STATUS(rig.request[1]->srb.SrbStatus), SRB_STATUS_ERROR);
	check_clean();
}

static void submit_all(void)
{
	for (unsigned i = 0; i < REQUESTS; i++)
		submit(i, 0, SCSI_OP_READ_10, i, 1, SRB_FLAGS_DATA_IN);
}

static void check_each_once(UCHAR status)
{
	check_each_once_of(REQUESTS, status);
}

/* 1024 descriptors are 341 requests: the others are refused and come later. */
static void test_a_full_ring_takes_the_rest_when_there_is_room(void **state)
{
	uint8_t old = sim_raise(rig.cpu, IRQL_DISPATCH);

	irq_line_mask(&rig.hba.pci.line);
	submit_all();
	irq_line_unmask(&rig.hba.pci.line);
	sim_lower(rig.cpu, old);
	look_until_done(REQUESTS);
	assert_true(rig.adapter.busy_refusals > 0);
	check_each_once(SRB_STATUS_SUCCESS);
	check_clean();
}

static void test_a_bus_reset_completes_what_is_in_flight(void **state)
{
	unsigned in_flight = 300;

	for (unsigned i = 0; i < in_flight; i++)
		submit(i, 0, SCSI_OP_READ_10, i, 1, SRB_FLAGS_DATA_IN);
	assert_int_equal(rig.done, 0);
	port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(rig.done, in_flight);
	assert_int_equal(rig.adapter.bus_resets, 1);
	for (unsigned i = 0; i < in_flight; i++) {
		assert_int_equal(rig.completions[i], 1);
		assert_int_equal(rig.request[i]->srb.SrbStatus, SRB_STATUS_BUS_RESET);
	}
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);

	/* Another one finds nothing. */
	port_reset_bus(&rig.adapter, rig.cpu);
	assert_int_equal(rig.done, in_flight);
	check_clean();

	/* It works as before: the ring is empty, and the device answers. */
	rig.hba.params.service.first = 0;
	submit(0, 0, SCSI_OP_READ_10, 0, 1, SRB_FLAGS_DATA_IN);
	look_until_done(in_flight + 1);
	assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_SUCCESS);
	check_clean();
}

static void test_a_bus_reset_succeeds(void **state)
{
	assert_true(rig.adapter.hw.HwResetBus(rig.adapter.extension, 0));
	assert_true(rig.adapter.hw.HwResetBus(rig.adapter.extension, 0));
	check_clean();
}

static void test_a_bus_reset_between_full_rings(void **state)
{
	for (unsigned round = 0; round < 5; round++) {
		memset(rig.completions, 0, sizeof(rig.completions));
		rig.done = 0;
		rig.hba.params.service.first = FOREVER;
		submit_all();
		assert_int_equal(rig.done, 0);
		rig.hba.params.service.first = 0;
		port_reset_bus(&rig.adapter, rig.cpu);
		/* Those that the ring had no room for are not lost by it: they are served. */
		look_until_done(REQUESTS);
		for (unsigned i = 0; i < REQUESTS; i++) {
			assert_int_equal(rig.completions[i], 1);
			assert_int_equal(rig.request[i]->srb.SrbStatus, i < 341 ? SRB_STATUS_BUS_RESET : SRB_STATUS_SUCCESS);
		}
		check_clean();
	}
}

static void test_the_miniport_says_what_it_can_be_told(void **state)
{
	struct {
		SCSI_SUPPORTED_CONTROL_TYPE_LIST list;
		BOOLEAN type[8];
	} query = { .list.MaxControlType = 4, .type = { [4] = 77 } };

	assert_int_equal(rig.adapter.hw.HwAdapterControl(rig.adapter.extension, ScsiQuerySupportedControlTypes, &query),
			 ScsiAdapterControlSuccess);
	assert_true(query.list.SupportedTypeList[ScsiQuerySupportedControlTypes]);
	assert_true(query.list.SupportedTypeList[ScsiStopAdapter]);
	assert_true(query.list.SupportedTypeList[ScsiRestartAdapter]);
	assert_false(query.list.SupportedTypeList[ScsiSetBootConfig]);
	assert_int_equal(query.list.SupportedTypeList[4], 77);
	assert_int_equal(rig.adapter.hw.HwAdapterControl(rig.adapter.extension, ScsiSetBootConfig, NULL),
			 ScsiAdapterControlUnsuccessful);
}

static void test_an_adapter_without_its_ports_is_not_found(void **state)
{
	static struct sim_device device;
	struct adapter_config config = rig.adapter.config;
	struct adapter second;
	char error[128];

	device.machine = &rig.machine;
	device.line.dirql = 6;
	sim_pci_set_bar(&device, 0, (struct sim_bar){ .base = VIRTIO_IO_BASE, .length = 0x3f });
	config.device = &device;
	assert_true(adapter_start(&second, &rig.machine, miniport_find("virtio-scsi"), &config, error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "HwStorFindAdapter"));
	sim_cpu_enter(&rig.machine, 0);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, tear_down)
#define EACH_DEVICE(test)                                                                                                     \
	WITH(test, set_up_isr), WITH(test, set_up_modern), WITH(test, set_up_modern_dpc), WITH(test, set_up_coalesced), \
		WITH(test, set_up_disk), WITH(test, set_up_modern_disk)
#define EACH_WAY(test) WITH(test, set_up_isr), WITH(test, set_up_dpc), WITH(test, set_up_half)
	const struct CMUnitTest tests[] = {
		EACH_WAY(test_what_is_written_is_read),
		WITH(test_what_is_written_is_read, set_up_modern),
		WITH(test_what_is_written_is_read, set_up_modern_dpc),
		WITH(test_what_is_written_is_read, set_up_coalesced),
		WITH(test_what_is_written_is_read, set_up_disk),
		WITH(test_what_is_written_is_read, set_up_modern_disk),
		WITH(test_what_is_offered_is_used, set_up_modern),
		WITH(test_what_is_offered_is_used, set_up_modern_dpc),
		EACH_DEVICE(test_all_cpus_are_served),
		EACH_DEVICE(test_a_disk_says_what_it_is),
		WITH(test_a_disk_has_no_modes, set_up_disk),
		EACH_DEVICE(test_every_form_of_read_and_write),
		EACH_DEVICE(test_a_bus_reset_succeeds),
		EACH_WAY(test_errors_come_with_their_sense),
		EACH_WAY(test_a_full_ring_takes_the_rest_when_there_is_room),
		EACH_WAY(test_a_bus_reset_succeeds),
		WITH(test_a_bus_reset_completes_what_is_in_flight, set_up_stuck_isr),
		WITH(test_a_bus_reset_completes_what_is_in_flight, set_up_stuck_dpc),
		WITH(test_a_bus_reset_completes_what_is_in_flight, set_up_stuck_half),
		WITH(test_a_bus_reset_between_full_rings, set_up_stuck_isr),
		WITH(test_a_bus_reset_between_full_rings, set_up_stuck_dpc),
		WITH(test_the_miniport_says_what_it_can_be_told, set_up_isr),
		WITH(test_an_adapter_without_its_ports_is_not_found, set_up_isr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
