/* SPDX-License-Identifier: MIT */
/* What `storsync validate` knows of a run while it reads the files one after the other. Memory goes with the invocations. */
#ifndef STORSYNC_BENCH_RUN_DIR_VALIDATE_ROWS_H
#define STORSYNC_BENCH_RUN_DIR_VALIDATE_ROWS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/cell/spec.h"
#include "bench/files/datapackage.h"
#include "bench/instruments/metric.h"

/* A count that its column does not give. */
#define VALIDATE_UNKNOWN UINT64_MAX

/* More damage is counted, and not shown. */
#define VALIDATE_SHOWN 20

/* A row of summary.csv. */
struct validate_row {
	unsigned run; /* index into run_id */
	char cell[CELL_ID_BYTES];
	char status[16];
	uint64_t invocation; /* 0: skipped */
	uint64_t block;
	uint64_t order;
	uint64_t cpus;
	uint64_t n[METRIC_COUNT];
	uint64_t hit[METRIC_COUNT];
	/* What the other files come to. */
	uint64_t buckets[METRIC_COUNT];
	uint64_t bucket_hits[METRIC_COUNT];
	uint64_t cpu_rows;
	bool hits_given; /* histogram.csv says which samples were hit */
};

struct validate {
	FILE *out;
	const char *directory;
	unsigned long damages;
	/* What ties rows together: one run, or those that were merged. */
	const char **run_id;
	unsigned runs;
	unsigned schema_version;
	struct validate_row *row;
	size_t rows, capacity;
	uint32_t *slot; /* hash of row numbers, 1 on; 0 is free */
	size_t slots;
	/* Data rows of each of datapackage_tables; VALIDATE_UNKNOWN: no file, or it could not be read. */
	uint64_t file_rows[8];
	size_t file_columns[8]; /* and its columns, an older build's fewer */
};

/* Reports damage: a line with FILE, and its line unless that is 0. */
void validate_damage(struct validate *v, const char *file, size_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

struct validate_row *validate_find(const struct validate *v, unsigned run, const char *cell, uint64_t invocation);

/* Reads a file and checks each of its rows; summary.csv must be the first. */
void validate_file(struct validate *v, size_t table);

/* What only shows once all files are read. */
void validate_sums(struct validate *v);

void validate_rows_fini(struct validate *v);

#endif
