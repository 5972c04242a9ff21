/* SPDX-License-Identifier: MIT */
/* The columns of summary.csv: that they are all there, and where those that are wanted are; see summary.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/schema.h"
#include "bench/run_data/summary.h"

static bool is_text(const struct csv_field *field, const char *text)
{
	size_t bytes = strlen(text);

	return field->bytes == bytes && memcmp(field->text, text, bytes) == 0;
}

/* The first column that the file lacks, has too many, or has elsewhere. */
static int check_header(const struct summary *s, char *error)
{
	const struct csv_scan *scan = &s->scan;
	size_t at;

	for (size_t c = 0; c < schema_summary.count; c++) {
		for (at = 0; at < scan->fields && !is_text(&scan->field[at], schema_summary.columns[c].name);)
			at++;
		if (at == scan->fields && c < schema_summary.older)
			return summary_refuse(s, 1, error, "column '%s' is missing; this build reads all columns of schema version %d",
				      schema_summary.columns[c].name, SCHEMA_VERSION);
	}
	for (at = 0; at < scan->fields; at++) {
		char name[80];

		snprintf(name, sizeof(name), "%.*s", (int)(scan->field[at].bytes > 79 ? 79 : scan->field[at].bytes), scan->field[at].text);
		if (csv_column_index(&schema_summary, name) == CSV_NO_COLUMN)
			return summary_refuse(s, 1, error, "column '%s' is unknown to this build, which reads schema version %d", name, SCHEMA_VERSION);
		if (at < schema_summary.count && strcmp(name, schema_summary.columns[at].name))
			return summary_refuse(s, 1, error, "column %zu is '%s', not '%s'", at + 1, name, schema_summary.columns[at].name);
	}
	return 0;
}

static void want(struct summary *s, const char *name)
{
	size_t column = name ? csv_column_index(&schema_summary, name) : CSV_NO_COLUMN;

	/* What the file is too old to have is empty. */
	if (column != CSV_NO_COLUMN && column < s->scan.fields)
		s->slot[column] = 0;
}

static size_t slot_of(const struct summary *s, const char *name)
{
	size_t column = name ? csv_column_index(&schema_summary, name) : CSV_NO_COLUMN;

	return column == CSV_NO_COLUMN ? CSV_NO_COLUMN : s->slot[column];
}

/* Numbers what is wanted, in the order of the file. */
static int want_columns(struct summary *s)
{
	static const char *const always[] = { "schema_version", "run_id", "cell_id", "invocation", "block", "status", "status_reason",
					      "backend_reason", "gate_codes" };
	const struct run_data *data = s->b->data;
	size_t *column = malloc(schema_summary.count * sizeof(*column));
	size_t wanted = 0;
	int err;

	if (!column)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		want(s, always[i]);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		want(s, run_key_name((enum run_key)k));
	for (size_t i = 0; i < data->figures; i++) {
		want(s, data->figure[i]->column);
		want(s, data->figure[i]->per);
	}
	for (size_t c = 0; c < schema_summary.count; c++) {
		if (s->slot[c] == CSV_NO_COLUMN)
			continue;
		s->slot[c] = wanted;
		column[wanted++] = c;
	}
	err = csv_scan_want(&s->scan, column, wanted);
	free(column);
	return err;
}

_Static_assert(RUN_KEY_COUNT < SIGNATURES_SPANS, "no more spans than columns that are looked at");

/* cell_id and the keys, as runs of adjoining columns. */
static void find_spans(struct summary *s)
{
	size_t before = CSV_NO_COLUMN;

	for (size_t c = 0; c < schema_summary.count; c++) {
		const char *name = schema_summary.columns[c].name;

		if ((strcmp(name, "cell_id") && run_key_find(name) == RUN_KEY_COUNT) || s->slot[c] == CSV_NO_COLUMN)
			continue;
		signatures_add_column(&s->signatures, s->slot[c], before != CSV_NO_COLUMN && before + 1 == c);
		before = c;
	}
}

static struct summary_source source_of(const struct summary *s, const char *name)
{
	size_t column = name ? csv_column_index(&schema_summary, name) : CSV_NO_COLUMN;

	if (column == CSV_NO_COLUMN || s->slot[column] == CSV_NO_COLUMN)
		return (struct summary_source){ 0 };
	return (struct summary_source){
		.column = name, .slot = s->slot[column], .is_whole = schema_summary.columns[column].type == CSV_INTEGER,
	};
}

static int find_columns(struct summary *s)
{
	const struct run_data *data = s->b->data;
	int err;

	s->slot = malloc(schema_summary.count * sizeof(*s->slot));
	s->source = calloc(data->figures + 1, sizeof(*s->source));
	if (!s->slot || !s->source)
		return -ENOMEM;
	for (size_t c = 0; c < schema_summary.count; c++)
		s->slot[c] = CSV_NO_COLUMN;
	err = want_columns(s);
	if (err)
		return err;
	s->slots = (struct summary_slots){
		.schema_version = slot_of(s, "schema_version"),
		.run_id = slot_of(s, "run_id"),
		.cell_id = slot_of(s, "cell_id"),
		.invocation = slot_of(s, "invocation"),
		.block = slot_of(s, "block"),
		.status = slot_of(s, "status"),
		.status_reason = slot_of(s, "status_reason"),
		.backend_reason = slot_of(s, "backend_reason"),
		.gate_codes = slot_of(s, "gate_codes"),
	};
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		size_t column = csv_column_index(&schema_summary, run_key_name((enum run_key)k));

		s->key[k].slot = column == CSV_NO_COLUMN ? CSV_NO_COLUMN : s->slot[column];
		s->key[k].type = column == CSV_NO_COLUMN ? CSV_STRING : schema_summary.columns[column].type;
	}
	for (size_t i = 0; i < data->figures; i++) {
		s->source[i][0] = source_of(s, data->figure[i]->column);
		s->source[i][1] = source_of(s, data->figure[i]->per);
	}
	find_spans(s);
	snprintf(s->version, sizeof(s->version), "%d", SCHEMA_VERSION);
	return 0;
}

int summary_find_columns(struct summary *s, char *error)
{
	if (check_header(s, error))
		return -EINVAL;
	if (find_columns(s)) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: out of memory", s->b->data->path);
		return -ENOMEM;
	}
	return 0;
}

void summary_forget_columns(struct summary *s)
{
	free(s->slot);
	free(s->source);
}
