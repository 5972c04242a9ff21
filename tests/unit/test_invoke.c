/* SPDX-License-Identifier: MIT */
/* What becomes of a cell's process, as its parent tells it.  The cell is this program anew: it plays what PLAY says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/run/invoke.h"

static struct invocation_outcome outcome;

static const struct {
	const char *name;
	const char *out;
	const char *err;
	int status;
} part[] = {
	{ "silent", "", "", 1 },
	{ "says why", "", "storsync cell: no such luck\nand more\n", 1 },
	{ "half a character", "", "no \xc3\xa9t\xc3", 1 },
	{ "whole characters", "", "no \xc3\xa9t\xc3\xa9", 1 },
	{ "hangs", "", "", 6 },
	{ "no result", "{\"summary\": ", "", 0 },
	{ "ok", "{\"summary\": {\"status\": \"ok\", \"status_reason\": \"\"}}", "", 0 },
	{ "violated", "{\"summary\": {\"status\": \"violated\", \"status_reason\": \"two\\nat once\"}}", "", 0 },
	{ "failed", "{\"summary\": {\"status\": \"failed\", \"status_reason\": \"drift\"}}", "", 0 },
};

static int play(const char *name)
{
	char spec[4096];

	while (read(0, spec, sizeof(spec)) > 0)
		;
	if (strcmp(name, "dies") == 0) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	/* The reason has room for 511 bytes, so its last one would be a half. */
	for (unsigned i = 0; strcmp(name, "long") == 0 && i < 400; i++)
		fputs("\xc3\xa9", stderr);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (strcmp(part[i].name, name))
			continue;
		fputs(part[i].out, stdout);
		fputs(part[i].err, stderr);
		return part[i].status;
	}
	return 1;
}

static void expect(const char *name, const char *status, const char *reason)
{
	const struct cell_spec spec = { .backend = "spinlock" };

	setenv("PLAY", name, 1);
	invoke(&spec, &outcome);
	assert_string_equal(outcome.status, status);
	if (reason)
		assert_string_equal(outcome.reason, reason);
}

static int end(void **state)
{
	invocation_outcome_fini(&outcome);
	return 0;
}

static void test_silence_is_told(void **state)
{
	expect("silent", "failed", "its process failed without a word");
	assert_string_equal(outcome.log, "");
}

static void test_the_first_line_is_the_reason(void **state)
{
	expect("says why", "failed", "storsync cell: no such luck");
	assert_string_equal(outcome.log, "storsync cell: no such luck\nand more\n");
}

static void test_a_reason_is_utf8(void **state)
{
	json_t *json;

	expect("half a character", "failed", "no ??t?");
	invocation_outcome_fini(&outcome);
	expect("whole characters", "failed", "no \xc3\xa9t\xc3\xa9");
	invocation_outcome_fini(&outcome);
	expect("long", "failed", NULL);
	assert_int_equal(strlen(outcome.reason), sizeof(outcome.reason) - 2);
	json = json_string(outcome.reason);
	assert_non_null(json);
	json_decref(json);
}

static void test_ends_without_a_result(void **state)
{
	expect("hangs", "hung", "a simulated CPU made no progress; its state is in the log");
	invocation_outcome_fini(&outcome);
	expect("no result", "failed", "its process ended without a result");
	invocation_outcome_fini(&outcome);
	expect("dies", "crashed", NULL);
	assert_non_null(strstr(outcome.reason, "signal 11"));
}

static void test_results(void **state)
{
	expect("ok", "ok", "");
	assert_non_null(outcome.result);
	invocation_outcome_fini(&outcome);
	expect("violated", "violated", "two");
	invocation_outcome_fini(&outcome);
	expect("failed", "failed", "drift");
}

static void test_an_interrupted_cell_is_killed(void **state)
{
	invoke_interrupted = 1;
	expect("ok", "interrupted", "by the user");
	invoke_interrupted = 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_silence_is_told, end),
		cmocka_unit_test_teardown(test_the_first_line_is_the_reason, end),
		cmocka_unit_test_teardown(test_a_reason_is_utf8, end),
		cmocka_unit_test_teardown(test_ends_without_a_result, end),
		cmocka_unit_test_teardown(test_results, end),
		cmocka_unit_test_teardown(test_an_interrupted_cell_is_killed, end),
	};

	if (argc > 1 && strcmp(argv[1], "cell") == 0)
		return play(getenv("PLAY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
