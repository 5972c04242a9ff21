/* SPDX-License-Identifier: MIT */
/*
 * MSI-X of the virtio devices: which message comes where, masks and pending bits, queues without one,
 * and that nothing is lost between all that.
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.5.1; PCI 3.0, 6.8.
 */
#include "tests/unit/virtio_rig.h"

#define A_WHILE 100000
#define FOREVER (SIM_NEVER / 2)
#define NONE 0xffff

static const uint16_t one_each[] = { 0, 1, 2, 3 };

static int set_up_legacy_as(enum irq_routing routing)
{
	struct device_params params = { .messages = 3, .queues = 3, .routing = routing };

	if (rig_set_up(2, &device_model_virtio_scsi, params))
		return -1;
	rig_start_legacy(3, one_each);
	return 0;
}

static int set_up(void **state)
{
	return set_up_legacy_as(IRQ_ROUTING_SAME);
}

static int set_up_other(void **state)
{
	return set_up_legacy_as(IRQ_ROUTING_OTHER);
}

static int set_up_modern(void **state)
{
	struct device_params params = { .messages = 3, .queues = 3, .transport = DEVICE_MODERN, .event_index = true, .indirect = true };

	if (rig_set_up(2, &device_model_virtio_scsi, params))
		return -1;
	rig_start_modern(3, VIRTIO_F_VERSION_1, one_each);
	return 0;
}

static void look_everywhere(void)
{
	rig_look(0);
	rig_look(1);
}

static void expect_message(unsigned at, int message, unsigned cpu)
{
	assert_int_equal(rig.message[at], message);
	assert_int_equal(rig.on_cpu[at], cpu);
}

static void test_each_queue_has_its_message(void **state)
{
	for (unsigned q = 0; q < 3; q++) {
		rig_post_and_ring(q, q);
		look_everywhere();
		assert_int_equal(rig.interrupts, q + 1);
		expect_message(q, (int)q, q % 2);
	}
	assert_int_equal(rig.used, 3);
	assert_int_equal(virtio_device_interrupts(&rig.device.pci), 3);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	assert_int_equal(rig_errors(), 0);
}

static void test_the_other_routing_shifts_by_one(void **state)
{
	for (unsigned q = 0; q < 3; q++) {
		rig_post_and_ring(q, q);
		look_everywhere();
		expect_message(q, (int)q, (q + 1) % 2);
	}
}

static void test_the_line_is_silent_and_the_status_empty(void **state)
{
	rig_post_and_ring(0, 0);
	assert_int_equal(rig_in(rig_port(L_ISR), 1), 0);
	look_everywhere();
	assert_int_equal(rig_in(rig_port(L_ISR), 1), 0);
	expect_message(0, 0, 0);
}

static void test_vector_registers_move_the_configuration(void **state)
{
	assert_int_equal(rig_in(rig_port(L_CONFIG_BEHIND_VECTORS), 4), 3);
	assert_int_equal(rig_in(rig_port(L_CONFIG_BEHIND_VECTORS + 20), 4), 96);
	assert_int_equal(rig_in(rig_port(L_CONFIG_VECTOR), 2), NONE);
	rig_out(rig_port(L_CONFIG_VECTOR), 2, 2);
	assert_int_equal(rig_in(rig_port(L_CONFIG_VECTOR), 2), 2);
	for (unsigned q = 0; q < 3; q++) {
		rig_out(rig_port(L_SELECT), 2, RIG_FIRST + q);
		assert_int_equal(rig_in(rig_port(L_VECTOR), 2), q);
	}
	/* One that does not exist reads back as none. */
	rig_out(rig_port(L_VECTOR), 2, 3);
	assert_int_equal(rig_in(rig_port(L_VECTOR), 2), NONE);
	rig_out(rig_port(L_SELECT), 2, 99);
	rig_out(rig_port(L_VECTOR), 2, 1);
	assert_int_equal(rig_in(rig_port(L_VECTOR), 2), NONE);
	/* And with messages off the registers are not there. */
	sim_device_use_messages(&rig.device.pci, false);
	assert_int_equal(rig_in(rig_port(L_CONFIG), 4), 3);
}

static void test_the_capability_says_how_many_and_whether(void **state)
{
	const unsigned char *config = rig.device.pci.config;
	unsigned at = sim_pci_capability(&rig.device.pci, 0x11);

	assert_true(config[6] & 0x10);
	assert_true(at >= 0x40 && at % 4 == 0);
	assert_int_equal(vq_load(config + at + 2, 2), 2 | 0x8000);
	assert_int_equal(vq_load(config + at + 4, 4), VIRTIO_MSIX_BAR);
	assert_int_equal(vq_load(config + at + 8, 4), VIRTIO_MSIX_PENDING | VIRTIO_MSIX_BAR);
	assert_int_equal(config[at + 1], 0);
	sim_device_use_messages(&rig.device.pci, false);
	assert_int_equal(vq_load(config + at + 2, 2), 2);
}

static void mask(unsigned message, uint32_t value)
{
	rig_out(rig_table(16 * message + 12), 4, value);
}

static void test_a_masked_entry_keeps_its_message_pending(void **state)
{
	uint64_t before, after;

	mask(1, 1);
	assert_int_equal(rig_in(rig_table(16 + 12), 4), 1);
	before = stamp_now();
	rig_post_and_ring(1, 0);
	after = stamp_now();
	look_everywhere();
	rig_post_and_ring(1, 1);
	look_everywhere();
	/* Published, and not said. */
	assert_int_equal(rig_response(1)[11], 0);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 1u << 1);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	/* The others are as ever. */
	rig_post_and_ring(0, 2);
	look_everywhere();
	expect_message(0, 0, 0);
	mask(1, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 2);
	expect_message(1, 1, 1);
	assert_true(rig.asserted[1] >= before && rig.asserted[1] <= after);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 0);
	/* Once. */
	mask(1, 1);
	mask(1, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 2);
	assert_int_equal(rig.used, 3);
}

static void test_entries_are_masked_at_power_up(void **state)
{
	struct device_params params = { .messages = 3, .queues = 3 };

	rig_tear_down(NULL);
	assert_int_equal(rig_power_up(2, &device_model_virtio_scsi, params), 0);
	rig_start_legacy(3, one_each);
	for (unsigned m = 0; m < 3; m++) {
		assert_int_equal(rig_in(rig_table(16 * m + 12), 4), 1);
		rig_post_and_ring(m, m);
	}
	look_everywhere();
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 7);
	mask(2, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 1);
	expect_message(0, 2, 0);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 3);
	/* A reset of the device is none of the function. */
	rig_out(rig_port(L_STATUS), 1, 0);
	assert_int_equal(rig_in(rig_table(2 * 16 + 12), 4), 0);
	assert_int_equal(rig_in(rig_table(12), 4), 1);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 0);
}

static void write_control(uint8_t high)
{
	struct sim_device *pci = &rig.device.pci;
	unsigned char control[2] = { 0xff, high };

	pci->write_config(pci, sim_pci_capability(pci, 0x11) + 2, 2, control);
}

/* All at once, and beside it each entry's own bit counts. */
static void test_the_function_mask_keeps_all_of_them(void **state)
{
	const unsigned char *control = rig.device.pci.config + sim_pci_capability(&rig.device.pci, 0x11) + 2;

	mask(2, 1);
	write_control(0x40);
	/* Whether they are used is not for the driver to say, and neither is how many they are. */
	assert_int_equal(vq_load(control, 2), 2 | 0xc000);
	assert_int_equal(rig_in(rig_table(12), 4), 0);
	for (unsigned q = 0; q < 3; q++)
		rig_post_and_ring(q, q);
	look_everywhere();
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 7);
	/* Opening an entry does not open it then. */
	mask(1, 1);
	mask(1, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 0);
	write_control(0x80);
	assert_int_equal(vq_load(control, 2), 2 | 0x8000);
	look_everywhere();
	assert_int_equal(rig.interrupts, 2);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 4);
	mask(2, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 3);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 0);
	sim_device_use_messages(&rig.device.pci, false);
	write_control(0x80);
	assert_int_equal(vq_load(control, 2), 2);
}

static void test_a_message_under_way_is_not_called_back(void **state)
{
	uint64_t asserted;
	struct irq_line *line = &rig.device.pci.message[0];

	rig_post_and_ring(0, 0);
	assert_true(line->advance(line->source, &rig.machine.cpu[0], stamp_now(), &asserted));
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 1);
	mask(0, 1);
	look_everywhere();
	assert_int_equal(rig.interrupts, 1);
	mask(0, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 1);
}

static void test_a_completion_during_service_is_another_message(void **state)
{
	struct irq_line *line = &rig.device.pci.message[0];
	uint64_t asserted;

	rig_post_and_ring(0, 0);
	assert_true(line->advance(line->source, &rig.machine.cpu[0], stamp_now(), &asserted));
	line->acknowledge(line->source, &rig.machine.cpu[0]);
	assert_false(line->advance(line->source, &rig.machine.cpu[0], stamp_now(), &asserted));
	rig_post_and_ring(0, 1);
	assert_true(line->advance(line->source, &rig.machine.cpu[0], stamp_now(), &asserted));
	assert_int_equal(virtio_device_interrupts(&rig.device.pci), 2);
}

static void test_a_deferred_message_comes_when_it_may(void **state)
{
	rig.answer = SYNC_DEFERRED;
	rig_post_and_ring(0, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 1);
	rig_post_and_ring(0, 1);
	irq_line_redeliver(&rig.device.pci.message[0]);
	look_everywhere();
	assert_int_equal(rig.used, 2);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
}

static void test_a_queue_without_a_message_is_worked_off_in_silence(void **state)
{
	rig_out(rig_port(L_SELECT), 2, RIG_FIRST);
	rig_out(rig_port(L_VECTOR), 2, NONE);
	rig_post_and_ring(0, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(rig_drain(), 1);
	assert_int_equal(intc_next_due(&rig.machine.cpu[0]), SIM_NEVER);
}

/* The driver moves the queue to another message while a request is in the device. */
static void test_a_completion_goes_to_the_message_of_its_time(void **state)
{
	rig.device.params.service.first = A_WHILE;
	rig_post_and_ring(0, 0);
	rig_out(rig_port(L_SELECT), 2, RIG_FIRST);
	rig_out(rig_port(L_VECTOR), 2, 1);
	while (!rig.interrupts)
		look_everywhere();
	look_everywhere();
	assert_int_equal(rig.interrupts, 1);
	expect_message(0, 1, 1);
	assert_int_equal(rig.used, 1);
}

static void test_a_shared_message_serves_all_its_queues(void **state)
{
	const uint16_t shared[] = { 2, 2, 2 };

	rig_start_legacy(3, shared);
	for (unsigned q = 0; q < 3; q++)
		memset(rig.queue[q].base, 0, vq_bytes(DEVICE_QUEUE_SIZE));
	for (unsigned q = 0; q < 3; q++)
		rig_post_and_ring(q, q);
	look_everywhere();
	assert_int_equal(rig.interrupts, 1);
	expect_message(0, 2, 0);
	assert_int_equal(rig.used, 3);
}

static void test_a_reset_forgets_messages_and_keeps_masks(void **state)
{
	mask(2, 1);
	rig_post_and_ring(2, 0);
	look_everywhere();
	rig.device.params.service.first = FOREVER;
	rig_post_and_ring(0, 1);
	assert_true(virtio_device_busy(&rig.device.pci));
	rig_out(rig_port(L_STATUS), 1, 0);
	assert_false(virtio_device_busy(&rig.device.pci));
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 0);
	assert_int_equal(rig_in(rig_table(32 + 12), 4), 1);
	mask(2, 0);
	look_everywhere();
	assert_int_equal(rig.interrupts, 0);
	rig_out(rig_port(L_SELECT), 2, RIG_FIRST);
	assert_int_equal(rig_in(rig_port(L_VECTOR), 2), NONE);
	for (unsigned c = 0; c < 2; c++)
		assert_int_equal(intc_next_due(&rig.machine.cpu[c]), SIM_NEVER);
}

static void test_the_modern_interface_has_vectors_too(void **state)
{
	for (unsigned q = 0; q < 3; q++) {
		rig_out(rig_memory(M_SELECT), 2, RIG_FIRST + q);
		assert_int_equal(rig_in(rig_memory(M_VECTOR), 2), q);
		rig_post_and_ring(q, q);
		look_everywhere();
		expect_message(q, (int)q, q % 2);
	}
	rig_out(rig_memory(M_VECTOR), 2, 77);
	assert_int_equal(rig_in(rig_memory(M_VECTOR), 2), NONE);
	rig_out(rig_memory(M_CONFIG_VECTOR), 2, 1);
	assert_int_equal(rig_in(rig_memory(M_CONFIG_VECTOR), 2), 1);
	assert_int_equal(rig_errors(), 0);
}

/* Writes anywhere in the table, masks that come and go, requests all the time: what was said is found. */
static void test_random_masks_lose_nothing(void **state)
{
	uint64_t random = 5;
	unsigned posted = 0;

	for (unsigned round = 0; round < 20000; round++) {
		uint64_t draw = splitmix64(&random);

		switch (draw & 3) {
		case 0:
			rig_out(rig_table((uint32_t)(draw >> 8) % 0x1000), 1u << (draw >> 4) % 3, (uint32_t)(draw >> 32));
			break;
		case 1:
			rig_in(rig_table((uint32_t)(draw >> 8) % 0x1000), 1u << (draw >> 4) % 3);
			break;
		case 2:
			if (posted - rig.used < 100) {
				rig_post_and_ring((unsigned)(draw >> 8) % 3, posted % 128);
				posted++;
			}
			break;
		default:
			rig_look((unsigned)(draw >> 8) % 2);
			break;
		}
		if (round % 64 == 0) {
			for (unsigned m = 0; m < 3; m++)
				mask(m, 0);
			look_everywhere();
			assert_int_equal(rig.used, posted);
		}
	}
	assert_true(posted > 1000);
	assert_int_equal(rig_errors(), 0);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_each_queue_has_its_message, set_up),
		WITH(test_the_other_routing_shifts_by_one, set_up_other),
		WITH(test_the_line_is_silent_and_the_status_empty, set_up),
		WITH(test_vector_registers_move_the_configuration, set_up),
		WITH(test_the_capability_says_how_many_and_whether, set_up),
		WITH(test_a_masked_entry_keeps_its_message_pending, set_up),
		WITH(test_entries_are_masked_at_power_up, set_up),
		WITH(test_the_function_mask_keeps_all_of_them, set_up),
		WITH(test_a_message_under_way_is_not_called_back, set_up),
		WITH(test_a_completion_during_service_is_another_message, set_up),
		WITH(test_a_deferred_message_comes_when_it_may, set_up),
		WITH(test_a_queue_without_a_message_is_worked_off_in_silence, set_up),
		WITH(test_a_completion_goes_to_the_message_of_its_time, set_up),
		WITH(test_a_shared_message_serves_all_its_queues, set_up),
		WITH(test_a_reset_forgets_messages_and_keeps_masks, set_up),
		WITH(test_the_modern_interface_has_vectors_too, set_up_modern),
		WITH(test_random_masks_lose_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
