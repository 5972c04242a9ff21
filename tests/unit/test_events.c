/* SPDX-License-Identifier: MIT */
/* The worst interrupts and calls: which they are, against a sort, and why each took so long, with a near-miss of every cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/cell/events.h"

#define SETS 3

static struct events sets[SETS];

static void feed(struct events *events, uint64_t ticks, uint64_t at)
{
	struct event event = { .ticks = ticks, .stamp = { at } };

	if (events_want(events, ticks))
		events_insert(events, &event);
}

static int worse_first(const void *a, const void *b)
{
	const struct event *x = a;
	const struct event *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? 1 : -1;
	return x->stamp[0] > y->stamp[0] ? 1 : -1;
}

/* Streams with many ties (few values) and with hardly any, shorter and longer than what is kept. */
static void test_the_worst_are_those_of_a_sort(void **state)
{
	static const uint64_t values[] = { 1, 3, 50, 1000000 };
	static struct event all[2000];
	uint64_t x = 1;

	for (unsigned round = 0; round < 400; round++) {
		size_t n = round % 5 == 0 ? round % 24 : 20 + (round * 37) % 1980;
		struct event worst[EVENTS_WORST];
		unsigned count;

		memset(sets, 0, sizeof(sets));
		for (size_t i = 0; i < n; i++) {
			x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			all[i] = (struct event){ .ticks = (x >> 33) % values[round % 4], .stamp = { i } };
			feed(&sets[(x >> 20) % SETS], all[i].ticks, i);
		}
		qsort(all, n, sizeof(all[0]), worse_first);
		count = events_merge(&sets[0], sizeof(sets[0]), SETS, worst);
		assert_int_equal(count, n < EVENTS_WORST ? n : EVENTS_WORST);
		for (unsigned i = 0; i < count; i++) {
			assert_int_equal(worst[i].ticks, all[i].ticks);
			assert_int_equal(worst[i].stamp[0], all[i].stamp[0]);
		}
	}
}

static void test_fewer_than_are_kept_are_all_there(void **state)
{
	struct event worst[EVENTS_WORST];

	memset(sets, 0, sizeof(sets));
	assert_int_equal(events_merge(&sets[0], sizeof(sets[0]), SETS, worst), 0);
	feed(&sets[2], 0, 9);
	feed(&sets[0], 5, 3);
	assert_int_equal(events_merge(&sets[0], sizeof(sets[0]), SETS, worst), 2);
	assert_int_equal(worst[0].ticks, 5);
	assert_int_equal(worst[1].stamp[0], 9);
}

/* After the first few, what is not worse costs the comparison only. */
static void test_what_is_no_worse_is_not_wanted(void **state)
{
	struct events *events = &sets[0];

	memset(sets, 0, sizeof(sets));
	for (unsigned i = 0; i < EVENTS_WORST; i++) {
		assert_true(events_want(events, 0));
		feed(events, 10 + i, i);
	}
	assert_false(events_want(events, 10));
	assert_true(events_want(events, 11));
	feed(events, 100, 50);
	assert_false(events_want(events, 11));
	assert_int_equal(events->count, EVENTS_WORST);
}

/* --- Causes.  The interval is [10000, 11000]: 501 ticks are most of it, 500 are not. --- */

#define BEGIN 10000
#define END 11000
#define CPUS 3

static const struct gap_list no_gaps = { .known_from = 0 };

static void expect_with(const struct event *event, enum metric metric, const struct gap_list *gaps, const char *cause)
{
	char text[EVENTS_CAUSE_BYTES];

	events_cause(event, metric, CPUS, gaps, text);
	assert_string_equal(text, cause);
}

/* Masked, noticed, acquired, in this order; of CPU 0. */
static struct event interrupt(uint64_t masked, uint64_t model, uint64_t acquire)
{
	return (struct event){ .stamp = { BEGIN, END - acquire, END, END + 50 }, .masked = masked, .model = model };
}

static struct event call(struct access_before before)
{
	return (struct event){ .stamp = { BEGIN, END, END + 50, END + 60 }, .before = before };
}

static void expect_interrupt(uint64_t masked, uint64_t model, uint64_t acquire, const char *cause)
{
	struct event event = interrupt(masked, model, acquire);

	expect_with(&event, METRIC_ISR_LATENCY, &no_gaps, cause);
	/* Without a witness a gap may be why it was not noticed. */
	expect_with(&event, METRIC_ISR_LATENCY, &GAP_LIST_NONE, strcmp(cause, "delivery") ? cause : "undecided");
}

static void test_masked(void **state)
{
	expect_interrupt(501, 200, 200, "masked");
	expect_interrupt(500, 200, 200, "undecided");
	expect_interrupt(1000, 0, 0, "masked");
}

static void expect_masked(struct access_before before, const char *cause)
{
	struct event event = interrupt(600, 0, 100);

	event.before = before;
	expect_with(&event, METRIC_ISR_LATENCY, &no_gaps, cause);
}

static void test_masked_by_its_own_section(void **state)
{
	expect_masked((struct access_before){ .cpu = 1, .since = 0, .entered = 9000, .left = BEGIN + 501 }, "masked by its own section");
	expect_masked((struct access_before){ .cpu = 1, .since = 0, .entered = 9000, .left = BEGIN + 500 }, "masked");
	/* Another one's section does not raise this CPU's level. */
	expect_masked((struct access_before){ .cpu = 2, .since = 0, .entered = 9000, .left = BEGIN + 501 }, "masked");
	expect_masked((struct access_before){ .cpu = 0, .since = 0, .entered = 9000, .left = BEGIN + 501 }, "masked");
	/* Many sections, none of which is most of it. */
	expect_masked((struct access_before){ .cpu = 1, .since = 0, .entered = BEGIN + 300, .left = BEGIN + 600 }, "masked");
}

static void test_device_late(void **state)
{
	expect_interrupt(0, 501, 0, "device late");
	expect_interrupt(0, 500, 100, "undecided");
}

static void test_delivery(void **state)
{
	expect_interrupt(100, 100, 299, "delivery");
	expect_interrupt(100, 100, 300, "undecided");
	expect_interrupt(0, 0, 0, "delivery");
	/* A gap may be why: those of that time are no longer known. */
	const struct event late = interrupt(0, 0, 0);

	expect_with(&late, METRIC_ISR_LATENCY, &(struct gap_list){ .known_from = late.stamp[0] }, "delivery");
	expect_with(&late, METRIC_ISR_LATENCY, &(struct gap_list){ .known_from = late.stamp[0] + 1 }, "undecided");
}

/* Stamps that contradict each other decide nothing. */
static void test_more_parts_than_time(void **state)
{
	expect_interrupt(300, 300, 500, "undecided");
}

static void expect_held(struct access_before before, const struct gap_list *gaps, const char *cause)
{
	struct event waited = interrupt(100, 100, 600);
	struct event called = call(before);

	waited.before = before;
	expect_with(&called, METRIC_SYNC_WAIT, gaps, cause);
	/* The interrupt waits from 10400 on, and of that alone a holder is the cause. */
	expect_with(&waited, METRIC_ISR_LATENCY, gaps, cause);
}

static void test_lock_held(void **state)
{
	/* Nobody. */
	expect_held((struct access_before){ .cpu = 0, .since = 0, .entered = 0, .left = END }, &no_gaps, "undecided");
	/* Once, for most of it; whether or not anybody looked for gaps. */
	expect_held((struct access_before){ .cpu = 3, .since = 9000, .entered = 9000, .left = END }, &no_gaps, "lock held by CPU 2");
	expect_held((struct access_before){ .cpu = 3, .since = 9000, .entered = 9000, .left = END }, &GAP_LIST_NONE, "lock held by CPU 2");
	expect_held((struct access_before){ .cpu = 2, .since = END - 501, .entered = END - 501, .left = END }, &no_gaps,
		    "lock held by CPU 1");
	expect_held((struct access_before){ .cpu = 2, .since = END - 500, .entered = END - 500, .left = END }, &no_gaps, "undecided");
	/* It had left long before: who had it meanwhile, if anybody, is not known. */
	expect_held((struct access_before){ .cpu = 2, .since = 9000, .entered = 9000, .left = 9500 }, &no_gaps, "undecided");
	expect_held((struct access_before){ .cpu = 2, .since = 9000, .entered = 9000, .left = BEGIN + 300 }, &no_gaps, "undecided");
}

/* Access taken again and again leaves the waiter no chance, unless it was away: then the holder is not to blame. */
static void test_lock_held_again_and_again(void **state)
{
	const struct access_before streak = { .cpu = 2, .since = 9000, .entered = END - 10, .left = END - 5 };
	const struct access_before own = { .cpu = 1, .since = 9000, .entered = END - 10, .left = END - 5 };
	const struct gap_list late = { .known_from = BEGIN + 1 };

	expect_held(streak, &no_gaps, "lock held by CPU 1");
	expect_held(streak, &GAP_LIST_NONE, "undecided");
	expect_held(streak, &late, "undecided");
	/* It had access itself, and cannot have waited for that. */
	expect_held(own, &no_gaps, "undecided");
	/* A chain of others, of which it was the last for less than half. */
	expect_held((struct access_before){ .cpu = 2, .since = END - 500, .entered = END - 10, .left = END }, &no_gaps, "undecided");
}

static void expect_gap(unsigned cpu, uint64_t begin, uint64_t end, const struct event *event, enum metric metric, const char *cause)
{
	/* Too early, too late, and too short beside the one that is looked for. */
	const struct stamp_gap gap[] = { { 1, 0, BEGIN }, { 2, END, END + 9000 }, { cpu, begin, end }, { 2, BEGIN + 10, BEGIN + 20 } };
	const struct gap_list gaps = { .gap = gap, .count = 4 };

	expect_with(event, metric, &gaps, cause);
}

static void test_a_gap_on_the_cpu_itself(void **state)
{
	const struct access_before before = { .cpu = 2, .since = 9000, .entered = 9000, .left = END };
	struct event waited = call(before);
	struct event masked = interrupt(1000, 0, 0);
	struct event late = interrupt(0, 0, 0);

	expect_gap(0, BEGIN + 100, BEGIN + 601, &waited, METRIC_SYNC_WAIT, "gap on CPU 0");
	expect_gap(0, BEGIN + 100, BEGIN + 600, &waited, METRIC_SYNC_WAIT, "lock held by CPU 1");
	expect_gap(0, 0, BEGIN + 501, &masked, METRIC_ISR_LATENCY, "gap on CPU 0");
	expect_gap(0, 0, BEGIN + 500, &masked, METRIC_ISR_LATENCY, "masked");
	expect_gap(0, END - 501, END + 4000, &late, METRIC_ISR_LATENCY, "gap on CPU 0");
	expect_gap(0, END - 500, END + 4000, &late, METRIC_ISR_LATENCY, "delivery");
}

/* Several gaps of one CPU count together. */
static void test_gaps_of_one_cpu_add_up(void **state)
{
	struct event late = interrupt(0, 0, 0);
	const struct stamp_gap gap[] = { { 0, BEGIN, BEGIN + 251 }, { 0, BEGIN + 400, BEGIN + 650 } };
	const struct stamp_gap of_two[] = { { 0, BEGIN, BEGIN + 251 }, { 1, BEGIN + 400, BEGIN + 650 } };

	expect_with(&late, METRIC_ISR_LATENCY, &(struct gap_list){ .gap = gap, .count = 2 }, "gap on CPU 0");
	expect_with(&late, METRIC_ISR_LATENCY, &(struct gap_list){ .gap = of_two, .count = 2 }, "delivery");
}

static void test_a_gap_on_another_cpu(void **state)
{
	const struct access_before before = { .cpu = 3, .since = 9000, .entered = 9000, .left = END };
	struct event waited = call(before);
	struct event masked = interrupt(501, 0, 0);
	struct event late = interrupt(400, 0, 100);

	/* The holder was away, with the lock. */
	expect_gap(2, BEGIN, BEGIN + 600, &waited, METRIC_SYNC_WAIT, "gap on CPU 2");
	/* Whoever it was that did not go on. */
	expect_gap(1, BEGIN, BEGIN + 600, &waited, METRIC_SYNC_WAIT, "gap on CPU 1");
	expect_gap(1, BEGIN, BEGIN + 600, &masked, METRIC_ISR_LATENCY, "gap on CPU 1");
	expect_gap(1, BEGIN, BEGIN + 500, &waited, METRIC_SYNC_WAIT, "lock held by CPU 2");
	/* What was only to be noticed does not depend on another CPU. */
	expect_gap(1, BEGIN, BEGIN + 600, &late, METRIC_ISR_LATENCY, "undecided");
	late = interrupt(0, 0, 100);
	expect_gap(1, BEGIN, END, &late, METRIC_ISR_LATENCY, "delivery");
}

/* Its own gap comes first, then the holder's. */
static void test_of_two_cpus_that_were_away(void **state)
{
	const struct access_before before = { .cpu = 3, .since = 9000, .entered = 9000, .left = END };
	const struct stamp_gap gap[] = { { 1, BEGIN, END }, { 2, BEGIN, END }, { 0, BEGIN, END } };
	struct event waited = call(before);

	expect_with(&waited, METRIC_SYNC_WAIT, &(struct gap_list){ .gap = gap, .count = 3 }, "gap on CPU 0");
	expect_with(&waited, METRIC_SYNC_WAIT, &(struct gap_list){ .gap = gap, .count = 2 }, "gap on CPU 2");
}

/* A wait of no time has no cause. */
static void test_nothing_took_no_time(void **state)
{
	struct event event = { .stamp = { BEGIN, BEGIN, BEGIN, BEGIN } };

	expect_with(&event, METRIC_SYNC_WAIT, &no_gaps, "undecided");
	expect_with(&event, METRIC_ISR_LATENCY, &no_gaps, "undecided");
}

static void test_a_row_has_its_stamps_from_the_begin(void **state)
{
	const struct event event = { .stamp = { 1200, 1400, 1600, 1800 }, .cpu = 2, .waiters = 1, .before = { .cpu = 1 } };
	const struct event first = { .stamp = { 1000, 1000, 1000, 1000 } };
	struct events_span span = { .begin = 1000, .cpus = CPUS };
	static const json_int_t ns[] = { 100, 100, 200, 300, 400, 2, 0, 1 };
	json_t *rows = json_array();
	json_t *row;

	assert_int_equal(stamp_scale_set(&span.scale, 2, 1), 0);
	events_append_rows(rows, METRIC_SYNC_WAIT, &event, 1, &span, &no_gaps);
	events_append_rows(rows, METRIC_ISR_LATENCY, &first, 1, &span, &no_gaps);
	row = json_array_get(rows, 0);
	assert_int_equal(json_array_size(row), 19);
	assert_int_equal(json_integer_value(json_array_get(row, 0)), 1);
	assert_string_equal(json_string_value(json_array_get(row, 1)), "sync_wait");
	for (unsigned i = 0; i < sizeof(ns) / sizeof(ns[0]); i++)
		assert_int_equal(json_integer_value(json_array_get(row, 2 + i)), ns[i]);
	assert_string_equal(json_string_value(json_array_get(row, 10)), "undecided");
	/* Nobody had access before. */
	assert_true(json_is_null(json_array_get(json_array_get(rows, 1), 8)));
	json_decref(rows);
}

/* --- When others had to do with it.  The call waits in [10000, 11000], of CPU 0. --- */

static void expect_longest(const struct event *event, enum metric metric, const struct stamp_gap *gap, size_t count,
			   const struct stamp_gap *expected)
{
	const struct gap_list gaps = { .gap = gap, .count = count };

	assert_ptr_equal(events_gap(event, metric, CPUS, &gaps), expected);
}

static void test_the_gap_that_took_most(void **state)
{
	static const struct stamp_gap gap[] = {
		{ .cpu = 1, .begin = 0, .end = BEGIN },              /* long, and over */
		{ .cpu = 1, .begin = BEGIN - 5000, .end = BEGIN + 99 }, /* long, and most of it before */
		{ .cpu = 2, .begin = BEGIN + 100, .end = BEGIN + 200 },
		{ .cpu = 1, .begin = BEGIN + 300, .end = BEGIN + 400 }, /* no longer than the one before */
		{ .cpu = 1, .begin = END, .end = END + 9000 },
		{ .cpu = 2, .begin = BEGIN + 400, .end = BEGIN + 901 }, /* most of the time: blamed */
		{ .cpu = 1, .begin = BEGIN, .end = END },               /* and this is more, of a CPU that is not */
	};
	struct event event = call((struct access_before){ .cpu = 3, .since = 9000, .entered = 9000, .left = END });
	struct event isr = interrupt(0, 0, 10);

	(void)state;
	expect_longest(&event, METRIC_SYNC_WAIT, gap, 0, NULL);
	expect_longest(&event, METRIC_SYNC_WAIT, gap, 1, NULL);
	expect_longest(&event, METRIC_SYNC_WAIT, gap, 2, &gap[1]);
	expect_longest(&event, METRIC_SYNC_WAIT, gap, 5, &gap[2]);
	expect_longest(&event, METRIC_SYNC_WAIT, gap, 6, &gap[5]);
	expect_longest(&event, METRIC_SYNC_WAIT, gap, 7, &gap[5]);
	/* What the CPU had only to notice nobody else delays, so none is blamed. */
	expect_longest(&isr, METRIC_ISR_LATENCY, gap, 7, &gap[6]);
}

/* The last eight fields of a row, -1 for one that is empty. */
static void expect_times(const struct event *event, const struct gap_list *gaps, const int expected[8])
{
	const struct events_span span = { .begin = 9000, .cpus = CPUS };
	struct events_span scaled = span;
	json_t *rows = json_array();
	json_t *row;

	assert_int_equal(stamp_scale_set(&scaled.scale, 1, 1), 0);
	events_append_rows(rows, METRIC_SYNC_WAIT, event, 1, &scaled, gaps);
	row = json_array_get(rows, 0);
	for (size_t i = 0; i < 8; i++) {
		const json_t *value = json_array_get(row, 11 + i);

		assert_int_equal(json_is_null(value) ? -1 : (int)json_integer_value(value), expected[i]);
	}
	json_decref(rows);
}

static void test_a_row_tells_when_others_had_to_do_with_it(void **state)
{
	static const struct stamp_gap gap = { .cpu = 2, .begin = 10200, .end = 10900 }, early = { .cpu = 1, .begin = 8990, .end = 10100 };
	const struct gap_list gaps = { .gap = &gap, .count = 1 }, early_gaps = { .gap = &early, .count = 1 };
	struct event event = call((struct access_before){ .cpu = 3, .since = 9000, .entered = 9500, .left = 10990 });

	(void)state;
	event.dpc_begin = 11100;
	event.dpc_end = 11300;
	expect_times(&event, &gaps, (const int[]){ 2, 1200, 1900, 0, 500, 1990, 2100, 2300 });
	/* What was before the window has no time in it. */
	event.before.since = 8990;
	event.dpc_begin = 8990;
	expect_times(&event, &early_gaps, (const int[]){ 1, -1, 1100, -1, 500, 1990, -1, 2300 });
	event.before.entered = event.before.left = 8990;
	expect_times(&event, &no_gaps, (const int[]){ -1, -1, -1, -1, -1, -1, -1, 2300 });
	/* Stamps of two accesses, as two that were inside at once leave them, are of none. */
	event.before = (struct access_before){ .cpu = 3, .since = 9100, .entered = 9500, .left = 9400 };
	expect_times(&event, &no_gaps, (const int[]){ -1, -1, -1, -1, -1, -1, -1, 2300 });
	event.before = (struct access_before){ .cpu = 3, .since = 9600, .entered = 9500, .left = 9700 };
	expect_times(&event, &no_gaps, (const int[]){ -1, -1, -1, -1, -1, -1, -1, 2300 });
	event.before = (struct access_before){ .cpu = 0, .since = 9100, .entered = 9500, .left = 9700 };
	event.dpc_end = 0;
	expect_times(&event, &no_gaps, (const int[]){ -1, -1, -1, -1, -1, -1, -1, -1 });
}

static void test_dpcs_are_noted_of_those_that_await_them(void **state)
{
	struct events *events = &sets[0];
	const struct event *worst = events->worst;

	(void)state;
	memset(sets, 0, sizeof(sets));
	events_insert(events, &(struct event){ .ticks = 3, .awaits_dpcs = true });
	events_insert(events, &(struct event){ .ticks = 2 });
	events_insert(events, &(struct event){ .ticks = 1, .awaits_dpcs = true });
	events_note_dpcs(events, 10, 20);
	/* The first stretch, and no later one. */
	events_note_dpcs(events, 30, 40);
	assert_int_equal(worst[0].dpc_begin, 10);
	assert_int_equal(worst[0].dpc_end, 20);
	assert_int_equal(worst[1].dpc_end, 0);
	assert_int_equal(worst[2].dpc_end, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_worst_are_those_of_a_sort),
		cmocka_unit_test(test_fewer_than_are_kept_are_all_there),
		cmocka_unit_test(test_what_is_no_worse_is_not_wanted),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_masked_by_its_own_section),
		cmocka_unit_test(test_device_late),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_more_parts_than_time),
		cmocka_unit_test(test_lock_held),
		cmocka_unit_test(test_lock_held_again_and_again),
		cmocka_unit_test(test_a_gap_on_the_cpu_itself),
		cmocka_unit_test(test_gaps_of_one_cpu_add_up),
		cmocka_unit_test(test_a_gap_on_another_cpu),
		cmocka_unit_test(test_of_two_cpus_that_were_away),
		cmocka_unit_test(test_nothing_took_no_time),
		cmocka_unit_test(test_a_row_has_its_stamps_from_the_begin),
		cmocka_unit_test(test_the_gap_that_took_most),
		cmocka_unit_test(test_a_row_tells_when_others_had_to_do_with_it),
		cmocka_unit_test(test_dpcs_are_noted_of_those_that_await_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
