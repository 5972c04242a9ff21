/* SPDX-License-Identifier: MIT */
/* A manifest is read back as written; whatever is no manifest is refused by name; what differs is said in words. */
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

#include "bench/run_dir/manifest.h"
#include "tests/unit/temp_folder.h"

static const char sound[] =
	"{\"format\":\"storsync-run\",\"schema_version\":2,\"run_id\":\"20240501T120000Z-0000002a\","
	"\"created_utc\":\"2024-05-01T12:00:00Z\",\"host_id\":\"here\",\"build_id\":\"v1\",\"command\":[\"run\"],\"seed\":42,"
	"\"invocations\":7,\"shard\":2,\"shards\":3,\"matrix\":{\"name\":\"quick\",\"cells\":["
	"{\"id\":\"0123456789abcdef\",\"refusal\":null,\"spec\":{\"backend\":\"spinlock\",\"queue_depth\":8}},"
	"{\"id\":\"fedcba9876543210\",\"refusal\":\"too wide\",\"spec\":{\"backend\":\"mcs\",\"queue_depth\":8}}]}}";

static char directory[TEMP_FOLDER_BYTES], path[128];

static int make_directory(void **state)
{
	if (temp_folder_make(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/run.json", directory);
	return 0;
}

static int remove_directory(void **state)
{
	return temp_folder_remove(directory);
}

static void put_file(const char *text, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

/* `sound` with `member` set to what `value` says, gone if it is NULL. */
static json_t *changed(const char *member, const char *value)
{
	json_t *json = json_loads(sound, 0, NULL);

	assert_non_null(json);
	if (value)
		json_object_set_new(json, member, json_loads(value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(json, member);
	return json;
}

static void parse_changed(const char *member, const char *value, struct run_manifest *manifest)
{
	json_t *json = changed(member, value);
	char error[256];

	assert_int_equal(run_manifest_parse(json, manifest, error, sizeof(error)), 0);
	json_decref(json);
}

static void test_load(void **state)
{
	struct run_manifest manifest;
	char error[256];

	put_file(sound, strlen(sound));
	assert_int_equal(run_manifest_load(directory, &manifest, error, sizeof(error)), 0);
	assert_string_equal(manifest.run_id, "20240501T120000Z-0000002a");
	assert_string_equal(manifest.created_utc, "2024-05-01T12:00:00Z");
	assert_string_equal(manifest.host_id, "here");
	assert_string_equal(manifest.build_id, "v1");
	assert_int_equal(manifest.schema_version, 2);
	assert_int_equal(manifest.seed, 42);
	assert_int_equal(manifest.invocations, 7);
	assert_int_equal(manifest.shard, 2);
	assert_int_equal(manifest.shards, 3);
	assert_int_equal(run_manifest_cells(&manifest), 2);
	assert_int_equal(run_manifest_runnable(&manifest), 1);
	assert_string_equal(run_manifest_cell_id(&manifest, 1), "fedcba9876543210");
	assert_string_equal(run_manifest_refusal(&manifest, 1), "too wide");
	assert_null(run_manifest_refusal(&manifest, 0));
	run_manifest_fini(&manifest);
}

static void test_blocks_are_dealt_out(void **state)
{
	struct run_manifest manifest;

	for (uint64_t invocations = 1; invocations < 12; invocations++) {
		uint64_t all = 0;

		for (unsigned shard = 1; shard <= 3; shard++) {
			uint64_t own = 0;

			parse_changed("format", "\"storsync-run\"", &manifest);
			manifest.invocations = invocations;
			manifest.shard = shard;
			for (uint64_t block = 0; block <= invocations + 3; block++)
				own += run_manifest_has_block(&manifest, block);
			assert_int_equal(run_manifest_blocks(&manifest), own);
			all += own;
			run_manifest_fini(&manifest);
		}
		assert_int_equal(all, invocations);
	}
}

static void test_files_that_are_none(void **state)
{
	struct run_manifest manifest;
	char error[256];

	unlink(path);
	assert_int_equal(run_manifest_load(directory, &manifest, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "run.json"));
	put_file(sound, strlen(sound) - 40);
	assert_int_equal(run_manifest_load(directory, &manifest, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "run.json:1: "));
	put_file("[]", 2);
	assert_int_equal(run_manifest_load(directory, &manifest, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "run.json: not a run's manifest: \"format\""));
	put_file("", 0);
	assert_int_equal(run_manifest_load(directory, &manifest, error, sizeof(error)), -EINVAL);
	assert_int_equal(run_manifest_load("/dev/null", &manifest, error, sizeof(error)), -ENOENT);
}

static void test_members(void **state)
{
	static const struct {
		const char *member, *value, *says;
	} cases[] = {
		{ "format", "\"other\"", "\"format\"" },
		{ "run_id", NULL, "\"run_id\"" },
		{ "run_id", "\"\"", "\"run_id\"" },
		{ "host_id", "7", "\"host_id\"" },
		{ "build_id", NULL, "\"build_id\"" },
		{ "created_utc", "\"2024-05-01T12:00:00.000000000000000Z\"", "\"created_utc\"" },
		{ "schema_version", "0", "\"schema_version\"" },
		{ "invocations", "-1", "\"invocations\"" },
		{ "invocations", "1.5", "\"invocations\"" },
		{ "seed", "\"42\"", "\"seed\"" },
		{ "shard", "4", "\"shard\" is 4 of only 3" },
		{ "shards", "0", "\"shards\"" },
		{ "matrix", "{\"name\":\"m\",\"cells\":[]}", "no cells" },
		{ "matrix", "{\"cells\":[{\"id\":\"12\",\"refusal\":null,\"spec\":{}}]}", "cell 1 has no \"id\"" },
		{ "matrix", "{\"cells\":[{\"id\":\"0123456789abcdef\",\"spec\":{}}]}", "\"refusal\"" },
		{ "matrix", "{\"cells\":[{\"id\":\"0123456789abcdef\",\"refusal\":null}]}", "no \"spec\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = changed(cases[i].member, cases[i].value);
		struct run_manifest manifest;
		char error[256] = "";

		assert_int_equal(run_manifest_parse(json, &manifest, error, sizeof(error)), -EINVAL);
		if (!strstr(error, cases[i].says))
			fail_msg("%s: '%s' does not say '%s'", cases[i].member, error, cases[i].says);
		json_decref(json);
	}
}

static void test_a_seed_of_64_bits(void **state)
{
	struct run_manifest manifest;

	parse_changed("seed", "-1", &manifest);
	assert_true(manifest.seed == UINT64_MAX);
	run_manifest_fini(&manifest);
}

static void expect_difference(const char *member, const char *value, const char *says)
{
	struct run_manifest a, b;
	char difference[256] = "";

	parse_changed("format", "\"storsync-run\"", &a);
	parse_changed(member, value, &b);
	assert_int_equal(run_manifest_same_matrix(&a, &b, difference, sizeof(difference)), says == NULL);
	if (says)
		assert_string_equal(difference, says);
	run_manifest_fini(&a);
	run_manifest_fini(&b);
}

#define CELL(id, refusal, spec) "{\"id\":\"" id "\",\"refusal\":" refusal ",\"spec\":" spec "}"
#define FIRST CELL("0123456789abcdef", "null", "{\"backend\":\"spinlock\",\"queue_depth\":8}")

static void test_same_matrix(void **state)
{
	expect_difference("host_id", "\"there\"", NULL);
	expect_difference("shard", "1", NULL);
	expect_difference("matrix", "{\"cells\":[" FIRST ","
			  CELL("fedcba9876543210", "null", "{\"queue_depth\":8,\"backend\":\"mcs\"}") "]}", NULL);
	expect_difference("seed", "43", "the seed is 42, not 43");
	expect_difference("invocations", "8", "there are 7 invocations a cell, not 8");
	expect_difference("matrix", "{\"cells\":[" FIRST "]}", "there are 2 cells, not 1");
	expect_difference("matrix", "{\"cells\":[" FIRST "," CELL("fedcba9876543210", "null", "{\"backend\":\"mcs\",\"queue_depth\":16}") "]}",
			  "cell 2 has queue_depth 8, not 16");
	expect_difference("matrix", "{\"cells\":[" FIRST "," CELL("fedcba9876543210", "null", "{\"backend\":\"clh\",\"queue_depth\":8}") "]}",
			  "cell 2 has backend mcs, not clh");
	expect_difference("matrix", "{\"cells\":[" FIRST "," CELL("fedcba9876543210", "null", "{\"backend\":\"mcs\"}") "]}",
			  "cell 2 has queue_depth 8, not nothing");
	expect_difference("matrix", "{\"cells\":[" FIRST ","
			  CELL("fedcba9876543210", "null", "{\"backend\":\"mcs\",\"queue_depth\":8,\"new\":1}") "]}",
			  "cell 2 has no new, not 1");
	expect_difference("matrix", "{\"cells\":[" FIRST "," CELL("0000000000000000", "null", "{\"backend\":\"mcs\",\"queue_depth\":8}") "]}",
			  "cell 2 has id fedcba9876543210, not 0000000000000000");
}

/* A FIFO that nobody writes to would be waited for. */
static void test_a_fifo_is_refused(void **state)
{
	struct run_manifest manifest;
	char error[256];

	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(run_manifest_load(directory, &manifest, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "run.json: not a regular file"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_blocks_are_dealt_out),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_a_fifo_is_refused),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_a_seed_of_64_bits),
		cmocka_unit_test(test_same_matrix),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
