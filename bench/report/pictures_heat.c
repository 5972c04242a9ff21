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
	heat->pages = (heat->figures * heat->contexts + HEAT_COLUMNS_MOST - 1) / HEAT_COLUMNS_MOST;
	heat->page_contexts = heat->pages ? (heat->contexts + heat->pages - 1) / heat->pages : 0;
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

size_t heat_label(const struct heat *heat, size_t context, size_t most, char line[HEAT_LABEL_LINES][64])
{
	const struct comparison *c = heat->context[context];
	size_t lines = 0;

	for (enum run_key k = 0; k < RUN_KEY_COUNT && lines < HEAT_LABEL_LINES; k++) {
		const char *value = c->key[k] ? c->key[k] : "";

		if (k == RUN_KEY_BACKEND || !heat_differs(heat, k) || (k == RUN_KEY_CHANNELS && heat_differs(heat, RUN_KEY_CPUS)))
			continue;
		if (k == RUN_KEY_CPUS)
			snprintf(line[lines++], 64, "%s CPU%s", value, strcmp(value, "1") == 0 ? "" : "s");
		else if (k == RUN_KEY_DELIVERY || k == RUN_KEY_WORKLOAD || k == RUN_KEY_DUPLEX)
			snprintf(line[lines++], 64, "%s", *value ? value : "none");
		else
			snprintf(line[lines++], 64, "%s %s", run_key_words(k), *value ? value : "none");
		if (strlen(line[lines - 1]) > most)
			snprintf(line[lines - 1], 64, "%s", *value ? value : "none");
	}
	return lines;
}

void heat_words(const struct heat *heat, size_t context, char *text, size_t bytes)
{
	char line[HEAT_LABEL_LINES][64];
	size_t lines = heat_label(heat, context, SIZE_MAX, line), used = 0;

	*text = '\0';
	for (size_t i = 0; i < lines && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "", line[i]);
}

void heat_note_keys(const struct heat *heat, struct drawing *d)
{
	char text[256] = "";
	size_t used = 0;

	for (enum run_key k = 0; k < RUN_KEY_COUNT && used < sizeof(text); k++) {
		if (k == RUN_KEY_BACKEND || !heat_differs(heat, k) || (k == RUN_KEY_CHANNELS && heat_differs(heat, RUN_KEY_CPUS)))
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "", run_key_words(k));
	}
	if (used)
		drawing_note(d, "Columns differ in: %s.", text);
}
