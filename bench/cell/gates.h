/* SPDX-License-Identifier: MIT */
/*
 * In which respects a row is to be trusted less: the gates that a measured
 * invocation passes or not, as a pure function of what was measured.
 *
 * What is unknown passes: a missing counter is told by its empty column.
 */
#ifndef STORSYNC_BENCH_CELL_GATES_H
#define STORSYNC_BENCH_CELL_GATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The limits; docs/measuring.md names them. */
#define GATE_CORE_TO_CORE_RATIO 1.5
#define GATE_GAPS_FRAC 0.05
#define GATE_CPU_LOST_FRAC 0.02
#define GATE_CONCURRENCY 0.95

/* Holds every code there is, and then some that later checks append. */
#define GATE_CODES_BYTES 256

struct gates_input {
	bool section_off;       /* the added work was not as long as asked */
	bool clock_doubtful;
	bool oversubscribed;
	bool verified;          /* the verifier was on */
	bool bystander_missed;
	double core_to_core_before_ns; /* NAN where not known, here and below */
	double core_to_core_after_ns;
	double witness_gap_frac;
	double probe_gap_frac;
	double cpu_lost_frac;
	double full_concurrency;
	int64_t migrations;     /* below 0: not known */
};

/* The codes of the gates that were not passed, separated by spaces; "" when all were. */
void gates_judge(const struct gates_input *input, char codes[GATE_CODES_BYTES]);

/* Whether two core-to-core latencies, in ns, are too far apart to be of one placement; NAN or 0: not known, so not. */
bool gates_core_to_core_differs(double a_ns, double b_ns);

/* Adds a code, unless it is there already.  0, or -ENOSPC and nothing added. */
int gates_append(char *codes, size_t bytes, const char *code);

#endif
