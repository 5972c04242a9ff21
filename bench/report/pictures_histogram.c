/* SPDX-License-Identifier: MIT */
/* Merging histogram.csv; see pictures_histogram.h. */
#include "bench/report/pictures_histogram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv.h"
#include "bench/files/csv_scan.h"
#include "bench/files/schema.h"

#define TAIL_SAMPLES 10u

/* What is wanted of a row, in the order of the file. */
enum { CELL_ID, INVOCATION, METRIC, HI_NS, SAMPLES, WANTED };

/* Rows come invocation by invocation: what the last one was looked up as. */
struct last {
	char cell_id[64];
	size_t cell_id_bytes;
	uint64_t invocation;
	struct merged *merged; /* NULL: not wanted */
};

static bool ended_well(const struct run_data *run, uint32_t cell, uint64_t invocation)
{
	size_t first, last = run_data_rows_of(run, cell, &first);

	for (size_t row = first; row < last; row++) {
		if (run->row[row].invocation == invocation && strcmp(run->row[row].status, "ok") == 0)
			return true;
	}
	return false;
}

static struct merged *look_up(struct merged *merged, size_t count, const struct run_data *run, struct last *last,
			      const struct csv_field *cell_id,
			      uint64_t invocation)
{
	if (invocation == last->invocation && cell_id->bytes == last->cell_id_bytes &&
	    memcmp(cell_id->text, last->cell_id, cell_id->bytes) == 0)
		return last->merged;
	last->cell_id_bytes = cell_id->bytes < sizeof(last->cell_id) ? cell_id->bytes : 0;
	memcpy(last->cell_id, cell_id->text, last->cell_id_bytes);
	last->invocation = invocation;
	last->merged = NULL;
	for (size_t i = 0; i < count; i++) {
		if (csv_field_is(cell_id, run->cell[merged[i].cell].cell_id) && ended_well(run, merged[i].cell, invocation))
			last->merged = &merged[i];
	}
	return last->merged;
}

static int add(struct merged *merged, uint64_t hi_ns, uint64_t count)
{
	if (merged->buckets == merged->room) {
		size_t room = 2 * merged->room + 1024;
		struct merged_bucket *bucket = realloc(merged->bucket, room * sizeof(*bucket));

		if (!bucket)
			return -ENOMEM;
		merged->bucket = bucket;
		merged->room = room;
	}
	merged->bucket[merged->buckets++] = (struct merged_bucket){ .hi_ns = hi_ns, .count = count };
	return __builtin_add_overflow(merged->n, count, &merged->n) ? -EBADMSG : 0;
}

static int by_value(const void *a, const void *b)
{
	const struct merged_bucket *x = a, *y = b;

	return (x->hi_ns > y->hi_ns) - (x->hi_ns < y->hi_ns);
}

static void fold(struct merged *merged)
{
	size_t kept = 0;

	if (merged->buckets)
		qsort(merged->bucket, merged->buckets, sizeof(*merged->bucket), by_value);
	for (size_t i = 0; i < merged->buckets; i++) {
		if (kept && merged->bucket[kept - 1].hi_ns == merged->bucket[i].hi_ns)
			merged->bucket[kept - 1].count += merged->bucket[i].count;
		else
			merged->bucket[kept++] = merged->bucket[i];
	}
	merged->buckets = kept;
}

static int read_row(const struct csv_scan *scan, struct merged *merged, size_t count, const struct run_data *run, const char *metric,
		    struct last *last)
{
	uint64_t invocation, hi_ns, samples;
	struct merged *into;

	if (!csv_field_is(&scan->field[METRIC], metric))
		return 0;
	if (!csv_field_u64(&scan->field[INVOCATION], &invocation) || !csv_field_u64(&scan->field[HI_NS], &hi_ns) ||
	    !csv_field_u64(&scan->field[SAMPLES], &samples))
		return -EBADMSG;
	into = look_up(merged, count, run, last, &scan->field[CELL_ID], invocation);
	return into ? add(into, hi_ns, samples) : 0;
}

static int scan_open(struct csv_scan *scan, const char *path, char *error, size_t error_bytes)
{
	static const char *const name[WANTED] = { "cell_id", "invocation", "metric", "hi_ns", "count" };
	size_t wanted[WANTED];
	int status = csv_scan_open_schema(scan, path, &schema_histogram, error, error_bytes);

	if (status)
		return status;
	for (size_t i = 0; i < WANTED; i++)
		wanted[i] = csv_column_index(&schema_histogram, name[i]);
	if (!csv_scan_want(scan, wanted, WANTED))
		return 0;
	snprintf(error, error_bytes, "%s", strerror(ENOMEM));
	csv_scan_close(scan);
	return -ENOMEM;
}

int merged_load(struct merged *merged, size_t count, const struct run_data *run, const char *folder, const char *metric, char *error,
		size_t error_bytes)
{
	struct last last = { .invocation = UINT64_MAX };
	struct csv_scan scan;
	char path[4096];
	int got;

	if ((size_t)snprintf(path, sizeof(path), "%s/histogram.csv", folder) >= sizeof(path)) {
		snprintf(error, error_bytes, "histogram.csv: the name of its folder is too long");
		return -ENAMETOOLONG;
	}
	got = scan_open(&scan, path, error, error_bytes);
	if (got)
		return got;
	while ((got = csv_scan_next(&scan, error, error_bytes)) == 1) {
		int status = read_row(&scan, merged, count, run, metric, &last);

		if (!status)
			continue;
		if (status == -EBADMSG)
			snprintf(error, error_bytes, "histogram.csv:%zu: invocation, hi_ns or count is no whole number, or too large", scan.line);
		else
			snprintf(error, error_bytes, "%s", strerror(-status));
		got = status;
		break;
	}
	csv_scan_close(&scan);
	for (size_t i = 0; i < count; i++)
		fold(&merged[i]);
	return got;
}

void merged_fini(struct merged *merged, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(merged[i].bucket);
}

bool merged_percentile(const struct merged *merged, uint64_t beyond, uint64_t *value_ns)
{
	/* The n * (1 - 1/beyond)-th, rounded up. */
	uint64_t rank = merged->n - merged->n / beyond, seen = 0;

	if (merged->n / beyond < TAIL_SAMPLES)
		return false;
	for (size_t i = 0; i < merged->buckets; i++) {
		seen += merged->bucket[i].count;
		if (seen >= rank) {
			*value_ns = merged->bucket[i].hi_ns;
			return true;
		}
	}
	return false;
}
