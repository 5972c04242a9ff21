/* SPDX-License-Identifier: MIT */
/* `storsync compare`: what was asked for, what was read, and what the formats write of it. */
#ifndef STORSYNC_BENCH_COMPARE_COMMAND_H
#define STORSYNC_BENCH_COMPARE_COMMAND_H

#include <stdio.h>

#include "bench/cli/quantity.h"
#include "bench/compare/compare.h"
#include "bench/run_data/key_filter.h"

#define COMPARE_RUNS 2
#define COMPARE_FILTERS 16
#define COMPARE_FIGURES 16
#define COMPARE_GATES 16

enum compare_format { COMPARE_TEXT, COMPARE_MD, COMPARE_CSV, COMPARE_JSON, COMPARE_JUNIT, COMPARE_FORMATS };
enum compare_fail_on { FAIL_ON_NOTHING, FAIL_ON_REGRESS, FAIL_ON_UNDECIDED };

struct compare_command {
	const char *path[COMPARE_RUNS];
	size_t runs;
	struct compare_options options;
	bool column_given, rows_given;
	bool in_table[RUN_KEY_COUNT];
	const struct figure *figure[COMPARE_FIGURES];
	size_t figures;                /* 0: the usual ones */
	struct quantity_list candidates;
	struct key_filter filter[COMPARE_FILTERS];
	size_t filters;
	enum compare_fail_on fail_on;
	enum compare_format format;
	const char *output;            /* "-": stdout */
};

/* Ends the program on a mistake, and for --help. */
void compare_command_parse(struct compare_command *command, int argc, char **argv);

/* What the comparisons rest on. */
struct compare_census {
	size_t rows;     /* that filters admit */
	size_t ok, skipped, not_ok;
	size_t gated;    /* of those that are ok */
	struct compare_gate {
		const char *code; /* ends at a space, too */
		size_t rows;
	} gate[COMPARE_GATES];  /* the most frequent first */
	size_t gates;
};

struct compare_result {
	const struct compare_command *command;
	const struct run_data *run;    /* command->runs */
	const struct run_data *data;   /* all of them, filtered */
	struct compare_census census;
	const struct comparisons *all;
	bool varies[RUN_KEY_COUNT];    /* over the comparisons */
	size_t *order;                 /* comparisons by figure, table, and as they come */
	size_t verdicts[COMPARE_NOT_COMPARABLE + 1];
};

/* Each returns 0 or -errno; a stream's error is the caller's to look for. */
int compare_write_text(const struct compare_result *result, FILE *out, bool colour);
int compare_write_md(const struct compare_result *result, FILE *out);
int compare_write_csv(const struct compare_result *result, FILE *out);
int compare_write_json(const struct compare_result *result, FILE *out);
int compare_write_junit(const struct compare_result *result, FILE *out);

#endif
