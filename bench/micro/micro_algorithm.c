/* SPDX-License-Identifier: MIT */
/*
 * Which algorithm a back end is; see micro_algorithm.h.
 *
 * What counts is what an uncontended caller does: a back end that waits in
 * another way, or raises the IRQL in another way, stays in its family.
 */
#include "bench/micro/micro_algorithm.h"

#include <stddef.h>
#include <string.h>

#include "impls/backends.h"

static const struct {
	const char *backend;
	const char *algorithm;
} families[] = {
	{ "spinlock", "test-and-set" },
	{ "ttas-backoff", "test-and-set" },
	{ "irql-eager", "test-and-set" },
	{ "cli", "test-and-set" },
	{ "ticket", "ticket" },
	{ "ticket-backoff", "ticket" },
	{ "twa", "ticket" },
	{ "anderson", "anderson" },
	{ "mcs", "mcs" },
	{ "qspinlock", "mcs" },
	{ "in-stack-queued", "mcs" },
	{ "clh", "clh" },
	{ "mutex-none", "mutex" },
	{ "mutex-inherit", "mutex" },
	{ "mutex-protect", "mutex" },
};

const char *micro_algorithm_of(const char *backend)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (strcmp(families[i].backend, backend) == 0)
			return families[i].algorithm;
	}
	for (size_t i = 0; i < sync_peer_count; i++) {
		if (strcmp(sync_peers[i]->backend.name, backend) == 0)
			return sync_peers[i]->algorithm;
	}
	return NULL;
}
