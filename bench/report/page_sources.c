/* SPDX-License-Identifier: MIT */
/* "Where the numbers come from": files, columns, and what each figure is. */
#include "bench/cli/version.h"
#include "bench/files/datapackage.h"
#include "bench/files/schema.h"
#include "bench/report/html.h"
#include "bench/report/page.h"

static const char *const better[] = {
	[FIGURE_LESS] = "less is better", [FIGURE_MORE] = "more is better", [FIGURE_NEITHER] = "neither is better",
};

static void put_files(FILE *out)
{
	html_scroll_begin(out, "Files of the run");
	fputs("<table>\n<caption>Files of the run</caption>\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\">What is "
	      "in it</th>"
	      "<th scope=\"col\" class=\"n\">Columns</th></tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < datapackage_table_count; i++)
		html(out, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"w\">%s</td><td class=\"n\">%zu</td></tr>\n",
		     datapackage_tables[i].schema->name, datapackage_tables[i].title, datapackage_tables[i].schema->count);
	fputs("<tr><th scope=\"row\"><code>run.json</code></th><td class=\"w\">what was to be run: matrix, seed, host, build, "
	      "command</td><td></td></tr>\n"
	      "<tr><th scope=\"row\"><code>journal.jsonl</code></th><td class=\"w\">what was run, and how long each "
	      "invocation took</td><td></td></tr>\n"
	      "</tbody>\n</table>\n", out);
	html_scroll_end(out);
}

static void put_figures(FILE *out)
{
	html_scroll_begin(out, "Figures");
	fputs("<table>\n<caption>What each figure is</caption>\n<thead><tr><th scope=\"col\">Figure</th><th "
	      "scope=\"col\">Column of summary.csv</th>"
	      "<th scope=\"col\">Unit</th><th scope=\"col\">Direction</th><th scope=\"col\">Definition, for one "
	      "invocation</th></tr></thead>\n<tbody>\n",
	      out);
	for (unsigned i = 0; i < REPORT_FIGURES; i++) {
		const struct figure *figure = report_figures((enum report_figure)i);
		size_t column = csv_column_index(&schema_summary, figure->column);

		html(out, "<tr><th scope=\"row\">%s</th><td><code>%s</code></td><td>%s</td><td>%s</td><td "
		     "class=\"w\">%s</td></tr>\n", figure->words,
		     figure->column, *figure->unit ? figure->unit : "ratio", better[figure->better],
		     column == CSV_NO_COLUMN ? "" : schema_summary.columns[column].description);
	}
	fputs("</tbody>\n</table>\n", out);
	html_scroll_end(out);
}

void page_sources(const struct page *page)
{
	FILE *out = page->out;

	html(out, "<section id=\"sources\" aria-labelledby=\"sources-title\">\n<h2 id=\"sources-title\">Where the numbers "
	     "come from</h2>\n"
	     "<p>All of it is in the folder of run <code>%s</code>, which storsync %s read. The unit of statistics is the "
	     "invocation: a process of its "
	     "own. A median here is over the invocations of a cell that ended well, gated ones included; percentiles are each "
	     "invocation's own, and never "
	     "averaged. One is missing where fewer than 10 samples lie beyond it.</p>\n"
	     "<p>Times are shown in whole nanoseconds, rates in whole operations a second, fairness with four decimals, "
	     "ratios with three; the page's "
	     "source has all digits, as <code>value</code> of each <code>data</code> element. Counts, and what was found on "
	     "the machine, are as the files "
	     "have them.</p>\n", page->data->run.run_id, storsync_version);
	fputs("<h3>Files</h3>\n", out);
	put_files(out);
	fputs("<h3>Figures</h3>\n", out);
	put_figures(out);
	fputs("<h3>More</h3>\n<ul>\n"
	      "<li><code>results/README.md</code>: every column of every file</li>\n"
	      "<li><code>docs/measuring.md</code>: how each figure is taken, and what makes it believable</li>\n"
	      "<li><code>docs/environment.md</code>: the checks of the machine, and how to mend it</li>\n"
	      "<li><code>docs/reports.md</code>: this page</li>\n"
	      "<li><code>storsync compare</code>: the verdicts with other figures, filters and formats</li>\n"
	      "</ul>\n</section>\n", out);
}
