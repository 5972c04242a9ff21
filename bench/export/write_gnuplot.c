/* SPDX-License-Identifier: MIT */
/*
 * gnuplot: data files and a script that plots them: latency by percentile, and figures against the number of CPUs.
 *
 * What is plotted is the median over a cell's invocations, with the smallest and the largest: percentiles of merged samples are
 * hgrm's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export/export.h"
#include "bench/export/gnuplot_script.h"
#include "bench/export/row_scan.h"
#include "bench/files/decimal.h"
#include "bench/files/schema.h"

enum { RUN_ID, CELL_ID, INVOCATION, METRIC, PERCENTILE, VALUE_NS, N, SAMPLES };

/* Of figures.dat; the names are of the metric that is plotted, or of the run. */
static const char *const figure_names[] = { "%s_p50", "%s_p99", "%s_p99_9", "iops", "sync_per_s", "jain" };

#define FIGURES (sizeof(figure_names) / sizeof(figure_names[0]))

/* The figures of each metric that was asked for, those of the run once. */
static const struct figure *const *choose_figures(const struct export_options *options)
{
	static const struct figure *wanted[METRIC_COUNT * FIGURES + 1];
	size_t count = 0, known;

	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		for (size_t i = 0; options->has_metric[m] && i < FIGURES; i++) {
			char name[64];
			const struct figure *figure;

			snprintf(name, sizeof(name), figure_names[i], export_metric_name((enum metric)m));
			figure = figure_find(name);
			/* "section" has percentiles in latency.csv, and no columns. */
			for (known = 0; known < count && wanted[known] != figure;)
				known++;
			if (figure && known == count)
				wanted[count++] = figure;
		}
	}
	wanted[count] = NULL;
	return wanted;
}

static int take_value(void *context, const struct csv_field *field, char *error)
{
	struct gnuplot_values *values = context;
	struct gnuplot_value v = { .metric = 0 };
	uint64_t invocation, ns;
	long row;

	v.metric = export_metric_of(&field[METRIC]);
	if (v.metric == METRIC_COUNT || decimal_parse(field[PERCENTILE].text, field[PERCENTILE].bytes, &v.percentile) || !csv_field_u64(&field[INVOCATION], &invocation))
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "no percentile of a metric"), -EBADMSG;
	if (!values->options->has_metric[v.metric] || !csv_field_is(&field[SAMPLES], "all") || !field[VALUE_NS].bytes)
		return 0;
	if (!csv_field_u64(&field[VALUE_NS], &ns))
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "'%.*s' is not a whole number of ns",
				(int)(field[VALUE_NS].bytes < 40 ? field[VALUE_NS].bytes : 40), field[VALUE_NS].text), -EBADMSG;
	row = export_selection_row(values->s, &field[CELL_ID], invocation);
	if (row < 0)
		return 0;
	v.cell = values->s->data.row[row].cell;
	v.ns = (double)ns;
	if (values->count == values->capacity) {
		size_t grown = values->capacity ? 2 * values->capacity : 4096;
		struct gnuplot_value *more = realloc(values->value, grown * sizeof(*more));

		if (!more)
			return -ENOMEM;
		values->value = more;
		values->capacity = grown;
	}
	values->value[values->count++] = v;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct gnuplot_value *x = a, *y = b;

	if (x->metric != y->metric)
		return x->metric < y->metric ? -1 : 1;
	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	if (x->percentile != y->percentile)
		return x->percentile < y->percentile ? -1 : 1;
	return (x->ns > y->ns) - (x->ns < y->ns);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The names of a block of data and of what is in it. */
static void put_block_name(FILE *out, const char *label)
{
	gnuplot_put_name(out, label);
	fputc('\n', out);
}

static int write_percentiles(const struct gnuplot_values *values, unsigned metric, struct output_file *out, size_t *blocks)
{
	char name[96], label[SELECTION_NAME_BYTES];
	const struct run_data *data = &values->s->data;
	const struct gnuplot_value *previous = NULL;
	FILE *file;

	snprintf(name, sizeof(name), "percentiles.%s.dat", export_metric_name((enum metric)metric));
	file = output_file_next(out, name);
	if (!file)
		return -EIO;
	fprintf(file, "# %s by percentile, run %s: median, smallest and largest over the invocations that have a value\n"
		"# percentile 1/(1-percentile) median_ns smallest_ns largest_ns invocations\n",
		export_metric_name((enum metric)metric), data->run_id);
	*blocks = 0;
	for (size_t i = 0, end; i < values->count; i = end) {
		const struct gnuplot_value *v = &values->value[i];

		for (end = i; end < values->count && values->value[end].metric == v->metric && values->value[end].cell == v->cell &&
		     values->value[end].percentile == v->percentile;)
			end++;
		if (v->metric != metric)
			continue;
		if (!previous || previous->cell != v->cell) {
			export_selection_label(values->s, &data->cell[v->cell], label);
			fputs(*blocks ? "\n\n" : "", file);
			put_block_name(file, label);
			++*blocks;
		}
		previous = v;
		fprintf(file, "%.9g ", v->percentile);
		/* The largest sample has no place on an axis of 1/(1-p). */
		fprintf(file, v->percentile < 100 ? "%.9g " : "NaN ", 100 / (100 - v->percentile));
		fprintf(file, "%.9g %.9g %.9g %zu\n",
			(values->value[i + (end - i - 1) / 2].ns + values->value[i + (end - i) / 2].ns) / 2, v->ns,
			values->value[end - 1].ns, end - i);
	}
	return output_file_close(out);
}

/* Median, smallest and largest of a figure over a cell's invocations; NaN if there is none. */
static void spread_of(const struct run_data *data, size_t cell, size_t figure, double *scratch, double spread[3])
{
	size_t row, end = run_data_rows_of(data, cell, &row), count = 0;

	for (; row < end; row++) {
		double value = run_data_value(data, row, figure);

		if (isfinite(value))
			scratch[count++] = value;
	}
	spread[0] = spread[1] = spread[2] = NAN;
	if (!count)
		return;
	qsort(scratch, count, sizeof(*scratch), by_size);
	spread[0] = (scratch[(count - 1) / 2] + scratch[count / 2]) / 2;
	spread[1] = scratch[0];
	spread[2] = scratch[count - 1];
}

/* The number of CPUs, and what follows from it. */
static bool goes_with_cpus(const struct run_cell *cell, unsigned key)
{
	return key == RUN_KEY_CPUS || key == RUN_KEY_PLACEMENT || key == RUN_KEY_OVERSUBSCRIBED ||
	       (key == RUN_KEY_CHANNELS && strcmp(cell->key[RUN_KEY_CHANNELS], cell->key[RUN_KEY_CPUS]) == 0);
}

static bool are_of_one_line(const struct run_cell *a, const struct run_cell *b)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (strcmp(a->key[k], b->key[k]) != 0 && !(goes_with_cpus(a, k) && goes_with_cpus(b, k)))
			return false;
	}
	return true;
}

static void put_cell(const struct export_selection *s, size_t cell, double *scratch, FILE *file)
{
	fprintf(file, "%s", s->data.cell[cell].key[RUN_KEY_CPUS]);
	for (size_t i = 0; i < s->data.figures; i++) {
		double spread[3];

		spread_of(&s->data, cell, i, scratch, spread);
		for (unsigned k = 0; k < 3; k++)
			fprintf(file, isnan(spread[k]) ? " NaN" : " %.9g", spread[k]);
	}
	fputc('\n', file);
}

void gnuplot_label_line(const struct export_selection *s, const struct run_cell *cell, char label[SELECTION_NAME_BYTES])
{
	struct export_selection without = *s;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		without.varies[k] &= !goes_with_cpus(cell, k);
	export_selection_label(&without, cell, label);
}

/* Notes of each cell which block it is in. */
static int write_figures(const struct export_selection *s, struct output_file *out, size_t *block_of, size_t *blocks)
{
	const struct run_data *data = &s->data;
	double *scratch = malloc((data->rows + 1) * sizeof(*scratch));
	char label[SELECTION_NAME_BYTES];
	bool *is_done = calloc(data->cells + 1, sizeof(*is_done));
	FILE *file = scratch && is_done ? output_file_next(out, "figures.dat") : NULL;

	*blocks = 0;
	if (file) {
		fprintf(file, "# figures by CPUs, run %s: each as median, smallest and largest over the invocations\n# cpus", data->run_id);
		for (size_t i = 0; i < data->figures; i++)
			fprintf(file, " %s smallest largest", data->figure[i]->column);
		fputc('\n', file);
	}
	for (size_t c = 0; file && c < data->cells; c++) {
		if (!s->is_chosen[c] || is_done[c])
			continue;
		fputs(*blocks ? "\n\n" : "", file);
		gnuplot_label_line(s, &data->cell[c], label);
		put_block_name(file, label);
		++*blocks;
		for (size_t d = c; d < data->cells; d++) {
			if (s->is_chosen[d] && !is_done[d] && are_of_one_line(&data->cell[c], &data->cell[d])) {
				put_cell(s, d, scratch, file);
				is_done[d] = true;
				block_of[d] = *blocks - 1;
			}
		}
	}
	free(scratch);
	free(is_done);
	return file ? output_file_close(out) : -EIO;
}

static int write_gnuplot(const struct export_selection *s, const struct export_options *options, struct output_file *out)
{
	struct gnuplot_values values = { .s = s, .options = options };
	char *path = export_path(options, "latency.csv");
	size_t *block_of = calloc(s->data.cells + 1, sizeof(*block_of));
	size_t blocks[METRIC_COUNT] = { 0 }, lines = 0;
	int status = path && block_of ? row_scan(path, &schema_latency, take_value, &values, out->error) : -ENOMEM;

	if (!status && values.count) {
		qsort(values.value, values.count, sizeof(*values.value), by_place);
		for (size_t i = 0; i < values.count && !status; i++) {
			if (!i || values.value[i].metric != values.value[i - 1].metric)
				status = write_percentiles(&values, values.value[i].metric, out, &blocks[values.value[i].metric]);
		}
		if (!status)
			status = write_figures(s, out, block_of, &lines);
		if (!status)
			status = gnuplot_write_script(&values, blocks, block_of, lines, out);
	}
	free(values.value);
	free(block_of);
	free(path);
	return status;
}

const struct export_format export_gnuplot = {
	.name = "gnuplot",
	.help = "latency by percentile, and figures by CPUs",
	.result = "a folder: data files and plot.gp, which plots them",
	.is_folder = true,
	.figures = choose_figures,
	.write = write_gnuplot,
};
