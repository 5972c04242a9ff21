/* SPDX-License-Identifier: MIT */
/* Shards that belong together; see merge_shards.h. */
#include "bench/run_dir/merge_shards.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv_rows.h"
#include "bench/files/datapackage.h"
#include "bench/files/schema.h"

struct loading {
	struct merge_shards *shards;
	char *error;
	size_t error_bytes;
};

__attribute__((format(printf, 2, 3)))
static int refuse(const struct loading *l, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(l->error, l->error_bytes, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int load_one(const struct loading *l, const char *directory)
{
	struct merge_shard *shard = &l->shards->shard[l->shards->count];
	int err;

	if (run_manifest_load(directory, &shard->manifest, l->error, l->error_bytes))
		return -EINVAL;
	shard->directory = directory;
	l->shards->count++;
	if (shard->manifest.schema_version != SCHEMA_VERSION)
		return refuse(l, "%s: schema version %u; this storsync merges version %d only", directory,
			      shard->manifest.schema_version, SCHEMA_VERSION);
	if (run_manifest_is_merged(&shard->manifest))
		return refuse(l, "%s: merged already; merge the runs that it was made of", directory);
	if (run_journal_busy(directory))
		return refuse(l, "%s: a process is at it; merge when it has ended", directory);
	err = run_journal_load(directory, &shard->journal, l->error, l->error_bytes);
	return err == -ENOMEM ? err : err ? -EINVAL : 0;
}

static int by_shard(const void *a, const void *b)
{
	unsigned first = ((const struct merge_shard *)a)->manifest.shard;
	unsigned second = ((const struct merge_shard *)b)->manifest.shard;

	return first < second ? -1 : first > second;
}

static int check_together(const struct loading *l)
{
	const struct merge_shard *first = &l->shards->shard[0];
	char difference[300];

	for (size_t i = 1; i < l->shards->count; i++) {
		const struct merge_shard *shard = &l->shards->shard[i];
		const struct merge_shard *before = shard - 1;

		if (!run_manifest_same_matrix(&first->manifest, &shard->manifest, difference, sizeof(difference)))
			return refuse(l, "%s and %s are not of one matrix: %s", first->directory, shard->directory, difference);
		if (strcmp(first->manifest.build_id, shard->manifest.build_id))
			return refuse(l, "%s was measured by build %s, %s by %s", first->directory, first->manifest.build_id,
				      shard->directory, shard->manifest.build_id);
		if (!json_equal(json_object_get(first->manifest.json, "until_ci"), json_object_get(shard->manifest.json, "until_ci")) &&
		    (run_manifest_is_open(&first->manifest) || run_manifest_is_open(&shard->manifest)))
			return refuse(l, "%s and %s were begun with different --until-ci", first->directory, shard->directory);
		if (first->manifest.shards != shard->manifest.shards)
			return refuse(l, "%s is one of %u shards, %s of %u", first->directory, first->manifest.shards,
				      shard->directory, shard->manifest.shards);
		if (before->manifest.shard == shard->manifest.shard)
			return refuse(l, "%s and %s are both shard %u/%u", before->directory, shard->directory, shard->manifest.shard,
				      shard->manifest.shards);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(l->shards->shard[j].manifest.run_id, shard->manifest.run_id) == 0)
				return refuse(l, "%s and %s have the same run_id, %s: which row is whose could not be told",
					      l->shards->shard[j].directory, shard->directory, shard->manifest.run_id);
		}
	}
	return 0;
}

static bool refuses(const struct run_manifest *manifest, const char *cell)
{
	for (size_t i = 0; i < run_manifest_cells(manifest); i++) {
		if (strcmp(run_manifest_cell_id(manifest, i), cell) == 0)
			return run_manifest_refusal(manifest, i) != NULL;
	}
	return false;
}

/* A machine's skipped cells are the same in each of its shards, and told once. */
static bool told_before(const struct merge_shards *shards, size_t index, const char *cell)
{
	for (size_t i = 0; i < index; i++) {
		const struct merge_shard *before = &shards->shard[i];

		if (before->summary && strcmp(before->manifest.host_id, shards->shard[index].manifest.host_id) == 0 &&
		    refuses(&before->manifest, cell))
			return true;
	}
	return false;
}

static int add_row(const struct loading *l, size_t index, const struct csv_rows *rows, off_t offset)
{
	struct merge_shards *shards = l->shards;
	const char *block = rows->field[csv_column_index(&schema_summary, "block")];
	const char *order = rows->field[csv_column_index(&schema_summary, "order_index")];
	const char *cell = rows->field[csv_column_index(&schema_summary, "cell_id")];
	struct merge_row row = { .shard = (uint32_t)index, .bytes = (uint32_t)rows->raw_bytes,
				 .fields = (uint32_t)rows->fields, .offset = offset };

	if (!csv_type_allows(CSV_INTEGER, block) || !csv_type_allows(CSV_INTEGER, order) || strlen(cell) != CELL_ID_BYTES - 1)
		return refuse(l, "%s/%s:%zu: no row of a run; `storsync validate` tells more", shards->shard[index].directory,
			      schema_summary.name, rows->line);
	if (!*block && told_before(shards, index, cell))
		return 0;
	row.block = strtoull(block, NULL, 10);
	row.order = strtoull(order, NULL, 10);
	strcpy(row.cell, cell);
	if (shards->rows == shards->capacity) {
		size_t capacity = shards->capacity ? 2 * shards->capacity : 256;
		struct merge_row *grown = realloc(shards->row, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		shards->row = grown;
		shards->capacity = capacity;
	}
	shards->row[shards->rows++] = row;
	shards->shard[index].done += row.block != 0;
	return 0;
}

/* Also of the files that are only copied: a foreign header must be known before anything is written. */
static int check_header(const struct loading *l, const char *path, const struct csv_schema *schema, struct csv_rows *rows)
{
	int got = csv_rows_next(rows, l->error, l->error_bytes);

	if (got > 0 && !csv_rows_are_header_of_any_age(rows, schema))
		return refuse(l, "%s:1: not the columns of schema version %d; `storsync validate` tells more", path, SCHEMA_VERSION);
	return got > 0 ? 0 : -EINVAL;
}

static int read_table(const struct loading *l, size_t index, const struct csv_schema *schema)
{
	struct merge_shard *shard = &l->shards->shard[index];
	struct csv_rows rows;
	char path[700];
	off_t offset;
	int err, got = 1;

	snprintf(path, sizeof(path), "%s/%s", shard->directory, schema->name);
	err = csv_rows_open(&rows, path, l->error, l->error_bytes);
	if (err)
		return err == -ENOENT ? 0 : -EINVAL;
	err = check_header(l, path, schema, &rows);
	if (schema == &schema_summary && !err) {
		shard->summary = fopen(path, "re");
		if (!shard->summary)
			err = refuse(l, "%s: %s", path, strerror(errno));
		for (offset = (off_t)rows.raw_bytes; !err; offset += (off_t)rows.raw_bytes) {
			got = csv_rows_next(&rows, l->error, l->error_bytes);
			if (got <= 0)
				break;
			err = add_row(l, index, &rows, offset);
		}
	}
	csv_rows_close(&rows);
	return err ? err : got < 0 ? -EINVAL : 0;
}

static int by_order(const void *first, const void *second)
{
	const struct merge_row *a = first, *b = second;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->shard != b->shard)
		return a->shard < b->shard ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

int merge_shards_load(struct merge_shards *shards, const char *const *directory, size_t count, char *error, size_t error_bytes)
{
	const struct loading l = { .shards = shards, .error = error, .error_bytes = error_bytes };
	int err = 0;

	*shards = (struct merge_shards){ 0 };
	shards->shard = calloc(count, sizeof(*shards->shard));
	if (!shards->shard)
		err = -ENOMEM;
	for (size_t i = 0; i < count && !err; i++)
		err = load_one(&l, directory[i]);
	if (!err) {
		qsort(shards->shard, count, sizeof(*shards->shard), by_shard);
		err = check_together(&l);
	}
	for (size_t i = 0; i < count && !err; i++) {
		for (size_t t = 0; t < datapackage_table_count && !err; t++)
			err = read_table(&l, i, datapackage_tables[t].schema);
	}
	if (!err && shards->rows)
		qsort(shards->row, shards->rows, sizeof(*shards->row), by_order);
	if (err == -ENOMEM)
		refuse(&l, "out of memory");
	if (err)
		merge_shards_fini(shards);
	return err;
}

void merge_shards_fini(struct merge_shards *shards)
{
	for (size_t i = 0; i < shards->count; i++) {
		if (shards->shard[i].summary)
			fclose(shards->shard[i].summary);
		run_journal_fini(&shards->shard[i].journal);
		run_manifest_fini(&shards->shard[i].manifest);
	}
	free(shards->shard);
	free(shards->row);
	*shards = (struct merge_shards){ 0 };
}

static uint64_t expected_of(const struct merge_shard *shard)
{
	return run_manifest_blocks(&shard->manifest) * run_manifest_runnable(&shard->manifest);
}

/* Of shard `number`, if it is there. */
static const struct merge_shard *find_shard(const struct merge_shards *shards, unsigned number)
{
	for (size_t i = 0; i < shards->count; i++) {
		if (shards->shard[i].manifest.shard == number)
			return &shards->shard[i];
	}
	return NULL;
}

uint64_t merge_shards_expected(const struct merge_shards *shards)
{
	struct run_manifest absent = shards->shard[0].manifest;
	uint64_t expected = 0;

	for (unsigned number = 1; number <= absent.shards; number++) {
		const struct merge_shard *shard = find_shard(shards, number);

		absent.shard = number;
		expected += shard ? expected_of(shard) : run_manifest_blocks(&absent) * run_manifest_runnable(&absent);
	}
	return expected;
}

/* Rows are in the order of their blocks, so those of one are together. */
static bool has_row(const struct merge_shards *shards, uint32_t shard, uint64_t block, const char *cell)
{
	size_t low = 0, high = shards->rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (shards->row[middle].block < block)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < shards->rows && shards->row[low].block == block; low++) {
		if (shards->row[low].shard == shard && strcmp(shards->row[low].cell, cell) == 0)
			return true;
	}
	return false;
}

static void say_missing(const struct merge_shards *shards, size_t index, FILE *say)
{
	const struct merge_shard *shard = &shards->shard[index];
	const struct run_manifest *manifest = &shard->manifest;

	fprintf(say, "shard %u/%u, %s: %zu of %s%" PRIu64 " invocations are there", manifest->shard, manifest->shards, shard->directory,
		shard->done, run_manifest_is_open(manifest) ? "at least " : "", expected_of(shard));
	if (shard->journal.count > shard->done)
		fprintf(say, ", %zu more not collected yet", shard->journal.count - shard->done);
	for (uint64_t block = 1; block <= manifest->invocations; block++) {
		for (size_t c = 0; run_manifest_has_block(manifest, block) && c < run_manifest_cells(manifest); c++) {
			if (run_manifest_refusal(manifest, c) ||
			    has_row(shards, (uint32_t)index, block, run_manifest_cell_id(manifest, c)))
				continue;
			fprintf(say, "; the first missing one is invocation %" PRIu64 " of cell %s\n", block,
				run_manifest_cell_id(manifest, c));
			return;
		}
	}
	fputc('\n', say);
}

/* How many blocks an open one needs is its own to find. */
static bool has_all(const struct merge_shard *shard)
{
	const struct run_journal *journal = &shard->journal;

	if (journal->complete && (journal->stopped[0] || run_manifest_is_open(&shard->manifest)))
		return true;
	return shard->done == expected_of(shard) && !run_manifest_is_open(&shard->manifest);
}

bool merge_shards_missing(const struct merge_shards *shards, FILE *say)
{
	unsigned of = shards->shard[0].manifest.shards;
	bool missing = false;

	for (unsigned number = 1; number <= of; number++) {
		const struct merge_shard *shard = find_shard(shards, number);
		bool all = shard && has_all(shard);

		missing = missing || !all;
		if (all || !say)
			continue;
		if (shard)
			say_missing(shards, (size_t)(shard - shards->shard), say);
		else
			fprintf(say, "shard %u/%u is missing\n", number, of);
	}
	return missing;
}
