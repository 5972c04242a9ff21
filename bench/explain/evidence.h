/* SPDX-License-Identifier: MIT */
/*
 * Figures that act on the parts of a wait: a table of conditions over numbers, each with its sentence.  A rule fires when
 * a part that it is about differs, its own figure does, too, in the direction that lengthens or shortens that part,
 * and by as much as its thresholds say.  docs/explaining.md has the table in words.
 */
#ifndef STORSYNC_BENCH_EXPLAIN_EVIDENCE_H
#define STORSYNC_BENCH_EXPLAIN_EVIDENCE_H

#include <stdbool.h>

#include "bench/explain/explain.h"

struct evidence_rule {
	const char *id;
	enum explain_measure measure;
	double least_difference; /* in the measure's unit */
	double least_ratio;      /* of the larger to the smaller */
	unsigned parts;          /* bits: what it acts on; more of it makes them longer */
	bool explains;           /* false: it says more of the part, and not why */
	bool of_the_machine;     /* nothing that a back end does, unless it sleeps or somebody asked for it */
	const char *more;        /* of a cell that has more of it; the sentence */
	const char *less;
};

extern const struct evidence_rule evidence_rules[];
extern const size_t evidence_rule_count;

/* Beside the table: the delay that was injected, the section's length, and what the algorithm's family says. */
void evidence_explain(struct explanation *explanation);

#endif
