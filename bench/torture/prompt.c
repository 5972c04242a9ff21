/* SPDX-License-Identifier: MIT */
/*
 * prompt: an interrupt that a section held off is taken as soon as the back end opens.
 *
 * One pulse and one section a round, and no further call by anyone who might
 * open by accident.  On the section's own CPU, leaving lowers the IRQL, which
 * is a look: the pulse has been served when synchronize() returns.  On another
 * CPU, it is served within a few looks after that CPU could know of the
 * opening.
 */
#include <inttypes.h>

#include "bench/torture/properties.h"
#include "bench/torture/rig.h"

/* Of the target, after it could know; an open back end needs one. */
#define LOOKS 16
/* Looks or spins of the target that say that it has noticed the pulse, and was refused or waits. */
#define NOTICES 3
/* How long a section stays for that; a target that sleeps in its ISR does neither. */
#define NOTICE_NS 20000

struct prompt_round {
	unsigned actor;
	unsigned target;
	bool apart;
	uint64_t due_ticks;
	uint64_t stay_ticks;
};

struct prompt {
	struct rig rig;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) due; /* of the round's pulse */
	_Atomic(uint64_t) opened;                        /* the last round whose section is over */
	/* Written by the target. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) looks;
	_Atomic(uint64_t) served; /* pulses so far; by whoever runs the ISR */
	_Atomic(bool) handed_over; /* the round's interrupt was */
	_Atomic(bool) over;
	uint64_t rounds; /* by CPU 0 */
	_Atomic(uint64_t) held_off[2]; /* rounds with the pulse waiting at the section's end: own CPU, another */
};

struct prompt_section {
	const struct prompt_round *round;
	uint64_t number;
};

static uint64_t load_relaxed(_Atomic(uint64_t) *word)
{
	/* relaxed: counters of progress; what must be ordered says so where it is read */
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void add_one(_Atomic(uint64_t) *word)
{
	/* relaxed: one writer at a time, with a meeting in between */
	atomic_store_explicit(word, load_relaxed(word) + 1, memory_order_relaxed);
}

/* How often the target has looked, or has spun for the lock, so far. */
static uint64_t notices(struct prompt *prompt, unsigned target)
{
	return load_relaxed(&prompt->looks) + load_relaxed(&prompt->rig.machine.cpu[target].relaxes);
}

static unsigned char prompt_routine(void *extension, void *context)
{
	struct prompt *prompt = extension;
	struct prompt_section *section = context;
	const struct prompt_round *round = section->round;
	struct rig_cpu *self = rig_self(&prompt->rig);
	uint64_t due = stamp_now() + round->due_ticks;
	uint64_t noticed;
	uint64_t patience;

	/* relaxed: for the target's patience only */
	atomic_store_explicit(&prompt->due, due, memory_order_relaxed);
	pulse_schedule(&prompt->rig.pulse, self->cpu, round->target, due);
	while (stamp_now() < due)
		sim_work(self->cpu, round->due_ticks);
	noticed = notices(prompt, round->target);
	patience = stamp_now() + rig_ticks(&prompt->rig, NOTICE_NS);
	while (round->target != round->actor && load_relaxed(&prompt->served) != section->number &&
	       notices(prompt, round->target) < noticed + NOTICES && stamp_now() < patience)
		rig_pause(self);
	sim_work(self->cpu, round->stay_ticks);
	if (load_relaxed(&prompt->served) != section->number)
		add_one(&prompt->held_off[round->target != round->actor]);
	return 1;
}

/* It arrives in its own time, and needs no further call. */
static void await_arrival(struct prompt *prompt, struct rig_cpu *self, uint64_t number)
{
	uint64_t end = stamp_now() + rig_arrival_ticks(&prompt->rig);

	while (load_relaxed(&prompt->served) != number && stamp_now() < end)
		sim_idle(self->cpu);
}

static void act(struct prompt *prompt, struct rig_cpu *self, const struct prompt_round *round, uint64_t number)
{
	struct prompt_section section = { .round = round, .number = number };

	rig_synchronize(self, round->apart, prompt_routine, prompt, &section);
	if (round->target == round->actor && rig_is_asynchronous(&prompt->rig))
		await_arrival(prompt, self, number);
	if (round->target == round->actor && load_relaxed(&prompt->served) != number)
		torture_violated(prompt->rig.run,
				 "cpu %u: %s has returned, and the interrupt that fell due meanwhile is not served (round %" PRIu64 ")",
				 self->index, round->apart ? "leave" : "synchronize", number);
	/* ORD prompt:A release, pairs with prompt:B: whoever sees it sees all that opening did. */
	atomic_store_explicit(&prompt->opened, number, memory_order_release);
}

static bool was_handed_over(struct prompt *prompt)
{
	/* relaxed: see prompt_handle() */
	return atomic_load_explicit(&prompt->handed_over, memory_order_relaxed);
}

static void be_target(struct prompt *prompt, struct rig_cpu *self, uint64_t number)
{
	unsigned looks_left = LOOKS;

	while (load_relaxed(&prompt->served) != number) {
		/* ORD prompt:B acquire, pairs with prompt:A: see there. */
		bool opened = atomic_load_explicit(&prompt->opened, memory_order_acquire) == number;

		/* Of which only this CPU's own clock may judge. */
		opened = opened && stamp_now() >= load_relaxed(&prompt->due);
		/* What is handed over keeps the line in service, and was to be run by the section that is over. */
		opened &= rig_look(self, &prompt->rig.pulse.line, 0) || was_handed_over(prompt);
		add_one(&prompt->looks);
		if (opened && rig_is_asynchronous(&prompt->rig)) {
			await_arrival(prompt, self, number);
			looks_left = 1;
		}
		if (opened && --looks_left == 0 && load_relaxed(&prompt->served) != number)
			torture_violated(prompt->rig.run,
					 "cpu %u has not served an interrupt %d looks after the section that held it off was over (round %" PRIu64 ")",
					 self->index, LOOKS, number);
	}
}

static unsigned char prompt_isr(void *extension, uint32_t message)
{
	struct prompt *prompt = extension;
	struct pulse pulse;

	if (pulse_acknowledge(&prompt->rig.pulse, sim_cpu_self(), &pulse))
		add_one(&prompt->served);
	return 1;
}

static int prompt_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct prompt *prompt = context;
	int answer = prompt->rig.backend->service(prompt->rig.lock, cpu, prompt_isr, prompt, 0);

	/* relaxed: for the target itself, which this interrupts */
	atomic_store_explicit(&prompt->handed_over, answer == SYNC_HANDED_OVER, memory_order_relaxed);
	return answer;
}

/* The same on every CPU: they draw it from one sequence. */
static struct prompt_round draw_round(const struct prompt *prompt, uint64_t *random)
{
	const struct rig *rig = &prompt->rig;
	struct prompt_round round = {
		.actor = random_below(random, rig->cpus),
		.target = random_below(random, rig->cpus),
		.apart = random_one_in(random, 4),
		.due_ticks = rig_ticks(rig, random_below(random, 500)),
		.stay_ticks = rig_ticks(rig, random_below(random, 1000)),
	};

	return round;
}

static const char *missing(struct prompt *prompt)
{
	if (!load_relaxed(&prompt->held_off[0]))
		return "no interrupt waited for a section of its own CPU to end";
	if (prompt->rig.cpus > 1 && !load_relaxed(&prompt->held_off[1]))
		return "no interrupt waited for a section of another CPU to end";
	return NULL;
}

static void rounds(struct rig_cpu *self)
{
	struct prompt *prompt = self->rig->context;
	struct torture_run *run = self->rig->run;
	uint64_t shared_random = torture_seed(run, 2 * self->rig->cpus);
	bool over = false;

	for (uint64_t number = 1; !over; number++) {
		struct prompt_round round = draw_round(prompt, &shared_random);

		if (self->index == 0) {
			prompt->rounds = number;
			/* relaxed: ordered by the meeting */
			atomic_store_explicit(&prompt->handed_over, false, memory_order_relaxed);
			/* relaxed, here and below: ordered by the meeting */
			atomic_store_explicit(&prompt->over, torture_time_is_up(run) &&
					      (!missing(prompt) || torture_patience_is_over(run)), memory_order_relaxed);
		}
		rig_meet(self);
		over = atomic_load_explicit(&prompt->over, memory_order_relaxed);
		if (self->index == round.actor)
			act(prompt, self, &round, number);
		else if (self->index == round.target)
			be_target(prompt, self, number);
		rig_meet(self);
	}
}

void torture_prompt(struct torture_run *run)
{
	static struct prompt prompt;

	rig_init(&prompt.rig, run, prompt_handle, &prompt);
	rig_run(&prompt.rig, rounds);
	rig_fini(&prompt.rig);
	if (missing(&prompt))
		torture_not_exercised(run, "%s", missing(&prompt));
	torture_holds(run, "%" PRIu64 " rounds, %" PRIu64 " interrupts held off on the section's own CPU, %" PRIu64 " on another",
		      prompt.rounds, load_relaxed(&prompt.held_off[0]), load_relaxed(&prompt.held_off[1]));
}
