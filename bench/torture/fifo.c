/* SPDX-License-Identifier: MIT */
/*
 * fifo: waiting callers are served in the order of their arrival.
 *
 * Without timing: the holder keeps the lock until the first waiter provably
 * spins in its acquire (its count of spin iterations moves on), then the second,
 * and so on; it leaves, and at once wants the lock again.  By arrival, all
 * waiters come before it, in their order.
 */
#include <inttypes.h>

#include "bench/torture/properties.h"
#include "bench/torture/rig.h"
#include "impls/backends.h"

/* Spin iterations that say that the waiter has taken its place. */
#define SPINS 2
#define TURNS_MAX PLACEMENT_CPU_MAX

struct fifo {
	struct rig rig;
	/* Written inside the lock only; relaxed accesses, as in the witness. */
	_Atomic(uint32_t) turns;
	_Atomic(uint32_t) turn[TURNS_MAX + 1]; /* who was inside, in order */
	/* Who has been asked to come, and says that it is about to. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) called;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) coming;
	_Atomic(uint64_t) coming_spins; /* its spin iterations so far */
	_Atomic(bool) over;
	uint64_t rounds; /* of the CPU that holds first */
};

static uint64_t spins_of(const struct fifo *fifo, unsigned cpu)
{
	/* relaxed: a counter; that it moves says where its owner is */
	return atomic_load_explicit(&fifo->rig.machine.cpu[cpu].relaxes, memory_order_relaxed);
}

static void take_turn(struct fifo *fifo, unsigned cpu)
{
	/* relaxed, all of it: guarded by the lock under test, and read after a meeting */
	uint32_t at = atomic_load_explicit(&fifo->turns, memory_order_relaxed);

	atomic_store_explicit(&fifo->turn[at], cpu, memory_order_relaxed);
	atomic_store_explicit(&fifo->turns, at + 1, memory_order_relaxed);
}

/* The turn is the caller's, whichever CPU runs it. */
static unsigned char waiter_routine(void *extension, void *context)
{
	struct fifo *fifo = extension;
	struct rig_cpu *self = context;

	take_turn(fifo, self->index);
	torture_step(self->beat);
	return 1;
}

/* Calls one waiter after the other, each when the one before it spins. */
static unsigned char holder_routine(void *extension, void *context)
{
	struct fifo *fifo = extension;
	struct rig_cpu *self = context;
	unsigned cpus = fifo->rig.cpus;

	for (unsigned i = 1; i < cpus; i++) {
		unsigned waiter = (self->index + i) % cpus;

		/* ORD fifo:A release, pairs with fifo:B: the waiter starts after all that came before. */
		atomic_store_explicit(&fifo->called, waiter + 1, memory_order_release);
		/* ORD fifo:D acquire, pairs with fifo:C: with the answer comes the waiter's spin count. */
		while (atomic_load_explicit(&fifo->coming, memory_order_acquire) != waiter + 1)
			rig_pause(self);
		while (spins_of(fifo, waiter) <
		       atomic_load_explicit(&fifo->coming_spins, memory_order_relaxed) + SPINS) {
			if (atomic_load_explicit(&fifo->turns, memory_order_relaxed))
				torture_violated(fifo->rig.run, "cpu %u entered while cpu %u was inside", waiter, self->index);
			rig_pause(self);
		}
		torture_step(self->beat);
	}
	return 1;
}

static void check_order(struct fifo *fifo, const struct rig_cpu *holder)
{
	unsigned cpus = fifo->rig.cpus;

	for (unsigned i = 0; i < cpus; i++) {
		/* relaxed: all have met since it was written */
		unsigned came = atomic_load_explicit(&fifo->turn[i], memory_order_relaxed);
		unsigned expected = (holder->index + i + 1) % cpus;

		if (came == expected)
			continue;
		if (came == holder->index)
			torture_violated(fifo->rig.run, "cpu %u, which had just left, came before cpu %u, which was waiting (round %" PRIu64 ")",
					 came, expected, fifo->rounds);
		torture_violated(fifo->rig.run, "cpu %u came before cpu %u, which had been waiting for longer (round %" PRIu64 ")",
				 came, expected, fifo->rounds);
	}
}

static void hold(struct fifo *fifo, struct rig_cpu *self)
{
	rig_synchronize(self, false, holder_routine, fifo, self);
	rig_synchronize(self, false, waiter_routine, fifo, self);
}

static void wait_in_line(struct fifo *fifo, struct rig_cpu *self)
{
	/* ORD fifo:B acquire, pairs with fifo:A: see there. */
	while (atomic_load_explicit(&fifo->called, memory_order_acquire) != self->index + 1)
		rig_pause(self);
	/* relaxed: published by the next line */
	atomic_store_explicit(&fifo->coming_spins, spins_of(fifo, self->index), memory_order_relaxed);
	/* ORD fifo:C release, pairs with fifo:D: see there. */
	atomic_store_explicit(&fifo->coming, self->index + 1, memory_order_release);
	rig_synchronize(self, false, waiter_routine, fifo, self);
}

static void rounds(struct rig_cpu *self)
{
	struct fifo *fifo = self->rig->context;

	for (unsigned holder = 0;; holder = (holder + 1) % fifo->rig.cpus) {
		bool over;

		if (holder == self->index)
			hold(fifo, self);
		else
			wait_in_line(fifo, self);
		rig_meet(self);
		/* relaxed, here and below: between two meetings, and only this CPU writes */
		over = atomic_load_explicit(&fifo->over, memory_order_relaxed);
		if (holder == self->index) {
			check_order(fifo, self);
			fifo->rounds++;
			atomic_store_explicit(&fifo->turns, 0, memory_order_relaxed);
			atomic_store_explicit(&fifo->called, 0, memory_order_relaxed);
			atomic_store_explicit(&fifo->coming, 0, memory_order_relaxed);
		}
		rig_meet(self);
		if (over)
			return;
		if (holder == self->index && torture_time_is_up(fifo->rig.run))
			atomic_store_explicit(&fifo->over, true, memory_order_relaxed);
	}
}

static int no_interrupts(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	return SYNC_DEFERRED;
}

const char *torture_fifo_refusal(const struct torture_check *check)
{
	const struct sync_backend *backend = check->backend;

	if (!(backend->capabilities & SYNC_FIFO))
		return "it does not declare to be first come, first served";
	if (backend->capabilities & SYNC_SLEEPS)
		return "a caller that sleeps does not show that it waits";
	if (sync_backend_spins_unseen(backend))
		return "a caller that spins as its project wrote it does not show that it waits";
	return check->cpus < 2 ? "it takes two CPUs to come one after the other" : NULL;
}

void torture_fifo(struct torture_run *run)
{
	static struct fifo fifo;
	uint64_t rounds_done;

	rig_init(&fifo.rig, run, no_interrupts, &fifo);
	rig_run(&fifo.rig, rounds);
	rounds_done = fifo.rounds;
	rig_fini(&fifo.rig);
	if (!rounds_done)
		torture_not_exercised(run, "nobody waited");
	torture_holds(run, "%" PRIu64 " rounds", rounds_done);
}
