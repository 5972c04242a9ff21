/* SPDX-License-Identifier: MIT */
/*
 * The single-stepper: every instruction is seen once and in order, until it is
 * told to stop; signals, system calls and calls in the body are survived; and
 * each instruction of a trace can be run to.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/torture/stepper.h"

#define LOOPS 1000

#if defined(__x86_64__)
/* Two instructions, then LOOPS times two, then one. */
void loop(void *context);
__asm__(".text\n"
	".type loop, @function\n"
	"loop:\n"
	"	xorl %eax, %eax\n"
	"	movl $1000, %ecx\n"
	"1:	decl %ecx\n"
	"	jnz 1b\n"
	"	ret\n"
	".size loop, . - loop\n");
#else
static void loop(void *context)
{
}
#endif

struct seen {
	uint64_t calls;
	uint64_t limit;
	uint64_t signal_at;
	uintptr_t first;
	bool out_of_order;
};

static volatile sig_atomic_t signals;
static volatile uint64_t signal_steps;
static struct seen *current;

static bool step(void *context, uint64_t n)
{
	struct seen *seen = context;

	seen->out_of_order |= n != seen->calls;
	seen->calls++;
	if (n == 0)
		seen->first = stepper_address();
	if (n == seen->signal_at)
		raise(SIGUSR1);
	return n < seen->limit;
}

static void on_signal(int number)
{
	signals = signals + 1;
	signal_steps = current->calls;
	/* Many instructions, none of which may be counted. */
	for (volatile unsigned i = 0; i < 100; i++)
		;
}

static struct seen everything(void)
{
	return (struct seen){ .limit = UINT64_MAX, .signal_at = UINT64_MAX };
}

static int need_stepping(void **state)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	signals = 0;
	return sigaction(SIGUSR1, &action, NULL);
}

static void skip_where_it_cannot_be(void)
{
	if (!stepper_available())
		skip();
}

static void every_instruction_is_seen_once(void **state)
{
	struct seen seen = everything();

	skip_where_it_cannot_be();
	assert_int_equal(stepper_run(loop, NULL, step, &seen), 2 * LOOPS + 3);
	assert_int_equal(seen.calls, 2 * LOOPS + 3);
	assert_false(seen.out_of_order);
	assert_int_equal(seen.first, (uintptr_t)loop);
	/* And once more: nothing of the first run is left. */
	seen = everything();
	assert_int_equal(stepper_run(loop, NULL, step, &seen), 2 * LOOPS + 3);
}

static void it_stops_when_asked(void **state)
{
	struct seen seen = everything();

	skip_where_it_cannot_be();
	seen.limit = 10;
	assert_int_equal(stepper_run(loop, NULL, step, &seen), 11);
	seen = everything();
	seen.limit = 0;
	assert_int_equal(stepper_run(loop, NULL, step, &seen), 1);
}

static void a_signal_in_step_comes_at_once_and_is_not_stepped(void **state)
{
	struct seen seen = everything();

	skip_where_it_cannot_be();
	current = &seen;
	seen.signal_at = 500;
	assert_int_equal(stepper_run(loop, NULL, step, &seen), 2 * LOOPS + 3);
	assert_int_equal(signals, 1);
	assert_int_equal(signal_steps, 501);
}

static void signal_self(void *context)
{
	raise(SIGUSR1);
	*(unsigned *)context += 1;
}

static void a_signal_in_the_body_is_survived(void **state)
{
	struct seen seen = everything();
	unsigned done = 0;

	skip_where_it_cannot_be();
	current = &seen;
	assert_true(stepper_run(signal_self, &done, step, &seen) > 5);
	assert_int_equal(done, 1);
	assert_int_equal(signals, 1);
	assert_false(seen.out_of_order);
}

static __attribute__((noinline)) unsigned twice(unsigned value)
{
	__asm__ volatile("" : "+r"(value));
	return 2 * value;
}

static void call_kernel_and_function(void *context)
{
	unsigned *done = context;

	for (unsigned i = 0; i < 3; i++)
		*done += syscall(SYS_getppid) > 0 ? twice(i + 1) : 0;
}

static void system_calls_and_calls_are_survived(void **state)
{
	struct seen seen = everything();
	unsigned done = 0;

	skip_where_it_cannot_be();
	assert_true(stepper_run(call_kernel_and_function, &done, step, &seen) > 30);
	assert_int_equal(done, 12);
	assert_false(seen.out_of_order);
}

/* --- breakpoints --- */

struct arrival {
	uint64_t times;
	uintptr_t address;
};

static void arrive(void *context)
{
	struct arrival *arrival = context;

	arrival->times++;
	arrival->address = stepper_address();
	raise(SIGUSR1);
}

/* Every instruction of a trace, of which some are come to many times, is come to once, at full speed or nearly so. */
static void a_run_to_each_instruction_comes_to_it_once(void **state)
{
	struct seen seen = everything();
	struct stepper_trace trace;
	unsigned done = 0;

	skip_where_it_cannot_be();
	current = &seen;
	assert_int_equal(stepper_record(&trace, call_kernel_and_function, &done, step, &seen), 0);
	assert_int_equal(trace.length, seen.calls);
	assert_int_equal(trace.mark[0].address, seen.first);
	for (size_t n = 0; n < trace.length; n++) {
		struct arrival arrival = { .times = 0 };

		done = 0;
		assert_true(stepper_run_to(&trace, n, call_kernel_and_function, &done, arrive, &arrival));
		assert_int_equal(done, 12);
		assert_int_equal(arrival.times, 1);
		assert_int_equal(arrival.address, trace.mark[n].address);
	}
	assert_int_equal(signals, trace.length);
	stepper_trace_fini(&trace);
}

static void clear(void *context)
{
	__asm__ volatile("rep stosb" : : "D"(context), "a"(0), "c"(8) : "memory");
}

static void repetitions_are_instructions_of_a_trace(void **state)
{
	struct stepper_trace trace;
	char buffer[8];

	skip_where_it_cannot_be();
	assert_int_equal(stepper_record(&trace, clear, buffer, NULL, NULL), 0);
	assert_true(trace.length >= 9);
	for (size_t n = 0; n < trace.length; n++) {
		struct arrival arrival = { .times = 0 };

		assert_true(stepper_run_to(&trace, n, clear, buffer, arrive, &arrival));
		assert_int_equal(arrival.address, trace.mark[n].address);
	}
	stepper_trace_fini(&trace);
}

static void one_way(void *context)
{
	if (*(int *)context)
		(void)syscall(SYS_getppid);
}

static void a_run_that_goes_another_way_does_not_arrive(void **state)
{
	struct stepper_trace trace;
	struct arrival arrival = { .times = 0 };
	int there = 1;

	skip_where_it_cannot_be();
	assert_int_equal(stepper_record(&trace, one_way, &there, NULL, NULL), 0);
	there = 0;
	assert_false(stepper_run_to(&trace, trace.length / 2, one_way, &there, arrive, &arrival));
	assert_int_equal(arrival.times, 0);
	stepper_trace_fini(&trace);
}

static void block_signals(void *context)
{
	unsigned *done = context;
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	*done += twice(1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	*done += twice(2);
}

/* A trap that is blocked would end the process. */
static void where_signals_are_blocked_is_marked(void **state)
{
	struct stepper_trace trace;
	size_t blocked = 0;
	unsigned done = 0;

	skip_where_it_cannot_be();
	current = &(struct seen){ .calls = 0 };
	/* Once before: the first call of a library's function takes another way. */
	block_signals(&done);
	assert_int_equal(stepper_record(&trace, block_signals, &done, NULL, NULL), 0);
	assert_int_equal(done, 12);
	for (size_t n = 0; n < trace.length; n++) {
		struct arrival arrival = { .times = 0 };

		blocked += trace.mark[n].blocked;
		if (!trace.mark[n].blocked) {
			bool came = stepper_run_to(&trace, n, block_signals, &done, arrive, &arrival);

			assert_int_equal(arrival.times, came);
			/* Not, where the code was run with signals blocked before. */
			assert_true(came || trace.mark[n].before == UINT32_MAX);
		}
	}
	assert_in_range(blocked, 5, trace.length - 20);
	assert_false(trace.mark[0].blocked);
	assert_false(trace.mark[trace.length - 1].blocked);
	stepper_trace_fini(&trace);
}

static void addresses_are_described(void **state)
{
	assert_non_null(strstr(stepper_describe((uintptr_t)loop), "+0x"));
	assert_string_equal(stepper_describe(1), "0x1");
}

int main(void)
{
#define STEPPED(test) cmocka_unit_test_setup(test, need_stepping)
	const struct CMUnitTest tests[] = {
		STEPPED(every_instruction_is_seen_once),
		STEPPED(it_stops_when_asked),
		STEPPED(a_signal_in_step_comes_at_once_and_is_not_stepped),
		STEPPED(a_signal_in_the_body_is_survived),
		STEPPED(system_calls_and_calls_are_survived),
		STEPPED(a_run_to_each_instruction_comes_to_it_once),
		STEPPED(repetitions_are_instructions_of_a_trace),
		STEPPED(a_run_that_goes_another_way_does_not_arrive),
		STEPPED(where_signals_are_blocked_is_marked),
		STEPPED(addresses_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
