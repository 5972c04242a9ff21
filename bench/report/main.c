/* SPDX-License-Identifier: MIT */
/*
 * `storsync report`; see report.h.
 *
 * The page is made in memory first: a run that cannot be shown leaves no file behind, and no half of one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/usage.h"
#include "bench/files/output_file.h"
#include "bench/report/page.h"
#include "bench/report/report.h"

enum { EXIT_NOTHING = 3 };

struct report_options {
	const char *directory, *output, *baseline, *title;
};

static void deliver(const struct report_options *options, const char *text, size_t bytes, const struct report_data *data,
		    size_t pictures)
{
	char error[OUTPUT_FILE_ERROR_BYTES];

	if (output_file_write(options->output, text, bytes, error))
		usage_error("%s%s", strcmp(options->output, "-") ? "--output: " : "cannot write to ", error);
	if (strcmp(options->output, "-") == 0)
		return;
	printf("%s: %.1f MB, %zu comparisons, %zu pictures\n", options->output, (double)bytes / 1e6, data->comparisons.count,
	       pictures);
	if (fflush(stdout))
		exit(EXIT_USAGE);
}

/* One line on stderr; what there is nothing in is told apart from what is wrong. */
static void refuse(int status, const char *error)
{
	fprintf(stderr, "storsync report: %s\n", error);
	exit(status == -ENODATA ? EXIT_NOTHING : EXIT_USAGE);
}

static void make_report(const struct report_options *options)
{
	char error[RUN_DATA_ERROR_BYTES] = "";
	struct picture *picture = NULL;
	struct report_data data;
	size_t pictures = 0, bytes = 0;
	char *text = NULL;
	FILE *out;
	int status;

	status = report_data_load(&data, options->directory, options->baseline, error);
	if (status)
		refuse(status, error);
	status = pictures_draw(&data, &picture, &pictures, error, sizeof(error));
	if (status)
		refuse(status, error);
	out = open_memstream(&text, &bytes);
	if (!out)
		refuse(-ENOMEM, "out of memory");
	status = page_write(out, &data, picture, pictures, options->title, error);
	if (fclose(out))
		refuse(-ENOMEM, "out of memory");
	if (status)
		refuse(status, error);
	deliver(options, text, bytes, &data, pictures);
	free(text);
	pictures_free(picture, pictures);
	report_data_fini(&data);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct report_options *options = state->input;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case 'b':
		options->baseline = argument;
		return 0;
	case 't':
		options->title = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (options->directory)
			usage_error("'%s': one folder at a time", argument);
		options->directory = argument;
		return 0;
	case ARGP_KEY_END:
		if (!options->directory)
			usage_error("a run's folder is missing: storsync report results/RUN -o report.html");
		if (!options->output)
			usage_error("--output is missing: where the report of %s is to go, such as -o report.html, or - for standard output",
				    options->directory);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int report_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "FILE", 0, "the file to write, which must not exist; - is standard output", 0 },
		{ "baseline", 'b', "NAME", 0,
		  "the back end that the others are compared with; default: spinlock, else the run's first", 0 },
		{ "title", 't', "TEXT", 0, "the page's title; default: matrix and host", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DIR",
		.doc = "Shows a finished run as one HTML file that needs nothing else: what it was, how far to trust it, "
		       "verdicts, pictures.\v"
		       "Pictures are drawn by gnuplot (apt-get install gnuplot-nox).\n\n"
		       "Exit status: 0 written, 2 usage or bad input, 3 the run has no rows to show yet. Nothing is written "
		       "unless all is well.",
	};
	struct report_options given = { 0 };
	char error[OUTPUT_FILE_ERROR_BYTES];

	usage_parse(&argp, "report", argc, argv, &given);
	/* Before minutes are spent on what cannot be stored. */
	if (output_file_check(given.output, false, error))
		usage_error("--output: %s", error);
	make_report(&given);
	return EXIT_SUCCESS;
}
