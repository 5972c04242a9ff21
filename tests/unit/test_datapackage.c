/* SPDX-License-Identifier: MIT */
/* The description tells what is in the files, and nothing else; a CSV file goes by row by row as it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/checksum.h"
#include "bench/files/csv_rows.h"
#include "bench/files/datapackage.h"
#include "bench/files/json_file.h"
#include "bench/files/schema.h"
#include "tests/unit/run_fixture.h"
#include "tests/unit/temp_folder.h"

static char directory[TEMP_FOLDER_BYTES], run[80], path[200];

static int make_directory(void **state)
{
	if (temp_folder_make(directory))
		return -1;
	snprintf(run, sizeof(run), "%s/run", directory);
	return 0;
}

static int remove_directory(void **state)
{
	return temp_folder_remove(directory);
}

/* FIPS 180-4's examples: one block, none, and many. */
static void test_checksum(void **state)
{
	char text[CHECKSUM_TEXT_BYTES];
	uint64_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/sum", directory);
	fixture_put(directory, "sum", "abc");
	assert_int_equal(checksum_file(path, text, &bytes), 0);
	assert_string_equal(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(bytes, 3);
	fixture_put(directory, "sum", "");
	assert_int_equal(checksum_file(path, text, &bytes), 0);
	assert_string_equal(text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	file = fopen(path, "w");
	for (int i = 0; i < 1000000; i++)
		putc('a', file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(checksum_file(path, text, &bytes), 0);
	assert_string_equal(text, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	assert_int_equal(bytes, 1000000);
	unlink(path);
	/* FIPS 180-4's own example. */
	checksum_bytes("abcd", 3, text);
	assert_string_equal(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(checksum_file(path, text, &bytes), -ENOENT);
	assert_int_equal(checksum_file(directory, text, &bytes), -EISDIR);
}

static void test_replacing_json(void **state)
{
	json_t *json = json_pack("{s:i}", "a", 1);
	char *text;

	assert_int_equal(json_file_replace(directory, "f.json", json), 0);
	json_object_set_new(json, "a", json_integer(2));
	assert_int_equal(json_file_replace(directory, "f.json", json), 0);
	text = fixture_get(directory, "f.json");
	assert_string_equal(text, "{\n \"a\": 2\n}\n");
	free(text);
	assert_int_equal(json_file_replace(directory, "f.json", NULL), -ENOMEM);
	assert_int_equal(json_file_replace("/nonexistent", "f.json", json), -ENOENT);
	snprintf(path, sizeof(path), "%s/.f.json.part", directory);
	assert_int_not_equal(access(path, F_OK), 0);
	/* It cannot take a folder's place; what is written aside goes again. */
	snprintf(path, sizeof(path), "%s/d.json", directory);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(json_file_replace(directory, "d.json", json), -EISDIR);
	snprintf(path, sizeof(path), "%s/.d.json.part", directory);
	assert_int_not_equal(access(path, F_OK), 0);
	json_decref(json);
}

static json_t *load_package(void)
{
	json_t *json;

	snprintf(path, sizeof(path), "%s/" DATAPACKAGE_FILE, run);
	json = json_load_file(path, 0, NULL);
	assert_non_null(json);
	return json;
}

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static void check_field(json_t *field, const struct csv_column *column)
{
	assert_string_equal(text_of(field, "name"), column->name);
	assert_string_equal(text_of(field, "type"), csv_type_name(column->type));
	assert_string_equal(text_of(field, "description"), column->description);
	assert_string_equal(text_of(field, "unit"), column->unit);
	assert_int_equal(json_object_get(field, "trueValues") != NULL, column->type == CSV_BOOLEAN);
	if (column->type == CSV_BOOLEAN) {
		assert_string_equal(json_string_value(json_array_get(json_object_get(field, "trueValues"), 0)), "1");
		assert_string_equal(json_string_value(json_array_get(json_object_get(field, "falseValues"), 0)), "0");
	}
}

static void test_package(void **state)
{
	static const json_int_t rows[] = { 7, 30, 24, 12, 12, 6, 6, 1 };
	json_t *package, *resource, *schema, *fields;
	struct stat info;

	fixture_make(run, &(struct fixture){ 0 });
	package = load_package();
	assert_string_equal(text_of(package, "profile"), "data-package");
	assert_string_equal(text_of(package, "name"), "20240501t120000z-0000002a");
	assert_int_equal(json_array_size(json_object_get(package, "resources")), datapackage_table_count + 2);
	for (size_t t = 0; t < datapackage_table_count; t++) {
		const struct csv_schema *csv = datapackage_tables[t].schema;

		resource = json_array_get(json_object_get(package, "resources"), t);
		snprintf(path, sizeof(path), "%s/%s", run, csv->name);
		assert_int_equal(stat(path, &info), 0);
		assert_string_equal(text_of(resource, "profile"), "tabular-data-resource");
		assert_string_equal(text_of(resource, "path"), csv->name);
		assert_int_equal(strlen(text_of(resource, "name")), strlen(csv->name) - 4);
		assert_int_equal(json_integer_value(json_object_get(resource, "bytes")), info.st_size);
		assert_int_equal(strlen(text_of(resource, "hash")), CHECKSUM_TEXT_BYTES - 1);
		assert_int_equal(json_integer_value(json_object_get(resource, "rows")), rows[t]);
		schema = json_object_get(resource, "schema");
		fields = json_object_get(schema, "fields");
		assert_string_equal(json_string_value(json_array_get(json_object_get(schema, "missingValues"), 0)), "");
		assert_int_equal(json_array_size(fields), csv->count);
		for (size_t i = 0; i < csv->count; i++)
			check_field(json_array_get(fields, i), &csv->columns[i]);
		assert_int_equal(json_object_get(schema, "foreignKeys") != NULL, csv != &schema_summary && csv != &schema_env);
		assert_int_equal(json_object_get(schema, "primaryKey") != NULL, csv != &schema_env);
	}
	resource = json_array_get(json_object_get(package, "resources"), datapackage_table_count);
	assert_string_equal(text_of(resource, "path"), "benchmark.json");
	assert_null(json_object_get(resource, "schema"));
	json_decref(package);
	temp_folder_remove(run);
}

/* A key that names no column would be no key. */
static void test_keys_are_columns(void **state)
{
	for (size_t t = 0; t < datapackage_table_count; t++) {
		for (size_t i = 0; datapackage_tables[t].primary_key[i]; i++)
			assert_int_not_equal(csv_column_index(datapackage_tables[t].schema, datapackage_tables[t].primary_key[i]),
					     CSV_NO_COLUMN);
	}
}

static void test_files_that_cannot_be_described(void **state)
{
	const struct datapackage_info info = { .run_id = "r", .title = "t", .created_utc = "c", .build_id = "b" };
	char *before, *after;
	json_t *package;

	fixture_make(run, &(struct fixture){ 0 });
	before = fixture_get(run, DATAPACKAGE_FILE);
	fixture_edit(run, "env.csv", "check", "chuck");
	assert_int_equal(datapackage_write(run, &info), -EBADMSG);
	fixture_edit(run, "env.csv", "chuck", "check");
	fixture_edit(run, "cpus.csv", ",1,1,,,", ",1,1,,,,");
	assert_int_equal(datapackage_write(run, &info), -EBADMSG);
	after = fixture_get(run, DATAPACKAGE_FILE);
	assert_string_equal(after, before);
	free(before);
	free(after);
	snprintf(path, sizeof(path), "%s/cpus.csv", run);
	unlink(path);
	assert_int_equal(datapackage_write(run, &info), 0);
	package = load_package();
	assert_int_equal(json_array_size(json_object_get(package, "resources")), datapackage_table_count + 1);
	json_decref(package);
	temp_folder_remove(run);
}

static int next(struct csv_rows *rows)
{
	char error[300];

	return csv_rows_next(rows, error, sizeof(error));
}

static void test_rows(void **state)
{
	struct csv_rows rows;
	char error[300];

	fixture_put(directory, "rows.csv", "a,b\n1,\"x\"\"y\nz, \"\n\"\",\n");
	snprintf(path, sizeof(path), "%s/rows.csv", directory);
	assert_int_equal(csv_rows_open(&rows, path, error, sizeof(error)), 0);
	assert_int_equal(next(&rows), 1);
	assert_int_equal(rows.line, 1);
	assert_int_equal(rows.fields, 2);
	assert_string_equal(rows.field[1], "b");
	assert_int_equal(next(&rows), 1);
	assert_int_equal(rows.line, 2);
	assert_string_equal(rows.field[0], "1");
	assert_string_equal(rows.field[1], "x\"y\nz, ");
	assert_int_equal(rows.raw_bytes, strlen("1,\"x\"\"y\nz, \"\n"));
	assert_memory_equal(rows.raw, "1,\"x\"\"y\nz, \"\n", rows.raw_bytes);
	assert_int_equal(next(&rows), 1);
	assert_int_equal(rows.line, 4);
	assert_string_equal(rows.field[0], "");
	assert_memory_equal(rows.raw, "\"\",\n", rows.raw_bytes);
	assert_int_equal(next(&rows), 0);
	assert_int_equal(next(&rows), 0);
	csv_rows_close(&rows);
	csv_rows_close(&rows);
	assert_int_equal(csv_rows_open(&rows, "/nonexistent", error, sizeof(error)), -ENOENT);
}

static void test_rows_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "rows.csv: empty" },
		{ "a,b\n1,2\n3\n", "rows.csv:3: 1 fields, the header has 2" },
		{ "a,b\n1,2\n3,4", "rows.csv:3: the last line is torn" },
		{ "a,b\n1,\"2\n", "rows.csv:2: a quoted field has no end" },
		{ "a,b\n\n1,2\n", "rows.csv:2: an empty line" },
		{ "a,b\n1,2\r3,4\n", "rows.csv:2: a carriage return within a line" },
		{ "a,a\n", "rows.csv:1: column \"a\" occurs twice" },
	};

	snprintf(path, sizeof(path), "%s/rows.csv", directory);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csv_rows rows;
		char error[300] = "";
		int got;

		fixture_put(directory, "rows.csv", cases[i].text);
		assert_int_equal(csv_rows_open(&rows, path, error, sizeof(error)), 0);
		do
			got = csv_rows_next(&rows, error, sizeof(error));
		while (got > 0);
		assert_int_equal(got, -EBADMSG);
		if (!strstr(error, cases[i].says))
			fail_msg("'%s' does not say '%s'", error, cases[i].says);
		assert_int_equal(csv_rows_next(&rows, error, sizeof(error)), -EBADMSG);
		csv_rows_close(&rows);
	}
}

static void test_types(void **state)
{
	static const struct {
		enum csv_type type;
		const char *text;
		bool allowed;
	} cases[] = {
		{ CSV_INTEGER, "18446744073709551615", true }, { CSV_INTEGER, "18446744073709551616", false },
		{ CSV_INTEGER, "-1", false }, { CSV_INTEGER, "+1", false }, { CSV_INTEGER, " 1", false }, { CSV_INTEGER, "1.0", false },
		{ CSV_NUMBER, "-1.5e-07", true }, { CSV_NUMBER, "1e+20", true }, { CSV_NUMBER, ".5", false }, { CSV_NUMBER, "5.", false },
		{ CSV_NUMBER, "1e", false }, { CSV_NUMBER, "0x1", false }, { CSV_NUMBER, "inf", false }, { CSV_NUMBER, "--1", false },
		{ CSV_BOOLEAN, "0", true }, { CSV_BOOLEAN, "1", true }, { CSV_BOOLEAN, "true", false },
		{ CSV_DATETIME, "2024-05-01T12:00:00.25Z", true }, { CSV_DATETIME, "2024-05-01 12:00:00Z", false },
		{ CSV_DATETIME, "2024-05-01T12:00:00", false }, { CSV_STRING, "\xc3\xa9", true }, { CSV_STRING, "\xc3", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (csv_type_allows(cases[i].type, cases[i].text) != cases[i].allowed)
			fail_msg("%s '%s'", csv_type_name(cases[i].type), cases[i].text);
	}
	for (int type = CSV_STRING; type <= CSV_DATETIME; type++)
		assert_true(csv_type_allows((enum csv_type)type, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_replacing_json),
		cmocka_unit_test(test_package),
		cmocka_unit_test(test_keys_are_columns),
		cmocka_unit_test(test_files_that_cannot_be_described),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_refused),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
