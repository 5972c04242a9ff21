/* SPDX-License-Identifier: MIT */
/* Bystanders; see bystander.h. */
#include "bench/cell/bystander.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/devices/service_time.h"

static uint64_t draw_gap(const struct bystanders *bystanders, struct bystander_stream *stream)
{
	const struct service_time gap = { .kind = SERVICE_EXPONENTIAL, .first = bystanders->mean_gap };

	/* At least a tick, so that an end is reached. */
	return service_time_draw(&gap, &stream->rng) + 1;
}

/* What the schedule still has for [due, by) is not going to be served. */
static void give_up(const struct bystanders *bystanders, struct bystander_stream *stream, uint64_t due, uint64_t by)
{
	if (by > stream->until)
		by = stream->until;
	for (; due < by; due += draw_gap(bystanders, stream))
		stream->missed += due >= stream->from;
}

/* The one after that which was due at `last`. */
static void schedule_next(struct bystander_source *source, struct sim_cpu *cpu, uint64_t last)
{
	struct bystander_stream *stream = &source->stream[cpu->index];
	uint64_t due = last + draw_gap(source->owner, stream);
	uint64_t now = stamp_now();

	if (now >= stream->until)
		give_up(source->owner, stream, due, now);
	if (now >= stream->until || due >= stream->until)
		return;
	stream->late += due <= now && due >= stream->from;
	pulse_schedule(&source->pulse, cpu, cpu->index, due);
}

/* Nothing here allocates, locks (but the pulse queue) or prints: it may run in the handler of a signal. */
static int serve(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct bystander_source *source = context;
	uint64_t entered = stamp_now();
	struct pulse pulse;

	sim_see(cpu, entered);
	if (!pulse_acknowledge(&source->pulse, cpu, &pulse))
		return 0;
	recorder_bystander(&source->owner->recorder->cpu[cpu->index], source->metric, pulse.due, entered - event->model);
	schedule_next(source, cpu, pulse.due);
	return 1;
}

static int init_source(struct bystander_source *source, struct bystanders *owner, struct sim_machine *machine,
		       const char *name, uint8_t dirql, uint64_t *seed)
{
	size_t bytes = machine->cpus * sizeof(*source->stream);

	source->owner = owner;
	source->stream = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!source->stream)
		return -ENOMEM;
	memset(source->stream, 0, bytes);
	for (unsigned c = 0; c < machine->cpus; c++)
		source->stream[c].rng = splitmix64(seed);
	return pulse_init(&source->pulse, machine, name, dirql, serve, source);
}

int bystanders_init(struct bystanders *bystanders, struct sim_machine *machine, struct recorder *recorder, uint64_t hz,
		    uint64_t seed)
{
	int err;

	*bystanders = (struct bystanders){
		.recorder = recorder,
		.cpus = machine->cpus,
		.mean_gap = hz ? stamp_from_ns(&machine->scale, 1000000000 / hz) : 0,
		.high.metric = METRIC_BYSTANDER_HIGH,
		.low.metric = METRIC_BYSTANDER_LOW,
	};
	if (!hz)
		return 0;
	err = init_source(&bystanders->high, bystanders, machine, "bystander-high", BYSTANDER_HIGH_DIRQL, &seed);
	if (!err)
		err = init_source(&bystanders->low, bystanders, machine, "bystander-low", BYSTANDER_LOW_DIRQL, &seed);
	if (err)
		bystanders_fini(bystanders);
	return err;
}

void bystanders_fini(struct bystanders *bystanders)
{
	pulse_fini(&bystanders->high.pulse);
	pulse_fini(&bystanders->low.pulse);
	free(bystanders->high.stream);
	free(bystanders->low.stream);
	*bystanders = (struct bystanders){ 0 };
}

static void start(struct bystander_source *source, struct sim_cpu *cpu, uint64_t from, uint64_t until)
{
	struct bystander_stream *stream = &source->stream[cpu->index];

	stream->from = from;
	stream->until = until;
	pulse_schedule(&source->pulse, cpu, cpu->index, stamp_now() + draw_gap(source->owner, stream));
}

void bystanders_start(struct bystanders *bystanders, struct sim_cpu *cpu, uint64_t from, uint64_t until)
{
	if (!bystanders->mean_gap)
		return;
	start(&bystanders->high, cpu, from, until);
	start(&bystanders->low, cpu, from, until);
}

void bystanders_set_window(struct bystanders *bystanders, struct sim_cpu *cpu, uint64_t from, uint64_t until)
{
	struct bystander_stream *streams[2];
	uint8_t irql;

	if (!bystanders->mean_gap)
		return;
	streams[0] = &bystanders->high.stream[cpu->index];
	streams[1] = &bystanders->low.stream[cpu->index];
	/* At the highest level, so that no handler finds half of it. */
	irql = sim_raise(cpu, IRQL_HIGH);
	for (unsigned i = 0; i < 2; i++) {
		streams[i]->from = from;
		streams[i]->until = until;
	}
	sim_lower(cpu, irql);
}

static void stop(struct bystander_source *source, struct sim_cpu *cpu)
{
	struct bystander_stream *stream = &source->stream[cpu->index];
	uint64_t now = stamp_now();
	struct pulse first, last;

	/* At the highest level, so that no handler schedules another between the two. */
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (pulse_waiting(&source->pulse, cpu, cpu->index, &first, &last)) {
		pulse_cancel(&source->pulse, cpu, cpu->index);
		give_up(source->owner, stream, first.due, now);
	}
	stream->until = 0;
	sim_lower(cpu, irql);
}

void bystanders_stop(struct bystanders *bystanders, struct sim_cpu *cpu)
{
	if (!bystanders->mean_gap)
		return;
	stop(&bystanders->high, cpu);
	stop(&bystanders->low, cpu);
}

static uint64_t sum(const struct bystanders *bystanders, size_t offset)
{
	uint64_t total = 0;

	for (unsigned c = 0; bystanders->mean_gap && c < bystanders->cpus; c++) {
		total += *(const uint64_t *)((const char *)&bystanders->high.stream[c] + offset);
		total += *(const uint64_t *)((const char *)&bystanders->low.stream[c] + offset);
	}
	return total;
}

uint64_t bystanders_late(const struct bystanders *bystanders)
{
	return sum(bystanders, offsetof(struct bystander_stream, late));
}

uint64_t bystanders_missed(const struct bystanders *bystanders)
{
	return sum(bystanders, offsetof(struct bystander_stream, missed));
}
