/* SPDX-License-Identifier: MIT */
/* A driver's preprocessed source, made LLP64: what becomes of every way to write a long, and of what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/miniport/llp64.h"

static void expect(const char *from, const char *to)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	llp64_rewrite(from, strlen(from), out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, to);
	free(text);
}

static void types(void **state)
{
	expect("long x;", "int  x;");
	expect("unsigned long x;", "unsigned int  x;");
	expect("long unsigned *x;", "int  unsigned *x;");
	expect("long int x;", "     int x;");
	expect("int long x;", "int      x;");
	expect("unsigned long int x;", "unsigned      int x;");
	expect("const long volatile x;", "const int  volatile x;");
	expect("static unsigned\nlong x;", "static unsigned\nint  x;");
	expect("sizeof(long)", "sizeof(int )");
	expect("(long)x + (long)y", "(int )x + (int )y");
}

static void longer_types_stay(void **state)
{
	expect("long long x;", "long long x;");
	expect("unsigned long long int x;", "unsigned long long int x;");
	expect("long unsigned long x;", "long unsigned long x;");
	expect("long\n long x;", "long\n long x;");
	expect("long double x;", "long double x;");
	expect("double long x;", "double long x;");
}

static void what_is_no_long_stays(void **state)
{
	expect("longer along long_ _long long1 L l", "longer along long_ _long long1 L l");
	expect("\"long 1L \\\" long\" 'L' L'x' L\"long\"", "\"long 1L \\\" long\" 'L' L'x' L\"long\"");
	expect("'\"' 'long' \"1L\" '1L'", "'\"' 'long' \"1L\" '1L'");
	expect("x.long_ ->L1 a1L", "x.long_ ->L1 a1L");
}

static void constants(void **state)
{
	expect("1L", "1 ");
	expect("1l+1UL", "1 +1U ");
	expect("0xFFul 0xffLU", "0xFFu  0xffU ");
	expect("~0UL;", "~0U ;");
	expect("1 1u 0x10 077", "1 1u 0x10 077");
	expect("1LL 1ull 0x1llu", "1LL 1ull 0x1llu");
	expect("0xeL+1L", "0xe +1 ");
}

static void other_numbers_stay(void **state)
{
	expect("1.0L .5L 1e5L 1e+5L 0x1p-3L 1.L", "1.0L .5L 1e5L 1e+5L 0x1p-3L 1.L");
}

static void sized_constants(void **state)
{
	expect("1i64 0xffui64 7I64 1UI64", "1LL 0xffULL 7LL 1ULL");
	expect("1i32 1ui32", "1 1U");
}

static void system_headers_stay(void **state)
{
	expect("# 1 \"/usr/include/x.h\" 1 3\nlong x = 1L;\n# 2 \"driver.c\" 2\nlong x = 1L;\n",
	       "# 1 \"/usr/include/x.h\" 1 3\nlong x = 1L;\n# 2 \"driver.c\" 2\nint  x = 1 ;\n");
	expect("# 1 \"x.h\" 1 3 4\nlong x;\n# 3 \"long 3.h\"\nlong x;", "# 1 \"x.h\" 1 3 4\nlong x;\n# 3 \"long 3.h\"\nint  x;");
	expect("# 1 \"mine.h\" 1\nlong x;", "# 1 \"mine.h\" 1\nint  x;");
	expect("#pragma long\nlong x;", "#pragma long\nint  x;");
}

static void whatever_it_ends_in(void **state)
{
	expect("", "");
	expect("long", "int ");
	expect("1L", "1 ");
	expect("\"open", "\"open");
	expect("'\\", "'\\");
	expect("# 1 \"x", "# 1 \"x");
	expect("unsigned ", "unsigned ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(longer_types_stay),
		cmocka_unit_test(what_is_no_long_stays),
		cmocka_unit_test(constants),
		cmocka_unit_test(other_numbers_stay),
		cmocka_unit_test(sized_constants),
		cmocka_unit_test(system_headers_stay),
		cmocka_unit_test(whatever_it_ends_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
