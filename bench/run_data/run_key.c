/* SPDX-License-Identifier: MIT */
/* The key columns; see run_key.h. */
#include "bench/run_data/run_key.h"

#include <stdlib.h>
#include <string.h>

#include "bench/miniport/loaded.h"
#include "impls/backends.h"

static const struct {
	const char *name;
	const char *words;
} keys[] = {
#define RUN_KEY_ROW(id, column, words_) [RUN_KEY_##id] = { #column, words_ },
	RUN_KEYS(RUN_KEY_ROW)
#undef RUN_KEY_ROW
};

const char *run_key_name(enum run_key key)
{
	return keys[key].name;
}

const char *run_key_words(enum run_key key)
{
	return keys[key].words;
}

bool run_key_is_origin(enum run_key key)
{
	return key >= RUN_KEY_RUN;
}

const char *run_key_shown(enum run_key key, const char *value)
{
	return key == RUN_KEY_MINIPORT && !*value ? MINIPORT_BUILT_IN : value;
}

enum run_key run_key_find(const char *name)
{
	unsigned key = 0;

	while (key < RUN_KEY_COUNT && strcmp(keys[key].name, name) != 0)
		key++;
	return (enum run_key)key;
}

/* Of the list of back ends; behind all of them when it is none. */
static size_t rank_of_backend(const char *name)
{
	size_t at = 0;

	while (at < sync_backend_count && strcmp(sync_backends[at]->name, name) != 0)
		at++;
	return at;
}

static bool is_number(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return *text && !*end;
}

int run_key_compare(enum run_key key, const char *a, const char *b)
{
	double x, y;

	if (key == RUN_KEY_BACKEND) {
		size_t i = rank_of_backend(a);
		size_t j = rank_of_backend(b);

		if (i != j)
			return i < j ? -1 : 1;
	}
	if (is_number(a, &x) && is_number(b, &y) && x != y)
		return x < y ? -1 : 1;
	return strcmp(a, b);
}
