/* SPDX-License-Identifier: MIT */
/*
 * The selftest's verdicts on good figures and on broken ones, and its parts with instruments that are made up: a right one passes, and
 * each that is wrong in one way fails.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/selftest/histogram_check.h"
#include "bench/selftest/judge.h"
#include "bench/selftest/trial.h"
#include "bench/torture/random.h"

/* --- verdicts --- */

static void aa_fails_only_what_chance_does_not_explain(void **state)
{
	static const struct {
		uint64_t found, n;
		bool within, passes;
	} table[] = {
		{ 0, 200, true, true },    { 10, 200, true, true },   { 11, 200, false, true }, { 18, 200, false, true },
		{ 19, 200, false, false }, { 60, 200, false, false }, { 2, 40, true, true },    { 6, 40, false, true },
		{ 7, 40, false, false },   { 12, 40, false, false },  { 0, 0, false, false },   { 1, 0, false, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct judge_aa verdict;

		judge_aa(table[i].found, table[i].n, &verdict);
		if (verdict.within != table[i].within || verdict.passes != table[i].passes)
			fail_msg("%" PRIu64 " of %" PRIu64, table[i].found, table[i].n);
	}
}

static void aa_says_what_it_would_have_found(void **state)
{
	struct judge_aa verdict, quick;

	judge_aa(10, 200, &verdict);
	assert_true(fabs(verdict.share - 0.05) < 1e-12);
	assert_true(verdict.lo > 0.024 && verdict.lo < 0.0243 && verdict.hi > 0.0900 && verdict.hi < 0.0903);
	assert_true(fabs(verdict.p - 0.5452901913) < 1e-9);
	/* 19 of 200 or more: at 12.3% nine times in ten */
	assert_true(verdict.finds > 0.115 && verdict.finds < 0.13);
	judge_aa(2, 40, &quick);
	assert_true(quick.finds > verdict.finds);
	judge_aa(1, 3, &quick);
	assert_true(quick.finds <= 1);
}

static struct shift_estimate estimate(double lo, double shift, double hi)
{
	return (struct shift_estimate){ .n = 24, .m = 24, .lo = lo, .shift = shift, .hi = hi, .confidence = 0.95 };
}

static void a_delay_is_recovered_or_not(void **state)
{
	static const struct {
		double added, lo, hi;
		bool recovered;
	} table[] = {
		{ 20, 19, 21, true },     { 200, 195, 204, true },   { 20, 12, 17.1, true },   { 20, 12, 16.9, false },
		{ 20, 22.9, 30, true },   { 20, 23.1, 30, false },   { 200, 170, 180.1, true }, { 200, 170, 179, false },
		{ 200, 219, 230, true },  { 200, 221, 230, false },  { 20, 9, 11, false },     { 200, 98, 102, false },
		{ 20, -1, 18, false },    { 20, 0, 19, false },      { 20, 5, 26, false },     { 200, -5, 5, false },
		{ 20, NAN, 21, false },   { 20, 19, NAN, false },    { 20, -INFINITY, INFINITY, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct shift_estimate e = estimate(table[i].lo, (table[i].lo + table[i].hi) / 2, table[i].hi);

		if ((judge_delay(&e, table[i].added) == NULL) != table[i].recovered)
			fail_msg("%g in [%g, %g]", table[i].added, table[i].lo, table[i].hi);
	}
	assert_true(judge_delay_tolerance(20) == 3 && judge_delay_tolerance(200) == 20);
}

/* 3 M a second on one CPU that does 1 M, in a window of 100 ms that began 2 ms after the load. */
static struct arrivals_seen overload(void)
{
	return (struct arrivals_seen){ .cpus = 1, .depth = 8, .rate_hz = 3e6, .window_s = 0.1, .offered_iops = 3e6, .unstarted = 204000,
				       .ios = 100000, .response_p50_ns = 35e6, .response_max_ns = 68.1e6, .service_p50_ns = 8000 };
}

static void an_overloaded_open_loop(void **state)
{
	struct arrivals_seen seen = overload();

	assert_true(judge_arrivals_reported(&seen));
	assert_null(judge_arrivals_exact(&seen));
	assert_null(judge_overload_counts(&seen));
	assert_null(judge_overload_waits(&seen));
	seen.offered_iops += 10; /* one arrival */
	assert_null(judge_arrivals_exact(&seen));
	seen.offered_iops += 10;
	assert_non_null(judge_arrivals_exact(&seen));
	seen.cpus = 2;
	assert_null(judge_arrivals_exact(&seen));
}

static void an_open_loop_that_skips(void **state)
{
	struct arrivals_seen seen = overload();

	/* arrivals that were due while it was late never happened */
	seen.offered_iops = 1e6;
	seen.unstarted = 0;
	seen.response_p50_ns = seen.service_p50_ns;
	assert_non_null(judge_arrivals_exact(&seen));
	assert_non_null(judge_overload_counts(&seen));
	assert_non_null(judge_overload_waits(&seen));
	/* the count is right, and what is late counts from when it was started */
	seen = overload();
	seen.response_p50_ns = 9000;
	assert_non_null(judge_overload_waits(&seen));
	/* the schedule moves on from each late one */
	seen = overload();
	seen.response_max_ns = 36e6;
	assert_non_null(judge_overload_waits(&seen));
	/* the unstarted are not all counted */
	seen = overload();
	seen.unstarted = 150000;
	assert_non_null(judge_overload_counts(&seen));
	seen = overload();
	seen.unstarted = 0;
	assert_non_null(judge_overload_counts(&seen));
	/* more than arrived */
	seen = overload();
	seen.unstarted = 300001;
	assert_non_null(judge_overload_counts(&seen));
	seen = overload();
	seen.unstarted = NAN;
	assert_false(judge_arrivals_reported(&seen));
	assert_non_null(judge_overload_counts(&seen));
	assert_non_null(judge_overload_waits(&seen));
	seen.offered_iops = NAN;
	assert_non_null(judge_arrivals_exact(&seen));
}

static void a_light_load_does_not_wait(void **state)
{
	const struct arrivals_seen light = { .cpus = 1, .depth = 8, .rate_hz = 2e5, .window_s = 0.01, .offered_iops = 2e5, .ios = 2000,
					     .response_p50_ns = 7100, .response_max_ns = 20000, .service_p50_ns = 7000 };
	struct arrivals_seen seen = light;

	assert_null(judge_light(&seen));
	seen.unstarted = 20;
	assert_null(judge_light(&seen));
	seen.unstarted = 21;
	assert_non_null(judge_light(&seen));
	seen.unstarted = NAN;
	assert_non_null(judge_light(&seen));
	seen = light;
	seen.response_p50_ns = 10500;
	assert_null(judge_light(&seen));
	seen.response_p50_ns = 10600;
	assert_non_null(judge_light(&seen));
	seen.response_p50_ns = NAN;
	assert_non_null(judge_light(&seen));
	/* so few arrivals that one is more than a hundredth */
	seen = light;
	seen.offered_iops = 5000;
	seen.unstarted = 1;
	assert_null(judge_light(&seen));
}

/* --- the histogram --- */

#define SAMPLES 200000u

struct recorded {
	struct histogram histogram;
	uint64_t *sample;
};

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void record(struct recorded *recorded)
{
	uint64_t rng = 5;

	recorded->sample = malloc(SAMPLES * sizeof(*recorded->sample));
	assert_non_null(recorded->sample);
	assert_int_equal(histogram_init(&recorded->histogram), 0);
	for (size_t i = 0; i < SAMPLES; i++) {
		recorded->sample[i] = random_next(&rng) >> (30 + random_below(&rng, 30));
		histogram_record(&recorded->histogram, recorded->sample[i]);
	}
	qsort(recorded->sample, SAMPLES, sizeof(*recorded->sample), compare_u64);
}

static const char *fault_of(const struct recorded *recorded)
{
	struct histogram_check check;

	histogram_check(&recorded->histogram, recorded->sample, SAMPLES, &check);
	return check.fault;
}

static void forget(struct recorded *recorded)
{
	histogram_fini(&recorded->histogram);
	free(recorded->sample);
}

static void a_sound_histogram_agrees(void **state)
{
	struct histogram_check check;
	struct recorded recorded;

	record(&recorded);
	histogram_check(&recorded.histogram, recorded.sample, SAMPLES, &check);
	assert_null(check.fault);
	assert_int_equal(check.percentiles, 17); /* of 19: two need more samples */
	assert_true(check.relative > 0 && check.relative < 1.0 / 1024 && check.error_ns > 0);
	histogram_check(&recorded.histogram, recorded.sample, 0, &check);
	assert_non_null(check.fault);
	forget(&recorded);
}

static void a_broken_histogram_does_not(void **state)
{
	struct recorded recorded;
	uint64_t *counts;

	record(&recorded);
	counts = recorded.histogram.counts;
	/* every bucket shifted by one */
	memmove(counts + 1, counts, (HISTOGRAM_BUCKETS - 1) * sizeof(*counts));
	counts[0] = 0;
	assert_string_equal(fault_of(&recorded), "a percentile is off by more than its bucket");
	memmove(counts, counts + 1, (HISTOGRAM_BUCKETS - 1) * sizeof(*counts));
	counts[HISTOGRAM_BUCKETS - 1] = 0;
	assert_null(fault_of(&recorded));
	/* one sample in the next bucket */
	counts[histogram_index(recorded.sample[SAMPLES / 2])]--;
	counts[histogram_index(recorded.sample[SAMPLES / 2]) + 1]++;
	assert_non_null(fault_of(&recorded));
	counts[histogram_index(recorded.sample[SAMPLES / 2])]++;
	counts[histogram_index(recorded.sample[SAMPLES / 2]) + 1]--;
	recorded.histogram.n++;
	assert_non_null(fault_of(&recorded));
	recorded.histogram.n--;
	recorded.histogram.sum += SAMPLES;
	assert_non_null(fault_of(&recorded));
	recorded.histogram.sum -= SAMPLES;
	recorded.histogram.max++;
	assert_non_null(fault_of(&recorded));
	recorded.histogram.max--;
	recorded.histogram.min++;
	assert_non_null(fault_of(&recorded));
	recorded.histogram.min--;
	assert_null(fault_of(&recorded));
	forget(&recorded);
}

static void a_percentile_is_good_to_its_bucket(void **state)
{
	assert_true(histogram_error_allowed(0, 0));
	assert_false(histogram_error_allowed(0, 1));
	assert_true(histogram_error_allowed(2047, 2047));
	assert_false(histogram_error_allowed(2047, 2048));
	assert_false(histogram_error_allowed(2047, 2046));
	assert_true(histogram_error_allowed(2048, 2050));
	assert_false(histogram_error_allowed(2048, 2051));
	assert_true(histogram_error_allowed(1 << 20, (1 << 20) + 1024));
	assert_false(histogram_error_allowed(1 << 20, (1 << 20) + 1025));
	assert_false(histogram_error_allowed(1 << 20, (1 << 20) - 1025));
}

/* --- the parts, with cells that are made up --- */

enum defect {
	NO_DEFECT,
	AA_TREND,         /* every other process is slower: order matters, and the order is random: passes */
	AA_FAILS,         /* one invocation in three has no result, */
	AA_FAILS_RARELY,  /* or one in sixty */
	DELAY_HALVED,
	DELAY_IGNORED,
	ARRIVALS_SKIPPED,
	ARRIVALS_UNREPORTED,
	ARRIVALS_MISCOUNTED, /* in one round */
	UNSTARTED_MISCOUNTED, /* likewise */
	CPU_TAKEN,           /* in all rounds but one of each load */
	BLIND,            /* finds no violation */
	SUSPICIOUS,       /* finds them everywhere */
	INTERRUPTED,
};

static struct {
	enum defect defect;
	uint64_t rng;
	unsigned invocations;
	uint64_t seeds[4096];
} fake;

static double noise(void)
{
	return (double)(random_next(&fake.rng) >> 11) / 9007199254740992.0;
}

static void put(json_t *summary, const char *name, double value)
{
	json_object_set_new(summary, name, json_real(value));
}

/* Three buckets of a sync_hold whose mean is `mean_ns`, as histogram.csv has them; what a gap hit is far out. */
static json_t *holds(double mean_ns)
{
	char text[400];
	unsigned lo = (unsigned)mean_ns / 10 * 10;
	unsigned above = (unsigned)((mean_ns - lo) * 10000);

	snprintf(text, sizeof(text), "0,sync_wait,1,1,7,\n0,sync_hold,%u,%u,%u,0\n1,sync_hold,%u,%u,%u,0\n0,sync_hold,5000000,5003000,50,\n",
		 lo, lo, 100000 - above, lo + 10, lo + 10, above);
	return json_string(text);
}

/* What a CPU does that completes a million a second; five closed loops come first, then overload and light load in turn. */
static void put_arrivals(const struct cell_spec *spec, unsigned number, json_t *summary)
{
	double capacity = 1e6, window_s = (double)spec->duration_ns / 1e9;
	double rate = (double)(spec->arrival_hz * spec->cpus), late = fmax(0, rate - capacity);
	bool taken = fake.defect == CPU_TAKEN && number != 9 && number != 10;

	put(summary, "duration_s", window_s);
	put(summary, "ios", fmin(rate > 0 ? rate : capacity, capacity) * window_s);
	put(summary, "service_p50_ns", 8000);
	put(summary, "response_p50_ns", 8100);
	put(summary, "response_max_ns", 9000);
	if (rate <= 0 || fake.defect == ARRIVALS_UNREPORTED)
		return;
	if (fake.defect == ARRIVALS_SKIPPED) {
		rate -= late;
		late = 0;
	}
	put(summary, "offered_iops", rate + (fake.defect == ARRIVALS_MISCOUNTED && number == 9 ? 3 * (double)spec->cpus / window_s : 0));
	put(summary, "unstarted", (taken ? rate : late) * window_s * (fake.defect == UNSTARTED_MISCOUNTED && number == 9 ? 0.5 : 1));
	if (late > 0) {
		put(summary, "response_p50_ns", 1e9 * window_s / 2 * late / rate);
		put(summary, "response_max_ns", 1e9 * window_s * late / rate);
	}
}

static void fake_invoke(const struct cell_spec *spec, struct invocation_outcome *outcome)
{
	unsigned number = fake.invocations++;
	json_t *summary = json_object();
	double added = spec->inject ? (double)spec->inject_ns : 0;
	double slower = fake.defect == AA_TREND && number % 2 ? 100 : 0;
	bool violated = fake.defect != BLIND && (strcmp(spec->backend, "none") == 0 || fake.defect == SUSPICIOUS);

	*outcome = (struct invocation_outcome){ .status = violated ? "violated" : "ok" };
	fake.seeds[number % 4096] = spec->seed;
	if (fake.defect == INTERRUPTED && number == 5)
		invoke_interrupted = 2;
	if ((fake.defect == AA_FAILS && number % 3 == 0) || (fake.defect == AA_FAILS_RARELY && number % 60 == 0)) {
		json_decref(summary);
		outcome->status = "failed";
		return;
	}
	if (fake.defect == DELAY_HALVED)
		added /= 2;
	if (fake.defect == DELAY_IGNORED)
		added = 0;
	put(summary, "isr_latency_p50_ns", 150 + slower + 20 * noise());
	put(summary, "iops", 1e6 - 1000 * slower + 1e4 * noise());
	put(summary, "sync_wait_p50_ns", 20 + slower + 5 * noise());
	put(summary, "violations", violated ? 7 : 0);
	put_arrivals(spec, number, summary);
	outcome->result = json_object();
	json_object_set_new(outcome->result, "summary", summary);
	json_object_set_new(outcome->result, "histogram", holds(40 + added + 4 * noise()));
}

static enum torture_verdict fake_check(const struct selftest *selftest, const char *property, const char *backend, unsigned cpus,
				       char *text, size_t text_bytes)
{
	bool broken = strcmp(backend, "spinlock") != 0;

	snprintf(text, text_bytes, "%s of %s on %u", property, backend, cpus);
	if (fake.defect == SUSPICIOUS)
		return TORTURE_VIOLATED;
	return broken && fake.defect != BLIND ? TORTURE_VIOLATED : TORTURE_HOLDS;
}

/* How many lines fail; `printed` gets the whole protocol. */
static unsigned run_part(void (*part)(struct selftest *selftest), enum defect defect, char *printed, size_t printed_bytes)
{
	struct selftest selftest = { .comparisons = 60, .cpus = 2, .rng = 11, .invoke = fake_invoke, .check = fake_check };
	FILE *out = fmemopen(printed, printed_bytes, "w");
	int screen = dup(2);

	assert_non_null(out);
	memset(&fake, 0, sizeof(fake));
	fake.defect = defect;
	fake.rng = 3;
	invoke_interrupted = 0;
	/* Its progress belongs to nobody here. */
	assert_non_null(freopen("/dev/null", "w", stderr));
	protocol_begin(&selftest.protocol, out);
	protocol_part(&selftest.protocol, "part");
	part(&selftest);
	fflush(stderr);
	dup2(screen, 2);
	close(screen);
	fclose(out);
	return selftest.protocol.failed;
}

static char printed[16384];

static void a_against_a(void **state)
{
	assert_int_equal(run_part(selftest_aa, NO_DEFECT, printed, sizeof(printed)), 0);
	assert_int_equal(fake.invocations, 60 * 12);
	assert_non_null(strstr(printed, "0.0411"));
	assert_non_null(strstr(printed, "proves less"));
	/* Both of a block have its seed, and no two blocks have the same. */
	for (unsigned i = 0; i < fake.invocations; i += 2) {
		assert_true(fake.seeds[i] == fake.seeds[i + 1]);
		assert_true(i < 2 || fake.seeds[i] != fake.seeds[i - 2]);
	}
	/* The second process of each pair is slower: no difference between the names, as the order is drawn. */
	assert_int_equal(run_part(selftest_aa, AA_TREND, printed, sizeof(printed)), 0);
	assert_int_equal(run_part(selftest_aa, AA_FAILS, printed, sizeof(printed)), 3);
	assert_int_equal(fake.invocations, 2 * (360 + 179));
	assert_non_null(strstr(printed, "of 29, "));
	assert_non_null(strstr(printed, "too few"));
	/* What is left out is made up for, with invocations of its own. */
	assert_int_equal(run_part(selftest_aa, AA_FAILS_RARELY, printed, sizeof(printed)), 0);
	assert_int_equal(fake.invocations, 60 * 12 + 13 * 2);
	assert_non_null(strstr(printed, "13 of 746"));
}

static void a_known_delay(void **state)
{
	assert_int_equal(run_part(selftest_delay, NO_DEFECT, printed, sizeof(printed)), 0);
	assert_int_equal(run_part(selftest_delay, DELAY_HALVED, printed, sizeof(printed)), 2);
	assert_non_null(strstr(printed, "misses the delay"));
	assert_int_equal(run_part(selftest_delay, DELAY_IGNORED, printed, sizeof(printed)), 2);
	assert_non_null(strstr(printed, "does not exclude 0"));
}

static void an_open_loop(void **state)
{
	assert_int_equal(run_part(selftest_arrivals, NO_DEFECT, printed, sizeof(printed)), 0);
	assert_true(run_part(selftest_arrivals, ARRIVALS_SKIPPED, printed, sizeof(printed)) >= 2);
	assert_int_equal(run_part(selftest_arrivals, ARRIVALS_UNREPORTED, printed, sizeof(printed)), 1);
	assert_non_null(strstr(printed, "is missing"));
	assert_int_equal(run_part(selftest_arrivals, AA_FAILS, printed, sizeof(printed)), 0);
	/* What a CPU that is taken away does is forgiven, a count that is wrong is not. */
	assert_int_equal(run_part(selftest_arrivals, CPU_TAKEN, printed, sizeof(printed)), 0);
	assert_int_equal(run_part(selftest_arrivals, ARRIVALS_MISCOUNTED, printed, sizeof(printed)), 1);
	assert_int_equal(run_part(selftest_arrivals, UNSTARTED_MISCOUNTED, printed, sizeof(printed)), 1);
}

static void a_broken_back_end(void **state)
{
	assert_int_equal(run_part(selftest_broken, NO_DEFECT, printed, sizeof(printed)), 0);
	assert_int_equal(run_part(selftest_broken, BLIND, printed, sizeof(printed)), 3);
	assert_int_equal(run_part(selftest_broken, SUSPICIOUS, printed, sizeof(printed)), 3);
	assert_int_equal(run_part(selftest_broken, AA_FAILS, printed, sizeof(printed)), 2);
}

static void an_interrupt_ends_a_part(void **state)
{
	static void (*const parts[])(struct selftest *) = { selftest_aa, selftest_delay, selftest_arrivals };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(run_part(parts[i], INTERRUPTED, printed, sizeof(printed)), 0);
		assert_int_equal(fake.invocations, 6);
		assert_null(strstr(printed, "passes"));
	}
	invoke_interrupted = 0;
}

static void a_trimmed_mean_leaves_the_ends_out(void **state)
{
	struct invocation_outcome outcome = { .result = json_object() };

	assert_true(isnan(trial_trimmed_mean(&outcome, "sync_hold", 0.01)));
	/* Not in ascending order, as CPUs follow one another. */
	json_object_set_new(outcome.result, "histogram",
			    json_string("0,sync_hold,20,20,50,1\n0,sync_hold,9000,9002,1,1\n1,sync_hold,10,10,49,\n0,sync_holder,1,1,900,\n"));
	assert_true(fabs(trial_trimmed_mean(&outcome, "sync_hold", 0) - (1000 + 9001 + 490) / 100.0) < 1e-9);
	assert_true(fabs(trial_trimmed_mean(&outcome, "sync_hold", 0.01) - (1000 + 480) / 98.0) < 1e-9);
	assert_true(fabs(trial_trimmed_mean(&outcome, "sync_hold", 0.005) - (1000 + 485 + 4500.5) / 99.0) < 1e-9);
	assert_true(isnan(trial_trimmed_mean(&outcome, "section", 0.01)));
	json_decref(outcome.result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aa_fails_only_what_chance_does_not_explain),
		cmocka_unit_test(aa_says_what_it_would_have_found),
		cmocka_unit_test(a_delay_is_recovered_or_not),
		cmocka_unit_test(an_overloaded_open_loop),
		cmocka_unit_test(an_open_loop_that_skips),
		cmocka_unit_test(a_light_load_does_not_wait),
		cmocka_unit_test(a_sound_histogram_agrees),
		cmocka_unit_test(a_broken_histogram_does_not),
		cmocka_unit_test(a_percentile_is_good_to_its_bucket),
		cmocka_unit_test(a_against_a),
		cmocka_unit_test(a_known_delay),
		cmocka_unit_test(an_open_loop),
		cmocka_unit_test(a_broken_back_end),
		cmocka_unit_test(an_interrupt_ends_a_part),
		cmocka_unit_test(a_trimmed_mean_leaves_the_ends_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
