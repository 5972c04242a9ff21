/* SPDX-License-Identifier: MIT */
/* What to know before one believes; see trust.h. */
#include "bench/explain/trust.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/explain/time_text.h"

static const struct {
	const char *code;
	const char *words;
} gates[] = {
	{ "section", "the added work was not as long as asked" },
	{ "clock", "there was no usable counter" },
	{ "oversubscribed", "more simulated CPUs than usable cores" },
	{ "bystander", "some bystanders' interrupts were not served" },
	{ "core-to-core", "the way between the CPUs changed by more than half meanwhile" },
	{ "core-to-core-moved", "the CPUs were placed otherwise than when the run began" },
	{ "gaps", "over 5% of the time was lost in gaps" },
	{ "cpu-lost", "threads were without a CPU for over 2% of the time" },
	{ "migrated", "threads moved between cores" },
	{ "concurrency", "threads did not all run for 95% of the time" },
	{ "verified", "the verifier was on, so that nothing of it is a measurement" },
};

const char *trust_gate_words(const char *code)
{
	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
		if (strcmp(gates[i].code, code) == 0)
			return gates[i].words;
	}
	return code;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void explain_gates(struct explanation *explanation, const struct explain_side *side, const char *name)
{
	char text[EXPLAIN_TEXT_BYTES] = "";
	size_t at = 0;

	if (!side->warned)
		return;
	for (size_t i = 0; i < side->gates && at < sizeof(text); i++) {
		const char *words = trust_gate_words(side->gate[i].code);

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s%s%s in %zu", i ? "; " : "", words,
				       words == side->gate[i].code ? "" : " (",
				       words == side->gate[i].code ? "" : side->gate[i].code,
				       words == side->gate[i].code ? "" : ")", side->gate[i].rows);
	}
	explain_say(explanation, "trust.gates", SECTION_TRUST, "%zu of %zu invocation%s of %s %s to be trusted less: %s",
		    side->warned, side->ok, plural(side->ok), name, side->warned == 1 ? "is" : "are", text);
}

static void explain_invocations(struct explanation *explanation, const struct explain_side *side, const char *name)
{
	if (side->not_ok)
		explain_say(explanation, "trust.failed", SECTION_TRUST,
			    "%zu invocation%s of %s ended without a result to use, the first: %s", side->not_ok,
			    plural(side->not_ok), name, side->reason);
	if (side->ok > side->taken)
		explain_say(explanation, "trust.taken", SECTION_TRUST, "Of %s the first %zu of %zu invocations are looked at",
			    name, side->taken, side->ok);
	if (side->ok < EXPLAIN_LEAST_INVOCATIONS)
		explain_say(explanation, "trust.few", SECTION_TRUST,
			    "%zu invocation%s of %s %s too few: with fewer than %d a side figures are shown, and no difference "
			    "is called one",
			    side->ok, plural(side->ok), name, side->ok == 1 ? "is" : "are", EXPLAIN_LEAST_INVOCATIONS);
}

/* No ISR met a section: then a latency does not depend on the back end. */
static void explain_unmet(struct explanation *explanation, const struct explain_side *side, const char *name)
{
	for (size_t i = 0; i < side->taken; i++) {
		if (side->value[EXPLAIN_KEPT_OUT][i] != 0)
			return;
	}
	if (side->taken)
		explain_say(explanation, "trust.unmet", SECTION_TRUST,
			    "In %s no interrupt fell due while IRQL, gate or lock kept it out (preempted_held 0): its ISR "
			    "latencies say nothing about synchronization",
			    name);
}

static void explain_behind(struct explanation *explanation, const char *name, bool of_base)
{
	struct explain_difference behind, unstarted;
	struct explain_sentence *sentence;

	if (strcmp(explanation->cell.key[RUN_KEY_ARRIVAL], "closed") == 0)
		return;
	explain_compare(&behind, &explanation->cell, &explanation->base, EXPLAIN_BEHIND);
	if (!((of_base ? behind.base.median : behind.cell.median) >= TRUST_BEHIND))
		return;
	explain_compare(&unstarted, &explanation->cell, &explanation->base, EXPLAIN_UNSTARTED);
	sentence = explain_say(explanation, "trust.behind", SECTION_TRUST,
			       "%s does not keep up with the I/Os that arrive: its response times say how long the window was",
			       name);
	explain_cite(sentence, &behind);
	explain_cite(sentence, &unstarted);
}

/* Not tested: who believes that throughput differs is to know what of it the machine's gaps account for. */
static void explain_away(struct explanation *explanation)
{
	struct explain_difference gaps, iops;
	struct explain_sentence *sentence;
	double loss, expected;

	explain_compare(&gaps, &explanation->cell, &explanation->base, EXPLAIN_GAPS);
	explain_compare(&iops, &explanation->cell, &explanation->base, EXPLAIN_IOPS);
	if (strcmp(explanation->cell.key[RUN_KEY_ARRIVAL], "closed") != 0 || !explain_is_shown(&iops) ||
	    !(fabs(gaps.by) >= TRUST_AWAY_LEAST) || !(gaps.base.median < 1))
		return;
	loss = 1 - iops.cell.median / iops.base.median;
	expected = 1 - (1 - gaps.cell.median) / (1 - gaps.base.median);
	if (!(expected / loss >= TRUST_AWAY_LEAST_SHARE))
		return;
	gaps.p = NAN;
	sentence = explain_say(explanation, "trust.away", SECTION_TRUST,
			       "CPUs were away for more of the window with %s; that alone makes about %.0f%% %s I/Os with %s, whatever "
			       "the back end",
			       gaps.by > 0 ? explanation->cell_name : explanation->base_name, 100 * fabs(expected),
			       expected > 0 ? "fewer" : "more", explanation->cell_name);
	explain_cite(sentence, &gaps);
	explain_cite(sentence, &iops);
}

static void explain_same_delay(struct explanation *explanation)
{
	const char *ns = explanation->cell.key[RUN_KEY_INJECT_NS];

	if (*ns && strcmp(ns, "0") != 0 && strcmp(ns, explanation->base.key[RUN_KEY_INJECT_NS]) == 0)
		explain_say(explanation, "trust.injected", SECTION_TRUST,
			    "Both have a delay injected into every synchronized routine (inject_ns %s): no driver has that", ns);
}

static void explain_bystander(struct explanation *explanation, enum explain_measure measure, const char *rule, const char *where)
{
	struct explain_difference bystander;
	char time[TIME_TEXT_BYTES];

	explain_compare(&bystander, &explanation->cell, &explanation->base, measure);
	if (!explain_is_shown(&bystander) || fabs(bystander.by) < TRUST_BYSTANDER_LEAST_NS ||
	    fmax(bystander.cell.median, bystander.base.median) <
		    TRUST_BYSTANDER_LEAST_RATIO * fmin(bystander.cell.median, bystander.base.median))
		return;
	explain_cite(explain_say(explanation, rule, SECTION_OTHERS,
				 "An unrelated interrupt %s the HBA's level waits %s %s with %s", where,
				 time_text(time, bystander.by), bystander.by > 0 ? "longer" : "less", explanation->cell_name),
		     &bystander);
}

static void explain_worst(struct explanation *explanation)
{
	static const struct {
		enum explain_measure measure;
		const char *rule;
		const char *what;
	} worst[] = {
		{ EXPLAIN_HELD_MAX, "worst.held", "the longest time that anybody had access" },
		{ EXPLAIN_BLOCKED_MAX, "worst.blocked", "the longest that an interrupt was masked and waited for access" },
		{ EXPLAIN_STARVATION, "worst.starvation", "the worst wait of a call, in longest sections" },
	};

	for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
		struct explain_difference difference;
		const struct explain_spread *low, *high;

		explain_compare(&difference, &explanation->cell, &explanation->base, worst[i].measure);
		difference.p = NAN;
		low = difference.by > 0 ? &difference.base : &difference.cell;
		high = difference.by > 0 ? &difference.cell : &difference.base;
		if (!(high->median >= TRUST_WORST_RATIO * low->median) || !(high->least > low->most))
			continue;
		explain_cite(explain_say(explanation, worst[i].rule, SECTION_OTHERS, "Shown, never tested: %s is %s with %s",
					 worst[i].what, difference.by > 0 ? "larger" : "smaller", explanation->cell_name),
			     &difference);
	}
}

static size_t list_causes(char *text, size_t bytes, const uint32_t count[CAUSE_COUNT])
{
	static const char *const words[] = {
		[CAUSE_GAP] = "a gap of a CPU was the cause",
		[CAUSE_OWN_SECTION] = "it was masked by its own CPU's section",
		[CAUSE_MASKED] = "it was masked",
		[CAUSE_HELD] = "another CPU had access",
		[CAUSE_DEVICE] = "the device's model was late",
		[CAUSE_DELIVERY] = "it was not yet delivered",
		[CAUSE_UNDECIDED] = "the cause is undecided",
	};
	size_t all = 0, at = 0;
	uint32_t limit = UINT32_MAX;
	bool told[CAUSE_COUNT] = { false };

	text[0] = '\0';
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		all += count[i];
	for (unsigned n = 0; n < CAUSE_COUNT && limit; n++) {
		unsigned most = CAUSE_COUNT;

		for (unsigned i = 0; i < CAUSE_COUNT; i++) {
			if (!told[i] && (most == CAUSE_COUNT || count[i] > count[most]))
				most = i;
		}
		told[most] = true;
		limit = count[most];
		if (limit && at < bytes)
			at += (size_t)snprintf(text + at, bytes - at, "%sin %u %s", at ? ", " : "", limit, words[most]);
	}
	return all;
}

static void explain_events(struct explanation *explanation)
{
	static const char *const what[] = { [EVENT_ISR] = "interrupts", [EVENT_CALL] = "calls" };
	static const char *const rules[] = { [EVENT_ISR] = "events.isr", [EVENT_CALL] = "events.call" };

	for (unsigned i = 0; i < EVENT_COUNT; i++) {
		char cell[EXPLAIN_TEXT_BYTES / 2 - 96], base[EXPLAIN_TEXT_BYTES / 2 - 96];
		size_t of_cell = list_causes(cell, sizeof(cell), explanation->cell.events[i]);
		size_t of_base = list_causes(base, sizeof(base), explanation->base.events[i]);

		if (of_cell < TRUST_LEAST_EVENTS)
			continue;
		if (of_base)
			explain_say(explanation, rules[i], SECTION_OTHERS,
				    "Of the %zu worst %s of %s, %s; of the %zu of %s, %s (cause in events.csv)", of_cell, what[i],
				    explanation->cell_name, cell, of_base, explanation->base_name, base);
		else
			explain_say(explanation, rules[i], SECTION_OTHERS, "Of the %zu worst %s of %s, %s (cause in events.csv)",
				    of_cell, what[i], explanation->cell_name, cell);
	}
}

void trust_explain(struct explanation *explanation)
{
	const char *cell = explanation->cell_name;
	const char *base = explanation->base_name;

	explain_bystander(explanation, EXPLAIN_BYSTANDER_HIGH, "bystander.high", "above");
	explain_bystander(explanation, EXPLAIN_BYSTANDER_LOW, "bystander.low", "below");
	explain_worst(explanation);
	explain_events(explanation);
	explain_invocations(explanation, &explanation->cell, cell);
	explain_invocations(explanation, &explanation->base, base);
	explain_gates(explanation, &explanation->cell, cell);
	explain_gates(explanation, &explanation->base, base);
	explain_unmet(explanation, &explanation->cell, cell);
	explain_unmet(explanation, &explanation->base, base);
	explain_behind(explanation, cell, false);
	explain_behind(explanation, base, true);
	explain_same_delay(explanation);
	explain_away(explanation);
}
