/* SPDX-License-Identifier: MIT */
/*
 * Where the ISR's latency goes: masked, on its way, waiting for access, as bars that add up to the latency, and the ISR itself behind
 * them.  Means, since medians of parts are not parts of the median.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/report/pictures_list.h"
#include "bench/report/pictures_rows.h"

#define STAGES 4

static const struct {
	enum report_figure figure;
	const char *words;
	const char *style;
} stages[STAGES] = {
	{ REPORT_ISR_MASKED_MEAN, "masked", "lc rgb '#a00001' fs solid 0.9 noborder" },
	{ REPORT_ISR_DELIVERY_MEAN, "delivery", "lc rgb '#a00002' fs pattern 4 border" },
	{ REPORT_ISR_ACQUIRE_MEAN, "acquire", "lc rgb '#a00003' fs solid 0.55 border" },
	{ REPORT_ISR_SERVICE_MEAN, "service, after the latency", "lc rgb '" SVG_MUTED "' fs pattern 5 noborder" },
};

#define NO_ROW SIZE_MAX

/* Of one invocation, the mean latency; NaN where a part is missing. */
static double latency_of_row(const struct run_data *run, size_t row)
{
	return run_data_value(run, row, REPORT_ISR_MASKED_MEAN) + run_data_value(run, row, REPORT_ISR_DELIVERY_MEAN) +
	       run_data_value(run, row, REPORT_ISR_ACQUIRE_MEAN);
}

/*
 * The invocation that stands for the cell: the one whose mean latency is the median of all its invocations', the lower of two.  Its parts add up, and one
 * invocation that a gap spoiled does not draw the picture, as it would in a mean over all.
 */
static size_t row_of(const struct view *view, uint32_t cell, size_t *n)
{
	const struct run_data *run = &view->data->run;
	size_t first, last = run_data_rows_of(run, cell, &first);

	*n = 0;
	for (size_t row = first; row < last; row++)
		*n += !isnan(latency_of_row(run, row));
	for (size_t row = first; row < last; row++) {
		double latency = latency_of_row(run, row);
		size_t below = 0, equal = 0;

		for (size_t other = first; other < last; other++) {
			below += latency_of_row(run, other) < latency;
			equal += latency_of_row(run, other) == latency;
		}
		if (!isnan(latency) && below <= (*n - 1) / 2 && below + equal > (*n - 1) / 2)
			return row;
	}
	return NO_ROW;
}

static double part_of(const struct view *view, uint32_t cell, size_t stage)
{
	size_t n, row = row_of(view, cell, &n);

	return row == NO_ROW ? NAN : run_data_value(&view->data->run, row, stages[stage].figure);
}

static double latency_of(const struct view *view, uint32_t cell)
{
	size_t n, row = row_of(view, cell, &n);

	return row == NO_ROW ? NAN : latency_of_row(&view->data->run, row);
}

static double with_service(const struct view *view, const struct row *row)
{
	double service = part_of(view, row->cell, STAGES - 1);

	return row->value + (isnan(service) ? 0 : service);
}

/* Where the axis ends: with one back end a hundred times as slow as the others, nothing would be seen of these. */
static double axis_end(const struct view *view, const struct row *row, size_t count)
{
	double most = 0, upper_quarter = with_service(view, &row[(count - 1) * 3 / 4]);

	for (size_t i = 0; i < count; i++)
		most = fmax(most, with_service(view, &row[i]));
	return fmin(most, 2.5 * upper_quarter);
}

static void write_bars(const struct view *view, struct drawing *d, const struct row *row, size_t count, double end)
{
	char text[32];

	for (size_t s = 0; s < STAGES; s++) {
		fprintf(d->script, "$s%zu << EOD\n", s);
		for (size_t i = 0; i < count; i++) {
			double from = 0, length = part_of(view, row[i].cell, s);

			for (size_t before = 0; before < s; before++)
				from += part_of(view, row[i].cell, before);
			if (!isnan(length) && from < end)
				fprintf(d->script, "%.9g %zu %.9g %.9g %.6g %.6g\n", from, i, from, fmin(from + length, end),
					(double)i - 0.34,
					(double)i + 0.34);
		}
		fprintf(d->script, "EOD\n");
	}
	for (size_t i = 0; i < count; i++) {
		double behind = with_service(view, &row[i]);

		fprintf(d->script, "set label '%s%s' at %.9g,%zu offset 0.6,0 left\n", behind > end ? "> " : "",
			drawing_time_text(row[i].value, text),
			fmin(behind, end), i);
	}
}

static void write_table(const struct view *view, struct drawing *d, const struct row *row, size_t count)
{
	size_t n;

	drawing_column(d, false, "back end");
	drawing_column(d, true, "invocations");
	drawing_column(d, true, "the one shown");
	for (size_t s = 0; s < STAGES; s++)
		drawing_column(d, true, "%s, ns", stages[s].words);
	drawing_column(d, true, "latency (first three), ns");
	for (size_t i = 0; i < count; i++) {
		drawing_cell(d, "%s", row[i].backend);
		size_t shown = row_of(view, row[i].cell, &n);

		drawing_cell(d, "%zu", n);
		drawing_cell(d, "%u", (unsigned)view->data->run.row[shown].invocation);
		for (size_t s = 0; s < STAGES; s++)
			drawing_number(d, part_of(view, row[i].cell, s));
		drawing_number(d, row[i].value);
	}
}

static const char *largest_part(const struct view *view, const struct row *row, double *share)
{
	size_t largest = 0;
	double most = 0;

	for (size_t s = 0; s + 1 < STAGES; s++) {
		double part = part_of(view, row->cell, s);

		if (part > most) {
			most = part;
			largest = s;
		}
	}
	*share = row->value > 0 ? most / row->value : 0;
	return stages[largest].words;
}

static void write_title(const struct view *view, struct drawing *d, const struct row *row, size_t count)
{
	const struct row *shown = &row[0];
	char words[256], text[32];
	const char *part;
	double share;

	for (size_t i = 0; i < count; i++) {
		if (view->data->baseline == row[i].backend)
			shown = &row[i];
	}
	part = largest_part(view, shown, &share);
	drawing_title(d, "Where the ISR's latency goes: the largest part of %s's mean of %s is %s (%.1f%%); %s", shown->backend,
		      drawing_time_text(shown->value, text), part, 100 * share,
		      view_words(view, shown->cell, RUN_KEY_COUNT, words, sizeof(words)));
}

void picture_stages(const struct view *view, struct drawing *d)
{
	struct row *row;
	size_t count;
	double end;

	if (rows_load(view, latency_of, &row, &count)) {
		drawing_fail(d, -ENOMEM, NULL);
		return;
	}
	if (!count) {
		drawing_title(d, "Where the ISR's latency goes");
		drawing_note(d, "No invocation ended well with an interrupt served: longer windows (`--duration`) give more of them.");
		return;
	}
	end = axis_end(view, row, count);
	write_title(view, d, row, count);
	drawing_note(d, "Means, because means of parts add up and medians do not; they follow the few longest interrupts far "
		     "more than medians do. Of each back end that invocation "
		     "is shown whose mean latency is the median of its invocations' (of two, the lower). The figure behind a "
		     "bar is the latency, without service.");
	if (with_service(view, &row[count - 1]) > end)
		drawing_note(d, "Bars with > before it are cut off where the axis ends.");
	write_table(view, d, row, count);
	rows_begin(view, d, row, count);
	drawing_linear_time_axis(d, "x", end * 1.1);
	fprintf(d->script, "unset grid\nset grid x lt 1 lc rgb '" SVG_GRID "' lw 1\nset style fill border\nset xlabel 'mean of "
		"the invocation shown'\n");
	write_bars(view, d, row, count, end);
	fprintf(d->script, "plot ");
	for (size_t s = 0; s < STAGES; s++)
		fprintf(d->script, "$s%zu using 1:2:3:4:5:6 with boxxyerror %s title '%s'%s", s, stages[s].style, stages[s].words,
			s + 1 < STAGES ? ", " : "\n");
	free(row);
}
