/* SPDX-License-Identifier: MIT */
/* What a report's page is written with: escaping and rounding. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/html.h"

static char *text;
static size_t bytes;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &bytes);
}

static void expect(FILE *out, const char *expected)
{
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
	text = NULL;
}

static void texts_are_escaped(void **state)
{
	const char *volatile nothing = NULL;
	FILE *out = begin();

	html(out, "<a title=\"%s\">%s</a>%s", "\"a\" & 'b'", "<b>\x01\x7f\t</b>", nothing);
	expect(out, "<a title=\"&quot;a&quot; &amp; 'b'\">&lt;b&gt;\xef\xbf\xbd\xef\xbf\xbd\t&lt;/b&gt;</a>");
}

static void parts_of_texts_are_escaped(void **state)
{
	FILE *out = begin();

	html(out, "[%.*s][%.*s][%.*s]", 2, "a<b", 0, "<", 9, "x");
	expect(out, "[a&lt;][][x]");
}

static void numbers_are_as_given(void **state)
{
	FILE *out = begin();

	html(out, "%d %u %zu %lu 100%%", -3, 4000000000u, (size_t)5, UINT64_MAX);
	expect(out, "-3 4000000000 5 18446744073709551615 100%");
}

static void data_has_all_digits_and_shows_some(void **state)
{
	FILE *out = begin();

	html_figure(out, figure_find("iops"), 882655.0044132749);
	html_figure(out, figure_find("isr_latency_p50"), 10.5);
	html_figure(out, figure_find("jain"), 0.96164);
	expect(out, "<data value=\"882655.00441327493\">882655</data><data value=\"10.5\">10</data>"
	       "<data value=\"0.96164000000000005\">0.9616</data>");
}

static void what_is_not_available_is_said(void **state)
{
	FILE *out = begin();

	html_figure(out, figure_find("iops"), NAN);
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(text, "<data"));
	assert_null(strstr(text, "nan"));
	assert_non_null(strstr(text, "not available"));
	free(text);
	text = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(parts_of_texts_are_escaped),
		cmocka_unit_test(numbers_are_as_given),
		cmocka_unit_test(data_has_all_digits_and_shows_some),
		cmocka_unit_test(what_is_not_available_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
