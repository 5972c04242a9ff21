/* SPDX-License-Identifier: MIT */
/* Comparing cells; see compare.h.  What is said of a comparison is judge.c's. */
#include "bench/compare/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/judge.h"
#include "bench/compare/layout.h"
#include "bench/compare/machine_state.h"
#include "bench/stats/rank_null.h"
#include "bench/stats/signed_rank.h"

#define BASELINE_WANTED "spinlock"
#define WARNINGS (sizeof(((struct comparisons *)0)->warning) / sizeof(((struct comparisons *)0)->warning[0]))

struct comparing {
	struct comparisons *all;
	const struct run_data *data;
	const struct compare_options *options;
	struct layout layout;
	struct duel *duel;
	size_t duels;
	struct machine_state machine;
	size_t warnings;
	char *few; /* the warning that there are too few, once there is one */
	char *error;
	size_t error_bytes;
};

void compare_options_init(struct compare_options *options)
{
	*options = (struct compare_options){ .column = RUN_KEY_BACKEND, .alpha = 0.05, .floor = 0.01, .equivalent_within = 0.1 };
}

/* The last one is what stands when there are too many. */
static char *next_warning(struct comparing *c)
{
	return c->all->warning[c->warnings < WARNINGS ? c->warnings++ : WARNINGS - 1];
}

/* "a, b, c" of the compared key's values, those with anything that was measured. */
static size_t list_values(const struct comparing *c, bool measured, char *text, size_t bytes)
{
	const struct layout *layout = &c->layout;
	size_t count = 0;

	text[0] = '\0';
	for (uint32_t v = 0; v < layout->texts[layout->column]; v++) {
		size_t s = 0;
		size_t length = strlen(text);

		while (s < layout->sides && layout->side[s].value != v)
			s++;
		if ((s < layout->sides) != measured)
			continue;
		snprintf(text + length, bytes - length, "%s%s", count++ ? ", " : "", layout->text[layout->column][v]);
	}
	return count;
}

static int choose_baseline(struct comparing *c)
{
	struct layout *layout = &c->layout;
	const char *words = run_key_words(layout->column);
	const char *wanted = c->options->baseline ? c->options->baseline : BASELINE_WANTED;
	uint32_t value = layout_find(layout, wanted);
	char names[256];
	size_t count = list_values(c, true, names, sizeof(names));

	if (value == layout->texts[layout->column] && c->options->baseline) {
		snprintf(c->error, c->error_bytes, "there is no %s '%s' in it to compare with; it has %s", words, wanted, names);
		return -EINVAL;
	}
	if (count < 2) {
		snprintf(c->error, c->error_bytes, count ? "nothing to compare: the only %s in it that was measured is %s" :
			 "nothing to compare: no %s in it was measured%s", words, names);
		return -ENODATA;
	}
	if (value == layout->texts[layout->column]) {
		for (size_t s = 0; s < layout->sides; s++)
			value = layout->side[s].value < value ? layout->side[s].value : value;
	}
	layout_set_baseline(layout, value);
	return 0;
}

static int check_candidates(const struct comparing *c)
{
	char names[256];

	for (size_t i = 0; i < c->options->candidates; i++) {
		const char *name = c->options->candidate[i];
		uint32_t value = layout_find(&c->layout, name);

		if (value < c->layout.texts[c->layout.column] && value != c->layout.baseline)
			continue;
		list_values(c, true, names, sizeof(names));
		if (value == c->layout.baseline)
			snprintf(c->error, c->error_bytes, "'%s' is the baseline, and no candidate as well", name);
		else
			snprintf(c->error, c->error_bytes, "there is no %s '%s' in it to be a candidate; it has %s",
				 run_key_words(c->layout.column), name, names);
		return -EINVAL;
	}
	return 0;
}

static bool is_candidate(const struct comparing *c, uint32_t value)
{
	if (value == c->layout.baseline)
		return false;
	for (size_t i = 0; i < c->options->candidates; i++) {
		if (strcmp(c->options->candidate[i], c->layout.text[c->layout.column][value]) == 0)
			return true;
	}
	return !c->options->candidates;
}

/* Rows of one group stand together, since the back end is the last key of a cell. */
static bool is_same_group(const struct layout *layout, size_t a, size_t b)
{
	const uint32_t *x = layout->rank[layout->order[layout->side[layout->row[a].first].first]];
	const uint32_t *y = layout->rank[layout->order[layout->side[layout->row[b].first].first]];

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (layout->in_row[k] && k != RUN_KEY_BACKEND && x[k] != y[k])
			return false;
	}
	return true;
}

static int name_rows(struct comparing *c)
{
	const struct layout *layout = &c->layout;

	c->all->key = calloc(layout->rows + 1, sizeof(*c->all->key));
	for (size_t r = 0; c->all->key && r < layout->rows; r++) {
		const uint32_t *rank = layout->rank[layout->order[layout->side[layout->row[r].first].first]];

		for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
			c->all->key[r][k] = layout->in_row[k] ? layout->text[k][rank[k]] : NULL;
	}
	return c->all->key ? 0 : -ENOMEM;
}

static int make_duels(struct comparing *c)
{
	const struct layout *layout = &c->layout;
	size_t group = 0;

	c->duel = calloc(layout->sides + 1, sizeof(*c->duel));
	if (!c->duel)
		return -ENOMEM;
	for (size_t r = 0; r < layout->rows; r++) {
		group += r && !is_same_group(layout, r - 1, r);
		for (size_t s = layout->row[r].first; s < layout->row[r].end; s++) {
			if (is_candidate(c, layout->side[s].value))
				c->duel[c->duels++] = (struct duel){ r, group, layout->row[r].baseline, s };
		}
	}
	if (c->duels)
		return 0;
	snprintf(c->error, c->error_bytes, "nothing to compare: no candidate was measured");
	return -ENODATA;
}

/* Several machines are never taken together by mistake. */
static int check_hosts(const struct comparing *c)
{
	const struct layout *layout = &c->layout;
	char names[256] = "";

	if (layout->in_row[RUN_KEY_HOST_ID] || c->options->ignored[RUN_KEY_HOST_ID] || layout->column == RUN_KEY_HOST_ID ||
	    !layout_varies(layout, RUN_KEY_HOST_ID))
		return 0;
	for (uint32_t v = 0; v < layout->texts[RUN_KEY_HOST_ID]; v++) {
		size_t length = strlen(names);

		snprintf(names + length, sizeof(names) - length, "%s%s", v ? ", " : "", layout->text[RUN_KEY_HOST_ID][v]);
	}
	snprintf(c->error, c->error_bytes, "measured on several hosts (%s), which says more about them than about what is compared; "
		 "--filter host_id=NAME takes one, --ignore host_id compares nevertheless", names);
	return -EINVAL;
}

static void warn_of_mixed(struct comparing *c)
{
	const struct layout *layout = &c->layout;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const char *name = run_key_name((enum run_key)k);
		char *warning;
		size_t length;

		if (layout->in_row[k] || k == layout->column || c->options->ignored[k] || !layout_mixes(layout, (enum run_key)k))
			continue;
		warning = next_warning(c);
		snprintf(warning, sizeof(c->all->warning[0]), "%s differs in rows that are taken together:", name);
		for (uint32_t v = 0; v < layout->texts[k] && strlen(warning) < 150; v++) {
			length = strlen(warning);
			snprintf(warning + length, sizeof(c->all->warning[0]) - length, "%s %s", v ? "," : "",
				 layout->text[k][v][0] ? layout->text[k][v] : "(none)");
		}
		length = strlen(warning);
		snprintf(warning + length, sizeof(c->all->warning[0]) - length,
			 "; --row %s tells them apart, --ignore %s takes it as meant", name, name);
	}
}

/* A number of invocations a side, or of pairs, with which the least p would pass. */
static size_t enough(const struct comparing *c, size_t tests, bool paired)
{
	size_t n = 2;

	while ((paired ? signed_rank_least_p(n) : rank_least_p(n, n)) * (double)tests > c->options->alpha)
		n++;
	return n;
}

/* Where nothing of a figure can be shown, whatever its values are: the least p is too large.  Said once, of all figures. */
static void warn_of_few(struct comparing *c, size_t tests, size_t first)
{
	const struct comparison *best = NULL;
	const char *name = c->all->comparison[first].figure->name;
	size_t length;

	for (size_t i = first; i < first + c->duels; i++) {
		const struct comparison *one = &c->all->comparison[i];

		if (!one->why && judge_least_p(one) * (double)tests <= c->options->alpha)
			return;
		if (!one->why && (!best || judge_least_p(one) < judge_least_p(best)))
			best = one;
	}
	if (!best)
		return;
	if (!c->few) {
		c->few = next_warning(c);
		snprintf(c->few, sizeof(c->all->warning[0]),
			 "nothing can be shown better or worse: of %zu comparisons with %zu %s, no adjusted p is below "
			 "%.2g; %zu could, or fewer comparisons: %s",
			 tests, best->test == COMPARE_TEST_PAIRED ? best->pairs : best->n_base,
			 best->test == COMPARE_TEST_PAIRED ? "pairs" : "invocations a side", judge_least_p(best) * (double)tests,
			 enough(c, tests, best->test == COMPARE_TEST_PAIRED), name);
		return;
	}
	length = strlen(c->few);
	snprintf(c->few + length, sizeof(c->all->warning[0]) - length, ", %s", name);
}

static int judge_figures(struct comparing *c)
{
	struct comparisons *all = c->all;

	all->comparison = calloc(c->duels * c->data->figures + 1, sizeof(*all->comparison));
	if (!all->comparison)
		return -ENOMEM;
	for (size_t f = 0; f < c->data->figures; f++) {
		struct judging judging = {
			.layout = &c->layout, .options = c->options, .duel = c->duel, .duels = c->duels, .key = all->key, .figure = f,
			.comparison = &all->comparison[all->count],
		};

		if (!c->data->figure[f]->tested)
			continue;
		if (judge_figure(&judging))
			return -ENOMEM;
		for (size_t d = 0; d < c->duels; d++)
			machine_state_hold(&all->comparison[all->count + d], &c->machine, d, c->options->ignore_machine);
		warn_of_few(c, judging.tests, all->count);
		all->tests = judging.tests > all->tests ? judging.tests : all->tests;
		all->count += c->duels;
	}
	if (all->count)
		return 0;
	snprintf(c->error, c->error_bytes, "nothing to compare: no figure that is tested");
	return -ENODATA;
}

static void warn_of_machine(struct comparing *c)
{
	char text[sizeof(c->all->warning[0])];

	machine_state_warn(c->all, c->options->ignore_machine, text, sizeof(text));
	if (text[0])
		memcpy(next_warning(c), text, sizeof(text));
}

static int compare_all(struct comparing *c)
{
	int error = layout_init(&c->layout, c->data, c->options);

	if (!error)
		error = check_hosts(c);
	if (!error)
		error = choose_baseline(c);
	if (!error)
		error = check_candidates(c);
	if (!error)
		error = make_duels(c);
	if (!error)
		error = name_rows(c);
	if (error)
		return error;
	c->all->refused = c->layout.refused;
	list_values(c, false, c->all->refused_names, sizeof(c->all->refused_names));
	warn_of_mixed(c);
	if (machine_state_init(&c->machine, &c->layout, c->options, c->duel, c->duels))
		return -ENOMEM;
	error = judge_figures(c);
	if (!error)
		warn_of_machine(c);
	return error;
}

int compare_cells(struct comparisons *all, const struct run_data *data, const struct compare_options *options, char *error,
		  size_t error_bytes)
{
	struct comparing c = { .all = all, .data = data, .options = options, .error = error, .error_bytes = error_bytes };
	int status;

	*all = (struct comparisons){ 0 };
	snprintf(error, error_bytes, "out of memory");
	status = compare_all(&c);
	machine_state_fini(&c.machine);
	layout_fini(&c.layout);
	free(c.duel);
	if (status)
		comparisons_fini(all);
	else
		error[0] = '\0';
	return status;
}

void comparisons_fini(struct comparisons *all)
{
	free(all->comparison);
	free(all->key);
	*all = (struct comparisons){ 0 };
}
