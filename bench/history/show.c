/* SPDX-License-Identifier: MIT */
/* `storsync history show` as text and as CSV; see views.h. */
#include <math.h>
#include <string.h>

#include "bench/history/views.h"

/* --- text --- */

struct widths {
	int run, build;
};

static int widest(int width, const char *text)
{
	return (int)strlen(text) > width ? (int)strlen(text) : width;
}

/* "120-140"; "-" without. */
static const char *range(double low, double high, char text[80])
{
	char a[32], b[32];

	snprintf(text, 80, "-");
	if (!isnan(low) && !isnan(high))
		snprintf(text, 80, "%s-%s", history_number(low, a), history_number(high, b));
	return text;
}

static const char *ratio(double value, char text[32])
{
	snprintf(text, 32, "-");
	if (!isnan(value))
		snprintf(text, 32, "%.3fx", value);
	return text;
}

static void print_change(FILE *out, const struct history_view *view, const struct history_run *run,
			 const struct history_change *change)
{
	char what[64];

	fprintf(out, change->is_ratio ? "  change at %s (%s): %s [%.3f, %.3f], p = %.2g\n" : "  change at %s (%s): %s [%+.6g, %+.6g], p = %.2g\n",
		run->run_id, run->build, history_change_text(change, view->figure->unit, what), change->low, change->high, change->p_value);
}

static void print_point(FILE *out, const struct history_view *view, const struct history_series *series, size_t at,
			const struct widths *widths)
{
	const struct history_point *point = &series->point[at];
	const struct history_change *change = history_change_at(series, at);
	char median[32], spread[80], interval[80], previous[32], first[32];

	if (change)
		print_change(out, view, point->run, change);
	fprintf(out, "%c %-20s  %-*s  %-*s  %3zu  %6zu  %5zu  %10s  %-17s  %-17s  %8s  %8s\n", change ? '>' : ' ', point->run->created_utc,
		widths->run, point->run->run_id, widths->build, point->run->build, point->values, point->not_ok, point->gated,
		isnan(point->median) ? "-" : history_number(point->median, median), range(point->min, point->max, spread),
		range(point->low, point->high, interval), ratio(history_to_previous(series, at), previous),
		ratio(history_to_first(series, at), first));
}

static size_t with_median(const struct history_series *series)
{
	size_t count = 0;

	for (size_t i = 0; i < series->points; i++)
		count += !isnan(series->point[i].median);
	return count;
}

static void print_series(FILE *out, const struct history_view *view, const struct history_series *series, const struct widths *widths)
{
	size_t known = with_median(series);

	fprintf(out, "\nhost %s%s", series->host, view->series > 1 ? ", " : "");
	history_print_keys(out, view, series->cell, false);
	fprintf(out, "\n  %-20s  %-*s  %-*s  %3s  %6s  %5s  %10s  %-17s  %-17s  %8s  %8s\n", "date (UTC)", widths->run, "run", widths->build, "build",
		"n", "not ok", "gated", "median", "min-max", "95% interval", "previous", "first");
	for (size_t i = 0; i < series->points; i++)
		print_point(out, view, series, i, widths);
	if (!series->judged)
		fprintf(out, "  %zu run%s with a value: a change point needs at least %d\n", known, known == 1 ? "" : "s",
			HISTORY_LEAST_RUNS);
	else if (series->judged < known)
		fprintf(out, "  only the newest %zu of %zu runs were searched for change points\n", series->judged, known);
}

static void print_sum(FILE *out, const struct history_view *view)
{
	size_t judged = 0, changes = 0;

	for (size_t i = 0; i < view->series; i++) {
		judged += view->serie[i].judged > 0;
		changes += view->serie[i].changes;
	}
	fprintf(out, "\n%zu of %zu series had runs enough to be searched for change points: %zu found", judged, view->series, changes);
	if (judged)
		fprintf(out, "; %.2g would be expected by chance, at p <= %g each", HISTORY_ALPHA * (double)judged, HISTORY_ALPHA);
	fputs(".\n", out);
}

static void print_text(FILE *out, const struct history_view *view)
{
	struct widths widths = { .run = (int)strlen("run"), .build = (int)strlen("build") };
	const struct figure *figure = view->figure;
	const char *better = figure_better_name(figure->better);

	for (size_t i = 0; i < view->runs; i++) {
		widths.run = widest(widths.run, view->run[i].run_id);
		widths.build = widest(widths.build, view->run[i].build);
	}
	fprintf(out, "%s: %s%s%s%s%s%s; each run by the median of its invocations\n", figure->name, figure->words, *figure->unit ? ", in " : "",
		figure->unit, *better ? "; " : "", better, *better ? " is better" : "");
	fputs("all cells: ", out);
	history_print_keys(out, view, view->serie[0].cell, true);
	fputc('\n', out);
	for (size_t i = 0; i < view->series; i++)
		print_series(out, view, &view->serie[i], &widths);
	print_sum(out, view);
}

/* --- CSV --- */

static void print_number(FILE *out, double value)
{
	fputc(',', out);
	if (!isnan(value))
		fprintf(out, "%.9g", value);
}

static void print_row(FILE *out, const struct history_view *view, const struct history_series *series, size_t at)
{
	const struct history_point *point = &series->point[at];
	const struct history_change *change = history_change_at(series, at);

	history_print_field(out, "", view->figure->name);
	history_print_field(out, ",", view->figure->unit);
	history_print_field(out, ",", series->host);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!run_key_is_origin((enum run_key)k))
			history_print_field(out, ",", series->cell->key[k]);
	}
	history_print_field(out, ",", point->run->run_id);
	history_print_field(out, ",", point->run->created_utc);
	history_print_field(out, ",", point->run->build);
	fprintf(out, ",%zu,%zu,%zu,%zu", point->count, point->not_ok, point->gated, point->values);
	print_number(out, point->median);
	print_number(out, point->min);
	print_number(out, point->max);
	print_number(out, point->low);
	print_number(out, point->high);
	print_number(out, history_to_previous(series, at));
	print_number(out, history_to_first(series, at));
	fprintf(out, ",%d,%s", series->judged > 0, !change ? "" : change->is_ratio ? "ratio" : "difference");
	print_number(out, change ? change->shift : NAN);
	print_number(out, change ? change->low : NAN);
	print_number(out, change ? change->high : NAN);
	print_number(out, change ? change->p_value : NAN);
	fputc('\n', out);
}

static void print_csv(FILE *out, const struct history_view *view)
{
	fputs("figure,unit,host_id", out);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!run_key_is_origin((enum run_key)k))
			history_print_field(out, ",", run_key_name((enum run_key)k));
	}
	fputs(",run_id,created_utc,build_id,invocations,not_ok,gated,n,median,min,max,median_lo,median_hi,to_previous,to_first,searched,"
	      "change,change_by,change_lo,change_hi,change_p\n",
	      out);
	for (size_t i = 0; i < view->series; i++) {
		for (size_t p = 0; p < view->serie[i].points; p++)
			print_row(out, view, &view->serie[i], p);
	}
}

int history_show_print(FILE *out, const struct history_view *view, enum history_format format)
{
	if (format == HISTORY_JSON)
		return history_show_json(out, view);
	if (format == HISTORY_CSV)
		print_csv(out, view);
	else
		print_text(out, view);
	return 0;
}
