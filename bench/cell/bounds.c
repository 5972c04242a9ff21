/* SPDX-License-Identifier: MIT */
/* Bounds; see bounds.h. */
#include "bench/cell/bounds.h"

#include <math.h>

static enum bound_verdict judge(const struct bounds_input *input, const struct bounds_seen *seen, uint64_t bound_ns)
{
	if (!input->promised || !seen->n || !bound_ns)
		return BOUND_UNDECIDED;
	if (seen->worst_ns <= bound_ns + seen->acquire_min_ns)
		return BOUND_HELD;
	if (input->disturbed || input->interfered)
		return BOUND_UNDECIDED;
	return seen->worst_ns > bound_ns + input->cpus * seen->acquire_median_ns ? BOUND_EXCEEDED : BOUND_UNDECIDED;
}

static struct bound bound_of(const struct bounds_input *input, const struct bounds_seen *seen, uint64_t sections)
{
	uint64_t bound_ns = input->promised ? sections * input->held_max_ns : 0;

	return (struct bound){
		.bound_ns = bound_ns,
		.verdict = judge(input, seen, bound_ns),
		.starvation = seen->n && input->held_max_ns ? (double)seen->worst_ns / (double)input->held_max_ns : NAN,
	};
}

void bounds_judge(const struct bounds_input *input, struct bounds *bounds)
{
	bounds->call = bound_of(input, &input->call, input->cpus - 1);
	bounds->isr = bound_of(input, &input->isr, 2 * (uint64_t)input->cpus - 1);
}
