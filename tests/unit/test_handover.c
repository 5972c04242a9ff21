/* SPDX-License-Identifier: MIT */
/*
 * Handing an ISR over: the machine's side of SYNC_HANDED_OVER.
 *
 * The handler here is the least back end that hands over: while `busy` it keeps
 * what it was called with, and a test, as the one who leaves, runs that.
 */
#include <sched.h>

#include <pthread.h>

#include "tests/unit/fake_source.h"

#include "hba_sim/devices/pulse.h"

#define DIRQL 6
#define HIGH_DIRQL 9
#define THREAD_INTERRUPTS 5000

struct handed {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct fake_source source;
	struct fake_source high;
	_Atomic(bool) busy;
	_Atomic(unsigned) kept; /* ISRs handed over and not run yet */
	unsigned target;
	unsigned runs;
	unsigned high_runs;
	unsigned ran_on;
	unsigned ran_for;
	unsigned high_ran_for;
	uint8_t ran_at;
	uint32_t message;
	unsigned ups; /* runs of the ISR before it takes the line down */
	unsigned char answer;
	void (*inside)(struct handed *handed);
	unsigned done;
	unsigned done_cpu;
	unsigned done_target;
	unsigned char done_answer;
};

static unsigned char fake_isr(void *extension, uint32_t message)
{
	struct handed *handed = extension;
	struct sim_cpu *self = sim_cpu_self();

	handed->runs++;
	handed->ran_on = self->index;
	handed->ran_for = self->serving_for;
	handed->ran_at = sim_irql(self);
	handed->message = message;
	if (handed->inside)
		handed->inside(handed);
	if (!handed->ups || !--handed->ups)
		fake_drop(&handed->source, &handed->machine.cpu[self->serving_for]);
	return handed->answer;
}

static int handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct handed *handed = context;

	if (!atomic_load_explicit(&handed->busy, memory_order_relaxed))
		return fake_isr(handed, cpu->index);
	handed->target = cpu->index;
	atomic_fetch_add_explicit(&handed->kept, 1, memory_order_release);
	return SYNC_HANDED_OVER;
}

static int handle_high(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct handed *handed = context;

	handed->high_runs++;
	handed->high_ran_for = cpu->serving_for;
	fake_drop(&handed->high, cpu);
	return 1;
}

static void note_done(void *context, struct sim_cpu *cpu, unsigned target, unsigned char answer)
{
	struct handed *handed = context;

	handed->done++;
	handed->done_cpu = cpu->index;
	handed->done_target = target;
	handed->done_answer = answer;
	/* It is over only when this has returned. */
	assert_int_equal(atomic_load_explicit(&handed->source.pci.line.remote_irr, memory_order_relaxed), 1);
}

static int set_up(void **state)
{
	static struct handed handed;

	memset(&handed, 0, sizeof(handed));
	fake_machine_init(&handed.machine, 2, true);
	fake_connect(&handed.source, &handed.machine, "guarded", DIRQL, handle, &handed);
	fake_connect(&handed.high, &handed.machine, "high", HIGH_DIRQL, handle_high, &handed);
	handed.source.pci.line.handed_over_done = note_done;
	handed.answer = 1;
	handed.cpu = sim_cpu_enter(&handed.machine, 0);
	*state = &handed;
	return 0;
}

static int tear_down(void **state)
{
	struct handed *handed = *state;

	sim_cpu_exit(sim_cpu_self());
	sim_machine_fini(&handed->machine);
	return 0;
}

static struct sim_cpu *be(struct handed *handed, unsigned cpu)
{
	return sim_cpu_enter(&handed->machine, cpu);
}

static struct irq_pin *pin_of(struct handed *handed, unsigned cpu)
{
	return &handed->machine.cpu[cpu].pin[handed->source.pci.line.index];
}

static void expect_counts(struct handed *handed, unsigned cpu, uint64_t taken, uint64_t handed_over, uint64_t spurious)
{
	struct irq_pin *pin = pin_of(handed, cpu);

	assert_int_equal(pin->taken, taken);
	assert_int_equal(pin->handed_over, handed_over);
	assert_int_equal(pin->spurious, spurious);
	assert_int_equal(pin->deferred, 0);
}

/* CPU 1's interrupt, while CPU 0 is in its section; the calling thread is CPU 0 before and after. */
static void hand_over_from_cpu_1(struct handed *handed)
{
	struct sim_cpu *target = be(handed, 1);

	handed->busy = true;
	fake_raise(&handed->source, target, stamp_now());
	sim_cpu_look(target);
	assert_int_equal(sim_irql(target), IRQL_PASSIVE);
	be(handed, 0);
	handed->busy = false;
}

/* As a back end's leave does it. */
static void run_what_was_kept(struct handed *handed)
{
	struct sim_cpu *self = sim_cpu_self();
	uint8_t irql = sim_raise(self, DIRQL);

	atomic_fetch_sub_explicit(&handed->kept, 1, memory_order_relaxed);
	irq_line_run_handed_over(&handed->source.pci.line, self, handed->target, fake_isr, handed, 77);
	sim_lower(self, irql);
}

static void test_it_runs_once_on_the_leaver_for_the_target(void **state)
{
	struct handed *handed = *state;

	handed->answer = 200;
	hand_over_from_cpu_1(handed);
	assert_int_equal(handed->kept, 1);
	assert_int_equal(handed->runs, 0);
	expect_counts(handed, 1, 0, 0, 0);
	run_what_was_kept(handed);
	assert_int_equal(handed->runs, 1);
	assert_int_equal(handed->ran_on, 0);
	assert_int_equal(handed->ran_for, 1);
	assert_int_equal(handed->ran_at, DIRQL);
	assert_int_equal(handed->message, 77);
	assert_int_equal(handed->cpu->serving_for, 0);
	sim_cpu_look(handed->cpu);
	sim_cpu_look(be(handed, 1));
	assert_int_equal(handed->runs, 1);
	expect_counts(handed, 0, 0, 0, 0);
	expect_counts(handed, 1, 1, 1, 0);
}

static void test_who_wants_to_know_is_told(void **state)
{
	struct handed *handed = *state;

	handed->answer = 200;
	hand_over_from_cpu_1(handed);
	assert_int_equal(handed->done, 0);
	run_what_was_kept(handed);
	assert_int_equal(handed->done, 1);
	assert_int_equal(handed->done_cpu, 0);
	assert_int_equal(handed->done_target, 1);
	assert_int_equal(handed->done_answer, 200);
	/* and nobody has to want to */
	handed->source.pci.line.handed_over_done = NULL;
	hand_over_from_cpu_1(handed);
	run_what_was_kept(handed);
	assert_int_equal(handed->runs, 2);
	assert_int_equal(handed->done, 1);
	expect_counts(handed, 1, 2, 2, 0);
}

static void test_no_cpu_takes_the_line_until_it_has_run(void **state)
{
	struct handed *handed = *state;

	hand_over_from_cpu_1(handed);
	fake_raise(&handed->source, handed->cpu, stamp_now());
	for (unsigned i = 0; i < 10; i++) {
		sim_cpu_look(be(handed, 0));
		sim_cpu_look(be(handed, 1));
		/* nor does opening it, which is about what was deferred */
		irq_line_redeliver(&handed->source.pci.line);
	}
	be(handed, 0);
	assert_int_equal(handed->runs, 0);
	assert_int_equal(handed->kept, 1);
	/* Lowering after the run takes this CPU's own. */
	run_what_was_kept(handed);
	assert_int_equal(handed->runs, 2);
	assert_int_equal(handed->ran_on, 0);
	assert_int_equal(handed->ran_for, 0);
	expect_counts(handed, 0, 1, 0, 0);
	expect_counts(handed, 1, 1, 1, 0);
}

static void test_other_lines_are_taken_meanwhile(void **state)
{
	struct handed *handed = *state;

	hand_over_from_cpu_1(handed);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		fake_raise(&handed->high, be(handed, cpu), stamp_now());
		sim_cpu_look(sim_cpu_self());
	}
	assert_int_equal(handed->high_runs, 2);
	be(handed, 0);
	run_what_was_kept(handed);
	assert_int_equal(handed->runs, 1);
}

static void test_what_stays_up_is_taken_again(void **state)
{
	struct handed *handed = *state;

	handed->ups = 2;
	hand_over_from_cpu_1(handed);
	run_what_was_kept(handed);
	assert_int_equal(handed->runs, 1);
	sim_cpu_look(be(handed, 1));
	assert_int_equal(handed->runs, 2);
	assert_int_equal(handed->ran_on, 1);
	assert_int_equal(handed->ran_for, 1);
	expect_counts(handed, 1, 2, 1, 0);
}

static void test_what_stays_up_can_be_handed_over_again(void **state)
{
	struct handed *handed = *state;

	handed->ups = 3;
	for (unsigned i = 1; i <= 3; i++) {
		hand_over_from_cpu_1(handed);
		assert_int_equal(handed->kept, 1);
		run_what_was_kept(handed);
		assert_int_equal(handed->runs, i);
		expect_counts(handed, 1, i, i, 0);
	}
	sim_cpu_look(be(handed, 1));
	assert_int_equal(handed->runs, 3);
}

static void test_a_denial_is_spurious_for_the_target(void **state)
{
	struct handed *handed = *state;

	handed->answer = 0;
	hand_over_from_cpu_1(handed);
	run_what_was_kept(handed);
	expect_counts(handed, 0, 0, 0, 0);
	expect_counts(handed, 1, 1, 1, 1);
}

static void interrupt_higher(struct handed *handed)
{
	fake_raise(&handed->high, sim_cpu_self(), stamp_now());
	sim_cpu_look(sim_cpu_self());
	assert_int_equal(handed->high_runs, 1);
	assert_int_equal(handed->high_ran_for, 0);
	assert_int_equal(sim_cpu_self()->serving_for, 1);
}

static void test_what_nests_in_it_is_the_leavers_own(void **state)
{
	struct handed *handed = *state;

	handed->inside = interrupt_higher;
	hand_over_from_cpu_1(handed);
	run_what_was_kept(handed);
	assert_int_equal(handed->runs, 1);
}

/* Somebody who leaves may have run it before service() has said that it hands it over. */
static int handle_too_late(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct handed *handed = context;

	handed->target = cpu->index;
	handed->kept++;
	be(handed, 0);
	run_what_was_kept(handed);
	be(handed, cpu->index);
	return SYNC_HANDED_OVER;
}

static void test_it_may_be_over_before_service_returns(void **state)
{
	struct handed *handed = *state;
	struct sim_cpu *target = be(handed, 1);

	handed->source.pci.line.handler = handle_too_late;
	handed->ups = 2;
	fake_raise(&handed->source, target, stamp_now());
	sim_cpu_look(target);
	/* As the line stayed up the first time, the same look takes it once more. */
	assert_int_equal(handed->runs, 2);
	assert_int_equal(handed->ran_on, 0);
	assert_int_equal(handed->source.pci.line.remote_irr, 0);
	expect_counts(handed, 1, 2, 2, 0);
	assert_int_equal(sim_irql(target), IRQL_PASSIVE);
}

static void test_a_run_for_another_cpu_is_no_end_of_interrupt(void **state)
{
	struct handed *handed = *state;

	handed->answer = 9;
	hand_over_from_cpu_1(handed);
	assert_int_equal(irq_run_for(handed->cpu, 1, fake_isr, handed, 5), 9);
	assert_int_equal(handed->ran_for, 1);
	assert_int_equal(handed->message, 5);
	assert_int_equal(handed->cpu->serving_for, 0);
	assert_int_equal(handed->done, 0);
	assert_int_equal(handed->source.pci.line.remote_irr, 1);
	expect_counts(handed, 1, 0, 0, 0);
}

/* A pulse each for both CPUs: the run for CPU 1 takes CPU 1's. */
struct pulsed {
	struct sim_machine machine;
	struct pulse_source pulse;
	uint64_t serial;
	unsigned acknowledged;
};

static unsigned char pulse_isr(void *extension, uint32_t message)
{
	struct pulsed *pulsed = extension;
	struct pulse pulse;

	pulsed->acknowledged += pulse_acknowledge(&pulsed->pulse, sim_cpu_self(), &pulse);
	pulsed->serial = pulse.serial;
	return 1;
}

static int hand_over_always(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	return SYNC_HANDED_OVER;
}

static void test_it_acknowledges_the_targets_pulse(void **state)
{
	struct pulsed pulsed = { .serial = 0 };
	struct sim_cpu *cpu[2];
	struct pulse first;
	struct pulse last;

	fake_machine_init(&pulsed.machine, 2, true);
	assert_int_equal(pulse_init(&pulsed.pulse, &pulsed.machine, "pulse", DIRQL, hand_over_always, NULL), 0);
	cpu[0] = sim_cpu_enter(&pulsed.machine, 0);
	cpu[1] = sim_cpu_enter(&pulsed.machine, 1);
	/* CPU 1's is the third of its own, so that the serials differ. */
	for (unsigned i = 0; i < 3; i++)
		pulse_schedule(&pulsed.pulse, cpu[1], 1, stamp_now());
	pulse_schedule(&pulsed.pulse, cpu[1], 0, stamp_now());
	for (unsigned i = 1; i <= 3; i++) {
		sim_cpu_enter(&pulsed.machine, 1);
		sim_cpu_look(cpu[1]);
		sim_cpu_enter(&pulsed.machine, 0);
		sim_raise(cpu[0], DIRQL);
		irq_line_run_handed_over(&pulsed.pulse.line, cpu[0], 1, pulse_isr, &pulsed, 0);
		assert_int_equal(pulsed.acknowledged, i);
		assert_int_equal(pulsed.serial, i);
	}
	assert_int_equal(pulse_waiting(&pulsed.pulse, cpu[0], 1, &first, &last), 0);
	assert_int_equal(pulse_waiting(&pulsed.pulse, cpu[0], 0, &first, &last), 1);
	pulse_fini(&pulsed.pulse);
	sim_machine_fini(&pulsed.machine);
}

/* Two threads: CPU 1 interrupts itself again and again, CPU 0 sits in a section and runs what is left with it. */
static void *interrupted(void *context)
{
	struct handed *handed = context;
	struct sim_cpu *cpu = sim_cpu_enter(&handed->machine, 1);
	struct irq_pin *pin = pin_of(handed, 1);

	for (unsigned i = 1; i <= THREAD_INTERRUPTS; i++) {
		fake_raise(&handed->source, cpu, stamp_now());
		while (atomic_load_explicit(&pin->taken, memory_order_relaxed) < i)
			sim_idle(cpu);
	}
	sim_cpu_exit(cpu);
	return NULL;
}

static void test_each_is_run_once_by_another_thread(void **state)
{
	struct handed *handed = *state;
	pthread_t thread;

	handed->busy = true;
	assert_int_equal(pthread_create(&thread, NULL, interrupted, handed), 0);
	sim_raise(handed->cpu, DIRQL);
	for (unsigned i = 1; i <= THREAD_INTERRUPTS; i++) {
		while (!atomic_load_explicit(&handed->kept, memory_order_acquire))
			sched_yield();
		run_what_was_kept(handed);
		assert_int_equal(handed->runs, i);
		assert_int_equal(handed->ran_on, 0);
		assert_int_equal(handed->ran_for, 1);
	}
	pthread_join(thread, NULL);
	assert_int_equal(handed->kept, 0);
	assert_int_equal(handed->source.pci.line.remote_irr, 0);
	expect_counts(handed, 1, THREAD_INTERRUPTS, THREAD_INTERRUPTS, 0);
	expect_counts(handed, 0, 0, 0, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_runs_once_on_the_leaver_for_the_target),
		TEST(test_who_wants_to_know_is_told),
		TEST(test_no_cpu_takes_the_line_until_it_has_run),
		TEST(test_other_lines_are_taken_meanwhile),
		TEST(test_what_stays_up_is_taken_again),
		TEST(test_what_stays_up_can_be_handed_over_again),
		TEST(test_a_denial_is_spurious_for_the_target),
		TEST(test_what_nests_in_it_is_the_leavers_own),
		TEST(test_it_may_be_over_before_service_returns),
		TEST(test_a_run_for_another_cpu_is_no_end_of_interrupt),
		cmocka_unit_test(test_it_acknowledges_the_targets_pulse),
		TEST(test_each_is_run_once_by_another_thread),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
