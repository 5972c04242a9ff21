/* SPDX-License-Identifier: MIT */
/*
 * The whole stack under one roof: the project's virtio SCSI miniport on the port
 * driver and the HBA model, with data that is checked; a ring that is full; a
 * bus that is reset with requests in the device.
 */
#include "tests/unit/fake_source.h"

#include "hba_sim/devices/virtio_scsi.h"
#include "hba_sim/miniports/virtio_scsi.h"
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
	struct virtio_scsi hba;
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

static int set_up_with(const char *argument, bool half_duplex, uint64_t service_ticks)
{
	struct sim_machine_config machine = { .cpus = 2, .yields = true, .phys_bytes = PHYS_BYTES, .scale = fake_scale() };
	struct lun_config lun = { .blocks = BLOCKS, .block_bytes = 512, .mode = LUN_DATA_COPY };
	struct virtio_scsi_config_params params = { .service = { .kind = SERVICE_FIXED, .first = service_ticks } };
	struct adapter_config config = { .backend = sync_backend_find("spinlock"), .device = &rig.hba.pci,
					 .half_duplex = half_duplex, .channels = 2,
					 .argument = argument };

	memset(&rig, 0, sizeof(rig));
	if (sim_machine_init(&rig.machine, &machine) || scsi_target_create(&rig.target) || lun_create(&rig.lun, &lun) ||
	    scsi_target_attach(rig.target, 0, rig.lun))
		return -1;
	params.target = rig.target;
	if (virtio_scsi_init(&rig.hba, &rig.machine, &params, 6) ||
	    adapter_start(&rig.adapter, &rig.machine, VirtioScsiDriverEntry, &config, rig.error, sizeof(rig.error)))
		return -1;
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	return 0;
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
	virtio_scsi_fini(&rig.hba);
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
	assert_int_equal(virtio_scsi_lines_up(&rig.hba), 0);
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
	for (unsigned i = 0; i < REQUESTS; i++) {
		assert_int_equal(rig.completions[i], 1);
		assert_int_equal(rig.request[i]->srb.SrbStatus, status);
	}
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
	assert_false(query.list.SupportedTypeList[ScsiRestartAdapter]);
	assert_int_equal(query.list.SupportedTypeList[4], 77);
	assert_int_equal(rig.adapter.hw.HwAdapterControl(rig.adapter.extension, ScsiRestartAdapter, NULL),
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
	sim_pci_set_bar(&device, 0, (struct sim_bar){ .base = VIRTIO_SCSI_IO_BASE, .length = 0x3f });
	config.device = &device;
	assert_true(adapter_start(&second, &rig.machine, VirtioScsiDriverEntry, &config, error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "HwStorFindAdapter"));
	sim_cpu_enter(&rig.machine, 0);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, tear_down)
#define EACH_WAY(test) WITH(test, set_up_isr), WITH(test, set_up_dpc), WITH(test, set_up_half)
	const struct CMUnitTest tests[] = {
		EACH_WAY(test_what_is_written_is_read),
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
