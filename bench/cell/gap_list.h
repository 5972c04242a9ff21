/* SPDX-License-Identifier: MIT */
/*
 * Time that went missing on the simulated CPUs, as what reports it needs it: a
 * plain list, whoever witnessed the gaps.
 */
#ifndef STORSYNC_BENCH_CELL_GAP_LIST_H
#define STORSYNC_BENCH_CELL_GAP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CPU `cpu` did nothing in [begin, end), in ticks.  Those of one CPU do not overlap. */
struct stamp_gap {
	unsigned cpu;
	uint64_t begin;
	uint64_t end;
};

struct gap_list {
	const struct stamp_gap *gap;
	size_t count;
	uint64_t known_from; /* stamp from which on all gaps of all CPUs are listed, before it only long ones;
				UINT64_MAX: nobody witnessed them */
};

#define GAP_LIST_NONE ((struct gap_list){ .known_from = UINT64_MAX })

struct sim_machine;

/* What the CPUs of a machine have logged, when their threads have ended. */
void gap_list_take(struct gap_list *list, const struct sim_machine *machine);
void gap_list_fini(struct gap_list *list);

/* Ticks that [a_begin, a_end) and [b_begin, b_end) have in common. */
static inline uint64_t stamp_overlap(uint64_t a_begin, uint64_t a_end, uint64_t b_begin, uint64_t b_end)
{
	uint64_t begin = a_begin > b_begin ? a_begin : b_begin;
	uint64_t end = a_end < b_end ? a_end : b_end;

	return end > begin ? end - begin : 0;
}

/* Ticks of [begin, end) that CPU `cpu` lost in gaps of the list. */
static inline uint64_t gap_list_lost(const struct gap_list *log, unsigned cpu, uint64_t begin, uint64_t end)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < log->count; i++) {
		if (log->gap[i].cpu == cpu)
			lost += stamp_overlap(log->gap[i].begin, log->gap[i].end, begin, end);
	}
	return lost;
}

#endif
