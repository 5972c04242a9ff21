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

void gap_list_take(struct gap_list *list, const struct sim_machine *machine)
{
	size_t capacity = 0;

	*list = (struct gap_list){ 0 };
	for (unsigned c = 0; c < machine->cpus; c++) {
		const struct gap_log *log = &machine->cpu[c].gaps;
		uint64_t back = 0;
		struct gap gap = { 0 };

		while (gap_log_next(log, 0, &back, &gap)) {
			if (!add(list, &capacity, &(struct stamp_gap){ .cpu = c, .begin = gap.begin, .end = gap.end })) {
				gap_list_fini(list);
				*list = GAP_LIST_NONE;
				return;
			}
		}
		/* A full ring has lost what was before its oldest. */
		if (back == GAP_LOG_ENTRIES && gap.end > list->known_from)
			list->known_from = gap.end;
		if (log->threshold == 0 || log->threshold == UINT64_MAX)
			list->known_from = UINT64_MAX;
	}
}

void gap_list_fini(struct gap_list *list)
{
	free((void *)list->gap);
	list->gap = NULL;
	list->count = 0;
}
