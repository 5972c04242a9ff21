/* SPDX-License-Identifier: MIT */
/* Offered against achieved load: where an open loop's back end no longer keeps up with what arrives. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv.h"
#include "bench/report/pictures_list.h"
#include "bench/stats/median_interval.h"

struct point {
	const char *backend;
	uint32_t cell;
	size_t n;
	double offered, achieved; /* medians over invocations */
	double low, high;         /* of achieved, as in struct view_summary */
	bool interval;
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value, size_t n)
{
	qsort(value, n, sizeof(*value), by_size);
	return n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

static bool is_open_loop(const struct view *view, uint32_t cell)
{
	const char *arrival = view->data->run.cell[cell].key[RUN_KEY_ARRIVAL];

	return *arrival && strcmp(arrival, "closed") != 0;
}

/* The group with an open loop whose fellows, alike but in the rate, are most; VIEW_NONE if there is none. */
static size_t choose_group(const struct view *view)
{
	size_t best = VIEW_NONE, most = 0;

	for (size_t g = 0; g < view->groups; g++) {
		size_t cells = 0;

		if (!is_open_loop(view, view->group[g].cell[0]))
			continue;
		for (size_t k = 0; k < view->groups; k++) {
			if (view_alike(&view->data->run, view->group[g].cell[0], view->group[k].cell[0], RUN_KEY_ARRIVAL_RATE_HZ))
				cells += view->group[k].cells;
		}
		if (cells > most) {
			most = cells;
			best = g;
		}
	}
	return best;
}

/* The cell's medians, from the rows of summary.csv that ended well. */
static int fill_point(const struct csv_table *table, const char *cell_id, struct point *point)
{
	size_t id = csv_table_column(table, "cell_id"), status = csv_table_column(table, "status"),
	       offered = csv_table_column(table, "offered_iops"),
	       achieved = csv_table_column(table, "iops");
	struct median_interval interval;
	double *value;

	if (id == CSV_NO_COLUMN || status == CSV_NO_COLUMN || offered == CSV_NO_COLUMN || achieved == CSV_NO_COLUMN)
		return -EBADMSG;
	value = calloc(2 * table->rows + 1, sizeof(*value));
	if (!value)
		return -ENOMEM;
	for (size_t row = 0; row < table->rows; row++) {
		if (strcmp(csv_table_string(table, row, id), cell_id) != 0 || strcmp(csv_table_string(table, row, status), "ok") != 0)
			continue;
		if (csv_table_double(table, row, offered, &value[point->n]) == 0 &&
		    csv_table_double(table, row, achieved, &value[table->rows + point->n]) == 0)
			point->n++;
	}
	if (point->n) {
		point->offered = median(value, point->n);
		point->achieved = median(value + table->rows, point->n);
		point->low = value[table->rows];
		point->high = value[table->rows + point->n - 1];
		point->interval = median_interval(value + table->rows, point->n, &interval);
		if (point->interval) {
			point->low = interval.low;
			point->high = interval.high;
		}
	}
	free(value);
	return 0;
}

static int by_backend_and_load(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	int order = strcmp(x->backend, y->backend);

	return order ? order : (x->offered > y->offered) - (x->offered < y->offered);
}

/* All points of the groups alike `group`; the caller frees them. */
static int points_load(const struct view *view, size_t group, struct point **point, size_t *count, struct drawing *d)
{
	const struct run_data *run = &view->data->run;
	char path[4096], line[256] = "summary.csv: the name is too long";
	struct csv_table table;
	int status = -ENAMETOOLONG;

	*count = 0;
	*point = calloc(run->cells, sizeof(**point));
	if (!*point)
		return drawing_fail(d, -ENOMEM, NULL);
	if ((size_t)snprintf(path, sizeof(path), "%s/summary.csv", view->data->path) < sizeof(path))
		status = csv_table_load(path, &table, line, sizeof(line));
	if (status)
		return drawing_fail(d, status, line);
	for (size_t cell = 0; cell < run->cells && !status; cell++) {
		struct point *p = &(*point)[*count];

		if (!view_alike(run, view->group[group].cell[0], (uint32_t)cell, RUN_KEY_ARRIVAL_RATE_HZ))
			continue;
		*p = (struct point){ .backend = view_backend(view, (uint32_t)cell), .cell = (uint32_t)cell };
		status = fill_point(&table, run->cell[cell].cell_id, p);
		*count += p->n != 0;
	}
	csv_table_fini(&table);
	if (*count)
		qsort(*point, *count, sizeof(**point), by_backend_and_load);
	return status ? drawing_fail(d, status, "summary.csv has not the columns of this version") : 0;
}

static void write_table(const struct view *view, struct drawing *d, const struct point *point, size_t count)
{
	drawing_column(d, false, "back end");
	drawing_column(d, true, "arrivals a second and CPU");
	drawing_column(d, true, "invocations");
	drawing_column(d, true, "offered, I/Os a second");
	drawing_column(d, true, "achieved, I/Os a second");
	drawing_column(d, true, "from");
	drawing_column(d, true, "to");
	for (size_t i = 0; i < count; i++) {
		drawing_cell(d, "%s", point[i].backend);
		drawing_cell(d, "%s", view->data->run.cell[point[i].cell].key[RUN_KEY_ARRIVAL_RATE_HZ]);
		drawing_cell(d, "%zu", point[i].n);
		drawing_number(d, point[i].offered);
		drawing_number(d, point[i].achieved);
		drawing_number(d, point[i].low);
		drawing_number(d, point[i].high);
	}
}

static bool begins(const struct point *point, size_t i)
{
	return i == 0 || strcmp(point[i - 1].backend, point[i].backend) != 0;
}

static void write_drawing(const struct view *view, struct drawing *d, const struct point *point, size_t count)
{
	double most = 0;
	bool muted = false;

	for (size_t i = 0; i < count; i++)
		most = fmax(most, fmax(point[i].offered, point[i].high));
	drawing_begin(d, 860, 470);
	drawing_thousands_axis(d, "x", most);
	drawing_thousands_axis(d, "y", most);
	fprintf(d->script, "set xlabel 'offered, thousand I/Os a second'\nset ylabel 'achieved, thousand I/Os a second'\n");
	for (size_t i = 0; i < count; i++) {
		if (begins(point, i))
			fprintf(d->script, "%s$o%zu << EOD\n", i ? "EOD\n" : "", i);
		fprintf(d->script, "%.9g %.9g %.9g %.9g\n", point[i].offered, point[i].achieved, point[i].low, point[i].high);
	}
	fprintf(d->script, "EOD\nplot x with lines lc rgb '" SVG_INK "' dt (2,4) lw 0.8 title 'all of it', ");
	for (size_t pass = 0; pass <= view->chosen; pass++) {
		for (size_t i = 0; i < count; i++) {
			size_t choice = view_choice(view, point[i].backend);

			/* The muted ones first, beneath the others. */
			if (!begins(point, i) || choice != (pass ? pass - 1 : VIEW_NONE))
				continue;
			muted = muted || !pass;
			/* Not as error bars: those clear what is beneath the point, and back ends that keep up lie on each other. */
			if (pass)
				fprintf(d->script, "$o%zu using 1:3:(0):($4-$3) with vectors nohead lc rgb '" SVG_SERIES_FORMAT
					"' dt 1 lw 0.9 notitle, ", i, (unsigned)pass);
			fprintf(d->script, "$o%zu using 1:2 with linespoints", i);
			view_style(view, d, point[i].backend);
			fprintf(d->script, pass ? " title " : " notitle");
			if (pass)
				drawing_quote(d, point[i].backend);
			fprintf(d->script, ", ");
		}
	}
	fprintf(d->script, "NaN with lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 %s\n", muted ? "title 'others'" : "notitle");
}

static void write_title(const struct view *view, struct drawing *d, const struct point *point, size_t count)
{
	const struct point *least = &point[0];
	char words[256];

	for (size_t i = 0; i < count; i++) {
		if (point[i].achieved / point[i].offered < least->achieved / least->offered)
			least = &point[i];
	}
	view_words(view, point[0].cell, RUN_KEY_ARRIVAL_RATE_HZ, words, sizeof(words));
	drawing_title(d, "Offered against achieved load: the least share is %s's, %.3g%% of %.4g thousand I/Os a second; %s",
		      least->backend,
		      100 * least->achieved / least->offered, least->offered / 1000, words);
}

static const char *interval_words(const struct point *point, size_t count)
{
	bool all = true, any = false;

	for (size_t i = 0; i < count; i++) {
		all = all && point[i].interval;
		any = any || point[i].interval;
	}
	return view_interval_words(all, any);
}

void picture_offered_load(const struct view *view, struct drawing *d)
{
	size_t group = choose_group(view), count = 0;
	struct point *point = NULL;

	if (group == VIEW_NONE) {
		drawing_title(d, "Offered against achieved load");
		drawing_note(d, "All cells are closed loops, which offer no more than they achieve: `storsync run --arrival "
			     "poisson:20k,poisson:100k` opens them.");
	} else if (!points_load(view, group, &point, &count, d)) {
		if (count) {
			write_title(view, d, point, count);
			drawing_note(d, "%s Offered is what arrived in the measured "
				     "window, achieved what completed in it; below the dotted line, a "
				     "back end falls behind.", interval_words(point, count));
			view_note_choice(view, d);
			write_table(view, d, point, count);
			write_drawing(view, d, point, count);
		} else {
			drawing_title(d, "Offered against achieved load");
			drawing_note(d, "No open-loop invocation ended well.");
		}
	}
	free(point);
}
