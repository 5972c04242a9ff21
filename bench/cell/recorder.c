/* SPDX-License-Identifier: MIT */
/* The recorder; see recorder.h. */
#include "bench/cell/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct recorder_cpu *of(struct port_probe *probe, const struct sim_cpu *cpu)
{
	return &((struct recorder *)probe)->cpu[cpu->index];
}

static inline bool in_window(const struct recorder_cpu *rcpu, uint64_t stamp)
{
	return stamp >= rcpu->begin && stamp < rcpu->end;
}

static inline void record(struct recorder_cpu *rcpu, enum metric metric, uint64_t ticks)
{
	histogram_record(&rcpu->histogram[metric], stamp_to_ns(&rcpu->scale, ticks));
}

static void record_interrupt(struct port_probe *probe, struct sim_cpu *cpu, const struct irq_event *event)
{
	struct recorder_cpu *rcpu = of(probe, cpu);
	uint64_t delivery = event->taken - event->asserted - event->masked - event->model;
	uint64_t acquire = event->entered - event->taken;

	if (!in_window(rcpu, event->asserted))
		return;
	rcpu->interrupts++;
	rcpu->held += event->masked || event->spun;
	rcpu->spun += event->spun;
	record(rcpu, METRIC_ISR_LATENCY, event->masked + delivery + acquire);
	record(rcpu, METRIC_ISR_MASKED, event->masked);
	record(rcpu, METRIC_ISR_DELIVERY, delivery);
	record(rcpu, METRIC_ISR_ACQUIRE, acquire);
	record(rcpu, METRIC_ISR_SERVICE, event->left - event->entered);
	record(rcpu, METRIC_DEVICE_MODEL, event->model);
}

static void record_call(struct port_probe *probe, struct sim_cpu *cpu, const uint64_t stamp[4], uint64_t section)
{
	struct recorder_cpu *rcpu = of(probe, cpu);

	if (!in_window(rcpu, stamp[0]))
		return;
	rcpu->calls++;
	record(rcpu, METRIC_SYNC_WAIT, stamp[1] - stamp[0]);
	record(rcpu, METRIC_SYNC_HOLD, stamp[2] - stamp[1]);
	record(rcpu, METRIC_SYNC_RELEASE, stamp[3] - stamp[2]);
	if (section)
		record(rcpu, METRIC_SECTION, section);
}

void recorder_io(struct recorder_cpu *rcpu, uint64_t intended, uint64_t started, uint64_t completed)
{
	if (!in_window(rcpu, completed))
		return;
	rcpu->ios++;
	record(rcpu, METRIC_RESPONSE, completed - intended);
	record(rcpu, METRIC_SERVICE, completed - started);
}

void recorder_open(struct recorder_cpu *rcpu, uint64_t begin, uint64_t end)
{
	rcpu->begin = begin;
	rcpu->end = end;
}

int recorder_init(struct recorder *recorder, unsigned cpus)
{
	size_t bytes = cpus * sizeof(*recorder->cpu);
	int err = 0;

	*recorder = (struct recorder){ .probe = { .interrupt = record_interrupt, .call = record_call }, .cpus = cpus };
	recorder->cpu = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!recorder->cpu)
		return -ENOMEM;
	memset(recorder->cpu, 0, bytes);
	for (unsigned c = 0; c < cpus && !err; c++) {
		recorder_open(&recorder->cpu[c], UINT64_MAX, UINT64_MAX);
		for (unsigned m = 0; m < METRIC_COUNT && !err; m++)
			err = histogram_init(&recorder->cpu[c].histogram[m]);
	}
	if (err)
		recorder_fini(recorder);
	return err;
}

void recorder_set_scale(struct recorder *recorder, const struct stamp_scale *scale)
{
	for (unsigned c = 0; c < recorder->cpus; c++)
		recorder->cpu[c].scale = *scale;
}

void recorder_fini(struct recorder *recorder)
{
	for (unsigned c = 0; c < recorder->cpus; c++) {
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			histogram_fini(&recorder->cpu[c].histogram[m]);
	}
	free(recorder->cpu);
	recorder->cpu = NULL;
}

void recorder_merge(const struct recorder *recorder, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->cpus; c++)
		histogram_merge(into, &recorder->cpu[c].histogram[metric]);
}
