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
	struct session *session;
	struct table table;
	struct gate_tally gates;
};

static int show_part(void *context, size_t index, const json_t *part)
{
	struct collecting *collecting = context;
	const char *id = json_string_value(json_object_get(part, "cell"));
	size_t cell = id ? matrix_find(&collecting->session->matrix, id) : SIZE_MAX;

	if (cell < collecting->session->matrix.cells)
		table_add(&collecting->table, cell, json_string_value(json_object_get(part, "status")),
			  json_string_value(json_object_get(part, "reason")), json_object_get(part, "summary"));
	gate_tally_add(&collecting->gates, json_object_get(part, "summary"));
	return 0;
}

/* What has been done, in the order of the blocks, so that the files are the same however often the run was taken up again. */
static int list_parts(struct session *session, struct run_journal *journal, struct part_names *names)
{
	char name[RUN_DIR_PART_BYTES], error[512];
	int err = run_journal_load(session->destination.path, journal, error, sizeof(error));

	if (err) {
		progress_end(&session->progress);
		fprintf(stderr, "storsync run: %s\n", error);
		session->stop = STOP_DAMAGE;
		return err;
	}
	run_journal_sort(journal);
	err = part_names_find(names, &session->destination.dir, "env-");
	if (!err)
		err = part_names_add(names, "skipped");
	for (size_t i = 0; i < journal->count && !err; i++) {
		run_dir_part_name(journal->entry[i].order, name);
		err = part_names_add(names, name);
	}
	return err;
}

/* Only what says that it is done need go: it is measured again then, and the rest stays. */
static void say_what_is_damaged(struct session *session, const char *part)
{
	const char *path = session->destination.path;
	const char *without = session_without_fresh(session);

	progress_end(&session->progress);
	fprintf(stderr, "storsync run: %s/parts/%s.json is missing, or not as it was written; ", path, part);
	if (part[0] >= '0' && part[0] <= '9')
		fprintf(stderr, "remove the line with \"order\":%" PRIu64 " from %s/journal.jsonl, and the same command%s measures it again\n",
			(uint64_t)strtoull(part, NULL, 10), path, without);
	else
		fprintf(stderr, "remove it, and the same command%s goes on\n", without);
	session->stop = STOP_DAMAGE;
}

/* Parts to files, and the table on the way. */
static int collect(struct session *session, struct collecting *collecting)
{
	struct run_journal journal = { 0 };
	struct part_names names = { 0 };
	const char *missing = "";
	int err = list_parts(session, &journal, &names);

	if (!err)
		err = run_dir_collect(&session->destination.dir, &names, show_part, collecting, &missing);
	if (err == -ENODATA)
		say_what_is_damaged(session, missing);
	part_names_fini(&names);
	run_journal_fini(&journal);
	return err;
}

static int describe_files(const struct session *session)
{
	const struct run_manifest *manifest = &session->destination.manifest;
	const struct datapackage_info info = {
		.run_id = manifest->run_id,
		.title = session->matrix.name,
		.created_utc = manifest->created_utc,
		.build_id = manifest->build_id,
	};

	return datapackage_write(session->destination.path, &info);
}

/* All is measured, and all is in the files: the parts are no longer needed. */
static int complete(struct session *session)
{
	int err = store_complete(session);

	return err ? err : run_dir_remove_parts(&session->destination.dir);
}

static void print_time(const struct session *session)
{
	double took_s = (double)(elapsed_ns() - session->begin_ns) / 1e9;

	printf("Time: %.1f s", took_s);
	if (!session->destination.resumed && !session->stop && !(session->options.until_ci > 0)) {
		struct estimate block = estimate_block(&session->matrix, &session->trace);
		uint64_t blocks = run_options_blocks(&session->options);

		printf(", estimated %.1f s", (double)(block.least_ns * blocks) / 1e9);
		if (block.most_ns != block.least_ns)
			printf(" to %.1f s", (double)(block.most_ns * blocks) / 1e9);
	}
	printf("; %.0f%% of it inside measured windows", 100 * (double)session->window_ns / 1e9 / took_s);
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

static void print_end(const struct session *session, const struct collecting *collecting)
{
	unsigned least, most;

	table_print(&collecting->table, &session->options, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	count_invocations(&collecting->table, &least, &most);
	printf("\nMedians of ");
	if (least < most)
		printf("%u to ", least);
	printf("%u invocation%s a cell.  * marks a best that is distinguishable from every other back end\n"
	       "(exact Mann-Whitney, Holm-adjusted, p < 0.05%s).\n", most, least == 1 && most == 1 ? "" : "s",
	       least < 6 ? "; so few invocations can hardly support one" : "");
	gate_tally_print(&collecting->gates, stdout);
	printf("Files: %s/{summary,latency,histogram,cpus,windows,events,env}.csv, benchmark.json (seed %" PRIu64 ")\n",
	       session->destination.path, session->matrix.seed);
	print_time(session);
}

static void say_why_it_stopped(const struct session *session)
{
	static const char *const why[] = {
		[STOP_SIGNAL] = "interrupted", [STOP_BUDGET] = "the budget is gone", [STOP_ERROR] = "stopped",
	};

	if (session->stop && session->stop != STOP_DAMAGE)
		fprintf(stderr, "storsync run: %s: %zu of %zu invocations are done and safe in %s; the same command%s goes on with them\n",
			why[session->stop], session->done, session->progress.total, session->destination.path, session_without_fresh(session));
}

/* The intervals that are still too wide are what the budget was for: named, and no failure. */
static void say_what_is_wide(struct session *session)
{
	size_t wide;

	if (!(session->options.until_ci > 0))
		return;
	wide = until_ci_wanted(&session->until, UINT64_MAX, session->wanted);
	printf("Intervals: 95%% of the median of %s within %g%% in all but %zu of %zu cells\n", session->options.until_ci_metric,
	       100 * session->options.until_ci, wide, session->matrix.runnable);
}

/* For --until-ci the budget is one of the two ends that were asked for. */
static bool has_ended_well(const struct session *session)
{
	return !session->not_ok && (session->stop == STOP_NOT || (session->stop == STOP_BUDGET && session->narrowing));
}

int ending(struct session *session)
{
	struct collecting collecting = { .session = session };
	int err = table_init(&collecting.table, &session->matrix);

	if (!err && session->stop != STOP_ERROR)
		err = store_environment(session, "after");
	if (!err)
		err = collect(session, &collecting);
	if (!err)
		err = describe_files(session);
	if (!err && !session->stop)
		err = complete(session);
	progress_end(&session->progress);
	if (err) {
		store_failed(session, err);
	} else {
		print_end(session, &collecting);
		say_what_is_wide(session);
	}
	say_why_it_stopped(session);
	table_fini(&collecting.table);
	return has_ended_well(session) ? EXIT_SUCCESS : EXIT_PARTIAL;
}
