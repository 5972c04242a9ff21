/* SPDX-License-Identifier: MIT */
/*
 * What users write becomes exactly what they meant, or is refused in one
 * line that says what would be right: a misread quantity spoils a whole
 * matrix without a trace.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cli/quantity.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct whole_case {
	const char *text;
	uint64_t value;
};

typedef int whole_parser(const char *text, uint64_t *value, char *error,
			 size_t error_bytes);
typedef int double_parser(const char *text, double *value, char *error,
			  size_t error_bytes);

static void check_message(const char *text, const char *error,
			  const char *expected)
{
	if (!strstr(error, expected))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", text, error, expected);
	if (strchr(error, '\n') || strlen(error) < 10)
		fail_msg("\"%s\": \"%s\" is not one line", text, error);
}

static void accept_all(whole_parser *parse, const struct whole_case *cases,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = ~cases[i].value;
		char error[200] = "";

		if (parse(cases[i].text, &value, error, sizeof(error)) != 0)
			fail_msg("\"%s\" refused: %s", cases[i].text, error);
		if (value != cases[i].value)
			fail_msg("\"%s\" read as %llu", cases[i].text,
				 (unsigned long long)value);
	}
}

static void refuse_all(whole_parser *parse, const char *const *texts,
		       size_t count, const char *expected)
{
	for (size_t i = 0; i < count; i++) {
		char error[200] = "";
		uint64_t value = 4711;

		if (parse(texts[i], &value, error, sizeof(error)) != -EINVAL)
			fail_msg("\"%s\" read as %llu", texts[i],
				 (unsigned long long)value);
		assert_int_equal(value, 4711);
		check_message(texts[i], error, expected);
	}
}

static void refuse_all_doubles(double_parser *parse, const char *const *texts,
			       size_t count, const char *expected)
{
	for (size_t i = 0; i < count; i++) {
		char error[200] = "";
		double value = 4711;

		if (parse(texts[i], &value, error, sizeof(error)) != -EINVAL)
			fail_msg("\"%s\" read as %g", texts[i], value);
		assert_true(value == 4711);
		check_message(texts[i], error, expected);
	}
}

static void durations_are_exact(void **state)
{
	static const struct whole_case cases[] = {
		{ "50ns", 50 }, { "1us", 1000 }, { "200ms", 200000000 },
		{ "1.5s", 1500000000 }, { "20m", 1200000000000 },
		{ "8h", 28800000000000 }, { "0", 0 }, { "0ns", 0 },
		{ "0.1us", 100 }, { "0.001us", 1 }, { "0.3s", 300000000 },
		{ "1.10us", 1100 }, { "007ns", 7 },
		{ "18446744073709551615ns", UINT64_MAX },
		{ "18446744073.709551615s", UINT64_MAX },
	};

	accept_all(quantity_duration, cases, COUNT_OF(cases));
}

static void doubtful_durations_are_refused(void **state)
{
	static const char *const texts[] = {
		"50", "1.5", "00", "0.0", "", "4x", "1..5s", "1.s", ".5s",
		"1.2.3s", "-1us", "+1us", "-0", " 1us", "1us ", "1 us",
		"1us\n", "1usx", "1uss", "us", "1US", "1e3ns", "0x10ns",
		"1,5s", "1_000ns", "1us,2us", "inf", "nan", "1.5ns",
		"0.0001us", "18446744073709551616ns", "18446744074s",
		"5124096h", "99999999999999999999999999999999999999999999ns",
		"0.00000000000000000000000000000000000000000000s",
	};

	refuse_all(quantity_duration, texts, COUNT_OF(texts), "as in 50ns or 1.5s");
}

static void sizes_are_powers_of_1024(void **state)
{
	static const struct whole_case cases[] = {
		{ "512", 512 }, { "4k", 4096 }, { "4K", 4096 },
		{ "64KiB", 65536 }, { "1M", 1048576 }, { "2MiB", 2097152 },
		{ "3G", 3221225472 }, { "1GiB", 1073741824 }, { "0", 0 },
		{ "1.5k", 1536 }, { "18446744073709551615", UINT64_MAX },
	};
	static const char *const refused[] = {
		"", "4x", "4kB", "4KB", "4kib", "4kk", "-1", "1.5", "0.3k",
		"4 k", "k", "512B", "18446744073709551616", "17179869184G",
	};

	accept_all(quantity_bytes, cases, COUNT_OF(cases));
	refuse_all(quantity_bytes, refused, COUNT_OF(refused), "as in 512 or 64KiB");
}

static void counts_are_whole(void **state)
{
	static const struct whole_case cases[] = {
		{ "0", 0 }, { "32", 32 }, { "18446744073709551615", UINT64_MAX },
	};
	static const char *const refused[] = {
		"", "-1", "+1", "1.0", "4x", " 1", "1 ", "0x10", "1e3", "1,2",
		"18446744073709551616", "99999999999999999999999",
	};

	accept_all(quantity_count, cases, COUNT_OF(cases));
	refuse_all(quantity_count, refused, COUNT_OF(refused), "as in 32");
}

static void percentages_become_fractions(void **state)
{
	static const char *const refused[] = {
		"", "5", "%", "5%%", "5 %", "-5%", "100.1%", "101%", "1..5%",
		"5x", "5%x", "1.0000000000000001%",
	};
	double f = 7;
	char error[200];

	assert_int_equal(quantity_percentage("5%", &f, error, sizeof(error)), 0);
	assert_true(f == 0.05);
	assert_int_equal(quantity_percentage("99.9%", &f, error, sizeof(error)), 0);
	assert_true(f == 0.999);
	assert_int_equal(quantity_percentage("0.7%", &f, error, sizeof(error)), 0);
	assert_true(f == 0.007);
	assert_int_equal(quantity_percentage("100%", &f, error, sizeof(error)), 0);
	assert_true(f == 1);
	assert_int_equal(quantity_percentage("0", &f, error, sizeof(error)), 0);
	assert_true(f == 0);
	refuse_all_doubles(quantity_percentage, refused, COUNT_OF(refused),
			   "as in 5% or 99.9%");
}

static void speeds_are_factors(void **state)
{
	static const char *const refused[] = {
		"", "0", "0.0", "-1", "Max", "maximum", "inf", "4x", "1..5",
		".5", "5.", "1e3", "1000x", "10%", "1234567890.1234567",
	};
	double f = 7;
	char error[200];

	assert_int_equal(quantity_speed("max", &f, error, sizeof(error)), 0);
	assert_true(isinf(f) && f > 0);
	assert_int_equal(quantity_speed("1000", &f, error, sizeof(error)), 0);
	assert_true(f == 1000);
	assert_int_equal(quantity_speed("0.5", &f, error, sizeof(error)), 0);
	assert_true(f == 0.5);
	assert_int_equal(quantity_speed("0.1", &f, error, sizeof(error)), 0);
	assert_true(f == 0.1);
	refuse_all_doubles(quantity_speed, refused, COUNT_OF(refused),
			   "as in 1000 or 0.5");
}

static void lists_keep_their_order(void **state)
{
	struct quantity_list list;
	char error[200];

	assert_int_equal(quantity_list("ticket,spinlock,rcu:mb", &list, error,
				       sizeof(error)), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0], "ticket");
	assert_string_equal(list.items[1], "spinlock");
	assert_string_equal(list.items[2], "rcu:mb");
	quantity_list_fini(&list);
	assert_int_equal(list.count, 0);
	assert_int_equal(quantity_list("one", &list, error, sizeof(error)), 0);
	assert_int_equal(list.count, 1);
	quantity_list_fini(&list);
}

static void doubtful_lists_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "", "is empty" }, { ",", "empty item" }, { "a,", "empty item" },
		{ ",a", "empty item" }, { "a,,b", "empty item" },
		{ "a,b,a", "twice" }, { "a, b", "white space" },
		{ "a ,b", "white space" }, { "a,b\t", "white space" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct quantity_list list = { .count = 4711 };
		char error[200] = "";

		assert_int_equal(quantity_list(cases[i].text, &list, error,
					       sizeof(error)), -EINVAL);
		assert_int_equal(list.count, 4711);
		check_message(cases[i].text, error, cases[i].message);
		check_message(cases[i].text, error, "as in a,b,c");
	}
}

static void ranges_expand_in_place(void **state)
{
	static const uint64_t expected[] = { 9, 1, 2, 3, 4, 7 };
	uint64_t values[6];
	char error[200];
	size_t count = 0;

	assert_int_equal(quantity_counts("9,1-4,7", values, 6, &count, error,
					 sizeof(error)), 0);
	assert_int_equal(count, 6);
	assert_memory_equal(values, expected, sizeof(expected));
	assert_int_equal(quantity_counts("3-3", values, 6, &count, error,
					 sizeof(error)), 0);
	assert_int_equal(count, 1);
	assert_int_equal(values[0], 3);
	assert_int_equal(quantity_counts("18446744073709551614-18446744073709551615",
					 values, 6, &count, error,
					 sizeof(error)), 0);
	assert_int_equal(count, 2);
	assert_true(values[1] == UINT64_MAX);
}

static void doubtful_counts_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "1,1", "twice" }, { "1-4,3", "number twice" },
		{ "3,1-4", "number twice" }, { "01,1", "number twice" },
		{ "4-1", "backwards" }, { "-1", "lacks a number" },
		{ "1-", "lacks a number" }, { "1--4", "whole number" },
		{ "1-2-3", "whole number" }, { "1..4", "whole number" },
		{ "4x", "whole number" }, { "1,2x", "whole number" },
		{ "1.5", "whole number" }, { "", "is empty" },
		{ "1,,2", "empty item" }, { "1-7", "too many" },
		{ "1-4,5-7", "too many" }, { "1-6,8", "too many" },
		{ "0-18446744073709551615", "too many" },
		{ "18446744073709551616", "too large" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char error[200] = "";
		uint64_t values[6];
		size_t count = 4711;

		if (quantity_counts(cases[i].text, values, 6, &count, error,
				    sizeof(error)) != -EINVAL)
			fail_msg("\"%s\" accepted", cases[i].text);
		assert_int_equal(count, 4711);
		check_message(cases[i].text, error, cases[i].message);
		check_message(cases[i].text, error, "as in ");
	}
}

static void rates_are_powers_of_1000(void **state)
{
	static const struct {
		const char *text;
		uint64_t hz;
	} good[] = { { "0", 0 }, { "1", 1 }, { "500", 500 }, { "2k", 2000 }, { "0.5k", 500 }, { "1.5M", 1500000 }, { "1000000", 1000000 } };
	static const char *const bad[] = {
		"", "k", "2K", "2kHz", "2Hz", "2 k", "-1", "1.0005k", "0.5", "2k ", "1e3", "1G", "2ki", "99999999999999999999M",
	};
	char error[200];
	uint64_t hz;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		hz = 4711;
		assert_int_equal(quantity_rate(good[i].text, &hz, error, sizeof(error)), 0);
		assert_int_equal(hz, good[i].hz);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hz = 4711;
		if (quantity_rate(bad[i], &hz, error, sizeof(error)) != -EINVAL)
			fail_msg("\"%s\" accepted", bad[i]);
		assert_int_equal(hz, 4711);
		check_message(bad[i], error, "as in 500 or 2k");
	}
}

static void messages_say_what_is_wrong(void **state)
{
	char error[200], tiny[8];
	uint64_t value;

	quantity_duration("50", &value, error, sizeof(error));
	assert_string_equal(error, "\"50\" has no unit: write a number and ns, "
			    "us, ms, s, m or h, as in 50ns or 1.5s");
	quantity_duration("4x", &value, error, sizeof(error));
	check_message("4x", error, "unknown unit");
	quantity_duration("1..5s", &value, error, sizeof(error));
	check_message("1..5s", error, "no digit after its point");
	quantity_duration("-1s", &value, error, sizeof(error));
	check_message("-1s", error, "negative");
	quantity_duration("1.5ns", &value, error, sizeof(error));
	check_message("1.5ns", error, "not a whole number");
	quantity_duration("18446744074s", &value, error, sizeof(error));
	check_message("18446744074s", error, "too large");
	/* Neither a line break nor an endless text gets through. */
	quantity_duration("1\n2", &value, error, sizeof(error));
	check_message("1\\n2", error, "\"1?2\"");
	quantity_duration("1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			  &value, error, sizeof(error));
	check_message("long", error, "\"... has an unknown unit");
	quantity_duration("50", &value, tiny, sizeof(tiny));
	assert_string_equal(tiny, "\"50\" ha");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_exact),
		cmocka_unit_test(doubtful_durations_are_refused),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(counts_are_whole),
		cmocka_unit_test(percentages_become_fractions),
		cmocka_unit_test(speeds_are_factors),
		cmocka_unit_test(lists_keep_their_order),
		cmocka_unit_test(doubtful_lists_are_refused),
		cmocka_unit_test(ranges_expand_in_place),
		cmocka_unit_test(doubtful_counts_are_refused),
		cmocka_unit_test(rates_are_powers_of_1000),
		cmocka_unit_test(messages_say_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
