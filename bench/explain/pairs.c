/* SPDX-License-Identifier: MIT */
/* Cells and their baselines; see pairs.h. */
#include "bench/explain/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BASELINE "spinlock"

/* What follows from another key, and so may differ with it. */
static const struct {
	enum run_key key;
	enum run_key follows;
} companions[] = {
	{ RUN_KEY_CPUS, RUN_KEY_CHANNELS },
	{ RUN_KEY_CPUS, RUN_KEY_OVERSUBSCRIBED },
	{ RUN_KEY_PREEMPT_RATE_HZ, RUN_KEY_PREEMPT_NS },
	{ RUN_KEY_ARRIVAL, RUN_KEY_ARRIVAL_RATE_HZ },
	{ RUN_KEY_DELIVERY, RUN_KEY_SCHED_POLICY },
};

static bool may_differ(enum run_key column, unsigned key)
{
	for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		if (companions[i].key == column && companions[i].follows == key)
			return true;
	}
	return key == column;
}

static bool differ_in_alone(const struct run_data *data, size_t a, size_t b, enum run_key column)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!may_differ(column, k) && strcmp(data->cell[a].key[k], data->cell[b].key[k]) != 0)
			return false;
	}
	return strcmp(data->cell[a].key[column], data->cell[b].key[column]) != 0;
}

/* The first reason why a cell has no result; NULL when it has one. */
static const char *refusal(const struct run_data *data, size_t cell)
{
	size_t first;
	size_t end = run_data_rows_of(data, cell, &first);
	const char *reason = "it has no invocation";

	for (size_t i = end; i-- > first;) {
		if (strcmp(data->row[i].status, "ok") == 0)
			return NULL;
		reason = *data->row[i].reason ? data->row[i].reason : data->row[i].status;
	}
	return reason;
}

/* A measured cell that differs in `column` alone and there satisfies the filter; data->cells when there is none. */
static size_t partner_of(const struct run_data *data, size_t cell, enum run_key column, const struct key_filter *filter)
{
	for (size_t i = 0; i < data->cells; i++) {
		if (differ_in_alone(data, cell, i, column) && key_filter_holds(filter, &data->cell[i]) && !refusal(data, i))
			return i;
	}
	return data->cells;
}

static bool add(struct pairs *pairs, const struct run_data *data, size_t cell, enum run_key column,
		const struct key_filter *filter)
{
	size_t base = partner_of(data, cell, column, filter);

	if (base == data->cells)
		return false;
	pairs->pair[pairs->count++] = (struct pair){ .cell = cell, .base = base, .column = column };
	return true;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->column != y->column)
		return x->column == RUN_KEY_INJECT_NS ? 1 : y->column == RUN_KEY_INJECT_NS ? -1 : x->column < y->column ? -1 : 1;
	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return (x->cell > y->cell) - (x->cell < y->cell);
}

static int choose(const struct run_data *data, const struct pairs_options *options, bool *chosen, struct pairs *pairs,
		  char *error)
{
	const char *why = "none is chosen by --filter";
	size_t matches = 0;

	for (size_t i = 0; i < data->cells; i++) {
		if (options->cell && strncmp(data->cell[i].cell_id, options->cell, strlen(options->cell)) != 0)
			continue;
		if (!key_filters_hold(options->filter, options->filters, &data->cell[i]))
			continue;
		matches++;
		why = refusal(data, i);
		chosen[i] = !why;
		pairs->only = chosen[i] ? i : pairs->only;
		pairs->cells += chosen[i];
	}
	if (options->cell && !matches) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "'%s' is no cell of %s%s: use a cell_id of its summary.csv, or its begin",
			 options->cell, data->path, options->filters ? " that --filter leaves" : "");
		return -EINVAL;
	}
	if (options->cell && matches > 1) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "'%s' is %zu cells of %s: use more of the cell_id, or --filter",
			 options->cell, matches, data->path);
		return -EINVAL;
	}
	if (pairs->cells)
		return 0;
	snprintf(error, RUN_DATA_ERROR_BYTES, "%s: no cell with a result: %s", data->path, why ? why : "none");
	return -ENODATA;
}

static bool has_backend(const struct run_data *data, const char *name)
{
	for (size_t i = 0; i < data->cells; i++) {
		if (strcmp(data->cell[i].key[RUN_KEY_BACKEND], name) == 0)
			return true;
	}
	return false;
}

static int refuse_baseline(const struct run_data *data, const char *name, char *error)
{
	size_t at = (size_t)snprintf(error, RUN_DATA_ERROR_BYTES, "%s: no cell has the back end '%s': give --baseline one of",
				     data->path, name);
	const char *last = "";

	for (size_t i = 0; i < data->cells && at < RUN_DATA_ERROR_BYTES; i++) {
		const char *backend = data->cell[i].key[RUN_KEY_BACKEND];
		bool told = false;

		for (size_t k = 0; k < i && !told; k++)
			told = strcmp(data->cell[k].key[RUN_KEY_BACKEND], backend) == 0;
		if (!told)
			at += (size_t)snprintf(error + at, RUN_DATA_ERROR_BYTES - at, "%s %s", last, backend);
		last = ",";
	}
	return -EINVAL;
}

static bool is_injected(const struct run_data *data, size_t cell)
{
	return strtod(data->cell[cell].key[RUN_KEY_INJECT_NS], NULL) > 0;
}

static int fill(struct pairs *pairs, const struct run_data *data, const struct pairs_options *options, const bool *chosen,
		char *error)
{
	char *baseline = (char *)(options->baseline ? options->baseline : BASELINE);
	char *zero = "0";
	const struct key_filter of_backend = { .key = RUN_KEY_BACKEND, .values = 1, .value = &baseline };
	const struct key_filter no_delay = { .key = RUN_KEY_INJECT_NS, .values = 1, .value = &zero };
	const struct key_filter *filter = options->against ? options->against : &of_backend;

	if (!options->against && !has_backend(data, baseline))
		return refuse_baseline(data, baseline, error);
	for (size_t i = 0; i < data->cells; i++) {
		bool is_base = key_filter_holds(filter, &data->cell[i]);
		bool found = chosen[i] && !is_base && add(pairs, data, i, filter->key, filter);

		if (!chosen[i])
			continue;
		if (!options->against && is_injected(data, i) && (is_base || pairs->cells == 1))
			found |= add(pairs, data, i, RUN_KEY_INJECT_NS, &no_delay);
		pairs->alone += !found && !is_base;
	}
	if (pairs->count)
		return 0;
	if (pairs->cells == 1 && key_filter_holds(filter, &data->cell[pairs->only]))
		snprintf(error, RUN_DATA_ERROR_BYTES,
			 "cell %s is the baseline itself: choose another one, --baseline or --against",
			 data->cell[pairs->only].cell_id);
	else
		snprintf(error, RUN_DATA_ERROR_BYTES,
			 "%s: nothing to be compared with: no measured cell differs in %s alone and has %s", data->path,
			 run_key_name(filter->key), filter->values ? filter->value[0] : "none there");
	return -ENODATA;
}

int pairs_find(struct pairs *pairs, const struct run_data *data, const struct pairs_options *options, char *error)
{
	bool *chosen = calloc(data->cells + 1, sizeof(*chosen));
	int status = -ENOMEM;

	*pairs = (struct pairs){ .pair = calloc(2 * data->cells + 1, sizeof(*pairs->pair)) };
	if (chosen && pairs->pair) {
		status = choose(data, options, chosen, pairs, error);
		if (!status)
			status = fill(pairs, data, options, chosen, error);
	} else {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: out of memory", data->path);
	}
	free(chosen);
	if (status)
		pairs_fini(pairs);
	else
		qsort(pairs->pair, pairs->count, sizeof(*pairs->pair), compare_pairs);
	return status;
}

void pairs_fini(struct pairs *pairs)
{
	free(pairs->pair);
	*pairs = (struct pairs){ 0 };
}
