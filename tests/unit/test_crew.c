/* SPDX-License-Identifier: MIT */
/* Threads that share slices of work. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/compare/crew.h"

#define SLICES 1000

static atomic_uint done[SLICES + 1];

struct hand {
	size_t taken;
};

static void take(void *worker, size_t slice)
{
	struct hand *hand = worker;

	hand->taken++;
	atomic_fetch_add(&done[slice], 1);
}

static void each_slice_is_done_once(void **state)
{
	for (size_t workers = 1; workers <= CREW_MAX; workers++) {
		struct hand hand[CREW_MAX] = { { 0 } };
		void *worker[CREW_MAX];
		size_t taken = 0;

		for (size_t i = 0; i < SLICES; i++)
			atomic_store(&done[i], 0);
		for (size_t i = 0; i < workers; i++)
			worker[i] = &hand[i];
		crew_run(SLICES, worker, workers, take);
		for (size_t i = 0; i < SLICES; i++)
			assert_int_equal(atomic_load(&done[i]), 1);
		for (size_t i = 0; i < workers; i++)
			taken += hand[i].taken;
		assert_int_equal(taken, SLICES);
	}
	assert_int_equal(atomic_load(&done[SLICES]), 0);
}

static void a_crew_is_no_larger_than_it_may_be(void **state)
{
	cpu_set_t cpus, one;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(crew_size(0), 1);
	assert_int_equal(crew_size(1), 1);
	assert_int_equal(crew_size(SLICES), CPU_COUNT(&cpus) < CREW_MAX ? CPU_COUNT(&cpus) : CREW_MAX);
	CPU_ZERO(&one);
	for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++) {
		if (CPU_ISSET(cpu, &cpus))
			CPU_SET(cpu, &one);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(crew_size(SLICES), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slice_is_done_once),
		cmocka_unit_test(a_crew_is_no_larger_than_it_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
