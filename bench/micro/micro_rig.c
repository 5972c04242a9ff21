/* SPDX-License-Identifier: MIT */
/* The machine under the loops of `storsync micro`; see micro_rig.h. */
#include "bench/micro/micro_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/machine/delivery.h"

#define PHYS_BYTES 4096

static bool never_asserted(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	return false;
}

static int never_served(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	return 0;
}

static void *allocate_lock(size_t bytes)
{
	size_t rounded = (bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES * SYNC_LINE_BYTES;
	void *lock = aligned_alloc(SYNC_LINE_BYTES, rounded);

	return lock ? memset(lock, 0, rounded) : NULL;
}

int micro_rig_init(struct micro_rig *rig, const struct micro_case *c)
{
	struct sim_machine_config machine = {
		.cpus = micro_kind_threads(c->kind),
		.phys_bytes = PHYS_BYTES,
		.scale = c->bench->scale,
		.delivery = micro_delivery(c->ops),
	};
	struct sync_config config;
	int err = sim_machine_init(&rig->machine, &machine);

	if (err)
		return err;
	rig->line = (struct irq_line){
		.name = "idle", .dirql = MICRO_RIG_DIRQL, .advance = never_asserted, .handler = never_served,
	};
	rig->ops = c->ops;
	rig->lock = allocate_lock(c->ops->lock_bytes);
	err = rig->lock ? irq_line_connect(&rig->machine, &rig->line) : -ENOMEM;
	if (!err) {
		config = sim_machine_sync_config(&rig->machine, &rig->line);
		err = c->ops->init(rig->lock, &config);
	}
	if (err) {
		free(rig->lock);
		sim_machine_fini(&rig->machine);
	}
	return err;
}

void micro_rig_fini(struct micro_rig *rig)
{
	if (rig->ops->fini)
		rig->ops->fini(rig->lock);
	free(rig->lock);
	sim_machine_fini(&rig->machine);
}

struct sim_cpu *micro_rig_online(struct micro_rig *rig, unsigned index, int *err)
{
	struct sim_cpu *cpu = sim_cpu_enter(&rig->machine, index);

	*err = rig->ops->online ? rig->ops->online(rig->lock, cpu) : 0;
	if (!*err)
		*err = sim_cpu_start_delivery(cpu);
	if (!*err)
		return cpu;
	sim_cpu_exit(cpu);
	return NULL;
}

void micro_rig_offline(struct micro_rig *rig, struct sim_cpu *cpu)
{
	sim_cpu_stop_delivery(cpu);
	if (rig->ops->offline)
		rig->ops->offline(rig->lock, cpu);
	sim_cpu_exit(cpu);
}

void micro_report_lost(struct gbench_state *state, const struct noise_witness *const *witness, unsigned count)
{
	double worst = 0;
	double fraction;

	for (unsigned i = 0; i < count; i++) {
		if (!noise_cpu_lost_frac(&witness[i]->grown, &fraction))
			return;
		worst = fraction > worst ? fraction : worst;
	}
	gbench_set_counter(state, "cpu_lost_frac", worst);
}
