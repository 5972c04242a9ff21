/* SPDX-License-Identifier: MIT */
/*
 * The text of --faults: a list of faults, separated by commas.
 *
 *   KIND=CHANCE[:TIME]   with that chance at each occasion: a number above 0 and up to 1, or a percentage
 *   KIND=RATE/s[:TIME]   so many times a second, at random
 *   KIND@TIME[:TIME]     once, so long after the first request
 *
 * The last TIME is how long those kinds last that take time.
 */
#ifndef STORSYNC_BENCH_CELL_FAULT_LIST_H
#define STORSYNC_BENCH_CELL_FAULT_LIST_H

#include <stddef.h>

#include "hba_sim/devices/faults.h"

/* Room for any list in its shared form. */
#define FAULT_LIST_BYTES 640

/* 0, or -EINVAL with a line in `error`. */
int fault_list_parse(const char *text, struct fault_plan *plan, char *error, size_t error_bytes);

/* The one form that all lists of that meaning share: in the order of the kinds, the time always told. */
void fault_list_format(const struct fault_plan *plan, char text[FAULT_LIST_BYTES]);

#endif
