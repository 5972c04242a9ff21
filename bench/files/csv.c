/* SPDX-License-Identifier: MIT */
/*
 * CSV writer and reader: see csv.h. The source of the format is RFC 4180;
 * parsing is left to libcsv, which handles quoting across chunks, and is fed
 * line by line so that an error can name its line.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <csv.h>

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

static int attach(struct csv_writer *w, int fd, const char *mode,
		  const struct csv_schema *schema)
{
	int error;

	w->schema = schema;
	w->error = 0;
	w->file = fdopen(fd, mode);
	if (w->file)
		return 0;
	error = -errno;
	close(fd);
	return error;
}

int csv_open_fd(struct csv_writer *w, int fd, const struct csv_schema *schema)
{
	int error = attach(w, fd, "w", schema);

	if (error)
		return error;
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

/*
 * A whole file begins with the header, ends with LF, and that LF is not in a
 * quoted field: quotes come in pairs, inside a field as around it.
 */
static int check_appendable(int fd, const char *header, size_t header_bytes)
{
	char chunk[16384], last = 0;
	bool in_quotes = false;
	size_t at = 0;
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < got; i++, at++) {
			if (at < header_bytes && chunk[i] != header[at])
				return -EEXIST;
			if (chunk[i] == '"')
				in_quotes = !in_quotes;
		}
		last = chunk[got - 1];
	}
	if (got < 0)
		return -errno;
	if (at < header_bytes)
		return -EEXIST;
	return last != '\n' || in_quotes ? -EBADMSG : 0;
}

static int check_against_schema(int fd, const struct csv_schema *schema)
{
	char *header = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&header, &bytes);
	int error;

	if (!memory)
		return -errno;
	put_header(memory, schema);
	error = fclose(memory) ? -ENOMEM : check_appendable(fd, header, bytes);
	free(header);
	return error;
}

int csv_open_append(struct csv_writer *w, const char *path,
		    const struct csv_schema *schema)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = check_against_schema(fd, schema);
	if (error) {
		close(fd);
		return error;
	}
	return attach(w, fd, "a", schema);
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
