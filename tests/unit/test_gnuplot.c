/* SPDX-License-Identifier: MIT */
/* Running gnuplot: what comes back of it, and one line for whatever goes wrong. */
#include <errno.h>
#include <fcntl.h>
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

#include "bench/report/gnuplot.h"
#include "tests/unit/temp_folder.h"

#define LONG_NS UINT64_C(60000000000)

static char *output;
static size_t output_bytes;
static char error[256];

static int run(const char *program, const char *script, uint64_t limit_ns)
{
	free(output);
	memset(error, 0, sizeof(error));
	return gnuplot_run(program, script, strlen(script), limit_ns, &output, &output_bytes, error, sizeof(error));
}

static int finish(void **state)
{
	(void)state;
	free(output);
	output = NULL;
	return 0;
}

static void need_gnuplot(void)
{
	if (run("gnuplot", "", LONG_NS) == -ENOENT)
		skip();
}

static void assert_one_line_with(const char *words)
{
	assert_null(strchr(error, '\n'));
	if (!strstr(error, words))
		fail_msg("\"%s\" is not in \"%s\"", words, error);
}

static void a_missing_program_is_told(void **state)
{
	(void)state;
	assert_int_equal(run("no-such-gnuplot", "plot x\n", LONG_NS), -ENOENT);
	assert_one_line_with("no-such-gnuplot cannot be run");
	assert_one_line_with("install gnuplot-nox");
	assert_null(output);
}

static void a_silent_failure_is_one(void **state)
{
	(void)state;
	assert_int_equal(run("false", "plot x\n", LONG_NS), -EBADMSG);
	assert_one_line_with("does not say why");
	assert_int_equal(run("true", "plot x\n", LONG_NS), 0);
	assert_int_equal(output_bytes, 0);
}

static void what_it_prints_comes_back(void **state)
{
	(void)state;
	need_gnuplot();
	assert_int_equal(run("gnuplot", "set print '-'\nprint 'a', 1.5\n", LONG_NS), 0);
	assert_string_equal(output, "a 1.5\n");
	assert_int_equal(output_bytes, 6);
}

static void long_scripts_and_outputs_do_not_block(void **state)
{
	size_t lines = 40000;
	char *script = malloc(lines * 16 + 64), *end = script;

	(void)state;
	need_gnuplot();
	end += sprintf(end, "set print '-'\n");
	for (size_t i = 0; i < lines; i++)
		end += sprintf(end, "print %zu\n", 100000 + i);
	assert_int_equal(run("gnuplot", script, LONG_NS), 0);
	assert_int_equal(output_bytes, lines * 7);
	assert_string_equal(output + output_bytes - 7, "139999\n");
	free(script);
}

static void an_error_in_the_script_is_one_line(void **state)
{
	(void)state;
	need_gnuplot();
	assert_int_equal(run("gnuplot", "x = 1\nplot nothing_of_that_name\n", LONG_NS), -EBADMSG);
	assert_one_line_with("gnuplot: line ");
	assert_one_line_with(": undefined variable: nothing_of_that_name");
	assert_null(output);
}

static void one_that_does_not_end_is_ended(void **state)
{
	(void)state;
	need_gnuplot();
	assert_int_equal(run("gnuplot", "pause 1000\n", 20000000), -ETIMEDOUT);
	assert_one_line_with("not done after 0.02 s");
	assert_null(output);
}

static void numbers_are_those_of_the_c_locale(void **state)
{
	(void)state;
	need_gnuplot();
	setenv("GNUTERM", "no_such_terminal", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	assert_int_equal(run("gnuplot", "set print '-'\nprint sprintf('%.2f', 1.5)\nprint system('echo $GNUTERM$LC_ALL')\n",
			     LONG_NS), 0);
	assert_string_equal(output, "1.50\nC.UTF-8\n");
	unsetenv("GNUTERM");
	unsetenv("LC_ALL");
}

static void one_that_is_silent_but_does_not_end_is_ended(void **state)
{
	char folder[TEMP_FOLDER_BYTES];
	char path[80];
	int file;

	(void)state;
	assert_int_equal(temp_folder_make(folder), 0);
	snprintf(path, sizeof(path), "%s/silent", folder);
	file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	assert_true(file >= 0);
	assert_true(dprintf(file, "#!/bin/sh\nexec >&- 2>&-\nexec sleep 20\n") > 0);
	assert_int_equal(close(file), 0);
	assert_int_equal(run(path, "", 300000000), -ETIMEDOUT);
	assert_one_line_with("not done after 0.3 s");
	assert_int_equal(temp_folder_remove(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_program_is_told),
		cmocka_unit_test(a_silent_failure_is_one),
		cmocka_unit_test(what_it_prints_comes_back),
		cmocka_unit_test(long_scripts_and_outputs_do_not_block),
		cmocka_unit_test(one_that_is_silent_but_does_not_end_is_ended),
		cmocka_unit_test(an_error_in_the_script_is_one_line),
		cmocka_unit_test(one_that_does_not_end_is_ended),
		cmocka_unit_test(numbers_are_those_of_the_c_locale),
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
