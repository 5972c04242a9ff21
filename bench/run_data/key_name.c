/* SPDX-License-Identifier: MIT */
/* Names of keys; see key_name.h. */
#include "bench/run_data/key_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 40

/* Dimensions of a matrix that set one key each, where the names differ by more than '-' for '_'. */
static const struct {
	const char *dimension;
	enum run_key key;
} dimensions[] = {
	{ "backends", RUN_KEY_BACKEND }, { "routing", RUN_KEY_IRQ_ROUTING }, { "section", RUN_KEY_SECTION_NS },
	{ "think", RUN_KEY_THINK_NS }, { "io_size", RUN_KEY_IO_BYTES }, { "inject", RUN_KEY_INJECT_NS },
	{ "bystander", RUN_KEY_IRQ_RATE_HZ }, { "coalesce_time", RUN_KEY_COALESCE_NS }, { "messages", RUN_KEY_INTERRUPT_MODE },
	{ "host", RUN_KEY_HOST_ID }, { "build", RUN_KEY_BUILD_ID },
};

#define DIMENSIONS (sizeof(dimensions) / sizeof(dimensions[0]))

/* How many single characters must be changed, added or left out (V. I. Levenshtein, 1966). */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1];
	size_t length = strnlen(b, NAME_MAX_BYTES);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; *a; i++, a++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t changed = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			row[j] = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
			row[j] = changed < row[j] ? changed : row[j];
		}
	}
	return row[length];
}

/* A part of it is as near as one letter. */
static size_t between(const char *name, const char *own)
{
	return strstr(own, name) || strstr(name, own) ? 1 : distance(name, own);
}

/* By any of its names. */
static size_t how_far(const char *name, enum run_key key)
{
	size_t least = between(name, run_key_name(key));

	for (size_t i = 0; i < DIMENSIONS; i++) {
		size_t other = dimensions[i].key == key ? between(name, dimensions[i].dimension) : least;

		least = other < least ? other : least;
	}
	return least;
}

static void name_nearest(const char *name, char *error, size_t error_bytes)
{
	bool used[RUN_KEY_COUNT] = { false };

	snprintf(error, error_bytes, "'%.40s' is no key of a run; the nearest are", name);
	for (unsigned n = 0; n < 3; n++) {
		size_t length = strnlen(error, error_bytes);
		unsigned best = RUN_KEY_COUNT;

		for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
			if (!used[k] && (best == RUN_KEY_COUNT || how_far(name, (enum run_key)k) < how_far(name, (enum run_key)best)))
				best = k;
		}
		used[best] = true;
		snprintf(error + length, error_bytes - length, "%s %s", n ? "," : "", run_key_name((enum run_key)best));
	}
}

enum run_key key_name_find(const char *name, char *error, size_t error_bytes)
{
	char own[NAME_MAX_BYTES + 1];
	enum run_key key;

	snprintf(own, sizeof(own), "%s", name);
	for (char *c = own; *c; c++)
		*c = *c == '-' ? '_' : *c;
	key = strlen(name) > NAME_MAX_BYTES ? RUN_KEY_COUNT : run_key_find(own);
	for (size_t i = 0; key == RUN_KEY_COUNT && i < DIMENSIONS; i++) {
		if (strcmp(own, dimensions[i].dimension) == 0)
			key = dimensions[i].key;
	}
	if (key != RUN_KEY_COUNT)
		return key;
	if (strcmp(own, "preempt") == 0)
		snprintf(error, error_bytes, "'preempt' is two keys of a run: use preempt_rate_hz or preempt_ns");
	else
		name_nearest(own, error, error_bytes);
	return RUN_KEY_COUNT;
}
