/* SPDX-License-Identifier: MIT */
/*
 * `storsync history plot`: a script for gnuplot; see views.h.  One line a series, by its place in time and not by the clock: what
 * is asked is which run was the first to be different, and runs come in bursts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/history/views.h"

#define LABELS_MOST 16
#define COLUMNS_A_LABEL 16
#define TEXT_LINES 32

/* Blue, vermilion, green, purple, orange, sky, black and grey: Okabe and Ito's, told apart by most eyes; dashes and points differ as well. */
static const char *const colour[HISTORY_PLOT_MOST] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#777777" };

/* In gnuplot's single quotes nothing is expanded.  What could end them, or stand for a line's end, is shown as something else. */
static void print_quoted(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(*text == '\'' || *text == '`' || *text == '\\' ? '?' : (unsigned char)*text < ' ' ? ' ' : *text, out);
}

/* Which runs are in any of the series, in time: their places from 0; SIZE_MAX where not. */
static size_t place_runs(const struct history_view *view, size_t *place)
{
	size_t count = 0;

	for (size_t i = 0; i < view->runs; i++)
		place[i] = SIZE_MAX;
	for (size_t s = 0; s < view->series; s++) {
		for (size_t p = 0; p < view->serie[s].points; p++)
			place[view->serie[s].point[p].run - view->run] = 0;
	}
	for (size_t i = 0; i < view->runs; i++) {
		if (place[i] != SIZE_MAX)
			place[i] = count++;
	}
	return count;
}

static void print_ticks(FILE *out, const struct history_view *view, const size_t *place, size_t count, unsigned columns)
{
	size_t most = columns ? columns / COLUMNS_A_LABEL : LABELS_MOST;
	size_t step = count / (most ? most : 1) + 1;
	const char *before = "";

	fprintf(out, "set xtics %s(", columns ? "" : "rotate by 30 right ");
	for (size_t i = 0; i < view->runs; i++) {
		if (place[i] == SIZE_MAX || place[i] % step)
			continue;
		fprintf(out, "%s'%.10s", before, view->run[i].created_utc);
		if (!columns) {
			fputc(' ', out);
			print_quoted(out, view->run[i].build);
		}
		fprintf(out, "' %zu", place[i]);
		before = ", ";
	}
	fputs(")\n", out);
}

/* Bars at one place would hide each other. */
static void print_data(FILE *out, const struct history_view *view, size_t s, const size_t *place)
{
	double aside = ((double)s - (double)(view->series - 1) / 2) * 0.06;
	const struct history_series *series = &view->serie[s];

	fprintf(out, "$series%zu << END\n", s);
	for (size_t p = 0; p < series->points; p++) {
		const struct history_point *point = &series->point[p];
		bool has_interval = !isnan(point->low);

		fprintf(out, "%.9g %.9g %.9g %.9g\n", (double)place[point->run - view->run] + aside, point->median, has_interval ? point->low : point->min,
			has_interval ? point->high : point->max);
	}
	fputs("END\n", out);
}

/* Before the run, over the whole height; the labels of different series at different heights. */
static void print_changes(FILE *out, const struct history_view *view, size_t s, const size_t *place)
{
	const struct history_series *series = &view->serie[s];
	char what[64];

	for (size_t i = 0; i < series->changes; i++) {
		const struct history_change *change = &series->change[i];
		const struct history_run *run = series->point[change->point].run;
		double x = (double)place[run - view->run] - 0.5;

		fprintf(out, "set arrow from %g, graph 0 to %g, graph 1 nohead dashtype 2 linecolor rgb '%s'\n", x, x, colour[s]);
		fprintf(out, "set label '%s at ", history_change_text(change, view->figure->unit, what));
		print_quoted(out, run->build);
		fprintf(out, "' at %g, graph %g right offset -0.5, 0 textcolor rgb '%s' noenhanced\n", x, 0.97 - 0.05 * (double)s, colour[s]);
	}
}

static void print_title(FILE *out, const struct history_view *view, bool in_letters)
{
	const char *better = figure_better_name(view->figure->better);

	fprintf(out, "set title '%s", view->figure->words);
	if (!view->differs[RUN_KEY_HOST_ID]) {
		fputs(", on ", out);
		print_quoted(out, view->serie[0].host);
	}
	fprintf(out, ", over %s%s%s%s' noenhanced\n", in_letters ? "runs" : "runs: median of the invocations, with its interval", *better ? "; " : "", better, *better ? " is better" : "");
	fprintf(out, "set ylabel '%s' noenhanced\n", *view->figure->unit ? view->figure->unit : view->figure->name);
}

static void print_name(FILE *out, const struct history_view *view, const struct history_series *series)
{
	char *text = NULL;
	size_t bytes;
	FILE *names = open_memstream(&text, &bytes);

	if (!names)
		return;
	if (view->differs[RUN_KEY_HOST_ID])
		fprintf(names, "%s: ", series->host);
	history_print_keys(names, view, series->cell, false);
	if (ftell(names) == 0)
		fprintf(names, "%s", series->cell->key[RUN_KEY_BACKEND]);
	if (!fclose(names))
		print_quoted(out, text);
	free(text);
}

static void print_plot(FILE *out, const struct history_view *view, bool in_letters)
{
	for (size_t s = 0; s < view->series; s++) {
		fprintf(out, "%s$series%zu using %s linecolor rgb '%s' dashtype %zu pointtype %zu title '", s ? ", " : "plot ", s,
			in_letters ? "1:2 with linespoints" : "1:2:3:4 with yerrorlines", colour[s], s % 5 + 1, s + 4);
		print_name(out, view, &view->serie[s]);
		fputs("' noenhanced", out);
	}
	fputc('\n', out);
}

void history_plot_script(FILE *out, const struct history_view *view, unsigned columns)
{
	size_t *place = malloc((view->runs + 1) * sizeof(*place));
	size_t count;

	if (!place)
		return;
	count = place_runs(view, place);
	if (columns)
		fprintf(out, "set terminal dumb noenhanced size %u, %d\n", columns, TEXT_LINES);
	else
		fputs("set terminal svg noenhanced size 1000, 600 dynamic font 'sans-serif,12' background '#ffffff'\n", out);
	fputs("set encoding utf8\nset key below left\nset border 3\nset tics nomirror\n", out);
	if (!columns)
		fputs("set grid y linecolor rgb '#cccccc'\n", out);
	fprintf(out, "set xrange [-0.7:%g]\nset offsets 0, 0, graph 0.15, graph 0.05\n", (double)count - 0.3);
	print_title(out, view, columns > 0);
	print_ticks(out, view, place, count, columns);
	for (size_t s = 0; s < view->series; s++) {
		print_data(out, view, s, place);
		print_changes(out, view, s, place);
	}
	print_plot(out, view, columns > 0);
	free(place);
}
