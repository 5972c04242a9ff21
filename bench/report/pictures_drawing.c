/* SPDX-License-Identifier: MIT */
/* What all pictures are made with; see pictures_drawing.h. */
#define _GNU_SOURCE /* vasprintf */
#include "bench/report/pictures_drawing.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* No axis goes further, whatever stands in a file: as many steps as there are on one must be counted. */
#define AXIS_MOST 1e18

int drawing_fail(struct drawing *d, int error, const char *line)
{
	if (!d->error) {
		d->error = error;
		snprintf(d->line, sizeof(d->line), "%s", line ? line : strerror(-error));
	}
	return error;
}

static char *text_of(struct drawing *d, const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) >= 0)
		return text;
	drawing_fail(d, -ENOMEM, NULL);
	return NULL;
}

void drawing_title(struct drawing *d, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	free(d->picture->title);
	d->picture->title = text_of(d, format, arguments);
	va_end(arguments);
}

void drawing_note(struct drawing *d, const char *format, ...)
{
	char *before = d->picture->note, *sentence, *both;
	va_list arguments;

	va_start(arguments, format);
	sentence = text_of(d, format, arguments);
	va_end(arguments);
	if (!before || !sentence) {
		d->picture->note = sentence ? sentence : before;
		return;
	}
	if (asprintf(&both, "%s %s", before, sentence) < 0) {
		drawing_fail(d, -ENOMEM, NULL);
		both = NULL;
	}
	free(before);
	free(sentence);
	d->picture->note = both;
}

void drawing_column(struct drawing *d, bool numeric, const char *format, ...)
{
	struct picture_table *table = &d->picture->table;
	char **heading = realloc(table->heading, (table->columns + 1) * sizeof(*heading));
	bool *flush = NULL;
	va_list arguments;
	char *text;

	if (heading)
		table->heading = heading;
	flush = realloc(table->numeric, (table->columns + 1) * sizeof(*flush));
	if (flush)
		table->numeric = flush;
	va_start(arguments, format);
	text = text_of(d, format, arguments);
	va_end(arguments);
	if (!heading || !flush || !text) {
		free(text);
		drawing_fail(d, -ENOMEM, NULL);
		return;
	}
	heading[table->columns] = text;
	flush[table->columns++] = numeric;
}

void drawing_cell(struct drawing *d, const char *format, ...)
{
	struct picture_table *table = &d->picture->table;
	va_list arguments;
	char *text;

	if (d->cells == d->room) {
		size_t room = 2 * d->room + 64;
		char **cell = realloc(table->cell, room * sizeof(*cell));

		if (!cell) {
			drawing_fail(d, -ENOMEM, NULL);
			return;
		}
		table->cell = cell;
		d->room = room;
	}
	va_start(arguments, format);
	text = text_of(d, format, arguments);
	va_end(arguments);
	if (!text)
		return;
	table->cell[d->cells++] = text;
	if (table->columns)
		table->rows = d->cells / table->columns;
}

void drawing_number(struct drawing *d, double value)
{
	char text[64];

	if (isnan(value)) {
		drawing_cell(d, "%s", "");
	} else if (value == floor(value) && fabs(value) < 9007199254740992.0) {
		drawing_cell(d, "%.0f", value);
	} else {
		for (int digits = 9; digits <= 17; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, value);
			if (strtod(text, NULL) == value)
				break;
		}
		drawing_cell(d, "%s", text);
	}
}

void drawing_begin(struct drawing *d, unsigned width, unsigned height)
{
	d->drawn = true;
	fprintf(d->script,
		"reset session\n"
		"set encoding utf8\n"
		"set terminal svg size %u,%u noenhanced font 'Arial,13' linewidth 1\n"
		"set border 3 lc rgb '" SVG_MUTED "'\n"
		"set tics nomirror out scale 0.5 textcolor rgb '" SVG_INK "'\nset xtics offset 0,0.3\nset xlabel offset 0,0.4\n"
		"set grid lt 1 lc rgb '" SVG_GRID "' lw 1\n"
		"set key outside right top Left reverse samplen 3 spacing 1.15 width 1\n",
		width, height);
}

static void quote(struct drawing *d, const char *text, bool percent_doubled)
{
	fputc('\'', d->script);
	for (; *text; text++) {
		/* gnuplot reads lines: a control character would end this one. */
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			fputc(' ', d->script);
		else if (*text == '\'')
			fputs("''", d->script);
		else if (*text == '%' && percent_doubled)
			fputs("%%", d->script);
		else
			fputc(*text, d->script);
	}
	fputc('\'', d->script);
}

void drawing_quote(struct drawing *d, const char *text)
{
	quote(d, text, false);
}

void drawing_tick(struct drawing *d, const char *text)
{
	quote(d, text, true);
}

const char *drawing_time_text(double ns, char text[32])
{
	static const char *const unit[] = { "ns", "us", "ms", "s" };
	size_t u = 0;

	/* 999.9 would be written as 1e+03. */
	while (u < 3 && fabs(ns) >= 999.5) {
		ns /= 1000;
		u++;
	}
	snprintf(text, 32, "%.3g %s", ns, unit[u]);
	return text;
}

/* The power of ten at or below. */
static double decade_of(double value)
{
	return pow(10, floor(log10(value) + 1e-9));
}

void drawing_time_axis(struct drawing *d, const char *axis, double least_ns, double most_ns)
{
	static const double steps[] = { 1, 2, 5 };
	double low = fmin(fmax(least_ns, 1), AXIS_MOST) / 1.15, high = fmin(fmax(most_ns, 1), AXIS_MOST) * 1.15;
	/* Over many decades 2 and 5 would be too much. */
	size_t used = high / low > 3000 ? 1 : 3;
	bool first = true;

	fprintf(d->script, "set log %s\nset %srange [%.6g:%.6g]\nset %stics (", axis, axis, low, high, axis);
	/* Within less than a decade 1, 2, 5 may be no more than one tick. */
	for (double step = drawing_step(high - low, 5), tick = ceil(low / step) * step; high / low < 8 && tick <= high; tick += step) {
		char text[32];

		fprintf(d->script, "%s'%s' %.6g", first ? "" : ", ", drawing_time_text(tick, text), tick);
		first = false;
	}
	for (double decade = decade_of(low); decade <= high && high / low >= 8; decade *= 10) {
		for (size_t i = 0; i < used; i++) {
			double tick = decade * steps[i];
			char text[32];

			if (tick < low || tick > high)
				continue;
			fprintf(d->script, "%s'%s' %.6g", first ? "" : ", ", drawing_time_text(tick, text), tick);
			first = false;
		}
	}
	fprintf(d->script, ")\n");
}

double drawing_step(double most, unsigned steps)
{
	static const double times[] = { 2, 2.5, 2 };
	double end = fmin(most > 0 ? most : 1, AXIS_MOST), step = decade_of(end) / 100;

	for (unsigned i = 0; end / step > steps; i++)
		step *= times[i % 3];
	return step;
}

void drawing_linear_time_axis(struct drawing *d, const char *axis, double most_ns)
{
	double step = drawing_step(most_ns, 6);

	most_ns = fmin(most_ns, AXIS_MOST);
	fprintf(d->script, "set %srange [0:%.6g]\nset %stics ('0' 0", axis, most_ns * 1.02, axis);
	for (double tick = step; tick <= most_ns * 1.02; tick += step) {
		char text[32];

		fprintf(d->script, ", '%s' %.6g", drawing_time_text(tick, text), tick);
	}
	fprintf(d->script, ")\n");
}

void drawing_thousands_axis(struct drawing *d, const char *axis, double most)
{
	double step = drawing_step(most, 6);

	most = fmin(most, AXIS_MOST);
	fprintf(d->script, "set %srange [0:%.6g]\nset %stics (", axis, most * 1.05, axis);
	for (double tick = 0; tick <= most * 1.05; tick += step)
		fprintf(d->script, "%s'%.6g' %.6g", tick > 0 ? ", " : "", tick / 1000, tick);
	fprintf(d->script, ")\n");
}
