/* SPDX-License-Identifier: MIT */
/* The heap of requests by due time: it gives back what was put in, earliest first, whatever the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hba_sim/devices/due_heap.h"
#include "hba_sim/devices/service_time.h"

#define CAPACITY 257
#define ROUNDS 400

/* Reference: a list that is searched for its earliest. */
struct list {
	struct due_entry entry[CAPACITY];
	uint32_t count;
};

static uint32_t earliest(const struct list *list)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < list->count; i++)
		best = list->entry[i].due < list->entry[best].due ? i : best;
	return best;
}

static void check_pop(struct due_heap *heap, struct list *list)
{
	uint64_t due = list->entry[earliest(list)].due;
	struct due_entry entry;

	assert_true(due_heap_first(heap) == due);
	entry = due_heap_pop(heap);
	assert_true(entry.due == due);
	/* Among equals any may come; it must be one of those that are in. */
	for (uint32_t i = 0; i < list->count; i++) {
		const struct due_entry *have = &list->entry[i];

		if (have->due == entry.due && have->queue == entry.queue && have->head == entry.head) {
			list->entry[i] = list->entry[--list->count];
			assert_int_equal(heap->count, list->count);
			return;
		}
	}
	fail_msg("the heap gave out what it did not have");
}

static void check_traffic(uint64_t seed, uint64_t spread, unsigned pushes_of_4)
{
	struct due_heap heap;
	struct list list = { .count = 0 };
	uint64_t random = seed;

	assert_int_equal(due_heap_init(&heap, CAPACITY), 0);
	for (unsigned round = 0; round < ROUNDS * 4; round++) {
		uint64_t draw = splitmix64(&random);
		struct due_entry entry = { .due = splitmix64(&random) % spread, .queue = (uint16_t)(draw >> 16),
					   .head = (uint16_t)(draw >> 32) };

		if (draw % 4 < pushes_of_4) {
			bool fits = list.count < CAPACITY;

			assert_int_equal(due_heap_push(&heap, entry), fits);
			if (fits)
				list.entry[list.count++] = entry;
		} else if (list.count) {
			check_pop(&heap, &list);
		}
		assert_int_equal(heap.count, list.count);
	}
	while (list.count)
		check_pop(&heap, &list);
	assert_true(due_heap_first(&heap) == UINT64_MAX);
	due_heap_fini(&heap);
}

static void test_the_earliest_comes_first(void **state)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		check_traffic(seed, UINT64_MAX, 2);
		check_traffic(seed, 10, 2);
		check_traffic(seed, UINT64_MAX, 3);
		check_traffic(seed, 3, 3);
	}
}

static void test_sorted_input_in_either_direction(void **state)
{
	for (int down = 0; down < 2; down++) {
		struct due_heap heap;

		assert_int_equal(due_heap_init(&heap, CAPACITY), 0);
		for (uint32_t i = 0; i < CAPACITY; i++)
			assert_true(due_heap_push(&heap, (struct due_entry){ .due = down ? CAPACITY - i : i }));
		assert_false(due_heap_push(&heap, (struct due_entry){ .due = 0 }));
		for (uint32_t i = 0; i < CAPACITY; i++)
			assert_int_equal(due_heap_pop(&heap).due, down ? i + 1 : i);
		assert_true(due_heap_first(&heap) == UINT64_MAX);
		due_heap_fini(&heap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_earliest_comes_first),
		cmocka_unit_test(test_sorted_input_in_either_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
