/* SPDX-License-Identifier: MIT */
/*
 * What the stamps of an interrupt say of the time before it was taken: `masked`
 * sees every section of known length that kept it out, and nothing else; the
 * model's share is the model's; the parts never exceed the whole.
 *
 * Lengths are compared with stamps of the test's own, taken inside what they
 * bound from below and outside what they bound from above.
 */
#include "tests/unit/fake_source.h"

#include "hba_sim/devices/service_time.h"

#define SECTION_TICKS 200000
#define EVENTS_MAX 8

enum { LOW, HIGH, LINES };

struct rig;

struct tap {
	struct rig *rig;
	struct fake_source source;
	struct irq_event event[EVENTS_MAX]; /* served ones, newest at [events - 1] */
	unsigned events;
	unsigned defer; /* so many are refused first */
	unsigned ups;
	uint64_t hold_ticks;
	uint64_t last_refused; /* within the last service that was refused */
	void (*inside)(struct rig *rig, struct sim_cpu *cpu);
};

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct tap tap[LINES];
};

static void check_parts(const struct irq_event *event)
{
	assert_true(event->asserted <= event->taken);
	assert_true(event->taken <= event->entered);
	assert_true(event->masked <= event->taken - event->asserted);
	assert_true(event->model <= event->taken - event->asserted - event->masked);
}

static int isr(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct tap *tap = context;

	event->entered = stamp_now();
	check_parts(event);
	if (tap->inside)
		tap->inside(tap->rig, cpu);
	if (tap->hold_ticks)
		fake_pass(tap->hold_ticks);
	if (tap->defer) {
		tap->defer--;
		tap->last_refused = stamp_now();
		return SYNC_DEFERRED;
	}
	tap->event[tap->events++ % EVENTS_MAX] = *event;
	if (!tap->ups || !--tap->ups)
		fake_drop(&tap->source, cpu);
	return 1;
}

static int set_up(void **state)
{
	static struct rig rig;

	memset(&rig, 0, sizeof(rig));
	fake_machine_init(&rig.machine, 2, false);
	fake_connect(&rig.tap[LOW].source, &rig.machine, "low", 4, isr, &rig.tap[LOW]);
	fake_connect(&rig.tap[HIGH].source, &rig.machine, "high", 6, isr, &rig.tap[HIGH]);
	rig.tap[LOW].rig = &rig;
	rig.tap[HIGH].rig = &rig;
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	sim_cpu_exit(sim_cpu_self());
	sim_machine_fini(&rig->machine);
	return 0;
}

static uint64_t raise_in(struct rig *rig, unsigned line, uint64_t ticks)
{
	uint64_t due = stamp_now() + ticks;

	fake_raise(&rig->tap[line].source, rig->cpu, due);
	return due;
}

static const struct irq_event *only_event(struct rig *rig, unsigned line)
{
	assert_int_equal(rig->tap[line].events, 1);
	return &rig->tap[line].event[0];
}

/* It falls due at `due` and is let in after `last_closed`, which lies within the section. */
static void check_masked(const struct irq_event *event, uint64_t due, uint64_t last_closed)
{
	assert_int_equal(event->asserted, due);
	assert_true(due < last_closed);
	assert_true(event->masked >= last_closed - due);
	assert_true(event->taken >= last_closed);
}

static void test_asserted_is_when_it_was_due_not_when_it_was_noticed(void **state)
{
	struct rig *rig = *state;
	uint64_t due = raise_in(rig, LOW, 0);
	uint64_t before_look = fake_pass(SECTION_TICKS);
	const struct irq_event *event;

	sim_cpu_look(rig->cpu);
	event = only_event(rig, LOW);
	assert_int_equal(event->asserted, due);
	assert_true(event->taken >= before_look);
	/* The CPU was open all the time: late is not masked, nor is it the model's. */
	assert_int_equal(event->masked, 0);
	assert_true(event->model <= event->taken - before_look);
}

static void test_a_section_at_raised_irql_is_masked_time(void **state)
{
	struct rig *rig = *state;

	for (uint8_t irql = 4; irql <= IRQL_HIGH; irql++) {
		uint8_t old = sim_raise(rig->cpu, irql);
		uint64_t due = raise_in(rig, LOW, 10000);
		uint64_t last_closed = fake_pass(SECTION_TICKS);

		sim_lower(rig->cpu, old);
		check_masked(only_event(rig, LOW), due, last_closed);
		rig->tap[LOW].events = 0;
	}
}

/* Code at DISPATCH is no section for a device: nothing of it may be called masked. */
static void test_dispatch_level_masks_no_device(void **state)
{
	struct rig *rig = *state;
	uint8_t old = sim_raise(rig->cpu, IRQL_DISPATCH);

	raise_in(rig, LOW, 0);
	fake_pass(SECTION_TICKS);
	sim_lower(rig->cpu, old);
	assert_int_equal(only_event(rig, LOW)->masked, 0);
}

static void test_a_section_left_in_steps_is_masked_to_its_end(void **state)
{
	struct rig *rig = *state;
	uint64_t due, last_closed;

	sim_raise(rig->cpu, 6);
	due = raise_in(rig, LOW, 0);
	sim_raise(rig->cpu, IRQL_HIGH);
	fake_pass(SECTION_TICKS);
	sim_lower(rig->cpu, 6);
	sim_cpu_look(rig->cpu);
	fake_pass(SECTION_TICKS);
	sim_lower(rig->cpu, 4);
	sim_cpu_look(rig->cpu);
	last_closed = fake_pass(SECTION_TICKS);
	sim_lower(rig->cpu, IRQL_PASSIVE);
	check_masked(only_event(rig, LOW), due, last_closed);
}

static void test_time_in_a_higher_isr_is_masked_time(void **state)
{
	struct rig *rig = *state;
	uint64_t due;

	rig->tap[HIGH].hold_ticks = SECTION_TICKS;
	raise_in(rig, HIGH, 0);
	due = raise_in(rig, LOW, 10000);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->tap[HIGH].events, 1);
	check_masked(only_event(rig, LOW), due, rig->tap[HIGH].event[0].entered + SECTION_TICKS);
}

static void test_time_in_a_higher_isr_that_is_refused_is_masked_time(void **state)
{
	struct rig *rig = *state;
	uint64_t due;

	rig->tap[HIGH].hold_ticks = SECTION_TICKS;
	rig->tap[HIGH].defer = 1;
	raise_in(rig, HIGH, 0);
	due = raise_in(rig, LOW, 10000);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->tap[HIGH].events, 0);
	check_masked(only_event(rig, LOW), due, rig->tap[HIGH].last_refused);
}

static void assert_again(struct rig *rig, struct sim_cpu *cpu)
{
	raise_in(rig, HIGH, 0);
}

static void test_its_own_isr_masks_the_next_one(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[HIGH];

	tap->inside = assert_again;
	tap->hold_ticks = SECTION_TICKS;
	tap->ups = 2;
	raise_in(rig, HIGH, 0);
	sim_cpu_look(rig->cpu);
	assert_int_equal(tap->events, 2);
	assert_true(tap->event[1].masked >= SECTION_TICKS);
}

/* The port looks once more before it opens a gate, so that a CPU that does nothing else has met it. */
static void test_a_section_behind_the_mask_is_masked_time(void **state)
{
	for (unsigned looks = 0; looks < 2; looks++) {
		struct rig *rig = *state;
		struct irq_line *line = &rig->tap[LOW].source.pci.line;
		uint64_t due, last_closed;

		rig->tap[LOW].events = 0;
		irq_line_mask(line);
		due = raise_in(rig, LOW, 10000);
		if (looks)
			sim_work(rig->cpu, SECTION_TICKS);
		else
			fake_pass(SECTION_TICKS);
		sim_cpu_look(rig->cpu);
		last_closed = stamp_now();
		irq_line_unmask(line);
		sim_cpu_look(rig->cpu);
		check_masked(only_event(rig, LOW), due, last_closed);
	}
}

/* Another CPU's section: the target met the mask, then worked on without a look until after it was open. */
static void test_the_end_of_a_mask_is_its_opening_not_the_last_refusal(void **state)
{
	struct rig *rig = *state;
	struct irq_line *line = &rig->tap[LOW].source.pci.line;
	uint64_t due, last_closed, first_open;

	irq_line_mask(line);
	due = raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	last_closed = fake_pass(SECTION_TICKS);
	irq_line_unmask(line);
	first_open = stamp_now();
	fake_pass(SECTION_TICKS);
	sim_cpu_look(rig->cpu);
	check_masked(only_event(rig, LOW), due, last_closed);
	assert_true(only_event(rig, LOW)->masked <= first_open - due);
}

static void test_a_section_behind_a_gate_is_masked_time(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[LOW];
	uint64_t due, last_closed, first_open;

	tap->defer = 1;
	due = raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	last_closed = fake_pass(SECTION_TICKS);
	irq_line_redeliver(&tap->source.pci.line);
	first_open = stamp_now();
	fake_pass(SECTION_TICKS);
	sim_cpu_look(rig->cpu);
	check_masked(only_event(rig, LOW), due, last_closed);
	assert_true(only_event(rig, LOW)->masked <= first_open - due);
}

static void test_a_gate_and_then_an_irql_are_masked_to_the_later_end(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[LOW];
	uint64_t due, last_closed;
	uint8_t old;

	tap->defer = 1;
	due = raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	old = sim_raise(rig->cpu, 6);
	irq_line_redeliver(&tap->source.pci.line);
	last_closed = fake_pass(SECTION_TICKS);
	sim_lower(rig->cpu, old);
	check_masked(only_event(rig, LOW), due, last_closed);
}

/* What kept an earlier interrupt out is not charged to a later one. */
static void test_an_old_section_is_forgotten(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[LOW];
	uint8_t old = sim_raise(rig->cpu, IRQL_HIGH);

	raise_in(rig, LOW, 0);
	fake_pass(SECTION_TICKS);
	sim_lower(rig->cpu, old);
	tap->defer = 1;
	raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	fake_pass(SECTION_TICKS);
	irq_line_redeliver(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	irq_line_mask(&tap->source.pci.line);
	raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	irq_line_unmask(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	assert_int_equal(tap->events, 3);

	raise_in(rig, LOW, 1000);
	fake_pass(SECTION_TICKS);
	sim_cpu_look(rig->cpu);
	assert_int_equal(tap->events, 4);
	assert_int_equal(tap->event[3].masked, 0);
}

/* A gate that opens on behalf of another CPU's interrupt kept this one out of nothing. */
static void test_anothers_gate_is_no_masked_time(void **state)
{
	struct rig *rig = *state;

	raise_in(rig, LOW, 0);
	fake_pass(SECTION_TICKS);
	irq_line_redeliver(&rig->tap[LOW].source.pci.line);
	sim_cpu_look(rig->cpu);
	assert_int_equal(only_event(rig, LOW)->masked, 0);
}

static void test_publishing_is_the_models_share(void **state)
{
	struct rig *rig = *state;
	const struct irq_event *event;
	uint64_t before_look;

	rig->tap[LOW].source.publish_ticks = SECTION_TICKS;
	raise_in(rig, LOW, 0);
	before_look = fake_pass(10000);
	sim_cpu_look(rig->cpu);
	event = only_event(rig, LOW);
	assert_true(event->model >= SECTION_TICKS);
	assert_true(event->model <= event->taken - before_look);
	assert_int_equal(event->masked, 0);
}

/* The source asserted nothing: what that look cost is no part of the interrupt that comes later. */
static void test_a_fruitless_look_is_charged_to_no_later_interrupt(void **state)
{
	struct rig *rig = *state;
	struct fake_source *source = &rig->tap[LOW].source;
	const struct irq_event *event;
	uint64_t before_look;

	source->withhold = true;
	source->publish_ticks = 10 * SECTION_TICKS;
	raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->tap[LOW].events, 0);
	source->withhold = false;
	raise_in(rig, LOW, 0);
	before_look = fake_pass(20 * SECTION_TICKS);
	sim_cpu_look(rig->cpu);
	event = only_event(rig, LOW);
	assert_true(event->model <= event->taken - before_look);
}

/*
 * The other CPU publishes and finds the line in service here; how long it then
 * waits for the end of that is no work of the model's.
 */
static void look_from_the_other_cpu(struct rig *rig, struct sim_cpu *cpu)
{
	struct sim_cpu *other = &rig->machine.cpu[1];
	struct tap *tap = &rig->tap[LOW];

	tap->inside = NULL;
	tap->source.publish_ticks = SECTION_TICKS;
	sim_cpu_enter(&rig->machine, 1);
	fake_raise(&tap->source, other, stamp_now());
	for (unsigned i = 0; i < 1000; i++)
		sim_cpu_look(other);
	sim_cpu_enter(&rig->machine, 0);
}

static void test_waiting_for_another_cpus_isr_is_not_the_models_share(void **state)
{
	struct rig *rig = *state;
	const struct irq_event *event = &rig->tap[LOW].event[1];
	uint64_t before_look;

	rig->tap[LOW].inside = look_from_the_other_cpu;
	raise_in(rig, LOW, 0);
	sim_cpu_look(rig->cpu);
	sim_cpu_enter(&rig->machine, 1);
	before_look = stamp_now();
	sim_cpu_look(&rig->machine.cpu[1]);
	assert_int_equal(rig->tap[LOW].events, 2);
	assert_int_equal(event->masked, 0);
	assert_true(event->taken - event->asserted >= SECTION_TICKS);
	assert_true(event->model <= event->taken - before_look);
}

/* Whatever happens in whatever order, the parts stay within the whole (check_parts) and every interrupt comes. */
static void test_a_random_walk_keeps_the_parts_within_the_whole(void **state)
{
	struct rig *rig = *state;
	uint64_t random = 20240607;
	unsigned raised[LINES] = { 0 };

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t draw = splitmix64(&random);
		unsigned line = draw >> 8 & 1;
		struct tap *tap = &rig->tap[line];

		switch (draw % 8) {
		case 0:
		case 1:
			if (atomic_load(&tap->source.due[0]) == SIM_NEVER) {
				raise_in(rig, line, (draw >> 16) % 2000);
				raised[line]++;
			}
			break;
		case 2:
			sim_raise(rig->cpu, (uint8_t)(sim_irql(rig->cpu) + (draw >> 16) % (16u - sim_irql(rig->cpu))));
			break;
		case 3:
		case 4:
			sim_lower(rig->cpu, (uint8_t)((draw >> 16) % (sim_irql(rig->cpu) + 1u)));
			break;
		case 5:
			if (draw >> 16 & 1)
				irq_line_mask(&tap->source.pci.line);
			else
				irq_line_unmask(&tap->source.pci.line);
			break;
		case 6:
			tap->defer = draw >> 16 & 1;
			irq_line_redeliver(&tap->source.pci.line);
			break;
		default:
			sim_work(rig->cpu, (draw >> 16) % 1000);
			break;
		}
	}
	sim_lower(rig->cpu, IRQL_PASSIVE);
	for (unsigned line = 0; line < LINES; line++) {
		rig->tap[line].defer = 0;
		irq_line_unmask(&rig->tap[line].source.pci.line);
	}
	fake_pass(2000);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->tap[LOW].events, raised[LOW]);
	assert_int_equal(rig->tap[HIGH].events, raised[HIGH]);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_asserted_is_when_it_was_due_not_when_it_was_noticed),
		WITH_RIG(test_a_section_at_raised_irql_is_masked_time),
		WITH_RIG(test_dispatch_level_masks_no_device),
		WITH_RIG(test_a_section_left_in_steps_is_masked_to_its_end),
		WITH_RIG(test_time_in_a_higher_isr_is_masked_time),
		WITH_RIG(test_time_in_a_higher_isr_that_is_refused_is_masked_time),
		WITH_RIG(test_its_own_isr_masks_the_next_one),
		WITH_RIG(test_a_section_behind_the_mask_is_masked_time),
		WITH_RIG(test_the_end_of_a_mask_is_its_opening_not_the_last_refusal),
		WITH_RIG(test_a_section_behind_a_gate_is_masked_time),
		WITH_RIG(test_a_gate_and_then_an_irql_are_masked_to_the_later_end),
		WITH_RIG(test_an_old_section_is_forgotten),
		WITH_RIG(test_anothers_gate_is_no_masked_time),
		WITH_RIG(test_publishing_is_the_models_share),
		WITH_RIG(test_a_fruitless_look_is_charged_to_no_later_interrupt),
		WITH_RIG(test_waiting_for_another_cpus_isr_is_not_the_models_share),
		WITH_RIG(test_a_random_walk_keeps_the_parts_within_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
