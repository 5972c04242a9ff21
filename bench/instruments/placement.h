/* SPDX-License-Identifier: MIT */
/*
 * Which operating-system CPU each simulated CPU is pinned to.
 *
 * Two simulated CPUs on one core, or on one hardware thread, measure the
 * scheduler or the sharing of a pipeline rather than a lock.  So each gets a core
 * of its own, near the others, and asking for more than there are is refused
 * unless the user insists; then it shows in the result.
 *
 * Topology comes from hwloc (https://www.open-mpi.org/projects/hwloc/), whose
 * synthetic topologies let the tests try machines that nobody has at hand.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_PLACEMENT_H
#define STORSYNC_BENCH_INSTRUMENTS_PLACEMENT_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hwloc.h>

#define PLACEMENT_CPU_MAX 256

struct placement_cpu {
	int os_cpu;  /* the kernel's number, as in /proc/stat */
	int core;    /* hwloc's logical number: unique in the machine; a hardware thread without a core is its own */
	int numa;    /* the kernel's node number, -1 when not known */
	int package; /* hwloc's logical number, -1 when not known */
};

struct placement {
	unsigned count;
	struct placement_cpu cpu[PLACEMENT_CPU_MAX]; /* [0, count) */
	unsigned usable_cores; /* cores with at least one allowed hardware thread */
	unsigned usable_pus;   /* allowed hardware threads */
	bool oversubscribed;   /* count > usable_cores */
	const char *policy;    /* static; a CSV value: compact, compact-smt or compact-wrap */
};

/*
 * Loads the topology of this machine, without what the cgroup's cpuset
 * forbids.  Returns 0 or -errno; the caller destroys it.
 */
int placement_load_topology(hwloc_topology_t *topology);

/*
 * The CPUs that the calling thread may run on, in a bitmap that the caller
 * frees.  To be asked before anything is pinned.  Returns 0 or -errno.
 */
int placement_load_affinity(hwloc_topology_t topology, hwloc_bitmap_t *affinity);

/*
 * Chooses `count` CPUs among those that are in `allowed` (NULL: no
 * restriction) and that the topology allows, in hwloc's logical order, which
 * keeps cores of one NUMA node and package together: one hardware thread of
 * every core first; with `oversubscribe` then the second threads, and so on,
 * then the same again from the start.
 *
 * Returns 0; -ERANGE when count exceeds the usable cores and oversubscribe is
 * not given; -EINVAL when count is 0 or above PLACEMENT_CPU_MAX; -ENODEV when
 * nothing is usable.  After an error, `error` holds one line for the user,
 * out->count is 0, and the two usable numbers are valid.
 */
int placement_choose(hwloc_topology_t topology, hwloc_const_cpuset_t allowed, unsigned count, bool oversubscribe,
		     struct placement *out, char *error, size_t error_bytes);

/*
 * The NUMA node of each of the placement's CPUs, numbered from 0 in the order in
 * which they come, into node[0, count); CPUs whose node is not known share one.
 * Returns how many there are.
 */
unsigned placement_nodes(const struct placement *placement, unsigned *node);

/*
 * Pins the calling thread and reads the binding back.  Returns 0; -ENOTSUP
 * when the topology is not this machine's; -EXDEV when the kernel accepted the
 * binding but reports another; or what the kernel answered.
 */
int placement_pin_self(hwloc_topology_t topology, const struct placement_cpu *cpu);

/*
 * Runs body(context, 0) on a new thread pinned to `a` and body(context, 1) on
 * one pinned to `b`, started together, and waits for both.  Neither runs
 * unless both could be pinned.  Returns 0 or -errno.
 */
int placement_run_pair(hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       void (*body)(void *context, unsigned side), void *context);

/*
 * How long two sides exchange at the most, once they have done the least that is
 * of use.  They need a few ms; but where others want the same cores, each may be
 * waiting while the other has lost its turn, for as many time slices as there are rounds.
 */
#define PLACEMENT_EXCHANGE_LIMIT_NS UINT64_C(100000000)

/* A number that the two sides of a pair hand to and fro, on a line of its own. */
struct placement_turn {
	_Alignas(128) _Atomic(uint64_t) value;
	bool yields; /* both sides are on one CPU: waiting must give it away */
};

static inline void placement_turn_give(struct placement_turn *turn, uint64_t value)
{
	/*
	 * ORD placement_turn_give:A release, pairs with placement_turn_await:A:
	 * what was written before giving is seen by whoever was waiting.
	 */
	atomic_store_explicit(&turn->value, value, memory_order_release);
}

/* Without a relax instruction: its length would be part of the latency. */
static inline void placement_turn_await(struct placement_turn *turn, uint64_t value)
{
	/*
	 * ORD placement_turn_await:A acquire, pairs with placement_turn_give:A:
	 * the giver's writes are seen once the value is.
	 */
	while (atomic_load_explicit(&turn->value, memory_order_acquire) != value)
		if (turn->yields)
			sched_yield();
}

/* The cores that one simulated CPU after the other may have on this machine, as placement_choose() counts them; 0 when unknown. */
unsigned placement_usable_cores(void);

#endif
