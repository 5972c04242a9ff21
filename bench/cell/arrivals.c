/* SPDX-License-Identifier: MIT */
/* An open loop's schedule; see arrivals.h. */
#include "bench/cell/arrivals.h"

#include <math.h>

#include "hba_sim/devices/service_time.h"

#define FRACTION_BITS 16
#define NS_PER_S 1000000000u

/* Stamp of the n-th. */
static uint64_t periodic_due(const struct arrivals *arrivals, uint64_t n)
{
	const struct arrivals_config *config = &arrivals->config;
	unsigned __int128 of_all = (unsigned __int128)n * config->cpus + config->index;

	return arrivals->start + stamp_from_ns(config->scale, (uint64_t)(of_all * NS_PER_S / (config->hz * config->cpus)));
}

static void add_gap(struct arrivals *arrivals)
{
	const struct service_time gap = { .kind = SERVICE_EXPONENTIAL, .first = arrivals->mean_gap };
	uint64_t sum = arrivals->fraction + service_time_draw(&gap, &arrivals->rng);

	arrivals->next += sum >> FRACTION_BITS;
	arrivals->fraction = sum & ((1u << FRACTION_BITS) - 1);
}

void arrivals_start(struct arrivals *arrivals, const struct arrivals_config *config, uint64_t start)
{
	double ticks_per_s = ldexp((double)config->scale->inverse_mult, -(int)config->scale->inverse_shift) * NS_PER_S;

	*arrivals = (struct arrivals){
		.config = *config,
		.start = start,
		.next = start,
		.from = UINT64_MAX,
		.until = UINT64_MAX,
		.mean_gap = (uint64_t)llround(ldexp(ticks_per_s / (double)config->hz, FRACTION_BITS)),
		.rng = config->seed,
	};
	if (config->kind == ARRIVAL_PERIODIC)
		arrivals->next = periodic_due(arrivals, 0);
	else
		add_gap(arrivals);
}

void arrivals_set_window(struct arrivals *arrivals, uint64_t from, uint64_t until)
{
	arrivals->from = from;
	arrivals->until = until;
}

void arrivals_take(struct arrivals *arrivals)
{
	arrivals->in_window += arrivals->next >= arrivals->from && arrivals->next < arrivals->until;
	arrivals->taken++;
	if (arrivals->config.kind == ARRIVAL_PERIODIC)
		arrivals->next = periodic_due(arrivals, arrivals->taken);
	else
		add_gap(arrivals);
}

/* The number of the first that is due at or after `stamp`. */
static uint64_t periodic_first(const struct arrivals *arrivals, uint64_t stamp)
{
	uint64_t low = arrivals->taken;
	uint64_t step = 1;

	while (periodic_due(arrivals, low + step) < stamp)
		step *= 2;
	for (; step; step /= 2) {
		if (periodic_due(arrivals, low + step - 1) < stamp)
			low += step;
	}
	return low;
}

/* How many of a mean as large as this: the normal distribution is as good there (G. Box, M. Muller, 1958). */
static uint64_t draw_many(double mean, uint64_t *rng)
{
	double u = ((double)(splitmix64(rng) >> 11) + 1) / 9007199254740992.0;
	double v = (double)(splitmix64(rng) >> 11) / 9007199254740992.0;

	return (uint64_t)llround(mean + sqrt(mean) * sqrt(-2 * log(u)) * cos(2 * M_PI * v));
}

/* Arrivals to expect between two stamps. */
static double expected(const struct arrivals *arrivals, uint64_t from, uint64_t until)
{
	return ldexp((double)(until - from), FRACTION_BITS) / (double)arrivals->mean_gap;
}

static uint64_t poisson_left(struct arrivals arrivals)
{
	uint64_t before = arrivals.in_window;

	if (arrivals.next < arrivals.from && expected(&arrivals, arrivals.next, arrivals.from) > ARRIVALS_WALK_MAX) {
		arrivals.next = arrivals.from;
		add_gap(&arrivals);
	}
	while (arrivals.next < arrivals.from)
		arrivals_take(&arrivals);
	if (arrivals.next < arrivals.until && expected(&arrivals, arrivals.next, arrivals.until) > ARRIVALS_WALK_MAX)
		return 1 + draw_many(expected(&arrivals, arrivals.next, arrivals.until), &arrivals.rng);
	while (arrivals.next < arrivals.until)
		arrivals_take(&arrivals);
	return arrivals.in_window - before;
}

uint64_t arrivals_left(const struct arrivals *arrivals)
{
	if (arrivals->from >= arrivals->until)
		return 0;
	if (arrivals->config.kind == ARRIVAL_PERIODIC)
		return periodic_first(arrivals, arrivals->until) - periodic_first(arrivals, arrivals->from);
	return poisson_left(*arrivals);
}
