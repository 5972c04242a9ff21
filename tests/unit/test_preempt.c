/* SPDX-License-Identifier: MIT */
/* Preemption of a holder: when it happens, that it takes its time, what is counted, and by whom the CPU is taken. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "bench/cell/preempt.h"

#define TIME_NS 200000
/* An event on every section: its mean gap is one tick. */
#define ALWAYS 1000000000
/* Ticks are called nanoseconds; this many pass before the mean first event, which is never here. */
#define SELDOM 1

static struct sim_machine machine;
static struct preempt preempt;

static int set_up(void **state)
{
	struct sim_machine_config config = { .cpus = 2, .phys_bytes = 4096 };

	assert_int_equal(stamp_scale_set(&config.scale, 1, 1), 0);
	return sim_machine_init(&machine, &config);
}

static int tear_down(void **state)
{
	preempt_fini(&preempt);
	sim_machine_fini(&machine);
	return 0;
}

static void set(uint64_t hz, bool by_hog)
{
	const struct preempt_config config = { .hz = hz, .time_ns = TIME_NS, .by_hog = by_hog, .seed = 7 };

	assert_int_equal(preempt_init(&preempt, &machine, &config), 0);
	assert_int_equal(preempt_online(&preempt, &machine.cpu[0]), 0);
}

static uint64_t count(void)
{
	uint64_t ticks;

	return preempt_count(&preempt, &ticks);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void off_nothing_happens(void **state)
{
	set(0, false);
	preempt_start(&preempt, &machine.cpu[0], 0, UINT64_MAX);
	preempt_stop(&preempt, &machine.cpu[0]);
	preempt_offline(&preempt, &machine.cpu[0]);
	assert_int_equal(count(), 0);
}

static void a_due_event_takes_the_cpu_for_its_time(void **state)
{
	uint64_t begin, ticks;

	set(ALWAYS, false);
	preempt_start(&preempt, &machine.cpu[0], 0, UINT64_MAX);
	begin = clock_ns();
	while (count() < 5)
		preempt_inside(&preempt, &machine.cpu[0]);
	assert_true(clock_ns() - begin >= 5 * TIME_NS);
	assert_int_equal(preempt_count(&preempt, &ticks), 5);
	assert_true(ticks > 0);
	assert_int_equal(preempt.cpu[1].count, 0);
}

static void nothing_happens_before_it_is_due_nor_before_the_start_nor_after_the_end(void **state)
{
	set(ALWAYS, false);
	preempt_inside(&preempt, &machine.cpu[0]);
	assert_int_equal(count(), 0);
	preempt_start(&preempt, &machine.cpu[0], 0, UINT64_MAX);
	preempt.cpu[0].due = UINT64_MAX - 1;
	preempt_inside(&preempt, &machine.cpu[0]);
	assert_int_equal(count(), 0);
	preempt.cpu[0].due = 0;
	preempt_stop(&preempt, &machine.cpu[0]);
	preempt_inside(&preempt, &machine.cpu[0]);
	assert_int_equal(count(), 0);
}

static void an_event_that_comes_late_does_not_move_the_next(void **state)
{
	set(SELDOM, false);
	preempt_start(&preempt, &machine.cpu[0], 0, UINT64_MAX);
	preempt.cpu[0].due = 5;
	preempt_inside(&preempt, &machine.cpu[0]);
	assert_int_equal(count(), 1);
	/* 45 mean gaps are as good as never drawn. */
	assert_in_range(preempt.cpu[0].due, 6, 5 + UINT64_C(45000000000));
}

static void what_is_not_in_the_window_is_not_counted(void **state)
{
	uint64_t due;

	set(SELDOM, false);
	preempt_start(&preempt, &machine.cpu[0], UINT64_MAX - 1, UINT64_MAX);
	due = preempt.cpu[0].due = 5;
	preempt_inside(&preempt, &machine.cpu[0]);
	assert_int_equal(count(), 0);
	assert_int_not_equal(preempt.cpu[0].due, due);
}

static void the_signal_mask_is_what_it_was(void **state)
{
	sigset_t mine, after;

	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mine, NULL), 0);
	set(ALWAYS, false);
	preempt_start(&preempt, &machine.cpu[0], 0, UINT64_MAX);
	while (!count())
		preempt_inside(&preempt, &machine.cpu[0]);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&after, SIGUSR1), 1);
	assert_int_equal(sigismember(&after, SIGUSR2), 0);
}

static uint64_t cpu_time_of(pthread_t thread)
{
	struct timespec used;
	clockid_t clock;

	assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
	assert_int_equal(clock_gettime(clock, &used), 0);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* It burns CPU time each time that it is woken, taking stamps as the CPU does, and ends when told to. */
static void a_hog_takes_the_cpu(void **state)
{
	const uint64_t long_ns = 50000000;
	uint64_t begin = stamp_now();

	set(ALWAYS, true);
	assert_true(preempt.cpu[0].hog.started);
	preempt.cpu[0].hog.time_ns = long_ns;
	preempt_start(&preempt, &machine.cpu[0], 0, UINT64_MAX);
	while (!count())
		preempt_inside(&preempt, &machine.cpu[0]);
	while (cpu_time_of(preempt.cpu[0].hog.thread) < long_ns)
		;
	preempt_offline(&preempt, &machine.cpu[0]);
	assert_false(preempt.cpu[0].hog.started);
	assert_true(machine.cpu[0].gaps.resumed > begin && machine.cpu[0].gaps.last_seen >= machine.cpu[0].gaps.resumed);
	assert_int_equal(count(), 1);
	preempt_offline(&preempt, &machine.cpu[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(off_nothing_happens),
		TEST(a_due_event_takes_the_cpu_for_its_time),
		TEST(nothing_happens_before_it_is_due_nor_before_the_start_nor_after_the_end),
		TEST(an_event_that_comes_late_does_not_move_the_next),
		TEST(what_is_not_in_the_window_is_not_counted),
		TEST(the_signal_mask_is_what_it_was),
		TEST(a_hog_takes_the_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
