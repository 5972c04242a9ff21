/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark through the shim: what is registered is run, every
 * repetition is reported once, whatever is displayed; the JSON is JSON; a wrong
 * option is named.  Times are made up by the benchmarks, so that they can be
 * compared exactly.
 */
#define _GNU_SOURCE /* setenv */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench/gbench/gbench.h"
#include "bench/gbench/gbench_flags.h"
#include "tests/unit/temp_folder.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define RESULTS_MAX 64
#define NS_PER_ITERATION 250.0

/* Copies of what the callback saw. */
struct seen {
	char name[40];
	char aggregate[20];
	char skipped[60];
	bool is_ratio;
	unsigned repetition;
	uint64_t iterations;
	double real_ns;
	size_t counters;
	char counter_name[40];
	double counter_value;
};

static struct seen seen[RESULTS_MAX];
static size_t seen_count;
static char error[600];

static void note(void *context, const struct gbench_result *result)
{
	struct seen *s = &seen[seen_count++];

	assert_true(seen_count <= RESULTS_MAX);
	assert_ptr_equal(context, seen);
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", result->name);
	snprintf(s->aggregate, sizeof(s->aggregate), "%s", result->aggregate ? result->aggregate : "");
	snprintf(s->skipped, sizeof(s->skipped), "%s", result->skipped ? result->skipped : "");
	s->is_ratio = result->aggregate_is_ratio;
	s->repetition = result->repetition;
	s->iterations = result->iterations;
	s->real_ns = result->real_ns;
	s->counters = result->counters;
	if (result->counters) {
		snprintf(s->counter_name, sizeof(s->counter_name), "%s", result->counter[0].name);
		s->counter_value = result->counter[0].value;
	}
}

static double made_up_seconds(uint64_t iterations)
{
	return (double)iterations * NS_PER_ITERATION * 1e-9;
}

static double steady(struct gbench_state *state, uint64_t iterations, void *context)
{
	unsigned *calls = context;

	if (calls)
		++*calls;
	gbench_set_counter(state, "width", 7);
	return made_up_seconds(iterations);
}

/* One and three times as long, in turn. */
static double varying(struct gbench_state *state, uint64_t iterations, void *context)
{
	unsigned *calls = context;

	return made_up_seconds(iterations) * ((*calls)++ % 2 ? 3 : 1);
}

static double other_counter(struct gbench_state *state, uint64_t iterations, void *context)
{
	gbench_set_counter(state, "height", 8);
	return made_up_seconds(iterations);
}

/* A zero on average, of which the library makes a coefficient of variation of 0/0. */
static double zero_counter(struct gbench_state *state, uint64_t iterations, void *context)
{
	gbench_set_counter(state, "width", 0);
	gbench_set_counter(state, "nonsense", NAN);
	return made_up_seconds(iterations);
}

static double skipping(struct gbench_state *state, uint64_t iterations, void *context)
{
	gbench_skip(state, "no such machine");
	return 0;
}

static double wrong_time(struct gbench_state *state, uint64_t iterations, void *context)
{
	return *(double *)context;
}

static int set_up(void **state)
{
	seen_count = 0;
	memset(error, 0, sizeof(error));
	return 0;
}

static int tear_down(void **state)
{
	gbench_clear();
	return 0;
}

static int initialize_with(const char *const *defaults, const char *a, const char *b)
{
	char *argv[] = { (char *)"the program", (char *)a, (char *)b, NULL };
	int argc = 1 + (a != NULL) + (b != NULL);

	return gbench_initialize(argc, argv, defaults, error, sizeof(error));
}

static void initialize(const char *a, const char *b)
{
	assert_int_equal(initialize_with(NULL, a, b), 0);
}

static void add(const char *name, gbench_function *function, void *context)
{
	static const struct gbench_options ten = { .iterations = 10 };

	assert_int_equal(gbench_register(name, function, context, &ten), 0);
}

static int run(char **json)
{
	struct gbench_observer observer = { .result = note, .context = seen, .json = json, .quiet = true };

	return gbench_run(&observer);
}

static size_t count_repetitions(const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < seen_count; i++) {
		if (!*seen[i].aggregate && strcmp(seen[i].name, name) == 0)
			assert_int_equal(seen[i].repetition, n++);
	}
	return n;
}

static void test_every_repetition_is_reported_once(void **state)
{
	unsigned calls = 0;

	initialize("--benchmark_repetitions=4", NULL);
	add("one", steady, &calls);
	add("two", steady, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(count_repetitions("one"), 4);
	assert_int_equal(count_repetitions("two"), 4);
	assert_int_equal(calls, 4);
}

static void test_result_is_what_the_function_returned(void **state)
{
	initialize(NULL, NULL);
	add("one", steady, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].name, "one");
	assert_int_equal(seen[0].iterations, 10);
	assert_true(fabs(seen[0].real_ns - NS_PER_ITERATION) < 1e-6);
	assert_int_equal(seen[0].counters, 1);
	assert_string_equal(seen[0].counter_name, "width");
	assert_true(seen[0].counter_value == 7);
	assert_string_equal(seen[0].skipped, "");
}

static void test_iterations_are_found_automatically(void **state)
{
	const uint64_t enough = 400000; /* of 250 ns in 0.1 s */

	initialize("--benchmark_min_time=0.1", NULL);
	assert_int_equal(gbench_register("one", steady, NULL, NULL), 0);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(seen_count, 1);
	assert_true(seen[0].iterations >= enough);
	assert_true(fabs(seen[0].real_ns - NS_PER_ITERATION) < 1e-6);
}

static const struct seen *find_aggregate(const char *aggregate)
{
	for (size_t i = 0; i < seen_count; i++) {
		if (strcmp(seen[i].aggregate, aggregate) == 0)
			return &seen[i];
	}
	fail_msg("no %s", aggregate);
	return NULL;
}

static void test_aggregates_in_ns_and_as_fraction(void **state)
{
	unsigned calls = 0;

	/* the unit is for display only */
	initialize("--benchmark_repetitions=2", "--benchmark_time_unit=ms");
	add("one", varying, &calls);
	assert_int_equal(run(NULL), 0);
	assert_true(fabs(find_aggregate("mean")->real_ns - 2 * NS_PER_ITERATION) < 1e-6);
	assert_true(fabs(find_aggregate("stddev")->real_ns - sqrt(2) * NS_PER_ITERATION) < 1e-6);
	assert_false(find_aggregate("stddev")->is_ratio);
	assert_true(find_aggregate("cv")->is_ratio);
	assert_true(fabs(find_aggregate("cv")->real_ns - sqrt(0.5)) < 1e-6);
}

static void test_options_of_a_benchmark_count_for_it_alone(void **state)
{
	static const struct gbench_options twice = { .min_time_s = 0.001, .repetitions = 2 };
	static const struct gbench_options impossible = { .min_time_s = 0.001, .iterations = 1 };

	initialize("--benchmark_repetitions=3", NULL);
	add("three", steady, NULL);
	assert_int_equal(gbench_register("twice", steady, NULL, &twice), 0);
	assert_int_equal(gbench_register("never", steady, NULL, &impossible), -EINVAL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(count_repetitions("three"), 3);
	assert_int_equal(count_repetitions("twice"), 2);
	assert_int_equal(count_repetitions("never"), 0);
}

static void test_defaults_yield_to_the_user(void **state)
{
	static const char *const defaults[] = { "--benchmark_repetitions=3", "--benchmark_format=csv", NULL };

	assert_int_equal(initialize_with(defaults, NULL, NULL), 0);
	assert_string_equal(gbench_format(), "csv");
	add("one", steady, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(count_repetitions("one"), 3);
	seen_count = 0;
	assert_int_equal(initialize_with(defaults, "--benchmark_repetitions=2", "--benchmark_format=json"), 0);
	assert_string_equal(gbench_format(), "json");
	assert_int_equal(run(NULL), 0);
	assert_int_equal(count_repetitions("one"), 2);
}

static void test_a_skip_carries_its_reason(void **state)
{
	initialize("--benchmark_repetitions=2", NULL);
	add("one", skipping, NULL);
	add("two", steady, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(count_repetitions("one"), 2);
	assert_int_equal(count_repetitions("two"), 2);
	for (size_t i = 0; i < seen_count; i++)
		assert_string_equal(seen[i].skipped, strcmp(seen[i].name, "one") == 0 ? "no such machine" : "");
}

static void test_an_impossible_time_is_no_result(void **state)
{
	double times[] = { NAN, INFINITY, -1 };

	initialize(NULL, NULL);
	for (size_t i = 0; i < LENGTH(times); i++)
		add("one", wrong_time, &times[i]);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(seen_count, LENGTH(times));
	for (size_t i = 0; i < seen_count; i++)
		assert_string_not_equal(seen[i].skipped, "");
}

/* The entries of "benchmarks", whose root the caller releases. */
static json_t *parse(const char *text, json_t **root)
{
	json_error_t at;

	*root = json_loads(text, 0, &at);
	if (!*root)
		fail_msg("%s at line %d", at.text, at.line);
	assert_true(json_is_object(json_object_get(*root, "context")));
	return json_object_get(*root, "benchmarks");
}

static void test_json_has_every_repetition(void **state)
{
	char *text;
	json_t *root;
	json_t *entries;
	json_t *first;

	initialize("--benchmark_repetitions=3", "--benchmark_report_aggregates_only=true");
	add("one", steady, NULL);
	add("two", skipping, NULL);
	assert_int_equal(run(&text), 0);
	entries = parse(text, &root);
	/* 3 and 4 aggregates, and 3 that were skipped: what is displayed does not matter */
	assert_int_equal(json_array_size(entries), 10);
	first = json_array_get(entries, 0);
	assert_string_equal(json_string_value(json_object_get(first, "run_name")), "one/iterations:10/manual_time");
	assert_true(fabs(json_number_value(json_object_get(first, "real_time")) - NS_PER_ITERATION) < 1e-6);
	assert_true(json_number_value(json_object_get(first, "width")) == 7);
	assert_true(json_number_value(json_object_get(first, "threads")) == 1);
	assert_string_equal(json_string_value(json_object_get(json_object_get(root, "context"), "executable")),
			    "the program");
	json_decref(root);
	free(text);
}

static void test_json_survives_what_is_not_a_number(void **state)
{
	char *text;
	json_t *root;
	json_t *first;

	initialize("--benchmark_repetitions=2", NULL);
	add("one", zero_counter, NULL);
	assert_int_equal(run(&text), 0);
	first = json_array_get(parse(text, &root), 0);
	assert_true(json_number_value(json_object_get(first, "width")) == 0);
	assert_null(json_object_get(first, "nonsense"));
	json_decref(root);
	free(text);
}

/* A file of 64 KiB at most, as a string. */
static char *read_all(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "r");
	size_t bytes;

	assert_non_null(file);
	bytes = fread(text, 1, sizeof(text) - 1, file);
	assert_int_equal(ferror(file), 0);
	fclose(file);
	text[bytes] = '\0';
	return text;
}

static const char *temporary(void)
{
	static char path[80];
	char folder[TEMP_FOLDER_BYTES];

	assert_int_equal(temp_folder_make(folder), 0);
	snprintf(path, sizeof(path), "%s/out", folder);
	return path;
}

static char *out_option(const char *path)
{
	static char option[120];

	snprintf(option, sizeof(option), "--benchmark_out=%s", path);
	return option;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_csv_takes_different_counters(void **state)
{
	const char *path = temporary();
	const char *text;

	initialize(out_option(path), "--benchmark_out_format=csv");
	add("skipped first", skipping, NULL);
	add("one", steady, NULL);
	add("two", other_counter, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(seen_count, 3);
	text = read_all(path);
	assert_int_equal(count_lines(text), 4);
	assert_non_null(strstr(text, ",\"height\",\"width\"\n"));
}

static void test_file_of_aggregates_only(void **state)
{
	static const char *const defaults[] = { "--benchmark_repetitions=3", NULL };
	const char *path = temporary();
	json_t *root;

	assert_int_equal(initialize_with(defaults, out_option(path), "--benchmark_report_aggregates_only"), 0);
	add("one", steady, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(count_repetitions("one"), 3);
	assert_int_equal(json_array_size(parse(read_all(path), &root)), 4);
	json_decref(root);
}

static void test_what_is_displayed_is_only_displayed(void **state)
{
	static const char *const defaults[] = { "--benchmark_repetitions=2", NULL };
	struct gbench_observer observer = { .result = note, .context = seen };
	const char *path = temporary();
	int saved = dup(STDOUT_FILENO);
	json_t *root;
	int err;

	assert_int_equal(initialize_with(defaults, "--benchmark_format=json", "--benchmark_display_aggregates_only"), 0);
	add("one", steady, NULL);
	fflush(stdout);
	assert_non_null(freopen(path, "w", stdout));
	err = gbench_run(&observer);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(err, 0);
	assert_int_equal(count_repetitions("one"), 2);
	assert_int_equal(json_array_size(parse(read_all(path), &root)), 4);
	json_decref(root);
}

static void test_listing_runs_nothing(void **state)
{
	unsigned calls = 0;
	struct gbench_observer observer = { .result = note, .context = seen };
	const char *path = temporary();
	int saved = dup(STDOUT_FILENO);
	int err;

	initialize("--benchmark_list_tests", NULL);
	assert_true(gbench_lists_only());
	add("one", steady, &calls);
	fflush(stdout);
	assert_non_null(freopen(path, "w", stdout));
	err = gbench_run(&observer);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(err, 0);
	assert_int_equal(calls, 0);
	assert_int_equal(seen_count, 0);
	assert_string_equal(read_all(path), "one/iterations:10/manual_time\n");
}

static void test_filter(void **state)
{
	initialize("--benchmark_filter=tw", NULL);
	add("one", steady, NULL);
	add("two", steady, NULL);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].name, "two");
}

static void test_nothing_selected(void **state)
{
	char *text = NULL;

	initialize("--benchmark_filter=three", NULL);
	add("one", steady, NULL);
	assert_int_equal(run(&text), -ENOENT);
	assert_null(text);
}

static void test_unknown_option_is_named(void **state)
{
	assert_int_equal(initialize_with(NULL, "--benchmark_foo=1", NULL), -EINVAL);
	assert_non_null(strstr(error, "'--benchmark_foo=1'"));
	assert_non_null(strstr(error, "--benchmark_filter"));
	assert_null(strchr(error, '\n'));
	assert_int_equal(initialize_with(NULL, "--benchmark_filterx=1", NULL), -EINVAL);
	assert_int_equal(initialize_with(NULL, "stray", NULL), -EINVAL);
}

static void test_wrong_values_are_named(void **state)
{
	static const struct {
		const char *argument;
		const char *right;
	} wrong[] = {
		{ "--benchmark_format=xml", "console, json or csv" },
		{ "--benchmark_out_format=", "console, json or csv" },
		{ "--benchmark_min_time=0.5s", "seconds" },
		{ "--benchmark_min_time=", "seconds" },
		{ "--benchmark_min_time=nan", "seconds" },
		{ "--benchmark_min_time=-1", "seconds" },
		{ "--benchmark_repetitions=0", "from 1" },
		{ "--benchmark_repetitions=3x", "from 1" },
		{ "--benchmark_repetitions=99999999999", "from 1" },
		{ "--benchmark_list_tests=maybe", "true or false" },
		{ "--benchmark_color=blue", "auto, true or false" },
		{ "--benchmark_time_unit=h", "ns, us, ms or s" },
		{ "--benchmark_context=a", "KEY=VALUE" },
		{ "--benchmark_context=a=1,b", "KEY=VALUE" },
		{ "--benchmark_context=a=1=2", "KEY=VALUE" },
		{ "--benchmark_context=a=1,", "KEY=VALUE" },
		{ "--v=x", "whole number" },
		{ "--benchmark_filter", "--benchmark_filter=VALUE" },
		{ "--benchmark_out=/nonexistent/file", "/nonexistent/file" },
	};

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		size_t name = strcspn(wrong[i].argument, "=");

		error[0] = '\0';
		assert_int_equal(initialize_with(NULL, wrong[i].argument, NULL), -EINVAL);
		if (!strstr(error, wrong[i].right) || !memmem(error, strlen(error), wrong[i].argument, name))
			fail_msg("%s: %s", wrong[i].argument, error);
	}
}

static void test_right_values_are_taken(void **state)
{
	static const char *const right[] = {
		"--benchmark_format=csv", "--benchmark_min_time=1e-3", "--benchmark_min_time=0", "--benchmark_color=no",
		"--benchmark_list_tests=false", "--benchmark_counters_tabular", "--benchmark_time_unit=us",
		"--benchmark_filter=", "--benchmark_context=", "--benchmark_perf_counters=", "--v=0",
		"--benchmark_enable_random_interleaving=1",
	};

	for (size_t i = 0; i < LENGTH(right); i++) {
		if (initialize_with(NULL, right[i], NULL))
			fail_msg("%s: %s", right[i], error);
	}
}

static void test_whose_option_it_is(void **state)
{
	assert_true(gbench_is_option("--benchmark_foo"));
	assert_true(gbench_is_option("--v=1"));
	assert_false(gbench_is_option("--backends=ticket"));
	assert_false(gbench_is_option("--verbose"));
	assert_false(gbench_is_option("benchmark_format"));
}

static void test_help_names_every_option(void **state)
{
	size_t i;

	for (i = 0; gbench_flags_default(i); i++) {
		char name[80];

		snprintf(name, sizeof(name), "%s", gbench_flags_default(i));
		name[strcspn(name, "=")] = '\0';
		if (!strstr(gbench_help(), name))
			fail_msg("%s", name);
	}
	assert_true(i > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_repetition_is_reported_once),
		TEST(test_result_is_what_the_function_returned),
		TEST(test_iterations_are_found_automatically),
		TEST(test_aggregates_in_ns_and_as_fraction),
		TEST(test_options_of_a_benchmark_count_for_it_alone),
		TEST(test_defaults_yield_to_the_user),
		TEST(test_a_skip_carries_its_reason),
		TEST(test_an_impossible_time_is_no_result),
		TEST(test_json_has_every_repetition),
		TEST(test_json_survives_what_is_not_a_number),
		TEST(test_csv_takes_different_counters),
		TEST(test_file_of_aggregates_only),
		TEST(test_what_is_displayed_is_only_displayed),
		TEST(test_listing_runs_nothing),
		TEST(test_filter),
		TEST(test_nothing_selected),
		TEST(test_unknown_option_is_named),
		TEST(test_wrong_values_are_named),
		TEST(test_right_values_are_taken),
		TEST(test_whose_option_it_is),
		TEST(test_help_names_every_option),
	};

	/* The library reads its variables before main: every test is run with some that would fail it. */
	if (!getenv("BENCHMARK_REPETITIONS")) {
		setenv("BENCHMARK_REPETITIONS", "7", 1);
		setenv("BENCHMARK_FILTER", "nothing", 1);
		setenv("BENCHMARK_FORMAT", "xml", 1);
		setenv("BENCHMARK_OUT", "/nonexistent/file", 1);
		setenv("BENCHMARK_REPORT_AGGREGATES_ONLY", "true", 1);
		execv("/proc/self/exe", argv);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
