/* SPDX-License-Identifier: MIT */
/* The pieces of the window; see windows.h. */
#define _GNU_SOURCE
#include "bench/cell/windows.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define TOUCHED_BYTES ((size_t)1 << 20)
/* Samples that must lie beyond a percentile, as in a histogram. */
#define TAIL_SAMPLES 10u

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t pieces_of(uint64_t duration_ns)
{
	uint64_t pieces = duration_ns / WINDOW_NS + (duration_ns % WINDOW_NS != 0);

	return pieces ? pieces : 1;
}

/* Zeroed, and only what has been touched takes memory, unless the process locks its own. */
static int map(struct windows *windows)
{
	size_t pool_bytes = windows->octaves * sizeof(*windows->pool);
	size_t window_bytes = windows->count * sizeof(*windows->window);
	char *memory;

	windows->bytes = pool_bytes + window_bytes;
	memory = mmap(NULL, windows->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		*windows = (struct windows){ 0 };
		return -ENOMEM;
	}
	windows->pool = (struct window_octave *)memory;
	windows->window = (struct window *)(memory + pool_bytes);
	memset(windows->pool, 0, least(pool_bytes, TOUCHED_BYTES));
	memset(windows->window, 0, window_bytes);
	return 0;
}

int windows_init(struct windows *windows, const struct windows_config *config)
{
	uint64_t pieces = pieces_of(config->duration_ns);
	uint64_t most = least(WINDOWS_MAX, config->bytes / sizeof(*windows->window));

	*windows = (struct windows){ .count = (uint32_t)least(pieces, most ? most : 1), .open_end = pieces > most };
	if (stamp_ratio(stamp_from_ns(&config->scale, WINDOW_NS), 1, &windows->mult, &windows->shift)) {
		*windows = (struct windows){ 0 };
		return -EINVAL;
	}
	if (config->interrupts && most) {
		uint64_t rest = config->bytes - windows->count * sizeof(*windows->window);

		windows->octaves = (uint32_t)least(windows->count * WINDOWS_OCTAVES, rest / sizeof(*windows->pool));
	}
	return map(windows);
}

void windows_fini(struct windows *windows)
{
	if (windows->pool)
		munmap(windows->pool, windows->bytes);
	*windows = (struct windows){ 0 };
}

static const struct windows *set_of(const struct windows *first, size_t stride_bytes, size_t set)
{
	return (const struct windows *)((const char *)first + set * stride_bytes);
}

static uint64_t bucket_middle_ns(uint32_t bucket)
{
	uint32_t octave = bucket >> WINDOWS_SUB_BITS;
	uint32_t shift = octave ? octave - 1 : 0;
	uint64_t lo = (uint64_t)(bucket - (shift << WINDOWS_SUB_BITS)) << shift;

	return lo + ((UINT64_C(1) << shift) - 1) / 2;
}

/* The middle of the bucket in which rank ceil(n p) lies, p = percent / 100; false when too few samples lie beyond. */
static bool percentile(const uint64_t *counts, uint64_t n, unsigned percent, uint64_t max_ns, uint64_t *value_ns)
{
	uint64_t rank = (n * percent + 99) / 100;
	uint64_t seen = 0;

	if (n * (100 - percent) < TAIL_SAMPLES * 100)
		return false;
	for (uint32_t i = 0; i < WINDOWS_BUCKETS; i++) {
		seen += counts[i];
		if (seen >= rank) {
			*value_ns = least(bucket_middle_ns(i), max_ns);
			return true;
		}
	}
	return false;
}

static void add_buckets(const struct windows *windows, const struct window *window, uint64_t *counts)
{
	for (uint32_t o = 0; o < WINDOWS_OCTAVE_COUNT; o++) {
		if (!window->octave[o])
			continue;
		for (uint32_t i = 0; i < WINDOWS_SUB_COUNT; i++)
			counts[o * WINDOWS_SUB_COUNT + i] += windows->pool[window->octave[o] - 1].count[i];
	}
}

void windows_merge(const struct windows *first, size_t stride_bytes, size_t sets, uint32_t at, struct window_row *row)
{
	uint64_t counts[WINDOWS_BUCKETS] = { 0 };
	uint64_t unplaced = 0;

	*row = (struct window_row){ 0 };
	for (size_t set = 0; set < sets; set++) {
		const struct windows *windows = set_of(first, stride_bytes, set);
		const struct window *window = &windows->window[at];

		row->ios += window->ios;
		row->interrupts += window->interrupts;
		row->max_ns = window->max_ns > row->max_ns ? window->max_ns : row->max_ns;
		unplaced += window->unplaced;
		add_buckets(windows, window, counts);
	}
	if (unplaced)
		return;
	row->has_p50 = percentile(counts, row->interrupts, 50, row->max_ns, &row->p50_ns);
	row->has_p99 = percentile(counts, row->interrupts, 99, row->max_ns, &row->p99_ns);
}

/* With an end that was not known before, what happens at that very stamp is in the last piece. */
static uint64_t pieces_in(const struct windows *windows, const struct windows_span *span)
{
	if (!windows->open_end)
		return windows->count;
	return stamp_multiply_shift(span->end - span->begin, windows->mult, windows->shift) + 1;
}

uint32_t windows_count(const struct windows *windows, const struct windows_span *span)
{
	return (uint32_t)least(pieces_in(windows, span), windows->count);
}

double windows_gap_frac(const struct windows_span *span, uint32_t at, uint32_t count, const struct gap_list *gaps)
{
	uint64_t begin = span->begin + stamp_from_ns(&span->scale, at * WINDOW_NS);
	uint64_t end = at + 1 == count ? span->end : span->begin + stamp_from_ns(&span->scale, (at + 1) * WINDOW_NS);
	uint64_t lost = 0;

	if (begin < gaps->known_from || end <= begin)
		return NAN;
	for (unsigned c = 0; c < span->cpus; c++)
		lost += gap_list_lost(gaps, c, begin, end);
	return (double)lost / ((double)(end - begin) * span->cpus);
}

static json_t *integer_if(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

json_t *windows_rows(const struct windows *first, size_t stride_bytes, size_t sets, const struct windows_span *span,
		     const struct gap_list *gaps)
{
	uint32_t count = windows_count(first, span);
	json_t *rows = json_array();

	for (uint32_t i = 0; i < count; i++) {
		double frac = windows_gap_frac(span, i, count, gaps);
		struct window_row row;

		windows_merge(first, stride_bytes, sets, i, &row);
		json_array_append_new(rows, json_pack("[I,I,I,o,o,o,o]", (json_int_t)i, (json_int_t)(i * (WINDOW_NS / 1000000)),
						      (json_int_t)row.ios, integer_if(row.has_p50, row.p50_ns),
						      integer_if(row.has_p99, row.p99_ns), integer_if(row.interrupts, row.max_ns),
						      isnan(frac) ? json_null() : json_real(frac)));
	}
	return rows;
}

bool windows_truncated(const struct windows *first, size_t stride_bytes, size_t sets, const struct windows_span *span, char *text,
		       size_t text_bytes)
{
	uint64_t pieces = pieces_in(first, span);
	uint32_t unplaced = 0;

	if (pieces > first->count) {
		snprintf(text, text_bytes,
			 "windows.csv has the first %" PRIu32 " of %" PRIu64 " pieces of the window: there is room for no more",
			 first->count, pieces);
		return true;
	}
	for (uint32_t i = 0; i < first->count; i++) {
		bool full = false;

		for (size_t set = 0; set < sets; set++)
			full |= set_of(first, stride_bytes, set)->window[i].unplaced > 0;
		unplaced += full;
	}
	if (unplaced)
		snprintf(text, text_bytes,
			 "windows.csv has no percentiles for %" PRIu32 " of %" PRIu32 " pieces: there is room for no more", unplaced,
			 first->count);
	return unplaced > 0;
}
