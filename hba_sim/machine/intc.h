/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller: lines with a level, a mask register and a source,
 * and for each CPU a pin a line.
 *
 * A source is level-triggered and has no thread: it says when its next event
 * is due for a CPU (irq_pin_schedule), and that CPU, when it looks, advances
 * the source to the present and learns whether the line is asserted towards it
 * and since when.  A line that was refused, by IRQL, mask or back end, stays
 * pending: nothing is ever dropped here.
 *
 * A line may be a message instead (MSI, MSI-X): edge-triggered, one event each
 * time.  A CPU that takes it acknowledges it at the source there and then, so that an
 * event that comes while it is served makes another interrupt; what a back
 * end defers after that stays pending with the pin.
 *
 * Source for the level-triggered protocol: Intel 82093AA I/O APIC datasheet,
 * 3.2.4 (redirection table, Remote IRR).  For messages: PCI Local Bus Specification, revision 3.0, 6.8.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_INTC_H
#define STORSYNC_HBA_SIM_MACHINE_INTC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/sync_ops.h"

#define SIM_LINES_MAX 24

struct sim_cpu;
struct sim_machine;

/* Who had exclusive access before this one.  Stamps in ticks. */
struct access_before {
	uint32_t cpu;     /* 0: nobody; else 1 + the CPU for which it was taken */
	uint64_t since;   /* from when on that CPU was the only one for which it was taken */
	uint64_t entered; /* the last time, */
	uint64_t left;    /* and when that ended */
};

/* One interrupt on its way: stamps in ticks, filled in order. */
struct irq_event {
	uint64_t asserted; /* when the source fell due */
	uint64_t taken;    /* when the CPU accepted it */
	uint64_t entered;  /* first instruction of the ISR; by the handler */
	uint64_t left;     /* access released; by the handler */
	uint64_t masked;   /* ticks of [asserted, taken] during which IRQL, mask or back end refused it */
	uint64_t model;    /* ticks of [asserted, taken] that the model spent on publishing the event */
	bool spun;         /* the ISR had to wait for exclusive access; by the handler */
	struct access_before before; /* by the handler */
};

/*
 * What is known of an event before its handler.  Field by field: they were stored one
 * by one just now, and a wider load would wait until all of them are in the cache.
 */
static inline void irq_event_begin(struct irq_event *event, const volatile struct irq_event *from)
{
	event->asserted = from->asserted;
	event->taken = from->taken;
	event->masked = from->masked;
	event->model = from->model;
}

/*
 * Brings the source to `now` on behalf of `cpu` and returns whether the line
 * is asserted towards that CPU; since when goes to *asserted.  Must leave
 * the pin's schedule at the next event (irq_pin_reschedule).
 */
typedef bool irq_advance(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted);

/*
 * For a message, at the line's level: the source's event for this CPU is taken,
 * and whatever it says after that is another one.  Leaves the pin's schedule at the next event.
 */
typedef void irq_acknowledge(void *source, struct sim_cpu *cpu);

/* Serves a taken interrupt at the line's DIRQL; SYNC_DEFERRED when the back end refused it, SYNC_HANDED_OVER. */
typedef int irq_handler(void *context, struct sim_cpu *cpu, struct irq_event *event);

/* An ISR that was handed over has run, on `cpu`, for the interrupt of CPU `target`, and answered so. */
typedef void irq_handed_over_done(void *context, struct sim_cpu *cpu, unsigned target, unsigned char answer);

struct irq_line {
	const char *name;
	uint8_t dirql;
	unsigned index; /* of the pin in each CPU */
	struct sim_machine *machine;
	irq_advance *advance;
	irq_acknowledge *acknowledge; /* edge-triggered; NULL: the line is level-triggered */
	void *source;
	irq_handler *handler;
	void *handler_context;
	irq_handed_over_done *handed_over_done; /* NULL: nobody wants to know */

	/* The controller's mask register and what it takes to re-deliver; written by any CPU. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) masked;
	_Atomic(uint32_t) refused;     /* a CPU met the mask and wants to know when it opened */
	_Atomic(uint64_t) reopened;    /* times that it was opened for re-delivery */
	_Atomic(uint64_t) reopened_at; /* stamp of the last of them */

	/*
	 * A CPU is serving the line.  As an I/O APIC's Remote IRR bit does for a
	 * level-triggered interrupt, it keeps the line from every other CPU until
	 * the end of interrupt: the ISR of one line never runs twice at a time.
	 */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) remote_irr;
};

/* A line as one CPU sees it.  `due` is written under the source's own lock; the rest by the CPU itself. */
struct irq_pin {
	_Atomic(uint64_t) due;  /* stamp of the next event for this CPU, SIM_NEVER when none */
	_Atomic(bool) parked;   /* deferred by the back end, until `reopened` moves on */
	_Atomic(uint64_t) parked_at_count;
	_Atomic(bool) kept;     /* a message that is acknowledged and not served: deferred by the back end */
	uint64_t kept_asserted; /* since when that one was due */
	_Atomic(bool) latched;  /* it arrived by a signal and the IRQL kept it out: not signalled again */
	uint64_t open_since;    /* last time the IRQL fell below the line's level with the event due */
	_Atomic(uint64_t) refused_at; /* last time mask or back end refused it */
	_Atomic(uint64_t) taken;    /* interrupts served */
	_Atomic(uint64_t) deferred; /* times a back end deferred one */
	_Atomic(uint64_t) spurious; /* taken, and the ISR said that it was not its own */
	_Atomic(uint64_t) handed_over; /* of those taken, served by somebody else */
};

/* Connects a source and a handler to the machine; index and pins are set up.  0, or -ENOSPC. */
int irq_line_connect(struct sim_machine *machine, struct irq_line *line);

/* An event for `cpu` at stamp `when`; the caller holds the source's lock. */
void irq_pin_schedule(struct irq_line *line, struct sim_cpu *cpu, uint64_t when);

/* Replace the pin's schedule by the next event (or SIM_NEVER); the caller holds the source's lock. */
void irq_pin_reschedule(struct irq_line *line, struct sim_cpu *cpu, uint64_t when);

/* The line's mask register: a register-like store (an atomic exchange that every CPU's look reads). */
void irq_line_mask(struct irq_line *line);

/* Opens the mask and re-delivers what is pending. */
void irq_line_unmask(struct irq_line *line);

/* Re-delivers an interrupt that service() deferred. */
void irq_line_redeliver(struct irq_line *line);

/*
 * Runs, on the calling CPU `cpu`, the ISR of an interrupt that CPU `target` is
 * serving, and returns its answer.  What the ISR acknowledges is the target's.
 */
unsigned char irq_run_for(struct sim_cpu *cpu, unsigned target, sync_isr *isr, void *extension, uint32_t message);

/*
 * Runs an ISR that service() on CPU `target` handed over; `cpu` is the calling
 * one, at the line's level.  The line stays in service, for every CPU, from when it
 * was taken until this is over.
 */
void irq_line_run_handed_over(struct irq_line *line, struct sim_cpu *cpu, unsigned target, sync_isr *isr, void *extension,
			      uint32_t message);

static inline bool irq_line_is_masked(const struct irq_line *line)
{
	/*
	 * seq_cst: the ISR's half of a masking back end's handshake.  It publishes
	 * that it is in service and then reads the mask; the caller writes the mask
	 * and then reads who is in service.  One of them must see the other.
	 */
	return atomic_load_explicit(&line->masked, memory_order_seq_cst) != 0;
}

/* Takes the highest pending interrupt above the CPU's IRQL, if any; returns whether one was served. */
bool intc_take_one(struct sim_cpu *cpu, uint64_t now);

/* Takes this line's interrupt if it is due and above the CPU's IRQL; whether it was served. */
bool intc_take_line(struct sim_cpu *cpu, struct irq_line *line, uint64_t now);

/*
 * Whether the line is due for `cpu` at `now` and neither mask, back end nor
 * another CPU's service keeps it back; the IRQL may.  By any CPU: a glance, after
 * which the CPU itself decides.
 */
bool intc_is_deliverable(struct sim_cpu *cpu, struct irq_line *line, uint64_t now);

/* Latches every line that is due and waits for the calling CPU's IRQL to fall, and no other; whether there is one. */
bool intc_latch(struct sim_cpu *cpu, uint64_t now);

/* The CPU's IRQL fell from `from` to `to` at `now`: pending lines between the two are open from here on. */
void intc_note_open(struct sim_cpu *cpu, uint8_t from, uint8_t to, uint64_t now);

/* Earliest stamp at which any line of this CPU is due. */
uint64_t intc_next_due(const struct sim_cpu *cpu);

#endif
