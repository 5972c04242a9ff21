/* SPDX-License-Identifier: MIT */
/* "Pictures": each with its title, what one must know, the drawing, and the numbers beneath it. */
#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page.h"

static void put_table(FILE *out, const struct picture *picture)
{
	const struct picture_table *table = &picture->table;

	if (!table->columns || !table->rows)
		return;
	html(out, "<details>\n<summary>The numbers that it shows: %zu row%s</summary>\n", table->rows, html_plural(table->rows));
	/* The heading of the figure is the drawing's name, so that this one needs another. */
	html(out, "<div class=\"scroll tall\" role=\"region\" tabindex=\"0\" aria-label=\"Numbers: "
	     "%s\">\n<table>\n<caption>%s</caption>\n<thead><tr>",
	     picture->title, picture->title);
	for (size_t c = 0; c < table->columns; c++) {
		fprintf(out, "<th scope=\"col\"%s>", table->numeric[c] ? " class=\"n\"" : "");
		html(out, "%s</th>", table->heading[c]);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t r = 0; r < table->rows; r++) {
		fputs("<tr>", out);
		for (size_t c = 0; c < table->columns; c++) {
			const char *cell = table->cell[r * table->columns + c];
			const char *tag = c ? "td" : "th";

			fprintf(out, "<%s%s%s>", tag, c ? "" : " scope=\"row\"", table->numeric[c] ? " class=\"n\"" : "");
			html(out, "%s</%s>", cell, tag);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n</table>\n</div>\n</details>\n", out);
}

/* What stands between backquotes is code. */
static void put_words(FILE *out, const char *text)
{
	bool code = false;

	for (size_t length; *text; text += length) {
		if (*text == '`') {
			fputs(code ? "</code>" : "<code>", out);
			code = !code;
			text++;
		}
		length = strcspn(text, "`");
		html(out, "%.*s", (int)length, text);
	}
	if (code)
		fputs("</code>", out);
}

static void put_picture(FILE *out, const struct picture *picture)
{
	html(out, "<figure id=\"%s\" aria-labelledby=\"%s-title\">\n<h3 "
	     "id=\"%s-title\">%s</h3>\n", picture->id, picture->id, picture->id,
	     picture->title);
	if (picture->note) {
		fputs(picture->svg ? "<p class=\"note\">" : "<p class=\"missing\"><b>Not drawn.</b> ", out);
		put_words(out, picture->note);
		fputs("</p>\n", out);
	}
	if (picture->svg) {
		html(out, "<div class=\"scroll drawing\" role=\"region\" tabindex=\"0\" aria-label=\"Drawing: "
		     "%s\">\n", picture->title);
		fputs(picture->svg, out);
		fputs("\n</div>\n", out);
	}
	put_table(out, picture);
	fputs("</figure>\n", out);
}

static bool nothing_drawn(const struct page *page)
{
	for (size_t i = 0; i < page->pictures; i++) {
		if (page->picture[i].svg)
			return false;
	}
	return true;
}

void page_pictures(const struct page *page)
{
	FILE *out = page->out;

	fputs("<section id=\"pictures\" aria-labelledby=\"pictures-title\">\n<h2 id=\"pictures-title\">Pictures</h2>\n", out);
	if (!nothing_drawn(page))
		fputs("<p>A title names what is highest and lowest in the picture. Whether that is more than chance is for the "
		      "<a href=\"#verdicts\">verdicts</a> to say, and not for the eye.</p>\n", out);
	if (page->pictures > 1) {
		fputs("<nav aria-label=\"Pictures\">\n<ol class=\"index\">\n", out);
		for (size_t i = 0; i < page->pictures; i++)
			html(out, "<li><a href=\"#%s\">%s</a></li>\n", page->picture[i].id, page->picture[i].title);
		fputs("</ol>\n</nav>\n", out);
	}
	for (size_t i = 0; i < page->pictures; i++)
		put_picture(out, &page->picture[i]);
	fputs("</section>\n", out);
}
