/* SPDX-License-Identifier: MIT */
/*
 * Delivery by SCHED_FIFO threads that share the CPU's core; see delivery.h.
 *
 * The IRQL is the CPU's, as ever.  A thread that is woken and finds it too
 * high latches its interrupt and sleeps; lowering wakes it, and as it has the
 * higher priority on the same core, it runs before the waker goes on.  All of
 * this rests on one thing: a thread of a higher level leaves the core only where
 * it says so (sim_block_begin), so never in an allocation or a page fault.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hba_sim/machine/delivery.h"
#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/machine.h"
#include "hba_sim/machine/timer.h"

#define STACK_BYTES ((size_t)1 << 18)

static uint8_t level_of(const struct delivery_context *context)
{
	if (context->line)
		return context->line->dirql;
	return context == &context->cpu->arriving.context[DELIVERY_DISPATCH] ? IRQL_DISPATCH : IRQL_PASSIVE + 1;
}

static bool exchange_wake(struct delivery_context *context, uint32_t value)
{
	/* ORD delivery_wake:A seq_cst, pairs with delivery_wake:A: what was due before the wake-up is seen by the woken. */
	return atomic_exchange_explicit(&context->wake, value, memory_order_seq_cst) != 0;
}

static void wake(struct delivery_context *context)
{
	if (!exchange_wake(context, 1))
		syscall(SYS_futex, &context->wake, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void sleep_until_woken(struct delivery_context *context)
{
	while (!exchange_wake(context, 0))
		syscall(SYS_futex, &context->wake, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static bool is_latched(const struct delivery_context *context)
{
	/* relaxed: the core's own, and a glance elsewhere */
	return atomic_load_explicit(&context->latched, memory_order_relaxed);
}

/* Some context is latched: every lowering has to look, also when nothing else is due. */
static void note_latched(struct sim_cpu *cpu)
{
	/* relaxed: the core's own */
	atomic_store_explicit(&cpu->latched, true, memory_order_relaxed);
	sim_cpu_schedule(cpu, 0);
}

static void set_latched(struct delivery_context *context, bool latched)
{
	/* relaxed: see is_latched */
	atomic_store_explicit(&context->latched, latched, memory_order_relaxed);
	if (latched)
		note_latched(context->cpu);
}

void delivery_thread_raise(struct sim_cpu *victim, const struct irq_line *line)
{
	struct delivery_context *context = &victim->arriving.context[DELIVERY_LINES + line->index];

	/* relaxed: a glance */
	if (atomic_load_explicit(&victim->arriving.thread, memory_order_relaxed) && !is_latched(context))
		wake(context);
}

static void wake_dispatch(struct sim_cpu *cpu, uint64_t now)
{
	if (sim_irql(cpu) < IRQL_DISPATCH && (cpu->dpc_head || sim_dpc_has_inbox(cpu) || sim_timer_next_due(cpu) <= now))
		wake(&cpu->arriving.context[DELIVERY_DISPATCH]);
}

void delivery_thread_call(struct sim_cpu *target)
{
	/* relaxed: a glance; without its threads the target finds the DPC by itself */
	if (atomic_load_explicit(&target->arriving.thread, memory_order_relaxed))
		wake(&target->arriving.context[DELIVERY_DISPATCH]);
}

/* Wakes it when it is latched and the IRQL lets it through now; whether it still waits. */
static bool wake_latched(struct delivery_context *context)
{
	if (!is_latched(context))
		return false;
	if (level_of(context) <= sim_irql(context->cpu))
		return true;
	set_latched(context, false);
	wake(context);
	return false;
}

/* The highest first, so that none is woken for a level that another one takes at once. */
void delivery_thread_lowered(struct sim_cpu *cpu, uint8_t from, uint64_t now)
{
	struct delivery_state *state = &cpu->arriving;
	bool waits = false;

	/* relaxed, both: the core's own */
	if (!atomic_load_explicit(&state->thread, memory_order_relaxed))
		return;
	if (atomic_exchange_explicit(&cpu->latched, false, memory_order_relaxed))
		intc_note_open(cpu, from, sim_irql(cpu), now);
	for (unsigned i = 0; i < cpu->machine->lines; i++)
		waits |= wake_latched(&state->context[DELIVERY_LINES + cpu->machine->line[i]->index]);
	waits |= wake_latched(&state->context[DELIVERY_DISPATCH]);
	waits |= wake_latched(&state->context[DELIVERY_CALLERS]);
	if (waits)
		note_latched(cpu);
	wake_dispatch(cpu, now);
}

static void serve_line(struct delivery_context *context)
{
	struct sim_cpu *cpu = context->cpu;
	uint64_t now;

	delivery_count_arrival(cpu);
	while (now = stamp_now(), intc_is_deliverable(cpu, context->line, now)) {
		if (context->line->dirql <= sim_irql(cpu)) {
			set_latched(context, true);
			break;
		}
		if (!intc_take_line(cpu, context->line, now))
			break;
	}
	sim_cpu_recompute_due(cpu);
	delivery_thread_lowered(cpu, context->line->dirql, stamp_now());
}

static void run_dispatch(struct delivery_context *context)
{
	struct sim_cpu *cpu = context->cpu;

	while (sim_cpu_run_dispatch_work(cpu, stamp_now()))
		;
	sim_cpu_recompute_due(cpu);
	delivery_thread_lowered(cpu, IRQL_DISPATCH, stamp_now());
}

static void *context_main(void *argument)
{
	struct delivery_context *context = argument;
	struct sim_cpu *cpu = context->cpu;
	struct sim_machine *machine = cpu->machine;

	sim_cpu_current = cpu;
	delivery_context = (unsigned)(context - cpu->arriving.context);
	if (machine->context_online)
		context->error = machine->context_online(machine->context_argument, cpu);
	/* ORD delivery_start:A release, pairs with delivery_start:B: the starter sees how it went. */
	atomic_store_explicit(&context->running, true, memory_order_release);
	for (;;) {
		sleep_until_woken(context);
		/* relaxed: set before the wake-up */
		if (atomic_load_explicit(&cpu->arriving.stopping, memory_order_relaxed))
			break;
		if (context->line)
			serve_line(context);
		else
			run_dispatch(context);
		gap_log_resume(&cpu->gaps, stamp_now());
	}
	if (machine->context_offline && !context->error)
		machine->context_offline(machine->context_argument, cpu);
	return NULL;
}

static int set_own_priority(int priority)
{
	const struct sched_param parameters = { .sched_priority = priority };

	return -pthread_setschedparam(pthread_self(), priority ? SCHED_FIFO : SCHED_OTHER, &parameters);
}

int delivery_take_priority(const struct sim_cpu *cpu)
{
	return cpu->delivery == SYNC_THREAD ? set_own_priority(SIM_FIFO_PRIORITY_BASE) : 0;
}

void delivery_drop_priority(const struct sim_cpu *cpu)
{
	if (cpu->delivery == SYNC_THREAD)
		set_own_priority(0);
}

/* It inherits the core that the caller is pinned to. */
static int start_context(struct delivery_context *context)
{
	const struct sched_param parameters = { .sched_priority = SIM_FIFO_PRIORITY_BASE + level_of(context) };
	const struct timespec shortly = { .tv_nsec = 100000 };
	pthread_attr_t attributes;
	int err = pthread_attr_init(&attributes);

	if (err)
		return -err;
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &parameters);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	err = pthread_create(&context->thread, &attributes, context_main, context);
	pthread_attr_destroy(&attributes);
	if (err)
		return -err;
	context->created = true;
	/* ORD delivery_start:B acquire, pairs with delivery_start:A: see there. */
	while (!atomic_load_explicit(&context->running, memory_order_acquire))
		clock_nanosleep(CLOCK_MONOTONIC, 0, &shortly, NULL);
	return context->error;
}

int delivery_thread_start(struct sim_cpu *cpu)
{
	struct delivery_state *state = &cpu->arriving;
	int err = delivery_take_priority(cpu);

	/* No page fault from here on.  Where it is not allowed, one in an ISR lets threads of lower levels overtake. */
	mlockall(MCL_CURRENT | MCL_FUTURE);

	/* relaxed: no context runs yet */
	atomic_store_explicit(&state->stopping, false, memory_order_relaxed);
	for (unsigned i = 0; i < DELIVERY_CONTEXTS; i++)
		state->context[i] = (struct delivery_context){ .cpu = cpu };
	for (unsigned i = 0; i < cpu->machine->lines; i++)
		state->context[DELIVERY_LINES + cpu->machine->line[i]->index].line = cpu->machine->line[i];
	for (unsigned i = DELIVERY_DISPATCH; i < DELIVERY_LINES + cpu->machine->lines && !err; i++)
		err = start_context(&state->context[i]);
	if (err) {
		delivery_thread_stop(cpu);
		return err;
	}
	/* relaxed: the watcher only needs to know that somebody is there */
	atomic_store_explicit(&state->thread, gettid(), memory_order_relaxed);
	return 0;
}

void delivery_thread_stop(struct sim_cpu *cpu)
{
	struct delivery_state *state = &cpu->arriving;

	/* relaxed, both: ordered by the wake-ups */
	atomic_store_explicit(&state->thread, 0, memory_order_relaxed);
	atomic_store_explicit(&state->stopping, true, memory_order_relaxed);
	for (unsigned i = 0; i < DELIVERY_CONTEXTS; i++) {
		if (!state->context[i].created)
			continue;
		wake(&state->context[i]);
		pthread_join(state->context[i].thread, NULL);
		state->context[i].created = false;
	}
}

uint8_t sim_block_begin(struct sim_cpu *cpu)
{
	uint8_t irql = sim_irql(cpu);

	if (cpu->delivery == SYNC_THREAD)
		sim_lower(cpu, sim_cpu_context() == DELIVERY_CALLERS ? IRQL_PASSIVE : delivery_interrupted);
	/* With the callers' thread asleep the CPU may have nothing to do at all; with another one, that one goes on. */
	if (sim_cpu_context() == DELIVERY_CALLERS)
		sim_quiet_begin(cpu);
	return irql;
}

void sim_block_end(struct sim_cpu *cpu, uint8_t irql)
{
	struct delivery_context *context;

	if (cpu->delivery != SYNC_THREAD) {
		sim_quiet_end(cpu);
		return;
	}
	/* A priority that was inherited, or is a ceiling, may have brought this thread before one that is not done yet. */
	context = &cpu->arriving.context[sim_cpu_context()];
	while (sim_irql(cpu) >= level_of(context)) {
		set_latched(context, true);
		sleep_until_woken(context);
	}
	if (context != &cpu->arriving.context[DELIVERY_CALLERS])
		delivery_interrupted = sim_irql(cpu);
	else
		sim_quiet_end(cpu);
	sim_raise(cpu, irql);
}

void sim_block_shortly(struct sim_cpu *cpu)
{
	const struct timespec shortly = { .tv_nsec = DELIVERY_YIELD_NS };
	uint8_t irql;

	if (cpu->delivery != SYNC_THREAD || sim_cpu_context() == DELIVERY_CALLERS)
		return;
	irql = sim_block_begin(cpu);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &shortly, NULL);
	sim_block_end(cpu, irql);
}

static void *nothing(void *argument)
{
	return NULL;
}

const char *sim_delivery_unavailable(enum sync_delivery delivery)
{
	const struct sched_param parameters = { .sched_priority = SIM_FIFO_PRIORITY_BASE + IRQL_DEVICE_MAX };
	pthread_attr_t attributes;
	pthread_t thread;
	int err;

	if (delivery != SYNC_THREAD)
		return NULL;
	if (pthread_attr_init(&attributes))
		return "no memory for a thread's attributes";
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &parameters);
	err = pthread_create(&thread, &attributes, nothing, NULL);
	pthread_attr_destroy(&attributes);
	if (err)
		return "SCHED_FIFO is not allowed here; it needs CAP_SYS_NICE, or RLIMIT_RTPRIO of 30 or more";
	pthread_join(thread, NULL);
	return NULL;
}
