/* SPDX-License-Identifier: MIT */
/* How many of a run's rows are to be trusted less, and why: what a reader of the table has to know first. */
#ifndef STORSYNC_BENCH_RUN_GATE_TALLY_H
#define STORSYNC_BENCH_RUN_GATE_TALLY_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#define GATE_TALLY_CODES 24
#define GATE_TALLY_CODE_BYTES 32

struct gate_tally {
	size_t rows;
	size_t warned;
	size_t codes;
	struct {
		char name[GATE_TALLY_CODE_BYTES];
		size_t rows;
	} code[GATE_TALLY_CODES]; /* in the order in which they appeared */
};

/* Counts one measured invocation by its summary; without a gate it was not measured, and counts for nothing. */
void gate_tally_add(struct gate_tally *tally, const json_t *summary);

/* One line, the most frequent code first; nothing when every row passed. */
void gate_tally_print(const struct gate_tally *tally, FILE *out);

#endif
