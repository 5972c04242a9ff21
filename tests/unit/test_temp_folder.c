/* SPDX-License-Identifier: MIT */
/* The folders that other tests write into: where they are, and that they are gone in the end. */
#define _GNU_SOURCE
#include <setjmp.h>
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

#include "tests/unit/temp_folder.h"

static char folder[TEMP_FOLDER_BYTES];

/* A file two levels down, so that only removing recursively removes it. */
static void fill(const char *where)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/below", where);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/below/file", where);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
}

static void it_is_where_tmpdir_says(void **state)
{
	char inner[TEMP_FOLDER_BYTES];

	assert_int_equal(temp_folder_make(folder), 0);
	setenv("TMPDIR", folder, 1);
	assert_int_equal(temp_folder_make(inner), 0);
	assert_memory_equal(inner, folder, strlen(folder));
	assert_int_equal(inner[strlen(folder)], '/');
	assert_int_equal(temp_folder_remove(inner), 0);
	assert_int_equal(temp_folder_remove(folder), 0);
	assert_int_equal(temp_folder_make(inner), -1);
	unsetenv("TMPDIR");
}

static void a_tmpdir_without_room_is_none(void **state)
{
	setenv("TMPDIR", "/tmp/./././././././././././././././././././././././././././", 1);
	assert_int_equal(temp_folder_make(folder), 0);
	assert_memory_equal(folder, "/tmp/storsync.", strlen("/tmp/storsync."));
	unsetenv("TMPDIR");
	assert_int_equal(temp_folder_remove(folder), 0);
}

static void it_is_removed_with_all_in_it(void **state)
{
	assert_int_equal(temp_folder_make(folder), 0);
	fill(folder);
	assert_int_equal(temp_folder_remove(folder), 0);
	assert_int_equal(access(folder, F_OK), -1);
	assert_int_equal(temp_folder_remove(folder), -1);
}

/* As after a failed assertion: nobody removes the child's, and its parent's are none of its business. */
static void what_is_left_goes_when_its_maker_ends(void **state)
{
	char mine[TEMP_FOLDER_BYTES];
	int status, ends[2];
	pid_t child;

	assert_int_equal(temp_folder_make(mine), 0);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (temp_folder_make(folder) || write(ends[1], folder, sizeof(folder)) != sizeof(folder))
			_exit(1);
		fill(folder);
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], folder, sizeof(folder)), sizeof(folder));
	assert_int_equal(access(folder, F_OK), -1);
	assert_int_equal(access(mine, F_OK), 0);
	assert_int_equal(temp_folder_remove(mine), 0);
	close(ends[0]);
	close(ends[1]);
}

static int without_tmpdir(void **state)
{
	return unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_where_tmpdir_says),
		cmocka_unit_test(a_tmpdir_without_room_is_none),
		cmocka_unit_test(it_is_removed_with_all_in_it),
		cmocka_unit_test(what_is_left_goes_when_its_maker_ends),
	};

	return cmocka_run_group_tests(tests, without_tmpdir, NULL);
}
