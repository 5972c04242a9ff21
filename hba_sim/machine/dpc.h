/* SPDX-License-Identifier: MIT */
/*
 * Deferred procedure calls: first in, first out on the CPU that queued them or was named, at IRQL_DISPATCH.
 *
 * A DPC that is queued already stays as it is.  One that is still running on
 * another CPU waits in the queue until that run is over, so that a DPC never
 * runs concurrently with itself.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_DPC_H
#define STORSYNC_HBA_SIM_MACHINE_DPC_H

#include <stdatomic.h>
#include <stdbool.h>

struct sim_cpu;

typedef void sim_dpc_routine(void *context, void *argument1, void *argument2);

struct sim_dpc {
	sim_dpc_routine *routine;
	void *context;
	void *argument1;
	void *argument2;
	struct sim_dpc *next;
	_Atomic(bool) queued;
	_Atomic(bool) running;
};

void sim_dpc_init(struct sim_dpc *dpc, sim_dpc_routine *routine, void *context);

/* Queues on the calling CPU at any IRQL; false, and the first arguments stand, when it is queued already. */
bool sim_dpc_queue(struct sim_cpu *cpu, struct sim_dpc *dpc, void *argument1, void *argument2);

/* The same on CPU `target`, which is interrupted for it where it does not look by itself. */
bool sim_dpc_queue_on(struct sim_cpu *target, struct sim_dpc *dpc, void *argument1, void *argument2);

/* Runs what is queued; the CPU is at IRQL_DISPATCH.  Returns whether any ran. */
bool sim_dpc_drain(struct sim_cpu *cpu);

#endif
