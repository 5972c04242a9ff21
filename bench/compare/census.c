/* SPDX-License-Identifier: MIT */
/* Counting; see census.h. */
#define _GNU_SOURCE /* qsort_r */
#include "bench/compare/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Rows by the whole text of their gate codes: there are few texts, and many rows of each. */
struct texts {
	const char *text[256];
	size_t rows[256];
	size_t count;
};

static void count_text(struct texts *texts, const char *text)
{
	size_t at = 0;

	while (at < texts->count && texts->text[at] != text)
		at++;
	if (at == sizeof(texts->text) / sizeof(texts->text[0]))
		at--;
	else if (at == texts->count)
		texts->text[texts->count++] = text;
	texts->rows[at]++;
}

static void count_code(struct compare_census *census, const char *code, size_t length, size_t rows)
{
	size_t at = 0;

	while (at < census->gates && (strncmp(census->gate[at].code, code, length) != 0 ||
				      strcspn(census->gate[at].code, " ") != length))
		at++;
	if (at == COMPARE_GATES)
		return;
	if (at == census->gates)
		census->gate[census->gates++].code = code;
	census->gate[at].rows += rows;
}

static int by_rows(const void *a, const void *b)
{
	const struct compare_gate *x = a, *y = b;

	return (x->rows < y->rows) - (x->rows > y->rows);
}

static void count_rows(struct compare_census *census, const struct run_data *data)
{
	struct texts texts = { .count = 0 };

	census->rows = data->rows;
	for (size_t r = 0; r < data->rows; r++) {
		const struct run_row *row = &data->row[r];

		if (strcmp(row->status, "ok") != 0) {
			census->skipped += strcmp(row->status, "skipped") == 0;
			census->not_ok += strcmp(row->status, "skipped") != 0;
			continue;
		}
		census->ok++;
		census->gated += row->gate_codes[0] != '\0';
		if (row->gate_codes[0])
			count_text(&texts, row->gate_codes);
	}
	for (size_t i = 0; i < texts.count; i++) {
		for (const char *code = texts.text[i]; *code;) {
			size_t length = strcspn(code, " ");

			count_code(census, code, length, texts.rows[i]);
			code += length + (code[length] == ' ');
		}
	}
	qsort(census->gate, census->gates, sizeof(census->gate[0]), by_rows);
}

static bool differs(const char *a, const char *b)
{
	return a != b && (!a || !b || strcmp(a, b) != 0);
}

static int by_table(const void *a, const void *b, void *context)
{
	const struct compare_result *result = context;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct comparison *x = &result->all->comparison[i];
	const struct comparison *y = &result->all->comparison[j];

	for (unsigned k = 0; x->key != y->key && x->figure == y->figure && k < RUN_KEY_COUNT; k++) {
		if (result->command->in_table[k] && differs(x->key[k], y->key[k]))
			return run_key_compare((enum run_key)k, x->key[k], y->key[k]);
	}
	return (i > j) - (i < j);
}

int compare_take_stock(struct compare_result *result)
{
	const struct comparisons *all = result->all;

	count_rows(&result->census, result->data);
	result->order = calloc(all->count + 1, sizeof(*result->order));
	if (!result->order)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		result->order[i] = i;
		result->verdicts[all->comparison[i].verdict]++;
		for (unsigned k = 0; i && all->comparison[i].key != all->comparison[i - 1].key && k < RUN_KEY_COUNT; k++)
			result->varies[k] |= differs(all->comparison[i].key[k], all->comparison[0].key[k]);
	}
	for (size_t i = 1; i < all->count; i++) {
		if (by_table(&i, &(size_t){ i - 1 }, result) > 0)
			continue;
		qsort_r(result->order, all->count, sizeof(*result->order), by_table, result);
		break;
	}
	return 0;
}

bool compare_same_table(const struct compare_result *result, const struct comparison *a, const struct comparison *b)
{
	for (unsigned k = 0; a->key != b->key && k < RUN_KEY_COUNT; k++) {
		if (result->command->in_table[k] && differs(a->key[k], b->key[k]))
			return false;
	}
	return a->figure == b->figure;
}

bool compare_same_row(const struct compare_result *result, const struct comparison *a, const struct comparison *b)
{
	for (unsigned k = 0; a->key != b->key && k < RUN_KEY_COUNT; k++) {
		if (differs(a->key[k], b->key[k]))
			return false;
	}
	return compare_same_table(result, a, b);
}
