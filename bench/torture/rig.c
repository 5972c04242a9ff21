/* SPDX-License-Identifier: MIT */
/* What the properties run on; see rig.h. */
#include "bench/torture/rig.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/machine/delivery.h"
#include "impls/backends.h"

#define RIG_PHYS_BYTES 4096

static void dump(void *context, FILE *out)
{
	const struct rig *rig = context;

	sim_machine_dump(&rig->machine, out);
}

static int context_online(void *argument, struct sim_cpu *cpu)
{
	struct rig *rig = argument;

	return rig->backend->online ? rig->backend->online(rig->lock, cpu) : 0;
}

static void context_offline(void *argument, struct sim_cpu *cpu)
{
	struct rig *rig = argument;

	if (rig->backend->offline)
		rig->backend->offline(rig->lock, cpu);
}

static void init_machine(struct rig *rig, irq_handler *handler, void *context)
{
	struct sim_machine_config config = {
		.cpus = rig->cpus,
		.yields = rig->run->placement.oversubscribed,
		.phys_bytes = RIG_PHYS_BYTES,
		.scale = rig->run->host->scale,
		.delivery = rig->run->check->delivery,
		.has_raiser = rig->run->has_raiser,
	};
	int error = sim_machine_init(&rig->machine, &config);

	if (!error)
		error = pulse_init(&rig->pulse, &rig->machine, "guarded", RIG_DIRQL, handler, context);
	if (error)
		torture_failed(rig->run, "the simulated machine: %s", strerror(-error));
	rig->machine.context_online = context_online;
	rig->machine.context_offline = context_offline;
	rig->machine.context_argument = rig;
	torture_set_dump(rig->run, dump, rig);
}

static void init_backend(struct rig *rig)
{
	struct sync_config config = sim_machine_sync_config(&rig->machine, &rig->pulse.line);
	size_t lines = rig->backend->lock_bytes / SYNC_LINE_BYTES + 1;
	int error;

	rig->lock = aligned_alloc(SYNC_LINE_BYTES, lines * SYNC_LINE_BYTES);
	if (!rig->lock)
		torture_failed(rig->run, "no memory for the back end's state");
	memset(rig->lock, 0, lines * SYNC_LINE_BYTES);
	error = rig->backend->init(rig->lock, &config);
	if (error)
		torture_failed(rig->run, "the back end's init: %s", strerror(-error));
}

void rig_init(struct rig *rig, struct torture_run *run, irq_handler *handler, void *context)
{
	*rig = (struct rig){ .run = run, .backend = run->check->backend, .context = context, .cpus = run->check->cpus };
	atomic_init(&rig->arrived, 0);
	atomic_init(&rig->meetings, 0);
	rig->cpu = aligned_alloc(SYNC_LINE_BYTES, rig->cpus * sizeof(*rig->cpu));
	if (!rig->cpu)
		torture_failed(run, "no memory for the CPUs");
	init_machine(rig, handler, context);
	init_backend(rig);
	for (unsigned i = 0; i < rig->cpus; i++)
		rig->cpu[i] = (struct rig_cpu){
			.rig = rig,
			.cpu = &rig->machine.cpu[i],
			.beat = &run->beat[i],
			.index = i,
			.random = torture_seed(run, i),
			.irq_random = torture_seed(run, rig->cpus + i),
		};
}

void rig_fini(struct rig *rig)
{
	torture_set_dump(rig->run, NULL, NULL);
	if (rig->backend->fini)
		rig->backend->fini(rig->lock);
	free(rig->lock);
	pulse_fini(&rig->pulse);
	sim_machine_fini(&rig->machine);
	free(rig->cpu);
}

static void *cpu_thread(void *context)
{
	struct rig_cpu *self = context;
	struct rig *rig = self->rig;
	int error;

	error = placement_pin_self(rig->run->host->topology, &rig->run->placement.cpu[self->index]);
	if (error)
		torture_failed(rig->run, "pinning CPU %u: %s", self->index, strerror(-error));
	pthread_barrier_wait(&rig->pinned);
	sim_cpu_enter(&rig->machine, self->index);
	error = context_online(rig, self->cpu);
	if (error)
		torture_failed(rig->run, "the back end's online: %s", strerror(-error));
	error = sim_cpu_start_delivery(self->cpu);
	if (error)
		torture_failed(rig->run, "%s delivery: %s", sync_delivery_name(self->cpu->delivery), strerror(-error));
	rig_meet(self);
	rig->body(self);
	rig_meet(self);
	sim_cpu_stop_delivery(self->cpu);
	context_offline(rig, self->cpu);
	sim_cpu_exit(self->cpu);
	return NULL;
}

static void *raise_until_stopped(void *context)
{
	struct rig *rig = context;
	int error = placement_pin_self(rig->run->host->topology, &rig->run->raiser);

	if (error)
		torture_failed(rig->run, "pinning the raiser: %s", strerror(-error));
	/* relaxed: when it ends orders nothing */
	while (!atomic_load_explicit(&rig->raiser_stops, memory_order_relaxed))
		sim_raise_due(&rig->machine);
	return NULL;
}

void rig_run(struct rig *rig, void (*body)(struct rig_cpu *self))
{
	rig->body = body;
	if (pthread_barrier_init(&rig->pinned, NULL, rig->cpus))
		torture_failed(rig->run, "no barrier");
	if (rig->run->has_raiser && pthread_create(&rig->raiser, NULL, raise_until_stopped, rig))
		torture_failed(rig->run, "no thread for the raiser");
	for (unsigned i = 0; i < rig->cpus; i++)
		if (pthread_create(&rig->cpu[i].thread, NULL, cpu_thread, &rig->cpu[i]))
			torture_failed(rig->run, "no thread for CPU %u", i);
	for (unsigned i = 0; i < rig->cpus; i++)
		pthread_join(rig->cpu[i].thread, NULL);
	/* relaxed: see raise_until_stopped */
	atomic_store_explicit(&rig->raiser_stops, true, memory_order_relaxed);
	if (rig->run->has_raiser)
		pthread_join(rig->raiser, NULL);
	pthread_barrier_destroy(&rig->pinned);
}

void rig_meet(struct rig_cpu *self)
{
	struct rig *rig = self->rig;
	/* relaxed: it cannot move on before this CPU has arrived */
	uint32_t meeting = atomic_load_explicit(&rig->meetings, memory_order_relaxed);

	torture_step(self->beat);
	/* relaxed: a hint to the watchdog */
	atomic_store_explicit(&self->beat->waiting, true, memory_order_relaxed);
	/* ORD rig_meet:A acq_rel, pairs with rig_meet:A: the last to arrive has seen what all others did before. */
	if (atomic_fetch_add_explicit(&rig->arrived, 1, memory_order_acq_rel) + 1 == rig->cpus) {
		/* relaxed: nobody arrives anew before the release below */
		atomic_store_explicit(&rig->arrived, 0, memory_order_relaxed);
		/* ORD rig_meet:B release, pairs with rig_meet:C: who leaves sees what all did before they arrived. */
		atomic_store_explicit(&rig->meetings, meeting + 1, memory_order_release);
	}
	/* ORD rig_meet:C acquire, pairs with rig_meet:B: see there. */
	while (atomic_load_explicit(&rig->meetings, memory_order_acquire) == meeting)
		sim_idle(self->cpu);
	atomic_store_explicit(&self->beat->waiting, false, memory_order_relaxed);
	torture_step(self->beat);
}

uint64_t rig_landed(const struct rig *rig)
{
	uint64_t landed = 0;

	/* relaxed: a counter, of which a recent value is enough */
	for (unsigned i = 0; i < rig->cpus; i++)
		landed += atomic_load_explicit(&rig->machine.cpu[i].arriving.landed, memory_order_relaxed);
	return landed;
}

static bool line_is_served(const struct irq_line *line)
{
	/* relaxed: an observation, of which both sides of a look are taken */
	return atomic_load_explicit(&line->remote_irr, memory_order_relaxed) != 0;
}

bool rig_look(struct rig_cpu *self, const struct irq_line *line, uint64_t work_ticks)
{
	bool counts = !line_is_served(line);

	if (work_ticks)
		sim_work(self->cpu, work_ticks);
	else
		sim_idle(self->cpu);
	return counts && !line_is_served(line);
}

void rig_pause(struct rig_cpu *self)
{
	if (self->cpu->yields)
		sched_yield();
	else
		__builtin_ia32_pause();
}

unsigned char rig_synchronize(struct rig_cpu *self, bool apart, sync_routine *routine, void *extension, void *context)
{
	const struct sync_backend *backend = self->rig->backend;
	struct sync_hold hold;
	unsigned char answer;

	if (!apart || !backend->enter)
		return backend->synchronize(self->rig->lock, self->cpu, routine, extension, context);
	backend->enter(self->rig->lock, self->cpu, &hold);
	answer = routine(extension, context);
	backend->leave(self->rig->lock, self->cpu, &hold);
	return answer;
}
