/* SPDX-License-Identifier: MIT */
/* What `anywhere` runs on; see anywhere_rig.h. */
#include "bench/torture/anywhere_rig.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/machine/delivery.h"
#include "hba_sim/miniports/miniports.h"

#define PHYS_BYTES (1u << 20)
#define LUN_BLOCKS 64
#define BLOCK_BYTES 512
/* Serial of all blocks. */
#define SERIAL 7

static void on_complete(struct port_request *request, struct sim_cpu *cpu)
{
	_Atomic(unsigned) *completions = request->owner;

	/* relaxed: only whether it was once */
	atomic_fetch_add_explicit(completions, 1, memory_order_relaxed);
}

static int handle_pulse(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct anywhere_bystander *bystander = context;
	struct pulse pulse;

	if (!pulse_acknowledge(&bystander->pulse, cpu, &pulse))
		return 0;
	/* relaxed: a counter */
	atomic_fetch_add_explicit(&bystander->served, 1, memory_order_relaxed);
	return 1;
}

static int init_lun(struct anywhere_rig *rig)
{
	const struct lun_config config = { .blocks = LUN_BLOCKS, .block_bytes = BLOCK_BYTES, .mode = LUN_DATA_STAMP };
	static char blocks[LUN_BLOCKS * BLOCK_BYTES];
	const struct sim_iov iov = { blocks, sizeof(blocks) };
	int err = lun_create(&rig->lun, &config);

	if (!err)
		err = scsi_target_create(&rig->target);
	if (!err)
		err = scsi_target_attach(rig->target, 0, rig->lun);
	if (err)
		return err;
	block_stamp_fill(&iov, 1, 0, 0, LUN_BLOCKS, SERIAL, LUN_DATA_STAMP);
	return lun_write(rig->lun, 0, LUN_BLOCKS, &iov, 1);
}

static int init_hba(struct anywhere_rig *rig, const struct anywhere_subject *subject)
{
	const struct device_params params = { .target = rig->target, .service = { .kind = SERVICE_FIXED }, .transport = subject->transport,
					      .event_index = subject->event_index, .indirect = subject->event_index };

	rig->model = device_model_find(subject->device);
	rig->hba = aligned_alloc(SYNC_LINE_BYTES, (rig->model->bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES * SYNC_LINE_BYTES);
	return rig->hba ? rig->model->init(rig->hba, &rig->machine, &params, ANYWHERE_DIRQL) : -ENOMEM;
}

static int init_machine(struct anywhere_rig *rig, const struct anywhere_subject *subject)
{
	const struct sim_machine_config machine = { .cpus = 1, .phys_bytes = PHYS_BYTES, .scale = rig->run->host->scale,
						    .delivery = SYNC_SIGNAL, .has_raiser = true };
	int err = sim_machine_init(&rig->machine, &machine);

	if (err)
		return err;
	/* However long a step takes, the CPU does not notice by itself. */
	rig->machine.overdue_ticks = SIM_NEVER;
	err = init_hba(rig, subject);
	if (!err)
		err = pulse_init(&rig->bystander[0].pulse, &rig->machine, "low", ANYWHERE_LOW_DIRQL, handle_pulse, &rig->bystander[0]);
	if (!err)
		err = pulse_init(&rig->bystander[1].pulse, &rig->machine, "high", ANYWHERE_HIGH_DIRQL, handle_pulse, &rig->bystander[1]);
	return err;
}

static void start_adapter(struct anywhere_rig *rig, const char *argument)
{
	const struct adapter_config config = { .backend = rig->run->check->backend, .device = rig->hba,
					       .channels = 1, .argument = argument };
	char error[256];

	if (adapter_start(&rig->adapter, &rig->machine, miniport_find(rig->model->miniport), &config, error, sizeof(error)))
		torture_failed(rig->run, "the adapter: %s", error);
	for (unsigned i = 0; i < ANYWHERE_REQUESTS; i++) {
		rig->request[i] = port_request_alloc(&rig->adapter, BLOCK_BYTES);
		if (!rig->request[i])
			torture_failed(rig->run, "no physical memory for requests");
	}
}

static void start_cpu(struct anywhere_rig *rig)
{
	struct torture_run *run = rig->run;
	int err = placement_pin_self(run->host->topology, &run->placement.cpu[0]);

	if (err)
		torture_failed(run, "pinning the CPU: %s", strerror(-err));
	rig->cpu = sim_cpu_enter(&rig->machine, 0);
	err = adapter_cpu_online(&rig->adapter, rig->cpu);
	if (err)
		torture_failed(run, "the back end's online: %s", strerror(-err));
	err = sim_cpu_start_delivery(rig->cpu);
	if (err)
		torture_failed(run, "signal delivery: %s", strerror(-err));
}

void anywhere_rig_init(struct anywhere_rig *rig, struct torture_run *run, const struct anywhere_subject *subject)
{
	int err;

	memset(rig, 0, sizeof(*rig));
	rig->run = run;
	err = init_lun(rig);
	if (!err)
		err = init_machine(rig, subject);
	if (err)
		torture_failed(run, "the simulated machine: %s", strerror(-err));
	start_adapter(rig, subject->argument);
	start_cpu(rig);
}

void anywhere_rig_fini(struct anywhere_rig *rig)
{
	sim_cpu_stop_delivery(rig->cpu);
	adapter_cpu_offline(&rig->adapter, rig->cpu);
	sim_cpu_exit(rig->cpu);
	adapter_stop(&rig->adapter);
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++)
		pulse_fini(&rig->bystander[i].pulse);
	rig->model->fini(rig->hba);
	free(rig->hba);
	scsi_target_destroy(rig->target);
	lun_destroy(rig->lun);
	sim_machine_fini(&rig->machine);
}

/* Read i is of block i, into a buffer that no block is in. */
void anywhere_rig_renew(struct anywhere_rig *rig)
{
	for (unsigned i = 0; i < ANYWHERE_REQUESTS; i++) {
		const uint8_t cdb[10] = { SCSI_OP_READ_10, 0, 0, 0, 0, (uint8_t)i, 0, 0, 1, 0 };
		const struct sim_iov iov = { rig->request[i]->data, BLOCK_BYTES };

		port_request_prepare(rig->request[i], 0, cdb, sizeof(cdb), SRB_FLAGS_DATA_IN, BLOCK_BYTES);
		if (i >= ANYWHERE_READS)
			rig->request[i]->srb.Function = SRB_FUNCTION_FLUSH;
		rig->request[i]->complete = on_complete;
		rig->request[i]->owner = &rig->completions[i];
		block_stamp_poison(&iov, 1, 1, LUN_DATA_STAMP);
		rig->submissions[i] = 0;
		/* relaxed, here and below: nothing is in flight */
		atomic_store_explicit(&rig->completions[i], 0, memory_order_relaxed);
	}
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++) {
		rig->bystander[i].scheduled = 0;
		atomic_store_explicit(&rig->bystander[i].served, 0, memory_order_relaxed);
	}
}

void anywhere_rig_submit(struct anywhere_rig *rig, unsigned i)
{
	rig->submissions[i]++;
	port_submit(rig->request[i], rig->cpu);
}

void anywhere_rig_serve_in(struct anywhere_rig *rig, uint64_t ticks)
{
	rig->model->serve_in(rig->hba, ticks);
}

void anywhere_rig_pulse(struct anywhere_rig *rig, unsigned bystander, uint64_t due)
{
	rig->bystander[bystander].scheduled++;
	pulse_schedule(&rig->bystander[bystander].pulse, rig->cpu, 0, due);
}

bool anywhere_rig_is_done(struct anywhere_rig *rig)
{
	bool done = true;

	/* relaxed, all: counters of this thread, or of what interrupts it */
	for (unsigned i = 0; i < ANYWHERE_REQUESTS; i++)
		done &= atomic_load_explicit(&rig->completions[i], memory_order_relaxed) >= rig->submissions[i];
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++)
		done &= atomic_load_explicit(&rig->bystander[i].served, memory_order_relaxed) >= rig->bystander[i].scheduled;
	return done;
}

static const char *request_deviation(struct anywhere_rig *rig)
{
	static char text[128];

	/* relaxed, here and below: nothing interrupts this any more */
	if (adapter_violations(&rig->adapter))
		return "a section or an ISR was not alone";
	for (unsigned i = 0; i < ANYWHERE_REQUESTS; i++) {
		const struct port_request *request = rig->request[i];
		const struct sim_iov iov = { request->data, BLOCK_BYTES };
		unsigned completions = atomic_load_explicit(&rig->completions[i], memory_order_relaxed);
		struct block_stamp_counts counts = { 0 };
		uint64_t serial = 0;

		snprintf(text, sizeof(text), "request %c completed %u times", 'A' + (int)i, completions);
		if (completions != rig->submissions[i])
			return text;
		if (!completions)
			continue;
		snprintf(text, sizeof(text), "request %c ended with status 0x%x", 'A' + (int)i, request->srb.SrbStatus);
		if (request->srb.SrbStatus != SRB_STATUS_SUCCESS)
			return text;
		if (i >= ANYWHERE_READS)
			continue;
		block_stamp_check(&iov, 1, 0, i, 1, LUN_DATA_STAMP, &counts, &serial);
		snprintf(text, sizeof(text), "request %c has not read its block", 'A' + (int)i);
		if (serial != SERIAL)
			return text;
	}
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++) {
		uint64_t served = atomic_load_explicit(&rig->bystander[i].served, memory_order_relaxed);

		snprintf(text, sizeof(text), "bystander %s was served %" PRIu64 " times, not %" PRIu64, rig->bystander[i].pulse.line.name,
			 served, rig->bystander[i].scheduled);
		if (served != rig->bystander[i].scheduled)
			return text;
	}
	return NULL;
}

static const char *line_deviation(const struct sim_cpu *cpu, const struct irq_line *line)
{
	const struct irq_pin *pin = &cpu->pin[line->index];

	/* relaxed, all of it, here and below: nothing interrupts this any more */
	if (atomic_load_explicit(&pin->due, memory_order_relaxed) != SIM_NEVER)
		return "an interrupt is left pending";
	if (atomic_load_explicit(&pin->latched, memory_order_relaxed))
		return "an interrupt is left latched";
	if (atomic_load_explicit(&pin->parked, memory_order_relaxed) &&
	    atomic_load_explicit(&line->reopened, memory_order_relaxed) ==
		    atomic_load_explicit(&pin->parked_at_count, memory_order_relaxed))
		return "an interrupt is left parked";
	if (atomic_load_explicit(&line->remote_irr, memory_order_relaxed))
		return "a line is left in service";
	if (atomic_load_explicit(&line->masked, memory_order_relaxed))
		return "a line is left masked";
	return NULL;
}

static const char *cpu_deviation(const struct sim_cpu *cpu)
{
	if (sim_irql(cpu) != IRQL_PASSIVE)
		return "the IRQL is not PASSIVE";
	if (cpu->dpc_head || cpu->dpc_tail != &cpu->dpc_head || cpu->dispatching)
		return "the DPC queue is not empty";
	if (cpu->timers)
		return "a timer is left armed";
	if (atomic_load_explicit(&cpu->latched, memory_order_relaxed))
		return "the CPU has something latched";
	if (atomic_load_explicit(&cpu->arriving.in_flight, memory_order_relaxed))
		return "a signal is still on its way";
	if (atomic_load_explicit(&cpu->in_section, memory_order_relaxed))
		return "a section is counted that is over";
	if (atomic_load_explicit(&cpu->in_isr, memory_order_relaxed))
		return "an ISR is counted that is over";
	for (unsigned i = 0; i < cpu->machine->lines; i++) {
		const char *deviation = line_deviation(cpu, cpu->machine->line[i]);

		if (deviation)
			return deviation;
	}
	return NULL;
}

static const char *port_deviation(struct anywhere_rig *rig)
{
	const struct adapter_cpu *acpu = &rig->adapter.cpu[0];

	if (atomic_load_explicit(&rig->adapter.completed_twice, memory_order_relaxed))
		return "a request was reported complete twice";
	if (atomic_load_explicit(&rig->adapter.busy_refusals, memory_order_relaxed))
		return "a request was refused";
	if (acpu->done || acpu->holds_interrupt_lock)
		return "the port has something left to do";
	if (atomic_load_explicit(&acpu->given, memory_order_relaxed) != atomic_load_explicit(&acpu->returned, memory_order_relaxed))
		return "the port has lost count of its requests";
	if (rig->model->protocol_errors(rig->hba))
		return "the driver broke the device's protocol";
	return rig->model->lines_up(rig->hba) ? "the device's line is left up" : NULL;
}

const char *anywhere_rig_deviation(struct anywhere_rig *rig)
{
	const char *deviation = request_deviation(rig);

	if (!deviation)
		deviation = port_deviation(rig);
	return deviation ? deviation : cpu_deviation(rig->cpu);
}
