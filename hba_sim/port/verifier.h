/* SPDX-License-Identifier: MIT */
/*
 * The verifier: holds a miniport to the rules of the StorPort interface while it runs.
 *
 * It puts itself between port driver and miniport: the callbacks that a
 * miniport registers are replaced by ones that look before and after, and the
 * routines that it calls ask the verifier first where there is one.  What breaks a
 * rule is written down, once for each rule and place, and where going on would
 * hang or crash the simulator, what the miniport asked for is not done.
 *
 * Not for measured runs: it takes time everywhere.
 */
#ifndef STORSYNC_HBA_SIM_PORT_VERIFIER_H
#define STORSYNC_HBA_SIM_PORT_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hba_sim/port/verifier_rules.h"

struct verifier;

enum verifier_rule {
#define X(id, name, sentence, right, source) VERIFIER_##id,
	VERIFIER_RULES(X)
#undef X
	VERIFIER_RULE_COUNT
};

struct verifier_rule_text {
	const char *name;     /* stable */
	const char *sentence; /* what is wrong */
	const char *right;    /* what would be right */
	const char *source;   /* the page of Microsoft's DDI reference, or "policy" */
};

extern const struct verifier_rule_text verifier_rules[VERIFIER_RULE_COUNT];

/* A rule that was broken at a place: the first time in full, then counted. */
struct verifier_finding {
	enum verifier_rule rule;
	const void *pc;       /* in the miniport; where a call returns to, or a function's entry */
	bool is_return;
	const char *callback; /* in which callback, "" in none */
	const char *call;     /* the routine of the port's that was called, "" when none was */
	unsigned cpu;
	uint8_t irql;
	uint64_t count;       /* times that it was broken */
	uint64_t undecided;   /* of a limit in time: exceeded, and the CPU may have been taken away meanwhile */
	uint64_t first_ns;    /* since the verifier was created */
};

/* NULL when memory is short.  One adapter's; it outlives it.  One at a time in a process. */
struct verifier *verifier_create(void);
void verifier_destroy(struct verifier *verifier);

/* Nothing should be in flight any more: what is was never completed.  No CPU runs. */
void verifier_settle(struct verifier *verifier);

/* How many were written down, those that are undecided alone included; and each, in the order in which they came. */
size_t verifier_count(const struct verifier *verifier);
const struct verifier_finding *verifier_get(const struct verifier *verifier, size_t i);

/* Findings that are decided: 0, and the miniport has kept the rules as far as anybody saw. */
size_t verifier_broken(const struct verifier *verifier);

/* "file.c:12 (Function)", with no debug information "Function+0x1f", or the module's. */
void verifier_place(const struct verifier_finding *finding, char *text, size_t bytes);

/* A table of the findings, and of what would be right; nothing when there are none. */
void verifier_print(const struct verifier *verifier, FILE *out);

#endif
