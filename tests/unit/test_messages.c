/* SPDX-License-Identifier: MIT */
/* Interrupts that are messages: one for each event, acknowledged when taken, kept while a back end defers them. */
#include "tests/unit/fake_source.h"

#include "hba_sim/machine/irql.h"

#define DIRQL 6

static struct {
	struct sim_machine machine;
	struct fake_source source;
	struct sim_cpu *cpu;
	unsigned served;
	unsigned acknowledged;
	uint64_t asserted[8];
	int answer[8];             /* the handler's, in order */
	bool raise_in_service[8];  /* another event comes while this one is served */
} rig;

static void acknowledge(void *context, struct sim_cpu *cpu)
{
	fake_drop(context, cpu);
	irq_pin_reschedule(&rig.source.pci.line, cpu, SIM_NEVER);
	rig.acknowledged++;
}

static int serve(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	unsigned n = rig.served++;

	assert_in_range(n, 0, 7);
	rig.asserted[n] = event->asserted;
	if (rig.raise_in_service[n])
		fake_raise(&rig.source, cpu, stamp_now());
	return rig.answer[n];
}

static int set_up(void **state)
{
	memset(&rig, 0, sizeof(rig));
	for (unsigned i = 0; i < 8; i++)
		rig.answer[i] = 1;
	fake_machine_init(&rig.machine, 1, true);
	fake_connect(&rig.source, &rig.machine, "message", DIRQL, serve, NULL);
	rig.source.pci.line.acknowledge = acknowledge;
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	return 0;
}

static int tear_down(void **state)
{
	sim_cpu_exit(rig.cpu);
	sim_machine_fini(&rig.machine);
	return 0;
}

static uint64_t raise_now(void)
{
	uint64_t when = stamp_now();

	fake_raise(&rig.source, rig.cpu, when);
	return when;
}

static void test_one_event_is_one_interrupt(void **state)
{
	uint64_t when = raise_now();

	sim_cpu_take_all(rig.cpu);
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 1);
	assert_int_equal(rig.acknowledged, 1);
	assert_int_equal(rig.asserted[0], when);
}

static void test_an_event_during_service_is_another_interrupt(void **state)
{
	rig.raise_in_service[0] = true;
	raise_now();
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 2);
	assert_int_equal(rig.acknowledged, 2);
	assert_true(rig.asserted[1] > rig.asserted[0]);
}

static void test_a_deferred_message_is_kept(void **state)
{
	uint64_t when;

	rig.answer[0] = SYNC_DEFERRED;
	when = raise_now();
	sim_cpu_take_all(rig.cpu);
	sim_cpu_take_all(rig.cpu);
	/* not looked at again before the back end says so */
	assert_int_equal(rig.served, 1);
	irq_line_redeliver(&rig.source.pci.line);
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 2);
	assert_int_equal(rig.asserted[1], when);
	assert_int_equal(rig.acknowledged, 1);
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 2);
}

static void test_an_event_beside_a_deferred_message_is_not_lost(void **state)
{
	uint64_t first;
	uint64_t second;

	rig.answer[0] = SYNC_DEFERRED;
	first = raise_now();
	sim_cpu_take_all(rig.cpu);
	second = raise_now();
	irq_line_redeliver(&rig.source.pci.line);
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 3);
	assert_int_equal(rig.asserted[1], first);
	assert_int_equal(rig.asserted[2], second);
	assert_int_equal(rig.acknowledged, 2);
}

static void test_a_masked_message_is_taken_when_the_mask_opens(void **state)
{
	irq_line_mask(&rig.source.pci.line);
	raise_now();
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.acknowledged, 0);
	irq_line_unmask(&rig.source.pci.line);
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 1);
}

static void test_a_kept_message_waits_for_the_irql(void **state)
{
	uint8_t irql;

	rig.answer[0] = SYNC_DEFERRED;
	raise_now();
	sim_cpu_take_all(rig.cpu);
	irql = sim_raise(rig.cpu, DIRQL);
	irq_line_redeliver(&rig.source.pci.line);
	sim_cpu_take_all(rig.cpu);
	assert_int_equal(rig.served, 1);
	sim_lower(rig.cpu, irql);
	assert_int_equal(rig.served, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_event_is_one_interrupt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_event_during_service_is_another_interrupt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_deferred_message_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_event_beside_a_deferred_message_is_not_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_masked_message_is_taken_when_the_mask_opens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_kept_message_waits_for_the_irql, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
