/* SPDX-License-Identifier: MIT */
/* Judging a figure; see judge.h. */
#include "bench/compare/judge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/crew.h"
#include "bench/compare/sample.h"
#include "bench/stats/noise_floor.h"
#include "bench/stats/rank_normal.h"
#include "bench/stats/rank_null.h"
#include "bench/stats/rank_test.h"
#include "bench/stats/sample_size.h"
#include "bench/stats/signed_rank.h"
#include "bench/stats/sums.h"

/* A side of fewer is no sample. */
#define VALUES_LEAST 2
#define TOO_MANY "more than " STRINGIFY(RANK_VALUES_MAX) " values a side, the most that is tested: they would not be invocations"
#define STRINGIFY(number) STRINGIFY_AGAIN(number)
#define STRINGIFY_AGAIN(number) #number
/* Random halves for the floor, of all sides of a group together, and of each at least; of many duels fewer, to save seconds. */
#define SPLITS_OF_GROUP 6000
#define SPLITS_OF_GROUP_OF_MANY 400
#define SPLITS_LEAST 8
#define MANY_DUELS 4096
/* So many duels are worth a slice of the work. */
#define DUELS_OF_SLICE 128

/* The work on a figure, in slices of whole groups. */
struct shift {
	const struct judging *judging;
	size_t slices;
};

/* One thread's. */
struct worker {
	const struct judging *judging;
	const struct shift *shift;
	struct sample base, cand;
	double base_median;
	double *difference; /* by pair, ascending */
	double *base_log, *cand_log; /* ascending: whatever sorts them again is done at once */
	size_t first, end; /* duels of the slice at hand */
	int error;
};

static int worker_init(struct worker *worker, const struct shift *shift)
{
	const struct judging *judging = shift->judging;
	size_t room = sample_room(judging->layout);

	*worker = (struct worker){ .judging = judging, .shift = shift };
	worker->difference = calloc(room + 1, sizeof(*worker->difference));
	worker->base_log = calloc(room + 1, sizeof(*worker->base_log));
	worker->cand_log = calloc(room + 1, sizeof(*worker->cand_log));
	if (sample_init(&worker->base, room) || sample_init(&worker->cand, room))
		return -ENOMEM;
	return worker->difference && worker->base_log && worker->cand_log ? 0 : -ENOMEM;
}

static void worker_fini(struct worker *worker)
{
	sample_fini(&worker->base);
	sample_fini(&worker->cand);
	free(worker->difference);
	free(worker->base_log);
	free(worker->cand_log);
}

static void gather(const struct judging *judging, struct sample *sample, size_t side)
{
	sample->n = sample->gated = sample->dropped = 0;
	if (side != LAYOUT_NO_SIDE)
		sample_gather(sample, judging->layout, &judging->layout->side[side], judging->figure, judging->options->drop_gated);
}

/* Duels of a row are next to each other, so that what is the baseline's is done once. */
static bool is_first_of_row(const struct worker *worker, size_t d)
{
	const struct duel *duel = &worker->judging->duel[d];

	return d == worker->first || duel[-1].row != duel->row;
}

static void gather_both(struct worker *worker, size_t d)
{
	const struct duel *duel = &worker->judging->duel[d];

	if (is_first_of_row(worker, d))
		gather(worker->judging, &worker->base, duel->base);
	gather(worker->judging, &worker->cand, duel->cand);
}

static void sort_logs(struct sample *sample, double *sorted)
{
	sample_take_logs(sample);
	if (!sorted || !sample->has_ratio)
		return;
	memcpy(sorted, sample->log, sample->n * sizeof(*sorted));
	sums_sort(sorted, sample->n);
}

/* Ascending ones only where they are used. */
static void gather_logs(struct worker *worker, size_t d, bool ascending)
{
	gather_both(worker, d);
	if (is_first_of_row(worker, d))
		sort_logs(&worker->base, ascending ? worker->base_log : NULL);
	sort_logs(&worker->cand, ascending ? worker->cand_log : NULL);
}

static void take_differences(struct worker *worker, size_t pairs)
{
	sample_pairs(&worker->base, &worker->cand, worker->difference);
	sums_sort(worker->difference, pairs);
}

static const char *why_not_comparable(const struct comparison *c, const struct duel *duel, const struct worker *worker)
{
	bool paired = worker->judging->options->test == COMPARE_TEST_PAIRED;

	if (duel->base == LAYOUT_NO_SIDE)
		return "the baseline has no invocations here";
	if (!c->n_base || !c->n_cand)
		return !c->n_base ? "the baseline has no value here" : "the candidate has no value here";
	if (c->n_base < VALUES_LEAST || c->n_cand < VALUES_LEAST)
		return "a side has a single value";
	if (!worker->base.has_ratio || !worker->cand.has_ratio)
		return "a value is not above 0, so that there is no ratio";
	if (paired && c->pairs < VALUES_LEAST)
		return "there are not two pairs of one block";
	return NULL;
}

static void name(const struct judging *judging, size_t d)
{
	const struct layout *layout = judging->layout;
	const struct layout_side *cand = &layout->side[judging->duel[d].cand];
	struct comparison *c = &judging->comparison[d];

	c->figure = layout->data->figure[judging->figure];
	c->baseline = layout->text[layout->column][layout->baseline];
	c->candidate = layout->text[layout->column][cand->value];
	c->key = judging->key[judging->duel[d].row];
}

static void describe(struct worker *worker, size_t d)
{
	const struct judging *judging = worker->judging;
	const struct duel *duel = &judging->duel[d];
	const struct layout_side *side = judging->layout->side;
	struct comparison *c = &judging->comparison[d];

	name(judging, d);
	gather_both(worker, d);
	c->n_base = worker->base.n;
	c->n_cand = worker->cand.n;
	c->not_ok_base = duel->base == LAYOUT_NO_SIDE ? 0 : side[duel->base].not_ok;
	c->not_ok_cand = side[duel->cand].not_ok;
	c->gated = worker->base.gated + worker->cand.gated;
	c->dropped = worker->base.dropped + worker->cand.dropped;
	if (judging->layout->column != RUN_KEY_RUN)
		c->pairs = sample_pairs(&worker->base, &worker->cand, NULL);
	c->alone_base = c->n_base - c->pairs;
	c->alone_cand = c->n_cand - c->pairs;
	if (is_first_of_row(worker, d))
		worker->base_median = rank_median(worker->base.value, c->n_base);
	c->base_median = worker->base_median;
	c->cand_median = rank_median(worker->cand.value, c->n_cand);
	c->ratio = c->ci_lo = c->ci_hi = c->confidence = c->p_value = c->p_adj = c->noise_floor = NAN;
	c->why = why_not_comparable(c, duel, worker);
}

static void choose_test(struct comparison *c, const struct judging *judging)
{
	double least = judging->options->alpha / (double)judging->tests;

	c->test = judging->options->test;
	c->test_why = "as asked for";
	if (c->test != COMPARE_TEST_AUTO)
		return;
	c->test = COMPARE_TEST_UNPAIRED;
	if (judging->layout->column == RUN_KEY_RUN)
		c->test_why = "runs share no blocks";
	else if (!c->pairs)
		c->test_why = "the sides share no blocks";
	else if (signed_rank_least_p(c->pairs) > least)
		c->test_why = "pairs of one block are too few for so many comparisons";
	else {
		c->test = COMPARE_TEST_PAIRED;
		c->test_why = "the sides share blocks, and enough of them";
	}
}

double judge_least_p(const struct comparison *c)
{
	if (c->test == COMPARE_TEST_PAIRED)
		return rank_is_exact(c->pairs, c->pairs) ? signed_rank_least_p(c->pairs) : signed_rank_normal_p(c->pairs, 0, 0, 0);
	return rank_is_exact(c->n_base, c->n_cand) ? rank_least_p(c->n_base, c->n_cand) :
						     rank_normal_p(c->n_base, c->n_cand, 0, 0);
}

static void estimate(struct worker *worker, size_t d)
{
	struct comparison *c = &worker->judging->comparison[d];
	double confidence = 1 - worker->judging->options->alpha;
	struct shift_estimate shift;
	int error;

	if (c->why)
		return;
	if (c->test == COMPARE_TEST_PAIRED) {
		take_differences(worker, c->pairs);
		c->p_value = signed_rank_test(worker->difference, c->pairs);
		error = signed_rank_estimate(worker->difference, c->pairs, confidence, &shift);
	} else {
		c->p_value = rank_mann_whitney(worker->base_log, c->n_base, worker->cand_log, c->n_cand);
		error = hodges_lehmann(worker->base_log, c->n_base, worker->cand_log, c->n_cand, confidence, &shift);
	}
	if (error || isnan(c->p_value)) {
		c->p_value = NAN;
		c->why = TOO_MANY;
		return;
	}
	c->is_asymptotic = !rank_is_exact(shift.n, shift.m);
	c->ratio = exp(shift.shift);
	c->ci_lo = exp(shift.lo);
	c->ci_hi = exp(shift.hi);
	c->confidence = shift.confidence;
}

/* The floors of a group of rows: its comparisons may be of either test. */
struct floors {
	struct noise_floor floor[2];
	double share[2];
	bool wanted[2];
};

static bool is_paired(const struct comparison *c)
{
	return c->test == COMPARE_TEST_PAIRED;
}

static int add_to_floors(struct worker *worker, struct floors *floors, size_t d)
{
	const struct comparison *c = &worker->judging->comparison[d];
	int error = 0;

	if (floors->wanted[1] && worker->base.has_ratio && worker->cand.has_ratio && c->pairs) {
		/* Those of the test, if it was paired. */
		if (!is_paired(c) || c->why)
			take_differences(worker, c->pairs);
		error = noise_floor_add(&floors->floor[1], worker->difference, c->pairs, NOISE_FLOOR_PAIRED);
	}
	if (floors->wanted[0] && !error && is_first_of_row(worker, d) && worker->base.n && worker->base.has_ratio)
		error = noise_floor_add(&floors->floor[0], worker->base_log, worker->base.n, NOISE_FLOOR_UNPAIRED);
	if (floors->wanted[0] && !error && worker->cand.n && worker->cand.has_ratio)
		error = noise_floor_add(&floors->floor[0], worker->cand_log, worker->cand.n, NOISE_FLOOR_UNPAIRED);
	return error;
}

static void set_floor(struct comparison *c, const struct floors *floors, const struct compare_options *options)
{
	double least = options->floor;
	double measured = floors->share[is_paired(c)];

	c->floor_measured = !isnan(measured);
	c->noise_floor = c->floor_measured && measured > least ? measured : least;
	c->margin = fmin(c->noise_floor, options->equivalent_within);
}

/* Where a slice begins: at its share of the duels, or after it, with the next group. */
static size_t slice_begin(const struct shift *shift, size_t slice)
{
	const struct judging *judging = shift->judging;
	size_t first = judging->duels * slice / shift->slices;

	while (first > 0 && first < judging->duels && judging->duel[first].group == judging->duel[first - 1].group)
		first++;
	return first;
}

static void take_slice(struct worker *worker, size_t slice)
{
	worker->first = slice_begin(worker->shift, slice);
	worker->end = slice_begin(worker->shift, slice + 1);
}

static void describe_slice(void *context, size_t slice)
{
	struct worker *worker = context;

	take_slice(worker, slice);
	for (size_t d = worker->first; d < worker->end; d++)
		describe(worker, d);
}

/* Duels [first, end) are those of one group of rows. */
static int judge_group(struct worker *worker, size_t first, size_t end)
{
	struct comparison *c = worker->judging->comparison;
	size_t of_group = worker->judging->duels > MANY_DUELS ? SPLITS_OF_GROUP_OF_MANY : SPLITS_OF_GROUP;
	size_t splits = of_group / (end - first + 1);
	struct floors floors = { .wanted = { false, false } };
	int error = 0;

	for (size_t d = first; d < end; d++) {
		if (!c[d].why)
			floors.wanted[is_paired(&c[d])] = true;
	}
	splits = splits < SPLITS_LEAST ? SPLITS_LEAST : splits > NOISE_FLOOR_SPLITS ? NOISE_FLOOR_SPLITS : splits;
	noise_floor_init(&floors.floor[0], splits);
	noise_floor_init(&floors.floor[1], splits);
	for (size_t d = first; d < end && !error; d++) {
		gather_logs(worker, d, floors.wanted[0]);
		estimate(worker, d);
		error = add_to_floors(worker, &floors, d);
	}
	for (unsigned i = 0; i < 2; i++) {
		floors.share[i] = noise_floor_share(&floors.floor[i]);
		noise_floor_fini(&floors.floor[i]);
	}
	for (size_t d = first; d < end; d++)
		set_floor(&c[d], &floors, worker->judging->options);
	return error;
}

static void judge_slice(void *context, size_t slice)
{
	struct worker *worker = context;
	const struct duel *duel = worker->judging->duel;

	take_slice(worker, slice);
	for (size_t first = worker->first, end; first < worker->end && !worker->error; first = end) {
		for (end = first + 1; end < worker->end && duel[end].group == duel[first].group;)
			end++;
		worker->error = judge_group(worker, first, end);
	}
}

static bool is_within(double share, double lo, double hi)
{
	return lo >= 1 / (1 + share) && hi <= 1 + share;
}

enum compare_verdict judge_verdict(struct comparison *c, double alpha)
{
	bool is_small = is_within(c->noise_floor, c->ratio, c->ratio);

	c->doubt = COMPARE_DOUBT_NOISE;
	if (c->why)
		return COMPARE_NOT_COMPARABLE;
	if (is_within(c->margin, c->ci_lo, c->ci_hi))
		return COMPARE_EQUIVALENT;
	if (is_within(c->noise_floor, c->ci_lo, c->ci_hi))
		c->doubt = COMPARE_DOUBT_WIDE_FLOOR;
	else if (c->p_adj <= alpha && is_small)
		c->doubt = COMPARE_DOUBT_WITHIN_FLOOR;
	if (c->p_adj > alpha || is_small)
		return COMPARE_UNDECIDED;
	if (c->figure->better == FIGURE_NEITHER)
		return COMPARE_DIFFERENT;
	return (c->ratio < 1) == (c->figure->better == FIGURE_LESS) ? COMPARE_BETTER : COMPARE_WORSE;
}

/* Towards a difference beyond the floor, or towards equivalence within the margin; what lies between them leads nowhere. */
static void ask_for_more(struct comparison *c, const struct judging *judging)
{
	bool is_near = is_within(c->margin, c->ratio, c->ratio);
	struct sample_size_question question = {
		.paired = is_paired(c),
		.n = is_paired(c) ? c->pairs : c->n_base,
		.m = c->n_cand,
		.estimate = log(c->ratio),
		.lo = log(c->ci_lo),
		.hi = log(c->ci_hi),
		.confidence = c->confidence,
		.floor = log1p(is_near ? c->margin : c->noise_floor),
		.alpha = judging->options->alpha,
		.tests = judging->tests,
	};

	if (is_near || !is_within(c->noise_floor, c->ratio, c->ratio))
		c->more = sample_size_more(&question).more;
}

static int adjust(struct judging *judging)
{
	double *p = calloc(judging->duels + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	judging->tests = 0;
	for (size_t d = 0; d < judging->duels; d++) {
		p[d] = judging->comparison[d].p_value;
		judging->tests += !isnan(p[d]);
	}
	rank_holm(p, judging->duels);
	for (size_t d = 0; d < judging->duels; d++)
		judging->comparison[d].p_adj = p[d];
	free(p);
	return 0;
}

static void conclude_slice(void *context, size_t slice)
{
	struct worker *worker = context;
	const struct judging *judging = worker->judging;

	take_slice(worker, slice);
	for (size_t d = worker->first; d < worker->end; d++) {
		struct comparison *c = &judging->comparison[d];

		c->verdict = judge_verdict(c, judging->options->alpha);
		if (c->verdict == COMPARE_UNDECIDED)
			ask_for_more(c, judging);
	}
}

static int judge_with(struct judging *judging, const struct shift *shift, struct worker *worker, size_t workers)
{
	void *crew[CREW_MAX];

	for (size_t i = 0; i < workers; i++)
		crew[i] = &worker[i];
	crew_run(shift->slices, crew, workers, describe_slice);
	judging->tests = 0;
	for (size_t d = 0; d < judging->duels; d++)
		judging->tests += !judging->comparison[d].why;
	for (size_t d = 0; d < judging->duels; d++)
		choose_test(&judging->comparison[d], judging);
	crew_run(shift->slices, crew, workers, judge_slice);
	for (size_t i = 0; i < workers; i++) {
		if (worker[i].error)
			return worker[i].error;
	}
	if (adjust(judging))
		return -ENOMEM;
	crew_run(shift->slices, crew, workers, conclude_slice);
	return 0;
}

int judge_figure(struct judging *judging)
{
	struct shift shift = { .judging = judging, .slices = judging->duels / DUELS_OF_SLICE + 1 };
	struct worker worker[CREW_MAX];
	size_t workers = crew_size(shift.slices), made;
	int error = 0;

	for (made = 0; made < workers && !error; made++)
		error = worker_init(&worker[made], &shift);
	if (!error)
		error = judge_with(judging, &shift, worker, workers);
	while (made-- > 0)
		worker_fini(&worker[made]);
	return error;
}
