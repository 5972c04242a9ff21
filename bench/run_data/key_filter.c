/* SPDX-License-Identifier: MIT */
/* Choosing cells of a finished run; see key_filter.h. */
#define _GNU_SOURCE
#include "bench/run_data/key_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/quantity.h"
#include "bench/run_data/key_name.h"
#include "impls/backends.h"

static int split_values(struct key_filter *f, const char *text, char *error, size_t error_bytes)
{
	while (*text || f->values) {
		size_t bytes = strcspn(text, ",");
		char **more = realloc(f->value, (f->values + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->value = more;
		if (!bytes) {
			snprintf(error, error_bytes, "an empty value in the list of %s", run_key_name(f->key));
			return -EINVAL;
		}
		f->value[f->values] = strndup(text, bytes);
		if (!f->value[f->values])
			return -ENOMEM;
		f->values++;
		text += bytes;
		if (!*text)
			break;
		text++;
	}
	return 0;
}

int key_filter_parse(struct key_filter *f, const char *text, char *error, size_t error_bytes)
{
	const char *equals = strchr(text, '=');
	char *name;
	int status;

	*f = (struct key_filter){ .negated = equals && equals > text && equals[-1] == '!' };
	if (!equals || equals == text + f->negated) {
		snprintf(error, error_bytes, "'%.80s' is no filter: use KEY=VALUE,... or KEY!=VALUE,...", text);
		return -EINVAL;
	}
	name = strndup(text, (size_t)(equals - text) - f->negated);
	if (!name)
		return -ENOMEM;
	f->key = key_name_find(name, error, error_bytes);
	status = f->key == RUN_KEY_COUNT ? -EINVAL : split_values(f, equals + 1, error, error_bytes);
	free(name);
	if (status)
		key_filter_fini(f);
	return status;
}

void key_filter_fini(struct key_filter *f)
{
	for (size_t i = 0; i < f->values; i++)
		free(f->value[i]);
	free(f->value);
	*f = (struct key_filter){ 0 };
}

static bool ends_in(const char *text, const char *end)
{
	size_t bytes = strlen(text);

	return bytes >= strlen(end) && strcmp(text + bytes - strlen(end), end) == 0;
}

/* As a number in the column's unit, with or without a unit of its own. */
static bool number_of(enum run_key key, const char *text, double *value)
{
	const char *name = run_key_name(key);
	uint64_t whole;
	char ignored[256];
	char *end;

	*value = strtod(text, &end);
	if (*text && !*end && isfinite(*value))
		return true;
	if (key == RUN_KEY_DURATION_S || ends_in(name, "_ns")) {
		if (quantity_duration(text, &whole, ignored, sizeof(ignored)))
			return false;
		*value = (double)whole / (key == RUN_KEY_DURATION_S ? 1e9 : 1);
		return true;
	}
	if (key == RUN_KEY_IO_BYTES ? quantity_bytes(text, &whole, ignored, sizeof(ignored)) :
	    !ends_in(name, "_hz") || quantity_rate(text, &whole, ignored, sizeof(ignored)))
		return false;
	*value = (double)whole;
	return true;
}

/* A window never ends on the very nanosecond that was asked for. */
static bool are_equal(enum run_key key, double a, double b)
{
	return key == RUN_KEY_DURATION_S ? fabs(a - b) <= 1e-3 * fabs(a) : a == b;
}

static bool is_in_range(const char *range, double number)
{
	uint64_t first, last;
	int end = 0;

	return strspn(range, "0123456789-") == strlen(range) && sscanf(range, "%" SCNu64 "-%" SCNu64 "%n", &first, &last, &end) == 2 &&
	       !range[end] && number >= (double)first && number <= (double)last;
}

static bool is_in_set(const char *name, const char *set)
{
	for (size_t i = 0; i < sync_backend_count; i++) {
		if (strcmp(sync_backends[i]->name, name) == 0)
			return sync_backend_is_meant(sync_backends[i], set);
	}
	return false;
}

static bool is_meant(enum run_key key, const char *value, const char *text)
{
	double wanted, is;

	if (fnmatch(value, text, 0) == 0)
		return true;
	if (!*text)
		return strcmp(value, "off") == 0;
	if (key == RUN_KEY_BACKEND)
		return is_in_set(text, value);
	if (!number_of(key, text, &is))
		return false;
	return is_in_range(value, is) || (number_of(key, value, &wanted) && are_equal(key, wanted, is));
}

bool key_filter_holds(const struct key_filter *f, const struct run_cell *cell)
{
	const char *text = cell->key[f->key];
	bool found = !f->values && !*text;

	for (size_t i = 0; i < f->values && !found; i++)
		found = is_meant(f->key, f->value[i], text);
	return found != f->negated;
}

bool key_filters_hold(const struct key_filter *f, size_t count, const struct run_cell *cell)
{
	for (size_t i = 0; i < count; i++) {
		if (!key_filter_holds(&f[i], cell))
			return false;
	}
	return true;
}
