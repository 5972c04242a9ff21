/* SPDX-License-Identifier: MIT */
/* The header of a file that is scanned: see csv_scan.h. A row must have as many fields; one column too many is as bad as none. */
#include "bench/files/csv_scan_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int count_columns(struct csv_scan_state *s)
{
	for (;;) {
		size_t lines, columns = 1;
		bool quoted = false;
		const char *from;

		for (from = s->at; from < s->end && (quoted || *from != '\n'); from++) {
			quoted ^= *from == '"';
			columns += !quoted && *from == ',';
		}
		lines = from < s->end;
		if (lines) {
			s->columns = columns;
			return 0;
		}
		if (csv_scan_refill(s))
			continue;
		if (s->result)
			return s->result;
		if (s->at != s->end)
			return csv_scan_at_end(s);
		s->line = 0;
		return csv_scan_fails(s, -EBADMSG, "empty, a header was expected");
	}
}

static int check_header(struct csv_scan_state *s)
{
	for (size_t i = 0; i < s->columns; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct csv_field *a = &s->field[i], *b = &s->field[j];

			if (a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0) {
				s->line = 1;
				return csv_scan_fails(s, -EBADMSG, "column \"%.*s\" occurs twice", (int)a->bytes, a->text);
			}
		}
	}
	return 0;
}

int csv_scan_read_header(struct csv_scan *scan, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = scan->state;
	size_t *all;
	int err = count_columns(s);

	if (err)
		return err;
	all = malloc(s->columns * sizeof(*all));
	for (size_t i = 0; all && i < s->columns; i++)
		all[i] = i;
	err = all ? csv_scan_want(scan, all, s->columns) : -ENOMEM;
	free(all);
	if (err)
		return csv_scan_fails(s, err, "out of memory");
	scan->fields = s->columns;
	err = csv_scan_next(scan, error, error_bytes);
	return err < 0 ? err : check_header(s);
}

int csv_scan_open_schema(struct csv_scan *scan, const char *path, const struct csv_schema *schema, char *error, size_t error_bytes)
{
	int err = csv_scan_open(scan, path, 0, error, error_bytes);
	size_t count;

	if (err)
		return err;
	count = schema->older && scan->fields >= schema->older && scan->fields < schema->count ? scan->fields : schema->count;
	scan->state->line = 1;
	for (size_t i = 0; i < count && !err; i++) {
		if (i >= scan->fields || !csv_field_is(&scan->field[i], schema->columns[i].name))
			err = csv_scan_fails(scan->state, -EBADMSG, "not the columns of this version: column %zu is not %s", i + 1, schema->columns[i].name);
	}
	if (!err && scan->fields > schema->count)
		err = csv_scan_fails(scan->state, -EBADMSG, "not the columns of this version: it has %zu, and %zu are known", scan->fields, schema->count);
	scan->state->line = 2;
	if (err)
		csv_scan_close(scan);
	return err;
}
