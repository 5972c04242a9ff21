/* SPDX-License-Identifier: MIT */
/* The machine on both sides; see machine_state.h. */
#include "bench/compare/machine_state.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/sample.h"
#include "bench/stats/rank_test.h"
#include "bench/stats/sums.h"

/* Of one comparison's witness; within a run, blocks deal the machine's states out to all. */
#define LEVEL_OF_RUNS 0.05
#define LEVEL_WITHIN 0.01
/* Of all rows together. */
#define LEVEL_OVERALL 0.01
/* Up to here the rank test is exact; beyond, the normal approximation errs on the side of saying nothing, and costs nothing. */
#define EXACT_MOST 12

#define WITNESS(name_, column_) \
	{ .name = name_, .column = column_, .unit = "", .words = name_, .better = FIGURE_NEITHER, .tested = false }

static const struct figure core_before = WITNESS("machine_core_to_core_before", "core_to_core_before_ns");
static const struct figure core_after = WITNESS("machine_core_to_core_after", "core_to_core_after_ns");
static const struct figure device_model = WITNESS("machine_device_model", "device_model_p50_ns");
static const struct figure gaps = WITNESS("machine_gaps", "gap_lost_frac");
static const struct figure stamp = WITNESS("machine_stamp", "stamp_cost_ns");
static const struct figure tsc = WITNESS("machine_tsc", "tsc_hz");

const struct figure *const machine_figures[MACHINE_FIGURES] = { &core_before, &core_after, &device_model, &gaps, &stamp, &tsc };

/* The first that differs is the one that is told. */
static const struct witness {
	const char *name, *unit;
	const struct figure *figure[2]; /* the larger of both, as either may have been a moment's state */
	double ratio, least;            /* between medians, to matter */
	double scale;                   /* to the unit */
	bool of_runs;                   /* within a run back ends make it differ */
	/* Load makes it differ, too: only where there is no core-to-core time, and for what moves the same way. */
	bool of_load;
} witnesses[] = {
	{ "core-to-core", "ns", { &core_before, &core_after }, 1.25, 10, 1, false, false },
	{ "device model", "ns", { &device_model }, 1.5, 10, 1, true, true },
	{ "time in gaps", "%", { &gaps }, 1.5, 0.02, 100, true, false },
	{ "a stamp's cost", "ns", { &stamp }, 1.25, 3, 1, true, false },
	{ "TSC", "MHz", { &tsc }, 1.0005, 0, 1e-6, true, false },
};

#define WITNESSES (sizeof(witnesses) / sizeof(witnesses[0]))
#define CORE_TO_CORE 0

struct spread {
	size_t n;
	double lo, median, hi;
};

struct testing {
	const struct layout *layout;
	const struct compare_options *options;
	bool of_runs;
	size_t figure[WITNESSES][2]; /* of the data; SIZE_MAX: it has none */
	struct spread *spread;       /* sides x WITNESSES */
	double *base, *cand;         /* room for a side's values */
};

static size_t find_figure(const struct run_data *data, const struct figure *figure)
{
	for (size_t i = 0; figure && i < data->figures; i++) {
		if (data->figure[i] == figure)
			return i;
	}
	return SIZE_MAX;
}

static void find_figures(struct testing *t)
{
	for (size_t w = 0; w < WITNESSES; w++) {
		for (unsigned i = 0; i < 2; i++)
			t->figure[w][i] = witnesses[w].of_runs && !t->of_runs ? SIZE_MAX :
					  find_figure(t->layout->data, witnesses[w].figure[i]);
	}
}

/* What is compared has another machine beneath it by intent. */
static bool is_of_machines(enum run_key column)
{
	return column == RUN_KEY_HOST_ID || column == RUN_KEY_CPUS || column == RUN_KEY_CHANNELS || column == RUN_KEY_PLACEMENT ||
	       column == RUN_KEY_OVERSUBSCRIBED;
}

static double value_at(const struct testing *t, size_t w, size_t row)
{
	double value = NAN;

	for (unsigned i = 0; i < 2; i++) {
		if (t->figure[w][i] != SIZE_MAX)
			value = fmax(value, run_data_value(t->layout->data, row, t->figure[w][i]));
	}
	return value;
}

/* A side's values of a witness, ascending; as the figures', without those that are left out. */
static size_t gather(const struct testing *t, size_t w, size_t s, double *value)
{
	const struct layout *layout = t->layout;
	const struct layout_side *side = &layout->side[s];
	size_t n = 0;

	for (size_t i = side->first; i < side->end; i++) {
		uint32_t cell = layout->order[i];

		for (size_t r = layout->first_row[cell]; r < layout->first_row[cell + 1]; r++) {
			if (t->options->drop_gated && layout->data->row[r].gate_codes[0])
				continue;
			value[n] = value_at(t, w, r);
			n += isfinite(value[n]) != 0;
		}
	}
	sums_sort(value, n);
	return n;
}

static void spread_sides(struct testing *t)
{
	for (size_t s = 0; s < t->layout->sides; s++) {
		for (size_t w = 0; w < WITNESSES; w++) {
			struct spread *spread = &t->spread[s * WITNESSES + w];
			const double *v = t->base;

			if (t->figure[w][0] == SIZE_MAX)
				continue;
			spread->n = gather(t, w, s, t->base);
			if (spread->n)
				*spread = (struct spread){ spread->n, v[0], (v[(spread->n - 1) / 2] + v[spread->n / 2]) / 2, v[spread->n - 1] };
		}
	}
}

static bool matters(const struct witness *witness, double a, double b)
{
	double lo = fmin(a, b), hi = fmax(a, b);

	return hi - lo >= witness->least && hi >= lo * witness->ratio;
}

/* Mann and Whitney's by the normal distribution, with the variance that ties leave; both ascending. */
static double approximate_p(const double *a, size_t n, const double *b, size_t m)
{
	double total = (double)(n + m), ties = 0, u = 0;

	for (size_t i = 0, j = 0; i < n || j < m;) {
		double value = j == m || (i < n && a[i] <= b[j]) ? a[i] : b[j];
		size_t of_a = 0, of_b = 0;

		for (; i < n && a[i] == value; i++)
			of_a++;
		for (; j < m && b[j] == value; j++)
			of_b++;
		u += (double)of_a * ((double)(j - of_b) + (double)of_b / 2);
		ties += pow((double)(of_a + of_b), 3) - (double)(of_a + of_b);
	}
	double variance = (double)n * (double)m / 12 * (total + 1 - ties / (total * (total - 1)));
	double off = fabs(u - (double)n * (double)m / 2) - 0.5;

	return variance > 0 && off > 0 ? erfc(off / sqrt(2 * variance)) : 1;
}

static double test(const struct testing *t, size_t w, const struct duel *duel)
{
	size_t n = gather(t, w, duel->base, t->base);
	size_t m = gather(t, w, duel->cand, t->cand);

	return n <= EXACT_MOST && m <= EXACT_MOST ? rank_mann_whitney(t->base, n, t->cand, m) : approximate_p(t->base, n, t->cand, m);
}

static const struct spread *spread_of(const struct testing *t, size_t side, size_t w)
{
	return &t->spread[side * WITNESSES + w];
}

static bool is_told(const struct testing *t, const struct duel *duel, size_t w)
{
	if (duel->base == LAYOUT_NO_SIDE || !spread_of(t, duel->base, w)->n || !spread_of(t, duel->cand, w)->n)
		return false;
	return !witnesses[w].of_load || !is_told(t, duel, CORE_TO_CORE);
}

static void note(struct machine_difference *difference, size_t w, const struct spread *base, const struct spread *cand, double p)
{
	const struct witness *witness = &witnesses[w];

	*difference = (struct machine_difference){
		.witness = witness->name, .unit = witness->unit, .p = p, .same_way = witness->of_load,
		.base_lo = base->lo * witness->scale, .base_median = base->median * witness->scale, .base_hi = base->hi * witness->scale,
		.cand_lo = cand->lo * witness->scale, .cand_median = cand->median * witness->scale, .cand_hi = cand->hi * witness->scale,
	};
}

static void test_duel(const struct testing *t, const struct duel *duel, struct machine_difference *difference, bool *witnessed)
{
	for (size_t w = 0; w < WITNESSES && !difference->witness; w++) {
		const struct spread *base, *cand;
		double p;

		if (!is_told(t, duel, w))
			continue;
		*witnessed = true;
		base = spread_of(t, duel->base, w);
		cand = spread_of(t, duel->cand, w);
		if (!matters(&witnesses[w], base->median, cand->median))
			continue;
		p = test(t, w, duel);
		if (p <= (t->of_runs ? LEVEL_OF_RUNS : LEVEL_WITHIN))
			note(difference, w, base, cand, p);
	}
}

/* Two-sided: of `n` that differ, `up` went up. */
static double sign_test(size_t up, size_t n)
{
	size_t less = up < n - up ? up : n - up;
	double share = 0;

	for (size_t k = 0; k <= less; k++)
		share += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) - (double)n * log(2));
	return fmin(1, 2 * share);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle_of(double *value, size_t n)
{
	qsort(value, n, sizeof(*value), by_size);
	return (value[(n - 1) / 2] + value[n / 2]) / 2;
}

/* The medians of all rows' medians, and whether they went one way. */
static int test_overall(const struct testing *t, size_t w, const struct duel *duel, size_t duels,
			struct machine_difference *overall)
{
	double *base = calloc(3 * duels + 1, sizeof(*base));
	double *cand = base ? base + duels : NULL, *ratio = base ? cand + duels : NULL;
	struct spread of_base = { 0 }, of_cand = { 0 };
	size_t n = 0, up = 0, moved = 0;
	double middle, p;

	if (!base)
		return -ENOMEM;
	for (size_t d = 0; d < duels; d++) {
		if (!is_told(t, &duel[d], w))
			continue;
		base[n] = spread_of(t, duel[d].base, w)->median;
		cand[n] = spread_of(t, duel[d].cand, w)->median;
		moved += base[n] < cand[n] || base[n] > cand[n];
		up += base[n] < cand[n];
		ratio[n] = base[n] > 0 ? cand[n] / base[n] : 1;
		n++;
	}
	p = moved ? sign_test(up, moved) : 1;
	if (p <= LEVEL_OVERALL) {
		middle = middle_of(ratio, n);
		of_base.median = middle_of(base, n);
		of_cand.median = middle_of(cand, n);
		of_base.lo = base[0], of_base.hi = base[n - 1];
		of_cand.lo = cand[0], of_cand.hi = cand[n - 1];
		if (matters(&witnesses[w], of_base.median, of_cand.median) && fmax(middle, 1 / middle) >= witnesses[w].ratio) {
			note(overall, w, &of_base, &of_cand, p);
			overall->overall = true;
		}
	}
	free(base);
	return 0;
}

static int test_all(const struct testing *t, struct machine_state *state, const struct duel *duel, size_t duels)
{
	struct machine_difference overall = { .witness = NULL };

	for (size_t d = 0; d < duels; d++)
		test_duel(t, &duel[d], &state->difference[d], &state->witnessed[d]);
	for (size_t w = 0; w < WITNESSES && t->of_runs && !overall.witness; w++) {
		if (test_overall(t, w, duel, duels, &overall))
			return -ENOMEM;
	}
	for (size_t d = 0; d < duels && overall.witness; d++) {
		if (!state->difference[d].witness)
			state->difference[d] = overall;
	}
	return 0;
}

int machine_state_init(struct machine_state *state, const struct layout *layout, const struct compare_options *options,
		       const struct duel *duel, size_t duels)
{
	size_t room = sample_room(layout) + 1;
	struct testing t = {
		.layout = layout, .options = options, .of_runs = layout->column == RUN_KEY_RUN || layout->column == RUN_KEY_BUILD_ID,
		.spread = calloc(layout->sides * WITNESSES + 1, sizeof(*t.spread)),
		.base = calloc(room, sizeof(*t.base)), .cand = calloc(room, sizeof(*t.cand)),
	};
	int status = 0;

	*state = (struct machine_state){
		.difference = calloc(duels + 1, sizeof(*state->difference)), .witnessed = calloc(duels + 1, sizeof(*state->witnessed)),
	};
	if (!t.spread || !t.base || !t.cand || !state->difference || !state->witnessed) {
		status = -ENOMEM;
	} else if (!is_of_machines(layout->column)) {
		find_figures(&t);
		spread_sides(&t);
		status = test_all(&t, state, duel, duels);
	}
	free(t.spread);
	free(t.base);
	free(t.cand);
	return status;
}

void machine_state_fini(struct machine_state *state)
{
	free(state->difference);
	free(state->witnessed);
	*state = (struct machine_state){ 0 };
}

/* Nothing is said against a figure that became worse on a machine that became better. */
static bool is_explained(const struct comparison *c, const struct machine_difference *difference)
{
	bool slower = difference->cand_median > difference->base_median;

	if (!difference->witness || !difference->same_way || c->figure->better == FIGURE_NEITHER)
		return difference->witness;
	return slower == ((c->ratio > 1) == (c->figure->better == FIGURE_LESS));
}

void machine_state_hold(struct comparison *c, const struct machine_state *state, size_t duel, bool ignore_machine)
{
	c->machine_witnessed = state->witnessed[duel];
	if (c->verdict == COMPARE_NOT_COMPARABLE || !is_explained(c, &state->difference[duel]))
		return;
	c->machine = state->difference[duel];
	if (ignore_machine)
		return;
	/* More invocations of another machine decide nothing. */
	c->verdict = COMPARE_UNDECIDED;
	c->doubt = COMPARE_DOUBT_MACHINE;
	c->more = 0;
}

/* --- words --- */

/* Frequencies differ in their last digits. */
static int digits_of(const char *unit)
{
	return strcmp(unit, "MHz") == 0 ? 7 : 3;
}

static void side_text(char *text, size_t bytes, double lo, double median, double hi, const char *unit)
{
	int digits = digits_of(unit);

	snprintf(text, bytes, "%.*g %s (%.*g..%.*g)", digits, median, unit, digits, lo, digits, hi);
}

void compare_machine_text(const struct machine_difference *difference, char *text, size_t bytes)
{
	char cand[64], base[64];

	if (!difference->witness) {
		snprintf(text, bytes, "%s", "");
		return;
	}
	side_text(cand, sizeof(cand), difference->cand_lo, difference->cand_median, difference->cand_hi, difference->unit);
	side_text(base, sizeof(base), difference->base_lo, difference->base_median, difference->base_hi, difference->unit);
	snprintf(text, bytes, "%s%s %s against %s", difference->overall ? "over all cells, " : "", difference->witness, cand, base);
}

void compare_machine_medians(const struct machine_difference *difference, char *text, size_t bytes)
{
	int digits = digits_of(difference->unit);

	snprintf(text, bytes, "%s %.*g %s against %.*g", difference->witness, digits, difference->cand_median, difference->unit, digits,
		 difference->base_median);
}

static double size_of(const struct machine_difference *difference)
{
	return fabs(log(difference->cand_median / difference->base_median));
}

void machine_state_warn(const struct comparisons *all, bool ignore_machine, char *text, size_t bytes)
{
	const struct comparison *worst = NULL;
	char difference[COMPARE_MACHINE_BYTES];
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct comparison *c = &all->comparison[i];

		if (!c->machine.witness)
			continue;
		count++;
		if (!worst || size_of(&c->machine) > size_of(&worst->machine))
			worst = c;
	}
	snprintf(text, bytes, "%s", "");
	if (!worst)
		return;
	compare_machine_text(&worst->machine, difference, sizeof(difference));
	snprintf(text, bytes, "the machine differed between the sides of %zu of %zu comparisons, at most: %s; %s", count, all->count,
		 difference, ignore_machine ? "they are judged nevertheless (--ignore-machine)" :
		 "they are left undecided (--ignore-machine judges them)");
}
