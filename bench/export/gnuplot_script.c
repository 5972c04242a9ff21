/* SPDX-License-Identifier: MIT */
/* plot.gp: a plot for each file of percentiles and each figure; see gnuplot_script.h. */
#include "bench/export/gnuplot_script.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void gnuplot_put_name(FILE *out, const char *label)
{
	fputc('"', out);
	for (; *label; label++)
		fputc(*label == '"' || *label == '\\' || (unsigned char)*label < ' ' ? '_' : *label, out);
	fputc('"', out);
}

/* Curves that are not drawn, since gnuplot complains of what has no value: named in a comment, and told. */
struct left_out {
	FILE *file;
	const char *what;
	size_t count;
};

static void leave_out(struct left_out *out, const char *label)
{
	if (!out->count++)
		fprintf(out->file, "# %s: left out, without a value: ", out->what);
	else
		fputs(", ", out->file);
	gnuplot_put_name(out->file, label);
}

static void tell_left_out(const struct left_out *out)
{
	if (!out->count)
		return;
	fputc('\n', out->file);
	fprintf(stderr, "storsync export: plot.gp: %s leaves out %zu curve%s without a value; a comment in plot.gp names %s\n", out->what,
		out->count, out->count == 1 ? "" : "s", out->count == 1 ? "it" : "them");
}

static void leave_out_percentiles(FILE *file, const struct gnuplot_values *values, unsigned metric)
{
	struct left_out out = { .file = file, .what = export_metric_name((enum metric)metric) };
	const struct gnuplot_value *v = values->value, *end = v + values->count;
	const struct export_selection *s = values->s;
	char label[SELECTION_NAME_BYTES];

	for (size_t c = 0; c < s->data.cells; c++) {
		/* They are sorted. */
		while (v < end && (v->metric < metric || (v->metric == metric && v->cell < c)))
			v++;
		if (!s->is_chosen[c] || (v < end && v->metric == metric && v->cell == c))
			continue;
		export_selection_label(s, &s->data.cell[c], label);
		leave_out(&out, label);
	}
	tell_left_out(&out);
}

static void put_percentile_plot(FILE *file, unsigned metric, size_t blocks)
{
	const char *name = export_metric_name((enum metric)metric);

	fprintf(file, "set title \"%s by percentile, median over invocations\"\nset logscale xy\nset ylabel \"ns\"\n"
		"set xlabel \"percentile\"\n"
		"set xtics (\"0\" 1, \"50\" 2, \"90\" 10, \"99\" 100, \"99.9\" 1e3, \"99.99\" 1e4, \"99.999\" 1e5)\n", name);
	fprintf(file, "set output \"percentiles.%s.svg\"\n", name);
	fprintf(file, "plot for [i=0:%zu] \"percentiles.%s.dat\" index i using 2:3 with linespoints title columnheader(1)\n\n",
		blocks - 1, name);
}

/* Whether a block of figures.dat has anything of a figure. */
static bool has_figure(const struct export_selection *s, size_t figure, const size_t *block_of, size_t block)
{
	for (size_t row = 0; row < s->data.rows; row++) {
		uint32_t cell = s->data.row[row].cell;

		if (s->is_chosen[cell] && block_of[cell] == block && isfinite(run_data_value(&s->data, row, figure)))
			return true;
	}
	return false;
}

static void leave_out_figures(FILE *file, const struct export_selection *s, size_t figure, const size_t *block_of, size_t blocks)
{
	struct left_out out = { .file = file, .what = s->data.figure[figure]->name };
	char label[SELECTION_NAME_BYTES];

	for (size_t b = 0; b < blocks; b++) {
		size_t c = 0;

		if (has_figure(s, figure, block_of, b))
			continue;
		while (!s->is_chosen[c] || block_of[c] != b)
			c++;
		gnuplot_label_line(s, &s->data.cell[c], label);
		leave_out(&out, label);
	}
	tell_left_out(&out);
}

/* figures.dat: median with the smallest and the largest, a curve for each block that has the figure. */
static void put_figure_plot(FILE *file, const struct export_selection *s, size_t figure, const size_t *block_of, size_t blocks)
{
	const struct figure *what = s->data.figure[figure];
	const char *between = "";

	for (size_t b = 0; b < blocks; b++) {
		if (!has_figure(s, figure, block_of, b))
			continue;
		if (!*between) {
			fprintf(file, "set title \"%s: median, smallest and largest invocation\"\nset ylabel \"%s\"\n", what->words,
				what->unit);
			fprintf(file, "set output \"%s.svg\"\nplot for [i in \"", what->name);
		}
		fprintf(file, "%s%zu", between, b);
		between = " ";
	}
	if (*between) {
		fprintf(file, "\"] \"figures.dat\" index (i + 0) using 1:%zu:%zu:%zu with yerrorlines title columnheader(1)\n\n",
			2 + 3 * figure, 3 + 3 * figure, 4 + 3 * figure);
	}
}

static void cpus_range(const struct export_selection *s, double *least, double *most)
{
	*least = INFINITY;
	*most = 0;
	for (size_t c = 0; c < s->data.cells; c++) {
		double cpus = strtod(s->data.cell[c].key[RUN_KEY_CPUS], NULL);

		*least = s->is_chosen[c] ? fmin(*least, cpus) : *least;
		*most = s->is_chosen[c] ? fmax(*most, cpus) : *most;
	}
}

int gnuplot_write_script(const struct gnuplot_values *values, const size_t *blocks, const size_t *block_of, size_t lines,
			 struct output_file *out)
{
	const struct run_data *data = &values->s->data;
	FILE *file = output_file_next(out, "plot.gp");
	double least, most;
	size_t curves = lines;

	if (!file)
		return -EIO;
	/* Room for the legend. */
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		curves = blocks[m] > curves ? blocks[m] : curves;
	fprintf(file, "# Run %s.  In this folder: gnuplot plot.gp\n"
		"set terminal svg size 1200,%zu dynamic noenhanced\nset encoding utf8\nset key outside right top\nset grid\n"
		"set datafile missing \"NaN\"\n\n", data->run_id, 20 * curves + 100 > 700 ? 20 * curves + 100 : 700);
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		if (values->options->has_metric[m])
			leave_out_percentiles(file, values, m);
		if (blocks[m])
			put_percentile_plot(file, m, blocks[m]);
	}
	cpus_range(values->s, &least, &most);
	fprintf(file, "set xlabel \"CPUs\"\nunset logscale\nset xtics auto 1\nset xrange [%g:%g]\nset yrange [0:*]\n\n",
		least - 0.5, most + 0.5);
	for (size_t i = 0; i < data->figures; i++) {
		leave_out_figures(file, values->s, i, block_of, lines);
		put_figure_plot(file, values->s, i, block_of, lines);
	}
	return output_file_close(out);
}
