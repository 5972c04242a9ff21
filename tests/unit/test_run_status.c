/* SPDX-License-Identifier: MIT */
/* What a person reads of a run, at every state that it can be in. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/run_dir/status.h"
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

static void status(void)
{
	FILE *out = fmemopen(said, sizeof(said), "w");
	char error[900] = "";

	if (status_print(run, out, error, sizeof(error)))
		fail_msg("%s", error);
	assert_int_equal(fclose(out), 0);
}

static void make(const struct fixture *fixture)
{
	temp_folder_remove(run);
	fixture_make(run, fixture);
	status();
}

static void expect(const char *says)
{
	if (!strstr(said, says))
		fail_msg("no '%s' in:\n%s", says, said);
}

static void expect_not(const char *says)
{
	if (strstr(said, says))
		fail_msg("'%s' in:\n%s", says, said);
}

static void test_complete(void **state)
{
	make(&(struct fixture){ 0 });
	expect("  matrix    quick: 3 cells, 1 of them skipped; 3 invocations of each; seed 42\n");
	expect("  started   2024-05-01T12:00:00Z on here, by storsync v1\n");
	expect("  state     complete\n");
	expect("  done      6 of 6 invocations: 6 ok\n");
	expect("  time      12 s in invocations so far\n");
	expect("  windows   75% of that inside measured windows\n");
	expect_not("failures");
	expect_not("resume");
	expect_not("shard");
	fixture_edit(run, "journal.jsonl", "\"complete\"", "\"complete\",\"stopped\":\"budget\"");
	status();
	expect("complete, with fewer invocations than asked for: budget\n");
}

static void test_interrupted(void **state)
{
	make(&(struct fixture){ .invocations = 1000, .until_block = 2 });
	expect("  state     interrupted: no process is at it\n");
	expect("  done      4 of 2000 invocations: 4 ok\n");
	expect("  time      8 s in invocations so far, about 1 h 06 min to go\n");
	expect("  resume    storsync run quick '--filter=cpus > 1' -o ");
	expect(run);
	fixture_edit(run, "run.json", "\"quick\",\n", "\"it's\", \"-o\", \"here\", \"--outp=x\", \"-oy\", \"--output\", \"z\",\n");
	status();
	expect("storsync run 'it'\\''s' '--filter=cpus > 1' -o ");
	expect(run);
	/* What would throw away what is done is no way to go on with it. */
	fixture_edit(run, "run.json", "\"--outp=x\"", "\"--fresh\", \"--fr\", \"--oversubscribe\", \"--filter=fresh\"");
	status();
	expect("storsync run 'it'\\''s' --oversubscribe --filter=fresh '--filter=cpus > 1' -o ");
	fixture_edit(run, "run.json", "\"command\": [", "\"command\": [ \"./build/storsync\",");
	status();
	expect("  resume    storsync run 'it'");
}

static void test_running(void **state)
{
	char path[120];
	int fd;

	temp_folder_remove(run);
	fixture_make(run, &(struct fixture){ .invocations = 70, .until_block = 5, .shard = 2, .shards = 3 });
	snprintf(path, sizeof(path), "%s/run.lock", run);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	status();
	expect("  shard     2/3: 23 of these invocations\n");
	expect("  state     running\n");
	expect("  done      4 of 46 invocations");
	expect("about 1 min 24 s to go\n");
	expect_not("resume");
	fixture_put(run, "journal.jsonl", "");
	status();
	expect("  done      0 of 46 invocations\n");
	expect_not("time");
	snprintf(path, sizeof(path), "%s/journal.jsonl", run);
	unlink(path);
	status();
	expect("  done      0 of 46 invocations\n");
	close(fd);
}

static void test_a_line_being_written(void **state)
{
	make(&(struct fixture){ .until_block = 1 });
	fixture_put(run, "journal.jsonl", "{\"event\":\"start\"}\n{\"event\":\"invo");
	status();
	expect("the journal's last line is torn");
	expect("done      0 of 6");
}

static void test_failures(void **state)
{
	make(&(struct fixture){ .invocations = 7 });
	for (int i = 0; i < 6; i++)
		fixture_edit(run, "journal.jsonl", "\"status\":\"ok\"", "\"status\":\"hung\"");
	fixture_edit(run, "journal.jsonl", "\"status\":\"ok\"", "\"status\":\"failed\",\"reason\":\"no clock\"");
	status();
	expect(": 6 hung, 1 failed, 7 ok\n");
	expect("  failures  failed: invocation 4 of spinlock, cpus 2, cell " FIXTURE_FIRST ": no clock\n");
	expect("            hung: invocation 3 of ticket, cpus 2, cell " FIXTURE_SECOND "\n");
	expect("hung: invocation 2 of spinlock");
	expect_not("hung: invocation 1 of");
}

static void test_not_a_run(void **state)
{
	FILE *out = fmemopen(said, sizeof(said), "w");
	char error[900];

	temp_folder_remove(run);
	assert_int_equal(status_print(run, out, error, sizeof(error)), 2);
	assert_non_null(strstr(error, "run.json: No such file"));
	fixture_make(run, &(struct fixture){ 0 });
	fixture_put(run, "journal.jsonl", "what\n");
	assert_int_equal(status_print(run, out, error, sizeof(error)), 2);
	assert_non_null(strstr(error, "journal.jsonl:1: "));
	assert_int_equal(ftell(out), 0);
	assert_int_equal(fclose(out), 0);
}

static void set_time(const char *name, time_t seconds, long ns)
{
	const struct timespec times[2] = { { seconds, ns }, { seconds, ns } };
	char path[200];

	snprintf(path, sizeof(path), "%s/results/%s/run.json", directory, name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_newest(void **state)
{
	static const char *const names[] = { "b", "a", "c" };
	char results[80], path[200], newest[200];

	snprintf(results, sizeof(results), "%s/results", directory);
	assert_int_equal(status_newest(results, newest, sizeof(newest)), -ENOENT);
	assert_int_equal(mkdir(results, 0777), 0);
	fixture_put(results, "README.md", "");
	assert_int_equal(status_newest(results, newest, sizeof(newest)), -ENOENT);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", results, names[i]);
		assert_int_equal(mkdir(path, 0777), 0);
		fixture_put(path, "run.json", "{}");
	}
	set_time("a", 2000, 1);
	set_time("b", 2000, 0);
	set_time("c", 1000, 5);
	assert_int_equal(status_newest(results, newest, sizeof(newest)), 0);
	snprintf(path, sizeof(path), "%s/a", results);
	assert_string_equal(newest, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_a_line_being_written),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_not_a_run),
		cmocka_unit_test(test_newest),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
