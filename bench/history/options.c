/* SPDX-License-Identifier: MIT */
/* See options.h. */
#include "bench/history/options.h"

#include <stdlib.h>
#include <string.h>

#include "bench/cli/usage.h"
#include "bench/files/output_file.h"
#include "bench/history/history_figures.h"
#include "bench/history/location.h"

#define WAIT_NS UINT64_C(10000000000)
#define WAIT_MOST_NS UINT64_C(3600000000000)

enum { KEY_WAIT = 0x100 };

static enum history_verb parse_verb(const char *text)
{
	static const struct {
		const char *name;
		enum history_verb verb;
	} verbs[] = { { "add", HISTORY_VERB_ADD }, { "list", HISTORY_VERB_LIST }, { "show", HISTORY_VERB_SHOW }, { "plot", HISTORY_VERB_PLOT } };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(text, verbs[i].name) == 0)
			return verbs[i].verb;
	}
	usage_error("'%s' is none of add, list, show and plot", text);
}

static enum history_format parse_format(const char *text)
{
	static const char *const names[] = { [HISTORY_TEXT] = "text", [HISTORY_CSV] = "csv", [HISTORY_JSON] = "json" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum history_format)i;
	}
	usage_error("--format: '%s' is none of text, csv and json", text);
}

static void parse_filter(struct history_options *options, const char *text)
{
	struct key_filter *more = realloc(options->filter, (options->filters + 1) * sizeof(*more));
	char error[512];

	if (!more)
		usage_error("out of memory");
	options->filter = more;
	if (key_filter_parse(&more[options->filters], text, error, sizeof(error)))
		usage_error("--filter: %s", error);
	options->filters++;
}

static void parse_argument(struct history_options *options, char *argument)
{
	char **more;

	if (!options->verb) {
		options->verb = parse_verb(argument);
		return;
	}
	if (options->verb != HISTORY_VERB_ADD)
		usage_error("'%s': only `add` takes arguments, the folders of runs; --host and --filter choose what is shown", argument);
	more = realloc(options->run, (options->runs + 1) * sizeof(*more));
	if (!more)
		usage_error("out of memory");
	options->run = more;
	more[options->runs++] = argument;
}

/* The option is for these verbs, and no others. */
static void is_for(struct history_options *options, const char *name, unsigned verbs)
{
	for (unsigned verb = HISTORY_VERB_ADD; verb <= HISTORY_VERB_PLOT; verb <<= 1) {
		if (!(verbs & verb))
			options->misfit[verb] = name;
	}
}

static void check_options(struct history_options *options)
{
	if (!options->verb)
		usage_error("what to do is missing: add, list, show or plot; `storsync history --help` tells what each does");
	if (options->misfit[options->verb])
		usage_error("%s is not for this; `storsync history --help` tells what is", options->misfit[options->verb]);
	if (options->verb == HISTORY_VERB_ADD && !options->runs)
		usage_error("a run's folder is missing: storsync history add results/RUN");
	if (options->output && strcmp(options->output, "-") != 0) {
		size_t length = strlen(options->output);
		char error[OUTPUT_FILE_ERROR_BYTES];

		if (length < 5 || strcmp(options->output + length - 4, ".svg") != 0)
			usage_error("--output: '%s': pictures are SVG; use a name that ends in .svg, or - for standard output", options->output);
		if (output_file_check(options->output, false, error))
			usage_error("--output: %s", error);
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct history_options *options = state->input;

	switch (key) {
	case 'd':
		if (!*argument)
			usage_error("--db: a file's name is missing");
		options->db = argument;
		return 0;
	case KEY_WAIT:
		options->wait_ns = usage_duration("wait", argument);
		if (options->wait_ns > WAIT_MOST_NS)
			usage_error("--wait: %s is out of range; use 0 to 60m", argument);
		return 0;
	case 'H':
		is_for(options, "--host", HISTORY_VERB_LIST | HISTORY_VERB_SHOW | HISTORY_VERB_PLOT);
		options->host = argument;
		return 0;
	case 'f':
		is_for(options, "--format", HISTORY_VERB_LIST | HISTORY_VERB_SHOW);
		options->format = parse_format(argument);
		return 0;
	case 'm':
		is_for(options, "--metric", HISTORY_VERB_SHOW | HISTORY_VERB_PLOT);
		options->figure = history_figure_find(argument);
		if (!options->figure)
			usage_error("--metric: '%s' is none that a history keeps; use one of %s", argument, history_figure_names());
		return 0;
	case 'F':
		is_for(options, "--filter", HISTORY_VERB_SHOW | HISTORY_VERB_PLOT);
		parse_filter(options, argument);
		return 0;
	case 'o':
		is_for(options, "--output", HISTORY_VERB_PLOT);
		options->output = argument;
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(options, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void history_options_parse(struct history_options *options, int argc, char **argv)
{
	static const struct argp_option argp_options[] = {
		{ "db", 'd', "FILE", 0,
		  "the database (default: $STORSYNC_HISTORY, else storsync/history.sqlite in $XDG_DATA_HOME or ~/.local/share)", 0 },
		{ "wait", KEY_WAIT, "TIME", 0, "how long to wait for another process that writes to it (default: 10s)", 0 },
		{ "host", 'H', "NAME", 0, "list, show, plot: runs of this machine only", 0 },
		{ "metric", 'm', "NAME", 0, "show, plot: the figure (default: isr_latency_p50); another name lists those that are kept", 0 },
		{ "filter", 'F', "KEY=VALUES", 0, "show, plot: these cells only, as backend=mcs,ticket; may be repeated", 0 },
		{ "format", 'f', "text|csv|json", 0, "list, show: text (the default), CSV or JSON", 0 },
		{ "output", 'o', "FILE", 0, "plot: an SVG file that is not there yet, or - (default: a drawing in letters)", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = argp_options, .parser = parse, .args_doc = "add RUN...\nlist\nshow\nplot",
		.doc = "Runs over time: keeps the figures of finished runs in one file, and shows each host's cells from run to run, "
		       "with the points where a level changed.\v"
		       "add: takes runs in by their folders; one that is there already stays as it is\n"
		       "list: the runs\n"
		       "show: for each host and cell the median of each run, its interval, and change points\n"
		       "plot: the same, drawn, 8 cells at most\n\n"
		       "Only `add` writes.  Exit status: 0 done, 2 usage, a run that cannot be taken in, or a file that is no history, "
		       "3 nothing to show, 4 no gnuplot.",
	};

	*options = (struct history_options){ .wait_ns = WAIT_NS, .figure = history_figure_find("isr_latency_p50") };
	usage_parse(&argp, "history", argc, argv, options);
	check_options(options);
	options->path = history_location(options->db);
	if (!options->path)
		usage_error("there is no HOME to keep a history in; name a file with --db");
}

void history_options_fini(struct history_options *options)
{
	for (size_t i = 0; i < options->filters; i++)
		key_filter_fini(&options->filter[i]);
	free(options->filter);
	free(options->run);
	free(options->path);
}
