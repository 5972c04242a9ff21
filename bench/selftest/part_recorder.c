/* SPDX-License-Identifier: MIT */
/* What recording one sample costs, beside a pair of stamps: the instruments of `storsync micro`, a few repetitions of each. */
#include <string.h>

#include "bench/gbench/gbench.h"
#include "bench/instruments/clock.h"
#include "bench/micro/micro_cases.h"
#include "bench/selftest/judge.h"
#include "bench/selftest/selftest.h"
#include "bench/stats/rank_test.h"

#define REPETITIONS 9
#define REPETITION_S 0.05

struct cost {
	const char *name;
	struct micro_case micro;
	double ns[REPETITIONS];
	size_t n;
};

struct costs {
	struct cost pair;
	struct cost record;
	char skipped[128];
};

static void note_result(void *context, const struct gbench_result *result)
{
	struct costs *costs = context;
	struct cost *cost = strcmp(result->name, costs->pair.name) == 0 ? &costs->pair : &costs->record;

	if (result->aggregate)
		return;
	if (result->skipped)
		snprintf(costs->skipped, sizeof(costs->skipped), "%s", result->skipped);
	else if (cost->n < REPETITIONS)
		cost->ns[cost->n++] = result->real_ns;
}

/* The benchmark library is this part's alone while it runs. */
static int run_cases(struct costs *costs)
{
	const struct gbench_options options = { .min_time_s = REPETITION_S, .repetitions = REPETITIONS };
	const struct gbench_observer observer = { .result = note_result, .context = costs, .quiet = true };
	char *argv[] = { "storsync", NULL };
	char error[256];
	int err = gbench_initialize(1, argv, NULL, error, sizeof(error));

	if (!err)
		err = gbench_register(costs->pair.name, micro_case_run, &costs->pair.micro, &options);
	if (!err)
		err = gbench_register(costs->record.name, micro_case_run, &costs->record.micro, &options);
	if (!err)
		err = gbench_run(&observer);
	gbench_clear();
	return err;
}

static int calibrate(struct micro_bench *bench)
{
	struct clock_calibration calibration;
	struct clock_window window;
	int err = clock_window_open(&clock_system_reader, &window);

	if (!err)
		err = clock_window_close(&clock_system_reader, &window, CLOCK_WINDOW_NS);
	if (!err)
		err = clock_calibrate_begin(&window, &calibration);
	if (!err) {
		bench->scale = calibration.scale;
		bench->hz = calibration.hz;
	}
	return err;
}

/* Pinned to the first CPU for as long as it takes. */
static int measure(struct selftest *selftest, struct costs *costs)
{
	struct micro_bench bench = { .topology = selftest->host.topology };
	char error[256];
	int err = placement_choose(bench.topology, selftest->host.affinity, 1, false, &bench.placement, error, sizeof(error));

	if (!err)
		err = placement_pin_self(bench.topology, &bench.placement.cpu[0]);
	if (err)
		return err;
	costs->pair.micro = (struct micro_case){ .kind = MICRO_STAMP_PAIR, .bench = &bench };
	costs->record.micro = (struct micro_case){ .kind = MICRO_RECORD_SAMPLE, .bench = &bench };
	err = calibrate(&bench);
	if (!err)
		err = run_cases(costs);
	hwloc_set_cpubind(bench.topology, selftest->host.affinity, HWLOC_CPUBIND_THREAD);
	return err;
}

void selftest_recorder(struct selftest *selftest)
{
	struct costs costs = { .pair.name = "stamp-pair", .record.name = "record-sample" };
	struct protocol *protocol = &selftest->protocol;
	int err = measure(selftest, &costs);
	char expected[64];
	double record_ns;

	if (err || !costs.pair.n || !costs.record.n) {
		protocol_judged(protocol, false, "recording one sample", "", "not measured: %s", err ? strerror(-err) : costs.skipped);
		return;
	}
	record_ns = rank_median(costs.record.ns, costs.record.n);
	snprintf(expected, sizeof(expected), "%d ns at most", JUDGE_RECORD_NS);
	protocol_told(protocol, record_ns <= JUDGE_RECORD_NS ? "met" : "not met", "recording one sample", expected,
		      "%.1f ns, beside %.1f ns for a pair of stamps", record_ns, rank_median(costs.pair.ns, costs.pair.n));
}
