/* SPDX-License-Identifier: MIT */
/*
 * CSV reader: see csv.h. All rows of csv_rows.h, kept.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv.h"
#include "bench/files/csv_rows.h"

/* What a table has room for. */
struct room {
	size_t text_bytes;
	size_t text_capacity;
	size_t cell_count;
	size_t cell_capacity;
};

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

static bool add_field(struct csv_table *t, struct room *room, const char *field)
{
	size_t bytes = strlen(field) + 1;
	void *text = t->text, *cells = t->cells;

	if (!reserve(&text, &room->text_capacity, room->text_bytes, bytes, 1))
		return false;
	t->text = text;
	if (!reserve(&cells, &room->cell_capacity, room->cell_count, 1,
		     sizeof(*t->cells)))
		return false;
	t->cells = cells;
	memcpy(t->text + room->text_bytes, field, bytes);
	t->cells[room->cell_count++] = room->text_bytes;
	room->text_bytes += bytes;
	return true;
}

int csv_table_load(const char *path, struct csv_table *table, char *error,
		   size_t error_bytes)
{
	struct room room = { 0 };
	struct csv_rows rows;
	int result;

	memset(table, 0, sizeof(*table));
	result = csv_rows_open(&rows, path, error, error_bytes);
	if (result)
		return result;
	while ((result = csv_rows_next(&rows, error, error_bytes)) > 0) {
		table->rows += table->columns != 0;
		table->columns = rows.fields;
		for (size_t i = 0; i < rows.fields; i++) {
			if (add_field(table, &room, rows.field[i]))
				continue;
			snprintf(error, error_bytes, "%s: out of memory", path);
			result = -ENOMEM;
			break;
		}
		if (result < 0)
			break;
	}
	csv_rows_close(&rows);
	if (result)
		csv_table_fini(table);
	return result;
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
