/* SPDX-License-Identifier: MIT */
/*
 * StorPortSynchronizeAccess and the spin locks, through every back end that is
 * not broken on purpose: answers, arguments, IRQLs, stamps; and that the time in
 * which a section keeps an interrupt out is seen as such, which is what the
 * whole suite measures.  Lengths are compared with stamps taken in the section.
 */
#include <pthread.h>
#include <sched.h>

#include "bench/cell/events.h"
#include "tests/unit/test_miniport.h"

#define SECTION_TICKS 200000
#define CALLS_MAX 8

static struct {
	struct port_probe probe;
	struct irq_event event;
	unsigned interrupts;
	uint64_t call[CALLS_MAX][4];
	uint64_t section[CALLS_MAX];
	unsigned calls;
} seen;

static void see_interrupt(struct port_probe *probe, struct sim_cpu *cpu, const struct irq_event *event)
{
	assert_ptr_equal(probe, &seen.probe);
	seen.event = *event;
	seen.interrupts++;
}

static void see_call(struct port_probe *probe, struct sim_cpu *cpu, const uint64_t stamp[4], uint64_t section,
		     const struct access_before *before)
{
	unsigned at = seen.calls++ % CALLS_MAX;

	memcpy(seen.call[at], stamp, sizeof(seen.call[at]));
	seen.section[at] = section;
}

static const struct sync_backend *backend;

static int set_up(void **state)
{
	int err = rig_set_up(state);

	memset(&seen, 0, sizeof(seen));
	seen.probe = (struct port_probe){ .interrupt = see_interrupt, .call = see_call };
	rig.config.probe = &seen.probe;
	return err;
}

/* Runs `check` on an adapter with each back end in turn. */
static void for_each_backend(void (*check)(void))
{
	for (size_t i = 0; i < sync_backend_count; i++) {
		void *none = NULL;

		backend = sync_backends[i];
		if (sync_backend_is_broken(backend) || sync_backend_refusal(backend, 1, SYNC_POLL))
			continue;
		set_up(&none);
		rig.config.backend = backend;
		rig_start();
		seen.interrupts = 0;
		seen.calls = 0;
		check();
		assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
		assert_int_equal(rig.adapter.lock[0].witness.inside, 0);
		assert_int_equal(rig.adapter.lock[0].witness.violations, 0);
		rig_tear_down(&none);
	}
}

/* A back end's callers are at DIRQL, or at DISPATCH behind a gate; either way no DPC comes in. */
static bool is_section_level(KIRQL irql)
{
	if (backend->capabilities & SYNC_MASKS_ALL)
		return irql == HIGH_LEVEL;
	return irql == ((backend->capabilities & SYNC_DEFERS) ? DISPATCH_LEVEL : MINI_DIRQL);
}

/* --- Answers and arguments --- */

static BOOLEAN answer;
static int cookie;

static BOOLEAN give_answer(PVOID extension, PVOID context)
{
	assert_ptr_equal(extension, mini.extension);
	assert_ptr_equal(context, &cookie);
	assert_true(is_section_level(KeGetCurrentIrql()));
	assert_int_not_equal(rig.adapter.lock[0].witness.inside, 0);
	return answer;
}

static void check_answers(void)
{
	static const BOOLEAN answers[] = { 0, 1, 2, 0x80, 255 };

	for (size_t i = 0; i < sizeof(answers); i++) {
		answer = answers[i];
		assert_int_equal(StorPortSynchronizeAccess(mini.extension, give_answer, &cookie), answers[i]);
	}
	assert_int_equal(seen.calls, sizeof(answers));
}

static void test_the_routines_answer_is_the_answer(void **state)
{
	for_each_backend(check_answers);
}

static KIRQL level_before;

static BOOLEAN look_at_level(PVOID extension, PVOID context)
{
	level_before = KeGetCurrentIrql();
	return TRUE;
}

static void check_levels(void)
{
	for (uint8_t irql = PASSIVE_LEVEL; irql <= MINI_DIRQL; irql++) {
		uint8_t old = sim_raise(rig.cpu, irql);

		StorPortSynchronizeAccess(mini.extension, look_at_level, NULL);
		assert_true(level_before >= irql);
		assert_int_equal(KeGetCurrentIrql(), irql);
		sim_lower(rig.cpu, old);
	}
}

static void test_it_may_be_called_at_any_level_up_to_dirql(void **state)
{
	for_each_backend(check_levels);
}

/* --- Stamps --- */

static uint64_t first_inside, last_inside;

static BOOLEAN stamp_the_section(PVOID extension, PVOID context)
{
	first_inside = stamp_now();
	last_inside = fake_pass(1000);
	return TRUE;
}

static void check_stamps(void)
{
	uint64_t before = stamp_now(), after;

	StorPortSynchronizeAccess(mini.extension, stamp_the_section, NULL);
	after = stamp_now();
	assert_int_equal(seen.calls, 1);
	assert_true(before <= seen.call[0][0] && seen.call[0][0] <= seen.call[0][1]);
	assert_true(seen.call[0][1] <= first_inside && last_inside <= seen.call[0][2]);
	assert_true(seen.call[0][2] <= seen.call[0][3] && seen.call[0][3] <= after);
	assert_int_equal(seen.section[0], 0);
}

static void test_a_calls_stamps_bracket_its_routine(void **state)
{
	for_each_backend(check_stamps);
}

static void check_added_work(void)
{
	rig.adapter.config.section_ticks = SECTION_TICKS;
	StorPortSynchronizeAccess(mini.extension, stamp_the_section, NULL);
	assert_true(seen.section[0] >= SECTION_TICKS);
	assert_true(seen.call[0][2] - seen.call[0][1] >= seen.section[0] + (last_inside - first_inside));
	assert_true(seen.call[0][2] <= seen.call[0][3]);
	assert_true(seen.call[0][2] >= last_inside + SECTION_TICKS);
}

static void test_added_work_is_part_of_the_section(void **state)
{
	for_each_backend(check_added_work);
}

/* --- Sections of known length --- */

static uint64_t due;

static BOOLEAN section_without_looks(PVOID extension, PVOID context)
{
	due = stamp_now() + 10000;
	fake_raise(&rig.source, rig.cpu, due);
	last_inside = fake_pass(SECTION_TICKS);
	assert_int_equal(mini.interrupts, 0);
	return TRUE;
}

static BOOLEAN section_with_looks(PVOID extension, PVOID context)
{
	due = stamp_now() + 10000;
	fake_raise(&rig.source, rig.cpu, due);
	StorPortStallExecution(SECTION_TICKS / 1000);
	last_inside = stamp_now();
	assert_int_equal(mini.interrupts, 0);
	return TRUE;
}

static void check_kept_out(void)
{
	/* Taken before the call returned, without another safe point. */
	assert_int_equal(mini.interrupts, 1);
	assert_int_equal(seen.interrupts, 1);
	assert_int_equal(seen.event.asserted, due);
	assert_true(seen.event.masked >= last_inside - due);
	assert_true(seen.event.masked <= seen.event.taken - due);
	assert_true(seen.event.model <= seen.event.taken - due - seen.event.masked);
	assert_true(seen.event.taken <= seen.event.entered && seen.event.entered <= seen.event.left);
	assert_true(seen.event.taken >= last_inside);
	assert_false(seen.event.spun);
}

static void check_section_without_looks(void)
{
	StorPortSynchronizeAccess(mini.extension, section_without_looks, NULL);
	check_kept_out();
}

static void check_section_with_looks(void)
{
	StorPortSynchronizeAccess(mini.extension, section_with_looks, NULL);
	check_kept_out();
}

static void check_section_of_added_work(void)
{
	rig.adapter.config.section_ticks = SECTION_TICKS;
	due = stamp_now() + 10000;
	fake_raise(&rig.source, rig.cpu, due);
	StorPortSynchronizeAccess(mini.extension, stamp_the_section, NULL);
	/* Unless it came before the section began, which a slow machine may do. */
	if (due > seen.call[0][1]) {
		last_inside += SECTION_TICKS;
		check_kept_out();
	}
}

static void check_section_under_the_lock(void)
{
	STOR_LOCK_HANDLE handle;

	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &handle);
	assert_true(is_section_level(KeGetCurrentIrql()));
	section_without_looks(mini.extension, NULL);
	StorPortReleaseSpinLock(mini.extension, &handle);
	check_kept_out();
	assert_int_equal(seen.calls, 1);
	assert_true(seen.call[0][1] <= due - 10000 && last_inside <= seen.call[0][2]);
	assert_true(seen.call[0][2] <= seen.call[0][3]);
}

static void test_a_section_that_does_not_look_is_masked_time(void **state)
{
	for_each_backend(check_section_without_looks);
}

static void test_a_section_that_looks_is_masked_time(void **state)
{
	for_each_backend(check_section_with_looks);
}

static void test_a_section_of_added_work_is_masked_time(void **state)
{
	for_each_backend(check_section_of_added_work);
}

static void test_a_section_under_the_interrupt_lock_is_masked_time(void **state)
{
	for_each_backend(check_section_under_the_lock);
}

/* An interrupt outside of every section is nobody's fault. */
static void check_open(void)
{
	StorPortSynchronizeAccess(mini.extension, stamp_the_section, NULL);
	fake_raise(&rig.source, rig.cpu, stamp_now());
	fake_pass(SECTION_TICKS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(seen.interrupts, 1);
	assert_int_equal(seen.event.masked, 0);
}

static void test_an_interrupt_outside_of_sections_is_not_masked(void **state)
{
	for_each_backend(check_open);
}

/* The ISR meets a section on another CPU: it waits for the lock, and that is no masked time. */
static _Atomic(bool) inside;
static bool isr_waited, caller_waited;

static BOOLEAN hold_until_the_isr_waits(PVOID extension, PVOID context)
{
	struct sim_cpu *waiter = &rig.machine.cpu[0];
	uint64_t spins = waiter->relaxes;

	inside = true;
	while (waiter->relaxes == spins)
		sched_yield();
	isr_waited = sim_waits(waiter);
	caller_waited = sim_waits(sim_cpu_self());
	fake_pass(SECTION_TICKS);
	return TRUE;
}

static void *section_on_cpu_1(void *context)
{
	sim_cpu_enter(&rig.machine, 1);
	adapter_cpu_online(&rig.adapter, sim_cpu_self());
	StorPortSynchronizeAccess(mini.extension, hold_until_the_isr_waits, NULL);
	adapter_cpu_offline(&rig.adapter, sim_cpu_self());
	sim_cpu_exit(sim_cpu_self());
	return NULL;
}

static void test_an_isr_that_waits_for_a_lock_acquires(void **state)
{
	pthread_t thread;

	rig_start();
	seen.interrupts = 0;
	inside = false;
	assert_int_equal(pthread_create(&thread, NULL, section_on_cpu_1, NULL), 0);
	while (!inside)
		sched_yield();
	rig_interrupt();
	pthread_join(thread, NULL);
	assert_int_equal(seen.interrupts, 1);
	assert_true(seen.event.spun);
	assert_int_equal(seen.event.masked, 0);
	/* It began to wait before the section's last 200,000 ticks. */
	assert_true(seen.event.entered - seen.event.taken >= SECTION_TICKS);
	assert_int_equal(rig.adapter.lock[0].witness.violations, 0);
}

/* --- Spin locks --- */

static void test_each_lock_raises_to_its_level_and_goes_back(void **state)
{
	static STOR_DPC dpc;
	static const struct {
		STOR_SPINLOCK lock;
		PVOID context;
		KIRQL level;
	} locks[] = { { DpcLock, &dpc, DISPATCH_LEVEL }, { StartIoLock, NULL, DISPATCH_LEVEL }, { InterruptLock, NULL, MINI_DIRQL } };

	rig_start();
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		for (uint8_t from = PASSIVE_LEVEL; from <= locks[i].level; from++) {
			STOR_LOCK_HANDLE handle;
			uint8_t old = sim_raise(rig.cpu, from);

			StorPortAcquireSpinLock(mini.extension, locks[i].lock, locks[i].context, &handle);
			assert_int_equal(handle.Context.OldIrql, from);
			assert_int_equal(KeGetCurrentIrql(), locks[i].level);
			StorPortReleaseSpinLock(mini.extension, &handle);
			assert_int_equal(KeGetCurrentIrql(), from);
			sim_lower(rig.cpu, old);
		}
	}
}

static void test_locks_nest_in_their_order(void **state)
{
	static STOR_DPC dpc;
	static const STOR_SPINLOCK outer[] = { DpcLock, StartIoLock };

	rig_start();
	for (size_t i = 0; i < 2; i++) {
		STOR_LOCK_HANDLE first, second;

		StorPortAcquireSpinLock(mini.extension, outer[i], outer[i] == DpcLock ? &dpc : NULL, &first);
		StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &second);
		assert_int_equal(first.Context.OldIrql, PASSIVE_LEVEL);
		assert_int_equal(second.Context.OldIrql, DISPATCH_LEVEL);
		assert_int_equal(KeGetCurrentIrql(), MINI_DIRQL);
		StorPortReleaseSpinLock(mini.extension, &second);
		assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
		StorPortReleaseSpinLock(mini.extension, &first);
		assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	}
	assert_int_equal(rig.adapter.start_io_lock, 0);
	assert_int_equal(dpc.Lock, 0);
}

static void test_each_dpc_has_a_lock_of_its_own(void **state)
{
	STOR_DPC one = { .Lock = 0 }, two = { .Lock = 0 };
	STOR_LOCK_HANDLE first, second;

	rig_start();
	StorPortAcquireSpinLock(mini.extension, DpcLock, &one, &first);
	StorPortAcquireSpinLock(mini.extension, DpcLock, &two, &second);
	assert_int_not_equal(one.Lock, 0);
	assert_int_not_equal(two.Lock, 0);
	StorPortReleaseSpinLock(mini.extension, &second);
	assert_int_equal(two.Lock, 0);
	assert_int_not_equal(one.Lock, 0);
	StorPortReleaseSpinLock(mini.extension, &first);
}

/* As a published driver does that knows where it wants to go on. */
static void check_old_irql(void)
{
	STOR_LOCK_HANDLE handle;
	uint8_t old = sim_raise(rig.cpu, DISPATCH_LEVEL);

	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &handle);
	assert_int_equal(handle.Context.OldIrql, DISPATCH_LEVEL);
	handle.Context.OldIrql = PASSIVE_LEVEL;
	StorPortReleaseSpinLock(mini.extension, &handle);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	sim_raise(rig.cpu, DISPATCH_LEVEL);
	sim_lower(rig.cpu, old);
}

static void test_a_driver_may_write_the_old_irql(void **state)
{
	for_each_backend(check_old_irql);
}

static void test_message_locks_are_refused_of_a_line(void **state)
{
	ULONG old = 77;

	rig_start();
	assert_int_not_equal(StorPortAcquireMSISpinLock(mini.extension, 0, &old), STOR_STATUS_SUCCESS);
	assert_int_equal(old, 77);
	assert_int_not_equal(StorPortReleaseMSISpinLock(mini.extension, 0, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* --- What the harness sees of sections --- */

static unsigned insides;

static void see_inside(struct port_probe *probe, struct sim_cpu *cpu)
{
	assert_ptr_equal(probe, &seen.probe);
	assert_ptr_equal(cpu, sim_cpu_self());
	assert_int_not_equal(rig.adapter.lock[0].witness.inside, 0);
	insides++;
	fake_pass(SECTION_TICKS);
}

static void test_every_section_is_seen_from_inside_and_is_longer_for_it(void **state)
{
	STOR_LOCK_HANDLE handle;

	rig_start();
	seen.calls = insides = 0;
	seen.probe.inside = see_inside;
	StorPortSynchronizeAccess(mini.extension, give_answer, &cookie);
	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &handle);
	StorPortReleaseSpinLock(mini.extension, &handle);
	assert_int_equal(insides, 2);
	assert_int_equal(seen.calls, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_true(seen.call[i][2] - seen.call[i][1] >= SECTION_TICKS);
	/* An ISR is none. */
	rig_interrupt();
	assert_int_equal(insides, 2);
}

static uint64_t handoffs(unsigned cpu)
{
	return atomic_load(&rig.adapter.cpu[cpu].handoffs);
}

static void call_on(unsigned cpu)
{
	sim_cpu_enter(&rig.machine, cpu);
	StorPortSynchronizeAccess(mini.extension, give_answer, &cookie);
	sim_cpu_enter(&rig.machine, 0);
}

/* Access that passes to another CPU is counted there, and the first and what stays are no handoff. */
static void test_handoffs_are_counted_where_access_goes(void **state)
{
	STOR_LOCK_HANDLE handle;
	uint64_t first;

	rig_start();
	call_on(0);
	first = handoffs(0);
	call_on(0);
	assert_int_equal(handoffs(0), first);
	call_on(1);
	call_on(1);
	assert_int_equal(handoffs(0), first);
	assert_int_equal(handoffs(1), 1);
	rig_interrupt();
	assert_int_equal(handoffs(0), first + 1);
	call_on(0);
	assert_int_equal(handoffs(0), first + 1);
	call_on(1);
	StorPortAcquireSpinLock(mini.extension, InterruptLock, NULL, &handle);
	StorPortReleaseSpinLock(mini.extension, &handle);
	assert_int_equal(handoffs(0), first + 2);
	assert_int_equal(handoffs(1), 2);
	assert_int_equal(rig.adapter.lock[0].witness.violations, 0);
}

/* A CPU's callers and its ISR are one: access passes between CPUs. */
static void test_the_witness_tells_when_access_passes(void **state)
{
	static const struct {
		unsigned cpu;
		bool isr, passes;
	} turns[] = { { 2, false, false }, { 2, true, false }, { 1, true, true }, { 1, false, false }, { 0, false, true }, { 2, true, true } };
	struct witness witness = { 0 };
	struct access_before before;

	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		uint32_t me = witness_identity(turns[i].cpu, turns[i].isr);

		assert_int_equal(witness_enter(&witness, me, witness_cpu(me), 0, &before), turns[i].passes);
		witness_leave(&witness, me, 0);
	}
	assert_int_equal(witness.violations, 0);
}

/* Who had access before, from when on nobody else, and when the last time. */
static void test_the_witness_remembers_the_access_before(void **state)
{
	static const struct {
		unsigned cpu;
		struct access_before before;
	} turns[] = {
		{ 1, { 0 } }, { 1, { 2, 0, 0, 5 } }, { 1, { 2, 0, 10, 15 } }, { 0, { 2, 0, 20, 25 } }, { 0, { 1, 30, 30, 35 } },
		{ 2, { 1, 30, 40, 45 } },
	};
	struct witness witness = { 0 };

	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		uint32_t me = witness_identity(turns[i].cpu, i & 1);
		struct access_before before;

		witness_enter(&witness, me, turns[i].cpu, 10 * i, &before);
		assert_int_equal(before.cpu, turns[i].before.cpu);
		assert_int_equal(before.since, turns[i].before.since);
		assert_int_equal(before.entered, turns[i].before.entered);
		assert_int_equal(before.left, turns[i].before.left);
		witness_leave(&witness, me, 10 * i + 5);
	}
}

/* A stall of known place: in a section of CPU 1, while CPU 0's ISR waits and says so. */
static void test_a_stall_in_a_section_is_the_cause_of_the_isrs_wait(void **state)
{
	const struct gap_list none = { 0 };
	char cause[EVENTS_CAUSE_BYTES];
	struct event event;
	pthread_t thread;

	rig_start();
	inside = false;
	assert_int_equal(pthread_create(&thread, NULL, section_on_cpu_1, NULL), 0);
	while (!inside)
		sched_yield();
	rig_interrupt();
	pthread_join(thread, NULL);
	assert_true(isr_waited);
	assert_false(caller_waited);
	assert_false(sim_waits(rig.cpu));
	assert_int_equal(seen.event.before.cpu, 2);
	assert_true(seen.event.before.left - seen.event.before.entered >= SECTION_TICKS);
	assert_true(seen.event.before.left <= seen.event.entered);
	/* Of the wait, the part that the test controls: what this machine adds before and behind it is not in it. */
	event = (struct event){ .stamp = { seen.event.taken, seen.event.taken, seen.event.before.left, seen.event.left },
				.before = seen.event.before };
	events_cause(&event, METRIC_ISR_LATENCY, 2, &none, cause);
	assert_string_equal(cause, "lock held by CPU 1");
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_routines_answer_is_the_answer),
		cmocka_unit_test(test_it_may_be_called_at_any_level_up_to_dirql),
		cmocka_unit_test(test_a_calls_stamps_bracket_its_routine),
		cmocka_unit_test(test_added_work_is_part_of_the_section),
		cmocka_unit_test(test_a_section_that_does_not_look_is_masked_time),
		cmocka_unit_test(test_a_section_that_looks_is_masked_time),
		cmocka_unit_test(test_a_section_of_added_work_is_masked_time),
		cmocka_unit_test(test_a_section_under_the_interrupt_lock_is_masked_time),
		cmocka_unit_test(test_an_interrupt_outside_of_sections_is_not_masked),
		WITH_RIG(test_an_isr_that_waits_for_a_lock_acquires),
		WITH_RIG(test_each_lock_raises_to_its_level_and_goes_back),
		WITH_RIG(test_locks_nest_in_their_order),
		WITH_RIG(test_each_dpc_has_a_lock_of_its_own),
		cmocka_unit_test(test_a_driver_may_write_the_old_irql),
		WITH_RIG(test_every_section_is_seen_from_inside_and_is_longer_for_it),
		WITH_RIG(test_handoffs_are_counted_where_access_goes),
		WITH_RIG(test_the_witness_tells_when_access_passes),
		WITH_RIG(test_the_witness_remembers_the_access_before),
		WITH_RIG(test_a_stall_in_a_section_is_the_cause_of_the_isrs_wait),
		WITH_RIG(test_message_locks_are_refused_of_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
