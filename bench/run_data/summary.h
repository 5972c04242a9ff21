/* SPDX-License-Identifier: MIT */
/*
 * What the parts of run_summary.c share: reading summary.csv. Any number of readers, each in its own thread, read rows of a part of
 * the file each into rows of their own; what the rows have in common, texts and cells, is in one place and added to under a lock.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_SUMMARY_H
#define STORSYNC_BENCH_RUN_DATA_SUMMARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv.h"
#include "bench/files/csv_scan.h"
#include "bench/run_data/building.h"
#include "bench/run_data/run_folder.h"
#include "bench/run_data/signatures.h"

enum { SUMMARY_STATUSES = 6, SUMMARY_SKIPPED = SUMMARY_STATUSES - 1 };

/* Texts that a reader remembers the address of. */
#define SUMMARY_USUAL 64

/* Positions in field[] of columns that are always wanted. */
struct summary_slots {
	size_t schema_version, run_id, cell_id, invocation, block, status, status_reason, backend_reason, gate_codes;
};

/* Where a number is from. */
struct summary_source {
	const char *column; /* NULL: nowhere */
	size_t slot;
	bool is_whole;
};

struct summary {
	struct building *b;
	const struct run_folder *folder;
	struct csv_scan scan; /* of the whole file */
	char path[600];
	size_t *slot; /* by column of the schema; CSV_NO_COLUMN: not wanted */
	struct summary_slots slots;
	struct { size_t slot; enum csv_type type; } key[RUN_KEY_COUNT];
	struct summary_source (*source)[2]; /* of each figure: itself, and what it is divided by */
	char version[16];
	const char *status[SUMMARY_STATUSES]; /* as building_text() has them */
	struct signatures signatures; /* may be looked into without the lock */
	pthread_mutex_t lock; /* of b and of adding to signatures */
	bool ambiguous; /* rows of a cell have more than one cell_id: the first row decides, so their order does */
};

/* A text that is the same in many rows. */
struct summary_usual {
	const char *text;
	size_t bytes;
};

struct summary_reader {
	struct summary *summary;
	struct csv_scan scan;
	struct signature_row row;
	struct summary_usual run_id;
	struct summary_usual usual[SUMMARY_USUAL]; /* by hash */
	struct building_rows rows;
	uint64_t invocations;
	char error[RUN_DATA_ERROR_BYTES];
};

/* `error` has "FILE:LINE: " and what; returns `status`. */
__attribute__((format(printf, 4, 5)))
int summary_refuse(const struct summary *s, size_t line, char *error, const char *format, ...);

/* summary_refuse() of a column that is not what it should be; the same for running out of memory. */
int summary_refuse_field(struct summary_reader *reader, const char *column, const struct csv_field *field, const char *what);
int summary_out_of_memory(struct summary_reader *reader);

/* The header is this build's; s->scan wants what is to be read. 0, -EINVAL or -ENOMEM, with one line in `error`. */
int summary_find_columns(struct summary *s, char *error);
void summary_forget_columns(struct summary *s);

/* Texts that rows have in common, after building_init() and building_restart(). 0 or -ENOMEM. */
int summary_begin(struct summary *s);

/* The row that reader->scan found: adds it to reader->rows. 0, -EINVAL or -ENOMEM, with one line in reader->error. */
int summary_read_row(struct summary_reader *reader);

/* Its cell, after signatures_begin(). The same. */
int summary_find_cell(struct summary_reader *reader, uint32_t *cell);

#endif
