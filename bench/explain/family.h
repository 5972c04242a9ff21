/* SPDX-License-Identifier: MIT */
/*
 * What a wait consists of by the algorithm's construction: facts about back ends, not about a run.  Taken from what
 * each one's source says of itself.
 */
#ifndef STORSYNC_BENCH_EXPLAIN_FAMILY_H
#define STORSYNC_BENCH_EXPLAIN_FAMILY_H

#include <stdbool.h>

struct family {
	const char *backends;  /* separated by spaces; "": by `capabilities` */
	unsigned capabilities; /* of which it has all */
	bool decisive;         /* that is what such a wait is; else it is one thing in it */
	unsigned isr_parts;    /* bits of the ISR's parts that `isr` is about */
	const char *isr;       /* NULL: there is nothing to be said */
	const char *call;      /* about sync_wait */
	const char *source;    /* the file that says so */
};

/* NULL for one that is not known. */
const struct family *family_of(const char *backend);

#endif
