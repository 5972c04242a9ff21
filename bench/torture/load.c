/* SPDX-License-Identifier: MIT */
/* The random load; see load.h. */
#include "bench/torture/load.h"

#include <sched.h>

#define PIECES_MAX 4
/* Looks at the witness, in a section of a storm. */
#define STORM_LOOKS_MAX 12

const char *load_role_name(unsigned role)
{
	static const char *const names[] = { [LOAD_CALLER] = "caller", [LOAD_DPC] = "dpc", [LOAD_ISR] = "isr" };

	return role < sizeof(names) / sizeof(names[0]) ? names[role] : "nobody";
}

static void count(struct load_cpu *self, enum load_count which)
{
	/* relaxed: one writer, and nothing depends on when it is seen */
	atomic_store_explicit(&self->count[which], atomic_load_explicit(&self->count[which], memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Callers draw from a sequence of their own, whatever interrupts them. */
static uint64_t *sequence(struct load_cpu *self, enum load_role role)
{
	return role == LOAD_CALLER ? &self->rig->random : &self->rig->irq_random;
}

static uint64_t random_ticks(struct load_cpu *self, enum load_role role, uint32_t below_ns)
{
	return rig_ticks(&self->load->rig, random_below(sequence(self, role), below_ns));
}

static uint64_t section_ticks(struct load_cpu *self, enum load_role role)
{
	switch (random_below(sequence(self, role), 8)) {
	case 0:
	case 1:
		return 0;
	case 2:
	case 3:
		return random_ticks(self, role, 100);
	case 4:
	case 5:
	case 6:
		return random_ticks(self, role, 1000);
	default:
		return random_ticks(self, role, 4000);
	}
}

static unsigned random_target(struct load_cpu *self, enum load_role role)
{
	return random_below(sequence(self, role), self->load->rig.cpus);
}

/* The CPU that runs this, whoever called or was interrupted. */
static struct load_cpu *running(struct load *load)
{
	return &load->cpu[sim_cpu_self()->index];
}

static void check_alone(struct load_cpu *self, enum load_role role, bool alone, uint64_t met)
{
	if (!alone && self->load->hooks->not_alone)
		self->load->hooks->not_alone(self, role, met);
}

static void enter(struct load_cpu *self, enum load_role role)
{
	uint64_t met;
	bool alone = witness_enter(&self->load->witness, witness_mark(self->rig->index, role), &met);

	check_alone(self, role, alone, met);
}

static void look(struct load_cpu *self, enum load_role role)
{
	uint64_t met;
	bool alone = witness_stay(&self->load->witness, witness_mark(self->rig->index, role), &met);

	check_alone(self, role, alone, met);
}

/* On a shared core, the others only ever meet this one inside when it gives the core away there. */
static void share_core(struct load_cpu *self, uint64_t *random)
{
	if (self->rig->cpu->yields && random_one_in(random, 8))
		sched_yield();
}

/* Simulated work inside, with looks at the witness in between; an interrupt can land in it where the back end lets it. */
static void dwell(struct load_cpu *self, enum load_role role, uint64_t *random, uint64_t ticks)
{
	unsigned pieces = 1 + random_below(random, PIECES_MAX);

	for (unsigned i = 0; i < pieces; i++) {
		sim_work(self->rig->cpu, ticks / pieces);
		share_core(self, random);
		look(self, role);
	}
}

static void leave(struct load_cpu *self, enum load_role role)
{
	uint64_t met;
	bool alone = witness_leave(&self->load->witness, witness_mark(self->rig->index, role), &met);

	check_alone(self, role, alone, met);
	torture_step(self->rig->beat);
}

static void schedule_pulse(struct load_cpu *self, unsigned target, uint64_t due)
{
	if (!self->quiet)
		pulse_schedule(&self->load->rig.pulse, self->rig->cpu, target, due);
}

static unsigned char load_routine(void *extension, void *context)
{
	struct load_section *section = context;
	struct load_cpu *self = running(section->self->load);
	uint64_t due;

	section->extension = extension;
	sim_section_begin(self->rig->cpu);
	enter(self, section->role);
	due = stamp_now() + section->due_ticks;
	if (section->pulse)
		schedule_pulse(self, section->target, due);
	dwell(self, section->role, sequence(section->self, section->role), section->work_ticks);
	if (section->pulse && due <= stamp_now())
		count(self, section->target == self->rig->index ? LOAD_DUE_OWN : LOAD_DUE_OTHER);
	leave(self, section->role);
	sim_section_end(self->rig->cpu);
	count(self, LOAD_SECTIONS);
	return section->answer;
}

static unsigned char random_answer(uint64_t *random)
{
	static const unsigned char answers[] = { 0, 1, 2, 0x80, 255 };

	return answers[random_below(random, sizeof(answers))];
}

static void call(struct load_cpu *self, struct load_section *section, sync_routine *routine)
{
	struct load *load = self->load;
	bool apart = random_one_in(sequence(self, section->role), 4);
	uint64_t inside = witness_inside(&load->witness);
	unsigned char answer;

	if (inside && witness_mark_cpu(inside) != self->rig->index)
		count(self, LOAD_CONTENDED);
	answer = rig_synchronize(self->rig, apart, routine, load, section);
	/* When it was somebody else who made the step. */
	torture_step(self->rig->beat);
	if (load->hooks->synchronized)
		load->hooks->synchronized(self, section, answer);
}

static void run_section(struct load_cpu *self, enum load_role role)
{
	uint64_t *random = sequence(self, role);
	struct load_section section = {
		.self = self,
		.role = role,
		.work_ticks = section_ticks(self, role),
		.pulse = random_one_in(random, 4),
		.target = random_target(self, role),
		.answer = random_answer(random),
	};

	section.due_ticks = random_below(random, (uint32_t)section.work_ticks + 1);
	call(self, &section, load_routine);
}

/* No clock is read here, and hardly any time passes: it is the acquisitions that count. */
static unsigned char storm_routine(void *extension, void *context)
{
	struct load_section *section = context;
	struct load_cpu *self = running(section->self->load);
	unsigned looks = (unsigned)section->work_ticks;

	section->extension = extension;
	enter(self, section->role);
	share_core(self, sequence(section->self, section->role));
	while (looks--)
		look(self, section->role);
	leave(self, section->role);
	count(self, LOAD_SECTIONS);
	return section->answer;
}

static void run_storm_section(struct load_cpu *self)
{
	uint64_t *random = &self->rig->random;
	struct load_section section = {
		.self = self,
		.role = LOAD_CALLER,
		.work_ticks = random_below(random, STORM_LOOKS_MAX + 1),
		.answer = random_answer(random),
	};

	if (random_one_in(random, 32))
		schedule_pulse(self, random_target(self, LOAD_CALLER), stamp_now());
	call(self, &section, storm_routine);
}

void load_dpc(void *context, void *argument1, void *argument2)
{
	struct load_cpu *self = context;

	if (self->quiet)
		return;
	count(self, LOAD_DPCS);
	run_section(self, LOAD_DPC);
}

static unsigned char load_isr(void *extension, uint32_t message)
{
	/* Not from `extension`, which the back end may have got wrong. */
	struct load_cpu *self = sim_cpu_self()->user;
	struct load *load = self->load;
	struct load_cpu *target = &load->cpu[self->rig->cpu->serving_for];
	uint64_t *random = &self->rig->irq_random;
	struct pulse pulse;

	target->isr_runs++;
	if (load->hooks->isr_called)
		load->hooks->isr_called(target, extension, message);
	enter(self, LOAD_ISR);
	if (!pulse_acknowledge(&load->rig.pulse, self->rig->cpu, &pulse))
		target->isr_runs_for_nothing++;
	if (random_one_in(random, 8))
		schedule_pulse(self, random_target(self, LOAD_ISR), stamp_now() + random_ticks(self, LOAD_ISR, 2000));
	if (!self->quiet && random_one_in(random, 4))
		sim_dpc_queue(self->rig->cpu, &self->dpc, NULL, NULL);
	dwell(self, LOAD_ISR, random, random_ticks(self, LOAD_ISR, random_one_in(random, 16) ? 2000 : 200));
	target->isr_answer = random_answer(random);
	leave(self, LOAD_ISR);
	return target->isr_answer;
}

static void set_serving(struct load_cpu *target, bool serving)
{
	/* relaxed: ordered by the back end, by the end of interrupt, and for load_left_behind() by load_service:A */
	atomic_store_explicit(&target->serving, serving, memory_order_relaxed);
}

static void set_in_service(struct load_cpu *self, bool in_service)
{
	/* ORD load_service:A release, pairs with load_service:B: what it has run for others is seen to be over. */
	atomic_store_explicit(&self->in_service, in_service, memory_order_release);
}

/* The interrupt of `target` is over, or deferred; `self` is the running CPU. */
static void end_service(struct load_cpu *self, struct load_cpu *target, int answer)
{
	const struct load_hooks *hooks = self->load->hooks;

	set_serving(target, false);
	if (hooks->served)
		hooks->served(target, answer);
	if (answer != SYNC_DEFERRED)
		count(self, LOAD_INTERRUPTS);
}

int load_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct load *load = context;
	const struct sync_backend *backend = load->rig.backend;
	struct load_cpu *self = cpu->user;
	int answer;

	self->isr_runs = 0;
	self->isr_runs_for_nothing = 0;
	self->message = (uint32_t)random_next(&self->rig->irq_random);
	set_serving(self, true);
	set_in_service(self, true);
	answer = backend->service(load->rig.lock, cpu, load_isr, load, self->message);
	set_in_service(self, false);
	if (answer != SYNC_HANDED_OVER)
		end_service(self, self, answer);
	else if (!(backend->capabilities & SYNC_HANDS_OVER))
		torture_violated(load->rig.run, "cpu %u: service handed over an ISR, which the back end does not declare",
				 self->rig->index);
	return answer;
}

void load_handed_over_done(void *context, struct sim_cpu *cpu, unsigned target, unsigned char answer)
{
	struct load *load = context;

	end_service(cpu->user, &load->cpu[target], answer);
}

/* A pause in which interrupts are taken, and sometimes asked for. */
static void think(struct load_cpu *self, uint32_t below_ns)
{
	if (random_one_in(&self->rig->random, 8))
		schedule_pulse(self, random_target(self, LOAD_CALLER), stamp_now() + random_ticks(self, LOAD_CALLER, 2000));
	sim_work(self->rig->cpu, random_ticks(self, LOAD_CALLER, below_ns));
}

void load_burst(struct load_cpu *self, enum load_mood mood, unsigned sections)
{
	for (unsigned i = 0; i < sections; i++) {
		bool dispatch = random_one_in(&self->rig->random, 8);
		uint8_t irql = sim_irql(self->rig->cpu);

		if (dispatch)
			irql = sim_raise(self->rig->cpu, IRQL_DISPATCH);
		if (mood == LOAD_STORM)
			run_storm_section(self);
		else
			run_section(self, LOAD_CALLER);
		if (dispatch)
			sim_lower(self->rig->cpu, irql);
		if (mood != LOAD_STORM)
			think(self, mood == LOAD_MIXED ? 300 : 3000);
	}
}
