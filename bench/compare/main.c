/* SPDX-License-Identifier: MIT */
/* `storsync compare`: reads, compares, writes. */
#define _GNU_SOURCE
#include "bench/compare/main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/compare/census.h"
#include "bench/compare/command.h"
#include "bench/compare/machine_state.h"
#include "bench/files/output_file.h"
#include "bench/files/schema.h"
#include "bench/run_data/run_join.h"

#define EXIT_REGRESSION 1
#define EXIT_NOTHING 3

struct comparing_runs {
	struct compare_command command;
	struct run_data run[COMPARE_RUNS];
	char *label[COMPARE_RUNS];
	struct run_data data;
	struct comparisons all;
};

static const char *const usual[][4] = {
	[RUN_DATA_STORSYNC] = { "isr_latency_p50", "isr_latency_p99", "sync_wait_p99", "iops" },
	[RUN_DATA_GOOGLE_BENCHMARK] = { "real_time", "cpu_time", NULL, NULL },
};

static int nothing(const char *why)
{
	fprintf(stderr, "storsync compare: %s\n", why);
	return EXIT_NOTHING;
}

/* --- reading --- */

static void take_usual(struct compare_command *command, enum run_data_kind kind)
{
	command->figures = 0;
	for (size_t i = 0; i < 4 && usual[kind][i]; i++)
		command->figure[command->figures++] = figure_find(usual[kind][i]);
}

/* The last part of a path, without a slash at its end; the caller frees it. */
static char *last_part(const char *path)
{
	size_t end = strlen(path);
	size_t first;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (first = end; first && path[first - 1] != '/';)
		first--;
	return strndup(path + first, end - first);
}

/* What tells two runs apart, as short as it may be. */
static void label_runs(struct comparing_runs *c)
{
	const struct compare_command *command = &c->command;

	for (size_t i = 0; i < command->runs; i++)
		c->label[i] = last_part(command->path[i]);
	if (command->runs < 2 || !c->label[0] || !c->label[1] || strcmp(c->label[0], c->label[1]) != 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		free(c->label[i]);
		c->label[i] = strdup(strcmp(command->path[0], command->path[1]) ? command->path[i] : i ? "new" : "old");
	}
}

/* With what tells of the machine behind the figures. */
static int read_run(struct comparing_runs *c, size_t i, char *error)
{
	const struct compare_command *command = &c->command;
	const struct figure *wanted[COMPARE_FIGURES + MACHINE_FIGURES];
	size_t of_machine = command->runs > 1 ? MACHINE_FIGURES : MACHINE_FIGURES_WITHIN;

	memcpy(wanted, command->figure, command->figures * sizeof(wanted[0]));
	memcpy(wanted + command->figures, machine_figures, of_machine * sizeof(wanted[0]));
	return run_data_load(&c->run[i], command->path[i], c->label[i], wanted, command->figures + of_machine, error);
}

static int load_run(struct comparing_runs *c, size_t i, char *error)
{
	struct compare_command *command = &c->command;
	bool figures_given = command->figures > 0 && i == 0;
	int status;

	if (!command->figures)
		take_usual(command, RUN_DATA_STORSYNC);
	status = read_run(c, i, error);
	if (status || figures_given || i || c->run[i].kind == RUN_DATA_STORSYNC)
		return status;
	run_data_fini(&c->run[i]);
	take_usual(command, RUN_DATA_GOOGLE_BENCHMARK);
	return read_run(c, i, error);
}

/* Figures and keys of the one kind are none of the other. */
static void check_kind(const struct comparing_runs *c)
{
	const struct compare_command *command = &c->command;

	if (command->runs == 2 && c->run[0].kind != c->run[1].kind)
		usage_error("%s is a run of storsync's and %s is Google Benchmark's: they have no figure in common",
			    command->path[c->run[0].kind != RUN_DATA_STORSYNC], command->path[c->run[0].kind == RUN_DATA_STORSYNC]);
	for (size_t i = 0; i < command->figures && c->run[0].kind == RUN_DATA_STORSYNC; i++) {
		if (csv_column_index(&schema_summary, command->figure[i]->column) == CSV_NO_COLUMN)
			usage_error("--metric: %s is a figure of Google Benchmark's files, and %s is a run of storsync's",
				    command->figure[i]->name, command->path[0]);
	}
}

static int load(struct comparing_runs *c, char *error)
{
	struct compare_command *command = &c->command;

	label_runs(c);
	for (size_t i = 0; i < command->runs; i++) {
		int status = c->label[i] ? load_run(c, i, error) : -ENOMEM;

		if (status == -ENODATA)
			return nothing(error);
		if (status)
			usage_error("%s", error);
	}
	check_kind(c);
	/* Names that are storsync's own have been taken apart into back ends and the rest. */
	if (!command->column_given && command->runs == 1 && c->run[0].kind == RUN_DATA_GOOGLE_BENCHMARK &&
	    !run_data_differs(&c->run[0], RUN_KEY_BACKEND)) {
		command->options.column = RUN_KEY_BENCHMARK;
		command->options.in_row[RUN_KEY_BENCHMARK] = false;
	}
	if (command->options.column == RUN_KEY_RUN && !command->options.baseline)
		command->options.baseline = c->label[0];
	if (run_join(&c->data, c->run, command->runs, command->filter, command->filters))
		usage_error("out of memory");
	return c->data.rows ? 0 : nothing("nothing comparable: no row passes --filter");
}

/* --- comparing --- */

/* No two values that could be compared: nothing is written. */
static bool is_any_comparable(const struct comparisons *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->comparison[i].verdict != COMPARE_NOT_COMPARABLE)
			return true;
	}
	return false;
}

static int compare(struct comparing_runs *c, char *error)
{
	int status = compare_cells(&c->all, &c->data, &c->command.options, error, RUN_DATA_ERROR_BYTES);

	if (status == -ENODATA)
		return nothing(error);
	if (status)
		usage_error("%s", error);
	if (!is_any_comparable(&c->all)) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "nothing comparable, in any of %zu comparisons; of the first: %s", c->all.count,
			 c->all.comparison[0].why);
		return nothing(error);
	}
	for (size_t i = 0; i < sizeof(c->all.warning) / sizeof(c->all.warning[0]); i++) {
		if (c->all.warning[i][0])
			fprintf(stderr, "storsync compare: warning: %s\n", c->all.warning[i]);
	}
	return 0;
}

/* --- writing --- */

static bool in_colour(const struct compare_command *command)
{
	const char *no_colour = getenv("NO_COLOR");

	return strcmp(command->output, "-") == 0 && isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]);
}

static int write_as_asked(const struct compare_result *result, FILE *out)
{
	switch (result->command->format) {
	case COMPARE_MD:
		return compare_write_md(result, out);
	case COMPARE_CSV:
		return compare_write_csv(result, out);
	case COMPARE_JSON:
		return compare_write_json(result, out);
	case COMPARE_JUNIT:
		return compare_write_junit(result, out);
	default:
		return compare_write_text(result, out, in_colour(result->command));
	}
}

static int write_out(const struct compare_result *result, char *error)
{
	struct output_file out;
	int status = output_file_open(&out, result->command->output, false, error);

	if (!status) {
		status = write_as_asked(result, out.file);
		if (status)
			snprintf(error, OUTPUT_FILE_ERROR_BYTES, "%s: %s", result->command->output, strerror(-status));
		else
			status = output_file_close(&out);
	}
	if (!status)
		status = output_file_commit(&out);
	output_file_fini(&out);
	return status;
}

static int exit_status(const struct compare_result *result)
{
	enum compare_fail_on fail_on = result->command->fail_on;
	size_t bad = 0;

	if (fail_on >= FAIL_ON_REGRESS)
		bad += result->verdicts[COMPARE_WORSE];
	if (fail_on >= FAIL_ON_UNDECIDED)
		bad += result->verdicts[COMPARE_UNDECIDED] + result->verdicts[COMPARE_NOT_COMPARABLE];
	return bad ? EXIT_REGRESSION : EXIT_SUCCESS;
}

static int show(struct comparing_runs *c)
{
	struct compare_result result = { .command = &c->command, .run = c->run, .data = &c->data, .all = &c->all };
	char error[OUTPUT_FILE_ERROR_BYTES] = "out of memory";
	int status = compare_take_stock(&result);

	if (!status)
		status = write_out(&result, error);
	free(result.order);
	if (status)
		usage_error("%s%s", strcmp(c->command.output, "-") ? "--output: " : "cannot write to ", error);
	return exit_status(&result);
}

int compare_main(int argc, char **argv)
{
	static struct comparing_runs c;
	char error[RUN_DATA_ERROR_BYTES] = "out of memory", refusal[OUTPUT_FILE_ERROR_BYTES];
	int status;

	compare_command_parse(&c.command, argc, argv);
	if (output_file_check(c.command.output, false, refusal))
		usage_error("--output: %s", refusal);
	status = load(&c, error);
	if (!status)
		status = compare(&c, error);
	if (!status)
		status = show(&c);
	comparisons_fini(&c.all);
	run_join_fini(&c.data);
	for (size_t i = 0; i < COMPARE_RUNS; i++) {
		run_data_fini(&c.run[i]);
		free(c.label[i]);
	}
	for (size_t i = 0; i < c.command.filters; i++)
		key_filter_fini(&c.command.filter[i]);
	quantity_list_fini(&c.command.candidates);
	return status;
}
