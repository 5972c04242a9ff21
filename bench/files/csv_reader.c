/* SPDX-License-Identifier: MIT */
/*
 * CSV reader: see csv.h. The source of the format is RFC 4180; parsing is left
 * to libcsv, which handles quoting across chunks, and is fed line by line so
 * that an error can name its line.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "bench/files/csv.h"

/* What the parser's callbacks work on. */
struct loading {
	struct csv_table *table;
	const char *path;
	char *error;
	size_t error_bytes;
	size_t line;
	size_t text_bytes;
	size_t text_capacity;
	size_t cell_count;
	size_t cell_capacity;
	size_t row_cells;
	bool row_ended;
	int result;
};

__attribute__((format(printf, 3, 4)))
static void load_fails(struct loading *l, int result, const char *format, ...)
{
	va_list arguments;
	int prefix;

	if (l->result)
		return;
	l->result = result;
	/* Line 0: the file could not be read at all. */
	if (l->line)
		prefix = snprintf(l->error, l->error_bytes, "%s:%zu: ", l->path,
				  l->line);
	else
		prefix = snprintf(l->error, l->error_bytes, "%s: ", l->path);
	if (prefix < 0 || (size_t)prefix >= l->error_bytes)
		return;
	va_start(arguments, format);
	vsnprintf(l->error + prefix, l->error_bytes - (size_t)prefix, format,
		  arguments);
	va_end(arguments);
}

/* Room for extra more elements; doubling keeps loading linear. */
static bool reserve(void **array, size_t *capacity, size_t used, size_t extra,
		    size_t element_bytes)
{
	size_t wanted = *capacity ? *capacity : 1024;
	void *grown;

	if (*array && *capacity - used >= extra)
		return true;
	while (wanted - used < extra)
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
	struct loading *l = context;
	struct csv_table *t = l->table;
	void *text = t->text, *cells = t->cells;

	if (l->result)
		return;
	if (!reserve(&text, &l->text_capacity, l->text_bytes, bytes + 1, 1)) {
		load_fails(l, -ENOMEM, "out of memory");
		return;
	}
	t->text = text;
	if (!reserve(&cells, &l->cell_capacity, l->cell_count, 1,
		     sizeof(*t->cells))) {
		load_fails(l, -ENOMEM, "out of memory");
		return;
	}
	t->cells = cells;
	if (bytes)
		memcpy(t->text + l->text_bytes, field, bytes);
	t->text[l->text_bytes + bytes] = '\0';
	t->cells[l->cell_count++] = l->text_bytes;
	l->text_bytes += bytes + 1;
	l->row_cells++;
}

static void check_header(struct loading *l)
{
	const struct csv_table *t = l->table;

	for (size_t i = 0; i < t->columns; i++)
		if (csv_table_column(t, csv_table_name(t, i)) != i)
			load_fails(l, -EBADMSG, "column \"%s\" occurs twice",
				   csv_table_name(t, i));
}

static void row_parsed(int terminator, void *context)
{
	struct loading *l = context;
	struct csv_table *t = l->table;

	l->row_ended = true;
	if (l->result)
		return;
	if (t->columns == 0) {
		t->columns = l->row_cells;
		check_header(l);
	} else if (l->row_cells != t->columns) {
		load_fails(l, -EBADMSG, "%zu fields, the header has %zu",
			   l->row_cells, t->columns);
	} else {
		t->rows++;
	}
	l->row_cells = 0;
}

/* Spaces are data (RFC 4180, section 2, rule 4); libcsv would trim them. */
static int never_space(unsigned char c)
{
	return 0;
}

static void load_line(struct loading *l, struct csv_parser *parser,
		      const char *line, size_t bytes)
{
	bool at_start = l->row_ended;

	l->line++;
	if (memchr(line, '\0', bytes))
		load_fails(l, -EBADMSG, "a NUL byte");
	else if (line[bytes - 1] != '\n')
		load_fails(l, -EBADMSG,
			   "the last line is torn, no newline ends it");
	else if (at_start && strspn(line, "\r\n") == bytes)
		load_fails(l, -EBADMSG, "an empty line");
	if (l->result)
		return;
	l->row_ended = false;
	if (csv_parse(parser, line, bytes, field_parsed, row_parsed, l) != bytes)
		load_fails(l, csv_error(parser) == CSV_EPARSE ? -EBADMSG : -ENOMEM,
			   "%s", csv_strerror(csv_error(parser)));
}

static void load_file(struct loading *l, FILE *file, struct csv_parser *parser)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t bytes;

	errno = 0;
	while (!l->result && (bytes = getline(&line, &capacity, file)) > 0) {
		load_line(l, parser, line, (size_t)bytes);
		errno = 0;
	}
	if (errno)
		load_fails(l, -errno, "%s", strerror(errno));
	else if (!l->row_ended)
		load_fails(l, -EBADMSG, "a quoted field has no end");
	else if (l->table->columns == 0)
		load_fails(l, -EBADMSG, "empty, a header was expected");
	free(line);
}

int csv_table_load(const char *path, struct csv_table *table, char *error,
		   size_t error_bytes)
{
	struct loading l = {
		.table = table, .path = path, .row_ended = true,
		.error = error, .error_bytes = error_bytes,
	};
	struct csv_parser parser;
	FILE *file = fopen(path, "re");

	memset(table, 0, sizeof(*table));
	if (!file) {
		int result = -errno;

		snprintf(error, error_bytes, "%s: %s", path, strerror(-result));
		return result;
	}
	/* csv_init() fails for options it does not know, and only then. */
	csv_init(&parser, CSV_STRICT);
	csv_set_space_func(&parser, never_space);
	load_file(&l, file, &parser);
	csv_free(&parser);
	fclose(file);
	if (l.result)
		csv_table_fini(table);
	return l.result;
}

void csv_table_fini(struct csv_table *table)
{
	free(table->cells);
	free(table->text);
	memset(table, 0, sizeof(*table));
}

const char *csv_table_name(const struct csv_table *table, size_t column)
{
	return table->text + table->cells[column];
}

size_t csv_table_column(const struct csv_table *table, const char *name)
{
	for (size_t i = 0; i < table->columns; i++)
		if (strcmp(csv_table_name(table, i), name) == 0)
			return i;
	return CSV_NO_COLUMN;
}

const char *csv_table_string(const struct csv_table *table, size_t row,
			     size_t column)
{
	return table->text + table->cells[(row + 1) * table->columns + column];
}

int csv_table_u64(const struct csv_table *table, size_t row, size_t column,
		  uint64_t *value)
{
	const char *text = csv_table_string(table, row, column);

	if (!*text)
		return -ENODATA;
	/* strtoull() would take spaces and a sign. */
	if (text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, NULL, 10);
	return -errno;
}

int csv_table_double(const struct csv_table *table, size_t row, size_t column,
		     double *value)
{
	const char *text = csv_table_string(table, row, column);
	locale_t c_locale, previous;
	char *end;

	if (!*text)
		return -ENODATA;
	/* strtod() would take spaces, hexadecimal, nan and inf. */
	if (text[strspn(text, "0123456789+-.eE")])
		return -EINVAL;
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return -ENOMEM;
	previous = uselocale(c_locale);
	*value = strtod(text, &end);
	uselocale(previous);
	freelocale(c_locale);
	if (end == text || *end)
		return -EINVAL;
	return isfinite(*value) ? 0 : -ERANGE;
}
