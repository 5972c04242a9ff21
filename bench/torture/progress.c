/* SPDX-License-Identifier: MIT */
/*
 * progress: service() waits for a caller in its section no more, and no less, than the back end declares.
 *
 * A round is one section, in which the caller sits until service() for a pulse
 * that fell due meanwhile has returned, whatever its answer: run, deferred or
 * handed over.  What is declared wait-free has a bounded number of instructions
 * for that, and they are counted, one by one.  What is declared blocking must be
 * seen to wait, or the declaration is wrong in the other direction.
 *
 * The terms are those of M. Herlihy, "Wait-Free Synchronization", ACM TOPLAS
 * 13(1), 1991.
 */
#include <inttypes.h>

#include "bench/torture/properties.h"
#include "bench/torture/rig.h"
#include "bench/torture/stepper.h"

/* The bound on a wait-free service(), in instructions while a caller sits in its section. */
#define STEPS_MAX 2000
/* Spin iterations of service() that say that it waits; and that it waits for ever. */
#define SPINS_WAIT 1000
#define SPINS_FOREVER 1000000
/* One that sleeps instead has not returned after this time. */
#define SLEEP_NS 2000000
#define SIT_NS 50

struct progress {
	struct rig rig;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) inside; /* round whose caller sits in its section, 0: none */
	/* Written by the target: rounds whose service() was called while the caller sat, and has returned while it still did. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) entered;
	_Atomic(uint64_t) returned;
	_Atomic(uint64_t) relaxes; /* the target's spin iterations at the call */
	_Atomic(uint64_t) served;  /* pulses so far, by whoever ran the ISR */
	_Atomic(uint64_t) steps_most;
	_Atomic(bool) over;
	/* Rounds, by how they ended; by one caller at a time. */
	uint64_t showed;   /* service() returned, or was seen to wait, as declared */
	uint64_t kept_out; /* the section's IRQL, or the line's mask, kept the interrupt from service() */
};

struct progress_section {
	struct rig_cpu *self;
	uint64_t number;
	unsigned target;
};

struct progress_call {
	struct progress *progress;
	struct sim_cpu *cpu;
	int answer;
};

static uint64_t load_relaxed(_Atomic(uint64_t) *word)
{
	/* relaxed: what must be ordered says so where it is read */
	return atomic_load_explicit(word, memory_order_relaxed);
}

static bool is_blocking(const struct progress *progress)
{
	return progress->rig.backend->isr_progress == SYNC_ISR_BLOCKING;
}

static bool is_counted(const struct progress *progress)
{
	return progress->rig.backend->isr_progress == SYNC_ISR_WAIT_FREE && stepper_available();
}

/* --- the interrupt --- */

static unsigned char isr(void *extension, uint32_t message)
{
	struct progress *progress = extension;
	struct pulse pulse;

	if (pulse_acknowledge(&progress->rig.pulse, sim_cpu_self(), &pulse))
		/* relaxed: a counter */
		atomic_fetch_add_explicit(&progress->served, 1, memory_order_relaxed);
	return 1;
}

static void serve(void *context)
{
	struct progress_call *call = context;
	struct rig *rig = &call->progress->rig;

	call->answer = rig->backend->service(rig->lock, call->cpu, isr, call->progress, 0);
}

static bool step(void *context, uint64_t n)
{
	struct progress *progress = context;

	if (n >= STEPS_MAX)
		torture_violated(progress->rig.run,
				 "service is declared wait-free, and has not returned after %d instructions while a caller sits in its section, at %s",
				 STEPS_MAX, stepper_describe(stepper_address()));
	return true;
}

static void serve_counting(struct progress *progress, struct progress_call *call)
{
	uint64_t steps = stepper_run(serve, call, step, progress);

	/* relaxed: one service at a time, and read at the end */
	if (steps > load_relaxed(&progress->steps_most))
		atomic_store_explicit(&progress->steps_most, steps, memory_order_relaxed);
}

static int handle(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct progress *progress = context;
	struct progress_call call = { .progress = progress, .cpu = cpu };
	/* ORD progress:A acquire, pairs with progress:B: the caller has access, and keeps it until this has returned. */
	uint64_t number = atomic_load_explicit(&progress->inside, memory_order_acquire);

	if (!number) {
		serve(&call);
		return call.answer;
	}
	/* relaxed: published by the next line */
	atomic_store_explicit(&progress->relaxes, load_relaxed(&cpu->relaxes), memory_order_relaxed);
	/* ORD progress:C release, pairs with progress:D: with the entry comes the spin count. */
	atomic_store_explicit(&progress->entered, number, memory_order_release);
	if (is_counted(progress))
		serve_counting(progress, &call);
	else
		serve(&call);
	/* relaxed, both: the caller only wants to see it while it sits */
	if (load_relaxed(&progress->inside) == number)
		atomic_store_explicit(&progress->returned, number, memory_order_relaxed);
	return call.answer;
}

/* --- the section --- */

/* Whether service() has shown that it waits. */
static bool is_waiting(struct progress *progress, const struct progress_section *section, uint64_t entered_at)
{
	uint64_t spins = load_relaxed(&progress->rig.machine.cpu[section->target].relaxes) - load_relaxed(&progress->relaxes);
	uint64_t elapsed = stamp_now() - entered_at;

	if (is_blocking(progress))
		return spins >= SPINS_WAIT || elapsed >= rig_ticks(&progress->rig, SLEEP_NS);
	return spins >= SPINS_FOREVER || (!is_counted(progress) && elapsed >= rig_arrival_ticks(&progress->rig));
}

static void judge_waiting(struct progress *progress)
{
	if (!is_blocking(progress))
		torture_violated(progress->rig.run, "service is declared %s, and waits for a caller that sits in its section",
				 progress->rig.backend->isr_progress == SYNC_ISR_WAIT_FREE ? "wait-free" : "lock-free");
	progress->showed++;
}

static void judge_return(struct progress *progress)
{
	if (is_blocking(progress))
		torture_violated(progress->rig.run, "service is declared blocking, and returned while a caller sat in its section");
	progress->showed++;
}

static void sit(struct progress *progress, const struct progress_section *section)
{
	uint64_t end = stamp_now() + rig_arrival_ticks(&progress->rig);
	uint64_t entered_at = 0;

	for (;;) {
		rig_pause(section->self);
		sim_work(section->self->cpu, rig_ticks(&progress->rig, SIT_NS));
		if (load_relaxed(&progress->returned) == section->number) {
			judge_return(progress);
			return;
		}
		/* ORD progress:D acquire, pairs with progress:C: see there. */
		if (!entered_at && atomic_load_explicit(&progress->entered, memory_order_acquire) == section->number)
			entered_at = stamp_now();
		if (entered_at && is_waiting(progress, section, entered_at)) {
			judge_waiting(progress);
			return;
		}
		if (!entered_at && stamp_now() >= end)
			return;
	}
}

static unsigned char routine(void *extension, void *context)
{
	struct progress *progress = extension;
	struct progress_section *section = context;
	struct rig_cpu *self = section->self;

	/* ORD progress:B release, pairs with progress:A: see there. */
	atomic_store_explicit(&progress->inside, section->number, memory_order_release);
	pulse_schedule(&progress->rig.pulse, self->cpu, section->target, stamp_now());
	if (irq_line_is_masked(&progress->rig.pulse.line) || (section->target == self->index && sim_irql(self->cpu) >= RIG_DIRQL))
		progress->kept_out++;
	else
		sit(progress, section);
	/* relaxed: a service that still takes it for held has been waited for */
	atomic_store_explicit(&progress->inside, 0, memory_order_relaxed);
	return 1;
}

/* --- the rounds --- */

static void await_pulse(struct progress *progress, struct rig_cpu *self, uint64_t number)
{
	uint64_t end = stamp_now() + rig_arrival_ticks(&progress->rig);

	while (load_relaxed(&progress->served) < number && stamp_now() < end)
		sim_idle(self->cpu);
	if (load_relaxed(&progress->served) < number)
		torture_violated(progress->rig.run, "cpu %u: the interrupt that a section held off was not served after it", self->index);
}

/* Callers take turns; now and then the pulse is for the caller's own CPU, which a blocking back end has to keep out. */
static void play(struct progress *progress, struct rig_cpu *self, uint64_t number)
{
	unsigned cpus = progress->rig.cpus;
	unsigned actor = (unsigned)(number % cpus);
	bool own = cpus == 1 || (!is_blocking(progress) && number / cpus % 4 == 3);
	struct progress_section section = { .self = self, .number = number, .target = own ? actor : (actor + 1) % cpus };

	if (self->index == actor)
		rig_synchronize(self, number / cpus & 1, routine, progress, &section);
	if (self->index == actor)
		await_pulse(progress, self, number);
	else if (self->index == section.target)
		/* until the caller has seen it, or given up */
		while (load_relaxed(&progress->served) < number)
			sim_idle(self->cpu);
}

static void rounds(struct rig_cpu *self)
{
	struct progress *progress = self->rig->context;
	struct torture_run *run = self->rig->run;
	bool over = false;

	for (uint64_t number = 1; !over; number++) {
		if (self->index == 0)
			/* relaxed, here and below: ordered by the meeting */
			atomic_store_explicit(&progress->over, torture_time_is_up(run) &&
					      (progress->showed || progress->kept_out || torture_patience_is_over(run)),
					      memory_order_relaxed);
		rig_meet(self);
		over = atomic_load_explicit(&progress->over, memory_order_relaxed);
		play(progress, self, number);
		rig_meet(self);
	}
}

const char *torture_progress_refusal(const struct torture_check *check)
{
	if (check->backend->isr_progress == SYNC_ISR_BLOCKING && check->cpus < 2)
		return "it takes another CPU's ISR to show that it waits for a caller";
	return NULL;
}

static _Noreturn void conclude(struct progress *progress)
{
	struct torture_run *run = progress->rig.run;

	if (!progress->showed && !progress->kept_out)
		torture_not_exercised(run, "no service() was called while a caller sat in its section");
	if (is_blocking(progress))
		torture_holds(run, "blocking: it waited in %" PRIu64 " sections", progress->showed);
	if (!progress->showed)
		torture_holds(run, "no service() during %" PRIu64 " sections: their level or the line's mask keeps it out", progress->kept_out);
	if (is_counted(progress))
		torture_holds(run, "wait-free: it returned during %" PRIu64 " sections, after %" PRIu64 " instructions at most", progress->showed,
			      load_relaxed(&progress->steps_most));
	torture_holds(run, "it returned during %" PRIu64 " sections, its instructions not counted", progress->showed);
}

void torture_progress(struct torture_run *run)
{
	static struct progress progress;

	rig_init(&progress.rig, run, handle, &progress);
	rig_run(&progress.rig, rounds);
	rig_fini(&progress.rig);
	conclude(&progress);
}
