/* SPDX-License-Identifier: MIT */
/*
 * The open loop, beyond capacity and far below it.
 *
 * At three times the capacity, which a closed loop gives, arrivals keep their schedule and wait: an instrument that skips what it is late
 * for would report a service time as a response.  At a fifth of it nobody waits.
 *
 * Counts have to be right in every round.  Waits have to be right in one: what the instrument does wrong shows in all of them, what the
 * machine takes away in some, and a machine that takes CPUs away makes requests wait, too.
 */
#include <math.h>

#include "bench/selftest/judge.h"
#include "bench/selftest/trial.h"
#include "bench/torture/random.h"

#define CLOSED_ROUNDS 5u
#define ROUNDS 10u
/* For a machine on which a round is seldom left alone. */
#define ROUNDS_MAX 60u
#define CLOSED_NS UINT64_C(10000000)
#define OVERLOAD_NS UINT64_C(50000000)
/* So short that it fits in between what disturbs. */
#define LIGHT_NS UINT64_C(2000000)
#define OVERLOAD 3.0
#define LIGHT 0.2

struct load {
	const char *name;
	double times; /* capacity */
	uint64_t window_ns;
	const char *(*waits)(const struct arrivals_seen *seen); /* the judge of what one round has to show */
	struct arrivals_seen seen[ROUNDS_MAX];
	size_t n;
	bool shown; /* one has */
};

/* At so many I/Os a second of all CPUs together; 0: in the closed loop. */
static bool measure(struct trials *trials, double rate_hz, uint64_t window_ns, struct arrivals_seen *seen)
{
	struct selftest *selftest = trials->selftest;
	struct cell_spec spec = trial_spec(selftest, window_ns);
	struct invocation_outcome outcome;
	bool ok;

	spec.seed = random_next(&selftest->rng);
	if (rate_hz > 0) {
		spec.arrival = ARRIVAL_PERIODIC;
		spec.arrival_hz = (uint64_t)fmin(fmax(rate_hz / (double)spec.cpus, 1), CELL_ARRIVAL_HZ_MAX);
	}
	ok = trial_run(trials, &spec, &outcome);
	*seen = (struct arrivals_seen){
		.cpus = (double)spec.cpus,
		.depth = (double)spec.queue_depth,
		.rate_hz = (double)(spec.arrival_hz * spec.cpus),
		.window_s = trial_figure(&outcome, "duration_s"),
		.offered_iops = trial_figure(&outcome, "offered_iops"),
		.unstarted = trial_figure(&outcome, "unstarted"),
		.ios = trial_figure(&outcome, "ios"),
		.response_p50_ns = trial_figure(&outcome, "response_p50_ns"),
		.response_max_ns = trial_figure(&outcome, "response_max_ns"),
		.service_p50_ns = trial_figure(&outcome, "service_p50_ns"),
	};
	invocation_outcome_fini(&outcome);
	return ok;
}

/* The best of a few rounds: what the machine allows when it is there. */
static double measure_capacity(struct trials *trials)
{
	double best = 0;

	for (unsigned i = 0; i < CLOSED_ROUNDS && !invoke_interrupted; i++) {
		struct arrivals_seen seen;

		if (measure(trials, 0, CLOSED_NS, &seen))
			best = fmax(best, seen.ios / seen.window_s);
	}
	return best;
}

static void measure_load(struct trials *trials, double capacity, struct load *load)
{
	struct arrivals_seen *seen = &load->seen[load->n];

	if (invoke_interrupted || !measure(trials, load->times * capacity, load->window_ns, seen))
		return;
	load->n++;
	load->shown |= !load->waits(seen);
}

/* Rounds without one that shows what it has to are made up for, as long as they can be measured at all. */
static void measure_more(struct trials *trials, double capacity, struct load *load)
{
	for (unsigned i = ROUNDS; i < ROUNDS_MAX && load->n && !load->shown && !invoke_interrupted; i++) {
		trials->progress.total++;
		measure_load(trials, capacity, load);
	}
}

/* The round with the most arrivals that should not have been, or are missing. */
static void report_exact(struct protocol *protocol, const struct load *load)
{
	const struct arrivals_seen *worst = &load->seen[0];
	char figure[64], expected[64];

	for (size_t i = 1; i < load->n; i++) {
		const struct arrivals_seen *seen = &load->seen[i];

		if (fabs(judge_arrivals_offered(seen) - judge_arrivals_due(seen)) >
		    fabs(judge_arrivals_offered(worst) - judge_arrivals_due(worst)))
			worst = seen;
	}
	snprintf(figure, sizeof(figure), "%s, arrivals in the window", load->name);
	snprintf(expected, sizeof(expected), "%.1f, within %.0f", judge_arrivals_due(worst), worst->cpus);
	protocol_judged(protocol, !judge_arrivals_exact(worst), figure, expected, "%.0f, %.0f a second", judge_arrivals_offered(worst),
			worst->offered_iops);
}

/* The first round without a fault, else the last one. */
static const struct arrivals_seen *find_right(const struct load *load)
{
	for (size_t i = 0; i < load->n; i++) {
		if (!load->waits(&load->seen[i]))
			return &load->seen[i];
	}
	return &load->seen[load->n - 1];
}

/* The first round with a fault, else the first. */
static const struct arrivals_seen *find_wrong(const struct load *load, const char *(*judge)(const struct arrivals_seen *))
{
	for (size_t i = 0; i < load->n; i++) {
		if (judge(&load->seen[i]))
			return &load->seen[i];
	}
	return &load->seen[0];
}

static void explain(struct protocol *protocol, const struct load *load, const char *fault)
{
	if (fault)
		protocol_note(protocol, "%s: %s", load->name, fault);
}

static void report_overload(struct protocol *protocol, const struct load *load)
{
	const struct arrivals_seen *seen = find_wrong(load, judge_overload_counts);
	const char *fault = judge_overload_counts(seen);

	protocol_judged(protocol, !fault, "overload, unstarted in the window", "some; started are completed", "%.0f, %.0f completed",
			seen->unstarted, seen->ios);
	explain(protocol, load, fault);
	seen = find_right(load);
	fault = judge_overload_waits(seen);
	protocol_judged(protocol, !fault, "overload, response p50, max", "10 x service; the last one's wait",
			"%.0f us, %.0f us, service %.1f us", seen->response_p50_ns / 1e3, seen->response_max_ns / 1e3,
			seen->service_p50_ns / 1e3);
	explain(protocol, load, fault);
}

static void report_light(struct protocol *protocol, const struct load *load)
{
	const struct arrivals_seen *seen = find_right(load);
	const char *fault = judge_light(seen);

	protocol_judged(protocol, !fault, "light load, response p50, unstarted", "1.5 x service at most; 1% at most",
			"%.1f us, service %.1f us; %.0f", seen->response_p50_ns / 1e3, seen->service_p50_ns / 1e3, seen->unstarted);
	explain(protocol, load, fault);
}

static const char *unreported(const struct load *load)
{
	for (size_t i = 0; i < load->n; i++) {
		if (!judge_arrivals_reported(&load->seen[i]))
			return "offered_iops or unstarted is missing";
	}
	return load->n ? NULL : "nothing was measured";
}

static void report(struct protocol *protocol, const struct trials *trials, const struct load *over, const struct load *light)
{
	const char *fault = unreported(over) ? unreported(over) : unreported(light);

	if (fault) {
		protocol_judged(protocol, false, "open loop", "every figure", "%s", fault);
	} else {
		report_exact(protocol, over);
		report_overload(protocol, over);
		report_exact(protocol, light);
		report_light(protocol, light);
	}
	if (trials->not_ok)
		protocol_note(protocol, "%zu of %zu invocations were not ok; the first: %s", trials->not_ok, trials->started, trials->reason);
	protocol_note(protocol, "periodic arrivals at 3 and at 0.2 times what the closed loop did; %zu and %zu rounds", over->n, light->n);
}

void selftest_arrivals(struct selftest *selftest)
{
	struct load over = { .name = "overload", .times = OVERLOAD, .window_ns = OVERLOAD_NS, .waits = judge_overload_waits };
	struct load light = { .name = "light load", .times = LIGHT, .window_ns = LIGHT_NS, .waits = judge_light };
	struct trials trials;
	double capacity;

	trials_begin(&trials, selftest, CLOSED_ROUNDS + 2 * ROUNDS);
	capacity = measure_capacity(&trials);
	for (unsigned i = 0; i < ROUNDS && capacity > 0; i++) {
		measure_load(&trials, capacity, &over);
		measure_load(&trials, capacity, &light);
	}
	measure_more(&trials, capacity, &over);
	measure_more(&trials, capacity, &light);
	trials_end(&trials);
	if (!invoke_interrupted)
		report(&selftest->protocol, &trials, &over, &light);
}
