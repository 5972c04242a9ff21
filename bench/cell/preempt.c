/* SPDX-License-Identifier: MIT */
/* Preemption of the section's holder; see preempt.h.  Source: futex(2), clock_nanosleep(2), prctl(2) for the timer slack. */
#define _GNU_SOURCE
#include "bench/cell/preempt.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hba_sim/devices/service_time.h"

#define HOG_STACK_BYTES ((size_t)1 << 16)

static uint64_t draw_gap(const struct preempt *preempt, struct preempt_cpu *pcpu)
{
	const struct service_time gap = { .kind = SERVICE_EXPONENTIAL, .first = preempt->mean_gap };

	return service_time_draw(&gap, &pcpu->rng) + 1;
}

int preempt_init(struct preempt *preempt, const struct sim_machine *machine, const struct preempt_config *config)
{
	size_t bytes = machine->cpus * sizeof(*preempt->cpu);
	uint64_t seed = config->seed;

	*preempt = (struct preempt){ .config = *config, .cpus = machine->cpus };
	if (!config->hz)
		return 0;
	preempt->mean_gap = stamp_from_ns(&machine->scale, 1000000000 / config->hz);
	preempt->cpu = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!preempt->cpu)
		return -ENOMEM;
	memset(preempt->cpu, 0, bytes);
	for (unsigned c = 0; c < machine->cpus; c++) {
		preempt->cpu[c].rng = splitmix64(&seed);
		preempt->cpu[c].due = SIM_NEVER;
		preempt->cpu[c].hog.time_ns = config->time_ns;
	}
	return 0;
}

void preempt_fini(struct preempt *preempt)
{
	free(preempt->cpu);
	*preempt = (struct preempt){ 0 };
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void futex(_Atomic(uint32_t) *word, int operation, uint32_t value)
{
	syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

/*
 * Burns CPU time, not time: what the interrupts above it take is added.  It is
 * asked for, whenever the kernel comes to run it, and so no gap.
 */
static void burn(struct sim_cpu *cpu, uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		sim_see(cpu, stamp_now());
	gap_log_resume(&cpu->gaps, stamp_now());
}

static void *hog_main(void *argument)
{
	struct preempt_hog *hog = argument;
	uint32_t done = 0;

	for (;;) {
		/* ORD preempt_hog:A acquire, pairs with preempt_hog:B: the last waking is known to be the last. */
		while (atomic_load_explicit(&hog->asked, memory_order_acquire) == done)
			futex(&hog->asked, FUTEX_WAIT, done);
		/* relaxed: ordered by the above */
		if (atomic_load_explicit(&hog->stop, memory_order_relaxed))
			return NULL;
		done++;
		burn(hog->cpu, hog->time_ns);
	}
}

static void wake_hog(struct preempt_hog *hog)
{
	/* ORD preempt_hog:B release, pairs with preempt_hog:A: see there. */
	atomic_fetch_add_explicit(&hog->asked, 1, memory_order_release);
	futex(&hog->asked, FUTEX_WAKE, 1);
}

/* On the CPU to which the calling thread is pinned. */
static int start_hog(struct preempt_hog *hog, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	/* All of it may be locked in memory. */
	pthread_attr_setstacksize(&attr, HOG_STACK_BYTES);
	if (priority) {
		pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
		pthread_attr_setschedparam(&attr, &param);
	}
	err = pthread_create(&hog->thread, &attr, hog_main, hog);
	pthread_attr_destroy(&attr);
	hog->started = !err;
	return -err;
}

int preempt_online(struct preempt *preempt, struct sim_cpu *cpu)
{
	if (!preempt->mean_gap)
		return 0;
	if (preempt->config.by_hog) {
		preempt->cpu[cpu->index].hog.cpu = cpu;
		return start_hog(&preempt->cpu[cpu->index].hog, preempt->config.hog_priority);
	}
	/* The usual slack, 50 us, would be as long as what is asked for. */
	return prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL) ? -errno : 0;
}

void preempt_start(struct preempt *preempt, const struct sim_cpu *cpu, uint64_t from, uint64_t until)
{
	struct preempt_cpu *pcpu;

	if (!preempt->mean_gap)
		return;
	pcpu = &preempt->cpu[cpu->index];
	pcpu->from = from;
	pcpu->until = until;
	pcpu->due = stamp_now() + draw_gap(preempt, pcpu);
}

void preempt_set_window(struct preempt *preempt, const struct sim_cpu *cpu, uint64_t from, uint64_t until)
{
	struct preempt_cpu *pcpu;

	if (!preempt->mean_gap)
		return;
	pcpu = &preempt->cpu[cpu->index];
	pcpu->until = until;
	/* A section in a DPC between the two must not find a window without an end. */
	atomic_signal_fence(memory_order_seq_cst);
	pcpu->from = from;
}

void preempt_stop(struct preempt *preempt, const struct sim_cpu *cpu)
{
	if (preempt->mean_gap)
		preempt->cpu[cpu->index].due = SIM_NEVER;
}

void preempt_offline(struct preempt *preempt, const struct sim_cpu *cpu)
{
	struct preempt_hog *hog;

	if (!preempt->mean_gap)
		return;
	hog = &preempt->cpu[cpu->index].hog;
	if (!hog->started)
		return;
	/* relaxed: ordered by the waking */
	atomic_store_explicit(&hog->stop, true, memory_order_relaxed);
	wake_hog(hog);
	pthread_join(hog->thread, NULL);
	hog->started = false;
}

static void sleep_unreachable(uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + ns;
	const struct timespec until = { .tv_sec = (time_t)(end / 1000000000u), .tv_nsec = (long)(end % 1000000000u) };
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void preempt_inside(struct preempt *preempt, struct sim_cpu *cpu)
{
	struct preempt_cpu *pcpu = &preempt->cpu[cpu->index];
	uint64_t begin = stamp_now();

	if (__builtin_expect(pcpu->due > begin, 1))
		return;
	if (preempt->config.by_hog) {
		wake_hog(&pcpu->hog);
	} else {
		/* Asked for, so not a gap. */
		sim_quiet_begin(cpu);
		sleep_unreachable(preempt->config.time_ns);
		sim_quiet_end(cpu);
	}
	if (begin >= pcpu->from && begin < pcpu->until) {
		pcpu->count++;
		pcpu->ticks += stamp_now() - begin;
	}
	pcpu->due += draw_gap(preempt, pcpu);
}

uint64_t preempt_count(const struct preempt *preempt, uint64_t *ticks)
{
	uint64_t count = 0;

	*ticks = 0;
	for (unsigned c = 0; preempt->mean_gap && c < preempt->cpus; c++) {
		count += preempt->cpu[c].count;
		*ticks += preempt->cpu[c].ticks;
	}
	return count;
}
