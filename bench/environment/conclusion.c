/* SPDX-License-Identifier: MIT */
/* Which figures the bad findings limit, in one line. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/environment/check.h"

/* So many checks are named for each kind of figure; a reader has the table for the others. */
#define NAMED 3

static const char *const figures[FIGURES] = {
	[FIGURE_ALL] = "every figure",
	[FIGURE_TAILS] = "maxima and high percentiles",
	[FIGURE_DIFFERENCES] = "small differences between back ends and between runs",
	[FIGURE_HANDOFFS] = "whatever passes from CPU to CPU",
	[FIGURE_DELIVERY] = "delivery by signals and threads",
};

struct line {
	char *text;
	size_t bytes;
	size_t used;
};

static void append(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(struct line *line, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->used, line->bytes - line->used, format, arguments);
	va_end(arguments);
	if (length > 0)
		line->used += (size_t)length;
	if (line->used >= line->bytes)
		line->used = line->bytes - 1;
}

static bool is_bad(const struct environment_findings *findings, const char *check)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->finding[i].check == check && findings->finding[i].verdict == VERDICT_BAD)
			return true;
	}
	return false;
}

static void append_figure(struct line *line, const struct environment_findings *findings, enum figure figure)
{
	unsigned bad = 0;

	for (size_t i = 0; i < environment_check_count; i++) {
		const struct environment_check *check = &environment_checks[i];

		if (check->limits != figure || !is_bad(findings, check->name))
			continue;
		if (bad == 0)
			append(line, "%s%s (", line->used ? "; " : "This machine limits ", figures[figure]);
		if (bad < NAMED)
			append(line, "%s%s", bad ? ", " : "", check->name);
		bad++;
	}
	if (bad > NAMED)
		append(line, " and %u more", bad - NAMED);
	if (bad)
		append(line, ")");
}

void environment_conclude(const struct environment_findings *findings, char *text, size_t bytes)
{
	struct line line = { .text = text, .bytes = bytes };
	size_t unknown = environment_count(findings, VERDICT_UNKNOWN);

	text[0] = '\0';
	for (unsigned figure = 0; figure < FIGURES; figure++)
		append_figure(&line, findings, (enum figure)figure);
	if (line.used == 0)
		append(&line, "Nothing was found on this machine that limits a figure");
	append(&line, "; %zu of %zu findings %s unknown.", unknown, findings->count, unknown == 1 ? "is" : "are");
}
