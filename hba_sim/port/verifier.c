/* SPDX-License-Identifier: MIT */
/* The verifier's findings; see verifier.h. */
#include "hba_sim/port/verifier_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where nobody witnesses gaps. */
#define UNWITNESSED_NS UINT64_C(50000)
/* A limit in time is exceeded whatever may have taken the CPU away, if it nearly always is: so many times at least, */
#define SURE_TIMES 8
/* and in so many of four. */
#define SURE_OF_FOUR 3

const struct verifier_rule_text verifier_rules[VERIFIER_RULE_COUNT] = {
#define X(id, name, sentence, right, source) [VERIFIER_##id] = { name, sentence, right, source },
	VERIFIER_RULES(X)
#undef X
};

struct verifier *verifier_running;

struct verifier *verifier_create(void)
{
	struct verifier *verifier = calloc(1, sizeof(*verifier));

	if (!verifier)
		return NULL;
	verifier->created = stamp_now();
	if (verifier_memory_init(verifier)) {
		free(verifier);
		return NULL;
	}
	verifier_running = verifier;
	return verifier;
}

void verifier_destroy(struct verifier *verifier)
{
	if (!verifier)
		return;
	verifier_running = NULL;
	verifier_memory_fini(verifier);
	free(verifier);
}

/* What is found is found at any level, on any CPU, and on threads that are none. */
uint8_t verifier_lock(struct verifier *verifier)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = cpu ? sim_raise(cpu, IRQL_HIGH) : IRQL_HIGH;

	/* ORD verifier_lock:A acquire, pairs with verifier_lock:B: hands over what the lock protects. */
	while (atomic_exchange_explicit(&verifier->lock, 1, memory_order_acquire)) {
		if (cpu)
			sim_relax(cpu);
	}
	return irql;
}

void verifier_unlock(struct verifier *verifier, uint8_t irql)
{
	struct sim_cpu *cpu = sim_cpu_self();

	/* ORD verifier_lock:B release, pairs with verifier_lock:A: see there. */
	atomic_store_explicit(&verifier->lock, 0, memory_order_release);
	if (cpu)
		sim_restore(cpu, irql);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct verified_time verified_begin(void)
{
	return (struct verified_time){ .stamp = stamp_now(), .away = verified_self.away, .cpu_ns = thread_cpu_ns(),
				       .cpu_away_ns = verified_self.cpu_away_ns };
}

struct verified_time verified_away_begin(void)
{
	return verified_begin();
}

/* All of it: what was away within is part of it. */
void verified_away_end(const struct verified_time *begin)
{
	verified_self.away = begin->away + (stamp_now() - begin->stamp);
	verified_self.cpu_away_ns = begin->cpu_away_ns + (thread_cpu_ns() - begin->cpu_ns);
}

/* The row for a rule and a place, NULL when there is none, or no room for one that `create` asks for. */
static struct verifier_finding *row_of(struct verifier *verifier, enum verifier_rule rule, struct verified_place place, bool create)
{
	for (size_t i = 0; i < verifier->findings; i++) {
		if (verifier->finding[i].rule == rule && verifier->finding[i].pc == place.pc)
			return &verifier->finding[i];
	}
	if (!create || verifier->findings == VERIFIER_FINDINGS)
		return NULL;
	return &verifier->finding[verifier->findings++];
}

static void fill_in(const struct verifier *verifier, struct verifier_finding *row, enum verifier_rule rule,
		    struct verified_place place, const char *call, uint8_t irql)
{
	const struct sim_cpu *cpu = sim_cpu_self();

	if (row->callback)
		return;
	*row = (struct verifier_finding){
		.rule = rule, .pc = place.pc, .is_return = place.is_return, .call = call,
		.callback = verified_callback_name(verified_origin()), .cpu = cpu ? cpu->index : 0, .irql = cpu ? irql : 0,
	};
	if (verifier->adapter)
		row->first_ns = stamp_to_ns(&verifier->adapter->machine->scale, stamp_now() - verifier->created);
}

void verifier_found(struct verifier *verifier, enum verifier_rule rule, struct verified_place place, const char *call)
{
	struct verified_time begin = verified_away_begin();
	uint8_t irql = verifier_lock(verifier);
	struct verifier_finding *row = row_of(verifier, rule, place, true);

	if (row) {
		fill_in(verifier, row, rule, place, call, irql);
		row->count++;
	}
	verifier_unlock(verifier, irql);
	verified_away_end(&begin);
}

/*
 * The limit was not kept, as the stamps have it.  Was it the miniport?  Not if its
 * thread did not run for so long, and hardly if some CPU was seen to be away, or may have
 * been for as long as nobody would see; but a miniport that calls nobody for long looks the same as a CPU that is away, every time.
 */
static void judge(struct verifier *verifier, struct verifier_finding *row, uint64_t judged, bool ran, bool gap)
{
	if (ran && !gap)
		row->count++;
	else
		row->undecided++;
	if (ran && gap && row->undecided >= SURE_TIMES && 4 * row->undecided >= SURE_OF_FOUR * judged) {
		row->count += row->undecided;
		row->undecided = 0;
	}
}

/* The longest time that the CPU may have been away and the gap witness would not have seen it. */
static uint64_t unseen_ns(const struct sim_cpu *cpu)
{
	uint64_t threshold = cpu->gaps.threshold;

	if (!threshold || threshold == UINT64_MAX)
		return UNWITNESSED_NS;
	return stamp_to_ns(&cpu->machine->scale, threshold);
}

void verifier_judge_time(struct verifier *verifier, enum verifier_rule rule, struct verified_place place,
			 const struct verified_time *since, uint64_t limit_us)
{
	struct sim_cpu *cpu = sim_cpu_self();
	struct verified_time now = verified_begin();
	uint64_t took = now.stamp - since->stamp - (now.away - since->away);
	bool over = took > stamp_from_ns(&cpu->machine->scale, limit_us * 1000);
	uint64_t cpu_ns = now.cpu_ns - since->cpu_ns - (now.cpu_away_ns - since->cpu_away_ns);
	struct verifier_finding *row;
	uint64_t sure_ns = limit_us * 1000 + unseen_ns(cpu);
	bool gap = false;
	uint8_t irql;

	if (over) {
		sim_see(cpu, now.stamp);
		gap = took <= stamp_from_ns(&cpu->machine->scale, sure_ns) ||
		      gap_witness_hit(cpu->machine, cpu->index, since->stamp, now.stamp);
	}
	irql = verifier_lock(verifier);
	row = row_of(verifier, rule, place, over);
	if (row) {
		fill_in(verifier, row, rule, place, "", irql);
		verifier->judged[row - verifier->finding]++;
		if (over)
			judge(verifier, row, verifier->judged[row - verifier->finding], cpu_ns > limit_us * 1000, gap);
	}
	verifier_unlock(verifier, irql);
	verified_away_end(&now);
}

size_t verifier_count(const struct verifier *verifier)
{
	return verifier->findings;
}

const struct verifier_finding *verifier_get(const struct verifier *verifier, size_t i)
{
	return &verifier->finding[i];
}

size_t verifier_broken(const struct verifier *verifier)
{
	size_t broken = 0;

	for (size_t i = 0; i < verifier->findings; i++)
		broken += verifier->finding[i].count > 0;
	return broken;
}

static void print_one(const struct verifier_finding *finding, FILE *out)
{
	const struct verifier_rule_text *rule = &verifier_rules[finding->rule];
	char place[320];

	verifier_place(finding, place, sizeof(place));
	fprintf(out, "  %-20s %s, cpu %u at IRQL %u%s%s%s%s: ", rule->name, place, finding->cpu, finding->irql,
		*finding->callback ? ", in " : "", finding->callback, *finding->call ? ", calling " : "", finding->call);
	if (finding->count)
		fprintf(out, "%" PRIu64 " time%s", finding->count, finding->count > 1 ? "s" : "");
	if (finding->undecided)
		fprintf(out, "%s%" PRIu64 " undecided: the CPU may have been away", finding->count ? ", and " : "", finding->undecided);
	fprintf(out, "\n    %s  Right: %s.  Source: %s.\n", rule->sentence, rule->right, rule->source);
}

void verifier_print(const struct verifier *verifier, FILE *out)
{
	if (!verifier->findings)
		return;
	fprintf(out, "storsync: verifier: rules broken at %zu place%s%s\n", verifier_broken(verifier),
		verifier_broken(verifier) == 1 ? "" : "s", verifier->findings == VERIFIER_FINDINGS ? ", and there is room for no more" : "");
	for (size_t i = 0; i < verifier->findings; i++)
		print_one(&verifier->finding[i], out);
}
