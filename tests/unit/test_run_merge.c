/* SPDX-License-Identifier: MIT */
/* Shards become one sound run with their rows untouched; what does not belong together is refused before a byte is written. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "bench/files/csv.h"
#include "bench/files/schema.h"
#include "bench/run_dir/merge.h"
#include "bench/run_dir/validate.h"
#include "tests/unit/run_fixture.h"
#include "tests/unit/temp_folder.h"

static char directory[TEMP_FOLDER_BYTES], shard[3][96], out[96];
static char said[20000], verdict[20000];

static int make_directory(void **state)
{
	if (temp_folder_make(directory))
		return -1;
	for (int i = 0; i < 3; i++)
		snprintf(shard[i], sizeof(shard[i]), "%s/shard%d", directory, i + 1);
	snprintf(out, sizeof(out), "%s/out", directory);
	return 0;
}

static int remove_directory(void **state)
{
	return temp_folder_remove(directory);
}

/* Seven blocks over three shards, the third of which is from another machine. */
static const struct fixture plain[3] = {
	{ .run_id = "20240501T120000Z-a", .invocations = 7, .shard = 1, .shards = 3 },
	{ .run_id = "20240501T120005Z-b", .invocations = 7, .shard = 2, .shards = 3, .created_utc = "2024-05-01T11:00:00Z" },
	{ .run_id = "20240501T120009Z-c", .invocations = 7, .shard = 3, .shards = 3, .host_id = "there" },
};

static void make(int index, const struct fixture *fixture)
{
	temp_folder_remove(shard[index]);
	fixture_make(shard[index], fixture);
}

static void make_all(void)
{
	temp_folder_remove(out);
	for (int i = 0; i < 3; i++)
		make(i, &plain[i]);
}

static int merge(size_t count, const char *const *from)
{
	FILE *say = fmemopen(said, sizeof(said), "w");
	int status = merge_runs(from, count, out, say);

	assert_int_equal(fclose(say), 0);
	return status;
}

static int validate(void)
{
	FILE *say = fmemopen(verdict, sizeof(verdict), "w");
	int status = validate_directory(out, say);

	assert_int_equal(fclose(say), 0);
	return status;
}

/* All three, in an order that is not theirs. */
static void expect_merged(int status, const char *says)
{
	const char *const from[] = { shard[2], shard[0], shard[1] };
	int actual;

	temp_folder_remove(out);
	actual = merge(3, from);
	if (actual != status || !strstr(said, says))
		fail_msg("%d, not %d, and '%s' in: %s", actual, status, says, said);
}

static void expect_refused(const char *says)
{
	expect_merged(2, says);
	assert_int_not_equal(access(out, F_OK), 0);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void test_all_shards(void **state)
{
	struct csv_table table;
	char path[120], error[200];
	uint64_t before = 0;

	make_all();
	expect_merged(0, "");
	assert_string_equal(said, "");
	if (validate())
		fail_msg("%s", verdict);
	assert_non_null(strstr(verdict, "sound: 14 invocations of 3 cells, 1 skipped"));
	snprintf(path, sizeof(path), "%s/summary.csv", out);
	assert_int_equal(csv_table_load(path, &table, error, sizeof(error)), 0);
	/* Two machines' skipped cell, then the blocks. */
	assert_int_equal(table.rows, 16);
	for (size_t row = 2; row < table.rows; row++) {
		uint64_t order, block;

		assert_int_equal(csv_table_u64(&table, row, csv_table_column(&table, "order_index"), &order), 0);
		assert_int_equal(csv_table_u64(&table, row, csv_table_column(&table, "block"), &block), 0);
		assert_int_equal(order, before + 1);
		assert_string_equal(csv_table_string(&table, row, csv_table_column(&table, "run_id")), plain[(block - 1) % 3].run_id);
		before = order;
	}
	assert_string_equal(csv_table_string(&table, 0, csv_table_column(&table, "status")), "skipped");
	assert_string_equal(csv_table_string(&table, 0, csv_table_column(&table, "host_id")), "here");
	assert_string_equal(csv_table_string(&table, 1, csv_table_column(&table, "host_id")), "there");
	csv_table_fini(&table);
}

/* Rows are in the order of their measuring, whatever that of the shard's file is. */
static void test_order_within_a_block(void **state)
{
	char *text, *first, *second;

	make_all();
	fixture_edit(shard[0], "summary.csv", FIXTURE_FIRST ",1,1,1,", FIXTURE_FIRST ",1,1,3,");
	fixture_edit(shard[0], "journal.jsonl", "\"order\":1,", "\"order\":3,");
	fixture_describe(shard[0]);
	expect_merged(0, "");
	text = fixture_get(out, "summary.csv");
	first = strstr(text, FIXTURE_FIRST ",1,1,3,");
	second = strstr(text, FIXTURE_SECOND ",1,1,2,");
	assert_true(first && second && second < first);
	free(text);
}

/* Every line of every shard's files is in the merged one as it was. */
static void test_rows_are_verbatim(void **state)
{
	static const char *const files[] = { "latency.csv", "histogram.csv", "cpus.csv", "windows.csv", "events.csv", "env.csv" };
	char *text[3], *merged, *expected;

	make_all();
	expect_merged(0, "");
	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
		for (int i = 0; i < 3; i++)
			text[i] = fixture_get(shard[i], files[f]);
		assert_true(asprintf(&expected, "%s%s%s", text[0], strchr(text[1], '\n') + 1, strchr(text[2], '\n') + 1) > 0);
		merged = fixture_get(out, files[f]);
		assert_string_equal(merged, expected);
		free(merged);
		free(expected);
		for (int i = 0; i < 3; i++)
			free(text[i]);
	}
}

static void expect_aged_merges_alike(const struct csv_schema *schema)
{
	char *merged, *expected;

	make_all();
	expect_merged(0, "");
	expected = fixture_get(out, schema->name);
	for (int i = 0; i < 2; i++) {
		fixture_age(shard[i], schema);
		fixture_describe(shard[i]);
	}
	expect_merged(0, "");
	if (validate())
		fail_msg("%s", verdict);
	merged = fixture_get(out, schema->name);
	assert_string_equal(merged, expected);
	free(merged);
	free(expected);
}

/* What an older build's shards have not is empty in the merged run. */
static void test_older_shards_get_todays_columns(void **state)
{
	expect_aged_merges_alike(&schema_events);
	expect_aged_merges_alike(&schema_summary);
}

/* Which files were measured, by their content. */
static void test_hashes_go_along(void **state)
{
	char path[120];
	json_t *json;

	make_all();
	for (int i = 0; i < 3; i++) {
		fixture_edit(shard[i], "run.json", "{", "{\"trace_hash\": \"t1\", \"miniport_hash\": {\"./driver.so\": \"m1\"},");
		fixture_describe(shard[i]);
	}
	expect_merged(0, "");
	if (validate())
		fail_msg("%s", verdict);
	snprintf(path, sizeof(path), "%s/run.json", out);
	json = json_load_file(path, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "trace_hash")), "t1");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "miniport_hash"), "./driver.so")), "m1");
	assert_null(json_object_get(json, "until_ci"));
	json_decref(json);

	fixture_edit(shard[1], "run.json", "\"m1\"", "\"m2\"");
	fixture_describe(shard[1]);
	expect_refused("the miniport ./driver.so has another content");
}

static void test_manifest_and_benchmarks(void **state)
{
	json_t *json;
	char path[120];

	make_all();
	make(0, &(struct fixture){ .run_id = "a", .invocations = 7, .shard = 1, .shards = 3, .refuse_second = true });
	expect_merged(0, "");
	if (validate())
		fail_msg("%s", verdict);
	snprintf(path, sizeof(path), "%s/run.json", out);
	json = json_load_file(path, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "parts")), 3);
	assert_int_equal(json_integer_value(json_object_get(json, "expected")), 11);
	assert_string_equal(json_string_value(json_object_get(json, "host_id")), "several machines");
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(json_object_get(json, "matrix"), "cells"), 1), "refusal")));
	assert_true(json_is_string(json_object_get(json_array_get(json_object_get(json_object_get(json, "matrix"), "cells"), 2), "refusal")));
	json_decref(json);
	snprintf(path, sizeof(path), "%s/benchmark.json", out);
	json = json_load_file(path, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "benchmarks")), 6);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "context"), "date")), "x");
	json_decref(json);
}

static void test_missing(void **state)
{
	const char *const two[] = { shard[0], shard[2] };

	make_all();
	assert_int_equal(merge(2, two), 5);
	assert_string_equal(said, "shard 2/3 is missing\n");
	assert_int_equal(validate(), 5);
	assert_non_null(strstr(verdict, "merged from parts, after 10 of 14 invocations"));

	make(0, &(struct fixture){ .run_id = "a", .invocations = 7, .shard = 1, .shards = 3, .until_block = 4 });
	expect_merged(5, "shard 1/3, ");
	assert_non_null(strstr(said, ": 4 of 6 invocations are there; the first missing one is invocation 7 of cell " FIXTURE_FIRST "\n"));
	assert_int_equal(validate(), 5);

	make(0, &(struct fixture){ .run_id = "a", .invocations = 7, .shard = 1, .shards = 3, .until_block = 4, .uncollected = true });
	expect_merged(5, ": 2 of 6 invocations are there, 2 more not collected yet; the first missing one is invocation 4 of cell "
		      FIXTURE_FIRST "\n");
	assert_int_equal(validate(), 5);
	assert_non_null(strstr(verdict, "after 10 of 14"));
}

static void test_refused(void **state)
{
	char path[120];
	int fd;

	make_all();
	make(1, &(struct fixture){ .run_id = "b", .invocations = 7, .shard = 2, .shards = 3, .section_ns = 50 });
	expect_refused("are not of one matrix: cell 1 has section_ns 0, not 50");
	make(1, &(struct fixture){ .run_id = "b", .invocations = 7, .shard = 2, .shards = 3, .seed = 9 });
	expect_refused("the seed is 42, not 9");
	make(1, &(struct fixture){ .run_id = "b", .invocations = 8, .shard = 2, .shards = 3 });
	expect_refused("there are 7 invocations a cell, not 8");
	make(1, &(struct fixture){ .run_id = "b", .invocations = 7, .shard = 2, .shards = 3, .build_id = "v2" });
	expect_refused("was measured by build v1");
	make(1, &(struct fixture){ .run_id = "b", .invocations = 7, .shard = 2, .shards = 4 });
	expect_refused("is one of 3 shards");
	make(1, &(struct fixture){ .run_id = "b", .invocations = 7, .shard = 3, .shards = 3 });
	expect_refused("are both shard 3/3");
	make(1, &(struct fixture){ .run_id = plain[0].run_id, .invocations = 7, .shard = 2, .shards = 3 });
	expect_refused("have the same run_id");
	make(1, &plain[1]);
	fixture_edit(shard[1], "run.json", "\"schema_version\": 2", "\"schema_version\": 1");
	expect_refused("schema version 1");
	make(1, &plain[1]);
	fixture_edit(shard[1], "histogram.csv", "lo_ns", "low_ns");
	expect_refused("histogram.csv:1: not the columns of schema version 2");
	make(1, &plain[1]);
	fixture_edit(shard[1], "summary.csv", FIXTURE_SECOND, "short");
	expect_refused("summary.csv:4: no row of a run");
	make(1, &plain[1]);
	fixture_edit(shard[1], "windows.csv", ",1,100,", ",1,101,");
	expect_refused("validate");
	make(1, &plain[1]);
	fixture_edit(shard[1], "run.json", "\"shard\": 2", "\"until_ci\": {}, \"shard\": 2");
	fixture_describe(shard[1]);
	expect_refused("were begun with different --until-ci");
	make(1, &plain[1]);
	fixture_put(shard[1], "run.json", "{}");
	expect_refused("not a run's manifest");
	make(1, &plain[1]);
	snprintf(path, sizeof(path), "%s/journal.jsonl", shard[1]);
	unlink(path);
	expect_refused("journal.jsonl: No such file");
	make(1, &plain[1]);
	snprintf(path, sizeof(path), "%s/run.lock", shard[1]);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	expect_refused("a process is at it");
	close(fd);
	expect_merged(0, "");
}

static void test_where_to(void **state)
{
	const char *const from[] = { shard[0], shard[1], shard[2] };
	char keep[sizeof(out)];

	make_all();
	assert_int_equal(merge(3, from), 0);
	assert_int_equal(merge(3, from), 2);
	assert_non_null(strstr(said, "the folder is not empty"));
	snprintf(keep, sizeof(keep), "%s", out);
	snprintf(out, sizeof(out), "%s/again", directory);
	assert_int_equal(merge(1, (const char *const[]){ keep }), 2);
	assert_non_null(strstr(said, "merged already"));
	snprintf(out, sizeof(out), "%s/absent/out", directory);
	assert_int_equal(merge(3, from), 2);
	assert_non_null(strstr(said, "No such file"));
	snprintf(out, sizeof(out), "%s", keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_shards),
		cmocka_unit_test(test_order_within_a_block),
		cmocka_unit_test(test_rows_are_verbatim),
		cmocka_unit_test(test_older_shards_get_todays_columns),
		cmocka_unit_test(test_hashes_go_along),
		cmocka_unit_test(test_manifest_and_benchmarks),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_where_to),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
