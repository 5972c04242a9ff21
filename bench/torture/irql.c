/* SPDX-License-Identifier: MIT */
/*
 * irql: levels are what they must be before, inside and after.
 *
 * A call leaves the IRQL as it found it, from every level at which one may
 * call; a section runs at DISPATCH or above and at DIRQL at most; the ISR runs
 * at DIRQL.  Interrupts of a higher level nest in sections and ISRs; those of a
 * level that a section has raised to stay out of it.
 *
 * Of a back end that masks everything the opposite is demanded: sections and
 * ISRs run at IRQL_HIGH, and what falls due inside is taken right after.
 */
#include <inttypes.h>
#include <string.h>

#include "bench/torture/properties.h"
#include "bench/torture/rig.h"

#define LOW_DIRQL (RIG_DIRQL - 2)
#define HIGH_DIRQL (RIG_DIRQL + 3)
/* Looks within which a higher interrupt that is due is taken; one is enough. */
#define LOOKS 16
#define LOOK_NS 60

enum level_count {
	LEVEL_SECTIONS,
	LEVEL_GUARDED,
	LEVEL_LOW,
	LEVEL_HIGH_IN_SECTION, /* fell due there: nested, or waited where everything is masked */
	LEVEL_HIGH_IN_ISR,
	LEVEL_KEPT_OUT, /* sections at DIRQL with a lower interrupt waiting */
	LEVEL_COUNTS,
};

struct levels_cpu {
	_Alignas(SYNC_LINE_BYTES) struct levels *levels;
	struct rig_cpu *rig;
	_Atomic(uint8_t) inside_irql; /* of the section or ISR that is running on this CPU, 0 for none */
	_Atomic(uint64_t) high_asked;
	_Atomic(uint64_t) high_served;
	_Atomic(uint64_t) count[LEVEL_COUNTS];
};

struct levels {
	struct rig rig;
	struct pulse_source low;
	struct pulse_source high;
	struct levels_cpu cpu[PLACEMENT_CPU_MAX];
	_Atomic(bool) over;
};

static void count(struct levels_cpu *self, enum level_count which)
{
	/* relaxed: one writer, and nothing depends on when it is seen */
	atomic_store_explicit(&self->count[which], atomic_load_explicit(&self->count[which], memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static uint64_t total(const struct levels *levels, enum level_count which)
{
	uint64_t sum = 0;

	/* relaxed: see count() */
	for (unsigned i = 0; i < levels->rig.cpus; i++)
		sum += atomic_load_explicit(&levels->cpu[i].count[which], memory_order_relaxed);
	return sum;
}

static uint64_t high_served(const struct levels_cpu *self)
{
	/* relaxed: the CPU's own counter */
	return atomic_load_explicit(&self->high_served, memory_order_relaxed);
}

static void expect_irql(struct levels_cpu *self, uint8_t expected, const char *where)
{
	uint8_t irql = sim_irql(self->rig->cpu);

	if (irql != expected)
		torture_violated(self->levels->rig.run, "cpu %u: the IRQL is %u %s, not %u", self->rig->index, irql, where, expected);
}

/* Whether one that was asked for is yet to be taken.  An ISR that asks for one and sees it taken may come in between. */
static bool high_is_outstanding(const struct levels_cpu *self)
{
	/* relaxed: the CPU's own; read first, so that what comes in between adds to the other side alone */
	uint64_t asked = atomic_load_explicit(&self->high_asked, memory_order_relaxed);

	atomic_signal_fence(memory_order_seq_cst);
	return high_served(self) < asked;
}

static bool masks_all(const struct levels *levels)
{
	return levels->rig.backend->capabilities & SYNC_MASKS_ALL;
}

/* Nothing holds off higher interrupts here: each that was asked for is taken. */
static void expect_high_taken(struct levels_cpu *self, const char *when)
{
	struct levels *levels = self->levels;
	uint64_t end;

	for (unsigned i = 0; i < LOOKS && high_is_outstanding(self);)
		i += rig_look(self->rig, &levels->high.line, rig_ticks(&levels->rig, LOOK_NS));
	end = stamp_now() + rig_arrival_ticks(&levels->rig);
	while (rig_is_asynchronous(&levels->rig) && high_is_outstanding(self) && stamp_now() < end)
		sim_idle(self->rig->cpu);
	if (high_is_outstanding(self))
		torture_violated(levels->rig.run, "cpu %u: an interrupt at level %d, due %s, was not taken at level %u within %d looks",
				 self->rig->index, HIGH_DIRQL, when, sim_irql(self->rig->cpu), LOOKS);
}

/* A higher interrupt falls due in a section or an ISR: it gets through or, where everything is masked, does not. */
static void ask_for_high(struct levels_cpu *self, const char *when, enum level_count which)
{
	struct levels *levels = self->levels;

	if (!pulse_schedule(&levels->high, self->rig->cpu, self->rig->index, stamp_now()))
		return;
	/* relaxed: the CPU's own counter; added to in one go, as an ISR may interrupt the section that asks */
	atomic_fetch_add_explicit(&self->high_asked, 1, memory_order_relaxed);
	if (masks_all(levels))
		/* time enough to come in, which the handler would not let pass */
		sim_work(self->rig->cpu, rig_ticks(&levels->rig, 2 * LOOK_NS));
	else
		expect_high_taken(self, when);
	count(self, which);
}

static void expect_outside(struct levels_cpu *self, uint8_t dirql)
{
	/* relaxed: written by what this interrupts, if by anyone */
	uint8_t inside = atomic_load_explicit(&self->inside_irql, memory_order_relaxed);

	if (inside >= dirql)
		torture_violated(self->levels->rig.run, "cpu %u: an interrupt at level %u was taken during a section or an ISR at level %u",
				 self->rig->index, dirql, inside);
}

static void expect_section_irql(struct levels_cpu *self, uint8_t irql)
{
	uint8_t lowest = masks_all(self->levels) ? IRQL_HIGH : IRQL_DISPATCH;
	uint8_t highest = masks_all(self->levels) ? IRQL_HIGH : RIG_DIRQL;

	if (irql < lowest || irql > highest)
		torture_violated(self->levels->rig.run, "cpu %u: a section runs at IRQL %u, not between %u and %u", self->rig->index,
				 irql, lowest, highest);
}

static unsigned char section_routine(void *extension, void *context)
{
	const struct levels_cpu *caller = context;
	struct levels *levels = caller->levels;
	/* The CPU that runs it; what it draws is the caller's, who waits. */
	struct levels_cpu *self = sim_cpu_self()->user;
	struct sim_cpu *cpu = self->rig->cpu;
	uint64_t *random = &caller->rig->random;
	uint8_t irql = sim_irql(cpu);
	unsigned target = random_below(random, levels->rig.cpus);

	expect_section_irql(self, irql);
	atomic_store_explicit(&self->inside_irql, irql, memory_order_relaxed);
	if (random_one_in(random, 2))
		pulse_schedule(&levels->rig.pulse, cpu, target, stamp_now());
	if (random_one_in(random, 2) && pulse_schedule(&levels->low, cpu, self->rig->index, stamp_now()) &&
	    irql >= LOW_DIRQL)
		count(self, LEVEL_KEPT_OUT);
	if (random_one_in(random, 4))
		ask_for_high(self, "during a section", LEVEL_HIGH_IN_SECTION);
	sim_work(cpu, rig_ticks(&levels->rig, random_below(random, 300)));
	expect_irql(self, irql, "at the end of a section");
	atomic_store_explicit(&self->inside_irql, 0, memory_order_relaxed);
	count(self, LEVEL_SECTIONS);
	torture_step(self->rig->beat);
	return 1;
}

static unsigned char guarded_isr(void *extension, uint32_t message)
{
	struct levels_cpu *self = sim_cpu_self()->user;
	uint8_t irql = masks_all(self->levels) ? IRQL_HIGH : RIG_DIRQL;
	/* relaxed, and below: written by what this interrupts, and read by what interrupts this */
	uint8_t interrupted = atomic_load_explicit(&self->inside_irql, memory_order_relaxed);
	struct pulse pulse;

	expect_irql(self, irql, "inside the ISR");
	expect_outside(self, RIG_DIRQL);
	atomic_store_explicit(&self->inside_irql, irql, memory_order_relaxed);
	pulse_acknowledge(&self->levels->rig.pulse, self->rig->cpu, &pulse);
	if (random_one_in(&self->rig->irq_random, 4))
		ask_for_high(self, "during an ISR", LEVEL_HIGH_IN_ISR);
	expect_irql(self, irql, "at the end of the ISR");
	atomic_store_explicit(&self->inside_irql, interrupted, memory_order_relaxed);
	count(self, LEVEL_GUARDED);
	torture_step(self->rig->beat);
	return 1;
}

static int guarded_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct levels *levels = context;
	int answer = levels->rig.backend->service(levels->rig.lock, cpu, guarded_isr, levels, 0);

	expect_irql(cpu->user, RIG_DIRQL, "after service");
	if (masks_all(levels))
		expect_high_taken(cpu->user, "before the end of an ISR");
	return answer;
}

static int high_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct levels *levels = context;
	struct levels_cpu *self = cpu->user;
	struct pulse pulse;

	expect_outside(self, HIGH_DIRQL);
	if (!pulse_acknowledge(&levels->high, cpu, &pulse))
		return 0;
	/* relaxed: read by what this interrupts */
	atomic_store_explicit(&self->high_served, high_served(self) + 1, memory_order_relaxed);
	return 1;
}

static int low_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct levels *levels = context;
	struct levels_cpu *self = cpu->user;
	struct pulse pulse;

	expect_outside(self, LOW_DIRQL);
	pulse_acknowledge(&levels->low, cpu, &pulse);
	count(self, LEVEL_LOW);
	return 1;
}

static void call_once(struct levels_cpu *self)
{
	static const uint8_t from[] = {
		IRQL_PASSIVE, IRQL_PASSIVE, IRQL_APC, IRQL_DISPATCH, IRQL_DISPATCH, IRQL_DEVICE_MIN, RIG_DIRQL,
	};
	uint64_t *random = &self->rig->random;
	uint8_t level = from[random_below(random, sizeof(from))];
	bool apart = random_one_in(random, 2);

	sim_raise(self->rig->cpu, level);
	rig_synchronize(self->rig, apart, section_routine, self->levels, self);
	expect_irql(self, level, apart ? "after enter and leave" : "after synchronize");
	if (masks_all(self->levels))
		expect_high_taken(self, "before the end of a section");
	/* When it was somebody else who made the step. */
	torture_step(self->rig->beat);
	sim_lower(self->rig->cpu, IRQL_PASSIVE);
	expect_irql(self, IRQL_PASSIVE, "after lowering to PASSIVE");
	sim_work(self->rig->cpu, rig_ticks(&self->levels->rig, random_below(random, 300)));
}

static const char *missing(const struct levels *levels)
{
	static const char *const what[LEVEL_COUNTS] = {
		[LEVEL_SECTIONS] = "no section ran",
		[LEVEL_GUARDED] = "no guarded interrupt was served",
		[LEVEL_LOW] = "no lower interrupt was served",
		[LEVEL_HIGH_IN_SECTION] = "no higher interrupt fell due during a section",
		[LEVEL_HIGH_IN_ISR] = "no higher interrupt fell due during the ISR",
		[LEVEL_KEPT_OUT] = "no lower interrupt fell due during a section above it",
	};

	for (unsigned i = 0; i < LEVEL_COUNTS; i++)
		if (!total(levels, (enum level_count)i))
			return what[i];
	return NULL;
}

static void calls(struct rig_cpu *rig)
{
	struct levels_cpu *self = rig->cpu->user;
	struct levels *levels = self->levels;

	/* relaxed: when it ends orders nothing */
	while (!atomic_load_explicit(&levels->over, memory_order_relaxed)) {
		for (unsigned i = 0; i < 16; i++)
			call_once(self);
		if (rig->index == 0 && torture_time_is_up(rig->rig->run) &&
		    (!missing(levels) || torture_patience_is_over(rig->rig->run)))
			atomic_store_explicit(&levels->over, true, memory_order_relaxed);
	}
}

void torture_irql(struct torture_run *run)
{
	static struct levels levels;
	const char *what_is_missing;
	const char *fate;
	int error;

	rig_init(&levels.rig, run, guarded_handle, &levels);
	error = pulse_init(&levels.low, &levels.rig.machine, "low", LOW_DIRQL, low_handle, &levels);
	if (!error)
		error = pulse_init(&levels.high, &levels.rig.machine, "high", HIGH_DIRQL, high_handle, &levels);
	if (error)
		torture_failed(run, "the pulse sources: %s", strerror(-error));
	for (unsigned i = 0; i < levels.rig.cpus; i++) {
		levels.cpu[i] = (struct levels_cpu){ .levels = &levels, .rig = &levels.rig.cpu[i] };
		levels.rig.cpu[i].cpu->user = &levels.cpu[i];
	}
	rig_run(&levels.rig, calls);
	what_is_missing = missing(&levels);
	fate = masks_all(&levels) ? "waited for the end of" : "nested in";
	pulse_fini(&levels.high);
	pulse_fini(&levels.low);
	rig_fini(&levels.rig);
	if (what_is_missing)
		torture_not_exercised(run, "%s", what_is_missing);
	torture_holds(run,
		      "%" PRIu64 " sections, %" PRIu64 " interrupts, higher ones %s %" PRIu64 " sections and %" PRIu64 " ISRs",
		      total(&levels, LEVEL_SECTIONS), total(&levels, LEVEL_GUARDED), fate, total(&levels, LEVEL_HIGH_IN_SECTION),
		      total(&levels, LEVEL_HIGH_IN_ISR));
}
