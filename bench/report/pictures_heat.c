/* SPDX-License-Identifier: MIT */
/* Comparisons by back end, figure and group of cells; see pictures_heat.h. */
#include "bench/report/pictures_heat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct heat_figure heat_figures[HEAT_FIGURES] = {
	{ REPORT_ISR_P50, "ISR latency, median" },
	{ REPORT_ISR_P99, "ISR latency, p99" },
	{ REPORT_IOPS, "I/Os a second" },
};

static bool same_context(const struct comparison *a, const struct comparison *b)
{
	for (size_t k = 0; k < RUN_KEY_COUNT; k++) {
		if (k == RUN_KEY_BACKEND || (!a->key[k] && !b->key[k]))
			continue;
		if (!a->key[k] || !b->key[k] || strcmp(a->key[k], b->key[k]) != 0)
			return false;
	}
	return true;
}

static size_t shown_as(const struct comparison *c)
{
	for (size_t f = 0; f < HEAT_FIGURES; f++) {
		if (c->figure == report_figures(heat_figures[f].figure))
			return f;
	}
	return HEAT_FIGURES;
}

static size_t backend_of(const struct heat *heat, const char *name)
{
	size_t i = 0;

	while (i < heat->backends && strcmp(heat->backend[i], name) != 0)
		i++;
	return i;
}

static size_t context_of(const struct heat *heat, const struct comparison *c)
{
	size_t i = 0;

	while (i < heat->contexts && !same_context(heat->context[i], c))
		i++;
	return i;
}

const struct comparison **heat_cell(const struct heat *heat, size_t backend, size_t figure, size_t context)
{
	return &heat->cell[(backend * heat->figures + figure) * heat->contexts + context];
}

void heat_fini(struct heat *heat)
{
	free(heat->backend);
	free(heat->context);
	free(heat->cell);
}

int heat_init(struct heat *heat, const struct comparisons *all)
{
	*heat = (struct heat){ .all = all };
	heat->backend = calloc(all->count + 1, sizeof(*heat->backend));
	heat->context = calloc(all->count + 1, sizeof(*heat->context));
	if (!heat->backend || !heat->context)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		const struct comparison *c = &all->comparison[i];

		if (shown_as(c) == HEAT_FIGURES || c->verdict == COMPARE_NOT_COMPARABLE)
			continue;
		if (backend_of(heat, c->candidate) == heat->backends)
			heat->backend[heat->backends++] = c->candidate;
		if (context_of(heat, c) == heat->contexts)
			heat->context[heat->contexts++] = c;
	}
	heat->figures = HEAT_FIGURES;
	while (heat->figures > 1 && heat->figures * heat->contexts > HEAT_COLUMNS_MOST)
		heat->figures--;
	heat->cell = calloc(heat->backends * heat->figures * heat->contexts + 1, sizeof(*heat->cell));
	if (!heat->cell)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		const struct comparison *c = &all->comparison[i];
		size_t figure = shown_as(c), backend = backend_of(heat, c->candidate), context = context_of(heat, c);

		if (figure < heat->figures && backend < heat->backends && context < heat->contexts)
			*heat_cell(heat, backend, figure, context) = c;
	}
	return 0;
}

bool heat_differs(const struct heat *heat, enum run_key key)
{
	for (size_t i = 1; i < heat->contexts; i++) {
		const char *a = heat->context[0]->key[key], *b = heat->context[i]->key[key];

		if (strcmp(a ? a : "", b ? b : "") != 0)
			return true;
	}
	return false;
}
