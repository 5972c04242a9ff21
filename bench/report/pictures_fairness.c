/* SPDX-License-Identifier: MIT */
/* Fairness: how evenly CPUs came to do I/Os, by Jain's index. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/pictures_list.h"
#include "bench/report/pictures_rows.h"

static double jain(const struct view *view, uint32_t cell)
{
	/* One CPU is always fair to itself. */
	if (strcmp(view->data->run.cell[cell].key[RUN_KEY_CPUS], "1") == 0)
		return NAN;
	return view_summary(&view->data->run, cell, REPORT_JAIN).median;
}

void picture_fairness(const struct view *view, struct drawing *d)
{
	static const enum report_figure figure = REPORT_JAIN;
	char words[256];
	double least, most, step;
	struct row *row;
	size_t count;

	if (rows_load(view, jain, &row, &count)) {
		drawing_fail(d, -ENOMEM, NULL);
		return;
	}
	if (!count) {
		drawing_title(d, "Fairness between CPUs (Jain's index)");
		drawing_note(d, "Fairness is between CPUs, and no invocation with two or more ended well: `storsync run --cpus "
			     "2` gives them.");
		return;
	}
	view_words(view, row[0].cell, RUN_KEY_COUNT, words, sizeof(words));
	if (count == 1)
		drawing_title(d, "Fairness between CPUs: Jain's index is %.3g under %s; %s", row[0].value, row[0].backend, words);
	else
		drawing_title(d, "Fairness between CPUs: Jain's index is lowest under %s (%.3g) and highest under %s (%.3g); %s",
			      row[0].backend, row[0].value, row[count - 1].backend, row[count - 1].value, words);
	drawing_note(d, "1: all CPUs did equally many I/Os; one over the number of CPUs: one CPU did them all.");
	rows_table(view, d, row, count, &figure, 1, &least, &most);
	rows_begin(view, d, row, count);
	step = drawing_step(fmax(1 - least, 0.01), 6);
	fprintf(d->script, "set xrange [%.6g:1.005]\nset xtics %.6g\nset xlabel 'Jain''s index'\n",
		fmin(floor(least / step) * step, 1 - step), step);
	rows_points(view, d, "jain", row, count, figure, 0);
	fprintf(d->script, "plot ");
	rows_plot(d, "jain", "lc rgb '#a00001' lw 1.3 pt 7 ps 0.6", NULL);
	fprintf(d->script, "\n");
	free(row);
}
