/* SPDX-License-Identifier: MIT */
/*
 * A known delay: added to every synchronized routine, it has to come back as the difference of two sets of invocations.
 *
 * The statistic is the mean of `sync_hold` without its smallest and largest hundredth.  The counter's step may be 10 ns, but the
 * position of a call relative to the step is as good as random, so that the mean of thousands resolves far below it; a median would move
 * in whole steps.  The hundredths keep out what took the CPU away in the middle of a section.
 */
#include <math.h>

#include "bench/selftest/judge.h"
#include "bench/selftest/trial.h"
#include "bench/torture/random.h"

/* On a machine where CPUs come and go, an invocation is as slow as its moment: 24 are enough to find 20 ns there. */
#define INVOCATIONS 24
#define WINDOW_NS UINT64_C(25000000)
#define TRIM 0.01
#define CONFIDENCE 0.95

/* The first is what the others are compared with: the hook is there, and adds nothing. */
static const uint64_t added_ns[] = { 0, 20, 200 };

#define DELAYS (sizeof(added_ns) / sizeof(added_ns[0]))

struct holds {
	double mean[DELAYS][INVOCATIONS];
	size_t n[DELAYS];
};

static void shuffle(size_t order[DELAYS], uint64_t *rng)
{
	for (size_t i = 0; i < DELAYS; i++)
		order[i] = i;
	for (size_t i = DELAYS - 1; i > 0; i--) {
		size_t j = random_below(rng, (uint32_t)i + 1);
		size_t swapped = order[i];

		order[i] = order[j];
		order[j] = swapped;
	}
}

static void run_block(struct trials *trials, struct holds *holds)
{
	struct cell_spec spec = trial_spec(trials->selftest, WINDOW_NS);
	size_t order[DELAYS];

	spec.seed = random_next(&trials->selftest->rng);
	spec.inject = true;
	shuffle(order, &trials->selftest->rng);
	for (size_t i = 0; i < DELAYS && !invoke_interrupted; i++) {
		struct invocation_outcome outcome;
		size_t d = order[i];
		double mean = NAN;

		spec.inject_ns = added_ns[d];
		if (trial_run(trials, &spec, &outcome))
			mean = trial_trimmed_mean(&outcome, "sync_hold", TRIM);
		if (isfinite(mean))
			holds->mean[d][holds->n[d]++] = mean;
		invocation_outcome_fini(&outcome);
	}
}

static void report(struct selftest *selftest, const struct trials *trials, const struct holds *holds)
{
	for (size_t d = 1; d < DELAYS; d++) {
		double added = (double)added_ns[d];
		struct shift_estimate estimate;
		char figure[64], expected[64];
		const char *fault;

		snprintf(figure, sizeof(figure), "sync_hold with %.0f ns added, shift", added);
		snprintf(expected, sizeof(expected), "%.0f ns, within %.0f ns", added, judge_delay_tolerance(added));
		if (hodges_lehmann(holds->mean[0], holds->n[0], holds->mean[d], holds->n[d], CONFIDENCE, &estimate)) {
			protocol_judged(&selftest->protocol, false, figure, expected, "nothing was measured");
			continue;
		}
		fault = judge_delay(&estimate, added);
		protocol_judged(&selftest->protocol, !fault, figure, expected, "%.1f ns [%.1f, %.1f]", estimate.shift, estimate.lo, estimate.hi);
		if (fault)
			protocol_note(&selftest->protocol, "%.0f ns added: %s", added, fault);
	}
	if (trials->not_ok)
		protocol_note(&selftest->protocol, "%zu of %zu invocations were not ok; the first: %s", trials->not_ok, trials->started,
			      trials->reason);
	protocol_note(&selftest->protocol, "Hodges-Lehmann shift of %d against %d invocations' trimmed means, exact 95%% interval", INVOCATIONS,
		      INVOCATIONS);
}

void selftest_delay(struct selftest *selftest)
{
	struct holds holds = { 0 };
	struct trials trials;

	trials_begin(&trials, selftest, INVOCATIONS * DELAYS);
	for (unsigned block = 0; block < INVOCATIONS && !invoke_interrupted; block++)
		run_block(&trials, &holds);
	trials_end(&trials);
	if (!invoke_interrupted)
		report(selftest, &trials, &holds);
}
