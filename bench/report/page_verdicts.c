/* SPDX-License-Identifier: MIT */
/* "Verdicts": every back end against the baseline, figure by figure. */
#include <math.h>
#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page.h"

#define VERDICTS (COMPARE_NOT_COMPARABLE + 1)
/* The strip beside a ratio: from 1/RATIO_SHOWN to RATIO_SHOWN, evenly in the logarithm; what is beyond is at its end. */
#define RATIO_SHOWN 4.0

static const struct {
	const char *name;   /* of the class, too */
	const char *symbol;
} looks[VERDICTS] = {
	[COMPARE_BETTER] = { "better", "✓" },
	[COMPARE_WORSE] = { "worse", "✗" },
	[COMPARE_EQUIVALENT] = { "equivalent", "≈" },
	[COMPARE_UNDECIDED] = { "undecided", "?" },
	[COMPARE_DIFFERENT] = { "different", "≠" },
	[COMPARE_NOT_COMPARABLE] = { "none", "–" },
};

static size_t end_of_figure(const struct comparisons *all, size_t first)
{
	size_t end = first;

	while (end < all->count && all->comparison[end].figure == all->comparison[first].figure)
		end++;
	return end;
}

static bool in_one_row(const struct comparison *a, const struct comparison *b)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const char *x = a->key[k] ? a->key[k] : "";
		const char *y = b->key[k] ? b->key[k] : "";

		if (strcmp(x, y) != 0)
			return false;
	}
	return true;
}

static void count_verdicts(const struct comparisons *all, size_t first, size_t end, size_t count[VERDICTS])
{
	memset(count, 0, VERDICTS * sizeof(*count));
	for (size_t i = first; i < end; i++)
		count[all->comparison[i].verdict]++;
}

/* "12 better, 3 worse, 1 equivalent, 14 undecided": all of these, and the others where there are any. */
static void put_counts(FILE *out, const size_t count[VERDICTS])
{
	const char *separator = "";

	for (unsigned v = 0; v < VERDICTS; v++) {
		if (!count[v] && v > COMPARE_UNDECIDED)
			continue;
		html(out, "%s<data value=\"%zu\">%zu</data> %s", separator, count[v], count[v],
		     compare_verdict_name((enum compare_verdict)v));
		separator = ", ";
	}
}

static bool nothing_compared(const struct comparisons *all, size_t first, size_t end)
{
	while (first < end && all->comparison[first].verdict == COMPARE_NOT_COMPARABLE)
		first++;
	return first == end;
}

/* Figures in the order of the page: the interrupt's latency first, which the others explain. */
static size_t first_of(const struct comparisons *all, size_t place)
{
	static const enum report_figure leading[] = { REPORT_ISR_P50, REPORT_ISR_P99, REPORT_IOPS };
	const size_t leaders = sizeof(leading) / sizeof(leading[0]);
	size_t others = 0;

	for (size_t first = 0; first < all->count; first = end_of_figure(all, first)) {
		size_t rank = 0;

		while (rank < leaders && all->comparison[first].figure != report_figures(leading[rank]))
			rank++;
		if (rank == leaders)
			rank += others++;
		if (rank == place)
			return first;
	}
	return all->count;
}

/* "; worse: `a`, `b` (2)": which back ends have this verdict, and in how many comparisons where it is more than one. */
static void put_names(FILE *out, const struct comparisons *all, size_t first, size_t end, enum compare_verdict verdict)
{
	const char *separator = ": ";
	bool any = false;

	for (size_t i = first; i < end; i++) {
		size_t count = 0;
		bool again = false;

		for (size_t k = first; k < end; k++) {
			if (all->comparison[k].verdict != verdict ||
			    strcmp(all->comparison[k].candidate, all->comparison[i].candidate) != 0)
				continue;
			again = again || k < i;
			count++;
		}
		if (all->comparison[i].verdict != verdict || again)
			continue;
		html(out, "%s%s%s<code>%s</code>", any ? "" : "; ", any ? "" : compare_verdict_name(verdict), separator,
		     all->comparison[i].candidate);
		if (count > 1)
			html(out, " (<data value=\"%zu\">%zu</data>)", count, count);
		separator = ", ";
		any = true;
	}
}

#define FLOOR_BYTES 64

static const char *floor_text(double floor, char text[FLOOR_BYTES])
{
	snprintf(text, FLOOR_BYTES, "%.1f%%", 100 * floor);
	return text;
}

static void put_floor(FILE *out, double floor)
{
	char text[FLOOR_BYTES];

	html_data(out, floor, floor_text(floor, text));
}

static void put_floors(FILE *out, const struct comparisons *all, size_t first, size_t end)
{
	double least = INFINITY, most = 0;
	char least_text[FLOOR_BYTES], most_text[FLOOR_BYTES];

	for (size_t i = first; i < end; i++) {
		if (all->comparison[i].verdict == COMPARE_NOT_COMPARABLE || isnan(all->comparison[i].noise_floor))
			continue;
		least = fmin(least, all->comparison[i].noise_floor);
		most = fmax(most, all->comparison[i].noise_floor);
	}
	if (isinf(least))
		return;
	fputs("; noise floor ", out);
	put_floor(out, least);
	if (strcmp(floor_text(least, least_text), floor_text(most, most_text)) != 0) {
		fputs(" to ", out);
		put_floor(out, most);
	}
}

static void put_summary(const struct page *page)
{
	const struct comparisons *all = &page->data->comparisons;
	size_t total[VERDICTS];
	FILE *out = page->out;

	if (nothing_compared(all, 0, all->count))
		return;
	count_verdicts(all, 0, all->count, total);
	html(out, "<p>Against <code>%s</code>, over all figures: ", page->data->baseline);
	put_counts(out, total);
	fputs(".</p>\n<ul class=\"summary\">\n", out);
	for (size_t place = 0, first; (first = first_of(all, place)) < all->count; place++) {
		size_t count[VERDICTS], end = end_of_figure(all, first);

		if (nothing_compared(all, first, end))
			continue;
		count_verdicts(all, first, end, count);
		html(out, "<li><a href=\"#verdict-%s\">%s</a>: ", all->comparison[first].figure->name,
		     all->comparison[first].figure->words);
		put_counts(out, count);
		put_names(out, all, first, end, COMPARE_BETTER);
		put_names(out, all, first, end, COMPARE_WORSE);
		put_floors(out, all, first, end);
		fputs(".</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static const char *why_not(const struct comparison *comparison)
{
	return comparison->why ? comparison->why : "a side has no value";
}

/* Figures that no two cells have, such as bystanders' where there were none; those of one reason together. */
static void put_not_compared(const struct page *page)
{
	const struct comparisons *all = &page->data->comparisons;
	const char *why = NULL;

	for (size_t first = 0, end; first < all->count; first = end) {
		const struct comparison *c = &all->comparison[first];

		end = end_of_figure(all, first);
		if (!nothing_compared(all, first, end))
			continue;
		if (why && strcmp(why, why_not(c)) == 0)
			html(page->out, "; %s", c->figure->words);
		else
			html(page->out, why ? ".</p>\n<p>Not compared, because %s: %s" : "<p>Not compared, because %s: %s", why_not(c),
			     c->figure->words);
		why = why_not(c);
	}
	if (why)
		fputs(".</p>\n", page->out);
}

static void put_warnings(const struct page *page)
{
	for (size_t i = 0; i < sizeof(page->data->comparisons.warning) / sizeof(page->data->comparisons.warning[0]); i++) {
		if (*page->data->comparisons.warning[i])
			html(page->out, "<p class=\"warning\"><b>Note:</b> %s</p>\n", page->data->comparisons.warning[i]);
	}
}

/* "CPUs 2, routing other": what tells this group from others. */
static void conditions_text(const struct page *page, const struct comparison *comparison, char *text, size_t bytes)
{
	size_t used = 0;

	*text = '\0';
	for (enum run_key k = 0; k < RUN_KEY_COUNT && used < bytes; k++) {
		if (k != RUN_KEY_BACKEND && comparison->key[k] && page_key_differs(&page->data->run, k))
			used += (size_t)snprintf(text + used, bytes - used, "%s%s %s", used ? ", " : "", run_key_words(k),
						 *comparison->key[k] ? comparison->key[k] : "none");
	}
	if (!used)
		snprintf(text, bytes, "all cells");
}

static double place_of(double ratio)
{
	double at = 50 + 50 * log(ratio) / log(RATIO_SHOWN);

	return ratio <= 0 || at < 0 ? 0 : at > 100 ? 100 : at;
}

/* For the eye only: the numbers stand beside it. */
static void put_strip(FILE *out, const struct comparison *c)
{
	fprintf(out, "<td class=\"strip\"><span aria-hidden=\"true\" "
	     "style=\"--a:%.1f%%;--b:%.1f%%;--m:%.1f%%;--f:%.1f%%\"></span></td>",
		place_of(c->ci_lo), place_of(c->ci_hi), place_of(c->ratio),
		place_of(isnan(c->noise_floor) ? 1 : 1 + c->noise_floor) - 50);
}

static void put_ratio(FILE *out, double ratio)
{
	char text[64] = "∞";

	if (!isinf(ratio))
		snprintf(text, sizeof(text), "%.3f", ratio);
	html_data(out, ratio, text);
}

static void put_interval(FILE *out, const struct comparison *c)
{
	if (isnan(c->ci_lo) || isnan(c->ci_hi)) {
		html_data(out, NAN, "");
		return;
	}
	put_ratio(out, c->ci_lo);
	fputs(" to ", out);
	put_ratio(out, c->ci_hi);
}

static void put_p(FILE *out, double p)
{
	char text[64];

	snprintf(text, sizeof(text), p < 0.0001 ? "<0.0001" : "%.4f", p);
	html_data(out, p, text);
}

static void put_verdict(FILE *out, const struct comparison *c)
{
	html(out, "<td class=\"w verdict %s\"><span class=\"symbol\" aria-hidden=\"true\">%s</span> %s", looks[c->verdict].name,
	     looks[c->verdict].symbol, compare_verdict_name(c->verdict));
	if (c->verdict == COMPARE_NOT_COMPARABLE)
		html(out, "<span class=\"muted\">: %s</span>", why_not(c));
	else if (c->verdict == COMPARE_UNDECIDED && c->more)
		html(out, "<span class=\"muted\">: ~<data value=\"%lu\">%lu</data> more</span>", c->more, c->more);
	else if (c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_MACHINE) {
		char why[COMPARE_MACHINE_BYTES + 40];

		compare_why(c, why, sizeof(why));
		html(out, "<span class=\"muted\">: %s</span>", why);
	}
	fputs("</td>", out);
}

static void put_comparison(FILE *out, const struct comparison *c)
{
	html(out, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"n\"><data value=\"%zu\">%zu</data></td>"
	     "<td class=\"n\"><data value=\"%zu\">%zu</data>/<data value=\"%zu\">%zu</data></td><td "
	     "class=\"n\">", c->candidate, c->n_cand,
	     c->n_cand, c->gated, c->gated, c->n_base + c->n_cand, c->n_base + c->n_cand);
	html_figure(out, c->figure, c->cand_median);
	fputs("</td><td class=\"n\">", out);
	put_ratio(out, c->ratio);
	fputs("</td><td class=\"n\">", out);
	put_interval(out, c);
	fputs("</td>", out);
	if (isnan(c->ratio))
		fputs("<td class=\"strip\"></td>", out);
	else
		put_strip(out, c);
	fputs("<td class=\"n\">", out);
	put_p(out, c->p_adj);
	fputs("</td><td class=\"n\">", out);
	put_floor(out, c->verdict == COMPARE_NOT_COMPARABLE ? NAN : c->noise_floor);
	fputs("</td>", out);
	put_verdict(out, c);
	fputs("</tr>\n", out);
}

static void put_group(const struct page *page, size_t first, size_t end)
{
	const struct comparison *c = &page->data->comparisons.comparison[first];
	char conditions[512];
	FILE *out = page->out;

	conditions_text(page, c, conditions, sizeof(conditions));
	html(out, "<tbody>\n<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"10\">%s<span class=\"muted\"> – "
	     "<code>%s</code>: ", conditions,
	     c->baseline);
	html_figure(out, c->figure, c->base_median);
	html(out, " %s, <data value=\"%zu\">%zu</data> invocation%s; %s "
	     "test</span></th></tr>\n", isnan(c->base_median) ? "" : c->figure->unit,
	     c->n_base, c->n_base, html_plural(c->n_base), c->test == COMPARE_TEST_PAIRED ? "paired" : "unpaired");
	for (size_t i = first; i < end; i++)
		put_comparison(out, &page->data->comparisons.comparison[i]);
	fputs("</tbody>\n", out);
}

static void put_head(FILE *out, const struct figure *figure, const char *baseline)
{
	html(out, "<table class=\"verdicts\">\n<caption>%s against <code>%s</code></caption>\n<thead><tr><th "
	     "scope=\"col\">Back end</th>"
	     "<th scope=\"col\" class=\"n\">Invoc.</th><th scope=\"col\" class=\"n\">Gated<br>of "
	     "both</th>", figure->words, baseline);
	html(out, "<th scope=\"col\" class=\"n\">Median%s%s</th>", *figure->unit ? ", " : "", figure->unit);
	fputs("<th scope=\"col\" class=\"n\">Ratio</th><th scope=\"col\" class=\"n\">Interval</th>"
	      "<th scope=\"col\" class=\"strip\"><span class=\"unseen\">Drawing: from a quarter to four times</span>"
	      "<span aria-hidden=\"true\" class=\"axis\"><i>¼</i><i>1</i><i>4</i></span></th>"
	      "<th scope=\"col\" class=\"n\">p<br>(Holm)</th><th scope=\"col\" class=\"n\">Noise<br>floor</th>"
	      "<th scope=\"col\">Verdict</th></tr></thead>\n", out);
}

static void put_figure(const struct page *page, size_t first, size_t end)
{
	const struct comparisons *all = &page->data->comparisons;
	const struct figure *figure = all->comparison[first].figure;
	size_t count[VERDICTS];
	FILE *out = page->out;

	count_verdicts(all, first, end, count);
	html(out, "<details id=\"verdict-%s\"%s>\n<summary><h3>%s</h3> <span class=\"muted\">%s is better: ", figure->name,
	     figure == report_figures(REPORT_ISR_P50) ? " open" : "", figure->words,
	     figure->better == FIGURE_NEITHER ? "neither" : figure_better_name(figure->better));
	put_counts(out, count);
	fputs("</span></summary>\n", out);
	html_scroll_begin(out, figure->words);
	put_head(out, figure, page->data->baseline);
	for (size_t group = first, next; group < end; group = next) {
		for (next = group + 1; next < end && in_one_row(&all->comparison[group], &all->comparison[next]); next++)
			;
		put_group(page, group, next);
	}
	fputs("</table>\n", out);
	html_scroll_end(out);
	fputs("</details>\n", out);
}

static void put_how_to_read(FILE *out)
{
	fputs("<div class=\"legend\"><p>A <b>ratio</b> is the back end's over the baseline's, as Hodges and Lehmann estimate "
	      "it, with the "
	      "<b>interval</b> that belongs to the test. <b>p</b> is of a rank test over invocations (Wilcoxon's where "
	      "they are paired by block, "
	      "else Mann and Whitney's), adjusted by Holm's method over all comparisons of the figure, at 0.05. The <b>noise "
	      "floor</b> is how far apart a cell and itself come out in this very run: what is smaller does not count; it is "
	      "at least "
	      "1%. "
	      "<b>Gated</b> are those of both sides' invocations that have a gate code. "
	      "The drawing shows ratio and interval on a logarithmic scale; the shaded band is the noise floor.</p>\n<ul>\n"
	      "<li class=\"verdict better\"><span class=\"symbol\" aria-hidden=\"true\">✓</span> better: shown, and by more "
	      "than the noise floor</li>\n"
	      "<li class=\"verdict worse\"><span class=\"symbol\" aria-hidden=\"true\">✗</span> worse: likewise</li>\n"
	      "<li class=\"verdict equivalent\"><span class=\"symbol\" aria-hidden=\"true\">≈</span> equivalent: the interval "
	      "lies within the noise floor and within 10%</li>\n"
	      "<li class=\"verdict undecided\"><span class=\"symbol\" aria-hidden=\"true\">?</span> undecided: none of these, or the "
	      "machine was shown to differ between the sides, which is then said; "
	      "~8 more: so many more invocations a side would decide if all goes on as it is, without a number it cannot be told "
	      "or would take more than a thousand; tests take 50 at most</li>\n"
	      "</ul></div>\n", out);
}

void page_verdicts(const struct page *page)
{
	const struct comparisons *all = &page->data->comparisons;
	FILE *out = page->out;

	fputs("<section id=\"verdicts\" aria-labelledby=\"verdicts-title\">\n<h2 id=\"verdicts-title\">Verdicts</h2>\n", out);
	if (!all->count) {
		html(out, "<p>Nothing was compared: %s.</p>\n</section>\n",
		     *page->data->not_compared ? page->data->not_compared : "there is nothing to compare");
		return;
	}
	put_summary(page);
	put_not_compared(page);
	put_warnings(page);
	if (!nothing_compared(all, 0, all->count))
		put_how_to_read(out);
	for (size_t place = 0, first; (first = first_of(all, place)) < all->count; place++) {
		if (!nothing_compared(all, first, end_of_figure(all, first)))
			put_figure(page, first, end_of_figure(all, first));
	}
	fputs("</section>\n", out);
}
