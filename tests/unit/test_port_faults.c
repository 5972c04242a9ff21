/* SPDX-License-Identifier: MIT */
/* The project's miniports on a device with faults: each request comes back once, with the status that is right. */
#include "tests/unit/fake_source.h"

#include "hba_sim/devices/faults.h"
#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/miniports/miniports.h"
#include "hba_sim/port/port.h"
#include "impls/backends.h"

#define PHYS_BYTES (8u << 20)
#define BLOCKS 4096
#define REQUESTS 40

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct scsi_target *target;
	struct lun *lun;
	struct virtio_device hba;
	struct adapter adapter;
	struct faults faults;
	struct port_request *request[REQUESTS];
	unsigned completions[REQUESTS];
	unsigned done;
};

static struct rig rig;

/* The ways in which each of them is tried. */
static const struct way {
	const char *device;
	const char *argument;
	enum device_transport transport;
	bool half_duplex;
	unsigned messages; /* of which the last is the configuration's */
} ways[] = {
	{ "virtio-scsi", "completion=isr", DEVICE_LEGACY, false, 0 },
	{ "virtio-scsi", "completion=dpc", DEVICE_MODERN, false, 0 },
	{ "virtio-scsi", "completion=isr", DEVICE_LEGACY, true, 0 },
	{ "virtio-blk", "completion=dpc", DEVICE_LEGACY, false, 0 },
	{ "virtio-blk", "completion=isr", DEVICE_MODERN, false, 0 },
	{ "virtio-scsi", "completion=isr;messages=each", DEVICE_LEGACY, false, 2 },
	{ "virtio-blk", "completion=dpc;messages=all", DEVICE_MODERN, false, 2 },
};

#define EACH_WAY(way) for (const struct way *way = ways; way < ways + sizeof(ways) / sizeof(ways[0]); way++)

static void complete(struct port_request *request, struct sim_cpu *cpu)
{
	rig.completions[(uintptr_t)request->owner]++;
	rig.done++;
}

/* The kind strikes at its first occasion; or with a chance. */
static void set_up(const struct way *way, enum fault_kind kind, double chance)
{
	struct sim_machine_config machine = { .cpus = 2, .yields = true, .phys_bytes = PHYS_BYTES, .scale = fake_scale() };
	struct lun_config lun = { .blocks = BLOCKS, .block_bytes = 512, .mode = LUN_DATA_COPY };
	struct fault_plan plan = { 0 };
	const struct device_model *model = device_model_find(way->device);
	bool modern = way->transport != DEVICE_LEGACY;
	struct device_params params = { .transport = way->transport, .event_index = modern, .indirect = modern, .faults = &rig.faults,
					.messages = way->messages };
	struct adapter_config config = { .backend = sync_backend_find("spinlock"), .device = &rig.hba.pci,
					 .half_duplex = way->half_duplex, .channels = 2, .argument = way->argument, .messages = way->messages };
	char error[128];

	plan.rule[kind] = (struct fault_rule){ .chance = chance, .once = !(chance > 0), .time_ns = 1000 };
	memset(&rig, 0, sizeof(rig));
	assert_int_equal(sim_machine_init(&rig.machine, &machine), 0);
	faults_init(&rig.faults, &plan, &machine.scale, 3);
	assert_int_equal(scsi_target_create(&rig.target) | lun_create(&rig.lun, &lun), 0);
	assert_int_equal(scsi_target_attach(rig.target, 0, rig.lun), 0);
	params.target = rig.target;
	assert_int_equal(model->init(&rig.hba.pci, &rig.machine, &params, 6), 0);
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, miniport_find(model->miniport), &config, error, sizeof(error)), 0);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
}

static void tear_down(void)
{
	assert_int_equal(rig.adapter.lock[0].witness.violations, 0);
	assert_int_equal(rig.adapter.completed_twice, 0);
	assert_int_equal(rig.hba.protocol_errors, 0);
	for (unsigned i = 0; i < REQUESTS; i++)
		assert_int_equal(rig.completions[i], rig.request[i] != NULL);
	sim_cpu_exit(rig.cpu);
	adapter_stop(&rig.adapter);
	virtio_device_fini(&rig.hba.pci);
	scsi_target_destroy(rig.target);
	lun_destroy(rig.lun);
	sim_machine_fini(&rig.machine);
}

static void submit(unsigned i)
{
	const uint8_t cdb[10] = { SCSI_OP_READ_10, [5] = (uint8_t)i, [8] = 1 };

	rig.request[i] = port_request_alloc(&rig.adapter, 512);
	assert_non_null(rig.request[i]);
	port_request_prepare(rig.request[i], 0, cdb, sizeof(cdb), SRB_FLAGS_DATA_IN, 512);
	rig.request[i]->complete = complete;
	rig.request[i]->owner = (void *)(uintptr_t)i;
	port_submit(rig.request[i], rig.cpu);
}

/* The configuration's message is towards the other CPU. */
static void look(void)
{
	sim_cpu_look(sim_cpu_enter(&rig.machine, 1));
	sim_cpu_look(sim_cpu_enter(&rig.machine, 0));
}

static void look_some(void)
{
	for (unsigned i = 0; i < 200; i++)
		look();
}

static void look_until_done(unsigned done)
{
	for (unsigned looks = 0; rig.done < done && looks < 10000000; looks++)
		look();
	assert_int_equal(rig.done, done);
}

static uint8_t status_of(unsigned i)
{
	return SRB_STATUS(rig.request[i]->srb.SrbStatus);
}

/* None comes back by itself. */
static void submit_ten_that_stay(void)
{
	for (unsigned i = 0; i < 10; i++)
		submit(i);
	look_some();
	assert_int_equal(rig.done, 0);
}

/* Whatever happened before. */
static void check_that_it_goes_on(unsigned from)
{
	for (unsigned i = from; i < from + 5; i++) {
		submit(i);
		look_until_done(i + 1);
		assert_int_equal(status_of(i), SRB_STATUS_SUCCESS);
	}
}

static void test_a_reset_finds_what_a_lost_interrupt_left(void **state)
{
	EACH_WAY(way) {
		set_up(way, FAULT_LOST, 0);
		submit(0);
		look_some();
		assert_int_equal(rig.done, 0);
		port_reset_bus(&rig.adapter, rig.cpu);
		look_until_done(1);
		/* It was done, so it is not reported as reset. */
		assert_int_equal(status_of(0), SRB_STATUS_SUCCESS);
		check_that_it_goes_on(1);
		tear_down();
	}
}

static void test_interrupts_too_many_hurt_nobody(void **state)
{
	const enum fault_kind kinds[] = { FAULT_SPURIOUS, FAULT_DUPLICATE, FAULT_STORM };

	for (unsigned k = 0; k < 3; k++) {
		EACH_WAY(way) {
			set_up(way, kinds[k], 1);
			check_that_it_goes_on(0);
			assert_int_equal(faults_injected(&rig.faults, kinds[k]), 5);
			tear_down();
		}
	}
}

static void test_a_device_that_hangs_is_reset(void **state)
{
	EACH_WAY(way) {
		set_up(way, FAULT_HANG, 0);
		submit_ten_that_stay();
		port_reset_bus(&rig.adapter, rig.cpu);
		look_until_done(10);
		for (unsigned i = 0; i < 10; i++)
			assert_int_equal(status_of(i), SRB_STATUS_BUS_RESET);
		check_that_it_goes_on(10);
		tear_down();
	}
}

static void test_a_device_that_asks_for_a_reset_gets_it(void **state)
{
	EACH_WAY(way) {
		set_up(way, FAULT_RESET, 0);
		submit(0);
		/* Nobody has to time out. */
		look_until_done(1);
		assert_int_equal(status_of(0), SRB_STATUS_BUS_RESET);
		assert_int_equal(rig.adapter.bus_resets, 1);
		check_that_it_goes_on(1);
		assert_int_equal(rig.adapter.bus_resets, 1);
		tear_down();
	}
}

static void test_a_device_that_is_gone_has_no_requests(void **state)
{
	EACH_WAY(way) {
		set_up(way, FAULT_REMOVE, 0);
		submit_ten_that_stay();
		port_reset_bus(&rig.adapter, rig.cpu);
		look_until_done(10);
		submit(10);
		look_until_done(11);
		port_reset_bus(&rig.adapter, rig.cpu);
		submit(11);
		look_until_done(12);
		for (unsigned i = 0; i < 12; i++)
			assert_int_equal(status_of(i), SRB_STATUS_NO_DEVICE);
		tear_down();
	}
}

static void test_an_error_of_the_medium_is_reported(void **state)
{
	EACH_WAY(way) {
		bool is_scsi = strcmp(way->device, "virtio-scsi") == 0;
		const SENSE_DATA *sense;

		set_up(way, FAULT_ERROR, 0);
		submit(0);
		look_until_done(1);
		assert_int_equal(rig.request[0]->srb.SrbStatus, SRB_STATUS_ERROR | SRB_STATUS_AUTOSENSE_VALID);
		assert_int_equal(rig.request[0]->srb.ScsiStatus, SCSISTAT_CHECK_CONDITION);
		sense = rig.request[0]->srb.SenseInfoBuffer;
		assert_int_equal(sense->SenseKey, is_scsi ? SCSI_SENSE_MEDIUM_ERROR : SCSI_SENSE_HARDWARE_ERROR);
		check_that_it_goes_on(1);
		tear_down();
	}
}

static void test_what_is_busy_is_tried_again(void **state)
{
	const enum fault_kind kinds[] = { FAULT_BUSY, FAULT_FULL };

	for (unsigned k = 0; k < 2; k++) {
		EACH_WAY(way) {
			if (strcmp(way->device, "virtio-scsi") != 0)
				continue;
			set_up(way, kinds[k], 0.5);
			for (unsigned i = 0; i < 20; i++)
				submit(i);
			look_until_done(20);
			for (unsigned i = 0; i < 20; i++)
				assert_int_equal(status_of(i), SRB_STATUS_SUCCESS);
			assert_true(rig.adapter.busy_refusals > 0);
			assert_int_equal(rig.adapter.busy_refusals, faults_injected(&rig.faults, kinds[k]));
			tear_down();
		}
	}
}

static void test_what_a_device_drops_a_reset_reports(void **state)
{
	EACH_WAY(way) {
		set_up(way, FAULT_DROP, 0);
		submit(0);
		submit(1);
		look_until_done(1);
		assert_int_equal(status_of(1), SRB_STATUS_SUCCESS);
		port_reset_bus(&rig.adapter, rig.cpu);
		look_until_done(2);
		assert_int_equal(status_of(0), SRB_STATUS_BUS_RESET);
		check_that_it_goes_on(2);
		tear_down();
	}
}

/* The rings go round many times, so that what an earlier one left would be seen. */
static void test_an_adapter_is_stopped_and_restarted(void **state)
{
	char error[128];

	EACH_WAY(way) {
		set_up(way, FAULT_STOP, 1);
		check_that_it_goes_on(0);
		for (unsigned round = 1; round < 4; round++) {
			unsigned from = 10 * round;

			assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
			rig.done = from;
			for (unsigned i = from; i < from + 5; i++)
				submit(i);
			look_some();
			assert_int_equal(rig.done, from);
			assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, error, sizeof(error)), 0);
			look_until_done(from + 5);
			for (unsigned i = from; i < from + 5; i++)
				assert_int_equal(status_of(i), SRB_STATUS_SUCCESS);
			check_that_it_goes_on(from + 5);
		}
		assert_int_equal(rig.adapter.bus_resets, 0);
		/* Each once, and nothing of before. */
		assert_int_equal(way->messages ? rig.hba.message[0].completions : rig.hba.cpu[0].completions, 35);
		tear_down();
	}
}

static void test_a_stopped_adapter_is_not_reset(void **state)
{
	char error[128];

	EACH_WAY(way) {
		set_up(way, FAULT_STOP, 1);
		assert_int_equal(adapter_suspend(&rig.adapter, rig.cpu), 0);
		port_reset_bus(&rig.adapter, rig.cpu);
		assert_int_equal(rig.adapter.bus_resets, 0);
		assert_int_equal(adapter_resume(&rig.adapter, rig.cpu, error, sizeof(error)), 0);
		check_that_it_goes_on(0);
		tear_down();
	}
}

static void test_a_surprise_removal_leaves_the_driver_nothing(void **state)
{
	EACH_WAY(way) {
		set_up(way, FAULT_SURPRISE, 0);
		submit_ten_that_stay();
		adapter_surprise_remove(&rig.adapter, rig.cpu);
		look_until_done(10);
		submit(10);
		look_until_done(11);
		for (unsigned i = 0; i < 11; i++)
			assert_int_equal(status_of(i), SRB_STATUS_NO_DEVICE);
		/* It has completed them itself. */
		assert_int_equal(rig.adapter.taken_back, 0);
		assert_int_equal(rig.adapter.stale, 0);
		tear_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reset_finds_what_a_lost_interrupt_left),
		cmocka_unit_test(test_interrupts_too_many_hurt_nobody),
		cmocka_unit_test(test_a_device_that_hangs_is_reset),
		cmocka_unit_test(test_a_device_that_asks_for_a_reset_gets_it),
		cmocka_unit_test(test_a_device_that_is_gone_has_no_requests),
		cmocka_unit_test(test_an_error_of_the_medium_is_reported),
		cmocka_unit_test(test_what_is_busy_is_tried_again),
		cmocka_unit_test(test_what_a_device_drops_a_reset_reports),
		cmocka_unit_test(test_an_adapter_is_stopped_and_restarted),
		cmocka_unit_test(test_a_stopped_adapter_is_not_reset),
		cmocka_unit_test(test_a_surprise_removal_leaves_the_driver_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
