/* SPDX-License-Identifier: MIT */
/* Throughput and ISR latency against the number of CPUs: what a back end makes of a CPU more. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/pictures_list.h"

/* Cells that differ in the back end and the number of CPUs only. */
struct family {
	size_t cells;
	uint32_t *cell;
	size_t steps; /* different numbers of CPUs */
};

static double cpus_of(const struct view *view, uint32_t cell)
{
	return strtod(view->data->run.cell[cell].key[RUN_KEY_CPUS], NULL);
}

static size_t count_steps(const struct view *view, const struct family *family)
{
	size_t steps = 0;

	for (size_t i = 0; i < family->cells; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = cpus_of(view, family->cell[k]) == cpus_of(view, family->cell[i]);
		steps += !seen;
	}
	return steps;
}

/* The family with most numbers of CPUs, of these the one with most cells.  Its cells are to be freed. */
static int family_choose(const struct view *view, struct family *best)
{
	*best = (struct family){ .cells = 0 };
	for (size_t g = 0; g < view->groups; g++) {
		struct family family = { .cells = 0 };

		for (size_t k = 0; k < view->groups; k++)
			family.cells += view->group[k].cells;
		family.cell = calloc(family.cells, sizeof(*family.cell));
		if (!family.cell)
			return -ENOMEM;
		family.cells = 0;
		for (size_t k = 0; k < view->groups; k++) {
			if (!view_alike(&view->data->run, view->group[g].cell[0], view->group[k].cell[0], RUN_KEY_CPUS))
				continue;
			memcpy(family.cell + family.cells, view->group[k].cell, view->group[k].cells * sizeof(*family.cell));
			family.cells += view->group[k].cells;
		}
		family.steps = count_steps(view, &family);
		if (family.steps > best->steps || (family.steps == best->steps && family.cells > best->cells)) {
			free(best->cell);
			*best = family;
		} else {
			free(family.cell);
		}
	}
	return 0;
}

struct drawn {
	double least, most;
	bool all, any; /* whether bars are intervals */
	bool muted;
};

/* Back ends side by side, so that their bars can be told apart: a few percent of the distance of two steps. */
static double aside(const struct view *view, const char *backend)
{
	size_t i = view_choice(view, backend);

	return i == VIEW_NONE ? 0 : ((double)i - (double)(view->chosen - 1) / 2) * 0.022;
}

/* A block of data for each back end of the figure, named by the place of its first cell. */
static void write_data(const struct view *view, struct drawing *d, const struct family *family, enum report_figure figure,
		       struct drawn *drawn)
{
	for (size_t i = 0; i < family->cells; i++) {
		const char *backend = view_backend(view, family->cell[i]);
		bool first = true;

		for (size_t k = 0; k < i && first; k++)
			first = strcmp(view_backend(view, family->cell[k]), backend) != 0;
		if (!first)
			continue;
		fprintf(d->script, "$f%u_%zu << EOD\n", (unsigned)figure, i);
		for (size_t k = i; k < family->cells; k++) {
			struct view_summary s = view_summary(&view->data->run, family->cell[k], figure);

			if (strcmp(view_backend(view, family->cell[k]), backend) != 0 || !s.n)
				continue;
			fprintf(d->script, "%.6g %.9g %.9g %.9g\n", cpus_of(view, family->cell[k]) + aside(view, backend),
				s.median, s.low, s.high);
			drawn->least = fmin(drawn->least, view_muted(view, backend) ? s.median : s.low);
			drawn->most = fmax(drawn->most, view_muted(view, backend) ? s.median : s.high);
			drawn->all = drawn->all && s.interval;
			drawn->any = drawn->any || s.interval;
		}
		fprintf(d->script, "EOD\n");
		drawn->muted = drawn->muted || view_muted(view, backend);
	}
}

/* Whether the back end of the i-th cell has a value in any of the family's cells. */
static bool has_points(const struct view *view, const struct family *family, size_t i, enum report_figure figure)
{
	for (size_t k = i; k < family->cells; k++) {
		if (strcmp(view_backend(view, family->cell[k]), view_backend(view, family->cell[i])) == 0 &&
		    view_summary(&view->data->run, family->cell[k], figure).n)
			return true;
	}
	return false;
}

static void write_plot(const struct view *view, struct drawing *d, const struct family *family, enum report_figure figure,
		       bool legend, bool muted)
{
	fprintf(d->script, "plot ");
	for (size_t pass = 0; pass <= view->chosen; pass++) {
		for (size_t i = 0; i < family->cells; i++) {
			const char *backend = view_backend(view, family->cell[i]);
			bool first = true;

			for (size_t k = 0; k < i && first; k++)
				first = strcmp(view_backend(view, family->cell[k]), backend) != 0;
			/* The muted ones first, beneath the others.  Of one without a point gnuplot draws neither it nor what follows. */
			if (!first || !has_points(view, family, i, figure) ||
			    (pass ? view_choice(view, backend) != pass - 1 : !view_muted(view, backend)))
				continue;
			fprintf(d->script, "$f%u_%zu ", (unsigned)figure, i);
			if (!pass) {
				fprintf(d->script, "using 1:2 with lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 notitle, ");
				continue;
			}
			/* The bars are solid: broken they would be hard to see. */
			fprintf(d->script, "using 1:2:3:4 with yerrorbars lc rgb '" SVG_SERIES_FORMAT "' dt 1 lw 0.9 pt 0 "
				"notitle, $f%u_%zu using 1:2 with linespoints",
				(unsigned)pass, (unsigned)figure, i);
			view_style(view, d, backend);
			fprintf(d->script, legend ? " title " : " notitle");
			if (legend)
				drawing_quote(d, backend);
			fprintf(d->script, ", ");
		}
	}
	fprintf(d->script, "NaN with lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 %s\n", legend && muted ? "title 'others'" : "notitle");
}

static void write_cpu_axis(const struct view *view, struct drawing *d, const struct family *family)
{
	double least = INFINITY, most = 0;

	fprintf(d->script, "unset log x\nset xtics (");
	for (size_t i = 0; i < family->cells; i++) {
		double cpus = cpus_of(view, family->cell[i]);

		fprintf(d->script, "%s'%.0f' %.0f", i ? ", " : "", cpus, cpus);
		least = fmin(least, cpus);
		most = fmax(most, cpus);
	}
	fprintf(d->script, ")\nset xrange [%.6g:%.6g]\nset xlabel 'CPUs'\n", least - 0.2 - (most - least) * 0.02,
		most + 0.2 + (most - least) * 0.02);
}

static void write_table(const struct view *view, struct drawing *d, const struct family *family, const enum report_figure *figure,
			size_t count)
{
	drawing_column(d, false, "back end");
	drawing_column(d, true, "CPUs");
	drawing_column(d, true, "invocations");
	for (size_t f = 0; f < count; f++) {
		const char *words = report_figures(figure[f])->words, *unit = report_figures(figure[f])->unit;
		const char *comma = strcmp(unit, "ns") == 0 ? ", ns" : "";

		drawing_column(d, true, "%s%s", words, comma);
		drawing_column(d, true, "from%s", comma);
		drawing_column(d, true, "to%s", comma);
	}
	for (size_t i = 0; i < family->cells; i++) {
		drawing_cell(d, "%s", view_backend(view, family->cell[i]));
		drawing_cell(d, "%s", view->data->run.cell[family->cell[i]].key[RUN_KEY_CPUS]);
		for (size_t f = 0; f < count; f++) {
			struct view_summary s = view_summary(&view->data->run, family->cell[i], figure[f]);

			if (f == 0)
				drawing_cell(d, "%zu", s.n);
			drawing_number(d, s.median);
			drawing_number(d, s.low);
			drawing_number(d, s.high);
		}
	}
}

/* Which back end has the highest (or lowest) median at most CPUs. */
static uint32_t extreme(const struct view *view, const struct family *family, enum report_figure figure, double cpus, bool highest)
{
	double best = NAN;
	uint32_t cell = family->cell[0];

	for (size_t i = 0; i < family->cells; i++) {
		double median = view_summary(&view->data->run, family->cell[i], figure).median;

		if (cpus_of(view, family->cell[i]) == cpus && !isnan(median) &&
		    (isnan(best) || (highest ? median > best : median < best))) {
			best = median;
			cell = family->cell[i];
		}
	}
	return cell;
}

static double most_cpus(const struct view *view, const struct family *family)
{
	double most = 0;

	for (size_t i = 0; i < family->cells; i++)
		most = fmax(most, cpus_of(view, family->cell[i]));
	return most;
}

/* Whether there are different numbers of CPUs; if not, says so. */
static bool family_suffices(const struct view *view, struct drawing *d, struct family *family, const char *what)
{
	if (family_choose(view, family)) {
		drawing_fail(d, -ENOMEM, NULL);
		return false;
	}
	if (family->steps >= 2)
		return true;
	drawing_title(d, "%s against CPUs", what);
	drawing_note(d, "No back end was measured with different numbers of CPUs and all else alike: `storsync run --cpus 1,2` does that.");
	return false;
}

void picture_throughput_by_cpus(const struct view *view, struct drawing *d)
{
	static const enum report_figure figure = REPORT_IOPS;
	struct drawn drawn = { .least = INFINITY, .most = 0, .all = true };
	struct family family = { .cells = 0 };
	char words[256];

	if (family_suffices(view, d, &family, "Throughput")) {
		double cpus = most_cpus(view, &family);
		uint32_t high = extreme(view, &family, figure, cpus, true), low = extreme(view, &family, figure, cpus, false);

		drawing_begin(d, 860, 430);
		write_data(view, d, &family, figure, &drawn);
		write_cpu_axis(view, d, &family);
		drawing_thousands_axis(d, "y", drawn.most);
		fprintf(d->script, "set ylabel 'thousand I/Os a second'\n");
		write_plot(view, d, &family, figure, true, drawn.muted);
		drawing_title(d, "Throughput against CPUs: with %.0f CPUs %s does most I/Os (%.4g thousand a second) and %s "
			      "fewest (%.4g thousand); %s", cpus,
			      view_backend(view, high), view_summary(&view->data->run, high, figure).median / 1000,
			      view_backend(view, low),
			      view_summary(&view->data->run, low, figure).median / 1000,
			      view_words(view, family.cell[0], RUN_KEY_CPUS, words, sizeof(words)));
		drawing_note(d, "%s", view_interval_words(drawn.all, drawn.any));
		view_note_choice(view, d);
		write_table(view, d, &family, &figure, 1);
	}
	free(family.cell);
}

void picture_latency_by_cpus(const struct view *view, struct drawing *d)
{
	static const enum report_figure both[] = { REPORT_ISR_P50, REPORT_ISR_P99 };
	static const char *const label[] = { "ISR latency, median", "ISR latency, p99" };
	struct drawn drawn[2];
	struct family family = { .cells = 0 };
	char words[256], text[32];

	if (family_suffices(view, d, &family, "ISR latency")) {
		double cpus = most_cpus(view, &family);
		uint32_t low = extreme(view, &family, REPORT_ISR_P99, cpus, false);

		drawing_begin(d, 860, 430);
		fprintf(d->script, "set key at screen 0.815,0.965 left top\nset multiplot\n");
		for (size_t i = 0; i < 2; i++) {
			drawn[i] = (struct drawn){ .least = INFINITY, .most = 0, .all = true };
			write_data(view, d, &family, both[i], &drawn[i]);
			write_cpu_axis(view, d, &family);
			if (drawn[i].most > 0)
				drawing_time_axis(d, "y", drawn[i].least, drawn[i].most);
			fprintf(d->script, "set lmargin at screen %s\nset rmargin at screen %s\nset ylabel '%s'\n",
				i ? "0.51" : "0.105", i ? "0.79" : "0.385",
				label[i]);
			if (drawn[i].most > 0)
				write_plot(view, d, &family, both[i], i == 1, drawn[i].muted);
		}
		fprintf(d->script, "unset multiplot\n");
		drawing_title(d, "ISR latency against CPUs: with %.0f CPUs %s has the lowest p99 (%s); %s", cpus, view_backend(view, low),
			      drawing_time_text(view_summary(&view->data->run, low, REPORT_ISR_P99).median, text),
			      view_words(view, family.cell[0], RUN_KEY_CPUS, words, sizeof(words)));
		drawing_note(d, "%s", view_interval_words(drawn[0].all && drawn[1].all, drawn[0].any || drawn[1].any));
		view_note_choice(view, d);
		write_table(view, d, &family, both, 2);
	}
	free(family.cell);
}
