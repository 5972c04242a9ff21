/* SPDX-License-Identifier: MIT */
/* Filters, and runs put together; see selection.h. */
#define _GNU_SOURCE
#include "bench/compare/selection.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/quantity.h"

#define NAME_MAX_BYTES 40

/* Dimensions of a matrix that set one key each, where the names differ by more than '-' for '_'. */
static const struct {
	const char *dimension;
	enum run_key key;
} dimensions[] = {
	{ "backends", RUN_KEY_BACKEND }, { "routing", RUN_KEY_IRQ_ROUTING }, { "section", RUN_KEY_SECTION_NS },
	{ "think", RUN_KEY_THINK_NS }, { "io_size", RUN_KEY_IO_BYTES }, { "inject", RUN_KEY_INJECT_NS },
	{ "bystander", RUN_KEY_IRQ_RATE_HZ }, { "host", RUN_KEY_HOST_ID }, { "build", RUN_KEY_BUILD_ID },
};

#define DIMENSIONS (sizeof(dimensions) / sizeof(dimensions[0]))

/* --- keys --- */

/* How many single characters must be changed, added or left out (V. I. Levenshtein, 1966). */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1];
	size_t length = strnlen(b, NAME_MAX_BYTES);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; *a; i++, a++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t changed = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			row[j] = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
			row[j] = changed < row[j] ? changed : row[j];
		}
	}
	return row[length];
}

/* A part of it is as near as one letter. */
static size_t how_far(const char *name, enum run_key key)
{
	const char *own = run_key_name(key);

	return strstr(own, name) || strstr(name, own) ? 1 : distance(name, own);
}

static void name_nearest(const char *name, char *error, size_t error_bytes)
{
	bool used[RUN_KEY_COUNT] = { false };

	snprintf(error, error_bytes, "there is no key '%.40s'; the nearest are", name);
	for (unsigned n = 0; n < 3; n++) {
		size_t length = strlen(error);
		unsigned best = RUN_KEY_COUNT;

		for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
			if (!used[k] && (best == RUN_KEY_COUNT || how_far(name, (enum run_key)k) < how_far(name, (enum run_key)best)))
				best = k;
		}
		used[best] = true;
		snprintf(error + length, error_bytes - length, "%s %s", n ? "," : "", run_key_name((enum run_key)best));
	}
}

enum run_key selection_key(const char *name, char *error, size_t error_bytes)
{
	char own[NAME_MAX_BYTES + 1];
	enum run_key key;

	snprintf(own, sizeof(own), "%s", name);
	for (char *c = own; *c; c++)
		*c = *c == '-' ? '_' : *c;
	key = run_key_find(own);
	for (size_t i = 0; key == RUN_KEY_COUNT && i < DIMENSIONS; i++) {
		if (strcmp(own, dimensions[i].dimension) == 0)
			key = dimensions[i].key;
	}
	if (key == RUN_KEY_COUNT || strlen(name) > NAME_MAX_BYTES) {
		name_nearest(own, error, error_bytes);
		return RUN_KEY_COUNT;
	}
	return key;
}

/* --- filters --- */

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_number(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return *text && !*end && isfinite(*value);
}

/* A number, or a quantity as a matrix has it, in the key's unit. */
static bool is_quantity(enum run_key key, const char *text, double *value)
{
	const char *name = run_key_name(key);
	char ignored[128];
	uint64_t whole;

	if (is_number(text, value))
		return true;
	if (ends_in(name, "_ns") && quantity_duration(text, &whole, ignored, sizeof(ignored)) == 0)
		return *value = (double)whole, true;
	if (ends_in(name, "_hz") && quantity_rate(text, &whole, ignored, sizeof(ignored)) == 0)
		return *value = (double)whole, true;
	if (ends_in(name, "_bytes") && quantity_bytes(text, &whole, ignored, sizeof(ignored)) == 0)
		return *value = (double)whole, true;
	return false;
}

int filter_parse(struct compare_filter *filter, const char *text, char *error, size_t error_bytes)
{
	const char *equals = strchr(text, '=');
	char *rest;

	*filter = (struct compare_filter){ 0 };
	if (!equals || equals == text || (equals == text + 1 && *text == '!')) {
		snprintf(error, error_bytes, "'%.80s' is not of the form KEY=VALUE,... or KEY!=VALUE,...", text);
		return -EINVAL;
	}
	filter->text = strdup(text);
	if (!filter->text)
		return -ENOMEM;
	rest = filter->text + (equals - text);
	filter->negated = rest[-1] == '!';
	rest[filter->negated ? -1 : 0] = '\0';
	filter->key = selection_key(filter->text, error, error_bytes);
	for (char *value = rest + 1; filter->key < RUN_KEY_COUNT && value && filter->values < FILTER_VALUES; value = rest) {
		rest = strchr(value, ',');
		if (rest)
			*rest++ = '\0';
		filter->value[filter->values++] = value;
	}
	if (filter->key < RUN_KEY_COUNT && rest && filter->values == FILTER_VALUES) {
		snprintf(error, error_bytes, "'%.80s' has more than %d values; a pattern may say the same", text, FILTER_VALUES);
		filter->key = RUN_KEY_COUNT;
	}
	if (filter->key < RUN_KEY_COUNT)
		return 0;
	filter_fini(filter);
	return -EINVAL;
}

void filter_fini(struct compare_filter *filter)
{
	free(filter->text);
	filter->text = NULL;
}

bool filter_admits(const struct compare_filter *filter, const char *value)
{
	double own, wanted;
	bool number = is_number(value, &own);

	for (size_t i = 0; i < filter->values; i++) {
		const char *text = filter->value[i];
		bool equal = number && is_quantity(filter->key, text, &wanted) ? own == wanted : fnmatch(text, value, 0) == 0;

		if (equal)
			return !filter->negated;
	}
	return filter->negated;
}

/* --- runs put together --- */

static bool is_admitted(const struct run_cell *cell, const struct compare_filter *filter, size_t filters)
{
	for (size_t i = 0; i < filters; i++) {
		if (!filter_admits(&filter[i], cell->key[filter[i].key]))
			return false;
	}
	return true;
}

static void take_run(struct run_data *all, const struct run_data *run, const struct compare_filter *filter, size_t filters)
{
	size_t row = 0;

	for (size_t c = 0; c < run->cells; c++) {
		bool admitted = is_admitted(&run->cell[c], filter, filters);

		for (; row < run->rows && run->row[row].cell == c; row++) {
			if (!admitted)
				continue;
			all->row[all->rows] = run->row[row];
			all->row[all->rows].cell = (uint32_t)all->cells;
			for (size_t f = 0; f < all->figures; f++)
				all->value[all->rows * all->figures + f] = run_data_value(run, row, f);
			all->rows++;
		}
		if (admitted)
			all->cell[all->cells++] = run->cell[c];
	}
}

int selection_make(struct run_data *all, const struct run_data *run, size_t runs, const struct compare_filter *filter,
		   size_t filters)
{
	size_t cells = 0, rows = 0;

	*all = (struct run_data){ .kind = run[0].kind, .path = run[0].path, .figures = run[0].figures, .figure = run[0].figure };
	for (size_t i = 0; i < runs; i++) {
		cells += run[i].cells;
		rows += run[i].rows;
	}
	all->cell = calloc(cells + 1, sizeof(*all->cell));
	all->row = calloc(rows + 1, sizeof(*all->row));
	all->value = calloc(rows * all->figures + 1, sizeof(*all->value));
	if (!all->cell || !all->row || !all->value) {
		selection_fini(all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < runs; i++)
		take_run(all, &run[i], filter, filters);
	return 0;
}

void selection_fini(struct run_data *all)
{
	free(all->cell);
	free(all->row);
	free(all->value);
	*all = (struct run_data){ 0 };
}
