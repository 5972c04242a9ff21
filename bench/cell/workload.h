/* SPDX-License-Identifier: MIT */
/*
 * What a CPU submits next, and when: the closed loop, an open loop, or its share of a trace.
 *
 * Without a trace every slot writes and reads a region of its own, so that the
 * ledger's check of every read is exact.  A trace's records go to the CPUs in
 * turn.  The closed loop, and a trace at speed `max`, submit as soon as there is
 * a slot; the others when something arrives, and what is late keeps the
 * schedule.
 */
#ifndef STORSYNC_BENCH_CELL_WORKLOAD_H
#define STORSYNC_BENCH_CELL_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

struct cell;
struct cell_cpu;
struct cell_io;

/* Blocks of a closed-loop slot's region: one chunk of the LUN. */
#define WORKLOAD_REGION_BLOCKS 128u

/* The largest transfer and the LUN sizes that the workload needs. */
uint32_t workload_max_bytes(const struct cell *cell);
uint64_t workload_lun_blocks(const struct cell *cell);
unsigned workload_luns(const struct cell *cell);

/* The load begins at that stamp. */
void workload_start(struct cell_cpu *cpu, uint64_t start);

/* Fills in `io` for a submission at `now`; false when there is none (yet). */
bool workload_next(struct cell_cpu *cpu, struct cell_io *io, uint64_t now);

/* Whether the CPU has submitted all that it ever will; never true without a trace. */
bool workload_exhausted(const struct cell_cpu *cpu);

#endif
