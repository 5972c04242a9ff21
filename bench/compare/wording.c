/* SPDX-License-Identifier: MIT */
/* Words and numbers of one comparison; see wording.h. */
#include "bench/compare/wording.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/fixed.h"
#include "bench/stats/rank_test.h"

#define TEXT(words, column) (words)->text[column], sizeof((words)->text[column])

/* As snprintf(text, bytes, "%s", words), and the length of what fits. */
static size_t put(char *text, size_t bytes, const char *words)
{
	size_t length = strnlen(words, bytes - 1);

	memcpy(text, words, length);
	text[length] = '\0';
	return length;
}

/* As in the table that `run` prints. */
static double scale_of(const struct figure *figure, const char **unit)
{
	*unit = figure->unit;
	if (strcmp(figure->unit, "1/s") == 0)
		return *unit = "k/s", 1e-3;
	if (strncmp(figure->name, "response", strlen("response")) == 0)
		return *unit = "us", 1e-3;
	return 1;
}

static void format_value(char *text, size_t bytes, const struct figure *figure, double value)
{
	const char *unit;
	double shown = value * scale_of(figure, &unit);

	if (isnan(value))
		snprintf(text, bytes, "-");
	else
		fixed_print(text, bytes, shown, shown >= 100 || shown == floor(shown) ? 0 : shown >= 10 ? 1 : shown >= 1 ? 2 : 3);
}

static void format_ratio(char *text, size_t bytes, double ratio)
{
	if (isnan(ratio))
		snprintf(text, bytes, "-");
	else if (isinf(ratio) || ratio == 0)
		snprintf(text, bytes, "%s", ratio > 0 ? "inf" : "0");
	else
		fixed_print(text, bytes, ratio, ratio >= 100 ? 0 : ratio >= 10 ? 2 : 3);
}

static void format_interval(char *text, size_t bytes, const struct comparison *c)
{
	size_t length;

	if (isnan(c->ratio)) {
		snprintf(text, bytes, "-");
		return;
	}
	format_ratio(text, bytes, c->ci_lo);
	length = strlen(text);
	length += put(text + length, bytes - length, " to ");
	format_ratio(text + length, bytes - length, c->ci_hi);
}

static void format_p(char *text, size_t bytes, const struct comparison *c)
{
	size_t length;

	if (isnan(c->p_adj)) {
		snprintf(text, bytes, "-");
		return;
	}
	length = c->p_adj < 0.001 ? fixed_print_power(text, bytes, c->p_adj) : fixed_print(text, bytes, c->p_adj, 4);
	if (c->is_asymptotic)
		put(text + length, bytes - length, " asymptotic");
}

static void format_verdict(char *text, size_t bytes, const struct comparison *c)
{
	int length = (int)put(text, bytes, compare_verdict_name(c->verdict));
	size_t not_ok = c->not_ok_base + c->not_ok_cand;

	if (c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_WIDE_FLOOR)
		length += snprintf(text + length, bytes - (size_t)length, ": floor over %g%%", 100 * c->margin);
	else if (c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_WITHIN_FLOOR)
		length += snprintf(text + length, bytes - (size_t)length, ": within the floor");
	if (c->machine.witness) {
		char machine[64];

		compare_machine_medians(&c->machine, machine, sizeof(machine));
		length += snprintf(text + length, bytes - (size_t)length, ": the machine differed%s, %s",
				   c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_MACHINE ? "" : " (ignored)", machine);
	}
	if (c->verdict == COMPARE_UNDECIDED && compare_is_out_of_reach(c))
		length += snprintf(text + length, bytes - (size_t)length, ", not within %d invocations", RANK_SAMPLES_MAX);
	else if (c->verdict == COMPARE_UNDECIDED && c->more)
		length += snprintf(text + length, bytes - (size_t)length, ", ~%" PRIu64 " more", c->more);
	if (c->why)
		length += snprintf(text + length, bytes - (size_t)length, ": %s", c->why);
	if (not_ok && (size_t)length < bytes)
		snprintf(text + length, bytes - (size_t)length, "; %zu not ok", not_ok);
}

void wording_head(struct wording *words, const struct compare_result *result, const struct figure *figure)
{
	const char *unit;

	scale_of(figure, &unit);
	snprintf(TEXT(words, WORDING_NAME), "%s", run_key_words(result->command->options.column));
	snprintf(TEXT(words, WORDING_N), "n");
	snprintf(TEXT(words, WORDING_MEDIAN), "median%s%s", unit[0] ? " " : "", unit);
	snprintf(TEXT(words, WORDING_RATIO), "ratio");
	snprintf(TEXT(words, WORDING_INTERVAL), "%g%% interval", 100 * (1 - result->command->options.alpha));
	snprintf(TEXT(words, WORDING_P), "p (Holm)");
	snprintf(TEXT(words, WORDING_FLOOR), "floor");
	snprintf(TEXT(words, WORDING_VERDICT), "verdict");
}

void wording_comparison(struct wording *words, const struct comparison *c)
{
	size_t length;

	put(TEXT(words, WORDING_NAME), c->candidate);
	length = fixed_print_count(TEXT(words, WORDING_N), c->test == COMPARE_TEST_PAIRED ? c->pairs : c->n_cand);
	if (c->test == COMPARE_TEST_PAIRED)
		put(words->text[WORDING_N] + length, sizeof(words->text[WORDING_N]) - length, " pairs");
	format_value(TEXT(words, WORDING_MEDIAN), c->figure, c->cand_median);
	format_ratio(TEXT(words, WORDING_RATIO), c->ratio);
	format_interval(TEXT(words, WORDING_INTERVAL), c);
	format_p(TEXT(words, WORDING_P), c);
	if (c->why) {
		put(TEXT(words, WORDING_FLOOR), "-");
	} else {
		length = fixed_print(TEXT(words, WORDING_FLOOR), 100 * c->noise_floor, 1);
		put(words->text[WORDING_FLOOR] + length, sizeof(words->text[WORDING_FLOOR]) - length, "%");
	}
	format_verdict(TEXT(words, WORDING_VERDICT), c);
}

void wording_baseline(struct wording *words, const struct comparison *c)
{
	*words = (struct wording){ 0 };
	snprintf(TEXT(words, WORDING_NAME), "%s", c->baseline);
	snprintf(TEXT(words, WORDING_N), "%zu", c->n_base);
	format_value(TEXT(words, WORDING_MEDIAN), c->figure, c->base_median);
	snprintf(TEXT(words, WORDING_VERDICT), "the baseline");
}

void wording_figure(const struct figure *figure, FILE *out)
{
	const char *unit;

	scale_of(figure, &unit);
	fprintf(out, "%s: %s", figure->name, figure->words);
	if (unit[0])
		fprintf(out, ", in %s", unit);
	if (figure->better == FIGURE_NEITHER)
		fputs(", neither direction is better", out);
	else
		fprintf(out, ", %s is better", figure_better_name(figure->better));
}

void wording_tally(const struct compare_result *result, size_t first, size_t end, FILE *out)
{
	size_t count[COMPARE_NOT_COMPARABLE + 1] = { 0 };
	const char *before = "";

	for (size_t i = first; i < end; i++)
		count[result->all->comparison[result->order[i]].verdict]++;
	for (unsigned v = 0; v <= COMPARE_NOT_COMPARABLE; v++) {
		if (!count[v])
			continue;
		fprintf(out, "%s%zu %s", before, count[v], compare_verdict_name((enum compare_verdict)v));
		before = ", ";
	}
	fprintf(out, " of %zu", end - first);
}

void wording_key(enum run_key key, const char *value, FILE *out)
{
	fprintf(out, "%s %s", run_key_name(key), value && value[0] ? value : "(none)");
}

void wording_keys(const char *before, const char *after, const struct compare_result *result, const struct comparison *c,
		  bool of_table, FILE *out)
{
	bool any = false;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!result->varies[k] || result->command->in_table[k] != of_table)
			continue;
		fputs(any ? ", " : before, out);
		wording_key((enum run_key)k, c->key[k], out);
		any = true;
	}
	if (any)
		fputs(after, out);
}
