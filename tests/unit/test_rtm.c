/* SPDX-License-Identifier: MIT */
/*
 * rtm with transactions that a script decides: which commit, which abort and
 * with what status.  The back end's own source, with other instructions.
 */
#include "tests/unit/fake_source.h"

#include <stdlib.h>

#define STORSYNC_IMPLS_RTM_INSTRUCTIONS_H
#define RTM_STARTED UINT32_MAX
#define RTM_EXPLICIT (1u << 0)
#define RTM_RETRY (1u << 1)

#define SCRIPT_MAX 16
#define CAPACITY_ABORT (1u << 3)

static struct {
	bool in_cpuid;
	uint32_t script[SCRIPT_MAX]; /* what each begin answers, the last one for ever */
	unsigned scripted;
	unsigned begins;
	unsigned ends;
	unsigned aborts;
	unsigned abort_code;
	bool running;
	jmp_buf begin;
} cpu_rtm;

static bool rtm_in_cpuid(void)
{
	return cpu_rtm.in_cpuid;
}

/* A transaction that is aborted comes back here a second time, as the instruction does. */
static uint32_t scripted_begin(int status_of_abort)
{
	unsigned at = cpu_rtm.begins < cpu_rtm.scripted ? cpu_rtm.begins : cpu_rtm.scripted - 1;

	if (status_of_abort)
		return (uint32_t)status_of_abort;
	assert_false(cpu_rtm.running);
	cpu_rtm.begins++;
	cpu_rtm.running = cpu_rtm.script[at] == RTM_STARTED;
	return cpu_rtm.script[at];
}

#define rtm_begin() scripted_begin(setjmp(cpu_rtm.begin))

static void rtm_end(void)
{
	assert_true(cpu_rtm.running);
	cpu_rtm.running = false;
	cpu_rtm.ends++;
}

static _Noreturn void rtm_abort(unsigned code)
{
	assert_true(cpu_rtm.running);
	cpu_rtm.running = false;
	cpu_rtm.aborts++;
	cpu_rtm.abort_code = code;
	longjmp(cpu_rtm.begin, (int)(RTM_EXPLICIT | RTM_RETRY | code << 24));
}

/* Nothing that lives across a begin changes between it and its abort. */
#pragma GCC diagnostic ignored "-Wclobbered"
#include "impls/rtm.c"

#define DIRQL 6

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct fake_source guarded;
	struct fake_source other; /* a higher one, which comes while somebody waits */
	struct rtm *lock;
	bool reached; /* by a routine or an ISR */
	bool in_transaction;
	bool under_lock;
	unsigned freed;
};

static bool held(const struct rig *rig)
{
	return atomic_load(&rig->lock->word.held);
}

static void script(uint32_t first, uint32_t then)
{
	cpu_rtm.script[0] = first;
	cpu_rtm.script[1] = then;
	cpu_rtm.scripted = 2;
}

/* Whoever holds the lock gives it back while this CPU waits for it. */
static int free_the_lock(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct rig *rig = context;

	assert_true(held(rig));
	assert_false(cpu_rtm.running); /* an interrupt in a transaction would have aborted it */
	atomic_store(&rig->lock->word.held, 0);
	rig->freed++;
	fake_drop(&rig->other, cpu);
	return 1;
}

static unsigned char note(struct rig *rig)
{
	rig->reached = true;
	rig->in_transaction = cpu_rtm.running;
	rig->under_lock = held(rig);
	assert_int_equal(sim_irql(rig->cpu), DIRQL);
	return 3;
}

static unsigned char routine(void *extension, void *context)
{
	return note(extension);
}

static unsigned char isr(void *extension, uint32_t message)
{
	return note(extension);
}

static int serve(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct rig *rig = context;

	fake_drop(&rig->guarded, cpu);
	return sync_backend_rtm.service(rig->lock, cpu, isr, rig, 0);
}

static int set_up(void **state)
{
	static struct rig rig;
	struct sync_config config;

	memset(&rig, 0, sizeof(rig));
	memset(&cpu_rtm, 0, sizeof(cpu_rtm));
	cpu_rtm.in_cpuid = true;
	fake_machine_init(&rig.machine, 1, false);
	fake_connect(&rig.guarded, &rig.machine, "guarded", DIRQL, serve, &rig);
	fake_connect(&rig.other, &rig.machine, "other", DIRQL + 3, free_the_lock, &rig);
	config = sim_machine_sync_config(&rig.machine, &rig.guarded.pci.line);
	rig.lock = aligned_alloc(SYNC_LINE_BYTES, sync_backend_rtm.lock_bytes);
	assert_non_null(rig.lock);
	memset(rig.lock, 0, sync_backend_rtm.lock_bytes);
	assert_int_equal(sync_backend_rtm.init(rig.lock, &config), 0);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	assert_false(cpu_rtm.running);
	assert_false(held(rig));
	assert_int_equal(sim_irql(rig->cpu), IRQL_PASSIVE);
	sim_cpu_exit(rig->cpu);
	free(rig->lock);
	sim_machine_fini(&rig->machine);
	return 0;
}

static void synchronize(struct rig *rig)
{
	assert_int_equal(sync_backend_rtm.synchronize(rig->lock, rig->cpu, routine, rig, NULL), 3);
	assert_true(rig->reached);
}

static void test_a_free_lock_is_elided(void **state)
{
	struct rig *rig = *state;

	script(RTM_STARTED, RTM_STARTED);
	synchronize(rig);
	assert_true(rig->in_transaction);
	assert_false(rig->under_lock);
	assert_int_equal(cpu_rtm.begins, 1);
	assert_int_equal(cpu_rtm.ends, 1);
}

static void test_the_isr_is_elided_too(void **state)
{
	struct rig *rig = *state;

	script(RTM_STARTED, RTM_STARTED);
	fake_raise(&rig->guarded, rig->cpu, stamp_now());
	sim_idle(rig->cpu);
	assert_true(rig->reached);
	assert_true(rig->in_transaction);
	assert_int_equal(cpu_rtm.begins, 1);
	assert_int_equal(cpu_rtm.ends, 1);
}

static void test_an_abort_with_the_hint_is_tried_again(void **state)
{
	struct rig *rig = *state;

	script(RTM_RETRY, RTM_STARTED);
	synchronize(rig);
	assert_true(rig->in_transaction);
	assert_int_equal(cpu_rtm.begins, 2);
	assert_int_equal(cpu_rtm.ends, 1);
}

static void test_the_attempts_are_bounded_and_then_it_is_the_lock(void **state)
{
	struct rig *rig = *state;

	script(RTM_RETRY, RTM_RETRY);
	synchronize(rig);
	assert_false(rig->in_transaction);
	assert_true(rig->under_lock);
	assert_int_equal(cpu_rtm.begins, RTM_ATTEMPTS);
	assert_int_equal(cpu_rtm.ends, 0);
}

static void test_an_abort_without_the_hint_is_the_lock_at_once(void **state)
{
	struct rig *rig = *state;

	script(CAPACITY_ABORT, RTM_STARTED);
	synchronize(rig);
	assert_true(rig->under_lock);
	assert_int_equal(cpu_rtm.begins, 1);
	assert_int_equal(cpu_rtm.ends, 0);
}

static void test_an_isr_that_cannot_be_elided_takes_the_lock(void **state)
{
	struct rig *rig = *state;

	script(0, 0);
	fake_raise(&rig->guarded, rig->cpu, stamp_now());
	sim_idle(rig->cpu);
	assert_true(rig->reached);
	assert_true(rig->under_lock);
	assert_int_equal(cpu_rtm.begins, 1);
}

static void test_a_held_lock_aborts_and_is_waited_for(void **state)
{
	struct rig *rig = *state;

	script(RTM_STARTED, RTM_STARTED);
	atomic_store(&rig->lock->word.held, 1);
	/* due already: the first look that the level allows is that of the wait */
	sim_raise(rig->cpu, IRQL_HIGH);
	fake_raise(&rig->other, rig->cpu, stamp_now());
	atomic_store(&rig->cpu->irql, DIRQL);
	synchronize(rig);
	assert_int_equal(rig->freed, 1);
	assert_int_equal(cpu_rtm.aborts, 1);
	assert_int_equal(cpu_rtm.abort_code, RTM_LOCK_HELD);
	assert_int_equal(cpu_rtm.begins, 2);
	assert_int_equal(cpu_rtm.ends, 1);
	assert_true(rig->in_transaction);
	sim_lower(rig->cpu, IRQL_PASSIVE);
}

static void test_enter_and_leave_commit_or_release_what_they_began(void **state)
{
	struct rig *rig = *state;
	struct sync_hold hold = { .word = 99 };

	script(RTM_STARTED, 0);
	sync_backend_rtm.enter(rig->lock, rig->cpu, &hold);
	assert_true(cpu_rtm.running);
	assert_false(held(rig));
	sync_backend_rtm.leave(rig->lock, rig->cpu, &hold);
	assert_false(cpu_rtm.running);
	assert_int_equal(cpu_rtm.ends, 1);

	/* the same hold: nothing of the elided section is left in it */
	sync_backend_rtm.enter(rig->lock, rig->cpu, &hold);
	assert_false(cpu_rtm.running);
	assert_true(held(rig));
	assert_int_equal(sim_irql(rig->cpu), DIRQL);
	sync_backend_rtm.leave(rig->lock, rig->cpu, &hold);
	assert_false(held(rig));
	assert_int_equal(cpu_rtm.ends, 1);
}

static void test_it_says_why_it_is_unavailable(void **state)
{
#if defined(__SANITIZE_THREAD__)
	assert_string_equal(sync_backend_rtm.unavailable(), "ThreadSanitizer does not know transactions");
	return;
#endif
	cpu_rtm.in_cpuid = false;
	assert_string_equal(sync_backend_rtm.unavailable(), "this CPU has no RTM (CPUID leaf 7, EBX bit 11)");
	assert_int_equal(cpu_rtm.begins, 0);

	cpu_rtm.in_cpuid = true;
	script(0, RTM_RETRY);
	assert_string_equal(sync_backend_rtm.unavailable(),
			    "this CPU aborts every transaction, as microcode that disables RTM does");
	assert_int_equal(cpu_rtm.begins, RTM_PROBES);
	assert_true(RTM_PROBES >= 100);

	script(RTM_RETRY, RTM_STARTED);
	cpu_rtm.begins = 0;
	assert_null(sync_backend_rtm.unavailable());
	assert_int_equal(cpu_rtm.begins, 2);
	assert_int_equal(cpu_rtm.ends, 1);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_a_free_lock_is_elided),
		WITH_RIG(test_the_isr_is_elided_too),
		WITH_RIG(test_an_abort_with_the_hint_is_tried_again),
		WITH_RIG(test_the_attempts_are_bounded_and_then_it_is_the_lock),
		WITH_RIG(test_an_abort_without_the_hint_is_the_lock_at_once),
		WITH_RIG(test_an_isr_that_cannot_be_elided_takes_the_lock),
		WITH_RIG(test_a_held_lock_aborts_and_is_waited_for),
		WITH_RIG(test_enter_and_leave_commit_or_release_what_they_began),
		WITH_RIG(test_it_says_why_it_is_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
