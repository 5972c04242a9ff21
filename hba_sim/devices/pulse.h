/* SPDX-License-Identifier: MIT */
/*
 * A pulse source: the least device that interrupts, for checks of the back ends and as a bystander.
 *
 * Any CPU asks for a pulse at a target CPU, due at some stamp.  The line is
 * level-triggered: it stays asserted towards the target from the earliest due
 * stamp on, until the ISR acknowledges that pulse.  Each acknowledgement takes
 * exactly one pulse, in the order of the due stamps, so one interrupt is one
 * pulse, and an ISR that finds none to acknowledge has been run once too often.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_PULSE_H
#define STORSYNC_HBA_SIM_DEVICES_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/intc.h"
#include "hba_sim/machine/sync_ops.h"

struct sim_cpu;
struct sim_machine;

/* Pulses that may wait for one CPU. */
#define PULSE_QUEUE_MAX 32

struct pulse {
	uint64_t serial; /* from 1, of the target CPU */
	uint64_t due;    /* stamp at which it is asserted */
};

/* What waits for one target CPU, earliest first. */
struct pulse_queue {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) held; /* the lock over the rest, and over the pin's schedule */
	unsigned waiting;
	uint64_t scheduled;
	struct pulse pulse[PULSE_QUEUE_MAX];
};

struct pulse_source {
	struct irq_line line;
	struct pulse_queue *queue; /* one for each CPU */
};

/*
 * Connects the line, at the level `dirql`, to a machine none of whose CPUs run
 * yet; the handler serves its interrupts.  0, -ENOMEM or -ENOSPC.
 */
int pulse_init(struct pulse_source *source, struct sim_machine *machine, const char *name, uint8_t dirql,
	       irq_handler *handler, void *context);
void pulse_fini(struct pulse_source *source);

/* A pulse for CPU `target` at stamp `due`; `self` is the calling CPU, at any IRQL.  Its serial, or 0 when the queue is full. */
uint64_t pulse_schedule(struct pulse_source *source, struct sim_cpu *self, unsigned target, uint64_t due);

/* For the ISR: takes the pulse that is asserted towards the CPU whose interrupt the calling one serves; false when none is. */
bool pulse_acknowledge(struct pulse_source *source, struct sim_cpu *self, struct pulse *pulse);

/* Takes back every pulse that waits for CPU `target`; the line is not asserted towards it any more. */
void pulse_cancel(struct pulse_source *source, struct sim_cpu *self, unsigned target);

/* How many pulses wait for CPU `target`, due or not; the earliest and the last of them, when there are any. */
unsigned pulse_waiting(struct pulse_source *source, struct sim_cpu *self, unsigned target, struct pulse *first,
		       struct pulse *last);

#endif
