/* SPDX-License-Identifier: MIT */
/* See history_figures.h. */
#define _DEFAULT_SOURCE /* htole64 */
#include "bench/history/history_figures.h"

#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const names[HISTORY_FIGURES] = {
	"isr_latency_p50", "isr_latency_p99", "isr_latency_p99_9", "sync_wait_p50", "sync_wait_p99", "response_p99", "iops", "jain",
};

const struct figure *history_figure(size_t index)
{
	return figure_find(names[index]);
}

const struct figure *history_figure_find(const char *name)
{
	const struct figure *figure = figure_find(name);

	for (size_t i = 0; i < HISTORY_FIGURES && figure; i++) {
		if (strcmp(figure->name, names[i]) == 0)
			return figure;
	}
	return NULL;
}

const char *history_figure_names(void)
{
	static char text[HISTORY_FIGURES * 32];
	size_t used = 0;

	for (size_t i = 0; i < HISTORY_FIGURES; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", !i ? "" : i + 1 < HISTORY_FIGURES ? ", " : " and ",
					 names[i]);
	return text;
}

void history_pack(double *value, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t bits;

		memcpy(&bits, &value[i], sizeof(bits));
		bits = htole64(bits);
		memcpy(&value[i], &bits, sizeof(bits));
	}
}

void history_unpack(double *value, size_t count)
{
	/* Turning bytes around is its own inverse. */
	history_pack(value, count);
}
