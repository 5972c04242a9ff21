/* SPDX-License-Identifier: MIT */
/* How long a matrix takes; see estimate.h. */
#include "bench/run/estimate.h"

#include <math.h>

#include "hba_sim/traces/trace.h"

static uint64_t overhead_ns(enum sync_delivery delivery)
{
	if (delivery == SYNC_THREAD)
		return ESTIMATE_OVERHEAD_THREAD_NS;
	return delivery == SYNC_SIGNAL ? ESTIMATE_OVERHEAD_SIGNAL_NS : ESTIMATE_OVERHEAD_POLL_NS;
}

static uint64_t trace_ns(const struct cell_spec *spec, const struct estimate_trace *trace)
{
	if (isinf(spec->trace_speed))
		return trace->count * ESTIMATE_TRACE_IO_NS / spec->cpus;
	return (uint64_t)((double)trace->span_ns / spec->trace_speed);
}

struct estimate estimate_invocation(const struct cell_spec *spec, const struct estimate_trace *trace)
{
	uint64_t fixed = overhead_ns(spec->delivery) + (spec->trace[0] ? trace_ns(spec, trace) : spec->duration_ns);

	return (struct estimate){ fixed + spec->warmup_ns, fixed + spec->warmup_max_ns };
}

struct estimate estimate_block(const struct matrix *matrix, const struct estimate_trace *trace)
{
	struct estimate sum = { 0 };

	for (size_t c = 0; c < matrix->cells; c++) {
		struct estimate one = estimate_invocation(&matrix->cell[c].spec, trace);

		if (matrix->cell[c].refusal)
			continue;
		sum.least_ns += one.least_ns;
		sum.most_ns += one.most_ns;
	}
	return sum;
}

int estimate_look_at_trace(const char *path, struct estimate_trace *seen, char *error, size_t error_bytes)
{
	struct trace trace;
	int err = trace_load(path, &trace, error, error_bytes);

	if (err)
		return err;
	*seen = (struct estimate_trace){ .count = trace.count, .span_ns = trace.span_ns, .format = trace.format };
	trace_free(&trace);
	return 0;
}
