/* SPDX-License-Identifier: MIT */
/* The command line of `storsync export`; see export.h. */
#define _GNU_SOURCE
#include "bench/export/export.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/quantity.h"
#include "bench/cli/usage.h"

#define EXIT_NOTHING 3

enum { OPTION_FILTER = 256, OPTION_METRIC, OPTION_PER, OPTION_UNIT, OPTION_WORST, OPTION_TIME, OPTION_LIST };

static const struct export_format *const formats[] = {
	&export_hgrm, &export_google_benchmark, &export_trace_events, &export_gnuplot,
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct request {
	const struct export_format *format;
	struct export_options options;
	const char *metric;
	const char *out;
	bool is_stdout;
	const char *per, *unit, *worst, *time; /* as given, NULL: not */
	struct key_filter *filter;
	size_t filters;
};

static void list_formats(FILE *out)
{
	for (size_t i = 0; i < FORMATS; i++)
		fprintf(out, "  %-17s %s\n  %-17s writes %s\n", formats[i]->name, formats[i]->help, "", formats[i]->result);
}

static const struct export_format *find_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++) {
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	usage_error("there is no format '%s'; use hgrm, google-benchmark, trace-events or gnuplot", name);
}

static void add_filter(struct request *r, const char *text)
{
	char error[RUN_DATA_ERROR_BYTES] = "out of memory";
	struct key_filter *more = realloc(r->filter, (r->filters + 1) * sizeof(*more));

	if (more)
		r->filter = more;
	if (!more || key_filter_parse(&more[r->filters], text, error, sizeof(error)))
		usage_error("--filter: %s", error);
	r->filters++;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct request *r = state->input;

	switch (key) {
	case 'o':
		r->out = argument;
		r->is_stdout = strcmp(argument, "-") == 0;
		return 0;
	case OPTION_FILTER:
		add_filter(r, argument);
		return 0;
	case OPTION_METRIC:
		r->metric = argument;
		return 0;
	case OPTION_PER:
		r->per = argument;
		return 0;
	case OPTION_UNIT:
		r->unit = argument;
		return 0;
	case OPTION_WORST:
		r->worst = argument;
		return 0;
	case OPTION_TIME:
		r->time = argument;
		return 0;
	case OPTION_LIST:
		list_formats(stdout);
		exit(fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS);
	case ARGP_KEY_ARG:
		if (!r->format)
			r->format = find_format(argument);
		else if (!r->options.directory)
			r->options.directory = argument;
		else
			usage_error("'%s' is one argument too many; use `storsync export FORMAT DIR`, and --filter for each filter", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* An option that the format has no use for is a mistake of the user's. */
static void refuse_others(const struct request *r)
{
	const struct {
		const char *name;
		const char *given;
		const struct export_format *of;
	} options[] = {
		{ "per", r->per, &export_hgrm }, { "unit", r->unit, &export_hgrm },
		{ "worst", r->worst, &export_trace_events }, { "time", r->time, &export_trace_events },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].given && r->format != options[i].of)
			usage_error("--%s is of the format %s, not of %s", options[i].name, options[i].of->name, r->format->name);
	}
}

static void choose_metrics(struct export_options *o, const char *text)
{
	struct quantity_list list;
	char error[256];

	if (strcmp(text, "all") == 0) {
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			o->has_metric[m] = true;
		return;
	}
	if (quantity_list(text, &list, error, sizeof(error)))
		usage_error("--metric: %s", error);
	for (size_t i = 0; i < list.count; i++) {
		unsigned m = 0;

		while (m < METRIC_COUNT && strcmp(export_metric_name((enum metric)m), list.items[i]) != 0)
			m++;
		if (m == METRIC_COUNT)
			usage_error("--metric: there is no metric '%s'; `storsync list` has them, \"all\" is all of them", list.items[i]);
		o->has_metric[m] = true;
	}
	quantity_list_fini(&list);
}

/* A figure that is a time, or a metric, which means its median. */
static void choose_figure(struct export_options *o, const char *text)
{
	char median[80];

	snprintf(median, sizeof(median), "%s_p50", text);
	o->figure = figure_find(median);
	if (!o->figure)
		o->figure = figure_find(text);
	if (!o->figure || strcmp(o->figure->unit, "ns") != 0 || strcmp(o->figure->name, "real_time") == 0 ||
	    strcmp(o->figure->name, "cpu_time") == 0)
		usage_error("--metric: '%s' is no time of summary.csv; use a metric, such as isr_latency, which is its median, or a column, "
			    "such as isr_latency_p99_ns", text);
}

static void settle(struct request *r)
{
	struct export_options *o = &r->options;
	const char *unit = r->unit ? r->unit : "ns";
	uint64_t worst = 8;
	char error[256];

	refuse_others(r);
	if (r->format == &export_google_benchmark)
		choose_figure(o, r->metric ? r->metric : "isr_latency");
	else
		choose_metrics(o, r->metric ? r->metric : r->format == &export_trace_events ? "isr_latency,sync_wait" : "isr_latency");
	if (r->format == &export_trace_events) {
		for (unsigned m = 0; r->metric && strcmp(r->metric, "all") != 0 && m < METRIC_COUNT; m++) {
			if (o->has_metric[m] && m != METRIC_ISR_LATENCY && m != METRIC_SYNC_WAIT)
				usage_error("--metric: events are kept of isr_latency and sync_wait, not of '%s'", export_metric_name((enum metric)m));
		}
	}
	if (r->per && strcmp(r->per, "cell") != 0 && strcmp(r->per, "invocation") != 0)
		usage_error("--per: '%s' is neither cell nor invocation", r->per);
	o->is_per_invocation = r->per && strcmp(r->per, "invocation") == 0;
	if (r->time && strcmp(r->time, "event") != 0 && strcmp(r->time, "window") != 0)
		usage_error("--time: '%s' is neither event nor window", r->time);
	o->is_in_window = r->time && strcmp(r->time, "window") == 0;
	o->unit = unit;
	o->unit_ns = strcmp(unit, "ns") == 0 ? 1 : strcmp(unit, "us") == 0 ? 1e3 : strcmp(unit, "ms") == 0 ? 1e6 : 0;
	if (o->unit_ns == 0)
		usage_error("--unit: '%s' is none of ns, us and ms", unit);
	if (r->worst && (quantity_count(r->worst, &worst, error, sizeof(error)) || !worst || worst > 1000000))
		usage_error("--worst: '%s' is not a number of events from 1 on", r->worst);
	o->worst = (unsigned)worst;
}

enum metric export_metric_of(const struct csv_field *field)
{
	unsigned m = 0;

	while (m < METRIC_COUNT && !(field->bytes && csv_field_is(field, export_metric_name((enum metric)m))))
		m++;
	return (enum metric)m;
}

char *export_path(const struct export_options *options, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", options->directory, name) < 0 ? NULL : path;
}

/* What the result does not rest on, and what it rests on though it is to be trusted less. */
static void tell_rows(const struct export_selection *s)
{
	if (s->left_out)
		fprintf(stderr, "storsync export: %zu row%s left out, for a status other than ok\n", s->left_out, s->left_out == 1 ? "" : "s");
	if (s->gated)
		fprintf(stderr, "storsync export: %zu of %zu invocations have gate codes, which say why they are to be trusted less\n",
			s->gated, s->rows);
}

static int export_selection(const struct request *r, const struct export_selection *s, char *error)
{
	bool is_many = r->format->is_many && r->format->is_many(s, &r->options);
	bool is_folder = r->format->is_folder || is_many || (!r->is_stdout && r->format->is_many && output_file_is_folder(r->out));
	struct output_file out;
	int status;

	if (is_folder && r->is_stdout)
		usage_error("there is more than one file to write; give a folder with -o, or choose with --filter");
	if (r->is_stdout && isatty(STDOUT_FILENO) && r->format == &export_trace_events)
		usage_error("standard output is a terminal; give a file with -o, or -o - | a program");
	status = output_file_open(&out, r->out, is_folder, error);
	if (!status)
		status = r->format->write(s, &r->options, &out);
	if (!status && !out.files) {
		snprintf(error, OUTPUT_FILE_ERROR_BYTES, "%s: has nothing of that metric", r->options.directory);
		status = -ENODATA;
	}
	if (!status)
		status = output_file_commit(&out);
	if (!status && out.target)
		fprintf(stderr, "storsync export: %u file%s, %s\n", out.files, out.files == 1 ? "" : "s", out.target);
	output_file_fini(&out);
	return status;
}

static int export_run(struct request *r)
{
	const struct figure *const *wanted = r->format->figures ? r->format->figures(&r->options) : NULL;
	char error[OUTPUT_FILE_ERROR_BYTES] = "";
	struct export_selection s;
	size_t count = 0;
	int status;

	while (wanted && wanted[count])
		count++;
	status = export_selection_load(&s, r->options.directory, r->filter, r->filters, wanted, count, error);
	if (!status) {
		tell_rows(&s);
		status = export_selection(r, &s, error);
		export_selection_fini(&s);
	}
	if (status)
		fprintf(stderr, "storsync export: %s\n", error[0] ? error : strerror(-status));
	return !status ? EXIT_SUCCESS : status == -ENODATA ? EXIT_NOTHING : EXIT_USAGE;
}

static char *describe(int key, const char *text, void *input)
{
	char *all = NULL;
	size_t bytes;
	FILE *out;

	if (key != ARGP_KEY_HELP_POST_DOC || !(out = open_memstream(&all, &bytes)))
		return (char *)text;
	fputs("Formats:\n", out);
	list_formats(out);
	fprintf(out, "\n%s", text);
	fclose(out);
	return all;
}

int export_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "OUT", 0, "the file, or the folder where there are several; must not exist, or be an empty folder", 0 },
		{ "filter", OPTION_FILTER, "KEY=VALUES", 0, "only cells with these values of a key column, or KEY!=VALUES; several: all "
		  "must hold", 0 },
		{ "metric", OPTION_METRIC, "LIST", 0, "what is exported: a list of metrics, or all; default isr_latency. google-benchmark: "
		  "the one time that is compared, a metric for its median or a column", 0 },
		{ "per", OPTION_PER, "cell|invocation", 0, "hgrm: a table for each cell (default) or each invocation", 0 },
		{ "unit", OPTION_UNIT, "ns|us|ms", 0, "hgrm: unit of the values; default ns", 0 },
		{ "worst", OPTION_WORST, "N", 0, "trace-events: so many events of each cell and metric; default 8", 0 },
		{ "time", OPTION_TIME, "event|window", 0, "trace-events: times count from the event's begin (default) or the measured "
		  "window's", 0 },
		{ "list", OPTION_LIST, NULL, 0, "list the formats", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "FORMAT DIR", .help_filter = describe,
		.doc = "Write a finished run, the folder DIR, in the format of other tools."
		       "\vInvocations that are not ok are left out, and it is said how many.",
	};
	struct request r = { .is_stdout = true };
	int status;

	usage_parse(&argp, "export", argc, argv, &r);
	if (!r.format)
		usage_error("a format is missing: hgrm, google-benchmark, trace-events or gnuplot; --list tells what each writes");
	if (!r.options.directory)
		usage_error("the folder of a run is missing: `storsync export %s DIR`", r.format->name);
	settle(&r);
	status = export_run(&r);
	for (size_t i = 0; i < r.filters; i++)
		key_filter_fini(&r.filter[i]);
	free(r.filter);
	return status;
}
