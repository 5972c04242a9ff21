/* SPDX-License-Identifier: MIT */
/* Results that are there whole or not at all, and in the place of nothing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/output_file.h"
#include "tests/unit/temp_folder.h"

static char error[OUTPUT_FILE_ERROR_BYTES];

static int enter(void **state)
{
	static char folder[TEMP_FOLDER_BYTES];

	*state = folder;
	error[0] = '\0';
	return temp_folder_make(folder) || chdir(folder);
}

static int leave(void **state)
{
	return chdir("/") || temp_folder_remove(*state);
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect(const char *name, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(got, text);
}

static size_t entries(const char *path)
{
	DIR *folder = opendir(path);
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

static void test_a_file_is_there_when_it_is_whole(void **state)
{
	struct output_file out;
	struct stat st;

	umask(022);
	assert_int_equal(output_file_open(&out, "a", false, error), 0);
	assert_ptr_equal(output_file_next(&out, NULL), out.file);
	fputs("text", out.file);
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(output_file_close(&out), 0);
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(output_file_commit(&out), 0);
	output_file_fini(&out);
	expect("a", "text");
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(entries("."), 1);
}

static void test_what_is_not_committed_goes(void **state)
{
	struct output_file out;

	assert_int_equal(output_file_open(&out, "a", false, error), 0);
	fputs("text", out.file);
	output_file_fini(&out);
	assert_int_equal(output_file_open(&out, "f/", true, error), 0);
	fputs("text", output_file_next(&out, "one"));
	assert_int_equal(output_file_close(&out), 0);
	assert_non_null(output_file_next(&out, "two"));
	output_file_fini(&out);
	assert_int_equal(entries("."), 0);
}

static void test_nothing_is_replaced(void **state)
{
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(mkdir("folder", 0755), 0);
	put("file", "mine");
	for (const char *const *name = (const char *const[]){ "file", "dangling", "folder", ".", "/dev/null", NULL }; *name; name++) {
		assert_int_equal(output_file_write(*name, "text", 4, error), -EEXIST);
		assert_non_null(strstr(error, ": exists; choose another name"));
	}
	expect("file", "mine");
	assert_int_equal(entries("."), 3);
}

static void test_nor_what_comes_between(void **state)
{
	struct output_file out;

	assert_int_equal(output_file_open(&out, "a", false, error), 0);
	assert_int_equal(output_file_close(&out), 0);
	put("a", "mine");
	assert_int_equal(output_file_commit(&out), -EEXIST);
	assert_string_equal(error, "a: exists; choose another name");
	output_file_fini(&out);
	expect("a", "mine");
	for (int is_folder = 0; is_folder < 2; is_folder++) {
		assert_int_equal(output_file_open(&out, "f", true, error), 0);
		if (is_folder)
			assert_int_equal(mkdir("f", 0755), 0);
		put(is_folder ? "f/mine" : "f", "mine");
		assert_int_equal(output_file_commit(&out), -EEXIST);
		output_file_fini(&out);
		expect(is_folder ? "f/mine" : "f", "mine");
		assert_int_equal(entries("."), 2);
		if (!is_folder)
			unlink("f");
	}
}

static void test_a_folder_takes_the_place_of_an_empty_one(void **state)
{
	struct output_file out;

	assert_int_equal(mkdir("f", 0755), 0);
	assert_true(output_file_is_folder("f"));
	assert_true(output_file_is_folder("g/"));
	assert_false(output_file_is_folder("g"));
	assert_int_equal(output_file_open(&out, "f//", true, error), 0);
	fputs("text", output_file_next(&out, "one"));
	assert_int_equal(output_file_close(&out), 0);
	assert_null(output_file_next(&out, "one"));
	assert_int_equal(output_file_commit(&out), 0);
	output_file_fini(&out);
	expect("f/one", "text");
	assert_int_equal(entries("."), 1);
}

static void test_bad_names(void **state)
{
	char name[300];

	put("file", "mine");
	assert_int_equal(output_file_check("", false, error), -EINVAL);
	assert_string_equal(error, "'': no name");
	assert_int_equal(output_file_check("", true, error), -EINVAL);
	assert_int_equal(output_file_check("new/", false, error), -EINVAL);
	assert_string_equal(error, "'new/': the name of a file, not of a folder");
	assert_int_equal(output_file_check("no/where", false, error), -ENOENT);
	assert_string_equal(error, "no/where: nothing can be written in no/: No such file or directory");
	assert_int_equal(output_file_check("file/a", false, error), -ENOTDIR);
	assert_int_equal(output_file_check(NULL, false, error), 0);
	assert_int_equal(output_file_check("-", false, error), 0);
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	assert_int_equal(output_file_write(name, "text", 4, error), 0);
	name[255] = 'n';
	name[256] = '\0';
	assert_int_equal(output_file_check(name, false, error), -ENAMETOOLONG);
}

/* What is left of a process to which a signal came between opening and finishing. */
static int child_signalled(int number, bool is_ignored)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		struct output_file out;

		signal(number, is_ignored ? SIG_IGN : SIG_DFL);
		if (output_file_open(&out, "a", false, error))
			_exit(90);
		raise(number);
		if (output_file_is_interrupted() == is_ignored)
			_exit(91);
		fputs("text", out.file);
		if (output_file_close(&out) || output_file_commit(&out) != (is_ignored ? 0 : -EINTR))
			_exit(92);
		output_file_fini(&out);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_signals_leave_nothing_and_are_obeyed(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < 3; i++) {
		int status = child_signalled(numbers[i], false);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), numbers[i]);
		assert_int_equal(entries("."), 0);
	}
	assert_int_equal(child_signalled(SIGHUP, true), 0);
	expect("a", "text");
}

static void test_a_failure_to_write_is_told(void **state)
{
	struct output_file out;
	FILE *kept;

	assert_int_equal(output_file_open(&out, "a", false, error), 0);
	kept = out.file;
	out.file = fopen("/dev/full", "w");
	assert_non_null(out.file);
	fputs("text", out.file);
	assert_int_equal(output_file_close(&out), -ENOSPC);
	assert_string_equal(error, "a: No space left on device");
	fclose(kept);
	output_file_fini(&out);
	assert_int_equal(entries("."), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_file_is_there_when_it_is_whole, enter, leave),
		cmocka_unit_test_setup_teardown(test_what_is_not_committed_goes, enter, leave),
		cmocka_unit_test_setup_teardown(test_nothing_is_replaced, enter, leave),
		cmocka_unit_test_setup_teardown(test_nor_what_comes_between, enter, leave),
		cmocka_unit_test_setup_teardown(test_a_folder_takes_the_place_of_an_empty_one, enter, leave),
		cmocka_unit_test_setup_teardown(test_bad_names, enter, leave),
		cmocka_unit_test_setup_teardown(test_signals_leave_nothing_and_are_obeyed, enter, leave),
		cmocka_unit_test_setup_teardown(test_a_failure_to_write_is_told, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
