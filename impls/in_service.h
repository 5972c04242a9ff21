/* SPDX-License-Identifier: MIT */
/*
 * Which CPUs are serving the interrupt: one flag a CPU, each on lines of its own.
 *
 * Half of the handshake of the masking back ends.  The ISR's CPU publishes its
 * flag and then reads the mask; a caller writes the mask and then reads the
 * flags.  All four are sequentially consistent, so that one of them sees the
 * other (Dekker's argument; E. W. Dijkstra, "Cooperating Sequential
 * Processes", 1965).
 */
#ifndef STORSYNC_IMPLS_IN_SERVICE_H
#define STORSYNC_IMPLS_IN_SERVICE_H

#include <errno.h>
#include <stdlib.h>

#include "impls/contract.h"

struct in_service_flag {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) serving;
};

struct in_service {
	struct in_service_flag *flag;
	unsigned cpus;
};

static inline int in_service_init(struct in_service *in_service, unsigned cpus)
{
	in_service->flag = aligned_alloc(SYNC_LINE_BYTES, cpus * sizeof(*in_service->flag));
	if (!in_service->flag)
		return -ENOMEM;
	in_service->cpus = cpus;
	for (unsigned i = 0; i < cpus; i++)
		atomic_init(&in_service->flag[i].serving, 0);
	return 0;
}

static inline void in_service_fini(struct in_service *in_service)
{
	free(in_service->flag);
}

static inline void in_service_publish(struct in_service *in_service, struct sim_cpu *cpu)
{
	/* ORD in_service:A seq_cst, pairs with in_service:B: a caller that misses this flag has its mask seen by this CPU. */
	atomic_exchange_explicit(&in_service->flag[sync_cpu_index(cpu)].serving, 1, memory_order_seq_cst);
}

static inline void in_service_retract(struct in_service *in_service, struct sim_cpu *cpu)
{
	/* ORD in_service:C release, pairs with in_service:B: the caller that sees it cleared sees all that the ISR did. */
	atomic_store_explicit(&in_service->flag[sync_cpu_index(cpu)].serving, 0, memory_order_release);
}

/* Wait until no CPU is in service; the caller has masked the interrupt, so none enters anew. */
static inline void in_service_wait_until_clear(struct in_service *in_service, struct sim_cpu *cpu)
{
	for (unsigned i = 0; i < in_service->cpus; i++) {
		/* ORD in_service:B seq_cst, pairs with in_service:A and in_service:C: see there. */
		while (atomic_load_explicit(&in_service->flag[i].serving, memory_order_seq_cst))
			sync_relax(cpu);
	}
}

#endif
