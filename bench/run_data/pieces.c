/* SPDX-License-Identifier: MIT */
/* Work in pieces; see pieces.h. */
#define _GNU_SOURCE
#include "bench/run_data/pieces.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct pieces {
	size_t count;
	_Atomic size_t next;
	bool (*work)(void *context, size_t worker, size_t piece);
	void *context;
};

struct worker {
	struct pieces *pieces;
	size_t number;
	pthread_t thread;
};

size_t pieces_workers(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return count < 1 ? 1 : count > PIECES_WORKERS_MAX ? PIECES_WORKERS_MAX : (size_t)count;
}

static void *take_pieces(void *argument)
{
	struct worker *worker = argument;
	struct pieces *p = worker->pieces;
	size_t piece;

	/* Relaxed: pieces are told apart by the count alone, and joining the threads orders what they did. */
	while ((piece = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->count) {
		if (!p->work(p->context, worker->number, piece))
			atomic_store_explicit(&p->next, p->count, memory_order_relaxed);
	}
	return NULL;
}

void pieces_run(size_t pieces, size_t workers, bool (*work)(void *context, size_t worker, size_t piece), void *context)
{
	struct pieces p = { .count = pieces, .work = work, .context = context };
	struct worker worker[PIECES_WORKERS_MAX];
	size_t started = 1;

	worker[0] = (struct worker){ .pieces = &p };
	for (; started < workers && started < PIECES_WORKERS_MAX && started < pieces; started++) {
		worker[started] = (struct worker){ .pieces = &p, .number = started };
		if (pthread_create(&worker[started].thread, NULL, take_pieces, &worker[started]))
			break;
	}
	take_pieces(&worker[0]);
	while (started > 1)
		pthread_join(worker[--started].thread, NULL);
}
