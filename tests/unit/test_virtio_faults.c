/* SPDX-License-Identifier: MIT */
/* Faults of the virtio devices as a driver meets them: at the line, the messages, the registers and the rings. */
#include "tests/unit/virtio_rig.h"

#include "hba_sim/devices/faults.h"

#define LONG 50000000

static struct faults faults;
static const uint16_t first[] = { 0 };

/* One kind, with `chance` or once at the first occasion. */
static void set_up(enum fault_kind kind, double chance, uint64_t time_ns, unsigned messages, bool modern)
{
	const struct stamp_scale scale = fake_scale();
	struct device_params params = { .messages = messages, .transport = modern ? DEVICE_MODERN : DEVICE_LEGACY, .faults = &faults };
	struct fault_plan plan = { 0 };

	plan.rule[kind] = (struct fault_rule){ .chance = chance, .once = !(chance > 0), .time_ns = time_ns };
	faults_init(&faults, &plan, &scale, 5);
	assert_int_equal(rig_set_up(2, &device_model_virtio_scsi, params), 0);
	if (modern)
		rig_start_modern(1, VIRTIO_F_VERSION_1, messages ? first : NULL);
	else
		rig_start_legacy(1, messages ? first : NULL);
}

static void tear_down(void)
{
	rig_tear_down(NULL);
}

static void look_some(void)
{
	for (unsigned i = 0; i < 10; i++)
		rig_look(0);
}

/* By the line and by a message, legacy and modern. */
#define EVERYWHERE(messages, modern) for (unsigned way = 0, messages, modern; messages = way & 1, modern = way >> 1, way < 4; way++)

static void test_a_lost_interrupt_leaves_its_completion_in_the_ring(void **state)
{
	EVERYWHERE(messages, modern) {
		set_up(FAULT_LOST, 0, 0, messages, modern);
		rig_post_and_ring(0, 0);
		look_some();
		assert_int_equal(rig.interrupts, 0);
		assert_int_equal(rig_response(0)[11], 0);
		assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
		assert_int_equal(faults_injected(&faults, FAULT_LOST), 1);
		/* The next one tells of both. */
		rig_post_and_ring(0, 1);
		look_some();
		assert_int_equal(rig.interrupts, 1);
		assert_int_equal(rig.used, 2);
		tear_down();
	}
}

static void test_a_spurious_interrupt_has_nothing_to_say(void **state)
{
	EVERYWHERE(messages, modern) {
		set_up(FAULT_SPURIOUS, 0, 0, messages, modern);
		virtio_device_serve_in(&rig.device.pci, LONG);
		rig_post_and_ring(0, 0);
		look_some();
		assert_int_equal(rig.interrupts, 1);
		assert_int_equal(rig.used, 0);
		/* The line's ISR was told that it is not its own. */
		assert_int_equal(rig.machine.cpu[0].pin[rig.device.pci.line.index].spurious, !messages);
		assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
		tear_down();
	}
}

static void test_what_comes_by_itself_minds_the_mask(void **state)
{
	set_up(FAULT_SPURIOUS, 0, 0, 1, false);
	rig_out(rig_table(12), 4, 1);
	virtio_device_serve_in(&rig.device.pci, LONG);
	rig_post_and_ring(0, 0);
	look_some();
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(rig_in(rig_table(VIRTIO_MSIX_PENDING), 4), 1);
	rig_out(rig_table(12), 4, 0);
	look_some();
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	tear_down();
}

static void test_a_duplicate_comes_once_more(void **state)
{
	EVERYWHERE(messages, modern) {
		set_up(FAULT_DUPLICATE, 0, 0, messages, modern);
		rig_post_and_ring(0, 0);
		look_some();
		assert_int_equal(rig.interrupts, 2);
		assert_int_equal(rig.used, 1);
		assert_int_equal(virtio_device_interrupts(&rig.device.pci), 2);
		/* Which the driver takes for its own. */
		assert_int_equal(rig.machine.cpu[0].pin[rig.device.pci.line.index].spurious, 0);
		rig_post_and_ring(0, 1);
		look_some();
		assert_int_equal(rig.interrupts, 3);
		tear_down();
	}
}

/* Another CPU has the line, and reads the register. */
static void test_a_duplicate_that_nobody_takes_is_not_missed(void **state)
{
	set_up(FAULT_DUPLICATE, 0, 0, 0, false);
	rig.device.pci.line.remote_irr = 1;
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 1);
	assert_int_equal(rig_in(rig_port(L_ISR), 1), VIRTIO_ISR_QUEUE);
	rig_look(0);
	assert_true(rig.device.cpu[0].asserted && rig.device.isr);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	rig.device.pci.line.remote_irr = 0;
	look_some();
	assert_int_equal(rig.interrupts, 1);
	assert_false(rig.device.cpu[0].asserted);
	tear_down();
}

static void test_a_spurious_message_that_nobody_takes_is_not_missed(void **state)
{
	set_up(FAULT_SPURIOUS, 0, 0, 1, false);
	virtio_device_serve_in(&rig.device.pci, LONG);
	rig.device.pci.message[0].remote_irr = 1;
	rig_post_and_ring(0, 0);
	rig_look(0);
	assert_true(rig.device.message[0].asserted);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	rig.device.pci.message[0].remote_irr = 0;
	tear_down();
}

static void test_a_storm_comes_until_it_is_over(void **state)
{
	EVERYWHERE(messages, modern) {
		uint64_t until;

		set_up(FAULT_STORM, 0, LONG, messages, modern);
		rig_post_and_ring(0, 0);
		rig_look(0);
		for (unsigned i = 0; i < 20; i++)
			rig_look(0);
		assert_true(rig.interrupts > 20);
		assert_int_equal(rig.used, 1);
		assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
		until = rig.device.storm_until;
		while (stamp_now() < until)
			rig_look(0);
		look_some();
		rig.interrupts = 0;
		look_some();
		assert_int_equal(rig.interrupts, 0);
		tear_down();
	}
}

static void test_what_is_slow_takes_longer(void **state)
{
	uint64_t before;

	set_up(FAULT_SLOW, 0, LONG, 0, false);
	before = stamp_now();
	rig_post_and_ring(0, 0);
	rig_post_and_ring(0, 1);
	while (rig.used < 2)
		rig_look(0);
	assert_true(rig.asserted[rig.interrupts - 1] >= before + LONG);
	assert_true(rig.asserted[0] < before + LONG);
	tear_down();
}

static void check_refused(enum fault_kind kind, uint8_t status, uint8_t key)
{
	set_up(kind, 0, 0, 0, false);
	rig_post_and_ring(0, 0);
	look_some();
	assert_int_equal(rig.used, 1);
	/* virtio 5.6.6.1: sense_len, residual, qualifier, status, response. */
	assert_int_equal(rig_response(0)[0], key ? 18 : 0);
	assert_int_equal(rig_response(0)[10], status);
	assert_int_equal(rig_response(0)[11], 0);
	if (key)
		assert_int_equal(rig_response(0)[12 + 2], key);
	rig_post_and_ring(0, 1);
	look_some();
	assert_int_equal(rig_response(1)[10], 0);
	assert_int_equal(rig_errors(), 0);
	tear_down();
}

static void test_a_refused_request_says_how(void **state)
{
	check_refused(FAULT_ERROR, 0x02, 0x3);
	check_refused(FAULT_BUSY, 0x08, 0);
	check_refused(FAULT_FULL, 0x28, 0);
}

static void test_what_is_dropped_never_comes(void **state)
{
	set_up(FAULT_DROP, 0, 0, 0, false);
	rig_post_and_ring(0, 0);
	look_some();
	rig_post_and_ring(0, 1);
	look_some();
	/* It was executed all the same. */
	assert_int_equal(rig_response(0)[11], 0);
	assert_int_equal(rig.used, 1);
	assert_int_equal(rig_errors(), 0);
	tear_down();
}

static void test_a_device_that_hangs_is_silent_until_it_is_reset(void **state)
{
	EVERYWHERE(messages, modern) {
		set_up(FAULT_HANG, 0, 0, messages, modern);
		for (unsigned i = 0; i < 5; i++)
			rig_post_and_ring(0, i);
		look_some();
		assert_int_equal(rig.interrupts, 0);
		assert_int_equal(rig_response(0)[11], 0xee);
		/* Nobody waits for it, and its pin does not ask to be looked at. */
		assert_false(virtio_device_busy(&rig.device.pci));
		assert_int_equal(intc_next_due(&rig.machine.cpu[0]), SIM_NEVER);
		vq_init(&rig.queue[0], &rig.machine.phys, DEVICE_QUEUE_SIZE);
		if (modern)
			rig_start_modern(1, VIRTIO_F_VERSION_1, messages ? first : NULL);
		else
			rig_start_legacy(1, messages ? first : NULL);
		rig_post_and_ring(0, 6);
		look_some();
		assert_int_equal(rig.used, 1);
		assert_int_equal(rig_response(0)[11], 0xee);
		tear_down();
	}
}

static void test_a_reset_is_asked_for(void **state)
{
	EVERYWHERE(messages, modern) {
		set_up(FAULT_RESET, 0, 0, messages, modern);
		if (messages)
			rig_out(modern ? rig_memory(M_CONFIG_VECTOR) : rig_port(L_CONFIG_VECTOR), 2, 0);
		if (modern)
			assert_int_equal(rig_in(rig_memory(M_GENERATION), 1), 0);
		rig_post_and_ring(0, 0);
		if (modern)
			assert_int_equal(rig_in(rig_memory(M_GENERATION), 1), 1);
		if (!messages) {
			assert_int_equal(rig_in(modern ? rig_memory(M_ISR) : rig_port(L_ISR), 1), VIRTIO_ISR_CONFIG);
			assert_int_equal(rig_in(modern ? rig_memory(M_ISR) : rig_port(L_ISR), 1), 0);
		}
		look_some();
		assert_int_equal(rig.interrupts, 1);
		assert_int_equal(rig.used, 0);
		assert_true(rig_in(modern ? rig_memory(M_STATUS) : rig_port(L_STATUS), 1) & VIRTIO_STATUS_NEEDS_RESET);
		rig_out(modern ? rig_memory(M_STATUS) : rig_port(L_STATUS), 1, 0);
		assert_int_equal(rig_in(modern ? rig_memory(M_STATUS) : rig_port(L_STATUS), 1), 0);
		tear_down();
	}
}

static void test_what_is_removed_reads_all_ones_for_good(void **state)
{
	EVERYWHERE(messages, modern) {
		set_up(FAULT_REMOVE, 0, 0, messages, modern);
		rig_post_and_ring(0, 0);
		look_some();
		assert_int_equal(rig.interrupts, 0);
		rig_out(modern ? rig_memory(M_STATUS) : rig_port(L_STATUS), 1, 0);
		assert_int_equal(rig_in(modern ? rig_memory(M_STATUS) : rig_port(L_STATUS), 1), 0xff);
		assert_int_equal(rig_in(modern ? rig_memory(M_ISR) : rig_port(L_ISR), 1), 0xff);
		assert_int_equal(rig_in(modern ? rig_memory(M_DEVICE_FEATURE) : rig_port(L_FEATURES), 4), 0xffffffff);
		assert_int_equal(rig_in(modern ? rig_memory(M_SIZE) : rig_port(L_SIZE), 2), 0xffff);
		if (messages) {
			rig_out(rig_table(12), 4, 1);
			assert_int_equal(rig_in(rig_table(12), 4), 0xffffffff);
			assert_false(rig.device.message[0].masked);
		}
		rig_post_and_ring(0, 1);
		look_some();
		assert_int_equal(rig_response(0)[11], 0xee);
		assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
		assert_false(virtio_device_busy(&rig.device.pci));
		tear_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_lost_interrupt_leaves_its_completion_in_the_ring),
		cmocka_unit_test(test_a_spurious_interrupt_has_nothing_to_say),
		cmocka_unit_test(test_what_comes_by_itself_minds_the_mask),
		cmocka_unit_test(test_a_duplicate_comes_once_more),
		cmocka_unit_test(test_a_duplicate_that_nobody_takes_is_not_missed),
		cmocka_unit_test(test_a_spurious_message_that_nobody_takes_is_not_missed),
		cmocka_unit_test(test_a_storm_comes_until_it_is_over),
		cmocka_unit_test(test_what_is_slow_takes_longer),
		cmocka_unit_test(test_a_refused_request_says_how),
		cmocka_unit_test(test_what_is_dropped_never_comes),
		cmocka_unit_test(test_a_device_that_hangs_is_silent_until_it_is_reset),
		cmocka_unit_test(test_a_reset_is_asked_for),
		cmocka_unit_test(test_what_is_removed_reads_all_ones_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
