/* SPDX-License-Identifier: MIT */
/*
 * The recorder: what of a sample's stamps goes into which metric, in
 * nanoseconds, and which samples lie in the window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/cell/recorder.h"
#include "hba_sim/machine/machine.h"

#define CPUS 2
#define BEGIN 1000000
#define END 2000000
/* Ticks are half a nanosecond: every sample below is even. */
#define TICKS_PER_NS 2

struct rig {
	struct recorder recorder;
	struct sim_machine machine; /* of those tests in which there are gaps */
	struct sim_cpu cpu[CPUS];
};

static int set_up(void **state)
{
	static struct rig rig;
	struct stamp_scale scale;

	memset(&rig, 0, sizeof(rig));
	if (stamp_scale_set(&scale, TICKS_PER_NS, 1) || recorder_init(&rig.recorder, CPUS, 1))
		return -1;
	recorder_set_scale(&rig.recorder, &scale);
	rig.machine.cpus = CPUS;
	rig.machine.cpu = rig.cpu;
	for (unsigned c = 0; c < CPUS; c++) {
		rig.cpu[c].index = c;
		rig.cpu[c].machine = &rig.machine;
		recorder_open(&rig.recorder, c, BEGIN, END);
	}
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	recorder_fini(&rig->recorder);
	return 0;
}

static void interrupt(struct rig *rig, unsigned cpu, const struct irq_event *event)
{
	rig->recorder.probe.interrupt(&rig->recorder.probe, &rig->cpu[cpu], event);
}

static void call(struct rig *rig, unsigned cpu, const uint64_t stamp[4], uint64_t section)
{
	rig->recorder.probe.call(&rig->recorder.probe, &rig->cpu[cpu], stamp, section, &(struct access_before){ 0 });
}

static const struct histogram *of(const struct rig *rig, unsigned cpu, enum metric metric)
{
	return &rig->recorder.cpu[cpu].histogram[metric];
}

/* Exactly one sample, of that many ticks. */
static void check_only(const struct rig *rig, unsigned cpu, enum metric metric, uint64_t ticks)
{
	const struct histogram *h = of(rig, cpu, metric);

	if (h->n != 1 || h->min != ticks / TICKS_PER_NS || h->max != ticks / TICKS_PER_NS)
		fail_msg("%s: %lu samples, %lu to %lu ns", metric_name(metric), (unsigned long)h->n, (unsigned long)h->min,
			 (unsigned long)h->max);
}

static uint64_t samples(const struct rig *rig)
{
	uint64_t n = 0;

	for (unsigned c = 0; c < CPUS; c++) {
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			n += of(rig, c, (enum metric)m)->n + of(rig, c, (enum metric)m)->out_of_range;
	}
	return n;
}

static void test_an_interrupts_stamps_become_its_metrics(void **state)
{
	struct rig *rig = *state;
	const struct irq_event event = { .asserted = BEGIN, .masked = 2000, .model = 600, .taken = BEGIN + 3000,
					 .entered = BEGIN + 3400, .left = BEGIN + 3400 + 5000, .spun = true };

	interrupt(rig, 1, &event);
	check_only(rig, 1, METRIC_ISR_MASKED, 2000);
	check_only(rig, 1, METRIC_DEVICE_MODEL, 600);
	check_only(rig, 1, METRIC_ISR_DELIVERY, 3000 - 2000 - 600);
	check_only(rig, 1, METRIC_ISR_ACQUIRE, 400);
	check_only(rig, 1, METRIC_ISR_SERVICE, 5000);
	/* From asserted to entered, less what the model took: the sum of its three parts. */
	check_only(rig, 1, METRIC_ISR_LATENCY, 3400 - 600);
	assert_int_equal(samples(rig), 6);
	assert_int_equal(rig->recorder.cpu[1].interrupts, 1);
	assert_int_equal(rig->recorder.cpu[0].interrupts, 0);
}

static void test_interrupts_that_were_kept_out_are_counted(void **state)
{
	static const struct {
		uint64_t masked;
		bool spun;
		unsigned held, spuns;
	} cases[] = { { 0, false, 0, 0 }, { 2, false, 1, 0 }, { 0, true, 2, 1 }, { 2, true, 3, 2 } };
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct irq_event event = { .asserted = BEGIN, .taken = BEGIN + 10, .entered = BEGIN + 10, .left = BEGIN + 10,
						 .masked = cases[i].masked, .spun = cases[i].spun };

		interrupt(rig, 0, &event);
		assert_int_equal(rig->recorder.cpu[0].interrupts, i + 1);
		assert_int_equal(rig->recorder.cpu[0].held, cases[i].held);
		assert_int_equal(rig->recorder.cpu[0].spun, cases[i].spuns);
	}
}

static void test_a_calls_stamps_become_its_metrics(void **state)
{
	struct rig *rig = *state;

	call(rig, 0, (const uint64_t[]){ BEGIN, BEGIN + 200, BEGIN + 1000, BEGIN + 1060 }, 700);
	check_only(rig, 0, METRIC_SYNC_WAIT, 200);
	check_only(rig, 0, METRIC_SYNC_HOLD, 800);
	check_only(rig, 0, METRIC_SYNC_RELEASE, 60);
	check_only(rig, 0, METRIC_SECTION, 700);
	assert_int_equal(rig->recorder.cpu[0].calls, 1);
	assert_int_equal(samples(rig), 4);

	/* A routine without added work is no section of length 0. */
	call(rig, 0, (const uint64_t[]){ BEGIN, BEGIN, BEGIN, BEGIN }, 0);
	assert_int_equal(of(rig, 0, METRIC_SECTION)->n, 1);
	assert_int_equal(of(rig, 0, METRIC_SYNC_HOLD)->n, 2);
}

static void test_an_ios_stamps_become_its_metrics(void **state)
{
	struct rig *rig = *state;

	/* Intended before the window, completed in it: late is what it was. */
	recorder_io(&rig->recorder, 0, BEGIN - 5000, BEGIN - 1000, BEGIN + 3000);
	check_only(rig, 0, METRIC_RESPONSE, 8000);
	check_only(rig, 0, METRIC_SERVICE, 4000);
	assert_int_equal(rig->recorder.cpu[0].ios, 1);
	assert_int_equal(samples(rig), 2);
}

/* [begin, end): an interrupt by its assertion, a call by its beginning, an I/O by its completion. */
static void test_the_window_is_half_open(void **state)
{
	static const struct {
		uint64_t at;
		bool counts;
	} cases[] = {
		{ 0, false }, { BEGIN - 1, false }, { BEGIN, true }, { END - 1, true }, { END, false }, { UINT64_MAX - 100, false },
	};
	struct rig *rig = *state;
	const struct recorder_cpu *rcpu = &rig->recorder.cpu[0];
	uint64_t expected = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint64_t at = cases[i].at;
		const struct irq_event event = { .asserted = at, .taken = at + 2, .entered = at + 4, .left = at + 6 };

		expected += cases[i].counts;
		interrupt(rig, 0, &event);
		call(rig, 0, (const uint64_t[]){ at, at + 2, at + 4, at + 6 }, 2);
		recorder_io(&rig->recorder, 0, at - 4, at - 2, at);
		assert_int_equal(rcpu->interrupts, expected);
		assert_int_equal(rcpu->calls, expected);
		assert_int_equal(rcpu->ios, expected);
	}
	assert_int_equal(samples(rig), expected * (6 + 4 + 2));
	assert_int_equal(of(rig, 0, METRIC_ISR_LATENCY)->n, expected);
}

static void test_nothing_counts_before_a_window_is_opened(void **state)
{
	struct rig *rig = *state;
	struct recorder closed;
	struct stamp_scale scale;
	const struct irq_event event = { .asserted = BEGIN, .taken = BEGIN, .entered = BEGIN, .left = BEGIN };

	assert_int_equal(stamp_scale_set(&scale, 1, 1), 0);
	assert_int_equal(recorder_init(&closed, 1, 1), 0);
	recorder_set_scale(&closed, &scale);
	closed.probe.interrupt(&closed.probe, &rig->cpu[0], &event);
	closed.probe.call(&closed.probe, &rig->cpu[0], (const uint64_t[]){ 1, 2, 3, 4 }, 1, &(struct access_before){ 0 });
	recorder_io(&closed, 0, 1, 2, UINT64_MAX);
	assert_int_equal(closed.cpu[0].interrupts + closed.cpu[0].calls + closed.cpu[0].ios, 0);
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		assert_int_equal(closed.cpu[0].histogram[m].n, 0);
	recorder_fini(&closed);
}

static void test_all_cpus_are_merged(void **state)
{
	struct rig *rig = *state;
	struct histogram merged;

	recorder_io(&rig->recorder, 0, BEGIN, BEGIN, BEGIN + 100);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, BEGIN + 900);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, BEGIN + 500);
	assert_int_equal(histogram_init(&merged), 0);
	recorder_merge(&rig->recorder, METRIC_RESPONSE, &merged);
	assert_int_equal(merged.n, 3);
	assert_int_equal(merged.min, 50);
	assert_int_equal(merged.max, 450);
	assert_int_equal(histogram_mean_ns(&merged), 250);
	histogram_fini(&merged);
	assert_int_equal(of(rig, 0, METRIC_RESPONSE)->n, 1);
}

/* Where several threads act as one CPU, each has its own histograms, and a CPU's are one distribution. */
static void test_all_contexts_are_merged(void **state)
{
	struct recorder two;
	struct stamp_scale scale;
	struct histogram merged;
	struct recorder_totals totals;

	assert_int_equal(stamp_scale_set(&scale, 1, 1), 0);
	assert_int_equal(recorder_init(&two, CPUS, 2), 0);
	recorder_set_scale(&two, &scale);
	recorder_open(&two, 1, BEGIN, END);
	for (unsigned context = 0; context < 2; context++) {
		struct recorder_cpu *rcpu = &two.cpu[context * CPUS + 1];

		assert_int_equal(rcpu->begin, BEGIN);
		assert_int_equal(rcpu->end, END);
		histogram_record(&rcpu->histogram[METRIC_SYNC_WAIT], 100 + context);
		rcpu->calls = 3 + context;
		rcpu->ios = 5;
		rcpu->call_held_max = 100 * context;
	}
	recorder_io(&two, 1, BEGIN, BEGIN, BEGIN + 7);
	assert_int_equal(two.cpu[1].ios, 6);
	assert_int_equal(histogram_init(&merged), 0);
	recorder_merge_cpu(&two, 0, METRIC_SYNC_WAIT, &merged);
	assert_int_equal(merged.n, 0);
	recorder_merge_cpu(&two, 1, METRIC_SYNC_WAIT, &merged);
	assert_int_equal(merged.n, 2);
	recorder_merge(&two, METRIC_SYNC_WAIT, &merged);
	assert_int_equal(merged.n, 4);
	recorder_total(&two, &totals);
	assert_int_equal(totals.calls, 7);
	assert_int_equal(totals.ios, 11);
	assert_int_equal(totals.held_max, 100);
	histogram_fini(&merged);
	recorder_fini(&two);
}

static uint64_t held_max(const struct rig *rig)
{
	struct recorder_totals totals;

	recorder_total(&rig->recorder, &totals);
	return totals.held_max;
}

static void test_the_longest_that_access_was_held(void **state)
{
	struct rig *rig = *state;
	const struct irq_event isr = { .asserted = BEGIN, .taken = BEGIN + 100, .entered = BEGIN + 200, .left = BEGIN + 2000 };
	const struct irq_event later = { .asserted = BEGIN, .taken = BEGIN + 9000, .entered = BEGIN + 9100, .left = BEGIN + 9200 };

	/* From the first instruction to the end of the release, on whatever CPU. */
	call(rig, 0, (const uint64_t[]){ BEGIN, BEGIN + 500, BEGIN + 1000, BEGIN + 1100 }, 0);
	assert_int_equal(held_max(rig), 600);
	call(rig, 1, (const uint64_t[]){ BEGIN, BEGIN + 500, BEGIN + 1000, BEGIN + 1040 }, 0);
	assert_int_equal(held_max(rig), 600);
	/* An ISR holds it from its entry, and what came before is no part of it. */
	interrupt(rig, 1, &isr);
	assert_int_equal(held_max(rig), 1800);
	/* What is taken as the IRQL falls comes after the release. */
	interrupt(rig, 0, &later);
	call(rig, 0, (const uint64_t[]){ BEGIN + 6000, BEGIN + 7000, BEGIN + 8900, BEGIN + 50000 }, 0);
	assert_int_equal(held_max(rig), 2000);
	/* On another CPU it says nothing. */
	call(rig, 1, (const uint64_t[]){ BEGIN + 6000, BEGIN + 7000, BEGIN + 8900, BEGIN + 9500 }, 0);
	assert_int_equal(held_max(rig), 2500);
	/* A section that reaches into the window may block somebody in it; one that is over does not. */
	call(rig, 0, (const uint64_t[]){ BEGIN - 9000, BEGIN - 8000, BEGIN - 4000, BEGIN - 3000 }, 0);
	call(rig, 0, (const uint64_t[]){ END, END, END + 8000, END + 8000 }, 0);
	assert_int_equal(held_max(rig), 2500);
	call(rig, 0, (const uint64_t[]){ BEGIN - 9000, BEGIN - 8000, BEGIN - 10, BEGIN }, 0);
	assert_int_equal(held_max(rig), 8000);
}

static void test_the_longest_that_an_interrupt_was_blocked(void **state)
{
	struct rig *rig = *state;
	struct irq_event event = { .asserted = BEGIN, .masked = 2000, .model = 600, .taken = BEGIN + 3000, .entered = BEGIN + 3400,
				   .left = BEGIN + 9000 };
	struct recorder_totals totals;

	interrupt(rig, 1, &event);
	event.masked = 0;
	interrupt(rig, 0, &event);
	recorder_total(&rig->recorder, &totals);
	assert_int_equal(totals.isr_blocked_max, 2400);
	assert_int_equal(totals.interrupts, 2);
	event.asserted = END;
	event.masked = 5000;
	interrupt(rig, 0, &event);
	recorder_total(&rig->recorder, &totals);
	assert_int_equal(totals.isr_blocked_max, 2400);
}

static void test_a_bystander_counts_from_when_it_was_due(void **state)
{
	struct rig *rig = *state;

	recorder_bystander(&rig->recorder.cpu[1], METRIC_BYSTANDER_LOW, BEGIN - 2, BEGIN + 10);
	recorder_bystander(&rig->recorder.cpu[1], METRIC_BYSTANDER_LOW, END, END + 10);
	assert_int_equal(samples(rig), 0);
	recorder_bystander(&rig->recorder.cpu[1], METRIC_BYSTANDER_LOW, END - 2, END + 98);
	check_only(rig, 1, METRIC_BYSTANDER_LOW, 100);
	assert_int_equal(samples(rig), 1);
}

/* A stamp that went backwards is out of range, not a small number. */
static void test_nonsense_is_counted_as_out_of_range(void **state)
{
	struct rig *rig = *state;

	call(rig, 0, (const uint64_t[]){ BEGIN + 100, BEGIN, BEGIN + 200, BEGIN + 300 }, 0);
	assert_int_equal(of(rig, 0, METRIC_SYNC_WAIT)->n, 0);
	assert_int_equal(of(rig, 0, METRIC_SYNC_WAIT)->out_of_range, 1);
}

/* Of two CPUs' samples the worst, who had access before, and whether the other one waited just then. */
static void test_the_worst_are_kept_with_what_was_known(void **state)
{
	struct rig *rig = *state;
	const struct access_before before = { .cpu = 1, .since = 5, .entered = 6, .left = 7 };
	const struct irq_event event = { .asserted = BEGIN + 10, .masked = 20, .model = 6, .taken = BEGIN + 50, .entered = BEGIN + 100,
					 .left = BEGIN + 120, .before = before };
	const struct irq_event outside = { .asserted = BEGIN - 10, .taken = BEGIN + 5000, .entered = BEGIN + 9000, .left = BEGIN + 9000 };
	const uint64_t backwards[] = { BEGIN + 100, BEGIN, BEGIN + 200, BEGIN + 300 };
	const struct event *worst = &rig->recorder.cpu[1].worst_interrupts.worst[0];

	rig->cpu[0].call_waits = true;
	rig->cpu[1].isr_waits = true;
	interrupt(rig, 1, &event);
	interrupt(rig, 1, &outside);
	call(rig, 0, backwards, 0);
	assert_int_equal(rig->recorder.cpu[1].worst_interrupts.count, 1);
	assert_int_equal(rig->recorder.cpu[0].worst_interrupts.count, 0);
	assert_int_equal(rig->recorder.cpu[0].worst_calls.count, 0);
	assert_int_equal(worst->ticks, 100 - 10 - 6);
	assert_int_equal(worst->stamp[0], BEGIN + 10);
	assert_int_equal(worst->stamp[3], BEGIN + 120);
	assert_int_equal(worst->masked, 20);
	assert_int_equal(worst->model, 6);
	assert_int_equal(worst->before.cpu, 1);
	assert_int_equal(worst->before.left, 7);
	assert_int_equal(worst->cpu, 1);
	/* Itself it does not count. */
	assert_int_equal(worst->waiters, 1);
	rig->cpu[0].call_waits = false;
	rig->cpu[1].isr_waits = false;
	call(rig, 1, (const uint64_t[]){ BEGIN, BEGIN + 40, BEGIN + 60, BEGIN + 80 }, 0);
	worst = &rig->recorder.cpu[1].worst_calls.worst[0];
	assert_int_equal(worst->ticks, 40);
	assert_int_equal(worst->waiters, 0);
	assert_int_equal(worst->before.cpu, 0);
}

static void over(struct rig *rig, unsigned cpu, uint64_t begin, uint64_t end)
{
	struct sim_dispatch_watch *watch = rig->cpu[cpu].dispatch_watch;

	if (watch)
		watch->over(watch, &rig->cpu[cpu], begin, end);
}

/* Of interrupts those DPCs that were interrupted or queued; of calls those in which they were made. */
static void test_the_worst_learn_of_their_dpcs(void **state)
{
	struct rig *rig = *state;
	const struct irq_event event = { .asserted = BEGIN + 10, .taken = BEGIN + 50, .entered = BEGIN + 100, .left = BEGIN + 120 };
	const uint64_t stamp[] = { BEGIN, BEGIN + 40, BEGIN + 60, BEGIN + 80 };
	const struct event *interrupts = rig->recorder.cpu[1].worst_interrupts.worst;
	const struct event *calls = rig->recorder.cpu[1].worst_calls.worst;
	struct sim_dpc queued;

	interrupt(rig, 1, &event);
	call(rig, 1, stamp, 0);
	assert_null(rig->cpu[1].dispatch_watch);
	rig->cpu[1].dpc_head = &queued;
	call(rig, 1, stamp, 0);
	assert_null(rig->cpu[1].dispatch_watch);
	interrupt(rig, 1, &event);
	assert_non_null(rig->cpu[1].dispatch_watch);
	/* Another CPU's are not awaited. */
	assert_null(rig->cpu[0].dispatch_watch);
	rig->cpu[1].irql = IRQL_DISPATCH;
	over(rig, 1, BEGIN + 200, BEGIN + 300);
	assert_int_equal(rig->cpu[1].irql, IRQL_DISPATCH);
	assert_int_equal(interrupts[0].dpc_end, 0);
	assert_int_equal(interrupts[1].dpc_begin, BEGIN + 200);
	assert_int_equal(interrupts[1].dpc_end, BEGIN + 300);
	/* Once is enough: from then on nobody wants to know. */
	assert_null(rig->cpu[1].dispatch_watch);
	rig->cpu[1].dpc_head = NULL;
	rig->cpu[1].dispatching = true;
	call(rig, 1, stamp, 0);
	over(rig, 1, BEGIN - 5, BEGIN + 90);
	assert_int_equal(calls[1].dpc_end, 0);
	assert_int_equal(calls[2].dpc_begin, BEGIN - 5);
	assert_int_equal(calls[2].dpc_end, BEGIN + 90);
}

static void test_pieces_of_the_window_count_from_its_begin(void **state)
{
	enum { PIECE = WINDOW_NS * TICKS_PER_NS };
	struct rig *rig = *state;
	const uint64_t second_end = BEGIN + 2 * (uint64_t)PIECE;
	const struct irq_event event = { .asserted = second_end - 1, .model = 10, .taken = second_end + 20, .entered = second_end + 50,
					 .left = second_end + 60 };
	const struct windows *windows = &rig->recorder.cpu[1].windows;

	assert_int_equal(recorder_set_windows(&rig->recorder, 3 * WINDOW_NS), 0);
	recorder_open(&rig->recorder, 1, BEGIN, BEGIN + 3 * (uint64_t)PIECE);
	interrupt(rig, 1, &event);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, second_end - 1);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, second_end);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, BEGIN + 3 * (uint64_t)PIECE);
	assert_int_equal(windows->count, 3);
	assert_int_equal(windows->window[0].interrupts + windows->window[0].ios, 0);
	assert_int_equal(windows->window[1].interrupts, 1);
	/* The same latency as the metric's. */
	assert_int_equal(windows->window[1].max_ns, of(rig, 1, METRIC_ISR_LATENCY)->max);
	assert_int_equal(windows->window[2].ios, 1);
	assert_int_equal(windows->window[1].ios, 1);
}

/* --- Gaps --- */

#define GAP_BEGIN (BEGIN + 10000)
#define GAP_END (BEGIN + 20000)

static int set_up_witness(void **state)
{
	struct sim_machine_config config = { .cpus = CPUS, .phys_bytes = 4096, .gap_threshold_ns = 100 };
	struct rig *rig;

	if (set_up(state) || stamp_scale_set(&config.scale, TICKS_PER_NS, 1))
		return -1;
	rig = *state;
	if (sim_machine_init(&rig->machine, &config))
		return -1;
	recorder_set_machine(&rig->recorder, &rig->machine);
	return 0;
}

static int tear_down_witness(void **state)
{
	struct rig *rig = *state;

	sim_machine_fini(&rig->machine);
	return tear_down(state);
}

/* CPU `cpu` is away from GAP_BEGIN to GAP_END. */
static void gap(struct rig *rig, unsigned cpu)
{
	sim_see(&rig->machine.cpu[cpu], GAP_BEGIN);
	sim_see(&rig->machine.cpu[cpu], GAP_END);
}

static uint64_t hits(const struct rig *rig, unsigned cpu, enum metric metric)
{
	return rig->recorder.cpu[cpu].hit[metric].n;
}

static uint64_t all_hits(const struct rig *rig)
{
	uint64_t n = 0;

	for (unsigned c = 0; c < CPUS; c++) {
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			n += hits(rig, c, (enum metric)m);
	}
	return n;
}

static void test_samples_that_no_gap_hit_are_recorded_once(void **state)
{
	struct rig *rig = *state;
	const struct irq_event event = { .asserted = GAP_END, .taken = GAP_END + 2, .entered = GAP_END + 4, .left = GAP_END + 6 };

	gap(rig, 0);
	interrupt(rig, 0, &event);
	call(rig, 0, (const uint64_t[]){ GAP_END, GAP_END + 200, GAP_END + 1000, GAP_END + 1060 }, 700);
	recorder_io(&rig->recorder, 0, GAP_END, GAP_END, GAP_END + 2);
	recorder_bystander(&rig->recorder.cpu[0], METRIC_BYSTANDER_LOW, GAP_END, GAP_END + 2);
	assert_int_equal(all_hits(rig), 0);
	assert_int_equal(samples(rig), 6 + 4 + 2 + 1);
}

static void test_a_gap_marks_the_part_of_an_interrupt_that_it_hit(void **state)
{
	/* Masked to 4000, not noticed to 7000, published to 8000, entered at 9000, left at 11000. */
	static const struct {
		uint64_t asserted; /* before GAP_BEGIN */
		enum metric hit;
	} cases[] = {
		{ 3900, METRIC_ISR_MASKED }, { 4100, METRIC_ISR_DELIVERY }, { 7100, METRIC_DEVICE_MODEL }, { 8100, METRIC_ISR_ACQUIRE },
		{ 9100, METRIC_ISR_SERVICE },
	};
	static const uint64_t away = GAP_END - GAP_BEGIN;
	struct rig *rig = *state;

	gap(rig, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t at = GAP_BEGIN - cases[i].asserted;
		uint64_t before = all_hits(rig);
		enum metric hit = cases[i].hit;
		struct irq_event event = { .asserted = at };

		event.masked = 4000 + (hit == METRIC_ISR_MASKED) * away;
		event.model = 1000 + (hit == METRIC_DEVICE_MODEL) * away;
		event.taken = at + 3000 + (hit == METRIC_ISR_DELIVERY) * away + event.masked + event.model;
		event.entered = event.taken + 1000 + (hit == METRIC_ISR_ACQUIRE) * away;
		event.left = event.entered + 2000 + (hit == METRIC_ISR_SERVICE) * away;
		interrupt(rig, 0, &event);
		assert_int_equal(hits(rig, 0, hit), 1);
		assert_int_equal(hits(rig, 0, METRIC_ISR_LATENCY), i < 4 ? i + 1 : 4);
		assert_int_equal(all_hits(rig) - before, hit == METRIC_ISR_SERVICE ? 1 : 2);
	}
	assert_int_equal(of(rig, 0, METRIC_ISR_LATENCY)->n, 5);
	assert_int_equal(rig->recorder.cpu[0].hit[METRIC_ISR_MASKED].max, (4000 + away) / TICKS_PER_NS);
}

static void test_a_gap_marks_the_part_of_a_call_that_it_hit(void **state)
{
	struct rig *rig = *state;

	gap(rig, 0);
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN - 100, GAP_END + 10, GAP_END + 20, GAP_END + 30 }, 6);
	assert_int_equal(hits(rig, 0, METRIC_SYNC_WAIT), 1);
	assert_int_equal(all_hits(rig), 1);
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN - 100, GAP_BEGIN - 50, GAP_END + 20, GAP_END + 30 }, 6);
	assert_int_equal(hits(rig, 0, METRIC_SYNC_HOLD), 1);
	assert_int_equal(all_hits(rig), 2);
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN - 100, GAP_BEGIN - 50, GAP_BEGIN, GAP_END + 30 }, 6);
	assert_int_equal(hits(rig, 0, METRIC_SYNC_RELEASE), 1);
	assert_int_equal(all_hits(rig), 3);
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN - 100, GAP_BEGIN - 50, GAP_END + 10, GAP_END + 30 }, 60);
	assert_int_equal(hits(rig, 0, METRIC_SECTION), 1);
	assert_int_equal(hits(rig, 0, METRIC_SYNC_HOLD), 2);
	assert_int_equal(all_hits(rig), 5);
	recorder_io(&rig->recorder, 0, GAP_BEGIN - 10, GAP_END, GAP_END + 10);
	assert_int_equal(hits(rig, 0, METRIC_RESPONSE), 1);
	assert_int_equal(all_hits(rig), 6);
	recorder_bystander(&rig->recorder.cpu[0], METRIC_BYSTANDER_HIGH, GAP_BEGIN + 5, GAP_END + 2);
	assert_int_equal(hits(rig, 0, METRIC_BYSTANDER_HIGH), 1);
	assert_int_equal(all_hits(rig), 7);
}

/* The holder was away: who waits for it finds that out when it has the lock. */
static void test_another_cpus_gap_marks_who_waited_for_it(void **state)
{
	struct rig *rig = *state;

	gap(rig, 1);
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN + 100, GAP_END + 500, GAP_END + 600, GAP_END + 700 }, 0);
	assert_int_equal(hits(rig, 0, METRIC_SYNC_WAIT), 1);
	/* A call that was over before the gap was. */
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN + 100, GAP_BEGIN + 200, GAP_BEGIN + 300, GAP_BEGIN + 400 }, 0);
	assert_int_equal(all_hits(rig), 1);
	assert_int_equal(of(rig, 0, METRIC_SYNC_WAIT)->n, 2);
}

static void test_hits_are_merged_and_subtracted(void **state)
{
	struct rig *rig = *state;
	struct histogram all, hit;

	gap(rig, 0);
	call(rig, 0, (const uint64_t[]){ GAP_BEGIN - 100, GAP_END + 100, GAP_END + 200, GAP_END + 300 }, 0);
	call(rig, 1, (const uint64_t[]){ GAP_BEGIN - 100, GAP_END + 4100, GAP_END + 4200, GAP_END + 4300 }, 0);
	call(rig, 1, (const uint64_t[]){ GAP_END, GAP_END + 80, GAP_END + 200, GAP_END + 300 }, 0);
	assert_int_equal(histogram_init(&all), 0);
	assert_int_equal(histogram_init_untouched(&hit), 0);
	recorder_merge(&rig->recorder, METRIC_SYNC_WAIT, &all);
	recorder_merge_hit(&rig->recorder, METRIC_SYNC_WAIT, &hit);
	assert_int_equal(all.n, 3);
	assert_int_equal(hit.n, 2);
	assert_int_equal(hit.max, (GAP_END - GAP_BEGIN + 4200) / TICKS_PER_NS);
	histogram_subtract(&all, &hit);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.max, 40);
	assert_int_equal(all.min, 40);
	histogram_fini(&all);
	histogram_fini(&hit);
}

/* It stamps for the witness, and opens the logs' windows along with its own. */
static void test_the_recorder_tells_the_witness(void **state)
{
	struct rig *rig = *state;
	const struct gap_log *log = &rig->machine.cpu[1].gaps;

	recorder_open(&rig->recorder, 1, BEGIN, END);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, GAP_BEGIN);
	recorder_io(&rig->recorder, 1, BEGIN, BEGIN, GAP_END);
	assert_int_equal(log->count, 1);
	assert_int_equal(log->ticks, GAP_END - GAP_BEGIN);
	assert_int_equal(hits(rig, 1, METRIC_RESPONSE), 1);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_WITNESS(test) cmocka_unit_test_setup_teardown(test, set_up_witness, tear_down_witness)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_an_interrupts_stamps_become_its_metrics),
		WITH_RIG(test_interrupts_that_were_kept_out_are_counted),
		WITH_RIG(test_a_calls_stamps_become_its_metrics),
		WITH_RIG(test_an_ios_stamps_become_its_metrics),
		WITH_RIG(test_the_window_is_half_open),
		WITH_RIG(test_nothing_counts_before_a_window_is_opened),
		WITH_RIG(test_all_cpus_are_merged),
		WITH_RIG(test_all_contexts_are_merged),
		WITH_RIG(test_the_longest_that_access_was_held),
		WITH_RIG(test_the_longest_that_an_interrupt_was_blocked),
		WITH_RIG(test_a_bystander_counts_from_when_it_was_due),
		WITH_RIG(test_nonsense_is_counted_as_out_of_range),
		WITH_RIG(test_the_worst_are_kept_with_what_was_known),
		WITH_RIG(test_the_worst_learn_of_their_dpcs),
		WITH_RIG(test_pieces_of_the_window_count_from_its_begin),
		WITH_WITNESS(test_samples_that_no_gap_hit_are_recorded_once),
		WITH_WITNESS(test_a_gap_marks_the_part_of_an_interrupt_that_it_hit),
		WITH_WITNESS(test_a_gap_marks_the_part_of_a_call_that_it_hit),
		WITH_WITNESS(test_another_cpus_gap_marks_who_waited_for_it),
		WITH_WITNESS(test_hits_are_merged_and_subtracted),
		WITH_WITNESS(test_the_recorder_tells_the_witness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
