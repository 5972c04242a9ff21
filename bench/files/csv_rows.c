/* SPDX-License-Identifier: MIT */
/*
 * CSV row by row: see csv_rows.h. The source of the format is RFC 4180; parsing is left to libcsv, which handles quoting
 * across lines, and is fed line by line so that an error can name its line.
 */
#include "bench/files/csv_rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "bench/files/file_error.h"

struct csv_rows_state {
	FILE *file;
	struct csv_parser parser;
	size_t line; /* read last */
	size_t columns;
	/* The row: its bytes as read, its fields' text, where each begins, and those as addresses. */
	char *raw;
	size_t raw_bytes, raw_capacity;
	char *text;
	size_t text_bytes, text_capacity;
	size_t *begin;
	size_t fields, begin_capacity;
	const char **field;
	char *input;
	size_t input_capacity;
	bool ended;
	int result;
	char *error;
	size_t error_bytes;
	char path[];
};

__attribute__((format(printf, 3, 4)))
static int fails(struct csv_rows_state *s, int result, const char *format, ...)
{
	va_list arguments;

	if (s->result)
		return s->result;
	s->result = result;
	va_start(arguments, format);
	file_error(s->error, s->error_bytes, s->path, s->line, format, arguments);
	va_end(arguments);
	return result;
}

/* Room for `needed` elements; doubling keeps growing linear. */
static bool reserve(void **array, size_t *capacity, size_t needed, size_t element_bytes)
{
	size_t wanted = *capacity ? *capacity : 256;
	void *grown;

	if (*array && *capacity >= needed)
		return true;
	while (wanted < needed)
		wanted *= 2;
	grown = realloc(*array, wanted * element_bytes);
	if (!grown)
		return false;
	*array = grown;
	*capacity = wanted;
	return true;
}

static void field_parsed(void *field, size_t bytes, void *context)
{
	struct csv_rows_state *s = context;
	void *text = s->text, *begin = s->begin;

	if (s->result)
		return;
	if (!reserve(&text, &s->text_capacity, s->text_bytes + bytes + 1, 1)) {
		fails(s, -ENOMEM, "out of memory");
		return;
	}
	s->text = text;
	if (!reserve(&begin, &s->begin_capacity, s->fields + 1, sizeof(*s->begin))) {
		fails(s, -ENOMEM, "out of memory");
		return;
	}
	s->begin = begin;
	if (bytes)
		memcpy(s->text + s->text_bytes, field, bytes);
	s->text[s->text_bytes + bytes] = '\0';
	s->begin[s->fields++] = s->text_bytes;
	s->text_bytes += bytes + 1;
}

static void row_parsed(int terminator, void *context)
{
	struct csv_rows_state *s = context;

	/* libcsv takes a carriage return for a line end. */
	if (s->ended)
		fails(s, -EBADMSG, "a carriage return within a line");
	s->ended = true;
}

/* Spaces are data (RFC 4180, section 2, rule 4); libcsv would trim them. */
static int never_space(unsigned char c)
{
	return 0;
}

int csv_rows_open(struct csv_rows *rows, const char *path, char *error, size_t error_bytes)
{
	struct csv_rows_state *s = calloc(1, sizeof(*s) + strlen(path) + 1);
	int err;

	memset(rows, 0, sizeof(*rows));
	if (!s) {
		snprintf(error, error_bytes, "%s: out of memory", path);
		return -ENOMEM;
	}
	strcpy(s->path, path);
	s->file = fopen(path, "re");
	if (!s->file) {
		err = -errno;
		snprintf(error, error_bytes, "%s: %s", path, strerror(-err));
		free(s);
		return err;
	}
	/* csv_init() fails for options it does not know, and only then. */
	csv_init(&s->parser, CSV_STRICT);
	csv_set_space_func(&s->parser, never_space);
	rows->state = s;
	return 0;
}

/* A line, parsed and kept as it is. */
static int add_line(struct csv_rows_state *s, size_t bytes)
{
	const char *line = s->input;
	void *raw = s->raw;

	s->line++;
	if (memchr(line, '\0', bytes))
		return fails(s, -EBADMSG, "a NUL byte");
	if (line[bytes - 1] != '\n')
		return fails(s, -EBADMSG, "the last line is torn, no newline ends it");
	if (!s->raw_bytes && strspn(line, "\r\n") == bytes)
		return fails(s, -EBADMSG, "an empty line");
	if (!reserve(&raw, &s->raw_capacity, s->raw_bytes + bytes, 1))
		return fails(s, -ENOMEM, "out of memory");
	s->raw = raw;
	memcpy(s->raw + s->raw_bytes, line, bytes);
	s->raw_bytes += bytes;
	if (csv_parse(&s->parser, line, bytes, field_parsed, row_parsed, s) != bytes)
		fails(s, csv_error(&s->parser) == CSV_EPARSE ? -EBADMSG : -ENOMEM, "%s", csv_strerror(csv_error(&s->parser)));
	return s->result;
}

static int check_header(struct csv_rows_state *s)
{
	s->columns = s->fields;
	for (size_t i = 0; i < s->fields; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(s->text + s->begin[i], s->text + s->begin[j]) == 0)
				return fails(s, -EBADMSG, "column \"%s\" occurs twice", s->text + s->begin[i]);
		}
	}
	s->field = calloc(s->fields, sizeof(*s->field));
	return s->field ? 0 : fails(s, -ENOMEM, "out of memory");
}

/* Whole rows only: a quoted field may go over several lines. */
static int read_row(struct csv_rows_state *s)
{
	ssize_t bytes;

	s->raw_bytes = s->text_bytes = s->fields = 0;
	s->ended = false;
	while (!s->ended) {
		errno = 0;
		bytes = getline(&s->input, &s->input_capacity, s->file);
		if (bytes <= 0) {
			if (errno)
				return fails(s, -errno, "%s", strerror(errno));
			if (s->raw_bytes)
				return fails(s, -EBADMSG, "a quoted field has no end");
			return s->line ? 0 : fails(s, -EBADMSG, "empty, a header was expected");
		}
		if (add_line(s, (size_t)bytes))
			return s->result;
	}
	return 1;
}

int csv_rows_next(struct csv_rows *rows, char *error, size_t error_bytes)
{
	struct csv_rows_state *s = rows->state;
	int got;

	s->error = error;
	s->error_bytes = error_bytes;
	rows->line = s->line + 1;
	got = s->result ? s->result : read_row(s);
	if (got <= 0)
		return got;
	if (!s->field && check_header(s))
		return s->result;
	if (s->fields != s->columns)
		return fails(s, -EBADMSG, "%zu fields, the header has %zu", s->fields, s->columns);
	for (size_t i = 0; i < s->fields; i++)
		s->field[i] = s->text + s->begin[i];
	rows->fields = s->fields;
	rows->field = s->field;
	rows->raw = s->raw;
	rows->raw_bytes = s->raw_bytes;
	return 1;
}

void csv_rows_close(struct csv_rows *rows)
{
	struct csv_rows_state *s = rows->state;

	if (!s)
		return;
	csv_free(&s->parser);
	fclose(s->file);
	free(s->raw);
	free(s->text);
	free(s->begin);
	free(s->field);
	free(s->input);
	free(s);
	memset(rows, 0, sizeof(*rows));
}

static bool are_columns(const struct csv_rows *rows, const struct csv_schema *schema, size_t count)
{
	if (rows->fields != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows->field[i], schema->columns[i].name))
			return false;
	}
	return true;
}

bool csv_rows_are_header(const struct csv_rows *rows, const struct csv_schema *schema)
{
	return are_columns(rows, schema, schema->count);
}

bool csv_rows_are_header_of_any_age(const struct csv_rows *rows, const struct csv_schema *schema)
{
	bool is_older = schema->older && rows->fields >= schema->older && rows->fields < schema->count;

	return are_columns(rows, schema, is_older ? rows->fields : schema->count);
}

const char *csv_rows_field(const struct csv_rows *rows, size_t column)
{
	return column < rows->fields ? rows->field[column] : "";
}
