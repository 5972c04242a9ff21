/* SPDX-License-Identifier: MIT */
/*
 * The heat map: each back end's ratio to the baseline in every group of cells.  Colour says by how much, hatching that the data does not
 * show a difference, and the number is there for those who cannot tell the colours or do not trust them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/pictures_heat.h"
#include "bench/report/pictures_list.h"

/* Each step of a colour is a third of a doubling, up to four times. */
#define LEVELS 6
#define LEVELS_PER_DOUBLING 3
#define LABEL_LINES 4u
/* That fit over all columns together. */
#define LETTERS 124u
#define ROW_HEIGHT 19
#define WIDTH 860

/* One line for each key in which contexts differ: "2 CPUs", "routing same"; the value alone where that is longer than `most` letters. */
static size_t context_lines(const struct heat *heat, size_t context, size_t most, char line[LABEL_LINES][64])
{
	const struct comparison *c = heat->context[context];
	size_t lines = 0;

	for (enum run_key k = 0; k < RUN_KEY_COUNT && lines < LABEL_LINES; k++) {
		const char *value = c->key[k] ? c->key[k] : "";

		if (k == RUN_KEY_BACKEND || !heat_differs(heat, k) || (k == RUN_KEY_CHANNELS && heat_differs(heat, RUN_KEY_CPUS)))
			continue;
		if (k == RUN_KEY_CPUS)
			snprintf(line[lines++], 64, "%s CPU%s", value, strcmp(value, "1") == 0 ? "" : "s");
		else if (k == RUN_KEY_DELIVERY || k == RUN_KEY_WORKLOAD || k == RUN_KEY_DUPLEX)
			snprintf(line[lines++], 64, "%s", *value ? value : "none");
		else
			snprintf(line[lines++], 64, "%s %s", run_key_words(k), *value ? value : "none");
		if (strlen(line[lines - 1]) > most)
			snprintf(line[lines - 1], 64, "%s", *value ? value : "none");
	}
	return lines;
}

static void context_words(const struct heat *heat, size_t context, char *text, size_t bytes)
{
	char line[LABEL_LINES][64];
	size_t lines = context_lines(heat, context, SIZE_MAX, line), used = 0;

	*text = '\0';
	for (size_t i = 0; i < lines && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "", line[i]);
}

/* What the lines above the columns are, where there are several columns. */
static void note_keys(struct drawing *d, const struct heat *heat)
{
	char text[256] = "";
	size_t used = 0;

	for (enum run_key k = 0; k < RUN_KEY_COUNT && used < sizeof(text); k++) {
		if (k == RUN_KEY_BACKEND || !heat_differs(heat, k) || (k == RUN_KEY_CHANNELS && heat_differs(heat, RUN_KEY_CPUS)))
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "", run_key_words(k));
	}
	if (used)
		drawing_note(d, "Columns differ in: %s.", text);
}

static bool better(const struct comparison *c)
{
	return c->figure->better == FIGURE_MORE ? c->ratio > 1 : c->ratio < 1;
}

static bool hatched(const struct comparison *c)
{
	return c->verdict == COMPARE_UNDECIDED || c->verdict == COMPARE_EQUIVALENT;
}

static int level_of(const struct comparison *c)
{
	double level = fabs(log2(c->ratio)) * LEVELS_PER_DOUBLING;

	return level > LEVELS ? LEVELS : (int)(level + 0.5);
}

/* The cells for which `wanted` holds, as boxes. */
static bool write_boxes(struct drawing *d, const struct heat *heat, const char *block,
			bool (*wanted)(const struct comparison *c, int), int arguments)
{
	bool any = false;

	for (size_t b = 0; b < heat->backends; b++) {
		for (size_t column = 0; column < heat->figures * heat->contexts; column++) {
			const struct comparison *c = *heat_cell(heat, b, column / heat->contexts, column % heat->contexts);
			double x = (double)column + 0.25 * (double)(column / heat->contexts);

			if (!c || isnan(c->ratio) || c->verdict == COMPARE_NOT_COMPARABLE || !wanted(c, arguments))
				continue;
			if (!any)
				fprintf(d->script, "$%s << EOD\n", block);
			any = true;
			fprintf(d->script, "%.6g %zu %.6g %.6g %.6g %.6g %.3g\n", x, b, x - 0.49, x + 0.49, (double)b - 0.47,
				(double)b + 0.47,
				c->ratio);
		}
	}
	if (any)
		fprintf(d->script, "EOD\n");
	return any;
}

/* A signed level: negative for better. */
static bool of_level(const struct comparison *c, int level)
{
	return level_of(c) == abs(level) && (level < 0) == better(c);
}

static bool of_verdict(const struct comparison *c, int verdict)
{
	return (int)c->verdict == verdict;
}

static bool every(const struct comparison *c, int unused)
{
	(void)c;
	(void)unused;
	return true;
}

static void write_plot(struct drawing *d, const struct heat *heat)
{
	static const char *const boxes = "using 1:2:3:4:5:6 with boxxyerror";
	bool level[2 * LEVELS + 1] = { false }, undecided, equivalent;
	char block[16];

	for (int l = -LEVELS; l <= LEVELS; l++) {
		snprintf(block, sizeof(block), "l%d", l + LEVELS);
		level[l + LEVELS] = l && write_boxes(d, heat, block, of_level, l);
	}
	undecided = write_boxes(d, heat, "u", of_verdict, COMPARE_UNDECIDED);
	equivalent = write_boxes(d, heat, "e", of_verdict, COMPARE_EQUIVALENT);
	write_boxes(d, heat, "all", every, 0);
	fprintf(d->script, "plot ");
	for (int l = -LEVELS; l <= LEVELS; l++) {
		/* No stronger than half, so that the number can be read in a dark theme too. */
		unsigned alpha = 255 - (unsigned)(abs(l) * 130 / LEVELS);

		if (level[l + LEVELS])
			fprintf(d->script, "$l%d %s fs solid noborder lc rgb '" SVG_SERIES_ALPHA_FORMAT "' notitle, ", l + LEVELS,
				boxes, alpha, l < 0 ? 1u : 2u);
	}
	if (undecided)
		fprintf(d->script, "$u %s lc rgb '" SVG_HATCH "' fs pattern 5 noborder notitle, ", boxes);
	if (equivalent)
		fprintf(d->script, "$e %s lc rgb '" SVG_HATCH "' fs pattern 1 noborder notitle, ", boxes);
	fprintf(d->script, "keyentry with boxes lc rgb '" SVG_SERIES_ALPHA_FORMAT "' fs solid noborder title 'better', "
			   "keyentry with boxes lc rgb '" SVG_SERIES_ALPHA_FORMAT "' fs solid noborder title 'worse', "
			   "keyentry with boxes lc rgb '" SVG_HATCH "' fs pattern 5 border title 'undecided', "
			   "keyentry with boxes lc rgb '" SVG_HATCH "' fs pattern 1 border title 'equivalent', "
			   "$all using 1:2:(sprintf('%%.3g', $7)) with labels notitle\n", 125u, 1u, 125u, 2u);
}

static void write_frame(struct drawing *d, const struct heat *heat)
{
	size_t columns = heat->figures * heat->contexts, most = 0, letters = LETTERS / columns;
	char line[LABEL_LINES][64];
	unsigned height;

	for (size_t i = 0; i < heat->contexts; i++) {
		size_t lines = context_lines(heat, i, SIZE_MAX, line);

		most = lines > most ? lines : most;
	}
	height = (unsigned)(48 + ROW_HEIGHT * (heat->backends + most + 1));
	drawing_begin(d, WIDTH, height);
	fprintf(d->script, "unset border\nunset grid\nunset xtics\nset lmargin at screen 0.15\nset rmargin at screen 0.99\nset "
		"bmargin at screen %.4g\n"
			   "set tmargin at screen %.4g\nset key at screen 0.55,0.99 center top horizontal maxrows 1 width "
			   "1\nset xrange [-0.55:%.6g]\n"
			   "set yrange [%zu-0.45:-0.55]\nset ytics scale 0 (",
		10.0 / height, 1 - (38.0 + ROW_HEIGHT * (double)(most + 1)) / height,
		(double)columns - 0.45 + 0.25 * (double)(heat->figures - 1), heat->backends);
	for (size_t b = 0; b < heat->backends; b++) {
		fprintf(d->script, "%s", b ? ", " : "");
		drawing_tick(d, heat->backend[b]);
		fprintf(d->script, " %zu", b);
	}
	fprintf(d->script, ")\n");
	for (size_t column = 0; column < columns; column++) {
		size_t lines = context_lines(heat, column % heat->contexts, letters, line);
		double x = (double)column + 0.25 * (double)(column / heat->contexts);

		for (size_t i = 0; i < lines; i++) {
			fprintf(d->script, "set label ");
			drawing_quote(d, line[i]);
			fprintf(d->script, " at first %.6g,%.6g center font ',10'\n", x, -0.95 - 0.85 * (double)(lines - 1 - i));
		}
	}
	for (size_t f = 0; f < heat->figures; f++)
		fprintf(d->script, "set label '%s' at first %.6g,%.6g center\n", heat_figures[f].words,
			((double)f + 0.5) * (double)heat->contexts - 0.5 + 0.25 * (double)f, -1.25 - 0.85 * (double)most);
}

static void write_table(struct drawing *d, const struct heat *heat)
{
	drawing_column(d, false, "back end");
	drawing_column(d, false, "cells");
	drawing_column(d, false, "figure");
	drawing_column(d, true, "ratio");
	drawing_column(d, true, "interval from");
	drawing_column(d, true, "to");
	drawing_column(d, false, "verdict");
	for (size_t b = 0; b < heat->backends; b++) {
		for (size_t column = 0; column < heat->figures * heat->contexts; column++) {
			const struct comparison *c = *heat_cell(heat, b, column / heat->contexts, column % heat->contexts);
			char words[256];

			if (!c)
				continue;
			context_words(heat, column % heat->contexts, words, sizeof(words));
			drawing_cell(d, "%s", heat->backend[b]);
			drawing_cell(d, "%s", words);
			drawing_cell(d, "%s", heat_figures[column / heat->contexts].words);
			drawing_number(d, c->ratio);
			drawing_number(d, c->ci_lo);
			drawing_number(d, c->ci_hi);
			drawing_cell(d, "%s", compare_verdict_name(c->verdict));
		}
	}
}

static void write_title(const struct view *view, struct drawing *d, const struct heat *heat)
{
	size_t cells = 0, better_cells = 0, worse_cells = 0, open = 0;

	for (size_t i = 0; i < heat->backends * heat->figures * heat->contexts; i++) {
		const struct comparison *c = heat->cell[i];

		if (!c || isnan(c->ratio) || c->verdict == COMPARE_NOT_COMPARABLE)
			continue;
		cells++;
		better_cells += c->verdict == COMPARE_BETTER;
		worse_cells += c->verdict == COMPARE_WORSE;
		open += hatched(c);
	}
	drawing_title(d, "Ratios to %s: of %zu comparisons %zu are better, %zu worse, and %zu undecided or equivalent (hatched)",
		      view->data->baseline, cells,
		      better_cells, worse_cells, open);
}

void picture_ratios(const struct view *view, struct drawing *d)
{
	struct heat heat;

	if (heat_init(&heat, &view->data->comparisons)) {
		drawing_fail(d, -ENOMEM, NULL);
	} else if (!heat.backends || heat.contexts > HEAT_COLUMNS_MOST) {
		drawing_title(d, "Ratios to the baseline");
		if (heat.backends)
			drawing_note(d, "The run has %zu groups of cells, and more than %u columns cannot be read: `storsync "
				     "compare` prints them all.", heat.contexts,
				     HEAT_COLUMNS_MOST);
		else
			drawing_note(d, "Nothing can be compared with %s%s%s: `storsync run --backends` with two or more, and 6 "
				     "invocations, gives ratios.",
				     view->data->baseline ? view->data->baseline : "a baseline",
				     *view->data->not_compared ? ", because " : "",
				     view->data->not_compared);
	} else {
		write_title(view, d, &heat);
		drawing_note(d, "A number is the back end's figure divided by the baseline's. Colours end at a ratio of 4 or "
			     "1/4; with I/Os a second, more is better. "
			     "An empty cell cannot be compared. Equivalent is within the noise floor of this run, and within 10%%.");
		note_keys(d, &heat);
		if (heat.figures < HEAT_FIGURES)
			drawing_note(d, "Of the figures only those are shown for which there is room; `storsync compare` prints the others.");
		write_table(d, &heat);
		write_frame(d, &heat);
		write_plot(d, &heat);
	}
	heat_fini(&heat);
}
