/* SPDX-License-Identifier: MIT */
/*
 * What the loops of `storsync micro` run on: a machine with a line that never
 * asserts, and one back end or peer on it; and the two-CPU loop.
 */
#ifndef STORSYNC_BENCH_MICRO_MICRO_RIG_H
#define STORSYNC_BENCH_MICRO_MICRO_RIG_H

#include "bench/gbench/gbench.h"
#include "bench/micro/micro_cases.h"
#include "bench/instruments/noise.h"
#include "hba_sim/machine/machine.h"

#define MICRO_RIG_DIRQL 5

struct micro_rig {
	struct sim_machine machine; /* of as many CPUs as the case has threads */
	struct irq_line line;
	const struct sync_backend *ops;
	void *lock;
};

/* Returns 0 or -errno.  The rig must not move: the machine points into it. */
int micro_rig_init(struct micro_rig *rig, const struct micro_case *c);
void micro_rig_fini(struct micro_rig *rig);

/* The calling thread becomes CPU `index`, or NULL and *err is -errno when the back end cannot take it. */
struct sim_cpu *micro_rig_online(struct micro_rig *rig, unsigned index, int *err);
void micro_rig_offline(struct micro_rig *rig, struct sim_cpu *cpu);

/* Sets the counter "cpu_lost_frac" to the worst of the `count` witnesses, or not at all when one does not know. */
void micro_report_lost(struct gbench_state *state, const struct noise_witness *const *witness, unsigned count);

/* MICRO_TWO_THREAD, as micro_case_run. */
double micro_run_duel(struct gbench_state *state, const struct micro_case *c, uint64_t n);

#endif
