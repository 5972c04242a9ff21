/* SPDX-License-Identifier: MIT */
/* Threads; see crew.h. */
#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT */
#include "bench/compare/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

struct crew {
	atomic_size_t next;
	size_t slices;
	void (*work)(void *worker, size_t slice);
};

struct member {
	struct crew *crew;
	void *worker;
	pthread_t thread;
	bool is_running;
};

size_t crew_size(size_t slices)
{
	cpu_set_t cpus;
	size_t most = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (size_t)CPU_COUNT(&cpus) : 1;

	most = most < CREW_MAX ? most : CREW_MAX;
	most = most < slices ? most : slices;
	return most ? most : 1;
}

static void *take_slices(void *context)
{
	struct member *member = context;
	struct crew *crew = member->crew;

	for (;;) {
		/* Relaxed: a number is all that is taken; results are seen by whoever joins the thread. */
		size_t slice = atomic_fetch_add_explicit(&crew->next, 1, memory_order_relaxed);

		if (slice >= crew->slices)
			return NULL;
		crew->work(member->worker, slice);
	}
}

void crew_run(size_t slices, void **worker, size_t workers, void (*work)(void *worker, size_t slice))
{
	struct crew crew = { .slices = slices, .work = work };
	struct member member[CREW_MAX];

	for (size_t i = 0; i < workers; i++)
		member[i] = (struct member){ .crew = &crew, .worker = worker[i] };
	for (size_t i = 1; i < workers; i++)
		member[i].is_running = pthread_create(&member[i].thread, NULL, take_slices, &member[i]) == 0;
	take_slices(&member[0]);
	for (size_t i = 1; i < workers; i++) {
		if (member[i].is_running)
			pthread_join(member[i].thread, NULL);
	}
}
