/* SPDX-License-Identifier: MIT */
/* Service times; see service_time.h. */
#include "hba_sim/devices/service_time.h"

#include <math.h>

/* Uniform in (0, 1]: 53 random bits, never zero, so that its logarithm exists. */
static double uniform(uint64_t *rng)
{
	return ((double)(splitmix64(rng) >> 11) + 1.0) / 9007199254740992.0;
}

uint64_t service_time_draw_random(const struct service_time *time, uint64_t *rng)
{
	switch (time->kind) {
	case SERVICE_EXPONENTIAL:
		return (uint64_t)(-log(uniform(rng)) * (double)time->first);
	case SERVICE_BIMODAL:
		return uniform(rng) <= time->rare ? time->second : time->first;
	case SERVICE_FIXED:
		break;
	}
	return time->first;
}
