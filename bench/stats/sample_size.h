/* SPDX-License-Identifier: MIT */
/*
 * How many more invocations a side would decide a comparison, if all goes on
 * as it is: the estimate stays where it is, and the ends of its interval come
 * closer to it with the square root of the number of values, each on its own
 * side. A forecast, and as uncertain as the estimate.
 *
 * With e the estimate and f the floor, both as logarithms, it is decided
 *
 *	|e| > f	when the end of the interval that is nearer to 0 is beyond
 *		the floor, and p k <= alpha: the test of so many values can
 *		attain that at all, and e is as many standard errors away from
 *		0 as that takes. The standard error is read off the interval as if
 *		the estimate were normal; k is the worst that Holm can ask for.
 *	|e| < f	when both ends are within the floor: equivalent
 *
 * Source: G. E. Noether, "Sample size determination for some common
 * nonparametric tests", J. Amer. Statist. Assoc. 82 (1987), for the normal
 * approximation and the square root.
 */
#ifndef STORSYNC_BENCH_STATS_SAMPLE_SIZE_H
#define STORSYNC_BENCH_STATS_SAMPLE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nobody runs more than so many a side for one answer. */
#define SAMPLE_SIZE_MAX	1000

struct sample_size_question {
	bool paired;
	size_t n;          /* values of the baseline now; paired: pairs */
	size_t m;          /* of the candidate; paired: not looked at */
	double estimate;   /* log ratio */
	double lo, hi;     /* its interval, logarithms; infinite: so few values say nothing yet */
	double confidence; /* that the interval attains */
	double floor;      /* logarithm of 1 + the noise floor, at least 0 */
	double alpha;      /* family-wise */
	size_t tests;      /* that Holm adjusts over, at least 1 */
};

struct sample_size_answer {
	/*
	 * More values a side, at least 1; 0: cannot be told (no value on a side,
	 * or a NaN), or more than SAMPLE_SIZE_MAX a side in all, as when the estimate is on the floor.
	 */
	uint64_t more;
	/* Only that the test can attain alpha: the interval is infinite, so that nothing is known of its width. */
	bool only_attainable;
};

struct sample_size_answer sample_size_more(const struct sample_size_question *question);

#endif
