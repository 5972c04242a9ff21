/* SPDX-License-Identifier: MIT */
/* The recorder; see recorder.h. */
#include "bench/cell/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/machine/delivery.h"

/* What interrupts of a CPU go to. */
static struct recorder_cpu *of_interrupts(struct port_probe *probe, const struct sim_cpu *cpu)
{
	return &((struct recorder *)probe)->cpu[cpu->index];
}

/* What calls and I/Os of the calling thread go to. */
static struct recorder_cpu *of_caller(struct recorder *recorder, unsigned cpu)
{
	return &recorder->cpu[sim_cpu_context() * recorder->cpus + cpu];
}

static inline bool in_window(const struct recorder_cpu *rcpu, uint64_t stamp)
{
	return stamp >= rcpu->begin && stamp < rcpu->end;
}

static inline void record(struct recorder_cpu *rcpu, enum metric metric, uint64_t ticks)
{
	histogram_record(&rcpu->histogram[metric], stamp_to_ns(&rcpu->scale, ticks));
}

static inline void raise_to(uint64_t *max, uint64_t value)
{
	if (value > *max)
		*max = value;
}

static void record_interrupt(struct port_probe *probe, struct sim_cpu *cpu, const struct irq_event *event)
{
	struct recorder_cpu *rcpu = of_interrupts(probe, cpu);
	uint64_t delivery = event->taken - event->asserted - event->masked - event->model;
	uint64_t acquire = event->entered - event->taken;

	rcpu->taken[rcpu->taken_at++ % RECORDER_TAKEN] = event->taken;
	if (event->left >= rcpu->begin && event->asserted < rcpu->end)
		raise_to(&rcpu->isr_held_max, event->left - event->entered);
	if (!in_window(rcpu, event->asserted))
		return;
	raise_to(&rcpu->isr_blocked_max, event->masked + acquire);
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

/*
 * When access was released at the latest.  Stamp 3 is taken when the IRQL has
 * fallen and the interrupts that waited for that have run; the first of them was
 * taken when access had been released.
 */
static uint64_t release_end(const struct recorder_cpu *interrupts, const uint64_t stamp[4])
{
	uint64_t end = stamp[3];

	for (unsigned i = 0; i < RECORDER_TAKEN; i++) {
		if (interrupts->taken[i] > stamp[2] && interrupts->taken[i] < end)
			end = interrupts->taken[i];
	}
	return end;
}

static void record_call(struct port_probe *probe, struct sim_cpu *cpu, const uint64_t stamp[4], uint64_t section)
{
	struct recorder_cpu *rcpu = of_caller((struct recorder *)probe, cpu->index);

	if (stamp[3] >= rcpu->begin && stamp[0] < rcpu->end && stamp[3] >= stamp[1])
		raise_to(&rcpu->call_held_max, release_end(of_interrupts(probe, cpu), stamp) - stamp[1]);
	if (!in_window(rcpu, stamp[0]))
		return;
	rcpu->calls++;
	record(rcpu, METRIC_SYNC_WAIT, stamp[1] - stamp[0]);
	record(rcpu, METRIC_SYNC_HOLD, stamp[2] - stamp[1]);
	record(rcpu, METRIC_SYNC_RELEASE, stamp[3] - stamp[2]);
	if (section)
		record(rcpu, METRIC_SECTION, section);
}

void recorder_io(struct recorder *recorder, unsigned cpu, uint64_t intended, uint64_t started, uint64_t completed)
{
	struct recorder_cpu *rcpu = of_caller(recorder, cpu);

	if (!in_window(rcpu, completed))
		return;
	rcpu->ios++;
	record(rcpu, METRIC_RESPONSE, completed - intended);
	record(rcpu, METRIC_SERVICE, completed - started);
}

void recorder_bystander(struct recorder_cpu *rcpu, enum metric metric, uint64_t due, uint64_t entered)
{
	if (in_window(rcpu, due))
		record(rcpu, metric, entered - due);
}

void recorder_open(struct recorder *recorder, unsigned cpu, uint64_t begin, uint64_t end)
{
	for (unsigned c = 0; c < recorder->contexts; c++) {
		struct recorder_cpu *rcpu = &recorder->cpu[c * recorder->cpus + cpu];

		rcpu->end = end;
		/* An interrupt between the two must not find a window without an end. */
		atomic_signal_fence(memory_order_seq_cst);
		rcpu->begin = begin;
	}
}

int recorder_init(struct recorder *recorder, unsigned cpus, unsigned contexts)
{
	unsigned sets = cpus * contexts;
	size_t bytes = sets * sizeof(*recorder->cpu);
	int err = 0;

	*recorder = (struct recorder){
		.probe = { .interrupt = record_interrupt, .call = record_call },
		.cpus = cpus,
		.contexts = contexts,
	};
	recorder->cpu = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!recorder->cpu)
		return -ENOMEM;
	memset(recorder->cpu, 0, bytes);
	for (unsigned c = 0; c < cpus; c++)
		recorder_open(recorder, c, UINT64_MAX, UINT64_MAX);
	for (unsigned c = 0; c < sets && !err; c++) {
		for (unsigned m = 0; m < METRIC_COUNT && !err; m++)
			err = histogram_init(&recorder->cpu[c].histogram[m]);
	}
	if (err)
		recorder_fini(recorder);
	return err;
}

void recorder_set_scale(struct recorder *recorder, const struct stamp_scale *scale)
{
	for (unsigned c = 0; c < recorder->cpus * recorder->contexts; c++)
		recorder->cpu[c].scale = *scale;
}

void recorder_fini(struct recorder *recorder)
{
	for (unsigned c = 0; c < recorder->cpus * recorder->contexts; c++) {
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			histogram_fini(&recorder->cpu[c].histogram[m]);
	}
	free(recorder->cpu);
	recorder->cpu = NULL;
}

void recorder_merge_cpu(const struct recorder *recorder, unsigned cpu, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->contexts; c++)
		histogram_merge(into, &recorder->cpu[c * recorder->cpus + cpu].histogram[metric]);
}

void recorder_merge(const struct recorder *recorder, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->cpus; c++)
		recorder_merge_cpu(recorder, c, metric, into);
}

void recorder_total(const struct recorder *recorder, struct recorder_totals *totals)
{
	*totals = (struct recorder_totals){ 0 };
	for (unsigned c = 0; c < recorder->cpus * recorder->contexts; c++) {
		const struct recorder_cpu *rcpu = &recorder->cpu[c];

		totals->ios += rcpu->ios;
		totals->calls += rcpu->calls;
		totals->interrupts += rcpu->interrupts;
		totals->held += rcpu->held;
		raise_to(&totals->held_max, rcpu->call_held_max);
		raise_to(&totals->held_max, rcpu->isr_held_max);
		raise_to(&totals->isr_blocked_max, rcpu->isr_blocked_max);
	}
}
