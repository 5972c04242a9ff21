/* SPDX-License-Identifier: MIT */
/*
 * CSV writer: see csv.h. The source of the format is RFC 4180.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/files/csv.h"

size_t csv_column_index(const struct csv_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strcmp(schema->columns[i].name, name) == 0)
			return i;
	return CSV_NO_COLUMN;
}

int csv_row_init(struct csv_row *row, const struct csv_schema *schema)
{
	row->schema = schema;
	row->error = 0;
	row->cells = calloc(schema->count, sizeof(*row->cells));
	return row->cells ? 0 : -ENOMEM;
}

void csv_row_clear(struct csv_row *row)
{
	for (size_t i = 0; i < row->schema->count; i++) {
		free(row->cells[i]);
		row->cells[i] = NULL;
	}
	row->error = 0;
}

void csv_row_fini(struct csv_row *row)
{
	csv_row_clear(row);
	free(row->cells);
	row->cells = NULL;
}

static int row_fails(struct csv_row *row, int error)
{
	if (!row->error)
		row->error = error;
	return error;
}

/* text NULL empties the cell. accepted is a bit set of column types. */
static int set_cell(struct csv_row *row, size_t column, unsigned int accepted,
		    const char *text)
{
	char *copy = NULL;

	if (column >= row->schema->count)
		return row_fails(row, -ENOENT);
	if (!(accepted >> row->schema->columns[column].type & 1))
		return row_fails(row, -EINVAL);
	if (text) {
		copy = strdup(text);
		if (!copy)
			return row_fails(row, -ENOMEM);
	}
	free(row->cells[column]);
	row->cells[column] = copy;
	return 0;
}

int csv_set_u64_at(struct csv_row *row, size_t column, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return set_cell(row, column, 1u << CSV_INTEGER | 1u << CSV_NUMBER, text);
}

int csv_set_bool_at(struct csv_row *row, size_t column, bool value)
{
	return set_cell(row, column, 1u << CSV_BOOLEAN, value ? "1" : "0");
}

int csv_set_double_at(struct csv_row *row, size_t column, double value)
{
	locale_t c_locale, previous;
	char text[32];

	if (!isfinite(value))
		return set_cell(row, column, 1u << CSV_NUMBER, NULL);
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		return row_fails(row, -ENOMEM);
	previous = uselocale(c_locale);
	for (int digits = 9; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	uselocale(previous);
	freelocale(c_locale);
	return set_cell(row, column, 1u << CSV_NUMBER, text);
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		unsigned char lead = *s++, low = 0x80, high = 0xbf;
		int more;

		if (lead < 0x80)
			continue;
		if (lead < 0xc2 || lead > 0xf4)
			return false;
		more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		if (lead == 0xe0)
			low = 0xa0;
		else if (lead == 0xed)
			high = 0x9f;
		else if (lead == 0xf0)
			low = 0x90;
		else if (lead == 0xf4)
			high = 0x8f;
		for (; more; more--, low = 0x80, high = 0xbf)
			if (*s < low || *s++ > high)
				return false;
	}
	return true;
}

static bool is_datetime(const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t at;

	for (at = 0; shape[at]; at++) {
		if (shape[at] == 'd' ? !isdigit((unsigned char)text[at])
				     : text[at] != shape[at])
			return false;
	}
	if (text[at] == '.') {
		size_t digits = strspn(text + at + 1, "0123456789");

		if (digits == 0)
			return false;
		at += 1 + digits;
	}
	return strcmp(text + at, "Z") == 0;
}

/* -1.5e-7, as the writer writes it. */
static bool is_number(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n;

	text += *text == '-';
	n = strspn(text, digits);
	if (!n)
		return false;
	text += n;
	if (*text == '.') {
		n = strspn(++text, digits);
		if (!n)
			return false;
		text += n;
	}
	if (*text == 'e') {
		text += 1 + (text[1] == '-' || text[1] == '+');
		n = strspn(text, digits);
		if (!n || n > 3)
			return false;
		text += n;
	}
	return !*text;
}

bool csv_type_allows(enum csv_type type, const char *text)
{
	switch (type) {
	case CSV_STRING:
		return is_utf8(text);
	case CSV_INTEGER:
		errno = 0;
		return !*text || (!text[strspn(text, "0123456789")] && (strtoull(text, NULL, 10), !errno));
	case CSV_NUMBER:
		return !*text || is_number(text);
	case CSV_BOOLEAN:
		return !*text || !strcmp(text, "0") || !strcmp(text, "1");
	case CSV_DATETIME:
		return !*text || is_datetime(text);
	}
	return false;
}

const char *csv_type_name(enum csv_type type)
{
	static const char *const names[] = { "string", "integer", "number", "boolean", "datetime" };

	return names[type];
}

int csv_set_string_at(struct csv_row *row, size_t column, const char *value)
{
	const unsigned int accepted = 1u << CSV_STRING | 1u << CSV_DATETIME;

	if (!value || !*value)
		return set_cell(row, column, accepted, NULL);
	if (!is_utf8(value))
		return row_fails(row, -EILSEQ);
	if (column < row->schema->count &&
	    row->schema->columns[column].type == CSV_DATETIME &&
	    !is_datetime(value))
		return row_fails(row, -EINVAL);
	return set_cell(row, column, accepted, value);
}

static void put_field(FILE *file, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, file);
		return;
	}
	putc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', file);
		putc(*text, file);
	}
	putc('"', file);
}

static void put_header(FILE *file, const struct csv_schema *schema)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (i)
			putc(',', file);
		put_field(file, schema->columns[i].name);
	}
	putc('\n', file);
}

/* Notes what the stream has just met; nothing since may have set errno. */
static int note_error(struct csv_writer *w, bool failed)
{
	if (failed && !w->error)
		w->error = errno ? -errno : -EIO;
	return w->error;
}

int csv_open_fd(struct csv_writer *w, int fd, const struct csv_schema *schema)
{
	int error;

	w->schema = schema;
	w->error = 0;
	w->file = fdopen(fd, "w");
	if (!w->file) {
		error = -errno;
		close(fd);
		return error;
	}
	/* Flushed, so that a disk already full shows before anything is run. */
	put_header(w->file, schema);
	if (note_error(w, fflush(w->file) != 0))
		return csv_close(w);
	return 0;
}

int csv_create(struct csv_writer *w, const char *path,
	       const struct csv_schema *schema)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int error;

	if (fd < 0)
		return -errno;
	error = csv_open_fd(w, fd, schema);
	if (error)
		unlink(path);
	return error;
}

int csv_open_memory(struct csv_writer *w, const struct csv_schema *schema)
{
	*w = (struct csv_writer){ .schema = schema };
	w->file = open_memstream(&w->memory, &w->memory_bytes);
	return w->file ? 0 : -errno;
}

int csv_close_memory(struct csv_writer *w, char **text)
{
	note_error(w, fclose(w->file) != 0);
	w->file = NULL;
	*text = w->memory;
	if (w->error) {
		free(w->memory);
		*text = NULL;
	}
	return w->error;
}

int csv_write_text(struct csv_writer *w, const char *text)
{
	if (!w->error)
		fputs(text, w->file);
	return note_error(w, ferror(w->file) != 0);
}

int csv_write_row(struct csv_writer *w, const struct csv_row *row)
{
	if (w->error)
		return w->error;
	if (row->error)
		return row->error;
	if (row->schema != w->schema)
		return -EINVAL;
	for (size_t i = 0; i < row->schema->count; i++) {
		if (i)
			putc(',', w->file);
		if (row->cells[i])
			put_field(w->file, row->cells[i]);
		else if (row->schema->count == 1)
			/* An empty line would be no row at all. */
			fputs("\"\"", w->file);
	}
	putc('\n', w->file);
	return note_error(w, ferror(w->file) != 0);
}

int csv_write_lines(struct csv_writer *w, const struct csv_row *key, const char *lines)
{
	if (w->error)
		return w->error;
	if (key->error)
		return key->error;
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		for (size_t i = 0; i < key->schema->count && key->cells[i]; i++) {
			put_field(w->file, key->cells[i]);
			putc(',', w->file);
		}
		fwrite(lines, 1, length, w->file);
		putc('\n', w->file);
		lines += length + (lines[length] == '\n');
	}
	return note_error(w, ferror(w->file) != 0);
}

int csv_close(struct csv_writer *w)
{
	note_error(w, fflush(w->file) != 0);
	/* EINVAL: a pipe or terminal, which has nothing to synchronize. */
	if (fsync(fileno(w->file)) != 0 && errno != EINVAL)
		note_error(w, true);
	note_error(w, fclose(w->file) != 0);
	w->file = NULL;
	return w->error;
}
