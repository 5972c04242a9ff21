/* SPDX-License-Identifier: MIT */
/*
 * The pulse source on a machine of which this thread plays every CPU in turn:
 * level semantics, one pulse for each acknowledgement, order of the due
 * stamps, and pins that are always left at the next event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hba_sim/devices/pulse.h"
#include "hba_sim/machine/machine.h"

#define DIRQL 6
#define TAKEN_MAX 64

struct fixture {
	struct sim_machine machine;
	struct pulse_source source;
	struct sim_cpu *cpu;
	/* What the handler does and has seen. */
	bool acknowledges;
	bool defers;
	unsigned runs;
	unsigned nothing;
	struct pulse taken[TAKEN_MAX];
	struct irq_event event;
};

static uint64_t pin_due(const struct fixture *fixture, unsigned cpu)
{
	return atomic_load(&fixture->machine.cpu[cpu].pin[fixture->source.line.index].due);
}

/* The pin is always left at the next event. */
static void assert_pin_is_at_next(struct fixture *fixture, struct sim_cpu *cpu)
{
	struct pulse first = { .due = SIM_NEVER }, last;

	pulse_waiting(&fixture->source, cpu, cpu->index, &first, &last);
	assert_int_equal(pin_due(fixture, cpu->index), first.due);
}

static int handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct fixture *fixture = context;
	unsigned run = fixture->runs++;

	assert_int_equal(sim_irql(cpu), DIRQL);
	assert_true(run < TAKEN_MAX);
	fixture->event = *event;
	if (fixture->defers)
		return SYNC_DEFERRED;
	if (fixture->acknowledges && !pulse_acknowledge(&fixture->source, cpu, &fixture->taken[run]))
		fixture->nothing++;
	assert_pin_is_at_next(fixture, cpu);
	return 1;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	struct sim_machine_config config = { .cpus = 2, .phys_bytes = 4096 };

	fixture = (struct fixture){ .acknowledges = true };
	assert_int_equal(stamp_scale_set(&config.scale, 1, 1), 0);
	assert_int_equal(sim_machine_init(&fixture.machine, &config), 0);
	assert_int_equal(pulse_init(&fixture.source, &fixture.machine, "pulse", DIRQL, handle, &fixture), 0);
	fixture.cpu = sim_cpu_enter(&fixture.machine, 0);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sim_cpu_exit(sim_cpu_self());
	pulse_fini(&fixture->source);
	sim_machine_fini(&fixture->machine);
	return 0;
}

static void a_due_pulse_is_one_interrupt(void **state)
{
	struct fixture *fixture = *state;
	uint64_t due = stamp_now();

	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, due), 1);
	assert_int_equal(fixture->runs, 0); /* scheduling is no safe point */
	sim_idle(fixture->cpu);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 1);
	assert_int_equal(fixture->taken[0].serial, 1);
	assert_int_equal(fixture->taken[0].due, due);
	assert_int_equal(fixture->event.asserted, due);
	assert_int_equal(pin_due(fixture, 0), SIM_NEVER);
	assert_int_equal(sim_cpu_due(fixture->cpu), SIM_NEVER);
}

static void a_future_pulse_waits(void **state)
{
	struct fixture *fixture = *state;
	uint64_t due = stamp_now() + (UINT64_C(1) << 40);
	struct pulse first, last;
	uint64_t asserted;

	pulse_schedule(&fixture->source, fixture->cpu, 0, due);
	assert_false(fixture->source.line.advance(&fixture->source, fixture->cpu, due - 1, &asserted));
	assert_true(fixture->source.line.advance(&fixture->source, fixture->cpu, due, &asserted));
	assert_int_equal(asserted, due);
	for (unsigned i = 0; i < 10; i++)
		sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 0);
	assert_int_equal(pulse_waiting(&fixture->source, fixture->cpu, 0, &first, &last), 1);
	assert_int_equal(first.due, due);
	assert_int_equal(pin_due(fixture, 0), due);
	assert_false(pulse_acknowledge(&fixture->source, fixture->cpu, &first));
	assert_int_equal(pulse_waiting(&fixture->source, fixture->cpu, 0, &first, &last), 1);
}

static void pulses_are_taken_in_the_order_of_their_due_stamps(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now = stamp_now();
	struct pulse first, last;

	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now - 10), 1);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now - 30), 2);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now - 20), 3);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now + (UINT64_C(1) << 40)), 4);
	assert_int_equal(pulse_waiting(&fixture->source, fixture->cpu, 0, &first, &last), 4);
	assert_int_equal(first.serial, 2);
	assert_int_equal(last.serial, 4);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 3);
	assert_int_equal(fixture->taken[0].serial, 2);
	assert_int_equal(fixture->taken[1].serial, 3);
	assert_int_equal(fixture->taken[2].serial, 1);
	assert_int_equal(fixture->nothing, 0);
	assert_int_equal(pin_due(fixture, 0), now + (UINT64_C(1) << 40));
	assert_int_equal(sim_cpu_due(fixture->cpu), now + (UINT64_C(1) << 40));
}

static void an_unacknowledged_pulse_stays_asserted(void **state)
{
	struct fixture *fixture = *state;
	struct sim_cpu *cpu = fixture->cpu;

	fixture->acknowledges = false;
	pulse_schedule(&fixture->source, cpu, 0, stamp_now());
	/* One at a time: a look would go on for ever. */
	assert_true(intc_take_one(cpu, stamp_now()));
	assert_true(intc_take_one(cpu, stamp_now()));
	fixture->acknowledges = true;
	assert_true(intc_take_one(cpu, stamp_now()));
	assert_false(intc_take_one(cpu, stamp_now()));
	assert_int_equal(fixture->runs, 3);
}

static void a_pulse_above_which_the_cpu_runs_waits_for_the_lowering(void **state)
{
	struct fixture *fixture = *state;
	uint8_t irql = sim_raise(fixture->cpu, DIRQL);

	pulse_schedule(&fixture->source, fixture->cpu, 0, stamp_now());
	for (unsigned i = 0; i < 10; i++)
		sim_idle(fixture->cpu);
	assert_int_equal(sim_irql(fixture->cpu), DIRQL);
	assert_int_equal(fixture->runs, 0);
	sim_lower(fixture->cpu, irql);
	assert_int_equal(fixture->runs, 1);
}

static void a_deferred_pulse_is_kept_until_redelivery(void **state)
{
	struct fixture *fixture = *state;

	fixture->defers = true;
	pulse_schedule(&fixture->source, fixture->cpu, 0, stamp_now());
	for (unsigned i = 0; i < 10; i++)
		sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 1);
	fixture->defers = false;
	irq_line_redeliver(&fixture->source.line);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 2);
	assert_int_equal(fixture->taken[1].serial, 1);
	assert_int_equal(pin_due(fixture, 0), SIM_NEVER);
}

static void another_cpu_is_a_target_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct sim_cpu *other;
	struct pulse first, last;

	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 1, stamp_now()), 1);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, stamp_now() + (UINT64_C(1) << 40)), 1);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 0);
	assert_false(pulse_acknowledge(&fixture->source, fixture->cpu, &first));
	sim_cpu_exit(fixture->cpu);
	other = sim_cpu_enter(&fixture->machine, 1);
	sim_idle(other);
	assert_int_equal(fixture->runs, 1);
	assert_int_equal(pulse_waiting(&fixture->source, other, 1, &first, &last), 0);
	assert_int_equal(pulse_waiting(&fixture->source, other, 0, &first, &last), 1);
}

static void a_full_queue_refuses(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now = stamp_now();

	for (unsigned i = 0; i < PULSE_QUEUE_MAX; i++)
		assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now), i + 1);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now), 0);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, PULSE_QUEUE_MAX);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now), PULSE_QUEUE_MAX + 1);
}

static void pulses_can_be_taken_back(void **state)
{
	struct fixture *fixture = *state;
	uint64_t now = stamp_now();
	struct pulse first, last;

	pulse_schedule(&fixture->source, fixture->cpu, 0, now);
	pulse_schedule(&fixture->source, fixture->cpu, 0, now + (UINT64_C(1) << 40));
	pulse_schedule(&fixture->source, fixture->cpu, 1, now);
	pulse_cancel(&fixture->source, fixture->cpu, 0);
	assert_int_equal(pulse_waiting(&fixture->source, fixture->cpu, 0, &first, &last), 0);
	assert_int_equal(pin_due(fixture, 0), SIM_NEVER);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 0);
	assert_int_equal(pulse_waiting(&fixture->source, fixture->cpu, 1, &first, &last), 1);
	assert_int_equal(pin_due(fixture, 1), now);
	assert_int_equal(pulse_schedule(&fixture->source, fixture->cpu, 0, now), 3);
	sim_idle(fixture->cpu);
	assert_int_equal(fixture->runs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_due_pulse_is_one_interrupt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_future_pulse_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pulses_are_taken_in_the_order_of_their_due_stamps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unacknowledged_pulse_stays_asserted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pulse_above_which_the_cpu_runs_waits_for_the_lowering, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_deferred_pulse_is_kept_until_redelivery, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_cpu_is_a_target_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_queue_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pulses_can_be_taken_back, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
