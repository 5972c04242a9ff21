/* SPDX-License-Identifier: MIT */
/*
 * Texts of keys as ranks, in the order of run_key_compare(), and what follows from the measuring made comparable: a cell of which
 * nothing was measured has no placement and no window.
 */
#ifndef STORSYNC_BENCH_COMPARE_RANKS_H
#define STORSYNC_BENCH_COMPARE_RANKS_H

#include "bench/compare/layout.h"

/* Fills text, texts and rank of a layout whose data, column and first_row are set.  0 or -ENOMEM. */
int ranks_make(struct layout *layout);

#endif
