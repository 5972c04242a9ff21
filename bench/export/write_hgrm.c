/* SPDX-License-Identifier: MIT */
/*
 * hgrm: histogram.csv as HdrHistogram's percentile tables, one for each cell and metric, or for each invocation.
 *
 * Histograms merge by adding up equal buckets, so nothing is averaged.  All tables of a run are held at once, because blocks of
 * cells are interleaved; those of single invocations go as soon as the next one begins.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export/export.h"
#include "bench/export/percentile_table.h"
#include "bench/export/row_scan.h"
#include "bench/files/schema.h"

enum { RUN_ID, CELL_ID, INVOCATION, CPU, METRIC, LO_NS, HI_NS, COUNT, HIT };

struct kept_field {
	size_t bytes;
	char text[64];
};

struct hgrm {
	const struct export_selection *s;
	const struct export_options *options;
	struct output_file *out;
	struct percentile_table *table; /* cells, or one for the current invocation; times METRIC_COUNT */
	size_t tables;
	long row;                       /* of the run, that is being read; -1: not exported */
	struct kept_field cell_id, invocation, metric; /* of the line before */
	struct percentile_table *current; /* for these; NULL: not exported */
};

static int write_table(struct hgrm *h, const struct percentile_table *t, const struct run_cell *cell, enum metric metric,
		       long row)
{
	char name[SELECTION_NAME_BYTES], file[SELECTION_NAME_BYTES + 64], of[48];
	size_t first = 0, end = 0, invocations = 0;
	FILE *out;

	export_selection_file_name(h->s, cell, name);
	snprintf(of, sizeof(of), row < 0 ? "" : ".invocation-%" PRIu32, row < 0 ? 0 : h->s->data.row[row].invocation);
	snprintf(file, sizeof(file), "%s%s.%s.hgrm", name, of, export_metric_name(metric));
	out = output_file_next(h->out, file);
	if (!out)
		return -EIO;
	percentile_table_print(t, out, h->options->unit_ns);
	end = run_data_rows_of(&h->s->data, (size_t)(cell - h->s->data.cell), &first);
	for (size_t i = first; i < end; i++)
		invocations += strcmp(h->s->data.row[i].status, "ok") == 0;
	fprintf(out, "# storsync: %s in %s, ", export_metric_name(metric), h->options->unit);
	if (row < 0)
		fprintf(out, "%zu invocation%s, merged; all samples, those that gaps hit too\n", invocations, invocations == 1 ? "" : "s");
	else
		fprintf(out, "invocation %" PRIu32 "; all samples, those that gaps hit too\n", h->s->data.row[row].invocation);
	fprintf(out, "# run %s, cell %s:", h->s->data.run_id, cell->cell_id);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (*cell->key[k])
			fprintf(out, " %s=%s", run_key_name((enum run_key)k), cell->key[k]);
	}
	fputc('\n', out);
	return output_file_close(h->out);
}

static int write_tables(struct hgrm *h)
{
	for (size_t i = 0; i < h->tables; i++) {
		bool is_one = h->options->is_per_invocation;
		const struct run_data *data = &h->s->data;
		size_t cell = is_one && h->row >= 0 ? data->row[h->row].cell : i / METRIC_COUNT;
		enum metric metric = (enum metric)(i % METRIC_COUNT);
		int status = 0;

		if (h->table[i].n)
			status = write_table(h, &h->table[i], &data->cell[cell], metric, is_one ? h->row : -1);
		percentile_table_fini(&h->table[i]);
		if (status)
			return status;
		if (output_file_is_interrupted())
			return -EINTR;
	}
	return 0;
}

static void keep(struct kept_field *kept, const struct csv_field *field)
{
	memcpy(kept->text, field->text, field->bytes);
	kept->bytes = field->bytes;
}

static bool is_kept(const struct kept_field *kept, const struct csv_field *field)
{
	return field->bytes == kept->bytes && memcmp(field->text, kept->text, kept->bytes) == 0;
}

/* The table of a line that is not of the same as the one before. */
static int change(struct hgrm *h, const struct csv_field *field, char *error)
{
	bool is_other = !is_kept(&h->cell_id, &field[CELL_ID]) || !is_kept(&h->invocation, &field[INVOCATION]);
	enum metric metric = export_metric_of(&field[METRIC]);
	uint64_t invocation;

	h->current = NULL;
	if (field[CELL_ID].bytes > sizeof(h->cell_id.text) || !csv_field_u64(&field[INVOCATION], &invocation) ||
	    field[INVOCATION].bytes > sizeof(h->invocation.text))
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "cell_id and invocation are those of no run"), -EBADMSG;
	if (metric == METRIC_COUNT)
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "there is no metric '%.*s'", (int)(field[METRIC].bytes < 40 ? field[METRIC].bytes : 40),
				field[METRIC].text), -EBADMSG;
	if (is_other) {
		int status = h->options->is_per_invocation ? write_tables(h) : 0;

		if (status)
			return status;
		h->row = export_selection_row(h->s, &field[CELL_ID], invocation);
	}
	keep(&h->cell_id, &field[CELL_ID]);
	keep(&h->invocation, &field[INVOCATION]);
	keep(&h->metric, &field[METRIC]);
	if (h->row >= 0 && h->options->has_metric[metric])
		h->current = &h->table[(h->options->is_per_invocation ? 0 : h->s->data.row[h->row].cell * METRIC_COUNT) + metric];
	return 0;
}

static int take_bucket(void *context, const struct csv_field *field, char *error)
{
	struct hgrm *h = context;
	uint64_t lo, hi, count;
	int status;

	if (!is_kept(&h->metric, &field[METRIC]) || !is_kept(&h->invocation, &field[INVOCATION]) ||
	    !is_kept(&h->cell_id, &field[CELL_ID])) {
		status = change(h, field, error);
		if (status)
			return status;
	}
	if (!h->current)
		return 0;
	if (!csv_field_u64(&field[LO_NS], &lo) || !csv_field_u64(&field[HI_NS], &hi) || !csv_field_u64(&field[COUNT], &count))
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "a bucket without whole numbers"), -EBADMSG;
	status = percentile_table_add(h->current, lo, hi, count);
	if (status == -EINVAL || status == -ERANGE)
		snprintf(error, ROW_SCAN_ERROR_BYTES, "%" PRIu64 " to %" PRIu64 " is no bucket of HdrHistogram's that fits the others", lo, hi);
	return status == -EINVAL || status == -ERANGE ? -EBADMSG : status;
}

static int write_hgrm(const struct export_selection *s, const struct export_options *options, struct output_file *out)
{
	struct hgrm h = { .s = s, .options = options, .out = out, .row = -1 };
	char *path = export_path(options, "histogram.csv");
	int status = -ENOMEM;

	h.tables = (options->is_per_invocation ? 1 : s->data.cells) * METRIC_COUNT;
	h.table = calloc(h.tables, sizeof(*h.table));
	if (path && h.table)
		status = row_scan(path, &schema_histogram, take_bucket, &h, out->error);
	if (!status)
		status = write_tables(&h);
	for (size_t i = 0; h.table && i < h.tables; i++)
		percentile_table_fini(&h.table[i]);
	free(h.table);
	free(path);
	return status;
}

static bool takes_many(const struct export_selection *s, const struct export_options *options)
{
	size_t metrics = 0;

	for (unsigned m = 0; m < METRIC_COUNT; m++)
		metrics += options->has_metric[m];
	return metrics * (options->is_per_invocation ? s->rows : s->cells) > 1;
}

const struct export_format export_hgrm = {
	.name = "hgrm",
	.help = "HdrHistogram's percentile tables, for its plotter",
	.result = "a folder; of a single cell and metric, a file",
	.write = write_hgrm,
	.is_many = takes_many,
};
