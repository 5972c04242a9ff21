/* SPDX-License-Identifier: MIT */
/*
 * The random load under which most properties are checked.
 *
 * Every CPU alternates between storms of short sections, a mixture, and long
 * pauses; callers run at PASSIVE and DISPATCH, DPCs call as well, and pulses
 * fall due inside sections, on the caller's own CPU and on others.  What is
 * checked comes from a property's hooks.
 *
 * A back end may run a routine, or an ISR, on another CPU than the one that
 * called or was interrupted.  Who is inside, and how long it stays, is the
 * running CPU's: its mark, its counts, its sequence for ISRs.  A section, and
 * the sequence it draws from, are the caller's; an interrupt is its target's.
 *
 * The load comes in legs.  At the end of one the CPUs meet, stop calling and
 * let everything that is due be served.
 */
#ifndef STORSYNC_BENCH_TORTURE_LOAD_H
#define STORSYNC_BENCH_TORTURE_LOAD_H

#include "bench/torture/rig.h"
#include "bench/torture/witness.h"
#include "hba_sim/machine/dpc.h"

enum load_role {
	LOAD_CALLER,
	LOAD_DPC,
	LOAD_ISR,
};

const char *load_role_name(unsigned role);

/* What has happened on one CPU; written by it, read by others while it runs. */
enum load_count {
	LOAD_SECTIONS,
	LOAD_INTERRUPTS,
	LOAD_DUE_OWN,   /* pulses that fell due for the caller's own CPU while its section ran */
	LOAD_DUE_OTHER, /* the same, for another CPU */
	LOAD_CONTENDED, /* sections begun while another CPU was inside */
	LOAD_DPCS,
	LOAD_COUNTS,
};

struct load_cpu {
	_Alignas(SYNC_LINE_BYTES) struct load *load;
	struct rig_cpu *rig;
	_Atomic(uint64_t) count[LOAD_COUNTS];
	struct sim_dpc dpc;
	bool quiet; /* the load is over: nothing new is begun */
	_Atomic(bool) in_service; /* service() has not returned yet */
	/*
	 * The interrupt of this CPU that is being served: by the CPU itself until
	 * service() returns, then, when it was handed over, by the one that runs it.
	 */
	_Atomic(bool) serving;
	unsigned isr_runs;
	unsigned isr_runs_for_nothing; /* with no pulse to acknowledge */
	uint32_t message;
	unsigned char isr_answer;
};

/* One run of a routine. */
struct load_section {
	struct load_cpu *self;
	const void *extension; /* what the routine was called with; NULL when it was not */
	enum load_role role;
	uint64_t work_ticks;
	bool pulse; /* schedule one, for CPU `target`, that falls due so many ticks after entry */
	unsigned target;
	uint64_t due_ticks;
	unsigned char answer;
};

/* NULL where a property has nothing to say.  A violation ends the check. */
struct load_hooks {
	/* A section or an ISR, run by `self`, is not alone inside: `mark` says whom it met, 0 when that one has gone. */
	void (*not_alone)(struct load_cpu *self, enum load_role role, uint64_t mark);
	/* synchronize() has returned this. */
	void (*synchronized)(struct load_cpu *self, const struct load_section *section, unsigned char answer);
	/* The ISR was called with these, for an interrupt of `self`. */
	void (*isr_called)(struct load_cpu *self, const void *extension, uint32_t message);
	/* An interrupt of `self` is over, or deferred: service() has returned this, or the ISR that was handed over has. */
	void (*served)(struct load_cpu *self, int answer);
	/* A leg is over: nobody calls, everybody has looked often enough. */
	void (*settled)(struct load_cpu *self);
	/* A leg is a handful of sections. */
	bool short_legs;
	/* On several CPUs, the load goes on for longer, within reason, until there were so many sections. */
	uint64_t sections_wanted;
};

/* Counted looks of an idle CPU after the last pulse fell due; an open back end lets an interrupt through at the first. */
#define LOAD_LOOKS 64

struct load {
	struct rig rig;
	const struct load_hooks *hooks;
	struct load_cpu *cpu;
	struct witness witness;
	_Atomic(bool) over;
};

void load_init(struct load *load, struct torture_run *run, const struct load_hooks *hooks);

/*
 * Runs the load until the time is up and what it is there for has happened,
 * or patience is over; then says that the property holds, or what has not happened.
 */
_Noreturn void load_run(struct load *load);

/*
 * Once nobody calls any more: this CPU's ISR was handed over to nobody.  It is
 * not over, and no CPU is in the back end that could still run it; none can
 * come, either, as the line is in service for this one.
 */
bool load_left_behind(const struct load_cpu *self);

/* --- between load.c and load_run.c --- */

enum load_mood {
	LOAD_STORM, /* next to no time inside, none between: as many acquisitions as possible */
	LOAD_MIXED,
	LOAD_SPARSE,
	LOAD_MOODS,
};

/* Sections, pauses and pulses on the calling CPU. */
void load_burst(struct load_cpu *self, enum load_mood mood, unsigned sections);

/* Serves the guarded interrupt; is told when one that was handed over is over. */
irq_handler load_handle;
irq_handed_over_done load_handed_over_done;
sim_dpc_routine load_dpc;

#endif
