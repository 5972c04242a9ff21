/* SPDX-License-Identifier: MIT */
/* The rows of a big CSV file; see row_scan.h. */
#define _GNU_SOURCE
#include "bench/export/row_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/export/output.h"

#define BLOCK_BYTES (1u << 20)
#define FIELDS_MAX  64

/* Files beyond this take long enough to be told about. */
#define TOLD_BYTES (32u << 20)

struct scan {
	const char *path;
	const struct csv_schema *schema;
	row_scan_fn *row;
	void *context;
	char *error;
	size_t line;
	uint64_t total, done; /* bytes */
	bool is_told;
	char block[2 * BLOCK_BYTES + 1];
};

static int refuse(struct scan *scan, int status, const char *what)
{
	char line[ROW_SCAN_ERROR_BYTES];

	snprintf(line, sizeof(line), "%s", what);
	snprintf(scan->error, ROW_SCAN_ERROR_BYTES, "%s:%zu: %.300s", scan->path, scan->line, line);
	return status;
}

/* A complete line, its end excluded: what is between the commas, or how many there are if that is another number. */
static size_t split(char *line, char *end, char **field, size_t count)
{
	size_t fields = 1;

	field[0] = line;
	for (char *c = line; c < end; c++) {
		if (*c != ',')
			continue;
		*c = '\0';
		if (fields < count)
			field[fields] = c + 1;
		fields++;
	}
	*end = '\0';
	return fields;
}

static bool is_header(const struct csv_schema *schema, char *const *field)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (strcmp(field[i], schema->columns[i].name) != 0)
			return false;
	}
	return true;
}

static int take_line(struct scan *scan, char *line, char *end)
{
	char *field[FIELDS_MAX];
	char error[ROW_SCAN_ERROR_BYTES] = "";
	int status;

	scan->line++;
	if (memchr(line, '"', (size_t)(end - line)))
		return refuse(scan, -EBADMSG, "a quoted field, which no run writes here");
	if (split(line, end, field, scan->schema->count) != scan->schema->count)
		return refuse(scan, -EBADMSG, "not as many fields as columns; `storsync validate` tells more");
	if (scan->line == 1)
		return is_header(scan->schema, field) ? 0 : refuse(scan, -EBADMSG, "not the columns of this version");
	status = scan->row(scan->context, field, error);
	return status ? refuse(scan, status, error[0] ? error : strerror(-status)) : 0;
}

static void tell(const struct scan *scan)
{
	const char *name = strrchr(scan->path, '/');

	if (scan->is_told)
		fprintf(stderr, "\r%s: %u%%", name ? name + 1 : scan->path, (unsigned)(100 * scan->done / scan->total));
}

static int scan_file(struct scan *scan, int file)
{
	size_t kept = 0;
	ssize_t got;

	while ((got = read(file, scan->block + kept, BLOCK_BYTES)) > 0) {
		char *line = scan->block;
		char *stop = scan->block + kept + got;
		char *end;

		while ((end = memchr(line, '\n', (size_t)(stop - line)))) {
			int status = take_line(scan, line, end);

			if (status)
				return status;
			line = end + 1;
		}
		kept = (size_t)(stop - line);
		memmove(scan->block, line, kept);
		scan->done += (uint64_t)got;
		tell(scan);
		if (export_interrupted())
			return refuse(scan, -EINTR, "interrupted");
		if (kept > BLOCK_BYTES)
			return refuse(scan, -EBADMSG, "a line without an end");
	}
	if (got < 0)
		return refuse(scan, -errno, strerror(errno));
	scan->line++;
	return kept || scan->line == 1 ? refuse(scan, -EBADMSG, "torn: the last line has no end") : 0;
}

int row_scan(const char *path, const struct csv_schema *schema, row_scan_fn *row, void *context,
	     char error[ROW_SCAN_ERROR_BYTES])
{
	struct scan *scan = malloc(sizeof(*scan));
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	int status = -ENOMEM;

	if (file < 0 || !scan || fstat(file, &st)) {
		status = scan ? -errno : -ENOMEM;
		snprintf(error, ROW_SCAN_ERROR_BYTES, "%s: %s", path, strerror(-status));
	} else {
		scan->path = path;
		scan->schema = schema;
		scan->row = row;
		scan->context = context;
		scan->error = error;
		scan->line = 0;
		scan->done = 0;
		scan->total = (uint64_t)st.st_size;
		scan->is_told = scan->total > TOLD_BYTES && isatty(STDERR_FILENO);
		status = scan_file(scan, file);
		if (scan->is_told)
			fputs("\r\033[K", stderr);
	}
	if (file >= 0)
		close(file);
	free(scan);
	return status;
}

bool row_scan_u64(const char *field, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*field)
		return false;
	for (; *field; field++) {
		unsigned digit = (unsigned)(*field - '0');

		if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*value = sum;
	return true;
}
