/* SPDX-License-Identifier: MIT */
/*
 * Coalescing of the virtio devices, by count and by time, on the line and with
 * messages: when an interrupt comes, since when it counts as asserted, and that the last completion is never forgotten.
 */
#include "tests/unit/virtio_rig.h"

#define FOREVER (SIM_NEVER / 4)
#define A_WHILE 200000
/* When every wait should be over, and more than it takes to hear of it: however long this process was not running meanwhile. */
#define BRIEFLY 20000

static const uint16_t first[] = { 0 };

static int set_up_as(unsigned messages, unsigned count, uint64_t ticks, bool event_index)
{
	struct device_params params = { .messages = messages, .coalesce_count = count, .coalesce_ticks = ticks,
					.transport = event_index ? DEVICE_MODERN : DEVICE_LEGACY, .event_index = event_index };

	if (rig_set_up(2, &device_model_virtio_scsi, params))
		return -1;
	if (event_index)
		rig_start_modern(1, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_INDEX, first);
	else
		rig_start_legacy(1, first);
	return 0;
}

static int set_up_count_line(void **state)
{
	return set_up_as(0, 4, FOREVER, false);
}

static int set_up_count_message(void **state)
{
	return set_up_as(1, 4, FOREVER, false);
}

static int set_up_time_line(void **state)
{
	return set_up_as(0, 0, A_WHILE, false);
}

static int set_up_time_message(void **state)
{
	return set_up_as(1, 0, A_WHILE, false);
}

static int set_up_both_line(void **state)
{
	return set_up_as(0, 8, BRIEFLY, false);
}

static int set_up_both_message(void **state)
{
	return set_up_as(1, 8, BRIEFLY, false);
}

static int set_up_event_line(void **state)
{
	return set_up_as(0, 4, FOREVER, true);
}

static int set_up_event_message(void **state)
{
	return set_up_as(1, 4, FOREVER, true);
}

static void test_the_count_makes_the_interrupt(void **state)
{
	uint64_t before = 0, after = 0;

	for (unsigned i = 0; i < 12; i++) {
		if (i % 4 == 0)
			before = stamp_now();
		rig_post_and_ring(0, i);
		if (i % 4 == 0)
			after = stamp_now();
		rig_look(0);
		/* What waits is published all the same. */
		assert_int_equal(rig_response(i)[11], 0);
		assert_int_equal(rig.interrupts, (i + 1) / 4);
		if (i % 4 != 3)
			continue;
		/* Asserted since the first of the four was due. */
		assert_true(rig.asserted[i / 4] >= before && rig.asserted[i / 4] <= after);
		assert_int_equal(rig.used, i + 1);
	}
	assert_int_equal(virtio_device_interrupts(&rig.device.pci), 3);
}

static void test_more_than_the_count_at_once_are_one_interrupt(void **state)
{
	for (unsigned i = 0; i < 11; i++)
		rig_post(0, i);
	rig_ring(0);
	rig_look(0);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 11);
	/* None of them is counted again. */
	for (unsigned i = 0; i < 3; i++)
		rig_post_and_ring(0, 20 + i);
	rig_look(0);
	assert_int_equal(rig.interrupts, 1);
	rig_post_and_ring(0, 23);
	rig_look(0);
	assert_int_equal(rig.interrupts, 2);
}

static void test_time_makes_the_interrupt(void **state)
{
	uint64_t before = stamp_now();
	uint64_t after;
	uint64_t came;

	rig_post_and_ring(0, 0);
	after = stamp_now();
	while (!rig.interrupts) {
		rig_look(0);
		came = stamp_now();
	}
	assert_true(came >= before + A_WHILE);
	/* The device's wait is in the latency: it counts from when the completion was due. */
	assert_true(rig.asserted[0] >= before && rig.asserted[0] <= after);
	assert_int_equal(rig.used, 1);
	assert_int_equal(intc_next_due(&rig.machine.cpu[0]), SIM_NEVER);
}

static void test_the_pin_knows_the_end_of_the_wait(void **state)
{
	uint64_t before = stamp_now();
	uint64_t due;

	rig_post_and_ring(0, 0);
	rig_look(0);
	due = intc_next_due(&rig.machine.cpu[0]);
	assert_true(rig.interrupts || (due >= before + A_WHILE && due <= stamp_now() + A_WHILE));
	assert_true(rig.interrupts || virtio_device_busy(&rig.device.pci) || stamp_now() > due);
	while (!rig.interrupts)
		rig_look(0);
	assert_false(virtio_device_busy(&rig.device.pci));
}

/* Random bursts; every round ends in a lone completion that no count can report. */
static void test_the_last_one_is_never_forgotten(void **state)
{
	uint64_t random = 3;
	unsigned posted = 0;

	for (unsigned round = 0; round < 2000; round++) {
		unsigned n = (unsigned)(splitmix64(&random) % 12) + 1;

		for (unsigned i = 0; i < n; i++) {
			rig_post(0, posted++ % 128);
			if (splitmix64(&random) & 1)
				rig_ring(0);
			if (splitmix64(&random) % 4 == 0)
				rig_look(0);
		}
		rig_ring(0);
		for (unsigned looks = 0; rig.used < posted && looks < 10000000; looks++)
			rig_look(0);
		assert_int_equal(rig.used, posted);
	}
	assert_true(rig.interrupts < posted);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	assert_int_equal(rig_errors(), 0);
}

/* Who comes by and reads the register has seen what waits. */
static void test_reading_the_status_ends_the_wait(void **state)
{
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_int_equal(rig.interrupts, 0);
	rig_post_and_ring(0, 1);
	rig_post_and_ring(0, 2);
	rig_post_and_ring(0, 3);
	rig_look(0);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.device.cpu[0].waiting, 0);
	/* Two wait towards CPU 0 when CPU 1's interrupt drains them. */
	rig_post_and_ring(0, 4);
	rig_post_and_ring(0, 5);
	rig_look(0);
	assert_int_equal(rig.device.cpu[0].waiting, 2);
	sim_cpu_enter(&rig.machine, 1);
	for (unsigned i = 6; i < 10; i++)
		rig_post_and_ring(0, i);
	rig_look(1);
	assert_int_equal(rig.interrupts, 2);
	assert_int_equal(rig.used, 10);
	assert_int_equal(rig.device.cpu[0].waiting, 0);
	assert_false(virtio_device_busy(&rig.device.pci));
}

static void test_a_reset_ends_the_wait(void **state)
{
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_true(virtio_device_busy(&rig.device.pci));
	rig_out(rig_port(L_STATUS), 1, 0);
	assert_false(virtio_device_busy(&rig.device.pci));
	rig_look(0);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(intc_next_due(&rig.machine.cpu[0]), SIM_NEVER);
}

/* Only what the driver wants to hear of can make it wait. */
static void test_unwanted_completions_do_not_count(void **state)
{
	vq_set_used_event(&rig.queue[0], 100);
	for (unsigned i = 0; i < 20; i++) {
		rig_post_and_ring(0, i);
		rig_look(0);
	}
	assert_int_equal(rig.interrupts, 0);
	assert_false(virtio_device_busy(&rig.device.pci));
	for (unsigned i = 20; i < 24; i++) {
		vq_set_used_event(&rig.queue[0], (uint16_t)i);
		rig_post_and_ring(0, i);
		rig_look(0);
	}
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 24);
}

static void test_nonsense_is_refused(void **state)
{
	const struct device_params count_alone = { .coalesce_count = 2 };
	const struct device_params one_with_time = { .coalesce_count = 1, .coalesce_ticks = 5 };
	const struct device_params fine[] = { { 0 }, { .coalesce_count = 1 }, { .coalesce_ticks = 5 }, { .coalesce_count = 2, .coalesce_ticks = 5 } };
	struct virtio_device second;

	assert_non_null(device_refusal(&count_alone));
	assert_non_null(device_refusal(&one_with_time));
	for (unsigned i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_null(device_refusal(&fine[i]));
	assert_int_equal(device_model_virtio_scsi.init(&second.pci, &rig.machine, &count_alone, 6), -EINVAL);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_the_count_makes_the_interrupt, set_up_count_line),
		WITH(test_the_count_makes_the_interrupt, set_up_count_message),
		WITH(test_more_than_the_count_at_once_are_one_interrupt, set_up_count_line),
		WITH(test_more_than_the_count_at_once_are_one_interrupt, set_up_count_message),
		WITH(test_time_makes_the_interrupt, set_up_time_line),
		WITH(test_time_makes_the_interrupt, set_up_time_message),
		WITH(test_the_pin_knows_the_end_of_the_wait, set_up_time_line),
		WITH(test_the_pin_knows_the_end_of_the_wait, set_up_time_message),
		WITH(test_the_last_one_is_never_forgotten, set_up_both_line),
		WITH(test_the_last_one_is_never_forgotten, set_up_both_message),
		WITH(test_reading_the_status_ends_the_wait, set_up_count_line),
		WITH(test_a_reset_ends_the_wait, set_up_count_line),
		WITH(test_a_reset_ends_the_wait, set_up_count_message),
		WITH(test_unwanted_completions_do_not_count, set_up_event_line),
		WITH(test_unwanted_completions_do_not_count, set_up_event_message),
		WITH(test_nonsense_is_refused, set_up_count_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
