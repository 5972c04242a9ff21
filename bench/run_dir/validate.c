/* SPDX-License-Identifier: MIT */
/* `storsync validate`; see validate.h. */
#define _GNU_SOURCE
#include "bench/run_dir/validate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/files/schema.h"
#include "bench/run_dir/journal.h"
#include "bench/run_dir/manifest.h"
#include "bench/run_dir/validate_package.h"
#include "bench/run_dir/validate_rows.h"

enum { EXIT_DAMAGED = 1, EXIT_PARTIAL = 5 };

struct validating {
	struct validate v;
	struct run_manifest manifest;
	struct run_journal journal;
	bool merged;
	bool busy;
	bool whole; /* nothing is to come any more */
};

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A run's own id, or those of the runs that were merged. */
static bool collect_run_ids(struct validating *d)
{
	json_t *parts = json_object_get(d->manifest.json, "parts");
	json_t *part;
	size_t i;

	d->merged = json_is_array(parts);
	d->v.run_id = calloc(json_array_size(parts) + 1, sizeof(*d->v.run_id));
	if (!d->v.run_id)
		return false;
	if (!d->merged)
		d->v.run_id[d->v.runs++] = d->manifest.run_id;
	json_array_foreach(parts, i, part) {
		const char *id = json_string_value(json_object_get(part, "run_id"));

		if (id)
			d->v.run_id[d->v.runs++] = id;
		else
			validate_damage(&d->v, RUN_MANIFEST_FILE, 0, "part %zu has no \"run_id\"", i + 1);
	}
	return true;
}

/* Cells' ids in order, all or those that are run. */
static const char **sorted_cells(const struct run_manifest *manifest, bool all, size_t *count)
{
	const char **id = calloc(run_manifest_cells(manifest) + 1, sizeof(*id));

	*count = 0;
	for (size_t i = 0; id && i < run_manifest_cells(manifest); i++) {
		if (all || !run_manifest_refusal(manifest, i))
			id[(*count)++] = run_manifest_cell_id(manifest, i);
	}
	if (id)
		qsort(id, *count, sizeof(*id), by_id);
	return id;
}

static bool has_cell(const char **id, size_t count, const char *cell)
{
	return bsearch(&cell, id, count, sizeof(*id), by_id) != NULL;
}

/* Finds an invocation in whichever run of a merged one it is. */
static const struct validate_row *find_in_any(const struct validate *v, const struct run_journal_entry *entry)
{
	const struct validate_row *row = NULL;

	for (unsigned run = 0; run < v->runs && !row; run++)
		row = validate_find(v, run, entry->cell, entry->block);
	return row;
}

/* Whether the invocation's part is still to be collected. */
static bool has_part(const struct validating *d, const struct run_journal_entry *entry)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/" RUN_PARTS "/%06" PRIu64 ".json", d->v.directory, entry->order);
	return access(path, F_OK) == 0;
}

static void check_journal(struct validating *d)
{
	size_t count;
	const char **runnable = sorted_cells(&d->manifest, false, &count);

	for (size_t i = 0; runnable && i < d->journal.count; i++) {
		const struct run_journal_entry *entry = &d->journal.entry[i];
		const struct validate_row *row = find_in_any(&d->v, entry);

		if (!has_cell(runnable, count, entry->cell))
			validate_damage(&d->v, RUN_JOURNAL_FILE, 0, "cell %s is not one that run.json has run", entry->cell);
		else if (!run_manifest_has_block(&d->manifest, entry->block))
			validate_damage(&d->v, RUN_JOURNAL_FILE, 0, "block %" PRIu64 " is not one of shard %u/%u", entry->block,
					d->manifest.shard, d->manifest.shards);
		else if (row && row->order != entry->order)
			validate_damage(&d->v, RUN_JOURNAL_FILE, 0, "invocation %" PRIu64 " of cell %s is the %" PRIu64
					". of the run, in summary.csv the %" PRIu64 ".", entry->block, entry->cell, entry->order, row->order);
		else if (row && strcmp(row->status, entry->status))
			validate_damage(&d->v, RUN_JOURNAL_FILE, 0, "invocation %" PRIu64 " of cell %s is %s, in summary.csv %s",
					entry->block, entry->cell, entry->status, row->status);
		else if (!row && !has_part(d, entry) && !d->busy)
			validate_damage(&d->v, schema_summary.name, 0, "invocation %" PRIu64 " of cell %s is missing: the journal has it",
					entry->block, entry->cell);
	}
	free(runnable);
}

/* An invocation that the journal has. */
struct done {
	uint64_t block;
	const char *cell;
};

static int by_block(const void *first, const void *second)
{
	const struct done *a = first, *b = second;

	return a->block != b->block ? (a->block < b->block ? -1 : 1) : strcmp(a->cell, b->cell);
}

/* Rows that nothing accounts for, and cells that were skipped. */
static void check_summary(struct validating *d)
{
	struct done *done = calloc(d->journal.count + 1, sizeof(*done));
	size_t count;
	const char **cells = sorted_cells(&d->manifest, true, &count);

	for (size_t i = 0; done && i < d->journal.count; i++)
		done[i] = (struct done){ d->journal.entry[i].block, d->journal.entry[i].cell };
	if (done)
		qsort(done, d->journal.count, sizeof(*done), by_block);
	for (size_t i = 0; done && cells && i < d->v.rows; i++) {
		const struct validate_row *row = &d->v.row[i];
		const struct done as = { row->invocation, row->cell };

		if (!has_cell(cells, count, row->cell))
			validate_damage(&d->v, schema_summary.name, 0, "cell %s is none of run.json's", row->cell);
		else if (row->invocation && row->block != row->invocation)
			validate_damage(&d->v, schema_summary.name, 0, "invocation %" PRIu64 " of cell %s is not of the block of that number",
					row->invocation, row->cell);
		else if (row->invocation && !d->busy && !bsearch(&as, done, d->journal.count, sizeof(as), by_block))
			validate_damage(&d->v, schema_summary.name, 0, "invocation %" PRIu64 " of cell %s is not in the journal",
					row->invocation, row->cell);
	}
	free(done);
	free(cells);
}

static void check_skipped(struct validating *d)
{
	for (size_t i = 0; i < run_manifest_cells(&d->manifest); i++) {
		const char *cell = run_manifest_cell_id(&d->manifest, i);
		bool refused = run_manifest_refusal(&d->manifest, i) != NULL;
		bool row = false;

		for (unsigned run = 0; run < d->v.runs; run++)
			row = row || validate_find(&d->v, run, cell, 0);
		if (refused && !row && d->whole)
			validate_damage(&d->v, schema_summary.name, 0, "cell %s is refused, and has no row that says skipped", cell);
		/* One machine may refuse what another runs. */
		if (!refused && row && !d->merged)
			validate_damage(&d->v, schema_summary.name, 0, "cell %s is skipped, and not refused in run.json", cell);
	}
}

/* Machines may refuse different cells: a merged run's manifest has the sum over its shards. */
static uint64_t expected_invocations(const struct validating *d)
{
	if (d->merged)
		return (uint64_t)json_integer_value(json_object_get(d->manifest.json, "expected"));
	return run_manifest_blocks(&d->manifest) * run_manifest_runnable(&d->manifest);
}

static void check_counts(struct validating *d)
{
	uint64_t expected = expected_invocations(d);

	check_journal(d);
	check_summary(d);
	check_skipped(d);
	if (d->whole && !d->journal.stopped[0] &&
	    (run_manifest_is_open(&d->manifest) ? d->journal.count < expected : d->journal.count != expected))
		validate_damage(&d->v, RUN_JOURNAL_FILE, 0, "complete with %zu invocations; run.json has %" PRIu64, d->journal.count, expected);
}

static void check_files(struct validating *d)
{
	bool counted;

	validate_file(&d->v, 0);
	if (d->whole && d->v.file_rows[0] == VALIDATE_UNKNOWN && !d->v.damages)
		validate_damage(&d->v, schema_summary.name, 0, "missing");
	/* What refers to rows that could not be read says nothing new; before the first collecting there are none. */
	counted = d->v.file_rows[0] != VALIDATE_UNKNOWN || !d->v.damages;
	for (size_t i = 1; i < datapackage_table_count; i++)
		validate_file(&d->v, i);
	if (counted) {
		validate_sums(&d->v);
		check_counts(d);
	}
	validate_benchmark(&d->v);
	/* While a run goes on, its files and their description are replaced one after the other. */
	if (!d->busy)
		validate_package(&d->v, d->whole);
	if (d->whole)
		validate_leftovers(&d->v);
	else if (!d->busy)
		validate_parts(&d->v);
}

static int conclude(const struct validating *d)
{
	const struct validate *v = &d->v;
	uint64_t expected = expected_invocations(d);

	if (v->damages > VALIDATE_SHOWN)
		fprintf(v->out, "... and %lu more\n", v->damages - VALIDATE_SHOWN);
	if (v->damages) {
		fprintf(v->out, "%s: damaged\n", v->directory);
		return EXIT_DAMAGED;
	}
	if (!d->whole) {
		fprintf(v->out, "%s: sound so far: %s after %zu of %s%" PRIu64 " invocations\n", v->directory,
			d->busy ? "running," : d->merged ? "merged from parts," : "interrupted", d->journal.count,
			run_manifest_is_open(&d->manifest) ? "at least " : "", expected);
		return EXIT_PARTIAL;
	}
	fprintf(v->out, "%s: sound: %zu invocations of %zu cells, %zu skipped\n", v->directory, d->journal.count,
		run_manifest_cells(&d->manifest), run_manifest_cells(&d->manifest) - run_manifest_runnable(&d->manifest));
	return EXIT_SUCCESS;
}

/* Loads what the rest is checked against: 0, or the verdict. */
static int load(struct validating *d, char *error, size_t error_bytes)
{
	int err = run_manifest_load(d->v.directory, &d->manifest, error, error_bytes);

	if (err == -ENOENT) {
		fprintf(d->v.out, "%s; not a run's folder\n", error);
		return EXIT_USAGE;
	}
	if (err) {
		fprintf(d->v.out, "%s\n%s: damaged\n", error, d->v.directory);
		return EXIT_DAMAGED;
	}
	if (d->manifest.schema_version != SCHEMA_VERSION) {
		fprintf(d->v.out, "%s/" RUN_MANIFEST_FILE ": schema version %u; this storsync checks version %d only\n", d->v.directory,
			d->manifest.schema_version, SCHEMA_VERSION);
		run_manifest_fini(&d->manifest);
		return EXIT_USAGE;
	}
	d->busy = run_journal_busy(d->v.directory);
	d->v.schema_version = d->manifest.schema_version;
	err = run_journal_load(d->v.directory, &d->journal, error, error_bytes);
	/* It may have been started this instant. */
	if (err && !(err == -ENOENT && d->busy)) {
		fprintf(d->v.out, "%s\n%s: damaged\n", error, d->v.directory);
		run_manifest_fini(&d->manifest);
		return EXIT_DAMAGED;
	}
	d->whole = d->journal.complete && !d->busy && !d->journal.torn;
	return 0;
}

int validate_directory(const char *directory, FILE *out)
{
	struct validating d = { .v = { .out = out, .directory = directory } };
	char error[900];
	int status = load(&d, error, sizeof(error));

	if (status)
		return status;
	if (collect_run_ids(&d)) {
		check_files(&d);
		status = conclude(&d);
	} else {
		fprintf(out, "%s: out of memory\n", directory);
		status = EXIT_PARTIAL;
	}
	free(d.v.run_id);
	validate_rows_fini(&d.v);
	run_journal_fini(&d.journal);
	run_manifest_fini(&d.manifest);
	return status;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	const char **directory = state->input;

	if (key == ARGP_KEY_END && !*directory)
		usage_error("a run's folder is missing: storsync validate results/RUN");
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*directory)
		usage_error("'%s': one folder at a time", argument);
	*directory = argument;
	return 0;
}

int validate_main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "DIR",
		.doc = "Checks a run's folder: types, keys, counts, checksums, order of percentiles.\v"
		       "Exit status: 0 sound, 1 damaged, 2 not a run's folder, 5 sound as far as the run has come.",
	};
	const char *directory = NULL;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out;
	int status;

	usage_parse(&argp, "validate", argc, argv, &directory);
	out = open_memstream(&text, &bytes);
	status = out ? validate_directory(directory, out) : EXIT_PARTIAL;
	if (!out || fclose(out))
		usage_error("out of memory");
	if (status == EXIT_USAGE)
		fputs("storsync validate: ", stderr);
	fputs(text, status == EXIT_USAGE ? stderr : stdout);
	free(text);
	return status;
}
