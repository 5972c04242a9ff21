/* SPDX-License-Identifier: MIT */
/*
 * Timers of one simulated CPU: run at IRQL_DISPATCH on the CPU that armed them.
 *
 * Only the CPU's own thread touches its timers.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_TIMER_H
#define STORSYNC_HBA_SIM_MACHINE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct sim_cpu;

typedef void sim_timer_routine(void *context);

struct sim_timer {
	sim_timer_routine *routine;
	void *context;
	uint64_t due;
	struct sim_timer *next;
	struct sim_cpu *cpu; /* where it is armed, NULL when it is not */
};

void sim_timer_init(struct sim_timer *timer, sim_timer_routine *routine, void *context);

/* Arms, or re-arms, on the calling CPU for the stamp `when`. */
void sim_timer_arm(struct sim_cpu *cpu, struct sim_timer *timer, uint64_t when);

/* Disarms; the calling CPU is the one that armed it.  False when it was not armed. */
bool sim_timer_cancel(struct sim_timer *timer);

/* Runs what is due at `now`; the CPU is at IRQL_DISPATCH.  Returns whether any ran. */
bool sim_timer_run_due(struct sim_cpu *cpu, uint64_t now);

/* Stamp of the earliest timer, or SIM_NEVER. */
uint64_t sim_timer_next_due(const struct sim_cpu *cpu);

#endif
