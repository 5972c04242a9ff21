/* SPDX-License-Identifier: MIT */
/* Explanations of made-up runs whose true cause is known: each rule at its threshold and below. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/explain/causes.h"
#include "bench/explain/evidence.h"
#include "bench/explain/family.h"
#include "bench/explain/print.h"
#include "bench/explain/time_text.h"
#include "bench/explain/trust.h"
#include "impls/backends.h"

#define INVOCATIONS 7

/* Distinct values around `middle`, which is their median; the step is small beside any threshold. */
static void put(struct explain_side *side, enum explain_measure measure, double middle)
{
	for (size_t i = 0; i < side->taken; i++)
		side->value[measure][i] = middle + ((double)i - (double)(side->taken / 2)) * 1e-6;
}

static void begin(struct explain_side *side, const char *backend, size_t invocations)
{
	*side = (struct explain_side){ .cell_id = "0123456789abcdef", .ok = invocations, .taken = invocations, .reason = "" };
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		side->key[k] = "";
	side->key[RUN_KEY_BACKEND] = backend;
	side->key[RUN_KEY_CPUS] = "2";
	side->key[RUN_KEY_ARRIVAL] = "closed";
	side->key[RUN_KEY_DELIVERY] = "poll";
	for (unsigned m = 0; m < EXPLAIN_MEASURE_COUNT; m++) {
		for (size_t i = 0; i < RANK_SAMPLES_MAX; i++)
			side->value[m][i] = NAN;
	}
	put(side, EXPLAIN_LATENCY, 600);
	put(side, EXPLAIN_MASKED, 300);
	put(side, EXPLAIN_DELIVERY, 200);
	put(side, EXPLAIN_ACQUIRE, 100);
	put(side, EXPLAIN_WAIT, 80);
	put(side, EXPLAIN_HOLD, 200);
	put(side, EXPLAIN_RELEASE, 100);
	put(side, EXPLAIN_IOPS, 1000000);
	put(side, EXPLAIN_SYNC_PER_S, 1000000);
	put(side, EXPLAIN_KEPT_OUT, 0.5);
}

/* Both sides alike, ticket against spinlock. */
static struct explanation *alike(void)
{
	struct explanation *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	begin(&e->cell, "ticket", INVOCATIONS);
	begin(&e->base, "spinlock", INVOCATIONS);
	e->column = RUN_KEY_BACKEND;
	return e;
}

static void compose(struct explanation *e)
{
	explain_side_compute(&e->cell);
	explain_side_compute(&e->base);
	explain_compose(e);
}

static const struct explain_sentence *find(const struct explanation *e, const char *rule)
{
	for (size_t i = 0; i < e->count; i++) {
		if (strcmp(e->sentence[i].rule, rule) == 0)
			return &e->sentence[i];
	}
	return NULL;
}

static void says(const struct explanation *e, const char *rule, const char *what)
{
	const struct explain_sentence *sentence = find(e, rule);
	char text[PRINT_SENTENCE_BYTES];

	assert_non_null(sentence);
	if (!strstr(print_sentence(text, sentence), what))
		fail_msg("%s: '%s' is not in: %s", rule, what, text);
}

static void nothing_about(const struct explanation *e, const char *rule)
{
	const struct explain_sentence *sentence = find(e, rule);

	if (sentence)
		fail_msg("%s says: %s", rule, sentence->text);
}

/* Makes the cell slower: each part by so much. */
static void lengthen(struct explanation *e, double masked, double acquire, double wait)
{
	put(&e->cell, EXPLAIN_LATENCY, 600 + masked + acquire);
	put(&e->cell, EXPLAIN_MASKED, 300 + masked);
	put(&e->cell, EXPLAIN_ACQUIRE, 100 + acquire);
	put(&e->cell, EXPLAIN_WAIT, 80 + wait);
}

static void test_alike_is_not_decided(void **state)
{
	struct explanation *e = alike();

	compose(e);
	says(e, "latency.undecided", "isr_latency_mean_ns 600");
	says(e, "stage.latency-undecided", "isr_acquire_mean_ns 100");
	says(e, "stage.call-undecided", "sync_hold_mean_ns 200");
	says(e, "throughput.undecided", "iops 1000000");
	says(e, "undecided", "7 against 7");
	assert_int_equal(e->longer | e->shorter, 0);
	assert_null(explain_first_reason(e, ~0U));
	nothing_about(e, "unexplained");
	free(e);
}

/* compare's word is the last, whatever the ranks here say. */
static void set_compared(struct explanation *e, enum compare_verdict verdict, double floor)
{
	static const struct figure mean = { .name = "isr_latency_mean" };

	e->compared = (struct comparison){ .figure = &mean, .verdict = verdict, .p_value = 0.01, .ratio = 1.05, .ci_lo = 0.9,
					   .ci_hi = 1.2, .noise_floor = floor };
}

static void test_within_the_noise_nothing_is_explained(void **state)
{
	static const enum compare_verdict verdicts[] = { COMPARE_EQUIVALENT, COMPARE_UNDECIDED };

	for (size_t i = 0; i < 2; i++) {
		struct explanation *e = alike();

		lengthen(e, 30, 0, 0);
		put(&e->cell, EXPLAIN_KEPT_OUT, 0.9);
		set_compared(e, verdicts[i], 0.1);
		compose(e);
		nothing_about(e, "latency.differs");
		nothing_about(e, "kept-out");
		assert_int_equal(e->longer, 0);
		if (verdicts[i] == COMPARE_EQUIVALENT) {
			says(e, "latency.equivalent", "the same within the noise floor of 10.0%: there is nothing to explain");
			nothing_about(e, "undecided");
		} else {
			says(e, "latency.undecided", "Not decided");
		}
		says(e, "latency.compare", "two alone says");
		free(e);
	}
}

/* Parts that make up for each other are told of where each is more than noise. */
static void test_undecided_with_parts_beyond_the_noise(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 90, 0, 0);
	set_compared(e, COMPARE_UNDECIDED, 0.1);
	compose(e);
	assert_int_equal(e->longer, PART_BIT(PART_MASKED));
	free(e);
}

static void test_compare_in_the_whole_run_is_told(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 300, 0, 0);
	set_compared(e, COMPARE_WORSE, 0.1);
	e->in_run = e->compared;
	e->in_run.verdict = COMPARE_UNDECIDED;
	e->in_run.p_adj = 0.4;
	e->in_run_tests = 40;
	compose(e);
	says(e, "latency.differs", "p = 0.01");
	says(e, "latency.compare", "alone says worse");
	says(e, "latency.compare", "as one of 40 comparisons of the whole run it says undecided (adjusted p = 0.4)");
	/* Nobody reads of a difference without reading of whom it is. */
	says(e, "latency.differs", ", of these two by themselves; as one of 40 comparisons of the whole run `storsync compare` says undecided");
	e->in_run.verdict = COMPARE_WORSE;
	compose(e);
	for (size_t i = 0; i < e->count; i++) {
		if (strcmp(e->sentence[i].rule, "latency.differs") == 0)
			assert_null(strstr(e->sentence[i].text, "by themselves"));
	}
	free(e);
}

static void test_a_machine_that_differed_is_told(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 300, 0, 0);
	set_compared(e, COMPARE_UNDECIDED, 0.1);
	e->compared.machine = (struct machine_difference){
		.witness = "core-to-core", .unit = "ns", .cand_lo = 190, .cand_median = 200, .cand_hi = 210, .base_lo = 49, .base_median = 50,
		.base_hi = 51,
	};
	compose(e);
	says(e, "latency.undecided", "Not decided");
	says(e, "latency.compare", "; the machine differed between the two: core-to-core 200 ns (190..210) against 50 ns (49..51)");
	free(e);
}

static void test_a_difference_of_no_part(void **state)
{
	struct explanation *e = alike();

	put(&e->cell, EXPLAIN_LATENCY, 900);
	compose(e);
	says(e, "unnamed", "of none of its parts");
	free(e);
}

/* One invocation's gap of 100 ms, and the latency it makes, are no cause. */
static void test_one_gap_is_no_cause(void **state)
{
	struct explanation *e = alike();

	put(&e->cell, EXPLAIN_GAPS, 0.01);
	put(&e->base, EXPLAIN_GAPS, 0.01);
	e->cell.value[EXPLAIN_GAPS][3] = 0.9;
	e->cell.value[EXPLAIN_LATENCY][3] = 1e8;
	e->cell.value[EXPLAIN_ACQUIRE][3] = 1e8;
	compose(e);
	nothing_about(e, "latency.differs");
	nothing_about(e, "machine.gaps");
	assert_int_equal(e->longer, 0);
	free(e);
}

/* Stopped for a third of each window: a mean latency hardly shows it, and throughput does. */
static void test_a_cpu_that_is_away_takes_throughput(void **state)
{
	struct explanation *e = alike();

	put(&e->cell, EXPLAIN_IOPS, 700000);
	put(&e->cell, EXPLAIN_GAPS, 0.35);
	put(&e->base, EXPLAIN_GAPS, 0.05);
	compose(e);
	says(e, "machine.gaps", "no I/Os are completed either");
	says(e, "machine.gaps", "iops 700000");
	says(e, "trust.away", "away for more of the window with ticket; that alone makes about 32% fewer I/Os with ticket");
	put(&e->cell, EXPLAIN_IOPS, 1400000);
	compose(e);
	nothing_about(e, "machine.gaps");
	nothing_about(e, "trust.away");
	free(e);
}

/* The section was asked for; the CPUs lost besides come second. */
static void test_what_was_asked_for_comes_first(void **state)
{
	struct explanation *e = alike();

	e->column = RUN_KEY_SECTION_NS;
	e->cell.key[RUN_KEY_SECTION_NS] = "5000";
	e->base.key[RUN_KEY_SECTION_NS] = "0";
	lengthen(e, 5000, 0, 0);
	put(&e->cell, EXPLAIN_SECTION, 5000);
	put(&e->cell, EXPLAIN_LOST, 0.7);
	put(&e->base, EXPLAIN_LOST, 0.6);
	compose(e);
	says(e, "machine.cpu-lost", "for more of the time");
	assert_string_equal(explain_first_reason(e, PART_BIT(PART_MASKED))->rule, "section");
	free(e);
}

static void test_parts_and_their_shares(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 31, 412, 0);
	compose(e);
	says(e, "latency.differs", "443 ns later with ticket than with spinlock");
	says(e, "stage.acquire", "412 ns longer, which is 93% of the difference of the mean ISR latency");
	says(e, "stage.acquire", "(isr_acquire_mean_ns 512 [512, 512] against 100 [100, 100], p = 0.0017, 7 invocations a side).");
	/* Shown, and too small to be looked into. */
	says(e, "stage.masked", "only 7%");
	assert_int_equal(e->longer, PART_BIT(PART_ACQUIRE));
	assert_int_equal(e->shorter, 0);
	says(e, "stage.latency-undecided", "isr_delivery_mean_ns");
	nothing_about(e, "stage.delivery");
	nothing_about(e, "stage.latency-sum");
	free(e);
}

static void test_a_part_may_take_back(void **state)
{
	struct explanation *e = alike();

	lengthen(e, -100, 500, 0);
	compose(e);
	says(e, "stage.masked", "100 ns less, which takes back 25%");
	says(e, "stage.acquire", "125%");
	assert_int_equal(e->shorter, PART_BIT(PART_MASKED));
	free(e);
}

static void test_a_win_is_explained_too(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 0, -50, -40);
	compose(e);
	says(e, "latency.differs", "sooner");
	says(e, "stage.acquire", "50 ns less");
	assert_int_equal(e->shorter, PART_BIT(PART_ACQUIRE) | PART_BIT(PART_WAIT));
	/* The other side's family: it has more. */
	says(e, "family", "By construction of spinlock");
	free(e);
}

static void test_medians_that_do_not_add_up(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 100, 100, 0);
	put(&e->cell, EXPLAIN_LATENCY, 900);
	compose(e);
	says(e, "stage.latency-sum", "differ by 200 ns together");
	says(e, "stage.acquire", "50%");
	free(e);
}

static void test_too_few_invocations(void **state)
{
	struct explanation *e = alike();

	begin(&e->cell, "ticket", EXPLAIN_LEAST_INVOCATIONS - 1);
	e->cell.not_ok = 2;
	e->cell.reason = "the clock drifted";
	lengthen(e, 0, 5000, 0);
	compose(e);
	says(e, "trust.few", "5 invocations of ticket");
	says(e, "trust.failed", "2 invocations of ticket ended without a result to use, the first: the clock drifted");
	says(e, "latency.undecided", "5 against 7 invocations");
	assert_int_equal(e->longer, 0);
	nothing_about(e, "stage.acquire");
	free(e);

	/* One more is enough. */
	e = alike();
	begin(&e->cell, "ticket", EXPLAIN_LEAST_INVOCATIONS);
	lengthen(e, 0, 5000, 0);
	compose(e);
	nothing_about(e, "trust.few");
	assert_int_equal(e->longer, PART_BIT(PART_ACQUIRE));
	free(e);
}

static void test_noise_is_not_a_cause(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 0, 400, 0);
	/* The medians are far apart, and the ranges overlap. */
	for (size_t i = 0; i < INVOCATIONS; i++)
		e->cell.value[EXPLAIN_ACQUIRE][i] = i < 3 ? 50 + (double)i : 500 + (double)i;
	compose(e);
	nothing_about(e, "stage.acquire");
	says(e, "stage.latency-undecided", "isr_acquire_mean_ns 503 [50, 506] against 100");
	free(e);
}

static void test_what_is_shown(void **state)
{
	struct explain_difference difference = { .cell.n = 6, .base.n = 6, .by = 5, .p = 0.049, .direction = 1 };

	assert_true(explain_is_shown(&difference));
	/* Medians one way and ranks the other: nothing is shown. */
	difference.direction = -1;
	assert_false(explain_is_shown(&difference));
	difference.by = -5;
	assert_true(explain_is_shown(&difference));
	difference.by = NAN;
	assert_false(explain_is_shown(&difference));
	difference.by = -5;
	difference.p = EXPLAIN_ALPHA;
	assert_false(explain_is_shown(&difference));
	difference.p = NAN;
	assert_false(explain_is_shown(&difference));
}

/* For each rule of the table: fires at its thresholds, not below them, and not without a part that it acts on. */
static void test_rules_at_their_thresholds(void **state)
{
	for (size_t i = 0; i < evidence_rule_count; i++) {
		const struct evidence_rule *rule = &evidence_rules[i];
		double low = rule->least_difference / (rule->least_ratio - 1);
		double high = low + rule->least_difference;
		double small = low * 0.8, almost = small * rule->least_ratio * 1.01;

		for (unsigned way = 0; way < 5; way++) {
			struct explanation *e = alike();

			/* All parts differ by little enough for a time to be a tenth of it. */
			put(&e->cell, EXPLAIN_LATENCY, 720);
			put(&e->cell, EXPLAIN_MASKED, 340);
			put(&e->cell, EXPLAIN_DELIVERY, 240);
			put(&e->cell, EXPLAIN_ACQUIRE, 140);
			put(&e->cell, EXPLAIN_WAIT, 120);
			put(&e->cell, EXPLAIN_HOLD, 240);
			put(&e->cell, EXPLAIN_RELEASE, 140);
			if (way == 3) { /* nothing differs but the figure */
				begin(&e->cell, "ticket", INVOCATIONS);
			}
			for (unsigned side = 0; side < 2; side++) {
				struct explain_side *of = side ? &e->base : &e->cell;
				double value = way == 1 ? (side ? small : almost) :      /* too small a difference */
					       way == 2 ? (side ? 50 * low : 50 * low + 2 * rule->least_difference) : /* too small a ratio */
					       way == 4 ? (side ? high * 1.01 : low) :   /* in the wrong direction */
							  (side ? low : high * 1.01);

				put(of, rule->measure, value);
				if (rule->measure == EXPLAIN_CORE) {
					put(of, EXPLAIN_CORE_BEFORE, value / 2);
					put(of, EXPLAIN_CORE_AFTER, value);
				}
			}
			compose(e);
			if (way == 0) {
				says(e, rule->id, rule->more);
				says(e, rule->id, explain_measure_name(rule->measure));
				if (rule->explains)
					assert_int_equal(find(e, rule->id)->parts, rule->parts);
			} else if (find(e, rule->id)) {
				fail_msg("%s fires in way %u", rule->id, way);
			}
			free(e);
		}
	}
}

static void test_a_rule_needs_its_figure_to_be_shown(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 0, 400, 0);
	put(&e->base, EXPLAIN_SERVICE, 100);
	put(&e->cell, EXPLAIN_SERVICE, 300);
	e->cell.value[EXPLAIN_SERVICE][0] = 50;
	e->cell.value[EXPLAIN_SERVICE][1] = 51;
	e->cell.value[EXPLAIN_SERVICE][2] = 52;
	compose(e);
	nothing_about(e, "service");
	free(e);
}

static void test_a_time_of_no_size_explains_nothing(void **state)
{
	struct explanation *e = alike();

	/* 30 ns more in the section, and 90 us more of waiting. */
	lengthen(e, 0, 90000, 0);
	put(&e->cell, EXPLAIN_HOLD, 230);
	put(&e->base, EXPLAIN_SERVICE, 100);
	put(&e->cell, EXPLAIN_SERVICE, 200);
	compose(e);
	says(e, "stage.hold", "30 ns more");
	nothing_about(e, "hold");
	nothing_about(e, "service");
	says(e, "unexplained", "The data does not say why isr_acquire, sync_hold differ: a run with --delivery signal");
	free(e);
}

/* The planted cause: a delay of 20 us in each section. */
static struct explanation *injected(const char *cell_ns, const char *base_ns)
{
	struct explanation *e = alike();

	begin(&e->cell, "spinlock", INVOCATIONS);
	lengthen(e, 19000, 11000, 10000);
	put(&e->cell, EXPLAIN_HOLD, 21000);
	e->column = RUN_KEY_INJECT_NS;
	e->cell.key[RUN_KEY_INJECT_NS] = cell_ns;
	e->base.key[RUN_KEY_INJECT_NS] = base_ns;
	return e;
}

static void test_an_injected_delay_is_named(void **state)
{
	struct explanation *e = injected("20000", "0");
	const struct explain_sentence *first;

	put(&e->cell, EXPLAIN_INJECTED, 20047510);
	put(&e->base, EXPLAIN_INJECTED, 0);
	compose(e);
	first = explain_first_reason(e, ~0U);
	assert_non_null(first);
	assert_string_equal(first->rule, "injected");
	says(e, "injected", "holds access for 20.0 us more, because a delay was injected (inject_ns 20000 against 0)");
	says(e, "injected", "96% of the difference of sync_hold");
	says(e, "injected", "isr_masked and isr_acquire");
	says(e, "injected", "inject_actual_ps 20047510");
	assert_int_equal(first->parts, PART_BIT(PART_MASKED) | PART_BIT(PART_ACQUIRE) | PART_BIT(PART_WAIT) | PART_BIT(PART_HOLD));
	nothing_about(e, "unexplained");
	free(e);

	/* The other way round, against a cell without the hook. */
	e = injected("", "20000");
	lengthen(e, 0, 0, 0);
	put(&e->cell, EXPLAIN_HOLD, 200);
	put(&e->base, EXPLAIN_HOLD, 21000);
	put(&e->base, EXPLAIN_INJECTED, 20000000);
	compose(e);
	says(e, "injected", "20.0 us less, because a delay was injected (inject_ns off against 20000)");
	free(e);
}

static void test_an_injected_delay_is_found_blindly(void **state)
{
	struct explanation *e = injected("", "");
	const struct explain_sentence *first;

	compose(e);
	nothing_about(e, "injected");
	says(e, "stage.hold", "The section is longer: a routine holds access for 20.8 us more");
	first = explain_first_reason(e, ~0U);
	assert_non_null(first);
	assert_string_equal(first->rule, "hold");
	says(e, "hold", "The section is longer");
	assert_int_equal(first->parts, PART_BIT(PART_MASKED) | PART_BIT(PART_ACQUIRE) | PART_BIT(PART_WAIT));
	/* Why it is longer, it cannot know. */
	says(e, "unexplained", "sync_hold differs");
	free(e);
}

static void test_the_same_delay_on_both_sides(void **state)
{
	struct explanation *e = alike();

	e->cell.key[RUN_KEY_INJECT_NS] = e->base.key[RUN_KEY_INJECT_NS] = "20000";
	put(&e->cell, EXPLAIN_INJECTED, 20500000);
	put(&e->base, EXPLAIN_INJECTED, 19900000);
	lengthen(e, 0, 400, 0);
	compose(e);
	nothing_about(e, "injected");
	says(e, "trust.injected", "inject_ns 20000");
	free(e);
}

static void test_other_planted_causes(void **state)
{
	static const struct {
		enum explain_measure measure;
		double cell, base;
		const char *rule;
	} planted[] = {
		{ EXPLAIN_PREEMPTED, 500, 0, "preempted" },
		{ EXPLAIN_GAPS, 0.2, 0.01, "machine.gaps" },
		{ EXPLAIN_HANDOFFS, 0.75, 0, "handoffs" },
		{ EXPLAIN_DEFERRED, 1.9, 0, "deferred" },
		{ EXPLAIN_LANDED, 0.9, 0.3, "landed" },
		{ EXPLAIN_SECTION, 5000, 0.5, "section" },
	};

	for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
		struct explanation *e = alike();

		lengthen(e, 300, 400, 300);
		put(&e->cell, planted[i].measure, planted[i].cell);
		put(&e->base, planted[i].measure, planted[i].base);
		compose(e);
		assert_non_null(find(e, planted[i].rule));
		assert_ptr_equal(explain_first_reason(e, find(e, planted[i].rule)->parts), find(e, planted[i].rule));
		free(e);
	}
}

/* What nobody asked for is empty in the file, and 0. */
static void test_what_was_not_asked_for(void **state)
{
	struct explanation *e = alike();

	lengthen(e, 300, 0, 0);
	put(&e->cell, EXPLAIN_PREEMPTED, 5000);
	e->cell.key[RUN_KEY_PREEMPT_RATE_HZ] = "1000";
	compose(e);
	says(e, "preempted", "preempted_ns / sync_calls 5000 [5000, 5000] against 0 [0, 0]");
	free(e);
	/* Where it was, an empty column is not known. */
	e = alike();
	lengthen(e, 300, 0, 0);
	put(&e->cell, EXPLAIN_PREEMPTED, 5000);
	e->base.key[RUN_KEY_PREEMPT_RATE_HZ] = "1000";
	compose(e);
	nothing_about(e, "preempted");
	free(e);
}

/* Many handoffs of a few hundred ns are no reason for many us. */
static void test_handoffs_of_no_size(void **state)
{
	for (unsigned large = 0; large < 2; large++) {
		struct explanation *e = alike();

		lengthen(e, large ? 3900 : 4100, 0, 0);
		put(&e->cell, EXPLAIN_HANDOFFS, 0.9);
		put(&e->base, EXPLAIN_HANDOFFS, 0.5);
		put(&e->cell, EXPLAIN_CORE_BEFORE, 100);
		put(&e->cell, EXPLAIN_CORE_AFTER, 60);
		compose(e);
		assert_int_equal(find(e, "handoffs") != NULL, large);
		free(e);
	}
}

static void test_lost_time_is_not_held_against_sleepers(void **state)
{
	for (unsigned way = 0; way < 3; way++) {
		struct explanation *e = alike();

		lengthen(e, 0, 400, 0);
		put(&e->cell, EXPLAIN_LOST, 0.3);
		put(&e->base, EXPLAIN_LOST, 0.001);
		if (way == 1)
			e->cell.key[RUN_KEY_BACKEND] = "mutex-inherit";
		if (way == 2)
			e->base.key[RUN_KEY_PREEMPT_RATE_HZ] = "1000";
		compose(e);
		assert_int_equal(find(e, "machine.cpu-lost") != NULL, way == 0);
		free(e);
	}
}

static void test_families(void **state)
{
	struct explanation *e = alike();

	for (size_t i = 0; i < sync_backend_count; i++) {
		if (!sync_backend_is_broken(sync_backends[i]) && !family_of(sync_backends[i]->name))
			fail_msg("%s has no family", sync_backends[i]->name);
	}
	assert_null(family_of("nothing"));
	assert_ptr_not_equal(family_of("irqmask"), family_of("irqmask-lazy"));
	assert_ptr_equal(family_of("mcs"), family_of("ticket"));

	e->cell.key[RUN_KEY_BACKEND] = "rcu-memb";
	lengthen(e, 60000, 0, 70000);
	compose(e);
	assert_string_equal(explain_first_reason(e, PART_BIT(PART_WAIT))->rule, "family.decisive");
	assert_non_null(strstr(explain_first_reason(e, PART_BIT(PART_WAIT))->text, "grace period"));
	assert_non_null(strstr(explain_first_reason(e, PART_BIT(PART_WAIT))->text, "impls/rcu_gate.h"));
	assert_non_null(strstr(explain_first_reason(e, PART_BIT(PART_MASKED))->text, "deferred"));
	nothing_about(e, "unexplained");
	/* What both sides are is no difference. */
	e->base.key[RUN_KEY_BACKEND] = "rcu-memb";
	e->column = RUN_KEY_CPUS;
	compose(e);
	nothing_about(e, "family.decisive");
	says(e, "family", "By construction of rcu-memb");
	says(e, "unexplained", "isr_masked, sync_wait differ");
	free(e);
}

static void test_throughput(void **state)
{
	struct explanation *e = alike();

	put(&e->cell, EXPLAIN_IOPS, 500000);
	put(&e->cell, EXPLAIN_SYNC_PER_S, 500000);
	lengthen(e, 0, 0, 1000);
	compose(e);
	says(e, "throughput.differs", "ticket completes 50% fewer I/Os a second");
	says(e, "throughput.calls", "2000 ns more of the CPUs' time to an I/O; in synchronized calls it is 1000 ns more");
	says(e, "call.differs", "1000 ns longer");
	says(e, "stage.wait", "100% of the difference of a call's time");
	/* In an open loop as many come as are sent. */
	e->cell.key[RUN_KEY_ARRIVAL] = e->base.key[RUN_KEY_ARRIVAL] = "poisson";
	put(&e->cell, EXPLAIN_OFFERED, 1000000);
	put(&e->base, EXPLAIN_OFFERED, 1000000);
	compose(e);
	nothing_about(e, "throughput.differs");
	says(e, "trust.behind", "ticket does not keep up");
	free(e);
}

static void test_keeping_up(void **state)
{
	for (unsigned behind = 0; behind < 2; behind++) {
		struct explanation *e = alike();

		e->cell.key[RUN_KEY_ARRIVAL] = e->base.key[RUN_KEY_ARRIVAL] = "poisson";
		put(&e->base, EXPLAIN_OFFERED, 1000000);
		put(&e->cell, EXPLAIN_OFFERED, 1000000 / (1 - TRUST_BEHIND * (behind ? 1.01 : 0.99)));
		compose(e);
		assert_int_equal(find(e, "trust.behind") != NULL, behind);
		free(e);
	}
}

static void test_trust(void **state)
{
	struct explanation *e = alike();

	explain_side_add_gates(&e->cell, "gaps core-to-core");
	explain_side_add_gates(&e->cell, "gaps");
	explain_side_add_gates(&e->cell, "");
	explain_side_add_gates(&e->cell, "invented");
	put(&e->base, EXPLAIN_KEPT_OUT, 0);
	for (size_t i = 0; i < INVOCATIONS; i++)
		e->base.value[EXPLAIN_KEPT_OUT][i] = 0;
	e->cell.ok = 80;
	compose(e);
	says(e, "trust.gates", "3 of 80 invocations of ticket are to be trusted less: over 5% of the time was lost in gaps (gaps) in 2; the way between");
	says(e, "trust.gates", "invented in 1.");
	says(e, "trust.unmet", "In spinlock no interrupt");
	says(e, "trust.taken", "the first 7 of 80");
	/* One interrupt in one invocation is enough to say something. */
	e->base.value[EXPLAIN_KEPT_OUT][3] = 1e-6;
	compose(e);
	nothing_about(e, "trust.unmet");
	free(e);
}

static void test_others(void **state)
{
	struct explanation *e = alike();

	put(&e->base, EXPLAIN_BYSTANDER_LOW, 2600);
	put(&e->cell, EXPLAIN_BYSTANDER_LOW, 60);
	put(&e->base, EXPLAIN_BYSTANDER_HIGH, 60);
	put(&e->cell, EXPLAIN_BYSTANDER_HIGH, 60 + TRUST_BYSTANDER_LEAST_NS * 0.9);
	put(&e->base, EXPLAIN_HELD_MAX, 1000);
	put(&e->cell, EXPLAIN_HELD_MAX, 1000 * TRUST_WORST_RATIO * 1.01);
	put(&e->base, EXPLAIN_BLOCKED_MAX, 1000);
	put(&e->cell, EXPLAIN_BLOCKED_MAX, 1000 * TRUST_WORST_RATIO * 0.99);
	put(&e->base, EXPLAIN_STARVATION, 1);
	put(&e->cell, EXPLAIN_STARVATION, 5);
	e->cell.value[EXPLAIN_STARVATION][0] = 0.5;
	compose(e);
	says(e, "bystander.low", "below the HBA's level waits 2540 ns less with ticket");
	nothing_about(e, "bystander.high");
	says(e, "worst.held", "Shown, never tested: the longest time that anybody had access is larger with ticket");
	assert_true(isnan(find(e, "worst.held")->figure[0].p));
	nothing_about(e, "worst.blocked");
	/* The ranges overlap. */
	nothing_about(e, "worst.starvation");
	free(e);
}

static void test_events(void **state)
{
	struct explanation *e = alike();

	e->cell.events[EVENT_ISR][CAUSE_HELD] = 41;
	e->cell.events[EVENT_ISR][CAUSE_GAP] = 12;
	e->cell.events[EVENT_CALL][CAUSE_GAP] = TRUST_LEAST_EVENTS - 1;
	e->base.events[EVENT_ISR][CAUSE_UNDECIDED] = 9;
	compose(e);
	says(e, "events.isr", "Of the 53 worst interrupts of ticket, in 41 another CPU had access, in 12 a gap of a CPU was the cause; of the 9 of "
			      "spinlock, in 9 the cause is undecided");
	nothing_about(e, "events.call");
	free(e);
	assert_int_equal(causes_find("gap on CPU 3"), CAUSE_GAP);
	assert_int_equal(causes_find("masked by its own section"), CAUSE_OWN_SECTION);
	assert_int_equal(causes_find("masked"), CAUSE_MASKED);
	assert_int_equal(causes_find("lock held by CPU 0"), CAUSE_HELD);
	assert_int_equal(causes_find("weather"), CAUSE_COUNT);
}

/* Each side's name stays with it, however much is said. */
static void test_names_of_sides(void **state)
{
	struct explanation *e = alike();

	e->column = RUN_KEY_CPUS;
	e->base.key[RUN_KEY_CPUS] = "1";
	e->base.key[RUN_KEY_INJECT_NS] = e->cell.key[RUN_KEY_INJECT_NS] = "";
	lengthen(e, 300, 400, 300);
	put(&e->base, EXPLAIN_BYSTANDER_LOW, 2600);
	put(&e->cell, EXPLAIN_BYSTANDER_LOW, 60);
	e->cell.events[EVENT_ISR][CAUSE_HELD] = e->base.events[EVENT_ISR][CAUSE_HELD] = 50;
	explain_side_add_gates(&e->cell, "clock");
	explain_side_add_gates(&e->base, "");
	compose(e);
	says(e, "latency.differs", "with cpus 2 than with cpus 1");
	says(e, "bystander.low", "less with cpus 2");
	says(e, "trust.gates", "1 of 7 invocations of cpus 2");
	free(e);
}

static void test_nothing_there(void **state)
{
	struct explanation *e = alike();

	for (unsigned m = 0; m < EXPLAIN_READ; m++) {
		for (size_t i = 0; i < RANK_SAMPLES_MAX; i++)
			e->cell.value[m][i] = NAN;
	}
	compose(e);
	says(e, "latency.none", "on one side");
	assert_int_equal(e->longer | e->shorter, 0);
	free(e);
}

static void test_texts(void **state)
{
	char text[TIME_TEXT_BYTES], number[32];

	assert_string_equal(time_text(text, -0.04), "0.0 ns");
	assert_string_equal(time_text(text, -412.4), "412 ns");
	assert_string_equal(time_text(text, 20047), "20.0 us");
	assert_string_equal(time_text(text, 1.5e7), "15.0 ms");
	print_number(number, sizeof(number), 20047510, "ps");
	assert_string_equal(number, "20047510");
	print_number(number, sizeof(number), 812.5, "ns");
	assert_string_equal(number, "812");
	print_number(number, sizeof(number), 0.0312345, "");
	assert_string_equal(number, "0.0312");
	print_number(number, sizeof(number), NAN, "");
	assert_string_equal(number, "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike_is_not_decided),
		cmocka_unit_test(test_within_the_noise_nothing_is_explained),
		cmocka_unit_test(test_undecided_with_parts_beyond_the_noise),
		cmocka_unit_test(test_compare_in_the_whole_run_is_told),
		cmocka_unit_test(test_a_machine_that_differed_is_told),
		cmocka_unit_test(test_a_difference_of_no_part),
		cmocka_unit_test(test_one_gap_is_no_cause),
		cmocka_unit_test(test_a_cpu_that_is_away_takes_throughput),
		cmocka_unit_test(test_what_was_asked_for_comes_first),
		cmocka_unit_test(test_parts_and_their_shares),
		cmocka_unit_test(test_a_part_may_take_back),
		cmocka_unit_test(test_a_win_is_explained_too),
		cmocka_unit_test(test_medians_that_do_not_add_up),
		cmocka_unit_test(test_too_few_invocations),
		cmocka_unit_test(test_noise_is_not_a_cause),
		cmocka_unit_test(test_what_is_shown),
		cmocka_unit_test(test_rules_at_their_thresholds),
		cmocka_unit_test(test_a_rule_needs_its_figure_to_be_shown),
		cmocka_unit_test(test_a_time_of_no_size_explains_nothing),
		cmocka_unit_test(test_an_injected_delay_is_named),
		cmocka_unit_test(test_an_injected_delay_is_found_blindly),
		cmocka_unit_test(test_the_same_delay_on_both_sides),
		cmocka_unit_test(test_other_planted_causes),
		cmocka_unit_test(test_what_was_not_asked_for),
		cmocka_unit_test(test_handoffs_of_no_size),
		cmocka_unit_test(test_lost_time_is_not_held_against_sleepers),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_throughput),
		cmocka_unit_test(test_keeping_up),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_names_of_sides),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
