/* SPDX-License-Identifier: MIT */
/* The causes of the worst events, counted by cell out of events.csv. */
#ifndef STORSYNC_BENCH_EXPLAIN_CAUSES_H
#define STORSYNC_BENCH_EXPLAIN_CAUSES_H

#include <stddef.h>
#include <stdint.h>

#include "bench/explain/side.h"
#include "bench/run_data/run_data.h"

/* events[cell][EVENT_...][CAUSE_...], one for each cell of the data. */
struct causes {
	uint32_t (*events)[EVENT_COUNT][CAUSE_COUNT];
};

/*
 * Reads the folder's events.csv row by row; only of invocations that are ok.  Without such a file all counts are 0.  A cell
 * that several machines ran has none, as the file does not tell them apart by cell.
 *
 * 0; -EINVAL: not what `storsync run` writes; or another -errno.  `error`, of RUN_DATA_ERROR_BYTES, then has one line.
 */
int causes_read(struct causes *causes, const struct run_data *data, char *error);
void causes_fini(struct causes *causes);

/* What a cause's text is; CAUSE_COUNT for one that is not known. */
enum explain_cause causes_find(const char *text);

#endif
