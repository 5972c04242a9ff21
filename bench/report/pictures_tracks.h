/* SPDX-License-Identifier: MIT */
/* ISR latencies of the main group's back ends in the order of time: of the parts of the measured window, or of invocations. */
#ifndef STORSYNC_BENCH_REPORT_PICTURES_TRACKS_H
#define STORSYNC_BENCH_REPORT_PICTURES_TRACKS_H

#include "bench/report/pictures_view.h"

/* Median and p99. */
#define TRACK_FIGURES 2

/* A back end's values at one place of the axis. */
struct place {
	size_t n[TRACK_FIGURES], room[TRACK_FIGURES];
	double *value[TRACK_FIGURES];
};

struct track {
	const char *backend;
	uint32_t cell;
	size_t places;
	struct place *place;
};

struct tracks {
	size_t count;
	struct track *track;
	size_t places;    /* of the longest */
	double start, step; /* what the axis says at the first place, and from one to the next */
	const char *axis;
};

/* A track without places for each back end of the main group, which there must be.  0 or -ENOMEM. */
int tracks_init(const struct view *view, struct tracks *tracks);
void tracks_clear(struct tracks *tracks);

/*
 * Reads windows.csv, `together` windows to a place; 0: only how many there are.  *longest is the number of windows of the longest
 * invocation that ended well.  0, or d->error.
 */
int tracks_read_windows(const struct view *view, struct tracks *tracks, size_t together, size_t *longest, struct drawing *d);

/* A place for each block.  0 or -ENOMEM. */
int tracks_take_invocations(const struct view *view, struct tracks *tracks);

/* Median of the values at a place; NaN if there is none. */
double track_median(const struct track *track, size_t at, size_t f);

#endif
