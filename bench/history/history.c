/* SPDX-License-Identifier: MIT */
/* `storsync history`: what each of its words does; see history.h. */
#define _GNU_SOURCE
#include "bench/history/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/files/output_file.h"
#include "bench/history/import.h"
#include "bench/history/location.h"
#include "bench/history/options.h"
#include "bench/history/series.h"
#include "bench/history/store.h"
#include "bench/history/views.h"
#include "bench/report/gnuplot.h"

#define EXIT_NOTHING 3
#define EXIT_ENVIRONMENT 4

#define GNUPLOT_NS UINT64_C(60000000000)
#define COLUMNS 79

/* --- what is said --- */

static int complain(int status, const char *error)
{
	fprintf(stderr, "storsync history: %s\n", error);
	return status;
}

static int put_out(const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stdout);
	if (fflush(stdout) || ferror(stdout))
		return complain(EXIT_FAILURE, "cannot write to standard output");
	return 0;
}

/* What was written to memory. */
struct page {
	FILE *file;
	char *text;
	size_t bytes;
};

static void page_open(struct page *page)
{
	*page = (struct page){ 0 };
	page->file = open_memstream(&page->text, &page->bytes);
	if (!page->file)
		usage_error("out of memory");
}

static void page_end(struct page *page)
{
	if (fclose(page->file))
		usage_error("out of memory");
}

/* --- add --- */

static int open_to_add(struct history_options *options, struct history *history, char *error)
{
	int status = history_location_prepare(options->db, options->path);

	if (!status)
		return history_open(history, options->path, HISTORY_ADD, options->wait_ns, error);
	snprintf(error, HISTORY_ERROR_BYTES, "%s: cannot make the folders for it: %s", options->path, strerror(-status));
	return status;
}

static void say_outcome(const struct history_options *options, const char *directory, const struct history_run_files *run,
			enum history_outcome outcome)
{
	const char *id = run->manifest.run_id;

	if (outcome == HISTORY_ADDED)
		printf("%s: added to %s as %s: host %s, build %s, %zu rows\n", directory, options->path, id, run->manifest.host_id,
		       run->manifest.build_id, run->data.rows);
	else if (outcome == HISTORY_WAS_THERE)
		printf("%s: %s is in %s already\n", directory, id, options->path);
	else
		printf("%s: %s is in %s already, as a part of a merged run\n", directory, id, options->path);
}

/* The database is made when the first run is known to be one.  *unusable: it is none that any run could be added to. */
static int add_run(struct history_options *options, struct history *history, const char *directory, bool *unusable, char *error)
{
	struct history_run_files run;
	enum history_outcome outcome;
	int status = history_run_load(&run, directory, error);

	if (status)
		return status;
	if (!history->db)
		status = open_to_add(options, history, error);
	*unusable = status != 0;
	if (!status)
		status = history_import(history, &run, &outcome, error);
	if (!status)
		say_outcome(options, directory, &run, outcome);
	history_run_fini(&run);
	return status;
}

static int add(struct history_options *options)
{
	struct history history = { 0 };
	char error[HISTORY_ERROR_BYTES];
	bool unusable = false;
	int status = 0;

	for (size_t i = 0; i < options->runs && !unusable; i++) {
		if (add_run(options, &history, options->run[i], &unusable, error))
			status = complain(EXIT_USAGE, error);
		fflush(stdout);
	}
	history_close(&history);
	if (ferror(stdout) && !status)
		status = complain(EXIT_FAILURE, "cannot write to standard output");
	return status;
}

/* --- list, show --- */

static int list(struct history_options *options)
{
	struct history history;
	struct history_run *run;
	struct page page;
	size_t count;
	char error[HISTORY_ERROR_BYTES];
	int status = history_open(&history, options->path, HISTORY_READ, options->wait_ns, error);

	if (status)
		return complain(EXIT_USAGE, error);
	status = history_runs(&history, options->host, &run, &count, error);
	history_close(&history);
	if (status)
		return complain(EXIT_USAGE, error);
	page_open(&page);
	status = history_list_print(page.file, options->path, run, count, options->format);
	page_end(&page);
	if (status)
		status = complain(EXIT_USAGE, "the history has texts that JSON cannot hold");
	else
		status = put_out(page.text, page.bytes);
	free(page.text);
	history_runs_free(run, count);
	return status;
}

static int load_series(struct history_options *options, bool invocations, struct history_view *view)
{
	struct history_wanted wanted = { .figure = options->figure, .host = options->host, .filter = options->filter,
					 .filters = options->filters, .invocations = invocations };
	struct history history;
	char error[HISTORY_ERROR_BYTES];
	int status = history_open(&history, options->path, HISTORY_READ, options->wait_ns, error);

	if (status)
		return complain(EXIT_USAGE, error);
	status = history_series_load(&history, &wanted, view, error);
	history_close(&history);
	return status ? complain(status == -ENODATA ? EXIT_NOTHING : EXIT_USAGE, error) : 0;
}

static int show(struct history_options *options)
{
	struct history_view view;
	struct page page;
	int status = load_series(options, options->format == HISTORY_JSON, &view);

	if (status)
		return status;
	page_open(&page);
	status = history_show_print(page.file, &view, options->format);
	page_end(&page);
	if (status)
		status = complain(EXIT_USAGE, "the history has texts that JSON cannot hold");
	else
		status = put_out(page.text, page.bytes);
	free(page.text);
	history_series_fini(&view);
	return status;
}

/* --- plot --- */

static unsigned terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40 ? COLUMNS : size.ws_col - 1u;
}

static int keep_picture(struct history_options *options, const char *text, size_t bytes)
{
	char error[OUTPUT_FILE_ERROR_BYTES];

	if (!options->output || strcmp(options->output, "-") == 0)
		return put_out(text, bytes);
	if (output_file_write(options->output, text, bytes, error))
		return complain(EXIT_USAGE, error);
	printf("%s: written, from %s\n", options->output, options->path);
	return put_out("", 0);
}

static bool has_values(const struct history_view *view)
{
	for (size_t s = 0; s < view->series; s++) {
		for (size_t p = 0; p < view->serie[s].points; p++) {
			if (view->serie[s].point[p].values)
				return true;
		}
	}
	return false;
}

static int draw(struct history_options *options, const struct history_view *view)
{
	struct page script;
	char error[HISTORY_ERROR_BYTES];
	char *picture;
	size_t bytes;
	int status;

	if (view->series > HISTORY_PLOT_MOST) {
		snprintf(error, sizeof(error), "%zu lines are too many for one picture, which holds %d; choose cells with --filter, such as %s",
			 view->series, HISTORY_PLOT_MOST, "--filter backend=spinlock,ticket");
		return complain(EXIT_USAGE, error);
	}
	if (!has_values(view)) {
		snprintf(error, sizeof(error), "no invocation of these cells has a value of %s", view->figure->name);
		return complain(EXIT_NOTHING, error);
	}
	page_open(&script);
	history_plot_script(script.file, view, options->output ? 0 : terminal_columns());
	page_end(&script);
	status = gnuplot_run("gnuplot", script.text, script.bytes, GNUPLOT_NS, &picture, &bytes, error, sizeof(error));
	free(script.text);
	if (status)
		return complain(EXIT_ENVIRONMENT, error);
	status = keep_picture(options, picture, bytes);
	free(picture);
	return status;
}

static int plot(struct history_options *options)
{
	struct history_view view;
	int status = load_series(options, false, &view);

	if (status)
		return status;
	status = draw(options, &view);
	history_series_fini(&view);
	return status;
}

int history_main(int argc, char **argv)
{
	struct history_options options;
	int status;

	history_options_parse(&options, argc, argv);
	if (options.verb == HISTORY_VERB_ADD)
		status = add(&options);
	else if (options.verb == HISTORY_VERB_LIST)
		status = list(&options);
	else
		status = options.verb == HISTORY_VERB_SHOW ? show(&options) : plot(&options);
	history_options_fini(&options);
	return status;
}
