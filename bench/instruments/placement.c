/* SPDX-License-Identifier: MIT */
/*
 * Choosing CPUs and pinning to them: why and by which rules is in the header.
 *
 * hwloc numbers hardware threads logically so that those of one core, one node
 * and one package follow each other, whatever order the firmware gave
 * them.  "Compact" is therefore a walk in logical order, once for every rank
 * that a hardware thread can have within its core.
 */
#define _GNU_SOURCE /* sched_getcpu */
#include "bench/instruments/placement.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* The C library keeps the stacks of threads that have ended, and a process that locks its memory, all of them. */
#define PAIR_STACK_BYTES ((size_t)1 << 18)

/* A walk over the usable hardware threads in logical order. */
struct pu_walk {
	hwloc_topology_t topology;
	hwloc_const_cpuset_t usable;
	hwloc_obj_t pu;
	hwloc_obj_t core;
	unsigned rank; /* of pu among the usable ones of its core */
};

struct pair {
	hwloc_topology_t topology;
	const struct placement_cpu *cpu[2];
	void (*body)(void *context, unsigned side);
	void *context;
	int pin_error[2];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned arrived;
	bool cancelled; /* the other thread could not be created */
};

struct pair_side {
	struct pair *pair;
	unsigned side;
};

int placement_load_topology(hwloc_topology_t *topology)
{
	int error;

	if (hwloc_topology_init(topology))
		return errno ? -errno : -ENOMEM;
	if (hwloc_topology_load(*topology)) {
		error = errno ? -errno : -EIO;
		hwloc_topology_destroy(*topology);
		return error;
	}
	return 0;
}

int placement_load_affinity(hwloc_topology_t topology, hwloc_bitmap_t *affinity)
{
	int error;

	*affinity = hwloc_bitmap_alloc();
	if (!*affinity)
		return -ENOMEM;
	if (hwloc_get_cpubind(topology, *affinity, HWLOC_CPUBIND_THREAD)) {
		error = errno ? -errno : -EIO;
		hwloc_bitmap_free(*affinity);
		*affinity = NULL;
		return error;
	}
	return 0;
}

/* What a hardware thread shares its pipeline in: itself where hwloc knows no cores. */
static hwloc_obj_t core_of(hwloc_topology_t topology, hwloc_obj_t pu)
{
	hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);

	return core ? core : pu;
}

static bool pu_walk_next(struct pu_walk *walk)
{
	hwloc_obj_t core;

	do {
		walk->pu = hwloc_get_next_obj_by_type(walk->topology, HWLOC_OBJ_PU, walk->pu);
		if (!walk->pu)
			return false;
	} while (!hwloc_bitmap_isset(walk->usable, walk->pu->os_index));

	core = core_of(walk->topology, walk->pu);
	walk->rank = core == walk->core ? walk->rank + 1 : 0;
	walk->core = core;
	return true;
}

static void describe(const struct pu_walk *walk, struct placement_cpu *cpu)
{
	hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(walk->topology, HWLOC_OBJ_PACKAGE, walk->pu);

	cpu->os_cpu = (int)walk->pu->os_index;
	cpu->core = (int)walk->core->logical_index;
	cpu->numa = walk->pu->nodeset ? hwloc_bitmap_first(walk->pu->nodeset) : -1;
	cpu->package = package ? (int)package->logical_index : -1;
}

static void count_usable(hwloc_topology_t topology, hwloc_const_cpuset_t usable, struct placement *out)
{
	struct pu_walk walk = { .topology = topology, .usable = usable };

	while (pu_walk_next(&walk)) {
		out->usable_pus++;
		if (walk.rank == 0)
			out->usable_cores++;
	}
}

/* Appends the usable hardware threads of one rank, as far as they are needed. */
static void append_rank(hwloc_topology_t topology, hwloc_const_cpuset_t usable, unsigned rank, unsigned count,
			struct placement *out)
{
	struct pu_walk walk = { .topology = topology, .usable = usable };

	while (out->count < count && pu_walk_next(&walk))
		if (walk.rank == rank)
			describe(&walk, &out->cpu[out->count++]);
}

static void fill(hwloc_topology_t topology, hwloc_const_cpuset_t usable, unsigned count, struct placement *out)
{
	unsigned distinct = count < out->usable_pus ? count : out->usable_pus;

	for (unsigned rank = 0; out->count < distinct; rank++)
		append_rank(topology, usable, rank, distinct, out);
	for (; out->count < count; out->count++)
		out->cpu[out->count] = out->cpu[out->count - distinct];

	out->oversubscribed = count > out->usable_cores;
	out->policy = count > out->usable_pus ? "compact-wrap" : out->oversubscribed ? "compact-smt" : "compact";
}

/* Whether the request can be met; says in `error` why not. */
static int check_request(const struct placement *out, unsigned count, bool oversubscribe, char *error,
			 size_t error_bytes)
{
	if (count == 0 || count > PLACEMENT_CPU_MAX) {
		snprintf(error, error_bytes, "%u simulated CPUs asked for: ask for 1 to %u", count,
			 (unsigned)PLACEMENT_CPU_MAX);
		return -EINVAL;
	}
	if (out->usable_cores == 0) {
		snprintf(error, error_bytes,
			 "no usable core: CPU affinity and cpuset have no CPU of this machine in common");
		return -ENODEV;
	}
	if (count > out->usable_cores && !oversubscribe) {
		snprintf(error, error_bytes,
			 "%u simulated CPUs asked for, %u usable core%s: ask for %u at most, or give --oversubscribe",
			 count, out->usable_cores, out->usable_cores == 1 ? "" : "s", out->usable_cores);
		return -ERANGE;
	}
	return 0;
}

int placement_choose(hwloc_topology_t topology, hwloc_const_cpuset_t allowed, unsigned count, bool oversubscribe,
		     struct placement *out, char *error, size_t error_bytes)
{
	hwloc_bitmap_t usable = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(topology));
	int result;

	memset(out, 0, sizeof(*out));
	if (!usable || (allowed && hwloc_bitmap_and(usable, usable, allowed))) {
		snprintf(error, error_bytes, "no memory for a CPU set");
		hwloc_bitmap_free(usable);
		return -ENOMEM;
	}
	count_usable(topology, usable, out);
	result = check_request(out, count, oversubscribe, error, error_bytes);
	if (!result)
		fill(topology, usable, count, out);
	hwloc_bitmap_free(usable);
	return result;
}

/* hwloc reports success for bindings that it only pretends to do, so the kernel is asked. */
static int verify_binding(hwloc_topology_t topology, hwloc_const_cpuset_t wanted, int os_cpu)
{
	hwloc_bitmap_t seen = hwloc_bitmap_alloc();
	int result = 0;

	if (!seen)
		return -ENOMEM;
	if (hwloc_get_cpubind(topology, seen, HWLOC_CPUBIND_THREAD))
		result = errno ? -errno : -EIO;
	else if (!hwloc_bitmap_isequal(seen, wanted) || sched_getcpu() != os_cpu)
		result = -EXDEV;
	hwloc_bitmap_free(seen);
	return result;
}

unsigned placement_nodes(const struct placement *placement, unsigned *node)
{
	unsigned nodes = 0;

	for (unsigned c = 0; c < placement->count; c++) {
		unsigned same = 0;

		while (same < c && placement->cpu[same].numa != placement->cpu[c].numa)
			same++;
		node[c] = same < c ? node[same] : nodes++;
	}
	return nodes;
}

int placement_pin_self(hwloc_topology_t topology, const struct placement_cpu *cpu)
{
	hwloc_bitmap_t wanted;
	int result;

	if (!hwloc_topology_is_thissystem(topology))
		return -ENOTSUP;
	if (cpu->os_cpu < 0)
		return -EINVAL;
	wanted = hwloc_bitmap_alloc();
	if (!wanted)
		return -ENOMEM;
	if (hwloc_bitmap_only(wanted, (unsigned)cpu->os_cpu))
		result = -ENOMEM;
	else if (hwloc_set_cpubind(topology, wanted, HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT))
		result = errno ? -errno : -EIO;
	else
		result = verify_binding(topology, wanted, cpu->os_cpu);
	hwloc_bitmap_free(wanted);
	return result;
}

/* Waits until both sides have tried to pin themselves; true when both may run. */
static bool pair_gate(struct pair *pair)
{
	bool go;

	pthread_mutex_lock(&pair->lock);
	pair->arrived++;
	pthread_cond_broadcast(&pair->changed);
	while (pair->arrived < 2 && !pair->cancelled)
		pthread_cond_wait(&pair->changed, &pair->lock);
	go = !pair->cancelled && !pair->pin_error[0] && !pair->pin_error[1];
	pthread_mutex_unlock(&pair->lock);
	return go;
}

static void *pair_thread(void *argument)
{
	struct pair_side *self = argument;
	struct pair *pair = self->pair;

	/* Each side writes its own slot; the gate's mutex publishes it. */
	pair->pin_error[self->side] = placement_pin_self(pair->topology, pair->cpu[self->side]);
	if (pair_gate(pair))
		pair->body(pair->context, self->side);
	return NULL;
}

static void pair_cancel(struct pair *pair)
{
	pthread_mutex_lock(&pair->lock);
	pair->cancelled = true;
	pthread_cond_broadcast(&pair->changed);
	pthread_mutex_unlock(&pair->lock);
}

int placement_run_pair(hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       void (*body)(void *context, unsigned side), void *context)
{
	struct pair pair = { .topology = topology, .cpu = { a, b }, .body = body, .context = context,
			     .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct pair_side side[2] = { { &pair, 0 }, { &pair, 1 } };
	pthread_attr_t attributes;
	pthread_t thread[2];
	int error = pthread_attr_init(&attributes);

	if (error)
		return -error;
	pthread_attr_setstacksize(&attributes, PAIR_STACK_BYTES);
	error = pthread_create(&thread[0], &attributes, pair_thread, &side[0]);
	if (error) {
		pthread_attr_destroy(&attributes);
		return -error;
	}
	error = pthread_create(&thread[1], &attributes, pair_thread, &side[1]);
	pthread_attr_destroy(&attributes);
	if (error)
		pair_cancel(&pair);
	else
		pthread_join(thread[1], NULL);
	pthread_join(thread[0], NULL);
	if (error)
		return -error;
	return pair.pin_error[0] ? pair.pin_error[0] : pair.pin_error[1];
}

unsigned placement_usable_cores(void)
{
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	struct placement placement = { 0 };
	char error[256];

	if (placement_load_topology(&topology))
		return 0;
	if (placement_load_affinity(topology, &affinity) == 0) {
		placement_choose(topology, affinity, 1, false, &placement, error, sizeof(error));
		hwloc_bitmap_free(affinity);
	}
	hwloc_topology_destroy(topology);
	return placement.usable_cores;
}
