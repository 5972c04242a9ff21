/* SPDX-License-Identifier: MIT */
/*
 * Plans of faults: their text, and when what they say happens.  Seeds are fixed, so that the tolerances, five standard
 * errors, are met always or never.
 */
#include "tests/unit/fake_source.h"

#include <math.h>

#include "bench/cell/fault_list.h"

#define OCCASIONS 100000
#define SECOND UINT64_C(1000000000)

static struct faults faults;

static void plan(const char *text, uint64_t seed)
{
	const struct stamp_scale scale = fake_scale();
	struct fault_plan parsed;
	char error[256] = "";

	if (fault_list_parse(text, &parsed, error, sizeof(error)))
		fail_msg("%s: %s", text, error);
	faults_init(&faults, &parsed, &scale, seed);
}

static void test_the_same_seed_has_the_same_faults(void **state)
{
	static bool before[2000];
	unsigned differ = 0;

	plan("lost=0.1", 7);
	for (unsigned i = 0; i < 2000; i++)
		before[i] = faults_strike(&faults, FAULT_LOST, 1 + i);
	/* Whatever else there is, and however often that is asked in between. */
	plan("lost=0.1,slow=0.5", 7);
	for (unsigned i = 0; i < 2000; i++) {
		for (unsigned n = 0; n < i % 3; n++)
			faults_strike(&faults, FAULT_SLOW, 5 + i);
		assert_int_equal(faults_strike(&faults, FAULT_LOST, 9 + i), before[i]);
	}
	plan("lost=0.1", 8);
	for (unsigned i = 0; i < 2000; i++)
		differ += faults_strike(&faults, FAULT_LOST, 1 + i) != before[i];
	assert_true(differ > 200);
}

static void test_kinds_have_streams_of_their_own(void **state)
{
	unsigned differ = 0;

	plan("lost=0.5,error=0.5,drop=0.5", 1);
	for (unsigned i = 0; i < 2000; i++) {
		bool lost = faults_strike(&faults, FAULT_LOST, 1), error = faults_strike(&faults, FAULT_ERROR, 1);

		differ += lost != error;
		differ += error != faults_strike(&faults, FAULT_DROP, 1);
	}
	assert_true(differ > 1800 && differ < 2200);
}

static void check_chance(double chance, uint64_t seed)
{
	double n = OCCASIONS, hits = 0;
	char text[64];

	snprintf(text, sizeof(text), "error=%g", chance);
	plan(text, seed);
	for (unsigned i = 0; i < OCCASIONS; i++)
		hits += faults_strike(&faults, FAULT_ERROR, 1);
	assert_true(fabs(hits - n * chance) <= 5 * sqrt(n * chance * (1 - chance)));
	assert_int_equal(faults_injected(&faults, FAULT_ERROR), (uint64_t)hits);
	assert_int_equal(faults_injected_total(&faults), (uint64_t)hits);
}

static void test_a_chance_is_as_large_as_it_says(void **state)
{
	const double chances[] = { 1e-3, 0.01, 0.3, 0.5, 1 };

	for (unsigned i = 0; i < 5; i++) {
		for (uint64_t seed = 1; seed < 5; seed++)
			check_chance(chances[i], seed);
	}
}

static void test_a_rate_is_by_time(void **state)
{
	const double expected = 500;
	double hits = 0, soon = 0;

	plan("storm=50/s", 3);
	/* However dense the occasions are. */
	for (uint64_t now = 1; now < 10 * SECOND; now += SECOND / (now < SECOND ? 1000 : 5000)) {
		bool hit = faults_strike(&faults, FAULT_STORM, now);

		hits += hit;
		soon += hit && now < SECOND;
	}
	assert_true(fabs(hits - expected) <= 5 * sqrt(expected));
	assert_true(fabs(soon - expected / 10) <= 5 * sqrt(expected / 10));
}

static void test_once_is_once_and_then(void **state)
{
	unsigned hits = 0;

	plan("remove@5ms", 3);
	for (uint64_t now = 1000; now < SECOND; now += 1000) {
		bool hit = faults_strike(&faults, FAULT_REMOVE, now);

		/* From the first occasion on. */
		assert_int_equal(hit, now == 1000 + 5000000);
		hits += hit;
	}
	assert_int_equal(hits, 1);
	plan("hang@0", 3);
	assert_true(faults_strike(&faults, FAULT_HANG, 77));
	assert_false(faults_strike(&faults, FAULT_HANG, 78));
}

static void test_time_begins_with_the_first_occasion_of_any_kind(void **state)
{
	plan("remove@1ms,lost=1e-6", 3);
	assert_false(faults_strike(&faults, FAULT_LOST, 1000));
	assert_true(faults_strike(&faults, FAULT_REMOVE, 1001000));
}

static void test_what_is_not_planned_is_not_drawn(void **state)
{
	plan("lost=1", 3);
	for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++) {
		if (kind != FAULT_LOST)
			assert_false(faults_strike(&faults, (enum fault_kind)kind, 1));
		assert_int_equal(faults.kind[kind].occasions, 0);
	}
	assert_int_equal(faults.begin, 0);
	assert_int_equal(faults_injected_total(&faults), 0);
	assert_true(faults_strike(&faults, FAULT_LOST, 1));
}

static void test_lists_have_one_form(void **state)
{
	const char *const lists[][2] = {
		{ "lost=1e-3", "lost=0.001" },
		{ "lost=0.1%", "lost=0.001" },
		{ "storm=0.1/s", "storm=0.1/s:200us" },
		{ "slow=1e-3:2000us,lost=1", "lost=1,slow=0.001:2ms" },
		{ "remove@0.5s,reset=0.5/s,hang=1e-5,error=1e-3,storm=0.1/s:250ns,duplicate=1e-3,spurious=1e-3,lost=1e-3",
		  "lost=0.001,duplicate=0.001,storm=0.1/s:250ns,spurious=0.001,hang=1e-05,reset=0.5/s,remove@500ms,error=0.001" },
		{ "hang@0,busy=1,full=2/s,drop=0.5", "hang@0,busy=1,full=2/s,drop=0.5" },
		{ "surprise@1s,bus-reset=5/s,stop=1/s", "stop=1/s:2ms,bus-reset=5/s,surprise@1000ms" },
	};

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char text[FAULT_LIST_BYTES], again[FAULT_LIST_BYTES];

		plan(lists[i][0], 1);
		fault_list_format(&faults.plan, text);
		assert_string_equal(text, lists[i][1]);
		plan(text, 1);
		fault_list_format(&faults.plan, again);
		assert_string_equal(again, text);
	}
	plan("slow=1:3ms", 1);
	assert_int_equal(faults_ticks(&faults, FAULT_SLOW), 3000000);
}

static void test_the_longest_list_fits(void **state)
{
	char text[1024] = "", shared[FAULT_LIST_BYTES];
	struct fault_plan parsed, again;
	char error[256];

	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=1.23456e-05/s%s", k ? "," : "",
			 fault_kind_name((enum fault_kind)k), fault_kind_takes_time((enum fault_kind)k) ? ":3599999999999ns" : "");
	assert_int_equal(fault_list_parse(text, &parsed, error, sizeof(error)), 0);
	fault_list_format(&parsed, shared);
	assert_true(strlen(shared) < FAULT_LIST_BYTES - 1);
	assert_int_equal(fault_list_parse(shared, &again, error, sizeof(error)), 0);
	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++)
		assert_true(fault_plan_has(&again, (enum fault_kind)k) && again.rule[k].rate_hz == parsed.rule[k].rate_hz);
}

static void test_mistakes_are_named(void **state)
{
	const char *const mistakes[][2] = {
		{ "losst=1e-3", "'losst=1e-3' is of no kind; use lost, duplicate, storm, spurious" },
		{ "lost", "does not say when; use KIND=CHANCE, KIND=RATE/s or KIND@TIME" },
		{ "lost:1us", "does not say when" },
		{ "lost=", "neither a chance above 0 and up to 1, such as lost=1e-3, nor a rate" },
		{ "lost=0", "neither a chance above 0" },
		{ "lost=1.5", "neither a chance above 0" },
		{ "lost=-1", "neither a chance above 0" },
		{ "lost=nan", "neither a chance above 0" },
		{ "lost=0x1p-3", "neither a chance above 0" },
		{ "lost=101%", "neither a chance above 0" },
		{ "lost=1e-3x", "neither a chance above 0" },
		{ "storm=0/s", "has a rate that is no number from 1e-6 to 1e6" },
		{ "storm=/s", "has a rate" },
		{ "storm=1e9/s", "has a rate" },
		{ "storm=1/s:0", "takes no time; leave it out" },
		{ "storm=1/s:5", "has a time that is none, or beyond an hour; use such as 200us or 0.5s" },
		{ "storm=1/s:2h", "has a time that is none" },
		{ "lost=1e-3:1us", "this kind takes none; storm, slow and stop do" },
		{ "remove@", "has a time that is none" },
		{ "remove@5", "has a time that is none" },
		{ "lost=1e-3,lost=1/s", "is of a kind that is there already; give each once" },
		{ "", "" },
		{ "lost=1e-3,", "" },
		{ "lost=1e-3, slow=1e-3", "" },
		{ "lost=0.00000000000000000000000000000000000000000000000000000000001", "is too long" },
	};

	for (unsigned i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct fault_plan parsed = { .rule[FAULT_DROP].chance = 0.25 };
		char error[256] = "";

		if (!fault_list_parse(mistakes[i][0], &parsed, error, sizeof(error)))
			fail_msg("'%s' was taken", mistakes[i][0]);
		if (!error[0] || strchr(error, '\n') || !strstr(error, mistakes[i][1]))
			fail_msg("'%s': %s", mistakes[i][0], error);
		assert_true(parsed.rule[FAULT_DROP].chance == 0.25);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_seed_has_the_same_faults),
		cmocka_unit_test(test_kinds_have_streams_of_their_own),
		cmocka_unit_test(test_a_chance_is_as_large_as_it_says),
		cmocka_unit_test(test_a_rate_is_by_time),
		cmocka_unit_test(test_once_is_once_and_then),
		cmocka_unit_test(test_time_begins_with_the_first_occasion_of_any_kind),
		cmocka_unit_test(test_what_is_not_planned_is_not_drawn),
		cmocka_unit_test(test_lists_have_one_form),
		cmocka_unit_test(test_the_longest_list_fits),
		cmocka_unit_test(test_mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
