/* SPDX-License-Identifier: MIT */
/* Ranks of keys; see ranks.h. */
#define _GNU_SOURCE /* qsort_r */
#include "bench/compare/ranks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Texts seen so far, each once, found by their hash. */
struct texts {
	const char **text;
	uint32_t *slot; /* number + 1 */
	size_t count, slots;
};

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash ^ hash >> 29;
}

static uint32_t number_of(struct texts *texts, const char *text)
{
	size_t at = hash_of(text) % texts->slots;

	while (texts->slot[at] && strcmp(texts->text[texts->slot[at] - 1], text) != 0)
		at = (at + 1) % texts->slots;
	if (!texts->slot[at]) {
		texts->text[texts->count++] = text;
		texts->slot[at] = (uint32_t)texts->count;
	}
	return texts->slot[at] - 1;
}

struct sorting {
	enum run_key key;
	const char **text;
};

static int by_value(const void *a, const void *b, void *context)
{
	const struct sorting *s = context;

	return run_key_compare(s->key, s->text[*(const uint32_t *)a], s->text[*(const uint32_t *)b]);
}

/* Ranks of one key, from numbers in the order of appearance. */
static int rank_key(struct layout *layout, enum run_key key, struct texts *texts)
{
	uint32_t *order = malloc((texts->count + 1) * sizeof(*order));
	uint32_t *rank = malloc((texts->count + 1) * sizeof(*rank));
	struct sorting sorting = { key, texts->text };
	uint32_t ranks = 0;

	layout->text[key] = calloc(texts->count + 1, sizeof(*layout->text[key]));
	if (!order || !rank || !layout->text[key]) {
		free(order);
		free(rank);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < texts->count; i++)
		order[i] = i;
	qsort_r(order, texts->count, sizeof(*order), by_value, &sorting);
	for (uint32_t i = 0; i < texts->count; i++) {
		const char *text = texts->text[order[i]];

		if (!i || strcmp(layout->text[key][ranks - 1], text) != 0)
			layout->text[key][ranks++] = text;
		rank[order[i]] = ranks - 1;
	}
	layout->texts[key] = ranks;
	for (size_t c = 0; c < layout->data->cells; c++)
		layout->rank[c][key] = rank[layout->rank[c][key]];
	free(order);
	free(rank);
	return 0;
}

static int rank_all(struct layout *layout, struct texts *texts)
{
	const struct run_data *data = layout->data;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const char *last = NULL;
		uint32_t number = 0;

		texts->count = 0;
		memset(texts->slot, 0, texts->slots * sizeof(*texts->slot));
		for (size_t c = 0; c < data->cells; c++) {
			const char *text = data->cell[c].key[k];

			if (text != last)
				number = number_of(texts, text);
			last = text;
			layout->rank[c][k] = number;
		}
		if (rank_key(layout, (enum run_key)k, texts))
			return -ENOMEM;
	}
	return 0;
}

static bool was_measured(const struct layout *layout, size_t cell)
{
	for (size_t r = layout->first_row[cell]; r < layout->first_row[cell + 1]; r++) {
		if (strcmp(layout->data->row[r].status, "ok") == 0)
			return true;
	}
	return false;
}

/* Keys that a cell has whether or not it was measured: where its text is not empty. */
struct borrowing {
	const struct layout *layout;
	bool is_known[RUN_KEY_COUNT];
	bool same_cell; /* from the same one; else from any that differs in nothing but what is compared */
};

static int by_known(const void *a, const void *b, void *context)
{
	const struct borrowing *borrowing = context;
	const struct layout *layout = borrowing->layout;
	const uint32_t *x = layout->rank[*(const uint32_t *)a];
	const uint32_t *y = layout->rank[*(const uint32_t *)b];

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!borrowing->is_known[k] || (k == layout->column && !borrowing->same_cell) || x[k] == y[k])
			continue;
		return x[k] < y[k] ? -1 : 1;
	}
	return 0;
}

static void know(struct borrowing *borrowing, size_t cell)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		borrowing->is_known[k] = borrowing->layout->data->cell[cell].key[k][0];
}

static void take_keys(const struct layout *layout, const struct borrowing *borrowing, uint32_t to, uint32_t from)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!borrowing->is_known[k])
			layout->rank[to][k] = layout->rank[from][k];
	}
}

/* A measured cell that agrees in all keys that are known; n: there is none. */
static size_t find_same(const struct borrowing *borrowing, const uint32_t *measured, size_t n, uint32_t cell)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (by_known(&measured[middle], &cell, (void *)borrowing) < 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < n && by_known(&measured[lo], &cell, (void *)borrowing) == 0 ? lo : n;
}

/* For those that lack the same keys as the first: they look for the same.  Returns how many remain, moved to the front. */
static size_t borrow(struct borrowing *borrowing, uint32_t *measured, size_t n, uint32_t *missing, size_t m)
{
	bool known[RUN_KEY_COUNT];
	size_t left = 0;

	know(borrowing, missing[0]);
	memcpy(known, borrowing->is_known, sizeof(known));
	qsort_r(measured, n, sizeof(*measured), by_known, borrowing);
	for (size_t i = 0; i < m; i++) {
		size_t found = n;

		know(borrowing, missing[i]);
		if (memcmp(borrowing->is_known, known, sizeof(known)) != 0) {
			missing[left++] = missing[i];
			continue;
		}
		found = find_same(borrowing, measured, n, missing[i]);
		if (found < n)
			take_keys(borrowing->layout, borrowing, missing[i], measured[found]);
	}
	return left;
}

/* From what it is compared with, and rather, where there are some, from other invocations of the same cell. */
static int complete_keys(struct layout *layout)
{
	size_t cells = layout->data->cells;
	uint32_t *measured = malloc((cells + 1) * sizeof(*measured));
	uint32_t *missing = malloc((cells + 1) * sizeof(*missing));
	size_t n = 0;

	for (int same_cell = 0; measured && missing && same_cell <= 1; same_cell++) {
		struct borrowing borrowing = { .layout = layout, .same_cell = same_cell };
		size_t m = 0;

		n = 0;
		for (uint32_t c = 0; c < cells; c++) {
			if (was_measured(layout, c))
				measured[n++] = c;
			else
				missing[m++] = c;
		}
		while (n && m)
			m = borrow(&borrowing, measured, n, missing, m);
	}
	free(measured);
	free(missing);
	return measured && missing ? 0 : -ENOMEM;
}

int ranks_make(struct layout *layout)
{
	struct texts texts = { .slots = 2 * layout->data->cells + 1 };
	int error = -ENOMEM;

	texts.text = calloc(layout->data->cells + 1, sizeof(*texts.text));
	texts.slot = calloc(texts.slots, sizeof(*texts.slot));
	if (texts.text && texts.slot)
		error = rank_all(layout, &texts);
	if (!error)
		error = complete_keys(layout);
	free(texts.text);
	free(texts.slot);
	return error;
}
