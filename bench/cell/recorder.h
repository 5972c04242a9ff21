/* SPDX-License-Identifier: MIT */
/*
 * The recorder: for each simulated CPU a histogram a metric, on lines that no other CPU touches.
 *
 * It is the port driver's probe.  An interrupt or a call counts when its first
 * stamp lies in the measured window, an I/O when its completion does; the rest
 * is part of warm-up or of the end.
 */
#ifndef STORSYNC_BENCH_CELL_RECORDER_H
#define STORSYNC_BENCH_CELL_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/instruments/histogram.h"
#include "bench/instruments/metric.h"
#include "hba_sim/port/port.h"

struct recorder_cpu {
	struct histogram histogram[METRIC_COUNT];
	_Alignas(SYNC_LINE_BYTES) struct stamp_scale scale;
	uint64_t begin;      /* of the window, in ticks */
	uint64_t end;
	uint64_t ios;        /* completed in the window, by this CPU */
	uint64_t calls;
	uint64_t interrupts;
	uint64_t held;       /* interrupts that fell due while IRQL, gate or lock kept them out */
	uint64_t spun;       /* of those, the ones whose ISR waited for the lock */
};

struct recorder {
	struct port_probe probe; /* first, so that the probe is the recorder */
	unsigned cpus;
	struct recorder_cpu *cpu;
};

/* 0 or -ENOMEM. */
int recorder_init(struct recorder *recorder, unsigned cpus);

/* How ticks become ns; before anything is recorded. */
void recorder_set_scale(struct recorder *recorder, const struct stamp_scale *scale);
void recorder_fini(struct recorder *recorder);

/* The window of one CPU; called by its own thread. */
void recorder_open(struct recorder_cpu *cpu, uint64_t begin, uint64_t end);

/* A completed I/O: stamps of the intended start, the actual start and the completion. */
void recorder_io(struct recorder_cpu *cpu, uint64_t intended, uint64_t started, uint64_t completed);

/* All CPUs' samples of a metric; `into` is initialized and empty. */
void recorder_merge(const struct recorder *recorder, enum metric metric, struct histogram *into);

#endif
