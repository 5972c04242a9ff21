/* SPDX-License-Identifier: MIT */
/*
 * With faults: what the host does to its adapter while I/Os are under way.  It stops it for a change of power and restarts
 * it, resets its bus, or finds that it was pulled.
 *
 * What is drawn by the host is drawn when an I/O has been submitted; the CPU that submitted it does it, one at a time.
 */
#ifndef STORSYNC_BENCH_CELL_HOST_H
#define STORSYNC_BENCH_CELL_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cell;
struct cell_cpu;

/* Of a CPU: how far it is with the stop that it makes. */
enum host_step {
	HOST_IDLE,
	HOST_STOPPING, /* what is with the miniport is waited for */
	HOST_STOPPED,
};

struct cell_host {
	bool acts;             /* there is something for it to do */
	_Atomic(bool) busy;    /* a CPU is at it */
	_Atomic(bool) removed; /* the port was told that the adapter is gone */
	char failure[256];     /* why the adapter could not be stopped or restarted, and was given up; "": it was */
};

/* Before the CPUs' threads start. */
void host_init(struct cell *cell);

/* One turn of a CPU, at IRQL_PASSIVE: `submitted`, an occasion. */
void host_turn(struct cell_cpu *cpu, bool submitted);

/* Whether the CPU makes a stop, and must not end before it is over. */
bool host_is_busy(const struct cell_cpu *cpu);

/* What it is at, for a dump. */
void host_dump(const struct cell *cell, FILE *out);

/* For how long nothing may move for it, in ms. */
uint64_t host_still_ms(const struct cell *cell);

#endif
