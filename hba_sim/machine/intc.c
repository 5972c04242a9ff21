/* SPDX-License-Identifier: MIT */
/* The interrupt controller; see intc.h. */
#include "hba_sim/machine/intc.h"

#include <errno.h>

#include "hba_sim/machine/cpu.h"
#include "hba_sim/machine/delivery.h"
#include "hba_sim/machine/machine.h"

static void count(_Atomic(uint64_t) *counter)
{
	/* relaxed: one writer at a time, the pin's own CPU or, while the line is in service, who runs what that handed over */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

int irq_line_connect(struct sim_machine *machine, struct irq_line *line)
{
	unsigned at = machine->lines;

	if (at == SIM_LINES_MAX)
		return -ENOSPC;
	line->index = at;
	line->machine = machine;
	atomic_init(&line->masked, 0);
	atomic_init(&line->refused, 0);
	atomic_init(&line->reopened, 0);
	atomic_init(&line->reopened_at, 0);
	atomic_init(&line->remote_irr, 0);
	/* kept sorted by level, highest first: the order in which pending lines are taken */
	for (; at > 0 && machine->line[at - 1]->dirql < line->dirql; at--)
		machine->line[at] = machine->line[at - 1];
	machine->line[at] = line;
	machine->lines++;
	for (unsigned c = 0; c < machine->cpus; c++) {
		struct sim_cpu *cpu = &machine->cpu[c];

		atomic_init(&cpu->pin[line->index].due, SIM_NEVER);
		if (cpu->top_dirql < line->dirql)
			cpu->top_dirql = line->dirql;
	}
	return 0;
}

/* When the pin wants to be looked at: a message that is kept, at once. */
static uint64_t pin_due(const struct irq_pin *pin)
{
	/* relaxed, both: the CPU's own, or a glance */
	if (atomic_load_explicit(&pin->kept, memory_order_relaxed))
		return 0;
	return atomic_load_explicit(&pin->due, memory_order_relaxed);
}

void irq_pin_reschedule(struct irq_line *line, struct sim_cpu *cpu, uint64_t when)
{
	/* relaxed: under the source's lock; the CPU that acts on it takes that lock */
	atomic_store_explicit(&cpu->pin[line->index].due, when, memory_order_relaxed);
}

void irq_pin_schedule(struct irq_line *line, struct sim_cpu *cpu, uint64_t when)
{
	struct irq_pin *pin = &cpu->pin[line->index];

	/* relaxed: under the source's lock */
	if (atomic_load_explicit(&pin->due, memory_order_relaxed) <= when)
		return;
	atomic_store_explicit(&pin->due, when, memory_order_relaxed);
	if (cpu == sim_cpu_self()) {
		atomic_signal_fence(memory_order_seq_cst);
	} else {
		/* ORD cpu_due:B seq_cst fence, pairs with cpu_due:A: the target's recomputation sees the pin, or this sees its SIM_NEVER. */
		atomic_thread_fence(memory_order_seq_cst);
	}
	sim_cpu_schedule(cpu, when);
}

void irq_line_mask(struct irq_line *line)
{
	/* seq_cst exchange: the caller's half of the handshake described at irq_line_is_masked */
	atomic_exchange_explicit(&line->masked, 1, memory_order_seq_cst);
}

static void stamp_reopening(struct irq_line *line)
{
	/* relaxed: a measurement; a reader that misses it falls back on its own last refusal */
	atomic_store_explicit(&line->reopened_at, stamp_now(), memory_order_relaxed);
}

void irq_line_redeliver(struct irq_line *line)
{
	stamp_reopening(line);
	/*
	 * ORD intc_reopen:A release, pairs with intc_reopen:B and intc_reopen:D: the
	 * back end's gate is open for whoever sees the new count.
	 */
	atomic_fetch_add_explicit(&line->reopened, 1, memory_order_release);
}

void irq_line_unmask(struct irq_line *line)
{
	/* relaxed: only whether a stamp is worth its cost */
	if (atomic_load_explicit(&line->refused, memory_order_relaxed)) {
		atomic_store_explicit(&line->refused, 0, memory_order_relaxed);
		stamp_reopening(line);
	}
	/*
	 * ORD intc_unmask:A release, pairs with intc_unmask:B: the section is over for
	 * whoever sees the mask open.
	 */
	atomic_store_explicit(&line->masked, 0, memory_order_release);
	/*
	 * ORD intc_reopen:C release, pairs with intc_reopen:B and intc_reopen:D: an
	 * interrupt parked under the mask is released by the new count.
	 */
	atomic_fetch_add_explicit(&line->reopened, 1, memory_order_release);
}

/* Whether mask and back end let the pin's interrupt through; by the pin's CPU or, as a glance, by another. */
static bool pin_is_open(struct irq_line *line, struct irq_pin *pin, uint64_t now)
{
	/* relaxed: the CPU's own; another one's glance may be wrong */
	if (atomic_load_explicit(&pin->parked, memory_order_relaxed) &&
	    /* ORD intc_reopen:B acquire, pairs with intc_reopen:A and intc_reopen:C: see there. */
	    atomic_load_explicit(&line->reopened, memory_order_acquire) ==
		    atomic_load_explicit(&pin->parked_at_count, memory_order_relaxed)) {
		/* relaxed: a measurement */
		atomic_store_explicit(&pin->refused_at, now, memory_order_relaxed);
		return false;
	}
	/* ORD intc_unmask:B acquire, pairs with intc_unmask:A: see there. */
	if (atomic_load_explicit(&line->masked, memory_order_acquire)) {
		/* relaxed: see irq_line_unmask */
		atomic_store_explicit(&line->refused, 1, memory_order_relaxed);
		atomic_store_explicit(&pin->refused_at, now, memory_order_relaxed);
		return false;
	}
	return true;
}

/*
 * Ticks of [asserted, taken] in which the interrupt was refused.  The IRQL's
 * part ends when it last fell below the line's level; the mask's and the back
 * end's when they re-opened, or, where that stamp is older, at the last refusal
 * seen here.
 */
static uint64_t masked_ticks(const struct irq_line *line, const struct irq_pin *pin, uint64_t asserted, uint64_t now)
{
	/* relaxed, both: measurements */
	uint64_t refused_at = atomic_load_explicit(&pin->refused_at, memory_order_relaxed);
	uint64_t open = pin->open_since;

	if (refused_at > asserted) {
		uint64_t reopened_at = atomic_load_explicit(&line->reopened_at, memory_order_relaxed);

		if (open < refused_at)
			open = refused_at;
		if (open < reopened_at)
			open = reopened_at;
	}
	if (open > now)
		open = now;
	return open > asserted ? open - asserted : 0;
}

/* The line is ours until the end of interrupt; false while another CPU serves it. */
static bool begin_service(struct irq_line *line)
{
	uint32_t idle = 0;

	/* ORD intc_eoi:A acquire, pairs with intc_eoi:B: a CPU's ISR sees what the ISR before it did on another CPU. */
	return atomic_compare_exchange_strong_explicit(&line->remote_irr, &idle, 1, memory_order_acquire,
						       memory_order_relaxed);
}

static void end_of_interrupt(struct irq_line *line)
{
	/* ORD intc_eoi:B release, pairs with intc_eoi:A: see there. */
	atomic_store_explicit(&line->remote_irr, 0, memory_order_release);
}

/*
 * The stamps up to `taken`, and what of the time before it was whose.  What was
 * masked ended by `now`, and the model's is what the look at `now` took, so that
 * they do not overlap: publishing done by earlier looks, which found the line in
 * service elsewhere, went on beside that and delayed nothing.
 */
static void stamp_taken(struct sim_cpu *cpu, const struct irq_line *line, uint64_t now, uint64_t model, struct irq_event *event)
{
	event->taken = stamp_now();
	sim_see(cpu, event->taken);
	event->masked = masked_ticks(line, &cpu->pin[line->index], event->asserted, now);
	event->model = model;
}

/* The pin waits until the back end opens it again; `reopened` is the count from before its answer. */
static void park(struct irq_pin *pin, uint64_t reopened)
{
	/* relaxed: the CPU's own; another one's glance may be wrong */
	atomic_store_explicit(&pin->parked_at_count, reopened, memory_order_relaxed);
	atomic_store_explicit(&pin->parked, true, memory_order_relaxed);
}

static void note_deferred(struct irq_pin *pin, uint64_t reopened, uint64_t now)
{
	count(&pin->deferred);
	park(pin, reopened);
	/* relaxed: a measurement */
	atomic_store_explicit(&pin->refused_at, now, memory_order_relaxed);
}

static void note_served(struct irq_pin *pin, int answer)
{
	count(&pin->taken);
	if (!answer)
		count(&pin->spurious);
}

/* A message that the source need not repeat: kept while `answer` says that it is yet to be served. */
static void keep(struct irq_pin *pin, bool kept, uint64_t asserted)
{
	pin->kept_asserted = asserted;
	/* relaxed: the CPU's own; another one's glance may be wrong */
	atomic_store_explicit(&pin->kept, kept, memory_order_relaxed);
}

/* Whether there is an interrupt to serve, due since *asserted. */
static bool is_asserted(struct sim_cpu *cpu, const struct irq_line *line, uint64_t now, uint64_t *asserted)
{
	const struct irq_pin *pin = &cpu->pin[line->index];
	bool up = line->advance(line->source, cpu, now, asserted);

	/* relaxed: the CPU's own */
	if (!atomic_load_explicit(&pin->kept, memory_order_relaxed))
		return up;
	*asserted = pin->kept_asserted;
	return true;
}

/* The CPU accepts the interrupt: one that is a message is over at its source. */
static void accept(struct sim_cpu *cpu, const struct irq_line *line, uint64_t asserted)
{
	struct irq_pin *pin = &cpu->pin[line->index];

	/* relaxed: the CPU's own */
	if (!line->acknowledge || atomic_load_explicit(&pin->kept, memory_order_relaxed))
		return;
	line->acknowledge(line->source, cpu);
	keep(pin, true, asserted);
}

/* What service answered decides what becomes of the pin; still at the line's level. */
static void note_answer(struct irq_pin *pin, uint64_t reopened, int answer)
{
	if (answer == SYNC_DEFERRED)
		note_deferred(pin, reopened, stamp_now());
	else if (answer == SYNC_HANDED_OVER)
		/* the line stays in service; who has the ISR now opens the pin again */
		park(pin, reopened);
	else
		note_served(pin, answer);
}

/* At the line's level: advances the source and serves what is asserted; false when nothing may be. */
static bool serve(struct sim_cpu *cpu, struct irq_line *line, uint64_t now)
{
	struct irq_pin *pin = &cpu->pin[line->index];
	struct irq_event event = { 0 };
	unsigned serving_for = cpu->serving_for;
	uint64_t reopened;
	uint64_t model;
	int answer;

	if (!pin_is_open(line, pin, now) || !is_asserted(cpu, line, now, &event.asserted))
		return false;
	model = stamp_now() - now;
	if (!begin_service(line))
		return false;
	accept(cpu, line, event.asserted);
	/* relaxed: the CPU's own */
	atomic_store_explicit(&pin->parked, false, memory_order_relaxed);
	stamp_taken(cpu, line, now, model, &event);
	/*
	 * ORD intc_reopen:D acquire, pairs with intc_reopen:A and intc_reopen:C: an old
	 * value only means one more attempt, but with a new one the handler must
	 * find the gate as open as it was when it was counted.
	 */
	reopened = atomic_load_explicit(&line->reopened, memory_order_acquire);
	cpu->serving_for = cpu->index;
	answer = line->handler(line->handler_context, cpu, &event);
	cpu->serving_for = serving_for;
	note_answer(pin, reopened, answer);
	if (line->acknowledge && answer != SYNC_DEFERRED)
		keep(pin, false, 0);
	if (answer != SYNC_HANDED_OVER)
		end_of_interrupt(line);
	return true;
}

bool intc_take_line(struct sim_cpu *cpu, struct irq_line *line, uint64_t now)
{
	struct irq_pin *pin = &cpu->pin[line->index];
	uint8_t interrupted;
	bool served;

	/* a pin scheduled just now is found at the next look */
	if (line->dirql <= sim_irql(cpu) || pin_due(pin) > now)
		return false;
	/* From here on no other interrupt of the line can come in between on this CPU. */
	interrupted = delivery_begin_interrupt(cpu, line->dirql);
	served = serve(cpu, line, now);
	delivery_end_interrupt(cpu, interrupted);
	if (served) {
		now = stamp_now();
		/* and with the service, the line's level is over */
		if (sim_cpu_due(cpu) <= now)
			intc_note_open(cpu, line->dirql, sim_irql(cpu), now);
	}
	return served;
}

unsigned char irq_run_for(struct sim_cpu *cpu, unsigned target, sync_isr *isr, void *extension, uint32_t message)
{
	unsigned serving_for = cpu->serving_for;
	unsigned char answer;

	cpu->serving_for = target;
	answer = isr(extension, message);
	cpu->serving_for = serving_for;
	return answer;
}

void irq_line_run_handed_over(struct irq_line *line, struct sim_cpu *cpu, unsigned target, sync_isr *isr, void *extension,
			      uint32_t message)
{
	struct irq_pin *pin = &cpu->machine->cpu[target].pin[line->index];
	unsigned char answer = irq_run_for(cpu, target, isr, extension, message);

	if (line->handed_over_done)
		line->handed_over_done(line->handler_context, cpu, target, answer);
	/* The line is in service, so nobody else counts on this pin now. */
	note_served(pin, answer);
	count(&pin->handed_over);
	end_of_interrupt(line);
	irq_line_redeliver(line);
}

bool intc_take_one(struct sim_cpu *cpu, uint64_t now)
{
	struct sim_machine *machine = cpu->machine;

	for (unsigned i = 0; i < machine->lines; i++) {
		if (machine->line[i]->dirql <= sim_irql(cpu))
			return false;
		if (intc_take_line(cpu, machine->line[i], now))
			return true;
	}
	return false;
}

bool intc_is_deliverable(struct sim_cpu *cpu, struct irq_line *line, uint64_t now)
{
	struct irq_pin *pin = &cpu->pin[line->index];

	/* relaxed: a glance */
	return pin_due(pin) <= now && pin_is_open(line, pin, now) &&
	       !atomic_load_explicit(&line->remote_irr, memory_order_relaxed);
}

bool intc_latch(struct sim_cpu *cpu, uint64_t now)
{
	bool any = false;

	for (unsigned i = 0; i < cpu->machine->lines; i++) {
		const struct irq_line *line = cpu->machine->line[i];
		struct irq_pin *pin = &cpu->pin[line->index];
		/* the CPU's own schedule, at worst one that is about to change */
		bool waits = line->dirql <= sim_irql(cpu) && pin_due(pin) <= now;

		/* relaxed: the CPU's own, and a glance elsewhere */
		atomic_store_explicit(&pin->latched, waits, memory_order_relaxed);
		any |= waits;
	}
	return any;
}

void intc_note_open(struct sim_cpu *cpu, uint8_t from, uint8_t to, uint64_t now)
{
	struct sim_machine *machine = cpu->machine;

	for (unsigned i = 0; i < machine->lines; i++) {
		struct irq_line *line = machine->line[i];

		if (line->dirql > to && line->dirql <= from)
			cpu->pin[line->index].open_since = now;
	}
}

uint64_t intc_next_due(const struct sim_cpu *cpu)
{
	uint64_t next = SIM_NEVER;

	for (unsigned i = 0; i < cpu->machine->lines; i++) {
		/* ordered by the fence of recompute_due */
		uint64_t due = pin_due(&cpu->pin[i]);

		if (due < next)
			next = due;
	}
	return next;
}
