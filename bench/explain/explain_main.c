/* SPDX-License-Identifier: MIT */
/* `storsync explain`; see explain_main.h. */
#include "bench/explain/explain_main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/explain/pairs.h"
#include "bench/explain/print.h"

enum { EXIT_NOTHING = 3 };

/* Columns of text, where there is no narrower terminal. */
#define WIDTH 100
#define WIDTH_LEAST 40
#define CELL_ID_LEAST 4
#define FILTERS_MAX 16

struct explain_options {
	const char *run;
	const char *cell;
	const char *baseline;
	bool has_against;
	struct key_filter against;
	size_t filters;
	struct key_filter filter[FILTERS_MAX];
	enum print_format format;
};

enum { KEY_BASELINE = 0x100, KEY_AGAINST, KEY_FILTER, KEY_FORMAT };

static void parse_filter(const char *option, const char *text, struct key_filter *filter)
{
	char error[RUN_DATA_ERROR_BYTES];
	int status = key_filter_parse(filter, text, error, sizeof(error));

	if (status)
		usage_error("--%s: %s", option, status == -ENOMEM ? "out of memory" : error);
}

static void parse_against(struct explain_options *options, const char *text)
{
	if (options->has_against)
		usage_error("--against is given twice: use it once");
	parse_filter("against", text, &options->against);
	if (options->against.negated || options->against.values > 1)
		usage_error("--against: '%s' is not one value: use KEY=VALUE", text);
	if (options->against.key == RUN_KEY_RUN)
		usage_error("--against: 'run' is which of several runs, and there is one: `storsync compare` takes two");
	options->has_against = true;
}

static enum print_format format_of(const char *text)
{
	static const char *const names[] = { [PRINT_TEXT] = "text", [PRINT_MARKDOWN] = "md", [PRINT_JSON] = "json" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0)
			return i;
	}
	usage_error("--format: '%s' is no format: use text, md or json", text);
}

static void parse_argument(struct explain_options *options, const char *text)
{
	if (!options->run)
		options->run = text;
	else if (options->cell)
		usage_error("'%s' is one argument too many: use DIR and at most one CELL", text);
	else if (strlen(text) < CELL_ID_LEAST)
		usage_error("'%s' is too short for a cell: use at least %d characters of its cell_id", text, CELL_ID_LEAST);
	else
		options->cell = text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct explain_options *options = state->input;

	switch (key) {
	case KEY_BASELINE:
		options->baseline = argument;
		return 0;
	case KEY_AGAINST:
		parse_against(options, argument);
		return 0;
	case KEY_FILTER:
		if (options->filters == FILTERS_MAX)
			usage_error("--filter: more than %d", FILTERS_MAX);
		parse_filter("filter", argument, &options->filter[options->filters++]);
		return 0;
	case KEY_FORMAT:
		options->format = format_of(argument);
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(options, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static unsigned width_of(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) || size.ws_col < WIDTH_LEAST)
		return WIDTH;
	return size.ws_col < WIDTH ? size.ws_col : WIDTH;
}

static void print_head(const struct printer *printer, const struct run_data *data, const struct explanation *explanation,
		       size_t cell)
{
	char text[2048], keys[1024];

	overview_keys(keys, sizeof(keys), data, cell, explanation->column, explanation->column);
	snprintf(text, sizeof(text), "%s%s (cell %s) against %s (%s)%s%s; run %s", printer->format == PRINT_MARKDOWN ? "## " : "",
		 explanation->cell_name, explanation->cell.cell_id, explanation->base_name, explanation->base.cell_id,
		 *keys ? ": " : "", keys, data->run_id);
	print_paragraph(printer, text);
}

static int explain_cells(const struct printer *printer, const struct run_data *data, const struct causes *causes,
			 const struct pairs *pairs)
{
	struct explanation *explanation = malloc(sizeof(*explanation));
	json_t *all = json_array();

	int status = explanation ? 0 : -ENOMEM;

	for (size_t i = 0; !status && i < pairs->count; i++) {
		status = overview_explain(explanation, data, causes, &pairs->pair[i], true);
		if (status)
			break;
		if (printer->format == PRINT_JSON) {
			json_array_append_new(all, print_explanation_json(explanation));
			continue;
		}
		if (i)
			fputc('\n', printer->out);
		print_head(printer, data, explanation, pairs->pair[i].cell);
		print_explanation(printer, explanation);
	}
	if (!status && printer->format == PRINT_JSON) {
		json_t *root = json_pack("{s:s, s:O}", "run", data->run_id, "explanations", all);

		json_dumpf(root, printer->out, JSON_INDENT(2));
		fputc('\n', printer->out);
		json_decref(root);
	} else if (!status) {
		fputc('\n', printer->out);
		print_paragraph(printer, PRINT_LEGEND " In each invocation the mean ISR latency is the sum of its parts' means; "
						      "medians need not add up exactly. These two cells are compared by "
						      "themselves; of a whole run `storsync compare` adjusts for all its "
						      "comparisons, and may leave undecided what is shown here.");
	}
	json_decref(all);
	free(explanation);
	return status;
}

static int explain_run(const struct explain_options *options, const struct run_data *data, char *error)
{
	struct pairs_options chosen = { .cell = options->cell,
					.filters = options->filters,
					.filter = options->filter,
					.baseline = options->baseline,
					.against = options->has_against ? &options->against : NULL };
	struct printer printer = { .out = stdout, .format = options->format, .width = width_of(stdout) };
	struct overview overview = { .data = data, .argument = options->run };
	struct causes causes;
	struct pairs pairs;
	int status;

	if (data->kind != RUN_DATA_STORSYNC) {
		snprintf(error, RUN_DATA_ERROR_BYTES,
			 "%s: Google Benchmark's files have no stages: use the folder of a `storsync run`", options->run);
		return -ENODATA;
	}
	status = pairs_find(&pairs, data, &chosen, error);
	if (status)
		return status;
	status = causes_read(&causes, data, error);
	if (!status) {
		overview.causes = &causes;
		overview.pairs = pairs.count;
		overview.pair = pairs.pair;
		overview.alone = pairs.alone;
		status = pairs.cells == 1 ? explain_cells(&printer, data, &causes, &pairs) : overview_print(&printer, &overview);
		if (status)
			snprintf(error, RUN_DATA_ERROR_BYTES, "out of memory");
		causes_fini(&causes);
	}
	pairs_fini(&pairs);
	return status;
}

static const struct argp_option argp_options[] = {
	{ "baseline", KEY_BASELINE, "NAME", 0, "the back end to compare with (spinlock)", 0 },
	{ "against", KEY_AGAINST, "KEY=VALUE", 0,
	  "compare with the cell that differs in this key alone, as in cpus=1 or inject_ns=0", 0 },
	{ "filter", KEY_FILTER, "KEY=VALUES", 0, "only cells with these values; may be given several times", 0 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "text, md or json (text)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

int explain_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse,
		.args_doc = "DIR [CELL]",
		.doc = "Explain why a cell of a finished run is slower, or faster, than the baseline: in sentences, each with "
		       "the figures that it rests on.\vCELL is a cell_id, or its begin. Without one, the run at a glance.\n\n"
		       "Exit status: 0 done, 2 bad input, 3 nothing to be compared.",
	};
	struct explain_options options = { 0 };
	char error[RUN_DATA_ERROR_BYTES] = "";
	struct run_data data;
	int status;

	usage_parse(&argp, "explain", argc, argv, &options);
	if (!options.run)
		usage_error("a run is missing: use the folder of a `storsync run`");
	if (options.baseline && options.has_against)
		usage_error("--baseline and --against are both given: use one");
	status = run_data_load(&data, options.run, options.run, explain_figures(), EXPLAIN_READ, error);
	if (!status) {
		status = explain_run(&options, &data, error);
		run_data_fini(&data);
	}
	for (size_t i = 0; i < options.filters; i++)
		key_filter_fini(&options.filter[i]);
	if (options.has_against)
		key_filter_fini(&options.against);
	if (status)
		fprintf(stderr, "storsync explain: %s\n", error);
	if (status)
		return status == -ENODATA ? EXIT_NOTHING : EXIT_USAGE;
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	fputs("storsync explain: cannot write to standard output\n", stderr);
	return EXIT_FAILURE;
}
