/* SPDX-License-Identifier: MIT */
/* Bystanders: what a back end costs an unrelated interrupt above and below its DIRQL. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/report/pictures_list.h"
#include "bench/report/pictures_rows.h"

static double low_p99(const struct view *view, uint32_t cell)
{
	double low = view_summary(&view->data->run, cell, REPORT_BYSTANDER_LOW_P99).median;

	return isnan(low) ? view_summary(&view->data->run, cell, REPORT_BYSTANDER_HIGH_P99).median : low;
}

/* Of the interrupts below where there are any, else of those above: never of both in one comparison. */
static void write_title(const struct view *view, struct drawing *d, const struct row *row, size_t count)
{
	enum report_figure figure = REPORT_BYSTANDER_HIGH_P99;
	struct view_summary least = { .median = NAN }, most = { .median = NAN };
	const char *lowest = "", *highest = "";
	char words[256], low[32], high[32];

	for (size_t i = 0; i < count; i++) {
		if (view_summary(&view->data->run, row[i].cell, REPORT_BYSTANDER_LOW_P99).n)
			figure = REPORT_BYSTANDER_LOW_P99;
	}
	for (size_t i = 0; i < count; i++) {
		struct view_summary s = view_summary(&view->data->run, row[i].cell, figure);

		if (s.n && !(s.median >= least.median)) {
			least = s;
			lowest = row[i].backend;
		}
		if (s.n && !(s.median <= most.median)) {
			most = s;
			highest = row[i].backend;
		}
	}
	view_words(view, row[0].cell, RUN_KEY_COUNT, words, sizeof(words));
	if (lowest == highest)
		drawing_title(d, "Bystanders: p99 latency of unrelated interrupts %s the DIRQL is %s beside %s; %s",
			      figure == REPORT_BYSTANDER_LOW_P99 ? "below" : "above", drawing_time_text(least.median, low), lowest, words);
	else
		drawing_title(d, "Bystanders: p99 latency of unrelated interrupts %s the DIRQL is lowest beside %s (%s), highest beside "
			      "%s (%s); %s", figure == REPORT_BYSTANDER_LOW_P99 ? "below" : "above", lowest,
			      drawing_time_text(least.median, low), highest, drawing_time_text(most.median, high), words);
}

void picture_bystanders(const struct view *view, struct drawing *d)
{
	static const enum report_figure figure[] = { REPORT_BYSTANDER_HIGH_P99, REPORT_BYSTANDER_LOW_P99 };
	double least, most;
	bool above = false;
	struct row *row;
	size_t count;

	if (rows_load(view, low_p99, &row, &count)) {
		drawing_fail(d, -ENOMEM, NULL);
		return;
	}
	if (!count) {
		drawing_title(d, "Bystanders: latency of unrelated interrupts");
		drawing_note(d, "No bystanders were measured, or too few for a p99 (1000 each): `storsync run --bystander 2k` "
			     "adds 2000 a second above and below the "
			     "back end's DIRQL.");
		return;
	}
	write_title(view, d, row, count);
	rows_table(view, d, row, count, figure, 2, &least, &most);
	rows_begin(view, d, row, count);
	drawing_time_axis(d, "x", least, most);
	fprintf(d->script, "set xlabel 'latency of the bystander, p99'\n");
	rows_points(view, d, "high", row, count, figure[0], -0.15);
	rows_points(view, d, "low", row, count, figure[1], 0.15);
	for (size_t i = 0; i < count; i++)
		above = above || view_summary(&view->data->run, row[i].cell, figure[0]).n;
	fprintf(d->script, "plot ");
	if (above) {
		rows_plot(d, "high", "lc rgb '#a00001' lw 1.3 pt 7 ps 0.6", "above the DIRQL");
		fprintf(d->script, ", ");
	}
	rows_plot(d, "low", "lc rgb '#a00002' lw 1.3 pt 4 ps 0.6", "below the DIRQL");
	fprintf(d->script, "\n");
	free(row);
}
