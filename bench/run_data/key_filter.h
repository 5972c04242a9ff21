/* SPDX-License-Identifier: MIT */
/*
 * Choosing cells of a finished run: "backend=mcs,rcu-*", "cpus=2-4", "section!=2us".
 *
 * Keys are named as key_name.h says.  bench/matrix/filter.h chooses cells before they are run.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_KEY_FILTER_H
#define STORSYNC_BENCH_RUN_DATA_KEY_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/run_data/run_data.h"

struct key_filter {
	enum run_key key;
	bool negated;
	size_t values;
	char **value; /* any of them; none: where the key is empty */
};

/*
 * "KEY=VALUES" or "KEY!=VALUES", the values separated by commas.  A value is a text, a pattern of fnmatch(3), a number (compared
 * as such, with a unit if the key has one: 2us, 4k), a range of whole numbers (1-4), a set of back ends (all, all-peers), or
 * "off" where the key is empty.  "KEY=" is where it is empty.
 *
 * 0, -ENOMEM, or -EINVAL and in `error` a line without a place that says what would be right.  After a failure there is nothing
 * to finish.
 */
int key_filter_parse(struct key_filter *f, const char *text, char *error, size_t error_bytes);
void key_filter_fini(struct key_filter *f);

bool key_filter_holds(const struct key_filter *f, const struct run_cell *cell);

/* Whether all of them hold; none: yes. */
bool key_filters_hold(const struct key_filter *f, size_t count, const struct run_cell *cell);

#endif
