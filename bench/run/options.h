/* SPDX-License-Identifier: MIT */
/* The command line of `storsync run` and `storsync plan`: a matrix, and how its blocks are run. */
#ifndef STORSYNC_BENCH_RUN_OPTIONS_H
#define STORSYNC_BENCH_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/matrix/design.h"

#define RUN_SHARDS_MAX 1000

struct run_options {
	struct matrix_design design; /* what the command line's matrix comes to, its seed included */
	uint64_t seed;               /* design.settings.seed */
	bool seed_given;             /* on the command line or in the matrix; else it is random */
	unsigned shard;              /* this run's blocks are those b with (b - 1) % shards == shard - 1 */
	unsigned shards;
	uint64_t budget_ns;          /* 0: none */
	double until_ci;             /* relative half width; 0: not asked for */
	char until_ci_metric[64];    /* a numeric column of summary.csv */
	bool fresh;
	bool table_latency;          /* what is printed */
	bool table_bounds;
	bool print;                  /* `plan` only: the shipped matrix's text */
	const char *matrix;          /* as given; NULL: none was */
	const char *directory;       /* NULL: results/<run id> */
};

/*
 * Parses for the verb "run" or "plan", and loads the matrix.  Does not return
 * from a mistake: that is one line on stderr and exit 2.
 */
void run_options_parse(struct run_options *options, const char *verb, int argc, char **argv);
void run_options_fini(struct run_options *options);

/* How many of so many blocks are the shard's. */
uint64_t run_options_blocks(const struct run_options *options);

#endif
