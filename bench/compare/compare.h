/* SPDX-License-Identifier: MIT */
/*
 * Comparing cells that differ in one key, the back end as a rule: which is better, by how much, and whether that is real.
 *
 * The unit is the invocation.  Every comparison is of one figure between a baseline and a candidate that agree in all other
 * keys.  What is said of one rests on four things: a rank test (Wilcoxon's signed ranks by block, or Mann and Whitney's; exact
 * up to RANK_SAMPLES_MAX values a side), adjusted by Holm over all comparisons of that figure; the Hodges-Lehmann ratio with the
 * interval that belongs to the test; and the noise floor, which is how far apart a cell and itself come out in this very data.
 */
#ifndef STORSYNC_BENCH_COMPARE_COMPARE_H
#define STORSYNC_BENCH_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run_data/run_data.h"

enum compare_verdict {
	COMPARE_BETTER,         /* shown, and by more than the noise floor */
	COMPARE_WORSE,
	COMPARE_EQUIVALENT,     /* the interval lies within the margin */
	COMPARE_UNDECIDED,      /* none of these; `more` says what would decide */
	COMPARE_DIFFERENT,      /* as better or worse, of a figure that has no direction */
	COMPARE_NOT_COMPARABLE, /* a side has no value; `why` says so */
};

/* Why a comparison is undecided, where it is not that the interval is too wide. */
enum compare_doubt {
	COMPARE_DOUBT_NOISE,        /* that */
	COMPARE_DOUBT_WIDE_FLOOR,   /* the interval lies within the floor, which is wider than the margin */
	COMPARE_DOUBT_WITHIN_FLOOR, /* it is shown that there is a difference, but the ratio lies within the floor */
	COMPARE_DOUBT_MACHINE,      /* the machine differed between the sides, whatever else holds */
};

/* What was witnessed of the machine, by side: machine_state.h has the rules. */
struct machine_difference {
	const char *witness;   /* "core-to-core"; NULL: it did not differ, or nothing tells */
	const char *unit;      /* of all below but p */
	double base_lo, base_median, base_hi;
	double cand_lo, cand_median, cand_hi;
	double p;
	bool same_way;         /* counts for figures alone that became worse where it did, or better */
	bool overall;          /* not shown by this cell, but by all: the figures are of cells' medians */
};

enum compare_test { COMPARE_TEST_AUTO, COMPARE_TEST_PAIRED, COMPARE_TEST_UNPAIRED };

struct compare_options {
	enum run_key column;           /* the key that is compared: RUN_KEY_BACKEND, or RUN_KEY_RUN of two runs */
	const char *baseline;          /* its value; NULL: spinlock where there is one, else the first */
	enum compare_test test;
	double alpha;                  /* family-wise: 0.05 */
	double floor;                  /* the least floor, as a share: 0.01 is 1%; 0: as measured */
	double equivalent_within;      /* the widest margin, as a share; 0: nothing but a ratio of 1 is equivalent */
	bool ignored[RUN_KEY_COUNT];   /* cells that differ in it are taken together */
	bool in_row[RUN_KEY_COUNT];    /* keys that tell comparisons apart; none set: all that are of cells, not compared, not ignored */
	bool ignore_machine;           /* judge where the machine differed, too */
	bool drop_gated;               /* rows with a gate code are left out, not used */
	const char *const *candidate;  /* values to be compared; none: all but the baseline */
	size_t candidates;
};

struct comparison {
	const struct figure *figure;
	const char *const *key;        /* RUN_KEY_COUNT of both, shared by a row; NULL where it is compared, ignored, or pooled */
	const char *baseline;
	const char *candidate;
	size_t n_base, n_cand;         /* invocations with a value */
	size_t not_ok_base, not_ok_cand; /* that did not end well */
	size_t gated;                  /* of both sides' that are used, those with a gate code */
	double base_median, cand_median;
	double ratio;                  /* candidate to baseline; NaN if not available, and so below */
	double ci_lo, ci_hi;           /* may be 0 and infinite: so few values say nothing */
	double confidence;             /* that the interval attains; 0.95 was asked for */
	double p_value, p_adj;
	double noise_floor;            /* as a share: 0.02 is a ratio of 1.02 or 1/1.02 */
	double margin;                 /* likewise: the floor, and at most what was asked for; what is equivalent lies within it */
	enum compare_test test;        /* that was used */
	enum compare_verdict verdict;
	enum compare_doubt doubt;      /* undecided: why */
	uint64_t more;                 /* undecided: so many more invocations a side would decide it if all goes on; 0: cannot be told */
	const char *why;               /* not comparable: why; else NULL */
	size_t pairs;                  /* of one block that both sides have */
	size_t alone_base, alone_cand; /* with a value, but without a partner: the paired test leaves them out */
	size_t dropped;                /* of both sides', for their gate code */
	const char *test_why;          /* why that test */
	struct machine_difference machine;
	bool machine_witnessed;        /* of both sides something tells how the machine was */
	bool floor_measured;           /* else the noise floor is what was asked for at least */
	bool is_asymptotic;            /* p and the interval are of the normal approximation: a side has more than RANK_SAMPLES_MAX */
};

struct comparisons {
	size_t count;
	struct comparison *comparison; /* by figure, then rows, then candidate, in the order of the data */
	const char *(*key)[RUN_KEY_COUNT]; /* by row, of all comparisons */
	size_t tests;                  /* that Holm adjusted over, for each figure at most */
	char warning[4][256];          /* "": none */
	size_t refused;                /* cells that their back end refuses: no problem of the data */
	char refused_names[256];       /* of those, the values that are compared */
};

/*
 * The rules, for one figure and one comparison; docs/comparing.md gives the reasons.
 *
 * Rows:  status "ok" and a value are used; "skipped" is a refusal, all others are counted as not ok.  A side with fewer than two
 *        values, or with one that is not above 0 and so has no ratio, is not comparable.  Keys that follow from the measuring
 *        are made comparable: duration_s is as run_data.h has it; where a cell has no key because
 *        nothing of it was measured, it counts as the others'.
 * Test:  AUTO takes Wilcoxon's of pairs of one block (and of one host, build and run, and alike in all keys in which cells of a
 *        side differ) when their number is such that Holm could leave alpha of the least p there is; else Mann and Whitney's.
 *        It asks which invocations have a value, and never what the values are.  Runs that are compared have no pairs.
 * Verdict, the first that holds:
 *        not comparable  as above, or the test has no answer
 *        equivalent      the interval lies within [1/(1 + margin), 1 + margin]: the noise floor, but no wider than what was asked
 *                        for, since on a machine of much noise a thing and its half would be equivalent else
 *        better, worse   p_adj <= alpha and the ratio lies outside of the same of noise_floor ("different" of a figure without
 *                        direction)
 *        undecided       all else; `doubt` says which
 *        And undecided, whatever comes of these, where the machine differed between the sides (machine_state.h).
 * The interval's confidence is 1 - alpha, of each comparison by itself: Holm adjusts the p values, not the intervals.
 *
 * All figures that the data has, but those that are never tested.  Texts of the comparisons are those of `data`.
 * 0, -ENODATA (nothing to be compared; `error` says why), -EINVAL (no such baseline or candidate, or several hosts that are
 * neither told apart nor ignored; likewise), or -ENOMEM.
 */
int compare_cells(struct comparisons *all, const struct run_data *data, const struct compare_options *options, char *error,
		  size_t error_bytes);
void comparisons_fini(struct comparisons *all);

/* By back end, at 5%, with a floor of at least 1% and a margin of at most 10%; all else zero. */
void compare_options_init(struct compare_options *options);

/* "better", "worse", "equivalent", "undecided", "different", "not comparable" */
const char *compare_verdict_name(enum compare_verdict verdict);

/* "exact" or "asymptotic" */
const char *compare_p_method(const struct comparison *c);

/* "the noise floor of 39.7% is wider than 10%": why it is not comparable or undecided; "" where that goes without saying. */
void compare_why(const struct comparison *c, char *text, size_t bytes);

/* "core-to-core 50 ns (35..62) against 132 ns (52..235)", the candidate's first; "" where the machine did not differ. */
#define COMPARE_MACHINE_BYTES 200
void compare_machine_text(const struct machine_difference *difference, char *text, size_t bytes);

/* "core-to-core 50 ns against 132", of one that differs. */
void compare_machine_medians(const struct machine_difference *difference, char *text, size_t bytes);

/* So many more would decide it as a run does not have: RANK_SAMPLES_MAX a side, and this has no more than these yet. */
bool compare_is_out_of_reach(const struct comparison *c);

#endif
