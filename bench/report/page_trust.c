/* SPDX-License-Identifier: MIT */
/* "How far to trust it": gates, environment, what was skipped and what failed. */
#include <stdlib.h>
#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page.h"
#include "bench/report/trust_words.h"

#define CODES 32
#define CODE_BYTES 48

struct code_count {
	char name[CODE_BYTES];
	size_t rows;
};

/* Rows alike in what is told of them. */
struct ending {
	const char *status, *reason, *backend;
	size_t rows;
};

static void count_code(struct code_count *codes, const char *name, size_t length)
{
	size_t i = 0;

	if (!length)
		return;
	while (i < CODES && codes[i].rows && (strlen(codes[i].name) != length || strncmp(codes[i].name, name, length) != 0))
		i++;
	if (i == CODES)
		return;
	if (!codes[i].rows)
		snprintf(codes[i].name, sizeof(codes[i].name), "%.*s", (int)length, name);
	codes[i].rows++;
}

static int by_rows(const void *a, const void *b)
{
	const struct code_count *x = a, *y = b;

	return x->rows != y->rows ? (x->rows < y->rows ? 1 : -1) : strcmp(x->name, y->name);
}

static void count_codes(const struct run_data *run, struct code_count codes[CODES])
{
	for (size_t i = 0; i < run->rows; i++) {
		const char *at = run->row[i].gate_codes;

		while (*at) {
			size_t length = strcspn(at, " ");

			count_code(codes, at, length);
			at += length;
			at += strspn(at, " ");
		}
	}
	qsort(codes, CODES, sizeof(*codes), by_rows);
}

static void put_share(FILE *out, size_t part, size_t whole)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f%%", whole ? 100.0 * (double)part / (double)whole : 0);
	html_data(out, whole ? (double)part / (double)whole : 0, text);
}

static void put_gates(const struct page *page)
{
	struct page_rows rows = page_count_rows(&page->data->run);
	struct code_count codes[CODES] = { 0 };
	FILE *out = page->out;

	fputs("<h3>Gates</h3>\n", out);
	if (!rows.gated) {
		html(out, "<p>All <data value=\"%zu\">%zu</data> invocations passed every "
		     "gate.</p>\n", rows.invocations, rows.invocations);
		return;
	}
	html(out, "<p><data value=\"%zu\">%zu</data> of <data value=\"%zu\">%zu</data> invocations are to be trusted less: "
	     "something was seen while they "
	     "were measured that a reader should know. They are part of every figure here all the same; nothing is dropped. "
	     "An invocation may have several codes.</p>\n", rows.gated, rows.gated, rows.invocations, rows.invocations);
	count_codes(&page->data->run, codes);
	html_scroll_begin(out, "Gates");
	fputs("<table>\n<caption>Invocations by gate code</caption>\n<thead><tr><th scope=\"col\">Code</th><th scope=\"col\" "
	      "class=\"n\">"
	      "Invocations</th><th scope=\"col\" class=\"n\">Share</th><th scope=\"col\">What was the case</th>"
	      "<th scope=\"col\">What follows</th></tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < CODES && codes[i].rows; i++) {
		const struct trust_gate *gate = trust_gate_find(codes[i].name);

		html(out, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"n\"><data value=\"%zu\">%zu</data></td><td "
		     "class=\"n\">",
		     codes[i].name, codes[i].rows, codes[i].rows);
		put_share(out, codes[i].rows, rows.invocations);
		html(out, "</td><td class=\"w\">%s</td><td class=\"w\">%s</td></tr>\n",
		     gate ? gate->words : "A code that this version does not know.",
		     gate ? gate->so_what : "results/README.md of the version that measured says.");
	}
	fputs("</tbody>\n</table>\n", out);
	html_scroll_end(out);
}

static bool same_cell(const struct csv_table *env, size_t a, size_t b, const char *column)
{
	size_t at = csv_table_column(env, column);

	return strcmp(csv_table_string(env, a, at), csv_table_string(env, b, at)) == 0;
}

static bool has_verdict(const struct csv_table *env, size_t row, const char *verdict)
{
	return strcmp(csv_table_string(env, row, csv_table_column(env, "verdict")), verdict) == 0;
}

static size_t count_findings(const struct csv_table *env, const char *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < env->rows; i++)
		count += has_verdict(env, i, verdict);
	return count;
}

/* All bad findings of the check and the remedy that `first` has. */
static void put_findings(FILE *out, const struct csv_table *env, size_t first)
{
	fputs("<ul class=\"findings\">", out);
	for (size_t i = first; i < env->rows; i++) {
		if (has_verdict(env, i, "bad") && same_cell(env, i, first, "check") && same_cell(env, i, first, "remedy"))
			html(out, "<li>%s, %s: <b>%s</b></li>", csv_table_string(env, i, csv_table_column(env, "scope")),
			     csv_table_string(env, i, csv_table_column(env, "phase")),
			     csv_table_string(env, i, csv_table_column(env, "value")));
	}
	fputs("</ul>", out);
}

static bool told_earlier(const struct csv_table *env, size_t row)
{
	for (size_t i = 0; i < row; i++) {
		if (has_verdict(env, i, "bad") && same_cell(env, i, row, "check") && same_cell(env, i, row, "remedy"))
			return true;
	}
	return false;
}

static void put_check(FILE *out, const struct csv_table *env, size_t row)
{
	const char *check = csv_table_string(env, row, csv_table_column(env, "check"));
	const char *remedy = csv_table_string(env, row, csv_table_column(env, "remedy"));
	const char *words = trust_check_words(check);
	const char *limits = trust_check_limits(check);

	html(out, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"w\">%s <span class=\"muted\">Limits "
	     "%s.</span></td><td>", check,
	     words ? words : "A check that this version does not know.", limits ? limits : "what is not known here");
	put_findings(out, env, row);
	html(out, "</td><td class=\"w\">%s</td>", csv_table_string(env, row, csv_table_column(env, "expected")));
	/* A comment says what no command can do. */
	if (strncmp(remedy, "# ", 2) == 0)
		html(out, "<td class=\"w\">%s</td></tr>\n", remedy + 2);
	else if (*remedy)
		html(out, "<td class=\"w\"><code>%s</code></td></tr>\n", remedy);
	else
		fputs("<td class=\"w\">none is known</td></tr>\n", out);
}

static void put_environment(const struct page *page)
{
	const struct csv_table *env = &page->env;
	size_t bad = count_findings(env, "bad");
	size_t unknown = count_findings(env, "unknown");
	FILE *out = page->out;

	html(out, "<h3>The machine</h3>\n<p><data value=\"%zu\">%zu</data> of <data value=\"%zu\">%zu</data> findings about "
	     "the machine, from before "
	     "and after the run, are bad; <data value=\"%zu\">%zu</data> could not be told, which is never taken for "
	     "good.</p>\n", bad, bad, env->rows,
	     env->rows, unknown, unknown);
	if (!bad)
		return;
	html_scroll_begin(out, "Failed environment checks");
	fputs("<table>\n<caption>Checks of the environment that failed</caption>\n<thead><tr><th scope=\"col\">Check</th>"
	      "<th scope=\"col\">What it means</th><th scope=\"col\">Found</th><th scope=\"col\">Would be right</th>"
	      "<th scope=\"col\">Remedy</th></tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < env->rows; i++) {
		if (has_verdict(env, i, "bad") && !told_earlier(env, i))
			put_check(out, env, i);
	}
	fputs("</tbody>\n</table>\n", out);
	html_scroll_end(out);
}

static void collect_endings(const struct run_data *run, bool skipped, struct ending *ending, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < run->rows; i++) {
		const struct run_row *row = &run->row[i];
		const char *backend = run->cell[row->cell].key[RUN_KEY_BACKEND];
		size_t k = 0;

		if (strcmp(row->status, "ok") == 0 || (strcmp(row->status, "skipped") == 0) != skipped)
			continue;
		while (k < *count && (strcmp(ending[k].status, row->status) != 0 || strcmp(ending[k].reason, row->reason) != 0 ||
				      strcmp(ending[k].backend, backend) != 0))
			k++;
		if (k == *count)
			ending[(*count)++] = (struct ending){ row->status, row->reason, backend, 0 };
		ending[k].rows++;
	}
}

static const char *reason_of(const struct ending *ending)
{
	return *ending->reason ? ending->reason : "no reason was given";
}

static bool reason_told(const struct ending *ending, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(ending[i].reason, ending[at].reason) == 0)
			return true;
	}
	return false;
}

static void put_skipped(FILE *out, const struct ending *ending, size_t count)
{
	html_scroll_begin(out, "Skipped cells");
	fputs("<table>\n<caption>Cells that were skipped, by reason</caption>\n<thead><tr><th scope=\"col\">Reason</th>"
	      "<th scope=\"col\" class=\"n\">Cells</th><th scope=\"col\">Back ends</th></tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < count; i++) {
		size_t cells = 0;
		bool first = true;

		if (reason_told(ending, i))
			continue;
		for (size_t k = i; k < count; k++)
			cells += strcmp(ending[k].reason, ending[i].reason) == 0 ? ending[k].rows : 0;
		html(out, "<tr><th scope=\"row\" class=\"w\">%s</th><td class=\"n\"><data value=\"%zu\">%zu</data></td><td "
		     "class=\"w\">",
		     reason_of(&ending[i]), cells, cells);
		for (size_t k = i; k < count; k++) {
			if (strcmp(ending[k].reason, ending[i].reason) != 0)
				continue;
			html(out, "%s%s", first ? "" : ", ", ending[k].backend);
			first = false;
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody>\n</table>\n", out);
	html_scroll_end(out);
}

static void put_failed(FILE *out, const struct ending *ending, size_t count)
{
	html_scroll_begin(out, "Invocations that ended badly");
	fputs("<table>\n<caption>Invocations that did not end well; none of their figures is used</caption>\n<thead><tr>"
	      "<th scope=\"col\">Back end</th><th scope=\"col\">Status</th><th scope=\"col\" class=\"n\">Invocations</th>"
	      "<th scope=\"col\">Reason</th></tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < count; i++)
		html(out, "<tr><th scope=\"row\"><code>%s</code></th><td>%s</td><td class=\"n\"><data "
		     "value=\"%zu\">%zu</data></td>"
		     "<td class=\"w\">%s</td></tr>\n", ending[i].backend, ending[i].status, ending[i].rows, ending[i].rows,
		     reason_of(&ending[i]));
	fputs("</tbody>\n</table>\n", out);
	html_scroll_end(out);
}

static void put_endings(const struct page *page, bool skipped)
{
	struct ending *ending = malloc((page->data->run.rows + 1) * sizeof(*ending));
	size_t count = 0;

	if (ending)
		collect_endings(&page->data->run, skipped, ending, &count);
	fputs(skipped ? "<h3>Skipped cells</h3>\n" : "<h3>Failures</h3>\n", page->out);
	if (!count)
		fputs(skipped ? "<p>None: every cell of the matrix was measured.</p>\n" : "<p>None: every invocation ended "
		      "well.</p>\n", page->out);
	else if (skipped)
		put_skipped(page->out, ending, count);
	else
		put_failed(page->out, ending, count);
	free(ending);
}

void page_trust(const struct page *page)
{
	fputs("<section id=\"trust\" aria-labelledby=\"trust-title\">\n<h2 id=\"trust-title\">How far to trust "
	      "it</h2>\n", page->out);
	put_gates(page);
	put_environment(page);
	put_endings(page, false);
	put_endings(page, true);
	fputs("</section>\n", page->out);
}
