/* SPDX-License-Identifier: MIT */
/* The end; see ending.h. */
#include "bench/run/ending.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/files/datapackage.h"
#include "bench/run/elapsed.h"
#include "bench/run/gate_tally.h"
#include "bench/run/store.h"
#include "bench/run/table.h"
#include "bench/run_dir/collect.h"

struct collecting {
	struct attempt *attempt;
	struct table table;
	struct gate_tally gates;
};

static int show_part(void *context, size_t index, const json_t *part)
{
	struct collecting *collecting = context;
	const char *id = json_string_value(json_object_get(part, "cell"));
	size_t cell = id ? matrix_find(&collecting->attempt->matrix, id) : SIZE_MAX;

	if (cell < collecting->attempt->matrix.cells)
		table_add(&collecting->table, cell, json_string_value(json_object_get(part, "status")),
			  json_string_value(json_object_get(part, "reason")), json_object_get(part, "summary"));
	gate_tally_add(&collecting->gates, json_object_get(part, "summary"));
	return 0;
}

/* What has been done, in the order of the blocks, so that the files are the same however often the run was taken up again. */
static int list_parts(struct attempt *attempt, struct run_journal *journal, struct part_names *names)
{
	char name[RUN_DIR_PART_BYTES], error[512];
	int err = run_journal_load(attempt->destination.path, journal, error, sizeof(error));

	if (err) {
		progress_end(&attempt->progress);
		fprintf(stderr, "storsync run: %s\n", error);
		attempt->stop = STOP_DAMAGE;
		return err;
	}
	run_journal_sort(journal);
	err = part_names_find(names, &attempt->destination.dir, "env-");
	if (!err)
		err = part_names_add(names, "skipped");
	for (size_t i = 0; i < journal->count && !err; i++) {
		run_dir_part_name(journal->entry[i].order, name);
		err = part_names_add(names, name);
	}
	return err;
}

/* Only what says that it is done need go: it is measured again then, and the rest stays. */
static void say_what_is_damaged(struct attempt *attempt, const char *part)
{
	const char *path = attempt->destination.path;
	const char *without = attempt_without_fresh(attempt);

	progress_end(&attempt->progress);
	fprintf(stderr, "storsync run: %s/parts/%s.json is missing, or not as it was written; ", path, part);
	if (part[0] >= '0' && part[0] <= '9')
		fprintf(stderr, "remove the line with \"order\":%" PRIu64 " from %s/journal.jsonl, and the same command%s measures it again\n",
			(uint64_t)strtoull(part, NULL, 10), path, without);
	else
		fprintf(stderr, "remove it, and the same command%s goes on\n", without);
	attempt->stop = STOP_DAMAGE;
}

/* Parts to files, and the table on the way. */
static int collect(struct attempt *attempt, struct collecting *collecting)
{
	struct run_journal journal = { 0 };
	struct part_names names = { 0 };
	const char *missing = "";
	int err = list_parts(attempt, &journal, &names);

	if (!err)
		err = run_dir_collect(&attempt->destination.dir, &names, show_part, collecting, &missing);
	if (err == -ENODATA)
		say_what_is_damaged(attempt, missing);
	part_names_fini(&names);
	run_journal_fini(&journal);
	return err;
}

static int describe_files(const struct attempt *attempt)
{
	const struct run_manifest *manifest = &attempt->destination.manifest;
	const struct datapackage_info info = {
		.run_id = manifest->run_id,
		.title = attempt->matrix.name,
		.created_utc = manifest->created_utc,
		.build_id = manifest->build_id,
	};

	return datapackage_write(attempt->destination.path, &info);
}

/* All is measured, and all is in the files: the parts are no longer needed. */
static int complete(struct attempt *attempt)
{
	int err = store_complete(attempt);

	return err ? err : run_dir_remove_parts(&attempt->destination.dir);
}

static void print_time(const struct attempt *attempt)
{
	double took_s = (double)(elapsed_ns() - attempt->begin_ns) / 1e9;

	printf("Time: %.1f s", took_s);
	if (!attempt->destination.resumed && !attempt->stop && !(attempt->options.until_ci > 0)) {
		struct estimate block = estimate_block(&attempt->matrix, &attempt->trace);
		uint64_t blocks = run_options_blocks(&attempt->options);

		printf(", estimated %.1f s", (double)(block.least_ns * blocks) / 1e9);
		if (block.most_ns != block.least_ns)
			printf(" to %.1f s", (double)(block.most_ns * blocks) / 1e9);
	}
	printf("; %.0f%% of it inside measured windows", 100 * (double)attempt->window_ns / 1e9 / took_s);
	printf("\n");
}

/* Of the cells that are run: an interrupted run, a shard and --until-ci have others than the matrix asks for. */
static void count_invocations(const struct table *table, unsigned *least, unsigned *most)
{
	*least = UINT_MAX;
	*most = 0;
	for (size_t c = 0; c < table->matrix->cells; c++) {
		unsigned n = table->row[c].measured;

		if (table->matrix->cell[c].refusal)
			continue;
		*least = n < *least ? n : *least;
		*most = n > *most ? n : *most;
	}
}

static void print_end(const struct attempt *attempt, const struct collecting *collecting)
{
	unsigned least, most;

	table_print(&collecting->table, &attempt->options, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	count_invocations(&collecting->table, &least, &most);
	printf("\nMedians of ");
	if (least < most)
		printf("%u to ", least);
	printf("%u invocation%s a cell.  * marks a best that is distinguishable from every other back end\n"
	       "(exact Mann-Whitney, Holm-adjusted, p < 0.05%s).\n", most, least == 1 && most == 1 ? "" : "s",
	       least < 6 ? "; so few invocations can hardly support one" : "");
	gate_tally_print(&collecting->gates, stdout);
	printf("Files: %s/{summary,latency,histogram,cpus,windows,events,env}.csv, benchmark.json (seed %" PRIu64 ")\n",
	       attempt->destination.path, attempt->matrix.seed);
	print_time(attempt);
}

static void say_why_it_stopped(const struct attempt *attempt)
{
	static const char *const why[] = {
		[STOP_SIGNAL] = "interrupted", [STOP_BUDGET] = "the budget is gone", [STOP_ERROR] = "stopped",
	};

	if (attempt->stop && attempt->stop != STOP_DAMAGE)
		fprintf(stderr, "storsync run: %s: %zu of %zu invocations are done and safe in %s; the same command%s goes on with them\n",
			why[attempt->stop], attempt->done, attempt->progress.total, attempt->destination.path, attempt_without_fresh(attempt));
}

/* The intervals that are still too wide are what the budget was for: named, and no failure. */
static void say_what_is_wide(struct attempt *attempt)
{
	size_t wide;

	if (!(attempt->options.until_ci > 0))
		return;
	wide = until_ci_wanted(&attempt->until, UINT64_MAX, attempt->wanted);
	printf("Intervals: 95%% of the median of %s within %g%% in all but %zu of %zu cells\n", attempt->options.until_ci_metric,
	       100 * attempt->options.until_ci, wide, attempt->matrix.runnable);
}

/* For --until-ci the budget is one of the two ends that were asked for. */
static bool has_ended_well(const struct attempt *attempt)
{
	return !attempt->not_ok && (attempt->stop == STOP_NOT || (attempt->stop == STOP_BUDGET && attempt->narrowing));
}

int ending(struct attempt *attempt)
{
	struct collecting collecting = { .attempt = attempt };
	int err = table_init(&collecting.table, &attempt->matrix);

	if (!err && attempt->stop != STOP_ERROR)
		err = store_environment(attempt, "after");
	if (!err)
		err = collect(attempt, &collecting);
	if (!err)
		err = describe_files(attempt);
	if (!err && !attempt->stop)
		err = complete(attempt);
	progress_end(&attempt->progress);
	if (err) {
		store_failed(attempt, err);
	} else {
		print_end(attempt, &collecting);
		say_what_is_wide(attempt);
	}
	say_why_it_stopped(attempt);
	table_fini(&collecting.table);
	return has_ended_well(attempt) ? EXIT_SUCCESS : EXIT_PARTIAL;
}
