/* SPDX-License-Identifier: MIT */
/* The command line of `storsync history`. */
#ifndef STORSYNC_BENCH_HISTORY_OPTIONS_H
#define STORSYNC_BENCH_HISTORY_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/history/views.h"
#include "bench/run_data/key_filter.h"

enum history_verb { HISTORY_VERB_NONE, HISTORY_VERB_ADD = 1, HISTORY_VERB_LIST = 2, HISTORY_VERB_SHOW = 4, HISTORY_VERB_PLOT = 8 };

struct history_options {
	enum history_verb verb;
	const char *db;
	char *path; /* of the database, wherever it is said */
	uint64_t wait_ns;
	const char *host;
	enum history_format format;
	const struct figure *figure;
	struct key_filter *filter;
	size_t filters;
	const char *output;
	char **run;
	size_t runs;
	const char *misfit[HISTORY_VERB_PLOT + 1]; /* by verb: an option that is not for it */
};

/* Or one line on stderr, and exit 2. */
void history_options_parse(struct history_options *options, int argc, char **argv);
void history_options_fini(struct history_options *options);

#endif
