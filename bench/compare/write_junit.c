/* SPDX-License-Identifier: MIT */
/*
 * Comparisons for a CI server: a test suite a figure, a test case a comparison.  What --fail-on names is a failure, "worse"
 * when it names nothing; what could not be told is skipped.
 *
 * Format: the XML report of Apache Ant's JUnit task, as CI servers read it.
 */
#include <math.h>
#include <string.h>

#include "bench/compare/command.h"

enum outcome { PASSED, FAILED, SKIPPED };

/* Control characters have no place in XML 1.0 at all. */
static void print_escaped(const char *text, FILE *out)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
		}
	}
}

static enum outcome outcome_of(const struct compare_result *result, const struct comparison *c)
{
	bool untold = c->verdict == COMPARE_UNDECIDED || c->verdict == COMPARE_NOT_COMPARABLE;

	if (c->verdict == COMPARE_WORSE)
		return FAILED;
	return !untold ? PASSED : result->command->fail_on == FAIL_ON_UNDECIDED ? FAILED : SKIPPED;
}

static const struct comparison *at(const struct compare_result *result, size_t i)
{
	return &result->all->comparison[result->order[i]];
}

/* The candidate, and the keys that tell it from others of its figure. */
static void print_name(const struct compare_result *result, const struct comparison *c, FILE *out)
{
	print_escaped(c->candidate, out);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!result->varies[k])
			continue;
		fprintf(out, " %s=", run_key_name((enum run_key)k));
		print_escaped(c->key[k] ? c->key[k] : "", out);
	}
}

static void print_finding(const struct comparison *c, FILE *out)
{
	char why[COMPARE_MACHINE_BYTES + 40];

	fputs(compare_verdict_name(c->verdict), out);
	if (c->why) {
		fprintf(out, ": ");
		print_escaped(c->why, out);
		return;
	}
	fprintf(out, ": %s against ", c->figure->name);
	print_escaped(c->baseline, out);
	fprintf(out, ": ratio %.9g, interval %.9g to %.9g, p_adj %.9g, noise floor %.9g, "
		"medians %.9g and %.9g %s, n %zu and %zu", c->ratio, c->ci_lo, c->ci_hi, c->p_adj,
		c->noise_floor, c->cand_median, c->base_median, c->figure->unit, c->n_cand, c->n_base);
	if (c->is_asymptotic)
		fprintf(out, ", p %s", compare_p_method(c));
	compare_why(c, why, sizeof(why));
	if (why[0])
		fprintf(out, "; %s", why);
	else if (c->machine.witness) {
		compare_machine_text(&c->machine, why, sizeof(why));
		fprintf(out, "; although the machine differed: %s", why);
	}
	if (c->more)
		fprintf(out, ", ~%llu more invocations a side", (unsigned long long)c->more);
}

static void print_case(const struct compare_result *result, const struct comparison *c, FILE *out)
{
	static const char *const elements[] = { [PASSED] = "system-out", [FAILED] = "failure", [SKIPPED] = "skipped" };
	enum outcome outcome = outcome_of(result, c);

	fprintf(out, "    <testcase classname=\"storsync.%s\" name=\"", c->figure->name);
	print_name(result, c, out);
	fprintf(out, "\" time=\"0\">\n      <%s", elements[outcome]);
	if (outcome == PASSED) {
		fputc('>', out);
		print_finding(c, out);
		fputs("</system-out>\n    </testcase>\n", out);
		return;
	}
	if (outcome == FAILED)
		fprintf(out, " type=\"%s\"", compare_verdict_name(c->verdict));
	fputs(" message=\"", out);
	print_finding(c, out);
	fputs("\"/>\n    </testcase>\n", out);
}

static size_t print_suite(const struct compare_result *result, size_t first, FILE *out)
{
	size_t count[3] = { 0 };
	size_t end = first;

	while (end < result->all->count && at(result, end)->figure == at(result, first)->figure)
		count[outcome_of(result, at(result, end++))]++;
	fprintf(out, "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"0\">\n",
		at(result, first)->figure->name, end - first, count[FAILED], count[SKIPPED]);
	for (size_t i = first; i < end; i++)
		print_case(result, at(result, i), out);
	fputs("  </testsuite>\n", out);
	return end;
}

int compare_write_junit(const struct compare_result *result, FILE *out)
{
	size_t count[3] = { 0 };

	for (size_t i = 0; i < result->all->count; i++)
		count[outcome_of(result, at(result, i))]++;
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"storsync compare\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"0\">\n",
		result->all->count, count[FAILED]);
	for (size_t first = 0; first < result->all->count;)
		first = print_suite(result, first, out);
	fputs("</testsuites>\n", out);
	return 0;
}
