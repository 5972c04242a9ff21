/* SPDX-License-Identifier: MIT */
/* The command line of `storsync compare`; see command.h. */
#include "bench/compare/command.h"

#include <stdlib.h>
#include <string.h>

#include "bench/cli/usage.h"
#include "bench/run_data/key_name.h"

enum {
	KEY_METRIC = 0x100, KEY_BASELINE, KEY_CANDIDATE, KEY_COL, KEY_ROW, KEY_TABLE, KEY_FILTER, KEY_IGNORE, KEY_FLOOR, KEY_WITHIN,
	KEY_ALPHA, KEY_TEST, KEY_GATED, KEY_FAIL_ON, KEY_FORMAT,
	KEY_IGNORE_MACHINE,
};

#define METRIC_WORD "metric"

static _Noreturn void list_metrics(void)
{
	printf("%-30s %-5s %-6s %s\n", "metric", "unit", "better", "what it is");
	for (size_t i = 0; i < figure_count; i++) {
		if (figures[i].tested)
			printf("%-30s %-5s %-6s %s\n", figures[i].name, figures[i].unit, figure_better_name(figures[i].better), figures[i].words);
	}
	exit(fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void split(const char *option, const char *text, struct quantity_list *list)
{
	char error[256];

	if (quantity_list(text, list, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
}

static void parse_metrics(struct compare_command *command, const char *text)
{
	struct quantity_list list;

	if (strcmp(text, "help") == 0)
		list_metrics();
	split("metric", text, &list);
	command->figures = 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct figure *figure = figure_find(list.items[i]);

		if (!figure)
			usage_error("--metric: there is no figure '%.60s'; `storsync compare --metric help` lists them", list.items[i]);
		if (!figure->tested)
			usage_error("--metric: %s: maxima and their like are shown, never tested: choose a percentile", figure->name);
		if (command->figures == COMPARE_FIGURES)
			usage_error("--metric: more than %d figures; every one costs the others certainty", COMPARE_FIGURES);
		for (size_t j = 0; j < command->figures; j++) {
			if (command->figure[j] == figure)
				usage_error("--metric: %s is named twice", figure->name);
		}
		command->figure[command->figures++] = figure;
	}
	quantity_list_fini(&list);
}

static enum run_key parse_key(const char *option, const char *name)
{
	char error[256];
	enum run_key key = key_name_find(name, error, sizeof(error));

	if (key == RUN_KEY_COUNT)
		usage_error("--%s: %s", option, error);
	return key;
}

static void parse_keys(const char *option, const char *text, bool set[RUN_KEY_COUNT])
{
	struct quantity_list list;

	split(option, text, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (strcmp(list.items[i], METRIC_WORD) != 0 || strcmp(option, "table") != 0)
			set[parse_key(option, list.items[i])] = true;
	}
	quantity_list_fini(&list);
}

static double parse_share(const char *option, const char *text, double most)
{
	char error[256];
	double value;

	if (quantity_percentage(text, &value, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
	if (value > most)
		usage_error("--%s: %s is out of range; use at most %g%%", option, text, 100 * most);
	return value;
}

static double parse_alpha(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*end == '%' || !*text)
		value = parse_share("alpha", text, 1);
	else if (*end)
		value = -1;
	if (!(value > 0 && value <= 0.5))
		usage_error("--alpha: '%s' is out of range; use a level such as 0.05, above 0 and at most 0.5", text);
	return value;
}

static unsigned one_of(const char *option, const char *text, const char *const *names, unsigned count)
{
	char all[128] = "";

	for (unsigned i = 0; i < count; i++) {
		size_t length = strlen(all);

		if (strcmp(text, names[i]) == 0)
			return i;
		snprintf(all + length, sizeof(all) - length, "%s%s", !i ? "" : i + 1 == count ? " and " : ", ", names[i]);
	}
	usage_error("--%s: '%s' is none of %s", option, text, all);
}

static void parse_fail_on(struct compare_command *command, const char *text)
{
	static const char *const names[] = { "regress", "undecided" };
	struct quantity_list list;

	split("fail-on", text, &list);
	for (size_t i = 0; i < list.count; i++) {
		enum compare_fail_on asked = (enum compare_fail_on)(FAIL_ON_REGRESS + one_of("fail-on", list.items[i], names, 2));

		command->fail_on = asked > command->fail_on ? asked : command->fail_on;
	}
	quantity_list_fini(&list);
}

static void add_filter(struct compare_command *command, const char *text)
{
	char error[256] = "out of memory";

	if (command->filters == COMPARE_FILTERS)
		usage_error("--filter: more than %d of them", COMPARE_FILTERS);
	if (key_filter_parse(&command->filter[command->filters++], text, error, sizeof(error)))
		usage_error("--filter: %s", error);
}

static void add_run(struct compare_command *command, const char *path)
{
	if (command->runs == COMPARE_RUNS)
		usage_error("'%s' is one run too many: give one, or an old and a new one", path);
	command->path[command->runs++] = path;
}

static error_t parse_selection(int key, char *argument, struct compare_command *command)
{
	switch (key) {
	case KEY_BASELINE:
		command->options.baseline = argument;
		return 0;
	case KEY_CANDIDATE:
		quantity_list_fini(&command->candidates);
		split("candidate", argument, &command->candidates);
		return 0;
	case KEY_COL:
		command->options.column = parse_key("col", argument);
		command->column_given = true;
		return 0;
	case KEY_ROW:
		parse_keys("row", argument, command->options.in_row);
		command->rows_given = true;
		return 0;
	case KEY_TABLE:
		parse_keys("table", argument, command->in_table);
		return 0;
	case KEY_IGNORE:
		parse_keys("ignore", argument, command->options.ignored);
		return 0;
	case KEY_FILTER:
		add_filter(command, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const formats[] = { "text", "md", "csv", "json", "junit" };
	static const char *const tests[] = { "auto", "paired", "unpaired" };
	static const char *const uses[] = { "use", "drop" };
	struct compare_command *command = state->input;

	switch (key) {
	case KEY_METRIC:
		parse_metrics(command, argument);
		return 0;
	case KEY_FLOOR:
		command->options.floor = parse_share("floor", argument, 1);
		return 0;
	case KEY_WITHIN:
		command->options.equivalent_within = parse_share("equivalent-within", argument, 1);
		return 0;
	case KEY_ALPHA:
		command->options.alpha = parse_alpha(argument);
		return 0;
	case KEY_TEST:
		command->options.test = (enum compare_test)one_of("test", argument, tests, 3);
		return 0;
	case KEY_GATED:
		command->options.drop_gated = one_of("gated", argument, uses, 2) == 1;
		return 0;
	case KEY_IGNORE_MACHINE:
		command->options.ignore_machine = true;
		return 0;
	case KEY_FAIL_ON:
		parse_fail_on(command, argument);
		return 0;
	case KEY_FORMAT:
		command->format = (enum compare_format)one_of("format", argument, formats, COMPARE_FORMATS);
		return 0;
	case 'o':
		command->output = argument;
		return 0;
	case ARGP_KEY_ARG:
		add_run(command, argument);
		return 0;
	default:
		return parse_selection(key, argument, command);
	}
}

/* What was asked for must go together before a file is read. */
static void settle(struct compare_command *command)
{
	struct compare_options *options = &command->options;

	if (!command->runs)
		usage_error("a run is missing: its folder, its summary.csv, or a Google Benchmark JSON file; or two, an old and a new one");
	if (!command->column_given && command->runs == 2)
		options->column = RUN_KEY_RUN;
	if (options->column == RUN_KEY_RUN && command->runs < 2)
		usage_error("--col: run: there is only one; give an old and a new one");
	if (options->column == RUN_KEY_RUN && options->test == COMPARE_TEST_PAIRED)
		usage_error("--test: paired: runs share no blocks; use unpaired");
	options->candidate = (const char *const *)command->candidates.items;
	options->candidates = command->candidates.count;
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		bool named_twice = (options->in_row[k] || command->in_table[k]) && options->ignored[k];

		if (named_twice || (k == options->column && (options->in_row[k] || command->in_table[k] || options->ignored[k])))
			usage_error("%s is asked for twice: a key is one of --col, --row (or --table) and --ignore", run_key_name((enum run_key)k));
		options->in_row[k] |= command->in_table[k];
		if (!command->rows_given && (!run_key_is_origin((enum run_key)k) || k == RUN_KEY_RUN))
			options->in_row[k] = k != options->column && !options->ignored[k];
	}
}

void compare_command_parse(struct compare_command *command, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ NULL, 0, NULL, 0, "What is compared:", 1 },
		{ "metric", KEY_METRIC, "LIST", 0,
		  "figures (default: isr_latency_p50,isr_latency_p99,sync_wait_p99,iops; of Google Benchmark real_time,cpu_time); "
		  "--metric help lists them", 0 },
		{ "baseline", KEY_BASELINE, "NAME", 0,
		  "what the others are compared with (default: spinlock, else the first; of two runs the old one)", 0 },
		{ "candidate", KEY_CANDIDATE, "LIST", 0, "only these against it (default: all)", 0 },
		{ "filter", KEY_FILTER, "EXPR", 0,
		  "only rows with KEY=VALUE,... or KEY!=VALUE,...; patterns allowed; repeat it, all must hold", 0 },
		{ "gated", KEY_GATED, "use|drop", 0,
		  "rows with a gate code: use them and say how many there are (the default), or leave them out", 0 },
		{ NULL, 0, NULL, 0, "How rows are taken together; keys are columns of summary.csv:", 2 },
		{ "col", KEY_COL, "KEY", 0, "the key whose values are compared (default: backend; of two runs, run)", 0 },
		{ "row", KEY_ROW, "KEYS", 0, "keys that tell comparisons apart (default: all others of a cell)", 0 },
		{ "table", KEY_TABLE, "KEYS", 0, "of these, those that begin a table of their own (default: metric, which always does)", 0 },
		{ "ignore", KEY_IGNORE, "KEYS", 0, "rows that differ in these are taken together, without a warning", 0 },
		{ NULL, 0, NULL, 0, "How it is judged:", 3 },
		{ "floor", KEY_FLOOR, "PERCENT", 0,
		  "the least ratio that counts, where the noise floor that was measured is lower (default: 1%)", 0 },
		{ "equivalent-within", KEY_WITHIN, "PERCENT", 0,
		  "the most that equivalent ones may differ by, where the noise floor is higher (default: 10%)", 0 },
		{ "alpha", KEY_ALPHA, "LEVEL", 0,
		  "of all comparisons of a figure together (default: 0.05); intervals are of confidence 1 - LEVEL each", 0 },
		{ "test", KEY_TEST, "auto|paired|unpaired", 0,
		  "Wilcoxon's by block where there are enough blocks, else Mann and Whitney's (auto, the default); "
		  "or always the one or the other", 0 },
		{ "ignore-machine", KEY_IGNORE_MACHINE, NULL, 0,
		  "judge, too, where the machine that was witnessed differed between the sides (default: that is undecided)", 0 },
		{ NULL, 0, NULL, 0, "What comes of it:", 4 },
		{ "fail-on", KEY_FAIL_ON, "regress|undecided", 0,
		  "exit with 1 when anything is worse; undecided: also when anything could not be decided", 0 },
		{ "format", KEY_FORMAT, "text|md|csv|json|junit", 0, "text is the default", 0 },
		{ "output", 'o', "FILE", 0, "write to FILE, which must not exist; - is standard output, the default", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "RUN\nOLD NEW",
		.doc = "Compare back ends of a run, or two runs: which is better, by how much, and whether that is real. "
		       "RUN is a run's folder, its summary.csv, or a Google Benchmark JSON file.\v"
		       "docs/comparing.md tells how to read a verdict.\n"
		       "Exit status: 0 done, 1 as --fail-on says, 2 usage or bad input, 3 nothing comparable.",
	};

	*command = (struct compare_command){ .output = "-" };
	compare_options_init(&command->options);
	usage_parse(&argp, "compare", argc, argv, command);
	settle(command);
}
