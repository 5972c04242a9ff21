/* SPDX-License-Identifier: MIT */
/* Decomposition; see stages.h. */
#include "bench/explain/stages.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/explain/time_text.h"

#define PARTS_OF_A_KIND 3
/* Medians add up when they are off by less, as a share of the difference. */
#define SUM_OFF 0.10

static const struct {
	enum explain_measure measure;
	const char *rule;
	const char *longer; /* with the time in it */
	const char *shorter;
} parts[] = {
	[PART_MASKED] = { EXPLAIN_MASKED, "stage.masked", "An interrupt is kept out by IRQL or a gate %s longer",
			  "An interrupt is kept out by IRQL or a gate for %s less" },
	[PART_DELIVERY] = { EXPLAIN_DELIVERY, "stage.delivery", "An interrupt that may be taken is taken %s later",
			    "An interrupt that may be taken is taken %s sooner" },
	[PART_ACQUIRE] = { EXPLAIN_ACQUIRE, "stage.acquire", "The ISR waits for access %s longer",
			   "The ISR waits for access %s less" },
	[PART_WAIT] = { EXPLAIN_WAIT, "stage.wait", "A call waits for access %s longer", "A call waits for access %s less" },
	[PART_HOLD] = { EXPLAIN_HOLD, "stage.hold", "The section is longer: a routine holds access for %s more",
			"The section is shorter: a routine holds access for %s less" },
	[PART_RELEASE] = { EXPLAIN_RELEASE, "stage.release",
			   "Getting back to the caller, with the interrupts that are taken on the way, takes %s longer",
			   "Getting back to the caller, with the interrupts that are taken on the way, takes %s less" },
};

double stages_whole(const struct explanation *explanation, enum explain_part first)
{
	double whole = 0;

	for (unsigned i = 0; i < PARTS_OF_A_KIND; i++)
		whole += explanation->part[first + i].by;
	return whole;
}

/* Where the whole is within the noise, whether a part of the ISR's latency is, too: then nothing is to be explained. */
static bool is_noise(const struct explanation *explanation, double ns)
{
	const struct comparison *compared = &explanation->compared;

	return compared->verdict == COMPARE_EQUIVALENT || fabs(ns) <= compared->noise_floor * explanation->latency.base.median;
}

static void name_part(struct explanation *explanation, enum explain_part part, double whole, const char *of)
{
	const struct explain_difference *difference = &explanation->part[part];
	char time[TIME_TEXT_BYTES], what[160], share_text[160] = "";
	double share = difference->by / whole;
	struct explain_sentence *sentence;

	snprintf(what, sizeof(what), difference->by > 0 ? parts[part].longer : parts[part].shorter,
		 time_text(time, difference->by));
	if (of && share < 0)
		snprintf(share_text, sizeof(share_text), ", which takes back %.0f%% of the difference of %s", -100 * share, of);
	else if (of)
		snprintf(share_text, sizeof(share_text), ", which is %s%.0f%% of the difference of %s",
			 share < STAGE_LEAST_SHARE ? "only " : "", 100 * share, of);
	sentence = explain_say(explanation, parts[part].rule, part < PART_WAIT ? SECTION_LATENCY : SECTION_CALLS, "%s%s", what,
			       share_text);
	explain_cite(sentence, difference);
	if (of && fabs(share) < STAGE_LEAST_SHARE)
		return;
	if (part < PART_WAIT && !of && is_noise(explanation, difference->by))
		return;
	*(difference->by > 0 ? &explanation->longer : &explanation->shorter) |= PART_BIT(part);
}

/* The parts from `first` on, the largest difference first. */
static void name_parts(struct explanation *explanation, enum explain_part first, const struct explain_difference *total)
{
	struct explain_difference *of_kind = &explanation->part[first];
	struct explain_sentence *open = NULL;
	const char *of = !total ? NULL : first == PART_MASKED ? "the mean ISR latency" : "a call's time";
	double whole = stages_whole(explanation, first);
	bool done[PARTS_OF_A_KIND] = { false };

	for (unsigned n = 0; n < PARTS_OF_A_KIND; n++) {
		unsigned largest = PARTS_OF_A_KIND;

		for (unsigned i = 0; i < PARTS_OF_A_KIND; i++) {
			if (!done[i] && explain_is_shown(&of_kind[i]) &&
			    (largest == PARTS_OF_A_KIND || fabs(of_kind[i].by) > fabs(of_kind[largest].by)))
				largest = i;
		}
		if (largest == PARTS_OF_A_KIND)
			break;
		done[largest] = true;
		name_part(explanation, first + largest, whole, of);
	}
	if (total && fabs(whole - total->by) > SUM_OFF * fabs(total->by))
		explain_cite(explain_say(explanation, first == PART_MASKED ? "stage.latency-sum" : "stage.call-sum",
					 first == PART_MASKED ? SECTION_LATENCY : SECTION_CALLS,
					 "Over these invocations the medians do not add up: the parts differ by %.0f ns "
					 "together, and shares are of that",
					 whole),
			     total);
	for (unsigned i = 0; i < PARTS_OF_A_KIND; i++) {
		if (done[i] || !of_kind[i].cell.n || !of_kind[i].base.n)
			continue;
		if (!open)
			open = explain_say(explanation, first == PART_MASKED ? "stage.latency-undecided" : "stage.call-undecided",
					   first == PART_MASKED ? SECTION_LATENCY : SECTION_CALLS,
					   "Not decided, whether these differ");
		explain_cite(open, &of_kind[i]);
	}
}

static const char *test_words(const struct comparison *compared)
{
	return compared->test == COMPARE_TEST_PAIRED ? "by pairs of a block" : "unpaired";
}

/* What compare says, since it decides. */
static void tell_compared(struct explanation *explanation)
{
	const struct comparison *pair = &explanation->compared;
	const struct comparison *run = &explanation->in_run;
	char over[160] = "", machine[COMPARE_MACHINE_BYTES];

	if (!pair->figure)
		return;
	compare_machine_text(&pair->machine, machine, sizeof(machine));
	if (run->figure && explanation->in_run_tests > 1)
		snprintf(over, sizeof(over), "; as one of %zu comparisons of the whole run it says %s (adjusted p = %.2g)",
			 explanation->in_run_tests, compare_verdict_name(run->verdict), run->p_adj);
	explain_say(explanation, "latency.compare", SECTION_LATENCY,
		    "`storsync compare` of these two alone says %s of isr_latency_mean: %.3f times [%.3f, %.3f], p = %.2g %s, noise "
		    "floor %.1f%%%s%s%s",
		    compare_verdict_name(pair->verdict), pair->ratio, pair->ci_lo, pair->ci_hi, pair->p_value, test_words(pair),
		    100 * pair->noise_floor, over, machine[0] ? "; the machine differed between the two: " : "", machine);
}

/* In the sentence itself, where compare says otherwise of the whole run: nobody is to read two verdicts in two places. */
static const char *in_run_words(const struct explanation *explanation, char text[200])
{
	const struct comparison *run = &explanation->in_run;

	text[0] = '\0';
	if (run->figure && explanation->compared.figure && explanation->in_run_tests > 1 &&
	    run->verdict != explanation->compared.verdict)
		snprintf(text, 200, ", of these two by themselves; as one of %zu comparisons of the whole run `storsync compare` says %s",
			 explanation->in_run_tests, compare_verdict_name(run->verdict));
	return text;
}

static void tell_latency(struct explanation *explanation)
{
	const struct explain_difference *latency = &explanation->latency;
	const char *cell = explanation->cell_name, *base = explanation->base_name;
	char time[TIME_TEXT_BYTES], in_run[200];
	struct explain_sentence *sentence;

	in_run_words(explanation, in_run);
	if (explain_latency_is_shown(explanation))
		sentence = explain_say(explanation, "latency.differs", SECTION_LATENCY,
				       "An ISR is entered %s %s with %s than with %s, by the mean%s", time_text(time, latency->by),
				       latency->by > 0 ? "later" : "sooner", cell, base, in_run);
	else if (explanation->compared.verdict == COMPARE_EQUIVALENT)
		sentence = explain_say(explanation, "latency.equivalent", SECTION_LATENCY,
				       "The mean ISR latency of %s and of %s is the same within the noise floor of %.1f%%: there is "
				       "nothing to explain in it%s",
				       cell, base, 100 * explanation->compared.noise_floor, in_run);
	else
		sentence = explain_say(explanation, "latency.undecided", SECTION_LATENCY,
				       "Not decided, whether the mean ISR latency differs between %s and %s%s", cell, base, in_run);
	explain_cite(sentence, latency);
	tell_compared(explanation);
}

static void explain_latency(struct explanation *explanation)
{
	struct explain_difference *latency = &explanation->latency;
	bool shown;

	explain_compare(latency, &explanation->cell, &explanation->base, EXPLAIN_LATENCY);
	if (explanation->compared.figure)
		latency->p = explanation->compared.p_value;
	if (!latency->cell.n || !latency->base.n) {
		explain_say(explanation, "latency.none", SECTION_LATENCY, "There is no ISR latency on %s side",
			    latency->cell.n || latency->base.n ? "one" : "either");
		return;
	}
	shown = explain_latency_is_shown(explanation);
	tell_latency(explanation);
	name_parts(explanation, PART_MASKED, shown ? latency : NULL);
}

/* In a closed loop alone: in an open one as many come as are sent. */
static void explain_throughput(struct explanation *explanation)
{
	struct explain_difference iops, io, calls;
	double ratio;

	if (strcmp(explanation->cell.key[RUN_KEY_ARRIVAL], "closed") != 0)
		return;
	explain_compare(&iops, &explanation->cell, &explanation->base, EXPLAIN_IOPS);
	explain_compare(&io, &explanation->cell, &explanation->base, EXPLAIN_IO);
	explain_compare(&calls, &explanation->cell, &explanation->base, EXPLAIN_IO_CALLS);
	if (!iops.cell.n || !iops.base.n)
		return;
	ratio = iops.cell.median / iops.base.median;
	if (!explain_is_shown(&iops)) {
		explain_cite(explain_say(explanation, "throughput.undecided", SECTION_CALLS,
					 "Not decided, whether throughput differs"),
			     &iops);
		return;
	}
	explain_cite(explain_say(explanation, "throughput.differs", SECTION_CALLS, "%s completes %.0f%% %s I/Os a second",
				 explanation->cell_name, 100 * fabs(ratio - 1), ratio < 1 ? "fewer" : "more"),
		     &iops);
	if (explain_is_shown(&io) && explain_is_shown(&calls)) {
		char all[TIME_TEXT_BYTES], part[TIME_TEXT_BYTES];
		struct explain_sentence *sentence = explain_say(explanation, "throughput.calls", SECTION_CALLS,
								"There is %s %s of the CPUs' time to an I/O; in synchronized "
								"calls it is %s %s",
								time_text(all, io.by), io.by > 0 ? "more" : "less",
								time_text(part, calls.by), calls.by > 0 ? "more" : "less");

		explain_cite(sentence, &io);
		explain_cite(sentence, &calls);
	}
}

static void explain_calls(struct explanation *explanation)
{
	struct explain_difference call;
	char time[TIME_TEXT_BYTES];
	bool shown;

	explain_compare(&call, &explanation->cell, &explanation->base, EXPLAIN_CALL);
	if (!call.cell.n || !call.base.n)
		return;
	shown = explain_is_shown(&call);
	if (shown)
		explain_cite(explain_say(explanation, "call.differs", SECTION_CALLS,
					 "A synchronized call takes %s %s with %s, by the mean", time_text(time, call.by),
					 call.by > 0 ? "longer" : "less", explanation->cell_name),
			     &call);
	else
		explain_cite(explain_say(explanation, "call.undecided", SECTION_CALLS,
					 "Not decided, whether the mean time of a synchronized call differs"),
			     &call);
	name_parts(explanation, PART_WAIT, shown ? &call : NULL);
}

void stages_explain(struct explanation *explanation)
{
	for (unsigned part = 0; part < PART_COUNT; part++)
		explain_compare(&explanation->part[part], &explanation->cell, &explanation->base, parts[part].measure);
	explain_adjust(&explanation->part[PART_MASKED], PARTS_OF_A_KIND);
	explain_adjust(&explanation->part[PART_WAIT], PARTS_OF_A_KIND);
	explain_latency(explanation);
	explain_throughput(explanation);
	explain_calls(explanation);
}
