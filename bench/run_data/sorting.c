/* SPDX-License-Identifier: MIT */
/*
 * Sorting cells by counting; see sorting.h. Values of a key are compared once each, after which cells are sorted by their ranks,
 * key by key from the last on.
 */
#define _GNU_SOURCE
#include "bench/run_data/sorting.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_data/texts.h"

static uint32_t *identity(size_t count)
{
	uint32_t *order = malloc((count + 1) * sizeof(*order));

	for (size_t i = 0; order && i < count; i++)
		order[i] = (uint32_t)i;
	return order;
}

/* A stable pass: `order` by rank[], which is less than `ranks`. `counts` has room for all and one more. */
static void sort_by_rank(uint32_t *order, uint32_t *spare, size_t count, const uint32_t *rank, uint32_t *counts, size_t ranks)
{
	memset(counts, 0, (ranks + 1) * sizeof(*counts));
	for (size_t i = 0; i < count; i++)
		counts[rank[i] + 1]++;
	for (size_t i = 0; i < ranks; i++)
		counts[i + 1] += counts[i];
	for (size_t i = 0; i < count; i++)
		spare[counts[rank[order[i]]]++] = order[i];
	memcpy(order, spare, count * sizeof(*order));
}

static int compare_values(const void *a, const void *b, void *key)
{
	return run_key_compare(*(const enum run_key *)key, *(const char *const *)a, *(const char *const *)b);
}

/* The rank of each cell's value of a key; returns how many values there are. */
static size_t rank_values(const struct run_data *data, enum run_key key, const char **value, uint32_t *rank)
{
	size_t values = 0;

	for (size_t i = 0; i < data->cells; i++) {
		uint32_t *mark = texts_mark(data->cell[i].key[key]);

		if (!*mark) {
			value[values++] = data->cell[i].key[key];
			*mark = 1;
		}
	}
	qsort_r(value, values, sizeof(*value), compare_values, &key);
	for (size_t i = 0; i < values; i++)
		*texts_mark(value[i]) = (uint32_t)i;
	for (size_t i = 0; i < data->cells; i++)
		rank[i] = *texts_mark(data->cell[i].key[key]);
	for (size_t i = 0; i < values; i++)
		*texts_mark(value[i]) = 0;
	return values;
}

struct cell_sorting {
	uint32_t *order, *spare, *rank, *counts;
	const char **value;
	struct run_cell *sorted;
};

int sort_cells(struct run_data *data, uint32_t *rank)
{
	struct cell_sorting s = {
		.order = identity(data->cells),
		.spare = identity(data->cells),
		.rank = rank,
		.counts = malloc((data->cells + 2) * sizeof(*s.counts)),
		.value = malloc((data->cells + 1) * sizeof(*s.value)),
		.sorted = malloc((data->cells + 1) * sizeof(*s.sorted)),
	};
	int err = s.order && s.spare && s.counts && s.value && s.sorted ? 0 : -ENOMEM;

	for (unsigned k = RUN_KEY_COUNT; k-- > 0 && !err;) {
		size_t values = rank_values(data, (enum run_key)k, s.value, rank);

		if (values > 1)
			sort_by_rank(s.order, s.spare, data->cells, rank, s.counts, values);
	}
	for (size_t i = 0; i < data->cells && !err; i++) {
		s.sorted[i] = data->cell[s.order[i]];
		rank[s.order[i]] = (uint32_t)i;
	}
	if (!err) {
		free(data->cell);
		data->cell = s.sorted;
		s.sorted = NULL;
	}
	free(s.order);
	free(s.spare);
	free(s.counts);
	free(s.value);
	free(s.sorted);
	return err;
}
