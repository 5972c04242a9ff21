/* SPDX-License-Identifier: MIT */
/* A run's folder: what it takes, what it refuses, what a kill leaves and the next start makes of it, and the files from its parts. */
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

#include "bench/files/schema.h"
#include "bench/run_dir/collect.h"
#include "bench/run_dir/journal.h"
#include "bench/run_dir/part.h"
#include "bench/run_dir/run_dir.h"
#include "tests/unit/temp_folder.h"

#define CELL "0123456789abcdef"

static char base[TEMP_FOLDER_BYTES];

static int make_base(void **state)
{
	return temp_folder_make(base);
}

static int remove_base(void **state)
{
	return temp_folder_remove(base);
}

static const char *in_base(const char *name)
{
	static char path[64][256];
	static unsigned at;
	char *text = path[at++ % 64];

	snprintf(text, sizeof(path[0]), "%s/%s", base, name);
	return text;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void get(const char *path, char *text, size_t bytes)
{
	FILE *file = fopen(path, "r");
	size_t got;

	if (!file)
		fail_msg("%s is not there", path);
	got = fread(text, 1, bytes - 1, file);
	text[got] = '\0';
	fclose(file);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static int create(struct run_dir *dir, const char *path)
{
	json_t *manifest = json_pack("{s:s}", "format", "test");
	int err = run_dir_create(dir, path, manifest);

	json_decref(manifest);
	return err;
}

static int resume(struct run_dir *dir, const char *path)
{
	struct run_journal journal;
	char error[512];
	int err = run_dir_resume(dir, path, &journal, error, sizeof(error));

	if (!err)
		run_journal_fini(&journal);
	return err;
}

static json_t *event(uint64_t order)
{
	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:i, s:i}", "event", "invocation", "order", (json_int_t)order, "block",
			 (json_int_t)order, "cell", CELL, "status", "ok", "wall_ns", 2, "window_ns", 1);
}

static void store(struct run_dir *dir, uint64_t order, const char *rows)
{
	json_t *part = json_pack("{s:{s:s}, s:{s:s, s:[i]}}", "rows", "cpus.csv", rows, "benchmark", "context", "here", "benchmarks",
				 (int)order);
	char name[RUN_DIR_PART_BYTES];

	run_dir_part_name(order, name);
	assert_int_equal(run_dir_store_part(dir, name, part), 0);
	assert_int_equal(run_dir_log(dir, event(order)), 0);
	json_decref(part);
}

static void test_a_new_folder_is_made_and_a_second_process_kept_out(void **state)
{
	const char *path = in_base("a/b/c");
	struct run_dir dir, other;

	assert_int_equal(create(&dir, path), 0);
	assert_true(is_there(in_base("a/b/c/run.json")));
	assert_true(run_journal_busy(path));
	assert_int_equal(resume(&other, path), -EWOULDBLOCK);
	assert_int_equal(run_dir_remove(path), -EWOULDBLOCK);
	assert_true(is_there(in_base("a/b/c/run.json")));
	run_dir_close(&dir);
	assert_false(run_journal_busy(path));
	assert_int_equal(resume(&other, path), 0);
	run_dir_close(&other);
}

static void test_what_is_not_ours_is_left_alone(void **state)
{
	const char *path = in_base("foreign");
	struct run_dir dir;
	char text[32];

	assert_int_equal(mkdir(path, 0777), 0);
	put(in_base("foreign/notes"), "mine");
	assert_int_equal(create(&dir, path), -EEXIST);
	assert_false(is_there(in_base("foreign/run.lock")));
	get(in_base("foreign/notes"), text, sizeof(text));
	assert_string_equal(text, "mine");
	assert_int_equal(create(&dir, in_base("foreign/notes")), -ENOTDIR);
	assert_int_equal(resume(&dir, in_base("nowhere")), -ENOENT);
	assert_false(is_there(in_base("nowhere")));
}

/* Killed between making the folder and the manifest: there is no run yet, and nothing of the user's. */
static void test_a_half_made_folder_is_taken(void **state)
{
	const char *path = in_base("half");
	struct run_dir dir;

	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(mkdir(in_base("half/parts"), 0777), 0);
	put(in_base("half/run.lock"), "");
	put(in_base("half/journal.jsonl"), "{\"event\":\"start\"}\n");
	put(in_base("half/.run.json.part"), "{");
	put(in_base("half/parts/skipped.json"), "{}");
	assert_int_equal(create(&dir, path), 0);
	assert_false(is_there(in_base("half/.run.json.part")));
	assert_false(is_there(in_base("half/parts/skipped.json")));
	run_dir_close(&dir);
}

/* A folder that has nothing but one of the names a run uses may be anyone's. */
static void test_parts_of_somebody_else_stay(void **state)
{
	const char *path = in_base("theirs");
	struct run_dir dir;

	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(mkdir(in_base("theirs/parts"), 0777), 0);
	for (unsigned i = 0; i < 6; i++) {
		static const char *const names[] = {
			"bolt.stl", "00001.json", "000001.json.bak", "env-000001.json", "env-000001-1-beforehand.json", "skipped.jsonl",
		};
		char name[100];

		snprintf(name, sizeof(name), "theirs/parts/%s", names[i]);
		put(in_base(name), "mine");
		assert_int_equal(create(&dir, path), -EEXIST);
		assert_true(is_there(in_base(name)));
		assert_false(is_there(in_base("theirs/run.lock")));
		assert_int_equal(unlink(in_base(name)), 0);
	}
	put(in_base("theirs/parts/000001.json"), "");
	put(in_base("theirs/parts/1000000.json"), "");
	put(in_base("theirs/parts/env-000001-1-before.json"), "");
	put(in_base("theirs/parts/env-000007-2-after.json"), "");
	put(in_base("theirs/parts/.skipped.json.part"), "");
	assert_int_equal(create(&dir, path), 0);
	run_dir_close(&dir);
	assert_int_equal(mkdir(in_base("file"), 0777), 0);
	put(in_base("file/parts"), "mine");
	assert_int_equal(create(&dir, in_base("file")), -EEXIST);
}

/* What a process logs between another's look at the journal and its getting the lock. */
static void test_the_journal_is_read_under_the_lock(void **state)
{
	const char *path = in_base("late");
	struct run_journal journal;
	struct run_dir dir;
	char error[512];
	int fd;

	assert_int_equal(create(&dir, path), 0);
	store(&dir, 1, "");
	store(&dir, 2, "");
	run_dir_close(&dir);
	assert_int_equal(run_dir_resume(&dir, path, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 2);
	run_journal_fini(&journal);
	assert_int_equal(run_journal_load(path, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 2);
	run_journal_fini(&journal);
	run_dir_close(&dir);
	put(in_base("late/journal.jsonl"), "{\"event\":3}\n");
	assert_int_equal(run_dir_resume(&dir, path, &journal, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "journal.jsonl:1: "));
	/* It was let go of. */
	fd = open(in_base("late/run.lock"), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

static void test_a_kill_loses_what_was_in_flight_and_no_more(void **state)
{
	const char *path = in_base("killed");
	struct run_journal journal;
	struct run_dir dir;
	char error[256];
	json_t *part;

	assert_int_equal(create(&dir, path), 0);
	store(&dir, 1, "");
	run_dir_close(&dir);
	/* A part written aside, and half a line. */
	put(in_base("killed/parts/.000002.json.part"), "{\"rows\":");
	{
		FILE *file = fopen(in_base("killed/journal.jsonl"), "a");

		fputs("{\"event\":\"invoc", file);
		fclose(file);
	}
	assert_int_equal(run_journal_load(path, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 1);
	assert_true(journal.torn);
	run_journal_fini(&journal);
	assert_int_equal(run_dir_resume(&dir, path, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 1);
	run_journal_fini(&journal);
	assert_false(is_there(in_base("killed/parts/.000002.json.part")));
	part = run_dir_load_part(&dir, "000001");
	assert_non_null(part);
	json_decref(part);
	assert_null(run_dir_load_part(&dir, "000002"));
	store(&dir, 2, "");
	run_dir_close(&dir);
	assert_int_equal(run_journal_load(path, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 2);
	assert_false(journal.torn);
	run_journal_fini(&journal);
}

/* Calls of read(2) and its kin that the process has made; 0 where the kernel does not say. */
static unsigned long reads_so_far(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	unsigned long reads = 0;
	char line[64];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "syscr: %lu", &reads);
	if (file)
		fclose(file);
	return reads;
}

/* Thousands of parts of half a megabyte are read when a run is collected. */
static void test_a_part_is_read_in_large_pieces(void **state)
{
	static char rows[100001];
	struct run_dir dir;
	unsigned long before;
	json_t *part;

	memset(rows, 'x', sizeof(rows) - 1);
	assert_int_equal(create(&dir, in_base("large")), 0);
	store(&dir, 1, rows);
	before = reads_so_far();
	part = run_dir_load_part(&dir, "000001");
	assert_non_null(part);
	assert_true(!before || reads_so_far() - before < 1000);
	json_decref(part);
	run_dir_close(&dir);
}

static void test_starting_over_removes_what_is_ours(void **state)
{
	const char *path = in_base("over");
	struct run_dir dir;

	assert_int_equal(create(&dir, path), 0);
	store(&dir, 1, "");
	run_dir_close(&dir);
	put(in_base("over/summary.csv"), "old");
	assert_int_equal(run_dir_remove(path), 0);
	assert_false(is_there(path));
	assert_int_equal(create(&dir, path), 0);
	run_dir_close(&dir);
	put(in_base("over/notes"), "mine");
	assert_int_equal(run_dir_remove(path), 0);
	assert_true(is_there(in_base("over/notes")));
	assert_false(is_there(in_base("over/run.json")));
	assert_false(is_there(in_base("over/run.lock")));
}

/* A folder that cannot be emptied stands for a kill on the way: what is left is a run again, of which nothing is done. */
static void test_starting_over_half_way_leaves_a_run(void **state)
{
	const char *path = in_base("halfway");
	struct run_journal journal;
	struct run_dir dir;
	char error[512];

	assert_int_equal(create(&dir, path), 0);
	store(&dir, 1, "");
	run_dir_close(&dir);
	assert_int_equal(mkdir(in_base("halfway/parts/000002.json"), 0777), 0);
	assert_true(run_dir_remove(path) < 0);
	assert_int_equal(run_dir_resume(&dir, path, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 0);
	run_journal_fini(&journal);
	run_dir_close(&dir);
	assert_int_equal(rmdir(in_base("halfway/parts/000002.json")), 0);
	assert_int_equal(run_dir_remove(path), 0);
	assert_false(is_there(path));
}

static void test_a_part_is_as_it_was_stored_or_none(void **state)
{
	const char *file = in_base("flip/parts/000001.json");
	char text[1024], wrong[200];
	struct run_dir dir;
	json_t *part;
	size_t bytes;

	assert_int_equal(create(&dir, in_base("flip")), 0);
	store(&dir, 1, "run,1.5,x\n");
	get(file, text, sizeof(text));
	bytes = strlen(text);
	for (size_t i = 0; i + 1 < bytes; i++) {
		text[i] ^= 1;
		put(file, text);
		part = part_load(dir.parts, "000001.json", wrong, sizeof(wrong));
		if (part)
			fail_msg("byte %zu may change unnoticed: %s", i, text);
		assert_true(strlen(wrong) > 0);
		text[i] ^= 1;
	}
	put(file, "{\"part\":{}}");
	assert_null(part_load(dir.parts, "000001.json", wrong, sizeof(wrong)));
	assert_null(part_load(dir.parts, "000002.json", wrong, sizeof(wrong)));
	assert_string_equal(wrong, strerror(ENOENT));
	put(file, text);
	part = run_dir_load_part(&dir, "000001");
	assert_non_null(part);
	assert_non_null(json_object_get(part, "rows"));
	json_decref(part);
	run_dir_close(&dir);
}

static int count_parts(void *context, size_t index, const json_t *part)
{
	assert_int_equal(*(size_t *)context, index);
	++*(size_t *)context;
	return 0;
}

#define ROW(n) "run," CELL "," n ",0,1,2,0,3,4,5,6\n"

static void collect_two(struct run_dir *dir, struct part_names *names)
{
	*names = (struct part_names){ 0 };
	store(dir, 2, ROW("2"));
	store(dir, 1, ROW("1"));
	assert_int_equal(part_names_find(names, dir, "0000"), 0);
	assert_int_equal(names->count, 2);
	assert_string_equal(names->name[0], "000001");
}

static void test_the_files_are_the_parts_in_order(void **state)
{
	const char *path = in_base("collected");
	const char *missing = "";
	struct part_names names;
	struct run_dir dir;
	size_t seen = 0;
	json_t *json;
	char text[4096];

	assert_int_equal(create(&dir, path), 0);
	collect_two(&dir, &names);
	assert_int_equal(run_dir_collect(&dir, &names, count_parts, &seen, &missing), 0);
	assert_int_equal(seen, 2);
	get(in_base("collected/cpus.csv"), text, sizeof(text));
	assert_string_equal(strchr(text, '\n') + 1, ROW("1") ROW("2"));
	assert_int_equal(strncmp(text, "run_id,cell_id,", 15), 0);
	for (unsigned i = 0; i < SCHEMA_FILES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "collected/%s", schema_files[i]->name);
		assert_true(is_there(in_base(name)));
		snprintf(name, sizeof(name), "collected/.%s.part", schema_files[i]->name);
		assert_false(is_there(in_base(name)));
	}
	json = json_load_file(in_base("collected/benchmark.json"), 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "benchmarks")), 2);
	assert_string_equal(json_string_value(json_object_get(json, "context")), "here");
	json_decref(json);
	assert_int_equal(run_dir_remove_parts(&dir), 0);
	assert_false(is_there(in_base("collected/parts")));
	part_names_fini(&names);
	run_dir_close(&dir);
}

static void test_a_part_that_is_missing_leaves_the_files_as_they_were(void **state)
{
	const char *path = in_base("gap");
	const char *missing = "";
	struct part_names names;
	struct run_dir dir;
	char text[64];

	assert_int_equal(create(&dir, path), 0);
	collect_two(&dir, &names);
	put(in_base("gap/cpus.csv"), "before");
	put(in_base("gap/parts/000002.json"), "{\"rows\":");
	assert_int_equal(run_dir_collect(&dir, &names, NULL, NULL, &missing), -ENODATA);
	assert_string_equal(missing, "000002");
	get(in_base("gap/cpus.csv"), text, sizeof(text));
	assert_string_equal(text, "before");
	assert_false(is_there(in_base("gap/summary.csv")));
	assert_false(is_there(in_base("gap/.summary.csv.part")));
	part_names_fini(&names);
	run_dir_close(&dir);
}

/* As a full disk, which a test cannot make without being root: files may not grow beyond a few bytes. */
static void test_a_disk_that_is_full_changes_nothing(void **state)
{
	struct rlimit before, little = { 64, RLIM_INFINITY };
	const char *path = in_base("full");
	const char *missing = "";
	struct part_names names;
	struct run_dir dir;
	json_t *part;
	char text[64];
	char big[1000];

	assert_int_equal(create(&dir, path), 0);
	collect_two(&dir, &names);
	put(in_base("full/cpus.csv"), "before");
	memset(big, 'x', sizeof(big));
	part = json_pack("{s:s%}", "rows", big, sizeof(big));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(run_dir_store_part(&dir, "000003", part), -EFBIG);
	assert_int_equal(run_dir_collect(&dir, &names, NULL, NULL, &missing), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	json_decref(part);
	assert_false(is_there(in_base("full/parts/000003.json")));
	assert_false(is_there(in_base("full/parts/.000003.json.part")));
	assert_false(is_there(in_base("full/.summary.csv.part")));
	get(in_base("full/cpus.csv"), text, sizeof(text));
	assert_string_equal(text, "before");
	/* There is room again. */
	store(&dir, 3, ROW("3"));
	assert_int_equal(part_names_add(&names, "000003"), 0);
	assert_int_equal(run_dir_collect(&dir, &names, NULL, NULL, &missing), 0);
	part_names_fini(&names);
	run_dir_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_folder_is_made_and_a_second_process_kept_out),
		cmocka_unit_test(test_what_is_not_ours_is_left_alone),
		cmocka_unit_test(test_a_half_made_folder_is_taken),
		cmocka_unit_test(test_parts_of_somebody_else_stay),
		cmocka_unit_test(test_the_journal_is_read_under_the_lock),
		cmocka_unit_test(test_a_kill_loses_what_was_in_flight_and_no_more),
		cmocka_unit_test(test_a_part_is_read_in_large_pieces),
		cmocka_unit_test(test_starting_over_removes_what_is_ours),
		cmocka_unit_test(test_starting_over_half_way_leaves_a_run),
		cmocka_unit_test(test_a_part_is_as_it_was_stored_or_none),
		cmocka_unit_test(test_the_files_are_the_parts_in_order),
		cmocka_unit_test(test_a_part_that_is_missing_leaves_the_files_as_they_were),
		cmocka_unit_test(test_a_disk_that_is_full_changes_nothing),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
