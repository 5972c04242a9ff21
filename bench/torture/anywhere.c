/* SPDX-License-Identifier: MIT */
/*
 * anywhere: under signal delivery, an interrupt is harmless at every instruction of the port's hot path.
 *
 * Random load meets a window of two instructions once in a long while, or
 * never.  So here a path is traced once, instruction by instruction, and then
 * gone again for each of them, to be interrupted right there: submitting
 * requests while another one's completion is due; and serving an interrupt, from
 * the signal on, while another completion and two other devices' interrupts fall
 * due.  Whatever waits after that is announced as often as it takes.  Then each
 * request has been completed once, and nothing is left anywhere.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/torture/anywhere_rig.h"
#include "bench/torture/properties.h"
#include "bench/torture/stepper.h"
#include "hba_sim/machine/delivery.h"

/* Announcements that every interrupt has to do with; one is enough unless a back end defers it. */
#define ANNOUNCEMENTS 8
/* How soon what is to interrupt the service of an interrupt falls due, at first and at most. */
#define DUE_NS UINT64_C(20000)
#define DUE_NS_MAX UINT64_C(4000000000)
/* Runs that took another way, or were too slow, before an offset is single-stepped to. */
#define ATTEMPTS 8

enum outcome {
	OUTCOME_TAKEN,    /* at once, on top of the instruction */
	OUTCOME_LATCHED,  /* the IRQL kept it out, and it was taken when that fell */
	OUTCOME_DEFERRED, /* the back end kept it out */
	OUTCOME_NONE,     /* it had been taken before, or was announced already */
	OUTCOMES,
};

struct anywhere;

struct path {
	const char *name;
	const struct anywhere_subject *subject;
	void (*prepare)(struct anywhere *anywhere);
	void (*body)(void *anywhere);
	uint64_t arrivals; /* signals that come to the CPU until the body is over, when another one was not on its way already */
	bool timed;        /* what is to interrupt falls due by itself, and after the body has begun */
};

struct anywhere {
	struct anywhere_rig rig;
	const struct path *path;
	size_t offset;
	struct stepper_trace trace;
	uint64_t due;       /* stamp from which all that is to interrupt is due */
	uint64_t due_ticks; /* how soon that is */
	uint64_t way_ticks; /* how long it took to come to the instruction */
	bool early;         /* it was due before its instruction */
	bool met;
	bool announced;     /* a signal was on its way already */
	bool forgotten;     /* neither taken nor kept out */
	uint64_t arrivals;  /* before the path */
	uint64_t deferred;  /* likewise */
	enum outcome outcome;
	uint64_t count[OUTCOMES]; /* offsets */
	uint64_t stepped;   /* offsets that were single-stepped to */
	uint64_t blocked;   /* offsets at which the process has signals blocked, so that none is delivered */
};

/* --- the paths --- */

static void submit_first(struct anywhere *anywhere)
{
	struct anywhere_rig *rig = &anywhere->rig;
	uint64_t now = stamp_now();

	anywhere_rig_serve_in(rig, 0);
	anywhere_rig_submit(rig, 0);
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++)
		anywhere_rig_pulse(rig, i, now);
}

/* A request, and a pulse of each bystander, due and announced by nobody. */
static void prepare_submission(struct anywhere *anywhere)
{
	submit_first(anywhere);
	anywhere->due = 0;
}

static void submit_second(void *context)
{
	struct anywhere *anywhere = context;
	struct anywhere_rig *rig = &anywhere->rig;
	uint64_t now = stamp_now();

	anywhere_rig_submit(rig, 1);
	anywhere_rig_submit(rig, 2);
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++)
		anywhere_rig_pulse(rig, i, now);
}

/* A request and two pulses that fall due a little later. */
static void prepare_nothing(struct anywhere *anywhere)
{
	struct anywhere_rig *rig = &anywhere->rig;

	anywhere_rig_serve_in(rig, anywhere->due_ticks);
	anywhere_rig_submit(rig, 1);
	anywhere->due = stamp_now() + anywhere->due_ticks;
	for (unsigned i = 0; i < ANYWHERE_BYSTANDERS; i++)
		anywhere_rig_pulse(rig, i, anywhere->due);
}

/* The same behind a request and two pulses that are due at once. */
static void prepare_service(struct anywhere *anywhere)
{
	submit_first(anywhere);
	prepare_nothing(anywhere);
}

/* Behind a pulse that the IRQL keeps out at first. */
static void prepare_latched(struct anywhere *anywhere)
{
	anywhere_rig_pulse(&anywhere->rig, 0, stamp_now());
	prepare_nothing(anywhere);
}

/* As the kernel calls the signal's handler: it is no longer on its way when that says so. */
static void arrive(struct sim_cpu *cpu)
{
	/* relaxed: the CPU's own thread plays its watcher, too */
	atomic_store_explicit(&cpu->arriving.in_flight, 1, memory_order_relaxed);
	delivery_signal_arrive(cpu);
}

static void serve(void *context)
{
	struct anywhere *anywhere = context;

	arrive(anywhere->rig.cpu);
}

/* The signal comes while the IRQL keeps everything out. */
static void latch_and_serve(void *context)
{
	struct anywhere *anywhere = context;
	struct sim_cpu *cpu = anywhere->rig.cpu;
	uint8_t irql = sim_raise(cpu, IRQL_DEVICE_MAX);

	arrive(cpu);
	sim_lower(cpu, irql);
}

static const struct anywhere_subject plain = { "virtio-scsi", DEVICE_LEGACY, false, "completion=isr" };
static const struct anywhere_subject plain_dpc = { "virtio-scsi", DEVICE_LEGACY, false, "completion=dpc" };
static const struct anywhere_subject scsi = { "virtio-scsi", DEVICE_MODERN, true, "completion=isr" };
static const struct anywhere_subject disk = { "virtio-blk", DEVICE_MODERN, true, "completion=dpc" };

static const struct path paths[] = {
	{ "submission", &plain, prepare_submission, submit_second, 1, false },
	{ "service", &plain, prepare_service, serve, 2, true },
	{ "service when the IRQL falls", &plain, prepare_latched, latch_and_serve, 2, true },
	{ "nothing to serve when the IRQL falls", &plain, prepare_nothing, latch_and_serve, 2, true },
	{ "submission with a DPC", &plain_dpc, prepare_submission, submit_second, 1, false },
	{ "service with a DPC", &plain_dpc, prepare_service, serve, 2, true },
	{ "submission to a modern SCSI host", &scsi, prepare_submission, submit_second, 1, false },
	{ "service of a modern SCSI host", &scsi, prepare_service, serve, 2, true },
	{ "submission to a modern disk", &disk, prepare_submission, submit_second, 1, false },
	{ "service of a modern disk with a DPC", &disk, prepare_service, serve, 2, true },
};

#define PATHS (sizeof(paths) / sizeof(paths[0]))

/* --- one interrupt --- */

static uint64_t pins_sum(const struct sim_cpu *cpu, size_t counter)
{
	uint64_t sum = 0;

	/* relaxed: counters of this CPU */
	for (unsigned i = 0; i < cpu->machine->lines; i++)
		sum += atomic_load_explicit((const _Atomic(uint64_t) *)((const char *)&cpu->pin[i] + counter), memory_order_relaxed);
	return sum;
}

static uint64_t taken(const struct sim_cpu *cpu)
{
	return pins_sum(cpu, offsetof(struct irq_pin, taken));
}

static uint64_t deferred(const struct sim_cpu *cpu)
{
	return pins_sum(cpu, offsetof(struct irq_pin, deferred));
}

static uint64_t arrivals(const struct sim_cpu *cpu)
{
	/* relaxed: as above */
	return atomic_load_explicit(&cpu->arriving.arrivals, memory_order_relaxed);
}

/* Whether a line waits that the IRQL lets through, or one that it keeps out and that nobody will look at when it falls. */
static bool is_forgotten(struct sim_cpu *cpu)
{
	uint64_t now = stamp_now();

	for (unsigned i = 0; i < cpu->machine->lines; i++) {
		struct irq_line *line = cpu->machine->line[i];

		/* relaxed: the CPU's own */
		if (intc_is_deliverable(cpu, line, now) &&
		    (line->dirql > sim_irql(cpu) || !atomic_load_explicit(&cpu->latched, memory_order_relaxed)))
			return true;
	}
	return false;
}

/* On top of the instruction. */
static void interrupt(void *context)
{
	struct anywhere *anywhere = context;
	struct sim_cpu *cpu = anywhere->rig.cpu;
	uint64_t taken_before;
	uint64_t deferred_before;

	if (anywhere->path->timed) {
		anywhere->way_ticks = stamp_now() - (anywhere->due - anywhere->due_ticks);
		anywhere->early = anywhere->way_ticks >= anywhere->due_ticks;
	}
	while (stamp_now() < anywhere->due)
		;
	anywhere->met = true;
	taken_before = taken(cpu);
	deferred_before = deferred(cpu);
	/* relaxed: the CPU's own */
	anywhere->announced = atomic_load_explicit(&cpu->arriving.in_flight, memory_order_relaxed);
	delivery_signal_raise(cpu);
	anywhere->forgotten = !anywhere->announced && is_forgotten(cpu);
	/* relaxed: the CPU's own */
	if (deferred(cpu) != deferred_before)
		anywhere->outcome = OUTCOME_DEFERRED;
	else if (atomic_load_explicit(&cpu->latched, memory_order_relaxed))
		anywhere->outcome = OUTCOME_LATCHED;
	else
		anywhere->outcome = taken(cpu) != taken_before ? OUTCOME_TAKEN : OUTCOME_NONE;
}

static _Noreturn void violated(const struct anywhere *anywhere, const char *what)
{
	torture_violated(anywhere->rig.run, "%s, interrupted at instruction %zu of %zu, %s: %s", anywhere->path->name, anywhere->offset,
			 anywhere->trace.length, stepper_describe(anywhere->trace.mark[anywhere->offset].address), what);
}

/* Everything is announced as the watcher of a CPU does it, until nothing is left. */
static void settle(struct anywhere *anywhere)
{
	struct anywhere_rig *rig = &anywhere->rig;

	while (stamp_now() < anywhere->due)
		;
	for (unsigned i = 0; i < ANNOUNCEMENTS && !anywhere_rig_is_done(rig); i++)
		sim_raise_due(&rig->machine);
}

static void judge(struct anywhere *anywhere)
{
	struct sim_cpu *cpu = anywhere->rig.cpu;
	const char *deviation;

	if (anywhere->forgotten)
		violated(anywhere, "the signal came, and an interrupt was neither taken nor kept for later");
	if (arrivals(cpu) + anywhere->announced != anywhere->arrivals + anywhere->path->arrivals)
		violated(anywhere, "an arrival was not counted");
	/* All was due when the signal came.  What a back end has let in again is announced anew. */
	if (anywhere->path->timed && deferred(cpu) == anywhere->deferred && is_forgotten(cpu))
		violated(anywhere, "an interrupt was kept for later and forgotten");
	settle(anywhere);
	deviation = anywhere_rig_deviation(&anywhere->rig);
	if (deviation)
		violated(anywhere, deviation);
}

/* --- one offset --- */

static void begin(struct anywhere *anywhere)
{
	anywhere_rig_renew(&anywhere->rig);
	anywhere->early = false;
	anywhere->met = false;
	anywhere->outcome = OUTCOME_NONE;
	anywhere->announced = false;
	anywhere->forgotten = false;
	anywhere->path->prepare(anywhere);
	anywhere->arrivals = arrivals(anywhere->rig.cpu);
	anywhere->deferred = deferred(anywhere->rig.cpu);
}

static bool step_to_offset(void *context, uint64_t n)
{
	struct anywhere *anywhere = context;

	if (n < anywhere->offset)
		return true;
	interrupt(anywhere);
	return false;
}

/* At full speed; false when the run did not come there, or came too late for what was to fall due. */
static bool interrupt_quickly(struct anywhere *anywhere)
{
	bool came;

	begin(anywhere);
	came = stepper_run_to(&anywhere->trace, anywhere->offset, anywhere->path->body, anywhere, interrupt, anywhere);
	if (came)
		judge(anywhere);
	else
		settle(anywhere);
	return came && !anywhere->early;
}

static bool interrupt_exactly(struct anywhere *anywhere)
{
	begin(anywhere);
	stepper_run(anywhere->path->body, anywhere, step_to_offset, anywhere);
	if (anywhere->met)
		judge(anywhere);
	else
		settle(anywhere);
	return anywhere->met && !anywhere->early;
}

static void double_due(struct anywhere *anywhere)
{
	uint64_t most = torture_ticks(anywhere->rig.run, DUE_NS_MAX);

	anywhere->due_ticks = anywhere->due_ticks < most / 2 ? 2 * anywhere->due_ticks : most;
}

static void interrupt_at_offset(struct anywhere *anywhere)
{
	uint64_t least = torture_ticks(anywhere->rig.run, DUE_NS);

	for (unsigned i = 0; i < ATTEMPTS; i++) {
		if (interrupt_quickly(anywhere)) {
			/* the next instruction is about as far, unless something else took the core */
			anywhere->due_ticks = 2 * anywhere->way_ticks > least ? 2 * anywhere->way_ticks : least;
			return;
		}
		if (anywhere->early)
			double_due(anywhere);
		torture_step(&anywhere->rig.run->beat[0]);
	}
	anywhere->stepped++;
	for (unsigned i = 0; i < ATTEMPTS && !interrupt_exactly(anywhere) && anywhere->early; i++)
		double_due(anywhere);
	anywhere->due_ticks = least;
}

/* --- one path --- */

static bool beat(void *context, uint64_t n)
{
	struct anywhere *anywhere = context;

	torture_step(&anywhere->rig.run->beat[0]);
	return true;
}

/* Uninterrupted: what is to fall due does so after the end. */
static void record(struct anywhere *anywhere)
{
	struct anywhere_rig *rig = &anywhere->rig;
	bool late = true;
	int err;

	anywhere->due_ticks = torture_ticks(rig->run, DUE_NS);
	/* Once before: the first call of a library's function takes another way. */
	begin(anywhere);
	anywhere->path->body(anywhere);
	settle(anywhere);
	while (late) {
		stepper_trace_fini(&anywhere->trace);
		begin(anywhere);
		err = stepper_record(&anywhere->trace, anywhere->path->body, anywhere, beat, anywhere);
		if (err)
			torture_failed(rig->run, "tracing: %s", strerror(-err));
		late = anywhere->path->timed && stamp_now() >= anywhere->due;
		settle(anywhere);
		double_due(anywhere);
	}
	anywhere->due_ticks = torture_ticks(rig->run, DUE_NS);
}

static size_t interrupt_everywhere(struct anywhere *anywhere, struct torture_run *run, const struct path *path)
{
	const char *deviation;
	size_t offsets;

	anywhere_rig_init(&anywhere->rig, run, path->subject);
	anywhere->path = path;
	anywhere->offset = 0;
	record(anywhere);
	deviation = anywhere_rig_deviation(&anywhere->rig);
	if (deviation)
		torture_violated(run, "%s, without an interrupt: %s", path->name, deviation);
	offsets = anywhere->trace.length;
	for (; anywhere->offset < offsets; anywhere->offset++) {
		torture_step(&run->beat[0]);
		if (anywhere->trace.mark[anywhere->offset].blocked) {
			anywhere->blocked++;
			continue;
		}
		interrupt_at_offset(anywhere);
		anywhere->count[anywhere->outcome]++;
	}
	stepper_trace_fini(&anywhere->trace);
	anywhere_rig_fini(&anywhere->rig);
	return offsets;
}

static void dump(void *context, FILE *out)
{
	const struct anywhere *anywhere = context;

	fprintf(out, "  %s, interrupted at instruction %zu of %zu", anywhere->path->name, anywhere->offset, anywhere->trace.length);
	if (anywhere->trace.length)
		fprintf(out, ", %s", stepper_describe(anywhere->trace.mark[anywhere->offset].address));
	fputc('\n', out);
	sim_machine_dump(&anywhere->rig.machine, out);
	anywhere->rig.model->dump(anywhere->rig.hba, out);
}

const char *torture_anywhere_refusal(const struct torture_check *check)
{
	if (check->delivery != SYNC_SIGNAL)
		return "only a signal interrupts at any instruction";
	if (check->cpus > 1)
		return "it interrupts one CPU";
	if (!check->backend->enter || !check->backend->leave)
		return "the port needs enter and leave";
	return stepper_available() ? NULL : "this build cannot be single-stepped";
}

void torture_anywhere(struct torture_run *run)
{
	static struct anywhere anywhere;
	size_t offsets[PATHS];

	/* relaxed: for the watchdog, from here on */
	atomic_store_explicit(&run->beat[0].waiting, false, memory_order_relaxed);
	for (size_t i = 0; i < PATHS; i++) {
		anywhere.path = &paths[i];
		if (i == 0)
			torture_set_dump(run, dump, &anywhere);
		offsets[i] = interrupt_everywhere(&anywhere, run, &paths[i]);
	}
	torture_set_dump(run, NULL, NULL);
	if (!anywhere.count[OUTCOME_TAKEN] || !anywhere.count[OUTCOME_LATCHED])
		torture_not_exercised(run, "no interrupt was %s", anywhere.count[OUTCOME_TAKEN] ? "kept out" : "taken at once");
	torture_holds(run,
		      "instructions of a submission %zu, %zu, %zu and %zu, of a service %zu, %zu, %zu, %zu, %zu and %zu; taken at once %" PRIu64 ", latched %" PRIu64
		      ", deferred %" PRIu64 ", served before %" PRIu64 "; signals blocked %" PRIu64 ", stepped to %" PRIu64,
		      offsets[0], offsets[4], offsets[6], offsets[8], offsets[1], offsets[2], offsets[3], offsets[5], offsets[7], offsets[9],
		      anywhere.count[OUTCOME_TAKEN],
		      anywhere.count[OUTCOME_LATCHED], anywhere.count[OUTCOME_DEFERRED], anywhere.count[OUTCOME_NONE], anywhere.blocked,
		      anywhere.stepped);
}
