/* SPDX-License-Identifier: MIT */
/* The simulated machine; see machine.h. */
#include "hba_sim/machine/machine.h"
#include "hba_sim/machine/delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void init_cpu(struct sim_machine *machine, unsigned index, const struct sim_machine_config *config)
{
	struct sim_cpu *cpu = &machine->cpu[index];

	atomic_init(&cpu->irql, IRQL_PASSIVE);
	atomic_init(&cpu->relaxes, 0);
	atomic_init(&cpu->due, SIM_NEVER);
	cpu->yields = config->yields;
	cpu->index = index;
	cpu->serving_for = index;
	cpu->machine = machine;
	cpu->delivery = machine->delivery;
	cpu->dpc_tail = &cpu->dpc_head;
	for (unsigned i = 0; i < SIM_LINES_MAX; i++)
		atomic_init(&cpu->pin[i].due, SIM_NEVER);
	gap_log_init(&cpu->gaps, &machine->gap_witness, stamp_from_ns(&config->scale, config->gap_threshold_ns));
}

static int init_nodes(struct sim_machine *machine, const struct sim_machine_config *config)
{
	machine->node = calloc(machine->cpus, sizeof(*machine->node));
	if (!machine->node)
		return -ENOMEM;
	machine->nodes = config->node ? config->nodes : 1;
	for (unsigned c = 0; config->node && c < machine->cpus; c++) {
		if (config->node[c] >= config->nodes)
			return -EINVAL;
		machine->node[c] = config->node[c];
	}
	return 0;
}

int sim_machine_init(struct sim_machine *machine, const struct sim_machine_config *config)
{
	size_t bytes = config->cpus * sizeof(struct sim_cpu);
	int err;

	if (!config->cpus)
		return -EINVAL;
	*machine = (struct sim_machine){
		.cpus = config->cpus,
		.scale = config->scale,
		.delivery = config->delivery ? config->delivery : SYNC_POLL,
		.has_raiser = config->has_raiser,
		.overdue_ticks = stamp_from_ns(&config->scale, DELIVERY_OVERDUE_NS),
		.gap_witness = { .skew_ticks = stamp_from_ns(&config->scale, GAP_SKEW_NS),
				 .slow_ticks = stamp_from_ns(&config->scale, GAP_SLOW_NS) },
	};
	machine->cpu = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!machine->cpu)
		return -ENOMEM;
	memset(machine->cpu, 0, bytes);
	for (unsigned i = 0; i < config->cpus; i++)
		init_cpu(machine, i, config);
	err = init_nodes(machine, config);
	if (err)
		goto free_cpus;
	err = sim_phys_init(&machine->phys, config->phys_bytes);
	if (err)
		goto free_cpus;
	err = sim_ioport_init(&machine->ioports);
	if (err)
		goto free_phys;
	return 0;

free_phys:
	sim_phys_fini(&machine->phys);
free_cpus:
	free(machine->node);
	free(machine->cpu);
	return err;
}

void sim_machine_fini(struct sim_machine *machine)
{
	sim_ioport_fini(&machine->ioports);
	sim_phys_fini(&machine->phys);
	free(machine->node);
	free(machine->cpu);
	machine->cpu = NULL;
}

struct sync_config sim_machine_sync_config(const struct sim_machine *machine, struct irq_line *line)
{
	return (struct sync_config){
		.cpus = machine->cpus,
		.dirql = line->dirql,
		.line = line,
		.node = machine->node,
		.nodes = machine->nodes,
		.delivery = machine->delivery,
	};
}

struct sim_cpu *sim_cpu_enter(struct sim_machine *machine, unsigned index)
{
	sim_cpu_current = &machine->cpu[index];
	delivery_take_priority(sim_cpu_current);
	return sim_cpu_current;
}

void sim_cpu_exit(struct sim_cpu *cpu)
{
	if (sim_cpu_current != cpu)
		return;
	delivery_drop_priority(cpu);
	sim_cpu_current = NULL;
}

static void dump_pin(const struct sim_cpu *cpu, const struct irq_line *line, FILE *out)
{
	const struct irq_pin *pin = &cpu->pin[line->index];
	uint64_t due = atomic_load_explicit(&pin->due, memory_order_relaxed);

	fprintf(out, "  cpu %u line %s: dirql %u, %s%s, taken %" PRIu64 ", deferred %" PRIu64 ", spurious %" PRIu64 "%s%s%s\n",
		cpu->index, line->name, line->dirql,
		due == SIM_NEVER ? "nothing due" : due <= stamp_now() ? "due now" : "due later",
		atomic_load_explicit(&pin->parked, memory_order_relaxed) ? ", parked by the back end" : "",
		atomic_load_explicit(&pin->taken, memory_order_relaxed), atomic_load_explicit(&pin->deferred, memory_order_relaxed),
		atomic_load_explicit(&pin->spurious, memory_order_relaxed),
		atomic_load_explicit(&line->masked, memory_order_relaxed) ? ", masked at the controller" : "",
		atomic_load_explicit(&line->remote_irr, memory_order_relaxed) ? ", in service" : "",
		atomic_load_explicit(&pin->latched, memory_order_relaxed) ? ", latched" : "");
}

void sim_machine_dump(const struct sim_machine *machine, FILE *out)
{
	for (unsigned c = 0; c < machine->cpus; c++) {
		const struct sim_cpu *cpu = &machine->cpu[c];

		fprintf(out, "  cpu %u: irql %u, %s, spin iterations %" PRIu64 ", dpcs %s, %s%s%s\n", c, sim_irql(cpu),
			atomic_load_explicit(&cpu->in_isr, memory_order_relaxed) ? "in an ISR" : "not in an ISR",
			atomic_load_explicit(&cpu->relaxes, memory_order_relaxed), cpu->dpc_head || sim_dpc_has_inbox(cpu) ? "queued" : "none",
			sim_cpu_due(cpu) == SIM_NEVER ? "nothing due" : sim_cpu_due(cpu) <= stamp_now() ? "due now" : "due later",
			atomic_load_explicit(&cpu->arriving.in_flight, memory_order_relaxed) ? ", a signal on its way" : "",
			atomic_load_explicit(&cpu->latched, memory_order_relaxed) ? ", an interrupt latched" : "");
		for (unsigned i = 0; i < machine->lines; i++)
			dump_pin(cpu, machine->line[i], out);
	}
}
