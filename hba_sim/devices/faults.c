/* SPDX-License-Identifier: MIT */
/* When a fault happens; see faults.h. */
#include "hba_sim/devices/faults.h"

#include <math.h>
#include <string.h>

#include "hba_sim/devices/service_time.h"

#define NEVER_AGAIN UINT64_MAX

static const char *const names[] = {
#define FAULT_NAME(id, name, occasion, effect) #name,
	FAULT_KINDS(FAULT_NAME)
#undef FAULT_NAME
};

static const char *const occasions[] = {
#define FAULT_OCCASION(id, name, occasion, effect) occasion,
	FAULT_KINDS(FAULT_OCCASION)
#undef FAULT_OCCASION
};

static const char *const effects[] = {
#define FAULT_EFFECT(id, name, occasion, effect) effect,
	FAULT_KINDS(FAULT_EFFECT)
#undef FAULT_EFFECT
};

const char *fault_kind_name(enum fault_kind kind)
{
	return names[kind];
}

enum fault_kind fault_kind_find(const char *name)
{
	unsigned kind = 0;

	while (kind < FAULT_KIND_COUNT && strcmp(names[kind], name) != 0)
		kind++;
	return (enum fault_kind)kind;
}

const char *fault_kind_occasion(enum fault_kind kind)
{
	return occasions[kind];
}

const char *fault_kind_effect(enum fault_kind kind)
{
	return effects[kind];
}

uint64_t fault_kind_standard_time_ns(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_STORM:
		return 200000;
	case FAULT_SLOW:
	case FAULT_STOP:
		return 2000000;
	default:
		return 0;
	}
}

bool fault_kind_takes_time(enum fault_kind kind)
{
	return fault_kind_standard_time_ns(kind) != 0;
}

bool fault_plan_has(const struct fault_plan *plan, enum fault_kind kind)
{
	const struct fault_rule *rule = &plan->rule[kind];

	return rule->chance > 0 || rule->rate_hz > 0 || rule->once;
}

bool fault_plan_is_empty(const struct fault_plan *plan)
{
	for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++) {
		if (fault_plan_has(plan, (enum fault_kind)kind))
			return false;
	}
	return true;
}

void faults_init(struct faults *faults, const struct fault_plan *plan, const struct stamp_scale *scale, uint64_t seed)
{
	memset(faults, 0, sizeof(*faults));
	faults->plan = *plan;
	faults->scale = *scale;
	faults->seed = seed;
}

/* Uniform in (0, 1]: that of the kind's n-th draw, whichever came before. */
static double draw(const struct faults *faults, enum fault_kind kind, uint64_t n)
{
	uint64_t state = faults->seed ^ (kind + UINT64_C(1)) * UINT64_C(0xd1342543de82ef95);

	state = splitmix64(&state) + n * UINT64_C(0x9e3779b97f4a7c15);
	return ((double)(splitmix64(&state) >> 11) + 1.0) / 9007199254740992.0;
}

/* Stamp of the first occasion, which this may be. */
static uint64_t begin_of(struct faults *faults, uint64_t now)
{
	uint64_t begin = 0;

	/* relaxed, both: the value is all that is shared */
	if (atomic_compare_exchange_strong_explicit(&faults->begin, &begin, now, memory_order_relaxed, memory_order_relaxed))
		return now;
	return begin;
}

/* From `since` on, the stamp of the n-th time. */
static uint64_t due_after(const struct faults *faults, enum fault_kind kind, uint64_t since, uint64_t n)
{
	const struct fault_rule *rule = &faults->plan.rule[kind];
	double ns;

	if (rule->once)
		return n ? NEVER_AGAIN : since + stamp_from_ns(&faults->scale, rule->at_ns);
	ns = -log(draw(faults, kind, n)) * 1e9 / rule->rate_hz;
	return ns < 1e17 ? since + stamp_from_ns(&faults->scale, (uint64_t)ns) : NEVER_AGAIN;
}

/* One CPU's look at a time finds it due. */
static bool strike_by_time(struct faults *faults, enum fault_kind kind, uint64_t now)
{
	struct fault_state *state = &faults->kind[kind];
	/* relaxed, all: the exchange decides who it is, and nothing else is shared */
	uint64_t next = atomic_load_explicit(&state->next, memory_order_relaxed);
	uint64_t done = atomic_load_explicit(&state->injected, memory_order_relaxed);

	if (!next) {
		uint64_t first = due_after(faults, kind, begin_of(faults, now), 0);

		if (atomic_compare_exchange_strong_explicit(&state->next, &next, first, memory_order_relaxed, memory_order_relaxed))
			next = first;
	}
	return now >= next && atomic_compare_exchange_strong_explicit(&state->next, &next, due_after(faults, kind, next, done + 1),
								      memory_order_relaxed, memory_order_relaxed);
}

bool faults_strike(struct faults *faults, enum fault_kind kind, uint64_t now)
{
	const struct fault_rule *rule = &faults->plan.rule[kind];
	struct fault_state *state = &faults->kind[kind];
	uint64_t n;

	if (!fault_plan_has(&faults->plan, kind))
		return false;
	begin_of(faults, now);
	/* relaxed: numbers, which no two occasions share */
	n = atomic_fetch_add_explicit(&state->occasions, 1, memory_order_relaxed);
	if (rule->chance > 0 ? draw(faults, kind, n) > rule->chance : !strike_by_time(faults, kind, now))
		return false;
	/* relaxed: a counter */
	atomic_fetch_add_explicit(&state->injected, 1, memory_order_relaxed);
	return true;
}

uint64_t faults_ticks(const struct faults *faults, enum fault_kind kind)
{
	return stamp_from_ns(&faults->scale, faults->plan.rule[kind].time_ns);
}

uint64_t faults_injected(const struct faults *faults, enum fault_kind kind)
{
	/* relaxed: a counter */
	return atomic_load_explicit(&faults->kind[kind].injected, memory_order_relaxed);
}

uint64_t faults_injected_total(const struct faults *faults)
{
	uint64_t sum = 0;

	for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++)
		sum += faults_injected(faults, (enum fault_kind)kind);
	return sum;
}
