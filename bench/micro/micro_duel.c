/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs at one back end: `two-thread` of `storsync micro`.
 *
 * Either side has its share of the operations to do and then keeps up the
 * load until the other is done too: a side that ran alone at the end would make
 * an unfair lock look cheap.
 */
#include "bench/micro/micro_rig.h"
#include "hba_sim/port/witness.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct duel {
	struct micro_rig *rig;
	uint64_t each; /* operations that either side has to do; whoever is first goes on */
	_Alignas(SYNC_LINE_BYTES) _Atomic(unsigned) arrived;
	_Alignas(SYNC_LINE_BYTES) _Atomic(unsigned) finished;
	_Alignas(SYNC_LINE_BYTES) uint64_t shared; /* incremented inside */
	uint64_t handoffs;                         /* incremented inside, when access comes from the other side */
	struct witness *watched; /* NULL: without a witness, and without a count of handoffs */
	struct duel_side {
		_Alignas(SYNC_LINE_BYTES) uint64_t begin;
		uint64_t end;
		uint64_t operations;
		struct noise_witness witness;
		int error;
	} side[2];
};

/* Both sides leave together; a side that could not come online has said so before it arrives. */
static bool duel_start(struct duel *duel)
{
	/* ORD duel_start:A release, pairs with duel_start:B: whoever leaves sees what both found when coming online. */
	atomic_fetch_add_explicit(&duel->arrived, 1, memory_order_release);
	/* ORD duel_start:B acquire, pairs with duel_start:A: see there. */
	while (atomic_load_explicit(&duel->arrived, memory_order_acquire) < 2)
		;
	return !duel->side[0].error && !duel->side[1].error;
}

static inline void duel_section(struct duel *duel, uint32_t me)
{
	struct access_before before;

	/* The stamps are the section's own, and no part of what the witness costs. */
	if (duel->watched && witness_enter(duel->watched, me, witness_cpu(me), 0, &before))
		duel->handoffs++;
	duel->shared++;
	if (duel->watched)
		witness_leave(duel->watched, me, 0);
}

static uint64_t duel_fight(struct duel *duel, struct sim_cpu *cpu)
{
	uint32_t me = witness_identity(cpu->index, false);
	void (*enter)(void *, struct sim_cpu *, struct sync_hold *) = duel->rig->ops->enter;
	void (*leave)(void *, struct sim_cpu *, struct sync_hold *) = duel->rig->ops->leave;
	void *lock = duel->rig->lock;
	struct sync_hold hold;
	uint64_t operations;

	for (operations = 0; operations < duel->each; operations++) {
		enter(lock, cpu, &hold);
		duel_section(duel, me);
		leave(lock, cpu, &hold);
	}
	/* relaxed: it only ends the loops below; joining the threads orders the rest */
	atomic_fetch_add_explicit(&duel->finished, 1, memory_order_relaxed);
	/* relaxed: likewise */
	while (atomic_load_explicit(&duel->finished, memory_order_relaxed) < 2) {
		enter(lock, cpu, &hold);
		duel_section(duel, me);
		leave(lock, cpu, &hold);
		operations++;
	}
	return operations;
}

static void duel_body(void *context, unsigned index)
{
	struct duel *duel = context;
	struct duel_side *side = &duel->side[index];
	struct sim_cpu *cpu = micro_rig_online(duel->rig, index, &side->error);

	noise_witness_begin(&side->witness, -1);
	if (duel_start(duel)) {
		side->begin = stamp_now();
		side->operations = duel_fight(duel, cpu);
		side->end = stamp_now();
	}
	noise_witness_end(&side->witness);
	if (cpu)
		micro_rig_offline(duel->rig, cpu);
}

/* Seconds for n of the operations, at the rate of all that were done from the first start to the last end. */
static double duel_score(struct gbench_state *state, const struct duel *duel, uint64_t n, double hz)
{
	const struct duel_side *a = &duel->side[0];
	const struct duel_side *b = &duel->side[1];
	uint64_t operations = a->operations + b->operations;
	uint64_t first = a->begin < b->begin ? a->begin : b->begin;
	uint64_t both = a->begin < b->begin ? b->begin : a->begin;
	uint64_t one_left = a->end < b->end ? a->end : b->end;
	uint64_t last = a->end < b->end ? b->end : a->end;
	char reason[120];

	if (duel->shared != operations) {
		snprintf(reason, sizeof(reason), "does not exclude: %" PRIu64 " of %" PRIu64 " increments lost",
			 operations - duel->shared, operations);
		gbench_skip(state, reason);
	}
	gbench_set_counter(state, "full_concurrency",
			   one_left > both ? (double)(one_left - both) / (double)(last - first) : 0);
	if (duel->watched)
		gbench_set_counter(state, "handoffs_per_op", (double)duel->handoffs / (double)operations);
	micro_report_lost(state, (const struct noise_witness *const[]){ &a->witness, &b->witness }, 2);
	return (double)(last - first) / hz * (double)n / (double)operations;
}

double micro_run_duel(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	const struct placement_cpu *cpu = c->bench->placement.cpu;
	struct micro_rig rig;
	struct witness witness = { 0 };
	struct duel duel = { .rig = &rig, .each = (n + 1) / 2, .watched = c->kind == MICRO_TWO_THREAD_WITNESS ? &witness : NULL };
	double seconds = 0;
	int err = micro_rig_init(&rig, c);

	if (err) {
		gbench_skip(state, strerror(-err));
		return 0;
	}
	err = placement_run_pair(c->bench->topology, &cpu[0], &cpu[1], duel_body, &duel);
	for (unsigned i = 0; i < 2 && !err; i++)
		err = duel.side[i].error;
	if (err)
		gbench_skip(state, strerror(-err));
	else
		seconds = duel_score(state, &duel, n, c->bench->hz);
	micro_rig_fini(&rig);
	return seconds;
}
