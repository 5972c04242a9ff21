/* SPDX-License-Identifier: MIT */
/* Selecting cells; see filter.h. */
#include "bench/matrix/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/quantity.h"
#include "impls/backends.h"

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

/* A pattern stands for the back ends that it names now: one that names none is a mistake. */
static int add_pattern(struct cell_match *match, const char *pattern, char *error, size_t error_bytes)
{
	bool known = false;
	int err = 0;

	for (size_t i = 0; i < sync_backend_count && !err; i++) {
		if (fnmatch(pattern, sync_backends[i]->name, 0))
			continue;
		known = true;
		err = matrix_values_add(&match->values, DIMENSION_BACKENDS, sync_backends[i]->name, error, error_bytes);
	}
	if (known || err)
		return err;
	snprintf(error, error_bytes, "no back end is like '%.40s'; `storsync list` names them", pattern);
	return -EINVAL;
}

int cell_match_add(struct cell_match *match, const char *item, char *error, size_t error_bytes)
{
	if (match->dimension == DIMENSION_BACKENDS && is_pattern(item))
		return add_pattern(match, item, error, error_bytes);
	return matrix_values_add(&match->values, match->dimension, item, error, error_bytes);
}

static int find_dimension(const char *text, size_t bytes, enum dimension_id *id, char *error, size_t error_bytes)
{
	size_t used;

	for (size_t i = 0; i < DIMENSIONS; i++) {
		if (strlen(dimensions[i].name) == bytes && strncmp(dimensions[i].name, text, bytes) == 0) {
			*id = (enum dimension_id)i;
			return 0;
		}
	}
	used = (size_t)snprintf(error, error_bytes, "there is no dimension '%.*s'; use", (int)(bytes < 40 ? bytes : 40), text);
	for (size_t i = 0; i < DIMENSIONS && used < error_bytes; i++)
		used += (size_t)snprintf(error + used, error_bytes - used, "%s %s", i ? "," : "", dimensions[i].name);
	return -EINVAL;
}

int cell_match_parse(struct cell_match *match, const char *text, char *error, size_t error_bytes)
{
	const char *sign = strchr(text, '=');
	struct quantity_list items = { 0 };
	int err;

	*match = (struct cell_match){ 0 };
	if (!sign) {
		snprintf(error, error_bytes, "'%.60s' has no =; write DIMENSION=VALUES or DIMENSION!=VALUES, such as cpus!=1", text);
		return -EINVAL;
	}
	match->negated = sign > text && sign[-1] == '!';
	err = find_dimension(text, (size_t)(sign - text) - match->negated, &match->dimension, error, error_bytes);
	if (!err)
		err = quantity_list(sign + 1, &items, error, error_bytes);
	for (size_t i = 0; !err && i < items.count; i++)
		err = cell_match_add(match, items.items[i], error, error_bytes);
	quantity_list_fini(&items);
	return err;
}

void cell_match_fini(struct cell_match *match)
{
	matrix_values_fini(&match->values);
}

bool cell_matches(const struct cell_match *match, const struct cell_spec *spec)
{
	char text[DIMENSION_TEXT_BYTES];

	dimensions[match->dimension].format(spec, text);
	for (size_t i = 0; i < match->values.count; i++) {
		if (strcmp(match->values.text[i], text) == 0)
			return !match->negated;
	}
	return match->negated;
}
