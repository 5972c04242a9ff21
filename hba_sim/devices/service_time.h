/* SPDX-License-Identifier: MIT */
/*
 * How long the device takes over a request.
 *
 *   5us                    fixed
 *   exp:20us               exponential, of that mean
 *   bimodal:5us/200us/1%   the second with that probability, else the first
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_SERVICE_TIME_H
#define STORSYNC_HBA_SIM_DEVICES_SERVICE_TIME_H

#include <stdint.h>

enum service_time_kind {
	SERVICE_FIXED,
	SERVICE_EXPONENTIAL,
	SERVICE_BIMODAL,
};

struct service_time {
	enum service_time_kind kind;
	uint64_t first;  /* ticks: the value, the mean, or the common mode */
	uint64_t second; /* ticks: the rare mode */
	double rare;     /* probability of the rare mode */
};

/* As service_time_draw, of any kind. */
uint64_t service_time_draw_random(const struct service_time *time, uint64_t *rng);

/* One draw, in ticks; `rng` is the caller's state and is advanced when there is something to draw. */
static inline uint64_t service_time_draw(const struct service_time *time, uint64_t *rng)
{
	return time->kind == SERVICE_FIXED ? time->first : service_time_draw_random(time, rng);
}

/* splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): the next of a sequence of 64-bit values. */
static inline uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#endif
