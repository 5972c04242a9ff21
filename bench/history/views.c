/* SPDX-License-Identifier: MIT */
/* What the views have in common; see views.h. */
#include "bench/history/views.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void history_print_keys(FILE *out, const struct history_view *view, const struct run_cell *cell, bool same)
{
	const char *before = "";

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const char *value = cell->key[k];

		if (run_key_is_origin((enum run_key)k) || view->differs[k] == same || (same && !*value))
			continue;
		fprintf(out, "%s%s=%s", before, run_key_name((enum run_key)k), *value ? value : "off");
		before = " ";
	}
}

void history_print_field(FILE *out, const char *before, const char *text)
{
	fputs(before, out);
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

const char *history_number(double value, char text[32])
{
	text[0] = '\0';
	/* Most are, and a view has hundreds of thousands. */
	if (fabs(value) < 1e15 && value == (double)(int64_t)value)
		snprintf(text, 32, "%" PRId64, (int64_t)value);
	else if (isfinite(value))
		snprintf(text, 32, fabs(value) >= 1e5 && fabs(value) < 1e15 ? "%.0f" : "%.6g", value);
	else if (!isnan(value))
		snprintf(text, 32, "%s", value > 0 ? "inf" : "-inf");
	return text;
}

double history_to_previous(const struct history_series *series, size_t point)
{
	for (size_t i = point; i-- > 0;) {
		if (!isnan(series->point[i].median))
			return series->point[i].median > 0 ? series->point[point].median / series->point[i].median : NAN;
	}
	return NAN;
}

double history_to_first(const struct history_series *series, size_t point)
{
	for (size_t i = 0; i < point; i++) {
		if (!isnan(series->point[i].median))
			return series->point[i].median > 0 ? series->point[point].median / series->point[i].median : NAN;
	}
	return NAN;
}

const struct history_change *history_change_at(const struct history_series *series, size_t point)
{
	for (size_t i = 0; i < series->changes; i++) {
		if (series->change[i].point == point)
			return &series->change[i];
	}
	return NULL;
}

const char *history_change_text(const struct history_change *change, const char *unit, char text[64])
{
	if (change->is_ratio)
		snprintf(text, 64, "%.3fx", change->shift);
	else
		snprintf(text, 64, "%+.6g%s%s", change->shift, *unit ? " " : "", unit);
	return text;
}
