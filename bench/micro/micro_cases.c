/* SPDX-License-Identifier: MIT */
/* The timed loops; see micro_cases.h. */
#include "bench/micro/micro_cases.h"

#include <errno.h>
#include <string.h>

#include "bench/instruments/histogram.h"
#include "bench/micro/micro_instruments.h"
#include "bench/micro/micro_rig.h"
#include "bench/instruments/noise.h"
#include "impls/backends.h"

#define SAMPLES 1024

/* True, but not the usual 1: an answer is to be passed on as it is. */
#define ANSWER 2

static const struct {
	const char *name;
	unsigned threads;
} kinds[MICRO_KINDS] = {
	[MICRO_UNCONTENDED] = { "uncontended", 1 },
	[MICRO_SYNCHRONIZE] = { "synchronize", 1 },
	[MICRO_SERVICE] = { "service", 1 },
	[MICRO_TWO_THREAD] = { "two-thread", 2 },
	[MICRO_TWO_THREAD_WITNESS] = { "two-thread-witness", 2 },
	[MICRO_STAMP_PAIR] = { "instrument/stamp-pair", 1 },
	[MICRO_RECORD_SAMPLE] = { "instrument/record-sample", 1 },
	[MICRO_SEE_STAMP] = { "instrument/see-stamp", 1 },
	[MICRO_WITNESS] = { "instrument/witness", 1 },
	[MICRO_TAKE_INTERRUPT] = { "instrument/take-interrupt", 1 },
};

const char *micro_kind_name(enum micro_kind kind)
{
	return kinds[kind].name;
}

unsigned micro_kind_threads(enum micro_kind kind)
{
	return kinds[kind].threads;
}

enum sync_delivery micro_delivery(const struct sync_backend *ops)
{
	return ops->deliveries & SYNC_POLL ? SYNC_POLL : SYNC_THREAD;
}

const char *micro_case_refusal(const struct micro_case *c)
{
	bool pairs = c->kind == MICRO_UNCONTENDED || c->kind == MICRO_TWO_THREAD || c->kind == MICRO_TWO_THREAD_WITNESS;

	if (micro_kind_threads(c->kind) > c->bench->placement.count)
		return "needs two usable cores";
	if (!c->ops)
		return NULL;
	if (pairs && !c->ops->enter)
		return "has no enter and leave";
	return sync_backend_refusal(c->ops, micro_kind_threads(c->kind), micro_delivery(c->ops));
}

static unsigned char empty_routine(void *extension, void *context)
{
	return ANSWER;
}

static unsigned char empty_isr(void *extension, uint32_t message)
{
	return ANSWER;
}

/* The loops return ticks; what is wrong with what they saw goes to *wrong. */

static uint64_t time_pairs(struct micro_rig *rig, struct sim_cpu *cpu, uint64_t n, const char **wrong)
{
	void (*enter)(void *, struct sim_cpu *, struct sync_hold *) = rig->ops->enter;
	void (*leave)(void *, struct sim_cpu *, struct sync_hold *) = rig->ops->leave;
	void *lock = rig->lock;
	struct sync_hold hold;
	uint64_t begin = stamp_now();

	for (uint64_t i = 0; i < n; i++) {
		enter(lock, cpu, &hold);
		leave(lock, cpu, &hold);
	}
	return stamp_now() - begin;
}

static uint64_t time_synchronize(struct micro_rig *rig, struct sim_cpu *cpu, uint64_t n, const char **wrong)
{
	unsigned char (*synchronize)(void *, struct sim_cpu *, sync_routine *, void *, void *) = rig->ops->synchronize;
	void *lock = rig->lock;
	uint64_t answers = 0;
	uint64_t begin = stamp_now();
	uint64_t end;

	for (uint64_t i = 0; i < n; i++)
		answers += synchronize(lock, cpu, empty_routine, NULL, NULL);
	end = stamp_now();
	if (answers != ANSWER * n)
		*wrong = "synchronize did not return the routine's answer";
	return end - begin;
}

static uint64_t time_service(struct micro_rig *rig, struct sim_cpu *cpu, uint64_t n, const char **wrong)
{
	int (*service)(void *, struct sim_cpu *, sync_isr *, void *, uint32_t) = rig->ops->service;
	void *lock = rig->lock;
	uint8_t irql = sim_raise(cpu, MICRO_RIG_DIRQL);
	int64_t answers = 0;
	uint64_t begin = stamp_now();
	uint64_t end;

	for (uint64_t i = 0; i < n; i++)
		answers += service(lock, cpu, empty_isr, NULL, 0);
	end = stamp_now();
	if (answers != ANSWER * (int64_t)n)
		*wrong = "service did not return the ISR's answer";
	sim_lower(cpu, irql);
	return end - begin;
}

static double run_alone(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	static uint64_t (*const loops[])(struct micro_rig *, struct sim_cpu *, uint64_t, const char **) = {
		[MICRO_UNCONTENDED] = time_pairs,
		[MICRO_SYNCHRONIZE] = time_synchronize,
		[MICRO_SERVICE] = time_service,
	};
	const char *wrong = NULL;
	uint64_t ticks = 0;
	struct sim_cpu *cpu;
	struct micro_rig rig;
	int err = micro_rig_init(&rig, c);

	if (err) {
		gbench_skip(state, strerror(-err));
		return 0;
	}
	cpu = micro_rig_online(&rig, 0, &err);
	if (cpu) {
		ticks = loops[c->kind](&rig, cpu, n, &wrong);
		if (sim_irql(cpu) != IRQL_PASSIVE)
			wrong = "the IRQL was not lowered to what it had been";
		micro_rig_offline(&rig, cpu);
	} else {
		wrong = strerror(-err);
	}
	micro_rig_fini(&rig);
	if (wrong)
		gbench_skip(state, wrong);
	return (double)ticks / c->bench->hz;
}

double micro_case_run(struct gbench_state *state, uint64_t iterations, void *context)
{
	const struct micro_case *c = context;
	const char *refusal = micro_case_refusal(c);
	struct noise_witness witness;
	double seconds;

	if (refusal) {
		gbench_skip(state, refusal);
		return 0;
	}
	gbench_set_counter(state, "threads", micro_kind_threads(c->kind));
	if (micro_kind_threads(c->kind) == 2)
		return micro_run_duel(state, c, iterations);
	noise_witness_begin(&witness, -1);
	seconds = c->ops ? run_alone(state, c, iterations) : micro_instrument_run(state, c, iterations);
	noise_witness_end(&witness);
	gbench_set_counter(state, "full_concurrency", 1);
	micro_report_lost(state, (const struct noise_witness *const[]){ &witness }, 1);
	return seconds;
}
