/* SPDX-License-Identifier: MIT */
/* Warm-up: which series of throughputs count as steady, and when the measured window begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/cell/steady.h"
#include "hba_sim/devices/service_time.h"

#define WINDOW 1000

/* The verdict on windows of equal length with so many I/Os each. */
static enum steady_verdict judge_n(const uint64_t *ios, unsigned n)
{
	struct steady steady;
	uint64_t sum = 17;

	steady_start(&steady, 5000, sum);
	for (unsigned i = 0; i < n; i++) {
		sum += ios[i];
		steady_note(&steady, 5000 + (i + 1) * WINDOW, sum);
	}
	return steady_judge(&steady);
}

#define JUDGE(...) judge_n((const uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static void flat_is_steady(void **state)
{
	assert_int_equal(JUDGE(1000, 1000, 1000, 1000, 1000), STEADY_YES);
	assert_int_equal(JUDGE(20, 20, 20, 20, 20), STEADY_YES);
	assert_int_equal(JUDGE(1000, 1010, 1000, 990, 1000), STEADY_YES);
}

static void a_trend_is_not(void **state)
{
	assert_int_equal(JUDGE(1000, 1100, 1200, 1300, 1400), STEADY_NO);
	assert_int_equal(JUDGE(1400, 1300, 1200, 1100, 1000), STEADY_NO);
	assert_int_equal(JUDGE(100, 400, 800, 900, 1000), STEADY_NO);
	/* Some noise does not hide it. */
	assert_int_equal(JUDGE(1000, 1130, 1180, 1320, 1390), STEADY_NO);
}

/* The line rises by 1 a window; over five windows that is 5 of a mean of 100, and of 99. */
static void the_change_allowed_is_a_twentieth_of_the_mean(void **state)
{
	assert_int_equal(JUDGE(9800, 9900, 10000, 10100, 10200), STEADY_YES);
	assert_int_equal(JUDGE(9700, 9800, 9900, 10000, 10100), STEADY_NO);
}

/* y = slope x + noise orthogonal to it, so that t is known: slope sqrt(10) / sqrt(20 a^2 / 3) for noise a (1, -2, 0, 2, -1). */
static void noise_that_hides_the_slope_is_steady(void **state)
{
	/* Residuals a (1, -2, 0, 2, -1) have no slope and sum 10 a^2: t = slope sqrt(3) / a; a slope of 100. */
	assert_int_equal(JUDGE(800 + 60, 900 - 120, 1000, 1100 + 120, 1200 - 60), STEADY_YES); /* t = 2.89 */
	assert_int_equal(JUDGE(800 + 50, 900 - 100, 1000, 1100 + 100, 1200 - 50), STEADY_NO);  /* t = 3.46 */
	assert_int_equal(JUDGE(800 + 55, 900 - 110, 1000, 1100 + 110, 1200 - 55), STEADY_YES); /* t = 3.15 */
	assert_int_equal(JUDGE(800 + 54, 900 - 108, 1000, 1100 + 108, 1200 - 54), STEADY_NO);  /* t = 3.21 */
}

static void an_oscillation_has_no_slope(void **state)
{
	assert_int_equal(JUDGE(1000, 2000, 1000, 2000, 1000), STEADY_YES);
	assert_int_equal(JUDGE(2000, 1000, 2000, 1000, 2000), STEADY_YES);
}

/* Nor has a step more of a slope than noise might have; what levels off by and by has. */
static void a_single_step_is_taken_for_noise(void **state)
{
	assert_int_equal(JUDGE(300, 1000, 1000, 1000, 1000), STEADY_YES);
	assert_int_equal(JUDGE(300, 300, 1000, 1000, 1000), STEADY_YES);
	assert_int_equal(JUDGE(500, 800, 920, 970, 990), STEADY_NO);
}

static void fewer_windows_cannot_be_judged(void **state)
{
	assert_int_equal(judge_n(NULL, 0), STEADY_UNKNOWN);
	assert_int_equal(JUDGE(1000, 1000, 1000, 1000), STEADY_UNKNOWN);
}

static void nor_can_fewer_io_than_tell_anything(void **state)
{
	assert_int_equal(JUDGE(0, 0, 0, 0, 0), STEADY_UNKNOWN);
	assert_int_equal(JUDGE(4, 4, 4, 4, 3), STEADY_UNKNOWN);
	assert_int_equal(JUDGE(4, 4, 4, 4, 4), STEADY_YES);
}

static void only_the_last_five_count(void **state)
{
	assert_int_equal(JUDGE(100, 200, 300, 400, 500), STEADY_NO);
	assert_int_equal(JUDGE(100, 200, 300, 400, 500, 500, 500, 500, 500), STEADY_YES);
	assert_int_equal(JUDGE(1000, 1000, 1000, 1000, 1000, 1000, 1000, 700, 400, 100), STEADY_NO);
}

/* At one rate, whatever the windows' lengths. */
static void windows_of_other_lengths_are_weighed_by_them(void **state)
{
	const uint64_t ends[] = { 1000, 2200, 3600, 5200, 7000 };
	struct steady steady;

	steady_start(&steady, 0, 0);
	for (unsigned i = 0; i < STEADY_WINDOWS; i++)
		steady_note(&steady, ends[i], ends[i] / 2);
	assert_int_equal(steady_judge(&steady), STEADY_YES);
}

/* Independent noise without a trend is called steady 95 times in 100, or more where 5% of change allow it. */
static void noise_is_called_a_trend_as_seldom_as_said(void **state)
{
	uint64_t rng = 1;
	unsigned rising = 0;

	for (unsigned trial = 0; trial < 10000; trial++) {
		uint64_t ios[STEADY_WINDOWS];

		/* A sum of twelve uniform ones is about normal; sigma is 2000, a fifth of the mean. */
		for (unsigned i = 0; i < STEADY_WINDOWS; i++) {
			ios[i] = 10000 - 12000;
			for (unsigned k = 0; k < 12; k++)
				ios[i] += splitmix64(&rng) % 2001;
		}
		rising += judge_n(ios, STEADY_WINDOWS) == STEADY_NO;
	}
	assert_in_range(rising, 300, 560);
}

/* --- when the window begins --- */

/* From a load that begins at 7: asks whenever due, I/Os being a function of time; returns the begin, from the start. */
static uint64_t warm(const struct warmup_times *times, uint64_t (*ios)(uint64_t since), uint64_t late, struct warmup *warmup)
{
	warmup_start(warmup, times, 7);
	while (warmup->due != UINT64_MAX) {
		uint64_t now = warmup->due + late;

		warmup_note(warmup, now, ios(now - 7));
	}
	return warmup->begin - 7;
}

static uint64_t even(uint64_t since)
{
	return since;
}

static uint64_t growing(uint64_t since)
{
	return since * since / 1000;
}

static uint64_t even_from_20000_on(uint64_t since)
{
	return since < 20000 ? growing(since) : growing(20000) + (since - 20000) * 40;
}

static uint64_t one_in_800(uint64_t since)
{
	return since / 800;
}

static const struct warmup_times adaptive = { .least = 10100, .most = 100000, .lead = 100, .window_min = 100 };
static const struct warmup_times fixed = { .least = 10000, .most = 10000, .lead = 100, .window_min = 100 };

static void a_steady_load_takes_the_least(void **state)
{
	struct warmup warmup;

	assert_int_equal(warm(&adaptive, even, 0, &warmup), 10100);
	assert_int_equal(warmup.verdict, STEADY_YES);
	assert_int_equal(warmup.window, 2000);
	assert_int_equal(warmup.steady.windows, 5);
}

static void a_load_that_never_gets_steady_takes_the_most(void **state)
{
	struct warmup warmup;

	assert_int_equal(warm(&adaptive, growing, 0, &warmup), 100000);
	/* Its windows are ever less different. */
	assert_int_equal(warmup.verdict, STEADY_NO);
}

static void one_that_gets_steady_takes_until_then(void **state)
{
	struct warmup warmup;
	uint64_t begin = warm(&adaptive, even_from_20000_on, 0, &warmup);

	assert_int_equal(warmup.verdict, STEADY_YES);
	assert_in_range(begin, 22000, 30100);
	/* A decision at the end of a window, and the lead. */
	assert_int_equal(begin % 2000, 100);
}

static void who_decides_late_opens_late_and_ahead(void **state)
{
	struct warmup warmup;

	assert_int_equal(warm(&adaptive, even, 30, &warmup), 10130);
	assert_int_equal(warmup.steady.windows, 5);
}

/* What would be less than half a window is added to the one before it. */
static void windows_stay_on_their_grid(void **state)
{
	struct warmup warmup;

	warmup_start(&warmup, &adaptive, 0);
	assert_int_equal(warmup.due, 2000);
	warmup_note(&warmup, 2900, 2900);
	assert_int_equal(warmup.due, 4000);
	warmup_note(&warmup, 5100, 5100);
	assert_int_equal(warmup.due, 8000);
	warmup_note(&warmup, 33000, 33000);
	assert_int_equal(warmup.due, 34000);
}

static void a_fixed_length_is_kept_and_judged(void **state)
{
	struct warmup warmup;

	warmup_start(&warmup, &fixed, 7);
	assert_int_equal(warmup.begin, 10007);
	assert_int_equal(warm(&fixed, even, 5, &warmup), 10000);
	assert_int_equal(warmup.verdict, STEADY_YES);
	assert_int_equal(warm(&fixed, growing, 5, &warmup), 10000);
	assert_int_equal(warmup.verdict, STEADY_NO);
	assert_int_equal(warmup.steady.windows, 5);
}

static void a_short_one_is_not_judged(void **state)
{
	const struct warmup_times times = { .least = 400, .most = 400, .lead = 10, .window_min = 100 };
	const struct warmup_times none = { .window_min = 100 };
	struct warmup warmup;

	assert_int_equal(warm(&times, even, 0, &warmup), 400);
	assert_int_equal(warmup.verdict, STEADY_UNKNOWN);
	assert_int_equal(warm(&none, even, 0, &warmup), 0);
	assert_int_equal(warmup.verdict, STEADY_UNKNOWN);
}

static void a_short_least_takes_as_long_as_judging(void **state)
{
	const struct warmup_times times = { .least = 0, .most = 10000, .lead = 10, .window_min = 100 };
	struct warmup warmup;

	assert_int_equal(warm(&times, even, 0, &warmup), 510);
	assert_int_equal(warmup.verdict, STEADY_YES);
}

/* 12 in the first five windows, 23 in the next. */
static void seldom_ios_get_longer_windows(void **state)
{
	struct warmup warmup;
	uint64_t begin = warm(&adaptive, one_in_800, 0, &warmup);

	assert_int_equal(warmup.window, 4000);
	assert_int_equal(warmup.verdict, STEADY_YES);
	assert_in_range(begin, 28000, 34100);
}

static void next_to_none_are_not_judged(void **state)
{
	const struct warmup_times times = { .least = 10100, .most = 25000, .lead = 100, .window_min = 100 };
	struct warmup warmup;

	assert_int_equal(warm(&times, one_in_800, 0, &warmup), 25000);
	assert_int_equal(warmup.verdict, STEADY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_is_steady),
		cmocka_unit_test(a_trend_is_not),
		cmocka_unit_test(the_change_allowed_is_a_twentieth_of_the_mean),
		cmocka_unit_test(noise_that_hides_the_slope_is_steady),
		cmocka_unit_test(an_oscillation_has_no_slope),
		cmocka_unit_test(a_single_step_is_taken_for_noise),
		cmocka_unit_test(fewer_windows_cannot_be_judged),
		cmocka_unit_test(nor_can_fewer_io_than_tell_anything),
		cmocka_unit_test(only_the_last_five_count),
		cmocka_unit_test(windows_of_other_lengths_are_weighed_by_them),
		cmocka_unit_test(noise_is_called_a_trend_as_seldom_as_said),
		cmocka_unit_test(a_steady_load_takes_the_least),
		cmocka_unit_test(a_load_that_never_gets_steady_takes_the_most),
		cmocka_unit_test(one_that_gets_steady_takes_until_then),
		cmocka_unit_test(who_decides_late_opens_late_and_ahead),
		cmocka_unit_test(windows_stay_on_their_grid),
		cmocka_unit_test(a_fixed_length_is_kept_and_judged),
		cmocka_unit_test(a_short_one_is_not_judged),
		cmocka_unit_test(a_short_least_takes_as_long_as_judging),
		cmocka_unit_test(seldom_ios_get_longer_windows),
		cmocka_unit_test(next_to_none_are_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
