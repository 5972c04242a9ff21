/* SPDX-License-Identifier: MIT */
/*
 * Bystanders: interrupts that have nothing to do with the HBA, to show what its critical sections cost them.
 *
 * On every simulated CPU there are two sources, one at a level above the HBA's
 * and one below.  Each is an open loop: Poisson arrivals, whose schedule
 * is never moved by a late service, so a latency counts from when the interrupt
 * was due and those that queue behind a late one are late, too (G. Tene,
 * "How NOT to Measure Latency", on coordinated omission).
 */
#ifndef STORSYNC_BENCH_CELL_BYSTANDER_H
#define STORSYNC_BENCH_CELL_BYSTANDER_H

#include <stdint.h>

#include "bench/cell/recorder.h"
#include "hba_sim/devices/pulse.h"
#include "hba_sim/machine/machine.h"

#define BYSTANDER_HIGH_DIRQL 9
#define BYSTANDER_LOW_DIRQL 4

/* One source on one CPU; only that CPU's handler writes it while it is on. */
struct bystander_stream {
	_Alignas(SYNC_LINE_BYTES) uint64_t rng;
	uint64_t from; /* of the measured window; nothing is due from `until` on */
	uint64_t until;
	uint64_t late;   /* interrupts of the window that fell due before the one before them was served */
	uint64_t missed; /* interrupts of the window that were due and not served when it ended */
};

struct bystander_source {
	struct pulse_source pulse;
	struct bystander_stream *stream; /* one for each CPU */
	struct bystanders *owner;
	enum metric metric;
};

struct bystanders {
	struct recorder *recorder;
	unsigned cpus;
	uint64_t mean_gap; /* ticks; 0: there are none, and nothing else here is set up */
	struct bystander_source high;
	struct bystander_source low;
};

/*
 * Connects both sources to a machine none of whose CPUs run yet, at `hz`
 * interrupts a second each; 0 connects nothing.  0, -ENOMEM or -ENOSPC.
 */
int bystanders_init(struct bystanders *bystanders, struct sim_machine *machine, struct recorder *recorder, uint64_t hz,
		    uint64_t seed);
void bystanders_fini(struct bystanders *bystanders);

/*
 * By each CPU's own thread: on, measured in [from, until) and not scheduled
 * beyond; the same window once it is known, when they started with UINT64_MAX for
 * both; and off, whatever still waits.
 */
void bystanders_start(struct bystanders *bystanders, struct sim_cpu *cpu, uint64_t from, uint64_t until);
void bystanders_set_window(struct bystanders *bystanders, struct sim_cpu *cpu, uint64_t from, uint64_t until);
void bystanders_stop(struct bystanders *bystanders, struct sim_cpu *cpu);

/* Over all CPUs and both sources, once they are off. */
uint64_t bystanders_late(const struct bystanders *bystanders);
uint64_t bystanders_missed(const struct bystanders *bystanders);

#endif
