/* SPDX-License-Identifier: MIT */
/* The rows of a run's big CSV files, one after the other: csv_scan.h, with a line on a terminal that tells how far it is. */
#ifndef STORSYNC_BENCH_EXPORT_ROW_SCAN_H
#define STORSYNC_BENCH_EXPORT_ROW_SCAN_H

#include "bench/files/csv_scan.h"

#define ROW_SCAN_ERROR_BYTES 512

/*
 * What is done with a row, whose fields are schema's and go with the call; those that an older build's file lacks are empty.
 * 0; or -errno, with a line without a place in `error`, which ends the scan.
 */
typedef int row_scan_fn(void *context, const struct csv_field *field, char *error);

/*
 * All rows of a file of that schema.  0; -EBADMSG: torn, or not such a file; -EINTR: output_file_is_interrupted(); another
 * -errno; or what `row` said.  `error` then has one line with file:line.
 */
int row_scan(const char *path, const struct csv_schema *schema, row_scan_fn *row, void *context,
	     char error[ROW_SCAN_ERROR_BYTES]);

#endif
