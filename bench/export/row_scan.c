/* SPDX-License-Identifier: MIT */
/* The rows of a big CSV file; see row_scan.h. */
#include "bench/export/row_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/files/output_file.h"

/* A power of two: files of fewer rows are read before one could look. */
#define ROWS_BETWEEN (1u << 18)

static void tell(const struct csv_scan *scan, const char *path)
{
	const char *name = strrchr(path, '/');

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s: %.0f%%", name ? name + 1 : path, 100 * csv_scan_progress(scan));
}

static void untell(const struct csv_scan *scan)
{
	if (scan->line >= ROWS_BETWEEN && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int refuse(const char *path, size_t line, int status, const char *what, char *error)
{
	snprintf(error, ROW_SCAN_ERROR_BYTES, "%.160s:%zu: %.300s", path, line, what[0] ? what : strerror(-status));
	return status;
}

int row_scan(const char *path, const struct csv_schema *schema, row_scan_fn *row, void *context,
	     char error[ROW_SCAN_ERROR_BYTES])
{
	char what[ROW_SCAN_ERROR_BYTES] = "";
	struct csv_field *field; /* as many as the schema has, however few the file has */
	struct csv_scan scan;
	int status = csv_scan_open_schema(&scan, path, schema, error, ROW_SCAN_ERROR_BYTES);

	if (status)
		return status;
	field = malloc(schema->count * sizeof(*field));
	if (!field) {
		csv_scan_close(&scan);
		return refuse(path, 1, -ENOMEM, "", error);
	}
	for (size_t i = 0; i < schema->count; i++)
		field[i] = (struct csv_field){ .text = "" };
	while ((status = csv_scan_next(&scan, error, ROW_SCAN_ERROR_BYTES)) == 1) {
		if (scan.fields < schema->count)
			memcpy(field, scan.field, scan.fields * sizeof(*field));
		status = row(context, scan.fields < schema->count ? field : scan.field, what);
		if (!status && scan.line % ROWS_BETWEEN == 0) {
			tell(&scan, path);
			status = output_file_is_interrupted() ? -EINTR : 0;
		}
		if (status) {
			refuse(path, scan.line, status, what, error);
			break;
		}
	}
	untell(&scan);
	csv_scan_close(&scan);
	free(field);
	return status;
}
