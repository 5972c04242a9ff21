/* SPDX-License-Identifier: MIT */
/*
 * Timers: of the machine, and the one that StorPortNotification(RequestTimerCall)
 * gives a miniport.  Source: Microsoft's public documentation of HwStorTimer.
 */
#include <pthread.h>

#include "tests/unit/test_miniport.h"

#define TIMERS 5
#define LOG_MAX 32
#define A_WHILE 100000

struct timers {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct sim_timer timer[TIMERS];
	struct sim_dpc dpc;
	unsigned runs;
	struct sim_timer *log[LOG_MAX];
	void (*inside)(struct timers *timers);
};

static struct timers timers;

static void fire(void *context)
{
	struct sim_timer *timer = context;

	assert_int_equal(sim_irql(timers.cpu), IRQL_DISPATCH);
	assert_true(stamp_now() >= timer->due);
	assert_in_range(timers.runs, 0, LOG_MAX - 1);
	timers.log[timers.runs++] = timer;
	if (timers.inside)
		timers.inside(&timers);
}

static int set_up(void **state)
{
	memset(&timers, 0, sizeof(timers));
	fake_machine_init(&timers.machine, 2, false);
	for (unsigned i = 0; i < TIMERS; i++)
		sim_timer_init(&timers.timer[i], fire, &timers.timer[i]);
	timers.cpu = sim_cpu_enter(&timers.machine, 0);
	return 0;
}

static int tear_down(void **state)
{
	sim_cpu_exit(timers.cpu);
	sim_machine_fini(&timers.machine);
	return 0;
}

static void check_order(const unsigned *order, unsigned n)
{
	assert_int_equal(timers.runs, n);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(timers.log[i], &timers.timer[order[i]]);
}

static void test_timers_run_in_the_order_of_their_times(void **state)
{
	static const unsigned order[TIMERS] = { 2, 0, 3, 4, 1 };
	static const uint64_t due[TIMERS] = { 200, 500, 100, 200, 200 };
	uint64_t base = stamp_now();

	/* Equal times: as they were armed. */
	for (unsigned i = 0; i < TIMERS; i++)
		sim_timer_arm(timers.cpu, &timers.timer[i], base + due[i]);
	assert_int_equal(sim_timer_next_due(timers.cpu), base + 100);
	fake_pass(1000);
	assert_int_equal(timers.runs, 0);
	sim_cpu_look(timers.cpu);
	check_order(order, TIMERS);
	assert_int_equal(sim_timer_next_due(timers.cpu), SIM_NEVER);
	sim_cpu_look(timers.cpu);
	assert_int_equal(timers.runs, TIMERS);
}

static void test_a_timer_is_not_early_and_not_forgotten(void **state)
{
	uint64_t due = stamp_now() + A_WHILE;

	sim_timer_arm(timers.cpu, &timers.timer[0], due);
	while (stamp_now() < due)
		sim_idle(timers.cpu);
	sim_idle(timers.cpu);
	assert_int_equal(timers.runs, 1);
}

static void test_a_timer_waits_for_below_dispatch(void **state)
{
	uint8_t old = sim_raise(timers.cpu, IRQL_DISPATCH);

	sim_timer_arm(timers.cpu, &timers.timer[0], stamp_now());
	sim_cpu_look(timers.cpu);
	sim_work(timers.cpu, 1000);
	assert_int_equal(timers.runs, 0);
	sim_lower(timers.cpu, old);
	assert_int_equal(timers.runs, 1);
}

static void test_a_cancelled_timer_does_not_run(void **state)
{
	static const unsigned order[] = { 0, 2 };
	uint64_t base = stamp_now();

	for (unsigned i = 0; i < 3; i++)
		sim_timer_arm(timers.cpu, &timers.timer[i], base + i);
	assert_true(sim_timer_cancel(&timers.timer[1]));
	assert_false(sim_timer_cancel(&timers.timer[1]));
	sim_cpu_look(timers.cpu);
	check_order(order, 2);
	assert_false(sim_timer_cancel(&timers.timer[0]));
}

static void test_arming_again_moves_it(void **state)
{
	static const unsigned order[] = { 1, 0 };
	uint64_t base = stamp_now();

	sim_timer_arm(timers.cpu, &timers.timer[0], base);
	sim_timer_arm(timers.cpu, &timers.timer[1], base + 1);
	sim_timer_arm(timers.cpu, &timers.timer[0], base + 2);
	sim_cpu_look(timers.cpu);
	check_order(order, 2);

	/* Farther away as well as nearer. */
	timers.runs = 0;
	sim_timer_arm(timers.cpu, &timers.timer[0], SIM_NEVER - 1);
	sim_cpu_look(timers.cpu);
	assert_int_equal(timers.runs, 0);
	sim_timer_arm(timers.cpu, &timers.timer[0], stamp_now());
	sim_cpu_look(timers.cpu);
	assert_int_equal(timers.runs, 1);
}

static void arm_it_again(struct timers *t)
{
	if (t->runs < 3)
		sim_timer_arm(t->cpu, &t->timer[0], stamp_now() + 100);
}

static void test_a_timer_may_arm_itself(void **state)
{
	timers.inside = arm_it_again;
	sim_timer_arm(timers.cpu, &timers.timer[0], stamp_now());
	for (unsigned i = 0; i < 10; i++) {
		fake_pass(1000);
		sim_cpu_look(timers.cpu);
	}
	assert_int_equal(timers.runs, 3);
}

static void cancel_the_next(struct timers *t)
{
	sim_timer_cancel(&t->timer[1]);
}

static void test_a_timer_may_cancel_another_that_is_due(void **state)
{
	timers.inside = cancel_the_next;
	sim_timer_arm(timers.cpu, &timers.timer[0], stamp_now());
	sim_timer_arm(timers.cpu, &timers.timer[1], stamp_now());
	sim_cpu_look(timers.cpu);
	assert_int_equal(timers.runs, 1);
}

static void count(void *context, void *argument1, void *argument2)
{
	*(unsigned *)context = timers.runs;
}

static void queue_a_dpc(struct timers *t)
{
	sim_dpc_queue(t->cpu, &t->dpc, NULL, NULL);
}

static void test_a_dpc_queued_by_a_timer_runs_before_the_look_is_over(void **state)
{
	unsigned runs = 0;

	sim_dpc_init(&timers.dpc, count, &runs);
	timers.inside = queue_a_dpc;
	sim_timer_arm(timers.cpu, &timers.timer[0], stamp_now());
	sim_cpu_look(timers.cpu);
	assert_int_equal(runs, 1);
}

/* --- The miniport's timer --- */

static unsigned calls, other_calls;
static KIRQL timer_irql;
static uint32_t start_io_held;
static BOOLEAN sync_answer;

static BOOLEAN answer_true(PVOID extension, PVOID context)
{
	return TRUE;
}

static VOID timer(PVOID extension)
{
	assert_ptr_equal(extension, mini.extension);
	calls++;
	timer_irql = KeGetCurrentIrql();
	start_io_held = rig.adapter.start_io_lock;
	sync_answer = StorPortSynchronizeAccess(extension, answer_true, NULL);
}

static VOID other_timer(PVOID extension)
{
	other_calls++;
}

static void request(PHW_TIMER routine, ULONG microseconds)
{
	StorPortNotification(RequestTimerCall, mini.extension, routine, microseconds);
}

/* Ticks are nanoseconds here: later than any of the requests. */
static void pass_and_look(void)
{
	fake_pass(20000);
	sim_cpu_look(sim_cpu_self());
}

static int set_up_port(void **state)
{
	calls = other_calls = 0;
	sync_answer = FALSE;
	return rig_set_up(state);
}

static void test_a_requested_call_comes_once_under_the_start_io_lock(void **state)
{
	rig_start();
	request(timer, 5);
	sim_cpu_look(rig.cpu);
	pass_and_look();
	pass_and_look();
	assert_int_equal(calls, 1);
	assert_int_equal(timer_irql, DISPATCH_LEVEL);
	assert_true(start_io_held);
	assert_true(sync_answer);
	assert_int_equal(rig.adapter.start_io_lock, 0);
}

static void test_in_half_duplex_the_timer_holds_the_interrupt_lock(void **state)
{
	mini.model = StorSynchronizeHalfDuplex;
	rig_start();
	request(timer, 5);
	pass_and_look();
	assert_int_equal(calls, 1);
	assert_int_equal(timer_irql, MINI_DIRQL);
	assert_true(sync_answer);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_a_request_of_zero_cancels(void **state)
{
	rig_start();
	request(timer, 5);
	request(timer, 0);
	pass_and_look();
	assert_int_equal(calls, 0);
	/* With nothing armed it does nothing, and another request is heard. */
	request(timer, 0);
	request(timer, 5);
	pass_and_look();
	assert_int_equal(calls, 1);
}

static void test_a_request_replaces_the_one_before(void **state)
{
	rig_start();
	request(timer, 1);
	request(other_timer, 5);
	pass_and_look();
	pass_and_look();
	assert_int_equal(calls, 0);
	assert_int_equal(other_calls, 1);
}

static void test_a_request_replaces_one_of_another_cpu(void **state)
{
	rig_start();
	request(timer, 1);
	sim_cpu_enter(&rig.machine, 1);
	request(other_timer, 5);
	fake_pass(20000);
	sim_cpu_look(sim_cpu_enter(&rig.machine, 0));
	assert_int_equal(calls + other_calls, 0);
	sim_cpu_look(sim_cpu_enter(&rig.machine, 1));
	assert_int_equal(calls, 0);
	assert_int_equal(other_calls, 1);
	sim_cpu_enter(&rig.machine, 0);
}

static void test_a_cancellation_reaches_another_cpu(void **state)
{
	rig_start();
	request(timer, 1);
	sim_cpu_enter(&rig.machine, 1);
	request(NULL, 0);
	sim_cpu_enter(&rig.machine, 0);
	pass_and_look();
	assert_int_equal(calls, 0);
}

static BOOLEAN request_from_isr(PVOID extension)
{
	request(timer, 1);
	return TRUE;
}

static void test_a_call_may_be_requested_from_the_isr(void **state)
{
	mini.interrupt = request_from_isr;
	rig_start();
	rig_interrupt();
	pass_and_look();
	assert_int_equal(calls, 1);
	assert_int_equal(timer_irql, DISPATCH_LEVEL);
}

/* CPU 1 holds StartIo's lock until CPU 0, whose timer has fired, waits for it; then it cancels. */
static _Atomic(bool) holds;

static void *cancel_under_the_lock(void *context)
{
	struct sim_cpu *waiter = &rig.machine.cpu[0];
	STOR_LOCK_HANDLE handle;
	uint64_t spins;

	sim_cpu_enter(&rig.machine, 1);
	StorPortAcquireSpinLock(mini.extension, StartIoLock, NULL, &handle);
	spins = waiter->relaxes;
	holds = true;
	while (waiter->relaxes == spins)
		sim_relax(sim_cpu_self());
	request(timer, 0);
	StorPortReleaseSpinLock(mini.extension, &handle);
	sim_cpu_exit(sim_cpu_self());
	return NULL;
}

static void test_a_call_cancelled_under_its_lock_does_not_come(void **state)
{
	pthread_t thread;

	rig_start();
	holds = false;
	request(timer, 1);
	fake_pass(20000);
	assert_int_equal(pthread_create(&thread, NULL, cancel_under_the_lock, NULL), 0);
	while (!holds)
		sched_yield();
	sim_cpu_look(rig.cpu);
	pthread_join(thread, NULL);
	assert_int_equal(calls, 0);
	assert_int_equal(rig.adapter.start_io_lock, 0);
}

int main(void)
{
#define WITH_TIMERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_PORT(test) cmocka_unit_test_setup_teardown(test, set_up_port, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_TIMERS(test_timers_run_in_the_order_of_their_times),
		WITH_TIMERS(test_a_timer_is_not_early_and_not_forgotten),
		WITH_TIMERS(test_a_timer_waits_for_below_dispatch),
		WITH_TIMERS(test_a_cancelled_timer_does_not_run),
		WITH_TIMERS(test_arming_again_moves_it),
		WITH_TIMERS(test_a_timer_may_arm_itself),
		WITH_TIMERS(test_a_timer_may_cancel_another_that_is_due),
		WITH_TIMERS(test_a_dpc_queued_by_a_timer_runs_before_the_look_is_over),
		WITH_PORT(test_a_requested_call_comes_once_under_the_start_io_lock),
		WITH_PORT(test_in_half_duplex_the_timer_holds_the_interrupt_lock),
		WITH_PORT(test_a_request_of_zero_cancels),
		WITH_PORT(test_a_request_replaces_the_one_before),
		WITH_PORT(test_a_request_replaces_one_of_another_cpu),
		WITH_PORT(test_a_cancellation_reaches_another_cpu),
		WITH_PORT(test_a_call_may_be_requested_from_the_isr),
		WITH_PORT(test_a_call_cancelled_under_its_lock_does_not_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
