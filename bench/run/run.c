/* SPDX-License-Identifier: MIT */
/*
 * `storsync run`; see run.h.
 *
 * Blocks come one after the other, each a process a cell; what a process has
 * said is stored and synced before the next one starts.  The CSV files are made
 * at the end, from what is stored, whether the run ends by itself or by a signal.
 */
#define _GNU_SOURCE
#include "bench/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/files/datapackage.h"
#include "bench/instruments/placement.h"
#include "bench/matrix/matrix.h"
#include "bench/matrix/refuse.h"
#include "bench/run/destination.h"
#include "bench/run/elapsed.h"
#include "bench/run/estimate.h"
#include "bench/run/housekeeping.h"
#include "bench/run/invoke.h"
#include "bench/run/options.h"
#include "bench/run/progress.h"
#include "bench/run/rows.h"
#include "bench/run/run_environment.h"
#include "bench/run/state_gate.h"
#include "bench/run/table.h"
#include "bench/run/until_ci.h"
#include "bench/run_dir/collect.h"

enum { EXIT_NOTHING = 3, EXIT_ENVIRONMENT = 4, EXIT_PARTIAL = 5 };

/* What an invocation leaves on the disk at most, its part and its rows; seen: 0.3 MB of each for the busiest cells. */
#define BYTES_AN_INVOCATION (1u << 20)

/* Why a run ends before it is done. */
enum stop { STOP_NOT, STOP_SIGNAL, STOP_BUDGET, STOP_ERROR };

struct run {
	struct run_options options;
	struct matrix matrix;
	struct destination destination;
	struct run_identity identity;
	struct matrix_invocation *block; /* room for one */
	bool *wanted;                    /* by cell */
	struct estimate_trace trace;
	struct until_ci until;
	struct progress progress;
	uint64_t begin_ns;
	size_t done;       /* invocations, those of earlier processes included */
	size_t done_here;
	size_t not_ok;
	uint64_t wall_ns;   /* of all invocations */
	uint64_t window_ns; /* of that, inside measured windows */
	uint64_t wall_here_ns;
	enum stop stop;
};

static void interrupt(int signal_number)
{
	invoke_interrupted = signal_number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool in_shard(const struct run *run, uint64_t block)
{
	return (block - 1) % run->options.shards == run->options.shard - 1;
}

static bool is_done(const struct run *run, uint64_t order)
{
	const struct run_journal *journal = &run->destination.journal;

	for (size_t i = 0; i < journal->count; i++) {
		if (journal->entry[i].order == order)
			return true;
	}
	return false;
}

static void fail_to_store(struct run *run, int err)
{
	fprintf(stderr, "storsync run: writing to %s: %s; what is done is safe: make room, and the same command goes on\n",
		run->destination.path, strerror(-err));
	run->stop = STOP_ERROR;
}

/* A summary's own view of the invocation, for the table and for whoever counts intervals. */
static json_t *part_of(const struct run *run, const struct run_row *row)
{
	json_t *rows = json_object();
	int err = rows_add_all(rows, &run->identity, row);

	if (err) {
		json_decref(rows);
		return NULL;
	}
	return json_pack("{s:s, s:I, s:s, s:s, s:O*, s:o, s:O*}", "cell", row->cell->id, "block", (json_int_t)row->invocation, "status",
			 row->status, "reason", row->reason ? row->reason : "", "summary", json_object_get(row->result, "summary"), "rows",
			 rows, "benchmark", json_object_get(row->result, "benchmark"));
}

/* Part, then journal: from then on it counts. */
static int store(struct run *run, const struct run_row *row, uint64_t wall_ns, uint64_t window_ns)
{
	json_t *part = part_of(run, row);
	char name[RUN_DIR_PART_BYTES];
	json_t *event;
	int err;

	if (!part)
		return -ENOMEM;
	run_dir_part_name(row->order_index, name);
	err = run_dir_store_part(&run->destination.dir, name, part);
	json_decref(part);
	if (err)
		return err;
	event = json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I}", "event", "invocation", "order", (json_int_t)row->order_index, "block",
			  (json_int_t)row->invocation, "cell", row->cell->id, "status", row->status, "wall_ns", (json_int_t)wall_ns,
			  "window_ns", (json_int_t)window_ns);
	if (event && row->reason && row->reason[0])
		json_object_set_new(event, "reason", json_stringn(row->reason, strnlen(row->reason, 100)));
	return event ? run_dir_log(&run->destination.dir, event) : -ENOMEM;
}

static void count(struct run *run, size_t cell, uint64_t block, const char *status, const json_t *summary, uint64_t wall_ns,
		  uint64_t window_ns)
{
	run->done++;
	run->not_ok += strcmp(status, "ok") != 0;
	run->wall_ns += wall_ns;
	run->window_ns += window_ns;
	until_ci_add(&run->until, cell, block, summary);
}

static void run_one(struct run *run, const struct matrix_invocation *invocation)
{
	const struct matrix_cell *cell = &run->matrix.cell[invocation->cell];
	struct cell_spec spec = cell->spec;
	struct run_row row = { .cell = cell, .invocation = invocation->block, .seed = invocation->seed,
			       .order_index = invocation->order };
	struct invocation_outcome outcome;
	uint64_t begin_ns = elapsed_ns();
	json_t *summary;
	uint64_t window_ns;
	int err;

	spec.seed = invocation->seed;
	format_utc(row.started_utc, sizeof(row.started_utc), "%Y-%m-%dT%H:%M:%SZ");
	progress_show(&run->progress, run->done, &spec);
	invoke(&spec, &outcome);
	if (strcmp(outcome.status, "interrupted") == 0) {
		invocation_outcome_fini(&outcome);
		return;
	}
	if (json_object_get(outcome.result, "truncated"))
		progress_note(&run->progress, &spec, "truncated", json_string_value(json_object_get(outcome.result, "truncated")), NULL);
	summary = json_object_get(outcome.result, "summary");
	state_gate(summary, destination_core_to_core_ns(&run->destination, spec.cpus));
	window_ns = (uint64_t)(json_number_value(json_object_get(summary, "duration_s")) * 1e9);
	row.status = outcome.status;
	row.reason = outcome.reason;
	row.result = outcome.result;
	err = store(run, &row, elapsed_ns() - begin_ns, window_ns);
	if (err) {
		fail_to_store(run, err);
	} else {
		uint64_t wall_ns = elapsed_ns() - begin_ns;

		count(run, invocation->cell, invocation->block, outcome.status, summary, wall_ns, window_ns);
		run->done_here++;
		run->wall_here_ns += wall_ns;
		if (strcmp(outcome.status, "ok"))
			progress_note(&run->progress, &spec, outcome.status, outcome.reason, outcome.log);
	}
	invocation_outcome_fini(&outcome);
}

/* Whether one more invocation would end after the budget; the first one is always begun. */
static bool is_over_budget(const struct run *run)
{
	uint64_t spent_ns = elapsed_ns() - run->begin_ns;

	return run->options.budget_ns && run->done_here &&
	       spent_ns + run->wall_here_ns / run->done_here > run->options.budget_ns;
}

/* What of a block is wanted and not done. */
static void run_block(struct run *run, uint64_t block, const bool *wanted)
{
	size_t n = matrix_block(&run->matrix, block, run->block);

	for (size_t i = 0; i < n && !run->stop; i++) {
		if ((wanted && !wanted[run->block[i].cell]) || is_done(run, run->block[i].order))
			continue;
		if (is_over_budget(run)) {
			run->stop = STOP_BUDGET;
			break;
		}
		run_one(run, &run->block[i]);
		if (invoke_interrupted)
			run->stop = STOP_SIGNAL;
	}
}

static size_t count_wanted(const struct run *run)
{
	size_t n = 0;

	for (size_t c = 0; c < run->matrix.cells; c++)
		n += run->wanted[c];
	return n;
}

/* Blocks beyond the matrix's own, until every interval is as narrow as asked for. */
static void run_until_narrow(struct run *run)
{
	for (uint64_t block = run->matrix.blocks + 1; !run->stop && block <= UNTIL_CI_BLOCKS_MAX; block++) {
		if (!until_ci_wanted(&run->until, block, run->wanted))
			return;
		run->progress.total += count_wanted(run);
		run_block(run, block, run->wanted);
	}
}

static void run_all(struct run *run)
{
	for (uint64_t block = 1; block <= run->matrix.blocks && !run->stop; block++) {
		if (in_shard(run, block))
			run_block(run, block, NULL);
	}
	if (run->options.until_ci > 0)
		run_until_narrow(run);
}

static size_t cell_index(const struct matrix *matrix, const char *id)
{
	size_t c = 0;

	while (c < matrix->cells && strcmp(matrix->cell[c].id, id))
		c++;
	return c;
}

/* What an earlier process has done counts as if it had been done now. */
static void count_earlier(struct run *run)
{
	const struct run_journal *journal = &run->destination.journal;

	for (size_t i = 0; i < journal->count; i++) {
		const struct run_journal_entry *entry = &journal->entry[i];
		size_t cell = cell_index(&run->matrix, entry->cell);
		char name[RUN_DIR_PART_BYTES];
		json_t *part = NULL;

		run_dir_part_name(entry->order, name);
		if (run->options.until_ci > 0)
			part = run_dir_load_part(&run->destination.dir, name);
		if (cell < run->matrix.cells)
			count(run, cell, entry->block, entry->status, json_object_get(part, "summary"), entry->wall_ns,
			      entry->window_ns);
		json_decref(part);
	}
}

/* The rows of cells that are not run, as a part of their own. */
static int store_skipped(struct run *run)
{
	json_t *rows = json_object();
	json_t *part;
	int err = 0;

	for (size_t c = 0; c < run->matrix.cells && !err; c++) {
		const struct matrix_cell *cell = &run->matrix.cell[c];
		const struct run_row row = { .cell = cell, .status = "skipped", .reason = cell->refusal };

		if (cell->refusal)
			err = rows_add(rows, &schema_summary, &run->identity, &row);
	}
	part = json_pack("{s:o}", "rows", rows);
	if (!err)
		err = part ? run_dir_store_part(&run->destination.dir, "skipped", part) : -ENOMEM;
	json_decref(part);
	return err;
}

/* A disk that is too full now is no reason to begin. */
static void check_room(const struct run *run)
{
	uint64_t left = run->progress.total - run->done;
	uint64_t need = left * BYTES_AN_INVOCATION;
	struct statvfs disk;

	if (fstatvfs(run->destination.dir.fd, &disk))
		return;
	if ((uint64_t)disk.f_bavail * disk.f_frsize >= need)
		return;
	fprintf(stderr, "storsync run: %s: %" PRIu64 " MiB are free, and %" PRIu64 " invocations may take %" PRIu64
		" MiB; make room, or put the results elsewhere with -o\n", run->destination.path,
		(uint64_t)disk.f_bavail * disk.f_frsize >> 20, left, need >> 20);
	exit(EXIT_ENVIRONMENT);
}

static int open_destination(struct run *run, int argc, char **argv)
{
	struct run_manifest *manifest = &run->destination.manifest;
	json_t *core_to_core = run_environment_core_to_core(&run->matrix);

	destination_open(&run->destination, &run->options, &run->matrix, argc, argv, core_to_core);
	json_decref(core_to_core);
	snprintf(run->identity.run_id, sizeof(run->identity.run_id), "%s", manifest->run_id);
	snprintf(run->identity.host_id, sizeof(run->identity.host_id), "%s", manifest->host_id);
	if (run->destination.complete)
		return 0;
	progress_begin(&run->progress, run_options_blocks(&run->options) * run->matrix.runnable);
	count_earlier(run);
	run->progress.before = run->done;
	/* Blocks that --until-ci has added. */
	if (run->progress.total < run->done)
		run->progress.total = run->done;
	check_room(run);
	if (run->destination.resumed)
		fprintf(stderr, "storsync run: going on with %s: %zu of %zu invocations are done (--fresh starts a new run)\n",
			run->destination.path, run->done, run->progress.total);
	return store_skipped(run);
}

static int log_start(struct run *run)
{
	char now[32];

	format_utc(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ");
	return run_dir_log(&run->destination.dir, json_pack("{s:s, s:s, s:i}", "event", "start", "started_utc", now, "pid", (int)getpid()));
}

/* The environment as it is now, as a part: what a machine does to figures is part of them. */
static int store_environment(struct run *run, const char *phase)
{
	char name[RUN_DIR_PART_BYTES];
	json_t *rows = json_object();
	json_t *part;
	int err = run_environment_add(rows, &run->matrix, &run->identity, phase);

	/* Each process that works on the run has its own: it may be days later. */
	snprintf(name, sizeof(name), "env-%06zu-%s", run->destination.journal.count + 1, strcmp(phase, "before") ? "2-after" : "1-before");
	part = json_pack("{s:o}", "rows", rows);
	if (!err)
		err = part ? run_dir_store_part(&run->destination.dir, name, part) : -ENOMEM;
	json_decref(part);
	return err;
}

struct collecting {
	struct run *run;
	struct table table;
};

static int show_part(void *context, size_t index, const json_t *part)
{
	struct collecting *collecting = context;
	const char *id = json_string_value(json_object_get(part, "cell"));
	size_t cell = id ? cell_index(&collecting->run->matrix, id) : SIZE_MAX;

	if (cell < collecting->run->matrix.cells)
		table_add(&collecting->table, cell, json_string_value(json_object_get(part, "status")),
			  json_string_value(json_object_get(part, "reason")), json_object_get(part, "summary"));
	return 0;
}

static int by_order(const void *a, const void *b)
{
	const struct run_journal_entry *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

/* What has been done, in the order of the blocks, so that the files are the same however often the run was taken up again. */
static int list_parts(const struct run *run, struct run_journal *journal, struct part_names *names)
{
	char name[RUN_DIR_PART_BYTES], error[512];
	int err = run_journal_load(run->destination.path, journal, error, sizeof(error));

	if (err)
		return err;
	qsort(journal->entry, journal->count, sizeof(*journal->entry), by_order);
	err = part_names_find(names, &run->destination.dir, "env-");
	if (!err)
		err = part_names_add(names, "skipped");
	for (size_t i = 0; i < journal->count && !err; i++) {
		run_dir_part_name(journal->entry[i].order, name);
		err = part_names_add(names, name);
	}
	return err;
}

/* Parts to files, and the table on the way. */
static int collect(struct run *run, struct collecting *collecting)
{
	struct run_journal journal = { 0 };
	struct part_names names = { 0 };
	const char *missing = "";
	int err = list_parts(run, &journal, &names);

	if (!err)
		err = run_dir_collect(&run->destination.dir, &names, show_part, collecting, &missing);
	if (err == -ENODATA)
		fprintf(stderr, "storsync run: %s/parts/%s.json cannot be read; --fresh starts the run over\n", run->destination.path, missing);
	part_names_fini(&names);
	run_journal_fini(&journal);
	return err;
}

static int describe_files(const struct run *run)
{
	const struct run_manifest *manifest = &run->destination.manifest;
	const struct datapackage_info info = {
		.run_id = manifest->run_id,
		.title = run->matrix.name,
		.created_utc = manifest->created_utc,
		.build_id = manifest->build_id,
	};

	return datapackage_write(run->destination.path, &info);
}

/* All is measured, and all is in the files: the parts are no longer needed. */
static int complete(struct run *run)
{
	int err = run_dir_log(&run->destination.dir,
			      json_pack("{s:s, s:I}", "event", "complete", "took_ns", (json_int_t)(elapsed_ns() - run->begin_ns)));

	return err ? err : run_dir_remove_parts(&run->destination.dir);
}

static void print_time(const struct run *run)
{
	double took_s = (double)(elapsed_ns() - run->begin_ns) / 1e9;

	printf("Time: %.1f s", took_s);
	if (!run->destination.resumed && !run->stop && !(run->options.until_ci > 0)) {
		struct estimate block = estimate_block(&run->matrix, &run->trace);
		uint64_t blocks = run_options_blocks(&run->options);

		printf(", estimated %.1f s", (double)(block.least_ns * blocks) / 1e9);
		if (block.most_ns != block.least_ns)
			printf(" to %.1f s", (double)(block.most_ns * blocks) / 1e9);
	}
	if (run->wall_ns)
		printf("; %.0f%% of the invocations' time inside measured windows",
		       100 * (double)run->window_ns / (double)run->wall_ns);
	printf("\n");
}

static void print_end(const struct run *run, const struct table *table)
{
	table_print(table, &run->options, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	printf("\nMedians of %" PRIu64 " invocation%s a cell.  * marks a best that is distinguishable from every other back end\n"
	       "(exact Mann-Whitney, Holm-adjusted, p < 0.05%s).\n", run->matrix.blocks, run->matrix.blocks == 1 ? "" : "s",
	       run->matrix.blocks < 6 ? "; so few invocations can hardly support one" : "");
	printf("Files: %s/{summary,latency,histogram,cpus,windows,events,env}.csv, benchmark.json (seed %" PRIu64 ")\n",
	       run->destination.path, run->matrix.seed);
	print_time(run);
}

static void say_why_it_stopped(const struct run *run)
{
	static const char *const why[] = {
		[STOP_SIGNAL] = "interrupted", [STOP_BUDGET] = "the budget is gone", [STOP_ERROR] = "stopped",
	};

	if (run->stop)
		fprintf(stderr, "storsync run: %s: %zu of %zu invocations are done and safe in %s; the same command goes on with them\n",
			why[run->stop], run->done, run->progress.total, run->destination.path);
}

/* The intervals that are still too wide are what the budget was for: named, and no failure. */
static void say_what_is_wide(struct run *run)
{
	size_t wide;

	if (!(run->options.until_ci > 0))
		return;
	wide = until_ci_wanted(&run->until, UINT64_MAX, run->wanted);
	printf("Intervals: 95%% of the median of %s within %g%% in all but %zu of %zu cells\n", run->options.until_ci_metric,
	       100 * run->options.until_ci, wide, run->matrix.runnable);
}

static bool has_ended_well(const struct run *run)
{
	/* With --until-ci, a budget is one of the two ends that were asked for. */
	bool all_done = run->done >= run->progress.total || (run->options.until_ci > 0 && run->done >= run->matrix.runnable);

	return !run->not_ok && (run->stop == STOP_NOT || (run->stop == STOP_BUDGET && run->options.until_ci > 0 && all_done));
}

static int finish(struct run *run)
{
	struct collecting collecting = { .run = run };
	int err = table_init(&collecting.table, &run->matrix);

	if (!err && run->stop != STOP_ERROR)
		err = store_environment(run, "after");
	if (!err)
		err = collect(run, &collecting);
	if (!err)
		err = describe_files(run);
	if (!err && !run->stop)
		err = complete(run);
	progress_end(&run->progress);
	if (err) {
		fail_to_store(run, err);
	} else {
		print_end(run, &collecting.table);
		say_what_is_wide(run);
	}
	say_why_it_stopped(run);
	table_fini(&collecting.table);
	return has_ended_well(run) ? EXIT_SUCCESS : EXIT_PARTIAL;
}

static int measure(struct run *run)
{
	int err = log_start(run);

	if (!err)
		err = store_environment(run, "before");
	if (err) {
		fail_to_store(run, err);
		return EXIT_PARTIAL;
	}
	invoke_keep_affinity();
	housekeeping_withdraw(matrix_cores(&run->matrix));
	run_all(run);
	return finish(run);
}

/* A trace that cannot be read is a mistake of the command line, and known before anything is written. */
static void look_at_trace(struct run *run)
{
	const struct matrix_design *design = &run->options.design;
	char error[512];

	if (!design->settings.trace[0])
		return;
	if (estimate_look_at_trace(design->settings.trace, &run->trace, error, sizeof(error)))
		usage_error("%s: %s", design->place[SETTING_TRACE], error);
	fprintf(stderr, "trace: %s, %" PRIu64 " commands\n", run->trace.format, run->trace.count);
}

static int init(struct run *run, int argc, char **argv)
{
	char error[MATRIX_ERROR_BYTES];
	int err;

	run_options_parse(&run->options, "run", argc, argv);
	look_at_trace(run);
	if (matrix_init(&run->matrix, &run->options.design, placement_usable_cores(), error, sizeof(error)))
		usage_error("%s", error);
	err = until_ci_init(&run->until, &run->matrix, run->options.until_ci_metric, run->options.until_ci);
	run->block = calloc(run->matrix.cells + 1, sizeof(*run->block));
	run->wanted = calloc(run->matrix.cells + 1, sizeof(*run->wanted));
	return err ? err : !run->block || !run->wanted ? -ENOMEM : 0;
}

int run_main(int argc, char **argv)
{
	static struct run run;
	int status = EXIT_SUCCESS;
	int err = init(&run, argc, argv);

	run.begin_ns = elapsed_ns();
	if (!err && !run.matrix.runnable) {
		fprintf(stderr, "storsync run: nothing to measure: every cell is refused; %s\n", run.matrix.cell[0].refusal);
		return EXIT_NOTHING;
	}
	catch_signals();
	if (!err)
		err = open_destination(&run, argc, argv);
	if (err) {
		fprintf(stderr, "storsync run: %s\n", strerror(-err));
		return EXIT_PARTIAL;
	}
	if (run.destination.complete)
		printf("%s is complete: %zu invocations; --fresh starts over\n", run.destination.path, run.destination.journal.count);
	else
		status = measure(&run);
	destination_close(&run.destination);
	until_ci_fini(&run.until);
	matrix_fini(&run.matrix);
	run_options_fini(&run.options);
	free(run.block);
	free(run.wanted);
	return status;
}
