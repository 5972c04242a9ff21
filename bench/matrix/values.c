/* SPDX-License-Identifier: MIT */
/* Values of dimensions; see values.h. */
#include "bench/matrix/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/quantity.h"
#include "bench/matrix/refuse.h"
#include "impls/backends.h"

/* Of one item; more CPUs, channels or depth than that are refused anyway. */
#define RANGE_MAX 256

void matrix_values_fini(struct matrix_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->text[i]);
	free(values->text);
	free(values->place);
	*values = (struct matrix_values){ 0 };
}

int matrix_values_begin(struct matrix_values *values, const char *place)
{
	matrix_values_fini(values);
	if (!place)
		return 0;
	values->place = strdup(place);
	return values->place ? 0 : -ENOMEM;
}

static int append(struct matrix_values *values, const char *text)
{
	char **grown;

	for (size_t i = 0; i < values->count; i++) {
		if (strcmp(values->text[i], text) == 0)
			return 0;
	}
	grown = realloc(values->text, (values->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	values->text = grown;
	grown[values->count] = strdup(text);
	if (!grown[values->count])
		return -ENOMEM;
	values->count++;
	return 0;
}

static int add_one(struct matrix_values *values, enum dimension_id id, const char *text, char *error, size_t error_bytes)
{
	struct cell_spec spec = { 0 };
	char shared[DIMENSION_TEXT_BYTES];
	int err = dimensions[id].set(&spec, text, error, error_bytes);

	if (err)
		return err;
	dimensions[id].format(&spec, shared);
	return append(values, shared);
}

static int add_range(struct matrix_values *values, enum dimension_id id, const char *item, char *error, size_t error_bytes)
{
	uint64_t number[RANGE_MAX];
	char text[24];
	size_t count;
	int err = quantity_counts(item, number, RANGE_MAX, &count, error, error_bytes);

	for (size_t i = 0; !err && i < count; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, number[i]);
		err = add_one(values, id, text, error, error_bytes);
	}
	return err;
}

/* A set of back ends, or one. */
static int add_backends(struct matrix_values *values, const char *item, char *error, size_t error_bytes)
{
	bool known = false;
	int err = 0;

	for (size_t i = 0; i < sync_backend_count && !err; i++) {
		if (!sync_backend_is_meant(sync_backends[i], item))
			continue;
		known = true;
		err = append(values, sync_backends[i]->name);
	}
	return known || err ? err : add_one(values, DIMENSION_BACKENDS, item, error, error_bytes);
}

int matrix_values_add(struct matrix_values *values, enum dimension_id id, const char *item, char *error, size_t error_bytes)
{
	int err;

	if (id == DIMENSION_BACKENDS)
		err = add_backends(values, item, error, error_bytes);
	else if (dimensions[id].has_ranges)
		err = add_range(values, id, item, error, error_bytes);
	else
		err = add_one(values, id, item, error, error_bytes);
	if (err == -ENOMEM)
		snprintf(error, error_bytes, "out of memory");
	return err;
}

int matrix_values_list(struct matrix_values *values, enum dimension_id id, const char *list, const char *place, char *error,
		       size_t error_bytes)
{
	struct quantity_list items = { 0 };
	char wrong[512];
	int err = matrix_values_begin(values, place);

	if (!err)
		err = quantity_list(list, &items, wrong, sizeof(wrong));
	for (size_t i = 0; !err && i < items.count; i++)
		err = matrix_values_add(values, id, items.items[i], wrong, sizeof(wrong));
	quantity_list_fini(&items);
	if (err == -EINVAL)
		refuse(error, error_bytes, place ? place : dimensions[id].name, "%s", wrong);
	else if (err)
		snprintf(error, error_bytes, "out of memory");
	return err;
}
