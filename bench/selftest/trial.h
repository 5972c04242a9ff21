/* SPDX-License-Identifier: MIT */
/* The cell that the selftest measures, one invocation of it, and the figures in what that answers. */
#ifndef STORSYNC_BENCH_SELFTEST_TRIAL_H
#define STORSYNC_BENCH_SELFTEST_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run/progress.h"
#include "bench/selftest/selftest.h"

/* One invocation after the other, with what became of them. */
struct trials {
	struct selftest *selftest;
	struct progress progress;
	size_t started;
	size_t not_ok;      /* without a result that can be used */
	char reason[256];   /* of the first of those */
};

void trials_begin(struct trials *trials, struct selftest *selftest, size_t total);
void trials_end(struct trials *trials);

/* The plain cell: spinlock, polling, closed loop, a window of `duration_ns` after a short, fixed warm-up. */
struct cell_spec trial_spec(const struct selftest *selftest, uint64_t duration_ns);

/*
 * Runs the cell in a process of its own.  True when it was measured and is ok;
 * else it is counted and noted.  Either way the outcome is the caller's to
 * finish with invocation_outcome_fini().
 */
bool trial_run(struct trials *trials, const struct cell_spec *spec, struct invocation_outcome *outcome);

/* A number of the result's summary; NaN when it is not there. */
double trial_figure(const struct invocation_outcome *outcome, const char *column);

/*
 * Mean of a metric over all CPUs without the share `trim` of its smallest and
 * of its largest samples, from the histogram; NaN without samples.  A sum is
 * exact below a bucket, so the mean resolves what a stamp cannot; a gap of
 * milliseconds in one of the samples does not spoil it.
 */
double trial_trimmed_mean(const struct invocation_outcome *outcome, const char *metric, double trim);

#endif
