/* SPDX-License-Identifier: MIT */
/* Escaped writing; see html.h. */
#include "bench/report/html.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static void put_escaped(FILE *out, const char *text, size_t length)
{
	for (const char *at = text ? text : ""; length && *at; at++, length--) {
		unsigned char c = (unsigned char)*at;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			fputs("\xef\xbf\xbd", out); /* no character of HTML's, in no spelling */
		else
			putc(c, out);
	}
}

void html(FILE *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	for (const char *at = format; *at; at++) {
		if (*at != '%') {
			putc(*at, out);
			continue;
		}
		at++;
		if (*at == 's') {
			put_escaped(out, va_arg(arguments, const char *), SIZE_MAX);
		} else if (strncmp(at, ".*s", 3) == 0) {
			int length = va_arg(arguments, int);

			put_escaped(out, va_arg(arguments, const char *), (size_t)length);
			at += 2;
		} else if (*at == 'd') {
			fprintf(out, "%d", va_arg(arguments, int));
		} else if (*at == 'u') {
			fprintf(out, "%u", va_arg(arguments, unsigned));
		} else if ((*at == 'z' || *at == 'l') && at[1] == 'u') {
			fprintf(out, "%lu", va_arg(arguments, unsigned long));
			at++;
		} else if (*at == '%') {
			putc('%', out);
		} else {
			assert(!"a conversion that html() does not know");
			break;
		}
	}
	va_end(arguments);
}

void html_figure_text(char text[64], const struct figure *figure, double value)
{
	bool whole = strcmp(figure->unit, "ns") == 0 || strcmp(figure->unit, "1/s") == 0;

	if (isnan(value))
		*text = '\0';
	else
		snprintf(text, 64, whole ? "%.0f" : "%.4f", value);
}

void html_data(FILE *out, double value, const char *text)
{
	if (isnan(value)) {
		fputs("<span class=\"none\"><span aria-hidden=\"true\">–</span><span class=\"unseen\">not "
		      "available</span></span>", out);
		return;
	}
	fprintf(out, "<data value=\"%.17g\">", value);
	html(out, "%s</data>", text);
}

void html_figure(FILE *out, const struct figure *figure, double value)
{
	char text[64];

	html_figure_text(text, figure, value);
	html_data(out, value, text);
}

void html_scroll_begin(FILE *out, const char *label)
{
	html(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">\n", label);
}

void html_scroll_end(FILE *out)
{
	fputs("</div>\n", out);
}

const char *html_plural(size_t count)
{
	return count == 1 ? "" : "s";
}
