/* SPDX-License-Identifier: MIT */
/*
 * With faults: what the system above a port driver does about a request that is out for too long, which is to reset the bus.
 *
 * Each CPU looks after its own requests.  One reset at a time; what was out before it counts anew from there.
 */
#ifndef STORSYNC_BENCH_CELL_WATCHDOG_H
#define STORSYNC_BENCH_CELL_WATCHDOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cell;
struct cell_cpu;

struct watchdog {
	uint64_t ticks;               /* a request is overdue that is out for longer; 0: none ever is */
	_Atomic(bool) resetting;
	_Atomic(uint64_t) reset_at;   /* stamp of the end of the last reset */
	_Atomic(uint64_t) timeouts;   /* requests that were overdue when the bus was reset for them */
};

/* Before the CPUs' threads start; without faults, or with no time-out, no CPU ever looks. */
void watchdog_init(struct cell *cell);

/* At the stamp `now`, which is past cpu->watch_at: resets the bus if one of the CPU's requests is overdue. */
void watchdog_look(struct cell_cpu *cpu, uint64_t now);

#endif
