/* SPDX-License-Identifier: MIT */
/* What is said of the comparisons of one figure: test, estimate, noise floor, Holm, verdict; the rules are in compare.h. */
#ifndef STORSYNC_BENCH_COMPARE_JUDGE_H
#define STORSYNC_BENCH_COMPARE_JUDGE_H

#include "bench/compare/layout.h"

/* Who is compared with whom; the same for every figure. */
struct duel {
	size_t row;
	size_t group; /* rows that differ in nothing but the back end: their noise is taken together */
	size_t base, cand; /* sides; base may be LAYOUT_NO_SIDE */
};

struct judging {
	const struct layout *layout;
	const struct compare_options *options;
	const struct duel *duel; /* by row */
	size_t duels;
	const char *(*key)[RUN_KEY_COUNT]; /* by row */
	size_t figure;           /* of the data */
	struct comparison *comparison; /* of each duel, all zero */
	size_t tests;            /* out: that Holm adjusts over */
};

/* 0 or -ENOMEM. */
int judge_figure(struct judging *judging);

/* As compare.h has it; sets the doubt as well. */
enum compare_verdict judge_verdict(struct comparison *c, double alpha);

/* The least p that the comparison's test can have. */
double judge_least_p(const struct comparison *c);

#endif
