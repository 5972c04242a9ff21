/* SPDX-License-Identifier: MIT */
/* The list of gaps; see gap_list.h. */
#include "bench/cell/gap_list.h"

#include <stdlib.h>

#include "hba_sim/machine/machine.h"

static bool add(struct gap_list *list, size_t *capacity, const struct stamp_gap *gap)
{
	if (list->count == *capacity) {
		size_t grown = *capacity ? 2 * *capacity : 64;
		struct stamp_gap *more = realloc((void *)list->gap, grown * sizeof(*more));

		if (!more)
			return false;
		list->gap = more;
		*capacity = grown;
	}
	((struct stamp_gap *)list->gap)[list->count++] = *gap;
	return true;
}

struct taking {
	struct gap_list *list;
	size_t capacity;
};

static bool take(struct taking *taking, unsigned cpu, const struct gap_log *log)
{
	struct gap_list *list = taking->list;
	uint64_t kept_from = 0;
	uint64_t back = 0;
	struct gap gap = { 0 };

	while (gap_log_next(log, 0, &back, &gap)) {
		if (!add(list, &taking->capacity, &(struct stamp_gap){ .cpu = cpu, .begin = gap.begin, .end = gap.end }))
			return false;
	}
	if (log->threshold == 0 || log->threshold == UINT64_MAX)
		list->known_from = UINT64_MAX;
	/* A full ring has lost what was before its oldest, but for the long ones. */
	if (back < GAP_LOG_ENTRIES)
		return true;
	kept_from = gap.end;
	if (kept_from > list->known_from)
		list->known_from = kept_from;
	for (back = 0; gap_log_next_long(log, 0, &back, &gap);) {
		if (gap.end < kept_from &&
		    !add(list, &taking->capacity, &(struct stamp_gap){ .cpu = cpu, .begin = gap.begin, .end = gap.end }))
			return false;
	}
	return true;
}

void gap_list_take(struct gap_list *list, const struct sim_machine *machine)
{
	struct taking taking = { .list = list };

	*list = (struct gap_list){ 0 };
	for (unsigned c = 0; c < machine->cpus; c++) {
		if (!take(&taking, c, &machine->cpu[c].gaps)) {
			gap_list_fini(list);
			*list = GAP_LIST_NONE;
			return;
		}
	}
}

void gap_list_fini(struct gap_list *list)
{
	free((void *)list->gap);
	list->gap = NULL;
	list->count = 0;
}
