/* SPDX-License-Identifier: MIT */
/* gnuplot's SVG becomes a page's: colours, size, ids, and what is left out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/svg_theme.h"

#define HEAD "<?xml version=\"1.0\"?>\n<svg \n width=\"720\" height=\"400\"\n viewBox=\"0 0 720 400\"\n " \
	     "xmlns=\"http://www.w3.org/2000/svg\"\n>\n"

static char *themed(const char *content)
{
	char text[4096], *svg;

	snprintf(text, sizeof(text), HEAD "%s</svg>\n", content);
	assert_int_equal(svg_theme(text, "pic", "A title", &svg, NULL), 0);
	return svg;
}

static void assert_has(const char *content, const char *expected)
{
	char *svg = themed(content);

	if (!strstr(svg, expected))
		fail_msg("%s\nis not in\n%s", expected, svg);
	free(svg);
}

static void assert_lacks(const char *content, const char *unexpected)
{
	char *svg = themed(content);

	if (strstr(svg, unexpected))
		fail_msg("%s\nis in\n%s", unexpected, svg);
	free(svg);
}

static int status_of(const char *drawing)
{
	char *svg = (char *)"never";
	int status = svg_theme(drawing, "pic", "t", &svg, NULL);

	if (status)
		assert_null(svg);
	else
		free(svg);
	return status;
}

static void root_has_role_title_and_view_box_only(void **state)
{
	char *svg, text[256];

	(void)state;
	snprintf(text, sizeof(text), HEAD "</svg>");
	assert_int_equal(svg_theme(text, "pic", "p99 < \"2\" & more", &svg, NULL), 0);
	assert_string_equal(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 720 400\">"
				 "<title>p99 &lt; &quot;2&quot; &amp; more</title>\n</svg>");
	free(svg);
}

static void colours_become_variables(void **state)
{
	(void)state;
	assert_has("<path stroke='black' d='M0,0'/>", "<path stroke=\"var(--ink)\" d=\"M0,0\"/>");
	assert_has("<path stroke='rgb(160,   0,   3)'/>", "stroke=\"var(--series-3)\"");
	assert_has("<path fill = 'rgb(160,0,8)' fill-opacity='0.50'/>", "fill=\"var(--series-8)\" fill-opacity=\"0.50\"");
	assert_has("<g color=\"#FEFEFE\"><a/></g>", "color=\"var(--paper)\"");
	assert_has("<path stroke='rgb(1,2,3)'/>", "var(--grid)");
	assert_has("<path stroke='rgb(1,2,4)'/>", "\"var(--muted)\"/>");
	assert_has("<path stroke='gray'/>", "var(--grid)");
	assert_has("<path fill='none' stroke='currentColor'/>", "fill=\"none\" stroke=\"currentColor\"");
}

static void what_is_hatched_is_see_through(void **state)
{
	(void)state;
	assert_has("<path stroke='rgb(1,2,5)'/>", "stroke=\"var(--muted)\" stroke-opacity=\"0.6\"");
	assert_lacks("<path stroke='rgb(1,2,4)'/>", "opacity");
}

static void a_colour_of_no_theme_is_refused(void **state)
{
	(void)state;
	assert_int_equal(status_of(HEAD "<path stroke='rgb(148, 0, 211)'/></svg>"), -EBADMSG);
	assert_int_equal(status_of(HEAD "<path stroke='rgb(160,0,9)'/></svg>"), -EBADMSG);
	assert_int_equal(status_of(HEAD "<path stroke='rgb(160,0,0)'/></svg>"), -EBADMSG);
	assert_int_equal(status_of(HEAD "<path fill='teal'/></svg>"), -EBADMSG);
}

static void styles_become_attributes(void **state)
{
	(void)state;
	assert_has("<path style='fill:none; stroke:rgb(160,0,2)' d='M1'/>", "<path fill=\"none\" stroke=\"var(--series-2)\" "
		   "d=\"M1\"/>");
}

static void ids_are_the_picture_s_own(void **state)
{
	(void)state;
	assert_has("<defs><circle id='gpPt5' r='1'/></defs>", "<circle id=\"pic-gpPt5\" r=\"1\"/>");
	assert_has("<use xlink:href='#gpPt5'/>", "<use href=\"#pic-gpPt5\"/>");
	assert_has("<polygon fill = 'url(#gpPat1)'/>", "fill=\"url(#pic-gpPat1)\"");
	assert_lacks("<g id=\"gnuplot_plot_1\" ><a/></g>", "id=");
	assert_int_equal(status_of(HEAD "<use xlink:href='http://example.org/x'/></svg>"), -EBADMSG);
}

static void scripts_and_fonts_are_left_out(void **state)
{
	(void)state;
	assert_lacks("<desc>Produced by</desc>", "Produced");
	assert_lacks("<script type='x'>if (a < b) { c(); }</script>", "c()");
	assert_lacks("<g><title>x</title><a/></g>", "<title>x");
	assert_lacks("<filter id='f'><feFlood flood-color='red'/></filter>", "feFlood");
	assert_lacks("<g font-family=\"Arial\"><a/></g>", "Arial");
	assert_has("<g font-family=\"Arial\" font-size=\"12.00\"><a/></g>", "<g font-size=\"12.00\">");
}

static void empty_groups_vanish_and_full_ones_stay(void **state)
{
	(void)state;
	assert_lacks("<g fill=\"none\">\n</g>", "<g");
	assert_lacks("<g><g fill=\"none\">\n</g> \n</g>", "<g");
	assert_has("<g fill=\"none\"><g>\n</g><path d='M1'/></g>", "<g fill=\"none\"><path d=\"M1\"/></g>");
}

static void text_keeps_its_letters(void **state)
{
	(void)state;
	assert_has("<text>a &lt; <tspan> </tspan>b</text>", "<text>a &lt; <tspan> </tspan>b</text>");
	assert_has("<path d='M1 > 2'/>", "d=\"M1 > 2\"");
}

static void drawings_follow_each_other(void **state)
{
	const char *two = HEAD "<path d='M1'/></svg>\n" HEAD "<path d='M2'/></svg>\n", *rest;
	char *svg;

	(void)state;
	assert_int_equal(svg_theme(two, "a", "t", &svg, &rest), 0);
	assert_non_null(strstr(svg, "M1"));
	assert_null(strstr(svg, "M2"));
	free(svg);
	assert_int_equal(svg_theme(rest, "b", "t", &svg, &rest), 0);
	assert_non_null(strstr(svg, "M2"));
	free(svg);
	assert_int_equal(svg_theme(rest, "c", "t", &svg, &rest), -ENODATA);
}

static void a_torn_drawing_is_refused(void **state)
{
	static const char whole[] = HEAD "<g fill='none'><path d='M1'/></g><title>x</title></svg>";
	char part[sizeof(whole)];

	(void)state;
	assert_int_equal(status_of(whole), 0);
	assert_int_equal(status_of(""), -ENODATA);
	for (size_t n = (size_t)(strstr(whole, "<svg") - whole) + 4; n + 1 < sizeof(whole); n++) {
		memcpy(part, whole, n);
		part[n] = '\0';
		assert_int_equal(status_of(part), -EBADMSG);
	}
	assert_int_equal(status_of(HEAD "<g><path d='M1'/></svg>"), -EBADMSG);
	assert_int_equal(status_of(HEAD "</g></svg>"), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_has_role_title_and_view_box_only),
		cmocka_unit_test(colours_become_variables),
		cmocka_unit_test(what_is_hatched_is_see_through),
		cmocka_unit_test(a_colour_of_no_theme_is_refused),
		cmocka_unit_test(styles_become_attributes),
		cmocka_unit_test(ids_are_the_picture_s_own),
		cmocka_unit_test(scripts_and_fonts_are_left_out),
		cmocka_unit_test(empty_groups_vanish_and_full_ones_stay),
		cmocka_unit_test(text_keeps_its_letters),
		cmocka_unit_test(drawings_follow_each_other),
		cmocka_unit_test(a_torn_drawing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
