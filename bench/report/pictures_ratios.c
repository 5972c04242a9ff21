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
/* That fit over the columns of a page together. */
#define LETTERS 124u
#define ROW_HEIGHT 19
#define KEY_BELOW_TOP 7.0
#define WIDTH 860

/* Pages are beneath each other, in one system of coordinates: a column is as wide as 1, a row as high. */
struct layout {
	const struct heat *heat;
	size_t lines;     /* above the columns */
	size_t page_rows; /* with what is above them */
};

static struct layout lay_out(const struct heat *heat)
{
	struct layout layout = { .heat = heat };
	char line[HEAT_LABEL_LINES][64];

	for (size_t i = 0; i < heat->contexts; i++) {
		size_t lines = heat_label(heat, i, SIZE_MAX, line);

		layout.lines = lines > layout.lines ? lines : layout.lines;
	}
	layout.page_rows = heat->backends + layout.lines + 2;
	return layout;
}

static size_t page_of(const struct layout *layout, size_t context)
{
	return context / layout->heat->page_contexts;
}

static double column_x(const struct layout *layout, size_t figure, size_t context)
{
	return (double)figure * ((double)layout->heat->page_contexts + 0.25) + (double)(context % layout->heat->page_contexts);
}

static double row_y(const struct layout *layout, size_t page, double row)
{
	return (double)(page * layout->page_rows) + row;
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
static bool write_boxes(struct drawing *d, const struct layout *layout, const char *block,
			bool (*wanted)(const struct comparison *c, int), int arguments)
{
	const struct heat *heat = layout->heat;
	bool any = false;

	for (size_t b = 0; b < heat->backends; b++) {
		for (size_t column = 0; column < heat->figures * heat->contexts; column++) {
			size_t figure = column / heat->contexts, context = column % heat->contexts;
			const struct comparison *c = *heat_cell(heat, b, figure, context);
			double x = column_x(layout, figure, context), y = row_y(layout, page_of(layout, context), (double)b);

			if (!c || isnan(c->ratio) || c->verdict == COMPARE_NOT_COMPARABLE || !wanted(c, arguments))
				continue;
			if (!any)
				fprintf(d->script, "$%s << EOD\n", block);
			any = true;
			fprintf(d->script, "%.6g %.6g %.6g %.6g %.6g %.6g %.3g\n", x, y, x - 0.49, x + 0.49, y - 0.47, y + 0.47, c->ratio);
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

static void write_plot(struct drawing *d, const struct layout *layout)
{
	static const char *const boxes = "using 1:2:3:4:5:6 with boxxyerror";
	bool level[2 * LEVELS + 1] = { false }, undecided, equivalent;
	char block[16];

	for (int l = -LEVELS; l <= LEVELS; l++) {
		snprintf(block, sizeof(block), "l%d", l + LEVELS);
		level[l + LEVELS] = l && write_boxes(d, layout, block, of_level, l);
	}
	undecided = write_boxes(d, layout, "u", of_verdict, COMPARE_UNDECIDED);
	equivalent = write_boxes(d, layout, "e", of_verdict, COMPARE_EQUIVALENT);
	write_boxes(d, layout, "all", every, 0);
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

static void write_labels(struct drawing *d, const struct layout *layout)
{
	const struct heat *heat = layout->heat;
	size_t letters = LETTERS / (heat->figures * heat->page_contexts);
	char line[HEAT_LABEL_LINES][64];

	for (size_t column = 0; column < heat->figures * heat->contexts; column++) {
		size_t context = column % heat->contexts, lines = heat_label(heat, context, letters, line);

		for (size_t i = 0; i < lines; i++) {
			fprintf(d->script, "set label ");
			drawing_quote(d, line[i]);
			fprintf(d->script, " at first %.6g,%.6g center font ',10'\n", column_x(layout, column / heat->contexts, context),
				row_y(layout, page_of(layout, context), -0.95 - 0.85 * (double)(lines - 1 - i)));
		}
	}
	for (size_t page = 0; page < heat->pages; page++) {
		for (size_t f = 0; f < heat->figures; f++)
			fprintf(d->script, "set label '%s' at first %.6g,%.6g center\n", heat_figures[f].words,
				column_x(layout, f, 0) + ((double)heat->page_contexts - 1) / 2,
				row_y(layout, page, -1.25 - 0.85 * (double)layout->lines));
	}
}

static void write_frame(struct drawing *d, const struct layout *layout)
{
	const struct heat *heat = layout->heat;
	size_t rows = (heat->pages - 1) * layout->page_rows + heat->backends;
	unsigned height = (unsigned)(48 + ROW_HEIGHT * (rows + layout->lines + 1));

	drawing_begin(d, WIDTH, height);
	fprintf(d->script, "unset border\nunset grid\nunset xtics\nset lmargin at screen 0.15\nset rmargin at screen 0.99\nset "
		"bmargin at screen %.6g\n"
			   "set tmargin at screen %.6g\nset key at screen 0.55,%.6g center top horizontal maxrows 1 width "
			   "1\nset xrange [-0.55:%.6g]\n"
			   "set yrange [%zu-0.45:-0.55]\nset ytics scale 0 (",
		10.0 / height, 1 - (38.0 + ROW_HEIGHT * (double)(layout->lines + 1)) / height, 1 - KEY_BELOW_TOP / height,
		column_x(layout, heat->figures - 1, heat->page_contexts - 1) + 0.55, rows);
	for (size_t i = 0; i < heat->pages * heat->backends; i++) {
		fprintf(d->script, "%s", i ? ", " : "");
		drawing_tick(d, heat->backend[i % heat->backends]);
		fprintf(d->script, " %.6g", row_y(layout, i / heat->backends, (double)(i % heat->backends)));
	}
	fprintf(d->script, ")\n");
	write_labels(d, layout);
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
			char words[512];

			if (!c)
				continue;
			heat_words(heat, column % heat->contexts, words, sizeof(words));
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
	struct layout layout;

	if (heat_init(&heat, &view->data->comparisons)) {
		drawing_fail(d, -ENOMEM, NULL);
	} else if (!heat.backends) {
		drawing_title(d, "Ratios to the baseline");
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
		heat_note_keys(&heat, d);
		if (heat.pages > 1)
			drawing_note(d, "The %zu groups of cells are in %zu maps beneath each other.", heat.contexts, heat.pages);
		if (heat.figures < HEAT_FIGURES)
			drawing_note(d, "Of the figures only those are shown for which there is room; `storsync compare` prints the others.");
		write_table(d, &heat);
		layout = lay_out(&heat);
		write_frame(d, &layout);
		write_plot(d, &layout);
	}
	heat_fini(&heat);
}
