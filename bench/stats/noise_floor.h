/* SPDX-License-Identifier: MIT */
/*
 * The noise floor: how far apart a thing and itself come out in the very data
 * at hand. A difference below it is not worth a name, however sure it is.
 *
 * A side is the n values of one cell and one back end, one an invocation, as
 * logarithms. It is split in two halves of floor(n / 2), in every way or in
 * so many random ones, and the halves' medians are compared: that is an A/A
 * comparison, only of fewer values than the real one has. So each difference
 * is divided by what halving costs,
 *
 *	unpaired	sd(median of n/2) / sd(median of n)
 *	paired		the same times sqrt(2)
 *
 * where unpaired is for a comparison of n against n, and paired is for the n
 * differences of two sides by block (whatever shift they share cancels
 * between the halves; the median of n of them is compared with nothing, so
 * that the halves' difference is too large by sqrt(2) once more). For large n
 * that is sqrt(2), and 2. For halves of two or three it is not, and for an odd
 * n neither, so the sd are those for normal values; values with longer tails
 * get a floor that is too large, Laplace's by a quarter for n = 5 and a tenth
 * from 10 on. The floor is the 95th percentile of the absolute values of all
 * sides of a group, each split as good as any other.
 *
 * Of one side of six that is little more than a guess: pool many sides.
 *
 * Sources: split-half comparison, W. Brown, "Some experimental results in the
 * correlation of mental abilities", Brit. J. Psychol. 3 (1910); the sd of
 * medians of small samples, J. L. Hodges, E. L. Lehmann, "On medians and
 * quasi medians", J. Amer. Statist. Assoc. 62 (1967).
 */
#ifndef STORSYNC_BENCH_STATS_NOISE_FLOOR_H
#define STORSYNC_BENCH_STATS_NOISE_FLOOR_H

#include <stddef.h>

/* A side of fewer values does not count. */
#define NOISE_FLOOR_LEAST	4
#define NOISE_FLOOR_SPLITS	200

enum noise_floor_values {
	NOISE_FLOOR_UNPAIRED, /* logarithms of one side's figures */
	NOISE_FLOOR_PAIRED,   /* differences of two sides' logarithms by block */
};

struct noise_floor {
	size_t splits;      /* of a side at most; beyond, random ones */
	size_t sides;       /* that count */
	double *difference; /* absolute and scaled, of all sides */
	size_t count;
	size_t room;
};

/* No side yet; `splits` as NOISE_FLOOR_SPLITS, at least 1. Cannot fail. */
void noise_floor_init(struct noise_floor *floor, size_t splits);
void noise_floor_fini(struct noise_floor *floor);

/*
 * Takes one more side, in any order; v is left as it is. The random splits are
 * seeded by the side's own values, so neither the order of the sides nor
 * that of the values matters, and the same data give the same floor.
 * Returns 0 (for a side that is too small, too), -EINVAL for a value that is
 * not finite, or -ENOMEM.
 */
int noise_floor_add(struct noise_floor *floor, const double *v, size_t n, enum noise_floor_values values);

/* The floor as a share: 0.02 is a ratio of 1.02 or 1 / 1.02. NaN when no side counts. */
double noise_floor_share(struct noise_floor *floor);

#endif
