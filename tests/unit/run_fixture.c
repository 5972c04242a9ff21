/* SPDX-License-Identifier: MIT */
/* The folder itself; see run_fixture.h. */
#define _GNU_SOURCE
#include "tests/unit/run_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/datapackage.h"
#include "bench/files/json_file.h"
#include "bench/files/schema.h"
#include "bench/run_dir/part.h"

enum { CELLS = 3 };

static const char *const cells[CELLS] = { FIXTURE_FIRST, FIXTURE_SECOND, FIXTURE_REFUSED };
static const char *const backends[CELLS] = { "spinlock", "ticket", "mcs" };

struct making {
	const char *directory;
	struct fixture f;
	struct csv_writer writer[8];
	struct csv_row row[8];
};

static void path_of(char path[600], const char *directory, const char *file)
{
	snprintf(path, 600, "%s/%s", directory, file);
}

void fixture_put(const char *directory, const char *file, const char *text)
{
	char path[600];
	FILE *stream;

	path_of(path, directory, file);
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

char *fixture_get(const char *directory, const char *file)
{
	char path[600];
	char *text = NULL;
	size_t capacity = 0;
	FILE *stream;

	path_of(path, directory, file);
	stream = fopen(path, "r");
	if (!stream)
		fail_msg("%s: %s", path, strerror(errno));
	if (getdelim(&text, &capacity, '\0', stream) < 0) {
		free(text);
		text = strdup("");
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

void fixture_edit(const char *directory, const char *file, const char *from, const char *to)
{
	char *text = fixture_get(directory, file);
	char *at = strstr(text, from);
	char *edited;

	if (!at)
		fail_msg("%s has no '%s'", file, from);
	assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
	fixture_put(directory, file, edited);
	free(edited);
	free(text);
}

void fixture_describe(const char *directory)
{
	const struct datapackage_info info = { .run_id = "20240501T120000Z-0000002A", .title = "a test's",
					       .created_utc = "2024-05-01T12:00:00Z", .build_id = "v1" };

	assert_int_equal(datapackage_write(directory, &info), 0);
}

/* The columns that it has not are the last ones, and all empty in the fixture. */
void fixture_age(const char *directory, const struct csv_schema *schema)
{
	char *text = fixture_get(directory, schema->name), *from = strchr(text, '\n') + 1, *line_end;
	char *to = strstr(text, schema->columns[schema->older].name) - 1;

	*to++ = '\n';
	for (; (line_end = strchr(from, '\n')) != NULL; from = line_end + 1) {
		size_t keep = (size_t)(line_end - from) - (line_end[-1] == ',' ? schema->count - schema->older : 0);

		memmove(to, from, keep);
		to += keep;
		*to++ = '\n';
	}
	*to = '\0';
	fixture_put(directory, schema->name, text);
	free(text);
}

static size_t table_of(const struct csv_schema *schema)
{
	size_t table = 0;

	while (datapackage_tables[table].schema != schema)
		table++;
	return table;
}

/* An empty row but for its key. */
static struct csv_row *begin(struct making *m, const struct csv_schema *schema, const char *cell, uint64_t block)
{
	struct csv_row *row = &m->row[table_of(schema)];

	csv_row_clear(row);
	csv_set_string(row, "run_id", m->f.run_id);
	if (schema == &schema_env)
		return row;
	csv_set_string(row, "cell_id", cell);
	if (block)
		csv_set_u64(row, "invocation", block);
	return row;
}

static void end(struct making *m, const struct csv_schema *schema)
{
	size_t table = table_of(schema);

	assert_int_equal(csv_write_row(&m->writer[table], &m->row[table]), 0);
}

static void put_latency(struct making *m, const char *cell, uint64_t block, double percentile, uint64_t value, bool clean)
{
	struct csv_row *row = begin(m, &schema_latency, cell, block);

	csv_set_string(row, "metric", "isr_latency");
	csv_set_double(row, "percentile", percentile);
	csv_set_u64(row, "value_ns", value);
	csv_set_u64(row, "n", clean ? 90 : 100);
	csv_set_string(row, "samples", clean ? "clean" : "all");
	end(m, &schema_latency);
}

static void put_bucket(struct making *m, const char *cell, uint64_t block, uint64_t cpu, uint64_t lo, uint64_t hit)
{
	struct csv_row *row = begin(m, &schema_histogram, cell, block);

	csv_set_u64(row, "cpu", cpu);
	csv_set_string(row, "metric", "isr_latency");
	csv_set_u64(row, "lo_ns", lo);
	csv_set_u64(row, "hi_ns", lo + 9);
	csv_set_u64(row, "count", 25);
	csv_set_u64(row, "hit", hit);
	end(m, &schema_histogram);
}

static void put_details(struct making *m, const char *cell, uint64_t block)
{
	struct csv_row *row;

	put_latency(m, cell, block, 50, 104, false);
	put_latency(m, cell, block, 90, 900, false);
	put_latency(m, cell, block, 100, 990, false);
	put_latency(m, cell, block, 50, 104, true);
	put_latency(m, cell, block, 100, 800, true);
	for (uint64_t cpu = 0; cpu < 2; cpu++) {
		put_bucket(m, cell, block, cpu, 100, 0);
		put_bucket(m, cell, block, cpu, 900, 5);
		row = begin(m, &schema_cpus, cell, block);
		csv_set_u64(row, "cpu", cpu);
		end(m, &schema_cpus);
		row = begin(m, &schema_windows, cell, block);
		csv_set_u64(row, "window", cpu);
		csv_set_double(row, "t_start_ms", (double)cpu * 100);
		end(m, &schema_windows);
	}
	row = begin(m, &schema_events, cell, block);
	csv_set_u64(row, "rank", 1);
	csv_set_string(row, "metric", "isr_latency");
	csv_set_string(row, "cause", "undecided, \"or not\"\nin two lines");
	end(m, &schema_events);
	row = begin(m, &schema_verifier, cell, block);
	csv_set_u64(row, "finding", 1);
	csv_set_string(row, "rule", "sync-nested");
	end(m, &schema_verifier);
}

static void put_summary(struct making *m, size_t cell, uint64_t block, uint64_t order)
{
	struct csv_row *row = begin(m, &schema_summary, cells[cell], block);

	csv_set_u64(row, "schema_version", SCHEMA_VERSION);
	csv_set_string(row, "host_id", m->f.host_id);
	csv_set_string(row, "build_id", m->f.build_id);
	csv_set_string(row, "backend", backends[cell]);
	csv_set_string(row, "status", block ? "ok" : "skipped");
	csv_set_u64(row, "cpus", 2);
	if (block) {
		csv_set_u64(row, "block", block);
		csv_set_u64(row, "order_index", order);
		csv_set_u64(row, "seed", 1000 + block);
		csv_set_string(row, "started_utc", "2024-05-01T12:00:01.5Z");
		csv_set_bool(row, "steady", true);
		csv_set_double(row, "iops", 12345.5);
		csv_set_u64(row, "isr_latency_n", 100);
		csv_set_u64(row, "isr_latency_min_ns", 101);
		csv_set_u64(row, "isr_latency_mean_ns", 500);
		csv_set_u64(row, "isr_latency_p50_ns", 104);
		csv_set_u64(row, "isr_latency_p90_ns", 900);
		csv_set_u64(row, "isr_latency_max_ns", 990);
		csv_set_u64(row, "isr_latency_hit_n", 10);
		csv_set_u64(row, "isr_latency_clean_p50_ns", 104);
		csv_set_u64(row, "isr_latency_clean_max_ns", 800);
	}
	end(m, &schema_summary);
}

static bool refused(const struct fixture *f, size_t cell)
{
	return cell == 2 || (cell == 1 && f->refuse_second);
}

static void open_tables(struct making *m)
{
	for (size_t t = 0; t < datapackage_table_count; t++) {
		const struct csv_schema *schema = datapackage_tables[t].schema;
		char path[600];

		path_of(path, m->directory, schema->name);
		assert_int_equal(csv_create(&m->writer[t], path, schema), 0);
		assert_int_equal(csv_row_init(&m->row[t], schema), 0);
	}
}

static void close_tables(struct making *m)
{
	for (size_t t = 0; t < datapackage_table_count; t++) {
		assert_int_equal(csv_close(&m->writer[t]), 0);
		csv_row_fini(&m->row[t]);
	}
}

static void put_part(struct making *m, uint64_t order)
{
	json_t *part = json_pack("{s:{s:s}}", "rows", "summary.csv", "not looked into\n");
	char file[64], path[600];
	int fd;

	path_of(path, m->directory, "parts");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(file, sizeof(file), "%06" PRIu64 ".json", order);
	assert_int_equal(part_store(fd, file, part), 0);
	close(fd);
	json_decref(part);
}

static void put_invocations(struct making *m)
{
	uint64_t last = m->f.until_block ? m->f.until_block : m->f.invocations;
	char path[600];
	FILE *journal;

	path_of(path, m->directory, "journal.jsonl");
	journal = fopen(path, "w");
	assert_non_null(journal);
	fputs("{\"event\":\"start\"}\n", journal);
	for (uint64_t block = m->f.shard; block <= last; block += m->f.shards) {
		for (size_t c = 0; c < CELLS; c++) {
			uint64_t order = (block - 1) * 2 + c + 1;

			if (refused(&m->f, c))
				continue;
			fprintf(journal, "{\"event\":\"invocation\",\"order\":%" PRIu64 ",\"block\":%" PRIu64 ",\"cell\":\"%s\","
				"\"status\":\"ok\",\"wall_ns\":2000000000,\"window_ns\":1500000000}\n", order, block, cells[c]);
			if (m->f.uncollected && block + m->f.shards > last) {
				put_part(m, order);
				continue;
			}
			put_summary(m, c, block, order);
			put_details(m, cells[c], block);
		}
	}
	if (!m->f.until_block)
		fputs("{\"event\":\"complete\"}\n", journal);
	assert_int_equal(fclose(journal), 0);
}

static void put_manifest(const struct making *m)
{
	const struct fixture *f = &m->f;
	json_t *list = json_array();
	json_t *json;

	for (size_t c = 0; c < CELLS; c++)
		json_array_append_new(list, json_pack("{s:s,s:s?,s:{s:s,s:i,s:i}}", "id", cells[c], "refusal",
						      refused(f, c) ? "too wide" : NULL, "spec", "backend", backends[c], "cpus", 2,
						      "section_ns", (int)f->section_ns));
	json = json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:[s,s,s],s:I,s:I,s:i,s:i,s:{s:s,s:o}}", "format", "storsync-run", "schema_version",
			 SCHEMA_VERSION, "run_id", f->run_id, "created_utc", f->created_utc, "host_id", f->host_id, "build_id",
			 f->build_id, "command", "run", "quick", "--filter=cpus > 1", "seed", (json_int_t)f->seed, "invocations",
			 (json_int_t)f->invocations, "shard", (int)f->shard, "shards", (int)f->shards, "matrix", "name", "quick", "cells",
			 list);
	assert_int_equal(json_file_replace(m->directory, "run.json", json), 0);
	json_decref(json);
}

void fixture_make(const char *directory, const struct fixture *fixture)
{
	struct making m = { .directory = directory, .f = *fixture };
	char path[600];
	struct csv_row *row;

	m.f.run_id = m.f.run_id ? m.f.run_id : "20240501T120000Z-0000002A";
	m.f.host_id = m.f.host_id ? m.f.host_id : "here";
	m.f.build_id = m.f.build_id ? m.f.build_id : "v1";
	m.f.created_utc = m.f.created_utc ? m.f.created_utc : "2024-05-01T12:00:00Z";
	m.f.seed = m.f.seed ? m.f.seed : 42;
	m.f.invocations = m.f.invocations ? m.f.invocations : 3;
	m.f.shard = m.f.shard ? m.f.shard : 1;
	m.f.shards = m.f.shards ? m.f.shards : 1;
	assert_int_equal(mkdir(directory, 0777), 0);
	path_of(path, directory, "parts");
	assert_int_equal(mkdir(path, 0777), 0);
	open_tables(&m);
	for (size_t c = 0; c < CELLS; c++) {
		if (refused(&m.f, c))
			put_summary(&m, c, 0, 0);
	}
	put_invocations(&m);
	row = begin(&m, &schema_env, NULL, 0);
	csv_set_string(row, "check", "governor");
	csv_set_string(row, "phase", "before");
	csv_set_string(row, "host_id", m.f.host_id);
	end(&m, &schema_env);
	close_tables(&m);
	fixture_put(directory, "benchmark.json", "{\"context\":{\"date\":\"x\"},\"benchmarks\":[{\"name\":\"a\"},{\"name\":\"b\"}]}\n");
	put_manifest(&m);
	fixture_describe(directory);
}
