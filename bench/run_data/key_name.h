/* SPDX-License-Identifier: MIT */
/* Keys of a run as users name them. */
#ifndef STORSYNC_BENCH_RUN_DATA_KEY_NAME_H
#define STORSYNC_BENCH_RUN_DATA_KEY_NAME_H

#include <stddef.h>

#include "bench/run_data/run_key.h"

/*
 * A key by its name, by that of a matrix's dimension that sets it alone ("backends", "section"), or by "host" or "build"; a dash
 * will do for an underscore.  RUN_KEY_COUNT: none, and `error` has a line that names the nearest.
 */
enum run_key key_name_find(const char *name, char *error, size_t error_bytes);

#endif
