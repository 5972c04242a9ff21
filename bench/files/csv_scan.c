/* SPDX-License-Identifier: MIT */
/*
 * Scanning CSV: see csv_scan.h. The buffer and the rows in it; what a plain row's fields are is csv_separators.c's, and a row
 * with a quote in it is left to csv_walk.c.
 */
#include "bench/files/csv_scan_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/files/file_error.h"

/* Fits the second-level cache, where what was read is when it is scanned. */
#define BUFFER_BYTES	(128u << 10)
/* Read behind a part's end, where its last row most often ends. */
#define BEHIND_BYTES	(4u << 10)

int csv_scan_fails(struct csv_scan_state *s, int result, const char *format, ...)
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

enum csv_row_found csv_scan_bad_count(struct csv_scan_state *s, size_t fields)
{
	csv_scan_fails(s, -EBADMSG, "%zu field%s, the header has %zu", fields, fields == 1 ? "" : "s", s->columns);
	return CSV_ROW_BAD;
}

static void cut_fields(struct csv_scan_state *s)
{
	for (size_t i = 0; i < s->wanted; i++) {
		size_t begin = s->separator[s->slot[i][0]] + 1;

		s->field[i].text = s->at + begin;
		s->field[i].bytes = s->separator[s->slot[i][1]] - begin;
	}
}

/* Twice the buffer, as a row does not fit. */
static bool grow(struct csv_scan_state *s)
{
	size_t kept = s->capacity;
	char *grown = kept < CSV_SCAN_ROW_BYTES_MAX ? realloc(s->buffer, 2 * kept + CSV_BLOCK) : NULL;

	if (grown) {
		s->buffer = grown;
		s->capacity = 2 * kept;
		return true;
	}
	if (kept < CSV_SCAN_ROW_BYTES_MAX)
		csv_scan_fails(s, -ENOMEM, "out of memory");
	else
		csv_scan_fails(s, -EBADMSG, "a row of more than %u MiB", CSV_SCAN_ROW_BYTES_MAX >> 20);
	return false;
}

/* What is behind a part is another's to read. */
static size_t bytes_to_read(const struct csv_scan_state *s, size_t room)
{
	uint64_t left = s->stop > s->read_at ? s->stop - s->read_at : 0;

	return left < room && left + BEHIND_BYTES < room ? (size_t)left + BEHIND_BYTES : room;
}

bool csv_scan_refill(struct csv_scan_state *s)
{
	size_t kept = (size_t)(s->end - s->at);
	const char *full;

	if (s->ended)
		return false;
	memmove(s->buffer, s->at, kept);
	s->at = s->buffer;
	s->end = s->buffer + kept;
	if (kept == s->capacity) {
		if (!grow(s))
			return false;
		s->at = s->buffer;
		s->end = s->buffer + kept;
	}
	full = s->end + bytes_to_read(s, s->capacity - kept);
	while (s->end < full && !s->ended) {
		ssize_t got = pread(s->fd, s->end, (size_t)(full - s->end), (off_t)s->read_at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			s->line = 0;
			csv_scan_fails(s, -errno, "%s", strerror(errno));
			return false;
		}
		s->end += got;
		s->read_at += (uint64_t)got;
		s->ended = got == 0;
	}
	/* The last block is loaded whole, though what is behind the data counts for nothing. */
	memset(s->end, 0, CSV_BLOCK);
	return (size_t)(s->end - s->at) > kept;
}

int csv_scan_at_end(struct csv_scan_state *s)
{
	if (s->result)
		return s->result;
	if (s->at == s->end)
		return 0;
	if (memchr(s->at, '"', (size_t)(s->end - s->at)))
		return csv_scan_fails(s, -EBADMSG, "the last row is torn: a quoted field has no end, or no newline ends it");
	return csv_scan_fails(s, -EBADMSG, "the last line is torn, no newline ends it");
}

static uint64_t offset_of(const struct csv_scan_state *s)
{
	return s->read_at - (uint64_t)(s->end - s->at);
}

int csv_scan_next(struct csv_scan *scan, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = scan->state;
	size_t lines = 1;
	char *row_end;
	enum csv_row_found state;

	s->error = error;
	s->error_bytes = error_bytes;
	if (s->result)
		return s->result;
	if (offset_of(s) >= s->stop)
		return 0;
	for (;;) {
		state = s->find_separators(s, &row_end);
		scan->plain = state == CSV_ROW_WHOLE;
		if (state == CSV_ROW_WHOLE)
			cut_fields(s);
		else if (state == CSV_ROW_QUOTED)
			state = csv_scan_walk_row(s, &row_end, &lines);
		if (state != CSV_ROW_NEEDS_MORE)
			break;
		if (!csv_scan_refill(s))
			return csv_scan_at_end(s);
	}
	if (*s->at == '\n')
		return s->result = 0, csv_scan_fails(s, -EBADMSG, "an empty line");
	if (state == CSV_ROW_BAD)
		return s->result;
	scan->line = s->line;
	scan->field = s->field;
	s->line += lines;
	s->at = row_end;
	return 1;
}

static struct csv_scan_state *new_state(const char *path, size_t buffer_bytes)
{
	struct csv_scan_state *s = calloc(1, sizeof(*s) + strlen(path) + 1);

	if (!s)
		return NULL;
	strcpy(s->path, path);
	s->fd = -1;
	s->stop = UINT64_MAX;
	s->capacity = buffer_bytes ? buffer_bytes : BUFFER_BYTES;
	s->buffer = malloc(s->capacity + CSV_BLOCK);
	s->at = s->end = s->buffer;
	s->find_separators = csv_separators_has_avx2() ? csv_separators_avx2 : csv_separators_any;
	if (s->buffer)
		return s;
	free(s);
	return NULL;
}

int csv_scan_open(struct csv_scan *scan, const char *path, size_t buffer_bytes, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = new_state(path, buffer_bytes);
	struct stat info;
	int err = 0;

	memset(scan, 0, sizeof(*scan));
	if (!s) {
		snprintf(error, error_bytes, "%s: out of memory", path);
		return -ENOMEM;
	}
	s->error = error;
	s->error_bytes = error_bytes;
	scan->state = s;
	/* A FIFO without a writer would block. */
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (s->fd < 0 || fstat(s->fd, &info))
		err = csv_scan_fails(s, -errno, "%s", strerror(errno));
	else if (!S_ISREG(info.st_mode))
		err = csv_scan_fails(s, -EINVAL, "not a regular file");
	if (!err) {
		s->line = 1;
		err = csv_scan_read_header(scan, error, error_bytes);
	}
	if (err)
		csv_scan_close(scan);
	return err;
}

static void forget_wanted(struct csv_scan_state *s)
{
	free(s->want);
	free(s->need);
	free(s->separator);
	free(s->slot);
	free(s->field);
	s->wanted = 0;
}

int csv_scan_want(struct csv_scan *scan, const size_t *column, size_t count)
{
	struct csv_scan_state *s = scan->state;
	size_t needed = 0;

	forget_wanted(s);
	s->want = malloc((count + 1) * sizeof(*s->want));
	s->need = malloc((2 * count + 1) * sizeof(*s->need));
	s->separator = malloc((2 * count + 1) * sizeof(*s->separator));
	s->slot = malloc((count + 1) * sizeof(*s->slot));
	s->field = calloc(count + 1, sizeof(*s->field));
	scan->field = s->field;
	if (!s->want || !s->need || !s->separator || !s->slot || !s->field)
		return -ENOMEM;
	s->separator[0] = SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		s->want[i] = column[i];
		if (column[i] && (!needed || s->need[needed - 1] != column[i] - 1))
			s->need[needed++] = column[i] - 1;
		s->slot[i][0] = needed;
		s->need[needed++] = column[i];
		s->slot[i][1] = needed;
	}
	s->need[needed] = SIZE_MAX;
	s->wanted = count;
	return 0;
}

int csv_scan_open_part(struct csv_scan *part, const struct csv_scan *whole)
{
	const struct csv_scan_state *from = whole->state;
	struct csv_scan_state *s = new_state(from->path, 0);
	int err;

	memset(part, 0, sizeof(*part));
	if (!s)
		return -ENOMEM;
	s->fd = from->fd;
	s->is_part = true;
	s->columns = part->fields = from->columns;
	part->state = s;
	err = csv_scan_want(part, from->want, from->wanted);
	if (err)
		csv_scan_close(part);
	return err;
}

int csv_scan_aim(struct csv_scan *part, uint64_t begin, uint64_t end, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = part->state;

	s->error = error;
	s->error_bytes = error_bytes;
	s->result = 0;
	s->line = 1;
	s->ended = false;
	s->read_at = begin - 1;
	s->stop = end;
	s->at = s->end = s->buffer;
	while (csv_scan_refill(s)) {
		char *line_end = memchr(s->at, '\n', (size_t)(s->end - s->at));

		s->at = line_end ? line_end + 1 : s->end;
		if (line_end)
			break;
	}
	return s->result;
}

uint64_t csv_scan_offset(const struct csv_scan *scan)
{
	return offset_of(scan->state);
}

uint64_t csv_scan_file_bytes(const struct csv_scan *scan)
{
	struct stat info;

	return fstat(scan->state->fd, &info) || info.st_size < 0 ? 0 : (uint64_t)info.st_size;
}

double csv_scan_progress(const struct csv_scan *scan)
{
	uint64_t bytes = csv_scan_file_bytes(scan);

	return bytes ? (double)scan->state->read_at / (double)bytes : 0;
}

void csv_scan_close(struct csv_scan *scan)
{
	struct csv_scan_state *s = scan->state;

	if (!s)
		return;
	if (s->fd >= 0 && !s->is_part)
		close(s->fd);
	free(s->buffer);
	forget_wanted(s);
	free(s->unquoted);
	free(s);
	memset(scan, 0, sizeof(*scan));
}
