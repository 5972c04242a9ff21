/* SPDX-License-Identifier: MIT */
/* Requests by due time; see due_heap.h. */
#include "hba_sim/devices/due_heap.h"

#include <errno.h>
#include <stdlib.h>

int due_heap_init(struct due_heap *heap, uint32_t capacity)
{
	*heap = (struct due_heap){ .capacity = capacity };
	heap->entry = calloc(capacity, sizeof(*heap->entry));
	return heap->entry ? 0 : -ENOMEM;
}

void due_heap_fini(struct due_heap *heap)
{
	free(heap->entry);
	heap->entry = NULL;
}

struct due_entry due_heap_pop(struct due_heap *heap)
{
	struct due_entry first = heap->entry[0];
	struct due_entry last = heap->entry[--heap->count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && heap->entry[child + 1].due < heap->entry[child].due)
			child++;
		if (heap->entry[child].due >= last.due)
			break;
		heap->entry[at] = heap->entry[child];
		at = child;
	}
	heap->entry[at] = last;
	return first;
}
