/* SPDX-License-Identifier: MIT */
/*
 * A against A: one cell under two names, compared as two back ends are.
 *
 * Every invocation is a process of its own and belongs to one comparison.  A comparison is six randomized blocks of both, as
 * `storsync run` orders and seeds them, and an exact Mann-Whitney test.  A block with an invocation that has no result is made anew.  Where there is no difference, one is found in at most as many
 * comparisons as the test's level says; more would mean that the order, the processes or the test make differences.
 */
#include <inttypes.h>
#include <math.h>

#include "bench/selftest/judge.h"
#include "bench/selftest/trial.h"
#include "bench/stats/rank_null.h"
#include "bench/torture/random.h"

#define INVOCATIONS 6
#define WINDOW_NS UINT64_C(10000000)

static const char *const metrics[] = { "isr_latency_p50_ns", "iops", "sync_wait_p50_ns" };

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

struct comparison {
	double value[METRICS][2][INVOCATIONS];
};

struct tally {
	uint64_t made;
	uint64_t left_out; /* blocks */
	uint64_t found[METRICS];
};

/* False when a value is missing. */
static bool run_block(struct trials *trials, unsigned block, struct comparison *comparison)
{
	struct cell_spec spec = trial_spec(trials->selftest, WINDOW_NS);
	bool complete = true;
	unsigned first;

	spec.seed = random_next(&trials->selftest->rng);
	first = random_below(&trials->selftest->rng, 2);
	for (unsigned i = 0; i < 2 && !invoke_interrupted; i++) {
		struct invocation_outcome outcome;
		bool ok = trial_run(trials, &spec, &outcome);

		for (size_t m = 0; m < METRICS; m++) {
			double value = trial_figure(&outcome, metrics[m]);

			comparison->value[m][i ^ first][block] = value;
			complete &= ok && isfinite(value);
		}
		invocation_outcome_fini(&outcome);
	}
	return complete && !invoke_interrupted;
}

static void compare(const struct comparison *comparison, struct tally *tally)
{
	for (size_t m = 0; m < METRICS; m++)
		tally->found[m] += rank_mann_whitney(comparison->value[m][0], INVOCATIONS, comparison->value[m][1], INVOCATIONS) <= JUDGE_ALPHA;
	tally->made++;
}

static void report_metric(struct selftest *selftest, const struct tally *tally, size_t m)
{
	bool complete = tally->made == selftest->comparisons;
	struct judge_aa verdict;
	char figure[64];

	judge_aa(tally->found[m], tally->made, &verdict);
	snprintf(figure, sizeof(figure), "differences in %s", metrics[m]);
	protocol_judged(&selftest->protocol, complete && verdict.passes, figure, "5% at most, or not surely more",
			"%" PRIu64 " of %" PRIu64 ", %.1f%% [%.1f%%, %.1f%%]%s", tally->found[m], tally->made, 100 * verdict.share,
			100 * verdict.lo, 100 * verdict.hi, complete ? "" : ", too few");
	if (complete && !verdict.within)
		protocol_note(&selftest->protocol, "%s: more than 5%%; so many or more come with p = %.3g where 5%% is true, which is %s", metrics[m],
			      verdict.p, verdict.passes ? "no proof: it passes" : "below 0.01: it fails");
}

static void report(struct selftest *selftest, const struct trials *trials, const struct tally *tally)
{
	struct judge_aa verdict;
	size_t tail;
	double level = rank_null_level(INVOCATIONS, INVOCATIONS, JUDGE_ALPHA, &tail);

	for (size_t m = 0; m < METRICS; m++)
		report_metric(selftest, tally, m);
	if (trials->not_ok)
		protocol_note(&selftest->protocol, "%zu of %zu invocations were not ok, and %" PRIu64 " blocks left out for it; the first: %s",
			      trials->not_ok, trials->started, tally->left_out, trials->reason);
	judge_aa(0, selftest->comparisons, &verdict);
	protocol_note(&selftest->protocol, "exact Mann-Whitney test of %d + %d invocations at %.2f, which attains %.4f; intervals: 95%%, Clopper-Pearson",
		      INVOCATIONS, INVOCATIONS, JUDGE_ALPHA, level);
	protocol_note(&selftest->protocol, "%" PRIu64 " comparisons: a true rate of %.1f%% would have failed with a probability of 90%%%s",
		      selftest->comparisons, 100 * verdict.finds,
		      selftest->comparisons < 200 ? "; that proves less than 200 comparisons do" : "");
}

/* Until there are enough, or as many blocks were left out as are needed. */
void selftest_aa(struct selftest *selftest)
{
	uint64_t blocks = selftest->comparisons * INVOCATIONS;
	struct tally tally = { 0 };
	struct comparison comparison;
	struct trials trials;
	unsigned block = 0;

	trials_begin(&trials, selftest, blocks * 2);
	while (tally.made < selftest->comparisons && tally.left_out < blocks && !invoke_interrupted) {
		if (!run_block(&trials, block, &comparison)) {
			tally.left_out++;
			trials.progress.total += 2;
		} else if (++block == INVOCATIONS) {
			compare(&comparison, &tally);
			block = 0;
		}
	}
	trials_end(&trials);
	if (!invoke_interrupted)
		report(selftest, &trials, &tally);
}
