/* SPDX-License-Identifier: MIT */
/*
 * `storsync report`; see report.h.
 *
 * The page is made in memory first: a run that cannot be shown leaves no file behind, and no half of one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/files/json_file.h"
#include "bench/report/page.h"
#include "bench/report/report.h"

enum { EXIT_NOTHING = 3 };

struct report_options {
	const char *directory, *output, *baseline, *title;
};

static bool to_stdout(const struct report_options *options)
{
	return strcmp(options->output, "-") == 0;
}

/* Before minutes are spent on what cannot be stored. */
static void check_output(const struct report_options *options)
{
	char path[PATH_MAX];
	struct stat info;

	if (to_stdout(options))
		return;
	if (!*options->output || strlen(options->output) >= sizeof(path) - 16)
		usage_error("--output '%.64s': the name of a file, such as report.html", options->output);
	if (lstat(options->output, &info) == 0)
		usage_error("--output %s: exists; choose another name", options->output);
	snprintf(path, sizeof(path), "%s", options->output);
	if (path[strlen(path) - 1] == '/')
		usage_error("--output %s: the name of a file, not of a folder", options->output);
	if (access(dirname(path), W_OK | X_OK))
		usage_error("--output %s: nothing can be written there: %s", options->output, strerror(errno));
}

/* Makes DIRECTORY/.NAME.part and gives it its name, unless somebody else has taken that meanwhile.  0 or -errno. */
static int store(const char *path, const char *text, size_t bytes)
{
	char folder[PATH_MAX], name[PATH_MAX], aside[PATH_MAX + 16];
	int at, file, err;

	snprintf(folder, sizeof(folder), "%s", path);
	snprintf(name, sizeof(name), "%s", path);
	snprintf(aside, sizeof(aside), ".%s.part", basename(name));
	at = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	file = openat(at, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (file < 0) {
		err = -errno;
		close(at);
		return err;
	}
	err = json_file_write_all(file, text, bytes);
	if (!err && fdatasync(file))
		err = -errno;
	if (close(file) && !err)
		err = -errno;
	if (!err && renameat2(at, aside, AT_FDCWD, path, RENAME_NOREPLACE))
		err = -errno;
	if (err)
		unlinkat(at, aside, 0);
	close(at);
	return err;
}

static void deliver(const struct report_options *options, const char *text, size_t bytes, const struct report_data *data,
		    size_t pictures)
{
	int err;

	if (to_stdout(options)) {
		if (fwrite(text, 1, bytes, stdout) != bytes || fflush(stdout))
			usage_error("standard output: %s", strerror(errno));
		return;
	}
	err = store(options->output, text, bytes);
	if (err == -EEXIST)
		usage_error("--output %s: exists; choose another name", options->output);
	if (err)
		usage_error("--output %s: %s", options->output, strerror(-err));
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

	usage_parse(&argp, "report", argc, argv, &given);
	check_output(&given);
	make_report(&given);
	return EXIT_SUCCESS;
}
