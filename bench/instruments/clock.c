/* SPDX-License-Identifier: MIT */
/*
 * Calibration, cost and cross-CPU agreement of the time stamps; what each
 * number is good for is in the header.
 */
#include "bench/instruments/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if STAMP_HAS_COUNTER
#include <cpuid.h>
#endif

#define PAIR_ATTEMPTS 16
#define COST_BATCHES 63
/* Enough for a skew that is more than a message takes to show. */
#define SKEW_ROUNDS_LEAST 64
#define COST_BATCH_STAMPS 128

/* One exchange between two CPUs; t1 belongs to whoever has the turn. */
struct skew_exchange {
	struct placement_turn turn;
	uint64_t t1;
	bool last; /* round: written before its turn is given */
	unsigned rounds;
	struct clock_skew *skew; /* side 0's alone */
};

static uint64_t system_ticks(void *context)
{
	return stamp_now_ordered();
}

static uint64_t system_raw_ns(void *context)
{
	return stamp_clock_gettime();
}

static void system_wait_ns(void *context, uint64_t ns)
{
	struct timespec wait = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	/* A signal may cut it short: whoever waits looks at the clock again. */
	nanosleep(&wait, NULL);
}

const struct clock_reader clock_system_reader = {
	.ticks = system_ticks,
	.raw_ns = system_raw_ns,
	.wait_ns = system_wait_ns,
};

int clock_read_pair(const struct clock_reader *reader, unsigned attempts, struct clock_pair *out)
{
	bool found = false;

	for (unsigned i = 0; i < attempts; i++) {
		uint64_t before = reader->ticks(reader->context);
		uint64_t ns = reader->raw_ns(reader->context);
		uint64_t after = reader->ticks(reader->context);

		if (after < before || (found && after - before >= out->width_ticks))
			continue;
		out->width_ticks = after - before;
		out->ticks = before + out->width_ticks / 2;
		out->ns = ns;
		found = true;
	}
	return found ? 0 : -EIO;
}

int clock_window_open(const struct clock_reader *reader, struct clock_window *window)
{
	return clock_read_pair(reader, PAIR_ATTEMPTS, &window->first);
}

int clock_window_close(const struct clock_reader *reader, struct clock_window *window, uint64_t least_ns)
{
	uint64_t until = window->first.ns + least_ns;
	uint64_t now;

	while ((now = reader->raw_ns(reader->context)) < until)
		reader->wait_ns(reader->context, until - now);
	return clock_read_pair(reader, PAIR_ATTEMPTS, &window->last);
}

static bool follows(const struct clock_pair *earlier, const struct clock_pair *later)
{
	return later->ticks > earlier->ticks && later->ns > earlier->ns;
}

static double rate_hz(const struct clock_pair *from, const struct clock_pair *to)
{
	return (double)(to->ticks - from->ticks) * 1e9 / (double)(to->ns - from->ns);
}

static double window_uncertainty_ppm(const struct clock_window *window)
{
	double off = ((double)window->first.width_ticks + (double)window->last.width_ticks) / 2;

	return off * 1e6 / (double)(window->last.ticks - window->first.ticks);
}

int clock_calibrate_begin(const struct clock_window *start, struct clock_calibration *calibration)
{
	memset(calibration, 0, sizeof(*calibration));
	if (!follows(&start->first, &start->last))
		return -EINVAL;
	calibration->start = *start;
	calibration->start_hz = rate_hz(&start->first, &start->last);
	calibration->hz = calibration->start_hz;
	calibration->uncertainty_ppm = window_uncertainty_ppm(start);
	return stamp_scale_set(&calibration->scale, start->last.ticks - start->first.ticks,
			       start->last.ns - start->first.ns);
}

int clock_calibrate_end(const struct clock_window *end, struct clock_calibration *calibration)
{
	const struct clock_window *start = &calibration->start;

	if (!follows(&start->first, &start->last) || !follows(&start->last, &end->first) ||
	    !follows(&end->first, &end->last))
		return -EINVAL;
	calibration->end_hz = rate_hz(&end->first, &end->last);
	calibration->hz = rate_hz(&start->first, &end->last);
	calibration->drift_ppm = (calibration->end_hz / calibration->start_hz - 1) * 1e6;
	calibration->uncertainty_ppm = window_uncertainty_ppm(start) + window_uncertainty_ppm(end);
	return stamp_scale_set(&calibration->scale, end->last.ticks - start->first.ticks,
			       end->last.ns - start->first.ns);
}

bool clock_drift_acceptable(const struct clock_calibration *calibration)
{
	return calibration->end_hz > 0 && fabs(calibration->drift_ppm) <= CLOCK_DRIFT_LIMIT_PPM &&
	       calibration->uncertainty_ppm <= CLOCK_DRIFT_LIMIT_PPM;
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

uint64_t clock_median(uint64_t *values, size_t n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), compare_u64);
	return values[(n - 1) / 2];
}

double clock_stamp_cost_ns(const struct stamp_scale *scale)
{
	uint64_t batch_ticks[COST_BATCHES];

	for (unsigned i = 0; i < COST_BATCHES; i++) {
		uint64_t first = stamp_now();
		uint64_t last = first;

		for (unsigned j = 0; j < COST_BATCH_STAMPS; j++)
			last = stamp_now();
		batch_ticks[i] = last - first;
	}
	return (double)stamp_to_ns(scale, clock_median(batch_ticks, COST_BATCHES)) / COST_BATCH_STAMPS;
}

void clock_skew_note(struct clock_skew *skew, uint64_t t0, uint64_t t1, uint64_t t2)
{
	int64_t forward = (int64_t)(t1 - t0);
	int64_t back = (int64_t)(t2 - t1);
	int64_t least = forward < back ? forward : back;

	if (skew->rounds == 0 || forward < skew->least_forward_ticks)
		skew->least_forward_ticks = forward;
	if (skew->rounds == 0 || back < skew->least_return_ticks)
		skew->least_return_ticks = back;
	skew->rounds++;
	if (least < 0) {
		skew->backwards++;
		if (0 - (uint64_t)least > skew->max_backward_ticks)
			skew->max_backward_ticks = 0 - (uint64_t)least;
	}
}

int64_t clock_skew_one_way_ticks(const struct clock_skew *skew)
{
	return (skew->least_forward_ticks + skew->least_return_ticks) / 2;
}

int64_t clock_skew_offset_ticks(const struct clock_skew *skew)
{
	return (skew->least_forward_ticks - skew->least_return_ticks) / 2;
}

bool clock_skew_synchronous(const struct clock_skew *skew)
{
	return skew->rounds > 0 && skew->backwards == 0;
}

static void skew_ask(struct skew_exchange *exchange)
{
	uint64_t begin = stamp_clock_gettime();

	for (uint64_t round = 0; round < exchange->rounds && !exchange->last; round++) {
		uint64_t t0, t2;

		if (round + 1 == exchange->rounds ||
		    (round + 1 >= SKEW_ROUNDS_LEAST && stamp_clock_gettime() - begin > PLACEMENT_EXCHANGE_LIMIT_NS))
			exchange->last = true;
		t0 = stamp_now_ordered();
		placement_turn_give(&exchange->turn, 2 * round + 1);
		placement_turn_await(&exchange->turn, 2 * round + 2);
		t2 = stamp_now_ordered();
		clock_skew_note(exchange->skew, t0, exchange->t1, t2);
	}
}

static void skew_answer(struct skew_exchange *exchange)
{
	bool last = exchange->rounds == 0;

	for (uint64_t round = 0; !last; round++) {
		placement_turn_await(&exchange->turn, 2 * round + 1);
		exchange->t1 = stamp_now_ordered();
		last = exchange->last;
		placement_turn_give(&exchange->turn, 2 * round + 2);
	}
}

static void skew_side(void *context, unsigned side)
{
	if (side == 0)
		skew_ask(context);
	else
		skew_answer(context);
}

int clock_skew_measure(hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       unsigned rounds, struct clock_skew *skew)
{
	struct skew_exchange exchange = {
		.turn.yields = a->os_cpu == b->os_cpu,
		.rounds = rounds,
		.skew = skew,
	};

	memset(skew, 0, sizeof(*skew));
	return placement_run_pair(topology, a, b, skew_side, &exchange);
}

bool clock_edx_says_invariant(uint32_t edx)
{
	return edx >> 8 & 1;
}

bool clock_counter_is_invariant(void)
{
#if STAMP_HAS_COUNTER
	unsigned eax;
	unsigned ebx;
	unsigned ecx;
	unsigned edx;

	return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) && clock_edx_says_invariant(edx);
#else
	return false;
#endif
}

void clock_parse_clocksource(const char *text, char *out, size_t out_bytes)
{
	size_t length = text ? strcspn(text, "\n") : 0;

	if (length == 0 || length >= out_bytes) {
		snprintf(out, out_bytes, "unknown");
		return;
	}
	memcpy(out, text, length);
	out[length] = '\0';
}

static void read_clocksource(char *out, size_t out_bytes)
{
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	char line[64];

	clock_parse_clocksource(file && fgets(line, sizeof(line), file) ? line : NULL, out, out_bytes);
	if (file)
		fclose(file);
}

void clock_choose(struct clock_setup *setup, bool has_counter)
{
	setup->name = "clock_gettime";
	if (!has_counter) {
		setup->warning = "no time stamp counter is known for this architecture: stamps are clock_gettime";
	} else if (!setup->invariant) {
		setup->warning = "the time stamp counter is not invariant: stamps are clock_gettime";
	} else if (!setup->synchronous) {
		setup->warning = "the CPUs' time stamp counters disagree: stamps are clock_gettime";
	} else {
		setup->name = "tsc";
		setup->warning = NULL;
	}
}

/* The pair that says most against the counters stays. */
static void keep_worse(struct clock_skew *worst, const struct clock_skew *skew)
{
	if (worst->rounds == 0 || skew->max_backward_ticks > worst->max_backward_ticks ||
	    (skew->max_backward_ticks == worst->max_backward_ticks &&
	     clock_skew_one_way_ticks(skew) > clock_skew_one_way_ticks(worst)))
		*worst = *skew;
}

int clock_set_up(hwloc_topology_t topology, const struct placement *placement, struct clock_setup *setup)
{
	memset(setup, 0, sizeof(*setup));
	stamp_source.use_clock_gettime = false;
	read_clocksource(setup->clocksource, sizeof(setup->clocksource));
	setup->invariant = clock_counter_is_invariant();
	setup->synchronous = true;
	for (unsigned i = 1; i < placement->count && STAMP_HAS_COUNTER; i++) {
		struct clock_skew skew;
		int error;

		if (placement->cpu[i].os_cpu == placement->cpu[0].os_cpu)
			continue;
		error = clock_skew_measure(topology, &placement->cpu[0], &placement->cpu[i], CLOCK_SKEW_ROUNDS, &skew);
		if (error)
			return error;
		setup->synchronous = setup->synchronous && clock_skew_synchronous(&skew);
		keep_worse(&setup->worst, &skew);
	}
	clock_choose(setup, STAMP_HAS_COUNTER);
	stamp_source.use_clock_gettime = setup->warning != NULL;
	return 0;
}
