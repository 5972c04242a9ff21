/* SPDX-License-Identifier: MIT */
/* Cells of a finished run, chosen by their keys. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/run_data/key_filter.h"

static bool holds(const char *filter, enum run_key key, const char *value)
{
	struct run_cell cell = { .cell_id = "0" };
	struct key_filter f;
	char error[512];
	bool is;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell.key[k] = "";
	cell.key[key] = value;
	assert_int_equal(key_filter_parse(&f, filter, error, sizeof(error)), 0);
	is = key_filter_holds(&f, &cell);
	key_filter_fini(&f);
	return is;
}

static void test_texts_and_patterns(void **state)
{
	assert_true(holds("backend=mcs", RUN_KEY_BACKEND, "mcs"));
	assert_false(holds("backend=mc", RUN_KEY_BACKEND, "mcs"));
	assert_true(holds("backend=ticket,mcs", RUN_KEY_BACKEND, "mcs"));
	assert_true(holds("backend=rcu-*", RUN_KEY_BACKEND, "rcu-mb"));
	assert_false(holds("backend=rcu-*", RUN_KEY_BACKEND, "mcs"));
	assert_false(holds("backend!=rcu-*,mcs", RUN_KEY_BACKEND, "mcs"));
	assert_true(holds("backend!=rcu-*,ticket", RUN_KEY_BACKEND, "mcs"));
	assert_true(holds("run=a=b", RUN_KEY_RUN, "a=b"));
}

static void test_sets_of_backends(void **state)
{
	assert_true(holds("backend=all", RUN_KEY_BACKEND, "mcs"));
	assert_false(holds("backend=all-peers", RUN_KEY_BACKEND, "mcs"));
	assert_true(holds("backend=all-peers", RUN_KEY_BACKEND, "ck-mcs"));
	assert_false(holds("backend=all", RUN_KEY_BACKEND, "no-such"));
}

static void test_numbers(void **state)
{
	assert_true(holds("cpus=2", RUN_KEY_CPUS, "2"));
	assert_true(holds("cpus=2.0", RUN_KEY_CPUS, "2"));
	assert_false(holds("cpus=2", RUN_KEY_CPUS, "12"));
	assert_true(holds("section_ns=2e3", RUN_KEY_SECTION_NS, "2000"));
	assert_true(holds("section_ns=2us", RUN_KEY_SECTION_NS, "2000"));
	assert_false(holds("section_ns=2us", RUN_KEY_SECTION_NS, "2"));
	assert_true(holds("io_bytes=4k", RUN_KEY_IO_BYTES, "4096"));
	assert_true(holds("irq_rate_hz=4k", RUN_KEY_IRQ_RATE_HZ, "4000"));
	assert_true(holds("duration_s=200ms", RUN_KEY_DURATION_S, "0.199999999"));
	assert_true(holds("duration_s=0.2", RUN_KEY_DURATION_S, "0.199999999"));
	assert_false(holds("duration_s=0.2", RUN_KEY_DURATION_S, "0.21"));
	assert_false(holds("section_ns=2000", RUN_KEY_SECTION_NS, "2001"));
	assert_false(holds("cpus=2", RUN_KEY_CPUS, ""));
}

static void test_ranges(void **state)
{
	assert_true(holds("cpus=2-4", RUN_KEY_CPUS, "2"));
	assert_true(holds("cpus=1,2-4", RUN_KEY_CPUS, "4"));
	assert_false(holds("cpus=2-4", RUN_KEY_CPUS, "1"));
	assert_false(holds("cpus=2-4", RUN_KEY_CPUS, "5"));
	assert_false(holds("cpus!=2-4", RUN_KEY_CPUS, "3"));
	assert_false(holds("cpus=2-4x", RUN_KEY_CPUS, "3"));
}

static void test_empty(void **state)
{
	assert_true(holds("inject_ns=", RUN_KEY_INJECT_NS, ""));
	assert_false(holds("inject_ns=", RUN_KEY_INJECT_NS, "0"));
	assert_true(holds("inject_ns!=", RUN_KEY_INJECT_NS, "0"));
	assert_true(holds("inject=off", RUN_KEY_INJECT_NS, ""));
	assert_false(holds("inject=off", RUN_KEY_INJECT_NS, "0"));
	assert_false(holds("inject=0", RUN_KEY_INJECT_NS, ""));
}

static void test_dimensions(void **state)
{
	static const struct {
		const char *filter;
		enum run_key key;
		const char *value;
	} cases[] = {
		{ "backends=mcs", RUN_KEY_BACKEND, "mcs" }, { "routing=same", RUN_KEY_IRQ_ROUTING, "same" },
		{ "section=1us", RUN_KEY_SECTION_NS, "1000" }, { "think=1us", RUN_KEY_THINK_NS, "1000" },
		{ "io-size=4KiB", RUN_KEY_IO_BYTES, "4096" }, { "inject=20us", RUN_KEY_INJECT_NS, "20000" },
		{ "bystander=1k", RUN_KEY_IRQ_RATE_HZ, "1000" }, { "queue-depth=8", RUN_KEY_QUEUE_DEPTH, "8" },
		{ "host=vm", RUN_KEY_HOST_ID, "vm" }, { "build=b7", RUN_KEY_BUILD_ID, "b7" },
		{ "delivery=poll", RUN_KEY_DELIVERY, "poll" }, { "service-time=5us", RUN_KEY_SERVICE_TIME, "5us" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(holds(cases[i].filter, cases[i].key, cases[i].value));
		assert_false(holds(cases[i].filter, cases[i].key, "3"));
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = { "", "backend", "=mcs", "!=mcs", "color=red", "backend=,mcs", "backend=mcs,", "cpus=1,,2", "preempt=1k/1us" };
	struct key_filter f;
	char error[512];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		error[0] = '\0';
		assert_int_equal(key_filter_parse(&f, texts[i], error, sizeof(error)), -EINVAL);
		assert_true(error[0]);
		assert_null(f.value);
	}
	assert_int_equal(key_filter_parse(&f, "color=red", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "'color' is no key of a run; the nearest are "));
	assert_int_equal(key_filter_parse(&f, "cpu=1", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "the nearest are cpus,"));
	assert_int_equal(key_filter_parse(&f, "sektion=1", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "section_ns"));
	assert_int_equal(key_filter_parse(&f, "sectoin=1", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "the nearest are section_ns,"));
	assert_int_equal(key_filter_parse(&f, "preempt=1", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "use preempt_rate_hz or preempt_ns"));
	assert_int_equal(key_filter_parse(&f, "a-name-that-is-longer-than-any-key-of-any-run-could-be=1", error, sizeof(error)), -EINVAL);
	/* Cut off, never written beyond. */
	memset(error, '#', sizeof(error));
	assert_int_equal(key_filter_parse(&f, "color=red", error, 16), -EINVAL);
	assert_int_equal(error[15], '\0');
	assert_int_equal(error[16], '#');
}

static void test_all_must_hold(void **state)
{
	struct run_cell cell = { .cell_id = "0" };
	struct key_filter f[2];
	char error[512];

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell.key[k] = "";
	cell.key[RUN_KEY_BACKEND] = "mcs";
	cell.key[RUN_KEY_CPUS] = "2";
	assert_int_equal(key_filter_parse(&f[0], "backend=mcs", error, sizeof(error)), 0);
	assert_int_equal(key_filter_parse(&f[1], "cpus=1", error, sizeof(error)), 0);
	assert_true(key_filters_hold(f, 0, &cell));
	assert_true(key_filters_hold(f, 1, &cell));
	assert_false(key_filters_hold(f, 2, &cell));
	key_filter_fini(&f[0]);
	key_filter_fini(&f[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_and_patterns), cmocka_unit_test(test_sets_of_backends), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ranges),             cmocka_unit_test(test_empty),            cmocka_unit_test(test_dimensions),
		cmocka_unit_test(test_refused),            cmocka_unit_test(test_all_must_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
