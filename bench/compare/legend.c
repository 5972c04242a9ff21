/* SPDX-License-Identifier: MIT */
/* What comparisons were made of, and what they rest on, as paragraphs; see wording.h. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare/wording.h"
#include "bench/stats/rank_test.h"

#define PARAGRAPHS 12
struct paragraphs {
	char *text[PARAGRAPHS + 1];
	size_t count;
	size_t bytes;
	FILE *open;
};

static FILE *begin(struct paragraphs *p)
{
	p->open = open_memstream(&p->text[p->count], &p->bytes);
	return p->open ? p->open : stderr;
}

static void end(struct paragraphs *p)
{
	if (p->open && fclose(p->open) == 0)
		p->count++;
	p->open = NULL;
}

static char **finish(const struct paragraphs *p)
{
	char **list = calloc(p->count + 1, sizeof(*list));

	for (size_t i = 0; i < p->count; i++) {
		if (list)
			list[i] = p->text[i];
		else
			free(p->text[i]);
	}
	return list;
}

void wording_free(char **paragraph)
{
	for (size_t i = 0; paragraph && paragraph[i]; i++)
		free(paragraph[i]);
	free(paragraph);
}

/* The values that a key has in the data, up to a few. */
static void list_key(const struct run_data *data, enum run_key key, FILE *out)
{
	const char *seen[4];
	size_t count = 0;

	for (size_t c = 0; c < data->cells; c++) {
		const char *text = data->cell[c].key[key];
		size_t at = 0;

		while (at < count && strcmp(seen[at], text) != 0)
			at++;
		if (at < count || !text[0])
			continue;
		if (count == sizeof(seen) / sizeof(seen[0])) {
			fputs(", ...", out);
			return;
		}
		fprintf(out, "%s%s", count ? ", " : "", text);
		seen[count++] = text;
	}
	if (!count)
		fputs("(not said)", out);
}

static void describe_run(const struct compare_result *result, size_t i, FILE *out)
{
	const struct run_data *run = &result->run[i];

	fputs(result->command->path[i], out);
	if (run->kind != RUN_DATA_STORSYNC) {
		fputs(" (Google Benchmark)", out);
		return;
	}
	if (run->run_id[0])
		fprintf(out, ", run %s", run->run_id);
	fputs(", host ", out);
	list_key(run, RUN_KEY_HOST_ID, out);
	fputs(", build ", out);
	list_key(run, RUN_KEY_BUILD_ID, out);
}

static void list_constants(const struct compare_result *result, FILE *out)
{
	const struct comparison *c = &result->all->comparison[0];
	const char *before = "The same in all: ";

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (result->varies[k] || !c->key[k] || !c->key[k][0] || run_key_is_origin((enum run_key)k))
			continue;
		fputs(before, out);
		wording_key((enum run_key)k, c->key[k], out);
		before = ", ";
	}
}

char **wording_heading(const struct compare_result *result)
{
	const struct compare_command *command = result->command;
	struct paragraphs p = { .count = 0 };
	FILE *out = begin(&p);

	fprintf(out, "Each %s against %s, from ", run_key_words(command->options.column), result->all->comparison[0].baseline);
	describe_run(result, 0, out);
	end(&p);
	if (command->runs == 2) {
		out = begin(&p);
		fputs("and ", out);
		describe_run(result, 1, out);
		end(&p);
	}
	if (command->filters) {
		out = begin(&p);
		for (size_t i = 0; i < command->filters; i++) {
			const struct key_filter *f = &command->filter[i];

			fprintf(out, "%s%s%s=", i ? " and " : "Only rows with ", run_key_name(f->key), f->negated ? "!" : "");
			for (size_t v = 0; v < f->values; v++)
				fprintf(out, "%s%s", v ? "," : "", f->value[v]);
		}
		end(&p);
	}
	out = begin(&p);
	list_constants(result, out);
	end(&p);
	return finish(&p);
}

/* How many were tested how, and why so. */
static void say_tests(const struct compare_result *result, FILE *out)
{
	static const char *const names[] = {
		[COMPARE_TEST_PAIRED] = "Wilcoxon's by block", [COMPARE_TEST_UNPAIRED] = "Mann and Whitney's",
	};
	const struct comparisons *all = result->all;
	const char *said[8];
	size_t count = 0, asymptotic = 0;

	for (size_t i = 0; i < all->count; i++)
		asymptotic += all->comparison[i].is_asymptotic;
	fputs(asymptotic ? "Test: " : "Test, exact: ", out);
	for (size_t i = 0; i < all->count; i++) {
		const struct comparison *c = &all->comparison[i];
		size_t at = 0, same = 0;

		while (at < count && said[at] != c->test_why)
			at++;
		if (at < count || c->why || count == sizeof(said) / sizeof(said[0]))
			continue;
		for (size_t j = i; j < all->count; j++)
			same += !all->comparison[j].why && all->comparison[j].test_why == c->test_why;
		fprintf(out, "%s%s for %zu (%s)", count ? "; " : "", names[c->test], same, c->test_why);
		said[count++] = c->test_why;
	}
	if (asymptotic)
		fprintf(out, ". Exact up to %d values a side; of %zu with more, p and interval are asymptotic, by the normal "
			"approximation, corrected for ties and continuity", RANK_SAMPLES_MAX, asymptotic);
	fprintf(out, ". Holm adjusts p over all comparisons of a figure, %zu at most; the level is %g for all of them together.",
		all->tests, result->command->options.alpha);
}

static void say_pairs(const struct compare_result *result, FILE *out)
{
	size_t alone = 0;

	for (size_t i = 0; i < result->all->count; i++) {
		const struct comparison *c = &result->all->comparison[i];

		if (c->test == COMPARE_TEST_PAIRED && !c->why)
			alone += c->alone_base + c->alone_cand;
	}
	if (alone)
		fprintf(out, " Without a partner in their block, and so left out of tests by block: %zu values, counted in "
			"every comparison.", alone);
}

static void say_floor(const struct compare_result *result, FILE *out)
{
	double least = INFINITY, most = 0;
	size_t unmeasured = 0, wide = 0;

	for (size_t i = 0; i < result->all->count; i++) {
		const struct comparison *c = &result->all->comparison[i];

		if (c->why)
			continue;
		least = fmin(least, c->noise_floor);
		most = fmax(most, c->noise_floor);
		unmeasured += !c->floor_measured;
		wide += c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_WIDE_FLOOR;
	}
	fprintf(out, "Floor: %.1f%% to %.1f%%, how far apart the halves of a cell's invocations come out in these data, and "
		"%g%% at least. A ratio within it is not called better or worse, however sure it is.",
		100 * least, 100 * most, 100 * result->command->options.floor);
	fprintf(out, " Equivalent is what lies within it, and within %g%% (--equivalent-within), with its whole interval.",
		100 * result->command->options.equivalent_within);
	if (wide)
		fprintf(out, " %zu would lie within the floor, but that is wider: too much noise to call them equivalent.", wide);
	if (unmeasured)
		fprintf(out, " It could not be measured for %zu, with too few invocations.", unmeasured);
}

static void say_rows(const struct compare_result *result, FILE *out)
{
	const struct compare_census *census = &result->census;
	bool processes = result->data->kind == RUN_DATA_STORSYNC;

	fprintf(out, "Rows: %zu %s that ended well", census->ok, processes ? "invocations" : "repetitions");
	fprintf(out, ", %zu that did not%s", census->not_ok,
		census->not_ok ? " (counted as \"not ok\", no value of theirs is used)" : "");
	if (census->skipped)
		fprintf(out, ", %zu cells that their back end refuses (no fault of the data%s%s)", result->all->refused,
			result->all->refused_names[0] ? "; everywhere: " : "", result->all->refused_names);
	fputc('.', out);
	if (!processes)
		fputs(" Repetitions within one process vary less than processes do: what is shown here may not be found again.", out);
}

static void say_gates(const struct compare_result *result, FILE *out)
{
	const struct compare_census *census = &result->census;

	fprintf(out, "Gates: ");
	if (!census->gated) {
		fputs("no invocation carries one.", out);
		return;
	}
	fprintf(out, "%zu of %zu invocations carry one, a doubt about what the machine did meanwhile (", census->gated, census->ok);
	for (size_t i = 0; i < census->gates; i++)
		fprintf(out, "%s%.*s %zu", i ? ", " : "", (int)strcspn(census->gate[i].code, " "), census->gate[i].code, census->gate[i].rows);
	fputs(result->command->options.drop_gated ? "); they are left out (--gated drop)." :
						     "); they are used (--gated drop leaves them out).", out);
}

static void say_drift(const struct compare_result *result, FILE *out)
{
	if (result->command->options.column == RUN_KEY_RUN)
		fputs(" The runs were measured at different times: what the machine did differently then counts as a difference of theirs. "
		      "Measure the old one again to see how much that is.", out);
}

static void say_machine(const struct compare_result *result, FILE *out)
{
	size_t differ = 0, untold = 0;

	for (size_t i = 0; i < result->all->count; i++) {
		differ += result->all->comparison[i].machine.witness != NULL;
		untold += !result->all->comparison[i].machine_witnessed;
	}
	fprintf(out, "Machine: what was witnessed of it differed between the sides of %zu of %zu comparisons", differ,
		result->all->count);
	if (differ)
		fputs(result->command->options.ignore_machine ? "; they are judged nevertheless (--ignore-machine)" :
		      "; they are undecided (--ignore-machine judges them)", out);
	fputc('.', out);
	if (untold)
		fprintf(out, " Of %zu nothing tells: core-to-core time takes two CPUs%s.", untold,
			result->command->runs > 1 ? "" : ", and within a run nothing else is looked at");
}

static void say_undecided(const struct compare_result *result, FILE *out)
{
	fprintf(out, "Undecided: \"~N more\" is how many more invocations a side would decide it if all goes on as it is; "
		"\"not within %d\" is more than a run and the exact tests take: lower the noise instead; "
		"without either it cannot be told, or would take more than a thousand. ", RANK_SAMPLES_MAX);
	if (result->verdicts[COMPARE_NOT_COMPARABLE])
		fputs("What is not comparable says why. ", out);
	fputs("docs/comparing.md has the rules.", out);
}

char **wording_legend(const struct compare_result *result)
{
	struct paragraphs p = { .count = 0 };
	FILE *out = begin(&p);

	say_tests(result, out);
	say_pairs(result, out);
	say_drift(result, out);
	end(&p);
	out = begin(&p);
	fprintf(out, "Ratio: candidate to baseline, Hodges and Lehmann's, with an interval of %g%% for each comparison by itself; "
		"a ratio of medians need not be the same.", 100 * (1 - result->command->options.alpha));
	end(&p);
	out = begin(&p);
	say_floor(result, out);
	end(&p);
	out = begin(&p);
	say_rows(result, out);
	end(&p);
	out = begin(&p);
	say_gates(result, out);
	end(&p);
	out = begin(&p);
	say_machine(result, out);
	end(&p);
	out = begin(&p);
	say_undecided(result, out);
	end(&p);
	for (size_t i = 0; i < sizeof(result->all->warning) / sizeof(result->all->warning[0]); i++) {
		if (!result->all->warning[i][0])
			continue;
		fprintf(begin(&p), "Warning: %s.", result->all->warning[i]);
		end(&p);
	}
	return finish(&p);
}
