/* SPDX-License-Identifier: MIT */
/* A row for each back end; see pictures_rows.h. */
#include "bench/report/pictures_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : strcmp(x->backend, y->backend);
}

int rows_load(const struct view *view, double (*value)(const struct view *view, uint32_t cell), struct row **row, size_t *count)
{
	const struct view_group *group = view->main == VIEW_NONE ? NULL : &view->group[view->main];
	struct row *all;

	*row = NULL;
	*count = 0;
	if (!group)
		return 0;
	all = calloc(group->cells, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < group->cells; i++) {
		double v = value(view, group->cell[i]);

		if (!isnan(v))
			all[(*count)++] = (struct row){ .backend = view_backend(view, group->cell[i]), .cell = group->cell[i],
							.value = v };
	}
	if (*count == 0) {
		free(all);
		return 0;
	}
	qsort(all, *count, sizeof(*all), by_value);
	*row = all;
	return 0;
}

void rows_begin(const struct view *view, struct drawing *d, const struct row *row, size_t count)
{
	drawing_begin(d, 860, (unsigned)(140 + 17 * count));
	fprintf(d->script, "set yrange [%zu-0.4:-0.6]\nset ytics scale 0 (", count);
	for (size_t i = 0; i < count; i++) {
		char label[128];

		snprintf(label, sizeof(label), "%s%s", row[i].backend,
			 strcmp(row[i].backend, view->data->baseline) == 0 ? " (baseline)" : "");
		fprintf(d->script, "%s", i ? ", " : "");
		drawing_tick(d, label);
		fprintf(d->script, " %zu", i);
	}
	fprintf(d->script, ")\nset key outside top center horizontal maxrows 2\n");
}

void rows_points(const struct view *view, struct drawing *d, const char *block, const struct row *row, size_t count,
		 enum report_figure figure,
		 double aside)
{
	fprintf(d->script, "$%s << EOD\n", block);
	for (size_t i = 0; i < count; i++) {
		struct view_summary s = view_summary(&view->data->run, row[i].cell, figure);

		if (s.n)
			fprintf(d->script, "%.9g %.6g %.9g %.9g\n", s.median, (double)i + aside, s.low, s.high);
	}
	fprintf(d->script, "EOD\n");
}

void rows_table(const struct view *view, struct drawing *d, const struct row *row, size_t count, const enum report_figure *figure,
		size_t columns,
			double *least, double *most)
{
	bool all = true, any = false;

	*least = INFINITY;
	*most = 0;
	drawing_column(d, false, "back end");
	drawing_column(d, true, "invocations");
	for (size_t f = 0; f < columns; f++) {
		const char *unit = *report_figures(figure[f])->unit ? ", ns" : "";

		drawing_column(d, true, "%s%s", report_figures(figure[f])->words, unit);
		drawing_column(d, true, "from%s", unit);
		drawing_column(d, true, "to%s", unit);
	}
	for (size_t i = 0; i < count; i++) {
		drawing_cell(d, "%s", row[i].backend);
		for (size_t f = 0; f < columns; f++) {
			struct view_summary s = view_summary(&view->data->run, row[i].cell, figure[f]);

			if (f == 0)
				drawing_cell(d, "%zu", s.n);
			drawing_number(d, s.median);
			drawing_number(d, s.low);
			drawing_number(d, s.high);
			*least = fmin(*least, s.low);
			*most = fmax(*most, s.high);
			all = all && (s.interval || !s.n);
			any = any || s.interval;
		}
	}
	drawing_note(d, "%s", view_interval_words(all, any));
}

void rows_plot(struct drawing *d, const char *block, const char *style, const char *title)
{
	fprintf(d->script, "$%s using 1:2:3:4 with xerrorbars %s ", block, style);
	fprintf(d->script, title ? "title '%s'" : "notitle", title);
}
