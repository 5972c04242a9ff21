/* SPDX-License-Identifier: MIT */
/* The timed loops; see micro_cases.h. */
#include "bench/micro_cases.h"

#include <errno.h>
#include <string.h>

#include "bench/histogram.h"
#include "bench/micro_rig.h"
#include "bench/noise.h"
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
	[MICRO_STAMP_PAIR] = { "instrument/stamp-pair", 1 },
	[MICRO_RECORD_SAMPLE] = { "instrument/record-sample", 1 },
};

const char *micro_kind_name(enum micro_kind kind)
{
	return kinds[kind].name;
}

unsigned micro_kind_threads(enum micro_kind kind)
{
	return kinds[kind].threads;
}

const char *micro_case_refusal(const struct micro_case *c)
{
	bool pairs = c->kind == MICRO_UNCONTENDED || c->kind == MICRO_TWO_THREAD;

	if (micro_kind_threads(c->kind) > c->bench->placement.count)
		return "needs two usable cores";
	if (!c->ops)
		return NULL;
	if (pairs && !c->ops->enter)
		return "has no enter and leave";
	return sync_backend_refusal(c->ops, micro_kind_threads(c->kind), SYNC_POLL);
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

static uint64_t time_stamp_pairs(uint64_t n)
{
	uint64_t begin = stamp_now();

	for (uint64_t i = 0; i < n; i++) {
		stamp_now();
		stamp_now();
	}
	return stamp_now() - begin;
}

/* Values over the range of latencies, so that neither the branch nor the bucket is always the same. */
static void fill_samples(uint64_t *samples)
{
	uint64_t x = 1;

	for (unsigned i = 0; i < SAMPLES; i++) {
		/* Knuth's MMIX generator; its high bits are the good ones */
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		samples[i] = (x >> 32) >> (16 + i % 10);
	}
}

static double run_record(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	uint64_t samples[SAMPLES];
	struct histogram histogram;
	uint64_t begin;
	uint64_t ticks;

	if (histogram_init(&histogram)) {
		gbench_skip(state, strerror(ENOMEM));
		return 0;
	}
	fill_samples(samples);
	begin = stamp_now();
	for (uint64_t i = 0; i < n; i++)
		histogram_record(&histogram, samples[i % SAMPLES]);
	ticks = stamp_now() - begin;
	if (histogram.n != n)
		gbench_skip(state, "the histogram lost samples");
	histogram_fini(&histogram);
	return (double)ticks / c->bench->hz;
}

static double run_one_thread(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	switch (c->kind) {
	case MICRO_STAMP_PAIR:
		return (double)time_stamp_pairs(n) / c->bench->hz;
	case MICRO_RECORD_SAMPLE:
		return run_record(state, c, n);
	default:
		return run_alone(state, c, n);
	}
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
	if (c->kind == MICRO_TWO_THREAD)
		return micro_run_duel(state, c, iterations);
	noise_witness_begin(&witness, -1);
	seconds = run_one_thread(state, c, iterations);
	noise_witness_end(&witness);
	gbench_set_counter(state, "full_concurrency", 1);
	micro_report_lost(state, (const struct noise_witness *const[]){ &witness }, 1);
	return seconds;
}
