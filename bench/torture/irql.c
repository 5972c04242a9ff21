/* SPDX-License-Identifier: MIT */
/*
 * irql: levels are what they must be before, inside and after.
 *
 * A call leaves the IRQL as it found it, from every level at which one may
 * call; a section runs at DISPATCH or above and at DIRQL at most; the ISR runs
 * at DIRQL.  Interrupts of a higher level nest in sections and ISRs; those of a
 * level that a section has raised to stay out of it.
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
	LEVEL_HIGH_IN_SECTION,
	LEVEL_HIGH_IN_ISR,
	LEVEL_KEPT_OUT, /* sections at DIRQL with a lower interrupt waiting */
	LEVEL_COUNTS,
};

struct levels_cpu {
	_Alignas(SYNC_LINE_BYTES) struct levels *levels;
	struct rig_cpu *rig;
	_Atomic(uint8_t) section_irql; /* of the section that is running on this CPU, 0 for none */
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

/* A higher interrupt that is due now must get through to a section or an ISR. */
static void expect_nesting(struct levels_cpu *self, const char *what, enum level_count which)
{
	struct levels *levels = self->levels;
	uint64_t served = high_served(self);
	uint64_t end;

	if (!pulse_schedule(&levels->high, self->rig->cpu, self->rig->index, stamp_now()))
		return;
	for (unsigned i = 0; i < LOOKS && high_served(self) == served;)
		i += rig_look(self->rig, &levels->high.line, rig_ticks(&levels->rig, LOOK_NS));
	end = stamp_now() + rig_ticks(&levels->rig, RIG_ARRIVAL_NS);
	while (rig_is_asynchronous(&levels->rig) && high_served(self) == served && stamp_now() < end)
		sim_idle(self->rig->cpu);
	if (high_served(self) == served)
		torture_violated(levels->rig.run, "cpu %u: an interrupt at level %d, due during %s at level %u, was not taken within %d looks",
				 self->rig->index, HIGH_DIRQL, what, sim_irql(self->rig->cpu), LOOKS);
	count(self, which);
}

static void expect_outside(struct levels_cpu *self, uint8_t dirql)
{
	/* relaxed: written by what this interrupts, if by anyone */
	uint8_t section = atomic_load_explicit(&self->section_irql, memory_order_relaxed);

	if (section >= dirql)
		torture_violated(self->levels->rig.run, "cpu %u: an interrupt at level %u was taken during a section at level %u",
				 self->rig->index, dirql, section);
}

static unsigned char section_routine(void *extension, void *context)
{
	struct levels_cpu *self = context;
	struct levels *levels = self->levels;
	struct sim_cpu *cpu = self->rig->cpu;
	uint64_t *random = &self->rig->random;
	uint8_t irql = sim_irql(cpu);
	unsigned target = random_below(random, levels->rig.cpus);

	if (irql < IRQL_DISPATCH || irql > RIG_DIRQL)
		torture_violated(levels->rig.run, "cpu %u: a section runs at IRQL %u, not between %d and %d", self->rig->index, irql,
				 IRQL_DISPATCH, RIG_DIRQL);
	atomic_store_explicit(&self->section_irql, irql, memory_order_relaxed);
	if (random_one_in(random, 2))
		pulse_schedule(&levels->rig.pulse, cpu, target, stamp_now());
	if (random_one_in(random, 2) && pulse_schedule(&levels->low, cpu, self->rig->index, stamp_now()) &&
	    irql >= LOW_DIRQL)
		count(self, LEVEL_KEPT_OUT);
	if (random_one_in(random, 4))
		expect_nesting(self, "a section", LEVEL_HIGH_IN_SECTION);
	sim_work(cpu, rig_ticks(&levels->rig, random_below(random, 300)));
	expect_irql(self, irql, "at the end of a section");
	atomic_store_explicit(&self->section_irql, 0, memory_order_relaxed);
	count(self, LEVEL_SECTIONS);
	torture_step(self->rig->beat);
	return 1;
}

static unsigned char guarded_isr(void *extension, uint32_t message)
{
	struct levels_cpu *self = sim_cpu_self()->user;
	struct pulse pulse;

	expect_irql(self, RIG_DIRQL, "inside the ISR");
	expect_outside(self, RIG_DIRQL);
	pulse_acknowledge(&self->levels->rig.pulse, self->rig->cpu, &pulse);
	if (random_one_in(&self->rig->irq_random, 4))
		expect_nesting(self, "an ISR", LEVEL_HIGH_IN_ISR);
	expect_irql(self, RIG_DIRQL, "at the end of the ISR");
	count(self, LEVEL_GUARDED);
	torture_step(self->rig->beat);
	return 1;
}

static int guarded_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct levels *levels = context;
	int answer = levels->rig.backend->service(levels->rig.lock, cpu, guarded_isr, levels, 0);

	expect_irql(cpu->user, RIG_DIRQL, "after service");
	return answer;
}

static int high_handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct levels *levels = context;
	struct levels_cpu *self = cpu->user;
	struct pulse pulse;

	pulse_acknowledge(&levels->high, cpu, &pulse);
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
		[LEVEL_HIGH_IN_SECTION] = "no higher interrupt came during a section",
		[LEVEL_HIGH_IN_ISR] = "no higher interrupt came during the ISR",
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
	pulse_fini(&levels.high);
	pulse_fini(&levels.low);
	rig_fini(&levels.rig);
	if (what_is_missing)
		torture_not_exercised(run, "%s", what_is_missing);
	torture_holds(run,
		      "%" PRIu64 " sections, %" PRIu64 " interrupts, higher ones nested in %" PRIu64 " sections and %" PRIu64 " ISRs",
		      total(&levels, LEVEL_SECTIONS), total(&levels, LEVEL_GUARDED), total(&levels, LEVEL_HIGH_IN_SECTION),
		      total(&levels, LEVEL_HIGH_IN_ISR));
}
