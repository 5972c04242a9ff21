/* SPDX-License-Identifier: MIT */
/*
 * summary.csv, row by row; see run_summary.h.
 *
 * Which cell a row is of is told by the bytes of its key columns as they stand in the file, a dozen runs of
 * adjoining fields: their hash finds the cell that the same bytes were of before. Only bytes not seen before are taken apart.
 */
#include "bench/run_data/run_summary.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv_scan.h"
#include "bench/files/decimal.h"
#include "bench/files/schema.h"
#include "bench/run_data/signatures.h"

/* As csv.h's writer and bench/run have them; results/README.md lists them. */
static const char *const statuses[] = { "ok", "violated", "failed", "hung", "crashed", "skipped" };
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]), SKIPPED = STATUSES - 1 };

/* Positions in field[] of columns that are always wanted. */
struct slots {
	size_t schema_version, run_id, cell_id, invocation, block, status, status_reason, backend_reason, gate_codes;
};

/* A text that is the same in most rows. */
struct usual {
	const char *text;
	size_t bytes;
};

/* Where a number is from. */
struct source {
	const char *column; /* NULL: nowhere */
	size_t slot;
	bool is_whole;
};

struct reading {
	struct building *b;
	const struct run_folder *folder;
	struct csv_scan scan;
	char path[600];
	size_t *slot; /* by column of the schema; CSV_NO_COLUMN: not wanted */
	struct slots slots;
	struct { size_t slot; enum csv_type type; } key[RUN_KEY_COUNT];
	struct source (*source)[2]; /* of each figure: itself, and what it is divided by */
	struct signatures signatures;
	struct usual run_id, gate_codes, reason;
	const char *status[STATUSES];
	char version[16];
	uint64_t invocations;
};

__attribute__((format(printf, 3, 4)))
static int refuse(const struct reading *r, int status, const char *format, ...)
{
	char *error = r->b->error;
	int prefix = snprintf(error, RUN_DATA_ERROR_BYTES, "%s:%zu: ", r->path, r->scan.line);
	va_list arguments;

	if (prefix < 0 || prefix >= RUN_DATA_ERROR_BYTES)
		return status;
	va_start(arguments, format);
	vsnprintf(error + prefix, RUN_DATA_ERROR_BYTES - (size_t)prefix, format, arguments);
	va_end(arguments);
	return status;
}

static int refuse_field(const struct reading *r, const char *column, const struct csv_field *field, const char *what)
{
	/* A line break in it would break the line. */
	int shown = (int)(field->bytes > 40 ? 40 : field->bytes);
	const char *end = memchr(field->text, '\n', (size_t)shown);

	return refuse(r, -EINVAL, "column '%s' is '%.*s', %s", column, end ? (int)(end - field->text) : shown, field->text, what);
}

static int out_of_memory(const struct reading *r)
{
	return building_fails(r->b, -ENOMEM, "out of memory");
}

static bool is_text(const struct csv_field *field, const char *text)
{
	size_t bytes = strlen(text);

	return field->bytes == bytes && memcmp(field->text, text, bytes) == 0;
}

/* The first column that the file lacks, has too many, or has elsewhere. */
static int check_header(const struct reading *r)
{
	const struct csv_scan *scan = &r->scan;
	size_t at;

	for (size_t c = 0; c < schema_summary.count; c++) {
		for (at = 0; at < scan->fields && !is_text(&scan->field[at], schema_summary.columns[c].name);)
			at++;
		if (at == scan->fields)
			return refuse(r, -EINVAL, "column '%s' is missing; this build reads all columns of schema version %d",
				      schema_summary.columns[c].name, SCHEMA_VERSION);
	}
	for (at = 0; at < scan->fields; at++) {
		char name[80];

		snprintf(name, sizeof(name), "%.*s", (int)(scan->field[at].bytes > 79 ? 79 : scan->field[at].bytes), scan->field[at].text);
		if (csv_column_index(&schema_summary, name) == CSV_NO_COLUMN)
			return refuse(r, -EINVAL, "column '%s' is unknown to this build, which reads schema version %d", name, SCHEMA_VERSION);
		if (at < schema_summary.count && strcmp(name, schema_summary.columns[at].name))
			return refuse(r, -EINVAL, "column %zu is '%s', not '%s'", at + 1, name, schema_summary.columns[at].name);
	}
	return 0;
}

static void want(struct reading *r, const char *name)
{
	size_t column = name ? csv_column_index(&schema_summary, name) : CSV_NO_COLUMN;

	if (column != CSV_NO_COLUMN)
		r->slot[column] = 0;
}

static size_t slot_of(const struct reading *r, const char *name)
{
	size_t column = name ? csv_column_index(&schema_summary, name) : CSV_NO_COLUMN;

	return column == CSV_NO_COLUMN ? CSV_NO_COLUMN : r->slot[column];
}

/* Numbers what is wanted, in the order of the file. */
static int want_columns(struct reading *r)
{
	static const char *const always[] = { "schema_version", "run_id", "cell_id", "invocation", "block", "status", "status_reason",
					      "backend_reason", "gate_codes" };
	const struct run_data *data = r->b->data;
	size_t *column = malloc(schema_summary.count * sizeof(*column));
	size_t wanted = 0;
	int err;

	if (!column)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		want(r, always[i]);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		want(r, run_key_name((enum run_key)k));
	for (size_t i = 0; i < data->figures; i++) {
		want(r, data->figure[i]->column);
		want(r, data->figure[i]->per);
	}
	for (size_t c = 0; c < schema_summary.count; c++) {
		if (r->slot[c] == CSV_NO_COLUMN)
			continue;
		r->slot[c] = wanted;
		column[wanted++] = c;
	}
	err = csv_scan_want(&r->scan, column, wanted);
	free(column);
	return err;
}

_Static_assert(RUN_KEY_COUNT < SIGNATURES_SPANS, "no more spans than columns that are looked at");

/* cell_id and the keys, as runs of adjoining columns. */
static void find_spans(struct reading *r)
{
	size_t before = CSV_NO_COLUMN;

	for (size_t c = 0; c < schema_summary.count; c++) {
		const char *name = schema_summary.columns[c].name;

		if (strcmp(name, "cell_id") && run_key_find(name) == RUN_KEY_COUNT)
			continue;
		signatures_add_column(&r->signatures, r->slot[c], before != CSV_NO_COLUMN && before + 1 == c);
		before = c;
	}
}

static struct source source_of(const struct reading *r, const char *name)
{
	size_t column = name ? csv_column_index(&schema_summary, name) : CSV_NO_COLUMN;

	if (column == CSV_NO_COLUMN)
		return (struct source){ 0 };
	return (struct source){
		.column = name, .slot = r->slot[column], .is_whole = schema_summary.columns[column].type == CSV_INTEGER,
	};
}

static int find_columns(struct reading *r)
{
	const struct run_data *data = r->b->data;
	int err;

	r->slot = malloc(schema_summary.count * sizeof(*r->slot));
	r->source = calloc(data->figures + 1, sizeof(*r->source));
	if (!r->slot || !r->source)
		return -ENOMEM;
	for (size_t c = 0; c < schema_summary.count; c++)
		r->slot[c] = CSV_NO_COLUMN;
	err = want_columns(r);
	if (err)
		return err;
	r->slots = (struct slots){
		.schema_version = slot_of(r, "schema_version"),
		.run_id = slot_of(r, "run_id"),
		.cell_id = slot_of(r, "cell_id"),
		.invocation = slot_of(r, "invocation"),
		.block = slot_of(r, "block"),
		.status = slot_of(r, "status"),
		.status_reason = slot_of(r, "status_reason"),
		.backend_reason = slot_of(r, "backend_reason"),
		.gate_codes = slot_of(r, "gate_codes"),
	};
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		size_t column = csv_column_index(&schema_summary, run_key_name((enum run_key)k));

		r->key[k].slot = column == CSV_NO_COLUMN ? CSV_NO_COLUMN : r->slot[column];
		r->key[k].type = column == CSV_NO_COLUMN ? CSV_STRING : schema_summary.columns[column].type;
	}
	for (size_t i = 0; i < data->figures; i++) {
		r->source[i][0] = source_of(r, data->figure[i]->column);
		r->source[i][1] = source_of(r, data->figure[i]->per);
	}
	find_spans(r);
	for (size_t i = 0; i < STATUSES; i++) {
		r->status[i] = building_text(r->b, statuses[i], strlen(statuses[i]));
		if (!r->status[i])
			return -ENOMEM;
	}
	snprintf(r->version, sizeof(r->version), "%d", SCHEMA_VERSION);
	return 0;
}

/* Keeps a text, which most often is the one before. */
static const char *keep_usual(struct reading *r, struct usual *usual, const struct csv_field *field)
{
	if (usual->text && usual->bytes == field->bytes && memcmp(usual->text, field->text, field->bytes) == 0)
		return usual->text;
	usual->text = building_text(r->b, field->text, field->bytes);
	usual->bytes = field->bytes;
	return usual->text;
}

/* A whole number, 0 if empty. */
static int get_count(const struct reading *r, size_t slot, const char *column, uint64_t most, uint64_t *count)
{
	const struct csv_field *field = &r->scan.field[slot];

	*count = 0;
	for (size_t i = 0; i < field->bytes; i++) {
		unsigned digit = (unsigned)(unsigned char)field->text[i] - '0';

		if (digit > 9 || *count > (most - digit) / 10)
			return refuse_field(r, column, field, digit > 9 ? "not a whole number" : "too large a number");
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

static int get_figure(const struct reading *r, const struct source *source, double *value)
{
	const struct csv_field *field = &r->scan.field[source->slot];
	int err;

	*value = NAN;
	if (!field->bytes || is_short_whole(field, value))
		return 0;
	err = decimal_parse(field->text, field->bytes, value);
	if (err == -ENOMEM)
		return out_of_memory(r);
	if (err)
		return refuse_field(r, source->column, field, err == -ERANGE ? "too large a number" : "not a number");
	if (*value < 0)
		return refuse_field(r, source->column, field, "and cannot be less than 0");
	if (source->is_whole && (memchr(field->text, '.', field->bytes) || memchr(field->text, 'e', field->bytes)))
		return refuse_field(r, source->column, field, "not a whole number");
	return 0;
}

/*
 * The window is measured, and no two of them are alike to the nanosecond: three digits of it are what was asked for. A trace lasts as
 * long as it lasts.
 */
static const char *keep_window(struct reading *r, const struct run_cell *cell)
{
	const char *told = cell->key[RUN_KEY_DURATION_S];
	char text[32];
	double seconds;

	if (*cell->key[RUN_KEY_TRACE])
		return r->b->empty;
	if (decimal_parse(told, strlen(told), &seconds))
		return told;
	snprintf(text, sizeof(text), "%.3g", seconds);
	/* Without an exponent where there need not be one. */
	snprintf(text, sizeof(text), "%.15g", strtod(text, NULL));
	return building_text(r->b, text, strlen(text));
}

/* A row's cell, from its texts. */
static int read_cell(struct reading *r, uint32_t *index)
{
	struct run_cell cell;

	cell.cell_id = building_text(r->b, r->scan.field[r->slots.cell_id].text, r->scan.field[r->slots.cell_id].bytes);
	if (!cell.cell_id)
		return out_of_memory(r);
	if (!*cell.cell_id)
		return refuse(r, -EINVAL, "column 'cell_id' is empty; every row has one");
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const struct csv_field *field = r->key[k].slot == CSV_NO_COLUMN ? NULL : &r->scan.field[r->key[k].slot];
		enum csv_type type = r->key[k].type;

		cell.key[k] = k == RUN_KEY_RUN ? r->b->label : field ? building_text(r->b, field->text, field->bytes) : r->b->empty;
		if (!cell.key[k])
			return out_of_memory(r);
		if (field && !csv_type_allows(type, cell.key[k]))
			return refuse_field(r, run_key_name((enum run_key)k), field, type == CSV_INTEGER ? "not a whole number" :
					    type == CSV_NUMBER ? "not a number" : type == CSV_BOOLEAN ? "neither 0 nor 1" : "not UTF-8");
	}
	cell.key[RUN_KEY_DURATION_S] = keep_window(r, &cell);
	if (!cell.key[RUN_KEY_DURATION_S])
		return out_of_memory(r);
	return building_cell(r->b, &cell, index) ? out_of_memory(r) : 0;
}

static int find_cell(struct reading *r, uint32_t *index)
{
	int err;

	if (signatures_find(&r->signatures, index))
		return 0;
	err = read_cell(r, index);
	if (err)
		return err;
	return signatures_add(&r->signatures, *index) ? out_of_memory(r) : 0;
}

static int find_status(const struct reading *r, const char **status)
{
	const struct csv_field *field = &r->scan.field[r->slots.status];

	for (size_t i = 0; i < STATUSES; i++) {
		if (is_text(field, statuses[i])) {
			*status = r->status[i];
			return 0;
		}
	}
	return refuse_field(r, "status", field, "which is none of ok, violated, failed, hung, crashed and skipped");
}

/* Of which run and version it is. */
static int check_origin(struct reading *r)
{
	const struct csv_field *version = &r->scan.field[r->slots.schema_version];
	const struct csv_field *run_id = &r->scan.field[r->slots.run_id];

	if (!is_text(version, r->version))
		return refuse(r, -EINVAL, "the row is of schema version '%.*s', this build reads version %s",
			      (int)(version->bytes > 20 ? 20 : version->bytes), version->text, r->version);
	if (r->run_id.text && r->run_id.bytes == run_id->bytes && memcmp(r->run_id.text, run_id->text, run_id->bytes) == 0)
		return 0;
	if (!run_folder_has_run(r->folder, run_id->text, run_id->bytes))
		return refuse(r, -EINVAL, "run_id is '%.*s', of another run than run.json's, '%s'",
			      (int)(run_id->bytes > 64 ? 64 : run_id->bytes), run_id->text, r->folder->manifest.run_id);
	return keep_usual(r, &r->run_id, run_id) ? 0 : out_of_memory(r);
}

static int read_figures(const struct reading *r, bool is_ok, double *value)
{
	const struct run_data *data = r->b->data;
	int err = 0;

	for (size_t i = 0; i < data->figures && !err; i++) {
		const struct source *source = r->source[i];
		double per = 1;

		value[i] = NAN;
		if (!source[0].column)
			continue;
		err = get_figure(r, &source[0], &value[i]);
		if (!err && source[1].column)
			err = get_figure(r, &source[1], &per);
		value[i] = is_ok && per != 0 ? value[i] / per : NAN;
	}
	return err;
}

/* All but its cell and its figures. */
static int read_row(struct reading *r, struct run_row *row)
{
	const struct csv_field *field = r->scan.field;
	const struct csv_field *reason = &field[field[r->slots.status_reason].bytes ? r->slots.status_reason : r->slots.backend_reason];
	uint64_t invocation;
	bool is_skipped;
	int err = check_origin(r);

	if (err)
		return err;
	if (find_status(r, &row->status) || get_count(r, r->slots.block, "block", UINT64_MAX, &row->block) ||
	    get_count(r, r->slots.invocation, "invocation", UINT32_MAX, &invocation))
		return -EINVAL;
	row->invocation = (uint32_t)invocation;
	is_skipped = row->status == r->status[SKIPPED];
	if (is_skipped != !invocation)
		return refuse_field(r, "invocation", &field[r->slots.invocation], is_skipped ? "of a cell that was skipped" :
				    "not a number from 1 on");
	r->invocations += !is_skipped;
	row->gate_codes = keep_usual(r, &r->gate_codes, &field[r->slots.gate_codes]);
	row->reason = keep_usual(r, &r->reason, reason);
	return row->gate_codes && row->reason ? 0 : out_of_memory(r);
}

static int add_row(struct reading *r)
{
	struct run_row row = { 0 };
	double *value;
	int err;

	if (r->b->data->rows == BUILDING_ROWS_MAX)
		return refuse(r, -EINVAL, "more than %" PRIu32 " rows", BUILDING_ROWS_MAX);
	if (signatures_begin(&r->signatures, &r->scan))
		return out_of_memory(r);
	err = read_row(r, &row);
	if (err)
		return err;
	value = building_row(r->b, &row);
	if (!value)
		return out_of_memory(r);
	signatures_expect(&r->signatures);
	err = read_figures(r, row.status == r->b->ok, value);
	return err ? err : find_cell(r, &r->b->data->row[r->b->data->rows - 1].cell);
}

/* Lines are not kept: they are looked for again when one is to be told. */
static int refuse_twice(struct reading *r, const struct building_twice *twice)
{
	const char *cell_id = r->b->data->cell[twice->cell].cell_id;
	char error[RUN_DATA_ERROR_BYTES];
	size_t first = 0;

	csv_scan_close(&r->scan);
	if (csv_scan_open(&r->scan, r->path, 0, error, sizeof(error)) || csv_scan_want(&r->scan, NULL, 0))
		return building_fails(r->b, -EINVAL, "invocation %" PRIu32 " of cell %s is there twice", twice->invocation, cell_id);
	for (size_t i = 0; i <= twice->second && csv_scan_next(&r->scan, error, sizeof(error)) == 1; i++)
		first = i == twice->first ? r->scan.line : first;
	return refuse(r, -EINVAL, "invocation %" PRIu32 " of cell %s is there twice, in line %zu too", twice->invocation, cell_id, first);
}

static int read_rows(struct reading *r)
{
	struct building_twice twice;
	int got, err;

	r->scan.line = 1;
	if (check_header(r))
		return -EINVAL;
	if (find_columns(r))
		return out_of_memory(r);
	while ((got = csv_scan_next(&r->scan, r->b->error, RUN_DATA_ERROR_BYTES)) == 1) {
		err = add_row(r);
		if (err)
			return err;
	}
	if (got < 0)
		return got == -EBADMSG ? -EINVAL : got;
	if (!r->b->data->rows)
		return building_fails(r->b, -ENODATA, "summary.csv has no rows, so there is nothing to be used");
	err = building_finish(r->b, &twice);
	if (err)
		return err == -EEXIST ? refuse_twice(r, &twice) : out_of_memory(r);
	return run_folder_check_count(r->folder, r->invocations, r->b->error);
}

int run_summary_read(struct building *b, const struct run_folder *folder)
{
	struct reading r = { .b = b, .folder = folder };
	int err;

	snprintf(r.path, sizeof(r.path), "%s/summary.csv", folder->directory);
	err = csv_scan_open(&r.scan, r.path, 0, b->error, RUN_DATA_ERROR_BYTES);
	if (err == -ENOENT)
		err = building_fails(b, -EINVAL, "no summary.csv there, though the run is complete");
	else if (!err)
		err = read_rows(&r);
	csv_scan_close(&r.scan);
	signatures_fini(&r.signatures);
	free(r.slot);
	free(r.source);
	return err == -EBADMSG ? -EINVAL : err;
}
