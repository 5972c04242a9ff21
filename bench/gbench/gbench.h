/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark for C: registration, running, and results through callbacks.
 *
 * Written for version 1.7.1 and its peculiarities.  A benchmark is always one
 * thread with manual time, because the library divides real and manual time by
 * its thread count and sums counters over threads; what needs more threads
 * starts them itself.  Whatever reporters the user selects, the caller's
 * callback sees every repetition.  The BENCHMARK_* variables of the
 * environment, which the library reads as defaults, have no effect: a run is
 * what its command line says.  Debian's build of the library has its checks
 * enabled and warns about that: nothing of it is inside what a benchmark times.
 *
 * No C++ exception crosses this interface.
 *
 * Source: https://github.com/google/benchmark, docs/user_guide.md.
 */
#ifndef STORSYNC_BENCH_GBENCH_GBENCH_H
#define STORSYNC_BENCH_GBENCH_GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_state;

/*
 * Runs exactly `iterations` (1 or more) and returns the seconds that they
 * took; set-up and tear-down are in the function too, outside what it times.
 * Called several times for a repetition while the library looks for an
 * iteration count.  The answer of a function that called gbench_skip() is
 * ignored.
 */
typedef double gbench_function(struct gbench_state *state, uint64_t iterations, void *context);

/* A value reported beside the time, per repetition.  Kept as it is: neither a rate nor a sum. */
void gbench_set_counter(struct gbench_state *state, const char *name, double value);

/* The repetition has no result, for this reason (copied); the function returns after it. */
void gbench_skip(struct gbench_state *state, const char *reason);

/* Zero means: as the command line says.  Each that is set becomes part of the name that the library prints. */
struct gbench_options {
	double min_time_s;
	uint64_t iterations; /* excludes min_time_s */
	unsigned repetitions;
};

/*
 * Adds a benchmark; the name is copied, the context must live until the last
 * run.  options may be NULL.  Returns 0, -EINVAL for impossible options, or
 * -ENOMEM.
 */
int gbench_register(const char *name, gbench_function *function, void *context, const struct gbench_options *options);

/* Forgets every registered benchmark. */
void gbench_clear(void);

/*
 * Takes the library's options, `--benchmark_...` and `--v=`: argv[0] is the
 * program's name, as it is to be reported, and everything after it must be such an option.
 * `defaults` (NULL-terminated, or NULL) are options too, in effect unless argv
 * says otherwise.  Nothing of argv needs to outlive the call, which may be
 * repeated: each starts from the library's own defaults.
 *
 * Returns 0; -EINVAL with one line for the user in `error` (no newline), which
 * names the option, its value and what would be right; or -ENOMEM.
 */
int gbench_initialize(int argc, char *const *argv, const char *const *defaults, char *error, size_t error_bytes);

/* Whether an argument is for gbench_initialize, be it a valid one or not. */
bool gbench_is_option(const char *argument);

/* The options as indented lines of help, newline at the end of each. */
const char *gbench_help(void);

/* --benchmark_format, "console", "json" or "csv", and whether --benchmark_list_tests is given. */
const char *gbench_format(void);
bool gbench_lists_only(void);

struct gbench_counter {
	const char *name;
	double value;
};

/* One repetition, or one aggregate over the repetitions of a benchmark.  Valid during the callback. */
struct gbench_result {
	const char *name;           /* as registered */
	const char *aggregate;      /* "mean", "median", "stddev", "cv"; NULL for a repetition */
	bool aggregate_is_ratio;    /* "cv": the two times are fractions, not ns */
	unsigned repetition;        /* from 0; of a repetition only */
	uint64_t iterations;        /* of each repetition */
	double real_ns;             /* per iteration: the time that the function returned */
	double cpu_ns;              /* per iteration, of the calling thread, set-up included */
	const char *skipped;        /* the reason; NULL when there is a result */
	size_t counters;
	const struct gbench_counter *counter; /* in the order of their names */
};

struct gbench_observer {
	/* Called for every repetition and aggregate, whatever is displayed; may be NULL. */
	void (*result)(void *context, const struct gbench_result *result);
	void *context;
	/* When not NULL: receives the run as the library's JSON, to be freed; NULL after an error. */
	char **json;
	/* Nothing is displayed on standard output; --benchmark_out is still written. */
	bool quiet;
};

/*
 * Runs the registered benchmarks that --benchmark_filter selects, or only
 * lists them.  Not-a-number among counters and aggregates is left out, as
 * JSON cannot say it.  Returns 0; -ENOENT when none is selected (the
 * library has then said so on stderr); -EIO when --benchmark_out could not be
 * written; -ENOMEM.
 */
int gbench_run(const struct gbench_observer *observer);

#ifdef __cplusplus
}
#endif

#endif
