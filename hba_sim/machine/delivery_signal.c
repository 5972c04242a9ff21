/* SPDX-License-Identifier: MIT */
/*
 * Delivery by a real-time signal to the CPU's thread; see delivery.h.
 *
 * Everything that the handler reaches must be safe at any instruction: what
 * it shares with the interrupted code is guarded by the IRQL.  What a DPC touches
 * is touched at IRQL_DISPATCH, what an ISR of level n touches at n, and what
 * the machine and the devices keep for themselves at IRQL_HIGH.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hba_sim/machine/delivery.h"
#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/machine.h"

static int interrupt_signal(void)
{
	return SIGRTMIN + 1;
}

/* What arrived and is kept out waits for the IRQL to fall. */
static void latch(struct sim_cpu *cpu)
{
	/* relaxed: the CPU's own.  Cleared first, so that what is latched by a signal from here on stays so. */
	atomic_store_explicit(&cpu->latched, false, memory_order_relaxed);
	if (intc_latch(cpu, stamp_now()))
		atomic_store_explicit(&cpu->latched, true, memory_order_relaxed);
}

void delivery_signal_arrive(struct sim_cpu *cpu)
{
	/* ORD delivery_flight:A seq_cst, pairs with delivery_flight:B: what falls due after this is signalled anew. */
	atomic_exchange_explicit(&cpu->arriving.in_flight, 0, memory_order_seq_cst);
	delivery_count_arrival(cpu);
	/* Something is due, though the interrupted code may be about to find that out anew and say meanwhile that nothing is. */
	sim_cpu_schedule(cpu, 0);
	sim_cpu_take_all(cpu);
	latch(cpu);
	gap_log_resume(&cpu->gaps, stamp_now());
}

static void on_interrupt(int number)
{
	struct sim_cpu *cpu = sim_cpu_self();
	int interrupted_errno = errno;

	/* relaxed: the thread's own; 0 once it has stopped */
	if (!cpu || !atomic_load_explicit(&cpu->arriving.thread, memory_order_relaxed))
		return;
	delivery_signal_arrive(cpu);
	errno = interrupted_errno;
}

void delivery_signal_raise(struct sim_cpu *victim)
{
	/* relaxed: a glance; the thread is there until it says otherwise, and a late signal is ignored */
	pid_t thread = atomic_load_explicit(&victim->arriving.thread, memory_order_relaxed);

	if (!thread)
		return;
	/* ORD delivery_flight:B seq_cst, pairs with delivery_flight:A: see there. */
	if (!atomic_exchange_explicit(&victim->arriving.in_flight, 1, memory_order_seq_cst))
		syscall(SYS_tgkill, getpid(), thread, interrupt_signal());
}

void delivery_signal_lowered(struct sim_cpu *cpu, uint8_t from, uint64_t now)
{
	/* relaxed: the CPU's own */
	if (atomic_load_explicit(&cpu->latched, memory_order_relaxed)) {
		intc_note_open(cpu, from, sim_irql(cpu), now);
		sim_cpu_take_all(cpu);
		latch(cpu);
		return;
	}
	while (sim_cpu_run_dispatch_work(cpu, stamp_now()))
		;
	sim_cpu_recompute_due(cpu);
}

int delivery_signal_start(struct sim_cpu *cpu)
{
	/* Not deferred: an interrupt of a higher level nests in the handler of a lower one. */
	const struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_NODEFER | SA_RESTART };
	sigset_t set;
	int err;

	if (sigaction(interrupt_signal(), &action, NULL))
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, interrupt_signal());
	err = pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (err)
		return -err;
	/* relaxed: the watcher only needs the number */
	atomic_store_explicit(&cpu->arriving.thread, gettid(), memory_order_relaxed);
	return 0;
}

void delivery_signal_stop(struct sim_cpu *cpu)
{
	/* relaxed: a signal that is under way finds nothing to do, or no CPU any more */
	atomic_store_explicit(&cpu->arriving.thread, 0, memory_order_relaxed);
}
