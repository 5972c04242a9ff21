/* SPDX-License-Identifier: MIT */
/* One row of summary.csv: what its columns must be; see summary.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/files/decimal.h"
#include "bench/run_data/summary.h"
#include "bench/run_data/texts.h"

/* As csv.h's writer and bench/run have them; results/README.md lists them. */
static const char *const statuses[SUMMARY_STATUSES] = { "ok", "violated", "failed", "hung", "crashed", "skipped" };

int summary_refuse(const struct summary *s, size_t line, char *error, const char *format, ...)
{
	int prefix = snprintf(error, RUN_DATA_ERROR_BYTES, "%s:%zu: ", s->path, line);
	va_list arguments;

	if (prefix < 0 || prefix >= RUN_DATA_ERROR_BYTES)
		return -EINVAL;
	va_start(arguments, format);
	vsnprintf(error + prefix, RUN_DATA_ERROR_BYTES - (size_t)prefix, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int summary_refuse_field(struct summary_reader *reader, const char *column, const struct csv_field *field, const char *what)
{
	/* A line break in it would break the line. */
	int shown = (int)(field->bytes > 40 ? 40 : field->bytes);
	const char *end = memchr(field->text, '\n', (size_t)shown);

	return summary_refuse(reader->summary, reader->scan.line, reader->error, "column '%s' is '%.*s', %s", column,
			      end ? (int)(end - field->text) : shown, field->text, what);
}

int summary_out_of_memory(struct summary_reader *reader)
{
	snprintf(reader->error, sizeof(reader->error), "%s: out of memory", reader->summary->b->data->path);
	return -ENOMEM;
}

int summary_begin(struct summary *s)
{
	for (size_t i = 0; i < SUMMARY_STATUSES; i++) {
		s->status[i] = building_text(s->b, statuses[i], strlen(statuses[i]));
		if (!s->status[i])
			return -ENOMEM;
	}
	s->ambiguous = false;
	return 0;
}

static bool is_text(const struct csv_field *field, const char *text)
{
	size_t bytes = strlen(text);

	return field->bytes == bytes && memcmp(field->text, text, bytes) == 0;
}

/* Texts are kept for all readers; most often it is one that this reader has seen before. */
static const char *keep_usual(struct summary_reader *reader, struct summary_usual *usual, const struct csv_field *field)
{
	struct summary *s = reader->summary;

	if (usual->text && usual->bytes == field->bytes && memcmp(usual->text, field->text, field->bytes) == 0)
		return usual->text;
	pthread_mutex_lock(&s->lock);
	usual->text = building_text(s->b, field->text, field->bytes);
	pthread_mutex_unlock(&s->lock);
	usual->bytes = field->bytes;
	return usual->text;
}

static const char *keep_text(struct summary_reader *reader, const struct csv_field *field)
{
	if (!field->bytes)
		return reader->summary->b->empty;
	return keep_usual(reader, &reader->usual[texts_hash(0, field->text, field->bytes) % SUMMARY_USUAL], field);
}

/* A whole number, 0 if empty. */
static int get_count(struct summary_reader *reader, size_t slot, const char *column, uint64_t most, uint64_t *count)
{
	const struct csv_field *field = &reader->scan.field[slot];

	*count = 0;
	for (size_t i = 0; i < field->bytes; i++) {
		unsigned digit = (unsigned)(unsigned char)field->text[i] - '0';

		if (digit > 9 || *count > (most - digit) / 10)
			return summary_refuse_field(reader, column, field, digit > 9 ? "not a whole number" : "too large a number");
		*count = 10 * *count + digit;
	}
	return 0;
}

/* So few digits are read at once, which is nearly all that there is to read. */
static bool is_short_whole(const struct csv_field *field, double *value)
{
	uint64_t whole = 0;

	if (field->bytes > 15)
		return false;
	for (size_t i = 0; i < field->bytes; i++) {
		unsigned digit = (unsigned)(unsigned char)field->text[i] - '0';

		if (digit > 9)
			return false;
		whole = 10 * whole + digit;
	}
	*value = (double)whole;
	return true;
}

static int get_figure(struct summary_reader *reader, const struct summary_source *source, double *value)
{
	const struct csv_field *field = &reader->scan.field[source->slot];
	int err;

	*value = NAN;
	if (!field->bytes || is_short_whole(field, value))
		return 0;
	err = decimal_parse(field->text, field->bytes, value);
	if (err == -ENOMEM)
		return summary_out_of_memory(reader);
	if (err)
		return summary_refuse_field(reader, source->column, field, err == -ERANGE ? "too large a number" : "not a number");
	if (*value < 0)
		return summary_refuse_field(reader, source->column, field, "and cannot be less than 0");
	if (source->is_whole && (memchr(field->text, '.', field->bytes) || memchr(field->text, 'e', field->bytes)))
		return summary_refuse_field(reader, source->column, field, "not a whole number");
	return 0;
}

static int find_status(struct summary_reader *reader, const char **status)
{
	const struct csv_field *field = &reader->scan.field[reader->summary->slots.status];

	for (size_t i = 0; i < SUMMARY_STATUSES; i++) {
		if (is_text(field, statuses[i])) {
			*status = reader->summary->status[i];
			return 0;
		}
	}
	return summary_refuse_field(reader, "status", field, "which is none of ok, violated, failed, hung, crashed and skipped");
}

/* Of which run and version it is. */
static int check_origin(struct summary_reader *reader)
{
	const struct csv_field *version = &reader->scan.field[reader->summary->slots.schema_version];
	const struct csv_field *run_id = &reader->scan.field[reader->summary->slots.run_id];

	if (!is_text(version, reader->summary->version))
		return summary_refuse(reader->summary, reader->scan.line, reader->error, "the row is of schema version '%.*s', this build reads version %s",
			      (int)(version->bytes > 20 ? 20 : version->bytes), version->text, reader->summary->version);
	if (reader->run_id.text && reader->run_id.bytes == run_id->bytes && memcmp(reader->run_id.text, run_id->text, run_id->bytes) == 0)
		return 0;
	if (!run_folder_has_run(reader->summary->folder, run_id->text, run_id->bytes))
		return summary_refuse(reader->summary, reader->scan.line, reader->error, "run_id is '%.*s', of another run than run.json's, '%s'",
			      (int)(run_id->bytes > 64 ? 64 : run_id->bytes), run_id->text, reader->summary->folder->manifest.run_id);
	return keep_usual(reader, &reader->run_id, run_id) ? 0 : summary_out_of_memory(reader);
}

static int read_figures(struct summary_reader *reader, bool is_ok, double *value)
{
	const struct run_data *data = reader->summary->b->data;
	int err = 0;

	for (size_t i = 0; i < data->figures && !err; i++) {
		const struct summary_source *source = reader->summary->source[i];
		double per = 1;

		value[i] = NAN;
		if (!source[0].column)
			continue;
		err = get_figure(reader, &source[0], &value[i]);
		if (!err && source[1].column)
			err = get_figure(reader, &source[1], &per);
		value[i] = is_ok && per != 0 ? value[i] / per : NAN;
	}
	return err;
}

/* All but its cell and its figures. */
static int read_row(struct summary_reader *reader, struct run_row *row)
{
	const struct summary *s = reader->summary;
	const struct csv_field *field = reader->scan.field;
	const struct csv_field *reason = &field[s->slots.status_reason];
	uint64_t invocation;
	bool is_skipped;
	int err = check_origin(reader);

	if (err)
		return err;
	if (find_status(reader, &row->status) || get_count(reader, s->slots.block, "block", UINT64_MAX, &row->block) ||
	    get_count(reader, s->slots.invocation, "invocation", UINT32_MAX, &invocation))
		return -EINVAL;
	row->invocation = (uint32_t)invocation;
	is_skipped = row->status == s->status[SUMMARY_SKIPPED];
	if (is_skipped != !invocation)
		return summary_refuse_field(reader, "invocation", &field[s->slots.invocation],
					    is_skipped ? "of a cell that was skipped" : "not a number from 1 on");
	reader->invocations += !is_skipped;
	row->gate_codes = keep_text(reader, &field[s->slots.gate_codes]);
	row->reason = keep_text(reader, reason->bytes ? reason : &field[s->slots.backend_reason]);
	return row->gate_codes && row->reason ? 0 : summary_out_of_memory(reader);
}

int summary_read_row(struct summary_reader *reader)
{
	const struct summary *s = reader->summary;
	struct run_row row = { 0 };
	double *value;
	int err;

	if (signatures_begin(&s->signatures, &reader->row, &reader->scan))
		return summary_out_of_memory(reader);
	err = read_row(reader, &row);
	if (err)
		return err;
	value = building_rows_add(&reader->rows, &row);
	if (!value)
		return summary_out_of_memory(reader);
	signatures_expect(&s->signatures, &reader->row);
	err = read_figures(reader, row.status == s->b->ok, value);
	return err ? err : summary_find_cell(reader, &reader->rows.row[reader->rows.rows - 1].cell);
}
