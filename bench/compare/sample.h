/* SPDX-License-Identifier: MIT */
/* The values of one figure and one side, and the pairs of two sides. */
#ifndef STORSYNC_BENCH_COMPARE_SAMPLE_H
#define STORSYNC_BENCH_COMPARE_SAMPLE_H

#include "bench/compare/layout.h"

struct sample {
	size_t n;          /* with a value, used */
	double *value;     /* as measured */
	double *log;       /* logarithms, if all values are above 0, after sample_take_logs() */
	struct sample_place {
		uint32_t rest; /* what else it differs in from what it is taken together with */
		uint64_t block;
	} *place;          /* ascending */
	size_t gated;      /* of n, with a gate code */
	size_t dropped;    /* with a value, left out for their gate code */
	bool has_ratio;    /* every value is above 0 */
};

/* Room for so many values.  0 or -ENOMEM; sample_fini() in either case. */
int sample_init(struct sample *sample, size_t room);
void sample_fini(struct sample *sample);

/* The room that every side of a layout finds enough. */
size_t sample_room(const struct layout *layout);

void sample_gather(struct sample *sample, const struct layout *layout, const struct layout_side *side, size_t figure,
		   bool drop_gated);

void sample_take_logs(struct sample *sample);

/*
 * Pairs of one block and the same rest, as differences of the logarithms, b - a.  `difference` has room for the smaller of
 * both; NULL: they are only counted.  Returns how many.
 */
size_t sample_pairs(const struct sample *a, const struct sample *b, double *difference);

#endif
