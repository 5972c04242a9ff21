/* SPDX-License-Identifier: MIT */
/* A row with quotes, field by field, byte by byte: see csv_scan_state.h. */
#include "bench/files/csv_scan_state.h"

#include <errno.h>
#include <stdlib.h>

static bool reserve(void **array, size_t *capacity, size_t needed)
{
	void *grown;

	if (*array && *capacity >= needed)
		return true;
	grown = realloc(*array, needed);
	if (!grown)
		return false;
	*array = grown;
	*capacity = needed;
	return true;
}

/*
 * A field that begins with a quote, without its quotes; `to` is where its text ends.  Returns what ended it, NULL: the data did
 * so first, or (s->result) it cannot be.
 */
static const char *unquote(struct csv_scan_state *s, const char *from, char **to, size_t *lines)
{
	for (from++; from < s->end; from++) {
		if (*from == '\0') {
			csv_scan_fails(s, -EBADMSG, "a NUL byte");
			return NULL;
		}
		*lines += *from == '\n';
		if (*from != '"') {
			*(*to)++ = *from;
			continue;
		}
		if (from + 1 == s->end)
			return NULL;
		if (from[1] == ',' || from[1] == '\n')
			return from + 1;
		if (from[1] != '"') {
			csv_scan_fails(s, -EBADMSG, "a quote in the middle of a quoted field; it should be doubled");
			return NULL;
		}
		*(*to)++ = *++from;
	}
	return NULL;
}

/* A field that does not. */
static const char *skip_bare(struct csv_scan_state *s, const char *from)
{
	for (; from < s->end && *from != ',' && *from != '\n'; from++) {
		const char *what = *from == '"' ? "a quote in a field that does not begin with one" :
				   *from == '\0' ? "a NUL byte" :
				   *from == '\r' ? "a carriage return; lines end with a line feed alone" : NULL;

		if (what) {
			csv_scan_fails(s, -EBADMSG, "%s", what);
			return NULL;
		}
	}
	return from < s->end ? from : NULL;
}

enum csv_row_found csv_scan_walk_row(struct csv_scan_state *s, char **row_end, size_t *lines)
{
	const char *from = s->at;
	void *unquoted = s->unquoted;
	size_t fields = 0, wanted = 0;
	char *to;

	/* What is cut off is less than what is read. */
	if (!reserve(&unquoted, &s->unquoted_capacity, (size_t)(s->end - s->at) + 1)) {
		csv_scan_fails(s, -ENOMEM, "out of memory");
		return CSV_ROW_BAD;
	}
	s->unquoted = to = unquoted;
	for (*lines = 1;; from++, fields++) {
		const char *begin = from;
		char *text = to;

		if (from == s->end)
			return CSV_ROW_NEEDS_MORE;
		from = *begin == '"' ? unquote(s, begin, &to, lines) : skip_bare(s, begin);
		if (!from)
			return s->result ? CSV_ROW_BAD : CSV_ROW_NEEDS_MORE;
		if (wanted < s->wanted && s->want[wanted] == fields) {
			bool bare = *begin != '"';

			s->field[wanted].text = bare ? begin : text;
			s->field[wanted++].bytes = (size_t)(bare ? from - begin : to - text);
		}
		if (*from == '\n')
			break;
	}
	*row_end = (char *)from + 1;
	fields++;
	return fields == s->columns ? CSV_ROW_WHOLE : csv_scan_bad_count(s, fields);
}
