/* SPDX-License-Identifier: MIT */
/* The legs of the random load; see load.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "bench/torture/load.h"

#define LEG_BURSTS 4
#define BURST_SECTIONS 64
/* As storm sections are much shorter. */
#define STORM_FACTOR 32
#define SHORT_LEG_SECTIONS_MAX 24
/* No burst of a slow back end is longer than this, or CPUs would wait for each other most of the time. */
#define BURST_NS 1000000
/* How much longer, in durations, a load may take to reach the wanted number of sections. */
#define WANTING_DURATIONS 3

/* Over all CPUs. */
static uint64_t total(const struct load *load, enum load_count which)
{
	uint64_t sum = 0;

	/* relaxed: counters with one writer each, and nothing depends on when they are seen */
	for (unsigned i = 0; i < load->rig.cpus; i++)
		sum += atomic_load_explicit(&load->cpu[i].count[which], memory_order_relaxed);
	return sum;
}

/* What has not happened yet, NULL when the load has done what it is there for. */
static const char *missing(const struct load *load)
{
	if (!total(load, LOAD_SECTIONS))
		return "no section ran";
	if (!total(load, LOAD_INTERRUPTS))
		return "no interrupt was served";
	if (!total(load, LOAD_DUE_OWN))
		return "no interrupt fell due inside a section of its own CPU";
	if (load->rig.cpus > 1 && !total(load, LOAD_DUE_OTHER))
		return "no interrupt fell due inside a section of another CPU";
	if (load->rig.cpus > 1 && !total(load, LOAD_CONTENDED))
		return "no caller came while another CPU was inside";
	if (rig_can_land(&load->rig) && !rig_landed(&load->rig))
		return "no interrupt arrived inside a section of its own CPU";
	return NULL;
}

static void run_burst(struct load_cpu *self)
{
	uint64_t *random = &self->rig->random;
	uint64_t end = stamp_now() + rig_ticks(&self->load->rig, BURST_NS);
	enum load_mood mood = (enum load_mood)random_below(random, LOAD_MOODS);
	unsigned rounds = mood == LOAD_STORM ? STORM_FACTOR : 1;

	if (self->load->hooks->short_legs) {
		load_burst(self, mood, 1 + random_below(random, SHORT_LEG_SECTIONS_MAX));
		return;
	}
	for (unsigned i = 0; i < rounds && stamp_now() < end; i++)
		load_burst(self, mood, BURST_SECTIONS);
}

bool load_left_behind(const struct load_cpu *self)
{
	const struct load *load = self->load;

	for (unsigned i = 0; i < load->rig.cpus; i++)
		/* ORD load_service:B acquire, pairs with load_service:A: see there. */
		if (atomic_load_explicit(&load->cpu[i].in_service, memory_order_acquire))
			return false;
	/* relaxed: see set_serving() */
	return atomic_load_explicit(&self->serving, memory_order_relaxed);
}

/* Under an asynchronous delivery, looks count for nothing: what is due comes in its own time. */
static void await_arrivals(struct load_cpu *self)
{
	struct sim_cpu *cpu = self->rig->cpu;
	uint64_t end = stamp_now() + rig_arrival_ticks(&self->load->rig);
	struct pulse first;
	struct pulse last;

	while (pulse_waiting(&self->load->rig.pulse, cpu, cpu->index, &first, &last) && stamp_now() < end)
		sim_idle(cpu);
}

/* Nobody calls any more: wait until the last pulse is due, and for so many looks more. */
static void settle(struct load_cpu *self)
{
	struct sim_cpu *cpu = self->rig->cpu;
	struct pulse first;
	struct pulse last;

	while (pulse_waiting(&self->load->rig.pulse, cpu, cpu->index, &first, &last) && stamp_now() < last.due)
		sim_idle(cpu);
	for (unsigned i = 0; i < LOAD_LOOKS;) {
		i += rig_look(self->rig, &self->load->rig.pulse.line, 0);
		i += load_left_behind(self);
	}
	if (rig_is_asynchronous(&self->load->rig))
		await_arrivals(self);
	if (self->load->hooks->settled)
		self->load->hooks->settled(self);
}

static bool wants_more(const struct load *load)
{
	const struct torture_run *run = load->rig.run;

	return load->rig.cpus > 1 && total(load, LOAD_SECTIONS) < load->hooks->sections_wanted &&
	       stamp_now() < run->deadline + torture_ticks(run, WANTING_DURATIONS * run->options->duration_ns);
}

/* CPU 0 decides, before a meeting, so that all CPUs agree after it. */
static void decide(struct load *load)
{
	bool over = torture_time_is_up(load->rig.run) && !wants_more(load) &&
		    (!missing(load) || torture_patience_is_over(load->rig.run));

	/* relaxed: ordered by the meeting */
	atomic_store_explicit(&load->over, over, memory_order_relaxed);
}

static void legs(struct rig_cpu *rig)
{
	struct load_cpu *self = rig->cpu->user;
	struct load *load = self->load;
	unsigned bursts = load->hooks->short_legs ? 1 : LEG_BURSTS;
	bool over;

	do {
		self->quiet = false;
		for (unsigned i = 0; i < bursts; i++)
			run_burst(self);
		self->quiet = true;
		if (rig->index == 0)
			decide(load);
		rig_meet(rig);
		/* relaxed: see decide() */
		over = atomic_load_explicit(&load->over, memory_order_relaxed);
		settle(self);
		rig_meet(rig);
	} while (!over);
}

void load_init(struct load *load, struct torture_run *run, const struct load_hooks *hooks)
{
	const struct sync_backend *backend = run->check->backend;

	*load = (struct load){ .hooks = hooks };
	atomic_init(&load->over, false);
	/* A grace period orders in ways that a thread sanitizer cannot see. */
	load->witness.use_plain = !(backend->capabilities & (SYNC_BROKEN | SYNC_SLEEPS));
	rig_init(&load->rig, run, load_handle, load);
	load->rig.pulse.line.handed_over_done = load_handed_over_done;
	load->cpu = aligned_alloc(SYNC_LINE_BYTES, run->check->cpus * sizeof(*load->cpu));
	if (!load->cpu)
		torture_failed(run, "no memory for the load");
	for (unsigned i = 0; i < run->check->cpus; i++) {
		struct load_cpu *self = &load->cpu[i];

		*self = (struct load_cpu){ .load = load, .rig = &load->rig.cpu[i] };
		sim_dpc_init(&self->dpc, load_dpc, self);
		self->rig->cpu->user = self;
	}
}

void load_run(struct load *load)
{
	struct torture_run *run = load->rig.run;
	uint64_t sums[LOAD_COUNTS];
	uint64_t landed;
	const char *what_is_missing;

	rig_run(&load->rig, legs);
	what_is_missing = missing(load);
	landed = rig_landed(&load->rig);
	for (unsigned i = 0; i < LOAD_COUNTS; i++)
		sums[i] = total(load, (enum load_count)i);
	rig_fini(&load->rig);
	free(load->cpu);
	if (what_is_missing)
		torture_not_exercised(run, "%s", what_is_missing);
	torture_holds(run, "%" PRIu64 " sections, %" PRIu64 " interrupts, %" PRIu64 " due during a section, %" PRIu64 " arrived in one", sums[LOAD_SECTIONS],
		      sums[LOAD_INTERRUPTS], sums[LOAD_DUE_OWN] + sums[LOAD_DUE_OTHER], landed);
}
