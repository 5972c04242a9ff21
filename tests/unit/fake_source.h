/* SPDX-License-Identifier: MIT */
/*
 * The least interrupt source there is, and a machine for it, for the tests of
 * the simulated machine: a due stamp for each CPU, which a handler takes down.
 *
 * Ticks are called nanoseconds here: no test depends on how long one is.
 */
#ifndef STORSYNC_TESTS_UNIT_FAKE_SOURCE_H
#define STORSYNC_TESTS_UNIT_FAKE_SOURCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hba_sim/devices/device.h"
#include "hba_sim/machine/machine.h"

#define FAKE_CPUS 3
#define FAKE_PHYS_BYTES (1u << 20)

struct fake_source {
	struct sim_device pci;
	_Atomic(uint64_t) due[FAKE_CPUS];
	uint64_t publish_ticks; /* what the next look at the source takes */
	bool withhold;          /* nothing is asserted, whatever is due */
};

static inline struct stamp_scale fake_scale(void)
{
	struct stamp_scale scale;

	assert_int_equal(stamp_scale_set(&scale, 1, 1), 0);
	return scale;
}

static inline void fake_machine_init(struct sim_machine *machine, unsigned cpus, bool yields)
{
	struct sim_machine_config config = { .cpus = cpus, .yields = yields, .phys_bytes = FAKE_PHYS_BYTES,
					     .scale = fake_scale() };

	assert_int_equal(sim_machine_init(machine, &config), 0);
}

/* Lets the counter go on by at least `ticks`, with no safe point; returns a stamp not before that. */
static inline uint64_t fake_pass(uint64_t ticks)
{
	uint64_t until = stamp_now() + ticks;
	uint64_t now;

	while ((now = stamp_now()) < until)
		;
	return now;
}

static inline bool fake_advance(void *context, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct fake_source *source = context;
	uint64_t due = atomic_load_explicit(&source->due[cpu->index], memory_order_relaxed);

	if (source->publish_ticks) {
		fake_pass(source->publish_ticks);
		source->publish_ticks = 0;
	}
	if (source->withhold)
		due = SIM_NEVER;
	irq_pin_reschedule(&source->pci.line, cpu, due);
	*asserted = due;
	return due <= now;
}

static inline void fake_connect(struct fake_source *source, struct sim_machine *machine, const char *name, uint8_t dirql,
				irq_handler *handler, void *context)
{
	memset(source, 0, sizeof(*source));
	source->pci.line = (struct irq_line){ .name = name, .dirql = dirql, .advance = fake_advance, .source = source,
					  .handler = handler, .handler_context = context };
	for (unsigned c = 0; c < FAKE_CPUS; c++)
		atomic_init(&source->due[c], SIM_NEVER);
	assert_int_equal(irq_line_connect(machine, &source->pci.line), 0);
}

/* The line goes up towards `cpu` at stamp `when`. */
static inline void fake_raise(struct fake_source *source, struct sim_cpu *cpu, uint64_t when)
{
	atomic_store_explicit(&source->due[cpu->index], when, memory_order_relaxed);
	irq_pin_schedule(&source->pci.line, cpu, when);
}

static inline void fake_drop(struct fake_source *source, const struct sim_cpu *cpu)
{
	atomic_store_explicit(&source->due[cpu->index], SIM_NEVER, memory_order_relaxed);
}

#endif
