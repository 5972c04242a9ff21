/* SPDX-License-Identifier: MIT */
/* The command line of `storsync run` and `storsync plan`; see options.h. */
#include "bench/run/options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/cli/quantity.h"
#include "bench/cli/usage.h"
#include "bench/files/schema.h"
#include "bench/matrix/refuse.h"
#include "bench/matrix/shipped.h"

/* Rows of the tables without a letter of their own are known by number. */
enum option_key {
	KEY_DIMENSION = 0x100,
	KEY_SETTING = 0x200,
	KEY_PROFILE = 0x300,
	KEY_FILTER,
	KEY_TABLE,
	KEY_SHARD,
	KEY_BUDGET,
	KEY_UNTIL_CI,
	KEY_FRESH,
	KEY_PRINT,
	KEY_OUTPUT = 'o',
};

enum option_group { GROUP_MATRIX = 1, GROUP_COMPARED, GROUP_LOAD, GROUP_MEASUREMENT, GROUP_RUN };

static const struct argp_option own_options[] = {
	{ NULL, 0, NULL, 0, "The matrix:", GROUP_MATRIX },
	{ "profile", KEY_PROFILE, "NAME", 0, "the variant of the matrix that it calls so", GROUP_MATRIX },
	{ "filter", KEY_FILTER, "EXPR", 0,
	  "keep the cells for which it holds, such as 'backends=rcu-*,ticket' or 'cpus!=1'; of several, all must hold", GROUP_MATRIX },
	{ NULL, 0, NULL, 0, "What is compared (lists are separated by commas, and replace those of the matrix):", GROUP_COMPARED },
	{ NULL, 0, NULL, 0, "The load:", GROUP_LOAD },
	{ NULL, 0, NULL, 0, "The measurement:", GROUP_MEASUREMENT },
	{ NULL, 0, NULL, 0, "The run:", GROUP_RUN },
	{ "shard", KEY_SHARD, "K/N", 0, "only the K-th of N shares of the blocks, for N machines; needs --seed", GROUP_RUN },
	{ "budget", KEY_BUDGET, "TIME", 0, "begin nothing that would not be over in that time, such as 30m; the same command goes on later", GROUP_RUN },
	{ "until-ci", KEY_UNTIL_CI, "P%[:METRIC]", 0,
	  "add blocks until every cell's median is known to P% (default metric: isr_latency_p50_ns)", GROUP_RUN },
	{ "fresh", KEY_FRESH, NULL, 0, "do not go on with an interrupted run: begin anew", GROUP_RUN },
	{ "table", KEY_TABLE, "LIST", 0,
	  "what is printed: latency (the default), bounds (bounds on waiting, and starvation); latency,bounds: both in turn", GROUP_RUN },
	{ "output", KEY_OUTPUT, "DIR", 0, "where the files go: a folder that is new, empty, or holds the same run, which then goes on (default: results/<run id>)", GROUP_RUN },
};

static const struct argp_option print_option = {
	"print", KEY_PRINT, NULL, 0, "print the shipped matrix as a file, to copy and edit", GROUP_MATRIX
};

#define OWN_OPTIONS (sizeof(own_options) / sizeof(own_options[0]))

static const char run_doc[] =
	"Run a matrix of cells on the simulated HBA, compare the back ends and write CSV files.\v"
	"MATRIX is a YAML file or a shipped one (default: default):\n%s"
	"\nExit status: 0 done, 2 usage, 3 nothing to measure, 4 the disk is too full, 5 partial: interrupted, or a cell failed; its row says how.";

static const char plan_doc[] =
	"Print what `storsync run` would do with the same arguments: cells, blocks, and how long it takes.\v"
	"MATRIX is a YAML file or a shipped one (default: default):\n%s"
	"\nExit status: 0 printed, 2 usage.";

struct parsing {
	struct run_options *options;
	struct matrix_options matrix;
	bool is_plan;
};

static void parse_table(struct run_options *options, const char *text)
{
	struct quantity_list tables = { 0 };
	char error[256];

	if (quantity_list(text, &tables, error, sizeof(error)))
		usage_error("--table: %s", error);
	options->table_latency = options->table_bounds = false;
	for (size_t i = 0; i < tables.count; i++) {
		if (strcmp(tables.items[i], "latency") == 0)
			options->table_latency = true;
		else if (strcmp(tables.items[i], "bounds") == 0)
			options->table_bounds = true;
		else
			usage_error("--table: '%s' is neither latency nor bounds", tables.items[i]);
	}
	quantity_list_fini(&tables);
}

static void parse_shard(struct run_options *options, const char *text)
{
	const char *slash = strchr(text, '/');
	uint64_t shard, shards;
	char first[8], error[256];

	if (!slash || (size_t)(slash - text) >= sizeof(first))
		usage_error("--shard: '%.40s' is not K/N; write 2/3 for the second of three shares", text);
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	if (quantity_count(first, &shard, error, sizeof(error)) || quantity_count(slash + 1, &shards, error, sizeof(error)))
		usage_error("--shard: %s", error);
	if (shard < 1 || shard > shards || shards > RUN_SHARDS_MAX)
		usage_error("--shard: %s is out of range; use 1/N to N/N, N up to %d", text, RUN_SHARDS_MAX);
	options->shard = (unsigned)shard;
	options->shards = (unsigned)shards;
}

static void parse_until_ci(struct run_options *options, const char *text)
{
	const char *colon = strchr(text, ':');
	char share[32], error[256];
	size_t column;

	snprintf(share, sizeof(share), "%.*s", colon ? (int)(colon - text) : 31, text);
	if (quantity_percentage(share, &options->until_ci, error, sizeof(error)))
		usage_error("--until-ci: %s", error);
	if (options->until_ci <= 0)
		usage_error("--until-ci: %s is never reached; use a percentage above 0, such as 5%%", share);
	if (!colon)
		return;
	column = csv_column_index(&schema_summary, colon + 1);
	if (column == CSV_NO_COLUMN || strlen(colon + 1) >= sizeof(options->until_ci_metric) ||
	    (schema_summary.columns[column].type != CSV_INTEGER && schema_summary.columns[column].type != CSV_NUMBER))
		usage_error("--until-ci: '%.60s' is no number in summary.csv; use one such as isr_latency_p99_ns or iops", colon + 1);
	strcpy(options->until_ci_metric, colon + 1);
}

static error_t parse_table_row(int key, char *argument, struct matrix_options *matrix)
{
	for (size_t d = 0; d < DIMENSIONS; d++) {
		if (key == dimensions[d].option || key == KEY_DIMENSION + (int)d) {
			matrix->dimension[d] = argument;
			return 0;
		}
	}
	for (size_t i = 0; i < SETTINGS; i++) {
		if (key == settings_table[i].option || key == KEY_SETTING + (int)i) {
			matrix->setting[i] = argument ? argument : "true";
			return 0;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

static void add_matrix(struct parsing *parsing, const char *name)
{
	if (parsing->matrix.matrix)
		usage_error("'%.60s' is one matrix too many; there is '%.60s' already", name, parsing->matrix.matrix);
	parsing->matrix.matrix = name;
}

static void add_filter(struct matrix_options *matrix, const char *text)
{
	if (matrix->filters == MATRIX_FILTERS_MAX)
		usage_error("--filter: more than %d of them; write a matrix file instead", MATRIX_FILTERS_MAX);
	matrix->filter[matrix->filters++] = text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	struct run_options *options = parsing->options;

	switch (key) {
	case ARGP_KEY_ARG:
		add_matrix(parsing, argument);
		return 0;
	case KEY_PROFILE:
		parsing->matrix.profile = argument;
		return 0;
	case KEY_FILTER:
		add_filter(&parsing->matrix, argument);
		return 0;
	case KEY_TABLE:
		parse_table(options, argument);
		return 0;
	case KEY_SHARD:
		parse_shard(options, argument);
		return 0;
	case KEY_BUDGET:
		options->budget_ns = usage_duration("budget", argument);
		if (!options->budget_ns)
			usage_error("--budget: %s is no time at all; use one such as 30m", argument);
		return 0;
	case KEY_UNTIL_CI:
		parse_until_ci(options, argument);
		return 0;
	case KEY_FRESH:
		options->fresh = true;
		return 0;
	case KEY_PRINT:
		options->print = true;
		return 0;
	case KEY_OUTPUT:
		options->directory = argument;
		return 0;
	default:
		return key > 0 ? parse_table_row(key, argument, &parsing->matrix) : ARGP_ERR_UNKNOWN;
	}
}

/* The verb's own options, and a row for each dimension and setting. */
static void list_options(struct argp_option *list, bool is_plan)
{
	size_t n = OWN_OPTIONS;

	memcpy(list, own_options, sizeof(own_options));
	for (size_t d = 0; d < DIMENSIONS; d++) {
		const struct dimension *row = &dimensions[d];

		list[n++] = (struct argp_option){ row->name, row->option ? row->option : KEY_DIMENSION + (int)d, row->argument, 0,
						  row->help, row->is_load ? GROUP_LOAD : GROUP_COMPARED };
	}
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *row = &settings_table[i];

		if (row->help)
			list[n++] = (struct argp_option){ row->name, row->option ? row->option : KEY_SETTING + (int)i, row->argument, 0,
							  row->help, row->is_load ? GROUP_LOAD : GROUP_MEASUREMENT };
	}
	if (is_plan)
		list[n++] = print_option;
	list[n] = (struct argp_option){ 0 };
}

static void list_matrices(char *text, size_t text_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < shipped_matrix_count && used < text_bytes; i++) {
		const char *description = strstr(shipped_matrices[i].text, "\ndescription: ");
		const char *line = description ? description + strlen("\ndescription: ") : "";

		used += (size_t)snprintf(text + used, text_bytes - used, "  %-17s %.*s\n", shipped_matrices[i].name,
					 (int)strcspn(line, "\n"), line);
	}
}

static void choose_seed(struct run_options *options)
{
	struct matrix_settings *settings = &options->design.settings;
	uint32_t seed = 1;

	options->seed_given = settings->seed_given;
	if (!settings->seed_given) {
		if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			seed = (uint32_t)getpid();
		settings->seed = seed;
	}
	options->seed = settings->seed;
	if (options->shards > 1 && !options->seed_given)
		usage_error("--shard needs --seed N, the same for every share: random ones would order the blocks differently");
}

void run_options_parse(struct run_options *options, const char *verb, int argc, char **argv)
{
	static struct argp_option list[OWN_OPTIONS + DIMENSIONS + SETTINGS + 2];
	static char matrices[2048], doc[4096];
	struct parsing parsing = { .options = options, .is_plan = strcmp(verb, "plan") == 0 };
	const struct argp argp = { .options = list, .parser = parse, .args_doc = "[MATRIX]", .doc = doc };
	char error[MATRIX_ERROR_BYTES];

	*options = (struct run_options){ .shard = 1, .shards = 1, .table_latency = true, .until_ci_metric = "isr_latency_p50_ns" };
	list_options(list, parsing.is_plan);
	list_matrices(matrices, sizeof(matrices));
	snprintf(doc, sizeof(doc), parsing.is_plan ? plan_doc : run_doc, matrices);
	usage_parse(&argp, verb, argc, argv, &parsing);
	options->matrix = parsing.matrix.matrix;
	if (options->print)
		return;
	if (matrix_design_load(&options->design, &parsing.matrix, error, sizeof(error)))
		usage_error("%s", error);
	choose_seed(options);
}

void run_options_fini(struct run_options *options)
{
	matrix_design_fini(&options->design);
}

uint64_t run_options_blocks(const struct run_options *options)
{
	uint64_t blocks = options->design.settings.invocations;

	return blocks < options->shard ? 0 : (blocks - options->shard) / options->shards + 1;
}
