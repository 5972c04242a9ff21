/* SPDX-License-Identifier: MIT */
/* A sound folder passes; each check fails a folder that is damaged in exactly its way, and says where. */
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

#include "bench/files/schema.h"
#include "bench/run_dir/validate.h"
#include "bench/run_dir/part.h"
#include "tests/unit/run_fixture.h"
#include "tests/unit/temp_folder.h"

static char directory[TEMP_FOLDER_BYTES], run[80];
static char said[20000];

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

static int validate(void)
{
	FILE *out = fmemopen(said, sizeof(said), "w");
	int status;

	assert_non_null(out);
	status = validate_directory(run, out);
	assert_int_equal(fclose(out), 0);
	return status;
}

static void expect(int status, const char *says)
{
	int actual = validate();

	if (actual != status || !strstr(said, says))
		fail_msg("%d, not %d, and '%s' in:\n%s", actual, status, says, said);
}

static size_t lines(void)
{
	size_t count = 0;

	for (const char *c = said; *c; c++)
		count += *c == '\n';
	return count;
}

static void make(void)
{
	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ 0 });
}

static void test_sound(void **state)
{
	make();
	expect(0, "sound: 6 invocations of 3 cells, 1 skipped\n");
	assert_int_equal(lines(), 1);
	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .invocations = 5, .shard = 2, .shards = 3 });
	expect(0, "sound: 4 invocations of 3 cells");
}

static void test_an_older_build_has_fewer_columns(void **state)
{
	make();
	fixture_age(run, &schema_events);
	expect(1, "the columns of events.csv are not those of schema version 2");
	fixture_describe(run);
	expect(0, "sound: 6 invocations of 3 cells, 1 skipped\n");
	fixture_age(run, &schema_summary);
	expect(1, "the columns of summary.csv are not those of schema version 2");
	fixture_describe(run);
	expect(0, "sound: 6 invocations of 3 cells, 1 skipped\n");
	/* And not fewer than that. */
	fixture_edit(run, "events.csv", ",cause\n", "\n");
	expect(1, "events.csv:1: 13 columns, not 22");
}

static void test_another_build_describes_columns_in_other_words(void **state)
{
	make();
	fixture_edit(run, "datapackage.json", "\"description\": \"", "\"description\": \"Once: ");
	expect(0, "sound: 6 invocations of 3 cells, 1 skipped\n");
	fixture_edit(run, "datapackage.json", "\"description\": ", "\"summary\": ");
	expect(1, "the columns of summary.csv are not those of schema version 2");
	fixture_describe(run);
	fixture_edit(run, "datapackage.json", "\"type\": \"integer\"", "\"type\": \"string\"");
	expect(1, "the columns of summary.csv are not those of schema version 2");
	fixture_describe(run);
	fixture_edit(run, "datapackage.json", "\"schema\": {", "\"schemes\": {");
	expect(1, "the columns of summary.csv are not those of schema version 2");
}

static void test_no_run(void **state)
{
	temp_folder_remove(run);
	expect(2, "not a run's folder");
	make();
	fixture_edit(run, "run.json", "\"schema_version\": 2", "\"schema_version\": 3");
	expect(2, "schema version 3");
}

static void test_partial(void **state)
{
	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .until_block = 2 });
	expect(5, "sound so far: interrupted after 4 of 6 invocations");
	fixture_put(run, ".summary.csv.part", "");
	expect(5, "sound so far");
	fixture_edit(run, "latency.csv", "isr_latency,50,104,100,all", "isr_latency,50,1004,100,all");
	expect(1, "latency.csv:3: value_ns of isr_latency falls from 1004 to 900");
}

static void put_part(const char *name, json_t *part)
{
	char path[120];
	int fd;

	snprintf(path, sizeof(path), "%s/parts", run);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(part_store(fd, name, part), 0);
	close(fd);
	json_decref(part);
}

static void test_uncollected(void **state)
{
	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .until_block = 2, .uncollected = true });
	expect(5, "interrupted after 4 of 6 invocations");
	fixture_edit(run, "parts/000004.json", "looked", "locked");
	expect(1, "parts/000004.json: changed since it was written");
	fixture_put(run, "parts/000004.json", "{\"part\":");
	expect(1, "parts/000004.json: ");
	put_part("000004.json", json_pack("{s:{}}", "rows"));
	expect(1, "parts/000004.json: no row of summary.csv");
	put_part("000004.json", json_pack("{s:{s:s}}", "rows", "summary.csv", "x"));
	put_part("env-000001-1-before.json", json_pack("{s:{}}", "rows"));
	expect(5, "interrupted after 4 of 6 invocations");
	fixture_edit(run, "parts/env-000001-1-before.json", "rows", "raws");
	expect(1, "parts/env-000001-1-before.json: changed since it was written");
	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .until_block = 2 });
	fixture_edit(run, "journal.jsonl", "\"block\":2", "\"block\":3");
	expect(1, "summary.csv: invocation 3 of cell " FIXTURE_FIRST " is missing: the journal has it");
}

static void test_running(void **state)
{
	char path[120];
	int fd;

	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .until_block = 1 });
	snprintf(path, sizeof(path), "%s/run.lock", run);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	expect(5, "sound so far: running, after 2 of 6 invocations");
	fixture_put(run, "summary.csv", "torn");
	expect(1, "summary.csv:1: the last line is torn");
	close(fd);
}

struct damage {
	const char *file, *from, *to;
	const char *says;
	size_t findings; /* 0: one */
};

/* The description fits the damaged files where it can: the check in question is alone to notice. */
static void expect_each(const struct damage *damage, size_t count, bool describe)
{
	for (size_t i = 0; i < count; i++) {
		const struct damage *d = &damage[i];

		make();
		fixture_edit(run, d->file, d->from, d->to);
		if (describe)
			fixture_describe(run);
		expect(1, d->says);
		if (lines() != (d->findings ? d->findings : 1) + 1)
			fail_msg("'%s': other findings than expected:\n%s", d->says, said);
	}
}

#define EACH(damage, describe) expect_each(damage, sizeof(damage) / sizeof((damage)[0]), describe)

#define RUN_ID "20240501T120000Z-0000002A"
#define TYPE(file, from, to, says) { file, from, to, says ", not a field of type", 0 }

static void test_types(void **state)
{
	static const struct damage damage[] = {
		TYPE("env.csv", ",governor,", ",gover\xffnor,", "env.csv:2: check is 'gover\xffnor'"),
		TYPE("windows.csv", FIXTURE_FIRST ",1,1,", FIXTURE_FIRST ",1,one,", "windows.csv:3: window is 'one'"),
		TYPE("windows.csv", FIXTURE_FIRST ",1,1,", FIXTURE_FIRST ",1,18446744073709551616,", "is '18446744073709551616'"),
		TYPE("windows.csv", ",1,100,", ",1,100ms,", "windows.csv:3: t_start_ms is '100ms'"),
		TYPE("windows.csv", ",1,100,", ",1,1e2e3,", "windows.csv:3: t_start_ms is '1e2e3'"),
		TYPE("windows.csv", ",1,100,", ",1,nan,", "windows.csv:3: t_start_ms is 'nan'"),
	};

	EACH(damage, true);
	make();
	fixture_edit(run, "summary.csv", "12:00:01.5Z", "12h00");
	expect(1, "summary.csv:3: started_utc is '2024-05-01T12h00', not a field of type datetime");
	make();
	fixture_edit(run, "summary.csv", ",,1,,,,,,,,,,,,12345.5", ",,yes,,,,,,,,,,,,12345.5");
	expect(1, "summary.csv:3: steady is 'yes', not a field of type boolean");
}

static void test_keys(void **state)
{
	static const struct damage damage[] = {
		{ "env.csv", RUN_ID, "other", "env.csv:2: run_id 'other' is not that of run.json", 0 },
		{ "latency.csv", FIXTURE_FIRST ",1,", FIXTURE_FIRST ",9,", "latency.csv:2: summary.csv has no invocation '9' of cell", 0 },
		{ "events.csv", FIXTURE_FIRST ",1,", FIXTURE_REFUSED ",1,", "events.csv:2: summary.csv has no invocation '1'", 0 },
		{ "windows.csv", FIXTURE_FIRST ",1,", FIXTURE_FIRST ",,", "windows.csv:2: summary.csv has no invocation ''", 0 },
		{ "summary.csv", "2," RUN_ID "," FIXTURE_FIRST, "1," RUN_ID "," FIXTURE_FIRST, "summary.csv:3: schema_version is '1'", 0 },
		{ "summary.csv", ",skipped,", ",ok,", "summary.csv:2: invocation is '' where status is ok", 0 },
		{ "summary.csv", "2," RUN_ID "," FIXTURE_REFUSED, "2," RUN_ID ",short", "summary.csv:2: cell_id 'short'", 2 },
	};

	EACH(damage, true);
}

static void test_a_row_twice(void **state)
{
	const char *skipped;
	char *text, *longer;

	make();
	text = fixture_get(run, "summary.csv");
	skipped = strchr(text, '\n') + 1;
	assert_true(asprintf(&longer, "%s%.*s", text, (int)(strchr(skipped, '\n') + 1 - skipped), skipped) > 0);
	fixture_put(run, "summary.csv", longer);
	fixture_describe(run);
	expect(1, "summary.csv:9: invocation '' of cell " FIXTURE_REFUSED " is there twice");
	assert_int_equal(lines(), 2);
	free(longer);
	free(text);
}

static void test_order_of_percentiles(void **state)
{
	static const struct damage damage[] = {
		{ "summary.csv", ",101,500,104,900,", ",101,500,904,900,",
		  "summary.csv:3: isr_latency_p90_ns is 900, less than p50_ns, 904", 0 },
		{ "summary.csv", ",101,500,104,900,", ",105,500,104,900,", "isr_latency_p50_ns is 104, less than min_ns, 105", 0 },
		{ "summary.csv", ",101,500,104,900,", ",101,991,104,900,", "isr_latency_max_ns is 990, less than mean_ns, 991", 0 },
		{ "summary.csv", ",10,104,,,800,", ",10,804,,,800,", "isr_latency_clean_max_ns is 800, less than clean_p50_ns, 804", 0 },
		{ "summary.csv", ",10,104,,,800,", ",10,104,,,991,", "isr_latency_max_ns is 990, less than clean_max_ns, 991", 0 },
		{ "latency.csv", ",50,104,100,all", ",50,901,100,all", "latency.csv:3: value_ns of isr_latency falls from 901 to 900", 0 },
		{ "latency.csv", ",50,104,90,clean", ",50,801,90,clean", "latency.csv:6: value_ns of isr_latency falls from 801 to 800", 0 },
		{ "latency.csv", ",90,900,100,all", ",50,900,100,all", "latency.csv:3: percentile 50 of isr_latency does not follow", 0 },
		{ "latency.csv", ",100,990,100,all", ",101,990,100,all", "latency.csv:4: percentile 101 of isr_latency", 0 },
	};

	EACH(damage, true);
}

static void test_sums(void **state)
{
	static const struct damage damage[] = {
		{ "summary.csv", ",10,104,,,800,", ",101,104,,,800,", "isr_latency_hit_n is 101, more than isr_latency_n, 100", 4 },
		{ "latency.csv", ",50,104,100,all", ",50,104,99,all", "latency.csv:2: n is 99, isr_latency_n in summary.csv is 100", 0 },
		{ "latency.csv", ",50,104,90,clean", ",50,104,91,clean",
		  "latency.csv:5: n is 91, isr_latency_n less isr_latency_hit_n in summary.csv is 90", 0 },
		{ "latency.csv", ",100,all", ",100,some", "latency.csv:2: samples is 'some'", 0 },
		{ "latency.csv", ",isr_latency,", ",isr_lateness,", "latency.csv:2: there is no metric 'isr_lateness'", 0 },
		{ "histogram.csv", ",100,109,25,0", ",100,109,24,0", "the buckets of isr_latency hold 99 samples", 0 },
		{ "histogram.csv", ",900,909,25,5", ",900,909,25,4", "the buckets of isr_latency hold 9 hit samples", 0 },
		{ "histogram.csv", ",100,109,25,0", ",100,109,25,26", "histogram.csv:2: hit is 26, more than count, 25", 2 },
		{ "histogram.csv", ",900,909,25,5", ",109,909,25,5", "histogram.csv:3: the bucket from 109 overlaps", 0 },
		{ "histogram.csv", ",100,109,25,0", ",100,99,25,0", "histogram.csv:2: no bucket", 2 },
		{ "histogram.csv", ",100,109,25,0", ",100,109,0,0", "histogram.csv:2: no bucket", 2 },
		{ "cpus.csv", RUN_ID "," FIXTURE_FIRST ",1,1,,,,,,,\n", "", "has 1 rows, cpus in summary.csv is 2", 0 },
	};

	EACH(damage, true);
}

static void test_counts(void **state)
{
	static const struct damage damage[] = {
		{ "journal.jsonl", "\"status\":\"ok\"", "\"status\":\"hung\"", "is hung, in summary.csv ok", 0 },
		{ "journal.jsonl", FIXTURE_FIRST, FIXTURE_REFUSED, "is not one that run.json has run", 2 },
		{ "journal.jsonl", "\"order\":1,", "\"order\":7,", "is the 7. of the run, in summary.csv the 1.", 0 },
		{ "journal.jsonl", "\"block\":1", "\"block\":9", "block 9 is not one of shard 1/1", 2 },
		{ "journal.jsonl", "\"event\":\"invocation\"", "\"event\":\"lost\"",
		  "summary.csv: invocation 1 of cell " FIXTURE_FIRST " is not in the journal", 2 },
		{ "journal.jsonl", "\"event\":\"invocation\"", "\"event\":\"lost\"", "complete with 5 invocations; run.json has 6", 2 },
		{ "run.json", "\"refusal\": \"too wide\"", "\"refusal\": null", "is skipped, and not refused in run.json", 2 },
		{ "run.json", "\"id\": \"" FIXTURE_REFUSED, "\"id\": \"00000000000000ff", "cell " FIXTURE_REFUSED " is none of run.json's", 2 },
		{ "run.json", "\"id\": \"" FIXTURE_REFUSED, "\"id\": \"00000000000000ff", "has no row that says skipped", 2 },
		{ "summary.csv", FIXTURE_FIRST ",1,1,", FIXTURE_FIRST ",1,2,", "is not of the block of that number", 0 },
	};

	EACH(damage, true);
}

/* Fewer invocations than the manifest has are sound where the journal says that they are all that is wanted. */
static void test_stopped(void **state)
{
	char *journal, *longer;

	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .invocations = 4, .until_block = 2 });
	journal = fixture_get(run, "journal.jsonl");
	assert_true(asprintf(&longer, "%s{\"event\":\"complete\",\"stopped\":\"until-ci\"}\n", journal) > 0);
	fixture_put(run, "journal.jsonl", longer);
	expect(0, "sound: 4 invocations of 3 cells");
	free(longer);
	assert_true(asprintf(&longer, "%s{\"event\":\"complete\"}\n", journal) > 0);
	fixture_put(run, "journal.jsonl", longer);
	expect(1, "complete with 4 invocations; run.json has 8");
	free(longer);
	free(journal);
}

static void test_description(void **state)
{
	static const struct damage damage[] = {
		{ "windows.csv", ",1,100,", ",1,101,", "windows.csv: changed since it was written", 0 },
		{ "windows.csv", ",1,100,", ",1,1000,", "bytes; datapackage.json has", 0 },
		{ "benchmark.json", "\"x\"", "\"y\"", "benchmark.json: changed since it was written", 0 },
		{ "run.json", "\"section_ns\": 0", "\"section_ns\": 1", "run.json: changed since it was written", 0 },
		{ "datapackage.json", "\"path\": \"run.json\"", "\"path\": \"ran.json\"", "run.json: not in datapackage.json", 0 },
		{ "datapackage.json", "\"path\": \"benchmark.json\"", "\"path\": \"b.json\"", "benchmark.json: not in datapackage.json", 0 },
		{ "datapackage.json", "\"rows\": 7", "\"rows\": 8", "summary.csv: 7 rows; datapackage.json has 8", 0 },
		{ "datapackage.json", "\"unit\": \"ns\"", "\"unit\": \"us\"", "the columns of summary.csv are not those of schema version 2", 0 },
		{ "datapackage.json", "\"path\": \"events.csv\"", "\"path\": \"other.csv\"", "events.csv: not in datapackage.json", 0 },
		{ "datapackage.json", "\"resources\": [", "\"resources\": ", "datapackage.json:", 0 },
	};
	char path[120];

	EACH(damage, false);
	make();
	snprintf(path, sizeof(path), "%s/events.csv", run);
	unlink(path);
	expect(1, "events.csv: No such file or directory; datapackage.json has it");
	make();
	snprintf(path, sizeof(path), "%s/datapackage.json", run);
	unlink(path);
	expect(1, "datapackage.json: ");
	make();
	snprintf(path, sizeof(path), "%s/summary.csv", run);
	unlink(path);
	expect(1, "summary.csv: missing\n");
	assert_int_equal(lines(), 3);
}

static void test_torn(void **state)
{
	static const struct damage damage[] = {
		{ "latency.csv", "cell_id", "cel_id", "latency.csv:1: column 2 is 'cel_id', not cell_id", 2 },
		{ "windows.csv", "t_start_ms,", "", "windows.csv:1: column 5 is 'ios', not t_start_ms", 2 },
		{ "cpus.csv", ",nivcsw\n", "\n", "cpus.csv:1: 10 columns, not 11", 2 },
		{ "windows.csv", ",1,100,", ",1,", "windows.csv:3: 9 fields, the header has 10", 2 },
		{ "events.csv", "in two lines\"", "in two lines", "events.csv:", 2 },
		{ "benchmark.json", "]}", "", "benchmark.json:", 2 },
		{ "benchmark.json", "\"benchmarks\"", "\"benchmerks\"", "benchmark.json: no \"benchmarks\"", 2 },
	};
	char *text;

	EACH(damage, false);
	make();
	text = fixture_get(run, "histogram.csv");
	text[strlen(text) - 3] = '\0';
	fixture_put(run, "histogram.csv", text);
	free(text);
	expect(1, "histogram.csv:25: the last line is torn");
	make();
	fixture_edit(run, "run.json", "\"seed\"", "");
	expect(1, "run.json:");
	make();
	fixture_edit(run, "journal.jsonl", "\"order\":1,", "\"order\":,");
	expect(1, "journal.jsonl:2: ");
	make();
	fixture_edit(run, "journal.jsonl", "{\"event\":\"complete\"}\n", "{\"event\":\"comp");
	expect(5, "interrupted after 6 of 6");
}

static void test_leftovers(void **state)
{
	make();
	fixture_put(run, ".latency.csv.part", "");
	expect(1, ".latency.csv.part: it was never finished");
	make();
	/* Whoever completed it was killed before they were removed; their rows are in the files. */
	fixture_put(run, "parts/000001.json", "{}");
	fixture_put(run, "parts/.000001.json.part", "{}");
	expect(0, "sound: 6 invocations");
}

static void test_at_most_twenty(void **state)
{
	FILE *file;
	char path[120];

	make();
	snprintf(path, sizeof(path), "%s/env.csv", run);
	file = fopen(path, "a");
	assert_non_null(file);
	for (int i = 0; i < 33; i++)
		fprintf(file, "other%d,governor,,before,,,,,here\n", i);
	assert_int_equal(fclose(file), 0);
	fixture_describe(run);
	expect(1, "... and 13 more\n");
	assert_int_equal(lines(), 22);
	assert_non_null(strstr(said, "env.csv:22: run_id 'other19'"));
	assert_null(strstr(said, "other20"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_an_older_build_has_fewer_columns),
		cmocka_unit_test(test_another_build_describes_columns_in_other_words),
		cmocka_unit_test(test_no_run),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_uncollected),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_a_row_twice),
		cmocka_unit_test(test_order_of_percentiles),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_at_most_twenty),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
