/* SPDX-License-Identifier: MIT */
/*
 * Why a cell is slower, or faster, than another one: by decomposition, not by story.
 *
 * The mean ISR latency is the sum of three means, and a synchronized call's time of three others.  So a difference is dealt
 * out to the parts; those whose own difference is more than chance are named, the others are called not decided.  For a part
 * that is named, a table of rules looks for figures that act on it and differ, too.  Where no rule fires, that is said.
 */
#ifndef STORSYNC_BENCH_EXPLAIN_EXPLAIN_H
#define STORSYNC_BENCH_EXPLAIN_EXPLAIN_H

#include <stddef.h>

#include "bench/compare/compare.h"
#include "bench/explain/side.h"

/* Parts of the ISR's latency, and of a call. */
enum explain_part { PART_MASKED, PART_DELIVERY, PART_ACQUIRE, PART_WAIT, PART_HOLD, PART_RELEASE, PART_COUNT };

#define PART_BIT(part) (1U << (part))

/* Where a sentence stands. */
enum explain_section {
	SECTION_LATENCY, /* what the mean ISR latency's difference is made of */
	SECTION_CALLS,   /* throughput, and what a call's difference is made of */
	SECTION_WHY,     /* figures that act on the parts and differ, too */
	SECTION_OTHERS,  /* bystanders, and the worst that was seen */
	SECTION_TRUST,
	SECTION_NEXT,    /* what would tell more */
	SECTION_COUNT
};

#define EXPLAIN_TEXT_BYTES 640
#define EXPLAIN_NAME_BYTES 96
#define EXPLAIN_FIGURES_MAX 4
#define EXPLAIN_SENTENCES_MAX 64

struct explain_sentence {
	const char *rule;  /* its id, as in docs/explaining.md */
	enum explain_section section;
	unsigned parts;    /* of SECTION_WHY: bits of the parts that it is about */
	char text[EXPLAIN_TEXT_BYTES]; /* without the full stop */
	size_t figures;
	struct explain_difference figure[EXPLAIN_FIGURES_MAX]; /* what it rests on */
};

struct explanation {
	struct explain_side cell;
	struct explain_side base;
	enum run_key column; /* the key in which they differ */
	struct comparison compared; /* compare's, of the two by themselves; not comparable: the test here is all there is */
	struct comparison in_run;   /* likewise, adjusted over `in_run_tests` of the run; 0: not looked at */
	size_t in_run_tests;
	char cell_name[EXPLAIN_NAME_BYTES]; /* in a sentence: the value of that key */
	char base_name[EXPLAIN_NAME_BYTES];
	struct explain_difference latency; /* the mean ISR latency's, by itself */
	struct explain_difference part[PART_COUNT]; /* Holm's adjustment over the three of each kind */
	unsigned longer, shorter; /* bits of the parts that are shown to be so */
	size_t count;
	struct explain_sentence sentence[EXPLAIN_SENTENCES_MAX];
};

/* Fills in all but the sides, `column` and the comparisons, which are given. */
void explain_compose(struct explanation *explanation);

/* Whether the mean ISR latency's difference is shown, and not less than what compare takes for noise. */
bool explain_latency_is_shown(const struct explanation *explanation);

/* The first sentence of SECTION_WHY that is about one of these parts (bits); NULL when there is none. */
const struct explain_sentence *explain_first_reason(const struct explanation *explanation, unsigned parts);

/* "isr_masked", ... */
const char *explain_part_name(enum explain_part part);

/* "latency", "calls", "why", "others", "trust", "next" */
const char *explain_section_name(enum explain_section section);

/* For the rules' files: a new sentence, its text as printf.  NULL when there is no room. */
struct explain_sentence *explain_say(struct explanation *explanation, const char *rule, enum explain_section section,
				     const char *format, ...) __attribute__((format(printf, 4, 5)));
void explain_cite(struct explain_sentence *sentence, const struct explain_difference *figure);

#endif
