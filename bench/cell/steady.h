/* SPDX-License-Identifier: MIT */
/*
 * Warm-up: how long the load runs before the measured window, and whether its throughput was steady then.
 *
 * Throughput is taken in windows, and a straight line is fitted through the
 * last five by least squares.  It is steady when the change over these five
 * that the line says is at most a twentieth of their mean, or when the slope
 * cannot be told from none: |t| below the 5% point of Student's t with 3 degrees
 * of freedom.
 *
 * What this cannot see: an oscillation, which has no slope; a single step, which
 * five windows cannot tell from noise; a trend that is smaller than the noise,
 * or slow against windows of that length; and anything that leaves throughput
 * alone, such as the growing backlog of an overloaded open loop.  It is asked
 * again after every window, so that chance says yes sooner than if asked once.
 */
#ifndef STORSYNC_BENCH_CELL_STEADY_H
#define STORSYNC_BENCH_CELL_STEADY_H

#include <stdint.h>

#define STEADY_WINDOWS 5
/* Of the mean. */
#define STEADY_CHANGE_MAX 0.05
/* Two-sided 5% point of Student's t for STEADY_WINDOWS - 2 degrees of freedom. */
#define STEADY_T_MAX 3.182446
/* In fewer I/Os than these, in all windows, a load that doubles looks like one that does not. */
#define STEADY_IOS_MIN 20
/* In a shorter window it is chance what completes. */
#define STEADY_WINDOW_MIN_NS UINT64_C(100000)

enum steady_verdict {
	STEADY_UNKNOWN, /* fewer windows than it takes, or fewer I/Os in them */
	STEADY_NO,      /* a trend */
	STEADY_YES,
};

/* The last windows' ends, as a ring, with what was completed by then. */
struct steady {
	unsigned windows; /* so far */
	uint64_t stamp[STEADY_WINDOWS + 1];
	uint64_t ios[STEADY_WINDOWS + 1];
};

/* The first window begins; and one ends, the next begins.  Stamps rise; windows need not be equally long. */
void steady_start(struct steady *steady, uint64_t now, uint64_t ios);
void steady_note(struct steady *steady, uint64_t now, uint64_t ios);
enum steady_verdict steady_judge(const struct steady *steady);

/* All in ticks. */
struct warmup_times {
	uint64_t least;
	uint64_t most;       /* not below `least`; equal: a fixed length, known from the start */
	uint64_t lead;       /* from a decision to what it decides, for all to hear of it; no matter to a fixed length */
	uint64_t window_min;
};

struct warmup {
	struct warmup_times times;
	uint64_t start;  /* of the load */
	uint64_t window; /* a fifth of the least warm-up, less the lead; doubled whenever five had too few I/Os */
	uint64_t due;    /* end of the window that is under way; UINT64_MAX: there is none any more */
	uint64_t begin;  /* of the measured window; 0: not decided */
	enum steady_verdict verdict; /* on the last windows before it */
	struct steady steady;
};

/*
 * The load begins; and a window has ended, `due` being past: `ios` is what was
 * completed so far.  Who comes late makes the window longer, and the warm-up if
 * it was to be decided on.
 */
void warmup_start(struct warmup *warmup, const struct warmup_times *times, uint64_t now);
void warmup_note(struct warmup *warmup, uint64_t now, uint64_t ios);

#endif
