/* SPDX-License-Identifier: MIT */
/* The rules; see evidence.h. */
#include "bench/explain/evidence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/explain/family.h"
#include "bench/explain/stages.h"
#include "bench/explain/time_text.h"
#include "impls/backends.h"

#define MASKED PART_BIT(PART_MASKED)
#define DELIVERY PART_BIT(PART_DELIVERY)
#define ACQUIRE PART_BIT(PART_ACQUIRE)
#define WAIT PART_BIT(PART_WAIT)
#define HOLD PART_BIT(PART_HOLD)
#define RELEASE PART_BIT(PART_RELEASE)
/* What lasts as long as somebody has access: sync_release, too, since the interrupts taken in it wait for access. */
#define WAITING (MASKED | ACQUIRE | WAIT | RELEASE)
#define ALL (WAITING | DELIVERY | HOLD)

/* RULE(id, measure, least difference, least ratio, parts, explains, of the machine, more, less) */
#define RULE(id_, measure_, difference_, ratio_, parts_, explains_, machine_, more_, less_) \
	{ id_, EXPLAIN_##measure_, difference_, ratio_, parts_, explains_, machine_, more_, less_ }

const struct evidence_rule evidence_rules[] = {
	RULE("machine.core-to-core", CORE, 10, 1.5, ALL, true, true,
	     "A cache line takes longer between the CPUs: the machine had placed them further apart, which no back end does",
	     "A cache line takes less time between the CPUs: the machine had placed them closer, which no back end does"),
	RULE("machine.gaps", GAPS, 0.005, 1.1, ALL, true, true,
	     "CPUs were away for more of the window, in gaps that their own stamps saw: so long nothing on them goes on, "
	     "whatever the back end",
	     "CPUs were away for less of the window, in gaps that their own stamps saw: so long nothing on them goes on, "
	     "whatever the back end"),
	RULE("machine.cpu-lost", LOST, 0.005, 1.1, ALL, true, true, "The threads were without a CPU for more of the time",
	     "The threads were without a CPU for less of the time"),
	RULE("preempted", PREEMPTED, 10, 1.1, WAITING | HOLD, true, false,
	     "The CPU is taken away from whoever is in a section, as asked for by --preempt, for longer: access is held "
	     "meanwhile",
	     "The CPU is taken away from whoever is in a section, as asked for by --preempt, for less: access is held meanwhile"),
	RULE("section", SECTION, 10, 1.05, WAITING | HOLD, true, false, "The work in a section takes longer by itself",
	     "The work in a section takes less by itself"),
	RULE("service", SERVICE, 10, 1.1, WAITING, true, false,
	     "An ISR has access for longer, and whoever else wants it waits for that",
	     "An ISR has access for less, and whoever else wants it waits for that"),
	RULE("handoffs", HANDOFFS, 0.05, 1.1, WAITING | HOLD, true, false,
	     "Access passes to another CPU more often; each time the lock and what it guards move between cores",
	     "Access passes to another CPU less often; each time the lock and what it guards move between cores"),
	RULE("deferred", DEFERRED, 0.01, 1.1, MASKED, true, false,
	     "The back end defers the ISR more often, which waits until it is delivered again",
	     "The back end defers the ISR less often, which waits until it is delivered again"),
	RULE("kept-out", KEPT_OUT, 0.05, 1.1, MASKED | ACQUIRE, true, false,
	     "More of the interrupts fall due while IRQL, gate or lock keep them out",
	     "Fewer of the interrupts fall due while IRQL, gate or lock keep them out"),
	RULE("landed", LANDED, 0.05, 1.1, MASKED | ACQUIRE, true, false,
	     "More of the interrupts arrive in a routine that runs on their own CPU",
	     "Fewer of the interrupts arrive in a routine that runs on their own CPU"),
	RULE("wait.usual", WAIT_P50, 5, 1.2, WAIT, false, false, "Not only the worst calls wait longer: the median does",
	     "Not only the worst calls wait less: the median does"),
	RULE("wait.tail", WAIT_P99, 20, 2, WAIT, false, false, "The worst hundredth of the calls waits longer",
	     "The worst hundredth of the calls waits less"),
};

const size_t evidence_rule_count = sizeof(evidence_rules) / sizeof(evidence_rules[0]);

#define RULES (sizeof(evidence_rules) / sizeof(evidence_rules[0]))

/* The thresholds of the two that are not in the table. */
#define HOLD_LEAST_NS 5
#define HOLD_LEAST_RATIO 1.1
#define INJECTED_LEAST_PS 1000
/* Cache lines that move one after the other when access passes to another CPU, at most: the lock's and the data's. */
#define HANDOFF_MOST_LINES 10

static double ratio_of(const struct explain_difference *difference)
{
	double low = fmin(difference->cell.median, difference->base.median);
	double high = fmax(difference->cell.median, difference->base.median);

	return low > 0 ? high / low : INFINITY;
}

/* Whether a time, in ns, is of the size of a part that it is to explain. */
static bool is_large_enough(const struct explanation *explanation, double ns, unsigned parts)
{
	for (unsigned i = 0; i < PART_COUNT; i++) {
		if ((parts & PART_BIT(i)) && fabs(ns) >= STAGE_LEAST_SHARE * fabs(explanation->part[i].by))
			return true;
	}
	return false;
}

/* What a handoff costs at most; without bound where the way between the CPUs is not known. */
static double handoff_ns(const struct explanation *explanation)
{
	struct explain_difference core;

	explain_compare(&core, &explanation->cell, &explanation->base, EXPLAIN_CORE);
	return isnan(core.cell.median) && isnan(core.base.median) ? INFINITY
								  : HANDOFF_MOST_LINES * fmax(core.cell.median, core.base.median);
}

/* Of a thread that sleeps it is said, too, that it was without a CPU. */
static bool sleeps(const struct explain_side *side)
{
	const struct sync_backend *backend = sync_backend_find(side->key[RUN_KEY_BACKEND]);

	return (backend && backend->capabilities & SYNC_SLEEPS) || strtod(side->key[RUN_KEY_PREEMPT_RATE_HZ], NULL) > 0;
}

static bool may_tell(const struct evidence_rule *rule, const struct explanation *explanation)
{
	return rule->measure != EXPLAIN_LOST || !(sleeps(&explanation->cell) || sleeps(&explanation->base));
}

/* A CPU that is away completes no I/Os, whether or not a mean latency shows it. */
static bool takes_throughput(const struct evidence_rule *rule, const struct explanation *explanation,
			     const struct explain_difference *evidence, struct explain_difference *iops)
{
	explain_compare(iops, &explanation->cell, &explanation->base, EXPLAIN_IOPS);
	return (rule->measure == EXPLAIN_GAPS || rule->measure == EXPLAIN_LOST) &&
	       strcmp(explanation->cell.key[RUN_KEY_ARRIVAL], "closed") == 0 && explain_is_shown(iops) &&
	       iops->by * evidence->by < 0;
}

static void say(struct explanation *explanation, const struct evidence_rule *rule, const struct explain_difference *evidence)
{
	unsigned changed = evidence->by > 0 ? explanation->longer : explanation->shorter;
	struct explain_sentence *sentence;
	struct explain_difference iops;
	bool throughput = takes_throughput(rule, explanation, evidence, &iops);

	if ((!(rule->parts & changed) && !throughput) || !explain_is_shown(evidence) || fabs(evidence->by) < rule->least_difference ||
	    ratio_of(evidence) < rule->least_ratio || !may_tell(rule, explanation))
		return;
	if (rule->explains && !rule->of_the_machine && strcmp(explain_measure_unit(rule->measure), "ns") == 0 &&
	    !is_large_enough(explanation, evidence->by, rule->parts & changed))
		return;
	if (rule->measure == EXPLAIN_HANDOFFS &&
	    !is_large_enough(explanation, handoff_ns(explanation) * evidence->by, rule->parts & changed))
		return;
	sentence = explain_say(explanation, rule->id, rule->explains ? SECTION_WHY : SECTION_CALLS, "%s%s",
			       evidence->by > 0 ? rule->more : rule->less,
			       !throughput	  ? "" :
			       evidence->by > 0 ? "; so long no I/Os are completed either, and there are fewer of them" :
						  "; so I/Os are completed for longer, and there are more of them");
	if (sentence)
		sentence->parts = rule->explains ? rule->parts & changed : 0;
	explain_cite(sentence, evidence);
	if (throughput)
		explain_cite(sentence, &iops);
}

/* ps, 0 where no delay was asked for. */
static double injected_ps(const struct explain_side *side, const struct explain_spread *spread)
{
	return *side->key[RUN_KEY_INJECT_NS] ? spread->median : 0;
}

static void explain_injected(struct explanation *explanation)
{
	const struct explain_difference *hold = &explanation->part[PART_HOLD];
	struct explain_difference injected;
	char time[TIME_TEXT_BYTES], share[96] = "", grows[96] = "";
	struct explain_sentence *sentence;
	unsigned parts;
	double ps;

	explain_compare(&injected, &explanation->cell, &explanation->base, EXPLAIN_INJECTED);
	ps = injected_ps(&explanation->cell, &injected.cell) - injected_ps(&explanation->base, &injected.base);
	if (!(fabs(ps) >= INJECTED_LEAST_PS) ||
	    strcmp(explanation->cell.key[RUN_KEY_INJECT_NS], explanation->base.key[RUN_KEY_INJECT_NS]) == 0)
		return;
	parts = (WAITING | HOLD) & (ps > 0 ? explanation->longer : explanation->shorter);
	if (explain_is_shown(hold))
		snprintf(share, sizeof(share), ", which is %.0f%% of the difference of sync_hold", 100 * ps / 1e3 / hold->by);
	if (parts & (MASKED | ACQUIRE))
		snprintf(grows, sizeof(grows), "; the ISR's %s with it: %s", ps > 0 ? "latency grows" : "latency shrinks",
			 !(parts & ACQUIRE) ? "isr_masked"
			 : parts & MASKED   ? "isr_masked and isr_acquire"
					    : "isr_acquire");
	if (!parts)
		snprintf(grows, sizeof(grows), "; no part is shown to differ with it");
	sentence = explain_say(explanation, "injected", SECTION_WHY,
			       "Every synchronized routine holds access for %s %s, because a delay was injected (inject_ns %s "
			       "against %s)%s%s",
			       time_text(time, ps / 1e3), ps > 0 ? "more" : "less",
			       *explanation->cell.key[RUN_KEY_INJECT_NS] ? explanation->cell.key[RUN_KEY_INJECT_NS] : "off",
			       *explanation->base.key[RUN_KEY_INJECT_NS] ? explanation->base.key[RUN_KEY_INJECT_NS] : "off",
			       share, grows);
	if (sentence)
		sentence->parts = parts;
	injected.p = NAN; /* it was asked for: nothing to be tested */
	explain_cite(sentence, &injected);
	explain_cite(sentence, hold);
}

static void explain_hold(struct explanation *explanation)
{
	const struct explain_difference *hold = &explanation->part[PART_HOLD];
	unsigned parts = WAITING & (hold->by > 0 ? explanation->longer : explanation->shorter);
	struct explain_sentence *sentence;

	if (!parts || !explain_is_shown(hold) || fabs(hold->by) < HOLD_LEAST_NS || ratio_of(hold) < HOLD_LEAST_RATIO ||
	    !is_large_enough(explanation, hold->by, parts))
		return;
	sentence = explain_say(explanation, "hold", SECTION_WHY,
			       "The section is %s: a routine holds access for %s, and whoever is kept out waits for that",
			       hold->by > 0 ? "longer" : "shorter", hold->by > 0 ? "more" : "less");
	if (sentence)
		sentence->parts = parts;
	explain_cite(sentence, hold);
}

static void say_family(struct explanation *explanation, const char *rule, const char *name, const struct family *family,
		       const char *text, unsigned parts)
{
	struct explain_sentence *sentence;
	unsigned part = 0;

	if (!text || !parts)
		return;
	sentence = explain_say(explanation, rule, SECTION_WHY, "By construction of %s, %s: %s", name, text, family->source);
	if (sentence)
		sentence->parts = parts;
	for (unsigned i = 1; i < PART_COUNT; i++) {
		if ((parts & PART_BIT(i)) &&
		    (!(parts & PART_BIT(part)) || fabs(explanation->part[i].by) > fabs(explanation->part[part].by)))
			part = i;
	}
	explain_cite(sentence, &explanation->part[part]);
}

/* Of whichever side has more. */
static void explain_family(struct explanation *explanation, bool decisive)
{
	const char *rule = decisive ? "family.decisive" : "family";

	for (unsigned base = 0; base < 2; base++) {
		const struct explain_side *side = base ? &explanation->base : &explanation->cell;
		const struct family *family = family_of(side->key[RUN_KEY_BACKEND]);
		unsigned more = base ? explanation->shorter : explanation->longer;

		if (explanation->column != RUN_KEY_BACKEND || !family || family->decisive != decisive)
			continue;
		say_family(explanation, rule, side->key[RUN_KEY_BACKEND], family, family->isr, more & family->isr_parts);
		say_family(explanation, rule, side->key[RUN_KEY_BACKEND], family, family->call, more & WAIT);
	}
}

/* The same back end on both sides: no reason, but what there is to be longer or shorter. */
static void tell_family(struct explanation *explanation)
{
	const char *name = explanation->cell.key[RUN_KEY_BACKEND];
	const struct family *family = family_of(name);
	unsigned changed = explanation->longer | explanation->shorter;

	if (explanation->column == RUN_KEY_BACKEND || !family || !family->decisive)
		return;
	say_family(explanation, "family", name, family, family->isr, changed & family->isr_parts);
	say_family(explanation, "family", name, family, family->call, changed & WAIT);
}

/* "isr_masked, sync_wait" */
static void list_parts(char *text, size_t bytes, unsigned parts)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < PART_COUNT && at < bytes; i++) {
		if (parts & PART_BIT(i))
			at += (size_t)snprintf(text + at, bytes - at, "%s%s", at ? ", " : "", explain_part_name(i));
	}
}

/* What would tell: what was not measured here, else more of the same. */
static const char *advice(const struct explanation *explanation, unsigned parts)
{
	const char *const *key = explanation->cell.key;
	const char *rate = key[RUN_KEY_IRQ_RATE_HZ];

	if ((parts & (MASKED | ACQUIRE | DELIVERY)) && strcmp(key[RUN_KEY_DELIVERY], "poll") == 0)
		return "a run with --delivery signal would tell whether interrupts arrive in sections (landed_in_section)";
	if ((parts & (MASKED | DELIVERY)) && (!*rate || strcmp(rate, "0") == 0))
		return "a run with --bystander 10k would tell whether other interrupts are kept out, too";
	if ((parts & HOLD) && strtod(key[RUN_KEY_SECTION_NS], NULL) == 0)
		return "a run with --section 5us would tell how much of it is a section's own work (section_actual_p50_ns)";
	return "a run with more invocations would tell more of the figures that are not decided here";
}

/* Nothing is named where the whole is not decided either. */
static void explain_undecided(struct explanation *explanation)
{
	size_t cell = explanation->latency.cell.n, base = explanation->latency.base.n;

	if (cell && base && !explain_latency_is_shown(explanation) &&
	    explanation->compared.verdict != COMPARE_EQUIVALENT)
		explain_say(explanation, "undecided", SECTION_NEXT,
			    "With %zu against %zu invocations the mean ISR latency is not decided, so there is nothing to "
			    "explain in it; more (--invocations) may tell",
			    cell, base);
}

static void explain_rest(struct explanation *explanation)
{
	unsigned open = explanation->longer | explanation->shorter;
	char text[160];

	for (size_t i = 0; i < explanation->count; i++) {
		const struct explain_sentence *sentence = &explanation->sentence[i];

		if (sentence->section == SECTION_WHY && strcmp(sentence->rule, "family") != 0)
			open &= ~sentence->parts;
	}
	if (!open) {
		explain_undecided(explanation);
		return;
	}
	list_parts(text, sizeof(text), open);
	explain_say(explanation, "unexplained", SECTION_NEXT, "The data does not say why %s differ%s: %s", text,
		    strchr(text, ',') ? "" : "s", advice(explanation, open));
}

/* A difference that is of no part in particular. */
static void explain_unnamed(struct explanation *explanation)
{
	unsigned of_latency = PART_BIT(PART_MASKED) | PART_BIT(PART_DELIVERY) | PART_BIT(PART_ACQUIRE);

	if (explain_latency_is_shown(explanation) && !((explanation->longer | explanation->shorter) & of_latency))
		explain_say(explanation, "unnamed", SECTION_NEXT,
			    "The mean ISR latency differs, and of none of its parts is that shown: what it is made of is not decided; "
			    "more invocations (--invocations) may tell");
}

/* What was asked for comes before what happened besides. */
static bool is_asked_for(const struct evidence_rule *rule, enum run_key column)
{
	return (rule->measure == EXPLAIN_SECTION && column == RUN_KEY_SECTION_NS) ||
	       (rule->measure == EXPLAIN_PREEMPTED && (column == RUN_KEY_PREEMPT_RATE_HZ || column == RUN_KEY_PREEMPT_NS));
}

void evidence_explain(struct explanation *explanation)
{
	struct explain_difference evidence[RULES];

	for (size_t i = 0; i < RULES; i++)
		explain_compare(&evidence[i], &explanation->cell, &explanation->base, evidence_rules[i].measure);
	explain_adjust(evidence, RULES);
	explain_injected(explanation);
	for (size_t i = 0; i < RULES; i++) {
		if (is_asked_for(&evidence_rules[i], explanation->column))
			say(explanation, &evidence_rules[i], &evidence[i]);
	}
	for (size_t i = 0; i < RULES; i++) {
		if (evidence_rules[i].of_the_machine)
			say(explanation, &evidence_rules[i], &evidence[i]);
	}
	explain_family(explanation, true);
	explain_hold(explanation);
	for (size_t i = 0; i < RULES; i++) {
		if (!evidence_rules[i].of_the_machine && !is_asked_for(&evidence_rules[i], explanation->column))
			say(explanation, &evidence_rules[i], &evidence[i]);
	}
	explain_family(explanation, false);
	tell_family(explanation);
	explain_rest(explanation);
	explain_unnamed(explanation);
}
