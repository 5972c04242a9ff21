/* SPDX-License-Identifier: MIT */
/* The pictures, each in a file of its own: it puts script, table, title and note into the drawing, or a note on what is missing. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_LIST_H
#define STORSYNC_BENCH_REPORT_PICTURES_LIST_H

#include "bench/report/pictures_view.h"

/* X(function, id).  In the order in which they are shown. */
#define PICTURES(X) \
	X(picture_latency_by_percentile, "latency-by-percentile") \
	X(picture_throughput_by_cpus, "throughput-by-cpus") \
	X(picture_latency_by_cpus, "latency-by-cpus") \
	X(picture_ratios, "ratios") \
	X(picture_stages, "stages") \
	X(picture_latency_over_time, "latency-over-time") \
	X(picture_bystanders, "bystanders") \
	X(picture_fairness, "fairness") \
	X(picture_offered_load, "offered-load") \
	X(picture_worst_interrupt, "worst-interrupt") \
	X(picture_worst_call, "worst-call")

#define PICTURE_DECLARED(function, id) void function(const struct view *view, struct drawing *d);
PICTURES(PICTURE_DECLARED)
#undef PICTURE_DECLARED

#endif
