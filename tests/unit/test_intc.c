/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller: priority and nesting, the mask, what a back end
 * defers, Remote IRR.  The protocol is that of the Intel 82093AA datasheet, 3.2.4.
 * What the stamps say of an interrupt is in test_intc_stamps.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "tests/unit/fake_source.h"

#define LINES 3
#define LOG_MAX 32
#define THREAD_INTERRUPTS 20000

enum { LOW, MIDDLE, TOP };
static const uint8_t levels[LINES] = { 4, 6, 9 };

struct rig;

struct tap {
	struct rig *rig;
	struct fake_source source;
	unsigned ups;       /* interrupts before the ISR takes the line down */
	int answer;
	void (*inside)(struct rig *rig, struct sim_cpu *cpu);
};

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct tap tap[LINES];
	unsigned entries;
	struct {
		unsigned line;
		unsigned depth;
		uint8_t irql;
		unsigned cpu;
	} log[LOG_MAX];
	unsigned depth;
};

static int isr(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct tap *tap = context;
	struct rig *rig = tap->rig;

	assert_in_range(rig->entries, 0, LOG_MAX - 1);
	rig->log[rig->entries].line = (unsigned)(tap - rig->tap);
	rig->log[rig->entries].depth = rig->depth;
	rig->log[rig->entries].irql = sim_irql(cpu);
	rig->log[rig->entries++].cpu = cpu->index;
	rig->depth++;
	if (tap->inside)
		tap->inside(rig, cpu);
	rig->depth--;
	if (tap->answer != SYNC_DEFERRED && (!tap->ups || !--tap->ups))
		fake_drop(&tap->source, cpu);
	return tap->answer;
}

static int set_up(void **state)
{
	static const char *const names[LINES] = { "low", "middle", "top" };
	static const unsigned order[LINES] = { MIDDLE, TOP, LOW };
	static struct rig rig;

	memset(&rig, 0, sizeof(rig));
	fake_machine_init(&rig.machine, 2, true);
	for (unsigned i = 0; i < LINES; i++) {
		unsigned l = order[i];

		fake_connect(&rig.tap[l].source, &rig.machine, names[l], levels[l], isr, &rig.tap[l]);
		rig.tap[l].rig = &rig;
		rig.tap[l].answer = 1;
	}
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

static void raise_now(struct rig *rig, unsigned line)
{
	fake_raise(&rig->tap[line].source, rig->cpu, stamp_now());
}

static struct irq_pin *pin_of(struct rig *rig, unsigned line)
{
	return &rig->cpu->pin[rig->tap[line].source.pci.line.index];
}

static void test_pending_lines_are_taken_by_level(void **state)
{
	struct rig *rig = *state;
	uint8_t old = sim_raise(rig->cpu, IRQL_HIGH);

	raise_now(rig, LOW);
	raise_now(rig, MIDDLE);
	raise_now(rig, TOP);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 0);
	sim_lower(rig->cpu, old);
	assert_int_equal(rig->entries, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rig->log[i].line, TOP - i);
		assert_int_equal(rig->log[i].irql, levels[TOP - i]);
		assert_int_equal(rig->log[i].depth, 0);
	}
	assert_int_equal(sim_irql(rig->cpu), IRQL_PASSIVE);
}

static void test_only_lines_above_the_irql_are_taken(void **state)
{
	struct rig *rig = *state;

	for (uint8_t irql = IRQL_PASSIVE; irql <= IRQL_HIGH; irql++) {
		rig->entries = 0;
		sim_raise(rig->cpu, irql);
		for (unsigned l = 0; l < LINES; l++)
			raise_now(rig, l);
		sim_cpu_look(rig->cpu);
		assert_int_equal(rig->entries, (irql < 4) + (irql < 6) + (irql < 9));
		assert_int_equal(sim_irql(rig->cpu), irql);
		sim_lower(rig->cpu, IRQL_PASSIVE);
		assert_int_equal(rig->entries, LINES);
	}
}

static void raise_the_top(struct rig *rig, struct sim_cpu *cpu)
{
	unsigned before = rig->entries;

	raise_now(rig, TOP);
	sim_relax(cpu);
	assert_int_equal(rig->entries, before + 1);
	assert_int_equal(sim_irql(cpu), levels[LOW]);
}

static void test_a_higher_level_nests_in_a_lower_isr(void **state)
{
	struct rig *rig = *state;

	rig->tap[LOW].inside = raise_the_top;
	raise_now(rig, LOW);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 2);
	assert_int_equal(rig->log[1].line, TOP);
	assert_int_equal(rig->log[1].depth, 1);
}

static void raise_low_and_itself(struct rig *rig, struct sim_cpu *cpu)
{
	unsigned before = rig->entries;

	raise_now(rig, LOW);
	sim_cpu_look(cpu);
	sim_work(cpu, 1000);
	assert_int_equal(rig->entries, before);
}

static void test_neither_a_lower_nor_its_own_level_nests(void **state)
{
	struct rig *rig = *state;

	rig->tap[TOP].inside = raise_low_and_itself;
	rig->tap[TOP].ups = 2;
	raise_now(rig, TOP);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 3);
	assert_int_equal(rig->log[1].line, TOP);
	assert_int_equal(rig->log[2].line, LOW);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rig->log[i].depth, 0);
}

static void test_a_line_that_stays_up_is_taken_again(void **state)
{
	struct rig *rig = *state;

	rig->tap[MIDDLE].ups = 5;
	raise_now(rig, MIDDLE);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 5);
	assert_int_equal(pin_of(rig, MIDDLE)->taken, 5);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 5);
}

static void test_an_interrupt_is_not_early(void **state)
{
	struct rig *rig = *state;
	uint64_t due = stamp_now() + 2000000;

	fake_raise(&rig->tap[LOW].source, rig->cpu, due);
	do {
		sim_cpu_look(rig->cpu);
		assert_true(!rig->entries || stamp_now() >= due);
	} while (stamp_now() < due);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 1);
}

static void test_the_earlier_schedule_stands(void **state)
{
	struct rig *rig = *state;
	struct irq_line *line = &rig->tap[LOW].source.pci.line;
	uint64_t soon = stamp_now();

	irq_pin_schedule(line, rig->cpu, soon);
	irq_pin_schedule(line, rig->cpu, SIM_NEVER - 1);
	assert_int_equal(pin_of(rig, LOW)->due, soon);
	assert_int_equal(intc_next_due(rig->cpu), soon);
	irq_pin_reschedule(line, rig->cpu, SIM_NEVER);
	assert_int_equal(intc_next_due(rig->cpu), SIM_NEVER);
}

static void test_a_masked_line_waits_and_others_do_not(void **state)
{
	struct rig *rig = *state;
	struct irq_line *line = &rig->tap[TOP].source.pci.line;

	irq_line_mask(line);
	assert_true(irq_line_is_masked(line));
	raise_now(rig, TOP);
	raise_now(rig, LOW);
	for (unsigned i = 0; i < 10; i++)
		sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 1);
	assert_int_equal(rig->log[0].line, LOW);
	irq_line_unmask(line);
	assert_false(irq_line_is_masked(line));
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 2);
	assert_int_equal(rig->log[1].line, TOP);
}

/* Unmasked by another CPU: this one's next safe point takes it, whichever kind it is. */
static void test_every_safe_point_takes_what_was_unmasked(void **state)
{
	struct rig *rig = *state;
	struct irq_line *line = &rig->tap[MIDDLE].source.pci.line;

	for (unsigned kind = 0; kind < 5; kind++) {
		irq_line_mask(line);
		raise_now(rig, MIDDLE);
		sim_cpu_look(rig->cpu);
		sim_cpu_enter(&rig->machine, 1);
		irq_line_unmask(line);
		sim_cpu_enter(&rig->machine, 0);
		assert_int_equal(rig->entries, kind);
		if (kind == 0)
			sim_relax(rig->cpu);
		else if (kind == 1)
			sim_idle(rig->cpu);
		else if (kind == 2)
			sim_work(rig->cpu, 1000);
		else if (kind == 3)
			sim_lower(rig->cpu, sim_raise(rig->cpu, IRQL_DISPATCH));
		else
			sim_cpu_safe_point(rig->cpu, stamp_now());
		assert_int_equal(rig->entries, kind + 1);
	}
}

static void test_a_deferred_interrupt_is_parked_until_redelivery(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[MIDDLE];

	tap->answer = SYNC_DEFERRED;
	raise_now(rig, MIDDLE);
	for (unsigned i = 0; i < 10; i++)
		sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 1);
	assert_int_equal(pin_of(rig, MIDDLE)->deferred, 1);
	assert_int_equal(pin_of(rig, MIDDLE)->taken, 0);
	assert_int_equal(sim_irql(rig->cpu), IRQL_PASSIVE);

	/* Refused again, parked again. */
	irq_line_redeliver(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 2);

	tap->answer = 1;
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 2);
	irq_line_redeliver(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 3);
	assert_int_equal(pin_of(rig, MIDDLE)->deferred, 2);
	assert_int_equal(pin_of(rig, MIDDLE)->taken, 1);
}

static void test_a_parked_line_holds_back_no_other(void **state)
{
	struct rig *rig = *state;

	rig->tap[TOP].answer = SYNC_DEFERRED;
	raise_now(rig, TOP);
	raise_now(rig, LOW);
	sim_cpu_look(rig->cpu);
	raise_now(rig, MIDDLE);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 3);
	assert_int_equal(rig->log[1].line, LOW);
	assert_int_equal(rig->log[2].line, MIDDLE);
}

static void test_unmasking_redelivers_what_was_deferred(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[MIDDLE];

	tap->answer = SYNC_DEFERRED;
	raise_now(rig, MIDDLE);
	sim_cpu_look(rig->cpu);
	irq_line_mask(&tap->source.pci.line);
	tap->answer = 1;
	irq_line_redeliver(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 1);
	irq_line_unmask(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 2);
}

static void redeliver_and_take(struct rig *rig, struct sim_cpu *cpu)
{
	irq_line_redeliver(&rig->tap[MIDDLE].source.pci.line);
	rig->tap[MIDDLE].inside = NULL;
}

static void unmask_and_take(struct rig *rig, struct sim_cpu *cpu)
{
	irq_line_unmask(&rig->tap[MIDDLE].source.pci.line);
	rig->tap[MIDDLE].inside = NULL;
}

/* It comes from another CPU while this one's service() has yet to answer that it defers. */
static void check_redelivery_within_service(struct rig *rig, void (*inside)(struct rig *, struct sim_cpu *))
{
	struct tap *tap = &rig->tap[MIDDLE];

	rig->entries = 0;
	tap->answer = SYNC_DEFERRED;
	tap->inside = inside;
	raise_now(rig, MIDDLE);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 2);
	tap->answer = 1;
	irq_line_redeliver(&tap->source.pci.line);
	sim_cpu_look(rig->cpu);
	assert_int_equal(rig->entries, 3);
}

static void test_a_redelivery_while_service_runs_is_not_lost(void **state)
{
	check_redelivery_within_service(*state, redeliver_and_take);
	check_redelivery_within_service(*state, unmask_and_take);
}

/* Parked on one CPU, and the other one's copy of the line parked too: one redelivery frees both. */
static void test_a_redelivery_reaches_every_cpu(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[MIDDLE];
	struct sim_cpu *other = &rig->machine.cpu[1];

	tap->answer = SYNC_DEFERRED;
	raise_now(rig, MIDDLE);
	fake_raise(&tap->source, other, stamp_now());
	sim_cpu_look(rig->cpu);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 1));
	assert_int_equal(rig->entries, 2);
	tap->answer = 1;
	irq_line_redeliver(&tap->source.pci.line);
	sim_cpu_look(other);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 0));
	assert_int_equal(rig->entries, 4);
	assert_int_equal(rig->log[2].cpu, 1);
	assert_int_equal(rig->log[3].cpu, 0);
}

static void test_an_isr_that_denies_is_counted_as_spurious(void **state)
{
	struct rig *rig = *state;

	rig->tap[LOW].answer = 0;
	raise_now(rig, LOW);
	sim_cpu_look(rig->cpu);
	assert_int_equal(pin_of(rig, LOW)->taken, 1);
	assert_int_equal(pin_of(rig, LOW)->spurious, 1);
	rig->tap[LOW].answer = 255;
	raise_now(rig, LOW);
	sim_cpu_look(rig->cpu);
	assert_int_equal(pin_of(rig, LOW)->taken, 2);
	assert_int_equal(pin_of(rig, LOW)->spurious, 1);
}

/* Plays the other CPU, to which the same line is up, while this one serves it. */
static void look_from_the_other_cpu(struct rig *rig, struct sim_cpu *cpu)
{
	struct sim_cpu *other = &rig->machine.cpu[!cpu->index];
	struct fake_source *source = &rig->tap[MIDDLE].source;
	unsigned entries = rig->entries;

	sim_cpu_enter(&rig->machine, other->index);
	fake_raise(source, other, stamp_now());
	for (unsigned i = 0; i < 10; i++)
		sim_cpu_look(other);
	assert_int_equal(rig->entries, entries);
	/* A lower line is not held back by it, nor is a higher one. */
	fake_raise(&rig->tap[LOW].source, other, stamp_now());
	fake_raise(&rig->tap[TOP].source, other, stamp_now());
	sim_cpu_look(other);
	assert_int_equal(rig->entries, entries + 2);
	assert_int_equal(rig->log[entries].line, TOP);
	assert_int_equal(rig->log[entries + 1].line, LOW);
	sim_cpu_enter(&rig->machine, cpu->index);
}

static void test_a_line_in_service_is_taken_by_no_other_cpu(void **state)
{
	struct rig *rig = *state;
	struct sim_cpu *other = &rig->machine.cpu[1];

	rig->tap[MIDDLE].inside = look_from_the_other_cpu;
	raise_now(rig, MIDDLE);
	sim_cpu_look(rig->cpu);
	rig->tap[MIDDLE].inside = NULL;
	assert_int_equal(rig->entries, 3);
	sim_cpu_look(sim_cpu_enter(&rig->machine, 1));
	assert_int_equal(rig->entries, 4);
	assert_int_equal(rig->log[3].line, MIDDLE);
	assert_int_equal(rig->log[3].cpu, other->index);
}

/* The end of interrupt is there for one that the back end deferred, too. */
static void test_a_deferred_interrupt_is_not_in_service(void **state)
{
	struct rig *rig = *state;
	struct tap *tap = &rig->tap[MIDDLE];

	tap->answer = SYNC_DEFERRED;
	raise_now(rig, MIDDLE);
	sim_cpu_look(rig->cpu);
	tap->answer = 1;
	fake_raise(&tap->source, &rig->machine.cpu[1], stamp_now());
	sim_cpu_look(sim_cpu_enter(&rig->machine, 1));
	assert_int_equal(rig->entries, 2);
	assert_int_equal(rig->log[1].cpu, 1);
}

static void test_more_lines_than_there_are_pins_are_refused(void **state)
{
	struct rig *rig = *state;
	struct irq_line extra[SIM_LINES_MAX + 1];
	unsigned more = 0;

	for (unsigned i = 0; i <= SIM_LINES_MAX; i++)
		extra[i] = (struct irq_line){ .name = "extra", .dirql = (uint8_t)(3 + i % 9) };

	/* As a caller leaves it that does not clear it first. */
	atomic_init(&extra[0].remote_irr, 1);
	atomic_init(&extra[0].masked, 1);
	assert_int_equal(irq_line_connect(&rig->machine, &extra[0]), 0);
	assert_int_equal(extra[0].remote_irr, 0);
	assert_int_equal(extra[0].masked, 0);
	while (rig->machine.lines < SIM_LINES_MAX)
		assert_int_equal(irq_line_connect(&rig->machine, &extra[++more]), 0);
	assert_int_equal(irq_line_connect(&rig->machine, &extra[++more]), -ENOSPC);
	for (unsigned i = 1; i < rig->machine.lines; i++)
		assert_true(rig->machine.line[i - 1]->dirql >= rig->machine.line[i]->dirql);
}

/* Two threads, one line, up towards both: never two in service, and none is lost. */
struct duel {
	struct sim_machine machine;
	struct fake_source source;
	_Atomic(unsigned) inside;
	_Atomic(unsigned) meetings;
	unsigned guarded;         /* by Remote IRR alone */
	_Atomic(unsigned) ready;
};

static int duel_isr(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct duel *duel = context;

	if (atomic_fetch_add_explicit(&duel->inside, 1, memory_order_relaxed))
		atomic_fetch_add_explicit(&duel->meetings, 1, memory_order_relaxed);
	duel->guarded++;
	fake_drop(&duel->source, cpu);
	atomic_fetch_sub_explicit(&duel->inside, 1, memory_order_relaxed);
	return 1;
}

static void *duelist(void *argument)
{
	struct sim_cpu *cpu = argument;
	struct duel *duel = cpu->user;
	struct irq_pin *pin = &cpu->pin[duel->source.pci.line.index];

	sim_cpu_enter(&duel->machine, cpu->index);
	atomic_fetch_add_explicit(&duel->ready, 1, memory_order_relaxed);
	while (atomic_load_explicit(&duel->ready, memory_order_relaxed) < 2)
		sched_yield();
	for (unsigned i = 1; i <= THREAD_INTERRUPTS; i++) {
		fake_raise(&duel->source, cpu, stamp_now());
		while (atomic_load_explicit(&pin->taken, memory_order_relaxed) < i)
			sim_relax(cpu);
	}
	sim_cpu_exit(cpu);
	return NULL;
}

static void test_two_threads_never_serve_one_line_at_once(void **state)
{
	static struct duel duel;
	pthread_t thread;

	fake_machine_init(&duel.machine, 2, true);
	fake_connect(&duel.source, &duel.machine, "shared", 6, duel_isr, &duel);
	duel.machine.cpu[0].user = &duel;
	duel.machine.cpu[1].user = &duel;
	assert_int_equal(pthread_create(&thread, NULL, duelist, &duel.machine.cpu[1]), 0);
	duelist(&duel.machine.cpu[0]);
	pthread_join(thread, NULL);
	assert_int_equal(duel.meetings, 0);
	assert_int_equal(duel.guarded, 2 * THREAD_INTERRUPTS);
	sim_machine_fini(&duel.machine);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_pending_lines_are_taken_by_level),
		WITH_RIG(test_only_lines_above_the_irql_are_taken),
		WITH_RIG(test_a_higher_level_nests_in_a_lower_isr),
		WITH_RIG(test_neither_a_lower_nor_its_own_level_nests),
		WITH_RIG(test_a_line_that_stays_up_is_taken_again),
		WITH_RIG(test_an_interrupt_is_not_early),
		WITH_RIG(test_the_earlier_schedule_stands),
		WITH_RIG(test_a_masked_line_waits_and_others_do_not),
		WITH_RIG(test_every_safe_point_takes_what_was_unmasked),
		WITH_RIG(test_a_deferred_interrupt_is_parked_until_redelivery),
		WITH_RIG(test_a_parked_line_holds_back_no_other),
		WITH_RIG(test_unmasking_redelivers_what_was_deferred),
		WITH_RIG(test_a_redelivery_while_service_runs_is_not_lost),
		WITH_RIG(test_a_redelivery_reaches_every_cpu),
		WITH_RIG(test_an_isr_that_denies_is_counted_as_spurious),
		WITH_RIG(test_a_line_in_service_is_taken_by_no_other_cpu),
		WITH_RIG(test_a_deferred_interrupt_is_not_in_service),
		WITH_RIG(test_more_lines_than_there_are_pins_are_refused),
		cmocka_unit_test(test_two_threads_never_serve_one_line_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
