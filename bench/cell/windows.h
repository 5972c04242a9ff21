/* SPDX-License-Identifier: MIT */
/*
 * The measured window cut into pieces of 100 ms: how a run went, not only how it was on the whole.
 *
 * For each CPU and piece: I/Os completed in it, and a coarse histogram of the
 * latency of interrupts asserted in it, with 32 buckets an octave in
 * HdrHistogram's layout.  Only octaves that have samples take memory, 128 bytes
 * each out of a CPU's own pool, so that a piece takes 1 to 2 KiB; a pool has
 * room for WINDOWS_OCTAVES octaves a piece, from 100 ns to 100 ms, and all pools
 * together stay below WINDOWS_BYTES_MAX.  What then finds no room leaves its piece without
 * percentiles, and what comes after WINDOWS_MAX pieces in none: both are counted.
 */
#ifndef STORSYNC_BENCH_CELL_WINDOWS_H
#define STORSYNC_BENCH_CELL_WINDOWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cell/gap_list.h"
#include "bench/instruments/histogram.h"
#include "hba_sim/machine/stamp.h"

#define WINDOW_NS UINT64_C(100000000)
/* 10 minutes. */
#define WINDOWS_MAX 6000u
#define WINDOWS_OCTAVES 20u
#define WINDOWS_BYTES_MAX (UINT64_C(48) << 20)
/* Where the process locks its memory, so that it takes all of it. */
#define WINDOWS_BYTES_MAX_LOCKED (UINT64_C(20) << 20)

#define WINDOWS_SUB_BITS 5
#define WINDOWS_SUB_COUNT (1u << WINDOWS_SUB_BITS)
/* Buckets up to HISTOGRAM_HIGHEST_NS, and octaves of them; the first two octaves have a bucket a nanosecond. */
#define WINDOWS_OCTAVE_COUNT 32u
#define WINDOWS_BUCKETS (WINDOWS_OCTAVE_COUNT * WINDOWS_SUB_COUNT)

/* One piece on one CPU. */
struct window {
	uint64_t max_ns;
	uint32_t interrupts;
	uint32_t ios;
	uint32_t unplaced; /* interrupts for which the pool had no room */
	uint32_t octave[WINDOWS_OCTAVE_COUNT]; /* 1 + index in the pool, 0: no sample */
};

/* Samples of an octave: one pair of cache lines. */
struct window_octave {
	_Alignas(128) uint32_t count[WINDOWS_SUB_COUNT];
};

/*
 * One CPU's pieces.  Written like a histogram: by one thread at a time, interrupts
 * at the level of their line, I/Os at IRQL_DISPATCH, which touch different fields.
 * All zero, it records nothing.
 */
struct windows {
	uint64_t mult;  /* ticks to pieces, as in struct stamp_scale */
	unsigned shift;
	uint32_t count; /* pieces */
	bool open_end;  /* the window may be longer than they are */
	uint32_t octaves;
	uint32_t octaves_used;
	struct window *window;
	struct window_octave *pool;
	uint64_t beyond; /* interrupts after the last piece */
	size_t bytes;    /* of both, which are one mapping that begins with the pool */
};

struct windows_config {
	struct stamp_scale scale;
	uint64_t duration_ns; /* of the whole; UINT64_MAX: not known */
	uint64_t bytes;       /* that these may take at most */
	bool interrupts;      /* whether it is to record these too */
};

/*
 * Room for the pieces.  Of the pool, as much as half a minute takes is touched, so
 * that recording takes no page fault until then.  0, -EINVAL for a scale in which a
 * piece is no tick, or -ENOMEM.
 */
int windows_init(struct windows *windows, const struct windows_config *config);
void windows_fini(struct windows *windows);

static inline uint32_t windows_octave_of(uint64_t ns)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(ns | (2 * WINDOWS_SUB_COUNT - 1));
	unsigned shift = top - WINDOWS_SUB_BITS;

	/* Below 64 ns the shift is 0 and there are two octaves, as each value has a bucket. */
	return shift + (uint32_t)(ns >> shift >> WINDOWS_SUB_BITS);
}

static inline uint32_t windows_bucket_of(uint64_t ns)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(ns | (2 * WINDOWS_SUB_COUNT - 1));
	unsigned shift = top - WINDOWS_SUB_BITS;

	return (uint32_t)(ns >> shift) & (WINDOWS_SUB_COUNT - 1);
}

/* The piece that lies `ticks` after the begin; NULL when there is none.  What is left of the window is the last one's. */
static inline struct window *windows_at(const struct windows *windows, uint64_t ticks)
{
	uint64_t at = stamp_multiply_shift(ticks, windows->mult, windows->shift);

	if (__builtin_expect(at >= windows->count, 0)) {
		if (windows->open_end || !windows->count)
			return NULL;
		at = windows->count - 1;
	}
	return &windows->window[at];
}

/* The first sample of an octave. */
static __attribute__((cold, noinline, unused)) bool windows_place(struct windows *windows, struct window *window, uint32_t octave)
{
	if (windows->octaves_used == windows->octaves) {
		window->unplaced++;
		return false;
	}
	window->octave[octave] = ++windows->octaves_used;
	return true;
}

/* An interrupt asserted so many ticks after the begin; what is out of a histogram's range is counted there. */
static inline void windows_interrupt(struct windows *windows, uint64_t ticks, uint64_t latency_ns)
{
	struct window *window = windows_at(windows, ticks);
	uint32_t octave;

	if (__builtin_expect(!window || latency_ns > HISTOGRAM_HIGHEST_NS, 0)) {
		windows->beyond += !window;
		return;
	}
	window->interrupts++;
	window->max_ns = latency_ns > window->max_ns ? latency_ns : window->max_ns;
	octave = windows_octave_of(latency_ns);
	if (__builtin_expect(!window->octave[octave], 0) && !windows_place(windows, window, octave))
		return;
	windows->pool[window->octave[octave] - 1].count[windows_bucket_of(latency_ns)]++;
}

/* An I/O completed so many ticks after the begin. */
static inline void windows_io(struct windows *windows, uint64_t ticks)
{
	struct window *window = windows_at(windows, ticks);

	if (__builtin_expect(window != NULL, 1))
		window->ios++;
}

/* One piece over all CPUs. */
struct window_row {
	uint64_t ios;
	uint64_t interrupts;
	bool has_p50; /* 20 interrupts or more, and room for all of them */
	bool has_p99; /* 1000 or more, likewise */
	uint64_t p50_ns; /* the middle of its bucket: within 1.6 percent */
	uint64_t p99_ns;
	uint64_t max_ns; /* exact; 0 when there was no interrupt */
};

/* Piece `at` of `sets` CPUs; `stride_bytes` lie between one struct windows and the next. */
void windows_merge(const struct windows *first, size_t stride_bytes, size_t sets, uint32_t at, struct window_row *row);

/* Where the rows come from, in ticks. */
struct windows_span {
	uint64_t begin;
	uint64_t end;
	unsigned cpus;
	struct stamp_scale scale;
};

/* Pieces that the window has: at least 1, and at most those that were recorded. */
uint32_t windows_count(const struct windows *windows, const struct windows_span *span);

/*
 * Share of the CPUs' time in piece `at` lost in gaps, 0 to 1, the last piece
 * ending with the window; NAN where not all of them are known.
 */
double windows_gap_frac(const struct windows_span *span, uint32_t at, uint32_t count, const struct gap_list *gaps);

/* The rows of windows.csv behind their key; null is an empty field. */
json_t *windows_rows(const struct windows *first, size_t stride_bytes, size_t sets, const struct windows_span *span,
		     const struct gap_list *gaps);

/* What is missing in the rows, as a line; false when nothing is. */
bool windows_truncated(const struct windows *first, size_t stride_bytes, size_t sets, const struct windows_span *span, char *text,
		       size_t text_bytes);

#endif
