/* SPDX-License-Identifier: MIT */
/* One of the worst events as a timeline: a lane for each CPU, the stages, and what others did meanwhile as far as events.csv knows. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_TIMELINE_H
#define STORSYNC_BENCH_REPORT_PICTURES_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/pictures_drawing.h"

#define TIMELINE_STAMPS 4
/* An empty field. */
#define TIMELINE_NONE UINT64_MAX

/* What an event is called, by its metric. */
struct timeline_kind {
	const char *metric, *name;
	const char *stamp[TIMELINE_STAMPS];
	const char *stage[TIMELINE_STAMPS - 1];
	const char *span; /* what the title gives the length of */
	size_t until;     /* the stamp at which that ends */
};

/* Of other things than stages, as in events.csv. */
enum timeline_time {
	TIME_GAP_START, TIME_GAP_END,
	TIME_HELD_SINCE, TIME_HELD_ENTER, TIME_HELD_LEAVE,
	TIME_DPC_START, TIME_DPC_END,
	TIMELINE_TIMES
};

struct timeline_event {
	bool found;
	uint32_t cell;
	uint64_t invocation, stamp_ns[TIMELINE_STAMPS];
	uint64_t time_ns[TIMELINE_TIMES];
	char cpu[24], holder[24], waiters[24], away[24];
	char cause[128];
};

/* From its first stamp to the one that its rank goes by. */
uint64_t timeline_span(const struct timeline_event *event, const struct timeline_kind *kind);

/* Draws it for a cell of so many CPUs. */
void timeline_draw(struct drawing *d, const struct timeline_event *event, const struct timeline_kind *kind, unsigned long cpus);

#endif
