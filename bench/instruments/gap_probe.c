/* SPDX-License-Identifier: MIT */
/*
 * The spin-gap probe and the core-to-core probe; what they show is in the
 * header.
 */
#include "bench/instruments/gap_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/instruments/clock.h"

/* Round trips to all other cores together, and to one at the least. */
#define FURTHEST_ROUNDS 1024u
#define FURTHEST_ROUNDS_LEAST (BATCHES_LEAST * BATCH_ROUNDS)

/* Enough round trips to drown two readings of the clock, few enough to fit between gaps. */
#define BATCH_ROUNDS 16u
#define BATCHES_LEAST 3u

struct line_exchange {
	struct placement_turn turn;
	unsigned batches;
	unsigned batch_rounds;
	bool last;              /* round: written once, or its line would be on the way as well */
	uint64_t *half_trip_ns; /* one per batch; side 0's alone */
};

static uint64_t stamp_reader(void *context)
{
	return stamp_now();
}

void gap_probe_run(const struct stamp_scale *scale, uint64_t duration_ns, uint64_t threshold_ns,
		   struct gap_probe *result)
{
	gap_probe_run_on(stamp_reader, NULL, scale, duration_ns, threshold_ns, result);
}

static int64_t signed_ticks(const struct stamp_scale *scale, uint64_t ns)
{
	uint64_t ticks = stamp_from_ns(scale, ns);

	return ticks > INT64_MAX ? INT64_MAX : (int64_t)ticks;
}

/* Signed differences throughout: a clock that goes back must not look like an endless gap. */
void gap_probe_run_on(uint64_t (*now)(void *context), void *context, const struct stamp_scale *scale,
		      uint64_t duration_ns, uint64_t threshold_ns, struct gap_probe *result)
{
	int64_t duration = signed_ticks(scale, duration_ns);
	int64_t threshold = signed_ticks(scale, threshold_ns);
	uint64_t start = now(context);
	uint64_t before = start;
	uint64_t lost = 0;
	int64_t longest = 0;

	memset(result, 0, sizeof(*result));
	result->readings = 1;
	while ((int64_t)(before - start) < duration) {
		uint64_t reading = now(context);
		int64_t step = (int64_t)(reading - before);

		before = reading;
		result->readings++;
		if (step < 0) {
			result->backwards++;
		} else if (step > threshold) {
			result->count++;
			lost += (uint64_t)step;
			longest = step > longest ? step : longest;
		}
	}
	result->duration_ns = stamp_to_ns(scale, before - start);
	result->lost_ns = stamp_to_ns(scale, lost);
	result->longest_ns = stamp_to_ns(scale, (uint64_t)longest);
}

bool gap_probe_lost_frac(const struct gap_probe *probe, double *frac)
{
	if (probe->duration_ns == 0)
		return false;
	*frac = (double)probe->lost_ns / (double)probe->duration_ns;
	return true;
}

/* Rounds are numbered through all batches, so that no turn ever repeats. */
static void exchange_ask(struct line_exchange *exchange)
{
	uint64_t begin = stamp_clock_gettime();
	uint64_t start = begin;
	uint64_t turn = 0;

	for (unsigned batch = 0; !exchange->last; batch++) {
		bool last = batch + 1 == exchange->batches ||
			    (batch + 1 >= BATCHES_LEAST && start - begin > PLACEMENT_EXCHANGE_LIMIT_NS);
		uint64_t end;

		for (unsigned i = 0; i < exchange->batch_rounds; i++, turn += 2) {
			if (last && i + 1 == exchange->batch_rounds)
				exchange->last = true;
			placement_turn_give(&exchange->turn, turn + 1);
			placement_turn_await(&exchange->turn, turn + 2);
		}
		end = stamp_clock_gettime();
		exchange->half_trip_ns[batch] = (end - start) / (2 * exchange->batch_rounds);
		start = end;
		if (exchange->last)
			exchange->batches = batch + 1;
	}
}

static void exchange_answer(struct line_exchange *exchange)
{
	bool last = false;

	for (uint64_t turn = 0; !last; turn += 2) {
		placement_turn_await(&exchange->turn, turn + 1);
		last = exchange->last;
		placement_turn_give(&exchange->turn, turn + 2);
	}
}

static void exchange_side(void *context, unsigned side)
{
	if (side == 0)
		exchange_ask(context);
	else
		exchange_answer(context);
}

int core_to_core_probe(hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       unsigned rounds, uint64_t *median_half_round_trip_ns)
{
	struct line_exchange exchange = { .turn.yields = a->os_cpu == b->os_cpu };
	int error;

	if (rounds == 0 || rounds > CORE_TO_CORE_ROUNDS_MAX)
		return -EINVAL;
	exchange.batch_rounds = rounds < BATCH_ROUNDS ? rounds : BATCH_ROUNDS;
	exchange.batches = rounds / exchange.batch_rounds;
	exchange.half_trip_ns = calloc(exchange.batches, sizeof(*exchange.half_trip_ns));
	if (!exchange.half_trip_ns)
		return -ENOMEM;
	error = placement_run_pair(topology, a, b, exchange_side, &exchange);
	if (!error)
		*median_half_round_trip_ns = clock_median(exchange.half_trip_ns, exchange.batches);
	free(exchange.half_trip_ns);
	return error;
}

int core_to_core_furthest(hwloc_topology_t topology, const struct placement *placement, uint64_t *ns)
{
	const struct placement_cpu *first = &placement->cpu[0];
	unsigned rounds = FURTHEST_ROUNDS / placement->count;
	uint64_t longest = 0;

	if (rounds < FURTHEST_ROUNDS_LEAST)
		rounds = FURTHEST_ROUNDS_LEAST;
	for (unsigned c = 1; c < placement->count; c++) {
		uint64_t one = 0;
		int error;

		if (placement->cpu[c].os_cpu == first->os_cpu)
			continue;
		error = core_to_core_probe(topology, first, &placement->cpu[c], rounds, &one);
		if (error)
			return error;
		longest = one > longest ? one : longest;
	}
	if (!longest)
		return -ENODATA;
	*ns = longest;
	return 0;
}
