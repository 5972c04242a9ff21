/* SPDX-License-Identifier: MIT */
/*
 * What the properties run on: a machine of pinned CPUs, one back end, and a
 * pulse source as the interrupt that the back end guards.
 */
#ifndef STORSYNC_BENCH_TORTURE_RIG_H
#define STORSYNC_BENCH_TORTURE_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/torture/random.h"
#include "bench/torture/torture.h"
#include "hba_sim/devices/pulse.h"
#include "hba_sim/machine/machine.h"

/* Level of the guarded interrupt; room for a lower and a higher device level. */
#define RIG_DIRQL 6

struct rig_cpu {
	_Alignas(SYNC_LINE_BYTES) struct rig *rig;
	struct sim_cpu *cpu;
	struct torture_beat *beat;
	unsigned index;
	uint64_t random;     /* sequence of what its callers do: the same for the same seed */
	uint64_t irq_random; /* of ISRs and DPCs, so that when they come does not change the callers' */
	pthread_t thread;
};

struct rig {
	struct torture_run *run;
	const struct sync_backend *backend;
	void *lock;
	void *context; /* the property's own */
	void (*body)(struct rig_cpu *self);
	struct sim_machine machine;
	struct pulse_source pulse;
	struct rig_cpu *cpu; /* one for each CPU */
	unsigned cpus;
	pthread_barrier_t pinned; /* every thread is on its core before any has a real-time priority */
	pthread_t raiser;
	_Atomic(bool) raiser_stops;
	/* The meeting point. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) arrived;
	_Atomic(uint32_t) meetings;
};

/*
 * Machine, pulse source and back end; the handler, called with `context`,
 * serves the guarded interrupt.  What cannot be set up ends the check.
 */
void rig_init(struct rig *rig, struct torture_run *run, irq_handler *handler, void *context);

/* Runs the body on every CPU's own pinned thread, started together, and waits for all of them. */
void rig_run(struct rig *rig, void (*body)(struct rig_cpu *self));

void rig_fini(struct rig *rig);

/* Wait until every CPU is here; this CPU looks at its interrupts meanwhile. */
void rig_meet(struct rig_cpu *self);

/* Interrupts arrive by themselves, some time after they fell due; they are not looked for. */
static inline bool rig_is_asynchronous(const struct rig *rig)
{
	return rig->machine.delivery != SYNC_POLL;
}

/* Interrupts that found a section running on the CPU at which they arrived; 0 under poll. */
uint64_t rig_landed(const struct rig *rig);

/*
 * Whether they can: under an asynchronous delivery, unless a section has the
 * priority of the ISR's own thread, and so keeps it from the core.
 */
static inline bool rig_can_land(const struct rig *rig)
{
	const uint32_t priority_ceiling = SYNC_SLEEPS | SYNC_CEILING;

	return rig_is_asynchronous(rig) && !(rig->machine.delivery == SYNC_THREAD &&
					     (rig->backend->capabilities & priority_ceiling) == priority_ceiling);
}

/*
 * One look at interrupts, with so many ticks of work, or idle when 0.  Whether
 * it counts for the line: not when another CPU was serving it, which keeps it
 * from this one.
 */
bool rig_look(struct rig_cpu *self, const struct irq_line *line, uint64_t work_ticks);

/* One iteration of waiting without looking at interrupts, and without counting as a spin of the back end. */
void rig_pause(struct rig_cpu *self);

static inline uint64_t rig_ticks(const struct rig *rig, uint64_t ns)
{
	return torture_ticks(rig->run, ns);
}

/* Long enough for an interrupt to arrive by itself, whatever else the machine does: past it, it is lost. */
#define RIG_ARRIVAL_NS UINT64_C(2000000000)

static inline uint64_t rig_arrival_ticks(const struct rig *rig)
{
	uint64_t lost_ns = rig->run->options->lost_ns;

	return rig_ticks(rig, lost_ns ? lost_ns : RIG_ARRIVAL_NS);
}

/* The calling CPU, in a routine or an ISR. */
static inline struct rig_cpu *rig_self(struct rig *rig)
{
	return &rig->cpu[sim_cpu_self()->index];
}

/*
 * Runs the routine exclusively: by synchronize(), or, when `apart` is set and
 * the back end has them, by enter() and leave().  The routine's answer.
 */
unsigned char rig_synchronize(struct rig_cpu *self, bool apart, sync_routine *routine, void *extension, void *context);

#endif
