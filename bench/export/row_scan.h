/* SPDX-License-Identifier: MIT */
/*
 * The rows of a run's big CSV files, one after the other and fast: a field is a pointer into the block that was read.  For files
 * whose fields need no quotes (histogram.csv, latency.csv, events.csv); csv_rows.h reads all others.
 */
#ifndef STORSYNC_BENCH_EXPORT_ROW_SCAN_H
#define STORSYNC_BENCH_EXPORT_ROW_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv.h"

#define ROW_SCAN_ERROR_BYTES 512

/*
 * What is done with a row, whose fields are schema's, NUL at the end of each; they go with the call.  0; or -errno, with a line
 * without a place in `error`, which ends the scan.
 */
typedef int row_scan_fn(void *context, char *const *field, char *error);

/*
 * All rows of a file of that schema, the header left out.  0; -EBADMSG: torn, or not such a file; -EINTR: export_interrupted();
 * another -errno; or what `row` said.  `error` then has one line with file:line.
 */
int row_scan(const char *path, const struct csv_schema *schema, row_scan_fn *row, void *context,
	     char error[ROW_SCAN_ERROR_BYTES]);

/* A field that is a whole number; false if it is not, or empty. */
bool row_scan_u64(const char *field, uint64_t *value);

#endif
