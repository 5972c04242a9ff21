/* SPDX-License-Identifier: MIT */
/* The verdicts; see judge.h. */
#include "bench/selftest/judge.h"

#include <math.h>

#include "bench/stats/binomial.h"

#define CONFIDENCE 0.95
#define POWER 0.9
#define STEPS 1000

#define DELAY_TOLERANCE 0.1
#define DELAY_TOLERANCE_NS 3.0

/* A response that waited is at least so many times its service; one that did not, at most. */
#define WAITED_RATIO 10.0
#define UNWAITED_RATIO 1.5
/* What may be unstarted when a window ends, far below capacity. */
#define LIGHT_UNSTARTED 0.01
/* Of what the last one to start must have waited; CPUs are not all equally late. */
#define WAIT_SHOWN 0.9

static bool may_be_chance(uint64_t found, uint64_t n)
{
	return binomial_at_least(found, n, JUDGE_ALPHA) > JUDGE_REJECTS_AT;
}

static double found_by(uint64_t n)
{
	uint64_t fails = 0;

	while (fails <= n && may_be_chance(fails, n))
		fails++;
	for (int step = 0; step < STEPS; step++) {
		double rate = (double)step / STEPS;

		if (fails <= n && binomial_at_least(fails, n, rate) >= POWER)
			return rate;
	}
	return 1;
}

void judge_aa(uint64_t found, uint64_t n, struct judge_aa *verdict)
{
	*verdict = (struct judge_aa){ .hi = 1, .p = 1, .finds = 1 };
	if (!n || found > n)
		return;
	verdict->share = (double)found / (double)n;
	verdict->within = verdict->share <= JUDGE_ALPHA;
	verdict->p = binomial_at_least(found, n, JUDGE_ALPHA);
	verdict->passes = verdict->within || may_be_chance(found, n);
	binomial_interval(found, n, CONFIDENCE, &verdict->lo, &verdict->hi);
	verdict->finds = found_by(n);
}

double judge_delay_tolerance(double added_ns)
{
	return fmax(DELAY_TOLERANCE * added_ns, DELAY_TOLERANCE_NS);
}

const char *judge_delay(const struct shift_estimate *estimate, double added_ns)
{
	double tolerance = judge_delay_tolerance(added_ns);

	/* Written so that what is not a number is no pass. */
	if (!(estimate->lo > 0))
		return "its interval does not exclude 0";
	if (!(estimate->hi - estimate->lo <= added_ns))
		return "its interval is wider than the delay";
	if (!(estimate->lo - tolerance <= added_ns && estimate->hi + tolerance >= added_ns))
		return "its interval misses the delay";
	return NULL;
}

bool judge_arrivals_reported(const struct arrivals_seen *seen)
{
	return isfinite(seen->window_s + seen->offered_iops + seen->unstarted + seen->ios);
}

double judge_arrivals_offered(const struct arrivals_seen *seen)
{
	return seen->offered_iops * seen->window_s;
}

double judge_arrivals_due(const struct arrivals_seen *seen)
{
	return seen->rate_hz * seen->window_s;
}

const char *judge_arrivals_exact(const struct arrivals_seen *seen)
{
	/* A window is a whole number of ticks, and offered_iops a quotient: a hundredth of an arrival. */
	if (fabs(judge_arrivals_offered(seen) - judge_arrivals_due(seen)) <= seen->cpus + 0.01)
		return NULL;
	return "arrivals are missing, or too many";
}

const char *judge_overload_counts(const struct arrivals_seen *seen)
{
	double started = judge_arrivals_offered(seen) - seen->unstarted;

	if (!(seen->unstarted > 0))
		return "nothing was left unstarted";
	/* What started in the window was completed in it, or is in flight at its end. */
	if (!(started >= 0 && started <= seen->ios + seen->cpus * seen->depth))
		return "more started than were completed";
	return NULL;
}

const char *judge_overload_waits(const struct arrivals_seen *seen)
{
	if (!(seen->response_p50_ns >= WAITED_RATIO * seen->service_p50_ns))
		return "the response does not contain the wait";
	/* The last one to start had all the unstarted behind it. */
	if (!(seen->response_max_ns >= WAIT_SHOWN * 1e9 * seen->unstarted / seen->rate_hz))
		return "the longest wait is missing";
	return NULL;
}

const char *judge_light(const struct arrivals_seen *seen)
{
	/* The last one may be due as the window ends. */
	if (!(seen->unstarted <= fmax(LIGHT_UNSTARTED * judge_arrivals_offered(seen), seen->cpus)))
		return "arrivals were left unstarted";
	if (!(seen->response_p50_ns <= UNWAITED_RATIO * seen->service_p50_ns))
		return "the response is not the service";
	return NULL;
}
