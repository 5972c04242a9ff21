/* SPDX-License-Identifier: MIT */
/* Logging gaps and looking them up; see gap_witness.h. */
#include "hba_sim/machine/gap_witness.h"

#include "hba_sim/machine/machine.h"

static uint64_t load(const _Atomic(uint64_t) *word)
{
	/* relaxed: the CPU's own, or ordered by gap_publish */
	return atomic_load_explicit(word, memory_order_relaxed);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Ticks that the gap and [begin, end) have in common. */
static uint64_t common(const struct gap *gap, uint64_t begin, uint64_t end)
{
	uint64_t from = later(gap->begin, begin);
	uint64_t to = earlier(gap->end, end);

	return to > from ? to - from : 0;
}

void gap_log_init(struct gap_log *log, struct gap_witness *witness, uint64_t threshold)
{
	log->witness = witness;
	log->threshold = threshold ? threshold : UINT64_MAX;
	log->window_begin = UINT64_MAX;
	log->window_end = UINT64_MAX;
	atomic_init(&log->last_seen, GAP_NO_STAMP);
	atomic_init(&log->slow_from, GAP_NO_STAMP);
}

static void account(struct gap_log *log, const struct gap *gap)
{
	uint64_t ticks = common(gap, log->window_begin, log->window_end);

	if (!ticks)
		return;
	/* relaxed, both: counters.  Added to in one go, as an interrupt may do the same. */
	atomic_fetch_add_explicit(&log->count, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&log->ticks, ticks, memory_order_relaxed);
}

static void publish(struct gap_witness *witness, uint64_t end)
{
	uint64_t latest = load(&witness->latest_end);

	/* ORD gap_publish:A release, pairs with gap_publish:B: the log has the gap for whoever sees its end. */
	while (latest < end && !atomic_compare_exchange_weak_explicit(&witness->latest_end, &latest, end, memory_order_release,
								      memory_order_relaxed))
		;
}

/* An interrupt may do the same at any point of this: it has an entry of its own. */
static void put(struct gap_entry *ring, unsigned entries, _Atomic(uint64_t) *noted, const struct gap *gap)
{
	/* relaxed, all: published later; a reader that comes across an entry half-way finds it being written */
	struct gap_entry *entry = &ring[atomic_fetch_add_explicit(noted, 1, memory_order_relaxed) % entries];

	atomic_store_explicit(&entry->end, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->begin, gap->begin, memory_order_relaxed);
	atomic_store_explicit(&entry->end, gap->end, memory_order_relaxed);
}

static void note(struct gap_log *log, const struct gap *gap)
{
	put(log->entry, GAP_LOG_ENTRIES, &log->noted, gap);
	if ((gap->end - gap->begin) / GAP_LONG_THRESHOLDS >= log->threshold)
		put(log->long_entry, GAP_LOG_LONG_ENTRIES, &log->noted_long, gap);
	/* relaxed: the CPU's own */
	atomic_store_explicit(&log->noted_end, later(load(&log->noted_end), gap->end), memory_order_relaxed);
	account(log, gap);
	publish(log->witness, gap->end);
}

/*
 * Out of line, as it is rare.  `now` has been put in the place of `last` by
 * then.  Between the two, or between the reading of the clock and both, an
 * interrupt may have come and stamped later than `now`: that stamp counts, or,
 * where it has been lost, what it left in `resumed` and `noted_end`.
 */
void gap_log_look(struct gap_log *log, uint64_t last, uint64_t now)
{
	struct gap gap = { .end = now };
	uint64_t threshold = log->threshold;

	/* relaxed, all here: the CPU's own */
	if (!log->threshold || last == GAP_NO_STAMP || atomic_load_explicit(&log->quiet, memory_order_relaxed))
		return;
	if (last > now) {
		atomic_store_explicit(&log->last_seen, last, memory_order_relaxed);
		return;
	}
	if (last == load(&log->slow_from) || atomic_load_explicit(&log->slow, memory_order_relaxed))
		threshold = later(threshold, log->witness->slow_ticks);
	gap.begin = later(last, later(load(&log->resumed), load(&log->noted_end)));
	if (gap.begin < now && now - gap.begin > threshold)
		note(log, &gap);
}

/* Gaps of one CPU follow each other: before the first that ended earlier there is none that ended later. */
static bool next(const struct gap_entry *ring, unsigned entries, uint64_t noted, uint64_t since, uint64_t *back, struct gap *gap)
{
	const struct gap_entry *entry;

	do {
		if (*back >= earlier(noted, entries))
			return false;
		entry = &ring[(noted - 1 - (*back)++) % entries];
		gap->begin = load(&entry->begin);
		gap->end = load(&entry->end);
	} while (!gap->end);
	return gap->end > since;
}

bool gap_log_next(const struct gap_log *log, uint64_t since, uint64_t *back, struct gap *gap)
{
	return next(log->entry, GAP_LOG_ENTRIES, load(&log->noted), since, back, gap);
}

bool gap_log_next_long(const struct gap_log *log, uint64_t since, uint64_t *back, struct gap *gap)
{
	return next(log->long_entry, GAP_LOG_LONG_ENTRIES, load(&log->noted_long), since, back, gap);
}

uint64_t gap_log_ticks(const struct gap_log *log, uint64_t begin, uint64_t end)
{
	uint64_t ticks = 0;
	uint64_t back = 0;
	struct gap gap;

	while (gap_log_next(log, begin, &back, &gap))
		ticks += common(&gap, begin, end);
	return ticks;
}

void gap_log_open(struct gap_log *log, uint64_t begin, uint64_t end)
{
	uint64_t back = 0;
	struct gap gap;

	log->window_end = end;
	/* An interrupt between the two must not find a window without an end. */
	atomic_signal_fence(memory_order_seq_cst);
	log->window_begin = begin;
	while (gap_log_next(log, begin, &back, &gap))
		account(log, &gap);
}

void gap_log_clip(struct gap_log *log, uint64_t end)
{
	uint64_t count = 0;
	uint64_t ticks = 0;
	uint64_t back = 0;
	struct gap gap;

	while (gap_log_next(log, end, &back, &gap)) {
		ticks += common(&gap, later(log->window_begin, end), log->window_end);
		count += gap.begin >= end && common(&gap, log->window_begin, log->window_end);
	}
	log->window_end = earlier(log->window_end, end);
	/* relaxed, both: the CPU has stopped */
	atomic_fetch_sub_explicit(&log->count, count, memory_order_relaxed);
	atomic_fetch_sub_explicit(&log->ticks, ticks, memory_order_relaxed);
}

static bool hit_by(const struct gap_log *log, bool own, uint64_t begin, uint64_t end, uint64_t skew)
{
	uint64_t back = 0;
	struct gap gap;

	while (gap_log_next(log, begin, &back, &gap)) {
		if (gap.begin < end && (own || gap.end <= end + skew))
			return true;
	}
	return false;
}

bool gap_witness_hit(const struct sim_machine *machine, unsigned cpu, uint64_t begin, uint64_t end)
{
	for (unsigned c = 0; begin < end && c < machine->cpus; c++) {
		if (hit_by(&machine->cpu[c].gaps, c == cpu, begin, end, machine->gap_witness.skew_ticks))
			return true;
	}
	return false;
}
