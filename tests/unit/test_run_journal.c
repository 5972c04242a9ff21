/* SPDX-License-Identifier: MIT */
/* A journal is read up to its last whole line, wherever it was torn; whatever else is wrong is refused with its line. */
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
#include <unistd.h>

#include <cmocka.h>

#include "bench/run_dir/journal.h"
#include "tests/unit/temp_folder.h"

#define START "{\"event\":\"start\"}\n"
#define INVOCATION(order, block, cell, status) \
	"{\"event\":\"invocation\",\"order\":" order ",\"block\":" block ",\"cell\":\"" cell "\",\"status\":\"" status "\"," \
	"\"wall_ns\":300,\"window_ns\":200}\n"
#define FIRST INVOCATION("1", "1", "0123456789abcdef", "ok")
#define SECOND INVOCATION("2", "1", "fedcba9876543210", "hung")
#define COMPLETE "{\"event\":\"complete\"}\n"

static char directory[TEMP_FOLDER_BYTES], path[128], lock[128];

static int make_directory(void **state)
{
	if (temp_folder_make(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/journal.jsonl", directory);
	snprintf(lock, sizeof(lock), "%s/run.lock", directory);
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

static void load(const char *text, struct run_journal *journal)
{
	char error[256];

	put_file(text, strlen(text));
	assert_int_equal(run_journal_load(directory, journal, error, sizeof(error)), 0);
}

static void test_load(void **state)
{
	struct run_journal journal;

	load(START FIRST "{\"event\":\"nap\",\"of\":[1]}\n" SECOND COMPLETE, &journal);
	assert_int_equal(journal.count, 2);
	assert_int_equal(journal.entry[1].order, 2);
	assert_int_equal(journal.entry[1].block, 1);
	assert_string_equal(journal.entry[1].cell, "fedcba9876543210");
	assert_string_equal(journal.entry[1].status, "hung");
	assert_string_equal(journal.entry[1].reason, "");
	assert_int_equal(journal.entry[1].wall_ns, 300);
	assert_int_equal(journal.entry[1].window_ns, 200);
	assert_true(journal.complete);
	assert_string_equal(journal.stopped, "");
	assert_false(journal.torn);
	run_journal_fini(&journal);
}

static void test_completion(void **state)
{
	struct run_journal journal;

	load(START FIRST, &journal);
	assert_false(journal.complete);
	run_journal_fini(&journal);
	load(START FIRST COMPLETE START SECOND, &journal);
	assert_false(journal.complete);
	run_journal_fini(&journal);
	load(START FIRST "{\"event\":\"complete\",\"stopped\":\"until-ci\"}\n", &journal);
	assert_true(journal.complete);
	assert_string_equal(journal.stopped, "until-ci");
	run_journal_fini(&journal);
}

static void test_many(void **state)
{
	struct run_journal journal;
	char error[256];
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 1; i <= 1000; i++)
		fprintf(file, INVOCATION("%d", "%d", "0123456789abcdef", "ok"), i, i);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(run_journal_load(directory, &journal, error, sizeof(error)), 0);
	assert_int_equal(journal.count, 1000);
	assert_int_equal(journal.entry[999].block, 1000);
	run_journal_fini(&journal);
}

static void test_torn_anywhere(void **state)
{
	static const char text[] = START FIRST SECOND;
	const size_t ends[] = { strlen(START), strlen(START FIRST), strlen(text) };
	struct run_journal journal;
	char error[256];

	for (size_t bytes = 0; bytes <= strlen(text); bytes++) {
		size_t whole = bytes >= ends[2] ? 3 : bytes >= ends[1] ? 2 : bytes >= ends[0];
		size_t sound = whole ? ends[whole - 1] : 0;

		put_file(text, bytes);
		assert_int_equal(run_journal_load(directory, &journal, error, sizeof(error)), 0);
		assert_int_equal(journal.sound_bytes, sound);
		assert_int_equal(journal.torn, bytes != sound);
		assert_int_equal(journal.count, whole > 1 ? whole - 1 : 0);
		run_journal_fini(&journal);
	}
}

/* What ext4 may leave of a line whose data never reached the disk. */
static void test_torn_into_zeros(void **state)
{
	static const char text[] = START FIRST "\0\0\0\0";
	struct run_journal journal;
	char error[256];

	put_file(text, sizeof(text) - 1);
	assert_int_equal(run_journal_load(directory, &journal, error, sizeof(error)), 0);
	assert_true(journal.torn);
	assert_int_equal(journal.sound_bytes, strlen(START FIRST));
	run_journal_fini(&journal);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ START "{\"event\":\n" FIRST, "journal.jsonl:2: " },
		{ START FIRST "garbage\n", "journal.jsonl:3: " },
		{ START "\n" FIRST, "journal.jsonl:2: " },
		{ START "[1]\n", "journal.jsonl:2: no \"event\"" },
		{ START "{\"event\":\"invocation\"}\n", "journal.jsonl:2: an invocation without order" },
		{ START INVOCATION("0", "1", "0123456789abcdef", "ok"), "journal.jsonl:2: " },
		{ START INVOCATION("1", "0", "0123456789abcdef", "ok"), "journal.jsonl:2: " },
		{ START INVOCATION("1", "-1", "0123456789abcdef", "ok"), "journal.jsonl:2: " },
		{ START INVOCATION("1", "1", "0123456789abcdef0", "ok"), "journal.jsonl:2: an invocation without cell" },
		{ START INVOCATION("1", "1", "0123456789abcdef", ""), "journal.jsonl:2: an invocation without cell" },
		{ START FIRST SECOND INVOCATION("3", "1", "0123456789abcdef", "ok"),
		  "journal.jsonl: cell 0123456789abcdef is there twice in block 1" },
	};
	struct run_journal journal;
	char error[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_file(cases[i].text, strlen(cases[i].text));
		assert_int_equal(run_journal_load(directory, &journal, error, sizeof(error)), -EINVAL);
		if (!strstr(error, cases[i].says))
			fail_msg("'%s' does not say '%s'", error, cases[i].says);
	}
	unlink(path);
	assert_int_equal(run_journal_load(directory, &journal, error, sizeof(error)), -ENOENT);
}

static void test_reason_is_cut_at_a_character(void **state)
{
	struct run_journal journal;
	char text[600], reason[200];

	memset(reason, 'x', 126);
	strcpy(reason + 126, "\xc3\xa9" "and more");
	snprintf(text, sizeof(text), "{\"event\":\"invocation\",\"order\":1,\"block\":1,\"cell\":\"0123456789abcdef\",\"status\":\"failed\","
		 "\"wall_ns\":1,\"window_ns\":0,\"reason\":\"%s\"}\n", reason);
	load(text, &journal);
	assert_int_equal(strlen(journal.entry[0].reason), 126);
	run_journal_fini(&journal);
}

static void test_busy(void **state)
{
	int fd;

	assert_false(run_journal_busy(directory));
	fd = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	assert_false(run_journal_busy(directory));
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(run_journal_busy(directory));
	close(fd);
	assert_false(run_journal_busy(directory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_torn_anywhere),
		cmocka_unit_test(test_torn_into_zeros),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reason_is_cut_at_a_character),
		cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
