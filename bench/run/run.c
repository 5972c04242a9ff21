/* SPDX-License-Identifier: MIT */
/* `storsync run`; see run.h. */
#define _GNU_SOURCE
#include "bench/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/instruments/placement.h"
#include "bench/run/run_files.h"
#include "bench/run/invoke.h"
#include "bench/run/matrix.h"
#include "bench/run/options.h"
#include "bench/run/progress.h"
#include "bench/run/table.h"
#include "hba_sim/traces/trace.h"

enum { EXIT_NOTHING = 3, EXIT_PARTIAL = 5 };

struct run {
	struct run_options options;
	struct matrix matrix;
	struct run_files files;
	struct table table;
	struct progress progress;
	size_t done;
	size_t not_ok;
};

static unsigned usable_cores(void)
{
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	struct placement placement = { 0 };
	char error[256];

	if (placement_load_topology(&topology))
		return 0;
	if (placement_load_affinity(topology, &affinity) == 0) {
		placement_choose(topology, affinity, 1, false, &placement, error, sizeof(error));
		hwloc_bitmap_free(affinity);
	}
	hwloc_topology_destroy(topology);
	return placement.usable_cores;
}

/* A trace that cannot be read is a mistake of the command line, and known before anything is written. */
static void check_trace(const struct run_options *options)
{
	struct trace trace;
	char error[512];

	if (!options->trace)
		return;
	if (trace_load(options->trace, &trace, error, sizeof(error)))
		usage_error("--trace: %s", error);
	fprintf(stderr, "trace: %s, %zu commands\n", trace.format, trace.count);
	trace_free(&trace);
}

static void format_utc(char *text, size_t bytes, const char *format)
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, bytes, format, &utc);
}

static void interrupt(int signal_number)
{
	invoke_interrupted = signal_number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void create_files(struct run *run)
{
	char stamp[32], run_id[64], directory[512];
	int err;

	format_utc(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ");
	snprintf(run_id, sizeof(run_id), "%s-%08" PRIx32, stamp, (uint32_t)run->options.seed);
	if (run->options.directory)
		snprintf(directory, sizeof(directory), "%s", run->options.directory);
	else
		snprintf(directory, sizeof(directory), "results/%s", run_id);
	err = run_files_create(&run->files, directory, run_id);
	if (err == -EEXIST)
		usage_error("-o %s: the folder is not empty; name a new one", directory);
	if (err)
		usage_error("-o %s: %s", directory, strerror(-err));
}

static int append(struct run *run, const struct run_row *row)
{
	int err = run_files_append(&run->files, row);

	if (err)
		fprintf(stderr, "storsync run: writing to %s: %s; the rows so far are kept\n", run->files.directory, strerror(-err));
	return err;
}

static int append_skipped(struct run *run)
{
	int err = 0;

	for (size_t c = 0; c < run->matrix.cells && !err; c++) {
		const struct matrix_cell *cell = &run->matrix.cell[c];
		struct run_row row = { .cell = cell, .status = "skipped", .reason = cell->refusal };

		if (cell->refusal)
			err = append(run, &row);
	}
	return err;
}

/* One invocation: 0, or -errno when its row could not be written. */
static int run_one(struct run *run, size_t index)
{
	const struct matrix_invocation *invocation = &run->matrix.invocation[index];
	const struct matrix_cell *cell = &run->matrix.cell[invocation->cell];
	struct cell_spec spec = cell->spec;
	struct run_row row = { .cell = cell, .invocation = invocation->invocation, .seed = invocation->seed,
			       .order_index = index + 1 };
	struct invocation_outcome outcome;
	int err = 0;

	spec.seed = invocation->seed;
	format_utc(row.started_utc, sizeof(row.started_utc), "%Y-%m-%dT%H:%M:%SZ");
	progress_show(&run->progress, index, spec.backend, spec.cpus);
	invoke(&spec, &outcome);
	row.status = outcome.status;
	row.reason = outcome.reason;
	row.result = outcome.result;
	if (strcmp(outcome.status, "interrupted")) {
		err = append(run, &row);
		table_add(&run->table, invocation->cell, outcome.status, outcome.reason, json_object_get(outcome.result, "summary"));
		run->done++;
		run->not_ok += strcmp(outcome.status, "ok") != 0;
		if (strcmp(outcome.status, "ok"))
			progress_note(&run->progress, cell->spec.backend, cell->spec.cpus, outcome.status, outcome.reason, outcome.log);
	}
	invocation_outcome_fini(&outcome);
	return err;
}

static int finish(struct run *run, int err)
{
	int close_err = run_files_close(&run->files);

	progress_end(&run->progress);
	table_print(&run->table, &run->options, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	printf("\nMedians of %" PRIu64 " invocation%s a cell.  * marks a best that is distinguishable from every other back end\n"
	       "(exact Mann-Whitney, Holm-adjusted, p < 0.05%s).\n", run->options.invocations,
	       run->options.invocations == 1 ? "" : "s",
	       run->options.invocations < 6 ? "; so few invocations can hardly support one" : "");
	printf("Files: %s/{summary,latency,histogram,cpus}.csv, benchmark.json (seed %" PRIu64 ")\n", run->files.directory,
	       run->options.seed);
	if (invoke_interrupted)
		fprintf(stderr, "storsync run: interrupted after %zu of %zu invocations; what was measured is in the files\n",
			run->done, run->matrix.invocations);
	if (close_err)
		fprintf(stderr, "storsync run: closing the files in %s: %s\n", run->files.directory, strerror(-close_err));
	return err || close_err || invoke_interrupted || run->not_ok ? EXIT_PARTIAL : EXIT_SUCCESS;
}

int run_main(int argc, char **argv)
{
	static struct run run;
	int status;
	int err;

	run_options_parse(&run.options, argc, argv);
	check_trace(&run.options);
	err = matrix_init(&run.matrix, &run.options, usable_cores());
	if (!err)
		err = table_init(&run.table, &run.matrix);
	if (err) {
		fprintf(stderr, "storsync run: %s\n", strerror(-err));
		return EXIT_PARTIAL;
	}
	if (!run.matrix.invocations) {
		fprintf(stderr, "storsync run: nothing to measure: every cell is refused; %s\n", run.matrix.cell[0].refusal);
		return EXIT_NOTHING;
	}
	catch_signals();
	create_files(&run);
	progress_begin(&run.progress, run.matrix.invocations);
	err = append_skipped(&run);
	for (size_t i = 0; i < run.matrix.invocations && !err && !invoke_interrupted; i++)
		err = run_one(&run, i);
	status = finish(&run, err);
	table_fini(&run.table);
	matrix_fini(&run.matrix);
	run_options_fini(&run.options);
	return status;
}
