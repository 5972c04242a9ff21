/* SPDX-License-Identifier: MIT */
/*
 * Change points of a series over time, of medians as a rule: where it steps to
 * another level and stays.
 *
 * A segment is cut where the ranks before and after differ most: the largest
 * |U - E(U)| / sd(U) of Mann's and Whitney's U over all cuts that leave
 * segments of the least length. Pettitt takes the largest |U - E(U)| itself,
 * which hardly sees a step near an end, and the newest values are those that
 * are asked about. Its p value is the share of random orders of the
 * segment's values that have a cut at least as good, so that neither the
 * distribution of the values, nor ties, nor the search for the best cut make it
 * too small. (None is drawn for a step so clear that one as good among all of
 * them is known to be less likely than 1 in 10^12.) When p is at most alpha the two parts are looked at in the same
 * way (binary segmentation).
 *
 * A series without any change point gets one with a probability of at most
 * alpha. Each part that a true step leaves is another test at alpha. Values that
 * depend on their neighbours look like steps. A ramp is no step: it is cut into
 * several, and their places mean nothing but that it went on.
 *
 * Sources: A. N. Pettitt, "A non-parametric approach to the change-point
 * problem", Applied Statistics 28 (1979); D. M. Hawkins, Q. Deng, "A
 * nonparametric change-point control chart", J. Quality Technology 42 (2010);
 * L. Yu. Vostrikova, "Detecting 'disorder' in multidimensional random
 * processes", Soviet Math. Dokl. 24 (1981); J. Besag, P. Clifford, "Sequential
 * Monte Carlo p-values", Biometrika 78 (1991); R. J. Serfling, "Probability
 * inequalities for the sum in sampling without replacement", Ann. Statist. 2
 * (1974).
 */
#ifndef STORSYNC_BENCH_STATS_CHANGE_POINTS_H
#define STORSYNC_BENCH_STATS_CHANGE_POINTS_H

#include <stddef.h>

#define CHANGE_POINTS_SERIES_MAX	1000
#define CHANGE_POINTS_LEAST_SEGMENT	3
/* Random orders a segment: the least p value is 1 / (1 + this). */
#define CHANGE_POINTS_ORDERS		9999

struct change_point {
	size_t at;      /* index of the first value of the new level */
	double p_value; /* of the test that found it */
	double shift;   /* Hodges' and Lehmann's, of the segment from here on against the one before, in v's own unit */
};

/*
 * The change points of v[0] to v[count - 1], oldest first, into *points, which
 * the caller frees; NULL and 0 when there is none, as when count is less than
 * 2 * least_segment. For a ratio give logarithms, and take exp(shift). The same
 * series always gives the same result.
 *
 * Returns 0, -EINVAL when count is more than CHANGE_POINTS_SERIES_MAX, a
 * value is not finite, alpha is not between 1 / (1 + CHANGE_POINTS_ORDERS) and
 * 1, or least_segment is 0, or -ENOMEM.
 */
int change_points_find(const double *v, size_t count, double alpha, size_t least_segment, struct change_point **points,
		       size_t *found);

#endif
