/* SPDX-License-Identifier: MIT */
/* Text, Markdown, JSON; see print.h. */
#include "bench/explain/print.h"

#include <math.h>
#include <string.h>

void print_number(char *text, size_t bytes, double value, const char *unit)
{
	if (!isfinite(value))
		snprintf(text, bytes, "none");
	else if (value == floor(value) && fabs(value) < 1e15)
		snprintf(text, bytes, "%.0f", value);
	else if (*unit && fabs(value) >= 100)
		snprintf(text, bytes, "%.0f", value);
	else
		snprintf(text, bytes, "%.3g", value);
}

static void put_spread(char *text, size_t bytes, const struct explain_spread *spread, const char *unit)
{
	char median[40], least[40], most[40];

	print_number(median, sizeof(median), spread->median, unit);
	if (spread->n < 2) {
		snprintf(text, bytes, "%s", median);
		return;
	}
	print_number(least, sizeof(least), spread->least, unit);
	print_number(most, sizeof(most), spread->most, unit);
	snprintf(text, bytes, "%s [%s, %s]", median, least, most);
}

void print_figure(char *text, size_t bytes, const struct explain_difference *figure)
{
	const char *unit = explain_measure_unit(figure->measure);
	char cell[140], base[140];

	put_spread(cell, sizeof(cell), &figure->cell, unit);
	put_spread(base, sizeof(base), &figure->base, unit);
	snprintf(text, bytes, "%s against %s", cell, base);
}

static bool same_invocations(const struct explain_sentence *sentence)
{
	for (size_t i = 1; i < sentence->figures; i++) {
		if (sentence->figure[i].cell.n != sentence->figure[0].cell.n ||
		    sentence->figure[i].base.n != sentence->figure[0].base.n)
			return false;
	}
	return true;
}

static size_t put_invocations(char *text, size_t bytes, const struct explain_difference *figure)
{
	if (figure->cell.n == figure->base.n)
		return (size_t)snprintf(text, bytes, ", %zu invocation%s a side", figure->cell.n, figure->cell.n == 1 ? "" : "s");
	return (size_t)snprintf(text, bytes, ", %zu against %zu invocations", figure->cell.n, figure->base.n);
}

const char *print_sentence(char text[PRINT_SENTENCE_BYTES], const struct explain_sentence *sentence)
{
	size_t bytes = PRINT_SENTENCE_BYTES;
	size_t at = (size_t)snprintf(text, bytes, "%s", sentence->text);
	bool same = same_invocations(sentence);

	for (size_t i = 0; i < sentence->figures && at < bytes; i++) {
		const struct explain_difference *figure = &sentence->figure[i];
		char values[320];

		print_figure(values, sizeof(values), figure);
		at += (size_t)snprintf(text + at, bytes - at, "%s%s %s", i ? "; " : " (", explain_measure_name(figure->measure),
				       values);
		if (!same && at < bytes)
			at += put_invocations(text + at, bytes - at, figure);
		if (!isnan(figure->p) && at < bytes)
			at += (size_t)snprintf(text + at, bytes - at, ", p = %.*f", figure->p < 0.01 ? 4 : 2, figure->p);
	}
	if (sentence->figures && same && at < bytes)
		at += put_invocations(text + at, bytes - at, &sentence->figure[0]);
	if (at < bytes)
		snprintf(text + at, bytes - at, "%s.", sentence->figures ? ")" : "");
	return text;
}

/* Words, broken at `width`, lines but the first behind `indent` spaces. */
static void wrap(const struct printer *printer, const char *text, unsigned column, unsigned indent)
{
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (!first && column + 1 + length > printer->width) {
			fprintf(printer->out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', printer->out);
			column++;
		}
		fwrite(text, 1, length, printer->out);
		column += (unsigned)length;
		text += length + (text[length] == ' ');
		first = false;
	}
	fputc('\n', printer->out);
}

void print_heading(const struct printer *printer, const char *text)
{
	fprintf(printer->out, printer->format == PRINT_MARKDOWN ? "\n### %s\n\n" : "\n%s\n", text);
}

void print_item(const struct printer *printer, const char *text)
{
	if (printer->format == PRINT_MARKDOWN) {
		fprintf(printer->out, "- %s\n", text);
		return;
	}
	fputs("  - ", printer->out);
	wrap(printer, text, 4, 4);
}

void print_paragraph(const struct printer *printer, const char *text)
{
	if (printer->format == PRINT_MARKDOWN)
		fprintf(printer->out, "%s\n", text);
	else
		wrap(printer, text, 0, 0);
}

static void put_parts(char *text, size_t bytes, unsigned parts)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < PART_COUNT && at < bytes; i++) {
		if (parts & PART_BIT(i))
			at += (size_t)snprintf(text + at, bytes - at, "%s%s", at ? ", " : "", explain_part_name(i));
	}
	if (at && at < bytes)
		snprintf(text + at, bytes - at, ": ");
}

static void print_section(const struct printer *printer, const struct explanation *explanation, enum explain_section section)
{
	static const char *const headings[] = {
		[SECTION_LATENCY] = "ISR latency",
		[SECTION_CALLS] = "Throughput and synchronized calls",
		[SECTION_WHY] = "What acts on these parts, and differs, too",
		[SECTION_OTHERS] = "Others, and the worst",
		[SECTION_TRUST] = "How far to trust it",
		[SECTION_NEXT] = "What is not told",
	};
	bool begun = false;

	for (size_t i = 0; i < explanation->count; i++) {
		const struct explain_sentence *sentence = &explanation->sentence[i];
		char text[PRINT_SENTENCE_BYTES], item[PRINT_SENTENCE_BYTES + 160];

		if (sentence->section != section)
			continue;
		if (!begun)
			print_heading(printer, headings[section]);
		begun = true;
		put_parts(item, sizeof(item), sentence->parts);
		strncat(item, print_sentence(text, sentence), sizeof(item) - strlen(item) - 1);
		print_item(printer, item);
	}
}

void print_explanation(const struct printer *printer, const struct explanation *explanation)
{
	for (unsigned section = 0; section < SECTION_COUNT; section++)
		print_section(printer, explanation, section);
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *spread_json(const struct explain_spread *spread)
{
	return json_pack("{s:I, s:o, s:o, s:o}", "invocations", (json_int_t)spread->n, "median", real_or_null(spread->median),
			 "least", real_or_null(spread->least), "most", real_or_null(spread->most));
}

json_t *print_figure_json(const struct explain_difference *figure)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "name", explain_measure_name(figure->measure), "unit",
			 explain_measure_unit(figure->measure), "cell", spread_json(&figure->cell), "baseline",
			 spread_json(&figure->base), "p", real_or_null(figure->p), "shown", explain_is_shown(figure));
}

json_t *print_sentence_json(const struct explain_sentence *sentence)
{
	char text[PRINT_SENTENCE_BYTES];
	json_t *parts = json_array();
	json_t *cited = json_array();

	for (unsigned i = 0; i < PART_COUNT; i++) {
		if (sentence->parts & PART_BIT(i))
			json_array_append_new(parts, json_string(explain_part_name(i)));
	}
	for (size_t i = 0; i < sentence->figures; i++)
		json_array_append_new(cited, print_figure_json(&sentence->figure[i]));
	return json_pack("{s:s, s:s, s:o, s:s, s:o}", "rule", sentence->rule, "section", explain_section_name(sentence->section),
			 "parts", parts, "sentence", print_sentence(text, sentence), "figures", cited);
}

static json_t *side_json(const struct explain_side *side)
{
	json_t *keys = json_object();

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (*side->key[k])
			json_object_set_new(keys, run_key_name((enum run_key)k), json_string(side->key[k]));
	}
	return json_pack("{s:s, s:I, s:o}", "cell_id", side->cell_id, "invocations", (json_int_t)side->ok, "keys", keys);
}

json_t *print_explanation_json(const struct explanation *explanation)
{
	json_t *sentences = json_array();

	for (size_t i = 0; i < explanation->count; i++)
		json_array_append_new(sentences, print_sentence_json(&explanation->sentence[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "differ_in", run_key_name(explanation->column), "cell",
			 side_json(&explanation->cell), "baseline", side_json(&explanation->base), "sentences", sentences);
}
