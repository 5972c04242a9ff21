/* SPDX-License-Identifier: MIT */
/*
 * `storsync cell`: one invocation of one cell, in a process of its own.
 *
 * The run is a Google Benchmark of one iteration with manual time, the time
 * being the measured window; its JSON is part of the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell/cell.h"
#include "bench/gbench/gbench.h"

/* Exit statuses that the parent tells apart. */
enum { CELL_DONE = 0, CELL_FAILED = 1, CELL_BAD_SPEC = 2, CELL_HANGS = 6 };

struct invocation {
	struct cell cell;
	struct cell_spec spec;
	json_t *result;
	char error[512];
	int err;
};

/* Counters beside the time: the figures that the ecosystem's tools compare. */
static void set_counters(struct gbench_state *state, const json_t *summary)
{
	static const char *const names[] = {
		"ios", "iops", "sync_per_s", "irq_per_s", "isr_latency_p50_ns", "isr_latency_p99_ns", "sync_wait_p50_ns",
		"sync_wait_p99_ns", "sync_hold_p50_ns", "violations", "lost", "missed",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *value = json_object_get(summary, names[i]);

		if (json_is_number(value))
			gbench_set_counter(state, names[i], json_number_value(value));
	}
}

static double measure(struct gbench_state *state, uint64_t iterations, void *context)
{
	struct invocation *invocation = context;

	invocation->err = cell_init(&invocation->cell, &invocation->spec, invocation->error, sizeof(invocation->error));
	if (!invocation->err)
		invocation->err = cell_run(&invocation->cell, invocation->error, sizeof(invocation->error));
	if (invocation->err) {
		gbench_skip(state, invocation->error);
		return 0;
	}
	invocation->result = cell_result(&invocation->cell);
	set_counters(state, json_object_get(invocation->result, "summary"));
	return cell_window_s(&invocation->cell);
}

static int run(struct invocation *invocation, char **benchmark)
{
	const struct gbench_options options = { .iterations = 1 };
	const struct gbench_observer observer = { .json = benchmark, .quiet = true };
	char *argv[] = { "storsync", NULL };
	char name[1200];
	int err;

	cell_benchmark_name(&invocation->spec, name, sizeof(name));
	err = gbench_initialize(1, argv, NULL, invocation->error, sizeof(invocation->error));
	if (!err)
		err = gbench_register(name, measure, invocation, &options);
	if (!err)
		err = gbench_run(&observer);
	return err ? err : invocation->err;
}

int cell_main(int argc, char **argv)
{
	static struct invocation invocation;
	json_error_t where;
	json_t *json = json_loadf(stdin, 0, &where);
	char *benchmark = NULL;
	int err;

	if (!json || cell_spec_from_json(json, &invocation.spec)) {
		fprintf(stderr, "storsync: cell: standard input is not a cell's specification; `storsync run` is what starts cells\n");
		return CELL_BAD_SPEC;
	}
	json_decref(json);
	err = run(&invocation, &benchmark);
	if (err) {
		free(benchmark);
		fprintf(stderr, "%s\n", invocation.error[0] ? invocation.error : strerror(-err));
		return err == -ETIMEDOUT ? CELL_HANGS : CELL_FAILED;
	}
	if (benchmark)
		json_object_set_new(invocation.result, "benchmark", json_loads(benchmark, 0, NULL));
	json_dumpf(invocation.result, stdout, JSON_COMPACT);
	free(benchmark);
	json_decref(invocation.result);
	cell_fini(&invocation.cell);
	return fflush(stdout) ? CELL_FAILED : CELL_DONE;
}
