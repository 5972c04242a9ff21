/* SPDX-License-Identifier: MIT */
/* Warm-up; see steady.h. */
#include "bench/cell/steady.h"

#include <math.h>
#include <stdbool.h>

void steady_start(struct steady *steady, uint64_t now, uint64_t ios)
{
	*steady = (struct steady){ .stamp[0] = now, .ios[0] = ios };
}

void steady_note(struct steady *steady, uint64_t now, uint64_t ios)
{
	unsigned at = ++steady->windows % (STEADY_WINDOWS + 1);

	steady->stamp[at] = now;
	steady->ios[at] = ios;
}

/* The windows' middles, in ticks from the first one's begin, and their rates; returns the ticks of all five. */
static double series(const struct steady *steady, double x[STEADY_WINDOWS], double y[STEADY_WINDOWS])
{
	uint64_t origin = steady->stamp[(steady->windows - STEADY_WINDOWS) % (STEADY_WINDOWS + 1)];
	double end = 0;

	for (unsigned i = 0; i < STEADY_WINDOWS; i++) {
		unsigned from = (steady->windows - STEADY_WINDOWS + i) % (STEADY_WINDOWS + 1);
		unsigned to = (from + 1) % (STEADY_WINDOWS + 1);
		double begin = (double)(steady->stamp[from] - origin);

		end = (double)(steady->stamp[to] - origin);
		x[i] = (begin + end) / 2;
		y[i] = (double)(steady->ios[to] - steady->ios[from]) / (end - begin);
	}
	return end;
}

enum steady_verdict steady_judge(const struct steady *steady)
{
	unsigned last = steady->windows % (STEADY_WINDOWS + 1);
	double x[STEADY_WINDOWS], y[STEADY_WINDOWS];
	double mean_x = 0, mean_y = 0, xx = 0, xy = 0, residual = 0;
	double span, slope, t;

	if (steady->windows < STEADY_WINDOWS)
		return STEADY_UNKNOWN;
	if (steady->ios[last] - steady->ios[(last + 1) % (STEADY_WINDOWS + 1)] < STEADY_IOS_MIN)
		return STEADY_UNKNOWN;
	span = series(steady, x, y);
	for (unsigned i = 0; i < STEADY_WINDOWS; i++) {
		mean_x += x[i] / STEADY_WINDOWS;
		mean_y += y[i] / STEADY_WINDOWS;
	}
	for (unsigned i = 0; i < STEADY_WINDOWS; i++) {
		xx += (x[i] - mean_x) * (x[i] - mean_x);
		xy += (x[i] - mean_x) * (y[i] - mean_y);
	}
	slope = xy / xx;
	if (fabs(slope) * span <= STEADY_CHANGE_MAX * mean_y)
		return STEADY_YES;
	for (unsigned i = 0; i < STEADY_WINDOWS; i++) {
		double off = y[i] - mean_y - slope * (x[i] - mean_x);

		residual += off * off;
	}
	t = fabs(slope) / sqrt(residual / (STEADY_WINDOWS - 2) / xx);
	return t < STEADY_T_MAX ? STEADY_YES : STEADY_NO;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The next window, if it ends in time for what it decides.  Windows end on a grid; one that would be less than half is added. */
static void next_window(struct warmup *warmup, uint64_t now)
{
	uint64_t number = (now - warmup->start + warmup->window / 2 + warmup->window - 1) / warmup->window;
	uint64_t due = warmup->start + number * warmup->window;
	uint64_t lead = warmup->begin ? 0 : warmup->times.lead;

	warmup->due = due + lead <= warmup->start + warmup->times.most ? due : UINT64_MAX;
}

void warmup_start(struct warmup *warmup, const struct warmup_times *times, uint64_t now)
{
	bool fixed = times->least == times->most;
	uint64_t lead = fixed ? 0 : times->lead;
	uint64_t fifth = times->least > lead ? (times->least - lead) / STEADY_WINDOWS : 0;

	*warmup = (struct warmup){
		.times = *times,
		.start = now,
		.window = later(fifth, times->window_min),
		.begin = fixed ? now + times->most : 0,
	};
	steady_start(&warmup->steady, now, 0);
	next_window(warmup, now);
	/* Too short to be decided on. */
	if (warmup->due == UINT64_MAX)
		warmup->begin = now + times->most;
}

void warmup_note(struct warmup *warmup, uint64_t now, uint64_t ios)
{
	const struct warmup_times *times = &warmup->times;

	steady_note(&warmup->steady, now, ios);
	warmup->verdict = steady_judge(&warmup->steady);
	if (warmup->verdict == STEADY_UNKNOWN && warmup->steady.windows == STEADY_WINDOWS) {
		warmup->window *= 2;
		steady_start(&warmup->steady, now, ios);
	}
	next_window(warmup, now);
	if (warmup->begin)
		return;
	if (warmup->verdict == STEADY_YES)
		warmup->begin = later(warmup->start + times->least, now + times->lead);
	else if (warmup->due == UINT64_MAX)
		warmup->begin = later(warmup->start + times->most, now + times->lead);
	if (warmup->begin)
		warmup->due = UINT64_MAX;
}
