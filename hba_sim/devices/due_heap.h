/* SPDX-License-Identifier: MIT */
/* A binary heap of requests by the stamp at which the device will have finished them. */
#ifndef STORSYNC_HBA_SIM_DEVICES_DUE_HEAP_H
#define STORSYNC_HBA_SIM_DEVICES_DUE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct due_entry {
	uint64_t due;
	uint16_t queue;
	uint16_t head; /* descriptor chain */
};

struct due_heap {
	struct due_entry *entry;
	uint32_t count;
	uint32_t capacity;
};

/* 0 or -ENOMEM. */
int due_heap_init(struct due_heap *heap, uint32_t capacity);
void due_heap_fini(struct due_heap *heap);

/* False when it is full. */
static inline bool due_heap_push(struct due_heap *heap, struct due_entry entry)
{
	uint32_t at = heap->count;

	if (heap->count == heap->capacity)
		return false;
	heap->count++;
	while (at > 0) {
		uint32_t parent = (at - 1) / 2;

		if (heap->entry[parent].due <= entry.due)
			break;
		heap->entry[at] = heap->entry[parent];
		at = parent;
	}
	heap->entry[at] = entry;
	return true;
}

/* Stamp of the earliest, UINT64_MAX when there is none. */
static inline uint64_t due_heap_first(const struct due_heap *heap)
{
	return heap->count ? heap->entry[0].due : UINT64_MAX;
}

/* Removes the earliest; the heap is not empty. */
struct due_entry due_heap_pop(struct due_heap *heap);

#endif
