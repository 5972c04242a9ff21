/* SPDX-License-Identifier: MIT */
/* The pulse source; see pulse.h. */
#include "hba_sim/devices/pulse.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "hba_sim/machine/cpu.h"
#include "hba_sim/machine/machine.h"

/* At IRQL_HIGH, so that no interrupt of this CPU wants the same lock; its spinning is no spin of the back end. */
static uint8_t lock_queue(struct pulse_queue *queue, struct sim_cpu *self)
{
	uint8_t irql = sim_raise(self, IRQL_HIGH);

	/* ORD pulse_queue:A acquire, pairs with pulse_queue:B: a CPU sees the queue as the last one left it. */
	while (atomic_exchange_explicit(&queue->held, 1, memory_order_acquire)) {
		if (self->yields)
			sched_yield();
		else
			__builtin_ia32_pause();
	}
	return irql;
}

static void unlock_queue(struct pulse_queue *queue, struct sim_cpu *self, uint8_t irql)
{
	/* ORD pulse_queue:B release, pairs with pulse_queue:A: see there. */
	atomic_store_explicit(&queue->held, 0, memory_order_release);
	/* scheduling a pulse is no safe point, the caller's next one takes it */
	sim_restore(self, irql);
}

static uint64_t next_due(const struct pulse_queue *queue)
{
	return queue->waiting ? queue->pulse[0].due : SIM_NEVER;
}

static bool pulse_advance(void *context, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct pulse_source *source = context;
	struct pulse_queue *queue = &source->queue[cpu->index];
	uint8_t irql = lock_queue(queue, cpu);
	uint64_t due = next_due(queue);

	irq_pin_reschedule(&source->line, cpu, due);
	unlock_queue(queue, cpu, irql);
	*asserted = due;
	return due <= now;
}

int pulse_init(struct pulse_source *source, struct sim_machine *machine, const char *name, uint8_t dirql,
	       irq_handler *handler, void *context)
{
	int error;

	*source = (struct pulse_source){
		.line = {
			.name = name,
			.dirql = dirql,
			.advance = pulse_advance,
			.source = source,
			.handler = handler,
			.handler_context = context,
		},
	};
	source->queue = aligned_alloc(SYNC_LINE_BYTES, machine->cpus * sizeof(*source->queue));
	if (!source->queue)
		return -ENOMEM;
	for (unsigned i = 0; i < machine->cpus; i++) {
		source->queue[i] = (struct pulse_queue){ .waiting = 0 };
		atomic_init(&source->queue[i].held, 0);
	}
	error = irq_line_connect(machine, &source->line);
	if (error)
		pulse_fini(source);
	return error;
}

void pulse_fini(struct pulse_source *source)
{
	free(source->queue);
	source->queue = NULL;
}

uint64_t pulse_schedule(struct pulse_source *source, struct sim_cpu *self, unsigned target, uint64_t due)
{
	struct pulse_queue *queue = &source->queue[target];
	uint8_t irql = lock_queue(queue, self);
	uint64_t serial = 0;
	unsigned at;

	if (queue->waiting < PULSE_QUEUE_MAX) {
		serial = ++queue->scheduled;
		for (at = queue->waiting++; at > 0 && queue->pulse[at - 1].due > due; at--)
			queue->pulse[at] = queue->pulse[at - 1];
		queue->pulse[at] = (struct pulse){ .serial = serial, .due = due };
		irq_pin_schedule(&source->line, &self->machine->cpu[target], due);
	}
	unlock_queue(queue, self, irql);
	return serial;
}

bool pulse_acknowledge(struct pulse_source *source, struct sim_cpu *self, struct pulse *pulse)
{
	struct pulse_queue *queue = &source->queue[self->serving_for];
	uint8_t irql = lock_queue(queue, self);
	bool asserted = next_due(queue) <= stamp_now();

	if (asserted) {
		*pulse = queue->pulse[0];
		queue->waiting--;
		for (unsigned i = 0; i < queue->waiting; i++)
			queue->pulse[i] = queue->pulse[i + 1];
		irq_pin_reschedule(&source->line, &self->machine->cpu[self->serving_for], next_due(queue));
	}
	unlock_queue(queue, self, irql);
	return asserted;
}

void pulse_cancel(struct pulse_source *source, struct sim_cpu *self, unsigned target)
{
	struct pulse_queue *queue = &source->queue[target];
	uint8_t irql = lock_queue(queue, self);

	queue->waiting = 0;
	irq_pin_reschedule(&source->line, &self->machine->cpu[target], SIM_NEVER);
	unlock_queue(queue, self, irql);
}

unsigned pulse_waiting(struct pulse_source *source, struct sim_cpu *self, unsigned target, struct pulse *first,
		       struct pulse *last)
{
	struct pulse_queue *queue = &source->queue[target];
	uint8_t irql = lock_queue(queue, self);
	unsigned waiting = queue->waiting;

	if (waiting) {
		*first = queue->pulse[0];
		*last = queue->pulse[waiting - 1];
	}
	unlock_queue(queue, self, irql);
	return waiting;
}
