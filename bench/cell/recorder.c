/* SPDX-License-Identifier: MIT */
/* The recorder; see recorder.h. */
#include "bench/cell/recorder.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/machine/delivery.h"

static const struct gap_witness no_witness;

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

/* Out of line: there has been a gap.  [begin, end) is the interval of stamps that the sample is the length of. */
static __attribute__((cold, noinline)) void mark(struct recorder_cpu *rcpu, enum metric metric, uint64_t begin, uint64_t end,
						 uint64_t ticks)
{
	if (gap_witness_hit(rcpu->machine, rcpu->index, begin, end))
		histogram_record(&rcpu->hit[metric], stamp_to_ns(&rcpu->scale, ticks));
}

/* The same for a sample that is that interval's length. */
static void mark_whole(struct recorder_cpu *rcpu, enum metric metric, uint64_t begin, uint64_t end)
{
	mark(rcpu, metric, begin, end, end - begin);
}

static inline void raise_to(uint64_t *max, uint64_t value)
{
	if (value > *max)
		*max = value;
}

/* First it was masked, then nobody noticed it, then the model published it; the ISR's latency leaves out the last. */
static __attribute__((cold, noinline)) void mark_interrupt(struct recorder_cpu *rcpu, const struct irq_event *event)
{
	uint64_t open = event->asserted + event->masked;
	uint64_t noticed = event->taken - event->model;

	mark(rcpu, METRIC_ISR_LATENCY, event->asserted, event->entered, event->entered - event->asserted - event->model);
	mark_whole(rcpu, METRIC_ISR_MASKED, event->asserted, open);
	mark_whole(rcpu, METRIC_ISR_DELIVERY, open, noticed);
	mark_whole(rcpu, METRIC_DEVICE_MODEL, noticed, event->taken);
	mark_whole(rcpu, METRIC_ISR_ACQUIRE, event->taken, event->entered);
	mark_whole(rcpu, METRIC_ISR_SERVICE, event->entered, event->left);
}

static unsigned waiting_beside(const struct sim_cpu *cpu)
{
	unsigned waiters = 0;

	for (unsigned c = 0; c < cpu->machine->cpus; c++)
		waiters += c != cpu->index && sim_waits(&cpu->machine->cpu[c]);
	return waiters;
}

/* DPCs of the CPU have run.  Interrupts write their events as well: they are kept out meanwhile. */
static void note_dpcs(struct sim_dispatch_watch *watch, struct sim_cpu *cpu, uint64_t begin, uint64_t end)
{
	struct recorder *recorder = (struct recorder *)((char *)watch - offsetof(struct recorder, watch));
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	/* relaxed: the CPU's own */
	atomic_store_explicit(&cpu->dispatch_watch, NULL, memory_order_relaxed);
	for (unsigned c = 0; c < recorder->contexts; c++) {
		struct recorder_cpu *rcpu = &recorder->cpu[c * recorder->cpus + cpu->index];

		events_note_dpcs(&rcpu->worst_interrupts, begin, end);
		events_note_dpcs(&rcpu->worst_calls, begin, end);
	}
	sim_restore(cpu, irql);
}

/*
 * A stamp that ran backwards makes no event, as it makes no sample.  Of DPCs the
 * stretch that goes on just now is awaited; or that of those which are queued, of an
 * interrupt: a call has nothing to do with them.
 */
static __attribute__((cold, noinline)) void note_worst(struct recorder *recorder, struct recorder_cpu *rcpu,
						       struct events *events, struct event *event, struct sim_cpu *cpu)
{
	if (stamp_to_ns(&rcpu->scale, event->ticks) > HISTOGRAM_HIGHEST_NS)
		return;
	event->cpu = cpu->index;
	event->waiters = waiting_beside(cpu);
	event->awaits_dpcs = cpu->dispatching || (events == &rcpu->worst_interrupts && cpu->dpc_head);
	events_insert(events, event);
	/* relaxed: the CPU's own */
	if (event->awaits_dpcs)
		atomic_store_explicit(&cpu->dispatch_watch, &recorder->watch, memory_order_relaxed);
}

static inline void note_interrupt(struct recorder *recorder, struct recorder_cpu *rcpu, struct sim_cpu *cpu,
				  const struct irq_event *event)
{
	uint64_t ticks = event->entered - event->asserted - event->model;

	windows_interrupt(&rcpu->windows, event->asserted - rcpu->begin, stamp_to_ns(&rcpu->scale, ticks));
	if (events_want(&rcpu->worst_interrupts, ticks))
		note_worst(recorder, rcpu, &rcpu->worst_interrupts,
			   &(struct event){ .ticks = ticks, .stamp = { event->asserted, event->taken, event->entered, event->left },
					    .masked = event->masked, .model = event->model, .before = event->before }, cpu);
}

static inline void note_call(struct recorder *recorder, struct recorder_cpu *rcpu, struct sim_cpu *cpu, const uint64_t stamp[4],
			     const struct access_before *before)
{
	uint64_t ticks = stamp[1] - stamp[0];

	if (events_want(&rcpu->worst_calls, ticks))
		note_worst(recorder, rcpu, &rcpu->worst_calls,
			   &(struct event){ .ticks = ticks, .stamp = { stamp[0], stamp[1], stamp[2], stamp[3] }, .before = *before }, cpu);
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
	if (__builtin_expect(gap_witness_suspects(rcpu->witness, event->asserted), 0))
		mark_interrupt(rcpu, event);
	note_interrupt((struct recorder *)probe, rcpu, cpu, event);
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

static __attribute__((cold, noinline)) void mark_call(struct recorder_cpu *rcpu, const uint64_t stamp[4], uint64_t section)
{
	mark_whole(rcpu, METRIC_SYNC_WAIT, stamp[0], stamp[1]);
	mark_whole(rcpu, METRIC_SYNC_HOLD, stamp[1], stamp[2]);
	mark_whole(rcpu, METRIC_SYNC_RELEASE, stamp[2], stamp[3]);
	if (section)
		mark_whole(rcpu, METRIC_SECTION, stamp[2] - section, stamp[2]);
}

static void record_call(struct port_probe *probe, struct sim_cpu *cpu, const uint64_t stamp[4], uint64_t section,
			const struct access_before *before)
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
	if (__builtin_expect(gap_witness_suspects(rcpu->witness, stamp[0]), 0))
		mark_call(rcpu, stamp, section);
	note_call((struct recorder *)probe, rcpu, cpu, stamp, before);
}

void recorder_io(struct recorder *recorder, unsigned cpu, uint64_t intended, uint64_t started, uint64_t completed)
{
	struct recorder_cpu *rcpu = of_caller(recorder, cpu);

	if (recorder->machine)
		sim_see(&recorder->machine->cpu[cpu], completed);
	if (!in_window(rcpu, completed))
		return;
	rcpu->ios++;
	windows_io(&rcpu->windows, completed - rcpu->begin);
	record(rcpu, METRIC_RESPONSE, completed - intended);
	record(rcpu, METRIC_SERVICE, completed - started);
	if (__builtin_expect(gap_witness_suspects(rcpu->witness, intended), 0)) {
		mark_whole(rcpu, METRIC_RESPONSE, intended, completed);
		mark_whole(rcpu, METRIC_SERVICE, started, completed);
	}
}

void recorder_bystander(struct recorder_cpu *rcpu, enum metric metric, uint64_t due, uint64_t entered)
{
	if (!in_window(rcpu, due))
		return;
	record(rcpu, metric, entered - due);
	if (__builtin_expect(gap_witness_suspects(rcpu->witness, due), 0))
		mark_whole(rcpu, metric, due, entered);
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
	if (recorder->machine)
		gap_log_open(&recorder->machine->cpu[cpu].gaps, begin, end);
}

/* Those of interrupts have samples in the first sets alone. */
static bool is_of_interrupts(enum metric metric)
{
	switch (metric) {
	case METRIC_ISR_LATENCY:
	case METRIC_ISR_MASKED:
	case METRIC_ISR_DELIVERY:
	case METRIC_ISR_ACQUIRE:
	case METRIC_ISR_SERVICE:
	case METRIC_DEVICE_MODEL:
	case METRIC_BYSTANDER_HIGH:
	case METRIC_BYSTANDER_LOW:
		return true;
	default:
		return false;
	}
}

static int init_histograms(struct recorder_cpu *rcpu, bool interrupts)
{
	int err = 0;

	for (unsigned m = 0; m < METRIC_COUNT && !err; m++) {
		if (!interrupts && is_of_interrupts((enum metric)m))
			continue;
		err = histogram_init(&rcpu->histogram[m]);
		if (!err)
			err = histogram_init_untouched(&rcpu->hit[m]);
	}
	return err;
}

int recorder_init(struct recorder *recorder, unsigned cpus, unsigned contexts)
{
	unsigned sets = cpus * contexts;
	size_t bytes = sets * sizeof(*recorder->cpu);
	int err = 0;

	*recorder = (struct recorder){
		.probe = { .interrupt = record_interrupt, .call = record_call },
		.watch = { .over = note_dpcs },
		.cpus = cpus,
		.contexts = contexts,
	};
	recorder->cpu = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!recorder->cpu)
		return -ENOMEM;
	memset(recorder->cpu, 0, bytes);
	for (unsigned c = 0; c < sets; c++) {
		recorder->cpu[c].witness = &no_witness;
		recorder->cpu[c].index = c % cpus;
	}
	for (unsigned c = 0; c < cpus; c++)
		recorder_open(recorder, c, UINT64_MAX, UINT64_MAX);
	for (unsigned c = 0; c < sets && !err; c++)
		err = init_histograms(&recorder->cpu[c], c < cpus);
	if (err)
		recorder_fini(recorder);
	return err;
}

void recorder_set_scale(struct recorder *recorder, const struct stamp_scale *scale)
{
	for (unsigned c = 0; c < recorder->cpus * recorder->contexts; c++)
		recorder->cpu[c].scale = *scale;
}

void recorder_set_machine(struct recorder *recorder, struct sim_machine *machine)
{
	recorder->machine = machine;
	for (unsigned c = 0; c < recorder->cpus * recorder->contexts; c++) {
		recorder->cpu[c].machine = machine;
		recorder->cpu[c].witness = &machine->gap_witness;
	}
}

int recorder_set_windows(struct recorder *recorder, uint64_t duration_ns)
{
	unsigned sets = recorder->cpus * recorder->contexts;
	/* More than one context a CPU is what delivery by threads has, which locks the memory. */
	uint64_t bytes = recorder->contexts > 1 ? WINDOWS_BYTES_MAX_LOCKED : WINDOWS_BYTES_MAX;
	int err = 0;

	for (unsigned c = 0; c < sets && !err; c++) {
		const struct windows_config config = { .scale = recorder->cpu[c].scale, .duration_ns = duration_ns,
						       .bytes = bytes / sets, .interrupts = c < recorder->cpus };

		err = windows_init(&recorder->cpu[c].windows, &config);
	}
	return err;
}

void recorder_fini(struct recorder *recorder)
{
	for (unsigned c = 0; c < recorder->cpus * recorder->contexts; c++) {
		windows_fini(&recorder->cpu[c].windows);
		for (unsigned m = 0; m < METRIC_COUNT; m++) {
			histogram_fini(&recorder->cpu[c].histogram[m]);
			histogram_fini(&recorder->cpu[c].hit[m]);
		}
	}
	free(recorder->cpu);
	recorder->cpu = NULL;
}

/* Most that gaps hit are empty, and then untouched; and some sets have none for interrupts. */
static void merge_one(struct histogram *into, const struct histogram *from)
{
	if (from->n || from->out_of_range)
		histogram_merge(into, from);
}

void recorder_merge_cpu(const struct recorder *recorder, unsigned cpu, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->contexts; c++)
		merge_one(into, &recorder->cpu[c * recorder->cpus + cpu].histogram[metric]);
}

void recorder_merge(const struct recorder *recorder, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->cpus; c++)
		recorder_merge_cpu(recorder, c, metric, into);
}

void recorder_merge_hit_cpu(const struct recorder *recorder, unsigned cpu, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->contexts; c++)
		merge_one(into, &recorder->cpu[c * recorder->cpus + cpu].hit[metric]);
}

void recorder_merge_hit(const struct recorder *recorder, enum metric metric, struct histogram *into)
{
	for (unsigned c = 0; c < recorder->cpus; c++)
		recorder_merge_hit_cpu(recorder, c, metric, into);
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
