/* SPDX-License-Identifier: MIT */
/*
 * A run's folder that was never measured, small and sound, for tests to damage: three cells of which the last is
 * refused, every CSV file, journal, description and manifest.
 */
#ifndef STORSYNC_TESTS_UNIT_RUN_FIXTURE_H
#define STORSYNC_TESTS_UNIT_RUN_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv.h"

#define FIXTURE_FIRST "0123456789abcdef"
#define FIXTURE_SECOND "123456789abcdef0"
#define FIXTURE_REFUSED "23456789abcdef01"
/* Rows of histogram.csv of an invocation. */
#define FIXTURE_BUCKETS 4

struct fixture {
	const char *run_id, *host_id, *build_id, *created_utc;
	uint64_t seed, invocations;
	unsigned shard, shards;
	unsigned section_ns; /* of every cell */
	uint64_t until_block; /* interrupted after it; 0: complete */
	bool uncollected; /* the last block's rows are in parts/ still */
	bool refuse_second; /* as a machine may that the others do not */
};

/* What is not set is set to a plain run's. */
void fixture_make(const char *directory, const struct fixture *fixture);

/* Makes a file that of an older build, which has fewer columns. */
void fixture_age(const char *directory, const struct csv_schema *schema);

/* Describes the files as they are now. */
void fixture_describe(const char *directory);

/* Replaces the first `from` in a file; fails the test if there is none. */
void fixture_edit(const char *directory, const char *file, const char *from, const char *to);

/* Replaces a whole file, which need not be there. */
void fixture_put(const char *directory, const char *file, const char *text);

/* All of a file; to be freed. */
char *fixture_get(const char *directory, const char *file);

#endif
