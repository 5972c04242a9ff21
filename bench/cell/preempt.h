/* SPDX-License-Identifier: MIT */
/*
 * The operating system takes the CPU from whoever holds the section, at a set rate.
 *
 * It is a Poisson process a CPU: when an event is due, the next section that is
 * executed there loses its CPU for a set time, access being held.  Events that
 * fall due meanwhile keep their place in the schedule.
 *
 * Under delivery by polling or by signals the thread sleeps, with every signal
 * blocked: a thread that has no CPU takes none.  Under delivery by threads a
 * hog takes the CPU from it, a thread on the same CPU whose priority is above
 * the holder's and below its interrupts'; whether the holder gets it back early
 * is then up to the back end (L. Sha, R. Rajkumar, J. Lehoczky, "Priority
 * Inheritance Protocols", IEEE Transactions on Computers 39(9), 1990).
 */
#ifndef STORSYNC_BENCH_CELL_PREEMPT_H
#define STORSYNC_BENCH_CELL_PREEMPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/machine.h"

struct preempt_config {
	uint64_t hz;      /* events a second and CPU; 0: never */
	uint64_t time_ns; /* for which the CPU is taken */
	bool by_hog;      /* and not by sleeping */
	int hog_priority; /* SCHED_FIFO; 0: as the CPU's own thread */
	uint64_t seed;
};

struct preempt_hog {
	pthread_t thread;
	uint64_t time_ns;
	struct sim_cpu *cpu; /* which it is part of, while it runs: it takes stamps there */
	bool started;
	_Atomic(uint32_t) asked; /* times that it was woken; a futex */
	_Atomic(bool) stop;
};

/* One CPU's, written by the one that holds the section there. */
struct preempt_cpu {
	_Alignas(SYNC_LINE_BYTES) uint64_t due; /* stamp of the next event, SIM_NEVER when there are none */
	uint64_t rng;
	uint64_t from; /* what is counted is due in [from, until) */
	uint64_t until;
	uint64_t count;
	uint64_t ticks; /* that they took, all together */
	struct preempt_hog hog;
};

struct preempt {
	struct preempt_config config;
	uint64_t mean_gap; /* ticks */
	unsigned cpus;
	struct preempt_cpu *cpu;
};

/* 0 or -ENOMEM. */
int preempt_init(struct preempt *preempt, const struct sim_machine *machine, const struct preempt_config *config);
void preempt_fini(struct preempt *preempt);

/*
 * By each CPU's own thread, pinned: before the run, 0 or -errno (a hog of such
 * a priority may not be allowed); when the load begins, and once the window is
 * known, when that was with UINT64_MAX for both; and after the run.
 */
int preempt_online(struct preempt *preempt, struct sim_cpu *cpu);
void preempt_start(struct preempt *preempt, const struct sim_cpu *cpu, uint64_t from, uint64_t until);
void preempt_set_window(struct preempt *preempt, const struct sim_cpu *cpu, uint64_t from, uint64_t until);
void preempt_stop(struct preempt *preempt, const struct sim_cpu *cpu);
void preempt_offline(struct preempt *preempt, const struct sim_cpu *cpu);

/* Inside a section that `cpu` executes: takes the CPU away if an event is due. */
void preempt_inside(struct preempt *preempt, struct sim_cpu *cpu);

/* Those that happened in the window, over all CPUs, and the ticks that they took. */
uint64_t preempt_count(const struct preempt *preempt, uint64_t *ticks);

#endif
