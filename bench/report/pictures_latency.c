/* SPDX-License-Identifier: MIT */
/*
 * ISR latency by percentile: each back end's whole distribution as a line, over 1/(1-p) so that every nine gets the same room (the
 * axis of HdrHistogram's plots, Gil Tene, hdrhistogram.org).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "bench/report/pictures_histogram.h"
#include "bench/report/pictures_list.h"

/* One in so many samples lies beyond the percentile. */
static const uint64_t beyond[] = { 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
				   1000000 };
#define POINTS (sizeof(beyond) / sizeof(beyond[0]))
#define MEDIAN 0
#define P99 5

struct curve {
	const char *backend;
	uint64_t n, value_ns[POINTS];
	size_t points; /* those with enough samples beyond them: the first so many */
};

static const char *percentile_text(uint64_t one_in, char text[32])
{
	/* 100 - 100/n has few digits for every n above. */
	snprintf(text, 32, "%.10g%%", 100.0 - 100.0 / (double)one_in);
	return text;
}

static int curves_load(const struct view *view, struct curve *curve, struct drawing *d)
{
	const struct view_group *group = &view->group[view->main];
	struct merged *merged = calloc(group->cells, sizeof(*merged));
	char line[256] = "";
	int status;

	if (!merged)
		return drawing_fail(d, -ENOMEM, NULL);
	for (size_t i = 0; i < group->cells; i++)
		merged[i].cell = group->cell[i];
	status = merged_load(merged, group->cells, &view->data->run, view->data->path, "isr_latency", line, sizeof(line));
	for (size_t i = 0; i < group->cells && !status; i++) {
		curve[i] = (struct curve){ .backend = view_backend(view, merged[i].cell), .n = merged[i].n };
		while (curve[i].points < POINTS && merged_percentile(&merged[i], beyond[curve[i].points],
								     &curve[i].value_ns[curve[i].points]))
			curve[i].points++;
	}
	merged_fini(merged, group->cells);
	free(merged);
	return status ? drawing_fail(d, status, line) : 0;
}

static void write_table(struct drawing *d, const struct curve *curve, size_t curves, size_t points)
{
	char text[32];

	drawing_column(d, false, "back end");
	drawing_column(d, true, "samples");
	for (size_t p = 0; p < points; p++)
		drawing_column(d, true, "%s, ns", percentile_text(beyond[p], text));
	for (size_t i = 0; i < curves; i++) {
		drawing_cell(d, "%s", curve[i].backend);
		drawing_cell(d, "%" PRIu64, curve[i].n);
		for (size_t p = 0; p < points; p++) {
			if (p < curve[i].points)
				drawing_cell(d, "%" PRIu64, curve[i].value_ns[p]);
			else
				drawing_cell(d, "%s", "");
		}
	}
}

static void write_data(struct drawing *d, const struct curve *curve, size_t curves)
{
	for (size_t i = 0; i < curves; i++) {
		fprintf(d->script, "$c%zu << EOD\n", i);
		for (size_t p = 0; p < curve[i].points; p++)
			fprintf(d->script, "%" PRIu64 " %" PRIu64 "\n", beyond[p], curve[i].value_ns[p]);
		fprintf(d->script, "EOD\n");
	}
}

/* The muted ones first, so that they lie beneath; then the named in the order of the legend. */
static void write_plot(const struct view *view, struct drawing *d, const struct curve *curve, size_t curves)
{
	bool any = false;

	fprintf(d->script, "plot ");
	for (size_t i = 0; i < curves; i++) {
		if (!view_muted(view, curve[i].backend) || !curve[i].points)
			continue;
		fprintf(d->script, "$c%zu with lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 notitle, ", i);
		any = true;
	}
	for (size_t k = 0; k < view->chosen; k++) {
		for (size_t i = 0; i < curves; i++) {
			if (view_choice(view, curve[i].backend) != k || !curve[i].points)
				continue;
			fprintf(d->script, "$c%zu with linespoints", i);
			view_style(view, d, curve[i].backend);
			fprintf(d->script, " title ");
			drawing_quote(d, curve[i].backend);
			fprintf(d->script, ", ");
		}
	}
	fprintf(d->script, "NaN with lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 %s\n", any ? "title 'others'" : "notitle");
}

static void write_title(const struct view *view, struct drawing *d, const struct curve *curve, size_t curves)
{
	const struct curve *least = NULL, *most = NULL;
	char words[256], low[32], high[32];
	size_t at = P99;

	for (size_t i = 0; i < curves; i++) {
		if (curve[i].points > P99)
			least = &curve[i];
	}
	if (!least)
		at = MEDIAN;
	least = NULL;
	for (size_t i = 0; i < curves; i++) {
		if (curve[i].points <= at)
			continue;
		least = !least || curve[i].value_ns[at] < least->value_ns[at] ? &curve[i] : least;
		most = !most || curve[i].value_ns[at] > most->value_ns[at] ? &curve[i] : most;
	}
	view_words(view, view->group[view->main].cell[0], RUN_KEY_COUNT, words, sizeof(words));
	if (curves < 2)
		drawing_title(d, "ISR latency by percentile (%s)", words);
	else
		drawing_title(d, "ISR latency by percentile: at %s %s is lowest (%s) and %s highest (%s); %s",
			      at == P99 ? "p99" : "the median", least->backend,
			      drawing_time_text((double)least->value_ns[at], low), most->backend,
			      drawing_time_text((double)most->value_ns[at], high), words);
}

static void write_axes(struct drawing *d, const struct curve *curve, size_t curves, size_t points)
{
	uint64_t least = UINT64_MAX, most = 0;
	char text[32];

	for (size_t i = 0; i < curves; i++) {
		for (size_t p = 0; p < curve[i].points; p++) {
			least = curve[i].value_ns[p] < least ? curve[i].value_ns[p] : least;
			most = curve[i].value_ns[p] > most ? curve[i].value_ns[p] : most;
		}
	}
	drawing_time_axis(d, "y", (double)least, (double)most);
	fprintf(d->script, "set log x\nset xrange [1.8:%.6g]\nset xtics ('50%%%%' 2", (double)beyond[points - 1] * 1.1);
	for (uint64_t decade = 10; decade <= beyond[points - 1]; decade *= 10)
		/* A label is a format of its own: its percent sign is doubled. */
		fprintf(d->script, ", '%s%%' %" PRIu64, percentile_text(decade, text), decade);
	fprintf(d->script, ")\nset xlabel 'percentile'\nset ylabel 'ISR latency'\n");
}

void picture_latency_by_percentile(const struct view *view, struct drawing *d)
{
	size_t curves = view->main == VIEW_NONE ? 0 : view->group[view->main].cells, points = 0;
	struct curve *curve = calloc(curves + 1, sizeof(*curve));

	if (!curve) {
		drawing_fail(d, -ENOMEM, NULL);
		return;
	}
	if (curves && curves_load(view, curve, d)) {
		free(curve);
		return;
	}
	for (size_t i = 0; i < curves; i++)
		points = curve[i].points > points ? curve[i].points : points;
	if (points) {
		write_title(view, d, curve, curves);
		drawing_note(d, "All samples of a back end's invocations are merged, bucket by bucket of histogram.csv, and a "
			     "percentile is its bucket's upper end; "
			     "one with fewer than 10 samples beyond it is not drawn.");
		view_note_choice(view, d);
		write_table(d, curve, curves, points);
		drawing_begin(d, 860, 470);
		write_axes(d, curve, curves, points);
		write_data(d, curve, curves);
		write_plot(view, d, curve, curves);
	} else {
		drawing_title(d, "ISR latency by percentile");
		drawing_note(d, "No invocation ended well with enough interrupts: a median needs 20 in all. Longer windows "
			     "(`--duration`) give them.");
	}
	free(curve);
}
